package load

import (
	"bytes"
	"sort"
	"sync"
	"unicode/utf8"

	"accord/diag"
)

// source is one file: its bytes, kept so that positions can be found later, and
// where in them secrets stand.
type source struct {
	name    string
	text    []byte // without a byte order mark
	secrets []span // in the order of the text, none of which overlap
	masked  []span // what may be one: not reported, not shown

	once  sync.Once
	lines []int // offset of each line

	splitOnce sync.Once
	split     []chunk
}

// span is a piece of a source, in bytes.
type span struct{ start, end int }

func (s span) overlaps(o span) bool { return s.start < o.end && o.start < s.end }

// lineEnd returns where the line that holds offset i ends, and where the next
// one starts. Lines end where YAML says: LF, CR, CRLF, and the three that only
// Unicode knows.
func lineEnd(text []byte, i int) (end, next int) {
	for ; i < len(text); i++ {
		switch text[i] {
		case '\n':
			return i, i + 1
		case '\r':
			if i+1 < len(text) && text[i+1] == '\n' {
				return i, i + 2
			}
			return i, i + 1
		case 0xC2, 0xE2:
			if n := wideBreak(text[i:]); n > 0 {
				return i, i + n
			}
		}
	}
	return i, i
}

// wideBreak returns the length of the line break NEL, LS or PS that b starts
// with, or 0.
func wideBreak(b []byte) int {
	switch {
	case len(b) >= 2 && b[0] == 0xC2 && b[1] == 0x85:
		return 2
	case len(b) >= 3 && b[0] == 0xE2 && b[1] == 0x80 && (b[2] == 0xA8 || b[2] == 0xA9):
		return 3
	}
	return 0
}

func (s *source) index() []int {
	s.once.Do(func() {
		s.lines = append(make([]int, 0, bytes.Count(s.text, []byte{'\n'})+1), 0)
		for i := 0; i < len(s.text); {
			end, next := lineEnd(s.text, i)
			if end == next {
				break
			}
			s.lines = append(s.lines, next)
			i = next
		}
	})
	return s.lines
}

// line returns line n, counted from one, without its break, and its offset.
func (s *source) line(n int) ([]byte, int) {
	lines := s.index()
	if n < 1 || n > len(lines) {
		return nil, len(s.text)
	}
	start := lines[n-1]
	end, _ := lineEnd(s.text, start)
	return s.text[start:end], start
}

// offset returns the byte offset of a line and a column, both counted from one,
// the column in runes.
func (s *source) offset(line, column int) int {
	text, at := s.line(line)
	for ; column > 1 && len(text) > 0; column-- {
		_, n := utf8.DecodeRune(text)
		text, at = text[n:], at+n
	}
	return at
}

// position returns the line and column of an offset.
func (s *source) position(offset int) diag.Position {
	lines := s.index()
	n := sort.SearchInts(lines, offset+1)
	return diag.Position{File: s.name, Line: n, Column: utf8.RuneCount(s.text[lines[n-1]:offset]) + 1}
}

// at returns the position of a span. Its end is the end of the first line where
// it has several.
func (s *source) at(p span) diag.Position {
	pos := s.position(p.start)
	end, _ := lineEnd(s.text, p.start)
	if n := utf8.RuneCount(s.text[p.start:max(p.start, min(end, p.end))]); n > 0 {
		pos.EndColumn = pos.Column + n
	}
	return pos
}

// chunk is the text of one document, found without parsing: documents begin at
// a line --- and behind a line ..., wherever these stand. Comments and
// directives before a document belong to it.
type chunk struct {
	span
	line    int // number of its first line, from one
	endLine int // behind the last line that is not blank
	nodes   int // at least as many keys and values as it can hold
}

// chunks returns the documents of a file. They are found when they are asked
// for and kept: to read a file needs them once.
func (s *source) chunks() []chunk {
	s.splitOnce.Do(func() { s.split = chunks(s.text) })
	return s.split
}

// chunks splits a file into its documents, one more than MaxDocuments at most.
func chunks(text []byte) []chunk {
	var out []chunk
	cur, begun := chunk{line: 1}, false
	cut := func(at, line int) {
		if begun {
			cur.end = at
			out = append(out, cur)
			cur = chunk{span: span{start: at}, line: line}
		}
		begun = false
	}
	line := 1
	for i := 0; i < len(text) && len(out) <= MaxDocuments; line++ {
		start := i
		if marker(text[start:], "---") {
			cut(start, line)
			begun = true
		}
		for ; i < len(text) && text[i] <= ' ' && text[i] != '\n' && text[i] != '\r'; i++ {
		}
		if i < len(text) && text[i] > ' ' {
			cur.endLine = line + 1
			begun = begun || text[i] != '#' && (text[i] != '%' || i > start)
		}
	scan:
		for ; i < len(text); i++ {
			if !structural[text[i]] {
				continue
			}
			switch text[i] {
			case '\n', '\r':
				break scan
			case ',', ':', '[', '{', '?', '*':
				cur.nodes += 2
			case '-':
				if i+1 == len(text) || text[i+1] <= ' ' {
					cur.nodes++
				}
			case 0xC2, 0xE2:
				if wideBreak(text[i:]) > 0 {
					break scan
				}
			}
		}
		_, i = lineEnd(text, i)
		if marker(text[start:], "...") {
			cut(i, line+1)
		}
	}
	cut(len(text), line)
	return out
}

// structural are the bytes that can end a line or begin a key or a value.
var structural = func() (is [256]bool) {
	for _, c := range "\n\r,:[{?*-" {
		is[c] = true
	}
	is[0xC2], is[0xE2] = true, true // the first bytes of wide breaks
	return is
}()

// marker reports whether a line begins with --- or ... as a marker of documents.
func marker(line []byte, m string) bool {
	if !bytes.HasPrefix(line, []byte(m)) {
		return false
	}
	return len(line) == len(m) || line[len(m)] <= ' ' || wideBreak(line[len(m):]) > 0
}
