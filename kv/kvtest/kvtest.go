// Package kvtest holds what every store must do, as tests that each
// implementation runs:
//
//	func TestStore(t *testing.T) {
//		kvtest.Run(t, func(t testing.TB) kv.DB { return kv.NewMem() })
//	}
//
// What needs files, processes or a full disk is tested beside the
// implementation that has them.
package kvtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"accord/kv"
)

// Run tests the stores that open returns: a new and empty one at each call, which
// it must close when the test that it was given ends. Some tests close it before.
func Run(t *testing.T, open func(testing.TB) kv.DB) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, kv.DB)
	}{
		{"reads what was written", testReadWrite},
		{"keys", testKeys},
		{"values", testValues},
		{"copies what it is given", testCopies},
		{"ranges", testRanges},
		{"ranges stop early", testRangeStops},
		{"range and write", testRangeAndWrite},
		{"views are snapshots", testSnapshot},
		{"an error leaves no trace", testError},
		{"a panic leaves no trace", testPanic},
		{"an exit leaves no trace", testGoexit},
		{"a swallowed error leaves no trace", testSwallowed},
		{"too many writes", testTooManyWrites},
		{"too many bytes", testTooManyBytes},
		{"the largest transaction", testLargest},
		{"use after the end", testAfterEnd},
		{"canceled", testCanceled},
		{"canceled inside", testCanceledInside},
		{"count to a thousand at once", testCounter},
		{"failures among others", testFailuresAmongOthers},
		{"large ones at once", testLargeAtOnce},
		{"close", testClose},
		{"close while busy", testCloseBusy},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
	t.Run("model", func(t *testing.T) { testModel(t, open) })
}

func testReadWrite(t *testing.T, db kv.DB) {
	update(t, db, func(txn kv.Txn) error {
		check(t, txn.Put([]byte("a"), []byte("1")))
		check(t, txn.Put([]byte("b"), []byte("2")))
		wantEntries(t, "inside the transaction", txn, kv.Span{}, "a=1", "b=2")
		check(t, txn.Delete([]byte("a")))
		check(t, txn.Delete([]byte("never there")))
		check(t, txn.Put([]byte("b"), []byte("3")))
		wantEntries(t, "after changes inside the transaction", txn, kv.Span{}, "b=3")
		return nil
	})
	update(t, db, func(txn kv.Txn) error {
		wantEntries(t, "in the next transaction", txn, kv.Span{}, "b=3")
		return txn.Put([]byte("a"), []byte("4"))
	})
	view(t, db, func(r kv.Reader) error {
		wantEntries(t, "in a view", r, kv.Span{}, "a=4", "b=3")
		if _, err := r.Get([]byte("c")); !errors.Is(err, kv.ErrNotFound) {
			t.Errorf("Get of a key that is not there: %v, want %v", err, kv.ErrNotFound)
		}
		if has, err := r.Has([]byte("c")); has || err != nil {
			t.Errorf("Has of a key that is not there = %v, %v", has, err)
		}
		return nil
	})
	update(t, db, func(txn kv.Txn) error { return txn.Delete([]byte("b")) })
	view(t, db, func(r kv.Reader) error {
		wantEntries(t, "after a delete", r, kv.Span{}, "a=4")
		if _, err := r.Get([]byte("b")); !errors.Is(err, kv.ErrNotFound) {
			t.Errorf("Get of a deleted key: %v, want %v", err, kv.ErrNotFound)
		}
		return nil
	})
}

