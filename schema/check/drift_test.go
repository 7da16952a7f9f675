package check_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"accord/diag"
	"accord/schema"
	"accord/schema/check"

	"pgregory.net/rapid"
)

// applied is what was applied in the tests of drift: an organization of three
// accounts, of which two could be the primary, all connected.
const applied = `
kind: Account
metadata: {name: de}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: enterprise}}
---
kind: Account
metadata: {name: fr}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: enterprise}}
---
kind: Account
metadata: {name: us}
spec: {platform: hubspot, hosting: eu1, subscriptions: {sales: professional}}
---
kind: Organization
metadata: {name: acme}
spec: {primary: fr, accounts: [de, fr, us]}
---
kind: Connection
metadata: {name: de-fr}
spec: {between: [de, fr], features: {dataMirroring: {}, workflows: {direction: one-way, from: de}, assetCopying: {}}}
---
kind: Connection
metadata: {name: de-us}
spec: {between: [us, de], features: {workflows: {}}}
---
kind: Email
metadata: {name: welcome}
spec: {accounts: [de], label: Welcome}
---
kind: AssetCopy
metadata: {name: kit}
spec: {from: de, to: [fr], assets: [{email: Welcome}]}
---
kind: Workflow
metadata: {name: forward}
spec:
  account: de
  trigger: {on: contact.created}
  steps:
    - upsertContact: {in: fr, target: enrolled}
    - upsertContact: {in: us, target: enrolled}
---
kind: Workflow
metadata: {name: back}
spec:
  account: us
  trigger: {on: contact.created}
  steps: [{upsertContact: {in: de, target: enrolled}}]
`

func appliedGraph(t testing.TB) *schema.Graph {
	g, _, found := resolve(t, files(applied))
	if found.HasErrors() {
		t.Fatal(found)
	}
	return g
}

// change is the live facts of accounts: those applied, changed.
type change map[string]func(*schema.Facts)

func (c change) of(g *schema.Graph) func(string) *schema.Facts {
	return func(account string) *schema.Facts {
		f := g.Account(account).Facts
		if c[account] == nil {
			return nil
		}
		f.Subscriptions = maps.Clone(f.Subscriptions)
		c[account](&f)
		return &f
	}
}

func tier(hub, tier string) func(*schema.Facts) {
	return func(f *schema.Facts) { f.Subscriptions = map[string]string{hub: tier} }
}

func deactivated(f *schema.Facts) { f.Status = schema.StatusDeactivated }
func sensitive(f *schema.Facts)   { f.SensitiveData = true }
func moved(f *schema.Facts)       { f.Hosting = "na1" }
func both(a, b func(*schema.Facts)) func(*schema.Facts) {
	return func(f *schema.Facts) { a(f); b(f) }
}

