package expr

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"accord/schema"
)

// check walks a parsed expression once, before CEL's own checker: it finds every
// problem and says it in the author's words, makes numbers and dates of literals
// that stand next to a number or a date, and marks the comparisons and calls that
// are false where a property is not set. What it lets through, CEL's checker
// accepts; a fuzz test says so.
type check struct {
	words   *vocabulary
	src     *source
	info    *ast.SourceInfo
	factory ast.ExprFactory
	lastID  int64
	spans   map[int64]span // by expression: of the text that was written

	locals   []local
	problems []Problem
	reads    []Property        // in the order of their first mention
	uses     []use             // of names of the scope
	choices  []choice          // comparisons with a constant that may not exist
	guards   map[int64]bool    // expressions that yield false where they cannot be evaluated
	keys     map[string]string // key of a document → the text that reads it
	loops    bool              // has an exists
}

// local is the variable of an exists.
type local struct {
	name string
	typ  *types.Type // nil: its list is wrong already
}

// use is a mention of a record by its name.
type use struct {
	name string
	at   span
}

// choice is a comparison for equality of a property with a constant text.
type choice struct {
	Property
	value string
	at    span // of the constant
}

// operand is what is known of an expression.
type operand struct {
	typ  *types.Type // nil: something in it is reported already
	prop *field      // where it is a property
}

var broken = operand{}

func (o operand) is(k types.Kind) bool { return o.typ != nil && o.typ.Kind() == k }
func (o operand) numeric() bool        { return o.is(types.DoubleKind) || o.whole() }
func (o operand) whole() bool          { return o.is(types.IntKind) || o.is(types.UintKind) }
func (o operand) dyn() bool            { return o.is(types.DynKind) }

func (c *check) newID() int64 { c.lastID++; return c.lastID }

func (c *check) report(at span, message, help string) operand {
	at = c.src.clip(at)
	c.problems = append(c.problems, Problem{Rule: RuleInvalid, Start: at.start, End: at.end, Message: message, Help: help})
	return broken
}

// infer finds the type of an expression and the problems in it.
func (c *check) infer(e ast.Expr) operand {
	c.span(e) // before anything in it is rewritten
	switch e.Kind() {
	case ast.LiteralKind:
		return c.literal(e)
	case ast.IdentKind:
		return c.ident(e)
	case ast.SelectKind:
		return c.selection(e)
	case ast.CallKind:
		return c.call(e)
	case ast.ListKind:
		return c.list(e)
	case ast.ComprehensionKind:
		return c.exists(e)
	case ast.MapKind:
		return c.report(c.span(e), "a condition makes no maps", "compare the values one by one")
	}
	return c.report(c.span(e), "a condition makes no records", "compare the properties one by one")
}

func (c *check) literal(e ast.Expr) operand {
	switch v := e.AsLiteral().(type) {
	case types.Null:
		return operand{typ: types.NullType}
	case types.Bytes:
		return c.report(c.span(e), "a condition has no use for bytes", "write the text without the b in front")
	default:
		return operand{typ: v.Type().(*types.Type)}
	}
}

func (c *check) ident(e ast.Expr) operand {
	name := e.AsIdent()
	for _, l := range slices.Backward(c.locals) {
		if l.name == name {
			return operand{typ: l.typ}
		}
	}
	o := c.words.objects[name]
	if o == nil {
		return c.unknownName(e, name)
	}
	c.uses = append(c.uses, use{name, c.span(e)})
	return operand{typ: o.variable()}
}

func (c *check) selection(e ast.Expr) operand {
	sel := e.AsSelect()
	of := c.infer(sel.Operand())
	result := c.member(e, sel, of)
	if sel.IsTestOnly() {
		c.guards[e.ID()] = true
		if result.typ != nil {
			return operand{typ: types.BoolType}
		}
	}
	return result
}

