package crmtest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"accord/crm"
	"accord/schema"
)

// contacts creates n of them and returns their ids.
func (b *bench) contacts(n int) []string {
	b.t.Helper()
	inputs := make([]crm.Input, n)
	for i := range inputs {
		inputs[i].Properties = props("email", fmt.Sprintf("c%d@example.com", i), "city", []string{"Rome", "Bonn", "Oslo"}[i%3])
	}
	ids := make([]string, n)
	for i, r := range b.must(b.CreateRecords(b.ctx, schema.Contact, inputs)) {
		ids[i] = r.ID
	}
	return ids
}

func testPagingByID(t *testing.T, b *bench) {
	ids := b.contacts(25)
	if !slices.IsSortedFunc(ids, crm.CompareIDs) {
		t.Errorf("ids do not grow: %v", ids)
	}
	for _, limit := range []int{0, 1, 7, 25, crm.MaxPage} {
		if got := b.all(crm.Query{Object: schema.Contact, Limit: limit}); !slices.Equal(got, ids) {
			t.Errorf("pages of %d: got %v, want %v", limit, got, ids)
		}
		var rome []string
		for i := 0; i < len(ids); i += 3 {
			rome = append(rome, ids[i])
		}
		if got := b.all(crm.Query{Object: schema.Contact, Limit: limit, Where: &crm.Equal{Property: "city", Value: "Rome"}}); !slices.Equal(got, rome) {
			t.Errorf("city Rome in pages of %d: got %v, want %v", limit, got, rome)
		}
	}
	if got := b.all(crm.Query{Object: schema.Contact, Where: &crm.Equal{Property: "email", Value: "C3@example.com"}}); !slices.Equal(got, ids[3:4]) {
		t.Errorf("one address: got %v, want %v", got, ids[3:4])
	}
	if got := b.all(crm.Query{Object: schema.Contact, Where: &crm.Equal{Property: "city", Value: "Paris"}}); len(got) != 0 {
		t.Errorf("city Paris: got %v", got)
	}
	if got := b.all(crm.Query{Object: schema.Company}); len(got) != 0 {
		t.Errorf("companies: got %v", got)
	}
	page, err := b.ListRecords(b.ctx, crm.Query{Object: schema.Contact, Limit: 1, Properties: []string{"city"}})
	if err != nil || len(page.Items) != 1 || !maps.Equal(page.Items[0].Properties, props("city", "Rome")) {
		t.Errorf("one property of one contact: got %+v and %v", page, err)
	}
	for _, q := range []crm.Query{
		{Object: schema.Contact, Limit: -1},
		{Object: schema.Contact, Limit: crm.MaxPage + 1},
		{Object: schema.Contact, After: "nonsense"},
		{Object: "nonsense"},
	} {
		if _, err := b.ListRecords(b.ctx, q); !isInvalid(err) {
			t.Errorf("%+v: got %v, want an InvalidError", q, err)
		}
	}
}

func testPagingByUpdate(t *testing.T, b *bench) {
	ids := b.contacts(9)
	first := b.read(schema.Contact, "", ids[0]).UpdatedAt
	b.update(schema.Contact, ids[2], "lastname", "Later")
	q := crm.Query{Object: schema.Contact, Order: crm.ByUpdated, Limit: 2}
	var last crm.Record
	var got []string
	for r, err := range crm.All(b.ctx, b, q) {
		if err != nil {
			t.Fatal(err)
		}
		if r.UpdatedAt.Before(last.UpdatedAt) || r.UpdatedAt.Equal(last.UpdatedAt) && crm.CompareIDs(r.ID, last.ID) < 0 {
			t.Errorf("%s of %v comes after %s of %v", r.ID, r.UpdatedAt, last.ID, last.UpdatedAt)
		}
		last = r
		got = append(got, r.ID)
	}
	if slices.Sort(got); !sameSet(got, ids) {
		t.Errorf("got %v, want each of %v once", got, ids)
	}
	q.Since = first
	if got := b.all(q); !sameSet(got, ids) {
		t.Errorf("since the first: got %v, want %v", got, ids)
	}
	q.Since = b.read(schema.Contact, "", ids[2]).UpdatedAt.Add(time.Millisecond)
	if got := b.all(q); len(got) != 0 {
		t.Errorf("since after the last: got %v", got)
	}
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// testPagingBesideWrites lists while others create, update and delete: what is
// there all the while is listed exactly once.
func testPagingBesideWrites(t *testing.T, b *bench) {
	ids := b.contacts(60)
	var stay, go_ []string
	for i, id := range ids {
		if i%2 == 0 {
			stay = append(stay, id)
		} else {
			go_ = append(go_, id)
		}
	}
	var writers sync.WaitGroup
	writers.Go(func() {
		for i, id := range go_ {
			if _, err := b.DeleteRecords(b.ctx, schema.Contact, []crm.Input{{ID: id}}); err != nil {
				t.Error(err)
			}
			if _, err := b.CreateRecords(b.ctx, schema.Contact, []crm.Input{{Properties: props("email", fmt.Sprintf("n%d@example.com", i))}}); err != nil {
				t.Error(err)
			}
		}
	})
	writers.Go(func() {
		for _, id := range stay {
			if _, err := b.UpdateRecords(b.ctx, schema.Contact, []crm.Input{{ID: id, Properties: props("lastname", "Later")}}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 3 {
		seen := map[string]int{}
		for _, id := range b.all(crm.Query{Object: schema.Contact, Limit: 7}) {
			seen[id]++
		}
		for _, id := range stay {
			if seen[id] != 1 {
				t.Errorf("contact %s is listed %d times", id, seen[id])
			}
		}
	}
	writers.Wait()
}

func testManyAssociations(t *testing.T, b *bench) {
	const n = crm.MaxPage + 20
	company := b.create(schema.Company, "domain", "example.com")
	ids := b.contacts(n)
	var links []crm.Link
	for _, id := range ids {
		links = append(links, crm.Link{From: crm.Ref{Object: schema.Company, ID: company}, To: crm.Ref{Object: schema.Contact, ID: id}})
	}
	b.must(b.Associate(b.ctx, links))
	pages, err := b.Associations(b.ctx, schema.Company, []string{company, "99999999"}, schema.Contact)
	if err != nil || len(pages) != 2 || len(pages[1].Items) != 0 {
		t.Fatalf("got %d pages and %v", len(pages), err)
	}
	if len(pages[0].Items) == 0 || pages[0].Next == "" {
		t.Errorf("the first page has %d and continues at %q", len(pages[0].Items), pages[0].Next)
	}
	from := crm.Ref{Object: schema.Company, ID: company}
	got := []string{}
	for _, a := range pages[0].Items {
		got = append(got, a.To.ID)
	}
	for a, err := range crm.Each(func(after crm.Cursor) (crm.Page[crm.Association], error) {
		if after == "" {
			after = pages[0].Next
		}
		return b.ListAssociations(b.ctx, from, schema.Contact, after, 9)
	}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.To.ID)
	}
	if !slices.Equal(got, ids) {
		t.Errorf("got %d associations, want %s", len(got), strconv.Itoa(n))
	}
	b.must(b.DeleteRecords(b.ctx, schema.Company, []crm.Input{{ID: company}}))
	pages, err = b.Associations(b.ctx, schema.Contact, ids, schema.Company)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range pages {
		if len(p.Items) != 0 {
			t.Fatalf("contact %s is associated with the deleted company", ids[i])
		}
	}
}
