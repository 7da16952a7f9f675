package expr

import (
	"strings"
	"unicode"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// span is a part of the text, in runes; end is behind the last.
type span struct{ start, end int }

// source is the text of an expression and where its brackets belong.
type source struct {
	runes []rune
	match map[int]int // a bracket to its partner, both ways
}

// newSource finds the brackets of a text, passing over strings and comments as
// the lexer of CEL does. What is not closed has no partner.
func newSource(text string) *source {
	s := &source{runes: []rune(text)}
	if !strings.ContainsAny(text, "([{") {
		return s
	}
	s.match = map[int]int{}
	var open []int
	for i := 0; i < len(s.runes); i++ {
		switch r := s.runes[i]; r {
		case '(', '[', '{':
			open = append(open, i)
		case ')', ']', '}':
			if n := len(open); n > 0 {
				s.match[open[n-1]], s.match[i] = i, open[n-1]
				open = open[:n-1]
			}
		case '"', '\'':
			i = s.closeString(i, r)
		case '`':
			for i++; i < len(s.runes) && s.runes[i] != '`'; i++ {
			}
		case '/':
			if i+1 < len(s.runes) && s.runes[i+1] == '/' {
				for i < len(s.runes) && s.runes[i] != '\n' {
					i++
				}
			}
		}
	}
	return s
}

// closeString returns the index of the last rune of the string that begins with
// the quote at i.
func (s *source) closeString(i int, quote rune) int {
	raw := false
	for j := i - 1; j >= 0 && j >= i-2 && strings.ContainsRune("rRbB", s.runes[j]); j-- {
		raw = raw || s.runes[j] == 'r' || s.runes[j] == 'R'
	}
	triple := i+2 < len(s.runes) && s.runes[i+1] == quote && s.runes[i+2] == quote
	if triple {
		i += 2
	}
	for i++; i < len(s.runes); i++ {
		switch {
		case s.runes[i] == '\\' && !raw:
			i++
		case s.runes[i] != quote:
		case !triple:
			return i
		case i+2 < len(s.runes) && s.runes[i+1] == quote && s.runes[i+2] == quote:
			return i + 2
		}
	}
	return len(s.runes)
}

// text returns the part of the text in the span.
func (s *source) text(at span) string { return string(s.runes[at.start:at.end]) }

// clip makes the span one inside the text.
func (s *source) clip(at span) span {
	at.start = min(max(at.start, 0), len(s.runes))
	at.end = min(max(at.end, at.start), len(s.runes))
	return at
}

// balance widens the span until each bracket in it has its partner in it.
func (s *source) balance(at span) span {
	at = s.clip(at)
	for i := at.start; i < at.end && len(s.match) > 0; i++ {
		partner, ok := s.match[i]
		switch {
		case ok && partner < at.start:
			at.start = partner
			i = partner // what is new in front was not looked at
		case ok && partner >= at.end:
			at.end = partner + 1
		}
	}
	return at
}

// closing returns the place behind the partner of the bracket at i.
func (s *source) closing(i int) int {
	if partner, ok := s.match[i]; ok {
		return partner + 1
	}
	return i + 1
}

// nameBefore returns where the name that ends before i, spaces aside, begins;
// i itself where another word stands there.
func (s *source) nameBefore(i int, name string) int {
	end := i
	for end > 0 && unicode.IsSpace(s.runes[end-1]) {
		end--
	}
	n := []rune(name)
	if begin := end - len(n); begin >= 0 && string(s.runes[begin:end]) == name {
		return begin
	}
	return i
}

// wordAfter returns the span of the word behind i, spaces aside.
func (s *source) wordAfter(i int) span {
	for i < len(s.runes) && unicode.IsSpace(s.runes[i]) {
		i++
	}
	end := i
	if end < len(s.runes) && s.runes[end] == '`' {
		for end++; end < len(s.runes) && s.runes[end] != '`'; end++ {
		}
		return s.clip(span{i, end + 1})
	}
	for end < len(s.runes) && (s.runes[end] == '_' || unicode.IsLetter(s.runes[end]) || unicode.IsDigit(s.runes[end])) {
		end++
	}
	return s.clip(span{i, end})
}

// span returns the part of the text that an expression stands in, the brackets
// that belong to it included. The parser records one token of each: the
// operator, the dot or the opening bracket.
func (c *check) span(e ast.Expr) span {
	if at, ok := c.spans[e.ID()]; ok {
		return at
	}
	token, _ := c.info.GetOffsetRange(e.ID())
	at := span{int(token.Start), int(token.Stop)}
	switch e.Kind() {
	case ast.LiteralKind:
		if at.start < len(c.src.runes) && c.src.runes[at.start] == '-' { // the digits are a token of their own
			for at.end < len(c.src.runes) && unicode.IsSpace(c.src.runes[at.end]) {
				at.end++
			}
			for at.end < len(c.src.runes) && strings.ContainsRune("0123456789abcdefABCDEFxX.+-", c.src.runes[at.end]) {
				if (c.src.runes[at.end] == '+' || c.src.runes[at.end] == '-') && !strings.ContainsRune("eE", c.src.runes[at.end-1]) {
					break
				}
				at.end++
			}
		}
	case ast.SelectKind:
		if e.AsSelect().IsTestOnly() {
			at = span{c.src.nameBefore(at.start, operators.Has), c.src.closing(at.start)}
			break
		}
		at = span{c.span(e.AsSelect().Operand()).start, c.src.wordAfter(at.end).end}
	case ast.CallKind:
		call := e.AsCall()
		switch args := call.Args(); {
		case call.IsMemberFunction():
			at = span{c.span(call.Target()).start, c.src.closing(at.start)}
		case call.FunctionName() == operators.Index:
			at = span{c.span(args[0]).start, c.src.closing(at.start)}
		case call.FunctionName() == operators.LogicalNot, call.FunctionName() == operators.Negate:
			at.end = c.span(args[0]).end
		case isOperator(call.FunctionName()):
			at = span{c.span(args[0]).start, c.span(args[len(args)-1]).end}
		default:
			at = span{c.src.nameBefore(at.start, call.FunctionName()), c.src.closing(at.start)}
		}
	case ast.ListKind, ast.MapKind:
		at.end = c.src.closing(at.start)
	case ast.StructKind:
		at = span{c.src.nameBefore(at.start, e.AsStruct().TypeName()), c.src.closing(at.start)}
	case ast.ComprehensionKind:
		at = span{c.span(e.AsComprehension().IterRange()).start, c.src.closing(at.start)}
	}
	at = c.src.balance(at)
	c.spans[e.ID()] = at
	return at
}

// nameBehind returns the place of the name behind the dot that follows of, or
// all of e where it is not found there.
func (c *check) nameBehind(e, of ast.Expr, name string) span {
	dot := c.span(of).end
	for dot < len(c.src.runes) && unicode.IsSpace(c.src.runes[dot]) {
		dot++
	}
	if dot < len(c.src.runes) && c.src.runes[dot] == '.' {
		if at := c.src.wordAfter(dot + 1); strings.Trim(c.src.text(at), "`") == name {
			return at
		}
	}
	return c.span(e)
}

func isOperator(name string) bool {
	_, ok := operators.FindReverse(name)
	return ok
}
