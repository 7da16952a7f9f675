package schema

import "slices"

// Platforms of an account.
const (
	HubSpot = "hubspot"
	Brevo   = "brevo"
)

// Types of an account.
const (
	TypeStandard = "standard"
	TypeSandbox  = "sandbox"
	TypeTrial    = "trial"
	TypeTest     = "test"
	TypePartner  = "partner"
)

// Statuses of an account.
const (
	StatusActive      = "active"
	StatusDeactivated = "deactivated"
)

// Facts are what an account reports of itself. They belong to the vendor: a
// declaration says what the team believes, and drift is where they differ.
type Facts struct {
	Platform string `json:"platform"`
	Type     string `json:"type,omitempty"`    // "": standard
	Status   string `json:"status,omitempty"`  // "": active
	Hosting  string `json:"hosting,omitempty"` // data hosting location: na1, eu1 …
	// Subscriptions of a hubspot account: hub → tier.
	Subscriptions map[string]string `json:"subscriptions,omitempty"`
	Plan          string            `json:"plan,omitempty"` // of a brevo account
	Apps          []string          `json:"apps,omitempty"` // of a brevo account
	SensitiveData bool              `json:"sensitiveData,omitempty"`
}

// AccountType is the type with its default.
func (f *Facts) AccountType() string { return orDefault(f.Type, TypeStandard) }

// Active reports whether the account is not deactivated.
func (f *Facts) Active() bool { return f.Status != StatusDeactivated }

// Tier is the tier of one hub, or "" where the account has none.
func (f *Facts) Tier(hub string) string { return f.Subscriptions[hub] }

// tiers in ascending order.
var tiers = []string{"", "free", "starter", "professional", "enterprise"}

// HasTier reports whether one of the hubs has at least the tier; without hubs,
// whether any has.
func (f *Facts) HasTier(tier string, hubs ...string) bool {
	least := slices.Index(tiers, tier)
	for hub, t := range f.Subscriptions {
		if (len(hubs) == 0 || slices.Contains(hubs, hub)) && slices.Index(tiers, t) >= least {
			return true
		}
	}
	return false
}

// Canonical returns the facts with defaults left out and sets sorted.
func (f *Facts) Canonical() Facts {
	out := *f
	out.Type = unless(out.Type, TypeStandard)
	out.Status = unless(out.Status, StatusActive)
	out.Apps = sorted(out.Apps)
	if len(out.Apps) == 0 {
		out.Apps = nil
	}
	if len(out.Subscriptions) == 0 {
		out.Subscriptions = nil
	}
	return out
}

// Account is one account of a vendor.
type Account struct {
	Facts
	// API says where the account lives at the vendor; nil: an embedded account.
	API *API `json:"api,omitempty"`
}

// API is how an account at the vendor is reached.
type API struct {
	PortalID int64   `json:"portalId,omitempty"` // hubspot: refused where the token is of another portal
	Token    *Secret `json:"token,omitempty"`
	// URL of the API where it is not the vendor's own, such as an emulator.
	URL string `json:"url,omitempty"`
}

// Kind implements Spec.
func (*Account) Kind() Kind { return KindAccount }

// References implements Spec: an account names no other resource.
func (*Account) References(func(Path, Ref)) {}

// Canonical implements Spec.
func (a *Account) Canonical() Spec {
	return &Account{Facts: a.Facts.Canonical(), API: a.API}
}

func orDefault(v, def string) string {
	if v == "" {
		return def
	}
	return v
}
