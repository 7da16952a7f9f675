package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"accord/apply"
	"accord/crm"
	"accord/kv"
	"accord/plan"
	"accord/schema"
	"accord/state"
)

const group = `
apiVersion: accord/v1
kind: Account
metadata: {name: acme-de, labels: {region: emea}}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: enterprise, sales: professional}}
---
apiVersion: accord/v1
kind: Account
metadata: {name: acme-us, labels: {region: us}}
spec: {platform: hubspot, hosting: eu1, subscriptions: {sales: professional}}
---
apiVersion: accord/v1
kind: User
metadata: {name: anna}
spec:
  email: anna@acme.example
  twoFactor: true
  access:
    - {account: acme-de, superAdmin: true, seats: [sales], permissions: [view-connected-record-data]}
    - {account: acme-us, superAdmin: true, seats: [sales], permissions: [view-connected-record-data]}
---
apiVersion: accord/v1
kind: Organization
metadata: {name: acme}
spec: {primary: acme-de, accounts: [acme-de, acme-us], administrator: anna}
---
apiVersion: accord/v1
kind: Connection
metadata: {name: de-us}
spec:
  between: [acme-de, acme-us]
  features: {dataMirroring: {}, workflows: {}}
`

func doc(kind, name, rest string) string {
	return fmt.Sprintf("---\napiVersion: accord/v1\nkind: %s\nmetadata: {name: %s}\n%s\n", kind, name, rest)
}

const newsletter = `spec: {accounts: [acme-de], label: Newsletter}`

// lines says what a plan does, a line each.
func lines(pl *plan.Plan) []string {
	var out []string
	for _, c := range pl.Changes {
		out = append(out, fmt.Sprintf("%s %v", c.Action, c.Ref))
		for _, e := range c.Effects {
			out = append(out, fmt.Sprintf("  %s %s %s in %s", e.Action, e.Kind, e.Key, e.Account))
		}
	}
	return out
}

func wantLines(t *testing.T, pl *plan.Plan, want string) {
	t.Helper()
	got := strings.Join(lines(pl), "\n")
	if got != strings.TrimSpace(want) {
		t.Errorf("plan:\n%s\nwant:\n%s\nfindings: %v", got, want, pl.Diagnostics)
	}
}

// scenario applies the first configuration, plans the second, and leaves the
// rest to the test.
func scenario(t *testing.T, before, after string) (*world, project, *plan.Plan) {
	t.Helper()
	w := newWorld(t, kv.NewMem())
	w.mustApply(read(t, yaml(map[string]string{"a.yaml": group + before})))
	p := read(t, yaml(map[string]string{"a.yaml": group + after}))
	return w, p, w.plan(p, plan.Options{})
}

func (w *world) finish(p project, pl *plan.Plan) {
	w.t.Helper()
	if _, err := w.apply(pl, apply.Options{}); err != nil {
		w.t.Fatal(err)
	}
	w.wantEmpty(p)
	if problems, err := state.Verify(context.Background(), w.state); err != nil || len(problems) > 0 {
		w.t.Fatalf("the state does not verify: %v %v", problems, err)
	}
}

func TestUpdateInPlaceKeepsTheObject(t *testing.T) {
	w, p, pl := scenario(t, doc("List", "news", newsletter), doc("List", "news", `spec: {accounts: [acme-de], label: News}`))
	wantLines(t, pl, `
update List/news
  update List news in acme-de`)
	before, _ := w.state.Record(t.Context(), schema.Ref{Kind: schema.KindList, Name: "news"})
	w.finish(p, pl)
	after, _ := w.state.Record(t.Context(), schema.Ref{Kind: schema.KindList, Name: "news"})
	if before.IDs["acme-de"] == "" || before.IDs["acme-de"] != after.IDs["acme-de"] {
		t.Errorf("ids %v, then %v", before.IDs, after.IDs)
	}
}