func testKeys(t *testing.T, db kv.DB) {
	longest := strings.Repeat("k", kv.MaxKeyBytes)
	for _, key := range []string{"\x00", "\xff", "\xff\xff\xff", "!", "!badger!", "!badger!txn", "a\x00b", "é", longest} {
		update(t, db, func(txn kv.Txn) error { return txn.Put([]byte(key), []byte("v")) })
		view(t, db, func(r kv.Reader) error {
			if v, err := r.Get([]byte(key)); err != nil || string(v) != "v" {
				t.Errorf("Get(%.20q) = %q, %v", key, v, err)
			}
			wantEntries(t, fmt.Sprintf("all keys with the prefix %.20q", key), r, kv.Prefix([]byte(key)), key+"=v")
			return nil
		})
		update(t, db, func(txn kv.Txn) error { return txn.Delete([]byte(key)) })
	}
	for _, key := range []string{"", longest + "k"} {
		for name, write := range map[string]func(kv.Txn) error{
			"Put":    func(txn kv.Txn) error { return txn.Put([]byte(key), []byte("v")) },
			"Delete": func(txn kv.Txn) error { return txn.Delete([]byte(key)) },
		} {
			err := db.Update(t.Context(), write)
			if !errors.Is(err, kv.ErrInvalidKey) {
				t.Errorf("%s of a key of %d bytes: %v, want %v", name, len(key), err, kv.ErrInvalidKey)
			}
		}
		view(t, db, func(r kv.Reader) error {
			if _, err := r.Get([]byte(key)); !errors.Is(err, kv.ErrNotFound) {
				t.Errorf("Get of a key of %d bytes: %v, want %v", len(key), err, kv.ErrNotFound)
			}
			if has, err := r.Has([]byte(key)); has || err != nil {
				t.Errorf("Has of a key of %d bytes = %v, %v", len(key), has, err)
			}
			return nil
		})
	}
	wantStore(t, db)
}

func testValues(t *testing.T, db kv.DB) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 40_000)
	for name, value := range map[string][]byte{"nil": nil, "empty": {}, "zero": {0}, "large": large} {
		key := []byte(name)
		update(t, db, func(txn kv.Txn) error {
			check(t, txn.Put(key, value))
			if v, err := txn.Get(key); err != nil || v == nil || !bytes.Equal(v, value) {
				t.Errorf("%s value inside the transaction: %d bytes, nil %v, %v", name, len(v), v == nil, err)
			}
			return nil
		})
		view(t, db, func(r kv.Reader) error {
			if v, err := r.Get(key); err != nil || v == nil || !bytes.Equal(v, value) {
				t.Errorf("%s value: %d bytes, nil %v, %v", name, len(v), v == nil, err)
			}
			if has, err := r.Has(key); !has || err != nil {
				t.Errorf("Has of the key with the %s value = %v, %v", name, has, err)
			}
			for e, err := range r.Range(kv.Prefix(key)) {
				if err != nil || e.Value == nil || !bytes.Equal(e.Value, value) {
					t.Errorf("%s value in a range: %d bytes, nil %v, %v", name, len(e.Value), e.Value == nil, err)
				}
			}
			return nil
		})
	}
}

func testCopies(t *testing.T, db kv.DB) {
	key, value := []byte("key"), []byte("value")
	var kept kv.Entry
	update(t, db, func(txn kv.Txn) error {
		check(t, txn.Put(key, value))
		copy(key, "xxx")
		copy(value, "xxxxx")
		wantEntries(t, "after changing what was given", txn, kv.Span{}, "key=value")
		return nil
	})
	view(t, db, func(r kv.Reader) error {
		for e, err := range r.Range(kv.Span{}) {
			check(t, err)
			kept = e
		}
		return nil
	})
	for i := range 100 {
		update(t, db, func(txn kv.Txn) error { return txn.Put([]byte("key"), fmt.Appendf(nil, "%05d", i)) })
	}
	if string(kept.Key) != "key" || string(kept.Value) != "value" {
		t.Errorf("an entry that was kept has become %q=%q", kept.Key, kept.Value)
	}
}

