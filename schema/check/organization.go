package check

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"accord/diag"
	"accord/schema"
)

var organizationRules = []*Rule{
	{
		Name: "organization-needs-enterprise", When: []When{AtPlan, AtDrift, AtRun}, Source: []string{SourceOrganization},
		Statement: "The primary account of an organization has Marketing Hub Enterprise.",
		Reason: `The primary account holds the organization, and only Marketing Hub Enterprise can hold one.
Where another member has it, make that one the primary: an update in place, nothing is deleted.
When no account of an applied organization has it any more, the product deletes the organization
and with it every connection.`,
		Breaks: example(`
kind: Organization
metadata: {name: acme}
spec: {primary: acme-de, accounts: [acme-de, acme-us]}
`, `
kind: Account
metadata: {name: acme-de}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: professional}}
`, exampleUS),
		Holds: exampleGroup(),
		check: checkPrimary,
	},
	{
		Name: "organization-too-large", When: []When{AtPlan}, Source: []string{SourceOrganization},
		Statement: "An organization has its primary account and at most four more.",
		Reason: `The product takes no sixth account. Split the organization: each needs a primary of its own
with Marketing Hub Enterprise, and accounts of different organizations cannot be connected.`,
		Breaks: example(`
kind: Organization
metadata: {name: acme}
spec: {primary: acme-de, accounts: [acme-de, acme-us, acme-fr, acme-it, acme-es, acme-pl]}
`, exampleDE, exampleUS, exampleMember("fr"), exampleMember("it"), exampleMember("es"), exampleMember("pl")),
		Holds: example(`
kind: Organization
metadata: {name: acme}
spec: {primary: acme-de, accounts: [acme-de, acme-us, acme-fr, acme-it, acme-es]}
`, exampleDE, exampleUS, exampleMember("fr"), exampleMember("it"), exampleMember("es")),
		check: checkSize,
	},
	{
		Name: "primary-not-member", When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "The primary account is one of the organization's accounts.",
		Reason: `The primary holds the organization and belongs to it. Written out in both places, a reader of
the list sees every account there is, and a typing error in either is found.`,
		Breaks: example(`
kind: Organization
metadata: {name: acme}
spec: {primary: acme-de, accounts: [acme-us]}
`, exampleDE, exampleUS),
		Holds: exampleGroup(),
		check: checkPrimaryIsMember,
	},
	{
		Name: "account-in-two-organizations", When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "An account belongs to one organization.",
		Reason: `An account that were in two would join two groups of data that were meant to be apart. Take it
out of one of them.`,
		Breaks: example(`
kind: Organization
metadata: {name: acme}
spec: {primary: acme-de, accounts: [acme-de, acme-us]}
`, `
kind: Organization
metadata: {name: globex}
spec: {primary: globex-de, accounts: [globex-de, acme-us]}
`, exampleDE, exampleUS, `
kind: Account
metadata: {name: globex-de}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: enterprise}}
`),
		Holds: exampleGroup(),
		check: checkOneOrganization,
	},
	{
		Name: "account-tier-too-low", When: []When{AtPlan, AtDrift, AtRun}, Source: []string{SourceOrganization},
		Statement: "Every account of an organization has at least Professional in any product.",
		Reason: `Free and Starter accounts cannot be members: upgrade one product of the account, or take it out.
When an account is downgraded later, the product removes it from the organization, and its
connections with it.`,
		Breaks: exampleWithUS(`{platform: hubspot, hosting: eu1, subscriptions: {marketing: starter}}`),
		Holds:  exampleGroup(),
		check:  checkTier,
	},
	{
		Name: "account-not-eligible", When: []When{AtPlan, AtDrift, AtRun},
		Source:    []string{SourceWorkflows, SourceMirroring, SourceOrganization},
		Statement: "Sandbox, trial and test accounts cannot be in an organization, nor accounts that are not HubSpot's.",
		Reason: `Data of customers would reach accounts that are made to be thrown away. Take the account out of
the organization: workflows inside it go on.`,
		Breaks: exampleWithUS(`{platform: hubspot, type: sandbox, hosting: eu1, subscriptions: {sales: professional}}`),
		Holds:  exampleGroup(),
		check:  checkNotEligible,
	},
	{
		Name: "account-deactivated", When: []When{AtPlan, AtDrift, AtRun}, Source: []string{SourceOrganization},
		Statement: "A deactivated account cannot be in an organization.",
		Reason: `Reactivate the account, or take it out. When an account is deactivated later, the product removes
it from the organization, and its connections with it.`,
		Breaks: exampleWithUS(`{platform: hubspot, status: deactivated, hosting: eu1, subscriptions: {sales: professional}}`),
		Holds:  exampleGroup(),
		check:  checkDeactivated,
	},
	{
		Name: "hosting-location-differs", When: []When{AtPlan, AtDrift, AtRun}, Source: []string{SourceOrganization},
		Statement: "All accounts of an organization have the same data hosting location.",
		Reason: `Connections do not carry data from one hosting location to another. Take the account out, or have
the vendor move it to the location of the primary. When an account is moved away later, the
product removes it from the organization, and its connections with it.`,
		Breaks: exampleWithUS(`{platform: hubspot, hosting: na1, subscriptions: {sales: professional}}`),
		Holds:  exampleGroup(),
		check:  checkHosting,
	},
	{
		Name: "administrator-not-super-admin", When: []When{AtPlan}, Source: []string{SourceOrganization, SourceWorkflows},
		Statement: "The administrator of an organization is super admin in every account of it.",
		Reason: `Only a super admin of an account can put it into an organization, connect it, and set up workflows
that reach it. Make the user super admin where they are not yet, or name another administrator.`,
		Breaks: example(exampleOrganization, `
kind: User
metadata: {name: anna}
spec:
  email: anna@acme.example
  twoFactor: true
  access:
    - {account: acme-de, superAdmin: true}
    - {account: acme-us}
`, exampleDE, exampleUS),
		Holds: exampleGroup(),
		check: checkSuperAdmin,
	},
	{
		Name: "administrator-without-two-factor", When: []When{AtPlan}, Source: []string{SourceOrganization},
		Statement: "The administrator of an organization has two-factor authentication or a passkey.",
		Reason: `Who administers an organization reaches the data of all its accounts: the product asks for a second
factor. Switch it on, then say so in the user's document.`,
		Breaks: example(exampleOrganization, `
kind: User
metadata: {name: anna}
spec:
  email: anna@acme.example
  access:
    - {account: acme-de, superAdmin: true}
    - {account: acme-us, superAdmin: true}
`, exampleDE, exampleUS),
		Holds: exampleGroup(),
		check: checkTwoFactor,
	},
	{
		Name: "membership-needs-enterprise", When: []When{AtApply}, Source: []string{SourceOrganization},
		Statement: "An organization is created, deleted and given other accounts only through a member with Marketing Hub Enterprise.",
		Reason: `The right to change the organization is that of one account, the one that apply names with
--through, the primary where it names none. Connections are changed through any member.`,
		Example: "accord apply --through acme-us breaks it where acme-us has Sales Hub Professional alone and the plan\n" +
			"changes the accounts of Organization/acme. Without --through it holds: the primary has Marketing Hub Enterprise.",
	},
}