func TestRenamedFromIsAnUpdate(t *testing.T) {
	w, p, pl := scenario(t, doc("List", "news", newsletter),
		"---\napiVersion: accord/v1\nkind: List\nmetadata: {name: letters, renamedFrom: news}\n"+newsletter+"\n")
	wantLines(t, pl, `update List/letters`)
	if c := pl.Changes[0]; c.Previous.String() != "List/news" || c.Reason != plan.Renamed || len(c.Fields) > 0 {
		t.Errorf("change %+v", c)
	}
	w.finish(p, pl)
}

// A rename without renamedFrom looks like another list with the same label. The
// members are in the list: it is handed over.
func TestForgottenRenameHandsTheObjectOver(t *testing.T) {
	w, p, pl := scenario(t, doc("List", "news", newsletter), doc("List", "letters", newsletter))
	wantLines(t, pl, `
create List/letters
  adopt List newsletter in acme-de
delete List/news`)
	w.finish(p, pl)
	if lists, err := w.account("acme-de").Assets(t.Context(), schema.KindList); err != nil || len(lists) != 1 {
		t.Errorf("lists %v, %v", lists, err)
	}
}

func TestReplaceWhatCannotBeChanged(t *testing.T) {
	property := func(typ string) string {
		return doc("Property", "score", `spec: {accounts: [acme-de, acme-us], object: contact, type: `+typ+`, label: Score}`)
	}
	w, p, pl := scenario(t, property("number"), property("string"))
	wantLines(t, pl, `
replace Property/score
  delete Property contact/score in acme-de
  create Property contact/score in acme-de
  delete Property contact/score in acme-us
  create Property contact/score in acme-us`)
	if got := pl.Changes[0].ReplacePaths; !slices.Equal(got, []schema.Path{"spec.type"}) {
		t.Errorf("replace paths %v", got)
	}
	w.finish(p, pl)
}

func TestSelectorFollowsLabels(t *testing.T) {
	list := doc("List", "news", `spec: {accountLabels: {region: emea}, label: News}`)
	w := newWorld(t, kv.NewMem())
	w.mustApply(read(t, yaml(map[string]string{"a.yaml": group + list})))
	moved := strings.Replace(group, "{region: us}", "{region: emea}", 1)
	p := read(t, yaml(map[string]string{"a.yaml": moved + list}))
	pl := w.plan(p, plan.Options{})
	wantLines(t, pl, `
update Account/acme-us
update List/news
  create List news in acme-us`)
	if r := pl.Changes[1].Reason; r != plan.PlacementChange {
		t.Errorf("reason %s", r)
	}
	w.finish(p, pl)
}

func TestAccountRenamedTakesEverythingAlong(t *testing.T) {
	list := doc("List", "news", `spec: {accountLabels: {region: emea}, label: News}`)
	w := newWorld(t, kv.NewMem())
	w.mustApply(read(t, yaml(map[string]string{"a.yaml": group + list})))
	if _, err := w.account("acme-de").CreateRecords(t.Context(), schema.Contact,
		[]crm.Input{{Properties: map[string]string{"email": "jane@example.com"}}}); err != nil {
		t.Fatal(err)
	}
	renamed := strings.NewReplacer("name: acme-de,", "name: acme-germany, renamedFrom: acme-de,", "acme-de", "acme-germany").Replace(group)
	renamed = strings.Replace(renamed, "renamedFrom: acme-germany", "renamedFrom: acme-de", 1)
	p := read(t, yaml(map[string]string{"a.yaml": renamed + list}))
	pl := w.plan(p, plan.Options{})
	for _, c := range pl.Changes {
		if len(c.Effects) > 0 && c.Ref.Kind != schema.KindConnection {
			t.Errorf("%v: %v", c.Ref, c.Effects)
		}
	}
	w.finish(p, pl)
	rec, err := w.state.Record(t.Context(), schema.Ref{Kind: schema.KindAccount, Name: "acme-germany"})
	if err != nil {
		t.Fatal(err)
	}
	contact, err := crm.Find(t.Context(), w.account(plan.Storage(rec.IDs, "acme-germany")), schema.Contact, "jane@example.com")
	if err != nil || contact == nil {
		t.Errorf("the contact is gone: %v", err)
	}
	// The old name is free, and gets an account of its own.
	p = read(t, yaml(map[string]string{"a.yaml": strings.Replace(renamed, ", renamedFrom: acme-de", "", 1) + list +
		doc("Account", "acme-de", `spec: {platform: hubspot, hosting: eu1, subscriptions: {sales: professional}}`)}))
	w.finish(p, w.plan(p, plan.Options{}))
	rec, err = w.state.Record(t.Context(), schema.Ref{Kind: schema.KindAccount, Name: "acme-de"})
	if err != nil || plan.Storage(rec.IDs, "acme-de") == "acme-de" {
		t.Errorf("the new account stands on the old one's records: %v, %v", rec.IDs, err)
	}
}

