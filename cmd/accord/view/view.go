// Package view turns results into what people and programs read: text, JSON,
// markdown, SARIF, pictures. It is the only package that makes text: one
// function for each result and format.
//
// It decides nothing and looks nothing up. It does not read files, the
// environment or the clock, and does not know what a terminal is: color, width
// and the clock are parameters, and the same result makes the same bytes. What
// users have written is shown with its control characters made visible, so that
// no name or message can move a cursor, color a line or break a table.
package view

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Style is how text is written to a stream. The zero value is plain.
type Style struct {
	// Color uses ANSI colors. They only repeat what symbols and words say.
	Color bool
	// Width is the number of columns of a terminal; 0: the stream is none.
	Width int
}

// ANSI attributes.
const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	gray   = "90"
)

// paint gives s a color and other attributes.
func (s Style) paint(text string, attributes ...string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + strings.Join(attributes, ";") + "m" + text + "\x1b[0m"
}

// output is a buffered stream of text. The first error of writing is kept, and
// Flush returns it.
type output struct {
	*bufio.Writer
	Style
}

func newOutput(w io.Writer, s Style) *output { return &output{bufio.NewWriterSize(w, 32<<10), s} }

// put writes strings as they are.
func (o *output) put(parts ...string) {
	for _, p := range parts {
		_, _ = o.WriteString(p) // Flush returns the error
	}
}

// printf writes a formatted string.
func (o *output) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(o.Writer, format, args...) // Flush returns the error
}

// Error writes the error that ends a command. It may have several lines, or
// several causes.
func Error(w io.Writer, err error, s Style) {
	o := newOutput(w, s)
	o.put(s.paint("Error:", bold, red), " ", visibleLines(strings.TrimSpace(err.Error())), "\n")
	_ = o.Flush() // there is nowhere left to tell
}

// JSON writes a value as JSON for programs and people: indented, and without the
// escapes for HTML that make conditions unreadable.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// marshal is json.Marshal without the escapes for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// orEmpty makes a list that JSON writes as [] and never as null.
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// count writes a number with its noun: 1 error, 2 errors.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") {
		noun = strings.TrimSuffix(noun, "y") + "ie"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// firstOf is the first value that is not empty.
func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
