package crmtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"accord/crm"
	"accord/schema"
)

// feed reports whether the account has a change feed, and checks that it says so
// where it has none.
func (b *bench) feed() bool {
	b.t.Helper()
	if b.can.Changes {
		return true
	}
	if _, _, err := b.Changes(b.ctx, "", 0); !errors.Is(err, crm.ErrUnsupported) {
		b.t.Errorf("changes: got %v, want ErrUnsupported", err)
	}
	if _, err := b.LatestChange(b.ctx); !errors.Is(err, crm.ErrUnsupported) {
		b.t.Errorf("latest change: got %v, want ErrUnsupported", err)
	}
	return false
}

func testChanges(t *testing.T, b *bench) {
	if !b.feed() {
		return
	}
	list := b.asset(schema.KindList, "newsletter", &schema.List{Label: "Newsletter"})
	form := b.asset(schema.KindForm, "contact-us", &schema.Form{Label: "Contact us", Fields: []string{"email", "city"}})
	news := b.asset(schema.KindSubscriptionType, "news", &schema.SubscriptionType{Label: "News"})
	company := b.create(schema.Company, "domain", "example.com")
	begin := b.head()
	cause := crm.Cause{Action: "a1", Root: "e1", Hop: 2, Path: []string{"w1/c1", "w2/c2"}}

	jane := b.must(b.CreateRecords(b.ctx, schema.Contact, []crm.Input{{Properties: props("email", "jane@example.com", "city", "Rome"), Cause: cause}}))[0].ID
	b.must(b.UpdateRecords(b.ctx, schema.Contact, []crm.Input{{ID: jane, Properties: props("city", "", "lastname", "Doe")}}))
	link := crm.Link{From: crm.Ref{Object: schema.Contact, ID: jane}, To: crm.Ref{Object: schema.Company, ID: company}, Label: crm.LabelPrimary, Cause: cause}
	b.must(b.Associate(b.ctx, []crm.Link{link}))
	link.Label = ""
	b.must(b.Dissociate(b.ctx, []crm.Link{link}))
	b.must(b.AddMembers(b.ctx, list, []string{jane}, cause))
	b.must(b.RemoveMembers(b.ctx, list, []string{jane}, cause))
	submitted, err := b.SubmitForm(b.ctx, crm.SubmissionInput{Form: form, Values: props("email", "jane@example.com", "city", "Oslo"), Cause: cause})
	if err != nil {
		t.Fatal(err)
	}
	b.must(b.SetSubscriptions(b.ctx, []crm.SubscriptionInput{{
		Contact: jane, Subscription: crm.Subscription{Type: news, Status: schema.Unsubscribed}, Cause: cause,
	}}))
	b.must(b.DeleteRecords(b.ctx, schema.Contact, []crm.Input{{ID: jane, Cause: cause}}))

	type delta = map[string]crm.Delta
	to := &crm.Ref{Object: schema.Company, ID: company}
	want := []crm.Change{
		{Type: crm.RecordCreated, Changed: delta{"email": {New: "jane@example.com"}, "city": {New: "Rome"}}, Cause: cause},
		{Type: crm.RecordUpdated, Changed: delta{"city": {Old: "Rome"}, "lastname": {New: "Doe"}}},
		{Type: crm.AssociationAdded, To: to, Label: crm.LabelPrimary, Cause: cause},
		{Type: crm.AssociationRemoved, To: to, Cause: cause},
		{Type: crm.ListJoined, List: list, Cause: cause},
		{Type: crm.ListLeft, List: list, Cause: cause},
		{Type: crm.RecordUpdated, Changed: delta{"city": {New: "Oslo"}}, Cause: cause},
		{Type: crm.FormSubmitted, Form: form, Values: props("email", "jane@example.com", "city", "Oslo"), Cause: cause},
		{Type: crm.SubscriptionChanged, Cause: cause},
		{Type: crm.RecordDeleted, Cause: cause},
	}
	got := b.since(begin)
	if len(got) != len(want) {
		t.Fatalf("got %d changes, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		g := got[i]
		if g.Type != w.Type || g.Object != schema.Contact || g.ID != jane || !maps.Equal(g.Changed, w.Changed) || !g.Cause.Equal(w.Cause) ||
			g.Label != w.Label || g.List != w.List || g.Form != w.Form || !maps.Equal(g.Values, w.Values) ||
			(g.To == nil) != (w.To == nil) || g.To != nil && *g.To != *w.To {
			t.Errorf("change %d: got %+v, want %+v", i, g, w)
		}
		if i > 0 && (g.Sequence <= got[i-1].Sequence || g.OccurredAt.Before(got[i-1].OccurredAt)) {
			t.Errorf("change %d: %d at %v comes after %d at %v", i, g.Sequence, g.OccurredAt, got[i-1].Sequence, got[i-1].OccurredAt)
		}
	}
	if submitted.ID != jane || got[7].Submission == "" {
		t.Errorf("submission: got %+v and change %+v", submitted, got[7])
	}
	if s := got[8].Subscription; s == nil || s.Type != news || s.Status != schema.Unsubscribed {
		t.Errorf("subscription: got %+v", s)
	}

	// In pages, from anywhere.
	cursor := begin
	for i := range got {
		page, next, err := b.Changes(b.ctx, cursor, 1)
		if err != nil || len(page) != 1 || page[0].Sequence != got[i].Sequence {
			t.Fatalf("page %d: got %+v and %v, want sequence %d", i, page, err, got[i].Sequence)
		}
		cursor = next
	}
	if page, next, err := b.Changes(b.ctx, cursor, 1); err != nil || len(page) != 0 || next != cursor || cursor != b.head() {
		t.Errorf("at the end: got %+v, %s and %v, want nothing at %s", page, next, err, cursor)
	}
	if all := b.since(""); len(all) < len(got) || all[len(all)-1].Sequence != got[len(got)-1].Sequence {
		t.Errorf("from the beginning: got %d changes", len(all))
	}
	if _, _, err := b.Changes(b.ctx, "nonsense", 0); !isInvalid(err) {
		t.Errorf("a cursor that is none: got %v, want an InvalidError", err)
	}
	if b.can.SetFacts {
		facts, err := b.Facts(b.ctx)
		if err != nil {
			t.Fatal(err)
		}
		facts.SensitiveData = true
		for range 2 {
			if err := b.SetFacts(b.ctx, facts); err != nil {
				t.Fatal(err)
			}
		}
		got := b.since(cursor)
		if len(got) != 1 || got[0].Type != crm.FactsChanged || !maps.Equal(got[0].Changed, delta{"sensitiveData": {Old: "false", New: "true"}}) {
			t.Errorf("facts: got %+v", got)
		}
	}
}

// testNoChange does what changes nothing, and finds no trace of it.
func testNoChange(t *testing.T, b *bench) {
	b.property(schema.Contact, "score", schema.TypeNumber)
	jane := b.create(schema.Contact, "email", "jane@example.com", "city", "Rome", "score", "5")
	was := b.read(schema.Contact, "", jane)
	var begin crm.Cursor
	if b.can.Changes {
		begin = b.head()
	}
	for _, p := range []map[string]string{
		nil,
		props("city", "Rome"),
		props("score", "5.00"),
		props("email", "JANE@example.com "),
		props("lastname", ""),
		props("city", "Rome", "score", "05", "firstname", ""),
	} {
		if r := b.must(b.UpdateRecords(b.ctx, schema.Contact, []crm.Input{{ID: jane, Properties: p}}))[0]; r.Changed {
			t.Errorf("%v: got %+v, want no change", p, r)
		}
		if r := b.must(b.UpsertRecords(b.ctx, schema.Contact, "email", []crm.Input{{ID: "Jane@Example.com", Properties: p}}))[0]; r.Changed || r.Created {
			t.Errorf("upsert %v: got %+v, want no change", p, r)
		}
	}
	if is := b.read(schema.Contact, "", jane); !is.UpdatedAt.Equal(was.UpdatedAt) || !maps.Equal(is.Properties, was.Properties) {
		t.Errorf("got %+v, want %+v", is, was)
	}
	if b.can.Changes {
		if got := b.since(begin); len(got) != 0 {
			t.Errorf("got changes %+v", got)
		}
	}
}

// testChangesBesideWriters reads the feed while it is written: each change once,
// in the order of its sequence, and those of a record in the order in which they
// were made.
func testChangesBesideWriters(t *testing.T, b *bench) {
	if !b.feed() {
		return
	}
	const writers, each = 4, 25
	begin := b.head()
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			var id string
			for i := range each {
				var results []crm.Result
				var err error
				if i == 0 {
					results, err = b.CreateRecords(b.ctx, schema.Contact, []crm.Input{{Properties: props("email", fmt.Sprintf("w%d@example.com", w))}})
				} else {
					results, err = b.UpdateRecords(b.ctx, schema.Contact, []crm.Input{{ID: id, Properties: props("city", fmt.Sprint(i))}})
				}
				if err != nil || results[0].Err != nil {
					t.Errorf("write: %v and %+v", err, results)
					return
				}
				id = results[0].ID
			}
		})
	}
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	var got []crm.Change
	cursor := begin
	for finished := false; ; {
		changes, next, err := b.Changes(b.ctx, cursor, 7)
		if err != nil {
			t.Fatal(err)
		}
		got, cursor = append(got, changes...), next
		if len(changes) > 0 {
			continue
		}
		if finished {
			break
		}
		select {
		case <-done:
			finished = true // and once more for what came meanwhile
		default:
		}
	}
	if len(got) != writers*each {
		t.Errorf("got %d changes, want %d", len(got), writers*each)
	}
	last := map[string]string{}
	for i, c := range got {
		if i > 0 && c.Sequence <= got[i-1].Sequence {
			t.Errorf("sequence %d comes after %d", c.Sequence, got[i-1].Sequence)
		}
		if c.Type == crm.RecordUpdated {
			if d := c.Changed["city"]; d.Old != last[c.ID] {
				t.Errorf("record %s: from %q to %q, and it was %q", c.ID, d.Old, d.New, last[c.ID])
			}
			last[c.ID] = c.Changed["city"].New
		}
	}
	if again := b.since(begin); !slices.EqualFunc(again, got, func(a, c crm.Change) bool { return a.Sequence == c.Sequence && a.ID == c.ID }) {
		t.Errorf("read again, the feed is another")
	}
}

func testCanceled(t *testing.T, b *bench) {
	id := b.create(schema.Contact, "email", "jane@example.com")
	canceled, cancel := context.WithCancel(b.ctx)
	cancel()
	_, read := b.ReadRecords(canceled, schema.Contact, "", []string{id})
	_, write := b.UpdateRecords(canceled, schema.Contact, []crm.Input{{ID: id, Properties: props("city", "Rome")}})
	_, facts := b.Facts(canceled)
	for name, err := range map[string]error{"read": read, "write": write, "facts": facts} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want context.Canceled", name, err)
		}
	}
	if got := b.value(schema.Contact, id, "city"); got != "" {
		t.Errorf("a canceled write has written %q", got)
	}
	if _, ok := crm.ReadOnly(b.Account).(crm.Writer); ok {
		t.Errorf("a read-only account can be made a writer")
	}
	if _, ok := crm.ReadOnly(b.Account).(crm.RecordWriter); ok {
		t.Errorf("a read-only account can be made a writer of records")
	}
}
