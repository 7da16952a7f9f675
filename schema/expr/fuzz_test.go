package expr

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"accord/schema"
)

// FuzzCompile holds that no text makes the package panic or hang, that every
// problem lies inside the text, that what the check lets through is accepted by
// CEL's own checker, and that what compiles also runs and explains itself.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{
		`deal.dealstage == "closedwon" && deal.amount > 1000`, `contacts.exists(c, c.country == "US" || !has(c.email))`,
		`(deal.amount + 1) * -2.5e3 / 3 % 2 == size("a") ? [1, 2.0][0] : {"a": 1}["a"]`, `"""a"b""" + r'\d' + b"x" + 'é'`,
		`contact.email.matches("^(a|b)*$") // comment` + "\n", "deal.`amount` > 0x1F && 5u in [1u]", `resource.spec.a.b[0].exists(k, k in resource.labels)`,
		`timestamp("2026-01-31T00:00:00Z") - duration("1h") < event.at`, `date(contact.email).getMonth() >= 1 ? true : null`, `((((`, `"`,
		`contacts.exists(a, contacts.exists(b, a.age == b.age))`, `has(deal.amount) == !true && string(1.0) != upperAscii("")`,
	} {
		f.Add(text)
	}
	envs := []*Env{NewEnv(dealScope()), PolicyEnv(schema.OnResource), PolicyEnv(schema.OnChange)}
	wants := []string{Condition, schema.TypeString, schema.TypeNumber, schema.TypeDate, schema.TypeBoolean}
	contact := Values{"email": "a@b.c", "age": "5", "country": "US", "vip": "x"}
	a := Activation{
		Records: map[string]Record{
			"contact": contact, "deal": Values{"amount": "7", "won": "true", "closedate": "2026-01-31"}, "event": Values{"at": 0},
			"resource": Values{"kind": "Account", "spec": map[string]any{"a": map[string]any{"b": []any{1.0, "x", nil}}}, "labels": map[string]string{"a": "b"}},
		},
		Contacts: []Record{contact, Values{}},
	}
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		for _, env := range envs {
			for _, want := range wants {
				// Not through the cache, which would keep every input.
				c := compile(env.words, text, want)
				problems := slices.Concat(c.problems, env.neverHolds(c.choices))
				for _, p := range problems {
					if p.Start < 0 || p.End < p.Start || p.End > utf8.RuneCountInString(text) {
						t.Errorf("%q: problem outside the text: %+v", text, p)
					}
					if strings.HasPrefix(p.Message, "the types do not fit") {
						t.Errorf("%q as %s: the checker of CEL disagrees: %+v", text, want, p)
					}
					if p.Message == "" || p.Rule == "" {
						t.Errorf("%q: empty problem %+v", text, p)
					}
				}
				if (c.program == nil) != (len(c.problems) > 0) {
					t.Errorf("%q: program %v with problems %+v", text, c.program, c.problems)
				}
				if c.program == nil {
					continue
				}
				value, reasons, err := c.program.EvalValue(t.Context(), a)
				if err != nil {
					t.Errorf("%q: %v", text, err)
				}
				if value == nil && len(reasons) == 0 {
					t.Errorf("%q as %s: no value and no reason", text, want)
				}
				explained, err := c.program.Explain(t.Context(), a)
				if err != nil || want == Condition && explained.True != value {
					t.Errorf("%q: explained as %v (%v), evaluated to %v", text, explained.True, err, value)
				}
				if want == Condition && value == true && !c.program.Admits() {
					t.Errorf("%q: true, and not admitted", text)
				}
			}
		}
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("%q took %v", text, d)
		}
	})
}
