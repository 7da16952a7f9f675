package apply_test

import (
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

// An account has one object of a kind for a natural key. These are the ways in
// which resources can want the same one.

func list(name, label string) string {
	return doc("List", name, `spec: {accounts: [acme-de], label: `+label+`}`)
}

const dynamic = `, membership: {where: contact.country == "DE"}`

// labels are the labels of the lists of an account, by id.
func (w *world) labels(account string) map[string]string {
	w.t.Helper()
	lists, err := w.account(account).Assets(w.t.Context(), schema.KindList)
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]string{}
	for _, l := range lists {
		out[l.ID] = l.Spec.(*schema.List).Label
	}
	return out
}

// id is the vendor's id of a resource's object.
func (w *world) id(address, account string) string {
	w.t.Helper()
	ref, err := schema.ParseRef(address)
	if err != nil {
		w.t.Fatal(err)
	}
	rec, err := w.state.Record(w.t.Context(), ref)
	if err != nil {
		w.t.Fatal(err)
	}
	return rec.IDs[account]
}

func wantRefused(t *testing.T, pl *plan.Plan, rule string, says ...string) {
	t.Helper()
	if !pl.Errored || pl.Applyable || len(pl.Diagnostics) == 0 {
		t.Fatalf("not refused: %v", lines(pl))
	}
	d := pl.Diagnostics[0]
	if d.Rule != rule {
		t.Errorf("rule %s, want %s", d.Rule, rule)
	}
	for _, s := range says {
		if !strings.Contains(d.Message, s) {
			t.Errorf("message %q does not say %q", d.Message, s)
		}
	}
	if d.Position.Line == 0 || d.Help == "" {
		t.Errorf("no position or no help: %+v", d)
	}
}

// A label that one list gives up goes to another: the first gives it up before
// the second takes it, whatever their names, and no object changes hands.
func TestLabelPassesOn(t *testing.T) {
	for name, tc := range map[string]struct{ before, after, plan string }{
		"to a new list": {
			list("b", "Old"), list("a", "Old") + list("b", "New"),
			"update List/b\n  update List new in acme-de\ncreate List/a\n  create List old in acme-de",
		},
		"to another list": {
			list("a", "One") + list("b", "Two"), list("a", "Two") + list("b", "Three"),
			"update List/b\n  update List three in acme-de\nupdate List/a\n  update List two in acme-de",
		},
		"along a chain": {
			list("a", "One") + list("b", "Two") + list("c", "Three"), list("a", "Two") + list("b", "Three") + list("c", "Four"),
			"update List/c\n  update List four in acme-de\nupdate List/b\n  update List three in acme-de\nupdate List/a\n  update List two in acme-de",
		},
		"to one that has another, and its list is gone": {
			list("a", "One") + list("b", "Two"), list("a", "Two"),
			"update List/a\n  delete List two in acme-de\n  update List two in acme-de\ndelete List/b",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, p, pl := scenario(t, tc.before, tc.after)
			wantLines(t, pl, tc.plan)
			b := pl.Digest
			if blind := w.blind(p); blind.Digest != b {
				t.Errorf("without looking at the accounts the plan is another: %v", lines(blind))
			}
			kept := w.id("List/"+map[bool]string{true: "b", false: "a"}[name == "to a new list"], "acme-de")
			w.finish(p, pl)
			if _, ok := w.labels("acme-de")[kept]; !ok {
				t.Error("a list was created anew")
			}
			if got := w.labels("acme-de"); len(got) != len(p.graph.Of(schema.KindList)) {
				t.Errorf("lists %v", got)
			}
		})
	}
}

func TestExchangedLabelsAreRefused(t *testing.T) {
	w, _, pl := scenario(t, list("a", "One")+list("b", "Two"), list("a", "Two")+list("b", "One"))
	wantRefused(t, pl, "duplicate-resource", "List/a", "List/b", "exchange")
	// What the help says works.
	for _, after := range []string{list("a", "Two") + list("b", "Three"), list("a", "Two") + list("b", "One")} {
		p := read(t, yaml(map[string]string{"a.yaml": group + after}))
		w.finish(p, w.plan(p, plan.Options{}))
	}
}

// The rules compare labels as they are written, accounts without case.
func TestSameObjectTwiceIsRefused(t *testing.T) {
	for name, tc := range map[string]struct{ before, after string }{
		"both new":                {"", list("a", "News") + list("b", "news")},
		"one applied":             {list("b", "News"), list("a", "news") + list("b", "News")},
		"one renamed to it":       {list("a", "Other") + list("b", "News"), list("a", "news") + list("b", "News")},
		"the same e-mail address": {"", doc("User", "zoe", `spec: {email: Anna@acme.example, access: [{account: acme-us}]}`)},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, pl := scenario(t, tc.before, tc.after)
			wantRefused(t, pl, "duplicate-resource", "the same object of acme-")
		})
	}
}

