package check_test

import (
	"strings"
	"testing"
)

func TestConnectionOutsideOrganization(t *testing.T) {
	accounts := account("de", "subscriptions: {marketing: enterprise}") + account("us", "subscriptions: {sales: professional}") +
		account("fr", "subscriptions: {marketing: enterprise}")
	for name, text := range map[string]string{
		"in one": `
kind: Connection
metadata: {name: c}
spec: {between: [de, us], features: {workflows: {}}}
---
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de, us]}
`,
		"neither": `
kind: Connection
metadata: {name: c}
spec: {between: [de, us], features: {workflows: {}}} # want connection-outside-organization 17 error
`,
		"the first is not": `
kind: Connection
metadata: {name: c}
spec: {between: [us, de], features: {workflows: {}}} # want connection-outside-organization 18 error
---
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de]}
`,
		"the second is not": `
kind: Connection
metadata: {name: c}
spec:
  features: {workflows: {}}
  between:
    - de
    - us # want connection-outside-organization 7 error
---
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de]}
`,
		"in two": `
kind: Connection
metadata: {name: c}
spec: {between: [de, fr], features: {workflows: {}}} # want connection-outside-organization 17 error
---
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de]}
---
kind: Organization
metadata: {name: p}
spec: {primary: fr, accounts: [fr]}
`,
		"one that there is not": `
kind: Connection
metadata: {name: c}
spec: {between: [de, x], features: {workflows: {}}} # want reference-unknown 22 error
`,
		"an organization that was left out": `
kind: Connection
metadata: {name: c}
spec: {between: [de, us], features: {workflows: {}}}
---
kind: Organization
metadata: {name: o}
spec: {primary: de, account: [de, us]} # want schema 21 error
`,
		"one that was left out, about others": `
kind: Connection
metadata: {name: c}
spec: {between: [de, us], features: {workflows: {}}} # want connection-outside-organization 17 error
---
kind: Organization
metadata: {name: o}
spec: {primary: fr, account: [fr]} # want schema 21 error
`,
	} {
		t.Run(name, func(t *testing.T) { expect(t, accounts+text) })
	}
	d := findingOf(t, "connection-outside-organization", accounts+`
kind: Connection
metadata: {name: c}
spec: {between: [de, us], features: {workflows: {}}}
---
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de]}
`)
	if d.Message != "us belongs to no organization, de to Organization/o" || d.Help != "Add us to the accounts of Organization/o (main.yaml:22)." {
		t.Errorf("message %q, help %q", d.Message, d.Help)
	}
}

func TestConnections(t *testing.T) {
	for name, text := range map[string]string{
		"to itself": `
kind: Connection
metadata: {name: c}
spec: {between: [acme-de, acme-de], features: {workflows: {}}} # want connection-to-itself 27 error
`,
		"to itself, twice": `
kind: Connection
metadata: {name: c}
spec: {between: [acme-de, acme-de], features: {workflows: {}}} # want connection-to-itself 27 error
---
kind: Connection
metadata: {name: d}
spec: {between: [acme-de, acme-de], features: {workflows: {}}} # want connection-to-itself 27 error
`,
		"the other way round": `
kind: Connection
metadata: {name: d}
spec: {between: [acme-de, acme-us], features: {workflows: {}}}
---
kind: Connection
metadata: {name: c}
spec: {between: [acme-us, acme-de], features: {assetCopying: {}}} # want duplicate-connection 17 error
---
kind: Connection
metadata: {name: b}
spec: {between: [acme-de, acme-us], features: {assetCopying: {}}} # want duplicate-connection 17 error
`,
		"of other pairs": account("acme-fr", "subscriptions: {sales: professional}") + `
kind: Organization
metadata: {name: acme}
spec: {primary: acme-de, accounts: [acme-de, acme-us, acme-fr]}
---
kind: Connection
metadata: {name: c}
spec: {between: [acme-de, acme-us], features: {workflows: {}}}
---
kind: Connection
metadata: {name: d}
spec: {between: [acme-fr, acme-de], features: {workflows: {}}}
---
kind: Connection
metadata: {name: e}
spec: {between: [acme-us, acme-fr], features: {workflows: {}}}
`,
		"no features": `
kind: Connection
metadata: {name: c}
spec:
  between: [acme-de, acme-us]
  features: {} # want connection-without-features 13 warning
`,
		"no features at all": `
kind: Connection
metadata: {name: c}
spec: {between: [acme-de, acme-us]} # want connection-without-features 1 warning
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

func TestSensitiveSource(t *testing.T) {
	accounts := func(de, us string) string {
		return account("de", "subscriptions: {marketing: enterprise, sales: professional}, sensitiveData: "+de) +
			account("us", "subscriptions: {sales: professional}, sensitiveData: "+us) + `
kind: User
metadata: {name: anna}
spec:
  email: anna@acme.example
  twoFactor: true
  access: [{account: de, superAdmin: true, seats: [sales]}, {account: us, superAdmin: true, seats: [sales]}]
---
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de, us], administrator: anna}
---
kind: Connection
metadata: {name: c}
spec:
  between: [de, us]
  features:
