package crmtest

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"

	"accord/crm"
	"accord/schema"
)

// associated returns the ids of the associated records, each with its labels.
func (b *bench) associated(object, id, to string) map[string][]string {
	b.t.Helper()
	pages, err := b.Associations(b.ctx, object, []string{id}, to)
	if err != nil {
		b.t.Fatal(err)
	}
	m := map[string][]string{}
	for _, a := range pages[0].Items {
		if a.To.Object != to {
			b.t.Errorf("asked for %s, got %+v", to, a)
		}
		m[a.To.ID] = a.Labels
	}
	return m
}

func testAssociations(t *testing.T, b *bench) {
	jane := b.create(schema.Contact, "email", "jane@example.com")
	deal := b.create(schema.Deal, "dealname", "Big")
	link := crm.Link{From: crm.Ref{Object: schema.Deal, ID: deal}, To: crm.Ref{Object: schema.Contact, ID: jane}}
	if r := b.must(b.Associate(b.ctx, []crm.Link{link})); !r[0].Changed || r[0].ID != deal {
		t.Errorf("associate: got %+v", r)
	}
	if r := b.must(b.Associate(b.ctx, []crm.Link{{From: link.To, To: link.From}})); r[0].Changed {
		t.Errorf("the other way round, again: got %+v", r)
	}
	for _, got := range []map[string][]string{
		b.associated(schema.Deal, deal, schema.Contact), b.associated(schema.Contact, jane, schema.Deal),
	} {
		if len(got) != 1 {
			t.Errorf("got %v, want one from either end", got)
		}
	}
	if got := b.associated(schema.Contact, jane, schema.Company); len(got) != 0 {
		t.Errorf("companies: got %v", got)
	}
	results, err := b.Associate(b.ctx, []crm.Link{
		{From: link.From, To: crm.Ref{Object: schema.Contact, ID: "99999999"}},
		{From: link.From, To: link.From},
		{From: link.From, To: link.To, Label: "nonsense"},
	})
	if err != nil || !errors.Is(results[0].Err, crm.ErrNotFound) || !isInvalid(results[1].Err) || !isInvalid(results[2].Err) {
		t.Errorf("got %+v and %v, want not found, invalid, invalid", results, err)
	}
	for _, changed := range []bool{true, false} {
		if r := b.must(b.Dissociate(b.ctx, []crm.Link{{From: link.To, To: link.From}})); r[0].Changed != changed {
			t.Errorf("dissociate: got %+v, want changed %v", r, changed)
		}
	}
	if got := b.associated(schema.Deal, deal, schema.Contact); len(got) != 0 {
		t.Errorf("after dissociate: got %v", got)
	}

	// Created together, or not at all.
	to := []crm.Association{{To: crm.Ref{Object: schema.Contact, ID: jane}}}
	note := b.must(b.CreateRecords(b.ctx, schema.Note, []crm.Input{{Properties: props(crm.PropertyBody, "Called"), Associations: to}}))[0].ID
	if got := b.associated(schema.Contact, jane, schema.Note); len(got) != 1 {
		t.Errorf("a note created with its contact: got %v", got)
	}
	to[0].To.ID = "99999999"
	results, err = b.CreateRecords(b.ctx, schema.Note, []crm.Input{{Properties: props(crm.PropertyBody, "Lost"), Associations: to}})
	if err != nil || !errors.Is(results[0].Err, crm.ErrNotFound) {
		t.Errorf("a note of nobody: got %+v and %v, want ErrNotFound", results, err)
	}
	if got := b.all(crm.Query{Object: schema.Note}); !slices.Equal(got, []string{note}) {
		t.Errorf("notes: got %v, want %s alone", got, note)
	}
}