func testRanges(t *testing.T, db kv.DB) {
	keys := []string{"\x00", "a", "a\x00", "a\xff", "a\xff\xff", "b", "ba", "bb", "c", "\xfe\xff", "\xff", "\xff\x00", "\xff\xff", "\xff\xff\xff"}
	slices.Sort(keys)
	span := func(from, to string) kv.Span { return kv.Span{From: []byte(from), To: []byte(to)} }
	prefix := func(p string) kv.Span { return kv.Prefix([]byte(p)) }
	rows := []struct {
		name string
		span kv.Span
		in   func(key string) bool
	}{
		{"everything", kv.Span{}, func(string) bool { return true }},
		{"nil prefix", kv.Prefix(nil), func(string) bool { return true }},
		{"prefix a", prefix("a"), func(k string) bool { return strings.HasPrefix(k, "a") }},
		{"prefix a\\xff", prefix("a\xff"), func(k string) bool { return strings.HasPrefix(k, "a\xff") }},
		{"prefix b", prefix("b"), func(k string) bool { return strings.HasPrefix(k, "b") }},
		{"prefix \\xff", prefix("\xff"), func(k string) bool { return strings.HasPrefix(k, "\xff") }},
		{"prefix \\xff\\xff", prefix("\xff\xff"), func(k string) bool { return strings.HasPrefix(k, "\xff\xff") }},
		{"prefix \\x00", prefix("\x00"), func(k string) bool { return strings.HasPrefix(k, "\x00") }},
		{"prefix that is not there", prefix("nothing"), func(string) bool { return false }},
		{"a to b", span("a", "b"), func(k string) bool { return k >= "a" && k < "b" }},
		{"from b", span("b", ""), func(k string) bool { return k >= "b" }},
		{"to b", span("", "b"), func(k string) bool { return k < "b" }},
		{"between keys", span("a\x01", "bab"), func(k string) bool { return k >= "a\x01" && k < "bab" }},
		{"to the last key", span("c", "\xff\xff\xff"), func(k string) bool { return k >= "c" && k < "\xff\xff\xff" }},
		{"empty", span("b", "b"), func(string) bool { return false }},
		{"upside down", span("c", "a"), func(string) bool { return false }},
		{"past the end", span("\xff\xff\xff\xff", ""), func(string) bool { return false }},
	}
	// Half of the keys are committed and half are the transaction's own, in
	// every mixture that a merge of the two could get wrong.
	half := func(parity int, write func(i int, key []byte)) {
		for i, key := range keys {
			if i%2 == parity {
				write(i, []byte(key))
			}
		}
	}
	update(t, db, func(txn kv.Txn) error {
		half(0, func(i int, key []byte) { check(t, txn.Put(key, []byte("old"))) })
		check(t, txn.Put([]byte("a!deleted"), nil))
		check(t, txn.Put([]byte("\xff\xff\xff\xfe"), nil))
		return nil
	})
	all := func(r kv.Reader, where string, value func(i int) string) {
		t.Helper()
		for _, row := range rows {
			var want []string
			for i, key := range keys {
				if row.in(key) {
					want = append(want, key+"="+value(i))
				}
			}
			wantEntries(t, where+": "+row.name, r, row.span, want...)
		}
	}
	value := func(i int) string {
		if i%4 == 0 {
			return "new"
		}
		return [2]string{"old", "own"}[i%2]
	}
	update(t, db, func(txn kv.Txn) error {
		check(t, txn.Delete([]byte("a!deleted")))
		check(t, txn.Delete([]byte("\xff\xff\xff\xfe")))
		half(1, func(i int, key []byte) { check(t, txn.Put(key, []byte("own"))) })
		half(0, func(i int, key []byte) {
			if i%4 == 0 {
				check(t, txn.Put(key, []byte("new")))
			}
		})
		all(txn, "inside", value)
		return nil
	})
	view(t, db, func(r kv.Reader) error {
		all(r, "committed", value)
		return nil
	})
}

func testRangeStops(t *testing.T, db kv.DB) {
	fill(t, db, 100)
	view(t, db, func(r kv.Reader) error {
		for _, span := range []kv.Span{{}, kv.Span{}.Backward()} {
			n := 0
			for _, err := range r.Range(span) {
				check(t, err)
				if n++; n == 3 {
					break
				}
			}
			for _, err := range r.Keys(span) {
				check(t, err)
				if n++; n == 6 {
					break
				}
			}
			if n != 6 {
				t.Errorf("took %d entries, want 6", n)
			}
		}
		// Ranges inside of each other.
		n := 0
		for a, err := range r.Keys(kv.Span{}) {
			check(t, err)
			for b, err := range r.Keys(kv.Span{From: a}) {
				check(t, err)
				if n++; bytes.Compare(a, b) > 0 {
					t.Errorf("%q comes after %q", b, a)
				}
				break
			}
		}
		if n != 100 {
			t.Errorf("%d inner ranges, want 100", n)
		}
		return nil
	})
}

