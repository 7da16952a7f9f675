package load

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"accord/diag"
)

// tree is one document as nodes: aliases replaced by what they stand for and
// merges carried out, every node where it was written. Parts that several
// aliases stand for are shared.
type tree struct {
	*source
	base int // what is added to the lines of nodes
	root *yaml.Node

	nodes, bytes int
	anchors      map[*yaml.Node]*extent
	findings     diag.List
}

// extent is what a node that has an anchor costs each time it is named.
type extent struct {
	nodes, bytes, height int
	done                 bool
}

// resolve makes the tree of a document. What the language does not have (keys
// that are no text, tags, duplicate keys) is found; false means that the tree
// cannot be used at all.
func (t *tree) resolve(document *yaml.Node) bool {
	t.root = document.Content[0]
	if t.root.Kind == yaml.AliasNode {
		t.find("yaml-syntax", t.root, "the document is an alias of another one", "Write the document out: anchors hold for one document.")
		return false
	}
	_, ok := t.walk(t.root, 1)
	return ok
}

func (t *tree) find(rule string, n *yaml.Node, message, help string) {
	if len(t.findings) >= MaxDocumentFindings {
		return
	}
	t.findings.Add(diag.Diagnostic{Rule: rule, Message: message, Help: help, Position: t.at(t.nodeSpan(n))})
}

// walk resolves what is below n and returns how deep it is.
func (t *tree) walk(n *yaml.Node, depth int) (height int, ok bool) {
	if depth > MaxDepth {
		t.find("yaml-syntax", n, fmt.Sprintf("nested deeper than %d", MaxDepth), "")
		return 0, false
	}
	t.nodes++
	t.bytes += len(n.Value)
	if t.nodes > MaxNodes || t.bytes > MaxExpandedBytes {
		return 0, t.tooLarge(n)
	}
	var e *extent
	if n.Anchor != "" {
		if t.anchors == nil {
			t.anchors = map[*yaml.Node]*extent{}
		}
		e = &extent{nodes: t.nodes - 1, bytes: t.bytes - len(n.Value)}
		t.anchors[n] = e
	}
	switch n.Kind {
	case yaml.ScalarNode:
		t.scalarTag(n)
	case yaml.SequenceNode:
		if n.Tag != "!!seq" {
			t.badTag(n)
		}
		for i := range n.Content {
			h, ok := t.child(&n.Content[i], depth)
			if !ok {
				return 0, false
			}
			height = max(height, h)
		}
	case yaml.MappingNode:
		if n.Tag != "!!map" {
			t.badTag(n)
		}
		merges := false
		for i := 0; i+1 < len(n.Content); i += 2 {
			merges = merges || n.Content[i].Tag == "!!merge"
			for j := i; j < i+2; j++ {
				h, ok := t.child(&n.Content[j], depth)
				if !ok {
					return 0, false
				}
				height = max(height, h)
			}
		}
		t.keys(n)
		if merges && !t.merge(n) {
			return 0, false
		}
	}
	if e != nil {
		*e = extent{t.nodes - e.nodes, t.bytes - e.bytes, height + 1, true}
	}
	return height + 1, true
}

func (t *tree) tooLarge(n *yaml.Node) bool {
	t.find("yaml-syntax", n, fmt.Sprintf("the document holds more than %d values or %d MiB when its aliases are expanded", MaxNodes, MaxExpandedBytes>>20),
		"Split it into several documents, or write out fewer aliases.")
	return false
}

// child resolves one child, which is replaced where it is an alias.
func (t *tree) child(slot **yaml.Node, depth int) (height int, ok bool) {
	n := *slot
	if n.Kind != yaml.AliasNode {
		return t.walk(n, depth+1)
	}
	e := t.anchors[n.Alias]
	switch {
	case e == nil:
		t.find("yaml-syntax", n, fmt.Sprintf("the anchor %q is in another document", n.Value), "Anchors hold for one document: write the anchor in this one too.")
		return 0, false
	case !e.done:
		t.find("yaml-syntax", n, fmt.Sprintf("the anchor %q contains itself", n.Value), "")
		return 0, false
	case depth+e.height > MaxDepth:
		t.find("yaml-syntax", n, fmt.Sprintf("nested deeper than %d", MaxDepth), "")
		return 0, false
	}
	t.nodes += e.nodes
	t.bytes += e.bytes
	if t.nodes > MaxNodes || t.bytes > MaxExpandedBytes {
		return 0, t.tooLarge(n)
	}
	*slot = n.Alias
	return e.height, true
}

