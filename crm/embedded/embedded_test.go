package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"accord/crm"
	"accord/crm/crmtest"
	"accord/crm/embedded"
	"accord/kv"
	"accord/kv/badgerkv"
	"accord/schema"
)

var facts = schema.Facts{Platform: schema.HubSpot, Hosting: "eu1", Subscriptions: map[string]string{"marketing": "enterprise"}}

// open returns a new account in the store.
func open(t testing.TB, db kv.DB, name string, opts embedded.Options) *embedded.Account {
	t.Helper()
	a := embedded.New(db, name, opts)
	if err := a.SetFacts(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	return a
}

func mem(t testing.TB, opts embedded.Options) *embedded.Account {
	t.Helper()
	return open(t, kv.NewMem(), "acme-de", opts)
}

func badger(t testing.TB, dir string) *badgerkv.DB {
	t.Helper()
	db, err := badgerkv.Open(t.Context(), badgerkv.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestInMemory(t *testing.T) {
	crmtest.Run(t, func(t testing.TB) crm.Account { return mem(t, embedded.Options{}) })
}

// All the accounts of the suite lie in one store, so that it also finds what one
// would do to another.
func TestOnDisk(t *testing.T) {
	db := badger(t, t.TempDir())
	var n atomic.Int64
	crmtest.Run(t, func(t testing.TB) crm.Account {
		return open(t, db, fmt.Sprintf("account-%d", n.Add(1)), embedded.Options{})
	})
}

// must ends the test unless every input has passed.
func must(t testing.TB, results []crm.Result, err error) []crm.Result {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("input %d: %v", i, r.Err)
		}
	}
	return results
}

func create(t testing.TB, a *embedded.Account, object string, nameValue ...string) string {
	t.Helper()
	results, err := a.CreateRecords(t.Context(), object, []crm.Input{{Properties: props(nameValue...)}})
	return must(t, results, err)[0].ID
}

func update(t testing.TB, a *embedded.Account, object, id string, nameValue ...string) {
	t.Helper()
	results, err := a.UpdateRecords(t.Context(), object, []crm.Input{{ID: id, Properties: props(nameValue...)}})
	must(t, results, err)
}

func read(t testing.TB, a *embedded.Account, object, id string) map[string]string {
	t.Helper()
	found, err := a.ReadRecords(t.Context(), object, "", []string{id})
	if err != nil {
		t.Fatal(err)
	}
	if found[0] == nil {
		return nil
	}
	return found[0].Properties
}

func props(nameValue ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(nameValue); i += 2 {
		m[nameValue[i]] = nameValue[i+1]
	}
	return m
}

func asset(t testing.TB, a *embedded.Account, name string, spec schema.Spec) string {
	t.Helper()
	id, err := a.CreateAsset(t.Context(), crm.Asset{Kind: spec.Kind(), Name: name, Spec: spec})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func changes(t testing.TB, a *embedded.Account, after crm.Cursor) []crm.Change {
	t.Helper()
	var out []crm.Change
	for {
		part, next, err := a.Changes(t.Context(), after, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(part) == 0 {
			return out
		}
		out, after = append(out, part...), next
	}
}

// count is how many keys the store has.
func count(t testing.TB, db kv.DB) (n int) {
	t.Helper()
	err := db.View(t.Context(), func(r kv.Reader) error {
		for _, err := range r.Keys(kv.Span{}) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func invalid(err error) bool {
	var i *crm.InvalidError
	return errors.As(err, &i)
}

func TestNeverCreated(t *testing.T) {
	ctx := t.Context()
	db := kv.NewMem()
	a := embedded.New(db, "acme-de", embedded.Options{})
	calls := map[string]func() error{
		"Facts":   func() error { _, err := a.Facts(ctx); return err },
		"Assets":  func() error { _, err := a.Assets(ctx, schema.KindList); return err },
		"Digests": func() error { _, err := a.Digests(ctx); return err },
		"CreateAsset": func() error {
			_, err := a.CreateAsset(ctx, crm.Asset{Kind: schema.KindList, Spec: &schema.List{Label: "L"}})
			return err
		},
		"DeleteAsset":  func() error { return a.DeleteAsset(ctx, schema.KindList, "1") },
		"ReadRecords":  func() error { _, err := a.ReadRecords(ctx, schema.Contact, "", []string{"1"}); return err },
		"ListRecords":  func() error { _, err := a.ListRecords(ctx, crm.Query{Object: schema.Contact}); return err },
		"Create":       func() error { _, err := a.CreateRecords(ctx, schema.Contact, []crm.Input{{}}); return err },
		"CreateNone":   func() error { _, err := a.CreateRecords(ctx, schema.Contact, nil); return err },
		"Associate":    func() error { _, err := a.Associate(ctx, []crm.Link{{}}); return err },
		"Changes":      func() error { _, _, err := a.Changes(ctx, "", 0); return err },
		"LatestChange": func() error { _, err := a.LatestChange(ctx); return err },
		"SubmitForm":   func() error { _, err := a.SubmitForm(ctx, crm.SubmissionInput{}); return err },
		"SetBookmark":  func() error { return a.SetBookmark(ctx, "d", 1) },
		"TrimChanges":  func() error { _, err := a.TrimChanges(ctx, time.Now()); return err },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, crm.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	if n := count(t, db); n != 0 {
		t.Errorf("an account that was never created has %d keys", n)
	}
}

func TestAccountsDoNotMix(t *testing.T) {
	db := kv.NewMem()
	names := []string{"a", "a/r", "a%2Fr", "ab", "", "/", "a/r/contact"}
	for i, name := range names {
		a := open(t, db, name, embedded.Options{})
		for range i + 1 {
			create(t, a, schema.Contact, "city", "Rome")
		}
	}
	for i, name := range names {
		page, err := embedded.New(db, name, embedded.Options{}).ListRecords(t.Context(), crm.Query{Object: schema.Contact})
		if err != nil || len(page.Items) != i+1 {
			t.Errorf("account %q: got %d contacts and %v, want %d", name, len(page.Items), err, i+1)
		}
	}
}

// What is deleted leaves nothing behind but the changes that tell of it and what
// a person has said about being written to.
func TestNothingIsLeft(t *testing.T) {
	db := kv.NewMem()
	a := open(t, db, "acme-de", embedded.Options{Quiet: true})
	ctx := t.Context()
	list := asset(t, a, "l", &schema.List{Label: "L"})
	form := asset(t, a, "f", &schema.Form{Label: "F", Fields: []string{"email"}})
	unique := asset(t, a, "number", &schema.Property{Object: schema.Contact, Type: schema.TypeString, Unique: true})
	create(t, a, schema.Task, "body", "the counters' first move")
	before := count(t, db)

	jane := create(t, a, schema.Contact, "email", "jane@example.com", "number", "7")
	company := create(t, a, schema.Company, "domain", "example.com")
	results, err := a.CreateRecords(ctx, schema.Deal, []crm.Input{{
		Key: "k", Properties: props("dealname", "Big"),
		Associations: []crm.Association{{To: crm.Ref{Object: schema.Contact, ID: jane}}, {To: crm.Ref{Object: schema.Company, ID: company}}},
	}})
	deal := must(t, results, err)[0].ID
	results, err = a.Associate(ctx, []crm.Link{{From: crm.Ref{Object: schema.Contact, ID: jane}, To: crm.Ref{Object: schema.Company, ID: company}}})
	must(t, results, err)
	results, err = a.AddMembers(ctx, list, []string{jane}, crm.Cause{})
	must(t, results, err)
	if _, err := a.SubmitForm(ctx, crm.SubmissionInput{Form: form, Values: props("email", "jane@example.com")}); err != nil {
		t.Fatal(err)
	}
	update(t, a, schema.Deal, deal, "dealname", "Bigger", "dealstage", "closedwon")
	if count(t, db) < before+15 {
		t.Fatalf("too little was written to mean anything: %d keys", count(t, db)-before)
	}
	for object, id := range map[string]string{schema.Contact: jane, schema.Company: company, schema.Deal: deal} {
		results, err := a.DeleteRecords(ctx, object, []crm.Input{{ID: id}})
		must(t, results, err)
	}
	if n := count(t, db); n != before {
		t.Errorf("there are %d keys, and were %d", n, before)
	}

	// The same, with the assets going first.
	jane = create(t, a, schema.Contact, "email", "jane@example.com", "number", "7")
	results, err = a.AddMembers(ctx, list, []string{jane}, crm.Cause{})
	must(t, results, err)
	if _, err := a.SubmitForm(ctx, crm.SubmissionInput{Form: form, Values: props("email", "jane@example.com")}); err != nil {
		t.Fatal(err)
	}
	for kind, id := range map[schema.Kind]string{schema.KindList: list, schema.KindForm: form, schema.KindProperty: unique} {
		if err := a.DeleteAsset(ctx, kind, id); err != nil {
			t.Fatal(err)
		}
	}
	results, err = a.DeleteRecords(ctx, schema.Contact, []crm.Input{{ID: jane}})
	must(t, results, err)
	if n := count(t, db); n != before-3 {
		t.Errorf("there are %d keys, and were %d with three assets", n, before)
	}
}

func TestQuiet(t *testing.T) {
	a := mem(t, embedded.Options{})
	given := a.Quiet()
	id := create(t, given, schema.Contact, "email", "jane@example.com")
	if got := changes(t, a, ""); len(got) != 0 {
		t.Errorf("what was given is a change: %+v", got)
	}
	update(t, a, schema.Contact, id, "city", "Rome")
	if got := changes(t, a, ""); len(got) != 1 || got[0].Type != crm.RecordUpdated {
		t.Errorf("got %+v, want the update alone", got)
	}
}

func TestTrimChanges(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	a := mem(t, embedded.Options{Now: func() time.Time { return now }})
	ctx := t.Context()
	id := create(t, a, schema.Contact, "email", "jane@example.com")
	const old = 2500 // more than one transaction's worth
	inputs := make([]crm.Input, old-1)
	for i := range inputs {
		inputs[i] = crm.Input{ID: id, Properties: props("city", fmt.Sprint(i))}
	}
	results, err := a.UpdateRecords(ctx, schema.Contact, inputs)
	must(t, results, err)
	_, early, err := a.Changes(ctx, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	behind, err := a.LatestChange(ctx)
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	update(t, a, schema.Contact, id, "city", "Rome")

	n, err := a.TrimChanges(ctx, now)
	if err != nil || n != old {
		t.Fatalf("trimmed %d and %v, want %d", n, err, old)
	}
	if _, _, err := a.Changes(ctx, early, 0); !errors.Is(err, crm.ErrCursorTooOld) {
		t.Errorf("an old cursor: got %v, want ErrCursorTooOld", err)
	}
	if _, _, err := a.Changes(ctx, crm.Cursor(fmt.Sprint(old-1)), 0); !errors.Is(err, crm.ErrCursorTooOld) {
		t.Errorf("a cursor that missed one change: got %v, want ErrCursorTooOld", err)
	}
	for _, from := range []crm.Cursor{"", behind} {
		if got := changes(t, a, from); len(got) != 1 || got[0].Sequence != old+1 || got[0].Changed["city"].New != "Rome" {
			t.Errorf("from %q: got %+v, want the last alone", from, got)
		}
	}
	if n, err := a.TrimChanges(ctx, now.Add(time.Hour)); err != nil || n != 1 {
		t.Errorf("trim the rest: got %d and %v", n, err)
	}
	if got := changes(t, a, ""); len(got) != 0 {
		t.Errorf("after all was trimmed: got %+v", got)
	}
	update(t, a, schema.Contact, id, "city", "Bonn")
	if got := changes(t, a, ""); len(got) != 1 || got[0].Sequence != old+2 {
		t.Errorf("the next: got %+v, want sequence %d", got, old+2)
	}
}

func TestClockRunsBackward(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	db := kv.NewMem()
	clock := embedded.Options{Now: func() time.Time { return now }}
	id := create(t, open(t, db, "a", clock), schema.Contact, "city", "Rome")
	first := now
	now = now.Add(-time.Hour)
	a := embedded.New(db, "a", clock) // as after a restart
	update(t, a, schema.Contact, id, "city", "Bonn")
	found, err := a.ReadRecords(t.Context(), schema.Contact, "", []string{id})
	if err != nil || !found[0].UpdatedAt.Equal(first) {
		t.Errorf("updated at %v (%v), want %v", found[0].UpdatedAt, err, first)
	}
	for _, c := range changes(t, a, "") {
		if c.OccurredAt.Before(first) {
			t.Errorf("change %d occurred at %v, before %v", c.Sequence, c.OccurredAt, first)
		}
	}
}

func TestDynamicLists(t *testing.T) {
	a := mem(t, embedded.Options{Matcher: func(list *crm.Asset, r *crm.Record) bool {
		return r.Properties["city"] == list.Spec.(*schema.List).Membership.Where
	}})
	ctx := t.Context()
	before := create(t, a, schema.Contact, "city", "Rome")
	list := asset(t, a, "romans", &schema.List{Label: "Romans", Membership: schema.Membership{Where: "Rome"}})
	begin, err := a.LatestChange(ctx)
	if err != nil {
		t.Fatal(err)
	}
	created := create(t, a, schema.Contact, "city", "Rome")
	other := create(t, a, schema.Contact, "city", "Bonn")
	update(t, a, schema.Contact, other, "city", "Rome")
	update(t, a, schema.Contact, other, "lastname", "Stays")
	update(t, a, schema.Contact, before, "city", "")
	create(t, a, schema.Company, "city", "Rome") // another object

	page, err := a.ListMembers(ctx, list, "", 0)
	if err != nil || !slices.Equal(page.Items, []string{created, other}) {
		t.Errorf("members: got %v and %v, want %s and %s", page.Items, err, created, other)
	}
	in, err := a.Memberships(ctx, schema.Contact, []string{before, other})
	if err != nil || len(in[0]) != 0 || !slices.Equal(in[1], []string{list}) {
		t.Errorf("memberships: got %v and %v", in, err)
	}
	var moves []string
	for _, c := range changes(t, a, begin) {
		if c.List == list {
			moves = append(moves, string(c.Type)+" "+c.ID)
		}
	}
	if want := []string{"list.joined " + created, "list.joined " + other, "list.left " + before}; !slices.Equal(moves, want) {
		t.Errorf("moves: got %v, want %v", moves, want)
	}
	if _, err := a.AddMembers(ctx, list, []string{before}, crm.Cause{}); !invalid(err) {
		t.Errorf("put into it by hand: got %v, want an InvalidError", err)
	}
}

// A page of a dynamic list, or of a value without an index, looks at a bounded
// number of records, and the listing is whole all the same.
func TestSparseListing(t *testing.T) {
	a := mem(t, embedded.Options{Quiet: true, Matcher: func(_ *crm.Asset, r *crm.Record) bool { return r.Properties["city"] == "Rome" }})
	list := asset(t, a, "romans", &schema.List{Label: "Romans", Membership: schema.Membership{Where: "x"}})
	inputs := make([]crm.Input, 5000)
	for i := range inputs {
		inputs[i].Properties = props("city", "Bonn")
	}
	inputs[4999].Properties = props("city", "Rome")
	results, err := a.CreateRecords(t.Context(), schema.Contact, inputs)
	want := must(t, results, err)[4999].ID
	pages := 0
	got := []string{}
	for r, err := range crm.All(t.Context(), a, crm.Query{Object: schema.Contact, Where: &crm.Equal{Property: "city", Value: "Rome"}}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.ID)
	}
	for id, err := range crm.Each(func(c crm.Cursor) (crm.Page[string], error) {
		pages++
		return a.ListMembers(t.Context(), list, c, 0)
	}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, id)
	}
	if !slices.Equal(got, []string{want, want}) || pages < 5 {
		t.Errorf("got %v in %d pages, want %s twice and a bounded page", got, pages, want)
	}
}

func TestWideDelete(t *testing.T) {
	db := kv.NewMem()
	a := open(t, db, "acme-de", embedded.Options{Quiet: true})
	ctx := t.Context()
	create(t, a, schema.Task, "body", "the counters' first move")
	before := count(t, db)
	company := create(t, a, schema.Company, "domain", "example.com")
	inputs := make([]crm.Input, 3000)
	for i := range inputs {
		inputs[i].Associations = []crm.Association{{To: crm.Ref{Object: schema.Company, ID: company}}}
	}
	results, err := a.CreateRecords(ctx, schema.Contact, inputs)
	must(t, results, err)
	other := create(t, a, schema.Company, "domain", "two.example")
	results, err = a.DeleteRecords(ctx, schema.Company, []crm.Input{{ID: other}, {ID: company}, {ID: company}})
	if err != nil || len(results) != 3 || results[0].Err != nil || results[1].Err != nil || !errors.Is(results[2].Err, crm.ErrNotFound) {
		t.Fatalf("got %+v and %v", results, err)
	}
	// A contact is a record and an entry by time.
	if n := count(t, db) - before; n != 2*len(inputs) {
		t.Errorf("%d keys are left, want %d", n, 2*len(inputs))
	}
}

func TestDefaultPipeline(t *testing.T) {
	a := mem(t, embedded.Options{})
	ctx := t.Context()
	own := &schema.Pipeline{Label: "Ours", Stages: []schema.Stage{{ID: "new"}, {ID: "closedwon", Closed: "won"}}}
	def := crm.Asset{Kind: schema.KindPipeline, ID: schema.DefaultPipelineName, Name: schema.DefaultPipelineName, Spec: own}
	var exists *crm.ExistsError
	if _, err := a.CreateAsset(ctx, def); !errors.As(err, &exists) || exists.ID != schema.DefaultPipelineName {
		t.Fatalf("create: got %v, want an ExistsError with its id", err)
	}
	if err := a.DeleteAsset(ctx, def.Kind, def.ID); !invalid(err) {
		t.Errorf("delete as it is: got %v, want an InvalidError", err)
	}
	deal := create(t, a, schema.Deal, "dealname", "Big")
	if err := a.UpdateAsset(ctx, def); !invalid(err) || !strings.Contains(err.Error(), "appointmentscheduled") {
		t.Errorf("take a stage away that is in use: got %v", err)
	}
	update(t, a, schema.Deal, deal, "dealstage", "closedwon")
	if err := a.UpdateAsset(ctx, def); err != nil {
		t.Fatal(err)
	}
	if got := read(t, a, schema.Deal, create(t, a, schema.Deal, "dealname", "New"))["dealstage"]; got != "new" {
		t.Errorf("a new deal is in stage %q", got)
	}
	if err := a.DeleteAsset(ctx, def.Kind, def.ID); !invalid(err) {
		t.Errorf("give back while a deal is in a stage of ours: got %v, want an InvalidError", err)
	}
	digests, err := a.Digests(ctx)
	if err != nil || digests[crm.AssetID{Kind: def.Kind, ID: def.ID}] != def.Digest() {
		t.Errorf("the default pipeline was changed, and the digests are %x, %v", digests, err)
	}
	page, err := a.ListRecords(ctx, crm.Query{Object: schema.Deal, Where: &crm.Equal{Property: "dealstage", Value: "new"}})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("deals in stage new: got %+v and %v", page, err)
	}
	update(t, a, schema.Deal, page.Items[0].ID, "dealstage", "closedwon")
	if err := a.DeleteAsset(ctx, def.Kind, def.ID); err != nil {
		t.Fatal(err)
	}
	pipelines, err := a.Assets(ctx, schema.KindPipeline)
	if err != nil || len(pipelines) != 1 || !reflect.DeepEqual(pipelines[0].Spec, schema.DefaultPipeline.Canonical()) {
		t.Errorf("given back: got %+v and %v", pipelines, err)
	}
}

func TestPipelineInUse(t *testing.T) {
	a := mem(t, embedded.Options{})
	ctx := t.Context()
	stages := []schema.Stage{{ID: "new"}, {ID: "old"}}
	one := asset(t, a, "one", &schema.Pipeline{Label: "One", Stages: stages})
	two := asset(t, a, "two", &schema.Pipeline{Label: "Two", Stages: stages})
	if one != "one" || two != "two" {
		t.Fatalf("ids of pipelines: got %q and %q, want their names", one, two)
	}
	deal := create(t, a, schema.Deal, "pipeline", "one", "dealstage", "old")
	if err := a.DeleteAsset(ctx, schema.KindPipeline, "one"); !invalid(err) {
		t.Errorf("delete it with a deal in it: got %v, want an InvalidError", err)
	}
	if err := a.UpdateAsset(ctx, crm.Asset{Kind: schema.KindPipeline, ID: "two", Name: "two", Spec: &schema.Pipeline{Label: "Two", Stages: stages[:1]}}); err != nil {
		t.Errorf("take the stage of the other pipeline: %v", err)
	}
	update(t, a, schema.Deal, deal, "pipeline", "two")
	if err := a.DeleteAsset(ctx, schema.KindPipeline, "one"); err != nil {
		t.Errorf("delete it after the deal was moved: %v", err)
	}
}

func TestPropertiesComeAndGo(t *testing.T) {
	a := mem(t, embedded.Options{})
	ctx := t.Context()
	spec := schema.Property{Object: schema.Contact, Type: schema.TypeString}
	id := asset(t, a, "nickname", &spec)
	jane := create(t, a, schema.Contact, "lastname", "Doe", "nickname", "J")

	renamed := spec
	renamed.Name = "alias"
	if err := a.UpdateAsset(ctx, crm.Asset{Kind: schema.KindProperty, ID: id, Name: "nickname", Spec: &renamed}); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, a, schema.Contact, jane), props("lastname", "Doe", "alias", "J"); !maps.Equal(got, want) {
		t.Errorf("renamed: got %v, want %v", got, want)
	}
	for what, change := range map[string]func(*schema.Property){
		"object": func(p *schema.Property) { p.Object = schema.Deal },
		"type":   func(p *schema.Property) { p.Type = schema.TypeNumber },
		"unique": func(p *schema.Property) { p.Unique = true },
	} {
		other := renamed
		change(&other)
		if err := a.UpdateAsset(ctx, crm.Asset{Kind: schema.KindProperty, ID: id, Name: "alias", Spec: &other}); !invalid(err) {
			t.Errorf("another %s: got %v, want an InvalidError", what, err)
		}
	}
	if err := a.DeleteAsset(ctx, schema.KindProperty, id); err != nil {
		t.Fatal(err)
	}
	begin, err := a.LatestChange(ctx)
	if err != nil {
		t.Fatal(err)
	}
	number := spec
	number.Type = schema.TypeNumber
	asset(t, a, "alias", &number)
	if got, want := read(t, a, schema.Contact, jane), props("lastname", "Doe"); !maps.Equal(got, want) {
		t.Errorf("deleted and declared again: got %v, want %v", got, want)
	}
	update(t, a, schema.Contact, jane, "alias", "7")
	if got := changes(t, a, begin); len(got) != 1 || !maps.Equal(got[0].Changed, map[string]crm.Delta{"alias": {New: "7"}}) {
		t.Errorf("change: got %+v", got)
	}

	// A custom object is there as long as a property names it.
	if _, err := a.CreateRecords(ctx, "pet", []crm.Input{{}}); !invalid(err) {
		t.Errorf("a pet before there are pets: got %v", err)
	}
	asset(t, a, "species", &schema.Property{Object: "pet", Type: schema.TypeString})
	if got := read(t, a, "pet", create(t, a, "pet", "species", "cat")); got["species"] != "cat" {
		t.Errorf("pet: got %v", got)
	}
}

func TestFirstCompanyIsPrimary(t *testing.T) {
	a := mem(t, embedded.Options{})
	ctx := t.Context()
	one, two := create(t, a, schema.Company, "domain", "one.example"), create(t, a, schema.Company, "domain", "two.example")
	to := []crm.Association{{To: crm.Ref{Object: schema.Company, ID: two}}, {To: crm.Ref{Object: schema.Company, ID: one}}}
	results, err := a.CreateRecords(ctx, schema.Contact, []crm.Input{{Properties: props("lastname", "Doe"), Associations: to}})
	jane := must(t, results, err)[0].ID
	primary := func() (ids []string) {
		pages, err := a.Associations(ctx, schema.Contact, []string{jane}, schema.Company)
		if err != nil || len(pages[0].Items) != 2 {
			t.Fatalf("got %+v and %v", pages, err)
		}
		for _, as := range pages[0].Items {
			if slices.Contains(as.Labels, crm.LabelPrimary) {
				ids = append(ids, as.To.ID)
			}
		}
		return ids
	}
	if got := primary(); !slices.Equal(got, []string{two}) {
		t.Errorf("primary: got %v, want %s", got, two)
	}
	// Two labels in one input: the later one stays.
	for i := range to {
		to[i].Labels = []string{crm.LabelPrimary}
	}
	results, err = a.CreateRecords(ctx, schema.Contact, []crm.Input{{Properties: props("lastname", "Roe"), Associations: to}})
	jane = must(t, results, err)[0].ID
	if got := primary(); !slices.Equal(got, []string{one}) {
		t.Errorf("primary: got %v, want %s", got, one)
	}
}

// What was refused midway has left nothing, no number that was given out included.
func TestRefusedLeavesNothing(t *testing.T) {
	db := kv.NewMem()
	a := open(t, db, "acme-de", embedded.Options{})
	good := crm.Input{Properties: props("lastname", "Doe")}
	bad := crm.Input{Properties: props("email", "jane@example.com"), Associations: []crm.Association{{To: crm.Ref{Object: schema.Deal, ID: "99"}}}}
	results, err := a.CreateRecords(t.Context(), schema.Contact, []crm.Input{bad, good, bad, good})
	if err != nil || results[0].Err == nil || results[2].Err == nil || results[1].ID != "1" || results[3].ID != "2" {
		t.Errorf("got %+v and %v", results, err)
	}
	before := count(t, db)
	results, err = a.CreateRecords(t.Context(), schema.Contact, []crm.Input{bad})
	if err != nil || !errors.Is(results[0].Err, crm.ErrNotFound) || count(t, db) != before {
		t.Errorf("got %+v and %v, and %d keys after %d", results, err, count(t, db), before)
	}
	for i, c := range changes(t, a, "") {
		if c.Sequence != uint64(i+1) {
			t.Errorf("change %d has sequence %d", i+1, c.Sequence)
		}
	}
}

func TestSuggestions(t *testing.T) {
	a := mem(t, embedded.Options{})
	for _, test := range []struct{ object, property, value, hint string }{
		{schema.Contact, "frstname", "x", `"firstname"`},
		{schema.Contact, "lifecyclestage", "custmer", `"customer"`},
		{schema.Deal, "dealstage", "closdwon", `"closedwon"`},
		{schema.Deal, "pipeline", "defualt", `"default"`},
	} {
		results, err := a.CreateRecords(t.Context(), test.object, []crm.Input{{Properties: props(test.property, test.value)}})
		if err != nil || !invalid(results[0].Err) || !strings.Contains(results[0].Err.Error(), "did you mean "+test.hint) {
			t.Errorf("%s %s: got %+v and %v, want the hint %s", test.property, test.value, results, err, test.hint)
		}
	}
}

func TestSizes(t *testing.T) {
	a := mem(t, embedded.Options{})
	ctx := t.Context()
	long := strings.Repeat("x", crm.MaxValueBytes)
	wide := func(n int) map[string]string {
		p := map[string]string{}
		for _, name := range []string{"firstname", "lastname", "city", "country", "company"}[:n] {
			p[name] = long
		}
		return p
	}
	// Together more than any transaction holds.
	inputs := make([]crm.Input, 20)
	for i := range inputs {
		inputs[i].Properties = wide(4)
	}
	results, err := a.CreateRecords(ctx, schema.Contact, inputs)
	id := must(t, results, err)[0].ID
	// The largest change there is: all of it replaced.
	other := map[string]string{}
	for name, v := range wide(4) {
		other[name] = strings.ToUpper(v)
	}
	results, err = a.UpdateRecords(ctx, schema.Contact, []crm.Input{{ID: id, Properties: other}})
	must(t, results, err)
	for _, p := range []map[string]string{wide(5), props("city", long+"x")} {
		results, err = a.CreateRecords(ctx, schema.Contact, []crm.Input{{Properties: props("city", "Rome")}, {Properties: p}, {Properties: props("city", "Bonn")}})
		if err != nil || results[0].Err != nil || !invalid(results[1].Err) || results[2].Err != nil {
			t.Errorf("got %+v and %v, want the second refused", results, err)
		}
	}
	if got := len(changes(t, a, "")); got != 20+1+4 {
		t.Errorf("got %d changes", got)
	}
}

// Two values on one account see each other's declarations at once, and a
// declaration that was never committed is not remembered.
func TestCatalogIsFresh(t *testing.T) {
	db := kv.NewMem()
	one := open(t, db, "acme-de", embedded.Options{})
	two := embedded.New(db, "acme-de", embedded.Options{})
	create(t, two, schema.Contact, "city", "Rome")
	asset(t, one, "score", &schema.Property{Object: schema.Contact, Type: schema.TypeNumber})
	create(t, two, schema.Contact, "score", "1")

	for n := range 3 {
		faulty := embedded.New(kv.FailAfter(db, 0), "acme-de", embedded.Options{})
		lost := fmt.Sprintf("lost_%d", n)
		_, err := faulty.CreateAsset(t.Context(), crm.Asset{Kind: schema.KindProperty, Name: lost, Spec: &schema.Property{Object: schema.Contact, Type: schema.TypeString}})
		if !errors.Is(err, kv.ErrInjected) {
			t.Fatalf("got %v, want the injected failure", err)
		}
		kept := fmt.Sprintf("kept_%d", n)
		asset(t, faulty, kept, &schema.Property{Object: schema.Contact, Type: schema.TypeString})
		create(t, faulty, schema.Contact, kept, "x")
		results, err := faulty.CreateRecords(t.Context(), schema.Contact, []crm.Input{{Properties: props(lost, "x")}})
		if err != nil || !invalid(results[0].Err) {
			t.Errorf("a property that was never committed is known: %+v and %v", results, err)
		}
	}
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	var cursor crm.Cursor
	var ids []string
	for i := range 3 {
		db, err := badgerkv.Open(t.Context(), badgerkv.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		a := embedded.New(db, "acme-de", embedded.Options{})
		if i == 0 {
			a = open(t, db, "acme-de", embedded.Options{})
		}
		ids = append(ids, create(t, a, schema.Contact, "email", fmt.Sprintf("c%d@example.com", i)))
		got := changes(t, a, cursor)
		if len(got) != 1 || got[0].Sequence != uint64(i+1) || got[0].ID != ids[i] {
			t.Errorf("run %d: got %+v", i, got)
		}
		if cursor, err = a.LatestChange(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if slices.Sort(ids); len(slices.Compact(ids)) != 3 {
		t.Errorf("ids were given out twice: %v", ids)
	}
}

// A process dies at every write it makes, before or just after it is committed;
// the next one does the same again. What comes out is what one that never died
// makes, and the feed tells of each change once.
func TestCrash(t *testing.T) {
	work := func(ctx context.Context, db kv.DB) error {
		a := embedded.New(db, "acme-de", embedded.Options{})
		if err := a.SetFacts(ctx, facts); err != nil {
			return err
		}
		var list string
		id, err := a.CreateAsset(ctx, crm.Asset{Kind: schema.KindList, Name: "l", Spec: &schema.List{Label: "L"}})
		var exists *crm.ExistsError
		switch {
		case errors.As(err, &exists):
			list = exists.ID
		case err != nil:
			return err
		default:
			list = id
		}
		var inputs, deals []crm.Input
		for i := range 250 {
			inputs = append(inputs, crm.Input{ID: fmt.Sprintf("c%d@example.com", i%200), Properties: props("city", "Rome")})
			deals = append(deals, crm.Input{Key: fmt.Sprint(i), Properties: props("dealname", fmt.Sprint(i))})
		}
		results, err := a.UpsertRecords(ctx, schema.Contact, "email", inputs)
		if err != nil {
			return err
		}
		contacts := make([]string, len(results))
		for i, r := range results {
			contacts[i] = r.ID
		}
		results, err = a.CreateRecords(ctx, schema.Deal, deals)
		if err != nil {
			return err
		}
		links := make([]crm.Link, len(results))
		for i, r := range results {
			links[i] = crm.Link{From: crm.Ref{Object: schema.Deal, ID: r.ID}, To: crm.Ref{Object: schema.Contact, ID: contacts[i]}}
		}
		if _, err := a.Associate(ctx, links); err != nil {
			return err
		}
		_, err = a.AddMembers(ctx, list, contacts, crm.Cause{})
		return err
	}
	tally := func(t *testing.T, db kv.DB) map[string]int {
		n := map[string]int{}
		for _, c := range changes(t, embedded.New(db, "acme-de", embedded.Options{}), "") {
			n[string(c.Type)+" "+c.Object]++
			if n["sequence"]++; c.Sequence != uint64(n["sequence"]) {
				t.Fatalf("change %d has sequence %d", n["sequence"], c.Sequence)
			}
		}
		return n
	}
	want := map[string]int{
		"record.created contact": 200, "record.created deal": 250, "association.added deal": 250, "list.joined contact": 200, "sequence": 900,
	}
	for name, crash := range map[string]func(kv.DB, int) *kv.Faulty{"before": kv.CrashAfter, "behind": kv.CrashUnheard} {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				db := kv.NewMem()
				faulty := crash(db, n)
				err := work(t.Context(), faulty)
				if !faulty.Tripped() {
					if err != nil || n < 5 {
						t.Fatalf("after %d writes: %v", n, err)
					}
					return
				}
				if !errors.Is(err, kv.ErrInjected) {
					t.Fatalf("write %d: got %v, want the injected failure", n, err)
				}
				if err := work(t.Context(), db); err != nil {
					t.Fatal(err)
				}
				if got := tally(t, db); !maps.Equal(got, want) {
					t.Errorf("dead at write %d: got %v, want %v", n, got, want)
				}
			}
		})
	}
}
