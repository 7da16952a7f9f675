// Package check holds the rules: what must hold for a configuration, one small
// unit each, in one slice that can be read (rules.go).
//
// A rule looks at the resolved configuration and reports findings; it does not
// know YAML, the state, or any account. What a rule means when live facts differ
// from what was applied is a consequence (drift.go), computed from values too.
package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"accord/diag"
	"accord/schema"
	"accord/schema/expr"
)

// When says when a rule is checked.
type When string

// The moments at which rules are checked.
const (
	AtPlan  When = "plan"  // from the configuration alone
	AtApply When = "apply" // before anything is changed
	AtDrift When = "drift" // from what the accounts report, against what was applied
	AtRun   When = "run"   // by the engine, just before it acts
)

// Sources of the rules.
const (
	SourceWorkflows    = "Multi-account workflows (HubSpot, January 2026)"
	SourceMirroring    = "Data mirroring (HubSpot, August 2025)"
	SourcePartner      = "Partner employee email domain (HubSpot, April 2024)"
	SourceOwner        = "Contact owner assignment (Brevo)"
	SourceOrganization = "Set up multi-account management (HubSpot, January 2026)"
	SourceOurs         = "accord"
)

// Rule is one rule: its name, which never changes, what it states, and why.
type Rule struct {
	Name     string
	Severity diag.Severity // of its findings, the most severe where it has two
	// Warns is set where some findings of an error rule are warnings.
	Warns bool
	When  []When
	// Statement says what must hold, in one sentence.
	Statement string
	// Reason says why, and what to do where it does not hold.
	Reason string
	Source []string
	// Breaks and Holds are configurations in YAML, of which the first has a
	// finding of this rule and the second has none. A rule that the
	// configuration alone cannot break says in Example what breaks it.
	Breaks, Holds string
	Example       string

	check func(*pass) // nil: reported where the matter is known, see Example
}

// Changeable reports whether a Project may change the severity of findings of
// the rule: an error of the product stays an error, also where the rule has
// warnings beside.
func (r *Rule) Changeable() bool { return r.Severity != diag.Error || r.Warns }

// Named returns the rule of that name, or nil.
func Named(name string) *Rule {
	for _, r := range Rules {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// Locator knows the files that a configuration was read from. Package load has
// one; a nil Locator leaves findings without positions.
type Locator interface {
	// Position is the place of the value at the path, or of the nearest part
	// around it that is written.
	Position(r *schema.Resource, p schema.Path) diag.Position
	// PositionIn is the place of a rune inside the text of the scalar at the
	// path.
	PositionIn(r *schema.Resource, p schema.Path, offset int) diag.Position
	// Mentions reports whether a document of the kind that is not in the
	// configuration, because of a finding of its own, speaks of all the names.
	// What may stand in it is not reported as missing.
	Mentions(kind schema.Kind, names ...string) bool
}

// All checks every rule that can be checked from the configuration alone, the
// policies on resources and flows included. Severities are as the project
// changed them. The findings are sorted.
func All(g *schema.Graph, at Locator) diag.List {
	p := &pass{Graph: g, at: at, rules: Rules}
	for _, r := range p.rules {
		if r.check != nil {
			p.rule = r
			r.check(p)
		}
	}
	checkPolicies(p)
	return p.list()
}

// pass is what a rule's check is given: the configuration, and a way to report.
type pass struct {
	*schema.Graph
	at    Locator
	rules []*Rule // all of them
	rule  *Rule   // the one that is checked
	found []finding

	// What several rules ask for, computed at the first question.
	propertiesOf map[[2]string]map[string]schema.PropertyInfo // account, object → properties
	objectsOf    map[string][]string                          // account → objects
	known        []workflow
	reaching     map[string]bool // accounts of workflows with actions, and of those actions
	conditionsOf map[*schema.Resource][]condition
	envs         map[scope]*expr.Env
	listEnvs     map[[2]string]*expr.Env // account, object
	effectsOf    *effects
}

// finding is a diagnostic whose positions are not looked up yet: most
// configurations have none, and looking one up reads its file again.
type finding struct {
	said
	at      place
	related []related
}

// said is a diagnostic without its methods: a finding is no error that a rule
// would have to handle.
type said diag.Diagnostic

type place struct {
	r      *schema.Resource
	path   schema.Path
	offset int // rune in the scalar's text, where inside
	end    int
	inside bool
}

type related struct {
	at      place
	message string
}

// report adds a finding of the rule at the field of a resource, and returns it
// for what is said beside.
func (p *pass) report(r *schema.Resource, path schema.Path, format string, args ...any) *finding {
	p.found = append(p.found, finding{
		said: said{
			Rule: p.rule.Name, Severity: p.rule.Severity, Message: fmt.Sprintf(format, args...), Address: r.Ref().String(),
		},
		at: place{r: r, path: path},
	})
	return &p.found[len(p.found)-1]
}

// help says what to do.
func (f *finding) help(format string, args ...any) *finding {
	f.Help = asSentence(fmt.Sprintf(format, args...))
	return f
}

// asSentence begins a text as a sentence does: suggestions are made to follow a
// colon too.
func asSentence(s string) string {
	if rest, ok := strings.CutPrefix(s, "did you mean"); ok {
		return "Did you mean" + rest
	}
	return s
}

// severity is for the few rules that have two.
func (f *finding) severity(s diag.Severity) *finding {
	f.Severity = s
	return f
}

// within narrows the position to runes of the scalar's text.
func (f *finding) within(offset, end int) {
	f.at.offset, f.at.end, f.at.inside = offset, end, true
}

// see points at a second place.
func (f *finding) see(r *schema.Resource, path schema.Path, format string, args ...any) *finding {
	f.related = append(f.related, related{place{r: r, path: path}, fmt.Sprintf(format, args...)})
	return f
}

// leftOut reports whether a document that was left out may say what seems to be
// missing: its own finding is the cause then.
func (p *pass) leftOut(kind schema.Kind, names ...string) bool {
	return p.at != nil && p.at.Mentions(kind, names...)
}

func (p *pass) list() diag.List {
	changed := p.ProjectSpec().Rules
	// By file, so that a file with many findings is read once.
	slices.SortStableFunc(p.found, func(a, b finding) int {
		return cmp.Compare(a.at.r.Origin.File, b.at.r.Origin.File)
	})
	out := make(diag.List, 0, len(p.found))
	for _, f := range p.found {
		if to, ok := changed[f.Rule]; ok && f.Severity != diag.Error {
			if to == "off" {
				continue
			}
			// The schema has checked the word; what is none leaves it as it is.
			_ = f.Severity.UnmarshalText([]byte(to))
		}
		d := diag.Diagnostic(f.said)
		d.Position = f.at.position(p.at)
		for _, r := range f.related {
			d.Related = append(d.Related, diag.Related{Position: r.at.position(p.at), Message: r.message})
		}
		out = append(out, d)
	}
	out.Sort()
	return out
}

func (p place) position(at Locator) diag.Position {
	if at == nil || p.r.Origin.File == "" {
		return diag.Position{File: p.r.Origin.File}
	}
	if !p.inside {
		return at.Position(p.r, p.path)
	}
	from := at.PositionIn(p.r, p.path, p.offset)
	if to := at.PositionIn(p.r, p.path, p.end); to.Line == from.Line && to.Column > from.Column {
		from.EndColumn = to.Column
	}
	return from
}