func testRangeAndWrite(t *testing.T, db kv.DB) {
	fill(t, db, 100)
	update(t, db, func(txn kv.Txn) error {
		n := 0
		for e, err := range txn.Range(kv.Span{}) {
			check(t, err)
			check(t, txn.Delete(e.Key))
			check(t, txn.Put(append([]byte("z"), e.Key...), e.Value))
			n++
		}
		if n != 100 {
			t.Errorf("a range that is written under yields %d entries, want 100", n)
		}
		n = 0
		for key, err := range txn.Keys(kv.Span{Reverse: true}) {
			check(t, err)
			check(t, txn.Delete(key))
			n++
		}
		if n != 100 {
			t.Errorf("the second range yields %d entries, want 100", n)
		}
		return nil
	})
	wantStore(t, db)
}

func testSnapshot(t *testing.T, db kv.DB) {
	fill(t, db, 3)
	view(t, db, func(r kv.Reader) error {
		update(t, db, func(txn kv.Txn) error {
			check(t, txn.Delete(numbered(1)))
			check(t, txn.Put(numbered(2), []byte("changed")))
			return txn.Put(numbered(9), []byte("new"))
		})
		wantEntries(t, "in the view that was there before", r, kv.Span{}, "000000=0", "000001=1", "000002=2")
		if v, err := r.Get(numbered(1)); err != nil || string(v) != "1" {
			t.Errorf("Get in the view that was there before = %q, %v", v, err)
		}
		return db.View(t.Context(), func(r kv.Reader) error {
			wantEntries(t, "in a later view", r, kv.Span{}, "000000=0", "000002=changed", "000009=new")
			return nil
		})
	})
	update(t, db, func(txn kv.Txn) error {
		check(t, txn.Put(numbered(0), []byte("not committed")))
		return db.View(t.Context(), func(r kv.Reader) error {
			wantEntries(t, "in a view beside a transaction", r, kv.Span{}, "000000=0", "000002=changed", "000009=new")
			return nil
		})
	})
}

func testError(t *testing.T, db kv.DB) {
	fill(t, db, 2)
	mine := errors.New("mine")
	err := db.Update(t.Context(), func(txn kv.Txn) error {
		check(t, txn.Delete(numbered(0)))
		check(t, txn.Put(numbered(1), []byte("changed")))
		check(t, txn.Put(numbered(2), []byte("new")))
		return mine
	})
	if err != mine {
		t.Errorf("Update = %v, want the function's own error", err)
	}
	wantStore(t, db, "000000=0", "000001=1")
	if err := db.View(t.Context(), func(kv.Reader) error { return mine }); err != mine {
		t.Errorf("View = %v, want the function's own error", err)
	}
}

func testPanic(t *testing.T, db kv.DB) {
	fill(t, db, 1)
	for _, call := range []func(){
		func() {
			_ = db.Update(t.Context(), func(txn kv.Txn) error {
				check(t, txn.Put(numbered(0), []byte("changed")))
				panic("mine")
			})
		},
		func() { _ = db.View(t.Context(), func(kv.Reader) error { panic("mine") }) },
	} {
		func() {
			defer func() {
				if p := recover(); p != "mine" {
					t.Errorf("recovered %v, want the function's own panic", p)
				}
			}()
			call()
		}()
	}
	wantStore(t, db, "000000=0")
	fill(t, db, 2)
	wantStore(t, db, "000000=0", "000001=1")
}

