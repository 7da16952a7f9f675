package check

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"accord/diag"
	"accord/schema"
)

var partnerRules = []*Rule{
	{
		Name: "partner-account-needed", When: []When{AtPlan}, Source: []string{SourcePartner},
		Statement: "The account of a partner is of type partner.",
		Reason: `Client access, partner seats and managed points are features of partner accounts. Name the partner's
own account, and not one of a client's; where it is the right one, its document says type: partner.`,
		Breaks: examplePartner(`
kind: Account
metadata: {name: agency-hq}
spec: {platform: hubspot, hosting: eu1}
`, exampleEva, exampleAgency),
		Holds: examplePartner(exampleHQ, exampleEva, exampleAgency),
		check: checkPartnerAccount,
	},
	{
		Name: "partner-domain-shared", When: []When{AtPlan}, Source: []string{SourcePartner},
		Statement: "The domain of a partner's people is no shared mail provider's.",
		Reason: `Everybody with an address at gmail.com would get the partner's seats and permissions in its clients.
Give the partner's people addresses at a domain of its own. The list of providers is a public one, with
14,000 domains.`,
		Breaks: examplePartner(exampleHQ, exampleEva, `
kind: Partner
metadata: {name: agency}
spec: {account: agency-hq, administrator: eva, employeeEmailDomain: gmail.com, clients: [acme-de]}
`),
		Holds: examplePartner(exampleHQ, exampleEva, exampleAgency),
		check: checkDomainShared,
	},
	{
		Name: "partner-domain-not-unique", When: []When{AtPlan}, Source: []string{SourcePartner},
		Statement: "No two partners have the same domain, case ignored.",
		Reason: `A person's domain says whose people they are. Where two partners share one, take it from the one whose
people do not have it; they get access to clients by hand, in clientAccess.`,
		Breaks: examplePartner(exampleHQ, exampleEva, exampleAgency, `
kind: Account
metadata: {name: studio-hq}
spec: {platform: hubspot, type: partner, hosting: eu1}
`, `
kind: Partner
metadata: {name: studio}
spec: {account: studio-hq, employeeEmailDomain: Agency.example, clients: [acme-de]}
`),
		Holds: examplePartner(exampleHQ, exampleEva, exampleAgency),
		check: checkDomainUnique,
	},
	{
		Name: "partner-domain-invalid", When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "The domain of a partner's people is a domain name; internationalized ones are compared in their ASCII form.",
		Reason: `Write the part of their addresses behind the @, such as agency.example: no address, no URL, and no
ending that everybody registers domains below, such as co.uk.`,
		Breaks: examplePartner(exampleHQ, exampleEva, `
kind: Partner
metadata: {name: agency}
spec: {account: agency-hq, administrator: eva, employeeEmailDomain: https://agency.example, clients: [acme-de]}
`),
		Holds: examplePartner(exampleHQ, exampleEva, `
kind: Partner
metadata: {name: agency}
spec: {account: agency-hq, administrator: eva, employeeEmailDomain: bücher-agentur.example, clients: [acme-de]}
`),
		check: checkDomainValid,
	},
	{
		Name: "partner-domain-missing", Severity: diag.Warning, When: []When{AtPlan}, Source: []string{SourcePartner},
		Statement: "A partner says which domain its people have.",
		Reason: `Without employeeEmailDomain the partner's people get no partner seat and no permissions in client
accounts by their domain, the partner gets no managed points for them, and the vendor goes on asking for
it. That holds too where all of its people use addresses of shared mail providers: they need addresses at
a domain of the partner's first.`,
		Breaks: examplePartner(exampleHQ, exampleEva, `
kind: Partner
metadata: {name: agency}
spec: {account: agency-hq, administrator: eva, clients: [acme-de]}
`),
		Holds: examplePartner(exampleHQ, exampleEva, exampleAgency),
		check: checkDomainMissing,
	},
	{
		Name: "partner-needs-super-admin", When: []When{AtPlan}, Source: []string{SourcePartner},
		Statement: "The administrator of a partner is super admin of the partner's account.",
		Reason: `Only a super admin of the partner's account can set the domain of its people. Make the administrator
one, or name another.`,
		Breaks: examplePartner(exampleHQ, `
kind: User
metadata: {name: eva}
spec: {email: eva@agency.example, access: [{account: agency-hq}]}
`, exampleAgency),
		Holds: examplePartner(exampleHQ, exampleEva, exampleAgency),
		check: checkPartnerAdministrator,
	},
	{
		Name: "client-access-not-a-client", When: []When{AtPlan}, Source: []string{SourcePartner},
		Statement: "The client access of a partner names its clients only.",
		Reason: `A partner can let its people into the accounts of its clients and into no others. Add the account to
clients, or take it out of clientAccess.`,
		Breaks: examplePartner(exampleHQ, exampleEva, `
kind: Partner
metadata: {name: agency}
spec:
  account: agency-hq
  administrator: eva
  employeeEmailDomain: agency.example
  clientAccess:
    - {user: eva, accounts: [acme-de]}
`),
		Holds: examplePartner(exampleHQ, exampleEva, `
kind: Partner
metadata: {name: agency}
spec:
  account: agency-hq
  administrator: eva
  employeeEmailDomain: agency.example
  clients: [acme-de]
  clientAccess:
    - {user: eva, accounts: [acme-de]}
`),
		check: checkClientAccess,
	},
	{
		Name: "employee-needs-client-access", Severity: diag.Info, When: []When{AtPlan}, Source: []string{SourcePartner},
		Statement: "One of the partner's people with another domain is in its client access for each client they work in.",
		Reason: `By the domain alone, people with another one get neither the partner seat nor the partner's permissions.
The partner's people are those with access to its account and those in its clientAccess; the client's own
staff is never meant.`,
		Breaks: examplePartner(exampleHQ, exampleEva, exampleFreelancer, exampleAgency),
		Holds: examplePartner(exampleHQ, exampleEva, exampleFreelancer, `
kind: Partner
metadata: {name: agency}
spec:
  account: agency-hq
  administrator: eva
  employeeEmailDomain: agency.example
  clients: [acme-de]
  clientAccess:
    - {user: freelancer, accounts: [acme-de]}
`),
		check: checkEmployees,
	},
	{
		Name: "partner-domain-minority", Severity: diag.Warning, When: []When{AtPlan}, Source: []string{SourcePartner},
		Statement: "No other domain is shared by two or more of the partner's people in client accounts, and by more of them than have the declared one.",
		Reason: `The partner gets its points, seats and permissions where people with the declared domain work. Declare the
domain that most of its people have. These people are then no matter of employee-needs-client-access.`,
		Breaks: examplePartner(exampleHQ, `
kind: User
metadata: {name: eva}
spec:
  email: eva@agency-group.example
  access:
    - {account: agency-hq, superAdmin: true}
    - {account: acme-de}
`, `
kind: User
metadata: {name: ed}
spec:
  email: ed@agency-group.example
  access:
    - {account: agency-hq}
    - {account: acme-de}
`, exampleAgency),
		Holds: examplePartner(exampleHQ, exampleEva, exampleAgency),
		check: checkDomainMinority,
	},
}

