package check_test

import (
	"strings"
	"testing"
)

// connected is the group with workflows that go both ways.
const connected = group + `
kind: Connection
metadata: {name: de-us}
spec: {between: [acme-de, acme-us], features: {workflows: {}}}
---
kind: SubscriptionType
metadata: {name: news}
spec: {accounts: [acme-de, acme-us], label: News}
---
`

// extended is the same with limits: extended.
var extended = strings.Replace(connected, "administrator: anna}", "administrator: anna, limits: extended}", 1)

// takeUp takes up what is created in acme-us.
const takeUp = `
---
kind: Workflow
metadata: {name: take-up}
spec:
  account: acme-us
  trigger: {on: contact.created}
  steps:
    - setSubscriptions: {news: {status: subscribed, legalBasis: consent}}
    - setMarketingContact: true
`

// workflowIn is a workflow of acme-de on a trigger, with these steps.
func workflowIn(trigger, steps string) string {
	return `
kind: Workflow
metadata: {name: w}
spec:
  account: acme-de
  trigger: {on: ` + trigger + `}
  steps:` + steps
}

func TestSubscription(t *testing.T) {
	const one = `
kind: Workflow
metadata: {name: w}
spec:
  account: shop
  trigger: {on: contact.created}
  steps: [{setMarketingContact: true}]
`
	for name, text := range map[string]string{
		"Professional of any product": account("shop", "subscriptions: {content: professional}") + one,
		"Enterprise":                  account("shop", "subscriptions: {sales: enterprise}") + one,
		"Starter of every product": account("shop", "subscriptions: {sales: starter, marketing: starter}") +
			strings.Replace(one, "account: shop", "account: shop # want workflows-need-professional 12 error", 1),
		"no subscription": account("shop", "status: active") +
			strings.Replace(one, "account: shop", "account: shop # want workflows-need-professional 12 error", 1),
		"a brevo account has none":                         "kind: Account\nmetadata: {name: shop}\nspec: {platform: brevo}\n---\n" + one,
		"an account that is not declared is another cause": strings.Replace(one, "account: shop", "account: shop # want reference-unknown 12 error", 1),
	} {
		t.Run(name, func(t *testing.T) { expect(t, text) })
	}
}

func TestConnected(t *testing.T) {
	forward := func(comment string) string {
		return workflowIn("contact.created", `
    - upsertContact:
        in: acme-us`+comment+`
        target: enrolled
        createIfMissing: true
`) + takeUp
	}
	const news = "kind: SubscriptionType\nmetadata: {name: news}\nspec: {accounts: [acme-us], label: News}\n---"
	connection := func(features string) string {
		return group + "kind: Connection\nmetadata: {name: de-us}\nspec: {between: [acme-us, acme-de], features: {" + features + "}}\n---\n" +
			news
	}
	const want = " # want workflow-not-connected 13 error"
	for name, text := range map[string]string{
		"two-way":             connection("workflows: {}") + forward(""),
		"one-way there":       connection("workflows: {direction: one-way, from: acme-de}") + forward(""),
		"one-way back":        connection("workflows: {direction: one-way, from: acme-us}") + forward(want),
		"another feature":     connection("dataMirroring: {}") + forward(want),
		"no connection":       group + news + forward(want),
		"the account itself":  connected + strings.Replace(forward(want), "in: acme-us", "in: acme-de", 1),
		"an unknown account":  connected + strings.Replace(forward(" # want reference-unknown 13 error"), "in: acme-us", "in: acme-uk", 1),
		"a connection of two": connection("workflows: {direction: one-way, from: acme-de}, assetCopying: {}") + forward(""),
		"one finding for two steps": group + workflowIn("deal.created", `
    - createDeal: {in: acme-us, target: enrolled, pipeline: source} # want workflow-not-connected 24 error
    - if: deal.amount > 1
      then:
        - createDeal: {in: acme-us, target: enrolled, pipeline: source}
`),
		"a connection with a finding of its own": group + workflowIn("deal.created", `
    - createDeal: {in: acme-us, target: enrolled, pipeline: source}
---
kind: Connection
metadata: {name: de-us}
spec: {between: [acme-de, acme-us], feature: {workflows: {}}} # want schema 37 error
`),
	} {
		t.Run(name, func(t *testing.T) { expect(t, text) })
	}
	d := findingOf(t, "workflow-not-connected", connection("dataMirroring: {}")+forward(""))
	if d.Message != "acme-de has no workflows connection to acme-us" || d.EndColumn != 20 ||
		d.Help != "Add the feature `workflows` to Connection/de-us (main.yaml:26), or choose another account." {
		t.Errorf("%+v", d)
	}
}

