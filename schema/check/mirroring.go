package check

import (
	"slices"

	"accord/diag"
	"accord/schema"
)

var mirroringRules = []*Rule{
	{
		Name: "mirroring-needs-sales-or-service", Warns: true, When: []When{AtPlan, AtRun},
		Source: []string{SourceMirroring, SourceOrganization},
		Statement: "An account whose users see mirrored data has Sales Hub or Service Hub, Professional or Enterprise: " +
			"an error where no destination of the connection has it, a warning where one of two lacks it.",
		Reason: `Mirrored data is seen in the tools of Sales Hub and Service Hub. A connection that mirrors both
ways has two destinations; where one of them lacks both products, nobody there sees anything,
and the connection is worth having for the other alone.`,
		Breaks: example(exampleMirroring, exampleDE, exampleAdmin, exampleOrganization, `
kind: Account
metadata: {name: acme-us}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: professional}}
`),
		Holds: exampleGroup(exampleMirroring),
		check: checkMirroringProducts,
	},
	{
		Name: "mirroring-without-viewers", Severity: diag.Warning, When: []When{AtPlan}, Source: []string{SourceMirroring},
		Statement: "A user of the account that mirrored data goes to has a Sales or Service seat and the permission " +
			schema.PermissionConnectedRecords + ".",
		Reason: `Without such a user nobody sees the mirrored data. A super admin has every permission but no seat
by it.`,
		Breaks: example(exampleMirroring, exampleDE, exampleUS, exampleOrganization, `
kind: User
metadata: {name: anna}
spec:
  email: anna@acme.example
  twoFactor: true
  access:
    - {account: acme-de, superAdmin: true, seats: [sales]}
    - {account: acme-us, superAdmin: true, seats: [core]}
`),
		Holds: exampleGroup(exampleMirroring),
		check: checkViewers,
	},
}

const exampleMirroring = `
kind: Connection
metadata: {name: de-us}
spec:
  between: [acme-de, acme-us]
  features: {dataMirroring: {direction: one-way, from: acme-de}}
`

// seesMirrored reports whether an account with these facts has a product that
// shows mirrored data.
func seesMirrored(f *schema.Facts) bool { return f.HasTier("professional", "sales", "service") }

// destinations are the accounts that see what the connection mirrors. Accounts
// of another platform are left out: they cannot be in an organization at all.
func (p *pass) destinations(c *schema.Connection) []string {
	var out []string
	for _, to := range c.Between {
		if c.Goes(schema.FeatureDataMirroring, c.Other(to), to) && p.Account(to).Platform == schema.HubSpot {
			out = append(out, to)
		}
	}
	return out
}

func checkMirroringProducts(p *pass) {
	for r, c := range p.pairs() {
		to := p.destinations(c)
		lack := slices.DeleteFunc(slices.Clone(to), func(a string) bool { return seesMirrored(&p.Account(a).Facts) })
		if len(lack) == 0 {
			continue
		}
		f := p.report(r, featurePath(schema.FeatureDataMirroring),
			"%s %s neither Sales Hub nor Service Hub at Professional or Enterprise: mirrored data is not seen there",
			sentence(lack), verb(lack, "has", "have")).
			help("Add Sales Hub or Service Hub Professional to %s, or switch off data mirroring.", sentence(lack))
		if len(lack) < len(to) {
			f.severity(diag.Warning).
				help("Add Sales Hub or Service Hub Professional to %s, or mirror one way: {direction: one-way, from: %s}.", lack[0], lack[0])
		}
		for _, a := range lack {
			f.see(p.resource(schema.KindAccount, a), spec.Key("subscriptions"), "the subscriptions of %s", a)
		}
	}
}

func checkViewers(p *pass) {
	viewers := map[string]bool{}
	hasViewer := func(account string) bool {
		has, known := viewers[account]
		if !known {
			has = slices.ContainsFunc(p.UsersOf(account), func(r *schema.Resource) bool {
				access := r.Spec.(*schema.User).In(account)
				return access.Has(schema.SeatSales, schema.SeatService) && access.May(schema.PermissionConnectedRecords)
			})
			viewers[account] = has
		}
		return has
	}
	for r, c := range p.pairs() {
		// Where the product is missing there are no such seats: that is the cause.
		none := slices.DeleteFunc(p.destinations(c), func(a string) bool {
			return hasViewer(a) || p.leftOut(schema.KindUser, a) || !seesMirrored(&p.Account(a).Facts)
		})
		if len(none) > 0 {
			p.report(r, featurePath(schema.FeatureDataMirroring),
				"no user of %s has a Sales or Service seat and the permission %s: nobody there sees mirrored data",
				sentence(none), schema.PermissionConnectedRecords).
				help("Give a user of %s `seats: [sales]` or `seats: [service]`, and `permissions: [%s]`.", sentence(none), schema.PermissionConnectedRecords)
		}
	}
}
