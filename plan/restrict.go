package plan

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"accord/diag"
	"accord/schema"
)

// restrict leaves out what the options leave out. A target brings what it
// needs with it; what needs something that is left out is left out with it.
func (m *maker) restrict(p *Plan) error {
	o := p.Options
	for _, g := range slices.Concat(o.Targets, o.Excludes) {
		if err := m.addressed(g); err != nil {
			return err
		}
	}
	if len(o.Targets) == 0 && len(o.Excludes) == 0 && !o.NoDelete {
		return nil
	}
	in := make(map[schema.Ref]bool, len(p.Changes))
	for i := len(p.Changes) - 1; i >= 0; i-- { // what needs something comes after it
		c := &p.Changes[i]
		if len(o.Targets) == 0 || in[c.Ref] || matches(o.Targets, c) {
			in[c.Ref] = true
			for _, n := range c.Needs {
				in[n] = true
			}
		}
	}
	m.out = map[schema.Ref]bool{}
	p.Changes = slices.DeleteFunc(p.Changes, func(c Change) bool {
		gone := !in[c.Ref] || matches(o.Excludes, &c) || o.NoDelete && c.deletes() ||
			slices.ContainsFunc(c.Needs, func(n schema.Ref) bool { return m.out[n] })
		if gone {
			m.out[c.Ref] = true
			if len(c.Before) > 0 {
				m.unchanged++
			}
		}
		return gone
	})
	for i := range p.Drift {
		p.Drift[i].Restores = p.Drift[i].Restores && !m.out[p.Drift[i].Ref]
	}
	p.Complete = len(m.out) == 0 && len(o.Targets) == 0
	return nil
}

// deletes reports whether the change takes anything away: a resource, or an
// object in an account.
func (c *Change) deletes() bool {
	return c.Action == Delete || c.Action == Replace ||
		slices.ContainsFunc(c.Effects, func(e Effect) bool { return e.Action == DeleteAsset })
}

func matches(globs []string, c *Change) bool {
	return slices.ContainsFunc(globs, func(g string) bool {
		return match(g, c.Ref) || !c.Previous.IsZero() && match(g, c.Previous)
	})
}

func match(glob string, ref schema.Ref) bool {
	ok, err := path.Match(glob, ref.String())
	return ok && err == nil
}

// addressed refuses a glob that is none, or is of nothing that is declared or
// was applied: a target that was misspelled would change nothing, and an exclude
// would change what was to stay.
func (m *maker) addressed(glob string) error {
	if _, err := path.Match(glob, ""); err != nil {
		return fmt.Errorf("%q is no address and no glob of addresses: write Kind/name, such as Connection/de-us or Workflow/*", glob)
	}
	for ref := range m.Applied.Records {
		if match(glob, ref) {
			return nil
		}
	}
	for _, r := range m.Declared.All() {
		if r.Kind.Managed() && match(glob, r.Ref()) {
			return nil
		}
	}
	refs := map[string]bool{}
	for ref := range m.Applied.Records {
		refs[ref.String()] = true
	}
	for _, r := range m.Declared.All() {
		if r.Kind.Managed() {
			refs[r.Ref().String()] = true
		}
	}
	hint := "an address is Kind/name, such as Connection/de-us, and a glob is such as Workflow/*"
	if did := diag.DidYouMean(glob, slices.Collect(maps.Keys(refs))); did != "" {
		hint = did
	}
	return fmt.Errorf("%q is nothing that is declared or was applied: %s", glob, hint)
}
