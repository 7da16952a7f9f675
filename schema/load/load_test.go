package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"accord/diag"
	"accord/schema"
)

const user = "apiVersion: accord/v1\nkind: User\nmetadata: {name: %s}\nspec: {email: %s@acme.example}\n"

func names(r *Result) string {
	var out []string
	for _, x := range r.Config.All() {
		out = append(out, x.Ref().String())
	}
	return strings.Join(out, " ")
}

func TestWhichFilesAreRead(t *testing.T) {
	file := func(name string) *fstest.MapFile { return &fstest.MapFile{Data: fmt.Appendf(nil, user, name, name)} }
	project := func(patterns string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("apiVersion: accord/v1\nkind: Project\nmetadata: {name: p}\nspec: {resources: " + patterns + "}\n")}
	}
	all := fstest.MapFS{
		"a.yaml": file("a"), "b.yml": file("b"), "deep/er/c.yaml": file("c"), ".hidden/d.yaml": file("d"), ".e.yaml": file("e"),
		"f.json": {Data: []byte(`{"apiVersion": "accord/v1", "kind": "User", "metadata": {"name": "f"}, "spec": {"email": "f@acme.example"}}`)},
		"g.txt":  {Data: []byte("x")},
	}
	for _, tc := range []struct {
		patterns, want, findings string
	}{
		{"", "User/a User/b User/c", ""},
		{"[]", "Project/p User/a User/b User/c", ""},
		{`["**/*.yaml"]`, "Project/p User/a User/c", ""},
		{`["deep/**", "*.json"]`, "Project/p User/c User/f", ""},
		{`["./a.yaml", "a.*"]`, "Project/p User/a", ""},
		{`[".hidden/*.yaml"]`, "Project/p User/d", ""},
		{`["none/**"]`, "Project/p", `accord.yaml:4:20: no file matches "none/**" [schema]`},
		{`["a.yaml", "../x/*.yaml"]`, "Project/p User/a", `accord.yaml:4:30: "../x/*.yaml" leads out of the project [schema]`},
		{`["[a"]`, "Project/p", `accord.yaml:4:20: "[a" is not a pattern of files [schema]`},
	} {
		fsys := fstest.MapFS{}
		for n, f := range all {
			fsys[n] = f
		}
		if tc.patterns != "" {
			fsys[ProjectFile] = project(tc.patterns)
		}
		r, err := Dir(t.Context(), fsys, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := names(r); got != tc.want {
			t.Errorf("resources %s: read %q, want %q", tc.patterns, got, tc.want)
		}
		var findings []string
		for _, d := range r.Diagnostics {
			findings = append(findings, d.Error())
		}
		if got := strings.Join(findings, "\n"); got != tc.findings {
			t.Errorf("resources %s: found %q, want %q", tc.patterns, got, tc.findings)
		}
	}
}

