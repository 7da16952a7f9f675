// Package kv is the store under everything that accord keeps by itself: ordered
// byte keys with byte values, read in snapshots and written in transactions
// that are all or nothing and durable once acknowledged.
//
// Package kv knows nothing of what the bytes mean, and nothing of files: NewMem
// keeps everything in memory, accord/kv/badgerkv keeps it in a folder. Package
// kvtest holds what every implementation must do.
package kv

import (
	"bytes"
	"context"
	"errors"
	"iter"
)

// The bounds of keys and transactions, the same in every implementation. Every
// Put and every Delete counts, also one of a key that the transaction has
// written before.
const (
	// MaxKeyBytes is the length of the longest key.
	MaxKeyBytes = 32 << 10
	// MaxTxnBytes bounds what one transaction writes: its keys and values, and
	// WriteOverhead for each write. A single value must fit, too.
	MaxTxnBytes = 1 << 20
	// MaxTxnWrites is how many times one transaction may call Put and Delete.
	MaxTxnWrites = 10_000
	// WriteOverhead is what each write counts beside its key and its value.
	WriteOverhead = 32
)

// What a store says. Match with errors.Is: every error but ErrNotFound may be
// wrapped with what it is about.
var (
	// ErrNotFound is returned by Get for a key that is not there.
	ErrNotFound = errors.New("key not found")

	// ErrInvalidKey refuses a key that is empty or longer than MaxKeyBytes.
	ErrInvalidKey = errors.New("invalid key")

	// ErrTxnTooLarge refuses the write that would take a transaction over
	// MaxTxnBytes or MaxTxnWrites. Split the work into several transactions and
	// let the last one write the one key that makes the others valid.
	ErrTxnTooLarge = errors.New("transaction too large")

	// ErrTxnDone is returned by a Reader or Txn that is used after its function
	// has returned.
	ErrTxnDone = errors.New("transaction is over")

	// ErrReadOnly refuses an Update of a store opened for reading.
	ErrReadOnly = errors.New("store is opened read-only")

	// ErrClosed is returned by every call after Close.
	ErrClosed = errors.New("store is closed")

	// ErrNoSpace refuses an Update because the disk is almost full. Nothing was
	// written; the store can still be read, and writes pass again when there is
	// room.
	ErrNoSpace = errors.New("no space left for the store")

	// ErrBroken says that the disk failed in the middle of a commit. What the
	// operations that got this error have written is all there or not at all,
	// which only opening the store again can tell; until then every call
	// returns ErrBroken.
	ErrBroken = errors.New("store is broken until it is opened again")
)

// DB is a store. It is safe for concurrent use.
type DB interface {
	// View calls fn with a snapshot of the store: what was acknowledged before
	// View was called, and nothing that is written meanwhile. It returns what fn
	// returns, as it is, or ErrClosed, ErrBroken or ctx's error
	// without calling fn. Views run beside each other and beside updates.
	View(ctx context.Context, fn func(Reader) error) error

	// Update calls fn, once, with a transaction, and returns after what fn has
	// written is durable. Updates run one after another, each seeing what those
	// before it have written, so they never conflict: a counter is a Get and a
	// Put. An implementation may commit several waiting updates at once.
	//
	// When fn returns an error, panics, calls runtime.Goexit, has ignored the
	// error of a write, or when ctx is done before fn returns, then nothing that
	// fn has written remains, and the error (the panic, the exit) is the
	// caller's. Otherwise Update returns nil, ErrClosed, ErrReadOnly, ErrNoSpace,
	// ErrBroken, or ctx's error; of these only ErrBroken leaves open whether the
	// writes are there. A commit that has begun is not interrupted by ctx.
	//
	// All others wait for fn: it must not wait for anything, such as a network
	// or another update. It may call View, which sees what is committed.
	Update(ctx context.Context, fn func(Txn) error) error

	// Close releases the store. Functions that run are not cut off, and updates
	// that wait are either finished or return ErrClosed. Later calls return nil.
	// It must not be called from inside View or Update.
	Close() error
}

// Reader reads a snapshot, in one goroutine and inside the function it was given
// to. Once ctx is done its methods return ctx's error.
//
// The slices that it returns may be kept for as long as one likes and must not
// be changed.
type Reader interface {
	// Get returns the value of key, not nil, or ErrNotFound.
	Get(key []byte) ([]byte, error)

	// Has tells whether key is there.
	Has(key []byte) (bool, error)

	// Range yields the entries of span in its order. When reading fails, the
	// last pair is an Entry{} and the error; an entry never comes with one. Inside a
	// Txn, a range is of the moment in which its loop began: the loop may write
	// and delete freely.
	Range(span Span) iter.Seq2[Entry, error]

	// Keys is Range without the values, and cheaper.
	Keys(span Span) iter.Seq2[[]byte, error]
}

// Txn is a Reader that sees its own writes. Keys and values are copied: the
// caller may use the slices again. Writes fail with ErrInvalidKey,
// ErrTxnTooLarge, ErrTxnDone and ctx's error, and a transaction with a failed
// write is not committed.
type Txn interface {
	Reader

	// Put sets the value of key. A nil value is an empty one.
	Put(key, value []byte) error

	// Delete removes key, if it is there.
	Delete(key []byte) error
}

// Entry is a key and its value.
type Entry struct {
	Key, Value []byte
}

// Span is the keys from From, inclusive, to To, exclusive, in the order of
// bytes. An empty From means the first key, an empty To means past the last:
// the zero Span is everything.
type Span struct {
	From, To []byte
	// Reverse yields the last key first. What From and To mean stays.
	Reverse bool
}

// Prefix returns the span of the keys that begin with p.
func Prefix(p []byte) Span {
	// The end is the shortest key above all of them: p without its trailing
	// 0xFF bytes, which nothing can exceed, and the last byte left plus one.
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] < 0xFF {
			end := bytes.Clone(p[:i+1])
			end[i]++
			return Span{From: p, To: end}
		}
	}
	return Span{From: p}
}

// Backward returns s with the last key first.
func (s Span) Backward() Span {
	s.Reverse = true
	return s
}

// Contains tells whether key lies in s.
func (s Span) Contains(key []byte) bool {
	return bytes.Compare(key, s.From) >= 0 && (len(s.To) == 0 || bytes.Compare(key, s.To) < 0)
}
