package view

import (
	"io"
	"strings"
	"text/tabwriter"

	"accord/diag"
	"accord/schema/check"
)

// table returns a writer whose lines are cells that end with a tab. It is to be
// flushed before its output is.
func (o *output) table() *tabwriter.Writer { return tabwriter.NewWriter(o, 0, 0, 3, ' ', 0) }

// ruleJSON is a rule as programs read it.
type ruleJSON struct {
	Name       string        `json:"name"`
	Severity   diag.Severity `json:"severity"`
	Changeable bool          `json:"changeable"` // a Project may change the severity
	When       []check.When  `json:"when"`
	Statement  string        `json:"statement"`
	Reason     string        `json:"reason"`
	Breaks     string        `json:"breaks,omitempty"`
	Holds      string        `json:"holds,omitempty"`
	Example    string        `json:"example,omitempty"`
	Source     []string      `json:"source"`
}

func ruleOf(r *check.Rule) ruleJSON {
	return ruleJSON{
		r.Name, r.Severity, r.Changeable(), orEmpty(r.When), r.Statement, joinLines(r.Reason), r.Breaks, r.Holds, joinLines(r.Example), orEmpty(r.Source),
	}
}

// joinLines undoes the line breaks that a text has in the source.
func joinLines(s string) string {
	paragraphs := strings.Split(strings.TrimSpace(s), "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = strings.Join(strings.Fields(p), " ")
	}
	return strings.Join(paragraphs, "\n\n")
}

// RulesJSON writes every rule.
func RulesJSON(w io.Writer, rules []*check.Rule) error {
	out := make([]ruleJSON, 0, len(rules))
	for _, r := range rules {
		out = append(out, ruleOf(r))
	}
	return JSON(w, struct {
		FormatVersion string     `json:"formatVersion"`
		Rules         []ruleJSON `json:"rules"`
	}{FormatVersion, out})
}

// RulesText writes a line for each rule.
func RulesText(w io.Writer, rules []*check.Rule, s Style) error {
	o := newOutput(w, s)
	t := o.table()
	for _, r := range rules {
		put(t, r.Name, "\t", severities(r), "\t", whenList(r), "\t", r.Statement, "\n")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return o.Flush()
}

// put writes cells to a table. Its Flush returns the error.
func put(w io.Writer, cells ...string) {
	_, _ = io.WriteString(w, strings.Join(cells, ""))
}

func severities(r *check.Rule) string {
	if r.Warns {
		return r.Severity.String() + ", warning"
	}
	return r.Severity.String()
}

func whenList(r *check.Rule) string {
	words := make([]string, 0, len(r.When))
	for _, when := range r.When {
		words = append(words, string(when))
	}
	return strings.Join(words, ", ")
}

// RuleJSON writes one rule.
func RuleJSON(w io.Writer, r *check.Rule) error { return JSON(w, ruleOf(r)) }

// RuleText writes what a rule states, why, and examples.
func RuleText(w io.Writer, r *check.Rule, s Style) error {
	o := newOutput(w, s)
	o.put(o.paint(r.Name, bold), "  (", severities(r), "; checked at ", whenList(r), ")\n\n", r.Statement, "\n")
	if reason := joinLines(r.Reason); reason != "" {
		o.put("\n", wrap(reason, 80), "\n")
	}
	if r.Example != "" {
		o.put("\n", o.paint("What breaks it:", bold), "\n\n", wrap(joinLines(r.Example), 80), "\n")
	}
	for _, e := range []struct{ title, yaml string }{{"This breaks it:", r.Breaks}, {"This holds:", r.Holds}} {
		if e.yaml != "" {
			o.put("\n", o.paint(e.title, bold), "\n\n", indent(strings.TrimRight(e.yaml, "\n"), "    "), "\n")
		}
	}
	switch {
	case r.Changeable():
		o.put("\nTo change its severity, in the Project: rules: {", r.Name, ": off} (or error, warning, info).\n")
	default:
		o.put("\nIt cannot be switched off.\n")
	}
	if len(r.Source) > 0 {
		o.put("\nSource: ", strings.Join(r.Source, "; "), "\n")
	}
	return o.Flush()
}

// indent puts a prefix before each line that is not empty.
func indent(s, prefix string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = prefix + l
		}
	}
	return strings.Join(lines, "\n")
}

// wrap breaks lines between words so that none is wider than n columns, except
// for a word that is.
func wrap(s string, n int) string {
	paragraphs := strings.Split(s, "\n\n")
	for i, p := range paragraphs {
		var b strings.Builder
		at := 0
		for _, word := range strings.Fields(p) {
			switch {
			case at == 0:
			case at+1+width(word) > n:
				b.WriteByte('\n')
				at = 0
			default:
				b.WriteByte(' ')
				at++
			}
			b.WriteString(word)
			at += width(word)
		}
		paragraphs[i] = b.String()
	}
	return strings.Join(paragraphs, "\n\n")
}
