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
// properties, and not the options of enumerations. It is the type provider of
// CEL.
type vocabulary struct {
	objects map[string]*object // by the name in expressions, Contacts included
}

var _ types.Provider = (*vocabulary)(nil)

// object is one record of a vocabulary. Vocabularies share those that are equal,
// and with them everything that is compiled.
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

func newVocabulary(s Scope) *vocabulary {
	v := &vocabulary{objects: make(map[string]*object, len(s.Objects)+1)}
	for name, properties := range s.Objects {
		v.objects[name] = objectOf(name, properties)
	}
	if s.Contacts {
		v.objects[Contacts] = objectOf(Contacts, s.Objects[schema.Contact])
	}
	return v
}

// Thousands of accounts of an agency have a few hundred different objects; one
// takes about 8 kB.
var knownObjects = cache[uint64, *object]{limit: 256}

var seed = maphash.MakeSeed()

// objectOf returns the object of a name with these properties.
func objectOf(name string, properties map[string]schema.PropertyInfo) *object {
	key := maphash.String(seed, name) // and the properties, in whatever order
	for property, p := range properties {
		key += maphash.Comparable(seed, [2]string{property, p.Type})
	}
	o := knownObjects.get(key, func() *object { return newObject(name, properties) })
	if !o.says(name, properties) { // two objects with the same key: once in 2⁶⁴
		return newObject(name, properties)
	}
	return o
}

// says reports whether o has the name and the properties and no others.
func (o *object) says(name string, properties map[string]schema.PropertyInfo) bool {
	if o.name != name || len(o.fields) != len(properties) {
		return false
	}
	for name, p := range properties {
		if f := o.fields[name]; f == nil || f.word != p.Type {
			return false
		}
	}
	return true
}

// typePrefix is what the types of objects are named after it; no expression can
// name a type that begins like this.
const typePrefix = "@"

func newObject(name string, properties map[string]schema.PropertyInfo) *object {
	typ := types.NewObjectType(typePrefix + name)
	o := &object{name: name, typ: typ, meta: types.NewTypeTypeWithParam(typ), fields: make(map[string]*field, len(properties))}
	for property, p := range properties {
		f := &field{Property: Property{name, property}, word: p.Type}
		f.unset = &unsetError{Reason{Property: f.Property, Text: f.String() + " is not set"}}
		f.cel = types.FieldType{Type: celType(p.Type), IsSet: f.isSet, GetFrom: f.get}
		o.fields[property] = f
	}
	return o
}

// variable is the type of the object's name in an expression.
func (o *object) variable() *types.Type {
	if o.name == Contacts {
		return types.NewListType(o.typ)
	}
	return o.typ
}

// byType returns the object of a type, or nil.
func (v *vocabulary) byType(name string) *object {
	name, ok := strings.CutPrefix(name, typePrefix)
	if !ok {
		return nil
	}
	return v.objects[name]
}

// checker is CEL's environment for an expression that mentions these objects.
func (v *vocabulary) checker(mentioned []use) *checker.Env {
	env, err := checker.NewEnv(containers.DefaultContainer, v, checker.ValidatedDeclarations(language().checker))
	declared := map[string]bool{}
	for _, u := range mentioned {
		if err == nil && !declared[u.name] {
			declared[u.name] = true
			err = env.AddIdents(decls.NewVariable(u.name, v.objects[u.name].variable()))
		}
	}
	if err != nil { // an object named like a type of CEL; no object of a vendor is
		panic("expr: " + err.Error())
	}
	return env
}

// planner is CEL's interpreter of what was checked with the vocabulary.
func (v *vocabulary) planner() interpreter.Interpreter {
	factory := interpreter.NewAttributeFactory(containers.DefaultContainer, types.DefaultTypeAdapter, v)
	return interpreter.NewInterpreter(language().dispatcher, containers.DefaultContainer, v, types.DefaultTypeAdapter, factory)
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
	if o := v.byType(name); o != nil {
		return o.meta, true
	}
	return nil, false
}

// FindStructFieldNames implements types.Provider.
func (v *vocabulary) FindStructFieldNames(name string) ([]string, bool) {
	if o := v.byType(name); o != nil {
		return o.propertyNames(), true
	}
	return nil, false
}

// FindStructFieldType implements types.Provider.
func (v *vocabulary) FindStructFieldType(name, property string) (*types.FieldType, bool) {
	if o := v.byType(name); o != nil {
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
