package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"accord/apply"
	"accord/crm"
	"accord/kv"
	"accord/plan"
	"accord/schema"
	"accord/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lists is a configuration with the group and n lists, and what else there is.
func lists(t *testing.T, n int, rest ...string) project {
	t.Helper()
	text := group
	for i := range n {
		text += list(fmt.Sprintf("list-%02d", i), fmt.Sprintf("List %d", i))
	}
	for _, r := range rest {
		text += r
	}
	return read(t, yaml(map[string]string{"a.yaml": text}))
}

func refs(items []apply.Item) (out []string) {
	for _, i := range items {
		out = append(out, i.Ref.String())
	}
	return out
}

// watched is a store that remembers the writes, and fails from one of them on.
type watched struct {
	state.Store
	mu      sync.Mutex
	serials []uint64 // that each write was made for
	failAt  int      // the first write that fails, counted from one; 0: none
}

var errDisk = errors.New("the disk is full")

func (s *watched) Write(ctx context.Context, l state.Lease, serial uint64, w *state.Write) (state.Meta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serials = append(s.serials, serial)
	if s.failAt > 0 && len(s.serials) >= s.failAt {
		return state.Meta{}, errDisk
	}
	return s.Store.Write(ctx, l, serial, w)
}

// run applies under a lock of its own, to a store that may be another.
func (w *world) run(store state.Store, pl *plan.Plan, o apply.Options) (*apply.Receipt, error) {
	w.t.Helper()
	lease, err := w.state.Lock(w.t.Context(), state.Lock{Operation: "apply"}, time.Minute)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = w.state.Release(context.Background(), lease) }()
	o.Now = clock
	if o.Open == nil {
		o.Open = w.open(pl)
	}
	return apply.Run(w.t.Context(), store, lease, pl, o)
}

func TestWritesFollowEachOther(t *testing.T) {
	for _, parallel := range []int{1, 32} {
		t.Run(fmt.Sprint(parallel), func(t *testing.T) {
			w, p := newWorld(t, kv.NewMem()), lists(t, 40)
			store := &watched{Store: w.state}
			r, err := w.run(store, w.plan(p, plan.Options{}), apply.Options{Parallelism: parallel})
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range store.serials {
				if s != uint64(i) {
					t.Fatalf("write %d was made for serial %d", i, s)
				}
			}
			if r.Serial != uint64(len(store.serials)) {
				t.Errorf("the receipt has serial %d after %d writes", r.Serial, len(store.serials))
			}
			// Two for each change with effects, one for the organization,
			// and two for the history, if they go one by one.
			if alone := 2*(2+1+1+40) + 1 + 2; len(store.serials) > alone {
				t.Errorf("%d writes, and %d one by one", len(store.serials), alone)
			}
			w.wantEmpty(p)
		})
	}
}

// Once a write has failed nothing is known of the state any more: nothing else is
// begun, and everything is reported. The next apply finishes.
func TestFailingStateStopsEverything(t *testing.T) {
	p := lists(t, 12)
	for parallel, writes := range map[int]int{1: 20, 8: 8} { // that there are at least
		for n := 1; n < writes; n += 3 {
			t.Run(fmt.Sprintf("%d at a time, write %d", parallel, n), func(t *testing.T) {
				w := newWorld(t, kv.NewMem())
				store := &watched{Store: w.state, failAt: n}
				pl := w.plan(p, plan.Options{})
				r, err := w.run(store, pl, apply.Options{Parallelism: parallel})
				if !errors.Is(err, errDisk) {
					t.Fatalf("error %v", err)
				}
				if len(store.serials) != n {
					t.Errorf("%d writes were tried after the one that failed", len(store.serials)-n)
				}
				if r.Began() != (n > 1) {
					t.Errorf("began: %v", r.Began())
				}
				if all := len(r.Done) + len(r.Failed) + len(r.Unknown) + len(r.NotStarted); n > 1 && all != len(pl.Changes) {
					t.Errorf("the receipt has %d of %d changes: %+v", all, len(pl.Changes), r)
				}
				snapshot, serr := w.state.Snapshot(t.Context())
				if serr != nil || len(snapshot.Records) != len(r.Done) {
					t.Errorf("done %v, and the state has %d records", refs(r.Done), len(snapshot.Records))
				}
				w.mustApply(p)
				w.wantEmpty(p)
			})
		}
	}
}

