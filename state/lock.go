package state

import (
	"context"
	"fmt"
	"time"

	"accord/kv"
)

// lockRow is the lock. The row stays when nobody holds it, so that the fence
// never comes back to a number that it had.
type lockRow struct {
	Fence   uint64    `json:"fence"` // of the last lock there was
	Lock    *Lock     `json:"lock,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

// holder is who holds the lock at the time, or nil.
func (r *lockRow) holder(now time.Time) *Lock {
	if r.Lock == nil || !now.Before(r.Expires) {
		return nil
	}
	return r.Lock
}

// lock reads the lock.
func (s *KV) lock(t kv.Reader) (row lockRow, err error) {
	_, err = s.get(t, "lock", &row)
	return row, err
}

// held reads the lock and says ErrLeaseLost unless l is the lease of it.
func (s *KV) held(t kv.Reader, l Lease) (lockRow, error) {
	row, err := s.lock(t)
	if err != nil {
		return lockRow{}, err
	}
	switch by := row.holder(s.time()); {
	case by != nil && by.ID == l.ID && row.Fence == l.Fence:
		return row, nil
	case by != nil:
		return lockRow{}, fmt.Errorf("%w: %s on %s has it now, for %s", ErrLeaseLost, by.Holder, by.Host, by.Operation)
	case row.Lock != nil && row.Lock.ID == l.ID:
		return lockRow{}, fmt.Errorf("%w: it ran out at %s", ErrLeaseLost, row.Expires.Format(time.RFC3339))
	}
	return lockRow{}, fmt.Errorf("%w: it was unlocked", ErrLeaseLost)
}

// LockInfo implements Reader.
func (s *KV) LockInfo(ctx context.Context) (by *Lock, err error) {
	err = s.view(ctx, func(t kv.Reader) error {
		row, err := s.lock(t)
		by = row.holder(s.time())
		return err
	})
	return by, err
}

// Lock implements Store.
func (s *KV) Lock(ctx context.Context, who Lock, ttl time.Duration) (Lease, error) {
	if err := checkTTL(ttl); err != nil {
		return Lease{}, err
	}
	id, err := s.token(8)
	if err != nil {
		return Lease{}, err
	}
	var l Lease
	var dirty bool
	err = s.update(ctx, func(t kv.Txn) error {
		h, err := s.head(t)
		if err != nil {
			return err
		}
		row, err := s.lock(t)
		if err != nil {
			return err
		}
		now := s.time()
		if by := row.holder(now); by != nil {
			return &LockedError{Lock: *by}
		}
		who.ID, who.Since, who.Heartbeat = id, now, now
		l, dirty = Lease{ID: id, Fence: row.Fence + 1}, h.Dirty
		return s.put(t, "lock", lockRow{Fence: l.Fence, Lock: &who, Expires: now.Add(ttl)})
	})
	if err != nil {
		return Lease{}, err
	}
	if dirty {
		// Rows that nobody reads. They can wait for the next lock, and whatever
		// keeps them from being swept the holder will hear of when writing.
		_ = s.sweep(ctx, l)
	}
	return l, nil
}

// Renew implements Store.
func (s *KV) Renew(ctx context.Context, l Lease, ttl time.Duration) error {
	if err := checkTTL(ttl); err != nil {
		return err
	}
	return s.update(ctx, func(t kv.Txn) error {
		row, err := s.held(t, l)
		if err != nil {
			return err
		}
		now := s.time()
		row.Lock.Heartbeat, row.Expires = now, now.Add(ttl)
		return s.put(t, "lock", row)
	})
}

// Release implements Store.
func (s *KV) Release(ctx context.Context, l Lease) error {
	return s.update(ctx, func(t kv.Txn) error {
		row, err := s.lock(t)
		if err != nil || row.Lock == nil || row.Lock.ID != l.ID || row.Fence != l.Fence {
			return err
		}
		return s.put(t, "lock", lockRow{Fence: row.Fence})
	})
}

// Unlock implements Store.
func (s *KV) Unlock(ctx context.Context, id string) error {
	return s.update(ctx, func(t kv.Txn) error {
		row, err := s.lock(t)
		if err != nil {
			return err
		}
		if by := row.holder(s.time()); by == nil || by.ID != id {
			return fmt.Errorf("lock %s is %w", id, ErrNotFound)
		}
		return s.put(t, "lock", lockRow{Fence: row.Fence})
	})
}

func checkTTL(ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("a lock cannot be held for %v", ttl)
	}
	return nil
}