func TestInOrganization(t *testing.T) {
	accounts := account("acme-de", "subscriptions: {sales: professional}") + account("acme-us", "subscriptions: {sales: professional}")
	deal := func(comment string) string {
		return strings.Replace(workflowIn("deal.created", `
    - createDeal: {in: acme-us, target: enrolled, pipeline: source}
`), "account: acme-de", "account: acme-de"+comment, 1)
	}
	for name, text := range map[string]string{
		"in one":                  connected + deal(""),
		"in none, not connected":  accounts + deal(" # want workflow-account-not-in-organization 12 error"),
		"no action on another":    accounts + workflowIn("contact.created", "\n    - setMarketingContact: true\n"),
		"the target is in none":   account("acme-fr", "subscriptions: {sales: professional}") + group + strings.Replace(deal(""), "in: acme-us, target: enrolled, pipeline: source}", "in: acme-fr, target: enrolled, pipeline: source} # want workflow-not-connected 24 error", 1),
		"two actions, one cause":  accounts + deal(" # want workflow-account-not-in-organization 12 error") + "    - createDeal: {in: acme-us, target: enrolled, pipeline: source}\n",
		"only in another account": accounts + account("acme-fr", "subscriptions: {marketing: enterprise}") + "kind: Organization\nmetadata: {name: o}\nspec: {primary: acme-fr, accounts: [acme-fr, acme-us]}\n---" + deal(" # want workflow-account-not-in-organization 12 error"),
	} {
		t.Run(name, func(t *testing.T) { expect(t, text) })
	}
}

func TestTargets(t *testing.T) {
	const objects = `
kind: Property
metadata: {name: total}
spec: {accounts: [acme-de], object: invoice, type: number}
---
kind: Form
metadata: {name: ask}
spec: {accounts: [acme-de], label: Ask, fields: [email]}
---
kind: List
metadata: {name: people}
spec: {accounts: [acme-de], label: People}
---
kind: List
metadata: {name: deals}
spec: {accounts: [acme-de], label: Deals, object: deal}
---`
	contact := func(target, comment string) string {
		return "\n    - upsertContact: {in: acme-us, createIfMissing: true, target: " + target + "}" + comment + "\n"
	}
	deal := func(target, comment string) string {
		return "\n    - createDeal: {in: acme-us, pipeline: source, target: " + target + "}" + comment + "\n"
	}
	const wantContact, wantDeal = " # want target-does-not-fit-trigger 67 error", " # want target-does-not-fit-trigger 59 error"
	for _, tc := range []struct{ name, trigger, steps string }{
		{"contact, contact", "contact.created", contact("enrolled", "")},
		{"contact, contact by association", "contact.created", contact("last-updated", wantContact)},
		{"contact, deal", "contact.created", deal("all-associated", "")},
		{"contact, enrolled deal", "contact.created", deal("enrolled", wantDeal)},
		{"deal, deal", "deal.created", deal("enrolled", "")},
		{"deal, deal by association", "deal.created", deal("all-associated", wantDeal)},
		{"deal, contact", "deal.created", contact("last-updated", "")},
		{"deal, enrolled contact", "deal.created", contact("enrolled", wantContact)},
		{"form, contact", "form.submitted, form: ask", contact("enrolled", "")},
		{"form, contact by association", "form.submitted, form: ask", contact("all-associated", wantContact)},
		{"list of contacts", "list.joined, list: people", contact("enrolled", "")},
		{"list of deals", "list.joined, list: deals", contact("enrolled", wantContact)},
		{"list of deals, deal", "list.left, list: deals", deal("enrolled", "")},
		{"list that there is not", "list.left, list: others} # want reference-unknown 34 error\n  enabled: true #", deal("enrolled", "")},
		{"company, either", "company.created", contact("last-updated", "") + deal("last-updated", "")[1:]},
		{"company, enrolled", "company.created", contact("enrolled", wantContact)},
		{"manual of contacts", "manual, object: contact", contact("enrolled", "")},
		{"manual of deals", "manual, object: deal", deal("enrolled", "")},
		{"manual of companies", "manual, object: company", deal("enrolled", wantDeal)},
		{"custom object", "invoice.created", contact("enrolled", wantContact)},
	} {
		t.Run(tc.name, func(t *testing.T) { expect(t, connected+objects+workflowIn(tc.trigger, tc.steps)+"\n---"+takeUp) })
	}
}