func testPrimary(t *testing.T, b *bench) {
	jane := b.create(schema.Contact, "email", "jane@example.com")
	first := b.create(schema.Company, "domain", "one.example")
	second := b.create(schema.Company, "domain", "two.example")
	link := func(company, label string) crm.Link {
		return crm.Link{From: crm.Ref{Object: schema.Contact, ID: jane}, To: crm.Ref{Object: schema.Company, ID: company}, Label: label}
	}
	primary := []string{crm.LabelPrimary}
	b.must(b.Associate(b.ctx, []crm.Link{link(first, crm.LabelPrimary), link(second, "")}))
	if got, want := b.associated(schema.Contact, jane, schema.Company), (map[string][]string{first: primary, second: nil}); !reflect.DeepEqual(got, want) {
		t.Errorf("at first: got %v, want %v", got, want)
	}
	b.must(b.Associate(b.ctx, []crm.Link{link(second, crm.LabelPrimary)}))
	if got, want := b.associated(schema.Contact, jane, schema.Company), (map[string][]string{first: nil, second: primary}); !reflect.DeepEqual(got, want) {
		t.Errorf("moved: got %v, want %v", got, want)
	}
	if got := b.associated(schema.Company, second, schema.Contact); !slices.Equal(got[jane], primary) {
		t.Errorf("from the company: got %v", got)
	}
	b.must(b.Dissociate(b.ctx, []crm.Link{link(second, crm.LabelPrimary)}))
	if got, want := b.associated(schema.Contact, jane, schema.Company), (map[string][]string{first: nil, second: nil}); !reflect.DeepEqual(got, want) {
		t.Errorf("without its label: got %v, want %v", got, want)
	}
}

func testLists(t *testing.T, b *bench) {
	list := b.asset(schema.KindList, "newsletter", &schema.List{Label: "Newsletter"})
	ids := b.contacts(12)
	add := func(ids ...string) []crm.Result {
		t.Helper()
		return b.must(b.AddMembers(b.ctx, list, ids, crm.Cause{}))
	}
	members := func() []string {
		t.Helper()
		out := []string{}
		for id, err := range crm.Each(func(after crm.Cursor) (crm.Page[string], error) { return b.ListMembers(b.ctx, list, after, 5) }) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, id)
		}
		return out
	}
	if r := add(ids[3], ids[1]); !r[0].Changed || !r[1].Changed {
		t.Errorf("add: got %+v", r)
	}
	if r := add(ids[1], ids[2]); r[0].Changed || !r[1].Changed {
		t.Errorf("add one that is in it: got %+v", r)
	}
	if got := members(); !slices.Equal(got, ids[1:4]) {
		t.Errorf("members: got %v, want %v", got, ids[1:4])
	}
	in, err := b.Memberships(b.ctx, schema.Contact, []string{ids[0], ids[1], "99999999"})
	if err != nil || len(in) != 3 || len(in[0]) != 0 || !slices.Equal(in[1], []string{list}) || len(in[2]) != 0 {
		t.Errorf("memberships: got %v and %v", in, err)
	}
	results, err := b.AddMembers(b.ctx, list, []string{"99999999", ids[4]}, crm.Cause{})
	if err != nil || !errors.Is(results[0].Err, crm.ErrNotFound) || results[1].Err != nil {
		t.Errorf("add nobody: got %+v and %v", results, err)
	}
	if r := b.must(b.RemoveMembers(b.ctx, list, []string{ids[1], ids[0]}, crm.Cause{})); !r[0].Changed || r[1].Changed {
		t.Errorf("remove: got %+v", r)
	}
	add(ids...)
	b.must(b.DeleteRecords(b.ctx, schema.Contact, []crm.Input{{ID: ids[0]}}))
	if got := members(); !slices.Equal(got, ids[1:]) {
		t.Errorf("after one was deleted: got %v, want %v", got, ids[1:])
	}
	if err := b.DeleteAsset(b.ctx, schema.KindList, list); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ListMembers(b.ctx, list, "", 0); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("members of a list that was deleted: got %v, want ErrNotFound", err)
	}
	if _, err := b.AddMembers(b.ctx, list, ids[1:2], crm.Cause{}); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("add to a list that was deleted: got %v, want ErrNotFound", err)
	}
	if in, err := b.Memberships(b.ctx, schema.Contact, ids[1:2]); err != nil || len(in[0]) != 0 {
		t.Errorf("memberships after the list was deleted: got %v and %v", in, err)
	}
}