func TestConsequences(t *testing.T) {
	const (
		noReachDEUS = "; Workflow/forward reaches us no more; Workflow/back reaches de no more"
		noReachDEFR = "; Workflow/forward and AssetCopy/kit reach fr no more"
	)
	for _, tc := range []struct {
		name   string
		change change
		want   []string // rule account address → after: message
	}{
		{name: "nothing is known", change: change{}},
		{name: "nothing differs", change: change{"de": func(*schema.Facts) {}, "us": func(f *schema.Facts) { f.Type = schema.TypeStandard }}},
		{name: "what gives and takes nothing", change: change{"us": tier("marketing", "enterprise")}},
		{name: "the primary loses Enterprise and another has it", change: change{"fr": tier("marketing", "professional")}},
		{
			name: "a member is downgraded", change: change{"us": tier("sales", "starter")},
			want: []string{
				"account-tier-too-low us Organization/acme → fr: de fr: us has no product at Professional or Enterprise any more: the product removes it from Organization/acme",
				"account-tier-too-low us Connection/de-us → deleted: us has no product at Professional or Enterprise any more: the product deletes Connection/de-us" + noReachDEUS,
			},
		},
		{
			name: "a member moves", change: change{"us": moved},
			want: []string{
				"hosting-location-differs us Organization/acme → fr: de fr: us is hosted in na1 now, its organization in eu1: the product removes it from Organization/acme",
				"hosting-location-differs us Connection/de-us → deleted: us is hosted in na1 now, its organization in eu1: the product deletes Connection/de-us" + noReachDEUS,
			},
		},
		{
			name: "the primary moves, not the others", change: change{"fr": moved},
			want: []string{
				"hosting-location-differs fr Organization/acme → de: de us: fr is hosted in na1 now, its organization in eu1: the product removes it from Organization/acme, of which de becomes the primary",
				"hosting-location-differs fr Connection/de-fr → deleted: fr is hosted in na1 now, its organization in eu1: the product deletes Connection/de-fr" + noReachDEFR,
			},
		},
		{name: "all move together", change: change{"de": moved, "fr": moved, "us": moved}},
		{
			name: "a sandbox", change: change{"us": func(f *schema.Facts) { f.Type = schema.TypeSandbox }},
			want: []string{
				"account-not-eligible us Organization/acme → fr: de fr: us is a sandbox account now: the product removes it from Organization/acme",
				"account-not-eligible us Connection/de-us → deleted: us is a sandbox account now: the product deletes Connection/de-us" + noReachDEUS,
			},
		},
		{
			name: "two leave at once", change: change{"de": both(deactivated, sensitive), "us": moved},
			want: []string{
				"account-deactivated de Organization/acme → fr: fr: de is deactivated: the product removes it from Organization/acme",
				"hosting-location-differs us Organization/acme → fr: fr: us is hosted in na1 now, its organization in eu1: the product removes it from Organization/acme",
				"account-deactivated de Connection/de-fr → deleted: de is deactivated: the product deletes Connection/de-fr" + noReachDEFR,
				"account-deactivated de Connection/de-us → deleted: de is deactivated: the product deletes Connection/de-us" + noReachDEUS,
			},
		},
		{
			name: "nobody has Enterprise any more", change: change{"fr": tier("marketing", "professional"), "de": tier("sales", "enterprise")},
			want: []string{
				"organization-needs-enterprise fr Organization/acme → deleted: no account of Organization/acme has Marketing Hub Enterprise any more: the product deletes the organization",
				"organization-needs-enterprise fr Connection/de-fr → deleted: no account of Organization/acme has Marketing Hub Enterprise any more: the product deletes Connection/de-fr" + noReachDEFR,
				"organization-needs-enterprise fr Connection/de-us → deleted: no account of Organization/acme has Marketing Hub Enterprise any more: the product deletes Connection/de-us" + noReachDEUS,
			},
		},
		{
			name: "who has it is deactivated", change: change{"fr": deactivated, "de": deactivated},
			want: []string{
				"organization-needs-enterprise fr Organization/acme → deleted: no account of Organization/acme has Marketing Hub Enterprise any more: the product deletes the organization",
				"organization-needs-enterprise fr Connection/de-fr → deleted: no account of Organization/acme has Marketing Hub Enterprise any more: the product deletes Connection/de-fr" + noReachDEFR,
				"organization-needs-enterprise fr Connection/de-us → deleted: no account of Organization/acme has Marketing Hub Enterprise any more: the product deletes Connection/de-us" + noReachDEUS,
			},
		},
		{
			name: "a source becomes sensitive", change: change{"de": sensitive},
			want: []string{
				"sensitive-source de Connection/de-fr → dataMirroring from fr, assetCopying: de stores sensitive data now and is no source any more: " +
					"in Connection/de-fr dataMirroring goes one way, from fr, workflows is switched off; Workflow/forward reaches fr no more",
				"sensitive-source de Connection/de-us → workflows from us: de stores sensitive data now and is no source any more: " +
					"in Connection/de-us workflows goes one way, from us; Workflow/forward reaches us no more",
			},
		},
		{
			name: "both ends become sensitive", change: change{"de": sensitive, "us": sensitive},
			want: []string{
				"sensitive-source de Connection/de-fr → dataMirroring from fr, assetCopying: de stores sensitive data now and is no source any more: " +
					"in Connection/de-fr dataMirroring goes one way, from fr, workflows is switched off; Workflow/forward reaches fr no more",
				"sensitive-source de Connection/de-us → : de and us store sensitive data now and are no source any more: " +
					"in Connection/de-us workflows is switched off" + noReachDEUS,
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := appliedGraph(t)
			var got []string
			for _, c := range check.Consequences(g, tc.change.of(g)) {
				got = append(got, fmt.Sprintf("%s %s %v → %s: %s", c.Rule, c.Account, c.Ref, left(c.After), c.Message))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(tc.want, "\n\t"))
			}
		})
	}
}

