package view

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"accord/diag"
	"accord/plan"
)

// findingsGitHub writes workflow commands. GitHub shows ten of a level, so the
// most severe come first.
func findingsGitHub(w io.Writer, list diag.List) error {
	o := newOutput(w, Style{})
	for _, d := range bySeverity(list) {
		o.command(d)
	}
	return o.Flush()
}

// command writes a finding as a workflow command.
func (o *output) command(d diag.Diagnostic) {
	level := d.Severity.String()
	if d.Severity == diag.Info {
		level = "notice"
	}
	text := sentence(d)
	for _, r := range d.Related {
		text += "\n" + place(r.Position) + ": " + visible(r.Message)
	}
	o.workflowCommand(level, d.Position, d.Rule, text)
}

func (o *output) workflowCommand(level string, p diag.Position, title, text string) {
	o.put("::", level, " ")
	if p.File != "" {
		o.put("file=", commandProperty(p.File), ",")
		if p.Line > 0 {
			o.put("line=", strconv.Itoa(p.Line), ",")
		}
		if p.Line > 0 && p.Column > 0 {
			o.put("col=", strconv.Itoa(p.Column), ",")
			if p.EndColumn > 0 {
				o.put("endColumn=", strconv.Itoa(p.EndColumn), ",")
			}
		}
	}
	o.put("title=", commandProperty(title), "::", commandData(text), "\n")
}

var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// commandData escapes the text of a workflow command, which ends with its line.
func commandData(s string) string { return dataEscapes.Replace(visibleLines(s)) }

// commandProperty escapes a property of one, which ends with a comma or ::.
func commandProperty(s string) string { return propertyEscapes.Replace(visible(s)) }

// PlanGitHub writes workflow commands: the findings, a warning for what is
// deleted and for each consequence, and the counts as a notice. GitHub shows ten
// of a level, so the most severe come first.
func PlanGitHub(w io.Writer, p *plan.Plan) error {
	o := newOutput(w, Style{})
	findings := bySeverity(p.Diagnostics)
	warnings := slices.IndexFunc(findings, func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
	if warnings < 0 {
		warnings = len(findings)
	}
	for _, d := range findings[:warnings] {
		o.command(d)
	}
	for _, c := range byRisk(p.Changes) {
		if c.Action == plan.Delete || c.Action == plan.Replace {
			o.workflowCommand("warning", diag.Position{File: c.Range.File, Line: c.Range.Start.Line}, "destructive change",
				c.Ref.String()+" "+fate(c.Action)+", because "+because(c))
		}
	}
	for _, c := range p.Consequences {
		o.workflowCommand("warning", diag.Position{}, c.Rule, consequence(c))
	}
	for _, d := range findings[warnings:] {
		o.command(d)
	}
	o.workflowCommand("notice", diag.Position{}, "accord plan", planLine(p))
	return o.Flush()
}
