package expr

import (
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// This file has a second interpreter of conditions, small enough to be read: it
// knows nothing of CEL, and works on what the generator made and not on its
// text.

// world is what a generated condition sees: nil is not set.
type world struct {
	deal, contact map[string]any
	contacts      []map[string]any
}

// condition is a generated condition and what it means. The element is the
// variable of the exists around it.
type condition struct {
	text string
	true func(w world, element map[string]any) bool
}

// value is a generated operand. ok is false where it reads what is not set.
type value[T any] struct {
	text string
	get  func(w world, element map[string]any) (v T, ok bool)
}

func constant[T any](text string, v T) value[T] {
	return value[T]{text, func(world, map[string]any) (T, bool) { return v, true }}
}

func read[T any](object, property string) value[T] {
	return value[T]{object + "." + property, func(w world, element map[string]any) (T, bool) {
		from := map[string]map[string]any{"deal": w.deal, "contact": w.contact, "c": element}[object]
		v, ok := from[property].(T)
		return v, ok
	}}
}

func objects(t *rapid.T, inside bool) string {
	if inside {
		return rapid.SampledFrom([]string{"contact", "c", "c"}).Draw(t, "object")
	}
	return "contact"
}

func genNumber(t *rapid.T, depth int, inside bool) value[float64] {
	switch kind := rapid.IntRange(0, 4).Draw(t, "number"); {
	case kind == 0:
		return read[float64]("deal", "amount")
	case kind == 1:
		return read[float64](objects(t, inside), "age")
	case kind == 2:
		n := rapid.IntRange(-3, 3).Draw(t, "int")
		return constant(fmt.Sprint(n), float64(n))
	case kind == 3 || depth == 0:
		n := float64(rapid.IntRange(-6, 6).Draw(t, "half")) / 2
		return constant(fmt.Sprintf("%.1f", n), n)
	}
	a, b := genNumber(t, depth-1, inside), genNumber(t, depth-1, inside)
	op := rapid.SampledFrom([]string{"+", "-", "*"}).Draw(t, "arithmetic")
	return value[float64]{"(" + a.text + " " + op + " " + b.text + ")", func(w world, e map[string]any) (float64, bool) {
		x, ok1 := a.get(w, e)
		y, ok2 := b.get(w, e)
		return map[string]float64{"+": x + y, "-": x - y, "*": x * y}[op], ok1 && ok2
	}}
}

func genText(t *rapid.T, depth int, inside bool) value[string] {
	switch kind := rapid.IntRange(0, 3).Draw(t, "text"); {
	case kind == 0:
		return read[string]("deal", "dealname")
	case kind == 1:
		return read[string](objects(t, inside), "country")
	case kind == 2 || depth == 0:
		s := rapid.SampledFrom([]string{"a", "ab", "B"}).Draw(t, "constant")
		return constant(quote(s), s)
	}
	switch rapid.IntRange(0, 2).Draw(t, "text of") {
	case 0:
		a, b := genText(t, depth-1, inside), genText(t, depth-1, inside)
		return value[string]{"(" + a.text + " + " + b.text + ")", func(w world, e map[string]any) (string, bool) {
			x, ok1 := a.get(w, e)
			y, ok2 := b.get(w, e)
			return x + y, ok1 && ok2
		}}
	case 1:
		a := genText(t, depth-1, inside)
		return value[string]{a.text + ".lowerAscii()", func(w world, e map[string]any) (string, bool) {
			x, ok := a.get(w, e)
			return strings.ToLower(x), ok
		}}
	}
	c, a, b := genCondition(t, depth-1, inside), genText(t, depth-1, inside), genText(t, depth-1, inside)
	return value[string]{"(" + c.text + " ? " + a.text + " : " + b.text + ")", func(w world, e map[string]any) (string, bool) {
		if c.true(w, e) {
			return a.get(w, e)
		}
		return b.get(w, e)
	}}
}

func compareWith[T int | float64 | string](t *rapid.T, a, b value[T]) condition {
	op := rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="}).Draw(t, "operator")
	return condition{"(" + a.text + " " + op + " " + b.text + ")", func(w world, e map[string]any) bool {
		x, ok1 := a.get(w, e)
		y, ok2 := b.get(w, e)
		return ok1 && ok2 && map[string]bool{"==": x == y, "!=": x != y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[op]
	}}
}

func genCondition(t *rapid.T, depth int, inside bool) condition {
	most := 5
	if depth > 0 {
		most = 9
		if !inside {
			most = 10
		}
	}
	switch rapid.IntRange(0, most).Draw(t, "condition") {
	case 0:
		return compareWith(t, genNumber(t, depth, inside), genNumber(t, depth, inside))
	case 1:
		return compareWith(t, genText(t, depth, inside), genText(t, depth, inside))
	case 2:
		property := rapid.SampledFrom([]string{"age", "country", "vip"}).Draw(t, "has")
		object := objects(t, inside)
		return condition{"has(" + object + "." + property + ")", func(w world, e map[string]any) bool {
			return map[string]map[string]any{"contact": w.contact, "c": e}[object][property] != nil
		}}
	case 3:
		v := read[bool](objects(t, inside), "vip")
		return condition{v.text, func(w world, e map[string]any) bool { x, ok := v.get(w, e); return x && ok }}
	case 4:
		a, b := genText(t, depth, inside), genText(t, depth, inside)
		name := rapid.SampledFrom([]string{"startsWith", "endsWith", "contains"}).Draw(t, "function")
		call := map[string]func(string, string) bool{"startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix, "contains": strings.Contains}[name]
		return condition{a.text + "." + name + "(" + b.text + ")", func(w world, e map[string]any) bool {
			x, ok1 := a.get(w, e)
			y, ok2 := b.get(w, e)
			return ok1 && ok2 && call(x, y)
		}}
	case 5:
		a := genNumber(t, depth, inside)
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) value[float64] { return genNumber(t, 0, inside) }), 0, 3).Draw(t, "list")
		texts := make([]string, len(list))
		for i, v := range list {
			texts[i] = v.text
		}
		return condition{"(" + a.text + " in [" + strings.Join(texts, ", ") + "])", func(w world, e map[string]any) bool {
			x, ok := a.get(w, e)
			found := false
			for _, v := range list {
				y, set := v.get(w, e)
				ok = ok && set
				found = found || x == y
			}
			return ok && found
		}}
	case 6:
		a := genCondition(t, depth-1, inside)
		return condition{"!(" + a.text + ")", func(w world, e map[string]any) bool { return !a.true(w, e) }}
	case 7:
		a, b := genCondition(t, depth-1, inside), genCondition(t, depth-1, inside)
		return condition{"(" + a.text + " && " + b.text + ")", func(w world, e map[string]any) bool { return a.true(w, e) && b.true(w, e) }}
	case 8:
		a, b := genCondition(t, depth-1, inside), genCondition(t, depth-1, inside)
		return condition{"(" + a.text + " || " + b.text + ")", func(w world, e map[string]any) bool { return a.true(w, e) || b.true(w, e) }}
	case 9:
		c, a, b := genCondition(t, depth-1, inside), genCondition(t, depth-1, inside), genCondition(t, depth-1, inside)
		// A condition that is a comparison is decided before ?: sees it, so a
		// branch that is not set is false as elsewhere.
		return condition{"(" + c.text + " ? " + a.text + " : " + b.text + ")", func(w world, e map[string]any) bool {
			if c.true(w, e) {
				return a.true(w, e)
			}
			return b.true(w, e)
		}}
	}
	inner := genCondition(t, depth-1, true)
	return condition{"contacts.exists(c, " + inner.text + ")", func(w world, _ map[string]any) bool {
		for _, c := range w.contacts {
			if inner.true(w, c) {
				return true
			}
		}
		return false
	}}
}

