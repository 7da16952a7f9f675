package statetest

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"accord/schema"
	"accord/state"
)

// model is a state as simple as can be. Its clock counts minutes: locks last for
// half a minute more than a whole number of them, so that no test depends on
// what happens at the very moment at which one runs out, and a clock that also
// runs by itself changes nothing.
type model struct {
	now     int
	fence   uint64
	lock    *modelLock
	head    state.Meta
	records map[schema.Ref]state.Record
	intents []state.Intent
	runs    []state.Run // newest first
	leases  []state.Lease
}

type modelLock struct {
	lease   state.Lease
	expires int // the lock holds in this minute, and not in the next
}

func (m *model) holds(l state.Lease) bool {
	return m.lock != nil && m.lock.lease == l && m.now <= m.lock.expires
}

func testModel(t *testing.T, open func(t *testing.T) Fixture) {
	rapid.Check(t, func(r *rapid.T) {
		f := open(t)
		s := f.Store
		m := &model{records: map[schema.Ref]state.Record{}}
		c := t.Context()

		name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		text := rapid.SampledFrom([]string{"first", "second"})
		minutes := rapid.IntRange(1, 5)
		record := rapid.Custom(func(r *rapid.T) state.Record {
			rec := Record(name.Draw(r, "name"), text.Draw(r, "text"))
			if rapid.Bool().Draw(r, "account") {
				rec = account(name.Draw(r, "name"))
			}
			if rapid.Bool().Draw(r, "placed") {
				rec.Accounts = []string{"acme-de"}
				rec.IDs = map[string]string{"acme-de": name.Draw(r, "id")}
			}
			return rec
		})
		intent := rapid.Custom(func(r *rapid.T) state.Intent {
			return state.Intent{Ref: Record(name.Draw(r, "name"), "").Ref, Account: name.Draw(r, "account"), Action: text.Draw(r, "action")}
		})
		duration := func(minutes int) time.Duration { return time.Duration(minutes)*time.Minute + 30*time.Second }
		lease := func(r *rapid.T) state.Lease {
			if len(m.leases) == 0 {
				return state.Lease{ID: "none", Fence: 1}
			}
			// Mostly the newest, which may be good.
			old := max(0, rapid.IntRange(-5, 2).Draw(r, "how old a lease"))
			return m.leases[max(0, len(m.leases)-1-old)]
		}
		// refused checks err against why the model refuses, and tells whether it does.
		refused := func(r *rapid.T, what string, err, want error) bool {
			if !errors.Is(err, want) || want == nil && err != nil {
				r.Fatalf("%s: got %v, want %v", what, err, want)
			}
			return want != nil
		}

		r.Repeat(map[string]func(*rapid.T){
			"Advance": func(r *rapid.T) {
				n := minutes.Draw(r, "minutes")
				f.Advance(time.Duration(n) * time.Minute)
				m.now += n
			},
			"Lock": func(r *rapid.T) {
				n := 5 * minutes.Draw(r, "minutes")
				l, err := s.Lock(c, who, duration(n))
				if m.lock != nil && m.now <= m.lock.expires {
					var locked *state.LockedError
					if !errors.As(err, &locked) || locked.Lock.ID != m.lock.lease.ID {
						r.Fatalf("Lock: got %v, want to be refused because of %s", err, m.lock.lease.ID)
					}
					return
				}
				if err != nil || l.Fence <= m.fence {
					r.Fatalf("Lock: got %+v, %v, want a fence above %d", l, err, m.fence)
				}
				m.fence, m.lock = l.Fence, &modelLock{l, m.now + n}
				m.leases = append(m.leases, l)
			},
			"Renew": func(r *rapid.T) {
				l, n := lease(r), minutes.Draw(r, "minutes")
				var want error
				if !m.holds(l) {
					want = state.ErrLeaseLost
				}
				if !refused(r, "Renew", s.Renew(c, l, duration(n)), want) {
					m.lock.expires = m.now + n
				}
			},
			"Release": func(r *rapid.T) {
				l := lease(r)
				refused(r, "Release", s.Release(c, l), nil)
				if m.lock != nil && m.lock.lease == l {
					m.lock = nil
				}
			},
			"Unlock": func(r *rapid.T) {
				l := lease(r)
				var want error
				if m.lock == nil || m.lock.lease.ID != l.ID || m.now > m.lock.expires {
					want = state.ErrNotFound
				}
				if !refused(r, "Unlock", s.Unlock(c, l.ID), want) {
					m.lock = nil
				}
			},
			"Write": func(r *rapid.T) {
				l := lease(r)
				serial := m.head.Serial
				if rapid.IntRange(0, 9).Draw(r, "stale") == 0 {
					serial += uint64(rapid.IntRange(-1, 1).Draw(r, "by"))
				}
				w := &state.Write{
					Put:           rapid.SliceOfN(record, 0, 3).Draw(r, "put"),
					PutIntents:    rapid.SliceOfN(intent, 0, 2).Draw(r, "intents"),
					DeleteIntents: rapid.SliceOfN(intent, 0, 2).Draw(r, "intents done"),
				}
				for _, d := range rapid.SliceOfN(record, 0, 2).Draw(r, "delete") {
					w.Delete = append(w.Delete, d.Ref)
				}
				update := -1
				if rapid.Bool().Draw(r, "run") {
					w.Run = &state.Run{Operation: "apply", Outcome: rapid.SampledFrom([]string{state.Running, state.Done}).Draw(r, "outcome")}
					if len(m.runs) > 0 && rapid.Bool().Draw(r, "update") {
						update = rapid.IntRange(0, len(m.runs)-1).Draw(r, "which")
						w.Run.ID = m.runs[update].ID
					}
				}
				head, err := s.Write(c, l, serial, w)
				var want error
				switch {
				case !m.holds(l):
					want = state.ErrLeaseLost
				case serial != m.head.Serial:
					want = state.ErrStale
				}
				if !refused(r, "Write", err, want) {
					m.write(r, w, update, head)
				}
			},
			"Push": func(r *rapid.T) {
				l := lease(r)
				snap := &state.Snapshot{Meta: m.head, Records: map[schema.Ref]state.Record{}}
				for _, rec := range rapid.SliceOfN(record, 0, 4).Draw(r, "records") {
					snap.Records[rec.Ref] = rec
				}
				snap.Serial += uint64(rapid.IntRange(0, 2).Draw(r, "ahead"))
				if snap.Serial > 0 && rapid.IntRange(0, 4).Draw(r, "older") == 0 {
					snap.Serial--
				}
				if rapid.IntRange(0, 4).Draw(r, "foreign") == 0 {
					snap.Lineage = "foreign"
				}
				empty := len(m.records) == 0 && len(m.intents) == 0
				var want error
				switch {
				case !m.holds(l):
					want = state.ErrLeaseLost
				case snap.Lineage != m.head.Lineage && !empty,
					snap.Lineage == m.head.Lineage && snap.Lineage != "" && snap.Serial < m.head.Serial:
					want = state.ErrStale
				}
				head, err := s.Push(c, l, snap)
				if refused(r, "Push", err, want) {
					return
				}
				if head.Serial != max(m.head.Serial, snap.Serial)+1 || snap.Lineage != "" && head.Lineage != snap.Lineage || head.Lineage == "" {
					r.Fatalf("Push of %+v over %+v made %+v", snap.Meta, m.head, head)
				}
				m.head = head
				clear(m.records)
				for ref, rec := range snap.Records {
					rec.Serial = head.Serial
					m.records[ref] = rec
				}
			},
			"": func(r *rapid.T) { m.compare(t, r, s) },
		})
	})
}

