package check_test

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"accord/diag"
	"accord/schema"
	"accord/schema/check"

	"github.com/rogpeppe/go-internal/txtar"
)

// files reads the files of a test: a txtar archive, or YAML alone, which is
// main.yaml. Documents without an apiVersion get one as their last line, so
// that tests show what they are about.
func files(text string) fstest.MapFS {
	a := txtar.Parse([]byte(text))
	if strings.TrimSpace(string(a.Comment)) != "" {
		a.Files = append(a.Files, txtar.File{Name: "main.yaml", Data: a.Comment})
	}
	fsys := fstest.MapFS{}
	for _, f := range a.Files {
		data := string(f.Data)
		if strings.HasSuffix(f.Name, ".yaml") {
			documents := strings.Split(strings.TrimSuffix(strings.TrimPrefix(data, "\n"), "\n")+"\n", "---\n")
			for i, d := range documents {
				if strings.TrimSpace(d) != "" && !strings.Contains(d, "apiVersion:") {
					documents[i] = d + "apiVersion: " + schema.APIVersion + "\n"
				}
			}
			data = strings.Join(documents, "---\n")
		}
		fsys[f.Name] = &fstest.MapFile{Data: []byte(data)}
	}
	return fsys
}

// findings loads the files and checks them: what load finds and what the rules
// find, as validate does.
func findings(t testing.TB, fsys fs.FS) diag.List {
	t.Helper()
	g, at, found := resolve(t, fsys)
	found = append(found, check.All(g, at)...)
	found.Sort()
	return found
}

// expect checks the files of a test and compares every finding with what the
// text says. A line with a finding ends in a comment
//
//	between: [acme-de, acme-de] # want connection-to-itself 27 error
//
// of rule, column and severity, several separated by commas. Where no comment
// can stand, more names findings as "rule file:line:column severity".
func expect(t *testing.T, text string, more ...string) {
	t.Helper()
	compare(t, text, func(string) bool { return true }, more)
}

// expectOf is expect for findings of some rules alone: where a test is about
// those, and what it is about is not sound in another way.
func expectOf(t *testing.T, rules []string, text string, more ...string) {
	t.Helper()
	compare(t, text, func(rule string) bool { return slices.Contains(rules, rule) }, more)
}

func compare(t *testing.T, text string, about func(rule string) bool, more []string) {
	t.Helper()
	fsys := files(text)
	want := append(slices.Clone(more), wanted(t, fsys)...)
	slices.Sort(want)
	list := slices.DeleteFunc(findings(t, fsys), func(d diag.Diagnostic) bool { return !about(d.Rule) })
	got := make([]string, len(list))
	for i, d := range list {
		got[i] = fmt.Sprintf("%s %v %v", d.Rule, d.Position, d.Severity)
	}
	slices.Sort(got)
	if slices.Equal(got, want) {
		return
	}
	t.Errorf("got  %q\nwant %q", got, want)
	for _, d := range list {
		t.Logf("%v\n\thelp: %s", d, d.Help)
	}
	for _, name := range slices.Sorted(maps.Keys(fsys)) {
		t.Logf("-- %s --\n%s", name, numbered(string(fsys[name].Data)))
	}
}

// findingOf is the one finding of the rule in the files: for tests of what it
// says.
func findingOf(t *testing.T, rule, text string) diag.Diagnostic {
	t.Helper()
	list := slices.DeleteFunc(findings(t, files(text)), func(d diag.Diagnostic) bool { return d.Rule != rule })
	if len(list) != 1 {
		t.Fatalf("%d findings of %s, want 1: %v", len(list), rule, list)
	}
	return list[0]
}

var wantComment = regexp.MustCompile(`# want ([a-z0-9, -]+)$`)

func wanted(t *testing.T, fsys fstest.MapFS) []string {
	t.Helper()
	var out []string
	for name, f := range fsys {
		for i, line := range strings.Split(string(f.Data), "\n") {
			m := wantComment.FindStringSubmatch(line)
			if m == nil {
				if strings.Contains(line, "# want") {
					t.Fatalf("%s:%d: cannot read %q", name, i+1, line)
				}
				continue
			}
			for w := range strings.SplitSeq(m[1], ",") {
				words := strings.Fields(w)
				if len(words) != 3 {
					t.Fatalf("%s:%d: want a rule, a column and a severity, got %q", name, i+1, w)
				}
				if _, err := strconv.Atoi(words[1]); err != nil {
					t.Fatalf("%s:%d: %v", name, i+1, err)
				}
				out = append(out, fmt.Sprintf("%s %s:%d:%s %s", words[0], name, i+1, words[1], words[2]))
			}
		}
	}
	return out
}

func numbered(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, l := range lines {
		lines[i] = fmt.Sprintf("%3d: %s", i+1, l)
	}
	return strings.Join(lines, "\n")
}

// group is a sound organization of two accounts without a finding: what most
// tests add a document to.
const group = `
kind: Account
metadata: {name: acme-de}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: enterprise, sales: professional}}
---
kind: Account
metadata: {name: acme-us}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: professional, sales: professional}}
---
kind: User
metadata: {name: anna}
spec:
  email: anna@acme.example
  twoFactor: true
  access:
    - {account: acme-de, superAdmin: true, seats: [sales]}
    - {account: acme-us, superAdmin: true, seats: [sales]}
---
kind: Organization
metadata: {name: acme}
spec: {primary: acme-de, accounts: [acme-de, acme-us], administrator: anna}
---
`

func TestSoundGroupHasNoFinding(t *testing.T) { expect(t, group) }
