package expr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"accord/schema"
)

func mustCompile(t testing.TB, env *Env, text, want string) *Program {
	t.Helper()
	p, problems := env.Compile(text, want)
	if p == nil {
		t.Fatalf("%s: %+v", text, problems)
	}
	return p
}

func texts(reasons []Reason) []string {
	var out []string
	for _, r := range reasons {
		out = append(out, r.Text)
	}
	return out
}

func TestEval(t *testing.T) {
	env := NewEnv(dealScope())
	deal := Values{"amount": "1500", "dealstage": "closedwon", "closedate": "2026-03-01", "won": "true", "dealname": "Big"}
	jane := Values{"email": "Jane@Example.com", "country": "US", "age": "30", "lastseen": "1772352000000"} // 2026-03-01
	joe := Values{"email": "joe@example.com", "vip": true}
	full := Activation{
		Records:  map[string]Record{"deal": deal, "contact": jane, "event": Values{"property": "dealstage", "old": "qualified", "new": "closedwon", "at": "2026-03-01T10:00:00Z"}},
		Contacts: []Record{joe, jane},
	}
	for _, tc := range []struct {
		text    string
		want    bool
		reasons []string
	}{
		{`deal.amount > 1000`, true, nil},
		{`deal.amount > 1000.0`, true, nil},
		{`deal.amount == 1500`, true, nil},
		{`1500 == deal.amount`, true, nil},
		{`deal.amount + 1 > 1500`, true, nil},
		{`deal.amount * 2 == 3000`, true, nil},
		{`1000 + 500 == deal.amount`, true, nil},
		{`-deal.amount == -1500`, true, nil},
		{`deal.amount in [1, 1500]`, true, nil},
		{`deal.amount in [1, 2.5]`, false, nil},
		{`int(deal.amount) % 2 == 0`, true, nil},
		{`size(deal.dealname) == 3`, true, nil},
		{`size(deal.dealname) < deal.amount`, true, nil},
		{`deal.dealstage in ["closedwon", "qualified"]`, true, nil},
		{`deal.dealstage != "qualified"`, true, nil},
		{`deal.won`, true, nil},
		{`!deal.won`, false, nil},
		{`deal.won == true && deal.won != false`, true, nil},
		{`deal.closedate == "2026-03-01"`, true, nil},
		{`deal.closedate > date("2026-02-28")`, true, nil},
		{`deal.closedate > "2026-03-01T08:00:00+01:00"`, false, nil},
		{`deal.closedate in ["2026-03-01"]`, true, nil},
		{`deal.closedate == contact.lastseen`, false, nil},
		{`contact.lastseen - deal.closedate == duration("8h")`, true, nil},
		{`deal.closedate + duration("24h") > contact.lastseen`, true, nil},
		{`deal.closedate.getMonth() == 2`, true, nil},
		{`contact.email.lowerAscii().endsWith("@example.com")`, true, nil},
		{`contact.email.matches("^[A-Z][a-z]+@")`, true, nil},
		{`"  a ".trim() == "a" && "a".upperAscii() == "A"`, true, nil},
		{`contact.country == "US" ? deal.amount > 1 : deal.amount > 9999`, true, nil},
		{`contacts.exists(c, c.country == "US")`, true, []string{"contacts.country is not set"}},
		{`contacts.exists(c, c.vip)`, true, nil},
		{`contacts.exists(c, !c.vip)`, true, []string{"contacts.vip is not set"}}, // jane, of whom it is not known
		{`contacts.exists(c, c.country == contact.country && c.age > 18)`, true, []string{"contacts.country is not set"}},
		{`size(contacts) == 2`, true, nil},
		{`event.property == "dealstage" && event.old == "qualified" && event.new == deal.dealstage`, true, nil},
		{`event.at > deal.closedate`, true, nil},
		{`[1, 2].exists(n, n == deal.amount) || [1, 2][0] == 1`, true, nil},

		// What is not set.
		{`contact.vip`, false, []string{"contact.vip is not set"}},
		{`!contact.vip`, true, []string{"contact.vip is not set"}},
		{`contact.firstname == "x"`, false, []string{"contact.firstname is not set"}},
		{`contact.firstname != "x"`, false, []string{"contact.firstname is not set"}},
		{`!(contact.firstname == "x")`, true, []string{"contact.firstname is not set"}},
		{`contact.firstname.startsWith("")`, false, []string{"contact.firstname is not set"}},
		{`contact.firstname in ["x"]`, false, []string{"contact.firstname is not set"}},
		{`size(contact.firstname) >= 0`, false, []string{"contact.firstname is not set"}},
		{`has(contact.firstname)`, false, nil},
		{`!has(contact.firstname) && has(contact.country)`, true, nil},
		{`contact.firstname == "x" || deal.won`, true, []string{"contact.firstname is not set"}},
		{`(has(contact.firstname) ? contact.firstname : "nobody") == "nobody"`, true, nil},
		{`(contact.firstname == "x") == false`, true, []string{"contact.firstname is not set"}},
		{`contact.firstname == contact.lifecyclestage`, false, []string{"contact.firstname is not set"}},
		{`contact.vip ? true : false`, false, []string{"contact.vip is not set"}},

		// What cannot be computed.
		{`1 / (size(contacts) - 2) == 1`, false, []string{"1 / (size(contacts) - 2) == 1: division by zero"}},
		{`int(contact.country) == 1`, false, []string{`int(contact.country) == 1: type conversion error from 'string' to 'int'`}},
		{`date(contact.country) == deal.closedate`, false, []string{`date(contact.country) == deal.closedate: "US" is no date`}},
	} {
		t.Run(tc.text, func(t *testing.T) {
			p := mustCompile(t, env, tc.text, Condition)
			got, err := p.Eval(t.Context(), full)
			if err != nil || got.True != tc.want || !slices.Equal(texts(got.Reasons), tc.reasons) {
				t.Errorf("%v %v %q, want %v %q", got.True, err, texts(got.Reasons), tc.want, tc.reasons)
			}
		})
	}
}

