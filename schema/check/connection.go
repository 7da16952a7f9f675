package check

import (
	"iter"
	"slices"

	"accord/diag"
	"accord/schema"
)

var connectionRules = []*Rule{
	{
		Name: "connection-outside-organization", When: []When{AtPlan}, Source: []string{SourceOrganization},
		Statement: "Both accounts of a connection belong to the same organization.",
		Reason: `Accounts are connected within an organization and nowhere else. Add the account that is missing to
the organization of the other.`,
		Breaks: example(exampleConnection, exampleDE, exampleUS, `
kind: Organization
metadata: {name: acme}
spec: {primary: acme-de, accounts: [acme-de]}
`),
		Holds: exampleGroup(exampleConnection),
		check: checkSameOrganization,
	},
	{
		Name: "connection-to-itself", When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "A connection joins two different accounts.",
		Reason:    "An account needs no connection to act in itself. Name the other account.",
		Breaks: exampleGroup(`
kind: Connection
metadata: {name: de-us}
spec:
  between: [acme-de, acme-de]
  features: {workflows: {}}
`),
		Holds: exampleGroup(exampleConnection),
		check: checkTwoEnds,
	},
	{
		Name: "duplicate-connection", When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "Two accounts have one connection, in whatever order they are named.",
		Reason:    "A pair of accounts is connected or not; what the connection does is said by its features. Merge the two.",
		Breaks: exampleGroup(exampleConnection, `
kind: Connection
metadata: {name: us-de}
spec:
  between: [acme-us, acme-de]
  features: {assetCopying: {}}
`),
		Holds: exampleGroup(`
kind: Connection
metadata: {name: de-us}
spec:
  between: [acme-de, acme-us]
  features: {workflows: {}, assetCopying: {}}
`),
		check: checkOneConnection,
	},
	{
		Name: "connection-without-features", Severity: diag.Warning, When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "A connection has a feature that is on.",
		Reason:    "A feature that is absent is off, and a connection without any does nothing. Switch one on, or remove the connection.",
		Breaks: exampleGroup(`
kind: Connection
metadata: {name: de-us}
spec: {between: [acme-de, acme-us]}
`),
		Holds: exampleGroup(exampleConnection),
		check: checkFeatures,
	},
	{
		Name: "sensitive-source", When: []When{AtPlan, AtDrift, AtRun},
		Source:    []string{SourceWorkflows, SourceMirroring, SourceOrganization},
		Statement: "An account that stores sensitive data is no source of data mirroring or workflows.",
		Reason: `Sensitive data stays in the account that stores it. A feature that goes both ways has both accounts
as its source: let it go one way, from the account that stores none. When sensitive data is
switched on later, the product changes the connection by itself: two-way becomes one-way the
other way, and what goes one way from that account is switched off.`,
		Breaks: exampleSensitive("{}"),
		Holds:  exampleSensitive("{direction: one-way, from: acme-de}"),
		check:  checkSensitive,
	},
	{
		Name: "direction-needs-from", When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "A one-way feature says which of the two accounts it goes from, and only a one-way feature does.",
		Reason: `Whose data reaches whom is nothing to guess: write from which of the two accounts a one-way feature
goes, and leave it out where it goes both ways.`,
		Breaks: exampleGroup(`
kind: Connection
metadata: {name: de-us}
spec:
  between: [acme-de, acme-us]
  features: {workflows: {direction: one-way}}
`),
		Holds: exampleGroup(`
kind: Connection
metadata: {name: de-us}
spec:
  between: [acme-de, acme-us]
  features: {workflows: {direction: one-way, from: acme-de}}
`),
		check: checkDirection,
	},
}

const exampleConnection = `
kind: Connection
metadata: {name: de-us}
spec:
  between: [acme-de, acme-us]
  features: {workflows: {}}
`

func exampleSensitive(feature string) string {
	return example(`
kind: Connection
metadata: {name: de-us}
spec:
  between: [acme-de, acme-us]
  features: {workflows: `+feature+`}
`, exampleDE, `
kind: Account
metadata: {name: acme-us}
spec: {platform: hubspot, hosting: eu1, subscriptions: {sales: professional}, sensitiveData: true}
`, exampleAdmin, exampleOrganization)
}

// connections yields every connection and what it says.
func (p *pass) connections() iter.Seq2[*schema.Resource, *schema.Connection] {
	return func(yield func(*schema.Resource, *schema.Connection) bool) {
		for _, r := range p.Of(schema.KindConnection) {
			if !yield(r, r.Spec.(*schema.Connection)) {
				return
			}
		}
	}
}

// pairs yields the connections between two different accounts that exist: what
// is wrong with the others is found by the rules on just that.
func (p *pass) pairs() iter.Seq2[*schema.Resource, *schema.Connection] {
	return func(yield func(*schema.Resource, *schema.Connection) bool) {
		for r, c := range p.connections() {
			if len(c.Between) != 2 || c.Between[0] == c.Between[1] || p.Account(c.Between[0]) == nil || p.Account(c.Between[1]) == nil {
				continue
			}
			if !yield(r, c) {
				return
			}
		}
	}
}

func featurePath(feature string) schema.Path { return spec.Key("features").Key(feature) }

