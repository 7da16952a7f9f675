//go:build unix

package badgerkv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ownLock says that Badger need not lock the folder. It would take the same
// lock, but it does not say that this is what failed, and lets go of it between
// recovering a store and reading it.
const ownLock = true

// pidFile names the process that holds the folder exclusively.
const pidFile = "LOCK"

// dirLock is a lock on a folder. The system releases it when the process ends,
// however it ends.
type dirLock struct {
	dir       *os.File
	exclusive bool
}

// lockDir locks a folder, or returns errHeld.
func lockDir(dir string, exclusive bool) (*dirLock, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	l := &dirLock{dir: f, exclusive: exclusive}
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	err = l.flock(how)
	if err == nil && exclusive {
		err = os.WriteFile(filepath.Join(dir, pidFile), fmt.Appendln(nil, os.Getpid()), 0o600)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

func (l *dirLock) flock(how int) error {
	for {
		err := syscall.Flock(int(l.dir.Fd()), how|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errHeld
		case err != nil:
			return &os.PathError{Op: "lock", Path: l.dir.Name(), Err: err}
		}
		return nil
	}
}

// share makes an exclusive lock one for readers.
func (l *dirLock) share() error {
	if err := os.Remove(filepath.Join(l.dir.Name(), pidFile)); err != nil {
		return err
	}
	l.exclusive = false
	return l.flock(syscall.LOCK_SH)
}

func (l *dirLock) release() error {
	var err error
	if l.exclusive {
		err = os.Remove(filepath.Join(l.dir.Name(), pidFile))
	}
	return errors.Join(err, l.dir.Close())
}

// holder returns the process that holds dir exclusively, or 0 if it is not
// known. A process that was killed leaves its number behind.
func holder(dir string) int {
	data, err := os.ReadFile(filepath.Join(dir, pidFile))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid <= 0 {
		return 0
	}
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return 0
	}
	return pid
}
