package badgerkv

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"accord/kv"
)

const rekeyed = 600 // keys, more than a transaction of them has

func fill(t *testing.T, o Options) {
	t.Helper()
	db := openAt(t, o)
	for part := range 3 {
		err := db.Update(t.Context(), func(txn kv.Txn) error {
			for i := part; i < rekeyed; i += 3 {
				if err := txn.Put(fmt.Appendf(nil, "key/%05d", i), bytes.Repeat(fmt.Appendf(nil, "value%05d;", i), 200)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	closeDB(t, db)
}

func wantFilled(t *testing.T, o Options) {
	t.Helper()
	db := openAt(t, o)
	defer closeDB(t, db)
	n := 0
	err := db.View(t.Context(), func(r kv.Reader) error {
		for e, err := range r.Range(kv.Span{}) {
			if err != nil {
				return err
			}
			if want := fmt.Sprintf("key/%05d", n); string(e.Key) != want || !bytes.HasPrefix(e.Value, fmt.Appendf(nil, "value%05d;", n)) {
				return fmt.Errorf("entry %d is %s", n, e.Key)
			}
			n++
		}
		return nil
	})
	if err != nil || n != rekeyed {
		t.Fatalf("%d keys, %v; want %d", n, err, rekeyed)
	}
}

func TestRekey(t *testing.T) {
	for name, keys := range map[string][2][]byte{
		"on": {nil, bytes.Repeat([]byte("b"), 32)}, "off": {bytes.Repeat([]byte("a"), 16), nil}, "another": {bytes.Repeat([]byte("a"), 16), bytes.Repeat([]byte("b"), 32)},
	} {
		t.Run(name, func(t *testing.T) {
			was := Options{Dir: filepath.Join(t.TempDir(), "store"), EncryptionKey: keys[0]}
			is := Options{Dir: was.Dir, EncryptionKey: keys[1]}
			fill(t, was)
			if err := Rekey(t.Context(), is, keys[1]); !errors.Is(err, ErrWrongKey) {
				t.Fatalf("with the wrong old key: %v", err)
			}
			wantFilled(t, was)
			if err := Rekey(t.Context(), was, keys[1]); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(t.Context(), was); !errors.Is(err, ErrWrongKey) {
				t.Fatalf("with the old key: %v", err)
			}
			wantFilled(t, is)
			wantOnDisk(t, is.Dir, "value00001;", keys[1] == nil)
			files, err := os.ReadDir(is.Dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if f.IsDir() {
					t.Errorf("%s is left", f.Name())
				}
			}
		})
	}
	t.Run("no store", func(t *testing.T) {
		if err := Rekey(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "store")}, nil); !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	})
}

// A swap that stops before any of its steps leaves the old store or the new one,
// also where the one who finds it only reads.
func TestRekeyCutOff(t *testing.T) {
	cut := errors.New("cut off")
	for n, done := 0, false; !done; n++ {
		for _, readOnly := range []bool{false, true} {
			was := Options{Dir: filepath.Join(t.TempDir(), "store")}
			is := Options{Dir: was.Dir, EncryptionKey: bytes.Repeat([]byte("b"), 32), ReadOnly: readOnly}
			fill(t, was)
			left := n // steps that are done
			s := swap{dir: was.Dir, before: func() error {
				if left--; left < 0 {
					return cut
				}
				return nil
			}}
			if err := copyStore(t.Context(), was, Options{Dir: s.copying(), EncryptionKey: is.EncryptionKey}); err != nil {
				t.Fatal(err)
			}
			err := s.run()
			done = err == nil
			if !done && !errors.Is(err, cut) {
				t.Fatal(err)
			}
			if n == 0 {
				was.ReadOnly = readOnly
				wantFilled(t, was)
			} else {
				wantFilled(t, is)
			}
		}
		if n > 100 {
			t.Fatal("it never ends")
		}
	}
}
