package load

import (
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"accord/diag"
	"accord/schema"
)

// at makes a position of line, column and end, which may be 0.
func at(line, column, end int) diag.Position {
	return diag.Position{File: "a.yaml", Line: line, Column: column, EndColumn: end}
}

const placed = `# a comment
apiVersion: accord/v1
kind: Workflow
metadata: {name: über, labels: {"a.b": ü}}
spec: {}
---
# the defaults
apiVersion: accord/v1
kind: Workflow
metadata: &meta
  name: w
  labels: {"a.b": "ünï", plain: x}
spec:
  account: &acc acme-de
  trigger:
    on: deal.matches
    where: >-
      deal.amount > 1000.0 &&

      deal.dealname == "x"
  suppress: |2
      contact.email == ""
      || true
  steps:
    - &wait
      wait: !!str 48h
    - upsertContact: {in: *acc, target: enrolled,
        properties: [email, 'first''s']}
    - <<: *wait
      id: "two\twords"
    - setProperties:
        city: "a\u00e9 \
          b"
`

func load(t testing.TB, text string) *Result {
	t.Helper()
	r, err := Dir(t.Context(), fstest.MapFS{"a.yaml": {Data: []byte(text)}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPosition(t *testing.T) {
	r := load(t, placed)
	w := r.Config.Get(schema.Ref{Kind: schema.KindWorkflow, Name: "w"})
	if w == nil {
		t.Fatal(r.Diagnostics)
	}
	if w.Origin != (schema.Origin{File: "a.yaml", Document: 1, Line: 8, EndLine: 34}) {
		t.Errorf("origin %+v", w.Origin)
	}
	for _, tc := range []struct {
		path schema.Path
		want diag.Position
	}{
		{"kind", at(9, 7, 15)},
		{"metadata.name", at(11, 9, 10)},
		{schema.Path("metadata.labels").Key("a.b"), at(12, 19, 24)},
		{schema.Path("metadata.labels").Key("a.b").AtKey(), at(12, 12, 17)},
		{"metadata.labels", at(12, 11, 35)},
		{"metadata", at(10, 1, 9)},                              // a block: its key
		{"metadata.renamedFrom", at(10, 1, 9)},                  // missing: the key of what it is missing in
		{"metadata.labels.other", at(12, 3, 9)},                 //
		{"lifecycle.preventDestroy", at(8, 1, 11)},              // missing at the root: the document's first key
		{"spec.account", at(14, 17, 24)},                        // behind its anchor
		{"spec.trigger.where", at(17, 12, 14)},                  // the header of a block
		{"spec.steps[0].wait", at(26, 19, 22)},                  // behind its tag
		{"spec.steps[1].upsertContact.in", at(14, 17, 24)},      // an alias: where the value is written
		{"spec.steps[1].upsertContact", at(27, 22, 50)},         // several lines: the first
		{"spec.steps[1].upsertContact.existing", at(27, 7, 20)}, //
		{schema.Path("spec.steps[1].upsertContact.properties").Index(1), at(28, 29, 39)},
		{"spec.steps[1].upsertContact.properties[7]", at(28, 9, 19)},
		{"spec.steps[2].wait", at(26, 19, 22)}, // merged: where the value is written
		{"spec.steps[2].id", at(30, 11, 23)},
		{"spec.steps[9]", at(24, 3, 8)},
		{"spec.steps[0]", at(26, 7, 11)},
		{"", at(8, 1, 11)},
	} {
		if got := r.Position(w, tc.path); got != tc.want {
			t.Errorf("Position(%s) = %s to %d, want %s to %d", tc.path, got, got.EndColumn, tc.want, tc.want.EndColumn)
		}
	}
	if got := r.Position(&schema.Resource{}, "spec"); got != (diag.Position{}) {
		t.Errorf("a resource of no file is at %v", got)
	}
}

func TestPositionIn(t *testing.T) {
	r := load(t, placed)
	w := r.Config.Get(schema.Ref{Kind: schema.KindWorkflow, Name: "w"})
	s := w.Spec.(*schema.Workflow)
	for _, tc := range []struct {
		path       schema.Path
		text, find string
		want       diag.Position
	}{
		{"spec.trigger.where", s.Trigger.Where, "amount", at(18, 12, 0)},
		{"spec.trigger.where", s.Trigger.Where, "dealname", at(20, 12, 0)},
		{"spec.suppress", s.Suppress, "  contact", at(22, 5, 0)},
		{"spec.suppress", s.Suppress, "true", at(23, 10, 0)},
		{schema.Path("metadata.labels").Key("a.b"), w.Labels["a.b"], "ï", at(12, 22, 0)},
		{"spec.steps[1].upsertContact.properties[1]", s.Steps[1].UpsertContact.Properties.Names[1], "s", at(28, 33, 0)},
		{"spec.steps[2].id", s.Steps[2].ID, "words", at(30, 17, 0)},
		{"spec.steps[3].setProperties.city", s.Steps[3].SetProperties["city"].Literal.(string), "b", at(33, 11, 0)},
	} {
		i := strings.Index(tc.text, tc.find)
		if i < 0 {
			t.Fatalf("%q is not in %q", tc.find, tc.text)
		}
		got := r.PositionIn(w, tc.path, len([]rune(tc.text[:i])))
		if got != tc.want {
			t.Errorf("PositionIn(%s, %q) = %v, want %v", tc.path, tc.find, got, tc.want)
		}
	}
}

// Whatever way a text is written in, every rune of it is found where it stands.
func TestEveryRuneIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringOf(rapid.SampledFrom([]rune("ab é'\"\\\n\n #:-|>{}[],&*!%@`ü\t"))).Draw(t, "value")
		style := rapid.SampledFrom([]yaml.Style{0, yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle, yaml.LiteralStyle, yaml.FoldedStyle}).Draw(t, "style")
		depth := rapid.IntRange(0, 3).Draw(t, "depth")
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Style: style}
		for range depth {
			n = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "k"}, n}}
		}
		text, err := yaml.Marshal(n)
		if err != nil {
			t.Skip("yaml.v3 cannot write it")
		}
		doc, err := newDecoder(text).next()
		if err != nil {
			t.Skip("yaml.v3 cannot read what it wrote")
		}
		tr := &tree{source: newSource("a.yaml", text), root: doc.Content[0]}
		leaf := tr.root
		for leaf.Kind == yaml.MappingNode {
			leaf = leaf.Content[1]
		}
		s, ok := tr.scan(leaf)
		if !ok {
			t.Fatalf("%q is not followed in\n%s", leaf.Value, text)
		}
		for i, r := range s.runes {
			if r == 'a' || r == 'b' || r == 'é' || r == 'ü' || r == '#' {
				got := tr.text[s.at[i]:]
				if got[0] != '\\' && !strings.HasPrefix(string(got), string(r)) {
					t.Fatalf("rune %d, %q, is said to be at %q", i, r, got)
				}
			}
		}
	})
}

