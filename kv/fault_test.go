package kv_test

import (
	"context"
	"errors"
	"testing"

	"accord/kv"
	"accord/kv/kvtest"
)

func TestFaultyThatNeverFails(t *testing.T) {
	kvtest.Run(t, func(t testing.TB) kv.DB {
		mem := openMem(t)
		return alive{kv.CrashAfter(mem, 1<<30), mem}
	})
}

// alive closes the store beneath a Faulty, which leaves that to its test.
type alive struct {
	*kv.Faulty
	beneath kv.DB
}

func (a alive) Close() error { return a.beneath.Close() }

func TestFaults(t *testing.T) {
	put := func(db kv.DB, key string) error {
		return db.Update(context.Background(), func(txn kv.Txn) error { return txn.Put([]byte(key), nil) })
	}
	rows := []struct {
		name    string
		wrap    func(kv.DB, int) *kv.Faulty
		errs    []bool // of the writes a, b, c, d when one of them passes
		want    string // the keys that are there in the end
		viewErr bool
	}{
		{"fail", kv.FailAfter, []bool{false, true, false, false}, "acd", false},
		{"crash", kv.CrashAfter, []bool{false, true, true, true}, "a", true},
		{"crash unheard", kv.CrashUnheard, []bool{false, true, true, true}, "ab", true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			mem := kv.NewMem()
			db := row.wrap(mem, 1)
			mine := errors.New("mine")
			// Neither of these is a write.
			if err := db.Update(t.Context(), func(txn kv.Txn) error {
				if err := txn.Put([]byte("x"), nil); err != nil {
					return err
				}
				return mine
			}); err != mine {
				t.Errorf("Update: %v, want %v", err, mine)
			}
			if err := db.Update(t.Context(), func(txn kv.Txn) error { return nil }); err != nil {
				t.Errorf("Update: %v", err)
			}
			for i, fails := range row.errs {
				if db.Tripped() != (i > 1) {
					t.Errorf("before write %d: Tripped() = %v", i, db.Tripped())
				}
				err := put(db, string(rune('a'+i)))
				if fails != errors.Is(err, kv.ErrInjected) || !fails && err != nil {
					t.Errorf("write %d: %v, fails: %v", i, err, fails)
				}
			}
			if err := db.View(t.Context(), func(kv.Reader) error { return nil }); row.viewErr != errors.Is(err, kv.ErrInjected) {
				t.Errorf("View in the end: %v", err)
			}
			got := ""
			if err := mem.View(t.Context(), func(r kv.Reader) error {
				for k, err := range r.Keys(kv.Span{}) {
					if err != nil {
						return err
					}
					got += string(k)
				}
				return nil
			}); err != nil {
				t.Errorf("View: %v", err)
			}
			if got != row.want {
				t.Errorf("keys in the end: %q, want %q", got, row.want)
			}
		})
	}
}