// What is there by hand is taken over where it can be, and refused where the
// account would refuse the change.
func TestObjectOfAnotherMakeIsRefused(t *testing.T) {
	w := newWorld(t, kv.NewMem())
	w.mustApply(read(t, yaml(map[string]string{"a.yaml": group + list("mine", "Mine")})))
	for _, a := range []crm.Asset{
		{Kind: schema.KindList, Spec: &schema.List{Label: "Newsletter", Object: schema.Company}},
		{Kind: schema.KindProperty, Name: "score", Spec: &schema.Property{Object: schema.Contact, Type: schema.TypeNumber, Label: "Score"}},
	} {
		if _, err := w.account("acme-de").CreateAsset(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct{ after, says string }{
		"another object":      {list("mine", "Mine") + list("news", "Newsletter"), "spec.object"},
		"another type":        {doc("Property", "score", `spec: {accounts: [acme-de], object: contact, type: string}`), "spec.type"},
		"a rename onto it":    {list("mine", "Newsletter"), "cannot take that name"},
		"a standard property": {doc("Property", "phone", `spec: {accounts: [acme-de], object: contact, type: string, label: Telefon}`), "by itself"},
		"the default pipeline's label": {
			doc("Pipeline", "sales", `spec: {accounts: [acme-de], label: Sales Pipeline, stages: [{id: new}]}`), "metadata.name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := read(t, yaml(map[string]string{"a.yaml": group + tc.after}))
			wantRefused(t, w.plan(p, plan.Options{}), "duplicate-resource", "acme-de", tc.says)
		})
	}
	t.Run("a standard property of an account that is yet to be created", func(t *testing.T) {
		p := read(t, yaml(map[string]string{"a.yaml": group + doc("Property", "phone", `spec: {accounts: [acme-de], object: contact, type: string, label: Telefon}`)}))
		wantRefused(t, newWorld(t, kv.NewMem()).plan(p, plan.Options{}), "duplicate-resource", "by itself")
	})
}

// A list that looks like the one whose declaration is gone, and is filled in
// another way, cannot be that one. It takes its place.
func TestForgottenRenameOfAnotherMake(t *testing.T) {
	for name, tc := range map[string]struct{ before, after, plan string }{
		"a list": {
			list("news", "News"), doc("List", "letters", `spec: {accounts: [acme-de], label: News`+dynamic+`}`),
			"create List/letters\n  delete List news in acme-de\n  create List news in acme-de\ndelete List/news",
		},
		"a pipeline, whose name is in its deals": {
			doc("Pipeline", "deals", `spec: {accounts: [acme-de], label: Deals, stages: [{id: new}]}`),
			doc("Pipeline", "sales", `spec: {accounts: [acme-de], label: Deals, stages: [{id: new}]}`),
			"create Pipeline/sales\n  delete Pipeline deal/deals in acme-de\n  create Pipeline deal/deals in acme-de\ndelete Pipeline/deals",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, p, pl := scenario(t, tc.before, tc.after)
			wantLines(t, pl, tc.plan)
			w.finish(p, pl)
		})
	}
}

// What leaves one declaration for another in an account stays what it is there:
// the members are in it.
func TestSplitListKeepsItsObjects(t *testing.T) {
	w, p, pl := scenario(t,
		doc("List", "news", `spec: {accounts: [acme-de, acme-us], label: News}`),
		doc("List", "news", `spec: {accounts: [acme-us], label: News}`)+list("news-de", "News"))
	wantLines(t, pl, `
update List/news
create List/news-de
  adopt List news in acme-de`)
	before := w.labels("acme-de")
	w.finish(p, pl)
	if got := w.id("List/news-de", "acme-de"); before[got] != "News" {
		t.Errorf("the list in acme-de was %v and is %s", before, got)
	}
}

func TestDefaultPipelineTakesThePlaceOfTheVendors(t *testing.T) {
	pipeline := func(label string) string {
		return doc("Pipeline", "default", `spec: {accounts: [acme-de], label: `+label+`, stages: [{id: new}, {id: won, closed: won}]}`)
	}
	for _, label := range []string{"Sales Pipeline", "Verkauf"} {
		t.Run(label, func(t *testing.T) {
			w := newWorld(t, kv.NewMem())
			p := read(t, yaml(map[string]string{"a.yaml": group + pipeline(label)}))
			w.finish(p, w.plan(p, plan.Options{}))
			w, p, pl := scenario(t, "", pipeline(label))
			w.finish(p, pl)
			if id := w.id("Pipeline/default", "acme-de"); id != "default" {
				t.Errorf("id %s", id)
			}
			p = read(t, yaml(map[string]string{"a.yaml": group}))
			w.finish(p, w.plan(p, plan.Options{}))
		})
	}
}

