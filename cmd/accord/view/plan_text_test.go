package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"accord/diag"
	"accord/plan"
	"accord/schema"
	"accord/state"
)

func TestPlanText(t *testing.T) {
	empty := &plan.Plan{Digest: "accord1:e3b0", Complete: true, Refreshed: true}
	drifted := *empty
	drifted.Drift = samplePlan().Drift[:1]
	errored := *empty
	errored.Errored, errored.Diagnostics = true, sampleFindings()[:1]
	partial := *samplePlan()
	partial.Changes, partial.Drift, partial.Consequences, partial.Diagnostics = partial.Changes[:1], nil, nil, nil
	partial.Complete, partial.Refreshed, partial.Targets, partial.NoDelete = false, false, []string{"Account/*"}, true
	partial.Summary = plan.Summary{Add: 1, Forget: 1}
	refused := partial
	refused.Complete, refused.Targets, refused.NoDelete, refused.Refreshed = true, nil, false, true
	refused.Errored, refused.Diagnostics = true, sampleFindings()[:1]
	for name, p := range map[string]*plan.Plan{
		"plan": samplePlan(), "plan_empty": empty, "plan_drifted": &drifted, "plan_errored": &errored,
		"plan_partial": &partial, "plan_refused": &refused,
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, func(w io.Writer) error { return PlanText(w, p, PlanOptions{Line: sampleLine}) })
		})
	}
	t.Run("color", func(t *testing.T) {
		golden(t, "plan_color", func(w io.Writer) error {
			return PlanText(w, samplePlan(), PlanOptions{Style: Style{Color: true, Width: 100}, Line: sampleLine})
		})
	})
	t.Run("concise", func(t *testing.T) {
		golden(t, "plan_concise", func(w io.Writer) error {
			return PlanText(w, samplePlan(), PlanOptions{Concise: true, Line: sampleLine})
		})
	})
	if err := PlanText(failing{}, samplePlan(), PlanOptions{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want the error of the stream", err)
	}
}

// Color only repeats what symbols and words say.
func TestColorIsNeverAlone(t *testing.T) {
	plain := written(t, func(w io.Writer) error { return PlanText(w, samplePlan(), PlanOptions{Line: sampleLine}) })
	colored := written(t, func(w io.Writer) error {
		return PlanText(w, samplePlan(), PlanOptions{Style: Style{Color: true}, Line: sampleLine})
	})
	if got := stripColor(colored); got != plain {
		t.Errorf("without its colors it is\n%s\nwant\n%s", got, plain)
	}
}

func stripColor(s string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "\x1b[")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		_, s, _ = strings.Cut(rest, "m")
	}
}

// Scripts look for these lines.
func TestVerdicts(t *testing.T) {
	drift := []plan.Drift{{Ref: ref("Account/a"), What: plan.DriftFacts}}
	for _, tc := range []struct {
		name      string
		plan      plan.Plan
		want, not string
	}{
		{"nothing in a part", plan.Plan{Refreshed: true}, "No changes in this part of the configuration.\n", "Plan:"},
		{"nothing", plan.Plan{Complete: true, Refreshed: true}, "No changes. Your accounts match the configuration.\n", "Plan:"},
		{"counts", plan.Plan{Changes: make([]plan.Change, 1), Summary: plan.Summary{Add: 3, Change: 1}}, "Plan: 3 to add, 1 to change, 0 to destroy.\n", "No changes"},
		{"import", plan.Plan{Changes: make([]plan.Change, 1), Summary: plan.Summary{Add: 3, Import: 1}}, "Plan: 1 to import, 3 to add, 0 to change, 0 to destroy.\n", ""},
		{"forget", plan.Plan{Changes: make([]plan.Change, 1), Summary: plan.Summary{Forget: 2}}, "Plan: 0 to add, 0 to change, 0 to destroy, 2 to forget.\n", ""},
		{"drift alone", plan.Plan{Complete: true, Refreshed: true, Drift: drift}, "Plan: 0 to add, 0 to change, 0 to destroy.\n", "No changes"},
		{"consequence alone", plan.Plan{Complete: true, Consequences: make([]plan.Consequence, 1)}, "Plan: 0 to add", "No changes"},
		{"errored", plan.Plan{Errored: true, Diagnostics: sampleFindings()}, "Nothing was planned: 2 errors, 1 warning.\n", "Digest"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := written(t, func(w io.Writer) error { return PlanText(w, &tc.plan, PlanOptions{}) })
			if !strings.Contains(got, tc.want) || tc.not != "" && strings.Contains(got, tc.not) {
				t.Errorf("got\n%s\nwant %q and not %q", got, tc.want, tc.not)
			}
		})
	}
}