func testGoexit(t *testing.T, db kv.DB) {
	fill(t, db, 1)
	var wg sync.WaitGroup
	returned := false
	wg.Go(func() {
		_ = db.Update(t.Context(), func(txn kv.Txn) error {
			check(t, txn.Put(numbered(0), []byte("changed")))
			runtime.Goexit()
			return nil
		})
		returned = true
	})
	wg.Wait()
	if returned {
		t.Error("Update returned from a function that has left its goroutine")
	}
	wantStore(t, db, "000000=0")
	fill(t, db, 2)
	wantStore(t, db, "000000=0", "000001=1")
}

func testSwallowed(t *testing.T, db kv.DB) {
	err := db.Update(t.Context(), func(txn kv.Txn) error {
		check(t, txn.Put([]byte("a"), nil))
		_ = txn.Put(nil, nil)
		return txn.Put([]byte("b"), nil)
	})
	if !errors.Is(err, kv.ErrInvalidKey) {
		t.Errorf("Update that swallowed an error: %v, want %v", err, kv.ErrInvalidKey)
	}
	wantStore(t, db)
}

func testTooManyWrites(t *testing.T, db kv.DB) {
	n := 0
	err := db.Update(t.Context(), func(txn kv.Txn) error {
		for ; ; n++ {
			if err := txn.Put(numbered(n%10), nil); err != nil {
				return err
			}
		}
	})
	if !errors.Is(err, kv.ErrTxnTooLarge) || n != kv.MaxTxnWrites {
		t.Errorf("after %d writes, want %d: %v", n, kv.MaxTxnWrites, err)
	}
	if want := fmt.Sprintf("write %d makes ", kv.MaxTxnWrites+1); err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("error %q does not say %q", err, want)
	}
	wantStore(t, db)
}

func testTooManyBytes(t *testing.T, db kv.DB) {
	value := make([]byte, 100_000-6-kv.WriteOverhead)
	n := 0
	err := db.Update(t.Context(), func(txn kv.Txn) error {
		for ; ; n++ {
			if err := txn.Put(numbered(n), value); err != nil {
				return err
			}
		}
	})
	if !errors.Is(err, kv.ErrTxnTooLarge) || n != kv.MaxTxnBytes/100_000 {
		t.Errorf("after %d writes, want %d: %v", n, kv.MaxTxnBytes/100_000, err)
	}
	if want := fmt.Sprint((n + 1) * 100_000); err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("error %q does not say %q", err, want)
	}
	err = db.Update(t.Context(), func(txn kv.Txn) error {
		return txn.Put([]byte("k"), make([]byte, kv.MaxTxnBytes))
	})
	if !errors.Is(err, kv.ErrTxnTooLarge) {
		t.Errorf("a value of %d bytes: %v, want %v", kv.MaxTxnBytes, err, kv.ErrTxnTooLarge)
	}
	wantStore(t, db)
}

// testLargest fills transactions to the last byte and to the last write: the
// bounds must hold below what the store beneath can take.
func testLargest(t *testing.T, db kv.DB) {
	update(t, db, func(txn kv.Txn) error {
		return txn.Put([]byte("k"), make([]byte, kv.MaxTxnBytes-kv.WriteOverhead-1))
	})
	update(t, db, func(txn kv.Txn) error {
		for i := range kv.MaxTxnWrites {
			check(t, txn.Put(numbered(i), make([]byte, kv.MaxTxnBytes/kv.MaxTxnWrites-kv.WriteOverhead-6)))
		}
		return nil
	})
	view(t, db, func(r kv.Reader) error {
		n := 0
		for _, err := range r.Keys(kv.Span{}) {
			check(t, err)
			n++
		}
		if n != kv.MaxTxnWrites+1 {
			t.Errorf("%d keys, want %d", n, kv.MaxTxnWrites+1)
		}
		return nil
	})
	update(t, db, func(txn kv.Txn) error {
		for i := range kv.MaxTxnWrites {
			check(t, txn.Delete(numbered(i)))
		}
		return nil
	})
	update(t, db, func(txn kv.Txn) error { return txn.Delete([]byte("k")) })
	wantStore(t, db)
}

