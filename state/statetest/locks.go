package statetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"accord/schema"
	"accord/state"
)

func testLock(t *testing.T, f Fixture) {
	first := lock(t, f.Store)
	by, err := f.Store.LockInfo(ctx(t))
	if err != nil || by == nil {
		t.Fatalf("LockInfo: got %v, %v", by, err)
	}
	want := who
	want.ID, want.Since, want.Heartbeat = by.ID, by.Since, by.Since
	if *by != want || by.ID != first.lease.ID || by.ID == "" || by.Since.IsZero() {
		t.Errorf("LockInfo: got %+v, want %+v with the id %s and a time", *by, want, first.lease.ID)
	}

	var locked *state.LockedError
	_, err = f.Store.Lock(ctx(t), state.Lock{Holder: "sam@example.com"}, ttl)
	if !errors.As(err, &locked) || locked.Lock != *by {
		t.Fatalf("second lock: got %v, want a LockedError of %+v", err, *by)
	}
	for _, part := range []string{who.Holder, who.Host, who.Operation, by.ID} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	first.write(&state.Write{})

	for _, ttl := range []time.Duration{0, -time.Second} {
		if _, err := f.Store.Lock(ctx(t), who, ttl); err == nil || errors.As(err, &locked) {
			t.Errorf("lock for %v: got %v, want another error", ttl, err)
		}
		if err := f.Store.Renew(ctx(t), first.lease, ttl); err == nil {
			t.Errorf("renewal for %v: got no error", ttl)
		}
	}
}

// lost is what a lease that was lost cannot do.
func lost(t *testing.T, s *session) {
	t.Helper()
	if _, err := s.store.Write(ctx(t), s.lease, s.head.Serial, &state.Write{}); !errors.Is(err, state.ErrLeaseLost) {
		t.Errorf("Write: got %v, want ErrLeaseLost", err)
	}
	if _, err := s.store.Push(ctx(t), s.lease, &state.Snapshot{Meta: s.head}); !errors.Is(err, state.ErrLeaseLost) {
		t.Errorf("Push: got %v, want ErrLeaseLost", err)
	}
	if err := s.store.Renew(ctx(t), s.lease, ttl); !errors.Is(err, state.ErrLeaseLost) {
		t.Errorf("Renew: got %v, want ErrLeaseLost", err)
	}
	if err := s.store.Release(ctx(t), s.lease); err != nil {
		t.Errorf("Release: got %v, want no error", err)
	}
}

func testLockRunsOut(t *testing.T, f Fixture) {
	first := lock(t, f.Store)
	f.Advance(ttl - time.Minute)
	first.write(&state.Write{Put: []state.Record{Record("a", "first")}})
	f.Advance(2 * time.Minute)
	if by, err := f.Store.LockInfo(ctx(t)); err != nil || by != nil {
		t.Errorf("LockInfo of a lock that has run out: got %v, %v, want none", by, err)
	}
	if err := f.Store.Unlock(ctx(t), first.lease.ID); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("Unlock of a lock that has run out: got %v, want ErrNotFound", err)
	}
	lost(t, first)

	second := lock(t, f.Store)
	lost(t, first)
	second.write(&state.Write{Put: []state.Record{Record("a", "second")}})
	lost(t, first)
	// A forged lease has the id or the fence, and not both.
	lost(t, &session{t, f.Store, state.Lease{ID: second.lease.ID, Fence: first.lease.Fence}, second.head})
	lost(t, &session{t, f.Store, state.Lease{ID: first.lease.ID, Fence: second.lease.Fence}, second.head})
	lost(t, &session{t, f.Store, state.Lease{}, second.head})
	second.write(&state.Write{})
}

func testRenew(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	before, err := f.Store.LockInfo(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		f.Advance(ttl - time.Minute)
		if err := f.Store.Renew(ctx(t), s.lease, ttl); err != nil {
			t.Fatalf("Renew: %v", err)
		}
	}
	after, err := f.Store.LockInfo(ctx(t))
	if err != nil || after == nil {
		t.Fatalf("LockInfo: got %v, %v", after, err)
	}
	if !after.Since.Equal(before.Since) || after.Heartbeat.Sub(before.Heartbeat) < 5*(ttl-time.Minute) {
		t.Errorf("after %v: since %v, was %v; heartbeat %v", 5*(ttl-time.Minute), after.Since, before.Since, after.Heartbeat)
	}
	// A renewal may be shorter than the lock was.
	if err := f.Store.Renew(ctx(t), s.lease, time.Minute); err != nil {
		t.Fatal(err)
	}
	f.Advance(2 * time.Minute)
	lost(t, s)
}

func testRelease(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	for range 2 {
		if err := f.Store.Release(ctx(t), s.lease); err != nil {
			t.Fatalf("Release: %v", err)
		}
	}
	if by, err := f.Store.LockInfo(ctx(t)); err != nil || by != nil {
		t.Errorf("LockInfo: got %v, %v, want none", by, err)
	}
	lost(t, s)
	next := lock(t, f.Store)
	if err := f.Store.Release(ctx(t), s.lease); err != nil {
		t.Errorf("Release of a lease that is lost: %v", err)
	}
	next.write(&state.Write{})
}

