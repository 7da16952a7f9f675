package crmtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"accord/crm"
	"accord/schema"
)

func testRecords(t *testing.T, b *bench) {
	id := b.create(schema.Contact, "email", "jane@example.com", "firstname", "Jane", "lastname", "Doe")
	got := b.read(schema.Contact, "", id)
	if got == nil {
		t.Fatalf("contact %s is not there after it was created", id)
	}
	want := props("email", "jane@example.com", "firstname", "Jane", "lastname", "Doe")
	if got.ID != id || got.Object != schema.Contact || !maps.Equal(got.Properties, want) {
		t.Errorf("created: got %+v, want %v", got, want)
	}
	if got.CreatedAt.IsZero() || got.UpdatedAt.Before(got.CreatedAt) {
		t.Errorf("created at %v, updated at %v", got.CreatedAt, got.UpdatedAt)
	}

	if r := b.update(schema.Contact, id, "firstname", "", "city", "Rome"); !r.Changed || r.Created || r.ID != id {
		t.Errorf("update: got %+v", r)
	}
	after := b.read(schema.Contact, "", id)
	if want := props("email", "jane@example.com", "lastname", "Doe", "city", "Rome"); !maps.Equal(after.Properties, want) {
		t.Errorf("updated: got %v, want %v", after.Properties, want)
	}
	if !after.CreatedAt.Equal(got.CreatedAt) || after.UpdatedAt.Before(got.UpdatedAt) {
		t.Errorf("updated: created at %v and updated at %v, before %v and %v", after.CreatedAt, after.UpdatedAt, got.CreatedAt, got.UpdatedAt)
	}

	few := b.read(schema.Contact, "", id, "city", "firstname", crm.PropertyID)
	if want := props("city", "Rome", crm.PropertyID, id); !maps.Equal(few.Properties, want) {
		t.Errorf("some properties: got %v, want %v", few.Properties, want)
	}
	if at := b.read(schema.Contact, "", id, crm.PropertyModifiedContact).Properties[crm.PropertyModifiedContact]; at != crm.FormatTime(after.UpdatedAt) {
		t.Errorf("%s: got %s, want %s", crm.PropertyModifiedContact, at, crm.FormatTime(after.UpdatedAt))
	}

	results := b.must(b.DeleteRecords(b.ctx, schema.Contact, []crm.Input{{ID: id}}))
	if !results[0].Changed {
		t.Errorf("delete: got %+v", results[0])
	}
	if b.read(schema.Contact, "", id) != nil || b.read(schema.Contact, "email", "jane@example.com") != nil {
		t.Errorf("the contact is there after it was deleted")
	}
	for name, do := range map[string]func() ([]crm.Result, error){
		"delete again": func() ([]crm.Result, error) {
			return b.DeleteRecords(b.ctx, schema.Contact, []crm.Input{{ID: id}})
		},
		"update after delete": func() ([]crm.Result, error) {
			return b.UpdateRecords(b.ctx, schema.Contact, []crm.Input{{ID: id, Properties: props("city", "Bonn")}})
		},
		"update of no id": func() ([]crm.Result, error) {
			return b.UpdateRecords(b.ctx, schema.Contact, []crm.Input{{ID: "jane", Properties: props("city", "Bonn")}})
		},
	} {
		results, err := do()
		if err != nil || len(results) != 1 || !errors.Is(results[0].Err, crm.ErrNotFound) {
			t.Errorf("%s: got %+v and %v, want ErrNotFound", name, results, err)
		}
	}
	if next := b.create(schema.Contact, "email", "jane@example.com"); next == id {
		t.Errorf("the id of a deleted record was given out again")
	}
	for _, object := range []string{schema.Company, schema.Deal, schema.Note, schema.Call, schema.Meeting, schema.EmailActivity, schema.Task} {
		property := map[string]string{schema.Company: "name", schema.Deal: "dealname"}[object]
		if property == "" {
			property = crm.PropertyBody
		}
		if id := b.create(object, property, "Text"); b.value(object, id, property) != "Text" {
			t.Errorf("%s: %s is not what it was created with", object, property)
		}
	}
}

