package view

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"accord/diag"
	"accord/schema/check"
)

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

// The parts of SARIF 2.1.0 that are used. Columns count runes, as ours do.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string      `json:"id"`
		Short   sarifText   `json:"shortDescription"`
		Full    *sarifText  `json:"fullDescription,omitempty"`
		Help    sarifHelp   `json:"help"`
		Default sarifConfig `json:"defaultConfiguration"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifHelp struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations,omitempty"`
		Related      []sarifLocation   `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		ID       int            `json:"id,omitempty"`
		Message  *sarifText     `json:"message,omitempty"`
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

// findingsSARIF writes SARIF 2.1.0: one run, empty where there is no finding.
func findingsSARIF(w io.Writer, list diag.List, version string) error {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "accord", Version: version, Rules: []sarifRule{}}},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
	}
	index := map[string]int{}
	for _, d := range list {
		if _, ok := index[d.Rule]; !ok {
			index[d.Rule] = 0
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(d))
		}
	}
	rules := run.Tool.Driver.Rules
	slices.SortFunc(rules, func(a, b sarifRule) int { return strings.Compare(a.ID, b.ID) })
	for i, r := range rules {
		index[r.ID] = i
	}
	seen := map[string]int{}
	for _, d := range list {
		r := sarifResult{
			RuleID: d.Rule, RuleIndex: index[d.Rule], Level: sarifLevel(d.Severity), Message: sarifText{sentence(d)},
		}
		if l := sarifAt(d.Position); l.Physical != nil || d.Address != "" {
			if d.Address != "" {
				l.Logical = []sarifLogical{{d.Address, "resource"}}
			}
			r.Locations = []sarifLocation{l}
		}
		for i, rel := range d.Related {
			l := sarifAt(rel.Position)
			l.ID, l.Message = i+1, &sarifText{visible(rel.Message)}
			r.Related = append(r.Related, l)
		}
		print := fingerprint(d)
		seen[print]++
		r.Fingerprints = map[string]string{"primaryLocationLineHash": print + ":" + strconv.Itoa(seen[print])}
		run.Results = append(run.Results, r)
	}
	return JSON(w, sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	})
}

func sarifRuleOf(d diag.Diagnostic) sarifRule {
	out := sarifRule{ID: d.Rule, Short: sarifText{d.Rule}, Default: sarifConfig{sarifLevel(d.Severity)}}
	out.Help = sarifHelp{Text: "See: accord explain " + d.Rule, Markdown: "See `accord explain " + d.Rule + "`."}
	r := check.Named(d.Rule)
	if r == nil { // a policy of the project
		return out
	}
	out.Short.Text, out.Default.Level = r.Statement, sarifLevel(r.Severity)
	reason := joinLines(r.Reason)
	if reason == "" {
		return out
	}
	out.Full = &sarifText{r.Statement + "\n" + reason}
	out.Help.Text = reason + "\n" + out.Help.Text
	out.Help.Markdown = reason + "\n\n" + out.Help.Markdown
	return out
}

func sarifLevel(s diag.Severity) string {
	if s == diag.Info {
		return "note"
	}
	return s.String()
}

func sarifAt(p diag.Position) sarifLocation {
	if p.File == "" {
		return sarifLocation{}
	}
	// A path is made a relative URI: its colons and spaces are escaped.
	physical := &sarifPhysical{Artifact: sarifArtifact{(&url.URL{Path: p.File}).String()}}
	if p.Line > 0 {
		physical.Region = &sarifRegion{p.Line, p.Column, p.EndColumn}
	}
	return sarifLocation{Physical: physical}
}

// fingerprint tells a finding from others while its file changes around it:
// lines are no part of it.
func fingerprint(d diag.Diagnostic) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{d.Rule, d.File, d.Address, d.Message}, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// sentence is a finding's message with what to do.
func sentence(d diag.Diagnostic) string {
	if d.Help == "" {
		return visible(d.Message)
	}
	return visible(d.Message) + "\n" + visibleLines(strings.TrimSpace(d.Help))
}

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

// The parts of JUnit's XML that CI systems read.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitFailure `xml:"failure"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// findingsJUnit writes each error as a test that failed, and each warning as one
// that passed and has something to say. A clean configuration is one test that
// passed, because a report without tests counts as broken.
func findingsJUnit(w io.Writer, list diag.List) error {
	suite := junitSuite{Name: "accord validate", Cases: []junitCase{}}
	for _, d := range list {
		c := junitCase{
			Name:  fmt.Sprintf("%s: %s", d.Rule, visible(d.Message)),
			Class: visible(firstOf(d.Address, d.File, "configuration")), File: visible(d.File), Line: d.Line,
		}
		text := sentence(d)
		if d.File != "" {
			text = visible(d.Position.String()) + ": " + text
		}
		if d.Severity == diag.Error {
			c.Failure = &junitFailure{visible(d.Message), d.Rule, text}
			suite.Failures++
		} else {
			c.Out = d.Severity.String() + ": " + text
		}
		suite.Cases = append(suite.Cases, c)
	}
	if len(suite.Cases) == 0 {
		suite.Cases = append(suite.Cases, junitCase{Name: "the configuration is valid", Class: "configuration"})
	}
	suite.Tests = len(suite.Cases)
	out, err := xml.MarshalIndent(junitSuites{
		Tests: suite.Tests, Failures: suite.Failures, Suites: []junitSuite{suite},
	}, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, out)
	return err
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
