package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"accord/apply"
	"accord/crm"
	"accord/examples/generate"
	"accord/kv"
	"accord/plan"
	"accord/schema"
	"accord/schema/check"
	"accord/state"
)

// For any sound configuration, on whatever was applied before, the plan after
// apply is empty.
func TestApplyComesToRest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, kv.NewMem())
		o := generate.Options{Seed: rapid.Uint64Range(0, 4).Draw(rt, "seed"), Resources: 60}
		for range rapid.IntRange(1, 2).Draw(rt, "rounds") {
			o.Changed = rapid.SampledFrom([]float64{0, 0.01, 0.3}).Draw(rt, "changed")
			// Some resources come and go: objects that nothing refers to.
			var extra strings.Builder
			for _, i := range rapid.SliceOfDistinct(rapid.IntRange(0, 20), rapid.ID[int]).Draw(rt, "extra") {
				name := fmt.Sprintf("extra-%d", i)
				label := rapid.SampledFrom([]string{"Alpha", "Beta", "Gamma"}).Draw(rt, "label") + fmt.Sprint(i)
				extra.WriteString(doc("SubscriptionType", name, fmt.Sprintf("spec: {accountLabels: {region: %s}, label: %s}",
					rapid.SampledFrom([]string{"emea", "us", "apac"}).Draw(rt, "region"), label)))
			}
			p := generated(t, o).with(t, extra.String())
			first := w.plan(p, plan.Options{})
			if _, err := w.apply(first, apply.Options{AllowMassDelete: true, Parallelism: rapid.IntRange(1, 16).Draw(rt, "parallelism")}); err != nil {
				rt.Fatal(err)
			}
			w.wantEmpty(p)
			if problems, err := state.Verify(context.Background(), w.state); err != nil || len(problems) > 0 {
				rt.Fatalf("the state does not verify: %v %v", problems, err)
			}
		}
	})
}

// generated is a repository. Each is read once.
func generated(t *testing.T, o generate.Options) project {
	key := fmt.Sprint(o)
	p, ok := repositories[key]
	if !ok {
		p = read(t, generate.MapFS(o))
		repositories[key] = p
	}
	return p
}

var repositories = map[string]project{}

// with adds resources.
func (p project) with(t *testing.T, text string) project {
	t.Helper()
	more := unchecked(t, yaml(map[string]string{"extra.yaml": text}))
	config, _ := schema.NewConfig(slices.Concat(p.graph.All(), more.graph.All()))
	out := project{schema.Resolve(config), p.loaded}
	if l := check.All(out.graph, nil); l.HasErrors() {
		t.Fatalf("the configuration is not sound:\n%s", l.Error())
	}
	return out
}

// However many writes the disk takes before it fails or the process dies, and
// whether or not the last one was written, the next apply finishes: nothing
// twice, nothing missing.
func TestCutOffAtEveryWrite(t *testing.T) {
	before := group + doc("List", "news", newsletter) + doc("List", "old", `spec: {accounts: [acme-de, acme-us], label: Old}`)
	after := group + doc("List", "letters", newsletter) +
		doc("Property", "brand", `spec: {accounts: [acme-de, acme-us], object: contact, type: string, label: Brand}`) +
		doc("Form", "contact-us", `spec: {accounts: [acme-de], label: Contact us, fields: [email, brand]}`)
	p, q := read(t, yaml(map[string]string{"a.yaml": before})), read(t, yaml(map[string]string{"a.yaml": after}))
	for name, cut := range map[string]func(kv.DB, int) *kv.Faulty{
		"a full disk": kv.FailAfter, "killed before": kv.CrashAfter, "killed behind": kv.CrashUnheard,
	} {
		for _, look := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, and the next plan looks: %v", name, look), func(t *testing.T) {
				for n := 0; ; n++ {
					db := kv.NewMem()
					whole := newWorld(t, db)
					whole.mustApply(p)
					pl := whole.plan(q, plan.Options{})
					faulty := cut(db, n)
					tripped, err := cutOff(newWorld(t, faulty), faulty, pl)
					if !tripped {
						if err != nil {
							t.Fatal(err)
						}
						break
					}
					if !errors.Is(err, kv.ErrInjected) {
						t.Fatalf("write %d: %v", n, err)
					}
					whole.breakLock()
					next := whole.blind(q)
					if look {
						next = whole.plan(q, plan.Options{})
					}
					if _, err := whole.apply(next, apply.Options{}); err != nil {
						t.Fatalf("cut off at write %d: %v", n, err)
					}
					whole.wantEmpty(q)
					wantObjects(t, whole, n)
				}
			})
		}
	}
}

// cutOff applies under a lock that is taken before the faults begin to count.
func cutOff(w *world, faulty *kv.Faulty, pl *plan.Plan) (tripped bool, err error) {
	ctx := context.Background()
	lease, err := w.state.Lock(ctx, state.Lock{Operation: "apply"}, 1<<40)
	if err != nil {
		return faulty.Tripped(), err
	}
	_, err = apply.Run(ctx, w.state, lease, pl, apply.Options{
		Now: clock, AllowMassDelete: true, Parallelism: 3,
		Open: func(_ context.Context, name string) (crm.Account, error) { return w.account(name), nil },
	})
	return faulty.Tripped(), err
}

func (w *world) breakLock() {
	w.t.Helper()
	left, err := w.state.LockInfo(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	if left != nil {
		if err := w.state.Unlock(context.Background(), left.ID); err != nil {
			w.t.Fatal(err)
		}
	}
}

func wantObjects(t *testing.T, w *world, n int) {
	t.Helper()
	for account, want := range map[string][]string{
		"acme-de": {"newsletter", "contact us", "contact/brand"}, "acme-us": {"contact/brand"},
	} {
		var got []string
		for _, k := range []schema.Kind{schema.KindList, schema.KindForm, schema.KindProperty} {
			assets, err := w.account(account).Assets(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range assets {
				if !a.Standard && !strings.HasSuffix(a.Key(), schema.CrossSellProperty) {
					got = append(got, a.Key())
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("cut off at write %d, %s has %v, want %v", n, account, got, want)
		}
	}
	if problems, err := state.Verify(t.Context(), w.state); err != nil || len(problems) > 0 {
		t.Errorf("cut off at write %d, the state does not verify: %v %v", n, problems, err)
	}
}