func (c *check) member(e ast.Expr, sel ast.SelectExpr, of operand) operand {
	name := sel.FieldName()
	at := c.nameBehind(e, sel.Operand(), name)
	switch {
	case of.typ == nil:
		return broken
	case of.is(types.StructKind):
		o := c.words.byType(of.typ.TypeName())
		f := o.fields[name]
		if f == nil {
			return c.unknownProperty(at, o, name)
		}
		if !slices.Contains(c.reads, f.Property) {
			c.reads = append(c.reads, f.Property)
		}
		return operand{typ: f.cel.Type, prop: f}
	case of.dyn():
		c.keys[name] = c.src.text(c.span(e))
		return of
	case of.is(types.MapKind):
		c.keys[name] = c.src.text(c.span(e))
		return operand{typ: of.typ.Parameters()[1]}
	case of.is(types.ListKind):
		list := c.say(sel.Operand())
		return c.report(at, list+" is a list and has no "+quote(name), "write "+list+".exists(x, x."+name+" == …)")
	}
	return c.report(at, c.describe(sel.Operand(), of)+" and has no "+quote(name), "")
}

// list is the type of a list of elements; whole numbers next to others become
// such.
func (c *check) list(e ast.Expr) operand {
	elements := e.AsList().Elements()
	if len(elements) == 0 {
		return c.dynamic(e)
	}
	operands := make([]operand, len(elements))
	for i, x := range elements {
		operands[i] = c.infer(x)
	}
	if slices.ContainsFunc(operands, func(o operand) bool { return o.typ == nil }) {
		return broken
	}
	c.widen(elements, operands)
	first := operands[0].typ
	for _, o := range operands[1:] {
		if !o.typ.IsExactType(first) {
			return c.dynamic(e)
		}
	}
	return operand{typ: types.NewListType(first)}
}

// widen makes doubles of whole numbers where one of the operands is a double.
func (c *check) widen(exprs []ast.Expr, operands []operand) {
	if !slices.ContainsFunc(operands, func(o operand) bool { return o.is(types.DoubleKind) }) {
		return
	}
	for i := range operands {
		if operands[i].whole() {
			operands[i] = c.double(exprs[i])
		}
	}
}

// exists is the one comprehension that the parser makes.
func (c *check) exists(e ast.Expr) operand {
	loop := e.AsComprehension()
	over := c.infer(loop.IterRange())
	element := local{name: loop.IterVar()}
	switch {
	case over.typ == nil:
	case over.is(types.ListKind), over.is(types.MapKind):
		element.typ = over.typ.Parameters()[0]
	case over.dyn():
		element.typ = types.DynType
	default:
		help := ""
		if over.is(types.StructKind) && c.words.objects[Contacts] != nil {
			help = "write contacts.exists(…)"
		}
		over = c.report(c.span(loop.IterRange()), c.describe(loop.IterRange(), over)+", and exists goes over a list", help)
	}
	c.loops = true
	c.locals = append(c.locals, element)
	// loopStep is: found already || condition.
	c.truth(loop.LoopStep().AsCall().Args()[1])
	c.locals = c.locals[:len(c.locals)-1]
	c.guards[e.ID()] = true
	if over.typ == nil {
		return broken
	}
	return operand{typ: types.BoolType}
}

// truth checks an expression that stands where true or false is needed. What is
// not a comparison or a call itself is compared with true, so that it is false
// where it is not set.
func (c *check) truth(e ast.Expr) {
	o := c.infer(e)
	switch {
	case o.typ == nil:
	case o.is(types.BoolKind), o.dyn():
		if !c.decided(e) {
			c.compareWithTrue(e)
		}
	default:
		c.notTrueOrFalse(e, o)
	}
}

// decided reports whether an expression yields true or false whatever is set.
func (c *check) decided(e ast.Expr) bool {
	switch e.Kind() {
	case ast.LiteralKind:
		return e.AsLiteral().Type() == types.BoolType
	case ast.CallKind:
		switch e.AsCall().FunctionName() {
		case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot:
			return true
		}
	}
	return c.guards[e.ID()]
}

func (c *check) compareWithTrue(e ast.Expr) {
	inner := c.moved(e)
	yes := c.factory.NewLiteral(c.newID(), types.True)
	c.spans[yes.ID()] = c.spans[e.ID()]
	e.SetKindCase(c.factory.NewCall(e.ID(), operators.Equals, inner, yes))
	c.guards[e.ID()] = true
}

