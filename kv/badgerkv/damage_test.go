package badgerkv

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Whatever is wrong with a file of a store, it is said which one it is, and
// nothing panics. What Badger finds out for itself is left to the scripts, since
// it leaves goroutines behind.
func TestDamage(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"zeros":   func(b []byte) []byte { return make([]byte, len(b)) },
		"ones":    func(b []byte) []byte { return bytes.Repeat([]byte{0xff}, len(b)) },
		"cut off": func(b []byte) []byte { return b[:len(b)/2] },
		"empty":   func([]byte) []byte { return nil },
		"short":   func([]byte) []byte { return []byte{1, 2, 3} },
	} {
		for _, file := range []string{"000001.sst", "MANIFEST", "KEYREGISTRY"} {
			switch {
			case file == "KEYREGISTRY" && (name == "zeros" || name == "ones"):
				continue // it is as if it were encrypted with another key
			case file == "MANIFEST" && (name == "cut off"):
				continue // Badger takes it for a last entry that was not finished
			}
			for _, readOnly := range []bool{true, false} {
				o := Options{Dir: t.TempDir()}
				fill(t, o)
				path := filepath.Join(o.Dir, file)
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, spoil(data), 0o600); err != nil {
					t.Fatal(err)
				}
				o.ReadOnly = readOnly
				db, err := Open(t.Context(), o)
				if err == nil {
					t.Errorf("%s of %s: it opens", name, file)
					closeDB(t, db)
					continue
				}
				var damaged *DamagedError
				if !errors.As(err, &damaged) || damaged.File != file {
					t.Errorf("%s of %s: %v", name, file, err)
				}
			}
		}
	}
}
