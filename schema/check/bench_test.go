//go:build unix

package check_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"accord/schema"
	"accord/schema/check"
)

// agency is a repository of many organizations of five accounts, with what
// they have: 35 resources each, all sound.
func agency(t testing.TB, organizations int) *schema.Graph {
	var all []*schema.Resource
	add := func(name string, s schema.Spec) {
		all = append(all, &schema.Resource{Kind: s.Kind(), Name: name, Spec: s})
	}
	for o := range organizations {
		org := fmt.Sprintf("client-%d", o)
		accounts := make([]string, 5)
		for i := range accounts {
			accounts[i] = fmt.Sprintf("%s-%d", org, i)
		}
		primary := accounts[0]
		for i, a := range accounts {
			hubs := map[string]string{"sales": "professional"}
			if i == 0 {
				hubs["marketing"] = "enterprise"
			}
			add(a, &schema.Account{Facts: schema.Facts{Platform: schema.HubSpot, Hosting: "eu1", Subscriptions: hubs}})
		}
		for i := range 8 {
			u := &schema.User{Email: fmt.Sprintf("user%d@%s.example", i, org), TwoFactor: true}
			for _, a := range accounts {
				u.Access = append(u.Access, schema.Access{Account: a, SuperAdmin: i == 0, Seats: []string{schema.SeatSales}})
			}
			add(fmt.Sprintf("%s-user-%d", org, i), u)
		}
		add(org, &schema.Organization{Primary: primary, Accounts: accounts, Administrator: org + "-user-0"})
		both := &schema.Feature{}
		for _, a := range accounts[1:] {
			add(a, &schema.Connection{Between: []string{primary, a}, Features: schema.Features{Workflows: both, DataMirroring: both, AssetCopying: both}})
		}
		everywhere := schema.Placement{Accounts: accounts}
		add(org+"-brand", &schema.Property{Placement: everywhere, Object: schema.Contact, Type: schema.TypeEnumeration, Name: "brand", Options: []schema.Option{{Value: "a"}, {Value: "b"}}})
		add(org+"-size", &schema.Property{Placement: everywhere, Object: schema.Company, Type: schema.TypeNumber, Name: "size"})
		add(org+"-sales", &schema.Pipeline{Placement: everywhere, Label: "Sales", Stages: []schema.Stage{{ID: "open"}, {ID: "won", Closed: "won"}}})
		add(org+"-newsletter", &schema.List{Placement: everywhere, Label: "Newsletter"})
		add(org+"-contact-us", &schema.Form{Placement: everywhere, Label: "Contact us", Fields: []string{"email", "firstname", "brand"}})
		add(org+"-welcome", &schema.Email{Placement: schema.Placement{Accounts: accounts[:1]}, Label: "Welcome"})
		add(org+"-news", &schema.SubscriptionType{Placement: everywhere, Label: "News"})
		add(org+"-kit", &schema.AssetCopy{From: primary, To: accounts[1:], Assets: []schema.Asset{{"email": "Welcome"}, {"form": "Contact us"}}})
		for i, a := range accounts[1:] {
			add(fmt.Sprintf("%s-forward-%d", org, i), &schema.Workflow{
				Account: primary,
				Trigger: schema.Trigger{On: "form.submitted", Form: org + "-contact-us", Where: `contact.brand == "a" && contact.country != "US"`},
				Steps: []schema.Step{
					{Wait: "1h"},
					{UpsertContact: &schema.UpsertContact{
						In: a, Target: schema.TargetEnrolled, CreateIfMissing: true, CrossSell: schema.CrossSellYes,
						Consent: &schema.Consent{LegalBasis: "consent", Subscriptions: []string{org + "-news"}},
					}},
				},
			})
			add(fmt.Sprintf("%s-welcome-%d", org, i), &schema.Workflow{
				Account: a,
				Trigger: schema.Trigger{On: "contact.property-changed", Property: schema.CrossSellProperty, Where: `contact.cross_selling_opportunity == "yes"`},
				Steps: []schema.Step{
					{AssignOwner: &schema.AssignOwner{Rotate: []schema.Rotating{{User: org + "-user-0"}, {User: org + "-user-1"}}}},
					{SetProperties: map[string]schema.Value{"brand": {Literal: "a"}}},
				},
			})
		}
	}
	config, duplicates := schema.NewConfig(all)
	if len(duplicates) > 0 {
		t.Fatal("two resources have one address: ", duplicates[0].Ref())
	}
	return schema.Resolve(config)
}

func BenchmarkRules(b *testing.B) {
	for _, organizations := range []int{30, 300, 3000} {
		g := agency(b, organizations)
		if list := check.All(g, nil); list.HasErrors() {
			b.Fatal(list)
		}
		b.Run(fmt.Sprintf("resources=%d", len(g.All())), func(b *testing.B) {
			b.ReportAllocs()
			began := processorTime(b)
			for b.Loop() {
				_ = check.All(g, nil)
			}
			b.ReportMetric(float64((processorTime(b)-began).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}

func BenchmarkConsequences(b *testing.B) {
	g := agency(b, 300)
	facts := map[string]*schema.Facts{}
	for i, r := range g.Of(schema.KindAccount) {
		f := r.Spec.(*schema.Account).Facts
		f.SensitiveData = i%100 == 0
		facts[r.Name] = &f
	}
	for b.Loop() {
		check.Consequences(g, func(account string) *schema.Facts { return facts[account] })
	}
}

// TestRulesGrowWithTheConfiguration holds the rules to costing in proportion to
// what they look at: ten times the organizations take far less than a hundred
// times the processor time.
func TestRulesGrowWithTheConfiguration(t *testing.T) {
	if testing.Short() {
		t.Skip("measures processor time")
	}
	cost := func(organizations int) time.Duration {
		g := agency(t, organizations)
		least := time.Hour
		for range 3 {
			began := processorTime(t)
			_ = check.All(g, nil)
			least = min(least, processorTime(t)-began)
		}
		return least
	}
	one, ten := cost(20), cost(200)
	if ten > 25*max(one, time.Millisecond) {
		t.Errorf("20 organizations take %v, 200 take %v", one, ten)
	}
}

func processorTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
