package load

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"accord/diag"
	"accord/schema"
)

func TestFormat(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"only a comment", "# x\n", "# x\n"},
		{
			"order of the envelope", "spec: {a: 1}\nkind: User\nlifecycle: {preventDestroy: true}\nmetadata: {name: a}\napiVersion: accord/v1\nother: x\n",
			"apiVersion: accord/v1\nkind: User\nmetadata: {name: a}\nlifecycle: {preventDestroy: true}\nspec: {a: 1}\nother: x\n",
		},
		{"indentation", "kind: User\nspec:\n    access:\n    - account: a\n      seats:\n          - sales\n", "kind: User\nspec:\n  access:\n    - account: a\n      seats:\n        - sales\n"},
		{"spaces", "kind:    User\nspec: {  a:   1,b: [ 1,2 ] }   \n", "kind: User\nspec: {a: 1, b: [1, 2]}\n"},
		{"brackets over lines", "spec:\n  a: [1,\n    2]\n  b: {\n    c: d}\n", "spec:\n  a:\n    - 1\n    - 2\n  b:\n    c: d\n"},
		{"comments", "# head\n\n# of kind\nkind: User # line\nspec:\n   # in\n   a: 1\n   # foot\n\n# end\n", "# head\n\n# of kind\nkind: User # line\nspec:\n  # in\n  a: 1\n  # foot\n\n# end\n"},
		{"the head of a file stays", "# license\n\n# of spec\nspec: {}\nkind: User\n", "# license\n\nkind: User\n# of spec\nspec: {}\n"},
		{"blank lines", "\n\nkind: User\n\n\n\nspec:\n  a: 1\n\n  b: 2\n\n\n", "kind: User\n\nspec:\n  a: 1\n\n  b: 2\n"},
		{"documents", "---\na: 1\n\n\n---\n\nb: 2\n---\n# c\nc: 3\n...\n", "a: 1\n---\nb: 2\n---\n# c\nc: 3\n"},
		{"blocks keep their text", "spec:\n      a: |\n         x\n\n           y\n\n      b: >-\n         z\n\n         w\n", "spec:\n  a: |\n    x\n\n      y\n\n  b: >-\n    z\n\n    w\n"},
		{"quotes stay", "a: \"x\"\nb: 'y'\nc: \"yes\"\n", "a: \"x\"\nb: 'y'\nc: \"yes\"\n"},
		{"anchors", "a: &x {b: 1}\nc:\n    <<: *x\n", "a: &x {b: 1}\nc:\n  <<: *x\n"},
		{"the line ends of Windows stay", "a: 1\r\nb:\r\n    c: |\r\n      x\r\n\r\n      y\r\n---\r\n# z\r\nz: 'a\r\n\r\n  b'", "a: 1\r\nb:\r\n  c: |\r\n    x\r\n\r\n    y\r\n---\r\n# z\r\nz: 'a\r\n\r\n  b'\r\n"},
		{"also of what is left as it is", "%YAML 1.1\r\n---\r\na:   1\r\n", "%YAML 1.1\r\n---\r\na:   1\r\n"},
		{"mixed line ends", "a: 1\r\nb:\n    c: 2\r\n", "a: 1\nb:\n  c: 2\n"},
		{"carriage returns alone", "a: 1\rb:\r    c: 2\r\n", "a: 1\nb:\n  c: 2\n"},
		{"no newline at the end", "a: 1", "a: 1\n"},
		{"byte order mark", "\ufeffa:  1\n", "a: 1\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Format([]byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func TestFormatRefusesWhatIsNoYAML(t *testing.T) {
	_, err := Format([]byte("a: 1\n---\nb: c: d\n"))
	var d diag.Diagnostic
	if !errors.As(err, &d) || d.Rule != "yaml-syntax" || d.Line != 3 {
		t.Errorf("got %v", err)
	}
}

// A file says the same and is formatted the same, whatever its lines end with.
func TestFormatKeepsLineEnds(t *testing.T) {
	files, err := filepath.Glob("testdata/language/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	texts := slices.Clone(hard)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	windows := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	for _, text := range texts {
		text = strings.ReplaceAll(text, "\r\n", "\n")
		unix, unixErr := Format([]byte(text))
		got, err := Format([]byte(windows(text)))
		if (err == nil) != (unixErr == nil) || err != nil && err.Error() != unixErr.Error() {
			t.Errorf("%v, and %v with LF:\n%s", err, unixErr, text)
		} else if want := windows(string(unix)); string(got) != want {
			t.Errorf("got\n%q\nwant\n%q", got, want)
		}
	}
}