func TestByRisk(t *testing.T) {
	field := func(kind schema.Kind, path string) plan.Change {
		return plan.Change{
			Action: plan.Update, Ref: schema.Ref{Kind: kind, Name: path},
			Fields: []plan.Field{{Path: schema.Path(path), Op: plan.ReplaceField}},
		}
	}
	want := []plan.Change{
		{Action: plan.Delete, Ref: ref("Property/deleted")},
		{Action: plan.Replace, Ref: ref("Property/replaced")},
		{Action: plan.Update, Ref: ref("List/moved"), Effects: []plan.Effect{{Action: plan.DeleteAsset}}},
		field(schema.KindOrganization, "spec.accounts.acme-us"),
		field(schema.KindConnection, "spec.features.workflows.direction"),
		{Action: plan.Create, Ref: ref("Workflow/new")},
		field(schema.KindWorkflow, "spec.trigger.where"),
		field(schema.KindWorkflow, "spec.steps[0].wait"),
		field(schema.KindList, "spec.membership.where"),
		{Action: plan.Create, Ref: ref("Property/new")},
		field(schema.KindWorkflow, "spec.breaker.perRecord"),
		field(schema.KindEmail, "spec.body.text"),
		field(schema.KindWorkflow, "metadata.labels.team"),
	}
	// Whatever order they run in, those of the same risk keep theirs.
	in := slices.Clone(want)
	slices.SortStableFunc(in, func(a, b plan.Change) int { return int(riskOf(&b)) - int(riskOf(&a)) })
	if in[0].Ref == want[0].Ref {
		t.Fatal("the order was not changed")
	}
	for i, c := range byRisk(in) {
		if c.Ref != want[i].Ref {
			t.Errorf("%d is %v, want %v", i, c.Ref, want[i].Ref)
		}
	}
}

func TestFieldLines(t *testing.T) {
	long := strings.Repeat("x", 50)
	for _, tc := range []struct {
		name          string
		before, after any
		want          string
	}{
		{"words", "two-way", "one-way", `~ p = "two-way" -> "one-way"`},
		{"numbers", 1.0, 2.5, `~ p = 1 -> 2.5`},
		{"large numbers", 50000000.0, 1e21, `~ p = 50000000 -> 1000000000000000000000`},
		{"booleans", true, false, `~ p = true -> false`},
		{"to null", "x", nil, `- p = "x"`},
		{"added", nil, "x", `+ p = "x"`},
		{"added object", nil, map[string]any{"b": "x", "a": 1.0}, `+ p = {a: 1, b: x}`},
		{"removed list", []any{"a", "b"}, nil, `- p = [a, b]`},
		{"nested", nil, map[string]any{"b": map[string]any{"c": "d"}}, "+ p:\n+     b: {c: d}"},
		{"type changed", "x", map[string]any{"where": "y"}, `~ p = "x" -> {where: y}`},
		{"order", []any{"b", "a"}, []any{"a", "b"}, `~ p = [b, a] -> [a, b]`},
		{"long texts", long + "1", long + "2", "~ p:\n-     " + long + "1\n+     " + long + "2"},
		{"lines", "a\nb\nc\n", "a\nB\nc\n", "~ p:\n      a\n-     b\n+     B\n      c"},
		{"only the last end", "a\nb", "a\nb\n", `~ p = "a\nb" -> "a\nb\n"`},
		{"carriage returns", "a\r\nb", "a\nb", `~ p = "a\r\nb" -> "a\nb"`},
		{"escapes", "\x1b[31m", "\u202e", `~ p = "\x1b[31m" -> "\u202e"`},
		{"escapes in lines", "a\n\x1b", "a\n\u202e", "~ p:\n      a\n-     \\x1b\n+     \\u202e"},
		{"an added text of lines", nil, "a\n\x1bb\n", "+ p:\n+     a\n+     \\x1bb"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := plan.Field{Path: "p", Op: plan.ReplaceField, Before: tc.before, After: tc.after}
			switch {
			case tc.before == nil:
				f.Op = plan.AddField
			case tc.after == nil:
				f.Op = plan.RemoveField
			}
			var got []string
			for _, l := range fieldLines(f, false, "") {
				got = append(got, string(l.symbol)+" "+l.text)
			}
			if s := strings.Join(got, "\n"); s != tc.want {
				t.Errorf("got\n%s\nwant\n%s", s, tc.want)
			}
		})
	}
}

