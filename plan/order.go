package plan

import (
	"fmt"
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
// resource is handed over to it, or removed by it. Among resources of a kind,
// one that takes the key of another comes after that one has let it go.
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
		c.Needs = slices.DeleteFunc(c.Needs, func(n schema.Ref) bool { return !changing[n] })
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
	return m.sequence()
}

// sequence moves what is needed before what needs it, and leaves the order as it
// is elsewhere. Resources that wait for each other's natural keys are refused.
func (m *maker) sequence() []Change {
	at := make(map[schema.Ref]int, len(m.changes))
	sorted := true
	for i, c := range m.changes {
		at[c.Ref] = i
		sorted = sorted && !slices.ContainsFunc(c.Needs, func(n schema.Ref) bool { _, before := at[n]; return !before })
	}
	if sorted {
		return m.changes
	}
	const (
		ahead = iota
		underway
		behind
	)
	where := make([]int, len(m.changes))
	out := make([]Change, 0, len(m.changes))
	var visit func(i int)
	visit = func(i int) {
		where[i] = underway
		c := m.changes[i]
		c.Needs = slices.DeleteFunc(c.Needs, func(n schema.Ref) bool {
			j := at[n]
			if where[j] == ahead {
				visit(j)
			}
			if where[j] == underway {
				m.refuse(c.Ref, m.Declared.Get(c.Ref), fmt.Sprintf("%v and %v exchange their names in an account, which has room for one of a name", c.Ref, n),
					fmt.Sprintf("Give %v a third name and apply, then the one that it is to have.", c.Ref))
			}
			return where[j] == underway
		})
		where[i] = behind
		out = append(out, c)
	}
	for i := range m.changes {
		if where[i] == ahead {
			visit(i)
		}
	}
	return out
}
