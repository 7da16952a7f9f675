package check_test

import "testing"

// kit is the group with a connection and an email, and a copy with these lines.
func kit(feature, copy string) string {
	return group + `
kind: Connection
metadata: {name: c}
spec:
  between: [acme-de, acme-us]
  features: ` + feature + `
---
kind: Email
metadata: {name: welcome}
spec: {accounts: [acme-de], label: Welcome}
---
kind: List
metadata: {name: newsletter}
spec: {accounts: [acme-de], label: News letter}
---
kind: AssetCopy
metadata: {name: k}
spec:
  from: acme-de
` + copy
}

func TestAssetCopyConnected(t *testing.T) {
	const copy = "  assets: [{email: Welcome}]\n  to: [acme-us]"
	for name, tc := range map[string]struct{ feature, copy string }{
		"both ways":                  {"{assetCopying: {}}", copy},
		"one way, from the source":   {"{assetCopying: {direction: one-way, from: acme-de}}", copy},
		"one way, to the source":     {"{assetCopying: {direction: one-way, from: acme-us}}", copy + " # want asset-copy-not-connected 8 error"},
		"with another feature":       {"{workflows: {}}", copy + " # want asset-copy-not-connected 8 error"},
		"to the source itself":       {"{assetCopying: {}}", "  assets: [{email: Welcome}]\n  to: [acme-us, acme-de] # want asset-copy-not-connected 17 error"},
		"to who is not there":        {"{assetCopying: {}}", "  assets: [{email: Welcome}]\n  to: [acme-us, acme-uk] # want reference-unknown 17 error"},
		"to several, each a finding": {"{workflows: {}}", "  assets: [{email: Welcome}]\n  to:\n    - acme-us # want asset-copy-not-connected 7 error\n    - acme-fr # want asset-copy-not-connected 7 error\n---\n" + account("acme-fr", "subscriptions: {sales: professional}")},
	} {
		t.Run(name, func(t *testing.T) { expect(t, kit(tc.feature, tc.copy+"\n")) })
	}
	d := findingOf(t, "asset-copy-not-connected", kit("{workflows: {}}", copy+"\n"))
	if d.Message != "acme-de has no asset copying connection to acme-us" ||
		d.Help != "Add the feature `assetCopying` to Connection/c (main.yaml:27), or choose another account." || len(d.Related) != 1 {
		t.Errorf("%q %q %v", d.Message, d.Help, d.Related)
	}
}

func TestAssets(t *testing.T) {
	for name, copy := range map[string]string{
		"each kind": `
  to: [acme-us]
  assets: [{email: Welcome}, {list: News letter}, {form: Contact us}]
---
kind: Form
metadata: {name: contact-us}
spec: {accounts: [acme-de], label: Contact us, fields: [email]}
`,
		"what is not copied": `
  to: [acme-us]
  assets: [{pipeline: Sales}, {email: Welcome}] # want asset-kind-not-copyable 13 error
`,
		"a word mistyped": `
  to: [acme-us]
  assets:
    - emial: Welcome # want asset-kind-not-copyable 7 error
`,
		"not there": `
  to: [acme-us]
  assets: [{email: Wellcome}, {list: Welcome}] # want asset-not-found 20 error, asset-not-found 38 error
`,
		"labels are not names": `
  to: [acme-us]
  assets: [{list: newsletter}] # want asset-not-found 19 error
`,
		"in another account": `
  to: [acme-us]
  assets: [{email: Goodbye}] # want asset-not-found 20 error
---
kind: Email
metadata: {name: goodbye}
spec: {accounts: [acme-us], label: Goodbye}
`,
		"placed by a label": `
  to: [acme-us]
  assets: [{email: Welcome}]
---
kind: AssetCopy
metadata: {name: l}
spec: {from: acme-us, to: [acme-de], assets: [{email: Hello}, {email: Welcome}]} # want asset-not-found 55 error
`,
		"a document that was left out may be it": `
  to: [acme-us]
  assets: [{email: Good morning}]
---
kind: Email
metadata: {name: morning}
spec: {accounts: [acme-de], label: Good morning, subjct: Hello} # want schema 50 error
`,
	} {
		t.Run(name, func(t *testing.T) { expect(t, kit("{assetCopying: {}}", copy[1:])) })
	}
	t.Run("an account at the vendor is asked later", func(t *testing.T) {
		expect(t, `
kind: Account
metadata: {name: de}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: enterprise}, api: {portalId: 1, token: {env: T}}}
---
`+account("us", "subscriptions: {sales: professional}")+`
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de, us]}
---
kind: Connection
metadata: {name: c}
spec: {between: [de, us], features: {assetCopying: {}}}
---
kind: AssetCopy
metadata: {name: k}
spec: {from: de, to: [us], assets: [{email: Welcome}, {page: Home}]} # want asset-kind-not-copyable 56 error
`)
	})
	d := findingOf(t, "asset-not-found", kit("{assetCopying: {}}", "  to: [acme-us]\n  assets: [{email: Wellcome}]\n"))
	if d.Message != `acme-de has no email "Wellcome"` || d.Help != `Assets are named by their label: did you mean "Welcome"?` {
		t.Errorf("message %q, help %q", d.Message, d.Help)
	}
}