func testUnlock(t *testing.T, f Fixture) {
	if err := f.Store.Unlock(ctx(t), "nobody"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("Unlock without a lock: got %v, want ErrNotFound", err)
	}
	s := lock(t, f.Store)
	if err := f.Store.Unlock(ctx(t), "other"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("Unlock of another: got %v, want ErrNotFound", err)
	}
	s.write(&state.Write{})
	if err := f.Store.Unlock(ctx(t), s.lease.ID); err != nil {
		t.Fatalf("Unlock: %v", err)
	}
	lost(t, s)
	next := lock(t, f.Store)
	lost(t, s)
	if err := f.Store.Unlock(ctx(t), s.lease.ID); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("Unlock of a lock that is gone: got %v, want ErrNotFound", err)
	}
	next.write(&state.Write{})
}

func testFence(t *testing.T, f Fixture) {
	var last uint64
	ids := map[string]bool{}
	for _, end := range []func(state.Lease) error{
		func(l state.Lease) error { return f.Store.Release(ctx(t), l) },
		func(l state.Lease) error { return f.Store.Unlock(ctx(t), l.ID) },
		func(state.Lease) error { f.Advance(2 * ttl); return nil },
		func(l state.Lease) error {
			_, err := f.Store.Push(ctx(t), l, &state.Snapshot{})
			return errors.Join(err, f.Store.Release(ctx(t), l))
		},
		func(state.Lease) error { return nil },
	} {
		s := lock(t, f.Store)
		if s.lease.Fence <= last || ids[s.lease.ID] {
			t.Errorf("lock %s has fence %d, the one before had %d", s.lease.ID, s.lease.Fence, last)
		}
		last, ids[s.lease.ID] = s.lease.Fence, true
		if err := end(s.lease); err != nil {
			t.Fatal(err)
		}
	}
}

func testOneOfManyGetsTheLock(t *testing.T, f Fixture) {
	for round := range 5 {
		leases := make([]state.Lease, 8)
		errs := make([]error, len(leases))
		var all sync.WaitGroup
		for i := range leases {
			all.Go(func() { leases[i], errs[i] = f.Store.Lock(ctx(t), who, ttl) })
		}
		all.Wait()
		var winner state.Lease
		for i, err := range errs {
			var locked *state.LockedError
			switch {
			case err == nil && winner.ID != "":
				t.Fatalf("round %d: two got the lock", round)
			case err == nil:
				winner = leases[i]
			case !errors.As(err, &locked):
				t.Fatalf("round %d: got %v, want a LockedError", round, err)
			}
		}
		if winner.ID == "" {
			t.Fatalf("round %d: nobody got the lock", round)
		}
		if err := f.Store.Release(ctx(t), winner); err != nil {
			t.Fatal(err)
		}
	}
}

func testOnlyOneWriteOfASerial(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	errs := make([]error, 8)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			w := &state.Write{Put: []state.Record{Record(fmt.Sprint("r-", i), "")}}
			_, errs[i] = f.Store.Write(ctx(t), s.lease, 0, w)
		})
	}
	all.Wait()
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else if !errors.Is(err, state.ErrStale) {
			t.Errorf("got %v, want ErrStale", err)
		}
	}
	if snap := snapshot(t, f.Store); done != 1 || snap.Serial != 1 || len(snap.Records) != 1 {
		t.Errorf("%d writes of serial 0 passed: serial %d, %d records", done, snap.Serial, len(snap.Records))
	}
}

// testReadersSeeWholeStates has every write give all records one text and change
// their number, small ones, large ones and pushes in turn.
func testReadersSeeWholeStates(t *testing.T, f Fixture) {
	const few, many = 50, 4000
	s := lock(t, f.Store)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			var last uint64
			for {
				select {
				case <-stop:
					return
				default:
				}
				snap, err := f.Store.Snapshot(ctx(t))
				if err != nil {
					t.Errorf("Snapshot: %v", err)
					return
				}
				digests := map[string]int{}
				for _, r := range snap.Records {
					digests[string(r.Resource[strings.Index(string(r.Resource), `"label"`):])[:20]]++
				}
				if n := len(snap.Records); len(digests) > 1 || snap.Serial < last || n != 0 && n != few && n != many {
					t.Errorf("at serial %d after %d: %d records of the versions %v", snap.Serial, last, n, digests)
					return
				}
				last = snap.Serial
			}
		})
	}
	versions := func(n int, text string) []state.Record {
		out := make([]state.Record, n)
		for i := range out {
			out[i] = Record(fmt.Sprintf("r-%05d", i), text)
		}
		return out
	}
	var surplus []schema.Ref
	for _, r := range versions(many, "")[few:] {
		surplus = append(surplus, r.Ref)
	}
	for i := range 4 {
		s.write(&state.Write{Put: versions(few, fmt.Sprintf("text-%08d", 3*i)), Delete: surplus})
		s.write(&state.Write{Put: versions(many, fmt.Sprintf("text-%08d", 3*i+1))})
		snap := &state.Snapshot{Meta: s.head, Records: map[schema.Ref]state.Record{}}
		for _, r := range versions(many, fmt.Sprintf("text-%08d", 3*i+2)) {
			snap.Records[r.Ref] = r
		}
		head, err := f.Store.Push(ctx(t), s.lease, snap)
		if err != nil {
			t.Fatal(err)
		}
		s.head = head
	}
	close(stop)
	readers.Wait()
}

