package view

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"accord/diag"
	"accord/plan"
	"accord/schema"
)

func TestPlanMarkdown(t *testing.T) {
	golden(t, "plan_markdown", func(w io.Writer) error { return PlanMarkdown(w, samplePlan()) })
	golden(t, "plan_markdown_empty", func(w io.Writer) error {
		return PlanMarkdown(w, &plan.Plan{Digest: "accord1:e3b0", Project: "acme", Workspace: "staging", Complete: true, Refreshed: true})
	})
	golden(t, "plan_markdown_errored", func(w io.Writer) error {
		return PlanMarkdown(w, &plan.Plan{Errored: true, Project: "acme", Diagnostics: sampleFindings()})
	})
}

// What does not fit is left out from the back, and said.
func TestMarkdownDegrades(t *testing.T) {
	plans := map[int]*plan.Plan{}
	for _, n := range []int{10, 400, 10000} {
		p := manyChanges(n)
		for i := range 5 {
			p.Changes = append(p.Changes, plan.Change{Action: plan.Delete, Ref: ref(fmt.Sprintf("List/gone-%d", i)), Reason: plan.NotDeclared})
		}
		plans[n] = p
	}
	for _, tc := range []struct {
		n         int
		has, lack []string
	}{
		{10, []string{"```diff", "`Workflow/w9`"}, []string{"left out"}},
		{400, []string{"`Workflow/w399`", "do not fit into a comment and are left out"}, []string{"```diff"}},
		{10000, []string{"| Workflow | 0 | 0 | 5000 | 5000 | 0 |", "does not fit into a comment and is left out"}, []string{"```diff", "Workflow/w9999"}},
	} {
		got := planMarkdown(plans[tc.n], maxMarkdown)
		if len(got) > maxMarkdown {
			t.Errorf("%d changes: %d bytes", tc.n, len(got))
		}
		for i := range 5 {
			tc.has = append(tc.has, fmt.Sprintf("`List/gone-%d` will be destroyed", i))
		}
		for _, s := range tc.has {
			if !strings.Contains(got, s) {
				t.Errorf("%d changes: there is no %q", tc.n, s)
			}
		}
		for _, s := range tc.lack {
			if strings.Contains(got, s) {
				t.Errorf("%d changes: there is %q", tc.n, s)
			}
		}
	}
}

// More deletions than a comment can hold are counted, above all else.
func TestMarkdownOfMassDeletion(t *testing.T) {
	p := &plan.Plan{Digest: "accord1:0", Refreshed: true, Complete: true}
	for i := range 10000 {
		p.Changes = append(p.Changes, plan.Change{Action: plan.Delete, Ref: ref(fmt.Sprintf("List/gone-%d", i)), Reason: plan.Destroying})
	}
	for range 2000 {
		p.Consequences = append(p.Consequences, plan.Consequence{Ref: ref("List/x"), Rule: "r", Message: strings.Repeat("m", 400)})
		p.Diagnostics = append(p.Diagnostics, diag.Diagnostic{Rule: "r", Message: strings.Repeat("f", 400)})
	}
	got := planMarkdown(p, maxMarkdown)
	if len(got) > maxMarkdown {
		t.Errorf("%d bytes", len(got))
	}
	for _, s := range []string{"10000 resources will be destroyed", "more deletions, for which there is no room here", "more findings,", "more consequences,"} {
		if !strings.Contains(got, s) {
			t.Errorf("there is no %q", s)
		}
	}
	if unused := maxMarkdown - len(got); unused > 200 {
		t.Errorf("%d bytes are not used, and deletions are left out", unused)
	}
	if strings.Index(got, "gone-100`") > strings.Index(got, "### ") {
		t.Error("deletions are not first")
	}
}

