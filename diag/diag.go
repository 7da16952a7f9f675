// Package diag holds what accord tells the person who can mend it: one
// Diagnostic for one cause, with the rule it breaks, where, and what to do.
//
// It knows nothing of YAML, of resources or of how a finding is printed; the
// renderers are in cmd/accord/view.
package diag

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Severity says what a finding does to a run. The zero value is Error, so that
// a finding whose severity was forgotten stops rather than passes.
type Severity int

// The severities, most severe first. Error stops plan and apply; Warning and
// Info are shown.
const (
	Error Severity = iota
	Warning
	Info
)

// String returns the word that the language and every output use.
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	default:
		return "info"
	}
}

// MarshalText writes the severity as its word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads error, warning or info.
func (s *Severity) UnmarshalText(text []byte) error {
	for _, v := range []Severity{Error, Warning, Info} {
		if string(text) == v.String() {
			*s = v
			return nil
		}
	}
	return fmt.Errorf("severity %q is not error, warning or info", text)
}

// Position is a place in a file of the project. Lines and columns count from
// one; columns count runes, as editors do. A zero Line means that only the file
// is known; an empty File that nothing is.
type Position struct {
	File      string `json:"file"` // relative to the project's root, forward slashes
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndColumn int    `json:"endColumn,omitempty"` // behind the last rune; 0: not known
}

// String returns file:line:column, as compilers print it and editors open it.
func (p Position) String() string {
	switch {
	case p.File == "":
		return "-"
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Compare orders positions by file, line and column.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// Related is a second place that belongs to a finding, such as the first of two
// resources with the same address.
type Related struct {
	Position
	Message string `json:"message"`
}

// Diagnostic is one finding. Rule is a name from the registry of schema/check
// and never changes; Message says what is wrong, Help what to do.
type Diagnostic struct {
	Rule     string    `json:"rule"`
	Severity Severity  `json:"severity"`
	Message  string    `json:"message"`
	Help     string    `json:"help,omitempty"`
	Address  string    `json:"address,omitempty"` // Kind/name of the resource it is found in
	Position           // of the field to change
	Related  []Related `json:"related"`
}

// MarshalJSON writes the finding; without related places they are [].
func (d Diagnostic) MarshalJSON() ([]byte, error) {
	type plain Diagnostic
	if d.Related == nil {
		d.Related = []Related{}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // whoever embeds it decides
	err := enc.Encode(plain(d))
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Error returns the finding on one line, so that a Diagnostic can travel as an
// error where a caller wants only the first.
func (d Diagnostic) Error() string {
	if d.File == "" {
		return fmt.Sprintf("%s [%s]", d.Message, d.Rule)
	}
	return fmt.Sprintf("%s: %s [%s]", d.Position, d.Message, d.Rule)
}

// List is a set of findings. The order in which they are found has no meaning;
// Sort gives the one they are shown in.
type List []Diagnostic

// Add appends findings.
func (l *List) Add(d ...Diagnostic) { *l = append(*l, d...) }

// HasErrors reports whether a finding is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Count returns how many findings have the severity.
func (l List) Count(s Severity) int {
	n := 0
	for _, d := range l {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// Sort orders the findings by position, then severity, rule and message, and
// drops those that are wholly equal. The result does not depend on the order in
// which they were added.
func (l *List) Sort() {
	slices.SortStableFunc(*l, func(a, b Diagnostic) int {
		return cmp.Or(a.Compare(b.Position), cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Address, b.Address), cmp.Compare(a.Message, b.Message))
	})
	*l = slices.CompactFunc(*l, func(a, b Diagnostic) bool {
		return a.Position == b.Position && a.Severity == b.Severity && a.Rule == b.Rule &&
			a.Address == b.Address && a.Message == b.Message
	})
}

// Error returns the errors among the findings, a line each.
func (l List) Error() string {
	var b strings.Builder
	for _, d := range l {
		if d.Severity != Error {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(d.Error())
	}
	return b.String()
}
