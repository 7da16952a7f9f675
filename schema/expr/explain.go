package expr

import (
	"context"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// Part is a part of a condition and, where it was explained, what became of it.
type Part struct {
	// Op is && or || with two or more Parts, or ! with one. Of a leaf it is the
	// operator or the function that decides: ==, in, startsWith, has, exists …
	Op    string `json:"op"`
	Parts []Part `json:"parts,omitempty"`

	Text       string `json:"text"`
	Start, End int    `json:"-"` // in runes into the text of the program

	True bool `json:"true"`
	// Leaf is the index of a leaf in Program.Leaves and in the bits of an
	// Outcome; -1 for && || !.
	Leaf int `json:"-"`
	// Property is what a leaf tests, the first where it reads several; zero
	// where it reads none.
	Property Property `json:"property,omitzero"`
	// Constant is the other side where it is written out: a string, float64,
	// bool, time.Time, or a []any of them for in. Else nil.
	Constant any `json:"constant,omitempty"`
	// Seen are the properties that the leaf mentions with their values.
	Seen []Seen `json:"seen,omitempty"`
	// Reasons say why the leaf, or something in it, is false other than by its
	// values.
	Reasons []Reason `json:"reasons,omitempty"`
}

// Seen is a property and its value when the condition was explained: a string,
// float64, bool or time.Time; nil where it is not set. Of a property of Contacts
// it is a []any of the values of the first ten.
type Seen struct {
	Property Property `json:"property"`
	Value    any      `json:"value"`
}

const maxSeenContacts = 10

// Leaves returns the parts of a condition that are decided as a whole, in the
// order of the text, with what can be said without values.
func (p *Program) Leaves() []Part {
	out := make([]Part, len(p.leaves))
	for i, l := range p.leaves {
		out[i] = p.static(l)
	}
	return out
}

// Explain evaluates every part of a condition, also those that Eval need not
// look at, and returns the whole as a tree. The error is as of Eval.
func (p *Program) Explain(ctx context.Context, a Activation) (Part, error) {
	v, err := p.begin(ctx, a)
	if err != nil {
		return Part{}, err
	}
	defer v.frame.Close()
	return v.explain(ctx, p.root)
}

func (v *evaluation) explain(ctx context.Context, n *part) (Part, error) {
	out := v.static(n)
	if n.op == "" {
		v.reasons = nil
		result, err := v.exec(ctx, n)
		if err != nil {
			return out, err
		}
		if failed, ok := result.(*types.Err); ok { // of an expression that yields a value
			v.note(v.reason(failed))
		}
		out.True, out.Reasons = result == types.True, v.reasons
		for _, property := range v.properties(n.expr) {
			out.Seen = append(out.Seen, Seen{property, v.see(property)})
		}
		return out, nil
	}
	out.True = n.op != "||"
	for i, sub := range n.parts {
		part, err := v.explain(ctx, sub)
		if err != nil {
			return out, err
		}
		out.Parts[i] = part
		switch n.op {
		case "&&":
			out.True = out.True && part.True
		case "||":
			out.True = out.True || part.True
		case "!":
			out.True = !part.True
		}
	}
	return out, nil
}

// see reads a property as an evaluation does.
func (r *run) see(p Property) any {
	f := r.words.objects[p.Object].fields[p.Name]
	read := func(rec Record) any {
		v, err := f.get(&record{rec, r.words.objects[p.Object]})
		if err != nil {
			return nil
		}
		return native(types.DefaultTypeAdapter.NativeToValue(v))
	}
	if p.Object != Contacts {
		return read(r.Records[p.Object])
	}
	all := make([]any, min(len(r.Contacts), maxSeenContacts))
	for i := range all {
		all[i] = read(r.Contacts[i])
	}
	return all
}

// static is what can be said of a part without values.
func (p *Program) static(n *part) Part {
	runes := []rune(p.text)
	out := Part{Op: n.op, Text: string(runes[n.at.start:n.at.end]), Start: n.at.start, End: n.at.end, Leaf: -1}
	if n.op != "" {
		out.Parts = make([]Part, len(n.parts))
		for i, sub := range n.parts {
			out.Parts[i] = p.static(sub)
		}
		return out
	}
	out.Leaf = n.leaf
	if read := p.properties(n.expr); len(read) > 0 {
		out.Property = read[0]
	}
	out.Op, out.Constant = decides(n.expr)
	return out
}

// decides returns the operator or function of a leaf and its constant.
func decides(e ast.Expr) (op string, constant any) {
	switch e.Kind() {
	case ast.SelectKind:
		if e.AsSelect().IsTestOnly() {
			return operators.Has, nil
		}
	case ast.ComprehensionKind:
		return operators.Exists, nil
	case ast.CallKind:
		call := e.AsCall()
		op = call.FunctionName()
		if symbol, ok := operators.FindReverse(op); ok {
			op = symbol
			if symbol == "" {
				op = "?:"
			}
		}
		for _, arg := range call.Args() {
			if v, ok := constantOf(arg); ok {
				return op, v
			}
		}
	}
	return op, nil
}

// constantOf returns the value of what is written out.
func constantOf(e ast.Expr) (any, bool) {
	switch e.Kind() {
	case ast.LiteralKind:
		return native(e.AsLiteral()), true
	case ast.ListKind:
		out := make([]any, 0, e.AsList().Size())
		for _, x := range e.AsList().Elements() {
			v, ok := constantOf(x)
			if !ok {
				return nil, false
			}
			out = append(out, v)
		}
		return out, true
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() != "timestamp" || call.IsMemberFunction() || len(call.Args()) != 1 {
			return nil, false
		}
		if s, ok := text(call.Args()[0]); ok {
			t, ok := parseTime(s)
			return t, ok
		}
	}
	return nil, false
}

// properties collects the properties that an expression reads, each once, in
// the order of the text. The types are those that the checker found.
func (p *Program) properties(e ast.Expr) []Property {
	var out []Property
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.SelectKind {
			return
		}
		sel := e.AsSelect()
		o := p.words.byType(p.types.GetType(sel.Operand().ID()).TypeName())
		if o == nil || o.fields[sel.FieldName()] == nil {
			return
		}
		property := Property{o.name, sel.FieldName()}
		if !slices.Contains(out, property) {
			out = append(out, property)
		}
	}))
	return out
}
