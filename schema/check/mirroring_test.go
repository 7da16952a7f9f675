package check_test

import (
	"strings"
	"testing"
)

// mirroring is an organization whose accounts have the subscriptions, and whose
// two users the access.
func mirroring(de, us, access, feature string) string {
	return account("de", "subscriptions: "+de) + account("us", "subscriptions: "+us) + `
kind: User
metadata: {name: anna}
spec: {email: anna@acme.example, twoFactor: true, access: [` + access + `]}
---
kind: Organization
metadata: {name: o}
spec: {primary: de, accounts: [de, us]}
---
kind: Connection
metadata: {name: c}
spec:
  between: [de, us]
  features:
    dataMirroring: ` + feature + "\n"
}

const everywhere = "{account: de, superAdmin: true, seats: [sales]}, {account: us, superAdmin: true, seats: [service]}"

func TestMirroringNeedsSalesOrService(t *testing.T) {
	const (
		enterprise = "{marketing: enterprise}"
		sales      = "{marketing: enterprise, sales: professional}"
		service    = "{service: enterprise}"
	)
	for name, tc := range map[string]struct{ de, us, feature string }{
		"both have it":                     {sales, service, "{}"},
		"one of two lacks it":              {enterprise, service, "{} # want mirroring-needs-sales-or-service 20 warning"},
		"the other of two lacks it":        {sales, "{marketing: professional}", "{} # want mirroring-needs-sales-or-service 20 warning"},
		"both lack it":                     {enterprise, "{data: professional}", "{} # want mirroring-needs-sales-or-service 20 error"},
		"Starter is too low":               {enterprise, "{marketing: professional, sales: starter}", "{} # want mirroring-needs-sales-or-service 20 error"},
		"the only destination has it":      {enterprise, service, "{direction: one-way, from: de}"},
		"the only destination lacks it":    {sales, "{marketing: professional}", "{direction: one-way, from: de} # want mirroring-needs-sales-or-service 20 error"},
		"the source needs none":            {enterprise, service, "{direction: one-way, from: de}"},
		"from whom is another rule":        {enterprise, "{data: professional}", "{direction: one-way} # want direction-needs-from 32 error"},
		"in a block, it stands at the key": {sales, "{data: professional}", "# want mirroring-needs-sales-or-service 5 error\n      direction: one-way\n      from: de"},
	} {
		t.Run(name, func(t *testing.T) { expect(t, mirroring(tc.de, tc.us, everywhere, tc.feature)) })
	}
	t.Run("an account that there is not", func(t *testing.T) {
		expect(t, group+`
kind: Connection
metadata: {name: c}
spec: {between: [acme-de, acme-uk], features: {dataMirroring: {}}} # want reference-unknown 27 error
`)
	})
	t.Run("its warning can be changed, its error not", func(t *testing.T) {
		project := `
-- accord.yaml --
kind: Project
metadata: {name: p}
spec: {rules: {mirroring-needs-sales-or-service: off}}
`
		expect(t, mirroring(sales, "{data: professional}", everywhere, "{}")+project)
		expect(t, mirroring(sales, "{data: professional}", everywhere, "{direction: one-way, from: de} # want mirroring-needs-sales-or-service 20 error")+project)
	})
}

func TestMirroringWithoutViewers(t *testing.T) {
	const sales = "{marketing: enterprise, sales: professional}"
	const want = "{} # want mirroring-without-viewers 20 warning"
	for name, tc := range map[string]struct{ access, feature string }{
		"super admins with seats":        {everywhere, "{}"},
		"with the permission":            {"{account: de, permissions: [view-connected-record-data], seats: [core, service]}, {account: us, superAdmin: true, seats: [sales]}", "{}"},
		"a super admin without a seat":   {"{account: de, superAdmin: true, seats: [core]}, {account: us, superAdmin: true, seats: [sales]}", want},
		"a seat without the permission":  {"{account: de, seats: [sales]}, {account: us, superAdmin: true, seats: [sales]}", want},
		"nobody, in both, is one":        {"", want},
		"the source needs none":          {"{account: us, superAdmin: true, seats: [sales]}", "{direction: one-way, from: de}"},
		"the destination of a one-way":   {"{account: de, superAdmin: true, seats: [sales]}", "{direction: one-way, from: de} # want mirroring-without-viewers 20 warning"},
		"without mirroring nobody looks": {"", "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			text := mirroring(sales, sales, tc.access, tc.feature)
			if name == "without mirroring nobody looks" {
				text = strings.ReplaceAll(text, "dataMirroring", "assetCopying")
			}
			expect(t, text)
		})
	}
	t.Run("where there can be no seat the product is the cause", func(t *testing.T) {
		expect(t, mirroring(sales, "{data: professional}", "{account: de, superAdmin: true, seats: [sales]}",
			"{direction: one-way, from: de} # want mirroring-needs-sales-or-service 20 error"))
	})
	t.Run("two users do not make one viewer", func(t *testing.T) {
		expect(t, mirroring(sales, sales, "{account: us, seats: [sales]}", "{direction: one-way, from: de} # want mirroring-without-viewers 20 warning")+`---
kind: User
metadata: {name: ben}
spec: {email: ben@acme.example, access: [{account: us, permissions: [view-connected-record-data]}]}
`)
	})
	t.Run("a user who was left out may be one", func(t *testing.T) {
		expect(t, mirroring(sales, sales, "", "{direction: one-way, from: de}")+`---
kind: User
metadata: {name: ben}
spec: {access: [{account: us, superAdmin: true, seats: [sales]}]} # want schema 1 error
`)
	})
	t.Run("can be an error", func(t *testing.T) {
		expect(t, mirroring(sales, sales, "", "{} # want mirroring-without-viewers 20 error")+`
-- accord.yaml --
kind: Project
metadata: {name: p}
spec: {rules: {mirroring-without-viewers: error}}
`)
	})
}