func testValues(t *testing.T, b *bench) {
	for _, typ := range []string{
		schema.TypeString, schema.TypeNumber, schema.TypeBoolean, schema.TypeDate, schema.TypeDatetime,
	} {
		b.property(schema.Contact, "a_"+typ, typ)
	}
	b.property(schema.Contact, "a_enumeration", schema.TypeEnumeration, "north", "south")
	for _, test := range []struct{ typ, write, read string }{
		{"string", " as it is ", " as it is "},
		{"string", "Zoë 🙂\nline", "Zoë 🙂\nline"},
		{"number", "1000", "1000"},
		{"number", "-0012.50", "-12.5"},
		{"number", "0", "0"},
		{"boolean", "true", "true"},
		{"boolean", "false", "false"},
		{"date", "2026-02-28", "2026-02-28"},
		{"datetime", "2026-02-28T10:00:00Z", "2026-02-28T10:00:00Z"},
		{"datetime", "2026-02-28T11:00:00.250+01:00", "2026-02-28T10:00:00.25Z"},
		{"enumeration", "south", "south"},
	} {
		name := "a_" + test.typ
		if got := b.value(schema.Contact, b.create(schema.Contact, "lastname", "V", name, test.write), name); got != test.read {
			t.Errorf("%s %q: read back %q, want %q", test.typ, test.write, got, test.read)
		}
	}
}

func testRefusedValues(t *testing.T, b *bench) {
	for _, typ := range []string{schema.TypeNumber, schema.TypeBoolean, schema.TypeDate, schema.TypeDatetime} {
		b.property(schema.Contact, "a_"+typ, typ)
	}
	for _, test := range []struct{ property, value string }{
		{"a_number", "secret-value"},
		{"a_boolean", "secret-value"},
		{"a_date", "secret-value"},
		{"a_date", "2026-02-30"},
		{"a_datetime", "secret-value"},
		{"lifecyclestage", "secret-value"},
		{"email", "secret-value"},
		{"firstnme", "secret-value"},
		{crm.PropertyID, "7"},
	} {
		err := b.refused(schema.Contact, "lastname", "V", test.property, test.value)
		var invalid *crm.InvalidError
		if !errors.As(err, &invalid) {
			t.Errorf("%s %q: got %v, want an InvalidError", test.property, test.value, err)
			continue
		}
		if invalid.Property != test.property {
			t.Errorf("%s %q: the error names property %q", test.property, test.value, invalid.Property)
		}
		if strings.Contains(err.Error(), "secret-value") {
			t.Errorf("%s: the error repeats the value: %v", test.property, err)
		}
	}
	if n := len(b.all(crm.Query{Object: schema.Contact})); n != 0 {
		t.Errorf("%d records were created by what was refused", n)
	}
	if _, err := b.CreateRecords(b.ctx, "contcat", []crm.Input{{}}); !isInvalid(err) {
		t.Errorf("an object that is not there: got %v, want an InvalidError", err)
	}
}

// spellings of one e-mail address.
var spellings = []string{
	"jörg@exämple.de", "Jörg@Exämple.DE", "  jörg@exämple.de\t", "jörg@xn--exmple-cua.de", "JÖRG@XN--EXMPLE-CUA.DE", "jörg@exa\u0308mple.de",
}

