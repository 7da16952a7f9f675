package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"accord/apply"
	"accord/crm"
	"accord/kv"
	"accord/plan"
	"accord/schema"
)

// Facts belong to the vendor: what is declared, what was applied and what is
// live, and what comes of it.
func TestFacts(t *testing.T) {
	const tier = "sales: professional}}\n---\napiVersion: accord/v1\nkind: User"
	declare := func(sales string) string {
		return strings.Replace(group, tier, strings.Replace(tier, "professional", sales, 1), 1)
	}
	for _, tc := range []struct {
		name           string
		declared, live string // of acme-us, which was applied with professional
		plan           string
		drift          []bool // a conflict?
		consequences   int
		after          string // live, after apply
		rest           bool   // the plan after apply is empty
	}{
		{"nothing differs", "professional", "professional", "", nil, 0, "professional", true},
		{
			"the declaration changed", "enterprise", "professional",
			"update Account/acme-us\n  facts Account acme-us in acme-us", nil, 0, "enterprise", true,
		},
		{"live changed", "professional", "enterprise", "", []bool{false}, 0, "enterprise", false},
		{"live took something away", "professional", "starter", "", []bool{false}, 2, "starter", false},
		{"the declaration followed", "enterprise", "enterprise", "update Account/acme-us", nil, 0, "enterprise", true},
		{
			// What is declared is written, so that nothing is taken away.
			"both changed", "enterprise", "starter",
			"update Account/acme-us\n  facts Account acme-us in acme-us",
			[]bool{true},
			0, "enterprise", true,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, kv.NewMem())
			w.mustApply(read(t, yaml(map[string]string{"a.yaml": group})))
			w.report("acme-us", "subscriptions.sales", tc.live)
			p := read(t, yaml(map[string]string{"a.yaml": declare(tc.declared)}))
			pl := w.plan(p, plan.Options{})
			wantLines(t, pl, tc.plan)
			var conflicts []bool
			for _, d := range pl.Drift {
				if d.What != plan.DriftFacts || d.Restores || len(d.Fields) == 0 || d.Fields[0].Path != "subscriptions.sales" {
					t.Errorf("drift %+v", d)
				}
				conflicts = append(conflicts, d.Conflict)
			}
			if !slices.Equal(conflicts, tc.drift) || len(pl.Consequences) != tc.consequences {
				t.Errorf("conflicts %v, want %v; consequences %v", conflicts, tc.drift, pl.Consequences)
			}
			if pl.HasChanges() != (tc.plan != "" || tc.drift != nil) || pl.Applyable != (tc.plan != "") {
				t.Errorf("has changes: %v, applyable: %v", pl.HasChanges(), pl.Applyable)
			}
			if _, err := w.apply(pl, apply.Options{}); err != nil {
				t.Fatal(err)
			}
			facts, err := w.account("acme-us").Facts(t.Context())
			if err != nil || facts.Tier("sales") != tc.after {
				t.Errorf("live %s after apply, want %s, %v", facts.Tier("sales"), tc.after, err)
			}
			if again := w.plan(p, plan.Options{}); again.HasChanges() == tc.rest {
				t.Errorf("after apply: %v, %v", lines(again), again.Drift)
			}
		})
	}
}