func testIntents(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	intent := func(name, account, key string) state.Intent {
		return state.Intent{Ref: Record(name, "").Ref, Account: account, Action: "create", Kind: "Property", Key: key, Digest: "d"}
	}
	// The same letters at other borders are other intents.
	all := []state.Intent{intent("a", "x", "1"), intent("a", "x", "2"), intent("a", "x1", ""), intent("a", "y", "1"), intent("b", "x", "\x00 long "+strings.Repeat("key", 20_000))}
	shuffled := []state.Intent{all[3], all[0], all[4], all[2], all[1]}
	s.write(&state.Write{PutIntents: shuffled})
	want := func(want ...state.Intent) {
		t.Helper()
		got, err := f.Store.Intents(ctx(t))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Intents: got %+v, %v, want %+v", got, err, want)
		}
	}
	want(all...)

	again := all[0]
	again.Action, again.Digest = "update", "e"
	s.write(&state.Write{PutIntents: []state.Intent{again}, DeleteIntents: []state.Intent{again, all[3], intent("never", "x", "1")}})
	want(again, all[1], all[2], all[4])

	// What identifies it is enough to delete it.
	s.write(&state.Write{DeleteIntents: []state.Intent{{Ref: all[4].Ref, Account: "x", Kind: "Property", Key: all[4].Key}, all[0], all[1], all[2]}})
	want()
}

func testHistory(t *testing.T, f Fixture) {
	s := lock(t, f.Store)
	run := func(commit string) *state.Run {
		return &state.Run{Operation: "apply", By: "jo@example.com", Host: "build-7", Commit: commit, Digest: "accord1:x", Outcome: state.Running}
	}
	var runs []*state.Run
	for i := range 12 {
		r := run(fmt.Sprint("commit-", i))
		s.write(&state.Write{Run: r})
		if r.ID == "" || r.Started.IsZero() || !r.Finished.IsZero() || r.Serial != s.head.Serial {
			t.Fatalf("Write set %+v", r)
		}
		for _, other := range runs {
			if other.ID == r.ID {
				t.Fatalf("two runs have the id %s", r.ID)
			}
		}
		runs = append(runs, r)
		f.Advance(time.Second)
	}
	want := func(n int, want ...*state.Run) {
		t.Helper()
		got, err := f.Store.History(ctx(t), n)
		if err != nil || len(got) != len(want) {
			t.Fatalf("History(%d): got %d entries, %v, want %d", n, len(got), err, len(want))
		}
		for i := range want {
			if got[i] != *want[i] {
				t.Errorf("History(%d)[%d]: got\n%+v\nwant\n%+v", n, i, got[i], *want[i])
			}
		}
	}
	slices.Reverse(runs)
	want(0, runs...)
	want(-1, runs...)
	want(3, runs[:3]...)
	want(100, runs...)

	// An update keeps its place and when it started; the store says when it
	// finished.
	r := runs[5]
	started := r.Started
	r.Outcome, r.Added, r.Failed, r.Started = state.Partial, 3, 1, time.Time{}
	s.write(&state.Write{Run: r})
	if !r.Started.Equal(started) || r.Finished.Before(started.Add(time.Second)) || r.Serial != s.head.Serial {
		t.Errorf("the update set %+v, want it started %v", r, started)
	}
	want(0, runs...)
	finished := r.Finished
	f.Advance(time.Second)
	r.Changed = 7
	s.write(&state.Write{Run: r})
	if !r.Finished.Equal(finished) {
		t.Errorf("a second update moved the end from %v to %v", finished, r.Finished)
	}
	want(0, runs...)

	unknown := run("x")
	unknown.ID = "no-such-run"
	if _, err := f.Store.Write(ctx(t), s.lease, s.head.Serial, &state.Write{Put: []state.Record{Record("a", "")}, Run: unknown}); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("update of an unknown run: got %v, want ErrNotFound", err)
	}
	wantRecords(t, f.Store, s.head)
	done := run("at once")
	done.Outcome = state.Done
	s.write(&state.Write{Run: done})
	if done.Finished.Before(done.Started) {
		t.Errorf("a run that was over when it was written: %+v", done)
	}
	want(1, done)
}
