package load

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// yaml.v3 says where a node starts and what its text is, not how the one came
// out of the other. A finding inside a condition needs to know that: this file
// reads the text of one scalar again and remembers where every rune of it was.

// scalar is the text of one scalar: its runes, and the offset of each in the
// source.
type scalar struct {
	span
	runes []rune
	at    []int
}

// nodeStart is the offset of a node's value, behind its anchor and tag.
func (t *tree) nodeStart(n *yaml.Node) int {
	i := t.offset(n.Line+t.base, n.Column)
	for i < len(t.text) && (t.text[i] == '&' || t.text[i] == '!') {
		if t.text[i] == '&' {
			i = min(len(t.text), i+1+len(n.Anchor)) // a text may follow without a blank
		} else {
			for i < len(t.text) && !isSpace(t.text[i]) {
				i++
			}
		}
		for i < len(t.text) {
			if isSpace(t.text[i]) {
				i++
			} else if t.text[i] == '#' {
				i, _ = lineEnd(t.text, i)
			} else {
				break
			}
		}
	}
	return i
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
func isSpace(c byte) bool { return isBlank(c) || c == '\n' || c == '\r' }

// nodeSpan is where a node's value is written. A list or map in block style is
// shown by its first line.
func (t *tree) nodeSpan(n *yaml.Node) span {
	start := t.nodeStart(n)
	switch {
	case n.Kind == yaml.AliasNode:
		return span{start, min(len(t.text), start+1+len(n.Value))}
	case n.Kind == yaml.ScalarNode:
		if s, ok := t.scan(n); ok {
			return s.span
		}
	case n.Style&yaml.FlowStyle != 0:
		return span{start, t.flowEnd(n, start)}
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		return t.nodeSpan(n.Content[0])
	}
	end, _ := lineEnd(t.text, start)
	return span{start, start + len(bytes.TrimRight(t.text[start:end], " \t"))}
}

// flowEnd is the offset behind the bracket that closes a list or map in flow
// style.
func (t *tree) flowEnd(n *yaml.Node, start int) int {
	i := min(len(t.text), start+1)
	for _, c := range n.Content {
		// What a merge or an alias brought stands elsewhere.
		if s := t.nodeSpan(c); s.start >= i {
			i = s.end
		}
	}
	closing := byte('}')
	if n.Kind == yaml.SequenceNode {
		closing = ']'
	}
	for i < len(t.text) && t.text[i] != closing {
		if t.text[i] == '#' {
			i, _ = lineEnd(t.text, i)
			continue
		}
		i++
	}
	return min(len(t.text), i+1)
}

// scan reads a scalar again. False means that it could not be followed, and the
// caller is left with its start.
func (t *tree) scan(n *yaml.Node) (scalar, bool) {
	s := scanner{text: t.text, i: t.nodeStart(n), want: utf8.RuneCountInString(n.Value)}
	start := s.i
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		s.quoted('"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		s.quoted('\'')
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		s.block(n.Value, n.Style&yaml.FoldedStyle != 0)
	default:
		s.plain()
	}
	if string(s.runes) != n.Value {
		return scalar{}, false
	}
	return scalar{span{start, s.i}, s.runes, s.at}, true
}

type scanner struct {
	text  []byte
	i     int
	want  int // how many runes there will be
	runes []rune
	at    []int
}

func (s *scanner) emit(r rune, at int) {
	s.runes = append(s.runes, r)
	s.at = append(s.at, at)
}

func (s *scanner) full() bool { return len(s.runes) >= s.want || s.i >= len(s.text) }

// rune emits the rune at the offset.
func (s *scanner) rune() {
	r, n := utf8.DecodeRune(s.text[s.i:])
	s.emit(r, s.i)
	s.i += n
}

func (s *scanner) isBreak(i int) bool {
	return i < len(s.text) && (s.text[i] == '\n' || s.text[i] == '\r' || wideBreak(s.text[i:]) > 0)
}

// lineBreak emits what a line break stands for: a newline, or the wide break
// itself.
func (s *scanner) lineBreak() {
	var one [1]brk
	s.emitAll(s.takeBreak(one[:0]))
}

// fold reads blanks and line breaks in a plain or quoted scalar: blanks inside a
// line stand for themselves, one break is a space, each further one a newline.
func (s *scanner) fold() {
	start := s.i
	for s.i < len(s.text) && isBlank(s.text[s.i]) {
		s.i++
	}
	if !s.isBreak(s.i) {
		for ; start < s.i; start++ {
			s.emit(rune(s.text[start]), start)
		}
		return
	}
	first := s.i
	wide := wideBreak(s.text[first:]) == 3
	if wide {
		s.lineBreak()
	} else {
		_, s.i = lineEnd(s.text, s.i)
	}
	folded := true
	for {
		for s.i < len(s.text) && isBlank(s.text[s.i]) {
			s.i++
		}
		if !s.isBreak(s.i) {
			break
		}
		folded = false
		s.lineBreak()
	}
	if folded && !wide {
		s.emit(' ', first)
	}
}

