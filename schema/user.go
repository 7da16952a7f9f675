package schema

import "slices"

// Seats of a user in an account.
const (
	SeatCore    = "core"
	SeatSales   = "sales"
	SeatService = "service"
	SeatPartner = "partner"
)

// PermissionConnectedRecords is the permission to see mirrored data.
const PermissionConnectedRecords = "view-connected-record-data"

// User is a person with access to accounts.
type User struct {
	Email     string   `json:"email"`
	TwoFactor bool     `json:"twoFactor,omitempty"` // two-factor authentication or a passkey
	Access    []Access `json:"access,omitempty"`
}

// Access is what a user may do in one account.
type Access struct {
	Account      string   `json:"account"`
	SuperAdmin   bool     `json:"superAdmin,omitempty"` // every permission, but no seat by it
	PartnerAdmin bool     `json:"partnerAdmin,omitempty"`
	Seats        []string `json:"seats,omitempty"`
	Permissions  []string `json:"permissions,omitempty"`
	Sees         *Sees    `json:"sees,omitempty"`
}

// Sees says which records a user sees: all (default), owned or none.
type Sees struct {
	Contacts  string `json:"contacts,omitempty"`
	Companies string `json:"companies,omitempty"`
}

// In returns the user's access to the account, or nil.
func (u *User) In(account string) *Access {
	for i := range u.Access {
		if u.Access[i].Account == account {
			return &u.Access[i]
		}
	}
	return nil
}

// Has reports whether the access has one of the seats.
func (a *Access) Has(seats ...string) bool {
	return slices.ContainsFunc(a.Seats, func(s string) bool { return slices.Contains(seats, s) })
}

// May reports whether the access has the permission, which a super admin always has.
func (a *Access) May(permission string) bool {
	return a.SuperAdmin || slices.Contains(a.Permissions, permission)
}

// Kind implements Spec.
func (*User) Kind() Kind { return KindUser }

// References implements Spec.
func (u *User) References(yield func(Path, Ref)) {
	for i, a := range u.Access {
		name(KindAccount, spec.Key("access").Index(i).Key("account"), a.Account, yield)
	}
}

// Canonical implements Spec: access is a set by account.
func (u *User) Canonical() Spec {
	out := *u
	out.Access = slices.Clone(u.Access)
	slices.SortStableFunc(out.Access, func(a, b Access) int {
		return slices.Compare([]string{a.Account}, []string{b.Account})
	})
	for i := range out.Access {
		out.Access[i] = out.Access[i].canonical()
	}
	return &out
}

func (a Access) canonical() Access {
	a.Seats, a.Permissions = sorted(a.Seats), sorted(a.Permissions)
	if a.Sees != nil {
		sees := Sees{unless(a.Sees.Contacts, "all"), unless(a.Sees.Companies, "all")}
		a.Sees = &sees
		if sees == (Sees{}) {
			a.Sees = nil
		}
	}
	return a
}
