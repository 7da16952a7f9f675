package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"accord/crm"
	"accord/kv"
	"accord/kv/badgerkv"
	"accord/schema"
	"accord/state"
)

// store is the embedded store of a workspace: the state and the embedded
// accounts, in one folder.
type store struct {
	db    kv.DB
	state *state.KV
	now   func() time.Time
}

// Close closes the store. An error says that what was written may not be safe.
func (s *store) Close() error { return s.db.Close() }

// openToRead opens the store as it is; one that was never written is empty, and
// nothing is created.
func (p *project) openToRead(ctx context.Context) (*store, error) { return p.open(ctx, true) }

// openToWrite opens the store, and creates it where there is none.
func (p *project) openToWrite(ctx context.Context) (*store, error) { return p.open(ctx, false) }

func (p *project) open(ctx context.Context, readOnly bool) (*store, error) {
	o, err := p.storeOptions()
	if err != nil {
		return nil, err
	}
	o.ReadOnly = readOnly
	if !readOnly {
		if err := p.keepToOwner(filepath.Dir(o.Dir)); err != nil {
			return nil, err
		}
	}
	db, err := badgerkv.Open(ctx, o)
	var damaged *badgerkv.DamagedError
	switch {
	case errors.As(err, &damaged):
		o.Logger.Debug("the store is damaged", "dir", damaged.Dir, "why", damaged.Err)
		return nil, damage(damaged)
	case errors.Is(err, syscall.ENOTDIR):
		return nil, fmt.Errorf("the state needs the folder %s, and a file is in its place: move the file away, or name another folder with spec.state.badger.path in accord.yaml", o.Dir)
	case readOnly && errors.Is(err, fs.ErrNotExist):
		return p.newStore(kv.NewMem()), nil
	case errors.Is(err, badgerkv.ErrWrongKey):
		return nil, wrongKey(o.Dir, err)
	case err != nil:
		return nil, err
	}
	return p.newStore(db), nil
}

// keepToOwner takes the folder of the workspaces from everybody but its owner,
// where it is accord's alone: one that is named in accord.yaml may be anything.
// Each workspace is in a folder that others cannot read in any case.
func (p *project) keepToOwner(dir string) error {
	if dir != filepath.Join(p.dir, schema.DefaultStatePath) {
		return nil
	}
	info, err := os.Stat(dir)
	if err == nil && info.IsDir() && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(dir, 0o700)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil // it is created with the store, or another's
	}
	return err
}

// damage says what is left to do about a store that cannot be read.
func damage(d *badgerkv.DamagedError) error {
	what := ""
	if d.File != "" {
		what = ": " + filepath.Join(d.Dir, d.File) + " is not what was written"
	}
	return fmt.Errorf("the state in %s is damaged%s.\n"+
		"Put a copy of the folder back. Without one: move the folder away, and bring back what 'accord state pull' has saved with 'accord state push FILE'; the records of embedded accounts are not in it", d.Dir, what)
}

// storeOptions say where the store of the workspace is, and with which key it is
// to be opened.
func (p *project) storeOptions() (badgerkv.Options, error) {
	o := badgerkv.Options{LockTimeout: p.lockTimeout}
	declared := schema.BadgerState{}
	if s := p.graph.ProjectSpec().State; s != nil && s.Badger != nil {
		declared = *s.Badger
	}
	var err error
	if o.Dir, err = p.stateDir(declared); err != nil {
		return o, err
	}
	if o.EncryptionKey, err = p.encryptionKey(declared); err != nil {
		return o, err
	}
	o.Logger, err = p.log()
	return o, err
}

// wrongKey says how the encryption that accord.yaml asks for is not that of the
// store.
func wrongKey(dir string, err error) error {
	const field = "spec.state.badger.encryptionKey in accord.yaml"
	switch {
	case errors.Is(err, badgerkv.ErrNotEncrypted):
		err = errors.New("it is not encrypted, and " + field + " names a key: encrypt it with accord state rekey --from-none, or take the key out")
	case errors.Is(err, badgerkv.ErrEncrypted):
		err = errors.New("it is encrypted, and there is no " + field + ": put it back, or decrypt the state with accord state rekey --from-env NAME or --from-file FILE")
	default:
		err = errors.New("wrong encryption key: " + field + " does not name the one it is encrypted with; to change the key, use accord state rekey --from-env NAME or --from-file FILE")
	}
	return fmt.Errorf("open the state in %s: %w", dir, err)
}

