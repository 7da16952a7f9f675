package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"

	"accord/diag"
	"accord/schema"
)

// form is the schema of a kind in the three ways it is used: to accept, to say
// why not, and to look up what it says to people.
type form struct {
	shape  func() *shape
	schema func() *jsonschema.Schema
	raw    func() map[string]any
}

func newForm(text func() []byte) *form {
	text = sync.OnceValue(text)
	return &form{
		shape: sync.OnceValue(func() *shape {
			s, err := compileShape(text())
			if err != nil {
				panic(err) // a test compiles every schema
			}
			return s
		}),
		schema: sync.OnceValue(func() *jsonschema.Schema {
			const name = "accord.json"
			c := jsonschema.NewCompiler()
			c.Draft = jsonschema.Draft2020
			if err := c.AddResource(name, bytes.NewReader(text())); err != nil {
				panic(err)
			}
			return c.MustCompile(name)
		}),
		raw: sync.OnceValue(func() map[string]any {
			var m map[string]any
			if err := json.Unmarshal(text(), &m); err != nil {
				panic(err)
			}
			return m
		}),
	}
}

// forms has the form of each kind, made when a document of it is read; that of
// "" is for documents of no kind.
var forms = func() map[schema.Kind]*form {
	m := map[schema.Kind]*form{"": newForm(envelopeSchema)}
	for _, k := range schema.Kinds {
		m[k] = newForm(func() []byte { return Schema(k) })
	}
	return m
}()

// check reports whether the schema of its kind accepts a document; why it does
// not is found.
func (t *tree) check(kind schema.Kind) bool {
	f := forms[kind]
	if f == nil {
		f = forms[""]
	}
	if kind.Known() && f.shape().accepts(t.root) {
		return true
	}
	v, err := decodeJSON(appendJSON(nil, t.root))
	if err != nil {
		t.find("schema", t.root, mask(err.Error()), "")
		return false
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(f.schema().Validate(cut(v)), &invalid) {
		return false // what is wrong was cut off
	}
	e := explainer{tree: t, form: f}
	e.collect(invalid)
	e.report()
	return false
}

// maxExplained is how many items of a list or map are looked at to say what is
// wrong: jsonschema makes an error of a kilobyte for each.
const maxExplained = 10_000

// cut returns a value without the items of lists and maps that are too many.
func cut(v any) any {
	switch v := v.(type) {
	case []any:
		v = v[:min(len(v), maxExplained)]
		for i := range v {
			v[i] = cut(v[i])
		}
		return v
	case map[string]any:
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i >= maxExplained {
				delete(v, k)
			} else {
				v[k] = cut(v[k])
			}
		}
	}
	return v
}