// The last try fits, whatever the texts are.
func TestMarkdownOfLongestTexts(t *testing.T) {
	long := strings.Repeat("@", 100000)
	p := &plan.Plan{Digest: long, Project: long, Workspace: long, Errored: true}
	p.Targets = []string{long}
	for i := range 300 {
		r := schema.Ref{Kind: schema.Kinds[i%len(schema.Kinds)], Name: long}
		for _, a := range []plan.Action{plan.Create, plan.Delete} {
			p.Changes = append(p.Changes, plan.Change{Action: a, Ref: r, Reason: plan.Reason(long), Range: plan.Range{File: long}})
		}
		p.Consequences = append(p.Consequences, plan.Consequence{Ref: r, Rule: long, Message: long})
		p.Diagnostics = append(p.Diagnostics, diag.Diagnostic{Rule: long, Message: long, Help: long, Position: diag.Position{File: long}})
		p.Drift = append(p.Drift, plan.Drift{Ref: r, Account: long, Name: long})
	}
	got := planMarkdown(p, maxMarkdown)
	checkMarkdown(t, got, maxMarkdown)
	for _, s := range []string{"300 resources will be destroyed", "more deletions", "more findings", "more consequences", "more differences"} {
		if !strings.Contains(got, s) {
			t.Errorf("there is no %q in\n%.2000s", s, got)
		}
	}
}

// A plan from a fork is an attacker's text: whatever it says, the comment has a
// size, its fences and cells end where they should, and outside of them nothing
// of it is an element, a link, a picture or a mention.
func TestMarkdownIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := hostilePlan(t)
		limit := rapid.SampledFrom([]int{maxMarkdown, 30000}).Draw(t, "limit")
		checkMarkdown(t, planMarkdown(p, limit), limit)
	})
}

func TestMDIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := hostile().Draw(t, "s")
		checkMarkdown(t, "- "+md(s)+" and "+code(s)+"\n", maxMarkdown)
		if got := undo(md(s)); got != visible(s) {
			t.Fatalf("md(%q) is read as %q", s, got)
		}
	})
}

// undo is how a browser reads entities, without the spaces of no width.
func undo(s string) string {
	s = strings.ReplaceAll(s, "&#8203;", "")
	return entity.ReplaceAllStringFunc(s, func(e string) string {
		var r rune
		_, _ = fmt.Sscanf(e, "&#%d;", &r)
		return string(r)
	})
}

var entity = regexp.MustCompile(`&#[0-9]+;`)

type failer interface {
	Fatalf(format string, args ...any)
}

// ours are the elements that the comment has, which users' text cannot make.
var ours = regexp.MustCompile("^(<!-- accord-plan ([A-Za-z0-9._]|-[A-Za-z0-9._])*-? -->|<details><summary><code>|</code>|</summary>|</details>|<code>|<br>|<summary>)")

// checkMarkdown reads a comment as far as it takes to see what is dangerous.
func checkMarkdown(t failer, text string, limit int) {
	if len(text) > limit {
		t.Fatalf("it has %d bytes, more than %d", len(text), limit)
	}
	fence, cells := "", 0
	for n, l := range strings.Split(text, "\n") {
		if fence != "" {
			if strings.TrimRight(l, " ") == fence {
				fence = ""
			} else if strings.HasPrefix(strings.TrimLeft(l, " "), fence) {
				t.Fatalf("line %d may end the fence: %q", n+1, l)
			}
			continue
		}
		if run := len(l) - len(strings.TrimLeft(l, "`")); run >= 3 {
			fence = l[:run]
			continue
		}
		checkLine(t, n+1, l)
		if strings.HasPrefix(l, "|") {
			c := strings.Count(l, "|")
			if cells != 0 && c != cells {
				t.Fatalf("line %d has %d cells and the ones before %d: %q", n+1, c, cells, l)
			}
			cells = c
		} else {
			cells = 0
		}
	}
	if fence != "" {
		t.Fatalf("a fence is open at the end:\n%s", text)
	}
	if open, closed := strings.Count(text, "\n<details>"), strings.Count(text, "\n</details>"); open != closed {
		t.Fatalf("%d details are opened and %d closed", open, closed)
	}
}

func checkLine(t failer, n int, l string) {
	l = strings.TrimPrefix(l, "> [!CAUTION]")
	if n == 1 && strings.HasPrefix(l, "<!--") {
		if ours.FindString(l) != l {
			t.Fatalf("the marker is %q", l)
		}
		return
	}
	inSummary := strings.HasPrefix(l, "<details>")
	spans := strings.Split(l, "`")
	if len(spans)%2 == 0 && !inSummary {
		t.Fatalf("line %d has a span of code that does not end: %q", n, l)
	}
	for i, s := range spans {
		if i%2 == 1 && !inSummary { // code
			if strings.ContainsAny(s, "|<>@&\\") {
				t.Fatalf("line %d has %q in a span of code", n, s)
			}
			continue
		}
		for j := range len(s) {
			if s[j] == '<' && !ours.MatchString(s[j:]) {
				t.Fatalf("line %d has an element that is not ours: %q", n, s[j:])
			}
		}
		if inSummary {
			continue // HTML, which markdown leaves alone, and in the letters of code
		}
		if strings.ContainsAny(s, "@\\~$") || strings.Contains(s, "](") || strings.Contains(s, "://") || strings.Contains(strings.ToLower(s), "www.") && !strings.Contains(strings.ToLower(s), "www.&#8203;") {
			t.Fatalf("line %d may link or mention: %q", n, s)
		}
	}
}