func (s *scanner) plain() {
	for !s.full() {
		if c := s.text[s.i]; isBlank(c) || s.isBreak(s.i) {
			s.fold()
			continue
		}
		s.rune()
	}
}

var escapes = map[byte]rune{
	'0': 0, 'a': '\a', 'b': '\b', 't': '\t', '\t': '\t', 'n': '\n', 'v': '\v', 'f': '\f', 'r': '\r', 'e': 0x1B,
	' ': ' ', '"': '"', '/': '/', '\\': '\\', 'N': 0x85, '_': 0xA0, 'L': 0x2028, 'P': 0x2029,
}

func (s *scanner) quoted(quote byte) {
	if s.i >= len(s.text) || s.text[s.i] != quote {
		return
	}
	s.i++
	for s.i < len(s.text) {
		c := s.text[s.i]
		switch {
		case c == quote && quote == '\'' && s.i+1 < len(s.text) && s.text[s.i+1] == quote:
			s.emit('\'', s.i)
			s.i += 2
		case c == quote:
			s.i++
			return
		case c == '\\' && quote == '"':
			if !s.escape() {
				return
			}
		case isBlank(c) || s.isBreak(s.i):
			s.fold()
		default:
			s.rune()
		}
	}
}

func (s *scanner) escape() bool {
	start := s.i
	s.i++
	if s.i >= len(s.text) {
		return false
	}
	if s.isBreak(s.i) { // an escaped break joins the lines
		_, s.i = lineEnd(s.text, s.i)
		for s.i < len(s.text) {
			if isBlank(s.text[s.i]) {
				s.i++
			} else if s.isBreak(s.i) {
				s.lineBreak()
			} else {
				break
			}
		}
		return true
	}
	c := s.text[s.i]
	s.i++
	if r, ok := escapes[c]; ok {
		s.emit(r, start)
		return true
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if digits == 0 || s.i+digits > len(s.text) {
		return false
	}
	v, err := strconv.ParseUint(string(s.text[s.i:s.i+digits]), 16, 32)
	if err != nil {
		return false
	}
	s.i += digits
	s.emit(rune(v), start)
	return true
}

// block reads a literal or folded block scalar. How far it is indented follows
// from its first line and from what that line became.
func (s *scanner) block(value string, folded bool) {
	if s.i >= len(s.text) {
		return
	}
	header, next := lineEnd(s.text, s.i)
	indent := blockIndent(s.text[next:], value)
	end := header
	s.i = next

	var pending []brk // the break behind the last line
	blank, more := s.blankLines(indent, nil)
	leadingBlank := false
	for more {
		trailingBlank := isBlank(s.text[s.i])
		if folded && !leadingBlank && !trailingBlank && len(pending) > 0 && pending[0].r == '\n' {
			if len(blank) == 0 {
				s.emit(' ', pending[0].at)
			}
		} else {
			s.emitAll(pending)
		}
		s.emitAll(blank)
		leadingBlank = trailingBlank
		for s.i < len(s.text) && !s.isBreak(s.i) {
			s.rune()
		}
		end = s.i
		pending = s.takeBreak(pending[:0])
		blank, more = s.blankLines(indent, blank[:0])
	}
	// How the tail is chomped is known by what became of it.
	s.emitAll(pending)
	s.emitAll(blank)
	if len(s.runes) > s.want {
		s.runes, s.at = s.runes[:s.want], s.at[:s.want]
	}
	s.i = end
}

// brk is a line break: what it reads as, and where it is.
type brk struct {
	r  rune
	at int
}

func (s *scanner) emitAll(breaks []brk) {
	for _, b := range breaks {
		s.emit(b.r, b.at)
	}
}

func (s *scanner) takeBreak(into []brk) []brk {
	if !s.isBreak(s.i) {
		return into
	}
	r := '\n'
	if n := wideBreak(s.text[s.i:]); n == 3 {
		r, _ = utf8.DecodeRune(s.text[s.i:])
	}
	into = append(into, brk{r, s.i})
	_, s.i = lineEnd(s.text, s.i)
	return into
}

// blankLines reads indentation and the lines that hold nothing else.
// False means that the next line does not belong to the scalar.
func (s *scanner) blankLines(indent int, into []brk) ([]brk, bool) {
	for {
		start := s.i
		for s.i < len(s.text) && s.i-start < indent && s.text[s.i] == ' ' {
			s.i++
		}
		if !s.isBreak(s.i) {
			return into, s.i-start == indent && s.i < len(s.text)
		}
		into = s.takeBreak(into)
	}
}

// blockIndent is how far the lines of a block scalar are indented: its first
// line that is not empty has so many blanks more than it has in the value.
func blockIndent(body []byte, value string) int {
	first := strings.TrimLeft(value, "\n")
	if first == "" {
		return math.MaxInt // nothing but empty lines, however many blanks they have
	}
	at := 0
	for range len(value) - len(first) {
		_, at = lineEnd(body, at)
	}
	end, _ := lineEnd(body, at)
	line := body[at:end]
	return len(line) - len(bytes.TrimLeft(line, " ")) - (len(first) - len(strings.TrimLeft(first, " ")))
}