func (e *env) newStore(db kv.DB) *store {
	return &store{db: db, state: state.NewKV(db, state.Options{Now: e.now}), now: e.now}
}

// stateDir is the folder of the workspace's store.
func (p *project) stateDir(b schema.BadgerState) (string, error) {
	if w := p.workspace; w == "" || w != filepath.Base(w) || strings.HasPrefix(w, ".") {
		return "", fmt.Errorf("--workspace %q is not a name: use letters, digits and dashes", w)
	}
	path := b.Path
	if path == "" {
		path = schema.DefaultStatePath
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.dir, path)
	}
	return filepath.Join(path, p.workspace), nil
}

// encryptionKey reads the key of the encryption at rest, in hexadecimal or
// base64. Errors do not repeat it.
func (p *project) encryptionKey(b schema.BadgerState) ([]byte, error) {
	if b.EncryptionKey == nil {
		return nil, nil
	}
	text, from, err := p.secret(*b.EncryptionKey)
	if err != nil {
		return nil, fmt.Errorf("the encryption key of the state: %w", err)
	}
	for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString} {
		if key, err := decode(text); err == nil && (len(key) == 16 || len(key) == 24 || len(key) == 32) {
			return key, nil
		}
	}
	return nil, fmt.Errorf("the encryption key of the state (%s) is not 16, 24 or 32 bytes in hexadecimal or base64", from)
}

// secret reads a secret from where it is found, and says where that is.
func (p *project) secret(s schema.Secret) (value, from string, err error) {
	if s.Env != "" {
		if value = strings.TrimSpace(p.getenv(s.Env)); value == "" {
			return "", "", fmt.Errorf("the environment variable %s is not set", s.Env)
		}
		return value, "environment variable " + s.Env, nil
	}
	path := s.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.dir, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", "", err
	}
	return strings.TrimSpace(string(data)), "file " + s.File, nil
}

// locked takes the state's lock for an operation and calls fn under it. Its
// context ends when the lock is lost.
func (s *store) locked(ctx context.Context, e *env, operation string, fn func(ctx context.Context, l state.Lease) error) (err error) {
	if err := s.breakLeftLock(ctx, e); err != nil {
		return err
	}
	held, lease, release, err := state.Hold(ctx, s.state, e.who(operation), lockTTL, e.lockTimeout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	return fn(held, lease)
}

// lockTTL is how long the lock lasts without being renewed.
const lockTTL = 30 * time.Second

// breakLeftLock takes away a lock that a killed process has left. The embedded
// store is open in one process at a time, and that is this one: whoever holds
// its lock is gone.
func (s *store) breakLeftLock(ctx context.Context, e *env) error {
	left, err := s.state.LockInfo(ctx)
	if err != nil || left == nil {
		return err
	}
	log, err := e.log()
	if err != nil {
		return err
	}
	log.Warn("the last command was cut off; what it had finished is kept",
		"operation", left.Operation, "by", left.Holder, "host", left.Host, "since", left.Since)
	return s.state.Unlock(ctx, left.ID)
}

// who is this process, for the lock and the history.
func (e *env) who(operation string) state.Lock {
	host, _ := os.Hostname()
	holder := firstSet(e.getenv("ACCORD_ACTOR"), e.getenv("GITHUB_ACTOR"), e.getenv("GITLAB_USER_LOGIN"), e.getenv("USER"), e.getenv("LOGNAME"), "unknown")
	return state.Lock{Holder: holder, Host: host, PID: os.Getpid(), Operation: operation}
}

func firstSet(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// opener opens accounts by their declared names, for apply.
func opener(accounts map[string]crm.Account) func(context.Context, string) (crm.Account, error) {
	return func(_ context.Context, name string) (crm.Account, error) {
		if a := accounts[name]; a != nil {
			return a, nil
		}
		return nil, fmt.Errorf("there is no account %s", name)
	}
}