func testEmailSpellings(t *testing.T, b *bench) {
	id := b.create(schema.Contact, "email", spellings[1])
	if got := b.value(schema.Contact, id, "email"); got != "jörg@xn--exmple-cua.de" {
		t.Errorf("email: got %q", got)
	}
	for _, s := range spellings {
		if r := b.read(schema.Contact, "email", s); r == nil || r.ID != id {
			t.Errorf("read by %q: got %+v, want id %s", s, r, id)
		}
		if err := b.refused(schema.Contact, "email", s); existing(err) != id {
			t.Errorf("create %q: got %v, want an ExistsError with id %s", s, err, id)
		} else if strings.Contains(err.Error(), "@") {
			t.Errorf("the error repeats the address: %v", err)
		}
		r := b.must(b.UpsertRecords(b.ctx, schema.Contact, "email", []crm.Input{{ID: s, Properties: props("city", "Rome")}}))[0]
		if r.ID != id || r.Created {
			t.Errorf("upsert %q: got %+v, want an update of %s", s, r, id)
		}
	}
	for _, s := range []string{"jorg@exämple.de", "jörg@example.de", "jörg+1@exämple.de", "j.örg@exämple.de", "", "@", "jörg"} {
		if r := b.read(schema.Contact, "email", s); r != nil {
			t.Errorf("read by %q: got contact %s, want none", s, r.ID)
		}
	}
	b.update(schema.Contact, id, "email", "new@example.com")
	if b.read(schema.Contact, "email", spellings[0]) != nil {
		t.Errorf("the contact is found by the address it had before")
	}
	if r := b.read(schema.Contact, "email", "NEW@example.com"); r == nil || r.ID != id {
		t.Errorf("the contact is not found by its new address")
	}
	other := b.create(schema.Contact, "email", spellings[0])
	results, err := b.UpdateRecords(b.ctx, schema.Contact, []crm.Input{{ID: other, Properties: props("email", "New@Example.com")}})
	if err != nil || existing(results[0].Err) != id {
		t.Errorf("given the address of another: got %+v and %v, want an ExistsError with id %s", results, err, id)
	}
}

func testDomains(t *testing.T, b *bench) {
	id := b.create(schema.Company, "domain", "Exämple.de", "name", "Example")
	for _, s := range []string{"exämple.de", " EXÄMPLE.DE. ", "xn--exmple-cua.de", "https://exämple.de/about"} {
		if r := b.read(schema.Company, "domain", s); r == nil || r.ID != id {
			t.Errorf("read by %q: got %+v, want id %s", s, r, id)
		}
	}
	if r := b.read(schema.Company, "domain", "www.exämple.de"); r != nil {
		t.Errorf("a sub-domain is found as its domain")
	}
	results, err := b.CreateRecords(b.ctx, schema.Company, []crm.Input{{Properties: props("domain", "EXÄMPLE.de")}})
	if err != nil {
		t.Fatal(err)
	}
	if b.can.UniqueDomain && existing(results[0].Err) != id {
		t.Errorf("the same domain again: got %+v, want an ExistsError with id %s", results[0], id)
	}
	if !b.can.UniqueDomain {
		if results[0].Err != nil {
			t.Errorf("the same domain again: got %v, want a second company", results[0].Err)
		}
		if r := b.read(schema.Company, "domain", "exämple.de"); r == nil || r.ID != id {
			t.Errorf("read by a domain of two: got %+v, want the lower id %s", r, id)
		}
	}
}

func testUnique(t *testing.T, b *bench) {
	b.asset(schema.KindProperty, "customer_number", &schema.Property{Object: schema.Contact, Type: schema.TypeNumber, Unique: true})
	id := b.create(schema.Contact, "lastname", "One", "customer_number", "7")
	if err := b.refused(schema.Contact, "lastname", "Two", "customer_number", "7.0"); existing(err) != id {
		t.Errorf("the same number: got %v, want an ExistsError with id %s", err, id)
	}
	if r := b.read(schema.Contact, "customer_number", "07"); r == nil || r.ID != id {
		t.Errorf("read by the number: got %+v, want id %s", r, id)
	}
	b.create(schema.Contact, "lastname", "Nobody's")
	b.create(schema.Contact, "lastname", "Nobody's") // not set is not a value
	b.update(schema.Contact, id, "customer_number", "")
	b.create(schema.Contact, "lastname", "Three", "customer_number", "7")
	if _, err := b.ReadRecords(b.ctx, schema.Contact, "lastname", []string{"One"}); !isInvalid(err) {
		t.Errorf("read by a property that is not unique: got %v, want an InvalidError", err)
	}
	if _, err := b.UpsertRecords(b.ctx, schema.Contact, "lastname", []crm.Input{{ID: "One"}}); !isInvalid(err) {
		t.Errorf("upsert by a property that is not unique: got %v, want an InvalidError", err)
	}
}

