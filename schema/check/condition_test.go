package check_test

import (
	"strings"
	"testing"

	"accord/schema/check"
)

func TestConditions(t *testing.T) {
	const declared = `
kind: Property
metadata: {name: territory}
spec: {accounts: [acme-de], object: contact, type: enumeration, options: [north, south]}
---
kind: Property
metadata: {name: total}
spec: {accounts: [acme-de], object: invoice, type: number}
---
kind: Pipeline
metadata: {name: sales}
spec: {accounts: [acme-de], label: Sales, stages: [{id: new}, {id: done}]}
---
kind: Form
metadata: {name: ask}
spec: {accounts: [acme-de], label: Ask, fields: [email, territory]}
---
kind: List
metadata: {name: people}
spec: {accounts: [acme-de], label: People}
---`
	for name, text := range map[string]string{
		"standard and declared": workflowIn(`contact.created, where: 'contact.country == "US" && contact.territory == "north"'`, `
    - wait: 1d
`),
		"unknown property, inside a block": `
kind: Workflow
metadata: {name: w}
spec:
  account: acme-de
  trigger:
    on: contact.created
    where: |
      contact.country == "US" &&
      contact.teritory == "north"
  steps: [{wait: 1d}]
`,
		"no boolean": workflowIn("contact.created", `
    - wait: 1d
  exitWhen: contact.country # want condition-invalid 13 error
`),
		"not compiled": workflowIn("contact.created", `
    - wait: 1d
  suppress: contact.country == # want condition-invalid 31 error
`),
		"never": workflowIn("contact.created", `
    - if: contact.territory == "east" # want condition-never-holds 32 warning
      then:
        - wait: 1d
`),
		"never, of two": workflowIn("contact.created", `
    - if: contact.territory in ["north", "west"] # want condition-never-holds 42 warning
      then:
        - wait: 1d
`),
		"a stage": workflowIn("deal.created", `
    - if: deal.dealstage == "done" && deal.pipeline == "sales"
      then:
        - wait: 1d
`),
		"no stage": workflowIn("deal.created", `
    - if: deal.dealstage == "won" # want condition-never-holds 29 warning
      then:
        - wait: 1d
`),
		"no pipeline": workflowIn("deal.created", `
    - if: deal.pipeline == "service" # want condition-never-holds 28 warning
      then:
        - wait: 1d
`),
		"the event": workflowIn(`contact.property-changed, property: territory, where: 'event.old == "north" && event.new == "south"'`, `
    - if: event.property == "territory" && event.at > "2026-01-01"
      then:
        - wait: 1d
`),
		"the event, with the options of what changed": `
kind: Workflow
metadata: {name: w}
spec:
  account: acme-de
  trigger:
    on: contact.property-changed
    property: territory
    where: event.new == "east" # want condition-never-holds 25 warning
  steps: [{wait: 1d}]
`,
		"no event where a person starts it": workflowIn("manual, object: contact", `
    - wait: 1d
  exitWhen: event.new == "a" # want condition-invalid 13 error
`),
		"the form's fields": workflowIn("form.submitted, form: ask", `
    - if: form.territory == "north" && contact.city == "Bonn"
      then:
        - wait: 1d
    - if: form.city == "Bonn" # want condition-invalid 16 error
      then:
        - wait: 1d
`),
		"no form elsewhere": workflowIn("list.joined, list: people", `
    - wait: 1d
  suppress: form.email != "" # want condition-invalid 13 error
`),
		"the company of a contact": workflowIn("contact.created", `
    - if: company.numberofemployees > 10 && company.industry == "retail"
      then:
        - wait: 1d
`),
		"no deal of a contact": workflowIn("contact.created", `
    - wait: 1d
  suppress: deal.amount > 1 # want condition-invalid 13 error
`),
		"the contacts of a deal": workflowIn("deal.created", `
    - if: contacts.exists(c, c.territory == "north")
      then:
        - wait: 1d
`),
		"no contacts of a company": workflowIn("company.created", `
    - if: contacts.exists(c, c.territory == "north") # want condition-invalid 11 error
      then:
        - wait: 1d
`),
		"a custom object is record": workflowIn("invoice.created", `
    - if: record.total > 1
      then:
        - wait: 1d
    - if: invoice.total > 1 # want condition-invalid 11 error
      then:
        - wait: 1d
`),
		"a list's": `
kind: List
metadata: {name: north}
spec:
  accounts: [acme-de]
  label: North
  membership:
    where: contact.territory == "north" && contact.contry == "DE" # want condition-invalid 52 error
`,
		"a list of deals sees deals": `
kind: List
metadata: {name: big}
spec:
  accounts: [acme-de]
  object: deal
  label: Big
  membership:
    where: deal.amount > 1000 && contact.country == "DE" # want condition-invalid 34 error
`,
		"a policy's": `
kind: Policy
metadata: {name: p}
spec:
  on: resource
  where: resource.kind == "Conection" # want condition-never-holds 27 warning
  message: no
---
kind: Policy
metadata: {name: q}
spec:
  on: change
  where: change.knd == "Connection" # want condition-invalid 17 error
  message: no
---
kind: Policy
metadata: {name: r}
spec:
  on: flow
  where: resource.kind == "Connection" # want condition-invalid 10 error
  message: no
`,
		"in an account that is not declared": strings.Replace(workflowIn("contact.created", `
    - wait: 1d
  suppress: nonsense
`), "account: acme-de", "account: acme-dd # want reference-unknown 12 error", 1),
		"on a property whose document has a finding": workflowIn("contact.created", `
    - wait: 1d
  suppress: contact.region == "a" && contact.contry == "b" # want condition-invalid 46 error
---
kind: Property
metadata: {name: region}
spec: {accounts: [acme-de], object: contact, type: strin} # want schema 52 error
`),
	} {
		t.Run(name, func(t *testing.T) {
			text = strings.Replace(text, "message: no\n", "message: \"no\"\n", -1)
			if strings.Contains(name, "block") {
				expect(t, connected+declared+text, "condition-invalid main.yaml:71:15 error")
				return
			}
			expect(t, connected+declared+text)
		})
	}
}

