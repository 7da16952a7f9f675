package state_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"accord/kv"
	"accord/schema"
	"accord/state"
	"accord/state/statetest"
)

// crashed is a state that a process is working on when it dies.
type crashed struct {
	name string
	do   func(s *state.KV, l state.Lease, head state.Meta) (state.Meta, error)
	// steps is how many kv transactions it takes at least: what has to be split
	// must not turn out to be one transaction.
	steps int
}

func crashes() []crashed {
	many := func(n int, text string) []state.Record {
		out := make([]state.Record, n)
		for i := range out {
			out[i] = statetest.Record(fmt.Sprintf("r-%05d", i), text)
		}
		return out
	}
	few, lots, most := many(3, "second"), many(4500, "second"), many(12_000, "")
	intent := func(i int) state.Intent {
		return state.Intent{Ref: statetest.Record(fmt.Sprint("r-", i), "").Ref, Account: "acme-de", Action: "create", Kind: "Property"}
	}
	long := statetest.Record("long", "second")
	long.IDs = map[string]string{}
	for i := range 40_000 {
		long.IDs[fmt.Sprintf("account-%05d", i)] = "0123456789012345678901234567890123456789"
	}
	return []crashed{
		{"small write", func(s *state.KV, l state.Lease, head state.Meta) (state.Meta, error) {
			return s.Write(ctx, l, head.Serial, &state.Write{
				Put: few, Delete: []schema.Ref{statetest.Record("r-00007", "").Ref},
				PutIntents: []state.Intent{intent(3)}, DeleteIntents: []state.Intent{intent(1)}, Run: &state.Run{Outcome: state.Done},
			})
		}, 1},
		{"large write", func(s *state.KV, l state.Lease, head state.Meta) (state.Meta, error) {
			return s.Write(ctx, l, head.Serial, &state.Write{
				Put: lots, PutIntents: []state.Intent{intent(3)}, DeleteIntents: []state.Intent{intent(1)},
				Run: &state.Run{Outcome: state.Done},
			})
		}, 4},
		{"large delete", func(s *state.KV, l state.Lease, head state.Meta) (state.Meta, error) {
			w := &state.Write{}
			for _, r := range most {
				w.Delete = append(w.Delete, r.Ref)
			}
			return s.Write(ctx, l, head.Serial, w)
		}, 4},
		{"long record", func(s *state.KV, l state.Lease, head state.Meta) (state.Meta, error) {
			return s.Write(ctx, l, head.Serial, &state.Write{Put: []state.Record{long}})
		}, 4},
		{"push", func(s *state.KV, l state.Lease, head state.Meta) (state.Meta, error) {
			snap := &state.Snapshot{Meta: head, Records: map[schema.Ref]state.Record{}}
			for _, r := range lots {
				snap.Records[r.Ref] = r
			}
			return s.Push(ctx, l, snap)
		}, 4},
	}
}

// whole is all that can be read of a state.
type whole struct {
	snap    *state.Snapshot
	intents []state.Intent
	runs    []state.Run
}

func readWhole(t *testing.T, s state.Reader) (w whole) {
	t.Helper()
	var errs [3]error
	w.snap, errs[0] = s.Snapshot(ctx)
	w.intents, errs[1] = s.Intents(ctx)
	w.runs, errs[2] = s.History(ctx, 0)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestKilledInTheMiddle lets the process die at every single transaction of a
// write, before and behind it. What the next one finds is the state before or
// the state after; it can do the write again; and nothing else is left.
func TestKilledInTheMiddle(t *testing.T) {
	for _, c := range crashes() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := undisturbed(t, c)
			for fault, crash := range map[string]func(kv.DB, int) *kv.Faulty{
				"before": kv.CrashAfter, "behind": kv.CrashUnheard, "once": kv.FailAfter,
			} {
				for n := 0; ; n++ {
					if !killedAt(t, c, want, fmt.Sprintf("%s transaction %d", fault, n), func(db kv.DB) *kv.Faulty { return crash(db, n) }) {
						if n < c.steps {
							t.Errorf("it took %d transactions, want at least %d", n, c.steps)
						}
						break
					}
				}
			}
		})
	}
}

