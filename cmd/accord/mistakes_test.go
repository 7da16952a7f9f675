package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// leastMistakes is how many different ones are in testdata/mistakes.
const leastMistakes = 40

// Every mistake of a folder is found in one run, each once and in its line. The
// lines of testdata/mistakes that have one say which rule they break, behind #!.
func TestMistakes(t *testing.T) {
	const dir = "testdata/mistakes"
	want := marked(t, dir)
	if len(want) < leastMistakes {
		t.Fatalf("%d mistakes, want %d at least", len(want), leastMistakes)
	}
	stdout, stderr, code := runHere(t, "-C", dir, "validate", "--format", "json")
	if code != exitError || stderr != "" {
		t.Errorf("exit code %d, want %d; stderr: %s", code, exitError, stderr)
	}
	var result struct {
		Valid       bool
		Diagnostics []struct {
			Rule, Severity, Message, Help, File string
			Line, Column                        int
		}
		Summary struct{ Errors, Warnings, Infos int }
	}
	if err := json.Unmarshal([]byte(stdout), &result); err != nil {
		t.Fatal(err)
	}
	var got []string
	var golden strings.Builder
	messages := map[string]bool{}
	for _, d := range result.Diagnostics {
		got = append(got, fmt.Sprintf("%s:%d %s", d.File, d.Line, d.Rule))
		fmt.Fprintf(&golden, "%s:%d:%d: %s: %s [%s]\n", d.File, d.Line, d.Column, d.Severity, d.Message, d.Rule)
		messages[d.Message] = true
		if d.Message == "" || d.Help == "" || d.Column == 0 {
			t.Errorf("a finding lacks a message, what to do, or a column: %+v", d)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("found\n  %s\nwant\n  %s", strings.Join(without(got, want), "\n  "), strings.Join(without(want, got), "\n  "))
	}
	if len(messages) != len(got) {
		t.Errorf("%d findings have %d messages: two say the same", len(got), len(messages))
	}
	if s := result.Summary; result.Valid || s.Errors+s.Warnings+s.Infos != len(want) {
		t.Errorf("valid: %v, summary: %+v; want %d findings", result.Valid, s, len(want))
	}
	checkGolden(t, filepath.Join("testdata", "mistakes.golden"), golden.String())
}

// marked are the lines with a mark, each as file:line rule, sorted.
func marked(t *testing.T, dir string) []string {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		n := 0
		for line := range bytes.Lines(text) {
			n++
			_, rules, _ := strings.Cut(string(line), "#!")
			for _, rule := range strings.Fields(rules) {
				out = append(out, fmt.Sprintf("%s:%d %s", filepath.ToSlash(name), n, rule))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// without are the elements of a that b does not have, however often.
func without(a, b []string) []string {
	left := slices.Clone(b)
	var out []string
	for _, s := range a {
		if i := slices.Index(left, s); i >= 0 {
			left = slices.Delete(left, i, i+1)
			continue
		}
		out = append(out, s)
	}
	return out
}

// runHere runs a command in this process, without a terminal or an environment.
func runHere(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return runWith(t, nil, args...)
}

// runWith is runHere with signals.
func runWith(t *testing.T, signals <-chan os.Signal, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	e := &env{
		stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: fixedNow,
		getenv:   func(string) string { return "" },
		signals:  signals,
		terminal: func(any) (int, bool) { return 0, false },
	}
	code = run(e, args)
	return out.String(), errs.String(), code
}

// checkGolden compares with a file, or writes it with -update.
func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is printed; -update writes it. Printed:\n%s", name, got)
	}
}
