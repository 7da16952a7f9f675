package schema_test

import (
	"slices"
	"strings"
	"testing"

	"accord/schema"
)

func resource(name string, spec schema.Spec) *schema.Resource {
	return &schema.Resource{Kind: spec.Kind(), Name: name, Spec: spec}
}

func account(name string, labels map[string]string) *schema.Resource {
	r := resource(name, &schema.Account{Facts: schema.Facts{Platform: schema.HubSpot}})
	r.Labels = labels
	return r
}

func addresses(rs []*schema.Resource) string {
	var out []string
	for _, r := range rs {
		out = append(out, r.Ref().String())
	}
	return strings.Join(out, " ")
}

func graph() *schema.Graph {
	c, _ := schema.NewConfig([]*schema.Resource{
		resource("w", &schema.Workflow{Account: "de", Trigger: schema.Trigger{On: "form.submitted", Form: "f"}, Steps: []schema.Step{
			{If: "true", Then: []schema.Step{{UpsertContact: &schema.UpsertContact{In: "us", Target: "enrolled"}}}},
			{AssignOwner: &schema.AssignOwner{User: "anna", Fallback: "nobody"}},
			{SetSubscriptions: map[string]schema.Subscription{"news": {Status: "subscribed"}}},
		}}),
		resource("de-us", &schema.Connection{Between: []string{"us", "de"}, Features: schema.Features{Workflows: &schema.Feature{Direction: "one-way", From: "de"}, DataMirroring: &schema.Feature{}}}),
		resource("group", &schema.Organization{Primary: "de", Accounts: []string{"de", "us"}, Administrator: "anna"}),
		resource("other", &schema.Organization{Primary: "us"}),
		resource("f", &schema.Form{Placement: schema.Placement{Accounts: []string{"de", "de"}}}),
		resource("p", &schema.Property{Placement: schema.Placement{AccountLabels: map[string]string{"region": "emea"}}}),
		resource("q", &schema.Property{Placement: schema.Placement{AccountLabels: map[string]string{"region": "emea", "tier": "gold"}, Accounts: []string{"us", "missing"}}}),
		resource("anna", &schema.User{Email: "a@b", Access: []schema.Access{{Account: "us"}, {Account: "de"}, {Account: "us"}}}),
		account("us", map[string]string{"region": "amer"}), account("de", map[string]string{"region": "emea"}), account("fr", map[string]string{"region": "emea", "tier": "gold"}),
		resource("p", &schema.Project{}),
	})
	return schema.Resolve(c)
}

func TestConfig(t *testing.T) {
	a := account("x", nil)
	a.Origin = schema.Origin{File: "b.yaml"}
	b := account("x", nil)
	b.Origin = schema.Origin{File: "a.yaml", Document: 1}
	d := account("x", nil)
	d.Origin = schema.Origin{File: "a.yaml"}
	for _, order := range [][]*schema.Resource{{a, b, d}, {d, b, a}, {b, a, d}} {
		c, duplicates := schema.NewConfig(order)
		if len(c.All()) != 1 || c.All()[0] != d || !slices.Equal(duplicates, []*schema.Resource{b, a}) {
			t.Errorf("kept %v, duplicates %v", c.All(), duplicates)
		}
	}
	g := graph()
	if got, want := addresses(g.Of(schema.KindAccount)), "Account/de Account/fr Account/us"; got != want {
		t.Errorf("accounts %s, want %s", got, want)
	}
	if got := addresses(g.Of(schema.KindPolicy)); got != "" {
		t.Errorf("policies %s", got)
	}
	if got := strings.Join(g.Names(schema.KindProperty), " "); got != "p q" {
		t.Errorf("properties %s", got)
	}
	if g.Project() == nil || g.Account("nowhere") != nil || g.User("anna") == nil || g.Form("f") == nil {
		t.Error("look-ups by name")
	}
	empty, _ := schema.NewConfig(nil)
	if empty.Project() != nil || len(empty.ProjectSpec().Rules) > 0 || len(empty.All()) > 0 {
		t.Error("an empty configuration has the defaults")
	}
}

