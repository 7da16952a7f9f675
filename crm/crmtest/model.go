package crmtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"accord/crm"
	"accord/schema"
)

// model is the plainest account there is: maps.
type model struct {
	contacts map[string]map[string]string // id → properties
	deals    map[string]map[string]string
	links    map[[2]string]bool // contact, deal
	members  map[string]bool    // contacts in the list
}

func newModel() *model {
	return &model{
		contacts: map[string]map[string]string{}, deals: map[string]map[string]string{},
		links: map[[2]string]bool{}, members: map[string]bool{},
	}
}

func (m *model) byEmail(email string) string {
	for id, p := range m.contacts {
		if p["email"] == email {
			return id
		}
	}
	return ""
}

func (m *model) deleteContact(id string) {
	delete(m.contacts, id)
	delete(m.members, id)
	maps.DeleteFunc(m.links, func(l [2]string, _ bool) bool { return l[0] == id })
}

// set writes properties and reports whether anything is different.
func set(record, properties map[string]string) (changed bool) {
	for k, v := range properties {
		changed = changed || record[k] != v
		if v == "" {
			delete(record, k)
		} else {
			record[k] = v
		}
	}
	return changed
}

var (
	modelEmails = []string{"a@example.com", "b@example.com", "c@example.com"}
	modelCities = []string{"", "Rome", "Bonn"}
)

