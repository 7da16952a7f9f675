package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"accord/diag"
)

// Lines returns line n of a file of the project, counted from one, as it may be
// shown; "" for one that there is not.
type Lines func(file string, line int) string

// FindingsOptions are how findings are shown.
type FindingsOptions struct {
	Format  string // text, json, sarif, github or junit; "": text
	Style   Style  // of text
	Line    Lines  // of text; nil: the lines are not shown
	Version string // of accord, for SARIF
}

// FormatVersion is that of the JSON documents of this package; a plan has its own.
const FormatVersion = "1.0"

// Findings writes what the rules have found, and whether the configuration is
// valid.
func Findings(w io.Writer, list diag.List, o FindingsOptions) error {
	switch o.Format {
	case "", "text":
		return findingsText(w, list, o)
	case "json":
		return findingsJSON(w, list)
	case "sarif":
		return findingsSARIF(w, list, o.Version)
	case "github":
		return findingsGitHub(w, list)
	case "junit":
		return findingsJUnit(w, list)
	}
	return fmt.Errorf("findings have no format %q", o.Format)
}

func findingsText(w io.Writer, list diag.List, opts FindingsOptions) error {
	o := newOutput(w, opts.Style)
	for _, d := range list {
		o.finding(d, opts.Line)
		o.put("\n")
	}
	errors, others := list.Count(diag.Error), tally(list, diag.Warning, diag.Info)
	switch {
	case errors > 0:
		o.put(o.paint("The configuration is not valid:", bold, red), " ", tally(list, diag.Error, diag.Warning, diag.Info), ".\n")
	case others != "":
		o.put(o.paint("Success!", bold, green), " The configuration is valid. There are findings above: ", others, ".\n")
	default:
		o.put(o.paint("Success!", bold, green), " The configuration is valid.\n")
	}
	return o.Flush()
}

// tally counts findings: 2 errors, 1 warning. What there is none of is left out.
func tally(list diag.List, severities ...diag.Severity) string {
	var parts []string
	for _, s := range severities {
		if n := list.Count(s); n > 0 {
			parts = append(parts, count(n, s.String()))
		}
	}
	return strings.Join(parts, ", ")
}

// severityColor is the color of a severity's word.
func severityColor(s diag.Severity) string {
	switch s {
	case diag.Error:
		return red
	case diag.Warning:
		return yellow
	}
	return cyan
}

// severityWord is the word that a finding begins with.
func severityWord(s diag.Severity) string {
	word := s.String()
	return strings.ToUpper(word[:1]) + word[1:]
}

// finding writes one finding: what is wrong, where, and what to do.
func (o *output) finding(d diag.Diagnostic, line Lines) {
	o.put(o.paint(severityWord(d.Severity)+":", bold, severityColor(d.Severity)), " ",
		o.paint(visible(d.Message), bold), "  [", visible(d.Rule), "]\n")
	switch where := place(d.Position); {
	case where != "" && d.Address != "":
		o.put("\n  on ", where, ", in ", visible(d.Address), ":\n")
	case where != "":
		o.put("\n  on ", where, ":\n")
	case d.Address != "":
		o.put("\n  in ", visible(d.Address), ":\n")
	}
	o.source(d.Position, line, severityColor(d.Severity))
	if d.Help != "" {
		o.put(visibleLines(strings.TrimSpace(d.Help)), "\n")
	}
	for _, r := range d.Related {
		o.put("\n  see ", place(r.Position), ": ", visible(r.Message), "\n")
		o.source(r.Position, line, cyan)
	}
}

// place writes a position as people say it.
func place(p diag.Position) string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return visible(p.File)
	}
	return visible(p.File) + " line " + strconv.Itoa(p.Line)
}

// maxSource bounds what is shown of a line, in columns.
const maxSource = 160

// source writes the offending line with carets below the offending part.
func (o *output) source(p diag.Position, line Lines, color string) {
	if line == nil || p.File == "" || p.Line == 0 {
		return
	}
	text := strings.TrimRight(line(p.File, p.Line), " \t\r\n")
	if strings.TrimSpace(text) == "" {
		return
	}
	before, marked, after := cutColumns(text, p.Column, p.EndColumn)
	// A long line is cut where the offending part can still be seen.
	if cut := width(before) - maxSource/2; cut > 0 && width(text) > maxSource {
		before = "…" + dropColumns(before, cut)
	}
	number := strconv.Itoa(p.Line)
	shown := firstColumns(before+marked+after, maxSource)
	o.put("  ", o.paint(number+":", gray), " ", shown, "\n")
	if p.Column == 0 {
		return
	}
	carets := max(1, min(width(marked), maxSource-width(before)))
	o.put(strings.Repeat(" ", len(number)+4+width(before)), o.paint(strings.Repeat("^", carets), bold, color), "\n")
}

// cutColumns splits a line at columns, counted in runes from one, into what is
// before, the part itself and what is after. A tab is shown as the spaces that
// it stands for, and what cannot be shown is written out, so that the widths of
// the parts are those on the screen. Without an end the part is one rune.
func cutColumns(text string, from, to int) (before, part, after string) {
	if to <= from {
		to = from + 1
	}
	var parts [3]strings.Builder
	column, at := 1, 0
	for _, r := range text {
		i := 0
		switch {
		case from > 0 && column >= to:
			i = 2
		case from > 0 && column >= from:
			i = 1
		}
		s := string(r)
		if r == '\t' {
			s = strings.Repeat(" ", 8-at%8)
		} else {
			s = visible(s)
		}
		parts[i].WriteString(s)
		at += width(s)
		column++
	}
	return parts[0].String(), parts[1].String(), parts[2].String()
}

// firstColumns cuts s to at most n columns, and says so.
func firstColumns(s string, n int) string {
	if width(s) <= n {
		return s
	}
	at := 0
	for i, r := range s {
		if at += runeWidth(r); at > n-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// dropColumns leaves out at least n columns at the beginning of s.
func dropColumns(s string, n int) string {
	at := 0
	for i, r := range s {
		if at >= n {
			return s[i:]
		}
		at += runeWidth(r)
	}
	return ""
}

// bySeverity returns the findings with the most severe first: programs that
// show them cut them off at some number.
func bySeverity(list diag.List) diag.List {
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b diag.Diagnostic) int { return cmp.Compare(a.Severity, b.Severity) })
	return out
}

// findingsJSON writes the document that product.md names.
func findingsJSON(w io.Writer, list diag.List) error {
	type summary struct {
		Errors   int `json:"errors"`
		Warnings int `json:"warnings"`
		Infos    int `json:"infos"`
	}
	return JSON(w, struct {
		FormatVersion string            `json:"formatVersion"`
		Valid         bool              `json:"valid"`
		Diagnostics   []diag.Diagnostic `json:"diagnostics"`
		Summary       summary           `json:"summary"`
	}{
		FormatVersion, !list.HasErrors(), orEmpty(list),
		summary{list.Count(diag.Error), list.Count(diag.Warning), list.Count(diag.Info)},
	})
}

// sentence is a finding's message with what to do.
func sentence(d diag.Diagnostic) string {
	if d.Help == "" {
		return visible(d.Message)
	}
	return visible(d.Message) + "\n" + visibleLines(strings.TrimSpace(d.Help))
}
