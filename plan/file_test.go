package plan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"accord/plan"
	"accord/schema"
)

var update = flag.Bool("update", false, "write the golden files")

// everything is a plan with a change of every action, drift and consequences.
func everything(t testing.TB) *plan.Plan {
	before := edit(t, group, "metadata: {name: contact-us}", "metadata: {name: old-form}") + `
---
apiVersion: accord/v1
kind: Email
metadata: {name: bye}
spec: {accounts: [acme-de], label: Bye, subject: "a < b && c > d \u2028 é 日本 💶"}
`
	after := edit(t, group,
		"metadata: {name: contact-us}", "metadata: {name: contact-us, renamedFrom: old-form}",
		"type: string", "type: number",
		"accounts: [acme-de, acme-us], label: News", `accounts: [acme-us], label: News, membership: {where: 'contact.country == "<DE>" && contact.city != ""'}`,
		"dataMirroring: {}", "dataMirroring: {direction: one-way, from: acme-us}") + `
---
apiVersion: accord/v1
kind: Pipeline
metadata: {name: sales}
spec: {accounts: [acme-de], label: Sales, stages: [{id: new, probability: 0.1}, {id: won, probability: 1, closed: won}]}
`
	in := change(t, before, after)
	facts := *in.Live["acme-us"].Facts
	facts.SensitiveData = true
	in.Live["acme-us"].Facts = &facts
	in.Live["acme-de"].Assets[schema.KindUser] = nil
	return mustMake(t, in)
}

// The names are those of product.md. Wrappers, comment bots and policies read
// them: one that goes, or says something else, breaks them.
func TestGolden(t *testing.T) {
	got, golden := save(t, everything(t)), filepath.Join("testdata", "plan.golden.json")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the JSON of a plan is another; go test ./plan -update writes it:\n%s", got)
	}
}

// names are those that product.md shows, of each part of the document.
func TestNamesOfTheDocument(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal(save(t, everything(t)), &doc); err != nil {
		t.Fatal(err)
	}
	has := func(what string, v any, names string) map[string]any {
		m, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("%s is %T", what, v)
		}
		for _, n := range strings.Fields(names) {
			if _, ok := m[n]; !ok {
				t.Errorf("%s has no %s", what, n)
			}
		}
		return m
	}
	has("the plan", doc, "format_version accord_version timestamp digest project workspace applyable complete errored state "+
		"resource_changes resource_drift consequences diagnostics summary")
	has("state", doc["state"], "lineage serial")
	has("summary", doc["summary"], "add change remove import forget unchanged")
	seen := map[string]bool{}
	for _, c := range doc["resource_changes"].([]any) {
		m := has("a change", c, "address type name previous_address change fields action_reason source_range")
		body := has("change", m["change"], "actions before after after_unknown replace_paths")
		actions := ""
		for _, a := range body["actions"].([]any) {
			actions += a.(string) + " "
		}
		seen[strings.TrimSpace(actions)] = true
		if m["action_reason"] != string(plan.NotDeclared) {
			at := has("source_range", m["source_range"], "filename start end")
			has("start", at["start"], "line column")
			has("end", at["end"], "line column")
		} else if m["source_range"] != nil {
			t.Errorf("what is not declared has the source_range %v", m["source_range"])
		}
		for _, f := range m["fields"].([]any) {
			has("a field", f, "path op")
		}
	}
	for _, a := range []string{"create", "update", "delete", "delete create"} {
		if !seen[a] {
			t.Errorf("no change has the actions %s: %v", a, seen)
		}
	}
	if doc["resource_drift"] == nil || len(doc["consequences"].([]any)) == 0 {
		t.Error("no drift or no consequences")
	}
	for _, c := range doc["consequences"].([]any) {
		has("a consequence", c, "rule address message")
	}
	wantNoNullLists(t, "", doc)
}

// Empty lists are [], never null; null is what is not there.
func wantNoNullLists(t *testing.T, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if e == nil && k != "before" && k != "after" && k != "previous_address" && k != "source_range" {
				t.Errorf("%s.%s is null", at, k)
			}
			wantNoNullLists(t, at+"."+k, e)
		}
	case []any:
		for _, e := range v {
			wantNoNullLists(t, at+"[]", e)
		}
	}
}