const (
	exampleHQ = `
kind: Account
metadata: {name: agency-hq}
spec: {platform: hubspot, type: partner, hosting: eu1}
`
	exampleEva = `
kind: User
metadata: {name: eva}
spec:
  email: eva@agency.example
  access:
    - {account: agency-hq, superAdmin: true}
    - {account: acme-de}
`
	exampleFreelancer = `
kind: User
metadata: {name: freelancer}
spec:
  email: fred@fred.example
  access:
    - {account: agency-hq}
    - {account: acme-de}
`
	exampleAgency = `
kind: Partner
metadata: {name: agency}
spec: {account: agency-hq, administrator: eva, employeeEmailDomain: agency.example, clients: [acme-de]}
`
)

// examplePartner is a partner beside the account of a client.
func examplePartner(documents ...string) string { return example(append(documents, exampleDE)...) }

// partners yields every partner and what it says.
func (p *pass) partners() iter.Seq2[*schema.Resource, *schema.Partner] {
	return func(yield func(*schema.Resource, *schema.Partner) bool) {
		for _, r := range p.Of(schema.KindPartner) {
			if !yield(r, r.Spec.(*schema.Partner)) {
				return
			}
		}
	}
}

var domainField = spec.Key("employeeEmailDomain")

// employeeDomain is the partner's domain in its ASCII form, or "" where it has
// none that could be its own: a rule of its own says so.
func employeeDomain(s *schema.Partner) string {
	ascii, err := asciiDomain(s.EmployeeEmailDomain)
	if err != nil || sharedMailDomain(ascii) {
		return ""
	}
	return ascii
}

