package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"accord/diag"
	"accord/schema"
	"accord/schema/check"
	"accord/schema/load"
)

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRulesPageIsCurrent(t *testing.T) {
	if page(t, rulesFile) != rulesPage(check.Rules) {
		t.Errorf("%s is not what the registry says: run go generate ./docs", rulesFile)
	}
}

// blocks are the texts of a page's fenced blocks in a language.
func blocks(text, language string) []string {
	var out []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// All blocks of the language's page are one project, and it is sound. What is
// only pointed out may be there: a page that shows every field is no example to
// follow.
func TestLanguageIsSound(t *testing.T) {
	files := fstest.MapFS{"emails/welcome.html": {Data: []byte("<p>Welcome.</p>")}}
	of := map[string][]string{}
	for _, b := range blocks(page(t, "language.md"), "yaml") {
		name := "resources.yaml"
		switch {
		case strings.Contains(b, "kind: Project\n"):
			name = load.ProjectFile
		case strings.Contains(b, "kind: WorkflowTest\n"):
			name = "language_test.yaml"
		}
		of[name] = append(of[name], b)
	}
	for name, documents := range of {
		files[name] = &fstest.MapFile{Data: []byte(strings.Join(documents, "---\n"))}
	}
	r, err := load.Dir(t.Context(), files, load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range append(r.Diagnostics, check.All(schema.Resolve(r.Config), r)...) {
		t.Logf("%v: %v\n\t%s\n\t%s", d.Severity, d, r.Line(d.File, d.Line), d.Help)
		if d.Severity == diag.Error {
			t.Fail()
		}
	}
	for _, k := range schema.Kinds {
		if len(r.Config.Of(k)) == 0 && (k != schema.KindWorkflowTest || len(r.Tests) == 0) {
			t.Errorf("no block shows a %s", k)
		}
	}
}

// Every field that a schema has is on the language's page.
func TestLanguageIsComplete(t *testing.T) {
	words := map[string]bool{}
	for _, w := range regexp.MustCompile(`[A-Za-z-]+`).FindAllString(page(t, "language.md"), -1) {
		words[w] = true
	}
	for _, k := range schema.Kinds {
		var s any
		if err := json.Unmarshal(load.Schema(k), &s); err != nil {
			t.Fatal(err)
		}
		for _, f := range fields(s) {
			if !words[f] {
				t.Errorf("language.md does not name the field or value %s of %s", f, k)
			}
		}
	}
}

// fields are the names of all properties in a JSON Schema, and the words that
// their values may be.
func fields(s any) []string {
	var out []string
	switch s := s.(type) {
	case map[string]any:
		for key, v := range s {
			if of, ok := v.(map[string]any); ok && key == "properties" {
				for name, property := range of {
					out = append(append(out, name), fields(property)...)
				}
				continue
			}
			if of, ok := v.([]any); ok && key == "enum" {
				for _, word := range of {
					if word, ok := word.(string); ok && !strings.Contains(word, "/") {
						out = append(out, word)
					}
				}
				continue
			}
			out = append(out, fields(v)...)
		}
	case []any:
		for _, v := range s {
			out = append(out, fields(v)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	code    = regexp.MustCompile("(?ms)^ *```.*?^ *```$|`[^`\n]*`")
)

// Links inside the repository lead to files, and to headings, that are there.
func TestLinks(t *testing.T) {
	var pages []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata" || d.Name() == "bin"):
			return fs.SkipDir
		case filepath.Ext(path) == ".md":
			pages = append(pages, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pages {
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(page(t, path), ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			to := path
			if target != "" {
				to = filepath.Join(filepath.Dir(path), filepath.FromSlash(target))
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: the link %s leads nowhere: %v", path, m[1], err)
			} else if anchor != "" && !slices.Contains(anchors(page(t, to)), anchor) {
				t.Errorf("%s: the link %s names no heading of %s", path, m[1], to)
			}
		}
	}
}

// anchors are the headings of a page as links name them.
func anchors(text string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(text, ""), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
				return r
			case r == ' ':
				return '-'
			}
			return -1
		}, strings.ToLower(m[1]))
		out = append(out, name)
	}
	return out
}

// Rules at the end of a finding that the pages show exist.
func TestRulesAreNamedRight(t *testing.T) {
	finding := regexp.MustCompile(`(?m)  \[([a-z]+(?:-[a-z]+)+)\]$`)
	for _, path := range []string{"../README.md", "language.md", "operating.md"} {
		for _, m := range finding.FindAllStringSubmatch(page(t, path), -1) {
			if check.Named(m[1]) == nil {
				t.Errorf("%s names the rule %s, which there is not", path, m[1])
			}
		}
	}
}