func TestEmptyPlanHasEmptyLists(t *testing.T) {
	for _, in := range []plan.Input{change(t, group, group), func() plan.Input {
		in := input(t, group)
		in.Diagnostics = append(in.Diagnostics, everything(t).Diagnostics...)
		return in
	}()} {
		var doc map[string]any
		if err := json.Unmarshal(save(t, mustMake(t, in)), &doc); err != nil {
			t.Fatal(err)
		}
		wantNoNullLists(t, "", doc)
	}
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// wantRoundTrip fails where what is read is not what was saved.
func wantRoundTrip(t fataler, p *plan.Plan) {
	t.Helper()
	var first, second bytes.Buffer
	if err := p.Save(&first); err != nil {
		t.Fatalf("%v", err)
	}
	q, err := plan.Read(bytes.NewReader(first.Bytes()))
	if err != nil {
		t.Fatalf("%v", err)
	}
	if err := q.Save(&second); err != nil {
		t.Fatalf("%v", err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Fatalf("saved again, it is\n%s\nand was\n%s", &second, &first)
	}
	if q.Digest != p.Digest || q.Base != p.Base || !reflect.DeepEqual(q.Options, p.Options) || q.Summary != p.Summary ||
		q.Complete != p.Complete || q.Applyable != p.Applyable || q.Errored != p.Errored || q.Refreshed != p.Refreshed || q.Config != p.Config {
		t.Fatalf("read %+v, saved %+v", q, p)
	}
	for i := range p.Changes {
		a, b := &p.Changes[i], &q.Changes[i]
		same := a.Action == b.Action && a.Ref == b.Ref && a.Previous == b.Previous && a.Reason == b.Reason && a.Range == b.Range &&
			len(a.Needs) == len(b.Needs) && len(a.Accounts) == len(b.Accounts) && len(a.Effects) == len(b.Effects) &&
			len(a.IDs) == len(b.IDs) && len(a.Implied) == len(b.Implied)
		for k, id := range a.IDs {
			same = same && b.IDs[k] == id
		}
		if !same {
			t.Fatalf("read %+v, saved %+v", b, a)
		}
		for j := range a.Effects {
			x, y := &a.Effects[j], &b.Effects[j]
			if len(x.After) == 0 || x.Action == plan.WriteFacts {
				continue
			}
			xa, xerr := x.DecodeAsset()
			ya, yerr := y.DecodeAsset()
			if xerr != nil || yerr != nil || !reflect.DeepEqual(xa, ya) || len(x.Fields) != len(y.Fields) {
				t.Fatalf("read %+v (%v), saved %+v (%v)", ya, yerr, xa, xerr)
			}
		}
	}
}

func TestRoundTrip(t *testing.T) {
	wantRoundTrip(t, everything(t))
	wantRoundTrip(t, mustMake(t, change(t, group, group)))
	// Ids of portals are larger than what a float64 holds.
	portal := func(id string) string {
		return edit(t, group, "hosting: eu1, subscriptions: {sales: professional}",
			"hosting: eu1, subscriptions: {sales: professional}, api: {portalId: "+id+", token: {env: TOKEN}}")
	}
	in := change(t, portal("9007199254740993"), portal("9007199254740992"))
	in.Live = nil
	p := mustMake(t, in)
	wantRoundTrip(t, p)
	if len(p.Changes) != 1 || len(p.Changes[0].Fields) != 1 || p.Changes[0].Fields[0].Path != "spec.api.portalId" {
		t.Errorf("changes %+v", p.Changes)
	}
}

func TestReadRefuses(t *testing.T) {
	whole := string(save(t, everything(t)))
	set := func(pairs ...string) string { return edit(t, whole, pairs...) }
	for _, tc := range []struct{ name, text, says string }{
		{"nothing", "", "EOF"},
		{"no JSON", "accord", "invalid character"},
		{"another document", "{}", "format_version"},
		{"a list", "[]", "array"},
		{"cut off", whole[:len(whole)/2], "EOF"},
		{"something behind", whole + "{}", "behind"},
		{"a word behind", whole + "x", "behind"},
		{"another major version", set(`"format_version": "1.0"`, `"format_version": "2.0"`), "format 2.0"},
		{"no version", set(`"format_version": "1.0"`, `"format_version": "one"`), "format one"},
		{"another digest", set(`"digest": "accord1:`, `"digest": "accord1:0`), "digest"},
		{"another label", set(`"label": "Sales"`, `"label": "Sails"`), "digest"},
		{"another account", set(`"account": "acme-de"`, `"account": "acme-us"`), "digest"},
		{"another action", set("\"actions\": [\n     \"update\"\n", "\"actions\": [\n     \"forget\"\n"), "digest"},
		{"an action that is none", set("\"actions\": [\n     \"update\"\n", "\"actions\": [\n     \"read\",\n     \"update\"\n"), "actions"},
		{"no action", set("\"actions\": [\n     \"update\"\n    ]", "\"actions\": []"), "actions"},
		{"no address", set(`"address": "Property/brand"`, `"address": "brand"`), "not an address"},
		{"no such kind", set(`"address": "Property/brand"`, `"address": "Thing/brand"`), "no kind"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := plan.Read(strings.NewReader(tc.text))
			if !errors.Is(err, plan.ErrNotAPlan) || !strings.Contains(err.Error(), tc.says) || p != nil {
				t.Errorf("%v, want one that says %q", err, tc.says)
			}
		})
	}
	// A later minor version is read, and what it has in addition passed over.
	if _, err := plan.Read(strings.NewReader(set(`"format_version": "1.0"`, `"format_version": "1.7", "news": {}`))); err != nil {
		t.Error(err)
	}
}

// What apply relies on is checked, also where somebody has made the digest fit.
func TestReadRefusesWhatCannotBeCarriedOut(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(p *plan.Plan)
		says string
	}{
		{"a cycle", func(p *plan.Plan) { p.Changes[0].Needs = []schema.Ref{p.Changes[1].Ref} }, "does not come before"},
		{"itself", func(p *plan.Plan) { p.Changes[0].Needs = []schema.Ref{p.Changes[0].Ref} }, "does not come before"},
		{"what is not there", func(p *plan.Plan) { p.Changes[1].Needs = []schema.Ref{{Kind: schema.KindList, Name: "x"}} }, "does not come before"},
		{"twice", func(p *plan.Plan) { p.Changes = append(p.Changes, p.Changes[0]) }, "twice"},
		{"no content", func(p *plan.Plan) { p.Changes[0].After = nil }, "no content"},
		{"nothing to do", func(p *plan.Plan) { p.Changes[0].Action = plan.NoOp }, "action"},
		{"an unknown effect", func(p *plan.Plan) { p.Changes[0].Effects = []plan.Effect{{Action: "paint"}} }, "effect"},
		{"a project", func(p *plan.Plan) { p.Changes[0].Ref = schema.Ref{Kind: schema.KindProject, Name: "acme"} }, "never applied"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := everything(t)
			tc.do(p)
			p.Digest = plan.DigestOf(p)
			if _, err := plan.Read(bytes.NewReader(save(t, p))); !errors.Is(err, plan.ErrNotAPlan) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want one that says %q", err, tc.says)
			}
		})
	}
}

// Whatever is read can be saved and read again, and is the same plan.
func FuzzRead(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := plan.Read(bytes.NewReader(data)); err == nil {
			wantRoundTrip(t, p)
		} else if !errors.Is(err, plan.ErrNotAPlan) {
			t.Errorf("error %v", err)
		}
		// Most that a fuzzer makes does not fit its digest; it is to get past it.
		var p plan.Plan
		if json.Unmarshal(data, &p) != nil {
			return
		}
		p.Digest = plan.DigestOf(&p)
		var b bytes.Buffer
		if p.Save(&b) != nil {
			return
		}
		if q, err := plan.Read(&b); err == nil {
			wantRoundTrip(t, q)
		}
	})
}
