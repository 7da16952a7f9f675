package plan

import (
	"fmt"
	"path"
	"slices"

	"accord/schema"
)

// order sorts the changes so that each comes after those it needs, and fills in
// what it needs. Creations and updates run in the order of schema.Kinds, which
// no reference goes against; deletions follow in the reverse order:
//
//	Account → User → … → Organization → Connection → … → Workflow
//	Workflow → … → Connection → Organization → … → User → Account
//
// A creation or update needs the changes of what it depends on. A deletion
// needs the changes of what depended on it when it was applied. No creation
// ever needs a deletion: an object whose natural key is wanted by another
// resource is handed over to it.
func (m *maker) order() []Change {
	changing := make(map[schema.Ref]bool, len(m.changes))
	for _, c := range m.changes {
		changing[c.Ref] = true
	}
	dependents := map[schema.Ref][]schema.Ref{} // what was applied → changes of what depended on it
	deletes := slices.ContainsFunc(m.changes, func(c Change) bool { return c.Action == Delete })
	for i := range m.changes {
		c := &m.changes[i]
		if c.Action != Delete {
			for _, on := range m.Declared.DependsOn(m.Declared.Get(c.Ref)) {
				if changing[on] {
					c.Needs = append(c.Needs, on)
				}
			}
		}
		if !deletes || len(c.Before) == 0 {
			continue
		}
		was := c.Ref
		if !c.Previous.IsZero() {
			was = c.Previous
		}
		for _, on := range m.before.DependsOn(m.before.Get(was)) {
			dependents[on] = append(dependents[on], c.Ref)
		}
	}
	for i := range m.changes {
		c := &m.changes[i]
		if c.Action == Delete {
			c.Needs = append(c.Needs, dependents[c.Ref]...)
		}
		slices.SortFunc(c.Needs, schema.Ref.Compare)
		c.Needs = slices.Compact(c.Needs)
	}
	slices.SortFunc(m.changes, func(a, b Change) int {
		switch aDelete, bDelete := a.Action == Delete, b.Action == Delete; {
		case aDelete && bDelete:
			return b.Ref.Compare(a.Ref)
		case aDelete:
			return 1
		case bDelete:
			return -1
		}
		return a.Ref.Compare(b.Ref)
	})
	return m.changes
}

// restrict leaves out what the options leave out. A target brings what it
// needs with it; what needs something excluded is left out with it.
func (p *Plan) restrict(o Options) error {
	for _, g := range slices.Concat(o.Targets, o.Excludes) {
		if _, err := path.Match(g, ""); err != nil {
			return fmt.Errorf("%q is no address and no glob of addresses: write Kind/name, such as Connection/de-us or Workflow/*", g)
		}
	}
	if len(o.Targets) == 0 && len(o.Excludes) == 0 && !o.NoDelete {
		return nil
	}
	matches := func(globs []string, ref schema.Ref) bool {
		return slices.ContainsFunc(globs, func(g string) bool { ok, _ := path.Match(g, ref.String()); return ok })
	}
	in := make(map[schema.Ref]bool, len(p.Changes))
	for i := len(p.Changes) - 1; i >= 0; i-- { // what needs something comes after it
		c := &p.Changes[i]
		if len(o.Targets) == 0 || in[c.Ref] || matches(o.Targets, c.Ref) || !c.Previous.IsZero() && matches(o.Targets, c.Previous) {
			in[c.Ref] = true
			for _, n := range c.Needs {
				in[n] = true
			}
		}
	}
	out := map[schema.Ref]bool{}
	before := len(p.Changes)
	p.Changes = slices.DeleteFunc(p.Changes, func(c Change) bool {
		gone := !in[c.Ref] || matches(o.Excludes, c.Ref) || o.NoDelete && c.Action == Delete ||
			slices.ContainsFunc(c.Needs, func(n schema.Ref) bool { return out[n] })
		if gone {
			out[c.Ref] = true
		}
		return gone
	})
	// A deletion that was left out is needed by nothing but deletions.
	p.Complete = p.Complete && len(p.Changes) == before && len(o.Targets) == 0
	return nil
}
