package apply_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"accord/apply"
	"accord/crm"
	"accord/kv"
	"accord/plan"
	"accord/schema"
)

// Lists come and go, are renamed with and without saying so, pass their labels
// around, move between accounts and are meddled with by hand. A plan is refused
// for one of two reasons, or its apply comes to rest with the lists that are
// declared, each object belonging to one of them.
func TestNamesComeToRest(t *testing.T) {
	pool := []string{"One", "Two", "Three", "Four"}
	accounts := []string{"acme-de", "acme-us"}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, kv.NewMem())
		w.mustApply(read(t, yaml(map[string]string{"a.yaml": group})))
		var before []string
		meddled := false
		for range rapid.IntRange(2, 4).Draw(rt, "rounds") {
			names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4, rapid.ID[string]).Draw(rt, "names")
			labels := rapid.Permutation(pool).Draw(rt, "labels")
			var text strings.Builder
			var old []string // addresses of which no other list is the new one
			for _, n := range before {
				if !slices.Contains(names, n) {
					old = append(old, n)
				}
			}
			for i, n := range names {
				from := ""
				if len(old) > 0 && rapid.Bool().Draw(rt, "says that it is renamed") {
					from, old = ", renamedFrom: "+old[0], old[1:]
				}
				in := rapid.SampledFrom([]string{"acme-de", "acme-us", "acme-de, acme-us"}).Draw(rt, "in")
				how := rapid.SampledFrom([]string{"manual", `{where: contact.country == "DE"}`}).Draw(rt, "membership")
				fmt.Fprintf(&text, "---\napiVersion: accord/v1\nkind: List\nmetadata: {name: %s%s}\nspec: {accounts: [%s], label: %s, membership: %s}\n",
					n, from, in, labels[i], how)
			}
			p := read(t, yaml(map[string]string{"a.yaml": group + text.String()}))
			if rapid.IntRange(0, 2).Draw(rt, "by hand") == 0 {
				meddled = true
				w.meddle(rt, rapid.SampledFrom(accounts).Draw(rt, "account"), pool)
			} else if seen, blind := w.plan(p, plan.Options{}), w.blind(p); !meddled && seen.Digest != blind.Digest {
				rt.Fatalf("nobody has meddled, and the plans differ:\n%s\n\n%s", strings.Join(lines(seen), "\n"), strings.Join(lines(blind), "\n"))
			}
			pl := w.plan(p, plan.Options{})
			if pl.Errored {
				for _, d := range pl.Diagnostics {
					if !strings.Contains(d.Message, "exchange their names") && !strings.Contains(d.Message, "nothing manages") {
						rt.Fatalf("refused: %v\n%s", d, text.String())
					}
				}
				continue
			}
			if _, err := w.apply(pl, apply.Options{AllowMassDelete: true, Parallelism: rapid.IntRange(1, 8).Draw(rt, "parallelism")}); err != nil {
				rt.Fatalf("%v\n%s\n%s", err, text.String(), strings.Join(lines(pl), "\n"))
			}
			before = names
			for _, pl := range []*plan.Plan{w.plan(p, plan.Options{}), w.blind(p)} {
				if pl.HasChanges() {
					rt.Fatalf("not at rest:\n%s\n%s\ndrift %v", text.String(), strings.Join(lines(pl), "\n"), pl.Drift)
				}
			}
			for _, account := range accounts {
				there := w.labels(account)
				for _, r := range p.graph.In(account) {
					if l, ok := r.Spec.(*schema.List); ok {
						if got := there[w.id(r.Ref().String(), account)]; got != l.Label {
							rt.Fatalf("%v is %q in %s", r.Ref(), got, account)
						}
					}
				}
			}
		}
	})
}

// meddle deletes, renames or creates a list by hand.
func (w *world) meddle(rt *rapid.T, account string, pool []string) {
	a, there := w.account(account), w.labels(account)
	var free, ids []string
	for _, l := range pool {
		taken := false
		for _, other := range there {
			taken = taken || other == l
		}
		if !taken {
			free = append(free, l)
		}
	}
	for id := range there {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	ctx, what := w.t.Context(), rapid.IntRange(0, 2).Draw(rt, "what")
	var err error
	switch {
	case len(ids) > 0 && what == 0:
		err = a.DeleteAsset(ctx, schema.KindList, rapid.SampledFrom(ids).Draw(rt, "deleted"))
	case len(ids) > 0 && len(free) > 0 && what == 1:
		id := rapid.SampledFrom(ids).Draw(rt, "renamed")
		lists, lerr := a.Assets(ctx, schema.KindList)
		i := slices.IndexFunc(lists, func(a crm.Asset) bool { return a.ID == id })
		if lerr != nil || i < 0 {
			rt.Fatal(id, lerr)
		}
		changed := *lists[i].Spec.(*schema.List)
		changed.Label = free[0]
		err = a.UpdateAsset(ctx, crm.Asset{Kind: schema.KindList, ID: id, Spec: &changed})
	case len(free) > 0:
		_, err = a.CreateAsset(ctx, crm.Asset{Kind: schema.KindList, Spec: &schema.List{Label: free[0]}})
	}
	if err != nil {
		rt.Fatal(err)
	}
}
