package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"accord/schema"
	"accord/state"
)

// anyMatches reports whether one of the globs matches the address; no globs
// match everything.
func anyMatches(globs []string, ref schema.Ref) (bool, error) {
	for _, g := range globs {
		ok, err := path.Match(g, ref.String())
		if err != nil {
			return false, fmt.Errorf("%q is no address and no glob of addresses: %w", g, err)
		}
		if ok {
			return true, nil
		}
	}
	return len(globs) == 0, nil
}

// known refuses an address that nothing has: who mistypes what to leave out
// would see it changed. Globs may match nothing.
func (p *project) known(applied *state.Snapshot, addresses []string) error {
	var names []string
	for _, a := range addresses {
		if strings.ContainsAny(a, `*?[\`) {
			continue
		}
		ref, err := schema.ParseRef(a)
		if err != nil {
			return err
		}
		if _, ok := applied.Records[ref]; ok || p.graph.Get(ref) != nil {
			continue
		}
		if names == nil {
			for _, r := range p.graph.Config.All() {
				names = append(names, r.Ref().String())
			}
			for r := range applied.Records {
				names = append(names, r.String())
			}
			slices.Sort(names)
		}
		return fmt.Errorf("%v is neither declared nor applied%s", ref, suggestion(a, names))
	}
	return nil
}