// staff are the partner's people by what is declared of them: the users with
// access to its account and those in its client access, sorted by name. Those
// who are its people by their domain alone are not among them.
func staff(g *schema.Graph, s *schema.Partner) []*schema.Resource {
	out := slices.Clone(g.UsersOf(s.Account))
	for _, c := range s.ClientAccess {
		if u := g.Get(schema.Ref{Kind: schema.KindUser, Name: c.User}); u != nil {
			out = append(out, u)
		}
	}
	slices.SortFunc(out, byName)
	return slices.Compact(out)
}

// clientAccess maps each user in the partner's client access to the accounts
// that are opened to them by hand.
func clientAccess(s *schema.Partner) map[string]map[string]bool {
	out := make(map[string]map[string]bool, len(s.ClientAccess))
	for _, c := range s.ClientAccess {
		if out[c.User] == nil {
			out[c.User] = make(map[string]bool, len(c.Accounts))
		}
		for _, a := range c.Accounts {
			out[c.User][a] = true
		}
	}
	return out
}

func byName(a, b *schema.Resource) int { return cmp.Compare(a.Name, b.Name) }

func set(names []string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, n := range names {
		out[n] = true
	}
	return out
}

func checkPartnerAccount(p *pass) {
	for r, s := range p.partners() {
		a := p.Account(s.Account)
		if a == nil || a.AccountType() == schema.TypePartner {
			continue
		}
		p.report(r, spec.Key("account"), "%s is a %s account, and a partner's is of type partner", s.Account, a.AccountType()).
			help("Name the partner's own account, or write `type: partner` in %s.", where(p.resource(schema.KindAccount, s.Account))).
			see(p.resource(schema.KindAccount, s.Account), spec.Key("type"), "%s is a %s account", s.Account, a.AccountType())
	}
}

func checkDomainShared(p *pass) {
	for r, s := range p.partners() {
		ascii, err := asciiDomain(s.EmployeeEmailDomain)
		if err == nil && sharedMailDomain(ascii) {
			p.report(r, domainField, "%s is a shared mail provider's domain", s.EmployeeEmailDomain).
				help("Everybody there would count as one of the people of %s. Declare a domain that it alone has.", r.Name)
		}
	}
}

func checkDomainUnique(p *pass) {
	first := map[string]*schema.Resource{}
	for _, r := range slices.SortedStableFunc(slices.Values(p.Of(schema.KindPartner)), asWritten) {
		domain := employeeDomain(r.Spec.(*schema.Partner))
		switch other := first[domain]; {
		case domain == "":
		case other == nil:
			first[domain] = r
		default:
			p.report(r, domainField, "%s is the domain of %s already", r.Spec.(*schema.Partner).EmployeeEmailDomain, other.Ref()).
				help("A domain belongs to one partner: take it from %s or from %s.", r.Ref(), where(other)).
				see(other, domainField, "%s has it here", other.Name)
		}
	}
}

func checkDomainValid(p *pass) {
	for r, s := range p.partners() {
		if s.EmployeeEmailDomain == "" {
			continue
		}
		if _, err := asciiDomain(s.EmployeeEmailDomain); err != nil {
			p.report(r, domainField, "%q is no domain of a company: %v", s.EmployeeEmailDomain, err).
				help("Write what stands behind the @ in the addresses of the people of %s, such as agency.example.", r.Name)
		}
	}
}

func checkDomainMissing(p *pass) {
	for r, s := range p.partners() {
		if s.EmployeeEmailDomain != "" {
			continue
		}
		f := p.report(r, domainField, "%s has no domain: no points, seats or permissions in client accounts by it", r.Name)
		people := staff(p.Graph, s)
		if len(people) > 0 && !slices.ContainsFunc(people, func(u *schema.Resource) bool {
			return !sharedMailDomain(mailDomain(u.Spec.(*schema.User).Email))
		}) {
			f.help("All people of %s have addresses of shared mail providers: give them addresses at a domain of its own, and declare that as `employeeEmailDomain`.", r.Name)
		} else {
			f.help("Declare the domain of its people as `employeeEmailDomain`.")
		}
	}
}

func checkPartnerAdministrator(p *pass) {
	for r, s := range p.partners() {
		u := p.User(s.Administrator)
		if u == nil || p.Account(s.Account) == nil {
			continue
		}
		if a := u.In(s.Account); a == nil || !a.SuperAdmin {
			p.report(r, spec.Key("administrator"), "%s is not super admin of %s", s.Administrator, s.Account).
				help("Make %s super admin of %s, or name another administrator.", where(p.resource(schema.KindUser, s.Administrator)), s.Account)
		}
	}
}

