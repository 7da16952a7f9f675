//go:build unix

package badgerkv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestHeld(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	db := openAt(t, o)
	put(t, db, "a=1")
	for _, readOnly := range []bool{false, true} {
		o := o
		o.ReadOnly = readOnly
		_, err := Open(t.Context(), o)
		var held *HeldError
		if !errors.As(err, &held) || held.Dir != o.Dir || held.PID != os.Getpid() {
			t.Fatalf("read-only %v: %v, want a HeldError of process %d", readOnly, err, os.Getpid())
		}
		if want := fmt.Sprintf("store %s is held by process %d", o.Dir, os.Getpid()); err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}

		o.LockTimeout = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := Open(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("read-only %v: waiting until the context ends: %v", readOnly, err)
		}
		cancel()
		o.LockTimeout = 20 * time.Millisecond
		begin := time.Now()
		if _, err := Open(t.Context(), o); !errors.As(err, &held) {
			t.Errorf("read-only %v: waiting in vain: %v, want a HeldError", readOnly, err)
		}
		if waited := time.Since(begin); waited < o.LockTimeout {
			t.Errorf("read-only %v: waited %v, want %v", readOnly, waited, o.LockTimeout)
		}
	}

	var wg sync.WaitGroup
	wg.Go(func() {
		o := o
		o.LockTimeout = time.Minute
		db, err := Open(t.Context(), o)
		if err != nil {
			t.Errorf("waiting for the store: %v", err)
			return
		}
		if got, want := content(t, db), "a=1"; got != want {
			t.Errorf("after waiting: %q, want %q", got, want)
		}
		closeDB(t, db)
	})
	closeDB(t, db)
	wg.Wait()
}

func TestModes(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	wantModes := func(when string) {
		t.Helper()
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			want := fs.FileMode(0o600)
			switch {
			case d.IsDir():
				want = 0o700
			case d.Name() == "mine":
				want = 0o644
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("%s: %s has mode %o, want %o", when, d.Name(), got, want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	db := openAt(t, Options{Dir: dir})
	wantModes("open")
	put(t, db, "a=1")
	closeDB(t, db)
	wantModes("closed")
}
