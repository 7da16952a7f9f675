package schema

import (
	"cmp"
	"slices"
)

// Programs of a partner.
const (
	ProgramSolutionsPartner  = "solutions-partner"
	ProgramSolutionsProvider = "solutions-provider" // earns managed points, has no tier
)

// Partner is a solutions partner whose people work in client accounts.
type Partner struct {
	Account             string         `json:"account"`
	Administrator       string         `json:"administrator,omitempty"`
	Program             string         `json:"program,omitempty"` // "": solutions-partner
	EmployeeEmailDomain string         `json:"employeeEmailDomain,omitempty"`
	Clients             []string       `json:"clients,omitempty"`
	ClientAccess        []ClientAccess `json:"clientAccess,omitempty"`
}

// ClientAccess gives one person with another domain access to clients, by hand.
type ClientAccess struct {
	User     string   `json:"user"`
	Accounts []string `json:"accounts"`
}

// Kind implements Spec.
func (*Partner) Kind() Kind { return KindPartner }

// References implements Spec.
func (p *Partner) References(yield func(Path, Ref)) {
	name(KindAccount, spec.Key("account"), p.Account, yield)
	name(KindUser, spec.Key("administrator"), p.Administrator, yield)
	names(KindAccount, spec.Key("clients"), p.Clients, yield)
	for i, a := range p.ClientAccess {
		at := spec.Key("clientAccess").Index(i)
		name(KindUser, at.Key("user"), a.User, yield)
		names(KindAccount, at.Key("accounts"), a.Accounts, yield)
	}
}

// Canonical implements Spec: clients and client access are sets.
func (p *Partner) Canonical() Spec {
	out := *p
	out.Program = unless(p.Program, ProgramSolutionsPartner)
	out.Clients = sorted(p.Clients)
	out.ClientAccess = slices.Clone(p.ClientAccess)
	for i := range out.ClientAccess {
		out.ClientAccess[i].Accounts = sorted(out.ClientAccess[i].Accounts)
	}
	slices.SortStableFunc(out.ClientAccess, func(a, b ClientAccess) int { return cmp.Compare(a.User, b.User) })
	return &out
}