func TestLeaseLostInTheMiddle(t *testing.T) {
	w, p := newWorld(t, kv.NewMem()), lists(t, 8)
	r, err := w.run(w.state, w.plan(p, plan.Options{}), apply.Options{Parallelism: 1, Observe: func(e apply.Event) {
		if e.Phase == apply.Finished && e.Done == 3 {
			w.breakLock()
		}
	}})
	if !errors.Is(err, state.ErrLeaseLost) || len(r.Done) != 3 || len(r.NotStarted) == 0 || r.Outcome != state.Partial {
		t.Fatalf("%v, %+v", err, r)
	}
	w.mustApply(p)
	w.wantEmpty(p)
}

func TestObserverSeesEachChangeInOrder(t *testing.T) {
	for _, parallel := range []int{1, 32} {
		w, p := newWorld(t, kv.NewMem()), lists(t, 20)
		pl := w.plan(p, plan.Options{})
		phase, over := map[schema.Ref]apply.Phase{}, 0
		var told []string // guarded by nothing: events come one at a time
		_, err := w.run(w.state, pl, apply.Options{Parallelism: parallel, Observe: func(e apply.Event) {
			told = append(told, e.Change.Ref.String())
			if e.Total != len(pl.Changes) {
				t.Errorf("total %d of %d", e.Total, len(pl.Changes))
			}
			was, seen := phase[e.Change.Ref]
			switch e.Phase {
			case apply.Started:
				if seen {
					t.Errorf("%v is started twice", e.Change.Ref)
				}
				for _, n := range e.Change.Needs {
					if phase[n] != apply.Finished {
						t.Errorf("%v is started before %v is finished", e.Change.Ref, n)
					}
				}
			case apply.Finished:
				if over++; !seen || was != apply.Started || e.Done != over {
					t.Errorf("%v is finished from %v, as number %d of %d", e.Change.Ref, was, e.Done, over)
				}
			default:
				t.Errorf("%v: %v", e.Change.Ref, e.Err)
			}
			phase[e.Change.Ref] = e.Phase
		}})
		if err != nil || over != len(pl.Changes) || len(told) != 2*over {
			t.Errorf("%d of %d, %v", over, len(pl.Changes), err)
		}
		// One at a time, changes run in the order of the plan.
		if parallel == 1 {
			for i, c := range pl.Changes {
				if told[2*i] != c.Ref.String() {
					t.Errorf("number %d is %s, and in the plan %v", i, told[2*i], c.Ref)
				}
			}
		}
	}
}

