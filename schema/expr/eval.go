package expr

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// Activation is what an expression sees when it runs. A record of the scope that
// is missing here is one that is not there: nothing of it is set.
type Activation struct {
	Records  map[string]Record // by the names of Scope.Objects
	Contacts []Record          // what contacts holds
}

// Outcome is the result of a condition.
type Outcome struct {
	True bool
	// Evaluated and Held tell of each of the first 64 leaves (see
	// Program.Leaves), a bit each from the lowest, whether it was looked at
	// and whether it held.
	Evaluated, Held uint64
	// Reasons are the causes for which comparisons are false other than by
	// their values, each once, at most 16.
	Reasons []Reason
}

const maxReasons = 16

// run is one evaluation. It is the activation that CEL reads from.
type run struct {
	Activation
	words    *vocabulary
	reasons  []Reason
	contacts traits.Lister
	partial  bool // see Admits
	missed   bool // a partial run met what it does not know
}

// runName is the name under which a guard finds its run; no expression can
// write it.
const runName = "@run"

// ResolveName implements interpreter.Activation.
func (r *run) ResolveName(name string) (any, bool) {
	if name == runName {
		return r, true
	}
	o := r.words.objects[name]
	switch {
	case o == nil:
		return nil, false
	case name != Contacts:
		return &record{r.Records[name], o}, true
	case r.contacts == nil:
		elements := make([]ref.Val, len(r.Contacts))
		for i, c := range r.Contacts {
			elements[i] = &record{c, o}
		}
		r.contacts = types.NewRefValList(types.DefaultTypeAdapter, elements)
	}
	r.missed = r.partial
	return r.contacts, true
}

// Parent implements interpreter.Activation.
func (*run) Parent() interpreter.Activation { return nil }

func (r *run) note(reason Reason) {
	if len(r.reasons) == maxReasons {
		return
	}
	for _, known := range r.reasons {
		if known == reason {
			return
		}
	}
	r.reasons = append(r.reasons, reason)
}

// guard is a comparison or a call that is false where it cannot be evaluated.
type guard struct {
	interpreter.InterpretableV2
	program *Program
}

// Exec implements interpreter.InterpretableV2.
func (g *guard) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := g.InterpretableV2.Exec(frame)
	if _, ok := v.(types.Bool); ok {
		return v
	}
	if err, ok := v.(*types.Err); ok {
		if errors.Is(err, interpreter.InterruptError{}) {
			return v
		}
		if r, ok := frame.ResolveName(runName); ok {
			r.(*run).note(g.program.reason(err))
		}
	}
	return types.False
}

// Eval implements interpreter.Interpretable.
func (g *guard) Eval(a interpreter.Activation) ref.Val { return interpreter.EvalActivation(a, g.Exec) }

// reason says why an evaluation failed.
func (p *Program) reason(err error) Reason {
	var unset *unsetError
	if errors.As(err, &unset) {
		return unset.Reason
	}
	if key, ok := strings.CutPrefix(err.Error(), "no such key: "); ok {
		if text := p.keys[key]; text != "" {
			return Reason{Text: text + " is not set"}
		}
		return Reason{Text: key + " is not set"}
	}
	return Reason{Text: strings.TrimSpace(p.text) + ": " + err.Error()}
}

// evaluation is a run of one program.
type evaluation struct {
	*Program
	*run
	frame *interpreter.ExecutionFrame
}

// interruptEvery is the number of elements after which an exists looks whether
// it was canceled.
const interruptEvery = 64

// begin starts a run. The caller closes the frame.
func (p *Program) begin(ctx context.Context, a Activation) (*evaluation, error) {
	if err := p.plan(); err != nil {
		return nil, err
	}
	r := &run{Activation: a, words: p.words}
	frame, err := interpreter.NewExecutionFrame(r)
	if err != nil {
		return nil, fmt.Errorf("evaluate %q: %w", p.text, err)
	}
	if p.loops && ctx.Done() != nil {
		if err := frame.SetContext(ctx, interruptEvery); err != nil {
			frame.Close()
			return nil, fmt.Errorf("evaluate %q: %w", p.text, err)
		}
	}
	return &evaluation{p, r, frame}, nil
}

// exec runs one leaf. An error is one of the program or a cancellation; what the
// values are to blame for is a value of type *types.Err.
func (v *evaluation) exec(ctx context.Context, l *part) (out ref.Val, err error) {
	defer func() {
		if r := recover(); r != nil { // a Record or the library failed; the engine goes on
			err = fmt.Errorf("evaluate %q: %v", v.text, r)
		}
	}()
	out = l.run.Exec(v.frame)
	if failed, ok := out.(*types.Err); ok && errors.Is(failed, interpreter.InterruptError{}) {
		return nil, context.Cause(ctx)
	}
	return out, nil
}

// Eval decides a condition. The error is the context's where it ends first, or
// says that the program itself is at fault; a value that is missing or unreadable
// is no error. A program that was compiled for a value is one.
func (p *Program) Eval(ctx context.Context, a Activation) (Outcome, error) {
	if p.want != Condition {
		return Outcome{}, fmt.Errorf("decide %q: compiled for a value of type %s", p.text, p.want)
	}
	v, err := p.begin(ctx, a)
	if err != nil {
		return Outcome{}, err
	}
	defer v.frame.Close()
	var out Outcome
	out.True, err = v.decide(ctx, p.root, &out)
	out.Reasons = v.reasons
	return out, err
}

func (v *evaluation) decide(ctx context.Context, n *part, out *Outcome) (bool, error) {
	switch n.op {
	case "!":
		held, err := v.decide(ctx, n.parts[0], out)
		return !held, err
	case "&&", "||":
		for _, sub := range n.parts {
			held, err := v.decide(ctx, sub, out)
			if err != nil || held == (n.op == "||") {
				return held, err
			}
		}
		return n.op == "&&", nil
	}
	result, err := v.exec(ctx, n)
	held := result == types.True
	if n.leaf < 64 {
		out.Evaluated |= 1 << n.leaf
		if held {
			out.Held |= 1 << n.leaf
		}
	}
	return held, err
}

// EvalValue computes the value of an expression: a string, a float64, a bool or
// a time.Time in UTC. It is nil where the expression reads what is not set, or
// cannot be computed, and the reasons say why. On a condition it yields a bool.
func (p *Program) EvalValue(ctx context.Context, a Activation) (any, []Reason, error) {
	if p.want == Condition {
		out, err := p.Eval(ctx, a)
		return out.True, out.Reasons, err
	}
	v, err := p.begin(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	defer v.frame.Close()
	result, err := v.exec(ctx, p.root)
	if err != nil {
		return nil, v.reasons, err
	}
	if failed, ok := result.(*types.Err); ok {
		v.note(p.reason(failed))
		return nil, v.reasons, nil
	}
	return native(result), v.reasons, nil
}
