package plan

import (
	"encoding/json"
	"fmt"
	"slices"

	"accord/diag"
	"accord/schema"
	"accord/schema/check"
)

// The rules of which a plan finds what the configuration alone does not show.
const (
	rulePreventDestroy = "prevent-destroy"
	ruleSameObject     = "duplicate-resource"
)

// consequences are what the product does by itself because of live facts that
// the declaration does not follow yet, and where people's data goes from now on.
func (m *maker) consequences(p *Plan) []Consequence {
	written := map[string]bool{} // accounts that this plan tells their facts
	opening := false
	for _, c := range p.Changes {
		opening = opening || c.Action != Delete && flowing[c.Ref.Kind]
		for _, e := range c.Effects {
			written[e.Account] = written[e.Account] || e.Action == WriteFacts
		}
	}
	live := map[string]*schema.Facts{} // by the names of accounts when they were applied
	for _, d := range m.drift {
		if d.What == DriftFacts && !written[d.Account] {
			live[m.appliedName(d.Account)] = m.Live[d.Account].Facts
		}
	}
	out := []Consequence{}
	if len(live) > 0 {
		for _, c := range check.Consequences(m.before, func(account string) *schema.Facts { return live[account] }) {
			out = append(out, Consequence{Rule: c.Rule, Ref: c.Ref, Account: c.Account, Message: c.Message})
		}
	}
	if !opening {
		return out
	}
	for _, t := range check.Transfers(m.before, m.Declared) {
		if !m.out[t.Through] {
			out = append(out, Consequence{Rule: RuleFlow, Ref: t.Through, Account: t.To, Message: t.Message})
		}
	}
	return out
}

// RuleFlow is the rule that a Consequence names where it is about people's data
// and no rule of the product is the cause.
const RuleFlow = "flow"

// flowing are the kinds whose changes can let data go where it did not.
var flowing = map[schema.Kind]bool{
	schema.KindUser: true, schema.KindOrganization: true, schema.KindConnection: true, schema.KindPartner: true, schema.KindWorkflow: true,
}

// findings are those of the rules that need a plan: what is protected, and who
// may change an organization.
func (m *maker) findings(p *Plan) diag.List {
	var out diag.List
	for _, c := range p.Changes {
		if c.Action != Delete && c.Action != Replace {
			continue
		}
		was := c.Ref
		if !c.Previous.IsZero() {
			was = c.Previous
		}
		if m.Applied.Records[was].PreventDestroy {
			out.Add(m.protected(c))
		}
	}
	for _, c := range p.Changes {
		if c.Ref.Kind != schema.KindOrganization || !changesMembers(c) {
			continue
		}
		g, r := m.Declared, m.Declared.Get(c.Ref)
		if r == nil {
			g, r = m.before, m.before.Get(c.Ref)
		}
		d, refused := check.MembershipThrough(g, r, m.Options.Through, func(account string) *schema.Facts {
			if l := m.Live[account]; l != nil {
				return l.Facts
			}
			return nil
		})
		if refused {
			out.Add(d)
		}
	}
	for _, c := range m.conflicts {
		if slices.ContainsFunc(p.Changes, func(p Change) bool { return p.Ref == c.of }) {
			out.Add(c.finding)
		}
	}
	out.Add(m.policies(p)...)
	return out
}

// policies are the findings of the team's own rules on changes.
func (m *maker) policies(p *Plan) diag.List {
	if m.team == nil {
		return nil
	}
	policies := check.ChangePolicies(m.team)
	if policies.Empty() {
		return nil
	}
	var out diag.List
	for _, c := range p.Changes {
		change := check.Change{
			Kind: string(c.Ref.Kind), Name: c.Ref.Name, Address: c.Ref.String(), Action: string(c.Action), Reason: string(c.Reason),
			Before: specOf(c.Before), After: specOf(c.After), Fields: make([]string, 0, len(c.Fields)),
		}
		for _, f := range c.Fields {
			change.Fields = append(change.Fields, string(f.Path))
		}
		out.Add(policies.Eval(change, m.Locate)...)
	}
	return out
}

// specOf is what a policy sees of a resource.
func specOf(canonical json.RawMessage) map[string]any {
	if len(canonical) == 0 {
		return nil
	}
	r, err := schema.Parse(canonical)
	if err != nil {
		return nil // the state was read before: it is whole
	}
	return check.Document(r)
}

func (m *maker) protected(c Change) diag.Diagnostic {
	d := diag.Diagnostic{
		Rule: rulePreventDestroy, Severity: diag.Error, Address: c.Ref.String(),
		Message: fmt.Sprintf("%v is protected by lifecycle.preventDestroy, and this plan would delete it", c.Ref),
		Help:    "Declare it again. To let it go, first apply it with preventDestroy: false, then take it out.",
	}
	if m.Options.Destroy {
		d.Help = "First apply it with preventDestroy: false, or leave it out with --exclude " + c.Ref.String() + "."
	}
	if r := m.Declared.Get(c.Ref); r != nil {
		d.Message = fmt.Sprintf("%v is protected by lifecycle.preventDestroy, and this change would delete it and create it anew", c.Ref)
		d.Help = "Turn the change of " + pathList(c.ReplacePaths) + " back, or first apply it with preventDestroy: false."
		if m.Locate != nil {
			d.Position = m.Locate.Position(r, c.ReplacePaths[0])
		}
	}
	return d
}

func pathList(paths []schema.Path) string {
	s := ""
	for i, p := range paths {
		if i > 0 {
			s += ", "
		}
		s += string(p)
	}
	return s
}

// changesMembers reports whether the organization is created, deleted, or has
// other accounts afterwards.
func changesMembers(c Change) bool {
	if c.Action != Update {
		return true
	}
	for _, f := range c.Fields {
		e := f.Path.Elements()
		if len(e) >= 2 && e[0].Key == "spec" && e[1].Key == "accounts" {
			return true
		}
	}
	return false
}