func TestLineHidesSecrets(t *testing.T) {
	r := load(t, `apiVersion: accord/v1
kind: Account
metadata: {name: a, description: pat-eu1-01234567-89ab-cdef-0123-456789abcdef} # xkeysib-0123456789abcdef
spec:
  platform: brevo
  api:
    token: |
      hunter2
    url: https://api.example
---
apiVersion: accord/v1
kind: Account
metadata: {name: b}
spec: {platform: brevo, api: {token: {env: not-a-name}}}
---
apiVersion: accord/v1
kind: Account
metadata: {name: c}
spec: {platform: brevo, plan: "Bearer abcdefghijklmnopqrstuvwxyz"}
`)
	var all strings.Builder
	rules := map[string]int{}
	for _, d := range r.Diagnostics {
		rules[d.Rule]++
		all.WriteString(d.Error() + d.Help + "\n")
	}
	for i := range 30 {
		all.WriteString(r.Line("a.yaml", i) + "\n")
	}
	for _, secret := range []string{"0123456789abcdef", "hunter2", "not-a-name", "abcdefghijklm"} {
		if strings.Contains(all.String(), secret) {
			t.Errorf("%s is shown in\n%s", secret, all.String())
		}
	}
	if rules["secret-inline"] != 4 || rules["schema"] != 1 {
		t.Errorf("%v, want 4 of secret-inline and 1 of schema:\n%v", rules, r.Diagnostics)
	}
	if got, want := r.Line("a.yaml", 9), "    url: https://api.example"; got != want {
		t.Errorf("line 9 is %q, want %q", got, want)
	}
	if r.Line("b.yaml", 1) != "" || r.Line("a.yaml", 0) != "" || r.Line("a.yaml", 99) != "" {
		t.Error("a line that there is not is shown")
	}
}

// What is hidden is as wide as it was: columns behind it stay right.
func TestLineKeepsColumns(t *testing.T) {
	const one, two = "pat-eu1-01234567-89ab", "xkeysib-0123456789abcdef"
	for _, tc := range []struct{ name, text, want string }{
		{
			"two on a line",
			"kind: User\nmetadata: {name: a, labels: {a: " + one + ", ü: " + two + "}, nmae: b} # " + one,
			"metadata: {name: a, labels: {a: " + stars(one) + ", ü: " + stars(two) + "}, nmae: b} # " + stars(one),
		},
		{
			"of letters beyond ASCII",
			"kind: Account\nmetadata: {name: a}\nspec: {platform: brevo, api: {token: \"gehé🔑im\"}, url: x}",
			"spec: {platform: brevo, api: {token: " + stars(`"gehé🔑im"`) + "}, url: x}",
		},
		{
			"in a file that is not read",
			"a: \x07\nb: {c: " + one + ", d: " + two + "}",
			"b: {c: " + stars(one) + ", d: " + stars(two) + "}",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := "apiVersion: accord/v1\n" + tc.text
			r := load(t, text)
			if got := r.Line("a.yaml", strings.Count(text, "\n")+1); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
			for _, d := range r.Diagnostics {
				if !strings.HasPrefix(d.Message, "unknown field") {
					continue
				}
				line := []rune(r.Line("a.yaml", d.Line))
				if d.EndColumn > len(line)+1 || !strings.Contains(d.Message, `"`+string(line[d.Column-1:d.EndColumn-1])+`"`) {
					t.Errorf("%v does not point at it in %q", d, string(line))
				}
			}
		})
	}
}

func stars(s string) string { return strings.Repeat("*", len([]rune(s))) }