// decodeJSON reads JSON as jsonschema wants it: numbers as they are written.
func decodeJSON(data []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

// explainer turns the errors of jsonschema into findings: one for one cause, at
// the place to mend, in the words of the schema.
type explainer struct {
	*tree
	form     *form
	failures []failure
	// meant has, for each map, the fields that an unknown one was probably
	// meant to be: that they are missing is no finding of its own.
	meant map[*yaml.Node][]string
}

// maxFailures bounds what is explained of one document; more than is reported,
// for one finding may explain several failures.
const maxFailures = 10 * MaxDocumentFindings

// failure is one keyword that does not hold for one value.
type failure struct {
	keyword string
	rule    any            // what the keyword says
	schema  map[string]any // the schema it stands in
	secret  bool           // the schema is that of a place of a secret
	path    schema.Path
	key     *yaml.Node // of the value in its map; nil in a list
	value   *yaml.Node
}

// collect gathers the errors that have no cause below them. Those of the
// alternatives of anyOf and oneOf stay where they are: that none was right is
// one error.
func (e *explainer) collect(v *jsonschema.ValidationError) {
	pointer := v.AbsoluteKeywordLocation[strings.IndexByte(v.AbsoluteKeywordLocation, '#')+1:]
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	keyword := tokens[len(tokens)-1]
	if len(v.Causes) > 0 && keyword != "anyOf" && keyword != "oneOf" {
		for _, c := range v.Causes {
			e.collect(c)
		}
		return
	}
	if len(e.failures) > maxFailures {
		return
	}
	f := failure{keyword: keyword, secret: slices.Contains(tokens, "secret") && tokens[0] == "$defs"}
	f.schema, _ = e.schemaAt(tokens[:len(tokens)-1])
	f.rule = f.schema[keyword]
	if !e.instance(v.InstanceLocation, &f) {
		return
	}
	e.failures = append(e.failures, f)
}

func (e *explainer) schemaAt(tokens []string) (map[string]any, bool) {
	var at any = e.form.raw()
	for _, token := range tokens {
		switch v := at.(type) {
		case map[string]any:
			at = v[unescape(token)]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			at = v[i]
		}
	}
	m, ok := at.(map[string]any)
	return m, ok
}

func unescape(token string) string {
	if plain, err := url.PathUnescape(token); err == nil {
		token = plain
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}

// instance finds the value that an error is about.
func (e *explainer) instance(pointer string, f *failure) bool {
	f.value = e.root
	for _, token := range strings.Split(pointer, "/")[1:] {
		token = unescape(token)
		switch f.value.Kind {
		case yaml.MappingNode:
			key, value := entry(f.value, token)
			if key == nil {
				return false
			}
			f.key, f.value, f.path = key, value, f.path.Key(token)
		case yaml.SequenceNode:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(f.value.Content) {
				return false
			}
			f.key, f.value, f.path = nil, f.value.Content[i], f.path.Index(i)
		default:
			return false
		}
	}
	return true
}

// report makes the findings. Unknown fields come first, for they explain others.
func (e *explainer) report() {
	e.meant = map[*yaml.Node][]string{}
	for _, f := range e.failures {
		if f.keyword == "additionalProperties" {
			e.unknown(f)
		}
	}
	for _, f := range e.failures {
		e.one(f)
	}
}

// where names a field in a message.
func where(p schema.Path) string {
	if p == "" {
		return "the document"
	}
	return mask(string(p))
}

// shownValue is a value as a message repeats it.
func shownValue(n *yaml.Node) string {
	r := []rune(mask(n.Value))
	if len(r) > 60 {
		r = append(r[:60], '…')
	}
	if isText(n) {
		return strconv.Quote(string(r))
	}
	return string(r)
}

// add reports a failure at its value, or at its key where the value says
// nothing of where it is.
func (e *explainer) add(f failure, message, help string) {
	at := f.value
	if f.key != nil && (f.value.Kind != yaml.ScalarNode && f.value.Style&yaml.FlowStyle == 0 || isEmpty(f.value)) {
		at = f.key
	}
	e.find("schema", at, message, help)
}

func (e *explainer) unknown(f failure) {
	properties, _ := f.schema["properties"].(map[string]any)
	names := make([]string, 0, len(properties))
	for n := range properties {
		names = append(names, n)
	}
	slices.Sort(names)
	for i := 0; i+1 < len(f.value.Content); i += 2 {
		key := f.value.Content[i]
		if properties[key.Value] != nil {
			continue
		}
		message := fmt.Sprintf("unknown field %q", mask(key.Value))
		if f.path != "" {
			message += " in " + where(f.path)
		}
		help := diag.DidYouMean(key.Value, names)
		if help != "" {
			e.meant[f.value] = append(e.meant[f.value], diag.Closest(key.Value, names))
		} else if len(names) > 0 {
			help = "Fields here: " + strings.Join(names, ", ") + "."
		}
		e.find("schema", key, message, sentence(help))
	}
}

// sentence begins a help with a capital.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (e *explainer) one(f failure) {
	said, _ := f.schema["errorMessage"].(string)
	switch f.keyword {
	case "additionalProperties": // done
	case "required":
		e.missing(f)
	case "type":
		e.wrongType(f)
	case "enum", "const":
		e.wrongWord(f, said)
	case "pattern":
		e.wrongPattern(f)
	case "minLength":
		e.add(f, where(f.path)+" is empty", e.describe(f.schema))
	case "minItems", "maxItems", "minProperties", "maxProperties":
		if said == "" {
			said = where(f.path) + " is empty: it needs at least one"
		}
		e.add(f, said, e.describe(f.schema))
	case "minimum", "maximum":
		bound := map[string]string{"minimum": "at least", "maximum": "at most"}[f.keyword]
		e.add(f, fmt.Sprintf("%s is %s; it has to be %s %v", where(f.path), shownValue(f.value), bound, f.rule), "")
	case "oneOf", "anyOf":
		e.alternatives(f, said)
	case "not":
		at := f.value
		if f.key != nil {
			at = f.key
		}
		e.find("schema", at, said, "Remove it.")
	default:
		e.add(f, where(f.path)+" is not what it can be", e.describe(f.schema))
	}
}

// describe is what a schema says to people.
func (e *explainer) describe(s map[string]any) string {
	if d, ok := s["description"].(string); ok {
		return d
	}
	if ref, ok := s["$ref"].(string); ok {
		if def, ok := e.schemaAt(strings.Split(strings.TrimPrefix(ref, "#/"), "/")); ok {
			return e.describe(def)
		}
	}
	return ""
}

func texts(v any) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []string
	for _, e := range list {
		out = append(out, fmt.Sprint(e))
	}
	return out
}

