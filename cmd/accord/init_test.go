package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// The pipeline files run commands with flags that there are, and actions that
// cannot change under them.
func TestPipelines(t *testing.T) {
	for system := range pipelines {
		t.Run(system, func(t *testing.T) {
			text, err := templateFiles.ReadFile("templates/ci/" + system + ".yml")
			if err != nil {
				t.Fatal(err)
			}
			var root yaml.Node
			if err := yaml.Unmarshal(text, &root); err != nil {
				t.Fatal(err)
			}
			used := map[string]bool{}
			for _, value := range scalars(&root) {
				for _, args := range commandLines(value) {
					used[checkCommand(t, args)] = true
				}
			}
			for _, want := range []string{"accord fmt", "accord validate", "accord plan", "accord show", "accord apply", "accord version"} {
				if !used[want] {
					t.Errorf("no %s in it, but %v", want, slices.Sorted(maps.Keys(used)))
				}
			}
			pinned := regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40}$`)
			for _, use := range values(&root, "uses") {
				if !pinned.MatchString(use) {
					t.Errorf("%s is not pinned to a commit", use)
				}
			}
		})
	}
}

// commandLines are the arguments of each accord that a shell script runs.
func commandLines(script string) [][]string {
	var out [][]string
	script = strings.ReplaceAll(script, "\\\n", " ")
	for line := range strings.Lines(script) {
		_, command, ok := strings.Cut(line, `"$ACCORD" `)
		if !ok {
			continue
		}
		command, _, _ = strings.Cut(command, ">")
		command, _, _ = strings.Cut(command, "||")
		command = strings.ReplaceAll(command, `${DIGEST:+--expect-digest "$DIGEST"}`, "--expect-digest accord1:0")
		var args []string
		for _, f := range strings.Fields(command) {
			args = append(args, strings.Trim(f, `"'`))
		}
		out = append(out, args)
	}
	return out
}

// checkCommand reads a command line as the command does, and returns which
// command it is.
func checkCommand(t *testing.T, args []string) string {
	t.Helper()
	cmd, rest, err := rootCommand(&env{}).Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil {
		t.Errorf("accord %s: %v", strings.Join(args, " "), err)
		return ""
	}
	return cmd.CommandPath()
}

// scalars are all texts of a YAML document.
func scalars(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var out []string
	for _, c := range n.Content {
		out = append(out, scalars(c)...)
	}
	return out
}

// values are the texts with a key, wherever it stands.
func values(n *yaml.Node, key string) []string {
	var out []string
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == key {
			out = append(out, c.Value)
		}
		out = append(out, values(c, key)...)
	}
	return out
}

func TestProjectName(t *testing.T) {
	for _, tc := range []struct{ dir, want string }{
		{"/a/acme", "acme"},
		{"/a/Acme Group", "acme-group"},
		{"/a/_crm_", "crm"},
		{"/a/日本", "my-project"},
		{"/", "my-project"},
		{"/a/" + strings.Repeat("x", 70), strings.Repeat("x", 63)},
	} {
		if got, err := projectName(tc.dir); got != tc.want || err != nil {
			t.Errorf("projectName(%q) = %q, %v, want %q", tc.dir, got, err, tc.want)
		}
	}
}

// Every template has the files that the help names, and none that are the same.
func TestTemplates(t *testing.T) {
	for template := range templates {
		files, err := projectFiles(t.TempDir(), template, "")
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		tests := 0
		for _, f := range files {
			if seen[f.name] {
				t.Errorf("template %q: %s stands twice", template, f.name)
			}
			seen[f.name] = true
			if strings.HasSuffix(f.name, "_test.yaml") {
				tests++
			}
			if depth := strings.Count(f.name, "/"); strings.HasSuffix(f.name, ".yaml") {
				line := fmt.Sprintf("# yaml-language-server: $schema=%s%s\n", strings.Repeat("../", depth), editorSchema)
				if depth == 0 {
					line = fmt.Sprintf("# yaml-language-server: $schema=./%s\n", editorSchema)
				}
				if !strings.HasPrefix(string(f.text), line) {
					t.Errorf("template %q: %s does not begin with %q", template, f.name, line)
				}
			}
		}
		if want := min(len(template), 1); tests != want {
			t.Errorf("template %q has %d tests, want %d", template, tests, want)
		}
	}
}