// write does what the state has done.
func (m *model) write(r *rapid.T, w *state.Write, update int, head state.Meta) {
	if head.Serial != m.head.Serial+1 || head.Lineage == "" || m.head.Lineage != "" && head.Lineage != m.head.Lineage {
		r.Fatalf("Write over %+v made %+v", m.head, head)
	}
	m.head = head
	for _, ref := range w.Delete {
		delete(m.records, ref)
	}
	for _, rec := range w.Put {
		rec.Serial = head.Serial
		m.records[rec.Ref] = rec
	}
	drop := func(i state.Intent) {
		m.intents = slices.DeleteFunc(m.intents, func(o state.Intent) bool { return o.Compare(i) == 0 })
	}
	for _, i := range w.DeleteIntents {
		drop(i)
	}
	for _, i := range w.PutIntents {
		drop(i)
		m.intents = append(m.intents, i)
	}
	slices.SortFunc(m.intents, state.Intent.Compare)
	switch {
	case w.Run == nil:
	case update >= 0:
		m.runs[update] = *w.Run
	default:
		m.runs = slices.Insert(m.runs, 0, *w.Run)
	}
}

// compare reads everything.
func (m *model) compare(t *testing.T, r *rapid.T, s state.Store) {
	c := t.Context()
	snap, err := s.Snapshot(c)
	if err != nil {
		r.Fatalf("Snapshot: %v", err)
	}
	if snap.Meta != m.head || !reflect.DeepEqual(snap.Records, m.records) {
		r.Fatalf("Snapshot: got\n%+v\nwant\n%+v at %+v", snap, m.records, m.head)
	}
	var refs []schema.Ref
	for rec, err := range s.Records(c) {
		if err != nil {
			r.Fatalf("Records: %v", err)
		}
		refs = append(refs, rec.Ref)
	}
	if want := slices.SortedFunc(maps.Keys(m.records), schema.Ref.Compare); !slices.Equal(refs, want) {
		r.Fatalf("Records: got %v, want %v", refs, want)
	}
	intents, err := s.Intents(c)
	if err != nil || !slices.Equal(intents, m.intents) {
		r.Fatalf("Intents: got %+v, %v, want %+v", intents, err, m.intents)
	}
	runs, err := s.History(c, 0)
	if err != nil || !slices.Equal(runs, m.runs) {
		r.Fatalf("History: got %+v, %v, want %+v", runs, err, m.runs)
	}
	by, err := s.LockInfo(c)
	switch held := m.lock != nil && m.now <= m.lock.expires; {
	case err != nil:
		r.Fatalf("LockInfo: %v", err)
	case held != (by != nil) || held && by.ID != m.lock.lease.ID:
		r.Fatalf("LockInfo: got %+v, want %+v", by, m.lock)
	}
}