func checkSameOrganization(p *pass) {
	for r, c := range p.pairs() {
		a, b := c.Between[0], c.Between[1]
		ofA, ofB := p.OrganizationsOf(a), p.OrganizationsOf(b)
		switch between := spec.Key("between"); {
		case p.leftOut(schema.KindOrganization, a), p.leftOut(schema.KindOrganization, b):
		case slices.ContainsFunc(ofA, func(o *schema.Resource) bool { return slices.Contains(ofB, o) }):
		case len(ofA) == 0 && len(ofB) == 0:
			p.report(r, between, "neither %s nor %s belongs to an organization", a, b).
				help("Accounts are connected within an organization: declare one with both.")
		case len(ofA) == 0 || len(ofB) == 0:
			alone, other, at, of := a, b, between.Index(0), ofB
			if len(ofA) > 0 {
				alone, other, at, of = b, a, between.Index(1), ofA
			}
			p.report(r, at, "%s belongs to no organization, %s to %v", alone, other, of[0].Ref()).
				help("Add %s to the accounts of %s.", alone, where(of[0])).
				see(of[0], spec.Key("accounts"), "the accounts of %s", of[0].Name)
		default:
			p.report(r, between, "%s belongs to %v, %s to %v", a, ofA[0].Ref(), b, ofB[0].Ref()).
				help("Accounts of different organizations cannot be connected: remove the connection, or move one of the accounts.").
				see(ofA[0], spec.Key("accounts"), "the accounts of %s", ofA[0].Name).
				see(ofB[0], spec.Key("accounts"), "the accounts of %s", ofB[0].Name)
		}
	}
}

func checkTwoEnds(p *pass) {
	for r, c := range p.connections() {
		if len(c.Between) == 2 && c.Between[0] == c.Between[1] {
			p.report(r, spec.Key("between").Index(1), "%s is connected to itself", c.Between[0]).
				help("A connection joins two different accounts: name the other one.")
		}
	}
}

func checkOneConnection(p *pass) {
	between := map[[2]string][]*schema.Resource{}
	for r, c := range p.pairs() {
		pair := [2]string{min(c.Between[0], c.Between[1]), max(c.Between[0], c.Between[1])}
		between[pair] = append(between[pair], r)
	}
	for pair, same := range between {
		if len(same) < 2 {
			continue
		}
		slices.SortFunc(same, asWritten)
		for _, r := range same[1:] {
			p.report(r, spec.Key("between"), "%s and %s are connected by %v already", pair[0], pair[1], same[0].Ref()).
				help("Put the features of both into %s and remove %v.", where(same[0]), r.Ref()).
				see(same[0], spec.Key("between"), "%v joins the same accounts", same[0].Ref())
		}
	}
}

func checkFeatures(p *pass) {
	for r, c := range p.connections() {
		if c.Features == (schema.Features{}) {
			p.report(r, spec.Key("features"), "%v has no feature: it does nothing", r.Ref()).
				help("Switch on dataMirroring, workflows or assetCopying, or remove the connection.")
		}
	}
}

func checkSensitive(p *pass) {
	for r, c := range p.pairs() {
		for _, feature := range []string{schema.FeatureDataMirroring, schema.FeatureWorkflows} {
			var sources []string
			for _, from := range c.Between {
				if c.Goes(feature, from, c.Other(from)) && p.Account(from).SensitiveData {
					sources = append(sources, from)
				}
			}
			if len(sources) == 0 {
				continue
			}
			at := featurePath(feature).Key("direction")
			help := "Switch the feature off."
			if c.Feature(feature).Direction == schema.OneWay {
				at = featurePath(feature).Key("from")
			}
			if to := c.Other(sources[0]); !p.Account(to).SensitiveData {
				help = "Let it go the other way alone: {direction: one-way, from: " + to + "}, or switch it off."
			}
			f := p.report(r, at, "%s %s sensitive data and cannot be a source of %s", sentence(sources), verb(sources, "stores", "store"), feature).
				help("%s", help)
			for _, s := range sources {
				f.see(p.resource(schema.KindAccount, s), spec.Key("sensitiveData"), "%s stores sensitive data", s)
			}
		}
	}
}

func checkDirection(p *pass) {
	for r, c := range p.connections() {
		if len(c.Between) != 2 {
			continue
		}
		for _, feature := range schema.FeatureNames {
			f := c.Feature(feature)
			if f == nil {
				continue
			}
			at := featurePath(feature)
			switch {
			case f.Direction != schema.OneWay && f.From != "":
				p.report(r, at.Key("from"), "%s goes both ways, so it does not go from %s", feature, f.From).
					help("Write direction: one-way beside it, or leave `from` out.")
			case f.Direction != schema.OneWay:
			case f.From == "":
				p.report(r, at.Key("direction"), "%s goes one way, but not said from which account", feature).
					help("Add from: %s or from: %s.", c.Between[0], c.Between[1])
			case !slices.Contains(c.Between, f.From) && p.Account(f.From) != nil:
				p.report(r, at.Key("from"), "%s goes from %s, which is not one of the two accounts", feature, f.From).
					help("Write from: %s or from: %s.", c.Between[0], c.Between[1])
			}
		}
	}
}
