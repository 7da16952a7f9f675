package check_test

import (
	"strings"
	"testing"
)

func TestReferences(t *testing.T) {
	for name, text := range map[string]string{
		"of every kind of field": `
kind: Organization
metadata: {name: globex}
spec:
  primary: globex-de # want reference-unknown 12 error
  accounts:
    - globex-de # want reference-unknown 7 error
    - globex-us # want reference-unknown 7 error
  administrator: hank # want reference-unknown 18 error
`,
		"kinds are apart": `
kind: User
metadata: {name: ben}
spec: {email: ben@acme.example, access: [{account: anna}]} # want reference-unknown 52 error
`,
		"of a subscription type, which is a key": `
kind: Workflow
metadata: {name: w}
spec:
  account: acme-de
  trigger: {on: contact.created}
  steps:
    - setSubscriptions:
        product-news: unsubscribed # want reference-unknown 9 error
`,
		"to a document that was left out": `
kind: Connection
metadata: {name: c}
spec: {between: [acme-de, acme-fr], features: {workflows: {}}}
---
kind: Account
metadata: {name: acme-fr}
spec: {platform: hubspot, hosting: eu1, subscription: {sales: professional}} # want schema 41 error
`,
		"to a document that is no YAML": `
kind: Connection
metadata: {name: c}
spec: {between: [acme-de, acme-fr], features: {workflows: {}}}
-- fr.yaml --
kind: Account
metadata:
  name: acme-fr
spec: {platform: hubspot, hosting: [eu1}
`,
	} {
		t.Run(name, func(t *testing.T) {
			var more []string
			if strings.Contains(name, "no YAML") {
				more = []string{"yaml-syntax fr.yaml:4:37 error"}
			}
			expect(t, group+text, more...)
		})
	}
	for _, tc := range []struct{ name, help string }{
		{"acme-uk", `Did you mean "acme-us"?`},
		{"globex", "Declare it, or name one of acme-de and acme-us."},
	} {
		d := findingOf(t, "reference-unknown", group+`
kind: Connection
metadata: {name: c}
spec: {between: [acme-de, `+tc.name+`], features: {workflows: {}}}
`)
		if d.Message != "Connection/c refers to Account/"+tc.name+", which is not declared" || d.Help != tc.help {
			t.Errorf("message %q, help %q", d.Message, d.Help)
		}
	}
	d := findingOf(t, "reference-unknown", account("de", "subscriptions: {marketing: enterprise}")+`
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de], administrator: anna}
`)
	if d.Help != "There is no User at all: declare it." {
		t.Errorf("help %q", d.Help)
	}
}