// A project with a mistake elsewhere still says which files are its own.
func TestBrokenProjectStillNamesItsFiles(t *testing.T) {
	r, err := Dir(t.Context(), fstest.MapFS{
		ProjectFile:   {Data: []byte("apiVersion: accord/v1\nkind: Project\nmetadata: {name: p}\nspec: {resources: [mine/*.yaml], statte: {}}\n")},
		"mine/a.yaml": {Data: fmt.Appendf(nil, user, "a", "a")},
		"other.yaml":  {Data: []byte("not: accord's\n")},
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if names(r) != "User/a" || len(r.Diagnostics) != 1 || !r.Unsound[schema.Ref{Kind: schema.KindProject, Name: "p"}] {
		t.Errorf("%s, %v, %v", names(r), r.Diagnostics, r.Unsound)
	}
}

func TestWhereKindsBelong(t *testing.T) {
	test := "apiVersion: accord/v1\nkind: WorkflowTest\nmetadata: {name: t}\nspec: {}\n"
	r, err := Dir(t.Context(), fstest.MapFS{
		"a_test.yaml": {Data: []byte(test + "---\n" + fmt.Sprintf(user, "u", "u"))},
		"b.yaml":      {Data: []byte(strings.Replace(test, "name: t", "name: lost", 1))},
		"c.yaml":      {Data: []byte("apiVersion: accord/v1\nkind: Project\nmetadata: {name: p}\n")},
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"a_test.yaml:7:7: a file named *_test.yaml holds workflow tests and no User [schema]",
		"b.yaml:2:7: a WorkflowTest stands in a file named *_test.yaml [schema]",
		"c.yaml:2:7: a Project stands in accord.yaml at the root and nowhere else [schema]",
	}
	var got []string
	for _, d := range r.Diagnostics {
		got = append(got, d.Error())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(r.Tests) != 1 || r.Tests[0].Name != "t" || names(r) != "" {
		t.Errorf("tests %v, resources %q", r.Tests, names(r))
	}
}

func TestDuplicates(t *testing.T) {
	one := fmt.Sprintf(user, "anna", "one")
	r, err := Dir(t.Context(), fstest.MapFS{
		"b.yaml": {Data: []byte(one)},
		"a.yaml": {Data: []byte("# first\n" + one + "---\n" + one)},
		"c.yaml": {Data: []byte(strings.Replace(one, "email", "emial", 1))}, // unsound, and a duplicate
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range r.Diagnostics {
		got = append(got, fmt.Sprintf("%s %s %v", d.Position, d.Rule, len(d.Related) == 1 && d.Related[0].String() == "a.yaml:4:18"))
	}
	want := []string{"a.yaml:9:18 duplicate-resource true", "b.yaml:3:18 duplicate-resource true", "c.yaml:3:18 duplicate-resource true", "c.yaml:4:8 schema false"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if names(r) != "User/anna" || r.Config.All()[0].Origin.File != "a.yaml" {
		t.Errorf("%s is kept, of %v", names(r), r.Config.All()[0].Origin)
	}
}

func TestDocumentsAroundABrokenOne(t *testing.T) {
	r := load(t, fmt.Sprintf(user, "one", "one")+"---\nkind: User\nmetadata:\n  name: two\nspec: {email: [}\n---\n"+
		fmt.Sprintf(user, "three", "three")+"---\nx: [1\n...\n"+fmt.Sprintf(user, "four", "four"))
	if got, want := names(r), "User/four User/one User/three"; got != want {
		t.Errorf("read %s, want %s", got, want)
	}
	if len(r.Diagnostics) != 2 || r.Diagnostics[0].Line != 9 || r.Diagnostics[1].Line < 15 || r.Diagnostics[1].Line > 16 {
		t.Errorf("%v", r.Diagnostics)
	}
	if !r.Unsound[schema.Ref{Kind: schema.KindUser, Name: "two"}] {
		t.Errorf("User/two is not known to be there: %v", r.Unsound)
	}
}

func TestEmptyDocumentsAreNothing(t *testing.T) {
	for _, text := range []string{"", "\n", "# only a comment\n", "---\n---\n", "---\n# x\n---\n...\n", "~\n", "\ufeff"} {
		if r := load(t, text); len(r.Diagnostics) > 0 || len(r.Config.All()) > 0 {
			t.Errorf("%q: %v %v", text, r.Diagnostics, names(r))
		}
	}
}

func TestEncoding(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"latin 1", "a: 1\nb: \xe9\n", "a.yaml:2:4: the byte 0xE9 is not UTF-8 [yaml-syntax]"},
		{"utf-16", "\xff\xfea\x00", "a.yaml:1:1: the file is UTF-16 and not UTF-8 [yaml-syntax]"},
		{"control", "a: 1\nb: é\x07\n", "a.yaml:2:5: the control character 0x07 stands in the file [yaml-syntax]"},
		{"bom", "\ufeff" + fmt.Sprintf(user, "a", "a"), ""},
		{"crlf", strings.ReplaceAll(fmt.Sprintf(user, "a", "a"), "\n", "\r\n"), ""},
		{"cr", strings.ReplaceAll(strings.Replace(fmt.Sprintf(user, "a", "a"), "email", "emial", 1), "\n", "\r"), `a.yaml:4:8: unknown field "emial" in spec [schema]`},
		{"anchor of another document", "a: &a 1\n---\nb: *a\n", `a.yaml:1:1: not an accord document: it has no apiVersion, kind and metadata [schema]
a.yaml:3:4: the anchor "a" is in another document [yaml-syntax]`},
		{"anchor of nothing", "b: *a\n", "a.yaml:1:5: unknown anchor 'a' referenced [yaml-syntax]"},
		{"anchor in itself", "b: &a [*a]\n", `a.yaml:1:8: the anchor "a" contains itself [yaml-syntax]`},
		{"merge of a text", "<<: x\n", "a.yaml:1:5: << takes a map or a list of maps [schema]"},
		{"key that is a list", "? [a]\n: b\n", "a.yaml:1:3: a key has to be text [schema]"},
		{"tag", "a: !x y\n", "a.yaml:1:7: the tag !x has no meaning here [schema]"},
		{"no map", "- a\n", "a.yaml:1:1: the document is a list; it has to be a map [schema]"},
	} {
		var got []string
		for _, d := range load(t, tc.text).Diagnostics {
			if tc.name == "merge of a text" || tc.name == "key that is a list" || tc.name == "tag" {
				if strings.Contains(d.Message, "not an accord document") || strings.Contains(d.Message, "unknown field") {
					continue // these documents say nothing else
				}
			}
			got = append(got, d.Error())
		}
		if strings.Join(got, "\n") != tc.want {
			t.Errorf("%s:\n%s\nwant\n%s", tc.name, strings.Join(got, "\n"), tc.want)
		}
	}
}

func TestValuesStayWhatTheyWere(t *testing.T) {
	r := load(t, `apiVersion: accord/v1
kind: Workflow
metadata: {name: w, labels: {1: one, null: none, 2024-01-01: day, t: 2024-01-01}}
spec:
  account: a
  trigger: {on: manual, object: contact}
  steps:
    - setProperties: {a: 1_000, b: 0x1F, c: 2.50, d: 1e3, e: 2024-01-01, f: True, g: ~, h: "7", i: on, j: 1e-7}
`)
	if len(r.Diagnostics) > 0 {
		t.Fatal(r.Diagnostics)
	}
	w := r.Config.All()[0]
	for k, want := range map[string]string{"1": "one", "null": "none", "2024-01-01": "day", "t": "2024-01-01"} {
		if w.Labels[k] != want {
			t.Errorf("label %s is %q, want %q", k, w.Labels[k], want)
		}
	}
	want := map[string]any{"a": 1000.0, "b": 31.0, "c": 2.5, "d": 1000.0, "e": "2024-01-01", "f": true, "g": nil, "h": "7", "i": "on", "j": 1e-7}
	for k, v := range w.Spec.(*schema.Workflow).Steps[0].SetProperties {
		if v.Literal != want[k] {
			t.Errorf("%s is %#v, want %#v", k, v.Literal, want[k])
		}
	}
}

// The result of a run does not depend on the order of files, nor on how the
// documents are laid out in them; findings are the same in any number of
// goroutines.
func TestOrderDoesNotMatter(t *testing.T) {
	var docs []string
	for _, f := range agency(40) {
		docs = append(docs, strings.Split(string(f.Data), "---\n")[1:]...)
	}
	slices.Sort(docs)
	docs = append(docs, docs[0])                                       // a duplicate
	docs = append(docs, strings.Replace(docs[1], "spec:", "spce:", 1)) // and a mistake
	rapid.Check(t, func(t *rapid.T) {
		shuffled := rapid.Permutation(docs).Draw(t, "documents")
		one := fstest.MapFS{}
		for i := 0; len(shuffled) > 0; i++ {
			n := rapid.IntRange(1, len(shuffled)).Draw(t, "in this file")
			one[fmt.Sprintf("%d/%d.yaml", i%3, i)] = &fstest.MapFile{Data: []byte(strings.Join(shuffled[:n], "---\n"))}
			shuffled = shuffled[n:]
		}
		a, err := Dir(context.Background(), one, Options{Parallelism: 1})
		if err != nil {
			t.Fatal(err)
		}
		b, err := Dir(context.Background(), one, Options{Parallelism: 4})
		if err != nil {
			t.Fatal(err)
		}
		whole, err := Dir(context.Background(), fstest.MapFS{"x.yaml": {Data: []byte(strings.Join(docs, "---\n"))}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if a.Digest != b.Digest || a.Diagnostics.Error() != b.Diagnostics.Error() {
			t.Fatalf("%s\n%v\n%s\n%v", a.Digest, a.Diagnostics, b.Digest, b.Diagnostics)
		}
		if names(a) == names(whole) && a.Digest != whole.Digest {
			t.Fatalf("the digest depends on the layout of files")
		}
	})
}

func TestDigest(t *testing.T) {
	base := fmt.Sprintf(user, "a", "a")
	digest := func(text string) string { return load(t, text).Digest }
	for name, same := range map[string]string{
		"comment": "# x\n" + base, "default": strings.Replace(base, "spec: {", "spec: {twoFactor: false, ", 1), "quotes": strings.Replace(base, "User", `"User"`, 1),
	} {
		if digest(same) != digest(base) {
			t.Errorf("%s: the digest differs", name)
		}
	}
	for name, other := range map[string]string{
		"value": strings.Replace(base, "@", "b@", 1), "name": strings.Replace(base, "name: a", "name: b", 1),
		"old name": strings.Replace(base, "name: a", "name: a, renamedFrom: z", 1), "none": "",
	} {
		if digest(other) == digest(base) {
			t.Errorf("%s: the digest is the same", name)
		}
	}
}

func TestUnreadableFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("good.yaml", fmt.Sprintf(user, "a", "a"), 0o600)
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("folder", filepath.Join(dir, "folder.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..", filepath.Join(dir, "up.yaml")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	want := map[string]string{
		"dangling.yaml": "the file does not exist, or is a link to nothing", "up.yaml": "the file path escapes from parent",
		"folder.yaml": "the file is not a regular file, but a folder",
	}
	if os.Getuid() != 0 {
		write("secret.yaml", "x", 0)
		want["secret.yaml"] = "the file cannot be read: permission denied"
	}
	r, err := Dir(t.Context(), root.FS(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if names(r) != "User/a" || len(r.Diagnostics) != len(want) {
		t.Fatalf("%s, %v", names(r), r.Diagnostics)
	}
	for _, d := range r.Diagnostics {
		if d.Message != want[d.File] || d.Rule != "yaml-syntax" {
			t.Errorf("%v, want %q", d, want[d.File])
		}
	}
}

func TestDevicesAreNotRead(t *testing.T) {
	for mode, want := range map[fs.FileMode]string{
		fs.ModeDevice | fs.ModeCharDevice: "the file is not a regular file, but a device",
		fs.ModeIrregular:                  "the file is not a regular file, but something else",
	} {
		r, err := Dir(t.Context(), fstest.MapFS{"a.yaml": {Data: fmt.Appendf(nil, user, "a", "a"), Mode: mode | 0o600}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if names(r) != "" || len(r.Diagnostics) != 1 || r.Diagnostics[0].Message != want {
			t.Errorf("%v: read %q, found %v, want %q", mode, names(r), r.Diagnostics, want)
		}
	}
}

func TestProgramErrors(t *testing.T) {
	if _, err := Dir(t.Context(), os.DirFS(filepath.Join(t.TempDir(), "nowhere")), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that there is not: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Dir(ctx, agency(100), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ended: %v", err)
	}
}

// Input that was made to do harm ends in a finding, in a moment and in little
// memory.
func TestHostileInput(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 12 {
		bomb += fmt.Sprintf("a%[2]d: &a%[2]d [%[1]s]\n", strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "), i+1)
	}
	chain := "a0: &a0 [x]\n"
	for i := range 300 {
		chain += fmt.Sprintf("a%d: &a%d [*a%d]\n", i+1, i+1, i)
	}
	long := "a: &a " + strings.Repeat("x", 3<<20) + "\nb: [*a, *a, *a, *a]\n"
	for _, tc := range []struct{ name, text, want string }{
		{"alias bomb", bomb, "when its aliases are expanded"},
		{"long text in aliases", long, "when its aliases are expanded"},
		{"deep by aliases", chain, "nested deeper than 200"},
		{"merge bomb", "a: &a {b: 1}\n" + strings.Repeat("c: {<<: *a, <<: *a}\n", 1000), "stands twice"},
		{"deep in brackets", strings.Repeat("[", 10_000), ""},
		{"deep and closed", strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), "nested deeper than 200"},
		{"deep in maps", strings.Repeat("{a: ", 9_000) + "x" + strings.Repeat("}", 9_000), "nested deeper than 200"},
		{"deep in blocks", strings.Repeat("- ", 20_000) + "x\n", "nested deeper than 200"},
		{"10 MiB of text", "a: " + strings.Repeat("x", 10<<20) + "\n", "larger than 4 MiB"},
		{"values without end", "[" + strings.Repeat("a,", 2_000_000) + "]", "may hold more than 500000 values"},
		{"as many values as can be", "a: [" + strings.Repeat("a,", MaxNodes/2-4) + "]", "not an accord document"},
		{"a million documents", strings.Repeat("---\n", 1_000_000), "more than 100000 documents"},
		{"a million mistakes", strings.Repeat("---\na\n", 90_000), "more than 1000 findings"},
		{"broken documents", strings.Repeat("---\na: b: c\n", 90_000), "more than 1000 findings"},
		{"a long broken one", strings.Repeat("a: b\n", 40_000) + "]\n", ""},
		{"quotes", `a: "` + strings.Repeat(`\"`, 1<<20), ""},
		{"comments", strings.Repeat("# x\n", 500_000), "-"},
		{"commented keys", strings.Repeat("# x\n", 100_000) + "a: 1\n", "not an accord document"},
		{"anchors", strings.Repeat("- &a x\n", 60_000), "has to be a map"},
		{"question marks", strings.Repeat("? ", 20_000), ""},
		{"indentation", strings.Repeat(" ", 2<<20) + "a: 1\n", "not an accord document"},
		{"tabs", strings.Repeat("\t", 2<<20), "-"},
		{"unknown fields on one line", "{apiVersion: accord/v1, kind: Project, metadata: {name: a}, x: 1" + strings.Repeat(", aaaaaaaaaa: 1", 40_000) + "}", "stands twice"},
		{"different ones", "{apiVersion: accord/v1, kind: Project, metadata: {name: a}" + func() string {
			var b strings.Builder
			for i := range 60_000 {
				fmt.Fprintf(&b, ", k%d: 1", i)
			}
			return b.String()
		}() + "}", "unknown field"},
		{"wrong values", "{apiVersion: accord/v1, kind: Project, metadata: {name: a}, spec: {resources: [" + strings.Repeat("1,", 200_000) + "]}}", "has to be text"},
		{"keys", func() string {
			var b strings.Builder
			for i := range 100_000 {
				fmt.Fprintf(&b, "k%d: 1\n", i)
			}
			return b.String()
		}(), "not an accord document"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fsys := fstest.MapFS{}
			for i := range 2 { // beside each other
				fsys[fmt.Sprintf("%d.yaml", i)] = &fstest.MapFile{Data: []byte(tc.text)}
			}
			runtime.GC()
			peak, stop := watchHeap()
			start := time.Now()
			r, err := Dir(t.Context(), fsys, Options{Parallelism: 2})
			took := time.Since(start)
			stop()
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(r.Diagnostics, func(d diag.Diagnostic) bool { return strings.Contains(d.Message, tc.want) }) != (tc.want == "-") {
				t.Errorf("found %.300v, want %q", r.Diagnostics.Error(), tc.want)
			}
			if len(r.Diagnostics) > 2*MaxFindings {
				t.Errorf("%d findings", len(r.Diagnostics))
			}
			if got := *peak >> 20; got > 400 {
				t.Errorf("%d MiB of memory", got)
			}
			if took > 2*time.Minute { // a hang, also on a busy machine with the race detector
				t.Errorf("took %v", took)
			}
			t.Logf("%v, %d MiB", took.Round(time.Millisecond), *peak>>20)
		})
	}
}

// watchHeap samples how much memory the process has in its heap, until stop.
func watchHeap() (peak *uint64, stop func()) {
	peak = new(uint64)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			*peak = max(*peak, m.HeapInuse)
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return peak, func() { close(done); <-ended }
}
