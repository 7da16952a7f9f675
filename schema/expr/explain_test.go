package expr

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"accord/schema"
)

func TestExplain(t *testing.T) {
	text := "deal.dealstage == \"closedwon\" && // won\n (deal.amount > 1000 || has(contact.email)) && !contact.vip"
	p := mustCompile(t, NewEnv(dealScope()), text, Condition)
	got, err := p.Explain(t.Context(), Activation{Records: map[string]Record{
		"deal":    Values{"dealstage": "qualified"},
		"contact": Values{"email": "jane@example.com"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	stage, amount := Property{"deal", "dealstage"}, Property{"deal", "amount"}
	email, vip := Property{"contact", "email"}, Property{"contact", "vip"}
	want := Part{
		Op: "&&", Text: text, Start: 0, End: 98, Leaf: -1, True: false,
		Parts: []Part{
			{
				Op: "==", Text: `deal.dealstage == "closedwon"`, Start: 0, End: 29, Leaf: 0, Property: stage, Constant: "closedwon",
				Seen: []Seen{{stage, "qualified"}},
			},
			{
				Op: "||", Text: `deal.amount > 1000 || has(contact.email)`, Start: 42, End: 82, Leaf: -1, True: true,
				Parts: []Part{
					{
						Op: ">", Text: `deal.amount > 1000`, Start: 42, End: 60, Leaf: 1, Property: amount, Constant: 1000.0,
						Seen: []Seen{{amount, nil}}, Reasons: []Reason{{amount, "deal.amount is not set"}},
					},
					{Op: "has", Text: `has(contact.email)`, Start: 64, End: 82, Leaf: 2, True: true, Property: email, Seen: []Seen{{email, "jane@example.com"}}},
				},
			},
			{
				Op: "!", Text: `!contact.vip`, Start: 87, End: 99, Leaf: -1, True: true,
				Parts: []Part{{
					Op: "==", Text: `contact.vip`, Start: 88, End: 99, Leaf: 3, Property: vip, Constant: true,
					Seen: []Seen{{vip, nil}}, Reasons: []Reason{{vip, "contact.vip is not set"}},
				}},
			},
		},
	}
	want.End = len(text)
	if !reflect.DeepEqual(got, want) {
		g, _ := json.MarshalIndent(got, "", " ")
		w, _ := json.MarshalIndent(want, "", " ")
		t.Errorf("got %s\nwant %s", g, w)
	}
}

func TestExplainLeaves(t *testing.T) {
	env := NewEnv(dealScope())
	jane, joe := Values{"country": "US", "age": "30"}, Values{"country": "DE"}
	a := Activation{
		Records:  map[string]Record{"deal": Values{"closedate": "2026-03-01", "dealstage": "closedwon", "amount": "abc"}, "contact": jane},
		Contacts: []Record{jane, joe},
	}
	for _, tc := range []struct {
		text, op string
		property Property
		constant any
		seen     any // of the property
		want     bool
	}{
		{`"closedwon" == deal.dealstage`, "==", Property{"deal", "dealstage"}, "closedwon", "closedwon", true},
		{`deal.dealstage in ["closedwon", "qualified"]`, "in", Property{"deal", "dealstage"}, []any{"closedwon", "qualified"}, "closedwon", true},
		{
			`deal.closedate > "2026-01-31"`, ">",
			Property{"deal", "closedate"},
			time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC),
			time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), true,
		},
		{`contact.country.startsWith("U")`, "startsWith", Property{"contact", "country"}, "U", "US", true},
		{`contacts.exists(c, c.country == "FR")`, "exists", Property{"contacts", "country"}, nil, []any{"US", "DE"}, false},
		{`contacts.exists(c, c.age > 20)`, "exists", Property{"contacts", "age"}, nil, []any{30.0, nil}, true},
		{`deal.amount > 5`, ">", Property{"deal", "amount"}, 5.0, nil, false},
		{`contact.country == deal.dealstage`, "==", Property{"contact", "country"}, nil, "US", false},
		{`contact.age > 5 ? true : false`, "==", Property{"contact", "age"}, true, 30.0, true},
		{`true`, "", Property{}, nil, nil, true},
	} {
		t.Run(tc.text, func(t *testing.T) {
			got, err := mustCompile(t, env, tc.text, Condition).Explain(t.Context(), a)
			if err != nil || got.Text != tc.text || got.Op != tc.op || got.Property != tc.property || !reflect.DeepEqual(got.Constant, tc.constant) || got.True != tc.want {
				t.Errorf("%+v %v", got, err)
			}
			if tc.property != (Property{}) && (len(got.Seen) == 0 || !reflect.DeepEqual(got.Seen[0], Seen{tc.property, tc.seen})) {
				t.Errorf("seen %+v, want %v", got.Seen, tc.seen)
			}
		})
	}
}

func TestAdmits(t *testing.T) {
	env := NewEnv(dealScope())
	stage := func(v any) Fact { return Fact{Property{"deal", "dealstage"}, v} }
	country := func(v any) Fact { return Fact{Property{"contact", "country"}, v} }
	for _, tc := range []struct {
		text  string
		facts []Fact
		want  bool
	}{
		{`deal.dealstage == "closedwon"`, []Fact{stage("closedwon")}, true},
		{`deal.dealstage == "closedwon"`, []Fact{stage("qualified")}, false},
		{`deal.dealstage == "closedwon"`, nil, true},
		{`deal.dealstage == "closedwon"`, []Fact{country("US")}, true},
		{`deal.dealstage != "closedwon"`, []Fact{stage("closedwon")}, false},
		{`deal.dealstage != "closedwon"`, []Fact{stage(nil)}, false},
		{`!(deal.dealstage == "closedwon")`, []Fact{stage("closedwon")}, false},
		{`deal.dealstage in ["closedwon", "closedlost"]`, []Fact{stage("qualified")}, false},
		{`deal.dealstage == "closedwon" && deal.amount > 5`, []Fact{stage("qualified")}, false},
		{`deal.dealstage == "closedwon" && deal.amount > 5`, []Fact{stage("closedwon")}, true},
		{`deal.dealstage == "closedwon" || deal.amount > 5`, []Fact{stage("qualified")}, true},
		{`!(deal.dealstage == "closedwon" || deal.amount > 5)`, []Fact{stage("closedwon")}, false},
		{`deal.dealstage == "closedwon" && deal.dealstage == "qualified"`, []Fact{stage("closedwon")}, false},
		{`deal.dealstage == event.old`, []Fact{stage("closedwon")}, true},
		{`deal.dealstage == event.new`, []Fact{stage("closedwon"), {Property{"event", "new"}, "qualified"}}, false},
		{`deal.amount > 1000`, []Fact{{Property{"deal", "amount"}, "900"}}, false},
		{`deal.amount > 1000`, []Fact{{Property{"deal", "amount"}, 1001.0}}, true},
		{`contact.country.startsWith("U")`, []Fact{country("DE")}, false},
		{`has(contact.country)`, []Fact{country(nil)}, false},
		{`has(contact.country)`, []Fact{country("DE")}, true},
		{`!has(contact.country)`, []Fact{country("DE")}, false},
		{`contacts.exists(c, c.country == "US")`, []Fact{country("DE")}, true}, // of whom is not said
		{`false`, nil, false},
	} {
		if got := mustCompile(t, env, tc.text, Condition).Admits(tc.facts...); got != tc.want {
			t.Errorf("%s with %v: %v, want %v", tc.text, tc.facts, got, tc.want)
		}
	}
	if !mustCompile(t, env, `deal.dealname`, schema.TypeString).Admits(stage("x")) {
		t.Error("a value does not admit")
	}
}
