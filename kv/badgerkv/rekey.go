package badgerkv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"accord/kv"
)

// Rekey writes the store of o anew, encrypted with key, or not at all if it is
// empty; o has the key that it is encrypted with so far. It fails as Open does,
// and with fs.ErrNotExist where there is no store.
//
// A process that is killed leaves the store with the old key or with the new
// one, and complete: the next Open finishes what has begun to count and removes
// what has not. On systems where the folder cannot be locked no other process
// may use the store meanwhile.
func Rekey(ctx context.Context, o Options, key []byte) error {
	if err := rekey(ctx, o, key); err != nil {
		var held *HeldError
		if errors.As(err, &held) {
			return err // says which store
		}
		return fmt.Errorf("encrypt store %s anew: %w", o.Dir, err)
	}
	return nil
}

func rekey(ctx context.Context, o Options, key []byte) (err error) {
	o.ReadOnly = false
	if err := exists(o.Dir); err != nil {
		return err
	}
	lock, err := acquire(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	s := swap{dir: o.Dir}
	if err := s.finish(); err != nil {
		return err
	}
	if err := copyStore(ctx, o, Options{Dir: s.copying(), EncryptionKey: key, Logger: o.Logger}); err != nil {
		return errors.Join(err, os.RemoveAll(s.copying()))
	}
	return s.run()
}

// copyStore copies all keys of one store into another. The folder of the first
// is locked by the caller.
func copyStore(ctx context.Context, from, to Options) (err error) {
	bdb, err := openBadger(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bdb.Close()) }()
	old := &DB{dir: from.Dir, badger: bdb}
	anew, err := Open(ctx, to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, anew.Close()) }()

	var batch []kv.Entry
	var budget kv.Budget
	flush := func() error {
		err := anew.Update(ctx, func(t kv.Txn) error {
			for _, e := range batch {
				if err := t.Put(e.Key, e.Value); err != nil {
					return err
				}
			}
			return nil
		})
		batch, budget = batch[:0], kv.Budget{}
		return err
	}
	return old.View(ctx, func(r kv.Reader) error {
		for e, err := range r.Range(kv.Span{}) {
			if err != nil {
				return err
			}
			if budget.Spend(e.Key, e.Value) != nil {
				if err := flush(); err != nil {
					return err
				}
				if err := budget.Spend(e.Key, e.Value); err != nil {
					return err
				}
			}
			batch = append(batch, e)
		}
		return flush()
	})
}

// swap puts a new store in the place of an old one, in the folder that both
// live in and that is locked. The new one is a folder below, whose name says how
// far the swap is:
//
//	copying    the old store counts, the new one is not complete
//	rekeyed    the new store counts, files of the old one are removed
//	moving     the old store is gone, files of the new one are moved up
//
// Each name takes the place of the one before in one step.
type swap struct {
	dir    string
	before func() error // is called before each step, and stops there; nil: nobody is
}

func (s swap) copying() string { return filepath.Join(s.dir, "copying") }
func (s swap) rekeyed() string { return filepath.Join(s.dir, "rekeyed") }
func (s swap) moving() string  { return filepath.Join(s.dir, "moving") }

// run makes the copied store count.
func (s swap) run() error {
	if err := s.step(func() error { return os.Rename(s.copying(), s.rekeyed()) }); err != nil {
		return err
	}
	return s.finish()
}

// pending tells whether a swap has begun to count and is not finished.
func (s swap) pending() bool { return there(s.rekeyed()) || there(s.moving()) }

// finish brings a swap that was cut off to its end, if there is one.
func (s swap) finish() error {
	if err := os.RemoveAll(s.copying()); err != nil {
		return err
	}
	if there(s.rekeyed()) {
		if err := s.each(s.dir, func(name string) error { return os.Remove(filepath.Join(s.dir, name)) }); err != nil {
			return err
		}
		if err := s.step(func() error { return os.Rename(s.rekeyed(), s.moving()) }); err != nil {
			return err
		}
	}
	if !there(s.moving()) {
		return nil
	}
	err := s.each(s.moving(), func(name string) error {
		return os.Rename(filepath.Join(s.moving(), name), filepath.Join(s.dir, name))
	})
	if err != nil {
		return err
	}
	return s.step(func() error { return os.RemoveAll(s.moving()) })
}

// each calls fn for each file of a store but the one that names its process.
func (s swap) each(dir string, fn func(name string) error) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.IsDir() || !badgerFile(f.Name()) || f.Name() == "LOCK" {
			continue
		}
		if err := s.step(func() error { return fn(f.Name()) }); err != nil {
			return err
		}
	}
	return nil
}

// step does one thing and makes it durable before the next.
func (s swap) step(do func() error) error {
	if s.before != nil {
		if err := s.before(); err != nil {
			return err
		}
	}
	if err := do(); err != nil {
		return err
	}
	return syncDir(s.dir)
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
