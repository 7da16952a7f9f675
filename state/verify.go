package state

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"accord/schema"
)

// Problem is something in a state that should not be.
type Problem struct {
	Ref     schema.Ref // what it is about; zero: the state as a whole
	Message string
	Help    string // what to do
}

func (p Problem) String() string {
	if p.Ref.IsZero() {
		return p.Message
	}
	return fmt.Sprintf("%v: %s", p.Ref, p.Message)
}

// Verify reads a whole state and returns what is wrong with it, by address:
// records that are damaged, that do not hold the resource of their address, that
// refer to what is not in the state or claim to be newer than it; intents that
// nobody is working on. The error is that of reading.
func Verify(ctx context.Context, r Reader) ([]Problem, error) {
	// The parts of a state are read one after another. Where another has written
	// meanwhile they may not fit each other; who writes all the time is
	// believed at the last attempt.
	for attempt := 0; ; attempt++ {
		before, err := r.Meta(ctx)
		if err != nil {
			return nil, err
		}
		problems, err := verify(ctx, r)
		if err != nil {
			return nil, err
		}
		after, err := r.Meta(ctx)
		if err != nil {
			return nil, err
		}
		if before == after || attempt == 4 {
			return problems, nil
		}
	}
}

func verify(ctx context.Context, r Reader) ([]Problem, error) {
	var v verifier
	lock, err := r.LockInfo(ctx)
	if err != nil {
		return nil, err
	}
	intents, err := r.Intents(ctx)
	switch {
	case errors.Is(err, ErrCorrupt):
		v.add(schema.Ref{}, err.Error(), helpDamaged)
	case err != nil:
		return nil, err
	}
	if lock == nil {
		for _, i := range intents {
			v.add(i.Ref, fmt.Sprintf("an apply was stopped before it knew the outcome of: %s %s %s in %s", i.Action, i.Kind, i.Key, i.Account),
				"run accord apply: it looks what has happened, and finishes it")
		}
	}

	present := map[schema.Ref]bool{}
	var references []schema.Reference
	var newest Record
	for rec, err := range r.Records(ctx) {
		if err != nil && !errors.Is(err, ErrCorrupt) {
			return nil, err
		}
		if rec.Ref.IsZero() {
			v.add(rec.Ref, err.Error(), helpDamaged)
			break
		}
		present[rec.Ref] = true
		if err != nil {
			v.add(rec.Ref, err.Error(), helpDamaged)
			continue
		}
		if rec.Serial > newest.Serial {
			newest = rec
		}
		references = append(references, v.record(rec)...)
	}
	for _, ref := range references {
		if ref.To.Kind.Managed() && !present[ref.To] {
			v.add(ref.From.Ref(), fmt.Sprintf("%s refers to %v, which is not in the state", ref.Path, ref.To),
				fmt.Sprintf("run accord apply, or import %v", ref.To))
		}
	}

	// Read last: no record that was read before is newer.
	head, err := r.Meta(ctx)
	if err != nil {
		return nil, err
	}
	if newest.Serial > head.Serial {
		v.add(newest.Ref, fmt.Sprintf("it was written at serial %d, and the state has %d", newest.Serial, head.Serial), helpDamaged)
	}
	slices.SortStableFunc(v.problems, func(a, b Problem) int { return a.Ref.Compare(b.Ref) })
	return v.problems, nil
}

const helpDamaged = "push back a copy of the state that is sound (accord state push), or remove the record (accord state rm) and import the resource"

type verifier struct{ problems []Problem }

func (v *verifier) add(ref schema.Ref, message, help string) {
	v.problems = append(v.problems, Problem{ref, message, help})
}

// record checks what is in one record, and returns what it refers to. What it
// keeps is small: a state has more records than fit decoded into memory.
func (v *verifier) record(rec Record) []schema.Reference {
	if got := schema.Digest(rec.Resource); got != rec.Digest {
		v.add(rec.Ref, fmt.Sprintf("its digest is %s, and the record says %s", got, rec.Digest), helpDamaged)
		return nil
	}
	res, err := schema.Parse(rec.Resource)
	if err != nil {
		v.add(rec.Ref, fmt.Sprintf("its resource cannot be read: %v", err), helpDamaged)
		return nil
	}
	if res.Ref() != rec.Ref {
		v.add(rec.Ref, fmt.Sprintf("the record holds %v", res.Ref()), helpDamaged)
		return nil
	}
	if res.PreventDestroy != rec.PreventDestroy {
		v.add(rec.Ref, "the record and its resource disagree on preventDestroy", helpDamaged)
	}
	from := &schema.Resource{Kind: res.Kind, Name: res.Name}
	var out []schema.Reference
	res.Spec.References(func(path schema.Path, to schema.Ref) {
		out = append(out, schema.Reference{From: from, Path: path, To: to})
	})
	return out
}