func TestContactSource(t *testing.T) {
	for name, text := range map[string]string{
		"a contact is enrolled": workflowIn("contact.created, where: contact.country == 'US'", `
    - setMarketingContact: true
`),
		"a form's contact": `
kind: Form
metadata: {name: ask}
spec: {accounts: [acme-de], label: Ask, fields: [email]}
---` + workflowIn("form.submitted, form: ask, where: contact.country == 'US'", `
    - assignOwner: {user: anna}
`),
		"each step on a contact": workflowIn("deal.created", `
    - setProperties: {amount: 1}
    - assignOwner: {user: anna} # want contact-source-missing 7 error
    - setMarketingContact: true
    - setSubscriptions: {news: unsubscribed}
`),
		"with a source": workflowIn("deal.created", `
    - assignOwner: {user: anna}
    - setMarketingContact: true
    - setSubscriptions: {news: unsubscribed}
  exitWhen: contact.lifecyclestage == "customer"
  contactSource: all-associated
`),
		"in a condition, once, where it first stands": workflowIn("deal.created", `
    - setProperties: {amount: 1}
    - if: deal.amount > 1 && contact.country == "US" || contact.city == "Bonn"
      then:
        - setMarketingContact: true
  exitWhen: contact.lifecyclestage == "customer" # want contact-source-missing 13 error
`),
		"a condition that is wrong beside": workflowIn("deal.created", `
    - if: contact.contry == "US" # want contact-source-missing 11 error, condition-invalid 19 error
      then:
        - wait: 1d
`),
		"suppress is about the contact that is touched": workflowIn("deal.created", `
    - setProperties: {amount: 1}
  suppress: contact.email.endsWith("@acme.example")
`),
		"contacts need none": workflowIn("deal.created, where: 'contacts.exists(c, c.country == \"US\")'", `
    - setProperties: {amount: 1}
`),
		"in a value": workflowIn("deal.created", `
    - setProperties:
        dealname: {cel: contact.lastname} # want contact-source-missing 25 error
`),
		"a company": workflowIn("company.created", `
    - setMarketingContact: true # want contact-source-missing 7 error
`),
	} {
		t.Run(name, func(t *testing.T) { expect(t, connected+text) })
	}
}

