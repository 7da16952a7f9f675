package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// node is a JSON document as readers want to see it: the keys of objects stay in
// the order in which they are written, which a map forgets.
type node struct {
	kind   nodeKind
	scalar any      // string, json.Number, bool or nil
	keys   []string // of an object
	items  []*node  // of an object or a list
}

type nodeKind int

const (
	scalarNode nodeKind = iota
	objectNode
	listNode
)

// parseNode reads a JSON document.
func parseNode(doc []byte) (*node, error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	return readNode(dec)
}

var errNotJSON = errors.New("it is cut off")

func readNode(dec *json.Decoder) (*node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return &node{scalar: token}, nil
	}
	n := &node{kind: listNode}
	if delim == '{' {
		n.kind = objectNode
	}
	for dec.More() {
		if n.kind == objectNode {
			key, err := dec.Token()
			if err != nil {
				return nil, err
			}
			name, ok := key.(string)
			if !ok {
				return nil, errNotJSON
			}
			n.keys = append(n.keys, name)
		}
		item, err := readNode(dec)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, item)
	}
	_, err = dec.Token()
	return n, err
}

// nodeOf makes a node of a decoded JSON value. Its keys are sorted.
func nodeOf(v any) *node {
	switch v := v.(type) {
	case map[string]any:
		n := &node{kind: objectNode}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			n.keys = append(n.keys, k)
			n.items = append(n.items, nodeOf(v[k]))
		}
		return n
	case []any:
		n := &node{kind: listNode}
		for _, item := range v {
			n.items = append(n.items, nodeOf(item))
		}
		return n
	}
	return &node{scalar: v}
}

// get returns the value of a key of an object, or nil.
func (n *node) get(key string) *node {
	if n == nil || n.kind != objectNode {
		return nil
	}
	if i := slices.Index(n.keys, key); i >= 0 {
		return n.items[i]
	}
	return nil
}

// without returns an object without some of its keys.
func (n *node) without(keys ...string) *node {
	out := &node{kind: n.kind}
	for i, k := range n.keys {
		if !slices.Contains(keys, k) {
			out.keys, out.items = append(out.keys, k), append(out.items, n.items[i])
		}
	}
	return out
}

// leaves counts the scalars below n; an empty object or list counts as one.
func (n *node) leaves() int {
	if len(n.items) == 0 {
		return 1
	}
	total := 0
	for _, item := range n.items {
		total += item.leaves()
	}
	return total
}

// maxFlow is the width up to which a list or an object stands on one line.
const maxFlow = 72

// flow writes n on one line, as YAML's flow style, and reports whether it is
// short enough and has no text of several lines.
func (n *node) flow() (string, bool) {
	var b strings.Builder
	ok := n.writeFlow(&b)
	return b.String(), ok && width(b.String()) <= maxFlow
}

func (n *node) writeFlow(b *strings.Builder) bool {
	switch n.kind {
	case scalarNode:
		s, text := n.scalar.(string)
		if text && strings.Contains(s, "\n") {
			return false
		}
		b.WriteString(scalarText(n.scalar, true))
		return true
	case listNode:
		b.WriteByte('[')
	default:
		b.WriteByte('{')
	}
	for i, item := range n.items {
		if i > 0 {
			b.WriteString(", ")
		}
		if n.kind == objectNode {
			b.WriteString(keyText(n.keys[i]))
			b.WriteString(": ")
		}
		if !item.writeFlow(b) || b.Len() > 4*maxFlow {
			return false
		}
	}
	if n.kind == listNode {
		b.WriteByte(']')
	} else {
		b.WriteByte('}')
	}
	return true
}

// yaml writes n as lines of YAML. It is for readers: text is shown with its
// control characters made visible.
func (n *node) yaml() []string {
	var lines []string
	n.writeYAML(&lines, "", "")
	return lines
}

