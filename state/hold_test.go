package state_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"accord/kv"
	"accord/state"
)

var jo = state.Lock{Holder: "jo@example.com", Host: "build-7", Operation: "apply"}

// sick is a store whose renewals fail as told.
type sick struct {
	state.Store
	renewals atomic.Int32
	renew    func(ctx context.Context, n int) error // nil: as the store does
}

func (s *sick) Renew(ctx context.Context, l state.Lease, ttl time.Duration) error {
	n := int(s.renewals.Add(1))
	if s.renew != nil {
		if err := s.renew(ctx, n); err != nil {
			return err
		}
	}
	return s.Store.Renew(ctx, l, ttl)
}

func TestHoldRenews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sick{Store: state.NewKV(kv.NewMem(), state.Options{})}
		held, l, release, err := state.Hold(t.Context(), s, jo, time.Minute, 0)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour + time.Second)
		if n := s.renewals.Load(); n != 180 {
			t.Errorf("in an hour it was renewed %d times, want three times a minute", n)
		}
		if _, err := s.Write(held, l, 0, &state.Write{}); err != nil {
			t.Errorf("Write after an hour: %v", err)
		}
		for range 2 {
			if err := release(); err != nil {
				t.Error(err)
			}
		}
		if by, err := s.LockInfo(t.Context()); err != nil || by != nil {
			t.Errorf("after release: locked by %v, %v", by, err)
		}
		if err := context.Cause(held); !errors.Is(err, context.Canceled) || errors.Is(err, state.ErrLeaseLost) {
			t.Errorf("after release the cause is %v, want context.Canceled", err)
		}
	})
}

func TestHoldWaits(t *testing.T) {
	tests := []struct {
		name              string
		freeAfter, wait   time.Duration
		within            time.Duration // 0: not to be had
		cancelAfter, took time.Duration
	}{
		{name: "free", within: time.Nanosecond},
		{name: "no waiting", freeAfter: time.Second, took: 0},
		{name: "free in time", freeAfter: 3 * time.Second, wait: 10 * time.Second, within: 4 * time.Second},
		{name: "free at the last moment", freeAfter: 10*time.Second - 1, wait: 10 * time.Second, within: 10*time.Second + 1},
		{name: "free too late", freeAfter: 11 * time.Second, wait: 10 * time.Second, took: 10 * time.Second},
		{name: "runs out", freeAfter: time.Hour, wait: 2 * time.Minute, within: time.Minute + time.Second},
		{name: "canceled", freeAfter: time.Hour, wait: time.Hour, cancelAfter: 5 * time.Second, took: 5 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := state.NewKV(kv.NewMem(), state.Options{})
				if test.freeAfter > 0 {
					other := must(s.Lock(ctx, state.Lock{Holder: "sam"}, time.Minute))
					time.AfterFunc(test.freeAfter, func() {
						if err := s.Release(ctx, other); err != nil {
							t.Error(err)
						}
					})
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.cancelAfter > 0 {
					time.AfterFunc(test.cancelAfter, cancel)
				}
				began := time.Now()
				_, _, release, err := state.Hold(ctx, s, jo, time.Minute, test.wait)
				took := time.Since(began)
				var locked *state.LockedError
				switch {
				case test.within > 0 && (err != nil || took >= test.within):
					t.Fatalf("got %v after %v, want the lock within %v", err, took, test.within)
				case test.within > 0:
					if err := release(); err != nil {
						t.Error(err)
					}
				case test.cancelAfter > 0 && !errors.Is(err, context.Canceled):
					t.Errorf("got %v, want context.Canceled", err)
				case test.cancelAfter == 0 && (!errors.As(err, &locked) || locked.Lock.Holder != "sam"):
					t.Errorf("got %v, want a LockedError of sam's", err)
				case took != test.took:
					t.Errorf("it took %v, want %v", took, test.took)
				}
			})
		})
	}
}

func TestHoldLoses(t *testing.T) {
	broken := errors.New("the line is cut")
	tests := []struct {
		name  string
		renew func(ctx context.Context, n int) error
		lost  time.Duration // 0: never
		cause error
	}{
		{"never", nil, 0, nil},
		{"one renewal fails", func(_ context.Context, n int) error {
			if n == 2 {
				return broken
			}
			return nil
		}, 0, nil},
		{"all fail", func(context.Context, int) error { return broken }, time.Minute, nil},
		{"all fail after the third", func(_ context.Context, n int) error {
			if n > 3 {
				return broken
			}
			return nil
		}, 2 * time.Minute, nil},
		{"one hangs until its context ends", func(ctx context.Context, n int) error { <-ctx.Done(); return ctx.Err() }, time.Minute, nil},
		{"one hangs for good", func(ctx context.Context, n int) error { time.Sleep(time.Hour); return nil }, time.Minute, nil},
		{"taken away", func(context.Context, int) error { return state.ErrLeaseLost }, 20 * time.Second, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sick{Store: state.NewKV(kv.NewMem(), state.Options{}), renew: test.renew}
				held, _, release, err := state.Hold(t.Context(), s, jo, time.Minute, 0)
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				select {
				case <-held.Done():
					if took := time.Since(began); took != test.lost || !errors.Is(context.Cause(held), state.ErrLeaseLost) {
						t.Errorf("lost after %v because of %v, want ErrLeaseLost after %v", took, context.Cause(held), test.lost)
					}
				case <-time.After(10 * time.Minute):
					if test.lost != 0 {
						t.Errorf("not lost, want it after %v", test.lost)
					}
				}
				if err := release(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestHoldAfterCancel holds the lock on when the caller is interrupted, so that
// what has begun can still be written.
func TestHoldAfterCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := state.NewKV(kv.NewMem(), state.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		held, l, release, err := state.Hold(ctx, s, jo, time.Minute, 0)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		<-held.Done()
		time.Sleep(10 * time.Minute)
		if _, err := s.Write(context.WithoutCancel(held), l, 0, &state.Write{}); err != nil {
			t.Errorf("Write after the interrupt: %v", err)
		}
		if err := release(); err != nil {
			t.Error(err)
		}
		if by, err := s.LockInfo(t.Context()); err != nil || by != nil {
			t.Errorf("after release: locked by %v, %v", by, err)
		}
	})
}

func TestHoldUnlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := state.NewKV(kv.NewMem(), state.Options{})
		held, l, release, err := state.Hold(t.Context(), s, jo, time.Minute, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Unlock(t.Context(), l.ID); err != nil {
			t.Fatal(err)
		}
		other := must(s.Lock(t.Context(), state.Lock{Holder: "sam"}, time.Hour))
		<-held.Done()
		if !errors.Is(context.Cause(held), state.ErrLeaseLost) {
			t.Errorf("the cause is %v, want ErrLeaseLost", context.Cause(held))
		}
		if err := release(); err != nil {
			t.Error(err)
		}
		if _, err := s.Write(t.Context(), other, 0, &state.Write{}); err != nil {
			t.Errorf("release took the lock of another: %v", err)
		}
	})
}