func killedAt(t *testing.T, c crashed, want whole, at string, crash func(kv.DB) *kv.Faulty) (tripped bool) {
	t.Helper()
	db, clk := kv.NewMem(), newClock()
	opt := state.Options{Now: clk.Now, Rand: zeros{}}
	s := state.NewKV(db, opt)
	l, head := prepare(s)
	before := readWhole(t, s)

	faulty := crash(db)
	_, err := c.do(state.NewKV(faulty, opt), l, head)
	if err != nil && !errors.Is(err, kv.ErrInjected) {
		t.Fatalf("%s: got %v, want ErrInjected", at, err)
	}

	// The next process. The lock of the dead one runs out.
	clk.Advance(2 * time.Hour)
	s = state.NewKV(db, opt)
	found := readWhole(t, s)
	old := reflect.DeepEqual(found, before)
	if !old && found.snap.Serial != head.Serial+1 {
		t.Fatalf("%s: found neither the old state nor the next: %d records at serial %d", at, len(found.snap.Records), found.snap.Serial)
	}
	if err == nil && old {
		t.Fatalf("%s: the write was acknowledged, and is not there", at)
	}
	l = must(s.Lock(ctx, state.Lock{}, time.Hour))
	if n, generations := stored(t, db); generations != 1 {
		t.Fatalf("%s: %d rows of %d generations are left after the next lock", at, n, generations)
	}
	if old {
		if _, err := c.do(s, l, head); err != nil {
			t.Fatalf("%s: again: %v", at, err)
		}
	}

	// As if nothing had happened.
	if _, generations := stored(t, db); generations != 1 {
		t.Fatalf("%s: %d generations are left", at, generations)
	}
	got := readWhole(t, s)
	if len(got.runs) != len(want.runs) {
		t.Fatalf("%s: the history has %d entries, want %d", at, len(got.runs), len(want.runs))
	}
	for i := range got.runs {
		got.runs[i].Started, got.runs[i].Finished = want.runs[i].Started, want.runs[i].Finished
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: the state is not what it is without a crash: %d records at %+v, want %d at %+v",
			at, len(got.snap.Records), got.snap.Meta, len(want.snap.Records), want.snap.Meta)
	}
	return faulty.Tripped()
}

// prepare makes the state that the crashes happen to.
func prepare(s *state.KV) (state.Lease, state.Meta) {
	l := must(s.Lock(ctx, state.Lock{}, time.Hour))
	w := &state.Write{
		PutIntents: []state.Intent{{Account: "a", Ref: statetest.Record("r-1", "").Ref}},
		Run:        &state.Run{Outcome: state.Running},
	}
	for i := range 20 {
		w.Put = append(w.Put, statetest.Record(fmt.Sprintf("r-%05d", i), "first"))
	}
	return l, must(s.Write(ctx, l, 0, w))
}

// undisturbed is what comes out where nothing fails.
func undisturbed(t *testing.T, c crashed) whole {
	t.Helper()
	s := state.NewKV(kv.NewMem(), state.Options{Now: newClock().Now, Rand: zeros{}})
	l, head := prepare(s)
	must(c.do(s, l, head))
	return readWhole(t, s)
}

// stored counts the rows of generations in db.
func stored(t *testing.T, db kv.DB) (rows, generations int) {
	t.Helper()
	seen := map[string]bool{}
	err := db.View(ctx, func(r kv.Reader) error {
		for key, err := range r.Keys(kv.Prefix([]byte("state/g"))) {
			if err != nil {
				return err
			}
			rows++
			seen[string(key[:len("state/g")+8])] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, len(seen)
}

// zeros is the least random of all sources.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