// writeYAML writes n: the first line behind first, the others behind rest.
func (n *node) writeYAML(lines *[]string, first, rest string) {
	if n.kind == scalarNode {
		s, ok := n.scalar.(string)
		if !ok || !strings.Contains(strings.TrimRight(s, "\n"), "\n") {
			*lines = append(*lines, first+scalarText(n.scalar, false))
			return
		}
		*lines = append(*lines, first+blockHeader(s))
		for l := range strings.SplitSeq(strings.TrimRight(s, "\n"), "\n") {
			*lines = append(*lines, strings.TrimRight(rest+visible(strings.TrimSuffix(l, "\r")), " "))
		}
		return
	}
	if len(n.items) == 0 {
		*lines = append(*lines, first+map[nodeKind]string{listNode: "[]", objectNode: "{}"}[n.kind])
		return
	}
	for i, item := range n.items {
		start := rest
		if i == 0 {
			start = first
		}
		head, inner := start+"- ", rest+"  "
		if n.kind == objectNode {
			head = start + keyText(n.keys[i]) + ":"
			if item.block() {
				if text, ok := item.scalar.(string); ok {
					*lines = append(*lines, head+" "+blockHeader(text))
				} else {
					*lines = append(*lines, head)
				}
				item.writeBody(lines, inner)
				continue
			}
			head += " "
		}
		if line, ok := item.flow(); item.kind != scalarNode && ok && item.flat() {
			*lines = append(*lines, head+line)
			continue
		}
		item.writeYAML(lines, head, inner)
	}
}

// block reports whether the value of a key stands on lines of its own.
func (n *node) block() bool {
	if n.kind == scalarNode {
		s, ok := n.scalar.(string)
		return ok && strings.Contains(strings.TrimRight(s, "\n"), "\n")
	}
	if len(n.items) == 0 {
		return false
	}
	_, short := n.flow()
	return !short || !n.flat()
}

// flat reports whether nothing below n has parts of its own, so that it can be
// read on one line.
func (n *node) flat() bool {
	return !slices.ContainsFunc(n.items, func(i *node) bool { return len(i.items) > 0 })
}

// writeBody writes what stands on the lines below a key.
func (n *node) writeBody(lines *[]string, prefix string) {
	if n.kind != scalarNode {
		n.writeYAML(lines, prefix, prefix)
		return
	}
	for l := range strings.SplitSeq(strings.TrimRight(n.scalar.(string), "\n"), "\n") {
		*lines = append(*lines, strings.TrimRight(prefix+visible(strings.TrimSuffix(l, "\r")), " "))
	}
}

// blockHeader is the sign of a block scalar that ends as s does.
func blockHeader(s string) string {
	switch {
	case strings.HasSuffix(s, "\n\n"):
		return "|+"
	case strings.HasSuffix(s, "\n"):
		return "|"
	}
	return "|-"
}

// scalarText writes a scalar as its author would: text without quotes where
// nothing else could be meant; in a list or an object on one line, less can be.
// Words like on and yes are text in a schema that asks for it, and stand without
// quotes as they do in the files.
func scalarText(v any, inFlow bool) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		if plain(v, inFlow) {
			return v
		}
		return strconv.Quote(v)
	}
	return "?"
}

func keyText(k string) string { return scalarText(k, true) }

// plain reports whether a text means itself without quotes.
func plain(s string, inFlow bool) bool {
	switch strings.ToLower(s) {
	case "", "null", "~", "true", "false":
		return false
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return false
	}
	if strings.ContainsAny(s[:1], "-?:,[]{}#&*!|>'\"%@` .") || s[len(s)-1] == ' ' || strings.HasSuffix(s, ":") {
		return false
	}
	if strings.Contains(s, ": ") || strings.Contains(s, " #") || inFlow && strings.ContainsAny(s, ",[]{}") {
		return false
	}
	return visible(s) == s
}

// value writes a decoded JSON value on one line, texts in quotes, as the fields
// of a plan are shown.
func value(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case []any, map[string]any:
		var b strings.Builder
		if nodeOf(v).writeFlow(&b) {
			return b.String()
		}
		text, err := json.Marshal(v)
		if err != nil {
			return "?"
		}
		return visible(string(text))
	}
	return scalarText(v, false)
}
