package expr

import (
	"context"

	"cel.dev/cel-go/common/types"
)

// Fact is a property that is known to have a value, as a Record has it; a nil
// value is known not to be set.
type Fact struct {
	Property
	Value any
}

// Admits reports whether a condition could be true where the facts hold and
// nothing is known of anything else. It errs on the side of true: it is false
// only where no record with these facts meets the condition. Every other program
// admits everything.
func (p *Program) Admits(facts ...Fact) bool {
	if p.want != Condition {
		return true
	}
	known := map[string]Record{}
	for _, f := range facts {
		r, _ := known[f.Object].(*partialRecord)
		if r == nil {
			r = &partialRecord{values: Values{}}
			known[f.Object] = r
		}
		r.values[f.Name] = f.Value
	}
	ctx := context.Background()
	v, err := p.begin(ctx, Activation{Records: known})
	if err != nil {
		return true
	}
	defer v.frame.Close()
	v.partial = true
	for name := range p.words.objects {
		r, _ := known[name].(*partialRecord)
		if r == nil {
			r = &partialRecord{}
			known[name] = r
		}
		r.run = v.run
	}
	return v.possible(ctx, p.root).could
}

// partialRecord is a record of which only some properties are known. It tells
// its run when another is asked for.
type partialRecord struct {
	run    *run
	values Values
}

// Value implements Record.
func (r *partialRecord) Value(property string) (any, bool) {
	v, ok := r.values[property]
	if !ok {
		r.run.missed = true
	}
	return v, ok
}

// verdict says what a part of a condition can be.
type verdict struct{ could, must bool } // be true; must implies could

func (v *evaluation) possible(ctx context.Context, n *part) verdict {
	switch n.op {
	case "!":
		sub := v.possible(ctx, n.parts[0])
		return verdict{could: !sub.must, must: !sub.could}
	case "&&":
		out := verdict{true, true}
		for _, n := range n.parts {
			sub := v.possible(ctx, n)
			out = verdict{out.could && sub.could, out.must && sub.must}
		}
		return out
	case "||":
		var out verdict
		for _, n := range n.parts {
			sub := v.possible(ctx, n)
			out = verdict{out.could || sub.could, out.must || sub.must}
		}
		return out
	}
	v.missed = false
	result, err := v.exec(ctx, n)
	if err != nil || v.missed {
		return verdict{could: true}
	}
	held := result == types.True
	return verdict{held, held}
}
