package apply_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"accord/apply"
	"accord/crm"
	"accord/crm/embedded"
	"accord/kv"
	"accord/plan"
	"accord/schema"
	"accord/schema/check"
	"accord/schema/load"
	"accord/state"
)

// world is an embedded store with its state and its accounts.
type world struct {
	t     testing.TB
	db    kv.DB
	state *state.KV

	mu       sync.Mutex
	accounts map[string]crm.Account // they know what they have read
}

func newWorld(t testing.TB, db kv.DB) *world {
	return &world{t: t, db: db, state: state.NewKV(db, state.Options{Now: clock}), accounts: map[string]crm.Account{}}
}

func clock() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }

// project is a configuration that was read.
type project struct {
	graph  *schema.Graph
	loaded *load.Result
}

func read(t testing.TB, fsys fs.FS) project {
	t.Helper()
	p := unchecked(t, fsys)
	if l := append(p.loaded.Diagnostics, check.All(p.graph, p.loaded)...); l.HasErrors() {
		t.Fatalf("the configuration is not sound:\n%s", l.Error())
	}
	return p
}

func unchecked(t testing.TB, fsys fs.FS) project {
	t.Helper()
	loaded, err := load.Dir(context.Background(), fsys, load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return project{schema.Resolve(loaded.Config), loaded}
}

// unprotected leaves out what keeps resources from being destroyed: the team's
// own rules, and lifecycle.preventDestroy.
func (p project) unprotected() project {
	var left []*schema.Resource
	for _, r := range p.graph.All() {
		if r.Kind != schema.KindPolicy {
			left = append(left, &schema.Resource{
				Kind: r.Kind, Name: r.Name, Labels: r.Labels, Description: r.Description, Spec: r.Spec, Origin: r.Origin,
			})
		}
	}
	config, _ := schema.NewConfig(left)
	return project{schema.Resolve(config), p.loaded}
}

func yaml(files map[string]string) fs.FS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func (w *world) account(name string) crm.Account {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.accounts[name] == nil {
		w.accounts[name] = embedded.New(w.db, name, embedded.Options{Now: clock})
	}
	return w.accounts[name]
}

func (w *world) plan(p project, o plan.Options) *plan.Plan {
	w.t.Helper()
	ctx := context.Background()
	snapshot, err := w.state.Snapshot(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	declared := p.graph
	if o.Destroy {
		empty, _ := schema.NewConfig(nil)
		declared = schema.Resolve(empty)
	}
	readers := map[string]crm.Reader{}
	for name, storage := range plan.Storages(declared, snapshot) {
		readers[name] = crm.ReadOnly(w.account(storage))
	}
	make := func(expected map[string]plan.Assets) *plan.Plan {
		live, err := plan.Refresh(ctx, readers, expected, 4)
		if err != nil {
			w.t.Fatal(err)
		}
		return w.make(p, plan.Input{Applied: snapshot, Live: live, Options: o})
	}
	all := make(nil)
	if o.Destroy {
		return all
	}
	// Reading what is not as expected alone makes the same plan.
	got := make(plan.Expect(declared, snapshot))
	if g, a := saved(w.t, got), saved(w.t, all); !bytes.Equal(g, a) {
		w.t.Fatalf("the plan depends on how much was read:\n%s\nand where all was:\n%s", g, a)
	}
	return got
}

func saved(t testing.TB, p *plan.Plan) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// blind plans without looking at the accounts.
func (w *world) blind(p project) *plan.Plan {
	w.t.Helper()
	snapshot, err := w.state.Snapshot(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return w.make(p, plan.Input{Applied: snapshot})
}

func (w *world) make(p project, in plan.Input) *plan.Plan {
	w.t.Helper()
	in.Declared, in.Locate, in.Config = p.graph, p.loaded, p.loaded.Digest
	in.Workspace, in.Version, in.Now = "default", "test", clock()
	pl, err := plan.Make(in)
	if err != nil {
		w.t.Fatal(err)
	}
	return pl
}

func (w *world) apply(pl *plan.Plan, o apply.Options) (*apply.Receipt, error) {
	w.t.Helper()
	ctx := context.Background()
	lease, err := w.state.Lock(ctx, state.Lock{Holder: "test", Operation: "apply"}, time.Minute)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = w.state.Release(ctx, lease) }()
	if o.Open == nil {
		o.Open = w.open(pl)
	}
	if o.Now == nil {
		o.Now = clock
	}
	o.Run = state.Run{Operation: "apply", By: "test"}
	return apply.Run(ctx, w.state, lease, pl, o)
}

func (w *world) open(pl *plan.Plan) func(context.Context, string) (crm.Account, error) {
	snapshot, err := w.state.Snapshot(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	storage := map[string]string{}
	for ref, rec := range snapshot.Records {
		if ref.Kind == schema.KindAccount {
			storage[ref.Name] = plan.Storage(rec.IDs, ref.Name)
		}
	}
	for _, c := range pl.Changes {
		if c.Ref.Kind == schema.KindAccount {
			storage[c.Ref.Name] = plan.Storage(c.IDs, c.Ref.Name)
		}
	}
	return func(_ context.Context, name string) (crm.Account, error) {
		if s, ok := storage[name]; ok {
			return w.account(s), nil
		}
		return w.account(name), nil
	}
}

func (w *world) mustApply(p project) *apply.Receipt {
	w.t.Helper()
	pl := w.plan(p, plan.Options{})
	if pl.Errored {
		w.t.Fatalf("plan: %v", pl.Diagnostics)
	}
	r, err := w.apply(pl, apply.Options{})
	if err != nil {
		w.t.Fatalf("apply: %v", err)
	}
	return r
}

// wantEmpty fails where a plan has anything to do, whether or not it looks at the
// accounts.
func (w *world) wantEmpty(p project) {
	w.t.Helper()
	w.wantNothing(w.plan(p, plan.Options{}))
	w.wantNothing(w.blind(p))
}

func (w *world) wantNothing(pl *plan.Plan) {
	w.t.Helper()
	if pl.HasChanges() || len(pl.Consequences) > 0 {
		for _, c := range pl.Changes {
			w.t.Errorf("%s %v (%s): %v %v", c.Action, c.Ref, c.Reason, c.Fields, c.Effects)
		}
		w.t.Fatalf("the plan is not empty: drift %v, consequences %v", pl.Drift, pl.Consequences)
	}
}

func TestExamplesComeToRest(t *testing.T) {
	for _, name := range []string{"two-brands", "multi-brand", "agency", "owner-rotation"} {
		t.Run(name, func(t *testing.T) {
			p := read(t, os.DirFS("../examples/"+name))
			w := newWorld(t, kv.NewMem())
			r := w.mustApply(p)
			if r.Added == 0 || r.Outcome != state.Done {
				t.Fatalf("receipt %+v", r)
			}
			w.wantEmpty(p)
			if problems, err := state.Verify(context.Background(), w.state); err != nil || len(problems) > 0 {
				t.Fatalf("%v %v", problems, err)
			}
			// And away again, once what protects it has been lifted.
			free := p.unprotected()
			w.mustApply(free)
			pl := w.plan(free, plan.Options{Destroy: true})
			if _, err := w.apply(pl, apply.Options{}); err != nil {
				t.Fatal(err)
			}
			snapshot, err := w.state.Snapshot(context.Background())
			if err != nil || len(snapshot.Records) > 0 {
				t.Fatalf("%v %v", snapshot.Records, err)
			}
			w.mustApply(p)
			w.wantEmpty(p)
		})
	}
}
