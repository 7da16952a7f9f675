package expr

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"accord/schema"
)

// Record is what an expression reads. Value returns the raw value of a property
// as the account sends it, or false where the record has none. A nil value and
// an empty text count as not set.
//
// Raw values are read by the property's type: a number from its decimal text, a
// boolean from true or false, a date or a datetime from 2026-01-31, from RFC
// 3339 or from milliseconds since 1970 in UTC. Go's own string, bool, numbers,
// json.Number and time.Time are taken as they are.
type Record interface {
	Value(property string) (any, bool)
}

// Values is a Record in a map.
type Values map[string]any

// Value implements Record.
func (v Values) Value(property string) (any, bool) {
	raw, ok := v[property]
	return raw, ok
}

// Reason says why a comparison or a call is false other than by its values.
type Reason struct {
	Property Property `json:"property,omitzero"` // zero where no single property is the cause
	Text     string   `json:"text"`              // deal.amount is not set
}

// unsetError travels through an evaluation where a property has no value.
type unsetError struct{ Reason }

func (e *unsetError) Error() string { return e.Text }

// record is a Record inside an evaluation. It implements ref.Val.
type record struct {
	Record // nil: there is none
	object *object
}

func (r *record) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("a record is not converted to %v", t)
}

func (r *record) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("a record is not converted to %s", t.TypeName())
}

func (r *record) Equal(other ref.Val) ref.Val { return types.Bool(ref.Val(r) == other) }
func (r *record) Type() ref.Type              { return r.object.typ }
func (r *record) Value() any                  { return r }

// isSet is has(…) of the field of a *record.
func (f *field) isSet(target any) bool {
	_, err := f.get(target)
	return err == nil
}

// get reads the field of a *record.
func (f *field) get(target any) (any, error) {
	r, ok := target.(*record)
	if !ok {
		return nil, f.unset
	}
	if r.Record == nil {
		return nil, &unsetError{Reason{Property: Property{Object: f.Object}, Text: "there is no " + f.Object}}
	}
	raw, ok := r.Record.Value(f.Name)
	if !ok || raw == nil {
		return nil, f.unset
	}
	v, why := parse(f.word, raw)
	if why != "" {
		return nil, &unsetError{Reason{f.Property, f.String() + " is not set: " + why}}
	}
	if v == nil {
		return nil, f.unset
	}
	return v, nil
}

// parse reads a raw value by the type of its property. A nil result is not set;
// why says what is wrong with a value that cannot be read.
func parse(word string, raw any) (v ref.Val, why string) {
	switch word {
	case schema.TypeNumber:
		return parseNumber(raw)
	case schema.TypeBoolean:
		switch b := raw.(type) {
		case bool:
			return types.Bool(b), ""
		case string:
			switch strings.ToLower(strings.TrimSpace(b)) {
			case "true":
				return types.True, ""
			case "false":
				return types.False, ""
			case "":
				return nil, ""
			}
		}
		return nil, short(raw) + " is no boolean"
	case schema.TypeDate, schema.TypeDatetime:
		switch t := raw.(type) {
		case time.Time:
			return types.Timestamp{Time: t.UTC()}, ""
		case string:
			if strings.TrimSpace(t) == "" {
				return nil, ""
			}
			if at, ok := parseTime(t); ok {
				return types.Timestamp{Time: at}, ""
			}
		case float64:
			if at, ok := parseTime(strconv.FormatFloat(t, 'f', 0, 64)); ok && t == math.Trunc(t) {
				return types.Timestamp{Time: at}, ""
			}
		case int, int64, json.Number:
			if at, ok := parseTime(fmt.Sprint(t)); ok {
				return types.Timestamp{Time: at}, ""
			}
		}
		return nil, short(raw) + " is no date"
	case typeText:
		if s, ok := raw.(string); ok {
			return types.String(s), ""
		}
		return nil, short(raw) + " is no text"
	case typeList, typeLabels, typeAny:
		return types.DefaultTypeAdapter.NativeToValue(raw), ""
	}
	if s := plain(raw); s != "" {
		return types.String(s), ""
	}
	return nil, ""
}

func parseNumber(raw any) (ref.Val, string) {
	var f float64
	switch n := raw.(type) {
	case float64:
		f = n
	case int:
		f = float64(n)
	case int64:
		f = float64(n)
	case string, json.Number:
		s := strings.TrimSpace(fmt.Sprint(n))
		if s == "" {
			return nil, ""
		}
		var err error
		if f, err = strconv.ParseFloat(s, 64); err != nil {
			return nil, short(raw) + " is no number"
		}
	default:
		return nil, short(raw) + " is no number"
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, short(raw) + " is no number"
	}
	return types.Double(f), ""
}

// The years that CEL's timestamps have.
const minYear, maxYear = 1, 9999

// parseTime reads a date, a time in RFC 3339, or milliseconds since 1970.
func parseTime(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t, err = time.Parse(time.RFC3339, s)
	}
	if err != nil {
		var ms int64
		if ms, err = strconv.ParseInt(s, 10, 64); err != nil {
			return time.Time{}, false
		}
		t = time.UnixMilli(ms)
	}
	t = t.UTC()
	return t, t.Year() >= minYear && t.Year() <= maxYear
}

// plain writes a raw value as text, numbers without an exponent.
func plain(raw any) string {
	switch v := raw.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(raw)
}

// short quotes a raw value for a message.
func short(raw any) string {
	s := plain(raw)
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "…"
	}
	return strconv.Quote(s)
}

// native is the Go value of a result: string, float64, bool or time.Time.
// Anything else is returned as CEL's own.
func native(v ref.Val) any {
	switch v := v.(type) {
	case types.String:
		return string(v)
	case types.Double:
		return float64(v)
	case types.Int:
		return float64(v)
	case types.Uint:
		return float64(v)
	case types.Bool:
		return bool(v)
	case types.Timestamp:
		return v.UTC()
	}
	return v.Value()
}