func TestPlacement(t *testing.T) {
	const objects = `
kind: Form
metadata: {name: contact-us}
spec: {accounts: [acme-de], label: Contact us, fields: [email]}
---
kind: List
metadata: {name: newsletter}
spec: {accounts: [acme-de], label: Newsletter}
---
kind: SubscriptionType
metadata: {name: product-news}
spec: {accounts: [acme-de], label: Product news}
---
`
	for name, text := range map[string]string{
		"all of it is there": `
kind: Workflow
metadata: {name: w}
spec:
  account: acme-de
  trigger: {on: form.submitted, form: contact-us}
  steps:
    - assignOwner: {user: anna, list: newsletter}
    - setSubscriptions: {product-news: unsubscribed}
`,
		"none of it is there": `
kind: Workflow
metadata: {name: w}
spec:
  account: acme-us
  trigger:
    on: form.submitted
    form: contact-us # want reference-unknown 11 error
  steps:
    - if: contact.country == "US"
      then:
        - assignOwner: {user: anna, list: newsletter} # want reference-unknown 43 error
    - setSubscriptions:
        product-news: unsubscribed # want reference-unknown 9 error
`,
		"a list of the trigger": `
kind: Workflow
metadata: {name: w}
spec:
  account: acme-us
  trigger: {on: list.joined, list: newsletter} # want reference-unknown 36 error
  steps: [{wait: 1h}]
`,
		"in an account that there is not": `
kind: Workflow
metadata: {name: w}
spec:
  account: acme-uk # want reference-unknown 12 error
  trigger: {on: list.joined, list: newsletter}
  steps: [{wait: 1h}]
`,
		"consent is given in the target account": `
kind: Connection
metadata: {name: c}
spec: {between: [acme-de, acme-us], features: {workflows: {}}}
---
kind: Workflow
metadata: {name: w}
spec:
  account: acme-de
  trigger: {on: contact.created}
  steps:
    - upsertContact:
        in: acme-us
        target: enrolled
        consent:
          legalBasis: consent
          subscriptions: [product-news] # want reference-unknown 27 error
---
kind: Workflow
metadata: {name: x}
spec:
  account: acme-us
  trigger: {on: contact.created}
  steps: [{upsertContact: {in: acme-de, target: enrolled, consent: {legalBasis: consent, subscriptions: [product-news]}}}]
`,
		"by label": `
kind: Form
metadata: {name: feedback}
spec: {accountLabels: {region: emea}, label: Feedback, fields: [email]}
---
kind: Account
metadata: {name: shop, labels: {region: emea, brand: shop}}
spec: {platform: brevo, plan: premium}
---
kind: Workflow
metadata: {name: w}
spec: {account: shop, trigger: {on: form.submitted, form: feedback}, steps: [{wait: 1h}]}
---
kind: Workflow
metadata: {name: x}
spec: {account: acme-de, trigger: {on: form.submitted, form: feedback}, steps: [{wait: 1h}]} # want reference-unknown 62 error
`,
	} {
		t.Run(name, func(t *testing.T) { expectOf(t, []string{"reference-unknown"}, group+objects+text) })
	}
	d := findingOf(t, "reference-unknown", group+objects+`
kind: Workflow
metadata: {name: w}
spec: {account: acme-us, trigger: {on: form.submitted, form: contact-us}, steps: [{wait: 1h}]}
`)
	if d.Message != "Form/contact-us is not in acme-us" || d.Help != "Add acme-us to the accounts of Form/contact-us (main.yaml:27)." || len(d.Related) != 1 {
		t.Errorf("message %q, help %q, related %v", d.Message, d.Help, d.Related)
	}
}

func TestFields(t *testing.T) {
	const property = `
kind: Property
metadata: {name: brand}
spec: {accounts: [acme-de], object: contact, type: string, label: Brand, name: brand_interest}
---
kind: Property
metadata: {name: size}
spec: {accounts: [acme-de], object: company, type: number, label: Size}
---
`
	for name, fields := range map[string]string{
		"standard and declared":     "{accounts: [acme-de], label: F, fields: [email, brand_interest]}",
		"not in one of them":        "{accounts: [acme-de, acme-us], label: F, fields: [email, brand_interest]} # want reference-unknown 64 error",
		"the name of the resource":  "{accounts: [acme-de], label: F, fields: [brand]} # want reference-unknown 48 error",
		"of another object":         "{accounts: [acme-de], label: F, fields: [size]} # want reference-unknown 48 error",
		"mistyped":                  "{accounts: [acme-de], label: F, fields: [emial, fristname]} # want reference-unknown 48 error, reference-unknown 55 error",
		"account that there is not": "{accounts: [acme-uk], label: F, fields: [email, brand_interest]} # want reference-unknown 19 error",
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, group+property+"kind: Form\nmetadata: {name: f}\nspec: "+fields+"\n")
		})
	}
	t.Run("declared where it was left out", func(t *testing.T) {
		expect(t, group+`
kind: Form
metadata: {name: f}
spec: {accounts: [acme-de], label: F, fields: [territory]}
---
kind: Property
metadata: {name: territory}
spec: {accounts: [acme-de], object: contact, type: text} # want schema 52 error
`)
	})
	t.Run("what workflows between accounts bring", func(t *testing.T) {
		expectOf(t, []string{"reference-unknown"}, group+`
kind: Form
metadata: {name: f}
spec: {accounts: [acme-de], label: F, fields: [cross_selling_opportunity]}
---
kind: Connection
metadata: {name: c}
spec: {between: [acme-de, acme-us], features: {workflows: {}}}
`)
	})
	for field, help := range map[string]string{
		"emial":          `Did you mean "email"?`,
		"brand_interest": "Add acme-us to the accounts of Property/brand (main.yaml:27).",
		"shoe_size":      "Declare it: a Property shoe_size of contact with acme-us among its accounts.",
	} {
		d := findingOf(t, "reference-unknown", group+property+"kind: Form\nmetadata: {name: f}\nspec: {accounts: [acme-us], label: F, fields: ["+field+"]}\n")
		if d.Message != "acme-us has no contact property "+field || d.Help != help {
			t.Errorf("message %q, help %q", d.Message, d.Help)
		}
	}
}

