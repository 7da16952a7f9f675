package main

import (
	"fmt"
	"path"

	"accord/schema"
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