// hostilePlan is a plan in which every text is an attacker's.
func hostilePlan(t *rapid.T) *plan.Plan {
	text := hostile()
	p := &plan.Plan{
		Digest: text.Draw(t, "digest"), Project: text.Draw(t, "project"), Workspace: text.Draw(t, "workspace"),
		Complete: rapid.Bool().Draw(t, "complete"), Errored: rapid.Bool().Draw(t, "errored"),
	}
	p.Targets = rapid.SliceOfN(text, 0, 2).Draw(t, "targets")
	address := func() schema.Ref {
		return schema.Ref{Kind: rapid.SampledFrom(schema.Kinds).Draw(t, "kind"), Name: text.Draw(t, "name")}
	}
	doc := func() json.RawMessage {
		value := map[string]any{"metadata": map[string]any{"name": "x", "description": text.Draw(t, "description")}, "spec": map[string]any{
			text.Draw(t, "key"): text.Draw(t, "value"), "list": rapid.SliceOfN(text, 0, 3).Draw(t, "list"),
			"between": []string{text.Draw(t, "from"), text.Draw(t, "to")}, "features": map[string]any{"workflows": map[string]any{}},
		}, "kind": "Connection"}
		out, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	actions := []plan.Action{plan.Create, plan.Update, plan.Delete, plan.Replace, plan.Forget}
	for range rapid.IntRange(0, 8).Draw(t, "changes") {
		c := plan.Change{
			Action: rapid.SampledFrom(actions).Draw(t, "action"), Ref: address(), Previous: address(), Before: doc(), After: doc(),
			Reason: rapid.SampledFrom([]plan.Reason{plan.Renamed, plan.ConfigChanged, plan.Reason(text.Draw(t, "reason"))}).Draw(t, "why"),
			Range:  plan.Range{File: text.Draw(t, "file"), Start: plan.Point{Line: 1}},
			Effects: []plan.Effect{{
				Account: text.Draw(t, "account"), Action: plan.DeleteAsset, Kind: schema.KindList, Name: text.Draw(t, "asset"), ID: text.Draw(t, "id"),
			}},
		}
		c.Fields = plan.Diff(c.Before, c.After)
		p.Changes = append(p.Changes, c)
	}
	// Many times the same, so that there is too much.
	times := rapid.SampledFrom([]int{1, 1, 30, 3000}).Draw(t, "times")
	if len(p.Changes) > 0 {
		p.Changes = slices.Repeat(p.Changes, max(1, times/len(p.Changes)))
	}
	for range rapid.IntRange(0, 4).Draw(t, "others") {
		p.Drift = append(p.Drift, plan.Drift{
			Ref: address(), Account: text.Draw(t, "account"), Kind: schema.KindList, Name: text.Draw(t, "asset"), What: plan.DriftChanged,
			Fields: []plan.Field{{Path: schema.Path(text.Draw(t, "path")), Op: plan.ReplaceField, Before: text.Draw(t, "before"), After: text.Draw(t, "after")}},
		})
		p.Consequences = append(p.Consequences, plan.Consequence{Rule: text.Draw(t, "rule"), Ref: address(), Message: text.Draw(t, "message")})
		p.Diagnostics = append(p.Diagnostics, diag.Diagnostic{
			Rule: text.Draw(t, "rule"), Message: text.Draw(t, "message"), Help: text.Draw(t, "help"),
			Position: diag.Position{File: text.Draw(t, "file"), Line: 3},
		})
	}
	p.Drift, p.Consequences = slices.Repeat(p.Drift, times), slices.Repeat(p.Consequences, times)
	p.Diagnostics = slices.Repeat(p.Diagnostics, times)
	return p
}