func left(r *schema.Resource) string {
	if r == nil {
		return "deleted"
	}
	switch s := r.Spec.(type) {
	case *schema.Organization:
		return s.Primary + ": " + strings.Join(s.Accounts, " ")
	case *schema.Connection:
		var out []string
		for _, name := range schema.FeatureNames {
			switch f := s.Feature(name); {
			case f == nil:
			case f.From == "":
				out = append(out, name)
			default:
				out = append(out, name+" from "+f.From)
			}
		}
		return strings.Join(out, ", ")
	}
	return "?"
}

func TestConsequencesChangeNothing(t *testing.T) {
	g := appliedGraph(t)
	before := canonical(g)
	check.Consequences(g, change{"de": sensitive, "us": moved}.of(g))
	if after := canonical(g); before != after {
		t.Errorf("the applied configuration was changed:\n%s\n%s", before, after)
	}
}

func canonical(g *schema.Graph) string {
	var b strings.Builder
	for _, r := range g.All() {
		b.Write(r.Canonical())
		b.WriteByte('\n')
	}
	return b.String()
}

// TestConsequencesMendWhatTheFactsBreak carries the consequences of any facts
// out and looks at what is left: none of the rules that have a consequence finds
// anything there, and the same facts have no consequence any more. The one
// exception is a primary that has lost Enterprise while another member has it:
// the product leaves that organization alone.
func TestConsequencesMendWhatTheFactsBreak(t *testing.T) {
	g := appliedGraph(t)
	rapid.Check(t, func(rt *rapid.T) {
		facts := map[string]*schema.Facts{}
		for _, name := range g.Names(schema.KindAccount) {
			if rapid.Bool().Draw(rt, "known") {
				facts[name] = &schema.Facts{
					Platform:      schema.HubSpot,
					Type:          rapid.SampledFrom([]string{"", "", schema.TypeSandbox}).Draw(rt, "type"),
					Status:        rapid.SampledFrom([]string{"", "", schema.StatusDeactivated}).Draw(rt, "status"),
					Hosting:       rapid.SampledFrom([]string{"eu1", "eu1", "na1"}).Draw(rt, "hosting"),
					SensitiveData: rapid.Bool().Draw(rt, "sensitive"),
					Subscriptions: map[string]string{
						"marketing": rapid.SampledFrom([]string{"starter", "professional", "enterprise"}).Draw(rt, "marketing"),
					},
				}
			}
		}
		live := func(account string) *schema.Facts { return facts[account] }
		after := map[schema.Ref]*schema.Resource{}
		for _, c := range check.Consequences(g, live) {
			after[c.Ref] = c.After
		}
		var left []*schema.Resource
		for _, r := range g.All() {
			if changed, ok := after[r.Ref()]; ok {
				if changed == nil {
					continue
				}
				r = changed
			}
			if a, ok := r.Spec.(*schema.Account); ok && facts[r.Name] != nil {
				copied := *r
				copied.Spec = &schema.Account{Facts: *facts[r.Name], API: a.API}
				r = &copied
			}
			left = append(left, r)
		}
		config, _ := schema.NewConfig(left)
		mended := schema.Resolve(config)
		mends := []string{
			"organization-needs-enterprise", "account-tier-too-low", "account-not-eligible", "account-deactivated",
			"hosting-location-differs", "sensitive-source", "connection-outside-organization",
		}
		for _, d := range check.All(mended, nil) {
			if slices.Contains(mends, d.Rule) && d.Severity == diag.Error &&
				(d.Rule != "organization-needs-enterprise" || !strings.HasPrefix(d.Help, "Make ")) {
				rt.Fatalf("after the consequences of %v: %v", facts, d)
			}
		}
		if again := check.Consequences(mended, live); len(again) > 0 {
			rt.Fatalf("the same facts have consequences again: %v", again)
		}
	})
}