func exampleMember(name string) string {
	return `
kind: Account
metadata: {name: acme-` + name + `}
spec: {platform: hubspot, hosting: eu1, subscriptions: {sales: professional}}
`
}

// exampleWithUS is the example's organization with other facts of acme-us.
func exampleWithUS(facts string) string {
	return example(exampleOrganization, `
kind: Account
metadata: {name: acme-us}
spec: `+facts+`
`, exampleDE, exampleAdmin)
}

// organizations yields every organization and what it says.
func (p *pass) organizations() iter.Seq2[*schema.Resource, *schema.Organization] {
	return func(yield func(*schema.Resource, *schema.Organization) bool) {
		for _, r := range p.Of(schema.KindOrganization) {
			if !yield(r, r.Spec.(*schema.Organization)) {
				return
			}
		}
	}
}

// members yields each account of an organization once, and where it is named:
// in the list, or as the primary where that is not in it.
func members(o *schema.Organization) iter.Seq2[string, schema.Path] {
	return func(yield func(string, schema.Path) bool) {
		for i, a := range o.Accounts {
			if slices.Index(o.Accounts, a) == i && !yield(a, spec.Key("accounts").Index(i)) {
				return
			}
		}
		if o.Primary != "" && !slices.Contains(o.Accounts, o.Primary) {
			yield(o.Primary, spec.Key("primary"))
		}
	}
}