func testUpserts(t *testing.T, b *bench) {
	results := b.must(b.UpsertRecords(b.ctx, schema.Contact, "email", []crm.Input{
		{ID: "a@example.com", Properties: props("firstname", "A")},
		{ID: "b@example.com", Properties: props("firstname", "B")},
	}))
	if !results[0].Created || !results[1].Created || results[0].ID == results[1].ID {
		t.Fatalf("first: got %+v", results)
	}
	again := b.must(b.UpsertRecords(b.ctx, schema.Contact, "email", []crm.Input{
		{ID: "c@example.com"},
		{ID: " A@Example.com", Properties: props("lastname", "Last")},
	}))
	if !again[0].Created || again[1].Created || again[1].ID != results[0].ID || !again[1].Changed {
		t.Errorf("second: got %+v", again)
	}
	want := props("email", "a@example.com", "firstname", "A", "lastname", "Last")
	if got := b.read(schema.Contact, "email", "a@example.com"); !maps.Equal(got.Properties, want) {
		t.Errorf("after both: got %v, want %v", got.Properties, want)
	}
	bad, err := b.UpsertRecords(b.ctx, schema.Contact, "email", []crm.Input{{ID: "nobody"}, {ID: ""}})
	if err != nil || !isInvalid(bad[0].Err) || !isInvalid(bad[1].Err) {
		t.Errorf("no address: got %+v and %v, want InvalidErrors", bad, err)
	}
}

func testKeyedCreation(t *testing.T, b *bench) {
	in := crm.Input{Key: "order-7", Properties: props("dealname", "Big")}
	first := b.must(b.CreateRecords(b.ctx, schema.Deal, []crm.Input{in}))[0]
	if !first.Created {
		t.Fatalf("first: got %+v", first)
	}
	b.update(schema.Deal, first.ID, "dealname", "Renamed by a person")
	again := b.must(b.CreateRecords(b.ctx, schema.Deal, []crm.Input{in, in}))
	for _, r := range again {
		if r.Created || r.Changed || r.ID != first.ID {
			t.Errorf("again: got %+v, want the deal %s as it is", r, first.ID)
		}
	}
	if got := b.value(schema.Deal, first.ID, "dealname"); got != "Renamed by a person" {
		t.Errorf("the repetition has written: %q", got)
	}
	if r := b.read(schema.Deal, crm.PropertyKey, "order-7"); r == nil || r.ID != first.ID {
		t.Errorf("read by key: got %+v", r)
	}
	b.must(b.DeleteRecords(b.ctx, schema.Deal, []crm.Input{{ID: first.ID}}))
	if r := b.must(b.CreateRecords(b.ctx, schema.Deal, []crm.Input{in}))[0]; !r.Created {
		t.Errorf("after it was deleted: got %+v, want a new deal", r)
	}
}

