package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"accord/schema"
)

// Marshal writes a resource as a person would: fields in the order of the
// language, short lists and maps in brackets, no quotes where none are needed,
// texts of several lines as blocks. Reading it back gives an equal resource.
func Marshal(r *schema.Resource) ([]byte, error) {
	s := r.Spec
	if e, ok := s.(*schema.Email); ok && e.Body.File != "" {
		plain := *e
		plain.Body.Text = "" // it stands in the file
		s = &plain
	}
	body, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", r.Ref(), err)
	}
	spec, err := fromJSON(body)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", r.Ref(), err)
	}
	metadata := mapping("name", scalarNode(r.Name))
	if len(r.Labels) > 0 {
		labels := mapping()
		for _, k := range sortedKeys(r.Labels) {
			labels.Content = append(labels.Content, keyNode(k), scalarNode(r.Labels[k]))
		}
		metadata.Content = append(metadata.Content, keyNode("labels"), labels)
	}
	for _, f := range [][2]string{{"description", r.Description}, {"renamedFrom", r.RenamedFrom}} {
		if f[1] != "" {
			metadata.Content = append(metadata.Content, keyNode(f[0]), scalarNode(f[1]))
		}
	}
	root := mapping("apiVersion", scalarNode(schema.APIVersion), "kind", scalarNode(string(r.Kind)), "metadata", metadata)
	if r.PreventDestroy {
		root.Content = append(root.Content, keyNode("lifecycle"),
			mapping("preventDestroy", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"}))
	}
	root.Content = append(root.Content, keyNode("spec"), spec)
	compact(root, 0)
	spec.Style &^= yaml.FlowStyle
	if len(spec.Content) == 0 {
		spec.Style |= yaml.FlowStyle
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := encode(enc, root); err != nil {
		return nil, fmt.Errorf("write %s: %w", r.Ref(), err)
	}
	return b.Bytes(), nil
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// mapping makes a map of names and nodes.
func mapping(pairs ...any) *yaml.Node {
	m := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for i := 0; i+1 < len(pairs); i += 2 {
		m.Content = append(m.Content, keyNode(pairs[i].(string)), pairs[i+1].(*yaml.Node))
	}
	return m
}

func keyNode(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// oldBooleans are texts that YAML of before 2009 reads as booleans.
var oldBooleans = []string{"y", "n", "yes", "no", "on", "off"}

// scalarNode makes a text: a block where it has several lines.
func scalarNode(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	switch {
	case slices.Contains(oldBooleans, strings.ToLower(s)):
		n.Style = yaml.DoubleQuotedStyle
	case strings.Contains(s, "\n"):
		n.Style = yaml.LiteralStyle
		// What a block cannot hold faithfully is quoted.
		if strings.ContainsAny(s, "\t\r\u0085\u2028\u2029") || strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\n") || strings.Contains(s, " \n") || strings.HasSuffix(s, " ") || strings.TrimSpace(s) == "" {
			n.Style = yaml.DoubleQuotedStyle
		}
	}
	return n
}

// fromJSON reads JSON as nodes, in the order in which it is written.
func fromJSON(data []byte) (*yaml.Node, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return nextNode(dec)
}

func nextNode(dec *json.Decoder) (*yaml.Node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if v == '[' {
			n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		}
		for dec.More() {
			c, err := nextNode(dec)
			if err != nil {
				return nil, err
			}
			if n.Kind == yaml.MappingNode && len(n.Content)%2 == 0 {
				c = keyNode(c.Value)
			}
			n.Content = append(n.Content, c)
		}
		_, err := dec.Token()
		return n, err
	case string:
		return scalarNode(v), nil
	case json.Number:
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: v.String()}
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
		return n, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(v)}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
}

// lineWidth is how much stands in brackets on one line.
const lineWidth = 100

// compact puts what is small into brackets and returns how wide it is then; too
// wide where it cannot be.
func compact(n *yaml.Node, indent int) int {
	const never = lineWidth + 1
	if n.Kind == yaml.ScalarNode {
		if n.Style&yaml.LiteralStyle != 0 {
			return never
		}
		return utf8.RuneCountInString(n.Value)
	}
	width, nested := 2, false
	for i, c := range n.Content {
		w := compact(c, indent+2)
		width += min(w, never) + 2
		if n.Kind == yaml.MappingNode && i%2 == 1 && c.Kind != yaml.ScalarNode && len(c.Content) > 0 {
			nested = true // a map of lists or maps reads better as a block
		}
	}
	if len(n.Content) == 0 || !nested && width+indent <= lineWidth {
		n.Style |= yaml.FlowStyle
		return width
	}
	if n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			if c.Kind == yaml.MappingNode && len(c.Content) == 2 {
				c.Style &^= yaml.FlowStyle // the item of a block needs no brackets for one field
			}
		}
	}
	return never
}
