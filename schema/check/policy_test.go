package check_test

import (
	"reflect"
	"strings"
	"testing"

	"accord/schema"
	"accord/schema/check"
)

func own(name, on, severity, where string) string {
	return "\n---\nkind: Policy\nmetadata: {name: " + name + "}\nspec:\n  on: " + on + "\n  severity: " + severity +
		"\n  where: " + where + "\n  message: not by us\n"
}

func TestPoliciesOnResources(t *testing.T) {
	for name, tc := range map[string]struct {
		policy string
		want   []string // "rule position severity"
	}{
		"by kind":               {own("p", "resource", "warning", `resource.kind == "User"`), []string{"Policy/p main.yaml:12:18 warning"}},
		"by name":               {own("p", "resource", "info", `resource.name.endsWith("-us")`), []string{"Policy/p main.yaml:7:18 info", "Policy/p main.yaml:27:18 info"}},
		"an error by default":   {strings.Replace(own("p", "resource", "error", `resource.kind == "User"`), "  severity: error\n", "", 1), []string{"Policy/p main.yaml:12:18 error"}},
		"by what it says":       {own("p", "resource", "error", `resource.spec.hosting == "eu1" && resource.spec.subscriptions.marketing == "enterprise"`), []string{"Policy/p main.yaml:2:18 error"}},
		"by a list":             {own("p", "resource", "error", `resource.spec.between.exists(a, a == "acme-us")`), []string{"Policy/p main.yaml:27:18 error"}},
		"by its file":           {own("p", "resource", "error", `resource.kind == "User" && resource.file != "people.yaml"`), []string{"Policy/p main.yaml:12:18 error"}},
		"by a label":            {own("p", "resource", "error", `resource.kind == "Account" && resource.labels.region == "emea"`), nil},
		"by a missing label":    {own("p", "resource", "error", `resource.kind == "Account" && !has(resource.labels.owner)`), []string{"Policy/p main.yaml:2:18 error", "Policy/p main.yaml:7:18 error"}},
		"that nothing meets":    {own("p", "resource", "error", `resource.spec.hosting == "na1"`), nil},
		"two of them":           {own("p", "resource", "error", `resource.kind == "User"`) + own("q", "resource", "error", `resource.kind == "User"`), []string{"Policy/p main.yaml:12:18 error", "Policy/q main.yaml:12:18 error"}},
		"that does not compile": {own("p", "resource", "error", `resource.kindd == "User"`), []string{"condition-invalid main.yaml:36:19 error"}},
		"on a change":           {own("p", "change", "error", `change.kind == "User"`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, group+"kind: Connection\nmetadata: {name: de-us}\nspec: {between: [acme-de, acme-us], features: {workflows: {}}}"+tc.policy, tc.want...)
		})
	}
	d := findingOf(t, "Policy/p", group+own("p", "resource", "error", `resource.kind == "User"`))
	if d.Message != "not by us" || d.Address != "User/anna" || !strings.Contains(d.Help, "Policy/p (main.yaml:") {
		t.Errorf("%+v", d)
	}
}

func TestPoliciesOnFlows(t *testing.T) {
	mirror := group + "kind: Connection\nmetadata: {name: de-us}\nspec: {between: [acme-de, acme-us], features: {dataMirroring: {direction: one-way, from: acme-de}}}"
	for name, tc := range map[string]struct{ where, want string }{
		"by feature":        {`flow.feature == "dataMirroring"`, "Policy/p main.yaml:32:18 error"},
		"by account":        {`flow.from == "acme-de" && flow.to == "acme-us"`, "Policy/p main.yaml:32:18 error"},
		"by data":           {`("note" in flow.data)`, "Policy/p main.yaml:32:18 error"},
		"by basis":          {`flow.basis == "none stated" && flow.kind == "Connection" && flow.through == "Connection/de-us"`, "Policy/p main.yaml:32:18 error"},
		"the other way":     {`flow.from == "acme-us"`, ""},
		"by other data":     {`("contact.email" in flow.data)`, ""},
		"by other features": {`flow.feature == "workflows"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var want []string
			if tc.want != "" {
				want = []string{tc.want}
			}
			expect(t, mirror+own("p", "flow", "error", tc.where), want...)
		})
	}
	d := findingOf(t, "Policy/p", mirror+own("p", "flow", "error", `flow.feature == "dataMirroring"`))
	if d.Address != "Connection/de-us" || !strings.Contains(d.Help, "call, deal, email and 3 more go from acme-de to acme-us") {
		t.Errorf("%+v", d)
	}
}

func TestChangePolicies(t *testing.T) {
	g, at, found := resolve(t, files(group+
		own("no-deletes", "change", "error", `change.kind == "Connection" && change.action == "delete"`)+
		own("no-downgrades", "change", "warning", `change.before.subscriptions.marketing == "enterprise" && change.after.subscriptions.marketing != "enterprise"`)+
		own("by-field", "change", "info", `change.fields.exists(f, f.startsWith("spec.api"))`)+
		own("broken", "change", "error", `change.knd == "x"`)+
		own("other", "resource", "error", `resource.kind == "User"`)))
	if len(found) > 0 {
		t.Fatal(found)
	}
	set := check.ChangePolicies(g)
	if set.Empty() {
		t.Fatal("no policy is found")
	}
	de := g.Get(schema.Ref{Kind: schema.KindAccount, Name: "acme-de"})
	before := check.Document(de)
	after := check.Document(de)
	after["subscriptions"] = map[string]any{"marketing": "professional"}
	for _, tc := range []struct {
		name   string
		change check.Change
		want   []string
	}{
		{
			"a delete",
			check.Change{Kind: "Connection", Name: "de-us", Address: "Connection/de-us", Action: "delete", Before: map[string]any{}},
			[]string{"Policy/no-deletes Connection/de-us main.yaml:29:18 error"},
		},
		{"an update", check.Change{Kind: "Connection", Name: "de-us", Address: "Connection/de-us", Action: "update"}, nil},
		{"another kind", check.Change{Kind: "User", Name: "ben", Address: "User/ben", Action: "delete"}, nil},
		{
			"a downgrade",
			check.Change{Kind: "Account", Name: "acme-de", Address: "Account/acme-de", Action: "update", Before: before, After: after},
			[]string{"Policy/no-downgrades Account/acme-de main.yaml:2:18 warning"},
		},
		{"no downgrade", check.Change{Kind: "Account", Name: "acme-de", Address: "Account/acme-de", Action: "update", Before: before, After: before}, nil},
		{"a creation", check.Change{Kind: "Account", Name: "acme-de", Address: "Account/acme-de", Action: "create", After: before}, nil},
		{
			"a field",
			check.Change{Kind: "Account", Name: "acme-us", Address: "Account/acme-us", Action: "update", Fields: []string{"spec.api.token"}},
			[]string{"Policy/by-field Account/acme-us main.yaml:7:18 info"},
		},
	} {
		var got []string
		for _, d := range set.Eval(tc.change, at) {
			got = append(got, d.Rule+" "+d.Address+" "+d.Position.String()+" "+d.Severity.String())
			if d.Message != "not by us" || d.Help == "" {
				t.Errorf("%s: %+v", tc.name, d)
			}
		}
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
	if !check.ChangePolicies(schema.Resolve(must(schema.NewConfig(nil)))).Empty() {
		t.Error("a configuration without policies has some")
	}
}

func must(c *schema.Config, _ []*schema.Resource) *schema.Config { return c }