func testAfterEnd(t *testing.T, db kv.DB) {
	fill(t, db, 10)
	var kept kv.Txn
	update(t, db, func(txn kv.Txn) error {
		kept = txn
		return txn.Put([]byte("k"), nil)
	})
	after(t, kept)
	for _, err := range []error{kept.Put([]byte("late"), nil), kept.Delete(numbered(0))} {
		if !errors.Is(err, kv.ErrTxnDone) {
			t.Errorf("a write after the end: %v, want %v", err, kv.ErrTxnDone)
		}
	}
	var reader kv.Reader
	view(t, db, func(r kv.Reader) error {
		reader = r
		return nil
	})
	after(t, reader)
}

func after(t *testing.T, r kv.Reader) {
	t.Helper()
	_, get := r.Get(numbered(0))
	_, has := r.Has(numbered(0))
	errs := []error{get, has}
	for _, err := range r.Range(kv.Span{}) {
		errs = append(errs, err)
	}
	for _, err := range r.Keys(kv.Span{}) {
		errs = append(errs, err)
	}
	if len(errs) != 4 {
		t.Errorf("ranges after the end yield %d pairs, want one each", len(errs)-2)
	}
	for _, err := range errs {
		if !errors.Is(err, kv.ErrTxnDone) {
			t.Errorf("a read after the end: %v, want %v", err, kv.ErrTxnDone)
		}
	}
}

func testCanceled(t *testing.T, db kv.DB) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	called := false
	errs := []error{
		db.View(ctx, func(kv.Reader) error { called = true; return nil }),
		db.Update(ctx, func(kv.Txn) error { called = true; return nil }),
	}
	for _, err := range errs {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a canceled call: %v, want %v", err, context.Canceled)
		}
	}
	if called {
		t.Error("a canceled call has called its function")
	}
}