// What is shown of an update and what is hidden are all there is.
func TestHiddenFields(t *testing.T) {
	before := `{"apiVersion":"accord/v1","kind":"List","metadata":{"name":"l","labels":{"a":"1","b":"2"}},"spec":{"accounts":["x","y"],"label":"L","membership":"manual"}}`
	for _, tc := range []struct {
		name, after string
		want        int
	}{
		{"one of six", strings.Replace(before, `"L"`, `"M"`, 1), 5},
		{"one added", strings.Replace(before, `"y"`, `"y","z"`, 1), 6},
		{"one removed", strings.Replace(before, `,"y"`, ``, 1), 5},
		{"a scalar becomes an object", strings.Replace(before, `"manual"`, `{"where":"true"}`, 1), 5},
		{"nothing", before, 6},
	} {
		c := updated("List/l", before, tc.after, plan.Range{})
		if _, got := bodyOf(&c); got != tc.want {
			t.Errorf("%s: %d are hidden, want %d", tc.name, got, tc.want)
		}
	}
}

// A default that is written out for the reader is not in the document, and hides
// nothing of it.
func TestHiddenFieldsBesideDefaults(t *testing.T) {
	with := `{"kind":"Workflow","metadata":{"name":"w"},"spec":{"account":"a","enabled":false,"steps":[{"id":"x","upsertContact":{"in":"b","existing":"overwrite"}}]}}`
	without := `{"kind":"Workflow","metadata":{"name":"w"},"spec":{"account":"a","steps":[{"id":"x","upsertContact":{"in":"b"}}]}}`
	for _, tc := range []struct {
		name, after string
		field       plan.Field
		want        int
	}{
		{"false is written", with, plan.Field{Path: "spec.enabled", Op: plan.ReplaceField, Before: true, After: false}, 4},
		{"true is left out", without, plan.Field{Path: "spec.enabled", Op: plan.ReplaceField, Before: false, After: true}, 3},
		{"in a step, written", with, plan.Field{Path: "spec.steps.x.upsertContact.existing", Op: plan.ReplaceField, Before: "keep", After: "overwrite"}, 4},
		{"in a step, left out", without, plan.Field{Path: "spec.steps.x.upsertContact.existing", Op: plan.ReplaceField, Before: "overwrite", After: "keep"}, 3},
	} {
		c := plan.Change{Action: plan.Update, Ref: ref("Workflow/w"), After: json.RawMessage(tc.after), Fields: []plan.Field{tc.field}}
		if _, got := bodyOf(&c); got != tc.want {
			t.Errorf("%s: %d are hidden, want %d", tc.name, got, tc.want)
		}
	}
}

// A saved plan may have documents of any sort.
func TestPlanTextOfOddDocuments(t *testing.T) {
	for _, doc := range []string{"", "null", "[]", "1", `"x"`, "{", `{"metadata":1}`, `{"metadata":null,"spec":[]}`, `{"a":{"b":[{"c":"x\ny"}]}}`} {
		p := &plan.Plan{}
		for _, a := range []plan.Action{plan.Create, plan.Update, plan.Delete, plan.Replace, plan.Forget, plan.NoOp, "odd"} {
			p.Changes = append(p.Changes, plan.Change{Action: a, Ref: ref("List/x"), Before: json.RawMessage(doc), After: json.RawMessage(doc)})
		}
		written(t, func(w io.Writer) error { return PlanText(w, p, PlanOptions{}) })
		planMarkdown(p, maxMarkdown)
	}
}

