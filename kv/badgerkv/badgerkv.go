// Package badgerkv is accord/kv in a folder, on Badger: one process at a time,
// every acknowledged update synced to disk, optionally encrypted.
//
// Badger syncs every transaction for itself. Here one goroutine folds the
// updates that wait into one Badger transaction, which is what makes many small
// updates fast: see commit.go. No other package may import Badger.
//
// Badger keeps deleted keys and old values until compaction comes to them, and a
// range passes over all of them. Where keys are deleted at the front, as in a
// queue, remember the front and begin there.
//
// The package knows nothing of what is stored, and starts nothing that outlives
// Close.
package badgerkv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"accord/kv"
)

// ErrWrongKey says that the store is encrypted with another key than the one
// given, or that one of the two has a key and the other has none: which of them,
// ErrEncrypted and ErrNotEncrypted say, which are this error too.
var (
	ErrWrongKey     = errors.New("wrong encryption key")
	ErrEncrypted    = fmt.Errorf("%w: the store is encrypted, and none is given", ErrWrongKey)
	ErrNotEncrypted = fmt.Errorf("%w: the store is not encrypted, and one is given", ErrWrongKey)
)

// HeldError says that another process has the store open.
type HeldError struct {
	Dir string
	// PID is the process, or 0 if it is not known.
	PID int
}

func (e *HeldError) Error() string {
	if e.PID != 0 {
		return fmt.Sprintf("store %s is held by process %d", e.Dir, e.PID)
	}
	return fmt.Sprintf("store %s is held by another process", e.Dir)
}

// Options say which store to open and how. The zero value has no folder and is
// not usable.
type Options struct {
	// Dir is the folder, which is the store's alone. It is created with mode
	// 0700 if it is not there, and it and its files are kept from others.
	Dir string

	// ReadOnly opens the store for reading, beside others who do the same. It
	// creates nothing: a store that is not there is fs.ErrNotExist. A store whose
	// last process has crashed is recovered first, which writes to the folder.
	ReadOnly bool

	// EncryptionKey encrypts the store, with AES in the size of the key: 16, 24
	// or 32 bytes. Without a key the store is not encrypted. A store keeps the
	// choice, and the key, with which it was created, until Rekey.
	EncryptionKey []byte

	// LockTimeout is how long Open waits for another process to let go of the
	// store, before it returns a *HeldError. 0 does not wait.
	LockTimeout time.Duration

	// Logger gets what Badger has to say, or nothing if it is nil.
	Logger *slog.Logger
}

// The sizes that bound memory and disk. A memtable of 16 MiB is what holds a
// group of two transactions of kv.MaxTxnBytes each, since Badger takes 15 % of
// it in one transaction.
const (
	memTableSize = 16 << 20

	// Tables of one size on all levels, and not compressed: Badger builds a dozen
	// of them at once, each in a buffer of at least its size, and keeps the
	// largest buffers. As they are, tables are read where they are mapped, and need
	// no cache on the heap.
	tableSize           = 4 << 20
	tableSizeMultiplier = 1

	// Encrypted tables are decrypted into caches.
	blockCache = 8 << 20
	indexCache = 8 << 20

	// spaceReserve is the room on disk below which updates are refused. Badger
	// writes into mapped files, where a full disk is a fault that kills the
	// process instead of an error. The reserve is for what is written without
	// being asked, which is flushing memtables and compaction.
	spaceReserve = 4 * memTableSize

	// A command that opens, writes and closes leaves a table on level 0 without
	// giving Badger the second it takes to think of compaction. Having found as
	// many as this, a store compacts them when it closes.
	levelZeroTables = 8
)

// DB is an open store.
type DB struct {
	dir     string
	badger  *badger.DB
	lock    *dirLock
	commits *committer // nil if the store is read-only
	free    func(dir string) (uint64, error)

	views     sync.WaitGroup
	closeOnce sync.Once

	mu     sync.Mutex // guards what follows, and views.Add against views.Wait
	closed bool
	broken error
}