func TestGraph(t *testing.T) {
	g := graph()
	var unknown []string
	for _, u := range g.Unknown {
		unknown = append(unknown, string(u.Path)+"→"+u.To.String())
	}
	if got, want := strings.Join(unknown, " "), "spec.accounts[1]→Account/missing spec.steps[1].assignOwner.fallback→User/nobody spec.steps[2].setSubscriptions.news#→SubscriptionType/news"; got != want {
		t.Errorf("unknown %s\nwant    %s", got, want)
	}
	for _, tc := range []struct{ name, got, want string }{
		{"organizations of de", addresses(g.OrganizationsOf("de")), "Organization/group"},
		{"organizations of us", addresses(g.OrganizationsOf("us")), "Organization/group Organization/other"},
		{"connections of us", addresses(g.ConnectionsOf("us")), "Connection/de-us"},
		{"users of us", addresses(g.UsersOf("us")), "User/anna"},
		{"in de", addresses(g.In("de")), "Property/p Form/f"},
		{"in fr", addresses(g.In("fr")), "Property/p Property/q"},
		{"accounts of q", strings.Join(g.AccountsOf(schema.Ref{Kind: schema.KindProperty, Name: "q"}), " "), "fr missing us"},
		{"accounts of f", strings.Join(g.AccountsOf(schema.Ref{Kind: schema.KindForm, Name: "f"}), " "), "de"},
		{"accounts of an organization", strings.Join(g.AccountsOf(schema.Ref{Kind: schema.KindOrganization, Name: "group"}), " "), ""},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, tc.got, tc.want)
		}
	}
	if g.OrganizationOf("fr") != nil || g.OrganizationOf("us").Name != "group" {
		t.Error("organization of an account")
	}
	if g.Connected("de", "us") == nil || g.Connected("us", "de") == nil || g.Connected("de", "fr") != nil || g.Connected("de", "de") != nil {
		t.Error("connected accounts")
	}
	for _, tc := range []struct {
		feature, from, to string
		want              bool
	}{
		{schema.FeatureWorkflows, "de", "us", true},
		{schema.FeatureWorkflows, "us", "de", false},
		{schema.FeatureDataMirroring, "us", "de", true},
		{schema.FeatureAssetCopying, "de", "us", false},
		{schema.FeatureWorkflows, "de", "fr", false},
	} {
		if _, got := g.Goes(tc.feature, tc.from, tc.to); got != tc.want {
			t.Errorf("%s goes from %s to %s: %v", tc.feature, tc.from, tc.to, got)
		}
	}
	if !g.WorkflowsConnected("us") || g.WorkflowsConnected("fr") {
		t.Error("accounts with a workflows connection")
	}
	var depends []string
	for _, r := range g.DependsOn(g.Get(schema.Ref{Kind: schema.KindWorkflow, Name: "w"})) {
		depends = append(depends, r.String())
	}
	if got, want := strings.Join(depends, " "), "Account/de Account/us User/anna Form/f Connection/de-us"; got != want {
		t.Errorf("the workflow depends on %s, want %s", got, want)
	}
}

// Whatever depends on something comes after it in the order of kinds, or by the
// order in which one kind is applied: nothing depends on itself.
func TestDependenciesHaveNoCycle(t *testing.T) {
	g := graph()
	state := map[schema.Ref]int{}
	var visit func(schema.Ref)
	visit = func(r schema.Ref) {
		switch state[r] {
		case 1:
			t.Fatalf("%v depends on itself", r)
		case 2:
			return
		}
		state[r] = 1
		for _, to := range g.DependsOn(g.Get(r)) {
			visit(to)
		}
		state[r] = 2
	}
	for _, r := range g.All() {
		visit(r.Ref())
	}
}

func TestSelects(t *testing.T) {
	labels := map[string]string{"a": "1", "b": "2"}
	for _, tc := range []struct {
		selector map[string]string
		want     bool
	}{
		{nil, false},
		{map[string]string{"a": "1"}, true},
		{map[string]string{"a": "1", "b": "2"}, true},
		{map[string]string{"a": "2"}, false},
		{map[string]string{"a": "1", "c": "3"}, false},
		{map[string]string{"c": ""}, false},
	} {
		if got := schema.Selects(tc.selector, labels); got != tc.want {
			t.Errorf("%v selects %v: %v", tc.selector, labels, got)
		}
	}
}

func facts(change func(*schema.Facts)) *schema.Facts {
	f := &schema.Facts{Platform: schema.HubSpot, Hosting: "eu1", Subscriptions: map[string]string{"marketing": "enterprise"}}
	if change != nil {
		change(f)
	}
	return f
}

