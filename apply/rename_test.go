package apply_test

import (
	"strings"
	"testing"

	"accord/kv"
	"accord/plan"
	"accord/schema"
)

// renamedAccount is the group with acme-de under the name acme-germany.
func renamedAccount() string {
	g := strings.ReplaceAll(group, "acme-de", "acme-germany")
	return strings.Replace(g, "{name: acme-germany,", "{name: acme-germany, renamedFrom: acme-de,", 1)
}

// What names an account names the same one under its new name: nothing is
// replaced, nothing happens in accounts, and nobody's data goes elsewhere.
func TestRenamedAccountReplacesNothing(t *testing.T) {
	rest := list("news", "News") + doc("Workflow", "greet", `
spec:
  account: acme-de
  trigger: {on: contact.created}
  steps:
    - upsertContact: {in: acme-us, target: enrolled, createIfMissing: true}`)
	w := newWorld(t, kv.NewMem())
	w.mustApply(read(t, yaml(map[string]string{"a.yaml": group + rest})))
	p := read(t, yaml(map[string]string{"a.yaml": renamedAccount() + strings.ReplaceAll(rest, "acme-de", "acme-germany")}))
	pl := w.plan(p, plan.Options{})
	wantLines(t, pl, `
update Account/acme-germany
update User/anna
update List/news
update Organization/acme
update Connection/de-us
update Workflow/greet`)
	if len(pl.Consequences) > 0 || len(pl.Drift) > 0 {
		t.Errorf("consequences %v, drift %v", pl.Consequences, pl.Drift)
	}
	if blind := w.blind(p); blind.Digest != pl.Digest {
		t.Errorf("without looking at the accounts the plan is another: %v", lines(blind))
	}
	w.finish(p, pl)
}

// The facts of a renamed account have the consequences that they have for one
// that keeps its name.
func TestRenamedAccountWithOtherFacts(t *testing.T) {
	w := newWorld(t, kv.NewMem())
	w.mustApply(read(t, yaml(map[string]string{"a.yaml": group})))
	w.report("acme-de", "sensitiveData", "true")
	p := read(t, yaml(map[string]string{"a.yaml": renamedAccount()}))
	pl := w.plan(p, plan.Options{})
	if len(pl.Drift) != 1 || pl.Drift[0].Ref.Name != "acme-germany" {
		t.Errorf("drift %+v", pl.Drift)
	}
	if len(pl.Consequences) != 1 || pl.Consequences[0].Rule != "sensitive-source" {
		t.Errorf("consequences %+v", pl.Consequences)
	}
}

// report makes an account report a fact by itself.
func (w *world) report(account, fact, value string) {
	w.t.Helper()
	a := w.account(account)
	f, err := a.Facts(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if f, err = f.With(fact, value); err != nil {
		w.t.Fatal(err)
	}
	if err := a.SetFacts(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// The records of an account stay under the name under which they are kept. A new
// account with the old name sees none of them, in the plan nor afterwards.
func TestOldNameOfAnAccountIsFree(t *testing.T) {
	w := newWorld(t, kv.NewMem())
	w.mustApply(read(t, yaml(map[string]string{"a.yaml": group + list("news", "News")})))
	germany := renamedAccount() + strings.ReplaceAll(list("news", "News"), "acme-de", "acme-germany")
	w.mustApply(read(t, yaml(map[string]string{"a.yaml": germany})))
	both := strings.Replace(germany, " renamedFrom: acme-de,", "", 1) + list("news-de", "News") +
		doc("Account", "acme-de", `spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: enterprise, sales: professional}}`)
	p := read(t, yaml(map[string]string{"a.yaml": both}))
	snapshot, err := w.state.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	storages := plan.Storages(p.graph, snapshot)
	if storages["acme-germany"] != "acme-de" || storages["acme-de"] != "acme-de~" || storages["acme-us"] != "acme-us" {
		t.Errorf("storages %v", storages)
	}
	pl := w.plan(p, plan.Options{})
	wantLines(t, pl, `
create Account/acme-de
  facts Account acme-de in acme-de
create List/news-de
  create List news in acme-de`)
	w.finish(p, pl)
	for storage, want := range map[string]int{"acme-de": 1, "acme-de~": 1} {
		lists, err := w.account(storage).Assets(t.Context(), schema.KindList)
		if err != nil || len(lists) != want {
			t.Errorf("%s has the lists %v, %v", storage, lists, err)
		}
	}
}

// An account whose record has no ids, such as one of a state that was pushed, is
// kept under its own name.
func TestAccountWithoutIDs(t *testing.T) {
	w, p, _ := scenario(t, "", "")
	snapshot, err := w.state.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ref := schema.Ref{Kind: schema.KindAccount, Name: "acme-us"}
	rec := snapshot.Records[ref]
	rec.IDs = nil
	snapshot.Records[ref] = rec
	if got := plan.Storages(p.graph, snapshot)["acme-us"]; got != "acme-us" {
		t.Errorf("storage %s", got)
	}
}
