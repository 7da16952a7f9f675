package check

import (
	"slices"

	"accord/schema"
)

// AccountReport is an account and where it stands.
type AccountReport struct {
	Name         string   `json:"account"`
	Platform     string   `json:"platform"`
	Organization string   `json:"organization,omitempty"` // that it belongs to
	Rules        []string `json:"rules"`                  // that keep it out of any organization
}

// Accounts reports on each account of the configuration: its organization, or
// the rules that keep it out. The hosting location is compared where it has an
// organization.
func Accounts(g *schema.Graph) []AccountReport {
	out := []AccountReport{}
	for _, r := range g.Of(schema.KindAccount) {
		a := r.Spec.(*schema.Account)
		report := AccountReport{Name: r.Name, Platform: a.Platform, Rules: []string{}}
		hosting := ""
		if o := g.OrganizationOf(r.Name); o != nil {
			report.Organization = o.Name
			if primary := g.Account(o.Spec.(*schema.Organization).Primary); primary != nil {
				hosting = primary.Hosting
			}
		}
		if rule := a.Eligible(hosting); rule != "" {
			report.Rules = append(report.Rules, rule)
		}
		out = append(out, report)
	}
	return out
}

// Only leaves the reports of accounts that can be in an organization, or of
// those that cannot.
func Only(reports []AccountReport, eligible bool) []AccountReport {
	return slices.DeleteFunc(slices.Clone(reports), func(r AccountReport) bool { return (len(r.Rules) == 0) != eligible })
}