var _ kv.DB = (*DB)(nil)

// Open opens a store, and creates it unless o.ReadOnly. It returns *HeldError,
// *DamagedError, ErrWrongKey, kv.ErrNoSpace, fs.ErrNotExist, ctx's error, or what the disk or
// Badger say. The caller must call Close.
func Open(ctx context.Context, o Options) (*DB, error) {
	db, err := open(ctx, o)
	if err != nil {
		var held *HeldError
		var damaged *DamagedError
		if errors.As(err, &held) || errors.As(err, &damaged) {
			return nil, err // says which store
		}
		return nil, fmt.Errorf("open store %s: %w", o.Dir, err)
	}
	return db, nil
}

func open(ctx context.Context, o Options) (*DB, error) {
	if o.Dir == "" {
		return nil, errors.New("no folder given")
	}
	switch len(o.EncryptionKey) {
	case 0, 16, 24, 32:
	default:
		return nil, fmt.Errorf("an encryption key has 16, 24 or 32 bytes, not %d", len(o.EncryptionKey))
	}
	if err := whole(o.Dir); err != nil {
		return nil, err
	}
	if o.ReadOnly {
		if err := exists(o.Dir); err != nil {
			return nil, err
		}
	} else if err := create(o.Dir); err != nil {
		return nil, err
	}
	lock, err := acquire(ctx, o)
	if err != nil {
		return nil, err
	}
	if !o.ReadOnly {
		if err := (swap{dir: o.Dir}).finish(); err != nil {
			return nil, errors.Join(err, lock.release())
		}
	}
	bdb, err := openBadger(o)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	db := &DB{dir: o.Dir, badger: bdb, lock: lock, free: freeSpace}
	if o.ReadOnly {
		return db, nil
	}
	// Badger does not sync the folder after it has created the log that the first
	// updates go to.
	if err := errors.Join(seal(o.Dir), syncDir(o.Dir)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.commits = newCommitter(db)
	return db, nil
}

// whole refuses a folder with tables and nothing that says which of them count:
// Badger would take it for an empty store, and begin another one in it.
func whole(dir string) error {
	if err := exists(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if slices.ContainsFunc(files, func(f fs.DirEntry) bool { return filepath.Ext(f.Name()) == ".sst" }) {
		return &DamagedError{dir, badger.ManifestFilename, errors.New("it has tables and does not say which of them count")}
	}
	return nil
}

// recoverStore brings a store back to what a clean close leaves: opened for
// reading, Badger cannot replay the log of a process that has crashed.
func recoverStore(o Options) error {
	o.ReadOnly = false
	if err := (swap{dir: o.Dir}).finish(); err != nil {
		return err
	}
	bdb, err := openBadger(o)
	if err != nil {
		return err
	}
	return errors.Join(bdb.Close(), seal(o.Dir))
}

func openBadger(o Options) (*badger.DB, error) {
	// Badger leaves goroutines behind when it finds out for itself.
	_, err := badger.OpenKeyRegistry(badger.KeyRegistryOptions{
		Dir: o.Dir, ReadOnly: true, EncryptionKey: o.EncryptionKey,
	})
	if errors.Is(err, badger.ErrEncryptionKeyMismatch) {
		return nil, wrongKey(o)
	}
	if err != nil {
		return nil, damage(o.Dir, err)
	}
	if !o.ReadOnly {
		if err := checkSpace(o.Dir, freeSpace); err != nil {
			return nil, err
		}
		if err := removeUnborn(o.Dir); err != nil {
			return nil, err
		}
	}
	bo := badger.DefaultOptions(o.Dir).
		WithReadOnly(o.ReadOnly).
		WithBypassLockGuard(ownLock).
		WithSyncWrites(true).
		WithDetectConflicts(false). // one goroutine writes
		WithNumVersionsToKeep(1).
		WithMetricsEnabled(false).
		WithMemTableSize(memTableSize).
		WithNumMemtables(2).
		WithNumCompactors(2).
		WithBaseTableSize(tableSize).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		// A transaction has no value that reaches the threshold. So the value log
		// stays empty, and there is no garbage to collect in it: compaction drops
		// what is old.
		WithValueThreshold(kv.MaxTxnBytes).
		WithValueLogFileSize(1 << 20).
		WithLogger(logger(o.Logger))
	bo.TableSizeMultiplier = tableSizeMultiplier
	if len(o.EncryptionKey) > 0 {
		bo = bo.WithEncryptionKey(o.EncryptionKey).WithBlockCacheSize(blockCache).WithIndexCacheSize(indexCache)
	}
	m, err := manifest(o.Dir, bo)
	if err != nil {
		return nil, damage(o.Dir, err)
	}
	if err := checkTables(o.Dir, m); err != nil {
		return nil, err
	}
	bo = bo.WithCompactL0OnClose(!o.ReadOnly && len(m.Levels) > 0 && len(m.Levels[0].Tables) >= levelZeroTables)
	bdb, err := badger.Open(bo)
	if err != nil {
		return nil, damage(o.Dir, err)
	}
	return bdb, nil
}

// wrongKey says in which way the key of o is not that of the store.
func wrongKey(o Options) error {
	if len(o.EncryptionKey) == 0 {
		return ErrEncrypted
	}
	if _, err := badger.OpenKeyRegistry(badger.KeyRegistryOptions{Dir: o.Dir, ReadOnly: true}); err == nil {
		return ErrNotEncrypted
	}
	return ErrWrongKey
}

// manifest returns which tables count, none for a store that is not there yet.
func manifest(dir string, bo badger.Options) (badger.Manifest, error) {
	f, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if errors.Is(err, fs.ErrNotExist) {
		return badger.Manifest{}, nil
	}
	if err != nil {
		return badger.Manifest{}, err
	}
	defer f.Close()
	m, _, err := badger.ReplayManifestFile(f, bo.ExternalMagicVersion, bo)
	if err != nil {
		return badger.Manifest{}, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return m, nil
}

// View implements kv.DB.
func (db *DB) View(ctx context.Context, fn func(kv.Reader) error) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.views.Done()
	if err := ctx.Err(); err != nil {
		return err
	}
	stored := db.badger.NewTransaction(false)
	defer stored.Discard()
	r := &reader{ctx: ctx, stored: stored}
	defer r.end()
	return fn(r)
}

// enter lets a view in that Close will wait for.
func (db *DB) enter() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	switch {
	case db.closed:
		return kv.ErrClosed
	case db.broken != nil:
		return db.broken
	}
	db.views.Add(1)
	return nil
}

// fail makes the store refuse everything from now on: after a commit that Badger
// did not finish, its memory may show a part of it.
func (db *DB) fail(cause error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.broken == nil {
		db.broken = fmt.Errorf("%w: %w", kv.ErrBroken, cause)
	}
	return db.broken
}

// state returns why updates are not possible, if they are not.
func (db *DB) state() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return kv.ErrClosed
	}
	return db.broken
}

// Verify reads all that is stored in tables and compares it with its checksums.
// Reading in the ordinary way does not, and may pass over entries in a block that
// the disk has damaged.
func (db *DB) Verify() (err error) {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.views.Done()
	// A block that cannot even be decompressed makes Badger panic over the message
	// of its error.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a block of store %s cannot be read: %v", db.dir, p)
		}
	}()
	return db.badger.VerifyChecksum()
}

// Close implements kv.DB. It finishes the updates that wait, and waits for views.
func (db *DB) Close() error {
	var err error
	db.closeOnce.Do(func() {
		if db.commits != nil {
			db.commits.close()
		}
		db.mu.Lock()
		db.closed = true
		db.mu.Unlock()
		db.views.Wait()
		err = db.badger.Close()
		if db.commits != nil {
			err = errors.Join(err, seal(db.dir))
		}
		err = errors.Join(err, db.lock.release())
	})
	if err != nil {
		return fmt.Errorf("close store %s: %w", db.dir, err)
	}
	return nil
}