func TestRawValues(t *testing.T) {
	env := NewEnv(dealScope())
	for _, tc := range []struct {
		property string
		raw      any
		text     string
		want     bool
		reason   string
	}{
		{"amount", "12.5", `deal.amount == 12.5`, true, ""},
		{"amount", 12, `deal.amount == 12`, true, ""},
		{"amount", 12.0, `deal.amount == 12`, true, ""},
		{"amount", "abc", `deal.amount != 12`, false, `deal.amount is not set: "abc" is no number`},
		{"amount", "NaN", `deal.amount != 12`, false, `deal.amount is not set: "NaN" is no number`},
		{"amount", "", `deal.amount != 12`, false, `deal.amount is not set`},
		{"amount", nil, `deal.amount != 12`, false, `deal.amount is not set`},
		{"amount", "", `has(deal.amount)`, false, ``},
		{"amount", "abc", `has(deal.amount)`, false, ``},
		{"won", "TRUE", `deal.won`, true, ""},
		{"won", "yes", `!deal.won`, true, `deal.won is not set: "yes" is no boolean`},
		{"closedate", "2026-01-31", `deal.closedate == "2026-01-31T00:00:00Z"`, true, ""},
		{"closedate", "2026-01-31T01:00:00+01:00", `deal.closedate == "2026-01-31"`, true, ""},
		{"closedate", "1769817600000", `deal.closedate == "2026-01-31"`, true, ""},
		{"closedate", float64(1769817600000), `deal.closedate == "2026-01-31"`, true, ""},
		{"closedate", time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), `deal.closedate == "2026-01-31"`, true, ""},
		{"closedate", "31.1.2026", `deal.closedate != "2026-01-31"`, false, `deal.closedate is not set: "31.1.2026" is no date`},
		{"dealname", "", `has(deal.dealname)`, false, ``},
		{"dealname", 5.0, `deal.dealname == "5"`, true, ``},
	} {
		t.Run(fmt.Sprintf("%s %v", tc.text, tc.raw), func(t *testing.T) {
			got, err := mustCompile(t, env, tc.text, Condition).Eval(t.Context(),
				Activation{Records: map[string]Record{"deal": Values{tc.property: tc.raw}}})
			var want []string
			if tc.reason != "" {
				want = []string{tc.reason}
			}
			if err != nil || got.True != tc.want || !slices.Equal(texts(got.Reasons), want) {
				t.Errorf("%v %v %q, want %v %q", got.True, err, texts(got.Reasons), tc.want, want)
			}
		})
	}
}

func TestRecordThatIsNotThere(t *testing.T) {
	p := mustCompile(t, NewEnv(dealScope()), `contact.country != "US" || has(contact.email) || contacts.exists(c, true)`, Condition)
	got, err := p.Eval(t.Context(), Activation{})
	if err != nil || got.True || !slices.Equal(texts(got.Reasons), []string{"there is no contact"}) {
		t.Errorf("%+v %v", got, err)
	}
}

