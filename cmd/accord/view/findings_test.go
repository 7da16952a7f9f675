package view

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"accord/diag"
)

func TestFindings(t *testing.T) {
	for _, tc := range []struct {
		name string
		list diag.List
	}{
		{"findings", sampleFindings()},
		{"findings_clean", nil},
		{"findings_warnings", sampleFindings()[2:]},
	} {
		for _, format := range []string{"text", "json", "sarif", "github", "junit"} {
			t.Run(tc.name+"_"+format, func(t *testing.T) {
				golden(t, tc.name+"_"+format, func(w io.Writer) error {
					return Findings(w, tc.list, FindingsOptions{Format: format, Line: sampleLine, Version: "1.2.3"})
				})
			})
		}
	}
	t.Run("color", func(t *testing.T) {
		golden(t, "findings_color", func(w io.Writer) error {
			return Findings(w, sampleFindings()[:1], FindingsOptions{Style: Style{Color: true, Width: 80}, Line: sampleLine})
		})
	})
	if err := Findings(io.Discard, nil, FindingsOptions{Format: "yaml"}); err == nil {
		t.Error("an unknown format is taken")
	}
}

// The block of product.md, letter for letter.
func TestFindingIsTheContract(t *testing.T) {
	d := sampleFindings()[0]
	d.Related = nil
	got := written(t, func(w io.Writer) error { return Findings(w, diag.List{d}, FindingsOptions{Line: sampleLine}) })
	want := "Error: acme-de has no workflows connection to acme-us  [workflow-not-connected]\n" +
		"\n" +
		"  on workflows/cross-sell.yaml line 14, in Workflow/cross-sell-won-deals:\n" +
		"  14:         in: acme-us\n" +
		"                  ^^^^^^^\n" +
		"Add the feature `workflows` to Connection/de-us (connections.yaml:3), or choose another account.\n"
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant it to begin with\n%s", got, want)
	}
}

func TestFindingsWriteErrors(t *testing.T) {
	for _, format := range []string{"text", "json", "sarif", "github", "junit"} {
		err := Findings(failing{}, sampleFindings(), FindingsOptions{Format: format})
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: got %v, want the error of the stream", format, err)
		}
	}
}

func TestCarets(t *testing.T) {
	for _, tc := range []struct {
		name, line string
		from, to   int
		want       string
	}{
		{"a word", "  in: acme-us", 7, 14, "  7:   in: acme-us\n           ^^^^^^^\n"},
		{"no end", "  in: acme-us", 7, 0, "  7:   in: acme-us\n           ^\n"},
		{"no column", "  in: acme-us", 0, 0, "  7:   in: acme-us\n"},
		{"behind the end", "in:", 4, 5, "  7: in:\n        ^\n"},
		{"after a tab", "\tin: x", 6, 7, "  7:         in: x\n                 ^\n"},
		{"wide letters before", "很好: x", 5, 6, "  7: 很好: x\n           ^\n"},
		{"wide letters marked", "a: 很好", 4, 6, "  7: a: 很好\n        ^^^^\n"},
		{"a mark on a letter", "a: e\u0301x y", 8, 9, "  7: a: e\u0301x y\n           ^\n"},
		{"a control character", "a: \x1b[2J", 4, 5, "  7: a: \\x1b[2J\n        ^^^^\n"},
		{"a line that is not there", "", 3, 4, ""},
		{"an end before the beginning", "abc", 2, 1, "  7: abc\n      ^\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := written(t, func(w io.Writer) error {
				o := newOutput(w, Style{})
				p := diag.Position{File: "f", Line: 7, Column: tc.from, EndColumn: tc.to}
				o.source(p, func(string, int) string { return tc.line }, red)
				return o.Flush()
			})
			if got != tc.want {
				t.Errorf("%q at %d to %d:\n%q, want\n%q", tc.line, tc.from, tc.to, got, tc.want)
			}
		})
	}
}

