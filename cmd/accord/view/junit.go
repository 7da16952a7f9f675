package view

import (
	"encoding/xml"
	"fmt"
	"io"

	"accord/diag"
)

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
