package badgerkv

import (
	"context"
	"errors"
	"time"
)

// errHeld is a lock that someone else has.
var errHeld = errors.New("held")

// acquire locks the folder of a store that is there, exclusively or, to read,
// together with other readers, and waits for others as o says. What it returns
// for reading can be read: it was closed cleanly, or is recovered.
func acquire(ctx context.Context, o Options) (*dirLock, error) {
	deadline := time.Now().Add(o.LockTimeout)
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		lock, err := tryAcquire(o)
		if !errors.Is(err, errHeld) {
			return lock, err
		}
		left := time.Until(deadline)
		if left <= 0 {
			return nil, &HeldError{Dir: o.Dir, PID: holder(o.Dir)}
		}
		timer := time.NewTimer(min(pause, left))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

func tryAcquire(o Options) (*dirLock, error) {
	if !o.ReadOnly {
		return lockDir(o.Dir, true)
	}
	lock, err := lockDir(o.Dir, false)
	if err != nil {
		return nil, err
	}
	crashed, err := hasCrashed(o.Dir)
	if err == nil && !crashed {
		return lock, nil
	}
	if err := errors.Join(err, lock.release()); err != nil {
		return nil, err
	}
	lock, err = lockDir(o.Dir, true)
	if err != nil {
		return nil, err
	}
	// Another one may have recovered it meanwhile.
	crashed, err = hasCrashed(o.Dir)
	if err == nil && crashed {
		err = recoverStore(o)
	}
	if err == nil {
		err = lock.share()
	}
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	return lock, nil
}