func TestSelectors(t *testing.T) {
	const accounts = `
kind: Account
metadata: {name: shop-de, labels: {region: emea, brand: shop}}
spec: {platform: brevo}
---
kind: Account
metadata: {name: shop-us, labels: {region: amer}}
spec: {platform: brevo}
---
`
	for name, placement := range map[string]string{
		"selects":              "accountLabels: {region: emea}",
		"an unknown value":     "accountLabels: {region: emae} # want reference-unknown 27 warning",
		"an unknown label":     "accountLabels: {reigon: emea} # want reference-unknown 19 warning",
		"each, but not both":   "accountLabels: {region: amer, brand: shop} # want reference-unknown 18 warning",
		"names beside a label": "accounts: [shop-us]\n  accountLabels: {region: apac}",
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, accounts+"kind: List\nmetadata: {name: l}\nspec:\n  label: L\n  "+placement+"\n")
		})
	}
	t.Run("a label of an account that was left out", func(t *testing.T) {
		expect(t, accounts+`
kind: List
metadata: {name: l}
spec: {label: L, accountLabels: {region: apac}}
---
kind: Account
metadata: {name: shop-jp, labels: {region: apac}}
spec: {platform: brev} # want schema 18 error
`)
	})
	for label, help := range map[string]string{
		"region: emae": `Did you mean "emea"?`,
		"reigon: emea": `Did you mean "region"?`,
		"region: moon": "No account has the label region: moon.",
	} {
		d := findingOf(t, "reference-unknown", accounts+"kind: List\nmetadata: {name: l}\nspec: {label: L, accountLabels: {"+label+"}}\n")
		if d.Message != "List/l is in no account: its labels select none" || d.Help != help {
			t.Errorf("message %q, help %q", d.Message, d.Help)
		}
	}
}

func TestRenames(t *testing.T) {
	for name, text := range map[string]string{
		"the old one is gone": `
kind: Pipeline
metadata: {name: sales, renamedFrom: default-sales}
spec: {accounts: [acme-de], label: Sales, stages: [{id: open}]}
`,
		"the old one is there": `
kind: User
metadata: {name: ann, renamedFrom: anna} # want schema 36 error
spec: {email: ann@acme.example}
`,
		"of another kind": `
kind: User
metadata: {name: ann, renamedFrom: acme-de}
spec: {email: ann@acme.example}
`,
		"from itself": `
kind: User
metadata:
  name: ann
  renamedFrom: ann # want schema 16 error
spec: {email: ann@acme.example}
`,
		"to two": `
kind: User
metadata: {name: ben, renamedFrom: benjamin}
spec: {email: ben@acme.example}
---
kind: User
metadata: {name: benny, renamedFrom: benjamin} # want schema 38 error
spec: {email: benny@acme.example}
`,
	} {
		t.Run(name, func(t *testing.T) { expect(t, group+text) })
	}
}