// A list that lives in several accounts is typed by each of them.
func TestConditionInSomeAccounts(t *testing.T) {
	d := findingOf(t, "condition-invalid", connected+`
kind: Property
metadata: {name: territory}
spec: {accounts: [acme-de], object: contact, type: string}
---
kind: List
metadata: {name: north}
spec:
  accounts: [acme-de, acme-us]
  label: North
  membership: {where: contact.territory == "north"}
`)
	if !strings.HasPrefix(d.Message, "in acme-us: ") {
		t.Errorf("message %q does not say in which account", d.Message)
	}
}

// Every condition of every kind is compiled: a mistake in each is found.
func TestEveryConditionIsChecked(t *testing.T) {
	text := extended + `
kind: Workflow
metadata: {name: w}
spec:
  account: acme-de
  trigger: {on: contact.created, where: x1}
  suppress: x2
  exitWhen: x3
  steps:
    - if: x4
      then:
        - setProperties: {city: {cel: x5}}
      else:
        - upsertContact: {in: acme-us, target: enrolled, properties: {city: {cel: x6}}}
        - createDeal: {in: acme-us, target: last-updated, pipeline: source, properties: {amount: {cel: x7}}}
---
kind: List
metadata: {name: l}
spec: {accounts: [acme-de], label: L, membership: {where: x8}}
---
kind: Policy
metadata: {name: p}
spec: {on: resource, where: x9, message: "no"}
`
	n := 0
	for _, d := range findings(t, files(text)) {
		if d.Rule == "condition-invalid" {
			n++
		}
	}
	if n != 9 {
		t.Errorf("%d of 9 mistakes are found", n)
	}
	if check.Named("condition-invalid").Changeable() {
		t.Error("condition-invalid is an error and stays one")
	}
}

func TestConditionHelpsAreSentences(t *testing.T) {
	for condition, help := range map[string]string{
		`'contact.emial == "a"'`:        `Did you mean "email"? It has `,
		`'contact.country == null'`:     "Ask has(contact.country)",
		`'contact.country == "US" && '`: "",
	} {
		d := findingOf(t, "condition-invalid", connected+workflowIn("contact.created, where: "+condition, "\n    - wait: 1d\n"))
		if !strings.HasPrefix(d.Help, help) || strings.ToUpper(d.Help[:min(1, len(d.Help))]) != d.Help[:min(1, len(d.Help))] {
			t.Errorf("%s: help %q, want %q", condition, d.Help, help)
		}
	}
}

// The statement of condition-never-holds is about a value, wherever it stands.
func TestNeverHoldsWhereverItStands(t *testing.T) {
	for condition, found := range map[string]bool{
		`contact.lifecyclestage == "custommer"`:                            true,
		`contact.lifecyclestage in ["customer", "custommer"]`:              true,
		`contact.country == "US" || contact.lifecyclestage == "custommer"`: true,
		`has(contact.country) && !(contact.lifecyclestage == "custommer")`: true,
		`contact.country == ""`:                                            true,
		`contact.lifecyclestage != "custommer"`:                            false,
		`contact.lifecyclestage in ["customer", "lead"]`:                   false,
	} {
		list := findings(t, files(connected+workflowIn("contact.created, where: '"+condition+"'", "\n    - wait: 1d\n")))
		if got := len(list) == 1 && list[0].Rule == "condition-never-holds"; got != found || len(list) > 1 {
			t.Errorf("%s: %v, want a finding: %v", condition, list, found)
		}
	}
}