func TestProtectedIsNotDeleted(t *testing.T) {
	protected := "---\napiVersion: accord/v1\nkind: List\nmetadata: {name: news}\nlifecycle: {preventDestroy: true}\n" + newsletter + "\n"
	_, _, pl := scenario(t, protected, "")
	if !pl.Errored || pl.Diagnostics[0].Rule != "prevent-destroy" {
		t.Errorf("findings %v", pl.Diagnostics)
	}
	// Lifting the protection first lets it go.
	w, p, pl := scenario(t, protected, doc("List", "news", newsletter))
	w.finish(p, pl)
	p = read(t, yaml(map[string]string{"a.yaml": group}))
	w.finish(p, w.plan(p, plan.Options{}))
}

func TestMassDeletionNeedsAFlag(t *testing.T) {
	var many string
	for i := range 12 {
		many += doc("List", fmt.Sprintf("list-%d", i), fmt.Sprintf(`spec: {accounts: [acme-de], label: List %d}`, i))
	}
	w, p, pl := scenario(t, many, "")
	var refused *apply.GuardError
	if _, err := w.apply(pl, apply.Options{}); !errors.As(err, &refused) || refused.Flag != apply.FlagAllowMassDelete {
		t.Fatalf("error %v", err)
	}
	if again := w.plan(p, plan.Options{}); len(again.Changes) != len(pl.Changes) {
		t.Error("a refused plan changed something")
	}
	if _, err := w.apply(pl, apply.Options{AllowMassDelete: true}); err != nil {
		t.Fatal(err)
	}
	empty := read(t, yaml(nil))
	if _, err := w.apply(w.plan(empty, plan.Options{}), apply.Options{AllowMassDelete: true}); !errors.As(err, &refused) || refused.Flag != apply.FlagAllowEmpty {
		t.Fatalf("error %v", err)
	}
}