// An embedded account that is gone is created again, with what was in it.
func TestAccountIsGone(t *testing.T) {
	w, p, _ := scenario(t, list("news", "News"), list("news", "News"))
	lost := newWorld(t, kv.NewMem()) // the same state, and no accounts
	snapshot, err := w.state.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	live, err := plan.Refresh(t.Context(), map[string]crm.Reader{"acme-de": lost.account("acme-de"), "acme-us": w.account("acme-us")}, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	pl := w.make(p, plan.Input{Applied: snapshot, Live: live})
	wantLines(t, pl, `
update Account/acme-de
  facts Account acme-de in acme-de
update User/anna
  create User anna@acme.example in acme-de
update List/news
  create List news in acme-de
update Connection/de-us
  create Property contact/cross_selling_opportunity in acme-de`)
	missing := 0
	for _, d := range pl.Drift {
		if d.What == plan.DriftMissing && d.Restores {
			missing++
		}
	}
	if missing != 4 || len(pl.Drift) != 4 {
		t.Errorf("drift %+v", pl.Drift)
	}
}

// vendor is an account that nobody can tell its facts, nor give users to.
type vendor struct{ crm.Account }

func (v vendor) Capabilities() crm.Capabilities { return crm.Capabilities{} }

func (v vendor) SetFacts(context.Context, schema.Facts) error { return crm.ErrUnsupported }

func (v vendor) CreateAsset(ctx context.Context, a crm.Asset) (string, error) {
	if a.Kind == schema.KindUser {
		return "", crm.ErrUnsupported
	}
	return v.Account.CreateAsset(ctx, a)
}

// An account at the vendor is looked at and set up; it is never told its facts,
// and its people are not accord's.
func TestAccountAtTheVendor(t *testing.T) {
	text := func(us string) string {
		return strings.Replace(group, "subscriptions: {sales: professional}", "subscriptions: {sales: "+us+"}, api: {portalId: 4711, token: {env: TOKEN}}", 1)
	}
	w := newWorld(t, kv.NewMem())
	us := w.account("acme-us")
	if err := us.SetFacts(t.Context(), schema.Facts{
		Platform: schema.HubSpot, Hosting: "eu1", Subscriptions: map[string]string{"sales": "professional"},
	}); err != nil {
		t.Fatal(err)
	}
	w.accounts["acme-us"] = vendor{us}
	p := read(t, yaml(map[string]string{"a.yaml": text("professional") + doc("List", "news", `spec: {accounts: [acme-us], label: News}`)}))
	pl := w.plan(p, plan.Options{})
	for _, c := range pl.Changes {
		for _, e := range c.Effects {
			if e.Account == "acme-us" && e.Kind != schema.KindList && e.Kind != schema.KindProperty {
				t.Errorf("%v: %s %s in acme-us", c.Ref, e.Action, e.Kind)
			}
		}
	}
	w.finish(p, pl)

	// A declaration that the vendor does not bear out is said at once, and goes
	// on being said.
	p = read(t, yaml(map[string]string{"a.yaml": text("enterprise") + doc("List", "news", `spec: {accounts: [acme-us], label: News}`)}))
	pl = w.plan(p, plan.Options{})
	wantLines(t, pl, "update Account/acme-us")
	if len(pl.Drift) != 1 || !pl.Drift[0].Conflict || pl.Drift[0].What != plan.DriftFacts {
		t.Errorf("drift %+v", pl.Drift)
	}
	// Without a look at it, nothing is known of it.
	if blind := w.blind(p); len(blind.Drift) > 0 {
		t.Errorf("drift %+v", blind.Drift)
	}
	if _, err := w.apply(pl, apply.Options{}); err != nil {
		t.Fatal(err)
	}
	if again := w.plan(p, plan.Options{}); !again.HasChanges() || len(again.Changes) > 0 || len(again.Drift) != 1 || again.Drift[0].Conflict {
		t.Errorf("after apply: %v, %v", lines(again), again.Drift)
	}
}

func TestFirstPlanOfAVendorsAccountWithOtherFacts(t *testing.T) {
	w := newWorld(t, kv.NewMem())
	us := w.account("acme-us")
	if err := us.SetFacts(t.Context(), schema.Facts{Platform: schema.HubSpot, Hosting: "eu1"}); err != nil {
		t.Fatal(err)
	}
	w.accounts["acme-us"] = vendor{us}
	p := read(t, yaml(map[string]string{"a.yaml": strings.Replace(group, "subscriptions: {sales: professional}",
		"subscriptions: {sales: professional}, api: {portalId: 4711, token: {env: TOKEN}}", 1)}))
	pl := w.plan(p, plan.Options{})
	if len(pl.Drift) != 1 || pl.Drift[0].Conflict || pl.Errored {
		t.Errorf("drift %+v, findings %v", pl.Drift, pl.Diagnostics)
	}
}

func TestRefreshNamesTheAccount(t *testing.T) {
	w, _, _ := scenario(t, "", "")
	_, err := plan.Refresh(t.Context(), map[string]crm.Reader{"acme-de": w.account("acme-de"), "acme-us": silent{w.account("acme-us")}}, nil, 1)
	if !errors.Is(err, crm.ErrRefused) || !strings.Contains(err.Error(), "acme-us") {
		t.Errorf("error %v", err)
	}
	live, err := plan.Refresh(t.Context(), map[string]crm.Reader{"never": w.account("never")}, nil, 0)
	if err != nil || live["never"] == nil || live["never"].Facts != nil {
		t.Errorf("%+v, %v", live["never"], err)
	}
}

type silent struct{ crm.Account }

func (silent) Assets(context.Context, ...schema.Kind) ([]crm.Asset, error) {
	return nil, crm.ErrRefused
}