func TestWritable(t *testing.T) {
	for _, tc := range []struct{ name, limits, text string }{
		{"the defaults", connected, `
    - upsertContact: {in: acme-us, target: enrolled, createIfMissing: true}
`},
		{"what is allowed", connected, `
    - upsertContact: {in: acme-us, target: enrolled, createIfMissing: true, properties: [email, lastname, cross_selling_opportunity]}
`},
		{"others, each", connected, `
    - upsertContact:
        in: acme-us
        target: enrolled
        createIfMissing: true
        properties:
          - email
          - phone # want property-not-writable 13 error
          - territory # want property-not-writable 13 error
`},
		{"computed", connected, `
    - upsertContact:
        in: acme-us
        target: enrolled
        createIfMissing: true
        properties:
          firstname: {cel: contact.lastname} # want property-not-writable 11 error
          jobtitle: Boss # want property-not-writable 11 error
`},
		{"a deal takes any", connected, `
    - createDeal: {in: acme-us, target: last-updated, pipeline: source, properties: [dealname, amount, closedate]}
`},
		{"a deal computes none", connected, `
    - createDeal:
        in: acme-us
        target: last-updated
        pipeline: source
        properties:
          dealname: {cel: contact.lastname} # want property-not-writable 11 error
`},
		{"extended", extended, `
    - upsertContact: {in: acme-us, target: enrolled, createIfMissing: true, properties: [email, phone, jobtitle]}
    - upsertContact:
        in: acme-us
        target: enrolled
        createIfMissing: true
        properties: {jobtitle: {cel: contact.jobtitle}, city: Bonn}
`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			expect(t, tc.limits+workflowIn("contact.matches, where: contact.email != ''", tc.text)+takeUp)
		})
	}
}

func TestPipelines(t *testing.T) {
	const pipelines = `
kind: Pipeline
metadata: {name: sales}
spec: {accounts: [acme-us], label: Sales, stages: [{id: new}, {id: won, closed: won}]}
---
kind: Pipeline
metadata: {name: service}
spec: {accounts: [acme-us], object: ticket, label: Service, stages: [{id: new}]}
---
kind: Pipeline
metadata: {name: partner}
spec: {accounts: [acme-de], label: Partner, stages: [{id: new}]}
---`
	for _, tc := range []struct{ name, pipeline, help string }{
		{"source is known at run", "source", ""},
		{"of every account", "{name: default, stage: closedwon}", ""},
		{"declared", "{name: sales, stage: won}", ""},
		{"misspelled", "{name: sale, stage: won} # want pipeline-not-found 26 error", `Did you mean "sales"?`},
		{"of another account", "{name: partner, stage: new} # want pipeline-not-found 26 error", "Add acme-us to the accounts of Pipeline/partner (main.yaml:48)."},
		{"of tickets", "{name: service, stage: new} # want pipeline-not-found 26 error", "Pipeline/service (main.yaml:43) is a pipeline of tickets: name one of default and sales."},
		{"nowhere", "{name: globex, stage: new} # want pipeline-not-found 26 error", "Declare a Pipeline globex with acme-us among its accounts, or name one of default and sales."},
		{"stage of another", "{name: sales, stage: closedwon} # want stage-not-found 40 error", "Name one of its stages: new, won."},
		{"stage misspelled", "{name: default, stage: closedwin} # want stage-not-found 42 error", `Did you mean "closedwon"?`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := connected + pipelines + workflowIn("deal.created", `
    - createDeal:
        in: acme-us
        target: enrolled
        pipeline: `+tc.pipeline+"\n")
			expect(t, text)
			if tc.help == "" {
				return
			}
			if list := findings(t, files(text)); len(list) != 1 || list[0].Help != tc.help {
				t.Errorf("got %v %q, want %q", list, list[0].Help, tc.help)
			}
		})
	}
}

