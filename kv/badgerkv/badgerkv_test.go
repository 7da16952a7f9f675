package badgerkv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"accord/kv"
	"accord/kv/kvtest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		os.Exit(child(dir))
	}
	goleak.VerifyTestMain(m)
}

func TestConformance(t *testing.T) {
	kvtest.Run(t, func(t testing.TB) kv.DB { return openAt(t, Options{Dir: t.TempDir()}) })
}

func TestConformanceEncrypted(t *testing.T) {
	kvtest.Run(t, func(t testing.TB) kv.DB {
		return openAt(t, Options{Dir: t.TempDir(), EncryptionKey: bytes.Repeat([]byte("k"), 32)})
	})
}

func openAt(t testing.TB, o Options) *DB {
	t.Helper()
	db, err := Open(context.Background(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { closeDB(t, db) })
	return db
}

func closeDB(t testing.TB, db *DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func put(t testing.TB, db kv.DB, pairs ...string) {
	t.Helper()
	err := db.Update(t.Context(), func(txn kv.Txn) error {
		for _, pair := range pairs {
			key, value, _ := strings.Cut(pair, "=")
			if err := txn.Put([]byte(key), []byte(value)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
}

// content returns everything in db as key=value.
func content(t testing.TB, db kv.DB) string {
	t.Helper()
	var all []string
	err := db.View(t.Context(), func(r kv.Reader) error {
		for e, err := range r.Range(kv.Span{}) {
			if err != nil {
				return err
			}
			all = append(all, string(e.Key)+"="+string(e.Value))
		}
		return nil
	})
	if err != nil {
		t.Errorf("View: %v", err)
	}
	return strings.Join(all, " ")
}

func TestReopen(t *testing.T) {
	o := Options{Dir: filepath.Join(t.TempDir(), "a", "b")}
	db := openAt(t, o)
	put(t, db, "a=1", "b=", "c=3", "d=4")
	if err := db.Update(t.Context(), func(txn kv.Txn) error { return txn.Delete([]byte("c")) }); err != nil {
		t.Errorf("Update: %v", err)
	}
	closeDB(t, db)
	db = openAt(t, o)
	if got, want := content(t, db), "a=1 b= d=4"; got != want {
		t.Errorf("after opening again: %q, want %q", got, want)
	}
	// Stored and pending entries in one range, in both directions.
	err := db.Update(t.Context(), func(txn kv.Txn) error {
		for _, err := range []error{txn.Put([]byte("aa"), []byte("x")), txn.Delete([]byte("d")), txn.Put([]byte("b"), []byte("y"))} {
			if err != nil {
				return err
			}
		}
		for span, want := range map[string]string{"forward": "a=1 aa=x b=y ", "backward": "b=y aa=x a=1 "} {
			got := ""
			for e, err := range txn.Range(kv.Span{Reverse: span == "backward"}) {
				if err != nil {
					return err
				}
				got += string(e.Key) + "=" + string(e.Value) + " "
			}
			if got != want {
				t.Errorf("%s: %q, want %q", span, got, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("Update: %v", err)
	}
	if err := db.Verify(); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	o := Options{Dir: filepath.Join(t.TempDir(), "store")}
	ro := o
	ro.ReadOnly = true

	if _, err := Open(t.Context(), ro); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v, want %v", err, fs.ErrNotExist)
	}
	if _, err := os.Stat(o.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening for reading has created something: %v", err)
	}
	if err := os.Mkdir(o.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), ro); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v, want %v", err, fs.ErrNotExist)
	}
	if files, err := os.ReadDir(o.Dir); err != nil || len(files) > 0 {
		t.Errorf("opening for reading has created %v, %v", files, err)
	}

	db := openAt(t, o)
	put(t, db, "a=1")
	closeDB(t, db)

	first, second := openAt(t, ro), openAt(t, ro)
	for _, db := range []*DB{first, second} {
		if got, want := content(t, db), "a=1"; got != want {
			t.Errorf("read-only: %q, want %q", got, want)
		}
		if err := db.Update(t.Context(), func(kv.Txn) error { return nil }); !errors.Is(err, kv.ErrReadOnly) {
			t.Errorf("Update: %v, want %v", err, kv.ErrReadOnly)
		}
	}
	var held *HeldError
	if _, err := Open(t.Context(), o); !errors.As(err, &held) || held.Dir != o.Dir || held.PID != 0 {
		t.Errorf("opening for writing beside readers: %v, want a HeldError without a process", err)
	}
	closeDB(t, first)
	closeDB(t, second)
	if err := first.Update(t.Context(), func(kv.Txn) error { return nil }); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("Update after Close: %v, want %v", err, kv.ErrClosed)
	}
	closeDB(t, openAt(t, o))
}

func TestEncryption(t *testing.T) {
	secret := "the quick brown fox"
	key := func(n int, b string) []byte { return bytes.Repeat([]byte(b), n) }
	for _, size := range []int{16, 24, 32} {
		t.Run(fmt.Sprint(size*8), func(t *testing.T) {
			o := Options{Dir: t.TempDir(), EncryptionKey: key(size, "a")}
			db := openAt(t, o)
			put(t, db, "a="+secret, secret+"=b")
			wantOnDisk(t, o.Dir, secret, false)
			closeDB(t, db)
			wantOnDisk(t, o.Dir, secret, false)
			for name, wrong := range map[string][]byte{"another": key(size, "b"), "none": nil, "another size": key(16+(size-8)%24, "a")} {
				for _, readOnly := range []bool{false, true} {
					if bytes.Equal(wrong, o.EncryptionKey) {
						t.Fatalf("%s is the right key", name)
					}
					_, err := Open(t.Context(), Options{Dir: o.Dir, EncryptionKey: wrong, ReadOnly: readOnly})
					if !errors.Is(err, ErrWrongKey) {
						t.Errorf("%s key, read-only %v: %v, want %v", name, readOnly, err, ErrWrongKey)
					}
					if err != nil && strings.Contains(err.Error(), strings.Repeat("b", 8)) {
						t.Errorf("error %q shows the key", err)
					}
				}
			}
			for _, readOnly := range []bool{false, true} {
				o.ReadOnly = readOnly
				db := openAt(t, o)
				if got, want := content(t, db), "a="+secret+" "+secret+"=b"; got != want {
					t.Errorf("read-only %v: %q, want %q", readOnly, got, want)
				}
				closeDB(t, db)
			}
		})
	}
	t.Run("key for a store without one", func(t *testing.T) {
		o := Options{Dir: t.TempDir()}
		db := openAt(t, o)
		put(t, db, "a="+secret)
		wantOnDisk(t, o.Dir, secret, true) // what the other cases look for can be found
		closeDB(t, db)
		o.EncryptionKey = key(16, "a")
		if _, err := Open(t.Context(), o); !errors.Is(err, ErrWrongKey) {
			t.Errorf("Open: %v, want %v", err, ErrWrongKey)
		}
	})
	t.Run("size", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "store")
		if _, err := Open(t.Context(), Options{Dir: dir, EncryptionKey: key(17, "a")}); err == nil || !strings.Contains(err.Error(), "16, 24 or 32 bytes, not 17") {
			t.Errorf("a key of 17 bytes: %v", err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a refused key has created a store: %v", err)
		}
	})
}

// wantOnDisk looks for text in all files of a store.
func wantOnDisk(t *testing.T, dir, text string, want bool) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found = found || bytes.Contains(data, []byte(text))
	}
	if found != want {
		t.Errorf("%q is found on disk: %v, want %v", text, found, want)
	}
}

func TestNoSpace(t *testing.T) {
	db := openAt(t, Options{Dir: t.TempDir()})
	put(t, db, "a=1")
	free := db.free
	db.free = func(string) (uint64, error) { return spaceReserve - 1, nil }
	err := db.Update(t.Context(), func(txn kv.Txn) error { return txn.Put([]byte("b"), nil) })
	if !errors.Is(err, kv.ErrNoSpace) || !strings.Contains(err.Error(), "63 MiB are free") {
		t.Errorf("Update on a full disk: %v, want %v", err, kv.ErrNoSpace)
	}
	mine := errors.New("mine")
	db.free = func(string) (uint64, error) { return 0, mine }
	if err := db.Update(t.Context(), func(txn kv.Txn) error { return txn.Put([]byte("b"), nil) }); !errors.Is(err, mine) {
		t.Errorf("Update on a disk that does not answer: %v, want %v", err, mine)
	}
	if err := db.Update(t.Context(), func(txn kv.Txn) error { return nil }); err != nil {
		t.Errorf("an update that writes nothing: %v", err)
	}
	db.free = free
	put(t, db, "c=3")
	if got, want := content(t, db), "a=1 c=3"; got != want {
		t.Errorf("after all: %q, want %q", got, want)
	}
}

// TestBroken takes Badger away from under the store.
func TestBroken(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	db := openAt(t, o)
	put(t, db, "a=1")
	err := db.Update(t.Context(), func(txn kv.Txn) error {
		if err := db.badger.Close(); err != nil {
			t.Errorf("Close of Badger: %v", err)
		}
		return txn.Put([]byte("b"), nil)
	})
	if !errors.Is(err, kv.ErrBroken) {
		t.Errorf("the update that broke: %v, want %v", err, kv.ErrBroken)
	}
	if err := db.Update(t.Context(), func(kv.Txn) error { return nil }); !errors.Is(err, kv.ErrBroken) {
		t.Errorf("Update: %v, want %v", err, kv.ErrBroken)
	}
	if err := db.View(t.Context(), func(kv.Reader) error { return nil }); !errors.Is(err, kv.ErrBroken) {
		t.Errorf("View: %v, want %v", err, kv.ErrBroken)
	}
	closeDB(t, db)
	if got, want := content(t, openAt(t, o)), "a=1"; got != want {
		t.Errorf("opened again: %q, want %q", got, want)
	}
}

func TestNotAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below"), ""} {
		for _, readOnly := range []bool{false, true} {
			if _, err := Open(t.Context(), Options{Dir: dir, ReadOnly: readOnly}); err == nil {
				t.Errorf("Open(%q), read-only %v, has no error", dir, readOnly)
			}
		}
	}
}

// TestCorrupt damages a table, which Verify must find.
func TestCorrupt(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	db := openAt(t, o)
	for i := range 10 {
		put(t, db, fmt.Sprintf("%d=%s", i, strings.Repeat("x", 1000)))
	}
	closeDB(t, db)
	tables, err := filepath.Glob(filepath.Join(o.Dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("tables: %v, %v", tables, err)
	}
	data, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	data[20] ^= 1
	if err := os.WriteFile(tables[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	o.ReadOnly = true
	db = openAt(t, o)
	if err := db.Verify(); err == nil {
		t.Error("Verify has not found the damage")
	}
}

// A process can be killed between creating a log and giving it a size.
func TestUnbornLogs(t *testing.T) {
	for _, name := range []string{"00001.mem", "00002.mem", "000002.vlog", "000003.vlog"} {
		for _, readOnly := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, read only: %v", name, readOnly), func(t *testing.T) {
				dir := t.TempDir()
				db := openAt(t, Options{Dir: dir})
				put(t, db, "a", "1")
				want := content(t, db)
				closeDB(t, db)
				// The log of the first memtable is created before that of values.
				for _, file := range []string{"00001.mem", name} {
					if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				db = openAt(t, Options{Dir: dir, ReadOnly: readOnly})
				if got := content(t, db); got != want {
					t.Errorf("it holds %s, want %s", got, want)
				}
				closeDB(t, db)
				db = openAt(t, Options{Dir: dir})
				put(t, db, "b", "2")
				closeDB(t, db)
			})
		}
	}
	t.Run("before the first write", func(t *testing.T) {
		dir := t.TempDir()
		for _, file := range []string{"00001.mem", "000001.vlog"} {
			if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		db := openAt(t, Options{Dir: dir})
		put(t, db, "a", "1")
		closeDB(t, db)
	})
}

// TestShortSessions opens, writes and closes as commands do, which never gives
// Badger time for compaction.
func TestShortSessions(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	const sessions = 3 * levelZeroTables
	most := 0
	for i := range sessions {
		db := openAt(t, o)
		put(t, db, fmt.Sprintf("%03d=", i), fmt.Sprintf("last=%d", i))
		closeDB(t, db)
		tables, err := filepath.Glob(filepath.Join(o.Dir, "*.sst"))
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, len(tables))
	}
	if most > levelZeroTables+2 {
		t.Errorf("%d tables after %d short sessions, want at most %d", most, sessions, levelZeroTables+2)
	}
	o.ReadOnly = true
	db := openAt(t, o)
	all := strings.Fields(content(t, db))
	if len(all) != sessions+1 || all[sessions] != fmt.Sprintf("last=%d", sessions-1) {
		t.Errorf("after %d sessions there are %d entries, the last of them %q", sessions, len(all), all[len(all)-1])
	}
}

// TestValueLogStaysEmpty holds the reason why nobody collects garbage in it.
func TestValueLogStaysEmpty(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	db := openAt(t, o)
	value := bytes.Repeat([]byte("0123456789abcdef"), kv.MaxTxnBytes/16)
	for i := range 30 { // more than a memtable
		if err := db.Update(t.Context(), func(txn kv.Txn) error {
			return txn.Put([]byte{byte(i)}, value[:kv.MaxTxnBytes-kv.WriteOverhead-1])
		}); err != nil {
			t.Fatalf("Update: %v", err)
		}
	}
	closeDB(t, db)
	logs, err := filepath.Glob(filepath.Join(o.Dir, "*.vlog"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("value logs: %v, %v", logs, err)
	}
	for _, log := range logs {
		info, err := os.Stat(log)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 100 {
			t.Errorf("%s has %d bytes", filepath.Base(log), info.Size())
		}
	}
	if err := openAt(t, o).Verify(); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	l := logger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	l.Errorf("an error: %d\n", 1)
	l.Warningf("a warning: %d", 2)
	l.Infof("an info")
	l.Debugf("First key=%q", "secret")
	got := out.String()
	for _, want := range []string{`level=ERROR msg="badger: an error: 1"`, `level=WARN msg="badger: a warning: 2"`} {
		if !strings.Contains(got, want) {
			t.Errorf("log %q does not have %q", got, want)
		}
	}
	if strings.Count(got, "\n") != 2 {
		t.Errorf("log %q has other lines", got)
	}
	if logger(nil) != nil {
		t.Error("no logger is not silence")
	}
}

// TestCancelWhileWaiting cancels an update that waits for its turn.
func TestCancelWhileWaiting(t *testing.T) {
	db := openAt(t, Options{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	err := db.Update(t.Context(), func(txn kv.Txn) error {
		result := make(chan error)
		wg.Go(func() {
			result <- db.Update(ctx, func(txn kv.Txn) error { return txn.Put([]byte("canceled"), nil) })
		})
		for some, _ := db.commits.waiting(); !some; some, _ = db.commits.waiting() {
			runtime.Gosched()
		}
		cancel()
		// It returns while this update still runs.
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("an update that was canceled in the queue: %v", err)
		}
		return txn.Put([]byte("a"), nil)
	})
	if err != nil {
		t.Errorf("Update: %v", err)
	}
	wg.Wait()
	if got, want := content(t, db), "a="; got != want {
		t.Errorf("after all: %q, want %q", got, want)
	}
}

// TestCloseFinishesWaiting closes while one update runs and others wait: they
// are finished, and what comes later is refused.
func TestCloseFinishesWaiting(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	db := openAt(t, o)
	var wg sync.WaitGroup
	err := db.Update(t.Context(), func(txn kv.Txn) error {
		for i := range 10 {
			wg.Go(func() {
				if err := db.Update(t.Context(), func(txn kv.Txn) error { return txn.Put([]byte{'0' + byte(i)}, nil) }); err != nil {
					t.Errorf("an update that waited: %v", err)
				}
			})
		}
		queued := func() (n int, closed bool) {
			db.commits.mu.Lock()
			defer db.commits.mu.Unlock()
			return len(db.commits.queue), db.commits.closed
		}
		for n, _ := queued(); n < 10; n, _ = queued() {
			runtime.Gosched()
		}
		wg.Go(func() { closeDB(t, db) })
		for _, closed := queued(); !closed; _, closed = queued() {
			runtime.Gosched()
		}
		if err := db.Update(t.Context(), func(kv.Txn) error { return nil }); !errors.Is(err, kv.ErrClosed) {
			t.Errorf("an update after Close: %v, want %v", err, kv.ErrClosed)
		}
		return txn.Put([]byte("a"), nil)
	})
	if err != nil {
		t.Errorf("Update: %v", err)
	}
	wg.Wait()
	if got, want := content(t, openAt(t, o)), "0= 1= 2= 3= 4= 5= 6= 7= 8= 9= a="; got != want {
		t.Errorf("after all: %q, want %q", got, want)
	}
}

func TestTablesWithoutManifestAreDamage(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), func(txn kv.Txn) error { return txn.Put([]byte("k"), []byte("v")) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "MANIFEST")); err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{true, false} {
		if db, err := Open(t.Context(), Options{Dir: dir, ReadOnly: readOnly}); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("read-only %v: opened as an empty store: %v", readOnly, err)
			if db != nil {
				_ = db.Close()
			}
		}
	}
}
