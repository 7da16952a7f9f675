package state_test

import (
	"sync"
	"testing"
	"time"

	"accord/kv"
	"accord/state"
	"accord/state/statetest"
)

// clock is a clock that stands still unless it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestMem(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Fixture {
		c := newClock()
		return statetest.Fixture{Store: state.NewKV(kv.NewMem(), state.Options{Now: c.Now}), Advance: c.Advance}
	})
}
