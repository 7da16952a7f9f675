package main

import (
	"testing"

	"accord/diag"
	"accord/plan"
)

// What a team forbids itself is another code than what the product refuses, which
// comes first.
func TestPlanCode(t *testing.T) {
	policy := diag.Diagnostic{Rule: "Policy/no-deletes", Severity: diag.Error}
	product := diag.Diagnostic{Rule: "reference-unknown", Severity: diag.Error}
	warning := diag.Diagnostic{Rule: "reference-unknown", Severity: diag.Warning}
	for _, tc := range []struct {
		name     string
		findings diag.List
		want     int
	}{
		{"nothing", nil, exitOK},
		{"a warning", diag.List{warning}, exitOK},
		{"a policy", diag.List{policy}, exitRefused},
		{"a policy and a warning", diag.List{policy, warning}, exitRefused},
		{"the product", diag.List{product}, exitError},
		{"both", diag.List{policy, product}, exitError},
	} {
		pl := &plan.Plan{Diagnostics: tc.findings, Errored: tc.findings.HasErrors()}
		if got := planCode(pl, false); got != tc.want {
			t.Errorf("%s: exit %d, want %d", tc.name, got, tc.want)
		}
	}
}