func checkPrimary(p *pass) {
	for r, o := range p.organizations() {
		a := p.Account(o.Primary)
		if a == nil || a.HoldsOrganization() {
			continue
		}
		// What keeps the account out altogether is the cause then; that it has
		// no Professional product either is none of its own.
		if rule := a.Eligible(""); rule != "" && rule != "account-tier-too-low" {
			continue
		}
		account := p.Get(schema.Ref{Kind: schema.KindAccount, Name: o.Primary})
		f := p.report(r, spec.Key("primary"), "%s has no Marketing Hub Enterprise, so it cannot be the primary of %s", o.Primary, r.Name).
			see(account, spec.Key("subscriptions"), "the subscriptions of %s", o.Primary)
		if others := p.enterprise(o); len(others) > 0 {
			f.help("Make %s the primary: it has Marketing Hub Enterprise, and the change is an update in place.", others[0])
		} else {
			f.help("Make an account with Marketing Hub Enterprise the primary, or raise `marketing` of %s to enterprise.", where(account))
		}
	}
}

// enterprise are the members that could hold the organization.
func (p *pass) enterprise(o *schema.Organization) []string {
	var out []string
	for m := range members(o) {
		if a := p.Account(m); a != nil && a.HoldsOrganization() && a.Eligible("") == "" {
			out = append(out, m)
		}
	}
	return out
}

func checkSize(p *pass) {
	const most = 5
	for r, o := range p.organizations() {
		n, first := 0, schema.Path("")
		for _, at := range members(o) {
			// A primary that is missing in the list is another cause.
			if at == spec.Key("primary") {
				continue
			}
			if n++; n == most+1 {
				first = at
			}
		}
		if n > most {
			p.report(r, first, "%s has %d accounts: an organization has its primary and at most four more", r.Name, n).
				help("Take out %d of them. Another organization needs a primary of its own with Marketing Hub Enterprise.", n-most)
		}
	}
}

func checkPrimaryIsMember(p *pass) {
	for r, o := range p.organizations() {
		if p.Account(o.Primary) == nil || slices.Contains(o.Accounts, o.Primary) {
			continue
		}
		p.report(r, spec.Key("primary"), "%s is the primary of %s but none of its accounts", o.Primary, r.Name).
			help("Add %s to `accounts`, or choose the primary from them.", o.Primary)
	}
}

func checkOneOrganization(p *pass) {
	for _, a := range p.Of(schema.KindAccount) {
		in := p.OrganizationsOf(a.Name)
		if len(in) < 2 {
			continue
		}
		in = slices.SortedStableFunc(slices.Values(in), asWritten)
		at := func(r *schema.Resource) schema.Path {
			for m, path := range members(r.Spec.(*schema.Organization)) {
				if m == a.Name {
					return path
				}
			}
			return spec
		}
		for _, r := range in[1:] {
			p.report(r, at(r), "%s belongs to %s already", a.Name, in[0].Ref()).
				help("An account belongs to one organization: take %s out of %s or out of %s.", a.Name, r.Ref(), where(in[0])).
				see(in[0], at(in[0]), "%s is in %s here", a.Name, in[0].Name)
		}
	}
}

