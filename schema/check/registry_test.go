package check_test

import (
	"regexp"
	"slices"
	"testing"

	"accord/diag"
	"accord/schema/check"
)

// documented are the rules of the documentation, in its order, that can be
// broken before anything runs. A rule is never renamed and never lost.
var documented = []string{
	"yaml-syntax", "schema", "duplicate-resource", "reference-unknown", "secret-inline", "prevent-destroy",

	"organization-needs-enterprise", "organization-too-large", "primary-not-member", "account-in-two-organizations",
	"account-tier-too-low", "account-not-eligible", "account-deactivated", "hosting-location-differs",
	"administrator-not-super-admin", "administrator-without-two-factor", "membership-needs-enterprise",

	"connection-outside-organization", "connection-to-itself", "duplicate-connection", "connection-without-features",
	"sensitive-source", "direction-needs-from",

	"mirroring-needs-sales-or-service", "mirroring-without-viewers",

	"asset-copy-not-connected", "asset-kind-not-copyable", "asset-not-found",

	"workflows-need-professional", "workflow-not-connected", "workflow-account-not-in-organization",
	"target-does-not-fit-trigger", "contact-source-missing", "property-not-writable", "cross-sell-property-missing",
	"pipeline-not-found", "stage-not-found", "consent-missing", "follow-up-missing", "workflow-loop",
	"condition-invalid", "condition-never-holds",

	"automation-app-missing", "rotation-needs-premium", "rotation-needs-two-users", "default-list-missing",
	"owner-not-a-user",

	"partner-account-needed", "partner-domain-shared", "partner-domain-not-unique", "partner-domain-invalid",
	"partner-domain-missing", "partner-needs-super-admin", "client-access-not-a-client",
	"employee-needs-client-access", "partner-domain-minority",
}

func TestEveryDocumentedRuleIsRegistered(t *testing.T) {
	for _, name := range documented {
		if check.Named(name) == nil {
			t.Errorf("%s is not registered", name)
		}
	}
}

func TestRulesSayWhatTheyAreFor(t *testing.T) {
	seen := map[string]bool{}
	word := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, r := range check.Rules {
		if seen[r.Name] {
			t.Errorf("%s is registered twice", r.Name)
		}
		seen[r.Name] = true
		if !word.MatchString(r.Name) {
			t.Errorf("%q is no name of a rule", r.Name)
		}
		if r.Statement == "" || r.Reason == "" || len(r.Source) == 0 || len(r.When) == 0 {
			t.Errorf("%s lacks a statement, a reason, a source or when it is checked", r.Name)
		}
		if (r.Breaks == "" || r.Holds == "") && r.Example == "" {
			t.Errorf("%s has neither two configurations nor an example in words", r.Name)
		}
	}
}

// TestExamples proves of each rule that its first example breaks it, and
// nothing else that would stop a plan, and that its second holds.
func TestExamples(t *testing.T) {
	for _, r := range check.Rules {
		t.Run(r.Name, func(t *testing.T) {
			if r.Breaks != "" {
				list := findings(t, files(r.Breaks))
				if !slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Rule == r.Name }) {
					t.Errorf("no finding in the example that breaks it\n%s", numbered(r.Breaks))
				}
				for _, d := range list {
					if d.Rule != r.Name && d.Severity == diag.Error {
						t.Errorf("another error in the example that breaks it: %v", d)
					}
					if d.Rule == r.Name && (d.Line == 0 || d.Message == "" || d.Help == "") {
						t.Errorf("a finding without a line, a message or help: %+v", d)
					}
				}
			}
			if r.Holds != "" {
				for _, d := range findings(t, files(r.Holds)) {
					if d.Rule == r.Name || d.Severity == diag.Error {
						t.Errorf("a finding in the example that holds: %v\n%s", d, numbered(r.Holds))
					}
				}
			}
		})
	}
}