func TestRenamedAndChanged(t *testing.T) {
	w, p, pl := scenario(t, list("news", "News"),
		"---\napiVersion: accord/v1\nkind: List\nmetadata: {name: letters, renamedFrom: news}\nspec: {accounts: [acme-de, acme-us], label: Letters}\n")
	wantLines(t, pl, `
update List/letters
  update List letters in acme-de
  create List letters in acme-us`)
	var paths []string
	for _, f := range pl.Changes[0].Fields {
		paths = append(paths, string(f.Path))
	}
	if !slices.Equal(paths, []string{"spec.accounts.acme-us", "spec.label"}) {
		t.Errorf("fields %v", paths)
	}
	id := w.id("List/news", "acme-de")
	w.finish(p, pl)
	if got := w.id("List/letters", "acme-de"); got != id {
		t.Errorf("id %s, then %s", id, got)
	}
	if _, err := w.state.Record(t.Context(), schema.Ref{Kind: schema.KindList, Name: "news"}); err == nil {
		t.Error("the old address is in the state still")
	}
}

func TestUserLosesAccess(t *testing.T) {
	ben := func(access string) string {
		return doc("User", "ben", "spec:\n  email: ben@acme.example\n  access:\n"+access)
	}
	both := "    - {account: acme-de, seats: [sales]}\n    - {account: acme-us}\n"
	w, p, pl := scenario(t, ben(both), ben("    - {account: acme-de, seats: [core]}\n"))
	wantLines(t, pl, `
update User/ben
  update User ben@acme.example in acme-de
  delete User ben@acme.example in acme-us`)
	w.finish(p, pl)
	users, err := w.account("acme-us").Assets(t.Context(), schema.KindUser)
	if err != nil || len(users) != 1 {
		t.Errorf("users %v, %v", users, err)
	}
}

// A list that a selector places in an account goes with the account.
func TestDeletedAccountLosesSelectedObjects(t *testing.T) {
	other := doc("Account", "acme-fr", `spec: {platform: hubspot, hosting: eu1, subscriptions: {sales: professional}}`)
	labeled := strings.Replace(other, "{name: acme-fr}", "{name: acme-fr, labels: {region: emea}}", 1)
	selected := doc("List", "news", `spec: {accountLabels: {region: emea}, label: News}`)
	w, p, pl := scenario(t, labeled+selected, selected)
	wantLines(t, pl, `
update List/news
  delete List news in acme-fr
delete Account/acme-fr`)
	w.finish(p, pl)
}

func TestReplacedPropertyOfAFormThatLetsItGo(t *testing.T) {
	property := func(typ string) string {
		return doc("Property", "brand", `spec: {accounts: [acme-de], object: contact, type: `+typ+`, label: Brand}`)
	}
	form := func(fields string) string {
		return doc("Form", "contact-us", `spec: {accounts: [acme-de], label: Contact us, fields: [`+fields+`]}`)
	}
	w, p, pl := scenario(t, property("string")+form("email, brand"), property("number")+form("email"))
	wantLines(t, pl, `
replace Property/brand
  delete Property contact/brand in acme-de
  create Property contact/brand in acme-de
update Form/contact-us
  update Form contact us in acme-de`)
	w.finish(p, pl)
}

// A replacement that was cut off between the deletion and the creation, or
// behind it, is finished; what was created is not created again.
func TestReplacementCutOff(t *testing.T) {
	property := func(typ string) string {
		return doc("Property", "score", `spec: {accounts: [acme-de], object: contact, type: `+typ+`, label: Score}`)
	}
	for name, created := range map[string]bool{"before it was created": false, "behind": true} {
		t.Run(name, func(t *testing.T) {
			w, p, pl := scenario(t, property("number"), property("string"))
			de, e := w.account("acme-de"), pl.Changes[0].Effects
			if err := de.DeleteAsset(t.Context(), e[0].Kind, e[0].ID); err != nil {
				t.Fatal(err)
			}
			var id string
			if created {
				a, err := e[1].DecodeAsset()
				if err != nil {
					t.Fatal(err)
				}
				if id, err = de.CreateAsset(t.Context(), a); err != nil {
					t.Fatal(err)
				}
			}
			w.finish(p, w.plan(p, plan.Options{}))
			if got := w.id("Property/score", "acme-de"); created && got != id {
				t.Errorf("created again: %s, then %s", id, got)
			}
		})
	}
}