// testModel does at random what accounts do, beside a model, and finds the same
// in both; and in the change feed what leads from nothing to it.
func testModel(t *testing.T, first *bench) {
	rapid.Check(t, func(rt *rapid.T) {
		b := &bench{Account: first.open(t), t: t, ctx: first.ctx, can: first.can}
		m := newModel()
		list := b.asset(schema.KindList, "list", &schema.List{Label: "List"})
		var begin crm.Cursor
		if b.can.Changes {
			begin = b.head()
		}
		id := func(ids map[string]map[string]string, label string) string {
			all := slices.Sorted(maps.Keys(ids))
			return rapid.SampledFrom(append(all, "99999999")).Draw(rt, label)
		}
		email := func() string { return rapid.SampledFrom(modelEmails).Draw(rt, "email") }
		spelled := func(s string) string {
			return rapid.SampledFrom([]string{s, strings.ToUpper(s), " " + s}).Draw(rt, "spelling")
		}
		city := func() string { return rapid.SampledFrom(modelCities).Draw(rt, "city") }
		one := func(results []crm.Result, err error) crm.Result {
			if err != nil || len(results) != 1 {
				rt.Fatalf("got %d results and %v", len(results), err)
			}
			return results[0]
		}
		notFound := func(r crm.Result) {
			if !errors.Is(r.Err, crm.ErrNotFound) {
				rt.Fatalf("got %+v, want ErrNotFound", r)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"create contact": func(rt *rapid.T) {
				e, c := email(), city()
				r := one(b.CreateRecords(b.ctx, schema.Contact, []crm.Input{{Properties: props("email", spelled(e), "city", c)}}))
				if there := m.byEmail(e); there != "" {
					if existing(r.Err) != there {
						rt.Fatalf("got %+v, want an ExistsError with id %s", r, there)
					}
					return
				}
				if r.Err != nil || !r.Created {
					rt.Fatalf("got %+v", r)
				}
				m.contacts[r.ID] = map[string]string{}
				set(m.contacts[r.ID], props("email", e, "city", c))
			},
			"upsert contact": func(rt *rapid.T) {
				e, c := email(), city()
				r := one(b.UpsertRecords(b.ctx, schema.Contact, "email", []crm.Input{{ID: spelled(e), Properties: props("city", c)}}))
				there := m.byEmail(e)
				if r.Err != nil || r.Created != (there == "") || there != "" && r.ID != there {
					rt.Fatalf("got %+v, there is %q", r, there)
				}
				if there == "" {
					m.contacts[r.ID] = props("email", e)
				}
				if changed := set(m.contacts[r.ID], props("city", c)); r.Changed != (changed || r.Created) {
					rt.Fatalf("got %+v, want changed %v", r, changed)
				}
			},
			"update contact": func(rt *rapid.T) {
				i, e, c := id(m.contacts, "contact"), email(), city()
				r := one(b.UpdateRecords(b.ctx, schema.Contact, []crm.Input{{ID: i, Properties: props("email", spelled(e), "city", c)}}))
				there := m.byEmail(e)
				switch {
				case m.contacts[i] == nil:
					notFound(r)
				case there != "" && there != i:
					if existing(r.Err) != there {
						rt.Fatalf("got %+v, want an ExistsError with id %s", r, there)
					}
				default:
					if changed := set(m.contacts[i], props("email", e, "city", c)); r.Err != nil || r.Changed != changed {
						rt.Fatalf("got %+v, want changed %v", r, changed)
					}
				}
			},
			"delete contact": func(rt *rapid.T) {
				i := id(m.contacts, "contact")
				r := one(b.DeleteRecords(b.ctx, schema.Contact, []crm.Input{{ID: i}}))
				if m.contacts[i] == nil {
					notFound(r)
					return
				}
				if r.Err != nil {
					rt.Fatal(r.Err)
				}
				m.deleteContact(i)
			},
			"create deal": func(rt *rapid.T) {
				c := id(m.contacts, "contact")
				r := one(b.CreateRecords(b.ctx, schema.Deal, []crm.Input{{
					Properties: props("dealname", "Deal"), Associations: []crm.Association{{To: crm.Ref{Object: schema.Contact, ID: c}}},
				}}))
				if m.contacts[c] == nil {
					notFound(r)
					return
				}
				if r.Err != nil {
					rt.Fatal(r.Err)
				}
				m.deals[r.ID] = props("dealname", "Deal", "pipeline", "default", "dealstage", "appointmentscheduled")
				m.links[[2]string{c, r.ID}] = true
			},
			"move deal": func(rt *rapid.T) {
				i := id(m.deals, "deal")
				stage := rapid.SampledFrom(schema.DefaultPipeline.Stages).Draw(rt, "stage").ID
				r := one(b.UpdateRecords(b.ctx, schema.Deal, []crm.Input{{ID: i, Properties: props("dealstage", stage)}}))
				if m.deals[i] == nil {
					notFound(r)
					return
				}
				if changed := set(m.deals[i], props("dealstage", stage)); r.Err != nil || r.Changed != changed {
					rt.Fatalf("got %+v, want changed %v", r, changed)
				}
			},
			"link": func(rt *rapid.T) {
				c, d := id(m.contacts, "contact"), id(m.deals, "deal")
				add := rapid.Bool().Draw(rt, "add")
				link := crm.Link{From: crm.Ref{Object: schema.Contact, ID: c}, To: crm.Ref{Object: schema.Deal, ID: d}}
				if rapid.Bool().Draw(rt, "other way round") {
					link.From, link.To = link.To, link.From
				}
				var r crm.Result
				if add {
					r = one(b.Associate(b.ctx, []crm.Link{link}))
				} else {
					r = one(b.Dissociate(b.ctx, []crm.Link{link}))
				}
				key := [2]string{c, d}
				switch {
				case m.contacts[c] == nil || m.deals[d] == nil:
					notFound(r)
				case r.Err != nil || r.Changed != (m.links[key] != add):
					rt.Fatalf("got %+v, linked before: %v", r, m.links[key])
				case add:
					m.links[key] = true
				default:
					delete(m.links, key)
				}
			},
			"member": func(rt *rapid.T) {
				c := id(m.contacts, "contact")
				add := rapid.Bool().Draw(rt, "add")
				var r crm.Result
				if add {
					r = one(b.AddMembers(b.ctx, list, []string{c}, crm.Cause{}))
				} else {
					r = one(b.RemoveMembers(b.ctx, list, []string{c}, crm.Cause{}))
				}
				switch {
				case m.contacts[c] == nil:
					notFound(r)
				case r.Err != nil || r.Changed != (m.members[c] != add):
					rt.Fatalf("got %+v, in it before: %v", r, m.members[c])
				case add:
					m.members[c] = true
				default:
					delete(m.members, c)
				}
			},
			"": func(rt *rapid.T) { m.compare(rt, b, list) },
		})
		if b.can.Changes {
			m.compareFeed(rt, b.since(begin))
		}
	})
}

