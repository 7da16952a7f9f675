package expr

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"accord/diag"
	"accord/schema"
)

// This file holds the words in which check says what is wrong.

func quote(s string) string { return strconv.Quote(s) }

// say repeats what is written, shortened where it is long.
func (c *check) say(e ast.Expr) string {
	r := []rune(strings.Join(strings.Fields(c.src.text(c.span(e))), " "))
	if len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return string(r)
}

// describe says what an expression is: deal.amount is a number.
func (c *check) describe(e ast.Expr, o operand) string {
	if o.prop != nil {
		return c.say(e) + " is " + aWord(o.prop.word)
	}
	return c.say(e) + " is " + aKind(o.typ)
}

// aWord names a type of the language.
func aWord(word string) string {
	switch word {
	case schema.TypeNumber, schema.TypeBoolean, schema.TypeDate:
		return "a " + word
	case schema.TypeDatetime:
		return "a date with a time"
	case schema.TypeEnumeration:
		return "an enumeration"
	case typeList:
		return "a list of texts"
	case typeLabels:
		return "a map of texts"
	case typeAny:
		return "part of a document"
	}
	return "a text"
}

// aKind names a type of CEL in the words of the language.
func aKind(t *types.Type) string {
	switch t.Kind() {
	case types.StringKind:
		return "a text"
	case types.DoubleKind, types.IntKind, types.UintKind:
		return "a number"
	case types.BoolKind:
		return "a boolean"
	case types.TimestampKind:
		return "a date"
	case types.DurationKind:
		return "a duration"
	case types.ListKind:
		return "a list"
	case types.MapKind:
		return "a map"
	case types.NullTypeKind:
		return "nothing"
	case types.StructKind:
		return "a record"
	}
	return "part of a document"
}

func plural(t *types.Type) string { return strings.TrimPrefix(aKind(t), "a ") + "s" }

// some lists names, the first dozen.
func some(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(len(names)-most) + " more"
	}
	return strings.Join(names, ", ")
}

