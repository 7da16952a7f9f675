package apply

import (
	"fmt"

	"accord/plan"
)

// Bounds of a mass deletion: of ten or more resources, more than a third.
const (
	massDeleteLeast = 10
	massDeletePart  = 3
)

// GuardError refuses a plan that would remove a large part of what there is.
// Nothing was changed.
type GuardError struct {
	Deletes, Managed int
	Flag             string // that lets it through
}

func (e *GuardError) Error() string {
	if e.Flag == FlagAllowEmpty {
		return fmt.Sprintf("the configuration declares nothing, and this plan would delete all %d resources", e.Managed)
	}
	return fmt.Sprintf("this plan would delete %d of %d resources, more than a third", e.Deletes, e.Managed)
}

// The flags that a GuardError names.
const (
	FlagAllowMassDelete = "allow-mass-delete"
	FlagAllowEmpty      = "allow-empty"
)

// Guard refuses what is most probably a mistake, with a *GuardError: a wrong
// folder, a glob that matches nothing. Who destroys has said so.
func Guard(p *plan.Plan, o Options) error {
	if p.Destroy {
		return nil
	}
	s := p.Summary
	managed := s.Remove + s.Change + s.Unchanged
	switch {
	case s.Remove > 0 && s.Remove == managed && s.Add == 0:
		if !o.AllowEmpty {
			return &GuardError{s.Remove, managed, FlagAllowEmpty}
		}
	case managed >= massDeleteLeast && s.Remove*massDeletePart > managed && !o.AllowMassDelete:
		return &GuardError{s.Remove, managed, FlagAllowMassDelete}
	}
	return nil
}
