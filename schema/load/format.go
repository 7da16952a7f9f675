package load

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"accord/diag"
)

// envelope is the order in which the keys of a document are written.
var envelope = []string{"apiVersion", "kind", "metadata", "lifecycle", "spec"}

// Format returns the one form in which accord fmt leaves a file: indented by two
// spaces, the keys of the envelope in their order, one line --- between
// documents. What is in brackets on one line stays so; comments and blank lines
// stay where they are, and the text says what it said before. Lines end with LF,
// or with CRLF where all lines of the file do.
//
// yaml.v3 does not write back every text faithfully. A document that would say
// something else, lose a comment or change again when it is formatted again is
// left as it is written. The error is a diag.Diagnostic without a file where src
// is not YAML.
func Format(src []byte) ([]byte, error) {
	if !windows(src) {
		return format(src)
	}
	out, err := format(bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")))
	if err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(out, []byte("\n"), []byte("\r\n")), nil
}

// windows reports whether all lines of a text end with CRLF.
func windows(text []byte) bool {
	n := bytes.Count(text, []byte("\r\n"))
	return n > 0 && n == bytes.Count(text, []byte("\n")) && n == bytes.Count(text, []byte("\r"))
}

func format(src []byte) ([]byte, error) {
	once, err := formatFile(src)
	if err != nil {
		return nil, err
	}
	// How documents are joined may make one more round necessary.
	for range 3 {
		again, err := formatFile(once)
		switch {
		case err != nil:
			return src, nil //nolint:nilerr // what the formatter made is not what it reads: leave the file as it is
		case bytes.Equal(once, again):
			return once, nil
		}
		once = again
	}
	return src, nil
}

func formatFile(src []byte) ([]byte, error) {
	s := newSource("", src)
	if d, bad := s.unreadable(); bad {
		return nil, d
	}
	var out bytes.Buffer
	cs := s.chunks()
	if len(s.text) > MaxFileBytes {
		return nil, diag.Diagnostic{Rule: "yaml-syntax", Message: fmt.Sprintf("the file is larger than %d MiB", MaxFileBytes>>20)}
	}
	if len(cs) > MaxDocuments {
		return nil, diag.Diagnostic{Rule: "yaml-syntax", Message: fmt.Sprintf("the file has more than %d documents", MaxDocuments)}
	}
	for i, c := range cs {
		if d, bad := s.oversized(c); bad {
			return nil, d
		}
		body := s.text[c.start:c.end]
		if directive.Match(body) || i > 0 && !marker(body, "---") && inside.Match(body) {
			return src, nil // what stands before --- stays before it
		}
		text, err := formatDocument(body)
		if err != nil {
			return nil, s.notYAML(c, err)
		}
		if i > 0 && !bytes.HasPrefix(text, []byte("---")) {
			out.WriteString("---\n")
		}
		out.Write(text)
	}
	// Comments behind the last document are in no chunk.
	if rest := trim(s.text[last(cs):]); len(rest) > 0 {
		// Apart from the last document, as it stays when it is in its chunk.
		if kept := bytes.TrimRight(out.Bytes(), "\n"); len(kept) > 0 && len(kept) == out.Len()-1 {
			out.WriteByte('\n')
		}
		out.Write(rest)
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

var (
	directive = regexp.MustCompile(`(?m)^%`)
	inside    = regexp.MustCompile(`(?m)^---`)
)

func last(cs []chunk) int {
	if len(cs) == 0 {
		return 0
	}
	return cs[len(cs)-1].end
}

func (s *source) notYAML(c chunk, err error) error {
	var broken *syntaxError
	if !errors.As(err, &broken) {
		var d diag.Diagnostic
		if errors.As(err, &d) {
			return d
		}
		return err
	}
	pos := s.position(c.start + locate(s.text[c.start:c.end], broken))
	line, _ := s.line(pos.Line)
	d := diag.Diagnostic{Rule: "yaml-syntax", Position: pos}
	d.Message, d.Help = explain(broken.message, line)
	return d
}

// formatDocument formats one document, or returns it trimmed where that cannot
// be done faithfully. The error says why it is no YAML.
func formatDocument(body []byte) ([]byte, error) {
	asWritten := append(bytes.TrimRight(body, " \t\r\n"), '\n')
	if rest, ok := bytes.CutPrefix(asWritten, []byte("---\n")); ok {
		asWritten = rest
	}
	if len(trim(asWritten)) == 0 {
		return []byte("---\n"), nil
	}
	want, err := readValue(body)
	if err != nil {
		return nil, err
	}
	if got, err := readValue(asWritten); err != nil || !bytes.Equal(got, want) {
		return body, nil //nolint:nilerr // the blank lines at its end say something
	}
	for _, blanks := range []bool{true, false} {
		got, err := rewrite(asWritten, blanks)
		if err != nil {
			continue
		}
		if bytes.Equal(got, asWritten) {
			break // nothing to do
		}
		again, err := rewrite(got, blanks)
		if err != nil || !bytes.Equal(got, again) {
			continue
		}
		value, err := readValue(got)
		if err == nil && bytes.Equal(value, want) && slices.Equal(comments(asWritten), comments(got)) {
			return got, nil
		}
	}
	return asWritten, nil
}

// readValue reads what a document says, with the order of keys left out.
func readValue(body []byte) ([]byte, error) {
	n, err := newDecoder(body).next()
	if err != nil {
		return nil, err
	}
	if len(n.Content) == 0 {
		return nil, nil
	}
	t := &tree{source: newSource("", body)}
	if !t.resolve(n) {
		return nil, t.findings[0]
	}
	return appendValue(nil, t.root), nil
}

// appendValue is appendJSON with keys sorted and everything kept that JSON does
// not have: what is compared is what YAML says, and not only what accord reads.
func appendValue(b []byte, n *yaml.Node) []byte {
	switch n.Kind {
	case yaml.MappingNode:
		pairs := make([]string, 0, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			pairs = append(pairs, string(appendValue(appendValue(nil, n.Content[i]), n.Content[i+1])))
		}
		slices.Sort(pairs)
		return append(append(append(append(b, n.Tag...), '{'), strings.Join(pairs, ",")...), '}')
	case yaml.SequenceNode:
		b = append(append(b, n.Tag...), '[')
		for _, v := range n.Content {
			b = append(appendValue(b, v), ',')
		}
		return append(b, ']')
	}
	return append(strconv.AppendQuote(append(b, n.Tag...), n.Value), ' ')
}

// blankMark stands for a blank line while yaml.v3, which drops those, has the
// text.
const blankMark = "#\u00a0blank line\u00a0#"

func rewrite(body []byte, blanks bool) ([]byte, error) {
	s := newSource("", body)
	n, err := newDecoder(body).next()
	if err != nil {
		return nil, err
	}
	if blanks {
		inside, ok := (&tree{source: s}).textLines(n)
		if !ok {
			return nil, errors.New("a text cannot be followed")
		}
		s = newSource("", marked(s, inside))
		if n, err = newDecoder(s.text).next(); err != nil {
			return nil, err
		}
	}
	t := &tree{source: s}
	t.unfold(n)
	order(n)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := encode(enc, n); err != nil {
		return nil, err
	}
	return unmarked(b.Bytes()), nil
}

// encode writes a document. yaml.v3 answers some nodes with a panic.
func encode(enc *yaml.Encoder, n *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("write YAML: %v", r)
		}
	}()
	if err := enc.Encode(n); err != nil {
		return err
	}
	return enc.Close()
}

// textLines are the lines that belong to a text of several lines: what is blank
// there is no blank line.
func (t *tree) textLines(n *yaml.Node) (inside map[int]bool, ok bool) {
	inside, ok = map[int]bool{}, true
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Line > 0 {
			s, followed := t.scan(n)
			if !followed {
				ok = false
				return
			}
			from, to := t.position(s.start).Line, t.position(s.end).Line
			if len(s.at) > 0 {
				to = max(to, t.position(s.at[len(s.at)-1]).Line)
			}
			for l := from + 1; l <= to; l++ {
				inside[l] = true
			}
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(n)
	return inside, ok
}

// marked puts the mark into blank lines, one for several in a row.
func marked(s *source, inside map[int]bool) []byte {
	var b bytes.Buffer
	before := true // nothing, or a blank line
	for l := 1; l <= len(s.index()); l++ {
		line, start := s.line(l)
		if start >= len(s.text) {
			break
		}
		blank := len(trim(line)) == 0 && !inside[l]
		switch {
		case blank && before:
			continue
		case blank:
			// The mark stands as deep as what follows it, which it goes with.
			next := l + 1
			for next < len(s.index()) {
				if text, _ := s.line(next); len(trim(text)) > 0 {
					break
				}
				next++
			}
			text, _ := s.line(next)
			b.Write(text[:len(text)-len(bytes.TrimLeft(text, " "))])
			b.WriteString(blankMark)
		default:
			b.Write(line)
		}
		before = blank
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// unmarked makes the marks blank lines again, one where yaml.v3 wrote another
// beside it.
func unmarked(text []byte) []byte {
	var b bytes.Buffer
	blank, mark := true, false // the line before
	for line := range bytes.Lines(text) {
		trimmed := string(trim(line))
		switch isMark := trimmed == blankMark; {
		case isMark && blank, trimmed == "" && mark:
			continue
		case isMark:
			b.WriteByte('\n')
			blank, mark = true, true
		default:
			b.Write(line)
			blank, mark = trimmed == "", false
		}
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

// unfold writes lists and maps in brackets that span lines as blocks, and merges
// without the tag that yaml.v3 would give them.
func (t *tree) unfold(n *yaml.Node) {
	if n.Tag == "!!merge" && n.Style == 0 {
		n.Tag = ""
	}
	if n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode {
		if n.Style&yaml.FlowStyle != 0 && len(n.Content) > 0 {
			p := t.nodeSpan(n)
			if t.position(p.start).Line != t.position(max(p.start, p.end-1)).Line {
				n.Style &^= yaml.FlowStyle
			}
		}
	}
	for _, c := range n.Content {
		t.unfold(c)
	}
}

// order puts the keys of the envelope in their order; others follow as they are.
func order(document *yaml.Node) {
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return
	}
	root := document.Content[0]
	rank := func(key *yaml.Node) int {
		if i := slices.Index(envelope, key.Value); i >= 0 {
			return i
		}
		return len(envelope)
	}
	type pair struct{ key, value *yaml.Node }
	var pairs []pair
	for i := 0; i+1 < len(root.Content); i += 2 {
		pairs = append(pairs, pair{root.Content[i], root.Content[i+1]})
	}
	if len(pairs) == 0 {
		return
	}
	was := pairs[0].key
	slices.SortStableFunc(pairs, func(a, b pair) int { return rank(a.key) - rank(b.key) })
	if first := pairs[0].key; first != was {
		// What is apart from the comment of the first key is about the file.
		if i := strings.LastIndex(was.HeadComment, blankMark); i >= 0 {
			first.HeadComment = strings.TrimSuffix(was.HeadComment[:i+len(blankMark)]+"\n"+first.HeadComment, "\n")
			was.HeadComment = strings.TrimPrefix(was.HeadComment[i+len(blankMark):], "\n")
		}
	}
	for i, p := range pairs {
		root.Content[2*i], root.Content[2*i+1] = p.key, p.value
	}
}

// comments returns the comments of a text, sorted: what is behind a # outside of
// texts.
func comments(body []byte) []string {
	n, err := newDecoder(body).next()
	if err != nil {
		return nil
	}
	t := &tree{source: newSource("", body)}
	var texts []span
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Line > 0 {
			if s, ok := t.scan(n); ok {
				if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
					s.start, _ = lineEnd(t.text, s.start) // its header may have a comment
				}
				texts = append(texts, s.span)
			}
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(n)
	slices.SortFunc(texts, func(a, b span) int { return a.start - b.start })
	var out []string
	for i := 0; i < len(t.text); i++ {
		for len(texts) > 0 && texts[0].end <= i {
			texts = texts[1:]
		}
		if len(texts) > 0 && i >= texts[0].start {
			i = texts[0].end - 1
			continue
		}
		if t.text[i] == '#' && (i == 0 || isSpace(t.text[i-1])) {
			end, _ := lineEnd(t.text, i)
			if c := strings.TrimSpace(string(t.text[i:end])); c != blankMark {
				out = append(out, c)
			}
			i = end
		}
	}
	slices.Sort(out)
	return out
}

// trim cuts what YAML takes for blank, and not what Unicode does.
func trim(b []byte) []byte { return bytes.Trim(b, " \t\r\n") }
