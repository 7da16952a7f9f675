package load

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"accord/schema"
)

// language is the folder with the examples of the language, one of each kind.
func language(t testing.TB) *Result {
	t.Helper()
	r, err := Dir(t.Context(), os.DirFS("testdata/language"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLanguageLoads(t *testing.T) {
	r := language(t)
	for _, d := range r.Diagnostics {
		t.Error(d, d.Help)
	}
	have := map[schema.Kind]bool{}
	for _, x := range slices.Concat(r.Config.All(), r.Tests) {
		have[x.Kind] = true
	}
	for _, k := range schema.Kinds {
		if !have[k] {
			t.Errorf("no example of %s", k)
		}
	}
	e := r.Config.Get(schema.Ref{Kind: schema.KindEmail, Name: "welcome"}).Spec.(*schema.Email)
	if want := "<p>Welcome, {{ contact.firstname }}</p>\n"; e.Body.Text != want {
		t.Errorf("the body of the email is %q, want %q", e.Body.Text, want)
	}
}

// A schema that accepts a field the types do not have loses what a user wrote;
// one without a field of the types refuses it.
func TestSchemasAndTypesAgree(t *testing.T) {
	for _, k := range schema.Kinds {
		t.Run(string(k), func(t *testing.T) {
			root := decoded(t, Schema(k))
			spec := root["properties"].(map[string]any)["spec"].(map[string]any)
			a := agreement{t: t, defs: root["$defs"].(map[string]any), seen: map[reflect.Type]bool{}}
			if k == schema.KindWorkflowTest {
				// The body of a test is opaque to the types, one level down.
				a.compare(spec, reflect.TypeFor[schema.WorkflowTest](), "spec", 1)
				return
			}
			a.compare(spec, reflect.TypeOf(schema.NewSpec(k)).Elem(), "spec", 100)
		})
	}
}

func decoded(t testing.TB, data []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

type agreement struct {
	t    *testing.T
	defs map[string]any
	seen map[reflect.Type]bool
}

// long are the types that are written short or long: the fields of the long form
// where these are no fields of the type.
var long = map[reflect.Type][]string{
	reflect.TypeFor[schema.Membership](): {"where"},
	reflect.TypeFor[schema.Value]():      {"cel"},
	reflect.TypeFor[schema.Copies]():     {},
}

func (a *agreement) resolve(s map[string]any) map[string]any {
	for {
		ref, ok := s["$ref"].(string)
		if !ok {
			return s
		}
		s = a.defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
}

func (a *agreement) compare(s map[string]any, typ reflect.Type, path string, depth int) {
	if depth == 0 {
		return
	}
	s = a.resolve(s)
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	fields, special := long[typ]
	switch {
	case special:
		a.same(s, fields, path)
	case typ.Kind() == reflect.Struct:
		if a.seen[typ] {
			return
		}
		a.seen[typ] = true
		byName := map[string]reflect.Type{}
		structFields(typ, byName)
		for n := range byName {
			fields = append(fields, n)
		}
		a.same(s, fields, path)
		properties, _ := s["properties"].(map[string]any)
		for n, f := range byName {
			if p, ok := properties[n].(map[string]any); ok {
				a.compare(p, f, path+"."+n, depth-1)
			}
		}
	case typ.Kind() == reflect.Slice:
		a.hasType(s, "array", path)
		if items, ok := s["items"].(map[string]any); ok {
			a.compare(items, typ.Elem(), path+"[]", depth-1)
		}
	case typ.Kind() == reflect.Map:
		a.hasType(s, "object", path)
		if values, ok := s["additionalProperties"].(map[string]any); ok {
			a.compare(values, typ.Elem(), path+".*", depth-1)
		}
	case typ.Kind() == reflect.String:
		a.hasType(s, "string", path)
	case typ.Kind() == reflect.Bool:
		a.hasType(s, "boolean", path)
	case typ.Kind() == reflect.Int, typ.Kind() == reflect.Int64:
		a.hasType(s, "integer", path)
	case typ.Kind() == reflect.Float64:
		a.hasType(s, "number", path)
	default:
		a.t.Errorf("%s: %s is a type that the test does not know", path, typ)
	}
}

func structFields(typ reflect.Type, into map[string]reflect.Type) {
	for _, f := range reflect.VisibleFields(typ) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			into[name] = f.Type
		}
	}
}

func (a *agreement) hasType(s map[string]any, want, path string) {
	if !slices.Contains(texts(s["type"]), want) {
		a.t.Errorf("%s: the schema has type %v, the field needs %s", path, s["type"], want)
	}
}

func (a *agreement) same(s map[string]any, fields []string, path string) {
	properties, _ := s["properties"].(map[string]any)
	var names []string
	for n := range properties {
		names = append(names, n)
	}
	slices.Sort(names)
	slices.Sort(fields)
	if !slices.Equal(names, fields) {
		a.t.Errorf("%s: the schema has %v, the type %v", path, names, fields)
	}
}

// Editors show descriptions; a language without them is a list of words. Maps
// that are not closed would take a misspelled field for a value.
func TestSchemasDescribeEveryFieldAndAreClosed(t *testing.T) {
	for _, k := range slices.Concat(schema.Kinds, []schema.Kind{""}) {
		root := decoded(t, Schema(k))
		defs := root["$defs"].(map[string]any)
		var walk func(s map[string]any, path string)
		walk = func(s map[string]any, path string) {
			if slices.Contains(texts(s["type"]), "object") && s["additionalProperties"] == nil && k != "" {
				t.Errorf("%s: %s is an open map", k, path)
			}
			condition := strings.HasSuffix(path, "/if") || strings.HasSuffix(path, "/then")
			for keyword, v := range s {
				switch v := v.(type) {
				case []any:
					if keyword == "examples" {
						continue
					}
					for _, e := range v {
						if sub, ok := e.(map[string]any); ok {
							walk(sub, path+"/"+keyword)
						}
					}
				case map[string]any:
					if keyword != "properties" && keyword != "$defs" {
						if keyword != "default" {
							walk(v, path+"/"+keyword)
						}
						continue
					}
					for name, e := range v {
						f := e.(map[string]any)
						described := f["description"] != nil
						if ref, ok := f["$ref"].(string); ok {
							described = described || defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)["description"] != nil
						}
						if keyword == "properties" && !described && !condition {
							t.Errorf("%s: %s.%s has no description", k, path, name)
						}
						walk(f, path+"/"+name)
					}
				}
			}
		}
		walk(root, "")
	}
}

// Definitions of all kinds stand beside each other in the schema of all kinds.
func TestDefinitionsHaveDifferentNames(t *testing.T) {
	owner := map[string]string{}
	for _, m := range commonDefs() {
		owner[m.name] = "common"
	}
	for _, k := range schema.Kinds {
		_, defs := kindSchema(k)
		for _, d := range defs {
			if was := owner[d.name]; was != "" {
				t.Errorf("the definition %s is in %s and in %s", d.name, was, k)
			}
			owner[d.name] = string(k)
		}
	}
}

func TestSchemasCompile(t *testing.T) {
	for k, f := range forms {
		if _, err := compileShape(Schema(k)); k != "" && err != nil {
			t.Errorf("%s: %v", k, err)
		}
		f.schema()
	}
	if _, err := jsonschema.CompileString("all.json", string(Schema(""))); err != nil {
		t.Error(err)
	}
	if Schema("Acount") != nil {
		t.Error("there is a schema of a kind that there is not")
	}
}

// The schema of all kinds, which editors use, says the same as those of each.
func TestEverySchemaAcceptsTheLanguage(t *testing.T) {
	all := jsonschema.MustCompileString("all.json", string(Schema("")))
	r := language(t)
	for _, x := range slices.Concat(r.Config.All(), r.Tests) {
		tr, ok := r.tree(x.Origin)
		if !ok {
			t.Fatal(x.Ref())
		}
		body := appendJSON(nil, tr.root)
		v, err := decodeJSON(body)
		if err != nil {
			t.Fatal(err)
		}
		if err := all.Validate(v); err != nil {
			t.Errorf("%s: %v", x.Ref(), err)
		}
		v.(map[string]any)["spec"].(map[string]any)["nonsense"] = "x"
		var invalid *jsonschema.ValidationError
		if err := all.Validate(v); !errors.As(err, &invalid) {
			t.Errorf("%s: a field that there is not is accepted", x.Ref())
		}
	}
}