// manyChanges is a plan of n updates and creations.
func manyChanges(n int) *plan.Plan {
	p := &plan.Plan{Digest: "accord1:0", Complete: true, Refreshed: true, Summary: plan.Summary{Add: n / 2, Change: n - n/2}}
	for i := range n {
		before := fmt.Sprintf(`{"apiVersion":"accord/v1","kind":"Workflow","metadata":{"name":"w%d"},"spec":{"account":"acme-de","trigger":{"on":"deal.created","where":"deal.amount > 1000"},"steps":[{"wait":"2d"},{"setProperties":{"a":"b"}}]}}`, i)
		after := strings.Replace(before, "1000", "2000", 1)
		c := updated(fmt.Sprintf("Workflow/w%d", i), before, after, at("workflows.yaml", i))
		if i%2 == 0 {
			c.Action, c.Fields, c.Before = plan.Create, nil, nil
		}
		p.Changes = append(p.Changes, c)
	}
	return p
}

func BenchmarkPlanText(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		p := manyChanges(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := PlanText(io.Discard, p, PlanOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPlanMarkdown(b *testing.B) {
	p := manyChanges(10000)
	for b.Loop() {
		if err := PlanMarkdown(io.Discard, p); err != nil {
			b.Fatal(err)
		}
	}
}

func TestPlanDifference(t *testing.T) {
	now := samplePlan()
	now.Changes = slices.Delete(now.Changes, 4, 5)
	now.Summary.Change--
	golden(t, "plan_difference", func(w io.Writer) error { return PlanDifference(w, samplePlan(), now, Style{}) })
}

func TestPlanGitHub(t *testing.T) {
	p := samplePlan()
	p.Diagnostics = append(sampleFindings()[:1], p.Diagnostics...)
	golden(t, "plan_github", func(w io.Writer) error { return PlanGitHub(w, p) })
}

func TestPlanGitLab(t *testing.T) {
	got := written(t, func(w io.Writer) error { return PlanGitLab(w, samplePlan()) })
	if want := `{"create":3,"update":4,"delete":3}` + "\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The JSON of a plan is the plan: what is shown is what can be applied.
func TestPlanJSONIsASavedPlan(t *testing.T) {
	list, err := schema.Parse([]byte(`{"kind":"Account","metadata":{"name":"a"},"spec":{"platform":"hubspot","hosting":"<eu1>"}}`))
	if err != nil {
		t.Fatal(err)
	}
	config, _ := schema.NewConfig([]*schema.Resource{list})
	made, err := plan.Make(plan.Input{Declared: schema.Resolve(config), Applied: &state.Snapshot{}, Workspace: "default"})
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, func(w io.Writer) error { return PlanJSON(w, made) })
	read, err := plan.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if again := written(t, func(w io.Writer) error { return PlanJSON(w, read) }); again != text {
		t.Errorf("read and written again it is\n%s\nand was\n%s", again, text)
	}
	if read.Digest != made.Digest || len(read.Changes) != 1 {
		t.Errorf("got %d changes with the digest %s, want 1 with %s", len(read.Changes), read.Digest, made.Digest)
	}
	if !strings.Contains(text, `"<eu1>"`) {
		t.Error("text is escaped for HTML")
	}
}

// Programs that were written for terraform's plan find what they look for.
func TestPlanJSONHasTheNamesOfTheContract(t *testing.T) {
	golden(t, "plan_json", func(w io.Writer) error { return PlanJSON(w, samplePlan()) })
	var doc struct {
		ResourceChanges []struct {
			Address, Type, Name string
			Change              struct{ Actions []string }
			SourceRange         *struct{ Filename string } `json:"source_range"`
		} `json:"resource_changes"`
		Diagnostics []diag.Diagnostic
		Summary     map[string]int
	}
	text := written(t, func(w io.Writer) error { return PlanJSON(w, samplePlan()) })
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	c := doc.ResourceChanges[2]
	if c.Address != "Property/number" || c.Type != "Property" || c.Name != "number" || !slices.Equal(c.Change.Actions, []string{"delete", "create"}) || c.SourceRange.Filename == "" {
		t.Errorf("got %+v", c)
	}
	if doc.Summary["remove"] != 3 || doc.Diagnostics[0].Severity != diag.Warning {
		t.Errorf("got %+v and %+v", doc.Summary, doc.Diagnostics)
	}
}
