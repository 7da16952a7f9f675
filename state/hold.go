package state

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// The pauses between two attempts to take a lock that another holds.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

// Hold takes the lock for ttl at a time, waiting up to wait for another holder,
// and renews it until release is called. Where it is not to be had in time, the
// error is a *LockedError.
//
// The context that it returns is ctx until the lock is lost, because it was
// unlocked or could not be renewed for ttl: then it is canceled and its cause is
// an ErrLeaseLost. What needs the lock is done under it. When ctx is done the
// lock is held on, so that what has begun can be finished and written.
//
// Release cancels the context and gives the lock back, also when ctx is done.
// Later calls return the same. An error says that the lock could not be given
// back, and others have to wait until it has run out.
func Hold(ctx context.Context, s Store, who Lock, ttl, wait time.Duration) (held context.Context, l Lease, release func() error, err error) {
	l, until, err := wantLock(ctx, s, who, ttl, wait)
	if err != nil {
		return nil, Lease{}, nil, err
	}
	held, lose := context.WithCancelCause(ctx)
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		// By the clock, because a renewal may hang in a disk that hangs.
		expiry := time.AfterFunc(time.Until(until), func() {
			lose(fmt.Errorf("%w: it could not be renewed for %v", ErrLeaseLost, ttl))
		})
		defer expiry.Stop()
		lose(renew(renewing, s, l, ttl, until, expiry))
	}()
	release = sync.OnceValue(func() error {
		stop()
		<-done
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ttl)
		defer cancel()
		return s.Release(ctx, l)
	})
	return held, l, release, nil
}

// wantLock asks for the lock until it is there or wait is over. The lock lasts
// at least until the time it returns.
func wantLock(ctx context.Context, s Store, who Lock, ttl, wait time.Duration) (Lease, time.Time, error) {
	deadline := time.Now().Add(wait)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		until := time.Now().Add(ttl)
		l, err := s.Lock(ctx, who, ttl)
		left := time.Until(deadline)
		if locked := (*LockedError)(nil); !errors.As(err, &locked) || left <= 0 {
			return l, until, err
		}
		if err := sleep(ctx, min(pause, left)); err != nil {
			return Lease{}, time.Time{}, err
		}
	}
}

// renew renews l every third of ttl and puts expiry off, until ctx is done, or
// the lock is lost and the error says why. A renewal that fails for another
// reason is tried again, more often, for as long as the lock lasts.
func renew(ctx context.Context, s Store, l Lease, ttl time.Duration, until time.Time, expiry *time.Timer) error {
	pause := ttl / 3
	for {
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		next := time.Now().Add(ttl)
		attempt, cancel := context.WithDeadline(ctx, until)
		err := s.Renew(attempt, l, ttl)
		cancel()
		switch {
		case err == nil:
			until, pause = next, ttl/3
			expiry.Reset(time.Until(until))
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrLeaseLost):
			return err
		case time.Until(until) <= 0:
			return fmt.Errorf("%w: it could not be renewed for %v: %w", ErrLeaseLost, ttl, err)
		default:
			pause = min(ttl/12, time.Until(until))
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