`
	}
	for name, tc := range map[string]struct{ de, us, features string }{
		"none is sensitive":    {"false", "false", "    workflows: {}\n    dataMirroring: {}\n"},
		"both ways, unwritten": {"true", "false", "    workflows: {} # want sensitive-source 5 error\n"},
		"both ways, written":   {"false", "true", "    workflows: {direction: two-way} # want sensitive-source 28 error\n"},
		"in a block":           {"false", "true", "    workflows:\n      direction: two-way # want sensitive-source 18 error\n"},
		"one way, from it":     {"true", "false", "    dataMirroring: {direction: one-way, from: de} # want sensitive-source 47 error\n"},
		"one way, to it":       {"true", "false", "    dataMirroring: {direction: one-way, from: us}\n    workflows: {from: us, direction: one-way}\n"},
		"assets are no data":   {"true", "false", "    assetCopying: {}\n"},
		"each feature": {
			"true", "false",
			"    workflows: {} # want sensitive-source 5 error\n    dataMirroring: {} # want sensitive-source 5 error\n",
		},
		"both are one finding": {"true", "true", "    workflows: {} # want sensitive-source 5 error\n"},
	} {
		t.Run(name, func(t *testing.T) { expect(t, accounts(tc.de, tc.us)+tc.features) })
	}
	for features, help := range map[string]string{
		"    workflows: {}\n":                             "Let it go the other way alone: {direction: one-way, from: us}, or switch it off.",
		"    workflows: {direction: one-way, from: de}\n": "Let it go the other way alone: {direction: one-way, from: us}, or switch it off.",
	} {
		d := findingOf(t, "sensitive-source", accounts("true", "false")+features)
		if d.Message != "de stores sensitive data and cannot be a source of workflows" || d.Help != help {
			t.Errorf("message %q, help %q", d.Message, d.Help)
		}
		if len(d.Related) != 1 || d.Related[0].Line != 3 {
			t.Errorf("related %v, want sensitiveData of de in line 3", d.Related)
		}
	}
	d := findingOf(t, "sensitive-source", accounts("true", "true")+"    workflows: {}\n")
	if d.Message != "de and us store sensitive data and cannot be a source of workflows" || d.Help != "Switch the feature off." {
		t.Errorf("message %q, help %q", d.Message, d.Help)
	}
}

func TestDirection(t *testing.T) {
	for name, feature := range map[string]string{
		"two-way":                     "{direction: two-way}",
		"one-way from the first":      "{direction: one-way, from: acme-de}",
		"one-way from the second":     "{direction: one-way, from: acme-us}",
		"one-way from nobody":         "{direction: one-way} # want direction-needs-from 28 error",
		"one-way from a third":        "{direction: one-way, from: acme-fr} # want direction-needs-from 43 error",
		"one-way from who is unknown": "{direction: one-way, from: acme-it} # want reference-unknown 43 error",
		"from, and both ways":         "{from: acme-de} # want direction-needs-from 23 error",
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, group+account("acme-fr", "subscriptions: {sales: professional}")+`
kind: Connection
metadata: {name: c}
spec:
  between: [acme-de, acme-us]
  features:
    workflows: `+feature+"\n")
		})
	}
	t.Run("each feature", func(t *testing.T) {
		expect(t, group+`
kind: Connection
metadata: {name: c}
spec:
  between: [acme-de, acme-us]
  features:
    dataMirroring: {direction: one-way} # want direction-needs-from 32 error
    workflows: {direction: one-way}     # want direction-needs-from 28 error
    assetCopying: {direction: one-way}  # want direction-needs-from 31 error
`)
	})
}
