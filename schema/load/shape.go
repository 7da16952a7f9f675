package load

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// jsonschema costs about as much for a small document as reading its YAML does.
// Nearly all documents are sound, so a schema is compiled to a shape first, which
// says of nodes that they are, and nothing more: what it does not accept is
// given to jsonschema, which says why. A shape knows the keywords that the
// schemas in schemas/ use; a fuzz test holds that both agree.
type shape struct {
	types  kinds // 0: any
	fields map[string]*shape
	// extra is the shape of members without a field of their own; nil where
	// closed says that there are none, or else anything.
	extra    *shape
	closed   bool
	required []string

	items                *shape
	minItems, maxItems   int // -1: no bound
	minFields, maxFields int

	values    []string // of strings; nil: any
	constant  *bool
	pattern   *pattern
	minLength int
	minimum   float64
	maximum   float64

	ref, not       *shape
	all, any, one  []*shape
	cond           *shape
	then, elseThen *shape
}

// kinds is a set of the types of JSON.
type kinds uint8

const (
	kindObject kinds = 1 << iota
	kindArray
	kindString
	kindNumber
	kindInteger
	kindBoolean
	kindNull
)

var kindWords = map[string]kinds{
	"object": kindObject, "array": kindArray, "string": kindString, "number": kindNumber | kindInteger,
	"integer": kindInteger, "boolean": kindBoolean, "null": kindNull,
}

// kindOf is the type that a resolved node has in JSON.
func kindOf(n *yaml.Node) kinds {
	switch n.Kind {
	case yaml.MappingNode:
		return kindObject
	case yaml.SequenceNode:
		return kindArray
	}
	switch n.Tag {
	case "!!null":
		return kindNull
	case "!!bool":
		return kindBoolean
	case "!!int", "!!float":
		v, ok := number(n.Value)
		switch {
		case !ok:
			return kindString
		case !strings.ContainsAny(v, ".e"):
			return kindInteger
		}
		if f, err := strconv.ParseFloat(v, 64); err == nil && f == math.Trunc(f) {
			return kindInteger
		}
		return kindNumber
	}
	return kindString
}

// compileShape compiles a schema that has its definitions built in.
func compileShape(data []byte) (*shape, error) {
	var root map[string]any
	if err := json.Unmarshal(data, &root); err != nil {
		return nil, err
	}
	defs, _ := root["$defs"].(map[string]any)
	c := shapeCompiler{defs: defs, done: map[string]*shape{}}
	s := new(shape)
	c.compile(root, s)
	return s, c.err
}

type shapeCompiler struct {
	defs map[string]any
	done map[string]*shape
	err  error
}

func (c *shapeCompiler) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

func (c *shapeCompiler) shape(v any) *shape {
	m, ok := v.(map[string]any)
	if !ok {
		c.fail("%v is not a schema", v)
		return new(shape)
	}
	s := new(shape)
	c.compile(m, s)
	return s
}

func (c *shapeCompiler) shapes(v any) []*shape {
	list, _ := v.([]any)
	out := make([]*shape, len(list))
	for i, e := range list {
		out[i] = c.shape(e)
	}
	return out
}

func (c *shapeCompiler) def(ref string) *shape {
	name := strings.TrimPrefix(ref, "#/$defs/")
	if s := c.done[name]; s != nil {
		return s
	}
	m, ok := c.defs[name].(map[string]any)
	if !ok {
		c.fail("there is no definition %q", ref)
		return new(shape)
	}
	s := new(shape)
	c.done[name] = s // first, for a definition may name itself
	c.compile(m, s)
	return s
}

func (c *shapeCompiler) count(v any) int {
	f, ok := v.(float64)
	if !ok {
		c.fail("%v is not a count", v)
	}
	return int(f)
}

func (c *shapeCompiler) words(v any) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]string, len(list))
	for i, e := range list {
		word, ok := e.(string)
		if !ok {
			c.fail("%v is not text", e)
		}
		out[i] = word
	}
	return out
}

