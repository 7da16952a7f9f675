package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"accord/schema"
)

// Diff returns what differs between two JSON documents, by path, in the order
// of their keys. A list of objects is compared by the key of its elements, a
// list of words as a set; where only the order differs, the list is replaced as
// a whole. Documents that are no JSON differ as a whole.
func Diff(before, after json.RawMessage) []Field {
	if bytes.Equal(before, after) {
		return nil
	}
	b, err := decode(before)
	a, other := decode(after)
	if err != nil || other != nil {
		return []Field{{Op: ReplaceField}}
	}
	var d differ
	d.value("", b, a)
	return d.fields
}

// explicit writes out the defaults in the differences of a resource: to a reader
// a direction that is left out is two-way, and not none.
func explicit(kind schema.Kind, fields []Field) []Field {
	for i, f := range fields {
		switch f.Op {
		case AddField:
			if d := schema.Default(kind, f.Path, f.After); d != nil {
				fields[i].Op, fields[i].Before = ReplaceField, d
			}
		case RemoveField:
			if d := schema.Default(kind, f.Path, f.Before); d != nil {
				fields[i].Op, fields[i].After = ReplaceField, d
			}
		}
	}
	return fields
}

// decode reads JSON; none is nil. A number is a float64 where that holds it
// exactly or it is no integer, and a json.Number elsewhere: an id of a vendor is
// not to be rounded.
func decode(doc []byte) (any, error) {
	if len(doc) == 0 {
		return nil, nil
	}
	var v any
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something behind the document")
	}
	return numbers(v), nil
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		const exact = 1 << 53
		i, large := v.Int64()
		integer := !strings.ContainsAny(v.String(), ".eE")
		f, err := v.Float64()
		if err != nil || integer && (large != nil || i > exact || i < -exact) {
			return v
		}
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

// UnmarshalJSON reads a field with its numbers as they are.
func (f *Field) UnmarshalJSON(data []byte) (err error) {
	var in struct {
		Path          schema.Path
		Op            Op
		Before, After json.RawMessage
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	f.Path, f.Op = in.Path, in.Op
	if f.Before, err = decode(in.Before); err != nil {
		return err
	}
	f.After, err = decode(in.After)
	return err
}

type differ struct{ fields []Field }

func (d *differ) value(at schema.Path, before, after any) {
	switch {
	case reflect.DeepEqual(before, after):
	case before == nil:
		d.fields = append(d.fields, Field{at, AddField, nil, after})
	case after == nil:
		d.fields = append(d.fields, Field{at, RemoveField, before, nil})
	default:
		if b, ok := before.(map[string]any); ok {
			if a, ok := after.(map[string]any); ok {
				d.object(at, b, a)
				return
			}
		}
		if b, ok := before.([]any); ok {
			if a, ok := after.([]any); ok {
				d.list(at, b, a)
				return
			}
		}
		d.fields = append(d.fields, Field{at, ReplaceField, before, after})
	}
}

func (d *differ) object(at schema.Path, before, after map[string]any) {
	keys := slices.Collect(maps.Keys(before))
	for k := range after {
		if _, ok := before[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		d.value(at.Key(k), before[k], after[k])
	}
}

// list compares two lists by the keys of their elements. Elements without one
// are compared by their place.
func (d *differ) list(at schema.Path, before, after []any) {
	bk, bok := keysOf(before)
	ak, aok := keysOf(after)
	if !bok || !aok {
		for i := range max(len(before), len(after)) {
			var b, a any
			if i < len(before) {
				b = before[i]
			}
			if i < len(after) {
				a = after[i]
			}
			d.value(at.Index(i), b, a)
		}
		return
	}
	n := len(d.fields)
	for i, k := range bk {
		if j := slices.Index(ak, k); j >= 0 {
			d.value(at.Key(k), before[i], after[j])
		} else {
			d.value(at.Key(k), before[i], nil)
		}
	}
	for j, k := range ak {
		if !slices.Contains(bk, k) {
			d.value(at.Key(k), nil, after[j])
		}
	}
	if n == len(d.fields) {
		d.fields = append(d.fields, Field{at, ReplaceField, before, after})
	}
}

// elementKeys are the fields that name an element of a list, the first that an
// element has.
var elementKeys = []string{"id", "account", "user", "value", "name"}

func keysOf(list []any) ([]string, bool) {
	out := make([]string, 0, len(list))
	for _, v := range list {
		key := ""
		switch v := v.(type) {
		case string:
			key = v
		case map[string]any:
			for _, name := range elementKeys {
				if s, ok := v[name].(string); ok {
					key = s
					break
				}
			}
		}
		if key == "" || slices.Contains(out, key) {
			return nil, false
		}
		out = append(out, key)
	}
	return out, true
}
