package schema

// Limits of an organization.
const (
	LimitsHubSpot  = "hubspot"  // exactly what the product allows
	LimitsExtended = "extended" // what the engine can do beyond it
)

// Organization is a multi-account organization.
type Organization struct {
	Primary       string   `json:"primary"`
	Accounts      []string `json:"accounts,omitempty"` // the primary among them
	Administrator string   `json:"administrator,omitempty"`
	Limits        string   `json:"limits,omitempty"` // "": hubspot
}

// Extended reports whether the organization allows what the product does not.
func (o *Organization) Extended() bool { return o.Limits == LimitsExtended }

// Kind implements Spec.
func (*Organization) Kind() Kind { return KindOrganization }

// References implements Spec.
func (o *Organization) References(yield func(Path, Ref)) {
	name(KindAccount, spec.Key("primary"), o.Primary, yield)
	names(KindAccount, spec.Key("accounts"), o.Accounts, yield)
	name(KindUser, spec.Key("administrator"), o.Administrator, yield)
}

// Canonical implements Spec: accounts are a set.
func (o *Organization) Canonical() Spec {
	out := *o
	out.Accounts = sorted(o.Accounts)
	out.Limits = unless(o.Limits, LimitsHubSpot)
	return &out
}
