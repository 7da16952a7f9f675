// Package examples_test holds the examples to what they promise: each is sound
// under every rule, without so much as a hint, and together they show the whole
// language.
package examples_test

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"accord/diag"
	"accord/schema"
	"accord/schema/check"
	"accord/schema/load"
)

// projects are the examples, and how many resources each declares.
var projects = map[string]int{
	"two-brands":     5,
	"multi-brand":    52,
	"agency":         17,
	"owner-rotation": 10,
}

// read loads an example and returns it with every finding.
func read(t *testing.T, name string) (*load.Result, diag.List) {
	t.Helper()
	r, err := load.Dir(t.Context(), os.DirFS(name), load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r, append(r.Diagnostics, check.All(schema.Resolve(r.Config), r)...)
}

func TestExamplesAreSound(t *testing.T) {
	for name, want := range projects {
		t.Run(name, func(t *testing.T) {
			r, findings := read(t, name)
			for _, d := range findings {
				t.Errorf("%s/%v\n\t%s", name, d, d.Help)
			}
			got := 0
			for _, x := range r.Config.All() {
				if x.Kind.Managed() {
					got++
				}
			}
			if got != want {
				t.Errorf("%d resources, want %d", got, want)
			}
		})
	}
}

// A folder of examples that this file does not know is not tested by it.
func TestEveryFolderIsKnown(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, ok := projects[e.Name()]; e.IsDir() && !ok && e.Name() != "generate" {
			t.Errorf("examples/%s has no line in this test", e.Name())
		}
	}
}

func TestMultiBrandShowsEveryKind(t *testing.T) {
	r, _ := read(t, "multi-brand")
	for _, k := range schema.Kinds {
		if n := len(r.Config.Of(k)); n == 0 && (k != schema.KindWorkflowTest || len(r.Tests) == 0) {
			t.Errorf("multi-brand has no %v", k)
		}
	}
}

// Every way to act, and every trigger, is shown by an example.
func TestExamplesShowEveryStepAndTrigger(t *testing.T) {
	steps := []string{
		"upsertContact", "createDeal", "assignOwner", "setProperties", "setMarketingContact", "setSubscriptions", "wait", "if",
	}
	events := []string{
		schema.EventCreated, schema.EventPropertyChanged, schema.EventMatches, schema.EventSubmitted, schema.EventJoined, schema.EventManual,
	}
	for name := range projects {
		r, _ := read(t, name)
		for _, x := range r.Config.Of(schema.KindWorkflow) {
			w := x.Spec.(*schema.Workflow)
			events = slices.DeleteFunc(events, func(e string) bool { return e == w.Trigger.Event() })
			for _, s := range w.AllSteps() {
				steps = slices.DeleteFunc(steps, func(a string) bool { return a == s.Action() })
			}
		}
	}
	if len(steps) > 0 || len(events) > 0 {
		t.Errorf("no example shows the steps %v and the triggers %v", steps, events)
	}
}

// Each README says what to edit and what accord answers.
func TestEdits(t *testing.T) {
	for _, tc := range []struct {
		example, file, old, new string
		want                    []string // rules, each once
	}{
		{"two-brands", "organization.yaml", "between: [acme-de, acme-us]", "between: [acme-de, acme-de]", []string{"connection-to-itself"}},
		{"two-brands", "organization.yaml", "between: [acme-de, acme-us]", "between: [acme-de, acme-su]", []string{"reference-unknown"}},
		{
			"two-brands", "organization.yaml", "  hosting: eu1\n  subscriptions: {sales", "  hosting: na1\n  subscriptions: {sales",
			[]string{"hosting-location-differs"},
		},
		{
			"two-brands", "organization.yaml", "{account: acme-us, superAdmin: true, seats: [sales], ", "{account: acme-us, superAdmin: true, ",
			[]string{"mirroring-without-viewers"},
		},
		{"multi-brand", "workflows/forward-form-submissions/forward.yaml", "            createIfMissing: true # without", "            # without", nil},
		{"multi-brand", "workflows/cross-sell/won-deals.yaml", `"closedwon"]`, `"closedwonn"]`, []string{"condition-never-holds"}},
		{
			"multi-brand", "accounts/acme-us.yaml", "  labels: {group: acme, sells: direct}\n", "",
			[]string{"pipeline-not-found", "reference-unknown"},
		},
		{"agency", "agency.yaml", "employeeEmailDomain: agency.example", "employeeEmailDomain: gmail.com", []string{"partner-domain-shared"}},
		{"agency", "people.yaml", "superAdmin: true, ", "", []string{"partner-needs-super-admin"}},
		{"agency", "clients/acme/organization.yaml", "  limits: extended\n", "", []string{"property-not-writable"}},
		{"agency", "agency.yaml", "accounts: [acme-de, globex]", "accounts: [acme-de]", []string{"employee-needs-client-access"}},
		{"agency", "agency.yaml", "  clientAccess:\n    - {user: freelancer, accounts: [acme-de, globex]}\n", "", nil},
		{"owner-rotation", "account.yaml", "plan: premium", "plan: standard", []string{"rotation-needs-premium"}},
		{"owner-rotation", "account.yaml", "  apps: [automation]\n", "", []string{"automation-app-missing"}},
		{"owner-rotation", "workflows.yaml", "rotate: [{user: anna, weight: 3}, ben, chloe]", "rotate: [anna]", []string{"rotation-needs-two-users"}},
		{"owner-rotation", "workflows.yaml", "{user: eva, list: crm-contacts}", "{user: eva}", []string{"default-list-missing"}},
	} {
		t.Run(tc.example+" "+tc.file+" "+strings.Join(tc.want, " "), func(t *testing.T) {
			text, err := os.ReadFile(path.Join(tc.example, tc.file))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), tc.old) {
				t.Fatalf("%s does not contain %q", tc.file, tc.old)
			}
			fsys := edited{os.DirFS(tc.example), tc.file, strings.Replace(string(text), tc.old, tc.new, 1)}
			r, err := load.Dir(t.Context(), fsys, load.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range append(r.Diagnostics, check.All(schema.Resolve(r.Config), r)...) {
				got = append(got, d.Rule)
				t.Logf("%v\n\t%s", d, d.Help)
			}
			if slices.Sort(got); !slices.Equal(slices.Compact(got), tc.want) {
				t.Errorf("found %v, want %v", got, tc.want)
			}
		})
	}
}

// edited is a file system in which one file has another text.
type edited struct {
	fs.FS
	name, text string
}

func (e edited) Open(name string) (fs.File, error) {
	if name == e.name {
		return fstest.MapFS{name: {Data: []byte(e.text)}}.Open(name)
	}
	return e.FS.Open(name)
}

// What a README links to is there.
func TestLinks(t *testing.T) {
	for name := range projects {
		text, err := fs.ReadFile(os.DirFS(name), "README.md")
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "](")[1:] {
			link, _, _ := strings.Cut(part, ")")
			if _, err := os.Stat(path.Join(name, link)); err != nil {
				t.Errorf("%s/README.md links to %s: %v", name, link, err)
			}
		}
	}
}