func checkClientAccess(p *pass) {
	for r, s := range p.partners() {
		clients := set(s.Clients)
		for i, c := range s.ClientAccess {
			for j, a := range c.Accounts {
				if !clients[a] && p.Account(a) != nil {
					p.report(r, spec.Key("clientAccess").Index(i).Key("accounts").Index(j), "%s is no client of %s", a, r.Name).
						help("Add %s to `clients`, or take it out of the access of %s.", a, c.User)
				}
			}
		}
	}
}

func checkEmployees(p *pass) {
	for r, s := range p.partners() {
		domain := employeeDomain(s)
		if domain == "" {
			continue
		}
		clients, opened := set(s.Clients), clientAccess(s)
		most, _ := mostlyAt(p.Graph, s, domain)
		for _, u := range staff(p.Graph, s) {
			user := u.Spec.(*schema.User)
			// Where most of them are at another domain, that is the matter.
			if at := mailDomain(user.Email); at == domain || at == most {
				continue
			}
			var missing []int
			for i, a := range user.Access {
				if clients[a.Account] && !opened[u.Name][a.Account] {
					missing = append(missing, i)
				}
			}
			if len(missing) == 0 {
				continue
			}
			at := spec.Key("clientAccess")
			if i := slices.IndexFunc(s.ClientAccess, func(c schema.ClientAccess) bool { return c.User == u.Name }); i >= 0 {
				at = at.Index(i).Key("accounts")
			}
			accounts := make([]string, len(missing))
			for i, m := range missing {
				accounts[i] = user.Access[m].Account
			}
			f := p.report(r, at, "%s works in %s with an address at %s, not at %s", u.Name, sentence(accounts), mailDomain(user.Email), domain).
				help("Add %s to `clientAccess` for %s: by the domain alone there is no partner seat there.", u.Name, sentence(accounts))
			for _, m := range missing[:min(len(missing), 3)] {
				f.see(u, spec.Key("access").Index(m).Key("account"), "%s has access to %s", u.Name, user.Access[m].Account)
			}
		}
	}
}

func checkDomainMinority(p *pass) {
	for r, s := range p.partners() {
		declared := employeeDomain(s)
		if declared == "" {
			continue
		}
		most, byDomain := mostlyAt(p.Graph, s, declared)
		if most == declared {
			continue
		}
		f := p.report(r, domainField, "%d of the people of %s in client accounts have addresses at %s, %d at %s",
			byDomain[most], r.Name, most, byDomain[declared], declared)
		if sharedMailDomain(most) {
			f.help("%s is a shared mail provider's: give these people addresses at %s.", most, declared)
		} else {
			f.help("Declare %s, or give these people addresses at %s.", most, declared)
		}
	}
}

// mostlyAt is the domain that most of the partner's people in client accounts
// have, and how many have which. It is the declared one unless two or more share
// another: a person alone at a domain is a freelancer and not the partner's name.
func mostlyAt(g *schema.Graph, s *schema.Partner, declared string) (most string, byDomain map[string]int) {
	byDomain = map[string]int{}
	for _, u := range peopleInClients(g, s, declared) {
		byDomain[mailDomain(u.Spec.(*schema.User).Email)]++
	}
	most = declared
	for _, d := range slices.Sorted(maps.Keys(byDomain)) {
		if byDomain[d] > max(1, byDomain[most]) {
			most = d
		}
	}
	return most, byDomain
}

// peopleInClients are the partner's people with access to one of its clients:
// those with the domain, those with access to the partner's account and those in
// its client access. Each is returned once, in the order of the clients.
func peopleInClients(g *schema.Graph, s *schema.Partner, domain string) []*schema.Resource {
	ours := map[*schema.Resource]bool{}
	for _, u := range staff(g, s) {
		ours[u] = true
	}
	var out []*schema.Resource
	seen := map[*schema.Resource]bool{}
	for _, c := range s.Clients {
		for _, u := range g.UsersOf(c) {
			if seen[u] {
				continue
			}
			seen[u] = true
			if ours[u] || mailDomain(u.Spec.(*schema.User).Email) == domain {
				out = append(out, u)
			}
		}
	}
	return out
}
