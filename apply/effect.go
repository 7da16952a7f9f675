package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"accord/crm"
	"accord/plan"
	"accord/schema"
)

// effect does one thing in an account and returns the id of the object.
func (r *runner) effect(ctx context.Context, e *plan.Effect) (id string, err error) {
	account, err := r.Open(ctx, e.Account)
	if err != nil {
		return "", unaskedError{err}
	}
	switch e.Action {
	case plan.WriteFacts:
		var f schema.Facts
		if err := json.Unmarshal(e.After, &f); err != nil {
			return "", fmt.Errorf("the plan's facts cannot be read: %w", err)
		}
		return "", account.SetFacts(ctx, f)
	case plan.CreateAsset:
		return r.create(ctx, account, e)
	case plan.UpdateAsset, plan.AdoptAsset:
		if len(e.Fields) == 0 {
			return e.ID, nil
		}
		a, err := e.DecodeAsset()
		if err != nil {
			return "", fmt.Errorf("the plan's content cannot be read: %w", err)
		}
		if err := account.UpdateAsset(ctx, a); errors.Is(err, crm.ErrNotFound) {
			return "", errors.New("it is not there any more: make the plan again")
		} else if err != nil {
			return "", err
		}
		return e.ID, nil
	case plan.DeleteAsset:
		if err := account.DeleteAsset(ctx, e.Kind, e.ID); err != nil && !errors.Is(err, crm.ErrNotFound) {
			return "", err
		}
		return "", nil
	}
	return "", fmt.Errorf("the plan has the effect %q, which this version does not know", e.Action)
}

// unaskedError is a failure before an account was asked for anything.
type unaskedError struct{ error }

func (e unaskedError) Unwrap() error { return e.error }

// create creates an asset once. One that is there already is taken over where an
// apply that was killed was about to create it, or where nobody owns it: an
// asset that several resources imply. Any other has come since the plan was
// made, and is not overwritten by a plan that did not show it.
func (r *runner) create(ctx context.Context, account crm.Account, e *plan.Effect) (string, error) {
	a, err := e.DecodeAsset()
	if err != nil {
		return "", fmt.Errorf("the plan's content cannot be read: %w", err)
	}
	id, err := account.CreateAsset(ctx, a)
	var exists *crm.ExistsError
	switch {
	case !errors.As(err, &exists):
		return id, err
	case e.Implied:
		return exists.ID, nil
	case r.begun[effectKey(e.Account, string(e.Kind), e.Key)]:
		a.ID = exists.ID
		return a.ID, account.UpdateAsset(ctx, a)
	}
	return "", fmt.Errorf("%w: it has come since the plan was made; make the plan again to take it under management", err)
}