func genRecord(t *rapid.T, label string) map[string]any {
	out := map[string]any{}
	for _, property := range []string{"amount", "age"} {
		if rapid.Bool().Draw(t, label+" has "+property) {
			out[property] = float64(rapid.IntRange(-6, 6).Draw(t, property)) / 2
		}
	}
	for _, property := range []string{"dealname", "country"} {
		if rapid.Bool().Draw(t, label+" has "+property) {
			out[property] = rapid.SampledFrom([]string{"a", "ab", "B", "Ba"}).Draw(t, property)
		}
	}
	if rapid.Bool().Draw(t, label+" has vip") {
		out["vip"] = rapid.Bool().Draw(t, "vip")
	}
	return out
}

func genWorld(t *rapid.T) (world, Activation) {
	w := world{deal: genRecord(t, "deal"), contact: genRecord(t, "contact")}
	a := Activation{Records: map[string]Record{"deal": raw(w.deal), "contact": raw(w.contact)}}
	for range rapid.IntRange(0, 3).Draw(t, "contacts") {
		c := genRecord(t, "c")
		w.contacts, a.Contacts = append(w.contacts, c), append(a.Contacts, raw(c))
	}
	return w, a
}

// raw writes the values as an account sends them.
func raw(record map[string]any) Values {
	out := Values{}
	for k, v := range record {
		out[k] = fmt.Sprint(v)
	}
	return out
}

func TestEvalAgainstAReference(t *testing.T) {
	env := NewEnv(dealScope())
	rapid.Check(t, func(t *rapid.T) {
		c := genCondition(t, 3, false)
		compiled := compile(env.words, c.text, Condition)
		if compiled.program == nil {
			for _, p := range compiled.problems {
				if strings.HasPrefix(p.Message, "the expression is nested too deeply") || strings.HasPrefix(p.Message, "the expression has") {
					return
				}
			}
			t.Fatalf("%s: %+v", c.text, compiled.problems)
		}
		p := compiled.program
		for range 4 {
			w, a := genWorld(t)
			got, err := p.Eval(t.Context(), a)
			if want := c.true(w, nil); err != nil || got.True != want {
				t.Fatalf("%s\nis %v (%v), want %v, in %+v", c.text, got.True, err, want, w)
			}
			explained, err := p.Explain(t.Context(), a)
			if err != nil || explained.True != got.True {
				t.Fatalf("%s\nis explained as %v (%v), and is %v", c.text, explained.True, err, got.True)
			}
			agree(t, explained, got)
			if got.True && !p.Admits(someFacts(t, w)...) {
				t.Fatalf("%s\nis not admitted, and is true in %+v", c.text, w)
			}
		}
	})
}

// agree holds that the leaves that were looked at have the results that the
// explanation shows.
func agree(t *rapid.T, p Part, o Outcome) {
	for _, sub := range p.Parts {
		agree(t, sub, o)
	}
	if p.Leaf < 0 || p.Leaf >= bits.UintSize || o.Evaluated&(1<<p.Leaf) == 0 {
		return
	}
	if held := o.Held&(1<<p.Leaf) != 0; held != p.True {
		t.Fatalf("leaf %s held: %v, explained: %v", p.Text, held, p.True)
	}
}

// someFacts tells a part of what holds in a world.
func someFacts(t *rapid.T, w world) []Fact {
	var out []Fact
	for _, object := range []string{"deal", "contact"} {
		record := map[string]map[string]any{"deal": w.deal, "contact": w.contact}[object]
		for _, property := range []string{"amount", "age", "dealname", "country", "vip"} {
			if rapid.Bool().Draw(t, "known") {
				out = append(out, Fact{Property{object, property}, record[property]})
			}
		}
	}
	return out
}
