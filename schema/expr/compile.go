package expr

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/interpreter"
)

// Program is a compiled expression. It is immutable and safe for concurrent use.
type Program struct {
	text  string
	want  string
	words *vocabulary
	reads []Property
	root  *part
	// leaves are the parts that are decided as a whole, in the order in which
	// they stand in the text.
	leaves []*part
	loops  bool
	guards map[int64]bool
	keys   map[string]string
	types  *ast.AST // the checked expression: its types and references

	planning sync.Once
	planErr  error
}

// part is a node of the boolean skeleton of a condition: && and || with two or
// more parts, ! with one, or a leaf.
type part struct {
	op    string // && || !; "" for a leaf
	parts []*part
	leaf  int // index among the leaves
	at    span
	expr  ast.Expr                    // of a leaf
	run   interpreter.InterpretableV2 // of a leaf, once it is planned
}

// Text returns the expression as it was written.
func (p *Program) Text() string { return p.text }

// Reads returns the properties that the expression mentions, in the order of
// their first mention. The slice belongs to the program.
func (p *Program) Reads() []Property { return p.reads }

// compiled is what does not depend on the options of enumerations.
type compiled struct {
	program  *Program // nil where there are problems
	problems []Problem
	uses     []use
	choices  []choice
}

// fits reports whether compiling the same text with other words would come to
// the same: what it mentions is there and has the same types.
func (c *compiled) fits(words *vocabulary) bool {
	if c.program == nil {
		return false // what is wrong is said with what there is instead
	}
	for _, u := range c.uses {
		if words.objects[u.name] == nil {
			return false
		}
	}
	for _, p := range c.program.reads {
		o, was := words.objects[p.Object], c.program.words.objects[p.Object]
		if o == was {
			continue
		}
		if f := o.fields[p.Name]; f == nil || f.word != was.fields[p.Name].word {
			return false
		}
	}
	return true
}

type programKey struct{ text, want string }

// An agency's workflows repeat a few hundred texts. A program takes about 3 kB,
// planned about twice that.
var programs = cache[programKey, *compiled]{limit: 2048}

// Compile checks an expression and compiles it. What is wanted is Condition or
// the type of a property. All problems are returned, in the order of the text;
// the program is nil where one of them is a RuleInvalid. Compiling the same text
// again, also in another environment where what it mentions has the same
// types, costs about a microsecond.
func (e *Env) Compile(text, want string) (*Program, []Problem) {
	key := programKey{text, want}
	c, ok := programs.find(key)
	if !ok || !c.fits(e.words) {
		c = programs.set(key, compile(e.words, text, want))
	}
	never, refused := e.neverHolds(c.choices), e.refused(c.uses)
	if len(c.problems)+len(never)+len(refused) == 0 {
		return c.program, nil
	}
	problems := slices.Concat(c.problems, never, refused)
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	return c.program, problems
}

func compile(words *vocabulary, text, want string) *compiled {
	runes := []rune(text)
	if len(runes) > MaxSize {
		return &compiled{problems: []Problem{{
			Rule: RuleInvalid, Start: 0, End: len(runes),
			Message: fmt.Sprintf("the expression has %d characters, and %d is the most", len(runes), MaxSize),
			Help:    "split it: a value in setProperties, a list with membership.where, or several if steps",
		}}}
	}
	std := language()
	src := common.NewTextSource(text)
	parsed, errs := std.parser.Parse(src)
	if found := errs.GetErrors(); len(found) > 0 {
		return &compiled{problems: syntaxProblems(runes, found)}
	}
	c := &check{
		words: words, src: newSource(text), info: parsed.SourceInfo(), factory: ast.NewExprFactory(),
		lastID: ast.MaxID(parsed), spans: map[int64]span{}, guards: map[int64]bool{}, keys: map[string]string{},
	}
	c.want(parsed.Expr(), want)
	out := &compiled{problems: c.problems, uses: c.uses, choices: c.choices}
	if len(c.problems) > 0 {
		return out
	}
	checked, errs := checker.Check(parsed, src, words.checker(c.uses))
	if found := errs.GetErrors(); len(found) > 0 { // no expression is known that comes here
		for _, err := range found {
			at := c.src.clip(span{offset(runes, err.Location), len(runes)})
			out.problems = append(out.problems, Problem{Rule: RuleInvalid, Start: at.start, End: at.end, Message: "the types do not fit: " + err.Message})
		}
		return out
	}
	if c.loops && tooExpensive(checked) {
		c.report(span{0, len(runes)}, "the condition can take too long",
			"an exists inside an exists looks at every pair of elements: use one, or compare less in the innermost")
		out.problems = c.problems
		return out
	}
	p := &Program{
		text: text, want: want, words: words, reads: c.reads, loops: c.loops, guards: c.guards, keys: c.keys,
		types: ast.NewCheckedAST(ast.NewAST(checked.Expr(), nil), checked.TypeMap(), checked.ReferenceMap()),
	}
	if want == Condition {
		p.root = p.skeleton(c, checked.Expr())
	} else {
		p.root = p.addLeaf(c, checked.Expr())
	}
	out.program = p
	return out
}

// skeleton finds the parts of a condition.
func (p *Program) skeleton(c *check, e ast.Expr) *part {
	if e.Kind() != ast.CallKind {
		return p.addLeaf(c, e)
	}
	call := e.AsCall()
	var op string
	switch call.FunctionName() {
	case operators.LogicalAnd:
		op = "&&"
	case operators.LogicalOr:
		op = "||"
	case operators.LogicalNot:
		op = "!"
	default:
		return p.addLeaf(c, e)
	}
	n := &part{op: op, at: c.spans[e.ID()]}
	for _, arg := range call.Args() {
		sub := p.skeleton(c, arg)
		if sub.op == op && op != "!" { // the parser balances a && b && c
			n.parts = append(n.parts, sub.parts...)
			continue
		}
		n.parts = append(n.parts, sub)
	}
	return n
}

func (p *Program) addLeaf(c *check, e ast.Expr) *part {
	n := &part{leaf: len(p.leaves), at: c.spans[e.ID()], expr: e}
	p.leaves = append(p.leaves, n)
	return n
}

// plan makes the leaves executable, at the first evaluation: checking a
// configuration runs none of them.
func (p *Program) plan() error {
	p.planning.Do(func() {
		planner := p.words.planner()
		options := []interpreter.PlannerOption{
			interpreter.Optimize(),
			interpreter.CompileRegexConstants(interpreter.MatchesRegexOptimization),
			interpreter.InterruptableEval(),
			// Last, so that the others see what they know.
			interpreter.CustomDecoratorV2(func(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
				if p.guards[i.ID()] {
					if _, constant := i.(interpreter.InterpretableConst); !constant {
						return &guard{InterpretableV2: i, program: p}, nil
					}
				}
				return i, nil
			}),
		}
		for _, l := range p.leaves {
			e := ast.NewCheckedAST(ast.NewAST(l.expr, nil), p.types.TypeMap(), p.types.ReferenceMap())
			l.run, p.planErr = planner.NewInterpretable(e, options...)
			if p.planErr != nil {
				// The optimizer computes what is constant, and gives up where
				// that fails; at run time a failure is false.
				l.run, p.planErr = planner.NewInterpretable(e, options[1:]...)
			}
			if p.planErr != nil {
				p.planErr = fmt.Errorf("plan expression %q: %w", p.text, p.planErr)
				return
			}
		}
	})
	return p.planErr
}
