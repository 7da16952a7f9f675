package check_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"accord/schema"
	"accord/schema/check"
)

// crossSell is a workflow of one account that writes the cross-selling
// opportunity in the other when its own changes, as often as it does.
func crossSell(name, account, where, in, value, more string) string {
	if where != "" {
		where = ", where: '" + where + "'"
	}
	return fmt.Sprintf(`
---
kind: Workflow
metadata: {name: %s}
spec:
  account: %s
  trigger: {on: contact.property-changed, property: cross_selling_opportunity%s}
  reenroll: true
  steps:
    - upsertContact:
        in: %s
        target: enrolled
        crossSell: "%s"
        %s
`, name, account, where, in, value, more)
}

// deal is a workflow of one account that creates a deal in the other.
func deal(name, account, trigger, in, properties string) string {
	return fmt.Sprintf(`
---
kind: Workflow
metadata: {name: %s}
spec:
  account: %s
  trigger: {on: %s}
  steps:
    - createDeal: {in: %s, target: enrolled, %s}
`, name, account, trigger, in, properties)
}

func TestLoops(t *testing.T) {
	const overwrite = "existing: overwrite"
	const yes, no = `contact.cross_selling_opportunity == "yes"`, `contact.cross_selling_opportunity == "no"`
	sync := func(name, account, in, reenroll, existing string) string {
		return fmt.Sprintf(`
---
kind: Workflow
metadata: {name: %s}
spec:
  account: %s
  trigger: {on: contact.property-changed, property: phone}
  reenroll: %s
  steps:
    - upsertContact: {in: %s, target: enrolled, properties: [phone], existing: %s}
`, name, account, reenroll, in, existing)
	}
	for _, tc := range []struct {
		name, text string
		want       []string // the ways around, in the order of their places
	}{
		{
			"deals create each other, though each enrolls once", connected +
				deal("a", "acme-de", "deal.created", "acme-us", "pipeline: source") +
				deal("b", "acme-us", "deal.created", "acme-de", "pipeline: source"),
			[]string{`these workflows can trigger each other for ever: ` +
				`Workflow/a creates a deal in acme-us (dealstage = a copied value, pipeline = a copied value) → ` +
				`Workflow/b creates a deal in acme-de (dealstage = a copied value, pipeline = a copied value) → Workflow/a`},
		},
		{"a deal that does not meet the condition", connected +
			deal("a", "acme-de", "deal.created, where: deal.amount > 1000", "acme-us", "pipeline: source, properties: [amount]") +
			deal("b", "acme-us", "deal.created", "acme-de", "pipeline: source"), // without an amount
			nil},
		{
			"a deal that meets the condition", connected +
				deal("a", "acme-de", "deal.created, where: deal.amount > 1000", "acme-us", "pipeline: source, properties: [amount]") +
				deal("b", "acme-us", "deal.matches, where: deal.amount > 10", "acme-de", "pipeline: source, properties: [amount]"),
			[]string{"Workflow/a creates a deal in acme-us (amount = a copied value, "},
		},
		{
			"a stage that does not meet the condition", connected +
				deal("a", "acme-de", "'deal.property-changed', property: dealstage, where: 'deal.dealstage == \"closedwon\"'", "acme-us", "pipeline: source") +
				deal("b", "acme-us", "deal.created", "acme-de", "pipeline: {name: default, stage: qualifiedtobuy}"),
			nil,
		},
		{
			"a stage that meets the condition", connected +
				deal("a", "acme-de", "'deal.property-changed', property: dealstage, where: 'deal.dealstage == \"closedwon\"'", "acme-us", "pipeline: source") +
				deal("b", "acme-us", "deal.created", "acme-de", "pipeline: {name: default, stage: closedwon}"),
			[]string{`Workflow/b creates a deal in acme-de (dealstage = "closedwon", pipeline = "default") → Workflow/a`},
		},
		{"constants on created deals", connected +
			deal("a", "acme-de", "deal.property-changed, property: amount", "acme-us", "pipeline: source") +
			deal("b", "acme-us", "deal.property-changed, property: amount", "acme-de", "pipeline: source") + `
---
kind: Workflow
metadata: {name: c}
spec:
  account: acme-us
  trigger: {on: deal.created}
  steps: [{setProperties: {amount: 1}}]
---
kind: Workflow
metadata: {name: d}
spec:
  account: acme-de
  trigger: {on: deal.created}
  steps: [{setProperties: {amount: 2}}]
`, []string{"Workflow/a creates a deal in acme-us (dealstage = a copied value, pipeline = a copied value) → " +
			"Workflow/c sets deal.amount of acme-us to 1 → Workflow/b creates a deal in acme-de"}},
		{"creations of contacts come to rest, whatever reenroll says", connected + `
kind: Workflow
metadata: {name: a}
spec:
  account: acme-de
  trigger: {on: contact.created}
  reenroll: true
  steps: [{upsertContact: {in: acme-us, target: enrolled, createIfMissing: true}}]
---
kind: Workflow
metadata: {name: b}
spec:
  account: acme-us
  trigger: {on: contact.created}
  reenroll: true
  steps: [{upsertContact: {in: acme-de, target: enrolled, createIfMissing: true}}]
`, nil},
		{"contacts with an address that is computed are new ones", extended + `
kind: Workflow
metadata: {name: a}
spec:
  account: acme-de
  trigger: {on: contact.created}
  steps: [{upsertContact: {in: acme-us, target: enrolled, createIfMissing: true, properties: {email: {cel: '"x" + contact.email'}}}}]
---
kind: Workflow
metadata: {name: b}
spec:
  account: acme-us
  trigger: {on: contact.created}
  steps: [{upsertContact: {in: acme-de, target: enrolled, createIfMissing: true, properties: {email: {cel: '"x" + contact.email'}}}}]
`, []string{"Workflow/a creates a contact in acme-us (email = a computed value, "}},
		{"one constant comes to rest", connected +
			crossSell("a", "acme-de", "", "acme-us", "yes", overwrite) + crossSell("b", "acme-us", "", "acme-de", "yes", overwrite), nil},
		{"a constant for each account comes to rest", connected +
			crossSell("a", "acme-de", "", "acme-us", "yes", overwrite) + crossSell("b", "acme-us", "", "acme-de", "no", overwrite), nil},
		{
			"two constants for one property do not", connected +
				crossSell("a", "acme-de", yes, "acme-us", "no", overwrite) + crossSell("b", "acme-de", no, "acme-us", "yes", overwrite) +
				crossSell("c", "acme-us", yes, "acme-de", "yes", overwrite) + crossSell("d", "acme-us", no, "acme-de", "no", overwrite),
			[]string{`Workflow/a sets contact.cross_selling_opportunity of acme-us to "no" → ` +
				`Workflow/d sets contact.cross_selling_opportunity of acme-de to "no" → ` +
				`Workflow/b sets contact.cross_selling_opportunity of acme-us to "yes" → ` +
				`Workflow/c sets contact.cross_selling_opportunity of acme-de to "yes" → Workflow/a`},
		},
		{"two constants, kept", connected +
			crossSell("a", "acme-de", yes, "acme-us", "no", "") + crossSell("b", "acme-de", no, "acme-us", "yes", "") +
			crossSell("c", "acme-us", yes, "acme-de", "yes", "") + crossSell("d", "acme-us", no, "acme-de", "no", ""), nil},
		{"two constants that do not meet the conditions", connected +
			crossSell("a", "acme-de", yes, "acme-us", "no", overwrite) + crossSell("b", "acme-de", no, "acme-us", "yes", overwrite) +
			crossSell("c", "acme-us", yes, "acme-de", "no", overwrite) + crossSell("d", "acme-us", `contact.country == "US" && `+yes+" && "+no, "acme-de", "yes", overwrite), nil},
		{
			"kept, but cleared", connected +
				crossSell("a", "acme-de", "", "acme-us", "yes", "") + crossSell("b", "acme-de", "", "acme-us", "clear", "") +
				crossSell("c", "acme-us", yes, "acme-de", "yes", "") + crossSell("d", "acme-us", `!has(contact.cross_selling_opportunity)`, "acme-de", "clear", ""),
			[]string{"Workflow/a sets", "Workflow/b sets"},
		},
		{
			"copied both ways", extended + sync("a", "acme-de", "acme-us", "true", "overwrite") + sync("b", "acme-us", "acme-de", "true", "overwrite"),
			[]string{"Workflow/a sets contact.phone of acme-us to a copied value → Workflow/b sets contact.phone of acme-de to a copied value → Workflow/a"},
		},
		{
			"copied both ways, not more often than a week", extended + sync("a", "acme-de", "acme-us", "{cooldown: 1w}", "overwrite") + sync("b", "acme-us", "acme-de", "true", "overwrite"),
			[]string{"Workflow/a"},
		},
		{"copied both ways, one enrolls once", extended + sync("a", "acme-de", "acme-us", "false", "overwrite") + sync("b", "acme-us", "acme-de", "true", "overwrite"), nil},
		{"copied both ways, one is bounded", extended + sync("a", "acme-de", "acme-us", "true", "overwrite") + sync("b", "acme-us", "acme-de", "{max: 5}", "overwrite"), nil},
		{"copied both ways, one keeps", extended + sync("a", "acme-de", "acme-us", "true", "keep") + sync("b", "acme-us", "acme-de", "true", "overwrite"), nil},
		{"copied both ways, one is disabled", extended + sync("a", "acme-de", "acme-us", "true\n  enabled: false", "overwrite") + sync("b", "acme-us", "acme-de", "true", "overwrite"), nil},
		{"copied one way alone, for the connection goes one way", strings.Replace(extended, "workflows: {}", "workflows: {direction: one-way, from: acme-de}", 1) +
			sync("a", "acme-de", "acme-us", "true", "overwrite"), nil},
		{"an association does not make a new contact", connected + deal("a", "acme-de", "deal.created", "acme-us", "pipeline: source") + `
---
kind: Workflow
metadata: {name: b}
spec:
  account: acme-us
  trigger: {on: deal.created}
  steps: [{upsertContact: {in: acme-de, target: last-updated, crossSell: "yes"}}]
---
kind: Workflow
metadata: {name: c}
spec:
  account: acme-de
  trigger: {on: contact.property-changed, property: cross_selling_opportunity}
  steps: [{createDeal: {in: acme-us, target: last-updated, pipeline: source}}]
`, nil},
		{"itself", connected + workflowIn("deal.property-changed, property: amount", `
    - setProperties: {amount: {cel: deal.amount + 1}}
  reenroll: true
`), []string{"this workflow can trigger itself for ever: Workflow/w sets deal.amount of acme-de to a computed value → Workflow/w"}},
		{"itself, once", connected + workflowIn("deal.property-changed, property: amount", `
    - setProperties: {amount: {cel: deal.amount + 1}}
`), nil},
		{"a list that it fills", connected + `
kind: List
metadata: {name: people}
spec: {accounts: [acme-de], label: People}
---` + workflowIn("list.joined, list: people", `
    - assignOwner: {user: anna, list: people}
  reenroll: true
`), nil},
		{"a list that fills itself", connected + `
kind: List
metadata: {name: big}
spec: {accounts: [acme-de], object: deal, label: Big, membership: {where: deal.amount > 10}}
---` + workflowIn("list.joined, list: big", `
    - setProperties: {amount: {cel: deal.amount - 10}}
  reenroll: true
`), []string{"this workflow can trigger itself for ever"}},
		{
			"two loops through one workflow", extended + sync("a", "acme-de", "acme-us", "true", "overwrite") +
				sync("b", "acme-us", "acme-de", "true", "overwrite") + sync("c", "acme-us", "acme-de", "true", "overwrite"),
			[]string{"Workflow/b sets", "Workflow/c sets"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, d := range findings(t, files(tc.text)) {
				switch d.Rule {
				case "workflow-loop":
					got = append(got, d.Message)
					if d.Severity.String() != "warning" || d.Line == 0 || d.Help == "" {
						t.Errorf("%+v", d)
					}
				case "follow-up-missing", "consent-missing":
				default:
					t.Errorf("another finding: %v", d)
				}
			}
			ok := len(got) == len(tc.want)
			for i := range min(len(got), len(tc.want)) {
				ok = ok && strings.Contains(got[i], tc.want[i])
			}
			if !ok {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

// The place is the step that makes the effect, in the workflow that comes first
// by name; the others are beside it.
func TestLoopPositions(t *testing.T) {
	text := connected + deal("b", "acme-us", "deal.created", "acme-de", "pipeline: source") + deal("a", "acme-de", "deal.created", "acme-us", "pipeline: source")
	d := findingOf(t, "workflow-loop", text)
	if d.Address != "Workflow/a" || d.Position.String() != "main.yaml:55:19" {
		t.Errorf("at %v in %s", d.Position, d.Address)
	}
	if len(d.Related) != 1 || d.Related[0].Position.String() != "main.yaml:45:19" {
		t.Errorf("related %v", d.Related)
	}
}

// Thousands of workflows that all set each other off are one mistake, and found
// in the time of many.
func TestLoopsOfMany(t *testing.T) {
	const n = 2000
	var all []*schema.Resource
	add := func(name string, s schema.Spec) {
		all = append(all, &schema.Resource{Kind: s.Kind(), Name: name, Spec: s})
	}
	for _, a := range []string{"a", "b"} {
		add(a, &schema.Account{Facts: schema.Facts{Platform: schema.HubSpot, Hosting: "eu1", Subscriptions: map[string]string{"marketing": "enterprise"}}})
	}
	add("o", &schema.Organization{Primary: "a", Accounts: []string{"a", "b"}, Limits: schema.LimitsExtended})
	add("c", &schema.Connection{Between: []string{"a", "b"}, Features: schema.Features{Workflows: &schema.Feature{}}})
	for i := range n {
		from, to := "a", "b"
		if i%2 == 1 {
			from, to = to, from
		}
		add(fmt.Sprintf("w%04d", i), &schema.Workflow{
			Account:  from,
			Trigger:  schema.Trigger{On: "contact.property-changed", Property: "phone"},
			Reenroll: &schema.Reenroll{},
			Steps: []schema.Step{{UpsertContact: &schema.UpsertContact{
				In: to, Target: schema.TargetEnrolled, Existing: schema.ExistingOverwrite, Properties: &schema.Copies{Names: []string{"phone"}},
			}}},
		})
	}
	c, _ := schema.NewConfig(all)
	start := time.Now()
	loops := 0
	for _, d := range check.All(schema.Resolve(c), nil) {
		if d.Rule == "workflow-loop" {
			loops++
		} else if d.Severity.String() == "error" {
			t.Fatal(d)
		}
	}
	if loops == 0 {
		t.Error("no loop is found")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("%d workflows that all set each other off took %v", n, took)
	} else {
		t.Logf("%d loops in %v", loops, took)
	}
}
