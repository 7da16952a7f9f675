package load

import (
	"sync"

	"gopkg.in/yaml.v3"

	"accord/diag"
	"accord/schema"
)

// Findings are rare and nodes are large, so no nodes are kept: where a position
// is asked for, the one document is decoded again. The last few stay, because
// findings come in groups.

const keptTrees = 32

type positions struct {
	mu    sync.Mutex
	trees map[schema.Origin]*tree
	order []schema.Origin // the oldest first
}

// tree decodes the document of an origin again.
func (s *source) tree(o schema.Origin) (*tree, bool) {
	cs := s.chunks()
	if o.Document < 0 || o.Document >= len(cs) {
		return nil, false
	}
	c := cs[o.Document]
	n, err := newDecoder(s.text[c.start:c.end]).next()
	if err != nil || len(n.Content) == 0 {
		return nil, false
	}
	t := &tree{source: s, base: c.line - 1}
	t.resolve(n)
	return t, true
}

func (r *Result) tree(o schema.Origin) (*tree, bool) {
	s := r.sources[o.File]
	if s == nil {
		return nil, false
	}
	p := &r.positions
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.trees[o]; t != nil {
		return t, true
	}
	t, ok := s.tree(o)
	if !ok {
		return nil, false
	}
	if p.trees == nil {
		p.trees = map[schema.Origin]*tree{}
	}
	if len(p.order) >= keptTrees {
		delete(p.trees, p.order[0])
		p.order = p.order[1:]
	}
	p.trees[o], p.order = t, append(p.order, o)
	return t, true
}

// Position returns where a field of a resource is written: its value, or its key
// with Path.AtKey. Where the field is missing it is the key of the nearest field
// above it that is there. A resource that was not read here has no position.
func (r *Result) Position(res *schema.Resource, p schema.Path) diag.Position {
	t, ok := r.tree(res.Origin)
	if !ok {
		return diag.Position{File: res.Origin.File, Line: res.Origin.Line}
	}
	return t.locate(p)
}

// PositionIn returns where the rune with that offset of a text stands, be the
// text plain, quoted or a block, on one line or on several. The offset behind
// the last rune is the end of the text.
func (r *Result) PositionIn(res *schema.Resource, p schema.Path, offset int) diag.Position {
	t, ok := r.tree(res.Origin)
	if !ok {
		return diag.Position{File: res.Origin.File, Line: res.Origin.Line}
	}
	_, value, _ := t.lookup(p)
	if value == nil || value.Kind != yaml.ScalarNode || offset < 0 {
		return t.locate(p)
	}
	s, ok := t.scan(value)
	switch {
	case !ok || offset > len(s.runes):
		return t.locate(p)
	case offset < len(s.at):
		return t.position(s.at[offset])
	case len(s.at) > 0:
		pos := t.position(s.at[len(s.at)-1])
		pos.Column++
		return pos
	}
	return t.locate(p)
}

// lookup walks down a path. Where it ends before the path does, value is nil and
// key the last key that there was.
func (t *tree) lookup(p schema.Path) (key, value, last *yaml.Node) {
	value = t.root
	for _, e := range p.Elements() {
		switch {
		case e.Key == "" && value.Kind == yaml.SequenceNode && e.Index >= 0 && e.Index < len(value.Content):
			key, last, value = nil, value.Content[e.Index], value.Content[e.Index]
		case value.Kind == yaml.MappingNode:
			k, v := entry(value, e.Key)
			if k == nil {
				return key, nil, last
			}
			key, last, value = k, k, v
		default:
			return key, nil, last
		}
	}
	return key, value, last
}

// locate is the position of a field.
func (t *tree) locate(p schema.Path) diag.Position {
	p, atKey := p.IsKey()
	key, value, last := t.lookup(p)
	n := value
	switch {
	case value == nil && last == nil:
		n = t.root
	case value == nil:
		n = last
	case key != nil && (atKey || value.Kind != yaml.ScalarNode && value.Style&yaml.FlowStyle == 0 || isEmpty(value)):
		n = key
	}
	return t.at(t.nodeSpan(n))
}

// isEmpty reports whether a value is written as nothing at all.
func isEmpty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Value == ""
}
