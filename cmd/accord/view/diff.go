package view

import (
	"fmt"
	"slices"
	"strings"

	"accord/plan"
	"accord/schema"
)

// line is one line of a difference: + is there afterwards, - was there before,
// ~ is changed, and a space is context.
type line struct {
	symbol byte
	text   string
}

// bodyOf writes what differs in a change: the fields of an update, or all that
// is set of what is created or deleted. hidden is how many fields of an update
// stay as they are.
func bodyOf(c *plan.Change) (lines []line, hidden int) {
	switch c.Action {
	case plan.Create:
		return wholeOf(c.After, '+'), 0
	case plan.Delete:
		return wholeOf(c.Before, '-'), 0
	case plan.Forget:
		return nil, 0
	}
	after, _ := parseNode(c.After) // a document that is none has no fields to look up
	var before *node
	if slices.ContainsFunc(c.Fields, func(f plan.Field) bool { return f.Op == plan.RemoveField }) {
		before, _ = parseNode(c.Before)
	}
	covered := 0
	for _, f := range c.Fields {
		suffix := ""
		if slices.Contains(c.ReplacePaths, f.Path) {
			suffix = " # forces replacement"
		}
		inList := before.holdsWord(f.Path) || after.holdsWord(f.Path) || c.Reason == plan.PlacementChange
		lines = append(lines, fieldLines(f, inList, suffix)...)
		// What is not in the document hides nothing of it: what is removed, and a
		// default that is written out for the reader.
		if f.Op != plan.RemoveField && after.lookup(f.Path) != nil {
			covered += nodeOf(f.After).leaves()
		}
	}
	if after != nil {
		hidden = max(0, after.without("apiVersion", "kind").leaves()-1-covered) // the name counts for nothing
	}
	return lines, hidden
}

// wholeOf writes a whole resource without the address, which is its title.
func wholeOf(doc []byte, symbol byte) []line {
	n, err := parseNode(doc)
	if err != nil || n.kind != objectNode {
		return nil
	}
	n = n.without("apiVersion", "kind")
	for i, k := range n.keys {
		if k == "metadata" {
			n.items[i] = n.items[i].without("name")
		}
	}
	for i := len(n.keys) - 1; i >= 0; i-- {
		if n.keys[i] == "metadata" && len(n.items[i].items) == 0 {
			n.keys, n.items = slices.Delete(n.keys, i, i+1), slices.Delete(n.items, i, i+1)
		}
	}
	if len(n.items) == 0 {
		return nil
	}
	yaml := n.yaml()
	out := make([]line, len(yaml))
	for i, l := range yaml {
		out[i] = line{symbol, l}
	}
	return out
}

// lookup returns what stands at a path, or nil.
func (n *node) lookup(path schema.Path) *node {
	for _, e := range path.Elements() {
		switch {
		case n == nil:
			return nil
		case n.kind == objectNode:
			n = n.get(e.Key)
		case n.kind == listNode && e.Key != "":
			n = n.element(e.Key)
		case n.kind == listNode && e.Index < len(n.items):
			n = n.items[e.Index]
		default:
			return nil
		}
	}
	return n
}

// element returns the element of a list that a key names: a word, or an object
// with that word in it.
func (n *node) element(key string) *node {
	for _, item := range n.items {
		if item.scalar == key || slices.ContainsFunc(item.items, func(i *node) bool { return i.scalar == key }) {
			return item
		}
	}
	return nil
}

// holdsWord reports whether the path names a word of a list, which is its own
// key.
func (n *node) holdsWord(path schema.Path) bool {
	elements := path.Elements()
	if len(elements) == 0 {
		return false
	}
	key := elements[len(elements)-1].Key
	parent, ok := strings.CutSuffix(string(path), string(schema.Path("").Key(key)))
	if !ok || key == "" {
		return false
	}
	list := n.lookup(schema.Path(strings.TrimSuffix(parent, ".")))
	return list != nil && list.kind == listNode
}