func TestSeverities(t *testing.T) {
	for name, rules := range map[string]string{
		"warnings and infos":      "connection-without-features: info",
		"off":                     "connection-without-features: off",
		"an error that stays one": "sensitive-source: error",
		"an error turned off":     "sensitive-source: off # want schema 23 error",
		"an error as a warning":   "organization-too-large: warning # want schema 29 error",
		"a rule that is not":      "conection-without-features: off # want schema 5 error",
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, group+`
-- accord.yaml --
kind: Project
metadata: {name: p}
spec:
  rules:
    `+rules+"\n")
		})
	}
	t.Run("the rule holds all the same", func(t *testing.T) {
		expect(t, group+`
kind: Connection
metadata: {name: c}
spec: {between: [acme-de, acme-de], features: {workflows: {}}} # want connection-to-itself 27 error
-- accord.yaml --
kind: Project
metadata: {name: p}
spec: {rules: {connection-to-itself: warning}} # want schema 38 error
`)
	})
	for severity, want := range map[string]string{"error": " # want connection-without-features 1 error", "info": " # want connection-without-features 1 info", "off": ""} {
		t.Run("as "+severity, func(t *testing.T) {
			expect(t, group+`
kind: Connection
metadata: {name: c}
spec: {between: [acme-de, acme-us]}`+want+`
-- accord.yaml --
kind: Project
metadata: {name: p}
spec: {rules: {connection-without-features: `+severity+`}}
`)
		})
	}
	d := findingOf(t, "schema", group+`
-- accord.yaml --
kind: Project
metadata: {name: p}
spec: {rules: {conection-without-features: info}}
`)
	if d.Message != "there is no rule conection-without-features" || d.Help != `Did you mean "connection-without-features"?` {
		t.Errorf("message %q, help %q", d.Message, d.Help)
	}
}

func TestTwice(t *testing.T) {
	for name, text := range map[string]string{
		"stages": `
kind: Pipeline
metadata: {name: p}
spec:
  accounts: [acme-de]
  label: P
  stages:
    - {id: open, label: Open}
    - {id: open, label: Also open} # want schema 12 error
    - {id: won, label: Open} # want schema 24 error
    - {id: lost}
    - {id: gone}
`,
		"options": `
kind: Property
metadata: {name: p}
spec: {accounts: [acme-de], object: contact, type: enumeration, options: [a, b, {value: a, label: Again}]} # want schema 81 error
`,
		"in a long list": `
kind: Property
metadata: {name: p}
spec:
  accounts: [acme-de]
  object: contact
  type: enumeration
  options: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, q, s] # want schema 67 error
`,
		"fields": `
kind: Form
metadata: {name: f}
spec: {accounts: [acme-de, acme-us, acme-de], label: F, fields: [email, phone, email]} # want schema 37 error, schema 80 error
`,
		"access": `
kind: User
metadata: {name: ben}
spec:
  email: ben@acme.example
  access:
    - {account: acme-de, superAdmin: true}
    - {account: acme-de} # want schema 17 error
`,
		"members": `
kind: Organization
metadata: {name: acme}
spec: {primary: acme-de, accounts: [acme-de, acme-us, acme-us], administrator: anna} # want schema 55 error
`,
		"steps in branches": `
kind: Workflow
metadata: {name: w}
spec:
  account: acme-de
  trigger: {on: contact.created}
  steps:
    - {id: a, wait: 1h}
    - {wait: 1h}
    - if: contact.country == "US"
      then: [{id: a, wait: 2h}] # want schema 19 error
      else: [{id: b, wait: 2h}]
`,
	} {
		t.Run(name, func(t *testing.T) {
			g := group
			if strings.Contains(text, "metadata: {name: acme}") {
				g = strings.Split(group, "kind: Organization")[0]
			}
			expect(t, g+text)
		})
	}
}

