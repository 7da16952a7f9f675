package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"accord/diag"
)

// syntaxError is an error of yaml.v3: what it says, and the line it names.
type syntaxError struct {
	message string
	line    int // within what was decoded; 0 where it names none
}

func (e *syntaxError) Error() string { return e.message }

var yamlErrorLine = regexp.MustCompile(`^line (\d+): `)

// decoder reads documents as nodes. yaml.v3 answers some input with a panic; to
// the caller that is an error like any other.
type decoder struct{ *yaml.Decoder }

func newDecoder(text []byte) decoder { return decoder{yaml.NewDecoder(bytes.NewReader(text))} }

// next returns the next document, io.EOF behind the last one, or a syntaxError.
func (d decoder) next() (n *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = nil, &syntaxError{message: "this cannot be read as YAML"}
		}
	}()
	n = new(yaml.Node)
	err = d.Decode(n)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	e := &syntaxError{message: strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := yamlErrorLine.FindStringSubmatch(e.message); m != nil {
		e.line, _ = strconv.Atoi(m[1])
		e.message = e.message[len(m[0]):]
	}
	return nil, e
}

// searchBytes bounds the text in which the exact place of an error is searched:
// beyond it the line that yaml.v3 names has to do.
const searchBytes = 64 << 10

// locate finds where a document stops being YAML. yaml.v3 often names the line
// at which the construct began; the place to mend is where reading on became
// impossible: the end of the shortest beginning of the text with that error.
func locate(text []byte, e *syntaxError) (offset int) {
	fails := func(n int) bool {
		d := newDecoder(text[:n])
		for {
			_, err := d.next()
			if err == nil {
				continue
			}
			var got *syntaxError
			return errors.As(err, &got) && got.message == e.message
		}
	}
	var ends []int
	for i := 0; i < len(text); {
		_, next := lineEnd(text, i)
		i = next
		ends = append(ends, i)
	}
	if len(text) > searchBytes || !fails(len(text)) {
		if e.line > 0 && e.line <= len(ends) {
			return firstText(text, ends, e.line-1)
		}
		return 0
	}
	lo, hi := 0, len(ends)-1
	for lo < hi {
		if mid := (lo + hi) / 2; fails(ends[mid]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	start := 0
	if lo > 0 {
		start = ends[lo-1]
	}
	stop, _ := lineEnd(text, start)
	if stop-start <= 1000 {
		for i := start; i < stop; i++ {
			if fails(i + 1) {
				return i
			}
		}
	}
	return firstText(text, ends, lo)
}

// firstText is the offset of the first rune of a line that is no blank.
func firstText(text []byte, ends []int, line int) int {
	start := 0
	if line > 0 {
		start = ends[line-1]
	}
	for i := start; i < ends[line]; i++ {
		if !isSpace(text[i]) {
			return i
		}
	}
	return start
}

// explain turns the words of yaml.v3 into the ones of people who write YAML.
func explain(message string, line []byte) (string, string) {
	if indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]; bytes.ContainsRune(indent, '\t') {
		return "a tab stands in the indentation", "YAML is indented with spaces: replace the tab."
	}
	switch {
	case strings.Contains(message, "mapping values are not allowed"):
		return "a `:` stands where no new key can begin", "Put a text that holds `: ` in quotes, or check the indentation."
	case strings.Contains(message, "could not find expected ':'"):
		return "a key without its `:`", "Write `key: value`, and indent what belongs to a key deeper than the key."
	case strings.Contains(message, "did not find expected key"):
		return "this line does not fit the lines above it", "Check the indentation and the quotes: the keys of one map stand in the same column."
	case strings.Contains(message, "did not find expected '-' indicator"):
		return "this line does not fit the list above it", "Items of one list begin with `- ` in the same column."
	case strings.Contains(message, "did not find expected ',' or"):
		return "a list or map in brackets is not closed here", "Separate its items with `,` and close it with `]` or `}`."
	case strings.Contains(message, "found unexpected end of stream"), strings.Contains(message, "found unexpected document indicator"):
		return "a quote is not closed", "Close it, or double the quote that is meant as text."
	case strings.Contains(message, "found character that cannot start any token"):
		return "a text cannot begin with this character", "Put the text in quotes."
	case strings.Contains(message, "block sequence entries are not allowed"):
		return "an item of a list cannot begin here", "Put `- ` on a line of its own, below its key."
	case strings.Contains(message, "unknown anchor"):
		return message, "Define the anchor with `&` before it is used, in the same document."
	case strings.Contains(message, "exceeded max depth"):
		return fmt.Sprintf("nested deeper than %d", MaxDepth), ""
	}
	return message, ""
}

var byteOrderMark = []byte("\uFEFF")

// unreadable finds what no YAML file holds: bytes that are not UTF-8 and
// control characters.
func (s *source) unreadable() (diag.Diagnostic, bool) {
	d := diag.Diagnostic{Rule: "yaml-syntax"}
	if bytes.HasPrefix(s.text, []byte{0xFF, 0xFE}) || bytes.HasPrefix(s.text, []byte{0xFE, 0xFF}) {
		d.Message, d.Help = "the file is UTF-16 and not UTF-8", "Save it as UTF-8."
		d.Position = diag.Position{File: s.name, Line: 1, Column: 1}
		return d, true
	}
	at := -1
	if !utf8.Valid(s.text) {
		for at = 0; at < len(s.text); {
			r, n := utf8.DecodeRune(s.text[at:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
		d.Message, d.Help = fmt.Sprintf("the byte 0x%02X is not UTF-8", s.text[at]), "Save the file as UTF-8."
	}
	if i := bytes.Index(s.text, byteOrderMark); i >= 0 && at < 0 {
		d.Message, d.Help, at = "a byte order mark, U+FEFF, stands inside the file", "Remove it: editors do not show it.", i
	}
	for i, c := range s.text {
		if at >= 0 && i >= at {
			break
		}
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7F {
			d.Message, d.Help, at = fmt.Sprintf("the control character 0x%02X stands in the file", c), `Remove it; in double quotes it can be written \xNN.`, i
			break
		}
	}
	if at < 0 {
		return d, false
	}
	d.Position = s.position(at)
	return d, true
}