func TestReceiptCounts(t *testing.T) {
	property := func(typ string) string {
		return doc("Property", "score", `spec: {accounts: [acme-de], object: contact, type: `+typ+`, label: Score}`)
	}
	w, _, pl := scenario(t, property("number")+list("a", "A")+list("b", "B"), property("string")+list("a", "Changed")+list("c", "C"))
	r, err := w.apply(pl, apply.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// A replacement is one of each; the list c is a new one.
	if r.Added != 2 || r.Changed != 1 || r.Destroyed != 2 || len(r.Done) != 4 {
		t.Errorf("receipt %+v", r)
	}
	s := pl.Summary
	if r.Added != s.Add || r.Changed != s.Change || r.Destroyed != s.Remove {
		t.Errorf("the receipt %+v is not what the plan said: %+v", r, s)
	}
	history, err := w.state.History(t.Context(), 1)
	if err != nil || len(history) != 1 {
		t.Fatal(history, err)
	}
	h := history[0]
	if h.Added != 2 || h.Changed != 1 || h.Destroyed != 2 || h.Failed != 0 || h.Outcome != state.Done || h.Digest != pl.Digest || h.Serial != r.Serial {
		t.Errorf("history %+v", h)
	}
}

func TestGuard(t *testing.T) {
	for _, tc := range []struct {
		name                          string
		add, change, remove, unchange int
		o                             apply.Options
		destroy                       bool
		flag                          string
	}{
		{name: "9 of 9 that stay", remove: 8, unchange: 1},
		{name: "4 of 10", remove: 4, unchange: 6, flag: apply.FlagAllowMassDelete},
		{name: "3 of 10", remove: 3, unchange: 7},
		{name: "4 of 9", remove: 4, unchange: 5},
		{name: "exactly a third", remove: 4, unchange: 8},
		{name: "one more than a third", remove: 5, unchange: 7, flag: apply.FlagAllowMassDelete},
		{name: "changed ones count as there", remove: 4, change: 5, unchange: 3},
		{name: "new ones do not", remove: 5, add: 100, unchange: 7, flag: apply.FlagAllowMassDelete},
		{name: "replaced ones count as deleted", add: 5, remove: 5, unchange: 7, flag: apply.FlagAllowMassDelete},
		{name: "allowed", remove: 5, unchange: 7, o: apply.Options{AllowMassDelete: true}},
		{name: "everything", remove: 1, flag: apply.FlagAllowEmpty},
		{name: "everything of many", remove: 20, o: apply.Options{AllowMassDelete: true}, flag: apply.FlagAllowEmpty},
		{name: "everything, allowed", remove: 20, o: apply.Options{AllowEmpty: true}},
		{name: "everything replaced", add: 3, remove: 3},
		{name: "destroy says so", remove: 20, destroy: true},
		{name: "nothing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := &plan.Plan{
				Summary: plan.Summary{Add: tc.add, Change: tc.change, Remove: tc.remove, Unchanged: tc.unchange},
				Options: plan.Options{Destroy: tc.destroy},
			}
			var refused *apply.GuardError
			switch err := apply.Guard(p, tc.o); {
			case tc.flag == "" && err != nil:
				t.Error(err)
			case tc.flag != "" && (!errors.As(err, &refused) || refused.Flag != tc.flag):
				t.Errorf("error %v, want one that names --%s", err, tc.flag)
			}
		})
	}
}

// A target that deletes one of many is no empty configuration.
func TestGuardOfATarget(t *testing.T) {
	w := newWorld(t, kv.NewMem())
	w.mustApply(lists(t, 12))
	pl := w.plan(lists(t, 0), plan.Options{Targets: []string{"List/list-07"}})
	if pl.Summary.Remove != 1 || pl.Summary.Unchanged != 16 {
		t.Errorf("summary %+v", pl.Summary)
	}
	if _, err := w.apply(pl, apply.Options{}); err != nil {
		t.Error(err)
	}
}

