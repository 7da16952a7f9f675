package schema

import "strings"

// What a policy looks at.
const (
	OnResource = "resource"
	OnChange   = "change"
	OnFlow     = "flow"
)

// Policy is a rule of the team's own.
type Policy struct {
	On       string `json:"on"`
	Severity string `json:"severity,omitempty"` // error (default), warning, info
	Where    string `json:"where"`              // CEL: what is refused or pointed out
	Message  string `json:"message"`
}

// Kind implements Spec.
func (*Policy) Kind() Kind { return KindPolicy }

// References implements Spec: a policy names no resource.
func (*Policy) References(func(Path, Ref)) {}

// Canonical implements Spec.
func (p *Policy) Canonical() Spec {
	out := *p
	out.Severity = unless(p.Severity, "error")
	out.Where = strings.TrimSpace(p.Where)
	return &out
}