func sentences(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

func (c *check) unknownName(e ast.Expr, name string) operand {
	help := diag.DidYouMean(name, c.words.names())
	var owners []string
	for _, n := range c.words.names() {
		if n != Contacts && c.words.objects[n].fields[name] != nil {
			owners = append(owners, n+"."+name)
		}
	}
	switch {
	case strings.HasPrefix(name, "."):
		help = "write it without the dot in front"
	case len(owners) > 0:
		help = "write " + strings.Join(owners, " or ")
	case help == "":
		help = "a text is written in quotes: " + quote(name) + "."
		fallthrough
	default:
		help = sentences(help, "Known here: "+some(c.words.names()))
	}
	return c.report(c.span(e), "there is no "+quote(name)+" here", help)
}

func (c *check) unknownProperty(at span, o *object, name string) operand {
	subject := o.name
	if subject == Contacts {
		subject = schema.Contact
	}
	known := o.propertyNames()
	has := subject + " has no properties here"
	if len(known) > 0 {
		has = "It has " + some(known)
	}
	return c.report(at, subject+" has no property "+quote(name), sentences(diag.DidYouMean(name, known), has))
}

func (c *check) notTrueOrFalse(e ast.Expr, o operand) {
	help := ""
	switch text := c.say(e); {
	case o.prop != nil && o.numeric():
		help = "compare it, as in " + text + " > 0, or ask has(" + text + ")"
	case o.prop != nil:
		help = "compare it, or ask has(" + text + ")"
	case o.is(types.ListKind):
		help = "write " + text + ".exists(x, …) or size(" + text + ") > 0"
	case o.is(types.StructKind):
		help = "ask for a property of it, as in has(" + text + ".…)"
	}
	c.report(c.span(e), c.describe(e, o)+", and a condition is true or false", help)
}

func (c *check) noNull(e ast.Expr) operand {
	return c.report(c.span(e), "a property is never null: it has a value or is not set", "ask has(contact.country) or !has(contact.country)")
}

func (c *check) recordCompared(e ast.Expr, o operand) {
	c.report(c.span(e), c.describe(e, o)+" and is not compared as a whole", "compare its properties")
}

// mismatch reports two operands of different types, at the constant among them.
func (c *check) mismatch(whole, a, b ast.Expr, x, y operand) {
	at := c.span(whole)
	help := ""
	switch {
	case isLiteral(b):
		at, help = c.span(b), c.rewrite(x, b)
	case isLiteral(a):
		at, help = c.span(a), c.rewrite(y, a)
	case x.is(types.TimestampKind) && y.is(types.StringKind):
		help = "write date(" + c.say(b) + ")"
	case y.is(types.TimestampKind) && x.is(types.StringKind):
		help = "write date(" + c.say(a) + ")"
	}
	c.report(at, c.describe(a, x)+", "+c.describe(b, y), help)
}

// rewrite says how a constant is written for what it is compared with.
func (c *check) rewrite(with operand, constant ast.Expr) string {
	v := constant.AsLiteral()
	s, isText := text(constant)
	switch {
	case with.is(types.StringKind) && (v.Type() == types.IntType || v.Type() == types.DoubleType || v.Type() == types.BoolType):
		return "write " + quote(fmt.Sprint(v.Value()))
	case with.numeric() && isText:
		if n, why := parseNumber(s); n != nil && why == "" {
			return "write " + strings.TrimSpace(s) + " without quotes"
		}
	case with.is(types.BoolKind) && isText:
		if lower := strings.ToLower(s); lower == "true" || lower == "false" {
			return "write " + lower + " without quotes"
		}
		return "write true or false"
	case with.is(types.TimestampKind):
		return `write a date as "2026-01-31"`
	case with.is(types.DurationKind) && isText:
		return "write duration(" + quote(s) + ")"
	}
	return ""
}

func (c *check) notAList(a, b ast.Expr, x, y operand) operand {
	help := ""
	switch {
	case y.is(types.StringKind) && x.is(types.StringKind) && !isLiteral(b):
		help = "write " + c.say(b) + ".contains(" + c.say(a) + ")"
	case isLiteral(b):
		help = "write [" + c.say(b) + "]"
	}
	return c.report(c.span(b), c.describe(b, y)+", and in needs a list", help)
}

func (c *check) noArithmetic(e ast.Expr, operator string, a, b ast.Expr, x, y operand) operand {
	symbol, _ := operators.FindReverse(operator)
	help := ""
	switch {
	case operator == operators.Add && x.is(types.StringKind) && y.numeric():
		help = "write string(" + c.say(b) + ")"
	case operator == operators.Add && y.is(types.StringKind) && x.numeric():
		help = "write string(" + c.say(a) + ")"
	case x.is(types.TimestampKind) && isLiteral(b):
		help = `write duration("24h") for a day`
	}
	return c.report(c.span(e), c.describe(a, x)+", "+c.describe(b, y)+": there is no "+symbol+" for them", help)
}

var macros = map[string]string{
	operators.All:       "!list.exists(x, !(…)) is true where … holds for every x",
	operators.ExistsOne: "exists says whether there is one or more",
	"existsOne":         "exists says whether there is one or more",
	operators.Filter:    "list.exists(x, …) says whether there is one that fits",
	operators.Map:       "list.exists(x, …) looks at each element",
}

func (c *check) unknownFunction(e ast.Expr, call ast.CallExpr) operand {
	name := call.FunctionName()
	at := c.span(e)
	if call.IsMemberFunction() {
		at = c.nameBehind(e, call.Target(), name)
		c.infer(call.Target())
	} else if at.start+len([]rune(name)) <= at.end {
		at.end = at.start + len([]rune(name))
	}
	if help, ok := macros[name]; ok {
		return c.report(at, "there is no "+name+" in a condition", "the macros are has and exists; "+help)
	}
	switch name {
	case operators.Exists:
		return c.report(at, "exists takes a name and a condition", `write list.exists(x, x == "…")`)
	case operators.Has:
		return c.report(at, "has takes one property", "write has(contact.country)")
	}
	for _, arg := range call.Args() {
		c.infer(arg)
	}
	help := diag.DidYouMean(name, Functions)
	if help == "" {
		help = "the functions are " + strings.Join(Functions, ", ")
	}
	return c.report(at, "there is no function "+quote(name), help)
}

// misusedFunction says why a call fits no overload of the function.
func (c *check) misusedFunction(e ast.Expr, call ast.CallExpr, f *decls.FunctionDecl, exprs []ast.Expr, operands []operand) operand {
	name := f.Name()
	var sameStyle, sameCount []*decls.OverloadDecl
	for _, o := range f.OverloadDecls() {
		if o.IsMemberFunction() == call.IsMemberFunction() {
			sameStyle = append(sameStyle, o)
			if len(o.ArgTypes()) == len(exprs) {
				sameCount = append(sameCount, o)
			}
		}
	}
	switch {
	case len(sameStyle) == 0 && call.IsMemberFunction():
		return c.report(c.span(e), name+" is not called on a value", "write "+name+"("+c.say(exprs[0])+")")
	case len(sameStyle) == 0 && len(exprs) > 0:
		rest := make([]string, 0, len(exprs))
		for _, arg := range exprs[1:] {
			rest = append(rest, c.say(arg))
		}
		return c.report(c.span(e), name+" is called on a value", "write "+c.say(exprs[0])+"."+name+"("+strings.Join(rest, ", ")+")")
	case len(sameCount) == 0:
		given := len(call.Args())
		return c.report(c.span(e), fmt.Sprintf("%s does not take %s", name, count(given, "argument")), usage(f))
	}
	for i := range exprs {
		var wanted []string
		fits := false
		for _, o := range sameCount {
			want := o.ArgTypes()[i]
			fits = fits || assignable(want, operands[i].typ)
			if k := aKind(want); !slices.Contains(wanted, k) && want.Kind() != types.BytesKind {
				wanted = append(wanted, k)
			}
		}
		if !fits {
			return c.report(c.span(exprs[i]), c.describe(exprs[i], operands[i])+", and "+name+" takes "+strings.Join(wanted, " or "), "")
		}
	}
	return c.report(c.span(e), name+" does not take these together", usage(f))
}

func count(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun + "s"
	case 1:
		return "one " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// usage shows how a function is called, once for each way to write it.
func usage(f *decls.FunctionDecl) string {
	var ways []string
	for _, o := range f.OverloadDecls() {
		args := make([]string, len(o.ArgTypes()))
		for i, t := range o.ArgTypes() {
			args[i] = strings.TrimPrefix(aKind(t), "a ")
		}
		way := f.Name() + "(" + strings.Join(args, ", ") + ")"
		if o.IsMemberFunction() {
			way = args[0] + "." + f.Name() + "(" + strings.Join(args[1:], ", ") + ")"
		}
		if !slices.Contains(ways, way) {
			ways = append(ways, way)
		}
	}
	return "write " + strings.Join(ways, " or ")
}

// timestamp makes a constant of CEL of a time.
func (c *check) timestamp(e ast.Expr, t time.Time) {
	s := c.factory.NewLiteral(c.newID(), types.String(t.Format(time.RFC3339Nano)))
	c.spans[s.ID()] = c.spans[e.ID()]
	e.SetKindCase(c.factory.NewCall(e.ID(), "timestamp", s))
}

// neverHolds reports the values that no property of the environment equals,
// wherever in a condition they stand.
func (e *Env) neverHolds(choices []choice) []Problem {
	var out []Problem
	for _, ch := range choices {
		info := e.info(ch.Property)
		p := Problem{Rule: RuleNeverHolds, Start: ch.at.start, End: ch.at.end}
		switch {
		case ch.value == "" && (info.Type == schema.TypeString || info.Type == schema.TypeEnumeration):
			p.Message = ch.String() + " is never an empty text: it has a value or is not set"
			p.Help = "write !has(" + ch.String() + ")"
		case info.Type != schema.TypeEnumeration || len(info.Options) == 0 || slices.Contains(info.Options, ch.value):
			continue
		default:
			p.Message = ch.String() + " has no option " + quote(ch.value)
			switch {
			case ch.Object == schema.Deal && ch.Name == schema.PropertyDealStage:
				p.Message = "no pipeline of the account has a stage " + quote(ch.value)
			case ch.Object == schema.Deal && ch.Name == schema.PropertyPipeline:
				p.Message = "the account has no deal pipeline " + quote(ch.value)
			}
			p.Help = sentences(diag.DidYouMean(ch.value, info.Options), "It is one of "+some(info.Options))
		}
		out = append(out, p)
	}
	return out
}

// refused reports the names that may not be used, each once.
func (e *Env) refused(uses []use) []Problem {
	var out []Problem
	if len(e.scope.Refused) == 0 {
		return nil
	}
	seen := map[string]bool{}
	for _, u := range uses {
		if r, ok := e.scope.Refused[u.name]; ok && !seen[u.name] {
			seen[u.name] = true
			out = append(out, Problem{Rule: r.Rule, Start: u.at.start, End: u.at.end, Message: r.Message, Help: r.Help})
		}
	}
	return out
}