// keys checks the keys of a map: text, each once. JSON has no other keys, so a
// number or a date that stands as a key is its text.
func (t *tree) keys(m *yaml.Node) {
	var seen map[string]int
	if len(m.Content) > 32 {
		seen = make(map[string]int, len(m.Content)/2)
	}
	content := m.Content[:0:len(m.Content)]
	for i := 0; i+1 < len(m.Content); i += 2 {
		key := m.Content[i]
		if key.Kind != yaml.ScalarNode {
			t.find("schema", key, "a key has to be text", "")
			continue
		}
		first := -1
		if seen != nil {
			if at, ok := seen[key.Value]; ok {
				first = at
			} else {
				seen[key.Value] = len(content)
			}
		} else {
			for j := 0; j < len(content); j += 2 {
				if content[j].Value == key.Value {
					first = j
					break
				}
			}
		}
		if first >= 0 && key.Tag != "!!merge" {
			if len(t.findings) >= MaxDocumentFindings {
				continue
			}
			was := t.at(t.nodeSpan(content[first]))
			t.findings.Add(diag.Diagnostic{
				Rule: "schema", Message: fmt.Sprintf("the key %q stands twice in the same map", mask(key.Value)),
				Help: "Remove one of the two.", Position: t.at(t.nodeSpan(key)),
				Related: []diag.Related{{Position: was, Message: "the first one"}},
			})
			continue
		}
		content = append(content, key, m.Content[i+1])
	}
	m.Content = content
}

// merge carries out <<: the keys of the maps named are added where they are not
// there; of several maps the earlier one holds.
func (t *tree) merge(m *yaml.Node) bool {
	var content, merged []*yaml.Node
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, value := m.Content[i], m.Content[i+1]
		switch {
		case key.Tag != "!!merge":
			content = append(content, key, value)
		case value.Kind == yaml.MappingNode:
			merged = append(merged, value)
		case value.Kind == yaml.SequenceNode:
			for _, v := range value.Content {
				if v.Kind != yaml.MappingNode {
					t.find("schema", v, "<< takes a map or a list of maps", "")
					continue
				}
				merged = append(merged, v)
			}
		default:
			t.find("schema", value, "<< takes a map or a list of maps", "")
		}
	}
	have := make(map[string]bool, len(content))
	for i := 0; i < len(content); i += 2 {
		have[content[i].Value] = true
	}
	for _, from := range merged {
		for i := 0; i+1 < len(from.Content); i += 2 {
			if k := from.Content[i].Value; !have[k] {
				have[k] = true
				content = append(content, from.Content[i], from.Content[i+1])
			}
		}
	}
	m.Content = content
	return true
}

func (t *tree) badTag(n *yaml.Node) {
	t.find("schema", n, fmt.Sprintf("the tag %s has no meaning here", mask(n.Tag)), "Remove the tag.")
}

func (t *tree) scalarTag(n *yaml.Node) {
	switch n.Tag {
	case "!!str", "!!null", "!!timestamp", "!!merge":
	case "!!bool":
		if _, ok := boolean(n.Value); !ok {
			t.badTag(n)
		}
	case "!!int", "!!float":
		if _, ok := number(n.Value); !ok {
			t.find("schema", n, fmt.Sprintf("%s is not a number that can be used", mask(n.Value)), "")
		}
	default:
		t.badTag(n)
	}
}

func boolean(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// number returns the one way in which a YAML number is written in JSON.
func number(s string) (string, bool) {
	plain := strings.ReplaceAll(s, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return strconv.FormatInt(i, 10), true
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return "", false
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.FormatInt(int64(f), 10), true
	}
	return strconv.FormatFloat(f, 'g', -1, 64), true
}

// find returns the entry of a map, or nil.
func entry(m *yaml.Node, name string) (key, value *yaml.Node) {
	if m == nil || m.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == name {
			return m.Content[i], m.Content[i+1]
		}
	}
	return nil, nil
}

// text returns the value of a string entry of a map, or "".
func text(m *yaml.Node, name string) string {
	if _, v := entry(m, name); v != nil && isText(v) {
		return v.Value
	}
	return ""
}

// isText reports whether a node is a string of JSON: dates stay text.
func isText(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.Tag == "!!str" || n.Tag == "!!timestamp" || n.Tag == "!!merge")
}

// appendJSON appends the JSON value of a resolved node.
func appendJSON(b []byte, n *yaml.Node) []byte {
	switch n.Kind {
	case yaml.MappingNode:
		b = append(b, '{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, n.Content[i].Value), ':')
			b = appendJSON(b, n.Content[i+1])
		}
		return append(b, '}')
	case yaml.SequenceNode:
		b = append(b, '[')
		for i, v := range n.Content {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, v)
		}
		return append(b, ']')
	}
	switch n.Tag {
	case "!!null":
		return append(b, "null"...)
	case "!!bool":
		v, _ := boolean(n.Value)
		return strconv.AppendBool(b, v)
	case "!!int", "!!float":
		if v, ok := number(n.Value); ok {
			return append(b, v...)
		}
	}
	return appendString(b, n.Value)
}

const hexDigits = "0123456789abcdef"

// appendString appends s, which is UTF-8, as a string of JSON.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}
