package badgerkv

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"accord/kv"
	"accord/kv/btree"
)

// Badger keeps keys that begin with "!badger!" for itself. A byte before every
// key leaves all keys to the callers of this package.
const keyByte = 'k'

func storedKey(key []byte) []byte {
	k := make([]byte, 0, len(key)+1)
	return append(append(k, keyByte), key...)
}

// reader reads a snapshot of Badger and, inside of an update, what is pending
// over it.
type reader struct {
	ctx     context.Context
	stored  *badger.Txn
	pending *btree.Map // nil in a view; a nil value is a deleted key
	done    bool
}

func (r *reader) end() { r.done = true }

func (r *reader) check() error {
	if r.done {
		return kv.ErrTxnDone
	}
	return r.ctx.Err()
}

// Get implements kv.Reader.
func (r *reader) Get(key []byte) ([]byte, error) {
	value, item, err := r.lookup(key)
	if item == nil || err != nil {
		return value, err
	}
	value, err = item.ValueCopy(nil)
	if err != nil {
		return nil, err
	}
	return present(value), nil
}

// Has implements kv.Reader.
func (r *reader) Has(key []byte) (bool, error) {
	_, _, err := r.lookup(key)
	if errors.Is(err, kv.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// lookup returns the pending value of key, or else the stored item.
func (r *reader) lookup(key []byte) ([]byte, *badger.Item, error) {
	if err := r.check(); err != nil {
		return nil, nil, err
	}
	if len(key) > kv.MaxKeyBytes {
		return nil, nil, kv.ErrNotFound
	}
	if r.pending != nil {
		if value, found := r.pending.Get(key); found {
			if value == nil {
				return nil, nil, kv.ErrNotFound
			}
			return value, nil, nil
		}
	}
	item, err := r.stored.Get(storedKey(key))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil, kv.ErrNotFound
	}
	return nil, item, err
}

// present returns value, which a key has, as not nil.
func present(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}

// Range implements kv.Reader.
func (r *reader) Range(span kv.Span) iter.Seq2[kv.Entry, error] {
	return r.scan(span, true)
}

// Keys implements kv.Reader.
func (r *reader) Keys(span kv.Span) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for e, err := range r.scan(span, false) {
			if !yield(e.Key, err) {
				return
			}
		}
	}
}

func (r *reader) scan(span kv.Span, values bool) iter.Seq2[kv.Entry, error] {
	return func(yield func(kv.Entry, error) bool) {
		if err := r.check(); err != nil {
			yield(kv.Entry{}, err)
			return
		}
		m := r.merge(span)
		defer m.stored.Close()
		for {
			// Not only before each entry: passing over many deleted keys takes long,
			// and after the end of the transaction the iterator is not usable.
			if err := r.check(); err != nil {
				yield(kv.Entry{}, err)
				return
			}
			e, more, err := m.next(values)
			if err != nil {
				yield(kv.Entry{}, err)
				return
			}
			if !more || !yield(e, nil) {
				return
			}
		}
	}
}

// merged walks over stored and pending entries in one order. Where both have a
// key, the pending one holds.
type merged struct {
	span    kv.Span
	stored  *badger.Iterator
	pending *btree.Cursor // nil if nothing is pending any more
}

func (r *reader) merge(span kv.Span) *merged {
	// Badger's own prefix lets it leave out tables. It cannot go backward from a
	// bound outside of the prefix, which the end of a span always is.
	prefix := []byte{keyByte}
	if !span.Reverse {
		prefix = append(prefix, commonPrefix(span)...)
	}
	m := &merged{span: span}
	m.stored = r.stored.NewIterator(badger.IteratorOptions{Reverse: span.Reverse, Prefix: prefix})
	switch {
	case !span.Reverse:
		m.stored.Seek(storedKey(span.From))
	case len(span.To) > 0:
		to := storedKey(span.To)
		m.stored.Seek(to)
		if m.stored.Valid() && bytes.Equal(m.stored.Item().Key(), to) {
			m.stored.Next() // the span ends before it
		}
	default:
		m.stored.Seek([]byte{keyByte + 1})
	}
	if r.pending != nil {
		m.pending = r.pending.Cursor(span.From, span.To, span.Reverse)
		m.nextPending()
	}
	return m
}

// commonPrefix returns what all keys of span begin with.
func commonPrefix(span kv.Span) []byte {
	n := 0
	for n < len(span.From) && n < len(span.To) && span.From[n] == span.To[n] {
		n++
	}
	// One byte more, if the span ends right after that byte: the span of a prefix.
	if n < len(span.From) && len(span.To) == n+1 && span.To[n] == span.From[n]+1 {
		n++
	}
	return span.From[:n]
}

func (m *merged) nextPending() {
	if !m.pending.Next() {
		m.pending = nil
	}
}

// storedKey returns the key of the stored entry that is next, which is valid
// until the iterator moves, or nil if the rest is outside of the span.
func (m *merged) storedKey() []byte {
	if !m.stored.Valid() {
		return nil
	}
	key := m.stored.Item().Key()[1:]
	if !m.span.Contains(key) {
		return nil
	}
	return key
}

// next returns the next entry that is there, or false after the last.
func (m *merged) next(values bool) (kv.Entry, bool, error) {
	for {
		stored := m.storedKey()
		if m.pending == nil {
			if stored == nil {
				return kv.Entry{}, false, nil
			}
			e, err := m.take(stored, values)
			return e, true, err
		}
		if stored != nil {
			order := bytes.Compare(stored, m.pending.Key())
			if m.span.Reverse {
				order = -order
			}
			if order < 0 {
				e, err := m.take(stored, values)
				return e, true, err
			}
			if order == 0 {
				m.stored.Next()
			}
		}
		e := kv.Entry{Key: m.pending.Key(), Value: m.pending.Value()}
		m.nextPending()
		if e.Value != nil {
			return e, true, nil
		}
	}
}

// take returns the stored entry that is next and moves on.
func (m *merged) take(key []byte, values bool) (kv.Entry, error) {
	e := kv.Entry{Key: bytes.Clone(key)}
	if values {
		value, err := m.stored.Item().ValueCopy(nil)
		if err != nil {
			return kv.Entry{}, err
		}
		e.Value = present(value)
	}
	m.stored.Next()
	return e, nil
}

// txn is one operation of a group: see committer.
type txn struct {
	reader
	budget kv.Budget
	failed error // the first write that was refused
}

// Put implements kv.Txn.
func (t *txn) Put(key, value []byte) error {
	return t.write(key, value, slices.Clip(append([]byte{}, value...)))
}

// Delete implements kv.Txn.
func (t *txn) Delete(key []byte) error {
	return t.write(key, nil, nil)
}

// write counts a write and makes it pending, with nil for a deleted key.
func (t *txn) write(key, value, pending []byte) error {
	err := t.check()
	if err == nil {
		err = t.budget.Spend(key, value)
	}
	if err != nil {
		if t.failed == nil {
			t.failed = err
		}
		return err
	}
	t.pending.Set(bytes.Clone(key), pending)
	return nil
}