// asWritten orders resources by where they are written, so that of two that do
// not go together the second is the one that is found.
func asWritten(a, b *schema.Resource) int {
	return cmp.Or(cmp.Compare(a.Origin.File, b.Origin.File), cmp.Compare(a.Origin.Document, b.Origin.Document), a.Ref().Compare(b.Ref()))
}

// member is an account of an organization that a rule on its facts keeps out.
type member struct {
	organization *schema.Resource
	at           schema.Path // where the organization names it
	*schema.Resource
	*schema.Account
	primary, hosting string // of the organization
}

// keptOut yields the members that the rule keeps out of their organization. Of
// the rules that an account breaks only the first, in the order of
// schema.Facts.Eligible, is its cause.
func (p *pass) keptOut() iter.Seq[member] {
	return func(yield func(member) bool) {
		for r, o := range p.organizations() {
			hosting := ""
			if primary := p.Account(o.Primary); primary != nil {
				hosting = primary.Hosting
			}
			for name, at := range members(o) {
				a := p.Account(name)
				if a == nil || a.Eligible(hosting) != p.rule.Name {
					continue
				}
				if !yield(member{r, at, p.resource(schema.KindAccount, name), a, o.Primary, hosting}) {
					return
				}
			}
		}
	}
}

func checkTier(p *pass) {
	for m := range p.keptOut() {
		if m.Name == m.primary {
			continue // organization-needs-enterprise asks for more
		}
		p.report(m.organization, m.at, "%s has no product at Professional or Enterprise, as every account of an organization must", m.Name).
			help("Upgrade a product of %s, or take it out of %s.", m.Name, m.organization.Name).
			see(m.Resource, spec.Key("subscriptions"), "the subscriptions of %s", m.Name)
	}
}

func checkNotEligible(p *pass) {
	for m := range p.keptOut() {
		field, what := "type", "a "+m.AccountType()+" account"
		if m.Platform != schema.HubSpot {
			field, what = "platform", "an account of "+m.Platform
		}
		p.report(m.organization, m.at, "%s is %s, which cannot be in an organization", m.Name, what).
			help("Take %s out of %s.", m.Name, m.organization.Name).
			see(m.Resource, spec.Key(field), "%s is %s", m.Name, what)
	}
}

func checkDeactivated(p *pass) {
	for m := range p.keptOut() {
		p.report(m.organization, m.at, "%s is deactivated, and cannot be in an organization", m.Name).
			help("Reactivate %s, or take it out of %s.", m.Name, m.organization.Name).
			see(m.Resource, spec.Key("status"), "%s is deactivated", m.Name)
	}
}

func checkHosting(p *pass) {
	for m := range p.keptOut() {
		p.report(m.organization, m.at, "%s is hosted in %s, the primary %s in %s", m.Name, m.Hosting, m.primary, m.hosting).
			help("All accounts of an organization are hosted in one location: take %s out of %s, or have the vendor move it to %s.",
				m.Name, m.organization.Name, m.hosting).
			see(m.Resource, spec.Key("hosting"), "%s is hosted in %s", m.Name, m.Hosting).
			see(p.resource(schema.KindAccount, m.primary), spec.Key("hosting"), "%s is hosted in %s", m.primary, m.hosting)
	}
}

func checkSuperAdmin(p *pass) {
	for r, o := range p.organizations() {
		u := p.User(o.Administrator)
		if u == nil {
			continue
		}
		var not []string
		for name := range members(o) {
			if p.Account(name) == nil {
				continue
			}
			if access := u.In(name); access == nil || !access.SuperAdmin {
				not = append(not, name)
			}
		}
		if len(not) == 0 {
			continue
		}
		user := p.resource(schema.KindUser, o.Administrator)
		p.report(r, spec.Key("administrator"), "%s administers %s but is not super admin in %s", o.Administrator, r.Name, sentence(not)).
			help("Set `superAdmin: true` for %s in the access of %s, or name another administrator.", sentence(not), where(user)).
			see(user, accessPath(u, not[0]), "the access of %s", o.Administrator)
	}
}

