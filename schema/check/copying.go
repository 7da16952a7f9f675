package check

import (
	"iter"

	"accord/diag"
	"accord/schema"
)

var copyingRules = []*Rule{
	{
		Name: "asset-copy-not-connected", When: []When{AtPlan, AtRun}, Source: []string{SourceOrganization},
		Statement: "Assets are copied between accounts whose connection has asset copying in that direction.",
		Reason: `Copying needs a connection of the two accounts with the feature assetCopying on, both ways or one way
from the source.`,
		Breaks: exampleGroup(exampleCopy, exampleEmail, `
kind: Connection
metadata: {name: de-us}
spec:
  between: [acme-de, acme-us]
  features: {assetCopying: {direction: one-way, from: acme-us}}
`),
		Holds: exampleGroup(exampleCopy, exampleEmail, exampleCopying),
		check: checkCopyConnected,
	},
	{
		Name: "asset-kind-not-copyable", When: []When{AtPlan}, Source: []string{SourceOrganization},
		Statement: "Automated marketing emails, lists and forms are copied, and nothing else.",
		Reason: `The product copies these three. What else both accounts need is declared with both in its accounts:
a pipeline, a property or a workflow.`,
		Breaks: exampleGroup(`
kind: AssetCopy
metadata: {name: brand-kit}
spec:
  from: acme-de
  to: [acme-us]
  assets: [{email: Welcome}, {pipeline: Sales}]
`, exampleEmail, exampleCopying),
		Holds: exampleGroup(exampleCopy, exampleEmail, exampleCopying),
		check: checkCopyable,
	},
	{
		Name: "asset-not-found", When: []When{AtPlan, AtRun}, Source: []string{SourceOurs},
		Statement: "The source account has an asset of that label.",
		Reason: `Assets are named by their labels in the source account. An embedded account has what is declared
for it and what is copied to it; one at the vendor is asked when the plan is made.`,
		Breaks: exampleGroup(exampleCopy, exampleCopying),
		Holds:  exampleGroup(exampleCopy, exampleEmail, exampleCopying),
		check:  checkAssets,
	},
}

const (
	exampleCopy = `
kind: AssetCopy
metadata: {name: brand-kit}
spec:
  from: acme-de
  to: [acme-us]
  assets: [{email: Welcome}]
`
	exampleEmail = `
kind: Email
metadata: {name: welcome}
spec: {accounts: [acme-de], label: Welcome, subject: Welcome}
`
	exampleCopying = `
kind: Connection
metadata: {name: de-us}
spec:
  between: [acme-de, acme-us]
  features: {assetCopying: {}}
`
)

// copies yields the copies whose source exists, and what they say.
func (p *pass) copies() iter.Seq2[*schema.Resource, *schema.AssetCopy] {
	return func(yield func(*schema.Resource, *schema.AssetCopy) bool) {
		for _, r := range p.Of(schema.KindAssetCopy) {
			if c := r.Spec.(*schema.AssetCopy); p.Account(c.From) != nil && !yield(r, c) {
				return
			}
		}
	}
}

func checkCopyConnected(p *pass) {
	for r, c := range p.copies() {
		for i, to := range c.To {
			if p.Account(to) == nil {
				continue
			}
			at := spec.Key("to").Index(i)
			connection, on := p.Goes(schema.FeatureAssetCopying, c.From, to)
			switch {
			case on, p.leftOut(schema.KindConnection, c.From, to):
			case to == c.From:
				p.report(r, at, "%s is the source and cannot be a target too", to).
					help("Take %s out of `to`, or copy from another account.", to)
			case connection == nil:
				p.report(r, at, "%s has no connection to %s", c.From, to).
					help("Declare a connection between %s and %s with the feature `assetCopying`, or choose another account.", c.From, to)
			case connection.Spec.(*schema.Connection).Features.AssetCopying == nil:
				p.report(r, at, "%s has no asset copying connection to %s", c.From, to).
					help("Add the feature `assetCopying` to %s, or choose another account.", where(connection)).
					see(connection, spec.Key("features"), "the features of %v", connection.Ref())
			default:
				p.report(r, at, "%v copies assets from %s to %s, and not the other way", connection.Ref(), to, c.From).
					help("Let `assetCopying` of %s go both ways or from %s.", where(connection), c.From).
					see(connection, featurePath(schema.FeatureAssetCopying), "the direction of asset copying")
			}
		}
	}
}

func checkCopyable(p *pass) {
	for _, r := range p.Of(schema.KindAssetCopy) {
		for i, asset := range r.Spec.(*schema.AssetCopy).Assets {
			for word, label := range asset {
				if _, ok := schema.Copyable[word]; ok {
					continue
				}
				f := p.report(r, spec.Key("assets").Index(i).Key(word).AtKey(), "%s %q cannot be copied", word, label)
				if did := diag.DidYouMean(word, copyableWords); did != "" {
					f.help("Only an email, a list or a form is copied: %s", did)
				} else {
					f.help("Only an email, a list or a form is copied. Declare what both accounts need with both in its `accounts`.")
				}
			}
		}
	}
}

var copyableWords = []string{"email", "form", "list"}

// asset is one asset of an account, by its label.
type asset struct {
	kind  schema.Kind
	label string
}

// checkAssets looks at embedded sources alone: what else is in an account at the
// vendor is known when the plan is made.
func checkAssets(p *pass) {
	copied := map[string][]*schema.AssetCopy{} // account → the copies to it
	for _, c := range p.copies() {
		for _, to := range c.To {
			if to != c.From {
				copied[to] = append(copied[to], c)
			}
		}
	}
	known := map[string]map[asset]bool{}
	assets := func(account string) map[asset]bool {
		has, ok := known[account]
		if ok {
			return has
		}
		has = map[asset]bool{}
		for _, r := range p.In(account) {
			has[asset{r.Kind, label(r)}] = true
		}
		for _, c := range copied[account] {
			for _, a := range c.Assets {
				for word, l := range a {
					has[asset{schema.Copyable[word], l}] = true
				}
			}
		}
		known[account] = has
		return has
	}
	for r, c := range p.copies() {
		if p.Account(c.From).API != nil {
			continue
		}
		for i, a := range c.Assets {
			for word, l := range a {
				kind, ok := schema.Copyable[word]
				if !ok || assets(c.From)[asset{kind, l}] || p.leftOut(kind, l) || p.leftOut(schema.KindAssetCopy, l, c.From) {
					continue
				}
				var labels []string
				for other := range assets(c.From) {
					if other.kind == kind {
						labels = append(labels, other.label)
					}
				}
				f := p.report(r, spec.Key("assets").Index(i).Key(word), "%s has no %s %q", c.From, word, l)
				if did := diag.DidYouMean(l, labels); did != "" {
					f.help("Assets are named by their label: %s", did)
				} else {
					f.help("Declare %s %s with the label %q and %s among its accounts, or take it out.", article(kind), kind, l, c.From)
				}
			}
		}
	}
}

// label is the label of a resource that lives in accounts.
func label(r *schema.Resource) string { return schema.Label(r.Spec) }