func TestOrganizationInForce(t *testing.T) {
	o := &schema.Organization{Primary: "a", Accounts: []string{"a", "b", "c"}}
	for _, tc := range []struct {
		name    string
		a, b    func(*schema.Facts)
		deleted bool
		removed string
	}{
		{"all is well", nil, nil, false, ""},
		{"downgraded", nil, func(f *schema.Facts) { f.Subscriptions = map[string]string{"sales": "starter"} }, false, "account-tier-too-low"},
		{"professional will do", nil, func(f *schema.Facts) { f.Subscriptions = map[string]string{"sales": "professional"} }, false, ""},
		{"moved", nil, func(f *schema.Facts) { f.Hosting = "na1" }, false, "hosting-location-differs"},
		{"deactivated", nil, func(f *schema.Facts) { f.Status = schema.StatusDeactivated }, false, "account-deactivated"},
		{"sandbox", nil, func(f *schema.Facts) { f.Type = schema.TypeSandbox }, false, "account-not-eligible"},
		{"partner's", nil, func(f *schema.Facts) { f.Type = schema.TypePartner }, false, ""},
		{"brevo", nil, func(f *schema.Facts) { f.Platform = schema.Brevo }, false, "account-not-eligible"},
	} {
		in := schema.OrganizationInForce(o, "eu1", func(name string) *schema.Facts {
			switch name {
			case "a":
				return facts(tc.a)
			case "b":
				return facts(tc.b)
			}
			return nil // not known
		})
		if in.Deleted != tc.deleted || in.Removed["b"] != tc.removed || len(in.Removed) > 1 {
			t.Errorf("%s: %+v", tc.name, in)
		}
	}
	in := schema.OrganizationInForce(o, "eu1", func(name string) *schema.Facts {
		return facts(func(f *schema.Facts) { f.Subscriptions = map[string]string{"marketing": "professional"} })
	})
	if !in.Deleted {
		t.Error("an organization without Marketing Hub Enterprise is not deleted")
	}
	in = schema.OrganizationInForce(o, "eu1", func(name string) *schema.Facts {
		if name == "b" {
			return facts(nil)
		}
		return facts(func(f *schema.Facts) { f.Subscriptions = map[string]string{"marketing": "professional"} })
	})
	if in.Deleted || in.Primary != "a" {
		t.Errorf("a member other than the primary has Marketing Hub Enterprise: %+v", in)
	}
	moved := func(who ...string) func(string) *schema.Facts {
		return func(name string) *schema.Facts {
			return facts(func(f *schema.Facts) {
				if slices.Contains(who, name) {
					f.Hosting = "na1"
				}
			})
		}
	}
	if in = schema.OrganizationInForce(o, "eu1", moved("a")); in.Removed["a"] != "hosting-location-differs" || in.Primary != "b" || in.Deleted {
		t.Errorf("the primary moved: %+v", in)
	}
	if in = schema.OrganizationInForce(o, "eu1", moved("a", "b", "c")); len(in.Removed) > 0 || in.Primary != "a" {
		t.Errorf("all moved: %+v", in)
	}
}

func TestConnectionInForce(t *testing.T) {
	two, fromA := schema.Feature{}, schema.Feature{Direction: schema.OneWay, From: "a"}
	fromB := schema.Feature{Direction: schema.OneWay, From: "b"}
	for _, tc := range []struct {
		name      string
		feature   schema.Feature
		sensitive string
		want      *schema.Feature
	}{
		{"nobody", two, "", &two},
		{"two-way, a is sensitive", two, "a", &fromB},
		{"two-way, b is sensitive", two, "b", &fromA},
		{"two-way, both", two, "ab", nil},
		{"from a, a is sensitive", fromA, "a", nil},
		{"from a, b is sensitive", fromA, "b", &fromA},
	} {
		c := &schema.Connection{Between: []string{"a", "b"}, Features: schema.Features{DataMirroring: &tc.feature, Workflows: &tc.feature, AssetCopying: &tc.feature}}
		got := schema.ConnectionInForce(c, func(a string) bool { return strings.Contains(tc.sensitive, a) })
		for _, f := range []*schema.Feature{got.Features.DataMirroring, got.Features.Workflows} {
			if (f == nil) != (tc.want == nil) || f != nil && *f != *tc.want {
				t.Errorf("%s: %+v, want %+v", tc.name, f, tc.want)
			}
		}
		if *got.Features.AssetCopying != tc.feature || *c.Features.Workflows != tc.feature {
			t.Errorf("%s: asset copying has no source that is sensitive, and the argument is not changed", tc.name)
		}
	}
}