func testForms(t *testing.T, b *bench) {
	form := b.asset(schema.KindForm, "contact-us", &schema.Form{Label: "Contact us", Fields: []string{"email", "firstname", "city"}})
	submit := func(nameValue ...string) (crm.Result, error) {
		return b.SubmitForm(b.ctx, crm.SubmissionInput{Form: form, Values: props(nameValue...)})
	}
	first, err := submit("email", "Ann@Example.com", "firstname", "Ann", "city", "")
	if err != nil || !first.Created {
		t.Fatalf("first: got %+v and %v", first, err)
	}
	second, err := submit("email", "ann@example.com", "city", "Rome", "firstname", "")
	if err != nil || second.Created || second.ID != first.ID {
		t.Fatalf("second: got %+v and %v, want contact %s", second, err, first.ID)
	}
	want := props("email", "ann@example.com", "firstname", "Ann", "city", "Rome")
	if got := b.read(schema.Contact, "", first.ID).Properties; !maps.Equal(got, want) {
		t.Errorf("contact: got %v, want %v", got, want)
	}
	page, err := b.ListSubmissions(b.ctx, form, "", 1)
	if err != nil || len(page.Items) != 1 || page.Next == "" {
		t.Fatalf("submissions: got %+v and %v", page, err)
	}
	if s := page.Items[0]; s.Contact != first.ID || s.Form != form || !maps.Equal(s.Values, props("email", "ann@example.com", "firstname", "Ann")) {
		t.Errorf("first submission: got %+v", s)
	}
	page, err = b.ListSubmissions(b.ctx, form, page.Next, 0)
	if err != nil || len(page.Items) != 1 || page.Next != "" || page.Items[0].Values["city"] != "Rome" {
		t.Errorf("second submission: got %+v and %v", page, err)
	}
	for _, values := range [][]string{
		{"firstname", "Nobody"},
		{"email", "nobody"},
		{"email", "x@example.com", "lastname", "no field of the form"},
		{"email", "x@example.com", "frstname", "no property"},
	} {
		if _, err := submit(values...); !isInvalid(err) {
			t.Errorf("%v: got %v, want an InvalidError", values, err)
		}
	}
	if _, err := b.SubmitForm(b.ctx, crm.SubmissionInput{Form: "99999999", Values: props("email", "x@example.com")}); !errors.Is(err, crm.ErrNotFound) {
		t.Errorf("no form: got %v, want ErrNotFound", err)
	}
	if got := b.all(crm.Query{Object: schema.Contact}); !slices.Equal(got, []string{first.ID}) {
		t.Errorf("contacts: got %v, want %s alone", got, first.ID)
	}
}

func testSubscriptions(t *testing.T, b *bench) {
	news := b.asset(schema.KindSubscriptionType, "news", &schema.SubscriptionType{Label: "News"})
	jane := b.create(schema.Contact, "email", "jane@example.com")
	nobody := b.create(schema.Contact, "lastname", "Nobody")
	set := func(contact, status string) crm.Result {
		t.Helper()
		results, err := b.SetSubscriptions(b.ctx, []crm.SubscriptionInput{{Contact: contact, Subscription: crm.Subscription{
			Type: news, Status: status, LegalBasis: "legitimate-interest-customer", Explanation: "asked by phone",
		}}})
		if err != nil {
			t.Fatal(err)
		}
		return results[0]
	}
	get := func(contact string) []crm.Subscription {
		t.Helper()
		subs, err := b.Subscriptions(b.ctx, []string{contact})
		if err != nil || len(subs) != 1 {
			t.Fatalf("got %v and %v", subs, err)
		}
		return subs[0]
	}
	if got := get(jane); len(got) != 0 {
		t.Errorf("at first: got %+v", got)
	}
	if r := set(jane, schema.Subscribed); r.Err != nil || !r.Changed {
		t.Errorf("subscribe: got %+v", r)
	}
	if r := set(jane, schema.Subscribed); r.Err != nil || r.Changed {
		t.Errorf("subscribe again: got %+v", r)
	}
	got := get(jane)
	if len(got) != 1 || got[0].Type != news || got[0].Status != schema.Subscribed ||
		got[0].LegalBasis != "legitimate-interest-customer" || got[0].Explanation != "asked by phone" {
		t.Errorf("subscribed: got %+v", got)
	}
	if r := set(jane, schema.Unsubscribed); r.Err != nil || !r.Changed {
		t.Errorf("unsubscribe: got %+v", r)
	}
	b.must(b.DeleteRecords(b.ctx, schema.Contact, []crm.Input{{ID: jane}}))
	again := b.create(schema.Contact, "email", "JANE@example.com")
	if got := get(again); len(got) != 1 || got[0].Status != schema.Unsubscribed {
		t.Errorf("who unsubscribed, was deleted and is created again: got %+v", got)
	}
	if r := set(nobody, schema.Subscribed); !isInvalid(r.Err) {
		t.Errorf("a contact without an address: got %+v, want an InvalidError", r)
	}
	if r := set(jane, schema.Subscribed); !errors.Is(r.Err, crm.ErrNotFound) {
		t.Errorf("a contact that was deleted: got %+v, want ErrNotFound", r)
	}
	if r := set(again, "maybe"); !isInvalid(r.Err) {
		t.Errorf("a status that is none: got %+v, want an InvalidError", r)
	}
}