func TestOutcomeTellsTheParts(t *testing.T) {
	p := mustCompile(t, NewEnv(dealScope()), `deal.won && (deal.amount > 5 || deal.dealname == "x") && !(deal.dealstage == "closedwon")`, Condition)
	got, err := p.Eval(t.Context(), Activation{Records: map[string]Record{"deal": Values{"won": "true", "amount": "9", "dealstage": "closedwon"}}})
	if err != nil || got.True || got.Evaluated != 0b1011 || got.Held != 0b1011 {
		t.Errorf("%v evaluated %b held %b, %v", got.True, got.Evaluated, got.Held, err)
	}
	var leaves []string
	for _, l := range p.Leaves() {
		leaves = append(leaves, l.Text)
	}
	if want := []string{`deal.won`, `deal.amount > 5`, `deal.dealname == "x"`, `deal.dealstage == "closedwon"`}; !slices.Equal(leaves, want) {
		t.Errorf("leaves %q, want %q", leaves, want)
	}
}

func TestEvalValue(t *testing.T) {
	env := NewEnv(dealScope())
	a := Activation{Records: map[string]Record{
		"deal":    Values{"amount": "1500", "closedate": "2026-03-01", "won": "false"},
		"contact": Values{"firstname": "Jane", "country": "US"},
	}}
	for _, tc := range []struct {
		text, want string
		value      any
		reasons    []string
	}{
		{`contact.firstname + " of " + contact.country`, schema.TypeString, "Jane of US", nil},
		{`string(deal.amount)`, schema.TypeString, "1500", nil},
		{`deal.amount / 2`, schema.TypeNumber, 750.0, nil},
		{`size(contact.firstname)`, schema.TypeNumber, 4.0, nil},
		{`7`, schema.TypeNumber, 7.0, nil},
		{`deal.won`, schema.TypeBoolean, false, nil},
		{`deal.amount > 5`, schema.TypeBoolean, true, nil},
		{`deal.closedate + duration("24h")`, schema.TypeDate, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), nil},
		{`"2026-01-31"`, schema.TypeDatetime, time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), nil},
		{`deal.won ? "customer" : "lead"`, schema.TypeEnumeration, "lead", nil},
		{`contact.firstname + contact.email`, schema.TypeString, nil, []string{"contact.email is not set"}},
		{`contact.vip`, schema.TypeBoolean, nil, []string{"contact.vip is not set"}},
		{`contact.age > 5`, schema.TypeBoolean, false, []string{"contact.age is not set"}},
		{`has(contact.email) ? contact.email : "none"`, schema.TypeString, "none", nil},
	} {
		t.Run(tc.text, func(t *testing.T) {
			got, reasons, err := mustCompile(t, env, tc.text, tc.want).EvalValue(t.Context(), a)
			if err != nil || got != tc.value || !slices.Equal(texts(reasons), tc.reasons) {
				t.Errorf("%v (%T) %q %v, want %v %q", got, got, texts(reasons), err, tc.value, tc.reasons)
			}
		})
	}
}