func TestWorkflowNames(t *testing.T) {
	const objects = `
kind: Property
metadata: {name: total}
spec: {accounts: [acme-de], object: invoice, type: number}
---
kind: Property
metadata: {name: territory}
spec: {accounts: [acme-de], object: contact, type: enumeration, options: [north, south]}
---`
	for name, text := range map[string]string{
		"standard": workflowIn("contact.property-changed, property: country", `
    - setProperties: {city: Bonn, lifecyclestage: lead}
`),
		"declared": workflowIn("contact.property-changed, property: territory", `
    - setProperties: {territory: north}
`),
		"unknown property of the trigger": workflowIn("contact.property-changed, property: contry", `
    - wait: 1d
`) + "#",
		"unknown property that is set": workflowIn("contact.created", `
    - setProperties:
        territroy: north # want reference-unknown 9 error
        country: DE
`),
		"of the enrolled object": workflowIn("deal.created", `
    - setProperties:
        dealname: Big
        country: DE # want reference-unknown 9 error
`),
		"custom object": workflowIn("invoice.property-changed, property: total, where: record.total > 1", `
    - setProperties: {total: 0}
`),
		"object that no property names": workflowIn("invioce.created, where: record.total > 1} # want reference-unknown 17 error\n  enabled: true #", `
    - setProperties: {total: 0}
`),
		"object of another account": strings.ReplaceAll(workflowIn("invoice.created} # want reference-unknown 17 error\n  enabled: true #", `
    - wait: 1d
`), "acme-de", "acme-us"),
		"object of manual": workflowIn("manual, object: tikket} # want reference-unknown 33 error\n  enabled: true #", `
    - wait: 1d
`),
		"copied property that the source lacks": workflowIn("deal.created", `
    - createDeal:
        in: acme-us
        target: enrolled
        pipeline: source
        properties: [dealname, amuont] # want reference-unknown 32 error
`),
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasSuffix(text, "#") {
				text = strings.Replace(strings.TrimSuffix(text, "#"), "contry}", "contry} # want reference-unknown 53 error", 1)
			}
			expect(t, connected+objects+text)
		})
	}
	// Where the property is declared, but not in both accounts, extended alone
	// may write it.
	expect(t, extended+objects+workflowIn("contact.matches, where: contact.email != ''", `
    - upsertContact:
        in: acme-us
        target: enrolled
        createIfMissing: true
        properties:
          - territory # want reference-unknown 13 error
    - upsertContact:
        in: acme-us
        target: enrolled
        createIfMissing: true
        properties:
          territory: {cel: contact.territory} # want reference-unknown 11 error
`)+takeUp)
	if d := findingOf(t, "reference-unknown", connected+objects+workflowIn("invioce.created", "\n    - wait: 1d\n")); d.Help != `Did you mean "invoice"?` {
		t.Errorf("help %q", d.Help)
	}
}