// What is wrong can be seen in a line that is too long to be shown.
func TestLongLine(t *testing.T) {
	line := strings.Repeat("很", 5000) + "HERE" + strings.Repeat("b", 5000)
	got := written(t, func(w io.Writer) error {
		o := newOutput(w, Style{})
		o.source(diag.Position{File: "f", Line: 1, Column: 5001, EndColumn: 5005}, func(string, int) string { return line }, red)
		return o.Flush()
	})
	text, carets, _ := strings.Cut(got, "\n")
	if width(text) > maxSource+10 {
		t.Errorf("the line is %d columns wide", width(text))
	}
	before, _, ok := strings.Cut(text, "HERE")
	if want := strings.Repeat(" ", width(before)) + "^^^^\n"; !ok || carets != want {
		t.Errorf("got\n%s", got)
	}
}

func TestFindingsJSONHasTheNamesOfTheContract(t *testing.T) {
	got := written(t, func(w io.Writer) error { return Findings(w, sampleFindings()[:1], FindingsOptions{Format: "json"}) })
	var doc struct {
		FormatVersion string
		Valid         *bool
		Diagnostics   []struct {
			Rule, Severity, Message, Help, Address, File string
			Line, Column, EndColumn                      int
			Related                                      []struct {
				File, Message string
				Line, Column  int
			}
		}
		Summary struct{ Errors, Warnings, Infos int }
	}
	dec := json.NewDecoder(strings.NewReader(got))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	d := doc.Diagnostics[0]
	if doc.Valid == nil || *doc.Valid || doc.Summary.Errors != 1 || d.Severity != "error" || d.Column != 13 || d.EndColumn != 20 || d.Related[0].Column != 9 {
		t.Errorf("got %s", got)
	}
}

func TestSARIFFingerprints(t *testing.T) {
	prints := func(list diag.List) (out []string) {
		var log sarifLog
		text := written(t, func(w io.Writer) error { return Findings(w, list, FindingsOptions{Format: "sarif"}) })
		if err := json.Unmarshal([]byte(text), &log); err != nil {
			t.Fatal(err)
		}
		for _, r := range log.Runs[0].Results {
			out = append(out, r.Fingerprints["primaryLocationLineHash"])
			if rule := log.Runs[0].Tool.Driver.Rules[r.RuleIndex].ID; rule != r.RuleID {
				t.Errorf("the rule of %s is %s", r.RuleID, rule)
			}
		}
		return out
	}
	list := sampleFindings()
	before := prints(list)
	list[0].Line += 10
	after := prints(list)
	for i := range before {
		if before[i] != after[i] {
			t.Errorf("finding %d has another fingerprint when its line moves", i)
		}
		for j := range i {
			if before[i] == before[j] {
				t.Errorf("findings %d and %d have the same fingerprint", i, j)
			}
		}
	}
	if twice := prints(append(sampleFindings()[:1], sampleFindings()[:1]...)); twice[0] == twice[1] {
		t.Error("two findings that say the same have the same fingerprint")
	}
}

func TestJUnitIsXML(t *testing.T) {
	list := sampleFindings()
	list[0].Message = "a \x00 <b> ]]> \u202e"
	text := written(t, func(w io.Writer) error { return Findings(w, list, FindingsOptions{Format: "junit"}) })
	var doc junitSuites
	if err := xml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if doc.Tests != 4 || doc.Failures != 2 || doc.Suites[0].Cases[0].Failure.Message != `a \x00 <b> ]]> \u202e` {
		t.Errorf("got %+v", doc)
	}
}

func TestWorkflowCommandsAreEscaped(t *testing.T) {
	list := diag.List{
		{Rule: "b", Severity: diag.Info, Message: "last"},
		{Rule: "a", Severity: diag.Error, Message: "first\n::set-output name=x::50%\r", Position: diag.Position{File: "a,b:c\n.yaml", Line: 1}},
	}
	got := written(t, func(w io.Writer) error { return Findings(w, list, FindingsOptions{Format: "github"}) })
	want := "::error file=a%2Cb%3Ac\\n.yaml,line=1,title=a::first\\n::set-output name=x::50%25\\r\n::notice title=b::last\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestError(t *testing.T) {
	got := written(t, func(w io.Writer) error {
		Error(w, fmt.Errorf("read account: %w", errors.Join(errors.New("\x1b[31mno"), errors.New("second line"))), Style{})
		return nil
	})
	if want := "Error: read account: \\x1b[31mno\nsecond line\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
