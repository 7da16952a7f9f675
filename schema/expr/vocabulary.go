package expr

import (
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/containers"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/stdlib"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
	"cel.dev/cel-go/parser"

	"accord/schema"
)

// Types of the fields of a policy's objects, beside those of properties.
const (
	typeText   = "text"   // a string that is set even where it is empty
	typeList   = "list"   // of texts
	typeLabels = "labels" // text → text
	typeAny    = "any"    // whatever the document holds
)

// celType is the CEL type of a property's type.
func celType(word string) *types.Type {
	switch word {
	case schema.TypeNumber:
		return types.DoubleType
	case schema.TypeBoolean:
		return types.BoolType
	case schema.TypeDate, schema.TypeDatetime:
		return types.TimestampType
	case typeList:
		return types.NewListType(types.StringType)
	case typeLabels:
		return types.NewMapType(types.StringType, types.StringType)
	case typeAny:
		return types.DynType
	}
	return types.StringType
}

// Functions are the functions that an expression may call, sorted; those of an
// object are called as contact.email.startsWith("a").
var Functions = []string{
	"bool", "contains", "date", "double", "duration", "endsWith", "getDate", "getDayOfMonth", "getDayOfWeek",
	"getDayOfYear", "getFullYear", "getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds", "int",
	"lowerAscii", "matches", "size", "startsWith", "string", "timestamp", "trim", "upperAscii",
}

// internalNames are the functions that an expression cannot call by name.
var internalNames = []string{
	operators.Conditional, operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Equals,
	operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
	operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo, operators.Negate,
	operators.Index, operators.In, operators.NotStrictlyFalse, overloads.TypeConvertDyn,
}

// standard is what every environment has: the functions and how they are
// parsed, checked and called.
type standard struct {
	parser     *parser.Parser
	functions  map[string]*decls.FunctionDecl
	checker    *checker.Env
	dispatcher interpreter.Dispatcher
}

// language builds the standard environment at its first use: it takes about a
// millisecond, which a command that compiles nothing does not pay.
var language = sync.OnceValue(func() *standard {
	must := func(err error) {
		if err != nil { // the tables above contradict the library: every test fails here
			panic("expr: standard environment: " + err.Error())
		}
	}
	s := &standard{functions: map[string]*decls.FunctionDecl{}, dispatcher: interpreter.NewDispatcher()}
	var err error
	s.parser, err = parser.NewParser(
		parser.EnablePrattParser(true), // an eighth of the time of the generated parser
		parser.Macros(parser.HasMacro, parser.ExistsMacro),
		parser.MaxRecursionDepth(MaxDepth),
		parser.ExpressionSizeCodePointLimit(MaxSize),
		parser.EnableIdentEscapeSyntax(true),
	)
	must(err)
	var declared []*decls.FunctionDecl
	for _, f := range stdlib.Functions() {
		if slices.Contains(Functions, f.Name()) || slices.Contains(internalNames, f.Name()) {
			declared = append(declared, f)
		}
	}
	texts := func(name string, call func(string) string) {
		f, err := decls.NewFunction(name, decls.MemberOverload("string_"+name, []*types.Type{types.StringType}, types.StringType,
			decls.UnaryBinding(func(v ref.Val) ref.Val { return types.String(call(string(v.(types.String)))) })))
		must(err)
		declared = append(declared, f)
	}
	texts("lowerAscii", func(s string) string { return mapASCII(s, 'A', 'Z', 'a'-'A') })
	texts("upperAscii", func(s string) string { return mapASCII(s, 'a', 'z', 'A'-'a') })
	texts("trim", strings.TrimSpace)
	date, err := decls.NewFunction("date", decls.Overload("string_date", []*types.Type{types.StringType}, types.TimestampType,
		decls.UnaryBinding(func(v ref.Val) ref.Val {
			t, ok := parseTime(string(v.(types.String)))
			if !ok {
				return types.NewErr("%q is no date", string(v.(types.String)))
			}
			return types.Timestamp{Time: t}
		})))
	must(err)
	declared = append(declared, date)

	s.checker, err = checker.NewEnv(containers.DefaultContainer, &vocabulary{})
	must(err)
	for _, f := range declared {
		s.functions[f.Name()] = f
		bindings, err := f.Bindings()
		must(err)
		must(s.dispatcher.Add(bindings...))
	}
	must(s.checker.AddFunctions(declared...))
	return s
})

func mapASCII(s string, from, to, shift rune) string {
	return strings.Map(func(r rune) rune {
		if r >= from && r <= to {
			return r + shift
		}
		return r
	}, s)
}

// vocabulary is the part of a scope that decides types: names and types of
// properties, and not the options of enumerations. Scopes that agree in it
// share it, and with it everything that is compiled. It is the type provider of
// CEL.
type vocabulary struct {
	objects map[string]*object // by the name in expressions, Contacts included
	byType  map[string]*object
	checker *checker.Env
	planner interpreter.Interpreter
}

// object is one record of a vocabulary.
type object struct {
	name   string
	typ    *types.Type
	meta   *types.Type // the type of typ, as the checker asks for it
	fields map[string]*field
}