func testPartialBatch(t *testing.T, b *bench) {
	taken := b.create(schema.Contact, "email", "taken@example.com")
	results, err := b.CreateRecords(b.ctx, schema.Contact, []crm.Input{
		{Properties: props("email", "one@example.com")},
		{Properties: props("email", "taken@example.com")},
		{Properties: props("email", "two@example.com", "lifecyclestage", "nonsense")},
		{Properties: props("email", "ONE@example.com")}, // that of the first
		{Properties: props("email", "three@example.com")},
	})
	if err != nil || len(results) != 5 {
		t.Fatalf("got %d results and %v", len(results), err)
	}
	if results[0].Err != nil || results[4].Err != nil {
		t.Errorf("the good ones: got %v and %v", results[0].Err, results[4].Err)
	}
	if existing(results[1].Err) != taken {
		t.Errorf("the taken one: got %v", results[1].Err)
	}
	if !isInvalid(results[2].Err) {
		t.Errorf("the invalid one: got %v", results[2].Err)
	}
	if existing(results[3].Err) != results[0].ID {
		t.Errorf("the doubled one: got %v, want an ExistsError with id %s", results[3].Err, results[0].ID)
	}
	if got := b.all(crm.Query{Object: schema.Contact}); !slices.Equal(got, []string{taken, results[0].ID, results[4].ID}) {
		t.Errorf("there are %v", got)
	}
}

func testLargeBatch(t *testing.T, b *bench) {
	const n = 350 // more than any vendor takes in a call
	inputs := make([]crm.Input, n)
	emails := make([]string, n)
	for i := range inputs {
		emails[i] = fmt.Sprintf("p%d@example.com", i)
		inputs[i] = crm.Input{ID: emails[i], Properties: props("firstname", fmt.Sprint(i))}
	}
	results := b.must(b.UpsertRecords(b.ctx, schema.Contact, "email", inputs))
	found, err := b.ReadRecords(b.ctx, schema.Contact, "email", slices.Concat(emails, []string{"nobody@example.com"}))
	if err != nil || len(found) != n+1 || found[n] != nil {
		t.Fatalf("got %d records and %v", len(found), err)
	}
	for i, r := range found[:n] {
		if r == nil || r.ID != results[i].ID || r.Properties["firstname"] != fmt.Sprint(i) {
			t.Fatalf("record %d: got %+v, want id %s", i, r, results[i].ID)
		}
	}
	for _, call := range []func() ([]crm.Result, error){
		func() ([]crm.Result, error) { return b.CreateRecords(b.ctx, schema.Contact, nil) },
		func() ([]crm.Result, error) { return b.Associate(b.ctx, nil) },
	} {
		if results, err := call(); err != nil || len(results) != 0 {
			t.Errorf("nothing to do: got %v and %v", results, err)
		}
	}
}

func testDeals(t *testing.T, b *bench) {
	id := b.create(schema.Deal, "dealname", "Big")
	check := func(what, id, pipeline, stage string) {
		t.Helper()
		r := b.read(schema.Deal, "", id, "pipeline", "dealstage")
		if r.Properties["pipeline"] != pipeline || r.Properties["dealstage"] != stage {
			t.Errorf("%s: got %v, want %s in %s", what, r.Properties, stage, pipeline)
		}
	}
	check("created without a pipeline", id, "default", "appointmentscheduled")
	sales := b.asset(schema.KindPipeline, "sales", &schema.Pipeline{Label: "Sales", Stages: []schema.Stage{
		{ID: "new", Label: "New", Probability: 0.1}, {ID: "won", Label: "Won", Probability: 1, Closed: "won"},
	}})
	b.update(schema.Deal, id, "pipeline", sales)
	check("moved", id, sales, "new")
	b.update(schema.Deal, id, "dealstage", "won")
	check("won", id, sales, "won")
	check("created in a stage", b.create(schema.Deal, "dealname", "Small", "dealstage", "contractsent"), "default", "contractsent")
	check("created in a pipeline", b.create(schema.Deal, "dealname", "Other", "pipeline", sales), sales, "new")
	for _, test := range [][]string{
		{"dealname", "X", "pipeline", "salse"},
		{"dealname", "X", "dealstage", "won"}, // of the other pipeline
		{"dealname", "X", "pipeline", sales, "dealstage", "contractsent"},
	} {
		if err := b.refused(schema.Deal, test...); !isInvalid(err) {
			t.Errorf("%v: got %v, want an InvalidError", test, err)
		}
	}
	results, err := b.UpdateRecords(b.ctx, schema.Deal, []crm.Input{{ID: id, Properties: props("dealstage", "closedwon")}})
	if err != nil || !isInvalid(results[0].Err) {
		t.Errorf("a stage of another pipeline: got %+v and %v", results, err)
	}
}