func (c *shapeCompiler) compile(m map[string]any, s *shape) {
	*s = shape{minItems: -1, maxItems: -1, minFields: -1, maxFields: -1, minimum: math.Inf(-1), maximum: math.Inf(1)}
	for keyword, v := range m {
		switch keyword {
		case "$schema", "$defs", "title", "description", "default", "examples", "errorMessage", "patternErrorMessage":
		case "$ref":
			s.ref = c.def(v.(string))
		case "type":
			for _, w := range c.words(v) {
				s.types |= kindWords[w]
			}
		case "properties":
			s.fields = map[string]*shape{}
			for name, f := range v.(map[string]any) {
				s.fields[name] = c.shape(f)
			}
		case "additionalProperties":
			if allowed, ok := v.(bool); ok {
				s.closed = !allowed
			} else {
				s.extra = c.shape(v)
			}
		case "required":
			s.required = c.words(v)
		case "items":
			s.items = c.shape(v)
		case "minItems":
			s.minItems = c.count(v)
		case "maxItems":
			s.maxItems = c.count(v)
		case "minProperties":
			s.minFields = c.count(v)
		case "maxProperties":
			s.maxFields = c.count(v)
		case "minLength":
			s.minLength = c.count(v)
		case "minimum":
			s.minimum = v.(float64)
		case "maximum":
			s.maximum = v.(float64)
		case "enum":
			s.values = c.words(v)
		case "const":
			switch v := v.(type) {
			case bool:
				s.constant = &v
			default:
				s.values = c.words(v)
			}
		case "pattern":
			p, err := regexp.Compile(v.(string))
			if err != nil {
				c.fail("pattern: %w", err)
			}
			s.pattern = &pattern{re: p, label: v == labelPattern}
		case "not":
			s.not = c.shape(v)
		case "allOf":
			s.all = c.shapes(v)
		case "anyOf":
			s.any = c.shapes(v)
		case "oneOf":
			s.one = c.shapes(v)
		case "if":
			s.cond = c.shape(v)
		case "then":
			s.then = c.shape(v)
		case "else":
			s.elseThen = c.shape(v)
		default:
			c.fail("the keyword %q is not known here", keyword)
		}
	}
}

// accepts reports whether a resolved node has the shape.
func (s *shape) accepts(n *yaml.Node) bool {
	kind := kindOf(n)
	if s.types != 0 && s.types&kind == 0 {
		return false
	}
	if s.ref != nil && !s.ref.accepts(n) {
		return false
	}
	if s.values != nil && (kind != kindString || !slices.Contains(s.values, n.Value)) {
		return false
	}
	if s.constant != nil {
		v, _ := boolean(n.Value)
		if kind != kindBoolean || v != *s.constant {
			return false
		}
	}
	switch kind {
	case kindObject:
		if !s.acceptsFields(n) {
			return false
		}
	case kindArray:
		if s.minItems >= 0 && len(n.Content) < s.minItems || s.maxItems >= 0 && len(n.Content) > s.maxItems {
			return false
		}
		if s.items != nil {
			for _, v := range n.Content {
				if !s.items.accepts(v) {
					return false
				}
			}
		}
	case kindString:
		if s.minLength > 0 && utf8.RuneCountInString(n.Value) < s.minLength || s.pattern != nil && !s.pattern.matches(n.Value) {
			return false
		}
	case kindNumber, kindInteger:
		if !math.IsInf(s.minimum, -1) || !math.IsInf(s.maximum, 1) {
			v, _ := number(n.Value)
			f, err := strconv.ParseFloat(v, 64)
			if err != nil || f < s.minimum || f > s.maximum {
				return false
			}
		}
	}
	return s.combines(n)
}

func (s *shape) acceptsFields(n *yaml.Node) bool {
	count := len(n.Content) / 2
	if s.minFields >= 0 && count < s.minFields || s.maxFields >= 0 && count > s.maxFields {
		return false
	}
	for _, name := range s.required {
		if k, _ := entry(n, name); k == nil {
			return false
		}
	}
	if s.fields == nil && s.extra == nil && !s.closed {
		return true
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		field, ok := s.fields[n.Content[i].Value]
		switch {
		case ok:
		case s.closed:
			return false
		default:
			field = s.extra
		}
		if field != nil && !field.accepts(n.Content[i+1]) {
			return false
		}
	}
	return true
}

// combines is what the keywords that combine schemas say.
func (s *shape) combines(n *yaml.Node) bool {
	accepts := func(s *shape) bool { return s.accepts(n) }
	switch {
	case s.not != nil && s.not.accepts(n):
		return false
	case s.any != nil && !slices.ContainsFunc(s.any, accepts):
		return false
	}
	for _, a := range s.all {
		if !a.accepts(n) {
			return false
		}
	}
	if s.one != nil {
		matches := 0
		for _, o := range s.one {
			if o.accepts(n) {
				matches++
			}
		}
		if matches != 1 {
			return false
		}
	}
	if s.cond == nil {
		return true
	}
	if s.cond.accepts(n) {
		return s.then == nil || s.then.accepts(n)
	}
	return s.elseThen == nil || s.elseThen.accepts(n)
}

// pattern is a regular expression that remembers what it was asked: the same few
// triggers, durations and rates stand in every workflow.
type pattern struct {
	re    *regexp.Regexp
	label bool // it is labelPattern, for which there is a faster way

	known sync.Map // string → bool
	count atomic.Int32
}

const (
	knownStrings = 256
	labelPattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
)

func (p *pattern) matches(s string) bool {
	if p.label {
		return isLabel(s)
	}
	if v, ok := p.known.Load(s); ok {
		return v.(bool)
	}
	ok := p.re.MatchString(s)
	if len(s) <= 64 && p.count.Add(1) <= knownStrings {
		p.known.Store(strings.Clone(s), ok)
	}
	return ok
}

// isLabel reports whether s is a DNS label.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