func TestSameObject(t *testing.T) {
	for name, text := range map[string]string{
		"the same address": `
kind: List
metadata: {name: l}
spec: {accounts: [acme-de], label: L}
---
kind: List
metadata: {name: l} # want duplicate-resource 18 error
spec: {accounts: [acme-us], label: M}
`,
		"the same label": `
kind: List
metadata: {name: l}
spec: {accounts: [acme-de, acme-us], label: L}
---
kind: List
metadata: {name: m}
spec: {accounts: [acme-us, acme-de], label: L} # want duplicate-resource 45 error
`,
		"in different accounts": `
kind: List
metadata: {name: l}
spec: {accounts: [acme-de], label: L}
---
kind: List
metadata: {name: m}
spec: {accounts: [acme-us], label: L}
`,
		"of different kinds and objects": `
kind: List
metadata: {name: l}
spec: {accounts: [acme-de], label: L}
---
kind: List
metadata: {name: m}
spec: {accounts: [acme-de], object: company, label: L}
---
kind: Email
metadata: {name: e}
spec: {accounts: [acme-de], label: L}
`,
		"the same internal name": `
kind: Property
metadata: {name: brand}
spec: {accounts: [acme-de], object: contact, type: string, label: Brand}
---
kind: Property
metadata: {name: brand-of-company}
spec: {accounts: [acme-de], object: company, type: string, label: Brand, name: brand}
---
kind: Property
metadata: {name: brand-two}
spec: {accounts: [acme-de], object: contact, type: string, label: Brand two, name: brand} # want duplicate-resource 84 error
`,
	} {
		t.Run(name, func(t *testing.T) { expect(t, group+text) })
	}
	d := findingOf(t, "duplicate-resource", group+`
kind: Email
metadata: {name: a}
spec: {accounts: [acme-de, acme-us], label: Hello}
---
kind: Email
metadata: {name: b}
spec: {accounts: [acme-de, acme-us], label: Hello}
`)
	if d.Message != `Email/b is Email/a in acme-de and acme-us: both are the Email "Hello"` || len(d.Related) != 1 || d.Related[0].Line != 29 {
		t.Errorf("message %q, related %v", d.Message, d.Related)
	}
}

// What every account has cannot be declared as something else: conditions would
// mean what no account does.
func TestStandardProperties(t *testing.T) {
	expect(t, group+`
kind: Property
metadata: {name: country} # want schema 18 error
spec: {accounts: [acme-de], object: contact, type: number}
---
kind: Property
metadata: {name: mail}
spec: {accounts: [acme-de], name: email, object: contact, type: boolean} # want schema 35 error
---
kind: Property
metadata: {name: phone}
spec: {accounts: [acme-de], object: contact, type: string, label: Telephone}
---
kind: Property
metadata: {name: lifecyclestage} # want schema 18 error
spec: {accounts: [acme-de], object: contact, type: enumeration, options: [lead, won]}
---
kind: Property
metadata: {name: dealstage} # want schema 18 error
spec: {accounts: [acme-de], object: deal, type: string}
---
kind: Property
metadata: {name: domain}
spec: {accounts: [acme-de], object: contact, type: string}
---
kind: Property
metadata: {name: amount}
spec: {accounts: [acme-de], object: invoice, type: string}
---
kind: List
metadata: {name: us}
spec: {accounts: [acme-de], label: US, membership: {where: contact.country == "US" && contact.lifecyclestage == "customer"}}
`)
	d := findingOf(t, "schema", group+`
kind: Property
metadata: {name: country}
spec: {accounts: [acme-de], object: contact, type: number}
`)
	if d.Message != "every account has the contact property country, of type string" || d.Help != "Leave Property/country out, or give it another name." {
		t.Errorf("%q, help %q", d.Message, d.Help)
	}
}

func TestDeclaredCrossSell(t *testing.T) {
	for _, tc := range []struct{ object, declared string }{
		{"contact", `type: enumeration, options: ["yes", "no"]`},
		{"deal", `type: enumeration, options: [{value: "no", label: Nein}, {value: "yes", label: Ja}]`},
		{"company", `type: string`},
		{"contact", `type: boolean # want schema 85 error`},
		{"contact", `type: enumeration, options: ["yes", "no", later] # want schema 107 error`},
		{"deal", `type: enumeration, options: [ja, nein] # want schema 104 error`},
	} {
		field, comment, _ := strings.Cut(tc.declared, " #")
		if comment != "" {
			comment = " #" + comment
		}
		expect(t, connected+`
kind: Property
metadata: {name: cross}
spec: {accounts: [acme-de], object: `+tc.object+`, name: cross_selling_opportunity, `+field+`}`+comment+"\n")
	}
}
