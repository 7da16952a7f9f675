package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"accord/kv"
)

// maxPart bounds a value, so that several fit into a transaction.
const maxPart = kv.MaxTxnBytes / 4

// errParts says that a row is not whole.
var errParts = errors.New("a part of it is missing")

// parts splits the value of a row, which may have any length: a resource that
// is placed in ten thousand accounts has as many ids. The first part, under the
// row's key, begins with the number of those that follow it, each under the key,
// a zero byte and two bytes that count from zero. Keys of rows have no zero byte
// behind their generation, so nothing sorts between the parts of a row.
func parts(value []byte) (first []byte, more [][]byte, err error) {
	cut := min(len(value), maxPart)
	for rest := value[cut:]; len(rest) > 0; {
		n := min(len(rest), maxPart)
		more = append(more, rest[:n])
		rest = rest[n:]
	}
	if len(more) > 1<<16 {
		return nil, nil, fmt.Errorf("%d bytes are too long for a row", len(value))
	}
	first = binary.AppendUvarint(make([]byte, 0, cut+3), uint64(len(more)))
	return append(first, value[:cut]...), more, nil
}

func partKey(key []byte, i int) []byte {
	return binary.BigEndian.AppendUint16(append(bytes.Clone(key), 0), uint16(i))
}

// following reads how many parts follow the first one of a row.
func following(first []byte) (more int, value []byte, err error) {
	n, size := binary.Uvarint(first)
	if size <= 0 || n > 1<<16 {
		return 0, nil, errParts
	}
	return int(n), first[size:], nil
}

// getRow reads a row, or says kv.ErrNotFound.
func getRow(t kv.Reader, key []byte) ([]byte, error) {
	first, err := t.Get(key)
	if err != nil {
		return nil, err
	}
	more, value, err := following(first)
	if err != nil || more == 0 {
		return value, err
	}
	value = bytes.Clone(value)
	for i := range more {
		part, err := t.Get(partKey(key, i))
		if errors.Is(err, kv.ErrNotFound) {
			return nil, errParts
		}
		if err != nil {
			return nil, err
		}
		value = append(value, part...)
	}
	return value, nil
}

// rowsIn yields the rows in a span of keys, each without its first skip bytes. A
// damaged row comes as its key and an error; where reading fails, the last pair
// has no key.
func rowsIn(t kv.Reader, span kv.Span, skip int) iter.Seq2[kv.Entry, error] {
	return func(yield func(kv.Entry, error) bool) {
		var row kv.Entry
		next, want := 0, 0 // parts of row, which is yielded when it has all
		for e, err := range t.Range(span) {
			if err != nil {
				yield(kv.Entry{}, err)
				return
			}
			key, part, isPart := bytes.Cut(e.Key[skip:], []byte{0})
			if isPart && bytes.Equal(key, row.Key) {
				// A part that is not the next one belongs to a row that was
				// longer once, or its row turns out not to be whole.
				if next < want && bytes.Equal(part, binary.BigEndian.AppendUint16(nil, uint16(next))) {
					row.Value = append(row.Value, e.Value...)
					if next++; next == want && !yield(row, nil) {
						return
					}
				}
				continue
			}
			if next < want && !yield(kv.Entry{Key: row.Key}, errParts) {
				return
			}
			var value []byte
			if isPart {
				next, want, err = 0, 0, errParts
			} else {
				next = 0
				want, value, err = following(e.Value)
			}
			row = kv.Entry{Key: key, Value: value}
			switch {
			case err != nil:
				if !yield(kv.Entry{Key: key}, err) {
					return
				}
			case want > 0:
				row.Value = bytes.Clone(value)
			case !yield(row, nil):
				return
			}
		}
		if next < want {
			yield(kv.Entry{Key: row.Key}, errParts)
		}
	}
}

// putRow sets a row, or deletes it where value is nil.
func putRow(t kv.Txn, key, value []byte) error {
	old, err := t.Get(key)
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		return err
	}
	had := 0
	if err == nil {
		had, _, err = following(old)
	}
	// Most rows have one part, which saves the search for others.
	if had > 0 || value == nil || errors.Is(err, errParts) {
		for k, err := range t.Keys(kv.Prefix(append(bytes.Clone(key), 0))) {
			if err == nil {
				err = t.Delete(k)
			}
			if err != nil {
				return err
			}
		}
	}
	if value == nil {
		return t.Delete(key)
	}
	return newRow(t.Put, key, value)
}

// newRow writes a row that is not there yet.
func newRow(put func(key, value []byte) error, key, value []byte) error {
	first, more, err := parts(value)
	if err != nil {
		return err
	}
	if err := put(key, first); err != nil {
		return err
	}
	for i, part := range more {
		if err := put(partKey(key, i), part); err != nil {
			return err
		}
	}
	return nil
}