func TestWorkflowValues(t *testing.T) {
	const declared = `
kind: Property
metadata: {name: territory}
spec: {accounts: [acme-de, acme-us], object: contact, type: enumeration, options: [north, south]}
---
kind: Property
metadata: {name: score}
spec: {accounts: [acme-de, acme-us], object: contact, type: number}
---
kind: Property
metadata: {name: vip}
spec: {accounts: [acme-de, acme-us], object: contact, type: boolean}
---
kind: Property
metadata: {name: birthday}
spec: {accounts: [acme-de, acme-us], object: contact, type: date}
---
kind: Property
metadata: {name: lastseen}
spec: {accounts: [acme-de, acme-us], object: contact, type: datetime}
---
kind: Property
metadata: {name: size}
spec: {accounts: [acme-de], object: contact, type: number}
---
kind: Property
metadata: {name: size-us}
spec: {accounts: [acme-us], object: contact, type: date, name: size}
---`
	const want = " # want schema 20 error"
	for _, tc := range []struct{ name, value string }{
		{"option", `territory: north`},
		{"no option", `territory: nrth # want schema 20 error`},
		{"empty", `territory: null`},
		{"option that is no text", `territory: 1 # want schema 20 error`},
		{"number", `score: 1.5`},
		{"number in quotes", `score: "1.5" # want schema 16 error`},
		{"boolean", `vip: true`},
		{"boolean in quotes", `vip: "true" # want schema 14 error`},
		{"date", `birthday: 2026-01-31`},
		{"no date", `birthday: 31.1.2026 # want schema 19 error`},
		{"date that there is not", `birthday: "2026-02-30" # want schema 19 error`},
		{"time", `lastseen: "2026-01-31T08:00:00Z"`},
		{"date for a time", `lastseen: 2026-01-31 # want schema 19 error`},
		{"text", `city: "1"`},
		{"number for a text", `city: 1 # want schema 15 error`},
		{"boolean for a text", `city: true # want schema 15 error`},
		{"computed", `city: {cel: contact.country}`},
		{"computed of another type", `city: {cel: contact.score} # want condition-invalid 21 error`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			expect(t, connected+declared+workflowIn("contact.created", "\n    - setProperties:\n        "+tc.value+"\n"))
			line := strings.Replace(tc.value, want, "", 1)
			if strings.Contains(line, "# want") || strings.Contains(line, "cel") {
				return
			}
			// The same in another account, with limits: extended.
			expect(t, extended+declared+workflowIn("contact.matches, where: contact.email != ''", `
    - upsertContact:
        in: acme-us
        target: enrolled
        createIfMissing: true
        properties:
        `+strings.Replace("  "+tc.value, " 20 error", " 22 error", 1)+"\n")+takeUp)
		})
	}
	t.Run("stage", func(t *testing.T) {
		expect(t, connected+workflowIn("deal.created", `
    - setProperties:
        pipeline: default
        dealstage: closedwin # want schema 20 error
`))
	})
	t.Run("copied to another type", func(t *testing.T) {
		expect(t, extended+declared+workflowIn("contact.matches, where: contact.email != ''", `
    - upsertContact:
        in: acme-us
        target: enrolled
        createIfMissing: true
        properties: [city, size] # want schema 28 error
`)+takeUp)
	})
	t.Run("times", func(t *testing.T) {
		expect(t, connected+workflowIn("contact.created", `
    - wait: 1d12h
    - wait: 0s # want schema 13 error
    - wait: 600w # want schema 13 error
  reenroll: {cooldown: 9999999d} # want schema 24 error
`))
	})
	t.Run("list that fills itself", func(t *testing.T) {
		expect(t, connected+`
kind: List
metadata: {name: us}
spec: {accounts: [acme-de], label: US, membership: {where: contact.country == "US"}}
---`+workflowIn("contact.created", `
    - assignOwner: {user: anna, list: us} # want schema 39 error
`))
	})
}

// The cross-selling opportunity comes with a workflows connection: where that is
// missing, what speaks of the property does not say so again.
func TestCrossSellWithoutAConnection(t *testing.T) {
	const take = `
kind: Form
metadata: {name: ask}
spec: {accounts: [acme-us], label: Ask, fields: [email, cross_selling_opportunity]}
---
kind: List
metadata: {name: opportunities}
spec: {accounts: [acme-us], label: Opportunities, membership: {where: contact.cross_selling_opportunity == "yes"}}
---
kind: Workflow
metadata: {name: take}
spec:
  account: acme-us
  trigger:
    on: contact.property-changed
    property: cross_selling_opportunity
    where: contact.cross_selling_opportunity == "yes" && event.new == "yes"
  steps:
    - setProperties: {cross_selling_opportunity: "no"}
---
`
	expect(t, group+take+`
kind: Workflow
metadata: {name: forward}
spec:
  account: acme-de
  trigger: {on: contact.created, where: '!has(contact.cross_selling_opportunity)'}
  steps:
    - upsertContact:
        in: acme-us # want workflow-not-connected 13 error
        target: enrolled
        crossSell: "yes"
`)
	want := "It comes with a connection: declare a Connection of acme-us with the feature `workflows`, or add that to one."
	found := findings(t, files(group+take))
	if len(found) != 5 {
		t.Errorf("%d findings, want 5: one for each mention", len(found))
	}
	for _, d := range found {
		if d.Help != want {
			t.Errorf("%v: help %q, want %q", d, d.Help, want)
		}
	}
	// Of an object that never has it, the connection is not the matter.
	if d := findingOf(t, "condition-invalid", connected+workflowIn("contact.created, where: has(company.cross_selling_opportunity)", "\n    - wait: 1d\n")); d.Help == want {
		t.Errorf("help %q", d.Help)
	}
}
