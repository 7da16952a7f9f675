package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"accord/schema"
)

// declaredIn places resources in accounts, for tests of what mentions them.
func declaredIn(accounts ...string) schema.Placement { return schema.Placement{Accounts: accounts} }

// What a resource mentions it depends on, and on nothing else that its accounts
// have: what fails would stop more than it has to.
func TestDependsOnWhatItMentions(t *testing.T) {
	property := func(name, object string, accounts ...string) *schema.Resource {
		return resource(name, &schema.Property{Placement: declaredIn(accounts...), Object: object, Type: schema.TypeString})
	}
	pipeline := func(name, object, stage string, accounts ...string) *schema.Resource {
		return resource(name, &schema.Pipeline{Placement: declaredIn(accounts...), Object: object, Label: name, Stages: []schema.Stage{{ID: stage}}})
	}
	named := resource("size-us", &schema.Property{Placement: declaredIn("us"), Object: schema.Contact, Type: schema.TypeNumber, Name: "size"})
	world := []*schema.Resource{
		account("de", nil), account("us", nil), account("fr", nil),
		resource("de-us", &schema.Connection{Between: []string{"de", "us"}}),
		property("brand", schema.Contact, "de", "us"), property("score", schema.Contact, "de"), property("region", schema.Deal, "us"),
		property("brand-old", schema.Contact, "de"), property("total", "invoice", "de"), named,
		pipeline("mid-market", "", "won-it", "de"), pipeline("sales", "", "done", "us"), pipeline("support", schema.Ticket, "open", "de"), pipeline("fr", "", "fr", "fr"),
		resource("welcome", &schema.Email{Placement: declaredIn("de"), Label: "Welcome"}),
		resource("contact-us", &schema.Form{Placement: declaredIn("de"), Label: "Welcome"}),
	}
	w := func(change func(*schema.Workflow)) *schema.Workflow {
		w := &schema.Workflow{Account: "de", Trigger: schema.Trigger{On: "contact.created"}}
		change(w)
		return w
	}
	step := func(s schema.Step) *schema.Workflow {
		return w(func(w *schema.Workflow) { w.Steps = []schema.Step{{If: "true", Else: []schema.Step{s}}} })
	}
	deal := func(d schema.CreateDeal) *schema.Workflow {
		d.In = "us"
		return step(schema.Step{CreateDeal: &d})
	}
	for _, tc := range []struct {
		name string
		spec schema.Spec
		want string // besides its accounts
	}{
		{"a form its fields", &schema.Form{Placement: declaredIn("de", "us"), Fields: []string{"email", "size"}}, "Property/size-us"},
		{"a list by hand nothing", &schema.List{Placement: declaredIn("de", "us")}, ""},
		{"a list its condition", &schema.List{Placement: declaredIn("de"), Membership: schema.Membership{Where: `contact.brand=="x"&&has(contact.score)`}}, "Property/brand Property/score"},
		{"a list of a custom object", &schema.List{Placement: declaredIn("de"), Object: "invoice"}, "Property/total"},
		{"a list a pipeline, and no word in its name", &schema.List{Placement: declaredIn("de"), Object: schema.Deal, Membership: schema.Membership{Where: `deal.pipeline == 'mid-market'`}}, "Pipeline/mid-market"},
		{"a list in another account", &schema.List{Placement: declaredIn("fr"), Membership: schema.Membership{Where: `contact.brand == "mid-market"`}}, ""},
		{"a pipeline and a property nothing", &schema.Pipeline{Placement: declaredIn("de"), Label: "Sales"}, ""},
		{"a copy its assets", &schema.AssetCopy{From: "de", To: []string{"us"}, Assets: []schema.Asset{{"email": "Welcome"}, {"list": "Welcome"}, {"pipeline": "sales"}}}, "Email/welcome Connection/de-us"},
		{"a workflow nothing", w(func(*schema.Workflow) {}), ""},
		{"its trigger", w(func(w *schema.Workflow) { w.Trigger.Property, w.Trigger.Where = "score", `event.new == "1"` }), "Property/score"},
		{"a custom object", w(func(w *schema.Workflow) { w.Trigger.On = "invoice.created" }), "Property/total"},
		{"a custom object by hand", w(func(w *schema.Workflow) { w.Trigger = schema.Trigger{On: "manual", Object: "invoice"} }), "Property/total"},
		{"its conditions", w(func(w *schema.Workflow) {
			w.Suppress, w.ExitWhen = "has(contact.brand)", `deal.dealstage in ["won-it"]`
		}), "Property/brand Pipeline/mid-market"},
		{"a branch", step(schema.Step{If: "contact.score > 1"}), "Property/score"},
		{"what it writes", step(schema.Step{SetProperties: map[string]schema.Value{"brand": {CEL: "contact.score"}, "dealstage": {Literal: "won-it"}, "city": {Literal: "score"}}}), "Property/brand Property/score Pipeline/mid-market"},
		{"what it copies", step(schema.Step{UpsertContact: &schema.UpsertContact{In: "us", Properties: &schema.Copies{Names: []string{"brand", "score", "region"}}}}), "Property/brand Property/region Property/score Connection/de-us"},
		{"what it computes there, of what is here", step(schema.Step{UpsertContact: &schema.UpsertContact{In: "us", Properties: &schema.Copies{Values: map[string]schema.Value{"size": {CEL: "contact.score"}}}}}), "Property/score Property/size-us Connection/de-us"},
		{"a pipeline by name", deal(schema.CreateDeal{Pipeline: schema.DealPipeline{Name: "sales", Stage: "done"}}), "Pipeline/sales Connection/de-us"},
		{"the default pipeline", deal(schema.CreateDeal{Pipeline: schema.DealPipeline{Name: "default", Stage: "closedwon"}}), "Connection/de-us"},
		{"the source's pipeline: those of both accounts", deal(schema.CreateDeal{Pipeline: schema.DealPipeline{Source: true}}), "Pipeline/mid-market Pipeline/sales Connection/de-us"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := resource("it", tc.spec)
			c, _ := schema.NewConfig(append([]*schema.Resource{r}, world...))
			var got []string
			for _, on := range schema.Resolve(c).DependsOn(r) {
				if on.Kind != schema.KindAccount {
					got = append(got, on.String())
				}
			}
			if got := strings.Join(got, " "); got != tc.want {
				t.Errorf("depends on %s, want %s", got, tc.want)
			}
		})
	}
}

