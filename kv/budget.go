package kv

import "fmt"

// Budget counts what a transaction writes, for those who implement Txn.
type Budget struct {
	// Writes is the number of calls of Put and Delete, and Bytes what they
	// count: see MaxTxnBytes.
	Writes, Bytes int
}

// Spend counts one write. It returns ErrInvalidKey or ErrTxnTooLarge, with the
// numbers, for a write that must not be done.
func (b *Budget) Spend(key, value []byte) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	n := len(key) + len(value) + WriteOverhead
	if b.Writes+1 > MaxTxnWrites || b.Bytes+n > MaxTxnBytes {
		return fmt.Errorf("%w: write %d makes %d bytes, and a transaction holds %d writes and %d bytes: split it up",
			ErrTxnTooLarge, b.Writes+1, b.Bytes+n, MaxTxnWrites, MaxTxnBytes)
	}
	b.Writes++
	b.Bytes += n
	return nil
}

// CheckKey returns ErrInvalidKey for a key that no store takes.
func CheckKey(key []byte) error {
	switch {
	case len(key) == 0:
		return fmt.Errorf("%w: it is empty", ErrInvalidKey)
	case len(key) > MaxKeyBytes:
		return fmt.Errorf("%w: it has %d bytes, and may have %d", ErrInvalidKey, len(key), MaxKeyBytes)
	}
	return nil
}