// A property that the product implies is the connections', also where a
// resource declared it in between. It is never deleted with the resource.
func TestImpliedPropertyChangesHands(t *testing.T) {
	declared := doc("Property", "cross-sell",
		`spec: {accounts: [acme-de], object: contact, type: enumeration, label: Cross, name: cross_selling_opportunity, options: ["yes", "no"]}`)
	w, p, pl := scenario(t, "", declared)
	wantLines(t, pl, `
create Property/cross-sell
  adopt Property contact/cross_selling_opportunity in acme-de`)
	w.finish(p, pl)
	id := w.id("Property/cross-sell", "acme-de")

	p = read(t, yaml(map[string]string{"a.yaml": group}))
	pl = w.plan(p, plan.Options{})
	wantLines(t, pl, `
update Connection/de-us
delete Property/cross-sell`)
	w.finish(p, pl)
	rec, err := w.state.Record(t.Context(), schema.Ref{Kind: schema.KindConnection, Name: "de-us"})
	if err != nil || rec.Implied["acme-de"]["contact/cross_selling_opportunity"] != id {
		t.Errorf("implied %v, want %s, %v", rec.Implied, id, err)
	}
	// Also where the connection is new in the same plan.
	w, p, pl = scenario(t, "", declared)
	w.finish(p, pl)
	p = read(t, yaml(map[string]string{"a.yaml": strings.Replace(group, "name: de-us", "name: us-de", 1)}))
	w.finish(p, w.plan(p, plan.Options{}))
	w.wantProperty("acme-de", "contact/cross_selling_opportunity")
	// A connection that goes leaves it.
	p = read(t, yaml(map[string]string{"a.yaml": group[:strings.LastIndex(group, "---")]}))
	w.finish(p, w.plan(p, plan.Options{}))
	w.wantProperty("acme-de", "contact/cross_selling_opportunity")
}

func (w *world) wantProperty(account, key string) {
	w.t.Helper()
	assets, err := w.account(account).Assets(w.t.Context(), schema.KindProperty)
	if err != nil {
		w.t.Fatal(err)
	}
	if !slices.ContainsFunc(assets, func(a crm.Asset) bool { return a.Key() == key }) {
		w.t.Errorf("%s has no property %s", account, key)
	}
}

// three has two connections that imply a property in acme-de.
const three = `
---
apiVersion: accord/v1
kind: Account
metadata: {name: acme-fr}
spec: {platform: hubspot, hosting: eu1, subscriptions: {sales: professional}}
---
apiVersion: accord/v1
kind: Connection
metadata: {name: de-fr}
spec: {between: [acme-de, acme-fr], features: {workflows: {}}}
`

func threeAccounts() string {
	g := strings.Replace(group, "accounts: [acme-de, acme-us]", "accounts: [acme-de, acme-us, acme-fr]", 1)
	return strings.Replace(g, "    - {account: acme-us, superAdmin", "    - {account: acme-fr, superAdmin: true}\n    - {account: acme-us, superAdmin", 1) + three
}

func TestImpliedPropertyIsCreatedOnce(t *testing.T) {
	w := newWorld(t, kv.NewMem())
	p := read(t, yaml(map[string]string{"a.yaml": threeAccounts()}))
	pl := w.plan(p, plan.Options{})
	count := func(pl *plan.Plan) (n int) {
		for _, c := range pl.Changes {
			for _, e := range c.Effects {
				if e.Implied && e.Account == "acme-de" {
					n++
				}
			}
		}
		return n
	}
	if count(pl) != 1 {
		t.Errorf("created %d times: %v", count(pl), lines(pl))
	}
	// The other connection creates it where the first is left out.
	first := w.plan(p, plan.Options{Excludes: []string{"Connection/de-fr"}})
	if count(first) != 1 {
		t.Errorf("with the first left out it is created %d times: %v", count(first), lines(first))
	}
	w.finish(p, pl)
	// Deleted by hand it is put back once, by an update of one connection.
	de := w.account("acme-de")
	properties, err := de.Assets(t.Context(), schema.KindProperty)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range properties {
		if a.Key() == "contact/cross_selling_opportunity" {
			if err := de.DeleteAsset(t.Context(), a.Kind, a.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	pl = w.plan(p, plan.Options{})
	wantLines(t, pl, `
update Connection/de-fr
  create Property contact/cross_selling_opportunity in acme-de`)
	if len(pl.Drift) != 1 {
		t.Errorf("drift %+v", pl.Drift)
	}
	w.finish(p, pl)
}

// A plan that did not look finds that the label has gone to somebody else since,
// and does not take what is not its own.
func TestCreatedByHandSinceThePlan(t *testing.T) {
	w, _, pl := scenario(t, "", list("news", "News"))
	id, err := w.account("acme-de").CreateAsset(t.Context(), crm.Asset{Kind: schema.KindList, Spec: &schema.List{Label: "NEWS"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.apply(pl, apply.Options{})
	var exists *crm.ExistsError
	if !errors.As(err, &exists) || exists.ID != id || len(r.Failed) != 1 {
		t.Fatalf("%v, %+v", err, r)
	}
	if got := w.labels("acme-de")[id]; got != "NEWS" {
		t.Errorf("label %q", got)
	}
}
