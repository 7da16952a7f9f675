package schema

import "slices"

// Eligible returns the name of the rule that keeps an account with these facts
// out of an organization hosted at the location, or "". An empty hosting
// compares with nothing.
// Source: set up multi-account management (January 2026).
func (f *Facts) Eligible(hosting string) (rule string) {
	switch {
	case f.Platform != HubSpot:
		return "account-not-eligible"
	case f.AccountType() == TypeSandbox, f.AccountType() == TypeTrial, f.AccountType() == TypeTest:
		return "account-not-eligible"
	case !f.Active():
		return "account-deactivated"
	case !f.HasTier("professional"):
		return "account-tier-too-low"
	case hosting != "" && f.Hosting != hosting:
		return "hosting-location-differs"
	}
	return ""
}

// HoldsOrganization reports whether an account with these facts can be the
// primary: Marketing Hub Enterprise.
func (f *Facts) HoldsOrganization() bool { return f.HasTier("enterprise", "marketing") }

// InForce is what is left of an organization when the live facts of its
// accounts take away what the product takes away.
type InForce struct {
	// Deleted is set where no account has Marketing Hub Enterprise any more.
	Deleted bool
	// Removed maps each account that is no member any more to the rule that
	// says so.
	Removed map[string]string
	// Primary holds what is left: the account that was applied as primary or,
	// where that one is removed, the first by name of those with Marketing Hub
	// Enterprise. The product deletes an organization only where no account has
	// that any more, and an organization is never without a primary.
	Primary string
}

// OrganizationInForce computes what is left of an organization. The facts of an
// account that are not known count as they were applied: the caller puts those
// in. Hosting is the location of the organization when it was applied, its
// primary's: the account that moved away is removed, be it the primary. Where
// no member is left there, all have moved, and the location is the primary's.
func OrganizationInForce(o *Organization, hosting string, facts func(account string) *Facts) InForce {
	in := InForce{Removed: map[string]string{}, Deleted: true}
	members := distinct(append([]string{o.Primary}, o.Accounts...))
	if !slices.ContainsFunc(members, func(a string) bool {
		f := facts(a)
		return f != nil && f.Hosting == hosting && f.Eligible("") == ""
	}) {
		hosting = ""
		if f := facts(o.Primary); f != nil {
			hosting = f.Hosting
		}
	}
	for _, a := range members {
		f := facts(a)
		if f == nil {
			continue
		}
		if rule := f.Eligible(hosting); rule != "" {
			in.Removed[a] = rule
			continue
		}
		if f.HoldsOrganization() {
			in.Deleted = false
			if in.Primary == "" {
				in.Primary = a
			}
		}
	}
	if in.Removed[o.Primary] == "" {
		in.Primary = o.Primary
	}
	return in
}

// ConnectionInForce returns what is left of a connection whose accounts are both
// members: an account with sensitive data is no source for data mirroring or
// workflows, so that two-way becomes one-way the other way and one-way from it
// is off. The argument is not changed; the result is equal to it where nothing
// is taken away.
func ConnectionInForce(c *Connection, sensitive func(account string) bool) *Connection {
	out := *c
	for _, name := range []string{FeatureDataMirroring, FeatureWorkflows} {
		f := c.Feature(name)
		if f == nil || len(c.Between) != 2 {
			continue
		}
		a, b := c.Between[0], c.Between[1]
		left := make([]string, 0, 2)
		for _, from := range []string{a, b} {
			if c.Goes(name, from, c.Other(from)) && !sensitive(from) {
				left = append(left, from)
			}
		}
		switch {
		case len(left) == 0:
			out.SetFeature(name, nil)
		case len(left) == 1 && f.Direction != OneWay:
			out.SetFeature(name, &Feature{Direction: OneWay, From: left[0]})
		}
	}
	return &out
}