func (m *model) compare(rt *rapid.T, b *bench, list string) {
	for object, want := range map[string]map[string]map[string]string{schema.Contact: m.contacts, schema.Deal: m.deals} {
		for _, order := range []crm.Order{crm.ByID, crm.ByUpdated} {
			got := map[string]map[string]string{}
			for r, err := range crm.All(b.ctx, b, crm.Query{Object: object, Order: order, Limit: 2}) {
				if err != nil {
					rt.Fatal(err)
				}
				if got[r.ID] != nil {
					rt.Fatalf("%s %s is listed twice", object, r.ID)
				}
				got[r.ID] = r.Properties
			}
			if !maps.EqualFunc(got, want, maps.Equal[map[string]string, map[string]string]) {
				rt.Fatalf("%s in order %d: got %v, want %v", object, order, got, want)
			}
		}
	}
	for _, e := range modelEmails {
		found, err := b.ReadRecords(b.ctx, schema.Contact, "email", []string{e})
		if err != nil {
			rt.Fatal(err)
		}
		got := ""
		if found[0] != nil {
			got = found[0].ID
		}
		if want := m.byEmail(e); got != want {
			rt.Fatalf("%s is contact %q, want %q", e, got, want)
		}
	}
	links := map[[2]string]bool{}
	for c := range m.contacts {
		for d := range b.associated(schema.Contact, c, schema.Deal) {
			links[[2]string{c, d}] = true
		}
	}
	back := map[[2]string]bool{}
	for d := range m.deals {
		for c := range b.associated(schema.Deal, d, schema.Contact) {
			back[[2]string{c, d}] = true
		}
	}
	if !maps.Equal(links, m.links) || !maps.Equal(back, m.links) {
		rt.Fatalf("associations: got %v and backward %v, want %v", links, back, m.links)
	}
	page, err := b.ListMembers(b.ctx, list, "", 0)
	if err != nil {
		rt.Fatal(err)
	}
	if want := slices.SortedFunc(maps.Keys(m.members), crm.CompareIDs); !slices.Equal(page.Items, want) {
		rt.Fatalf("members: got %v, want %v", page.Items, want)
	}
}

// compareFeed plays the feed from nothing and finds the model.
func (m *model) compareFeed(rt *rapid.T, changes []crm.Change) {
	played := newModel()
	for i, c := range changes {
		if i > 0 && c.Sequence <= changes[i-1].Sequence {
			rt.Fatalf("sequence %d comes after %d", c.Sequence, changes[i-1].Sequence)
		}
		records := map[string]map[string]map[string]string{schema.Contact: played.contacts, schema.Deal: played.deals}[c.Object]
		fail := func(why string) { rt.Fatalf("change %d %s: %+v", i, why, c) }
		switch c.Type {
		case crm.RecordCreated:
			if records[c.ID] != nil {
				fail("creates what is there")
			}
			records[c.ID] = map[string]string{}
			fallthrough
		case crm.RecordUpdated:
			for p, d := range c.Changed {
				if records[c.ID][p] != d.Old || d.Old == d.New {
					fail(fmt.Sprintf("says %s was %q and is %q, and it was %q", p, d.Old, d.New, records[c.ID][p]))
				}
				set(records[c.ID], props(p, d.New))
			}
		case crm.RecordDeleted:
			if records[c.ID] == nil {
				fail("deletes what is not there")
			}
			played.deleteContact(c.ID) // no deal is ever deleted
		case crm.AssociationAdded, crm.AssociationRemoved:
			key := [2]string{c.ID, c.To.ID}
			if c.Object == schema.Deal {
				key = [2]string{c.To.ID, c.ID}
			}
			if played.links[key] == (c.Type == crm.AssociationAdded) {
				fail("repeats an association")
			}
			played.links[key] = true
			if c.Type == crm.AssociationRemoved {
				delete(played.links, key)
			}
		case crm.ListJoined, crm.ListLeft:
			if played.members[c.ID] == (c.Type == crm.ListJoined) {
				fail("repeats a membership")
			}
			played.members[c.ID] = true
			if c.Type == crm.ListLeft {
				delete(played.members, c.ID)
			}
		default:
			fail("is none that was made")
		}
	}
	equal := maps.EqualFunc(played.contacts, m.contacts, maps.Equal[map[string]string, map[string]string]) &&
		maps.EqualFunc(played.deals, m.deals, maps.Equal[map[string]string, map[string]string]) &&
		maps.Equal(played.links, m.links) && maps.Equal(played.members, m.members)
	if !equal {
		rt.Fatalf("the feed leads to %+v, want %+v", played, m)
	}
}