// moved returns a new expression with the contents of e, for e to be wrapped
// around it.
func (c *check) moved(e ast.Expr) ast.Expr {
	inner := c.factory.NewUnspecifiedExpr(c.newID())
	inner.SetKindCase(e)
	c.spans[inner.ID()] = c.spans[e.ID()]
	c.guards[inner.ID()] = c.guards[e.ID()]
	return inner
}

// double makes a double of a whole number.
func (c *check) double(e ast.Expr) operand {
	if e.Kind() == ast.LiteralKind {
		e.SetKindCase(c.factory.NewLiteral(e.ID(), e.AsLiteral().ConvertToType(types.DoubleType)))
	} else {
		e.SetKindCase(c.factory.NewCall(e.ID(), overloads.TypeConvertDouble, c.moved(e)))
	}
	return operand{typ: types.DoubleType}
}

// dynamic keeps CEL's checker from guessing the type of an expression by where
// it is used.
func (c *check) dynamic(e ast.Expr) operand {
	e.SetKindCase(c.factory.NewCall(e.ID(), overloads.TypeConvertDyn, c.moved(e)))
	return operand{typ: types.DynType}
}

// moment makes a timestamp of a text that stands next to a date. It reports
// false where e is no text written out.
func (c *check) moment(e ast.Expr) (operand, bool) {
	s, ok := text(e)
	if !ok {
		return broken, false
	}
	t, ok := parseTime(s)
	if !ok {
		return c.report(c.span(e), quote(s)+" is no date", `write it as "2026-01-31" or "2026-01-31T08:00:00Z"`), true
	}
	c.timestamp(e, t)
	return operand{typ: types.TimestampType}, true
}