// The cross-selling opportunity comes with the connection, unless a Property
// declares it.
func TestDependsOnADeclaredCrossSell(t *testing.T) {
	cross := resource("cross", &schema.Property{Placement: declaredIn("us"), Object: schema.Contact, Name: schema.CrossSellProperty})
	w := resource("w", &schema.Workflow{Account: "de", Steps: []schema.Step{{UpsertContact: &schema.UpsertContact{In: "us", CrossSell: schema.CrossSellYes}}}})
	c, _ := schema.NewConfig([]*schema.Resource{account("us", nil), cross, w})
	if got := fmt.Sprint(schema.Resolve(c).DependsOn(w)); got != "[Account/us Property/cross]" {
		t.Errorf("depends on %s", got)
	}
}

// Each resource is found by its name and not by looking through its account: the
// time for each stays the same however many there are.
func BenchmarkDependsOn(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			all := []*schema.Resource{account("de", nil)}
			for i := range n {
				name := fmt.Sprintf("p%d", i)
				all = append(all, resource(name, &schema.Property{Placement: declaredIn("de"), Object: schema.Contact}),
					resource(name, &schema.Form{Placement: declaredIn("de"), Fields: []string{name}}))
			}
			c, _ := schema.NewConfig(all)
			g := schema.Resolve(c)
			for b.Loop() {
				for _, r := range g.All() {
					g.DependsOn(r)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(all)), "ns/resource")
		})
	}
}
