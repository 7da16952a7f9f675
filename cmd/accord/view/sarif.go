package view

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"accord/diag"
	"accord/schema/check"
)

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
		mark := fingerprint(d)
		seen[mark]++
		r.Fingerprints = map[string]string{"primaryLocationLineHash": mark + ":" + strconv.Itoa(seen[mark])}
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