func testOwners(t *testing.T, b *bench) {
	if err := b.refused(schema.Contact, "lastname", "X", crm.PropertyOwner, "99999999"); !isInvalid(err) {
		t.Errorf("an owner that is not there: got %v, want an InvalidError", err)
	}
	users, err := b.Assets(b.ctx, schema.KindUser)
	if err != nil {
		t.Fatal(err)
	}
	if b.can.Users {
		users = append(users, crm.Asset{ID: b.asset(schema.KindUser, "anna", &schema.User{Email: "anna@acme.example"})})
	}
	if len(users) == 0 {
		t.Log("the account has no users, and none can be created: nobody can own a record")
		return
	}
	id := b.create(schema.Contact, "lastname", "X", crm.PropertyOwner, users[0].ID)
	if got := b.value(schema.Contact, id, crm.PropertyOwner); got != users[0].ID {
		t.Errorf("owner: got %q, want %q", got, users[0].ID)
	}
	b.update(schema.Contact, id, crm.PropertyOwner, "")
	if got := b.value(schema.Contact, id, crm.PropertyOwner); got != "" {
		t.Errorf("nobody's: got owner %q", got)
	}
}

func testMarketing(t *testing.T, b *bench) {
	id := b.create(schema.Contact, "email", "jane@example.com")
	results, err := b.UpdateRecords(b.ctx, schema.Contact, []crm.Input{{ID: id, Properties: props(crm.PropertyMarketing, "true")}})
	if !b.can.MarketingContacts {
		if err == nil {
			err = results[0].Err
		}
		if !errors.Is(err, crm.ErrUnsupported) {
			t.Errorf("got %v, want ErrUnsupported", err)
		}
		return
	}
	b.must(results, err)
	if got := b.value(schema.Contact, id, crm.PropertyMarketing); got != "true" {
		t.Errorf("got %q", got)
	}
}

func testFind(t *testing.T, b *bench) {
	jane := b.create(schema.Contact, "email", "jane@example.com")
	acme := b.create(schema.Company, "domain", "acme.example")
	big := b.create(schema.Deal, "dealname", "Big")
	b.create(schema.Deal, "dealname", "Twin")
	b.create(schema.Deal, "dealname", "Twin")
	digits := b.create(schema.Deal, "dealname", "99999999")
	for _, test := range []struct{ object, key, id string }{
		{schema.Contact, "Jane@Example.com ", jane},
		{schema.Contact, jane, jane},
		{schema.Company, "ACME.example", acme},
		{schema.Company, acme, acme},
		{schema.Deal, "Big", big},
		{schema.Deal, big, big},
		{schema.Deal, "99999999", digits},
	} {
		r, err := crm.Find(b.ctx, b, test.object, test.key)
		if err != nil || r.ID != test.id {
			t.Errorf("%s %q: got %+v and %v, want id %s", test.object, test.key, r, err, test.id)
		}
	}
	for _, test := range []struct{ object, key string }{
		{schema.Contact, "joe@example.com"},
		{schema.Contact, ""},
		{schema.Contact, "88888888"},
		{schema.Company, "nobody"},
		{schema.Deal, "big"},
		{schema.Deal, ""},
		{schema.Note, "x"},
	} {
		if r, err := crm.Find(b.ctx, b, test.object, test.key); !errors.Is(err, crm.ErrNotFound) {
			t.Errorf("%s %q: got %+v and %v, want ErrNotFound", test.object, test.key, r, err)
		}
	}
	var ambiguous *crm.AmbiguousError
	if _, err := crm.Find(b.ctx, b, schema.Deal, "Twin"); !errors.As(err, &ambiguous) {
		t.Errorf("a name of two deals: got %v, want an AmbiguousError", err)
	}
}
