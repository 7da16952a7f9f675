package kv

import (
	"context"
	"errors"
	"sync"
)

// ErrInjected is the error of a Faulty store.
var ErrInjected = errors.New("injected failure")

// Faulty is a store that fails at a chosen write, for tests that cut off what
// they test at every write it makes:
//
//	for n := 0; ; n++ {
//		db := kv.NewMem()
//		faulty := kv.CrashAfter(db, n)
//		err := work(faulty)
//		if !faulty.Tripped() {
//			break // all writes passed
//		}
//		// err must wrap kv.ErrInjected, and work(db) must be able to finish.
//	}
//
// A write is an Update whose function returned nil and has called Put or Delete.
type Faulty struct {
	db    DB
	fault fault

	mu      sync.Mutex
	left    int  // the writes that still pass
	tripped bool // the failure has happened
	dead    bool // and nothing passes any more
}

type fault int

const (
	failOnce fault = iota
	crashBefore
	crashBehind
)

var _ DB = (*Faulty)(nil)

// FailAfter returns db with a disk that fails once: n writes pass, the next one
// fails with ErrInjected and leaves no trace, and those after it pass.
func FailAfter(db DB, n int) *Faulty {
	return &Faulty{db: db, fault: failOnce, left: n}
}

// CrashAfter returns db as seen by a process that dies: n writes pass, the next
// one leaves no trace, and it and every later call returns ErrInjected. The next
// process is the one that uses db.
func CrashAfter(db DB, n int) *Faulty {
	return &Faulty{db: db, fault: crashBefore, left: n}
}

// CrashUnheard is CrashAfter, but the write at which the process dies is
// committed and only its acknowledgment is lost.
func CrashUnheard(db DB, n int) *Faulty {
	return &Faulty{db: db, fault: crashBehind, left: n}
}

// Tripped tells whether the failure has happened.
func (f *Faulty) Tripped() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tripped
}

// View implements DB.
func (f *Faulty) View(ctx context.Context, fn func(Reader) error) error {
	if f.isDead() {
		return ErrInjected
	}
	return f.db.View(ctx, fn)
}

// Update implements DB.
func (f *Faulty) Update(ctx context.Context, fn func(Txn) error) error {
	if f.isDead() {
		return ErrInjected
	}
	unheard := false
	err := f.db.Update(ctx, func(t Txn) error {
		w := &watched{Txn: t}
		if err := fn(w); err != nil || !w.wrote {
			return err
		}
		var err error
		unheard, err = f.spend()
		return err
	})
	if err == nil && unheard {
		return ErrInjected
	}
	return err
}

// spend counts a write. It returns the error of one that must leave no trace, and
// whether it is the one that is committed without anybody hearing of it.
func (f *Faulty) spend() (unheard bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.dead:
		return false, ErrInjected
	case f.tripped:
		return false, nil
	case f.left > 0:
		f.left--
		return false, nil
	}
	f.tripped = true
	f.dead = f.fault != failOnce
	if f.fault == crashBehind {
		return true, nil
	}
	return false, ErrInjected
}

func (f *Faulty) isDead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

// Close does nothing: the store beneath belongs to the test, which looks at what
// is left in it.
func (f *Faulty) Close() error { return nil }

// watched notices whether a transaction writes.
type watched struct {
	Txn
	wrote bool
}

func (w *watched) Put(key, value []byte) error {
	w.wrote = true
	return w.Txn.Put(key, value)
}

func (w *watched) Delete(key []byte) error {
	w.wrote = true
	return w.Txn.Delete(key)
}