func (e *explainer) missing(f failure) {
	written := func(name string) bool {
		k, _ := entry(f.value, name)
		return k != nil
	}
	if f.path == "" && !slices.ContainsFunc([]string{"apiVersion", "kind", "metadata"}, written) {
		e.find("schema", f.value, "not an accord document: it has no apiVersion, kind and metadata",
			"If it is not meant for accord, move the file, or name those that are under `resources` in "+ProjectFile+".")
		return
	}
	for _, name := range texts(f.rule) {
		if written(name) || slices.Contains(e.meant[f.value], name) {
			continue
		}
		help := ""
		if properties, ok := f.schema["properties"].(map[string]any); ok {
			if p, ok := properties[name].(map[string]any); ok {
				help = e.describe(p)
			}
		}
		if f.path == "" && (name == "kind" || name == "apiVersion") {
			help = "Every document has apiVersion: " + schema.APIVersion + " and a kind. If this file is not accord's, name the files that are under `resources` in " + ProjectFile + "."
		}
		at := f.value
		if f.key != nil {
			at = f.key
		}
		e.find("schema", at, fmt.Sprintf("%s lacks %q", where(f.path), name), help)
	}
}

var typeWords = map[string]string{
	"object": "a map", "array": "a list", "string": "text", "number": "a number", "integer": "a whole number",
	"boolean": "true or false", "null": "empty",
}

func (e *explainer) wrongType(f failure) {
	if f.secret && isText(f.value) {
		e.hide(e.nodeSpan(f.value))
		return
	}
	types := texts(f.rule)
	var wanted []string
	for _, t := range types {
		wanted = append(wanted, typeWords[t])
	}
	var got string
	switch kind := kindOf(f.value); {
	case kind == kindNumber && slices.Contains(types, "integer"):
		got = "not whole"
	case kind == kindInteger || kind == kindNumber:
		got = "a number"
	default:
		for word, k := range kindWords {
			if k == kind {
				got = typeWords[word]
			}
		}
	}
	help := e.describe(f.schema)
	switch {
	case isEmpty(f.value):
		help = strings.TrimSpace(help + " Remove the field where it says nothing.")
	case f.value.Kind == yaml.ScalarNode && slices.Contains(types, "string"):
		help = fmt.Sprintf("Put it in quotes: %q.", mask(f.value.Value))
	}
	e.add(f, fmt.Sprintf("%s is %s; it has to be %s", where(f.path), got, strings.Join(wanted, " or ")), help)
}

func (e *explainer) wrongWord(f failure, said string) {
	if f.value.Kind != yaml.ScalarNode || kindOf(f.value) != kindString {
		if slices.ContainsFunc(e.failures, func(o failure) bool { return o.keyword == "type" && o.value == f.value }) {
			return
		}
	}
	allowed := texts(f.rule)
	help := diag.DidYouMean(f.value.Value, allowed)
	if help == "" {
		help = "allowed: " + strings.Join(allowed, ", ") + "."
	}
	if said == "" {
		said = fmt.Sprintf("%s cannot be %s", where(f.path), shownValue(f.value))
	}
	e.add(f, said, sentence(help))
}

func (e *explainer) wrongPattern(f failure) {
	said, _ := f.schema["patternErrorMessage"].(string)
	value := shownValue(f.value)
	if f.secret {
		// What stands where a name should may be the secret itself.
		e.masked = append(e.masked, e.nodeSpan(f.value))
		value = "this"
	}
	help := said
	if examples, ok := f.schema["examples"]; ok && !f.secret {
		if meant := diag.DidYouMean(f.value.Value, texts(examples)); meant != "" {
			help = sentence(meant) + " " + sentence(said) + "."
		}
	}
	e.add(f, fmt.Sprintf("%s cannot be %s", where(f.path), value), sentence(help))
}

// alternatives reports that not exactly one of several fields is there, or none.
func (e *explainer) alternatives(f failure, said string) {
	list, _ := f.rule.([]any)
	var names, there []string
	var second *yaml.Node
	for _, a := range list {
		m, _ := a.(map[string]any)
		for _, name := range texts(m["required"]) {
			names = append(names, name)
			if slices.Contains(e.meant[f.value], name) {
				return
			}
			if k, _ := entry(f.value, name); k != nil {
				there = append(there, name)
				second = k
			}
		}
	}
	help := "One of: " + strings.Join(names, ", ") + "."
	if len(there) > 1 {
		e.find("schema", second, fmt.Sprintf("%s has %s; it takes one of them", where(f.path), strings.Join(there, " and ")), "Remove all but one.")
		return
	}
	// A field that is no field was probably meant as one of these.
	if slices.ContainsFunc(e.failures, func(o failure) bool { return o.keyword == "additionalProperties" && o.value == f.value }) {
		return
	}
	if said == "" {
		said = fmt.Sprintf("%s needs one of %s", where(f.path), strings.Join(names, ", "))
		help = e.describe(f.schema)
	}
	e.add(f, said, help)
}