func testCanceledInside(t *testing.T, db kv.DB) {
	fill(t, db, 10)
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := db.View(ctx, func(r kv.Reader) error {
		for _, err := range r.Range(kv.Span{}) {
			if err != nil {
				return err
			}
			if n++; n == 5 {
				cancel()
			}
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 5 {
		t.Errorf("a view that is canceled after 5 entries: %d entries, %v", n, err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	err = db.Update(ctx, func(txn kv.Txn) error {
		check(t, txn.Put([]byte("k"), nil))
		cancel()
		if _, err := txn.Get(numbered(0)); !errors.Is(err, context.Canceled) {
			t.Errorf("a read after the cancel: %v, want %v", err, context.Canceled)
		}
		if err := txn.Put(numbered(0), nil); !errors.Is(err, context.Canceled) {
			t.Errorf("a write after the cancel: %v, want %v", err, context.Canceled)
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("an update that is canceled inside: %v, want %v", err, context.Canceled)
	}

	ctx, cancel = context.WithCancel(t.Context())
	err = db.Update(ctx, func(txn kv.Txn) error {
		defer cancel()
		return txn.Put([]byte("k"), nil)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("an update that is canceled at its end: %v, want %v", err, context.Canceled)
	}
	view(t, db, func(r kv.Reader) error {
		if has, err := r.Has([]byte("k")); has || err != nil {
			t.Errorf("a canceled update has left its key: %v, %v", has, err)
		}
		return nil
	})
}

func testCounter(t *testing.T, db kv.DB) {
	const goroutines, each = 50, 20
	key := []byte("counter")
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				var got uint64
				if err := db.Update(t.Context(), func(txn kv.Txn) error {
					var err error
					got, err = increment(txn, key)
					return err
				}); err != nil {
					t.Errorf("Update: %v", err)
					return
				}
				mu.Lock()
				if seen[got] {
					t.Errorf("the number %d is given twice", got)
				}
				seen[got] = true
				mu.Unlock()
				// What is acknowledged is seen by every later view.
				err := db.View(t.Context(), func(r kv.Reader) error {
					v, err := r.Get(key)
					if err == nil && binary.BigEndian.Uint64(v) < got {
						t.Errorf("a view sees %d after %d was acknowledged", binary.BigEndian.Uint64(v), got)
					}
					return err
				})
				if err != nil {
					t.Errorf("View: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if len(seen) != goroutines*each || !seen[goroutines*each] {
		t.Errorf("%d numbers, the last of them %v, want %d", len(seen), seen[goroutines*each], goroutines*each)
	}
}

// testFailuresAmongOthers lets every third update fail in one way or the other
// while others run. The counter is read and written by all.
func testFailuresAmongOthers(t *testing.T, db kv.DB) {
	const goroutines, each = 20, 30
	counter := []byte("counter")
	mine := errors.New("mine")
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				fails := (g+i)%3 == 0
				func() {
					defer func() { _ = recover() }()
					err := db.Update(t.Context(), func(txn kv.Txn) error {
						if _, err := increment(txn, counter); err != nil {
							return err
						}
						if err := txn.Put(fmt.Appendf(nil, "done/%03d/%03d", g, i), nil); err != nil {
							return err
						}
						switch {
						case fails && i%2 == 0:
							return mine
						case fails:
							panic("mine")
						}
						return nil
					})
					if fails != errors.Is(err, mine) || !fails && err != nil {
						t.Errorf("Update %d of %d: %v", i, g, err)
					}
				}()
			}
		})
	}
	wg.Wait()
	view(t, db, func(r kv.Reader) error {
		var want []string
		for g := range goroutines {
			for i := range each {
				if (g+i)%3 != 0 {
					want = append(want, fmt.Sprintf("done/%03d/%03d=", g, i))
				}
			}
		}
		wantEntries(t, "after all", r, kv.Prefix([]byte("done/")), want...)
		v, err := r.Get(counter)
		if err == nil && binary.BigEndian.Uint64(v) != uint64(len(want)) {
			t.Errorf("the counter is %d, and %d updates have succeeded", binary.BigEndian.Uint64(v), len(want))
		}
		return err
	})
}

// testLargeAtOnce runs updates that are each as large as they may be, so that a
// store that commits several at once meets its own bound.
func testLargeAtOnce(t *testing.T, db kv.DB) {
	const goroutines = 12
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			err := db.Update(t.Context(), func(txn kv.Txn) error {
				if g%2 == 0 {
					return txn.Put(fmt.Appendf(nil, "%03d", g), make([]byte, kv.MaxTxnBytes-kv.WriteOverhead-3))
				}
				for i := range kv.MaxTxnWrites {
					if err := txn.Put(fmt.Appendf(nil, "%03d/%05d", g, i), nil); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("Update %d: %v", g, err)
			}
		})
	}
	wg.Wait()
	n := 0
	view(t, db, func(r kv.Reader) error {
		for _, err := range r.Keys(kv.Span{}) {
			check(t, err)
			n++
		}
		return nil
	})
	if want := goroutines / 2 * (1 + kv.MaxTxnWrites); n != want {
		t.Errorf("%d keys, want %d", n, want)
	}
}

func testClose(t *testing.T, db kv.DB) {
	fill(t, db, 1)
	for range 2 {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	called := false
	if err := db.View(t.Context(), func(kv.Reader) error { called = true; return nil }); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("View after Close: %v, want %v", err, kv.ErrClosed)
	}
	if err := db.Update(t.Context(), func(kv.Txn) error { called = true; return nil }); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("Update after Close: %v, want %v", err, kv.ErrClosed)
	}
	if called {
		t.Error("a closed store has called a function")
	}
}

// testCloseBusy closes while updates and views run and wait. Each must come to an
// end, with the work done or ErrClosed.
func testCloseBusy(t *testing.T, db kv.DB) {
	fill(t, db, 100)
	var wg sync.WaitGroup
	begun := make(chan struct{}, 40)
	for g := range 20 {
		wg.Go(func() {
			for i := 0; ; i++ {
				err := db.Update(t.Context(), func(txn kv.Txn) error {
					_, err := increment(txn, fmt.Appendf(nil, "counter/%d", g))
					return err
				})
				if err != nil {
					if !errors.Is(err, kv.ErrClosed) {
						t.Errorf("Update: %v, want %v", err, kv.ErrClosed)
					}
					return
				}
				if i == 0 {
					begun <- struct{}{}
				}
			}
		})
		wg.Go(func() {
			for i := 0; ; i++ {
				n := 0
				err := db.View(t.Context(), func(r kv.Reader) error {
					for _, err := range r.Range(kv.Span{To: []byte("c")}) {
						if err != nil {
							return err
						}
						n++
					}
					return nil
				})
				if err != nil {
					if !errors.Is(err, kv.ErrClosed) {
						t.Errorf("View: %v, want %v", err, kv.ErrClosed)
					}
					return
				}
				if n != 100 {
					t.Errorf("a view sees %d entries, want 100", n)
				}
				if i == 0 {
					begun <- struct{}{}
				}
			}
		})
	}
	for range cap(begun) {
		<-begun
	}
	if err := db.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wg.Wait()
}

// increment adds one to the counter at key and returns what it is then.
func increment(txn kv.Txn, key []byte) (uint64, error) {
	n := uint64(0)
	v, err := txn.Get(key)
	switch {
	case err == nil:
		n = binary.BigEndian.Uint64(v)
	case !errors.Is(err, kv.ErrNotFound):
		return 0, err
	}
	n++
	return n, txn.Put(key, binary.BigEndian.AppendUint64(nil, n))
}

func numbered(i int) []byte { return fmt.Appendf(nil, "%06d", i) }

// fill writes the first n numbered keys, each with its number.
func fill(t testing.TB, db kv.DB, n int) {
	t.Helper()
	update(t, db, func(txn kv.Txn) error {
		for i := range n {
			check(t, txn.Put(numbered(i), fmt.Append(nil, i)))
		}
		return nil
	})
}

func update(t testing.TB, db kv.DB, fn func(kv.Txn) error) {
	t.Helper()
	if err := db.Update(t.Context(), fn); err != nil {
		t.Errorf("Update: %v", err)
	}
}

func view(t testing.TB, db kv.DB, fn func(kv.Reader) error) {
	t.Helper()
	if err := db.View(t.Context(), fn); err != nil {
		t.Errorf("View: %v", err)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("unexpected error: %v", err)
	}
}

// wantStore compares everything in db with entries written key=value.
func wantStore(t testing.TB, db kv.DB, want ...string) {
	t.Helper()
	view(t, db, func(r kv.Reader) error {
		wantEntries(t, "in the store", r, kv.Span{}, want...)
		return nil
	})
}

// wantEntries compares what a reader has in span with entries written key=value,
// in the order of keys: Range and Keys, both ways, and Get and Has of each.
func wantEntries(t testing.TB, where string, r kv.Reader, span kv.Span, want ...string) {
	t.Helper()
	for _, span := range []kv.Span{span, span.Backward()} {
		var got, keys, wantKeys []string
		for e, err := range r.Range(span) {
			check(t, err)
			got = append(got, string(e.Key)+"="+string(e.Value))
			if v, err := r.Get(e.Key); err != nil || !bytes.Equal(v, e.Value) {
				t.Errorf("%s: Get(%.40q) = %.40q, %v, and Range has %.40q", where, e.Key, v, err, e.Value)
			}
			if has, err := r.Has(e.Key); err != nil || !has {
				t.Errorf("%s: Has(%.40q) = %v, %v", where, e.Key, has, err)
			}
		}
		for key, err := range r.Keys(span) {
			check(t, err)
			keys = append(keys, string(key))
		}
		want := slices.Clone(want)
		if span.Reverse {
			slices.Reverse(want)
		}
		for _, entry := range want {
			key, _, _ := strings.Cut(entry, "=")
			wantKeys = append(wantKeys, key)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: reverse %v:\n got %.200q\nwant %.200q", where, span.Reverse, got, want)
		}
		if !slices.Equal(keys, wantKeys) {
			t.Errorf("%s: keys, reverse %v:\n got %.200q\nwant %.200q", where, span.Reverse, keys, wantKeys)
		}
	}
}