// text returns the value of a text that is written out.
func text(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

func isLiteral(e ast.Expr) bool { return e.Kind() == ast.LiteralKind }

func (c *check) call(e ast.Expr) operand {
	call := e.AsCall()
	args := call.Args()
	if call.IsMemberFunction() {
		return c.function(e, call)
	}
	switch name := call.FunctionName(); name {
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot:
		before := len(c.problems)
		for _, arg := range args {
			c.truth(arg)
		}
		if len(c.problems) > before {
			return broken
		}
		return operand{typ: types.BoolType}
	case operators.Conditional:
		return c.conditional(args)
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		c.guards[e.ID()] = true
		return c.comparison(e, name, args)
	case operators.In:
		c.guards[e.ID()] = true
		return c.membership(args[0], args[1])
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo:
		return c.arithmetic(e, name, args)
	case operators.Negate:
		o := c.infer(args[0])
		if o.typ == nil || o.numeric() && !o.is(types.UintKind) || o.dyn() {
			return operand{typ: o.typ}
		}
		return c.report(c.span(e), c.describe(args[0], o)+" and has no negative", "")
	case operators.Index:
		return c.index(e, args)
	}
	return c.function(e, call)
}

func (c *check) conditional(args []ast.Expr) operand {
	c.truth(args[0])
	branches := []operand{c.infer(args[1]), c.infer(args[2])}
	x, y := branches[0], branches[1]
	if x.typ == nil || y.typ == nil {
		return broken
	}
	c.widen(args[1:], branches)
	x, y = branches[0], branches[1]
	var isText bool
	switch {
	case x.is(types.TimestampKind) && y.is(types.StringKind):
		if y, isText = c.moment(args[2]); isText {
			return y
		}
		y = operand{typ: types.StringType}
	case x.is(types.StringKind) && y.is(types.TimestampKind):
		if x, isText = c.moment(args[1]); isText {
			return x
		}
		x = operand{typ: types.StringType}
	}
	switch {
	case x.typ.IsExactType(y.typ):
		return operand{typ: x.typ}
	case x.dyn() || y.dyn():
		return operand{typ: types.DynType}
	case x.is(types.ListKind) && y.is(types.ListKind) && sameList(x.typ, y.typ) != nil:
		return operand{typ: sameList(x.typ, y.typ)}
	}
	at := c.span(args[1])
	at.end = c.span(args[2]).end
	return c.report(at, c.describe(args[1], x)+", "+c.describe(args[2], y), "both values of ? : are of the same type")
}

// agree makes two operands comparable, and reports them where they are not.
func (c *check) agree(whole, a, b ast.Expr, x, y *operand) bool {
	operands := []operand{*x, *y}
	c.widen([]ast.Expr{a, b}, operands)
	*x, *y = operands[0], operands[1]
	if x.whole() && y.whole() && x.typ != y.typ {
		*x, *y = c.double(a), c.double(b)
	}
	if x.is(types.TimestampKind) && y.is(types.StringKind) {
		if t, ok := c.moment(b); ok {
			*y = t
			return t.typ != nil
		}
	}
	if y.is(types.TimestampKind) && x.is(types.StringKind) {
		if t, ok := c.moment(a); ok {
			*x = t
			return t.typ != nil
		}
	}
	switch {
	case x.is(types.NullTypeKind):
		c.noNull(a)
		return false
	case y.is(types.NullTypeKind):
		c.noNull(b)
		return false
	case x.is(types.StructKind):
		c.recordCompared(a, *x)
		return false
	case y.is(types.StructKind):
		c.recordCompared(b, *y)
		return false
	case x.dyn(), y.dyn():
		return true
	case x.typ.IsExactType(y.typ), x.is(types.ListKind) && y.is(types.ListKind) && sameList(x.typ, y.typ) != nil:
		return true
	}
	c.mismatch(whole, a, b, *x, *y)
	return false
}

func elementIsDyn(t *types.Type) bool { return t.Parameters()[0].Kind() == types.DynKind }

func (c *check) comparison(e ast.Expr, operator string, args []ast.Expr) operand {
	a, b := args[0], args[1]
	x, y := c.infer(a), c.infer(b)
	if x.typ == nil || y.typ == nil {
		return broken
	}
	px, py := x.prop, y.prop
	if !c.agree(e, a, b, &x, &y) {
		return broken
	}
	switch operator {
	case operators.Equals:
		c.choose(px, b)
		c.choose(py, a)
	case operators.NotEquals:
	default:
		for _, side := range []struct {
			ast.Expr
			operand
		}{{a, x}, {b, y}} {
			switch side.typ.Kind() {
			case types.ListKind, types.MapKind:
				return c.report(c.span(side.Expr), c.describe(side.Expr, side.operand)+" and is not ordered", "")
			}
		}
	}
	return operand{typ: types.BoolType}
}

// choose records the comparison of a property with a text that is written out.
func (c *check) choose(f *field, with ast.Expr) {
	if s, ok := text(with); ok && f != nil {
		c.choices = append(c.choices, choice{f.Property, s, c.span(with)})
	}
}

func (c *check) membership(a, b ast.Expr) operand {
	x := c.infer(a)
	if b.Kind() != ast.ListKind {
		y := c.infer(b)
		if x.typ == nil || y.typ == nil {
			return broken
		}
		switch {
		case y.dyn():
		case y.is(types.ListKind), y.is(types.MapKind):
			element := operand{typ: y.typ.Parameters()[0]}
			if x.is(types.NullTypeKind) {
				return c.noNull(a)
			}
			if !x.dyn() && !element.dyn() && !x.typ.IsExactType(element.typ) {
				return c.report(c.span(a), c.describe(a, x)+", and "+c.say(b)+" holds "+plural(element.typ), "")
			}
		default:
			return c.notAList(a, b, x, y)
		}
		return operand{typ: types.BoolType}
	}
	elements := b.AsList().Elements()
	operands := make([]operand, len(elements), len(elements)+1)
	ok := x.typ != nil
	for i, e := range elements {
		operands[i] = c.infer(e)
		ok = ok && operands[i].typ != nil
	}
	if !ok {
		return broken
	}
	exprs := append(slices.Clone(elements), a)
	operands = append(operands, x)
	prop := x.prop
	c.widen(exprs, operands)
	x = operands[len(elements)]
	for i, e := range elements {
		if !c.agree(e, a, e, &x, &operands[i]) {
			ok = false
			continue
		}
		c.choose(prop, e)
	}
	if !ok {
		return broken
	}
	c.span(b)
	return operand{typ: types.BoolType}
}

func (c *check) arithmetic(e ast.Expr, operator string, args []ast.Expr) operand {
	operands := []operand{c.infer(args[0]), c.infer(args[1])}
	if operands[0].typ == nil || operands[1].typ == nil {
		return broken
	}
	if operator == operators.Modulo {
		for i, o := range operands {
			if o.is(types.DoubleKind) {
				return c.report(c.span(args[i]), c.say(args[i])+" may have a fraction, and % is for whole numbers",
					"write int("+c.say(args[i])+") % …")
			}
		}
	} else if operands[0].dyn() || operands[1].dyn() {
		// The numbers of a document are doubles.
		for i, o := range operands {
			if o.whole() {
				operands[i] = c.double(args[i])
			}
		}
	}
	c.widen(args, operands)
	x, y := operands[0], operands[1]
	if x.whole() && y.whole() && x.typ != y.typ {
		x, y = c.double(args[0]), c.double(args[1])
		if operator == operators.Modulo {
			return c.report(c.span(e), "% needs two numbers of the same kind", "write both without the u behind")
		}
	}
	if result := arithmeticResult(operator, x, y); result != nil {
		return operand{typ: result}
	}
	return c.noArithmetic(e, operator, args[0], args[1], x, y)
}

// arithmeticResult is the type of x operator y, or nil where there is none.
func arithmeticResult(operator string, x, y operand) *types.Type {
	var result *types.Type
	for _, o := range language().functions[operator].OverloadDecls() {
		want := o.ArgTypes()
		if !assignable(want[0], x.typ) || !assignable(want[1], y.typ) {
			continue
		}
		switch {
		case want[0].Kind() == types.ListKind && !(x.dyn() && y.dyn()):
			return sameList(x.typ, y.typ)
		case result == nil:
			result = o.ResultType()
		case !result.IsExactType(o.ResultType()):
			result = types.DynType
		}
	}
	return result
}

// sameList is the type of two lists that are joined or of which one is taken,
// or nil where their elements differ.
func sameList(x, y *types.Type) *types.Type {
	switch {
	case x.Kind() == types.DynKind:
		return y
	case y.Kind() == types.DynKind, x.IsExactType(y), elementIsDyn(x):
		return x
	case elementIsDyn(y):
		return y
	}
	return nil
}

func (c *check) index(e ast.Expr, args []ast.Expr) operand {
	of, by := c.infer(args[0]), c.infer(args[1])
	if of.typ == nil || by.typ == nil {
		return broken
	}
	key, isText := text(args[1])
	if isText {
		c.keys[key] = c.src.text(c.span(e))
	}
	switch {
	case of.dyn():
		if by.dyn() || by.is(types.StringKind) || by.is(types.IntKind) {
			return c.dynamic(e)
		}
		return c.report(c.span(args[1]), c.describe(args[1], by)+", and a key is a text or a whole number", "")
	case of.is(types.MapKind):
		if by.dyn() || by.is(types.StringKind) {
			return operand{typ: of.typ.Parameters()[1]}
		}
		return c.report(c.span(args[1]), c.describe(args[1], by)+", and a key is a text", "")
	case of.is(types.ListKind):
		if by.dyn() || by.is(types.IntKind) {
			return operand{typ: of.typ.Parameters()[0]}
		}
		return c.report(c.span(args[1]), c.describe(args[1], by)+", and a place in a list is a whole number", "")
	case of.is(types.StructKind) && isText:
		return c.report(c.span(e), "a property is not read with [ ]", "write "+c.say(args[0])+"."+key)
	}
	return c.report(c.span(e), c.describe(args[0], of)+" and has no parts", "")
}

// function checks a call by name against the functions there are.
func (c *check) function(e ast.Expr, call ast.CallExpr) operand {
	name := call.FunctionName()
	f := language().functions[name]
	if f == nil || !slices.Contains(Functions, name) {
		return c.unknownFunction(e, call)
	}
	exprs := call.Args()
	if call.IsMemberFunction() {
		exprs = append([]ast.Expr{call.Target()}, exprs...)
	}
	operands := make([]operand, len(exprs))
	ok := true
	for i, arg := range exprs {
		operands[i] = c.infer(arg)
		ok = ok && operands[i].typ != nil
	}
	if !ok {
		return broken
	}
	var result *types.Type
	for _, o := range f.OverloadDecls() {
		if o.IsMemberFunction() != call.IsMemberFunction() || len(o.ArgTypes()) != len(operands) {
			continue
		}
		fits := true
		for i, want := range o.ArgTypes() {
			fits = fits && assignable(want, operands[i].typ)
		}
		if fits {
			result = o.ResultType()
			break
		}
	}
	if result == nil {
		return c.misusedFunction(e, call, f, exprs, operands)
	}
	if result.Kind() == types.BoolKind {
		c.guards[e.ID()] = true
	}
	if !c.constants(e, name, exprs) {
		return broken
	}
	return operand{typ: result}
}

// assignable reports whether a value of the type can be given where want stands.
func assignable(want, got *types.Type) bool {
	if got.Kind() == types.DynKind || want.Kind() == types.DynKind {
		return true
	}
	switch want.Kind() {
	case types.ListKind, types.MapKind: // of whatever: only size takes them
		return want.Kind() == got.Kind()
	}
	return want.IsExactType(got)
}

// constants checks the texts that a function reads when they are written out.
func (c *check) constants(e ast.Expr, name string, args []ast.Expr) bool {
	last := args[len(args)-1]
	s, ok := text(last)
	switch name {
	case overloads.Matches:
		return c.pattern(last, s, ok)
	case "date", overloads.TypeConvertTimestamp:
		if !ok {
			return true
		}
		t, isTime := parseTime(s)
		if !isTime {
			c.report(c.span(last), quote(s)+" is no date", `write it as "2026-01-31" or "2026-01-31T08:00:00Z"`)
			return false
		}
		c.timestamp(e, t)
	case overloads.TypeConvertDuration:
		if d := types.String(s).ConvertToType(types.DurationType); ok && types.IsError(d) {
			c.report(c.span(last), quote(s)+" is no duration", `write it in hours, minutes and seconds: "48h", "1h30m"`)
			return false
		}
	case overloads.TypeConvertDouble, overloads.TypeConvertInt, overloads.TypeConvertBool:
		to := map[string]ref.Type{
			overloads.TypeConvertDouble: types.DoubleType, overloads.TypeConvertInt: types.IntType, overloads.TypeConvertBool: types.BoolType,
		}[name]
		if isLiteral(last) && types.IsError(last.AsLiteral().ConvertToType(to)) {
			c.report(c.span(e), c.say(last)+" cannot become "+aKind(to.(*types.Type)), "")
			return false
		}
	}
	return true
}

// want checks that an expression yields what is wanted of it.
func (c *check) want(e ast.Expr, want string) {
	if want == Condition {
		c.truth(e)
		return
	}
	o := c.infer(e)
	wanted := celType(want)
	switch {
	case o.typ == nil, o.dyn(), o.typ.IsExactType(wanted):
	case want == schema.TypeNumber && o.whole():
		c.double(e)
	case wanted == types.TimestampType && o.is(types.StringKind):
		if _, ok := c.moment(e); ok {
			return
		}
		c.report(c.span(e), c.describe(e, o)+", and "+aWord(want)+" is wanted", "write date("+c.say(e)+")")
	default:
		help := ""
		if wanted == types.StringType && (o.numeric() || o.is(types.BoolKind) || o.is(types.TimestampKind)) {
			help = "write string(" + c.say(e) + ")"
		}
		if o.is(types.NullTypeKind) {
			help = "a step that clears a property writes null itself, and not in an expression"
		}
		c.report(c.span(e), c.describe(e, o)+", and "+aWord(want)+" is wanted", help)
	}
}
