package load

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"accord/schema"
)

// bind reads a spec from the nodes of its document. It does what writing them as
// JSON and schema.ParseSpec do, in half the time; what it does not know it leaves
// to them, and a fuzz test holds that both agree.
func bind(kind schema.Kind, n *yaml.Node) (schema.Spec, error) {
	if n == nil {
		return schema.ParseSpec(kind, nil)
	}
	s := schema.NewSpec(kind)
	if s != nil && bindValue(n, reflect.ValueOf(s).Elem()) {
		return s, nil
	}
	return schema.ParseSpec(kind, appendJSON(nil, n))
}

// field is a field of a struct by its name in JSON.
type field struct {
	name  string
	index []int
}

var (
	structs      sync.Map // reflect.Type → []field
	unmarshalers sync.Map // reflect.Type → bool
)

func fieldsOf(t reflect.Type) []field {
	if f, ok := structs.Load(t); ok {
		return f.([]field)
	}
	var out []field
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" && f.IsExported() {
			out = append(out, field{name, f.Index})
		}
	}
	structs.Store(t, out)
	return out
}

// reads reports whether a type reads its JSON itself.
func reads(t reflect.Type) bool {
	if v, ok := unmarshalers.Load(t); ok {
		return v.(bool)
	}
	is := reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
	unmarshalers.Store(t, is)
	return is
}

// bindValue sets v to what a node says. False means that it could not.
func bindValue(n *yaml.Node, v reflect.Value) bool {
	t := v.Type()
	switch kind := t.Kind(); {
	case kind == reflect.Pointer:
		if n.Tag == "!!null" {
			return false
		}
		v.Set(reflect.New(t.Elem()))
		return bindValue(n, v.Elem())
	case kind == reflect.String:
		if !isText(n) {
			return false
		}
		v.SetString(n.Value)
		return true
	case kind == reflect.Bool:
		b, ok := boolean(n.Value)
		if n.Tag != "!!bool" || !ok {
			return false
		}
		v.SetBool(b)
		return true
	case kind == reflect.Struct && reads(t):
		return v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(appendJSON(nil, n)) == nil
	case kind == reflect.Struct:
		return bindStruct(n, v)
	case kind == reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			return false
		}
		v.Set(reflect.MakeSlice(t, len(n.Content), len(n.Content)))
		for i, e := range n.Content {
			if !bindValue(e, v.Index(i)) {
				return false
			}
		}
		return true
	case kind == reflect.Map:
		return bindMap(n, v)
	case kind == reflect.Int || kind == reflect.Int64:
		s, ok := number(n.Value)
		i, err := strconv.ParseInt(s, 10, 64)
		if !ok || err != nil || n.Tag != "!!int" {
			return false
		}
		v.SetInt(i)
		return true
	}
	return json.Unmarshal(appendJSON(nil, n), v.Addr().Interface()) == nil
}

func bindStruct(n *yaml.Node, v reflect.Value) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	fields := fieldsOf(v.Type())
next:
	for i := 0; i+1 < len(n.Content); i += 2 {
		for _, f := range fields {
			if f.name != n.Content[i].Value {
				continue
			}
			at := v
			for _, j := range f.index {
				at = at.Field(j)
			}
			if !bindValue(n.Content[i+1], at) {
				return false
			}
			continue next
		}
		return false
	}
	return true
}

func bindMap(n *yaml.Node, v reflect.Value) bool {
	t := v.Type()
	if n.Kind != yaml.MappingNode || t.Key().Kind() != reflect.String {
		return false
	}
	if t.Key() == reflect.TypeFor[string]() && t.Elem() == reflect.TypeFor[string]() {
		m := make(map[string]string, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !isText(n.Content[i+1]) {
				return false
			}
			m[n.Content[i].Value] = n.Content[i+1].Value
		}
		v.Set(reflect.ValueOf(m).Convert(t))
		return true
	}
	m := reflect.MakeMapWithSize(t, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		e := reflect.New(t.Elem()).Elem()
		if !bindValue(n.Content[i+1], e) {
			return false
		}
		m.SetMapIndex(reflect.ValueOf(n.Content[i].Value).Convert(t.Key()), e)
	}
	v.Set(m)
	return true
}