// accessPath is where the user's access to the account is written, or the list
// that it would stand in.
func accessPath(u *schema.User, account string) schema.Path {
	for i := range u.Access {
		if u.Access[i].Account == account {
			return spec.Key("access").Index(i)
		}
	}
	return spec.Key("access")
}

// checkTwoFactor finds each administrator once, at the first organization: that
// it has no second factor is one cause, however many it administers.
func checkTwoFactor(p *pass) {
	found := map[string]bool{}
	for r, o := range p.organizations() {
		u := p.User(o.Administrator)
		if u == nil || u.TwoFactor || found[o.Administrator] {
			continue
		}
		found[o.Administrator] = true
		user := p.resource(schema.KindUser, o.Administrator)
		p.report(r, spec.Key("administrator"), "%s administers %s without two-factor authentication", o.Administrator, r.Name).
			help("Once %s has two-factor authentication or a passkey, set `twoFactor: true` in %s.", o.Administrator, where(user)).
			see(user, spec.Key("twoFactor"), "%s has no second factor", o.Administrator)
	}
}

// MembershipThrough is the rule membership-needs-enterprise: it says why the
// organization cannot be created, deleted or given other accounts through the
// account, or returns false where it can. Through "" is the primary. The facts
// are live ones; nil counts as declared. A graph of what is applied answers for
// an organization that is to be deleted. The finding has no position: it is the
// flag --through that has to change.
func MembershipThrough(g *schema.Graph, organization *schema.Resource, through string, facts func(account string) *schema.Facts) (diag.Diagnostic, bool) {
	o := organization.Spec.(*schema.Organization)
	named := "--through " + through
	if through == "" {
		through, named = o.Primary, o.Primary
	}
	d := diag.Diagnostic{Rule: "membership-needs-enterprise", Severity: diag.Error, Address: organization.Ref().String()}
	known := orDeclared(g, facts)
	isMember, may := false, []string{}
	for name := range members(o) {
		f := known(name)
		holds := f != nil && f.Eligible("") == "" && f.HoldsOrganization()
		if name == through {
			if holds {
				return diag.Diagnostic{}, false
			}
			isMember = true
		}
		if holds {
			may = append(may, name)
		}
	}
	d.Message = fmt.Sprintf("%s has no Marketing Hub Enterprise, so %v cannot be changed through it", named, organization.Ref())
	if !isMember {
		d.Message = fmt.Sprintf("%s is no account of %v, so it cannot be changed through it", named, organization.Ref())
	}
	d.Help = "No account of the organization has Marketing Hub Enterprise any more: upgrade one of them."
	if len(may) > 0 {
		d.Help = fmt.Sprintf("Use --through %s.", strings.Join(may, " or --through "))
	}
	return d, true
}

// Through returns an error where the account that --through names is in none of
// the configurations, which are the one that is declared and, where something is
// deleted, the one that was applied. No name is no error: it is the primary then.
func Through(name string, in ...*schema.Graph) error {
	if name == "" {
		return nil
	}
	var accounts []string
	for _, g := range in {
		if g.Account(name) != nil {
			return nil
		}
		accounts = append(accounts, g.Names(schema.KindAccount)...)
	}
	hint := "name an account of the organization"
	if did := diag.DidYouMean(name, accounts); did != "" {
		hint = did
	}
	return fmt.Errorf("--through %s is no account: %s", name, hint)
}

// orDeclared are the facts that are known, and those of the configuration where
// they are not; nil for an account that it does not have.
func orDeclared(g *schema.Graph, facts func(account string) *schema.Facts) func(string) *schema.Facts {
	return func(account string) *schema.Facts {
		if facts != nil {
			if f := facts(account); f != nil {
				return f
			}
		}
		if a := g.Account(account); a != nil {
			return &a.Facts
		}
		return nil
	}
}

func (p *pass) resource(kind schema.Kind, name string) *schema.Resource {
	return p.Get(schema.Ref{Kind: kind, Name: name})
}
