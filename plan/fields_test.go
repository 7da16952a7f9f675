package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestDiff(t *testing.T) {
	for _, tc := range []struct {
		name, before, after string
		want                []string
	}{
		{"equal", `{"a": 1}`, `{"a": 1}`, nil},
		{"laid out otherwise", `{"a": 1, "b": 2}`, `{ "b":2,"a":1.0 }`, nil},
		{"created", ``, `{"a": 1}`, []string{`add  <nil> map[a:1]`}},
		{"replaced", `{"a": {"b": "x"}}`, `{"a": {"b": "y"}}`, []string{`replace a.b x y`}},
		{"added and removed", `{"a": 1}`, `{"b": 2}`, []string{`remove a 1 <nil>`, `add b <nil> 2`}},
		{"a key with a dot", `{"labels": {"a.b": "x"}}`, `{"labels": {}}`, []string{`remove labels["a.b"] x <nil>`}},
		{"a set of words", `{"s": ["a", "b"]}`, `{"s": ["b", "c"]}`, []string{`remove s.a a <nil>`, `add s.c <nil> c`}},
		{"only the order", `{"s": ["a", "b"]}`, `{"s": ["b", "a"]}`, []string{`replace s [a b] [b a]`}},
		{
			"by id", `{"stages": [{"id": "x", "label": "X"}, {"id": "y"}]}`, `{"stages": [{"id": "x", "label": "Z"}]}`,
			[]string{`replace stages.x.label X Z`, `remove stages.y map[id:y] <nil>`},
		},
		{"by place, where there is no key", `[[1], [2]]`, `[[1], [3]]`, []string{`replace [1][0] 2 3`}},
		{"a word twice is no set", `["a", "a"]`, `["a", "b"]`, []string{`replace [1] a b`}},
		{"another type", `{"a": {"b": 1}}`, `{"a": [1]}`, []string{`replace a map[b:1] [1]`}},
		{"not JSON", `{`, `{}`, []string{`replace  <nil> <nil>`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, f := range Diff(json.RawMessage(tc.before), json.RawMessage(tc.after)) {
				got = append(got, fmt.Sprintf("%s %s %v %v", f.Op, f.Path, f.Before, f.After))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("\ngot  %q\nwant %q", got, tc.want)
			}
		})
	}
}

// A diff is empty exactly where the documents say the same, and says the
// opposite the other way round.
func TestDiffIsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := document().Draw(t, "a"), document().Draw(t, "b")
		there, back := Diff(marshal(t, a), marshal(t, b)), Diff(marshal(t, b), marshal(t, a))
		if len(there) != len(back) {
			t.Fatalf("%v\n%v", there, back)
		}
		if same := string(marshal(t, a)) == string(marshal(t, b)); same != (len(there) == 0) {
			t.Fatalf("equal: %v, and yet %v", same, there)
		}
	})
}

func document() *rapid.Generator[any] {
	scalar := rapid.OneOf(rapid.Just[any]("x"), rapid.Just[any]("y"), rapid.Just[any](1.0), rapid.Just[any](true))
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		if depth == 0 {
			return scalar
		}
		return rapid.OneOf(scalar,
			rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), func(s []any) any { return s }),
			rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"id", "a", "b.c"}), value(depth-1), 0, 3), func(m map[string]any) any { return m }))
	}
	return value(3)
}

func marshal(t *rapid.T, v any) json.RawMessage {
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