func TestDriftOfObjectsIsPutBack(t *testing.T) {
	w, p, pl := scenario(t, doc("List", "news", newsletter), doc("List", "news", newsletter))
	if pl.HasChanges() {
		t.Fatal(lines(pl))
	}
	de := w.account("acme-de")
	lists, err := de.Assets(t.Context(), schema.KindList)
	if err != nil {
		t.Fatal(err)
	}
	changed := lists[0]
	changed.Spec = &schema.List{Label: "Renamed by hand"}
	if err := de.UpdateAsset(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	w.wantNothing(w.blind(p)) // who does not look finds nothing
	pl = w.plan(p, plan.Options{})
	wantLines(t, pl, `
update List/news
  update List newsletter in acme-de`)
	if len(pl.Drift) != 1 || pl.Drift[0].What != plan.DriftChanged || !pl.Drift[0].Restores {
		t.Errorf("drift %+v", pl.Drift)
	}
	w.finish(p, pl)
	if err := de.DeleteAsset(t.Context(), schema.KindList, lists[0].ID); err != nil {
		t.Fatal(err)
	}
	pl = w.plan(p, plan.Options{})
	wantLines(t, pl, `
update List/news
  create List newsletter in acme-de`)
	w.finish(p, pl)
}

func TestDriftOfFactsHasConsequences(t *testing.T) {
	for _, tc := range []struct {
		name, account, fact, value, rule string
		addresses                        []string
	}{
		{"sensitive", "acme-us", "sensitiveData", "true", "sensitive-source", []string{"Connection/de-us"}},
		{"downgraded", "acme-us", "subscriptions.sales", "starter", "account-tier-too-low", []string{"Organization/acme", "Connection/de-us"}},
		{"moved", "acme-us", "hosting", "na1", "hosting-location-differs", []string{"Organization/acme", "Connection/de-us"}},
		{"without enterprise", "acme-de", "subscriptions.marketing", "professional", "organization-needs-enterprise", []string{"Organization/acme", "Connection/de-us"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, p, _ := scenario(t, "", "")
			a := w.account(tc.account)
			f, err := a.Facts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if f, err = f.With(tc.fact, tc.value); err != nil {
				t.Fatal(err)
			}
			if err := a.SetFacts(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			pl := w.plan(p, plan.Options{})
			if !pl.HasChanges() || pl.Errored || len(pl.Changes) > 0 {
				t.Errorf("changes %v, errored %v: facts are the vendor's, and the plan asks to follow", lines(pl), pl.Errored)
			}
			var got []string
			for _, c := range pl.Consequences {
				if c.Rule == tc.rule {
					got = append(got, c.Ref.String())
				}
			}
			slices.Sort(got)
			slices.Sort(tc.addresses)
			if !slices.Equal(got, tc.addresses) {
				t.Errorf("consequences %+v, want %s for %v", pl.Consequences, tc.rule, tc.addresses)
			}
		})
	}
}

func TestCrossSellPropertyIsImplied(t *testing.T) {
	w, p, _ := scenario(t, "", "")
	for _, name := range []string{"acme-de", "acme-us"} {
		a := w.account(name)
		properties, err := a.Assets(t.Context(), schema.KindProperty)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(properties, func(a crm.Asset) bool { return a.Key() == "contact/cross_selling_opportunity" })
		if i < 0 {
			t.Fatalf("%s has no cross-selling opportunity", name)
		}
		if err := a.DeleteAsset(t.Context(), schema.KindProperty, properties[i].ID); err != nil {
			t.Fatal(err)
		}
	}
	pl := w.plan(p, plan.Options{})
	wantLines(t, pl, `
update Connection/de-us
  create Property contact/cross_selling_opportunity in acme-de
  create Property contact/cross_selling_opportunity in acme-us`)
	w.finish(p, pl)
}

func TestTargetBringsWhatItNeeds(t *testing.T) {
	p := read(t, yaml(map[string]string{"a.yaml": group + doc("List", "news", newsletter)}))
	w := newWorld(t, kv.NewMem())
	pl := w.plan(p, plan.Options{Targets: []string{"List/*"}})
	wantLines(t, pl, `
create Account/acme-de
  facts Account acme-de in acme-de
create List/news
  create List newsletter in acme-de`)
	if pl.Complete {
		t.Error("a plan with targets says that it is complete")
	}
	pl = w.plan(p, plan.Options{Excludes: []string{"Account/acme-us"}})
	for _, c := range pl.Changes {
		if c.Ref.Kind == schema.KindConnection || c.Ref.Kind == schema.KindOrganization {
			t.Errorf("%v needs what is excluded", c.Ref)
		}
	}
}

func TestAdoptWhatIsThere(t *testing.T) {
	w := newWorld(t, kv.NewMem())
	w.mustApply(read(t, yaml(map[string]string{"a.yaml": group})))
	id, err := w.account("acme-de").CreateAsset(t.Context(), crm.Asset{Kind: schema.KindList, Spec: &schema.List{Label: "newsletter "}})
	if err != nil {
		t.Fatal(err)
	}
	p := read(t, yaml(map[string]string{"a.yaml": group + doc("List", "news", newsletter)}))
	pl := w.plan(p, plan.Options{})
	wantLines(t, pl, `
create List/news
  adopt List newsletter in acme-de`)
	if pl.Summary.Import != 1 {
		t.Errorf("summary %+v", pl.Summary)
	}
	w.finish(p, pl)
	rec, _ := w.state.Record(t.Context(), schema.Ref{Kind: schema.KindList, Name: "news"})
	if rec.IDs["acme-de"] != id {
		t.Errorf("ids %v, want %s", rec.IDs, id)
	}
}

// failing is an account in which one kind of asset cannot be created.
type failing struct {
	crm.Account
	kind schema.Kind
}

func (f failing) CreateAsset(ctx context.Context, a crm.Asset) (string, error) {
	if a.Kind == f.kind {
		return "", errors.New("the vendor is out for lunch")
	}
	return f.Account.CreateAsset(ctx, a)
}

func TestFailureStopsOnlyWhatDependsOnIt(t *testing.T) {
	w := newWorld(t, kv.NewMem())
	p := read(t, yaml(map[string]string{"a.yaml": group +
		doc("Property", "brand", `spec: {accounts: [acme-de], object: contact, type: string, label: Brand}`) +
		doc("Form", "contact-us", `spec: {accounts: [acme-de], label: Contact us, fields: [email, brand]}`) +
		doc("List", "us", `spec: {accounts: [acme-us], label: US}`)}))
	pl := w.plan(p, plan.Options{})
	open := w.open(pl)
	r, err := w.apply(pl, apply.Options{Open: func(ctx context.Context, name string) (crm.Account, error) {
		a, err := open(ctx, name)
		if name == "acme-de" {
			a = failing{a, schema.KindProperty}
		}
		return a, err
	}})
	var failed *apply.ChangeError
	if !errors.As(err, &failed) {
		t.Fatalf("error %v", err)
	}
	if got := refs(r.Failed); !slices.Equal(got, []string{"Property/brand", "Connection/de-us"}) {
		t.Errorf("failed %v", got)
	}
	if got := refs(r.NotStarted); !slices.Equal(got, []string{"Form/contact-us"}) {
		t.Errorf("not started %v", got)
	}
	if !slices.Contains(refs(r.Done), "List/us") || r.Outcome != state.Partial {
		t.Errorf("done %v, outcome %s", refs(r.Done), r.Outcome)
	}
	w.mustApply(p)
	w.wantEmpty(p)
}

func TestStalePlanChangesNothing(t *testing.T) {
	w, _, pl := scenario(t, "", doc("List", "news", newsletter))
	p := read(t, yaml(map[string]string{"a.yaml": group + doc("List", "other", `spec: {accounts: [acme-de], label: Other}`)}))
	w.mustApply(p)
	var stale *apply.StaleError
	if r, err := w.apply(pl, apply.Options{}); !errors.As(err, &stale) || r.Began() {
		t.Fatalf("error %v", err)
	}
	w.wantEmpty(p)
}

func TestFirstInterruptFinishesWhatRuns(t *testing.T) {
	w := newWorld(t, kv.NewMem())
	p := read(t, yaml(map[string]string{"a.yaml": group + doc("List", "news", newsletter)}))
	stop := make(chan struct{})
	r, err := w.apply(w.plan(p, plan.Options{}), apply.Options{Parallelism: 1, Stop: stop, Observe: func(e apply.Event) {
		if e.Phase == apply.Finished && e.Done == 2 {
			close(stop)
		}
	}})
	if err != nil || r.Outcome != state.Interrupted || len(r.Done) != 2 || len(r.NotStarted) == 0 {
		t.Errorf("receipt %+v, %v", r, err)
	}
	w.mustApply(p)
	w.wantEmpty(p)
}

func TestCanceledKnowsWhatItDoesNotKnow(t *testing.T) {
	w := newWorld(t, kv.NewMem())
	p := read(t, yaml(map[string]string{"a.yaml": group}))
	pl := w.plan(p, plan.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	lease, err := w.state.Lock(ctx, state.Lock{}, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	r, err := apply.Run(ctx, w.state, lease, pl, apply.Options{Now: clock, Open: func(ctx context.Context, _ string) (crm.Account, error) {
		cancel()
		return nil, ctx.Err()
	}})
	if !errors.Is(err, context.Canceled) || len(r.Unknown) == 0 {
		t.Errorf("receipt %+v, %v", r, err)
	}
	if err := w.state.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	w.mustApply(p)
	w.wantEmpty(p)
	if intents, err := w.state.Intents(t.Context()); err != nil || len(intents) > 0 {
		t.Errorf("intents are left: %v, %v", intents, err)
	}
}