func TestHistory(t *testing.T) {
	outcomes := func(w *world) (out []string) {
		history, err := w.state.History(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range history {
			if h.Outcome != state.Running && h.Finished.IsZero() {
				t.Errorf("%+v has no end", h)
			}
			out = append(out, h.Outcome)
		}
		return out
	}
	want := func(w *world, want ...string) {
		t.Helper()
		if got := outcomes(w); !slices.Equal(got, want) {
			t.Errorf("history %v, want %v", got, want)
		}
	}
	w, p := newWorld(t, kv.NewMem()), lists(t, 2)
	pl := w.plan(p, plan.Options{})

	nobody := func(context.Context, string) (crm.Account, error) { return nil, crm.ErrRefused }
	r, err := w.apply(pl, apply.Options{Open: nobody, Observe: func(apply.Event) { want(w, state.Running) }})
	if !errors.Is(err, crm.ErrRefused) || r.Outcome != state.Failed {
		t.Errorf("%v, %+v", err, r)
	}
	want(w, state.Failed)
	if intents, err := w.state.Intents(t.Context()); err != nil || len(intents) > 0 {
		t.Errorf("nobody was asked, and there are intents: %v, %v", intents, err)
	}

	stop := make(chan struct{})
	close(stop)
	r, err = w.apply(w.plan(p, plan.Options{}), apply.Options{Stop: stop})
	if err != nil || r.Outcome != state.Interrupted || len(r.NotStarted) != len(pl.Changes) || len(r.Done) > 0 || !r.Began() {
		t.Errorf("%v, %+v", err, r)
	}
	want(w, state.Interrupted, state.Failed)

	pl = w.plan(p, plan.Options{})
	open := w.open(pl)
	r, err = w.apply(pl, apply.Options{Open: func(ctx context.Context, name string) (crm.Account, error) {
		a, err := open(ctx, name)
		return failing{a, schema.KindList}, err
	}})
	if err == nil || r.Outcome != state.Partial {
		t.Errorf("%v, %+v", err, r)
	}
	want(w, state.Partial, state.Interrupted, state.Failed)

	// One that is killed is running for ever, until the next.
	faulty := kv.CrashAfter(w.db, 3)
	if tripped, err := cutOff(newWorld(t, faulty), faulty, w.plan(p, plan.Options{})); !tripped {
		t.Fatal(err)
	}
	w.breakLock()
	want(w, state.Running, state.Partial, state.Interrupted, state.Failed)
	w.mustApply(p)
	want(w, state.Done, state.Interrupted, state.Partial, state.Interrupted, state.Failed)
	w.wantEmpty(p)
}

func TestErroredPlanIsNotCarriedOut(t *testing.T) {
	protected := "---\napiVersion: accord/v1\nkind: List\nmetadata: {name: news}\nlifecycle: {preventDestroy: true}\n" + newsletter + "\n"
	w, _, pl := scenario(t, protected, "")
	before, err := w.state.Meta(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.apply(pl, apply.Options{})
	if !errors.Is(err, apply.ErrPlanErrored) || r.Began() {
		t.Errorf("%v, %+v", err, r)
	}
	if after, err := w.state.Meta(t.Context()); err != nil || after != before {
		t.Errorf("the state was written: %v, %v", after, err)
	}
}

// deaf is an account whose answers are lost: what it is asked is done, and fails.
type deaf struct{ crm.Account }

func (d deaf) CreateAsset(ctx context.Context, a crm.Asset) (string, error) {
	if _, err := d.Account.CreateAsset(ctx, a); err != nil {
		return "", err
	}
	return "", errors.New("no answer came")
}

// Where it is not known whether an object was created, it is found again by its
// natural key, also by a plan that does not look; where it was refused it is not
// anybody's to take.
func TestLostAnswer(t *testing.T) {
	for _, look := range []bool{true, false} {
		t.Run(fmt.Sprintf("the next plan looks: %v", look), func(t *testing.T) {
			w, p, pl := scenario(t, "", list("news", "News"))
			open := w.open(pl)
			if _, err := w.apply(pl, apply.Options{Open: func(ctx context.Context, name string) (crm.Account, error) {
				a, err := open(ctx, name)
				return deaf{a}, err
			}}); err == nil {
				t.Fatal("no failure")
			}
			if intents, err := w.state.Intents(t.Context()); err != nil || len(intents) != 1 {
				t.Errorf("intents %v, %v", intents, err)
			}
			before := w.labels("acme-de")
			next := w.blind(p)
			if look {
				next = w.plan(p, plan.Options{})
			}
			w.finish(p, next)
			if id := w.id("List/news", "acme-de"); before[id] != "News" || len(w.labels("acme-de")) != 1 {
				t.Errorf("lists %v, then %v", before, w.labels("acme-de"))
			}
			if intents, err := w.state.Intents(t.Context()); err != nil || len(intents) > 0 {
				t.Errorf("intents %v, %v", intents, err)
			}
		})
	}
}

// Canceled when nothing is left to do, an apply is done.
func TestCanceledAtTheEnd(t *testing.T) {
	w, p := newWorld(t, kv.NewMem()), lists(t, 1)
	pl := w.plan(p, plan.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	lease, err := w.state.Lock(ctx, state.Lock{}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	r, err := apply.Run(ctx, w.state, lease, pl, apply.Options{Now: clock, Open: w.open(pl), Observe: func(e apply.Event) {
		if e.Phase == apply.Finished && e.Done == e.Total {
			cancel()
		}
	}})
	if err != nil || r.Outcome != state.Done {
		t.Errorf("%v, %+v", err, r)
	}
}
