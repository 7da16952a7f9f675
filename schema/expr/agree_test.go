package expr

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"accord/schema"
)

// genAnything generates an expression without a care for types.
func genAnything(t *rapid.T, depth int) string {
	atoms := []string{
		"deal.amount", "deal.won", "deal.dealname", "deal.closedate", "contact.email", "contacts", "contact", "event.at", "x", "x.email",
		"resource.spec", "resource.spec.a", "resource.labels", "change.fields", "resource.kind", "resource.labels.x",
		"1", "2.5", "3u", `"a"`, `"2026-01-31"`, "true", "null", `b"a"`, "[]", `duration("1h")`, `timestamp("2026-01-31T00:00:00Z")`,
		`date("2026-01-31")`, "[1, 2.0]", `["a", 1]`, "has(deal.amount)",
	}
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
		return rapid.SampledFrom(atoms).Draw(t, "atom")
	}
	sub := func() string { return genAnything(t, depth-1) }
	form := rapid.SampledFrom([]string{
		"(A op B)", "(A op B)", "(A op B)", "!(A)", "-(A)", "(A ? B : C)", "A[B]", "[A, B]", "A.f()", "A.f(B)", "f(A)", "f(A, B)",
		"A.exists(x, B)", "(A in [B, C])", "A.email", "has(A.x)",
	}).Draw(t, "form")
	op := rapid.SampledFrom([]string{"==", "!=", "<", ">=", "+", "-", "*", "/", "%", "in", "&&", "||"}).Draw(t, "operator")
	f := rapid.SampledFrom(Functions).Draw(t, "function")
	return strings.NewReplacer("A", sub(), "B", sub(), "C", sub(), "op", op, "f(", f+"(").Replace(form)
}

// CEL's checker is asked last and in the words of its own library, so it must
// have nothing to add: what the check lets through, it accepts.
func TestCheckAgreesWithCEL(t *testing.T) {
	s := dealScope()
	for _, on := range []string{schema.OnResource, schema.OnChange} {
		s.Objects[on] = PolicyEnv(on).scope.Objects[on]
	}
	env := NewEnv(s)
	rapid.Check(t, func(t *rapid.T) {
		text := genAnything(t, 3)
		for _, want := range []string{Condition, schema.TypeString, schema.TypeNumber, schema.TypeDate} {
			c := compile(env.words, text, want)
			for _, p := range c.problems {
				if strings.HasPrefix(p.Message, "the types do not fit") {
					t.Fatalf("%s as %s: %+v", text, want, p)
				}
				if p.Start < 0 || p.End < p.Start || p.End > len(text) {
					t.Fatalf("%s: outside the text: %+v", text, p)
				}
			}
			if c.program == nil {
				continue
			}
			if _, _, err := c.program.EvalValue(t.Context(), Activation{}); err != nil {
				t.Fatalf("%s as %s: %v", text, want, err)
			}
		}
	})
}