// The examples are written by hand, and formatted already.
func TestExamplesAreFormatted(t *testing.T) {
	files, err := filepath.Glob("testdata/language/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Format(text)
		if err != nil {
			t.Fatal(err)
		}
		if before, after := values(text), values(got); before != after {
			t.Errorf("%s says something else when it is formatted", name)
		}
		if n, m := bytes.Count(text, []byte("#")), bytes.Count(got, []byte("#")); n != m {
			t.Errorf("%s has %d comments, and %d when it is formatted", name, n, m)
		}
	}
}

func TestMarshal(t *testing.T) {
	yes := true
	for _, tc := range []struct {
		in   *schema.Resource
		want string
	}{
		{&schema.Resource{Kind: schema.KindList, Name: "big", PreventDestroy: true, Labels: map[string]string{"b": "2", "a": "x"}, Spec: &schema.List{
			Placement: schema.Placement{Accounts: []string{"acme-de"}}, Label: "Big: deals", Membership: schema.Membership{Where: "contact.city == \"B\" &&\ncontact.country == \"US\""},
		}}, `apiVersion: accord/v1
kind: List
metadata:
  name: big
  labels: {a: x, b: "2"}
lifecycle: {preventDestroy: true}
spec:
  accounts: [acme-de]
  label: 'Big: deals'
  membership:
    where: |-
      contact.city == "B" &&
      contact.country == "US"
`},
		{&schema.Resource{Kind: schema.KindWorkflow, Name: "w", Spec: &schema.Workflow{
			Account: "a", Trigger: schema.Trigger{On: "manual", Object: "contact"},
			Steps: []schema.Step{
				{Wait: "1h"},
				{SetMarketingContact: &yes},
				{UpsertContact: &schema.UpsertContact{In: "b", Target: "enrolled", CrossSell: "yes", Properties: &schema.Copies{Names: []string{"email"}}}},
			},
		}}, `apiVersion: accord/v1
kind: Workflow
metadata: {name: w}
spec:
  account: a
  trigger: {on: manual, object: contact}
  steps:
    - wait: 1h
    - setMarketingContact: true
    - upsertContact:
        in: b
        target: enrolled
        crossSell: "yes"
        properties: [email]
`},
		{&schema.Resource{Kind: schema.KindProject, Name: "p", Spec: &schema.Project{}}, "apiVersion: accord/v1\nkind: Project\nmetadata: {name: p}\nspec: {}\n"},
	} {
		got, err := Marshal(tc.in)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != tc.want {
			t.Errorf("got\n%s\nwant\n%s", got, tc.want)
		}
	}
}

// What Marshal writes is formatted, sound, and says the same.
func TestMarshalComesBack(t *testing.T) {
	examples := language(t)
	all := slices.Concat(examples.Config.All(), examples.Tests)
	rapid.Check(t, func(t *rapid.T) {
		x := *rapid.SampledFrom(all).Draw(t, "resource")
		x.Description = rapid.StringOf(rapid.SampledFrom([]rune("ab \n\t'\":#-{}[]\\é,yesno1"))).Draw(t, "description")
		text, err := Marshal(&x)
		if err != nil {
			t.Fatal(err)
		}
		name := "a.yaml"
		switch x.Kind {
		case schema.KindProject:
			name = ProjectFile
		case schema.KindWorkflowTest:
			name = "a_test.yaml"
		}
		fsys := fstest.MapFS{name: {Data: text}, "emails/welcome.html": {Data: []byte("<p>Welcome, {{ contact.firstname }}</p>\n")}}
		r, err := Dir(t.Context(), fsys, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := slices.Concat(r.Config.All(), r.Tests)
		if len(got) != 1 || len(r.Diagnostics) > 0 {
			t.Fatalf("%v\n%s", r.Diagnostics, text)
		}
		if a, b := got[0].Canonical(), x.Canonical(); !bytes.Equal(a, b) {
			t.Fatalf("read\n%s\nwrote\n%s\nas\n%s", a, b, text)
		}
		formatted, err := Format(text)
		if err != nil || !bytes.Equal(formatted, text) && !strings.ContainsAny(x.Description, "\n\t") {
			t.Fatalf("%v: written\n%s\nformatted\n%s", err, text, formatted)
		}
	})
}
