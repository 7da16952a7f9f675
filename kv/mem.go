package kv

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"sync"

	"accord/kv/btree"
)

// Mem is a store in memory. It has the bounds and the errors of the stores on
// disk, starts no goroutine and waits on nothing but a mutex, so that it can be
// used inside a bubble of testing/synctest.
type Mem struct {
	writing sync.Mutex // held by the one update that runs

	mu     sync.Mutex // guards what follows, for moments only
	root   *btree.Map // never changed, only replaced
	closed bool
}

var _ DB = (*Mem)(nil)

// NewMem returns an empty store in memory.
func NewMem() *Mem {
	return &Mem{root: new(btree.Map)}
}

// View implements DB.
func (m *Mem) View(ctx context.Context, fn func(Reader) error) error {
	root, err := m.snapshot(ctx)
	if err != nil {
		return err
	}
	t := &memTxn{ctx: ctx, tree: root}
	defer t.end()
	return fn(t)
}

// Update implements DB.
func (m *Mem) Update(ctx context.Context, fn func(Txn) error) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	root, err := m.snapshot(ctx)
	if err != nil {
		return err
	}
	t := &memTxn{ctx: ctx, tree: root.Clone()}
	defer t.end() // a panic of fn passes, and leaves the root as it was
	if err := fn(t); err != nil {
		return err
	}
	if t.failed != nil {
		return t.failed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.root = t.tree.Clone()
	return nil
}

// Close implements DB. What the store held is gone.
func (m *Mem) Close() error {
	m.writing.Lock()
	defer m.writing.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.root = nil
	return nil
}

func (m *Mem) snapshot(ctx context.Context) (*btree.Map, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	return m.root, ctx.Err()
}

// memTxn reads a tree, and writes to it if the tree is its own.
type memTxn struct {
	ctx    context.Context
	tree   *btree.Map
	budget Budget
	failed error // the first write that was refused
	done   bool
}

func (t *memTxn) end() { t.done = true }

func (t *memTxn) check() error {
	if t.done {
		return ErrTxnDone
	}
	return t.ctx.Err()
}

func (t *memTxn) Get(key []byte) ([]byte, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	value, found := t.tree.Get(key)
	if !found {
		return nil, ErrNotFound
	}
	return value, nil
}

func (t *memTxn) Has(key []byte) (bool, error) {
	if err := t.check(); err != nil {
		return false, err
	}
	_, found := t.tree.Get(key)
	return found, nil
}

func (t *memTxn) Range(span Span) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := t.check(); err != nil {
			yield(Entry{}, err)
			return
		}
		c := t.tree.Cursor(span.From, span.To, span.Reverse)
		for c.Next() {
			if err := t.check(); err != nil {
				yield(Entry{}, err)
				return
			}
			if !yield(Entry{Key: c.Key(), Value: c.Value()}, nil) {
				return
			}
		}
	}
}

func (t *memTxn) Keys(span Span) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for e, err := range t.Range(span) {
			if !yield(e.Key, err) {
				return
			}
		}
	}
}

func (t *memTxn) Put(key, value []byte) error {
	return t.write(key, value, func() {
		t.tree.Set(bytes.Clone(key), slices.Clip(append([]byte{}, value...)))
	})
}

func (t *memTxn) Delete(key []byte) error {
	return t.write(key, nil, func() { t.tree.Delete(key) })
}

func (t *memTxn) write(key, value []byte, do func()) error {
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
	do()
	return nil
}