func TestPolicies(t *testing.T) {
	resource := Activation{Records: map[string]Record{"resource": Values{
		"kind": "Account", "name": "acme-us", "labels": map[string]string{"region": "us"}, "description": "", "file": "a.yaml",
		"spec": map[string]any{
			"platform": "hubspot", "sensitiveData": true, "api": map[string]any{"portalId": 4711.0},
			"seats": []any{"sales", "service"}, "steps": []any{map[string]any{"wait": "2d"}, map[string]any{"if": "x"}},
		},
	}}}
	change := Activation{Records: map[string]Record{"change": Values{
		"kind": "Connection", "name": "de-us", "address": "Connection/de-us", "action": "delete", "reason": "",
		"before": map[string]any{"between": []any{"acme-de", "acme-us"}}, "after": nil, "fields": []string{"spec.between[0]"},
	}}}
	flow := Activation{Records: map[string]Record{"flow": Values{
		"from": "acme-de", "to": "acme-us", "through": "de-us", "kind": "workflow", "feature": "workflows", "data": []string{"email"}, "basis": "",
	}}}
	for _, tc := range []struct {
		on, text string
		a        Activation
		want     bool
		reasons  []string
	}{
		{"resource", `resource.kind == "Account" && resource.spec.platform == "hubspot"`, resource, true, nil},
		{"resource", `resource.labels.region == "us" && "region" in resource.labels`, resource, true, nil},
		{"resource", `resource.labels.team == "x"`, resource, false, []string{"resource.labels.team is not set"}},
		{"resource", `resource.labels["team"] == "x"`, resource, false, []string{`resource.labels["team"] is not set`}},
		{"resource", `resource.description == ""`, resource, true, nil},
		{"resource", `resource.spec.sensitiveData`, resource, true, nil},
		{"resource", `!resource.spec.gone`, resource, true, []string{"resource.spec.gone is not set"}},
		{"resource", `resource.spec.api.portalId == 4711 && resource.spec.api.portalId + 1 > 4711`, resource, true, nil},
		{"resource", `resource.spec.api.token.env == "X"`, resource, false, []string{"resource.spec.api.token is not set"}},
		{"resource", `has(resource.spec.api.token.env)`, resource, false, []string{"resource.spec.api.token is not set"}},
		{"resource", `!has(resource.spec.hosting)`, resource, true, nil},
		{"resource", `resource.spec.seats.exists(s, s == "sales") && "service" in resource.spec.seats`, resource, true, nil},
		{"resource", `resource.spec.steps.exists(s, has(s.wait) && s.wait == "2d")`, resource, true, nil},
		{"resource", `resource.spec.none.exists(s, s == "sales")`, resource, false, []string{"resource.spec.none is not set"}},
		{"resource", `resource.spec.platform > 5`, resource, false, []string{`resource.spec.platform > 5: no such overload`}},
		{"resource", `size(resource.spec.seats) == 2 && resource.spec.seats[0] == "sales"`, resource, true, nil},
		{"change", `change.kind == "Connection" && change.action == "delete"`, change, true, nil},
		{"change", `"acme-de" in change.before.between && !has(change.after)`, change, true, nil},
		{"change", `change.after.between == ["a"]`, change, false, []string{"change.after is not set"}},
		{"change", `change.fields != [] && size([]) == 0`, change, true, nil},
		{"change", `change.fields.exists(f, f.startsWith("spec.between"))`, change, true, nil},
		{"flow", `flow.to == "acme-us" && "email" in flow.data && flow.feature == "workflows" && flow.basis == ""`, flow, true, nil},
	} {
		t.Run(tc.text, func(t *testing.T) {
			p, problems := PolicyEnv(tc.on).Compile(tc.text, Condition)
			if p == nil || len(problems) > 0 {
				t.Fatalf("%+v", problems)
			}
			got, err := p.Eval(t.Context(), tc.a)
			if err != nil || got.True != tc.want || !slices.Equal(texts(got.Reasons), tc.reasons) {
				t.Errorf("%v %v %q, want %v %q", got.True, err, texts(got.Reasons), tc.want, tc.reasons)
			}
		})
	}
	for _, tc := range []struct{ on, text, rule, message string }{
		{"resource", `resource.knid == "Account"`, RuleInvalid, `resource has no property "knid"`},
		{"resource", `change.kind == "Account"`, RuleInvalid, `there is no "change" here`},
		{"resource", `resource.kind == "Conection"`, RuleNeverHolds, `resource.kind has no option "Conection"`},
		{"change", `change.action == "remove"`, RuleNeverHolds, `change.action has no option "remove"`},
		{"flow", `flow.data == "email"`, RuleInvalid, `flow.data is a list of texts, "email" is a text`},
		{"flow", `5 in flow.data`, RuleInvalid, `5 is a number, and flow.data holds texts`},
	} {
		_, problems := PolicyEnv(tc.on).Compile(tc.text, Condition)
		if len(problems) != 1 || problems[0].Rule != tc.rule || problems[0].Message != tc.message {
			t.Errorf("%s: %+v, want %s: %s", tc.text, problems, tc.rule, tc.message)
		}
	}
	if PolicyEnv("record") != nil {
		t.Error("there is an environment for a policy on record")
	}
}

// endless is a record that cancels the context it is read in.
type endless struct{ cancel context.CancelFunc }

func (e endless) Value(string) (any, bool) { e.cancel(); return "DE", true }

func TestCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := mustCompile(t, NewEnv(dealScope()), `!contacts.exists(c, c.country == "US")`, Condition)
	_, err := p.Eval(ctx, Activation{Contacts: slices.Repeat([]Record{endless{cancel}}, 1000)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want canceled", err)
	}
}

type failing struct{}

func (failing) Value(string) (any, bool) { panic("disk on fire") }

func TestPanicOfARecordIsAnError(t *testing.T) {
	p := mustCompile(t, NewEnv(dealScope()), `deal.won`, Condition)
	if _, err := p.Eval(t.Context(), Activation{Records: map[string]Record{"deal": failing{}}}); err == nil {
		t.Error("no error")
	}
}

func TestEvalOfAValueIsAnError(t *testing.T) {
	if _, err := mustCompile(t, NewEnv(dealScope()), `deal.won`, schema.TypeBoolean).Eval(t.Context(), Activation{}); err == nil {
		t.Error("no error")
	}
}