// fieldLines writes one field that differs. An element of a list of words is
// shown as the word: the path that names it says it twice.
func fieldLines(f plan.Field, inList bool, suffix string) []line {
	path := visible(string(f.Path))
	if word, ok := wordOf(f); ok && inList {
		parent, _ := strings.CutSuffix(string(f.Path), string(schema.Path("").Key(word)))
		path = visible(strings.TrimSuffix(parent, ".")) + "[]"
	}
	switch f.Op {
	case plan.AddField:
		return oneSided('+', path, f.After, suffix)
	case plan.RemoveField:
		return oneSided('-', path, f.Before, suffix)
	}
	if f.Before == nil && f.After == nil { // the documents could not be compared
		return []line{{'~', firstOf(path, "everything") + suffix}}
	}
	before, after := blockOf(f.Before), blockOf(f.After)
	if onOneLine(f.Before, f.After) || slices.Equal(before, after) { // or they differ in what lines do not show
		return []line{{'~', path + " = " + value(f.Before) + " -> " + value(f.After) + suffix}}
	}
	out := []line{{'~', path + ":" + suffix}}
	for _, l := range compareLines(before, after) {
		out = append(out, line{l.symbol, "    " + l.text})
	}
	return out
}

func wordOf(f plan.Field) (string, bool) {
	v := f.After
	if f.Op == plan.RemoveField {
		v = f.Before
	}
	word, ok := v.(string)
	return word, ok && f.Op != plan.ReplaceField && strings.HasSuffix(string(f.Path), string(schema.Path("").Key(word)))
}

// oneSided writes a field that is only there before or afterwards.
func oneSided(symbol byte, path string, v any, suffix string) []line {
	n := nodeOf(v)
	if n.kind == scalarNode && !n.block() {
		return []line{{symbol, path + " = " + value(v) + suffix}}
	}
	if text, ok := n.flow(); ok && n.flat() {
		return []line{{symbol, path + " = " + text + suffix}}
	}
	out := []line{{symbol, path + ":" + suffix}}
	for _, l := range blockOf(v) {
		out = append(out, line{symbol, "    " + l})
	}
	return out
}

// maxPair is how wide two texts are, at most, that stand on one line. Conditions
// that are longer are read one above the other, and without escapes.
const maxPair = 80

// onOneLine reports whether both values fit on one line.
func onOneLine(before, after any) bool {
	total := 0
	for _, v := range []any{before, after} {
		n := nodeOf(v)
		if s, ok := v.(string); ok {
			if strings.Contains(s, "\n") {
				return false
			}
			total += width(s)
			continue
		}
		if _, short := n.flow(); n.kind != scalarNode && !(short && n.flat()) {
			return false
		}
	}
	return total <= maxPair
}

// blockOf writes a value as lines: a text as it is, anything else as YAML.
func blockOf(v any) []string {
	s, ok := v.(string)
	if !ok {
		return nodeOf(v).yaml()
	}
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = escape(strings.TrimSuffix(l, "\r"), "\t")
	}
	return lines
}

// Bounds of a comparison of lines.
const (
	contextLines = 3        // that are shown around what differs
	maxCompared  = 25 << 20 // lines before times lines after; more are not compared
)

// compareLines compares two texts line by line and leaves out what is the same
// far from what differs.
func compareLines(before, after []string) []line {
	if len(before)*len(after) > maxCompared {
		return []line{{'-', fmt.Sprintf("(%s)", count(len(before), "line"))}, {'+', fmt.Sprintf("(%s)", count(len(after), "line"))}}
	}
	var all []line
	for _, l := range fileLines(strings.Join(before, "\n")+"\n", strings.Join(after, "\n")+"\n") {
		all = append(all, line{l.mark, strings.TrimSuffix(l.text, "\n")})
	}
	return hunks(all)
}

// hunks leaves out the lines that are the same, but for those around what
// differs.
func hunks(all []line) []line {
	near := make([]bool, len(all))
	for i, l := range all {
		if l.symbol != ' ' {
			for j := max(0, i-contextLines); j <= min(len(all)-1, i+contextLines); j++ {
				near[j] = true
			}
		}
	}
	var out []line
	for i := 0; i < len(all); {
		if near[i] {
			out = append(out, all[i])
			i++
			continue
		}
		from := i
		for i < len(all) && !near[i] {
			i++
		}
		if i-from == 1 {
			out = append(out, all[from])
			continue
		}
		out = append(out, line{' ', fmt.Sprintf("# (%d unchanged lines hidden)", i-from)})
	}
	return out
}