type field struct {
	Property
	word  string // type of the property
	cel   types.FieldType
	unset *unsetError
}

var _ types.Provider = (*vocabulary)(nil)

type vocabularyKey uint64

// Thousands of accounts of an agency have a handful of different vocabularies;
// one takes about 20 kB.
var vocabularies = cache[vocabularyKey, *vocabulary]{limit: 512}

var seed = maphash.MakeSeed()

// key is the same for scopes with the same names and types, in whatever order.
func (s Scope) key() vocabularyKey {
	var sum uint64
	for object, properties := range s.Objects {
		sum += maphash.String(seed, object)
		for name, p := range properties {
			sum += maphash.Comparable(seed, [3]string{object, name, p.Type})
		}
	}
	if s.Contacts {
		sum++
	}
	return vocabularyKey(sum)
}

func vocabularyOf(s Scope) *vocabulary {
	v := vocabularies.get(s.key(), func() *vocabulary { return newVocabulary(s) })
	if !v.says(s) { // two scopes with the same key: once in 2⁶⁴
		return newVocabulary(s)
	}
	return v
}

// says reports whether v has the names and types of the scope and no others.
func (v *vocabulary) says(s Scope) bool {
	want := len(s.Objects)
	if s.Contacts {
		want++
	}
	if len(v.objects) != want || (v.objects[Contacts] != nil) != s.Contacts {
		return false
	}
	for name, properties := range s.Objects {
		o := v.objects[name]
		if o == nil || len(o.fields) != len(properties) {
			return false
		}
		for name, p := range properties {
			if f := o.fields[name]; f == nil || f.word != p.Type {
				return false
			}
		}
	}
	return true
}

func newVocabulary(s Scope) *vocabulary {
	std := language()
	v := &vocabulary{objects: map[string]*object{}, byType: map[string]*object{}}
	for name, properties := range s.Objects {
		v.add(name, properties)
	}
	if s.Contacts {
		v.add(Contacts, s.Objects[schema.Contact])
	}
	env, err := checker.NewEnv(containers.DefaultContainer, v, checker.ValidatedDeclarations(std.checker))
	if err == nil {
		for name, o := range v.objects {
			t := o.typ
			if name == Contacts {
				t = types.NewListType(t)
			}
			if err = env.AddIdents(decls.NewVariable(name, t)); err != nil {
				break
			}
		}
	}
	if err != nil { // an object named like a type of CEL; no object of a vendor is
		panic("expr: " + err.Error())
	}
	v.checker = env
	factory := interpreter.NewAttributeFactory(containers.DefaultContainer, types.DefaultTypeAdapter, v)
	v.planner = interpreter.NewInterpreter(std.dispatcher, containers.DefaultContainer, v, types.DefaultTypeAdapter, factory)
	return v
}

func (v *vocabulary) add(name string, properties map[string]schema.PropertyInfo) {
	// No expression can name a type that begins like this.
	typeName := "@" + name
	typ := types.NewObjectType(typeName)
	o := &object{name: name, typ: typ, meta: types.NewTypeTypeWithParam(typ), fields: make(map[string]*field, len(properties))}
	for property, p := range properties {
		f := &field{Property: Property{name, property}, word: p.Type}
		f.unset = &unsetError{Reason{Property: f.Property, Text: f.String() + " is not set"}}
		f.cel = types.FieldType{Type: celType(p.Type), IsSet: f.isSet, GetFrom: f.get}
		o.fields[property] = f
	}
	v.objects[name], v.byType[typeName] = o, o
}

// names returns the names that an expression may begin with, sorted.
func (v *vocabulary) names() []string { return slices.Sorted(maps.Keys(v.objects)) }

// propertyNames returns the names of the object's properties, sorted.
func (o *object) propertyNames() []string { return slices.Sorted(maps.Keys(o.fields)) }

// EnumValue implements types.Provider: there are no enumerations of CEL.
func (*vocabulary) EnumValue(name string) ref.Val { return types.NewErr("no enumeration %q", name) }

// FindIdent implements types.Provider: types are no values.
func (*vocabulary) FindIdent(string) (ref.Val, bool) { return nil, false }

// FindStructType implements types.Provider.
func (v *vocabulary) FindStructType(name string) (*types.Type, bool) {
	if o := v.byType[name]; o != nil {
		return o.meta, true
	}
	return nil, false
}

// FindStructFieldNames implements types.Provider.
func (v *vocabulary) FindStructFieldNames(name string) ([]string, bool) {
	if o := v.byType[name]; o != nil {
		return o.propertyNames(), true
	}
	return nil, false
}

// FindStructFieldType implements types.Provider.
func (v *vocabulary) FindStructFieldType(name, property string) (*types.FieldType, bool) {
	if o := v.byType[name]; o != nil {
		if f := o.fields[property]; f != nil {
			return &f.cel, true
		}
	}
	return nil, false
}

// NewValue implements types.Provider: an expression makes no records.
func (*vocabulary) NewValue(name string, _ map[string]ref.Val) ref.Val {
	return types.NewErr("no record %q is made in an expression", name)
}
