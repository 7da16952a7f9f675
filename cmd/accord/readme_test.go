package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

// What the README shows is what the commands print: its console blocks are run
// in a new folder, in their order. A line with … alone stands for any output.
// Between two blocks the reader edits files, as the text says.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	edits := map[string][3]string{ // before the command: file, old, new
		"accord -C demo validate": {"demo/connections.yaml", "[brand-one, brand-two]", "[brand-one, brand-tow]"},
		"accord -C demo plan":     {"demo/connections.yaml", "brand-tow", "brand-two"},
	}
	blocks := regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) == 0 {
		t.Fatal("the README has no console block")
	}
	for _, b := range blocks {
		for _, command := range strings.Split("\n"+b[1], "\n$ ")[1:] {
			line, want, _ := strings.Cut(command, "\n")
			if e, ok := edits[line]; ok {
				replaceIn(t, e[0], e[1], e[2])
				delete(edits, line)
			}
			got := output(t, strings.Fields(line)[1:])
			rest := got
			for _, part := range strings.Split(strings.TrimSuffix(want, "\n")+"\n", "…\n") {
				_, after, found := strings.Cut(rest, strings.TrimSuffix(part, "\n"))
				if !found {
					t.Fatalf("$ %s\nprints\n%s\nand the README shows\n%s", line, got, want)
				}
				rest = after
			}
		}
	}
	// What the text says of the way out.
	replaceIn(t, "demo/accounts.yaml", "  subscriptions: {sales: professional}\n", "  subscriptions: {sales: professional}\n  sensitiveData: true\n")
	replaceIn(t, "demo/connections.yaml", "    dataMirroring: {}", "    dataMirroring: {direction: one-way, from: brand-one}")
	for _, step := range []struct{ line, want string }{
		{"-C demo plan", "Plan: 0 to add, 2 to change, 0 to destroy."},
		{"-C demo apply --auto-approve", "Apply complete!"},
		{"-C demo plan", "No changes."},
	} {
		if got := output(t, strings.Fields(step.line)); !strings.Contains(got, step.want) {
			t.Errorf("accord %s prints\n%s\nwithout %q", step.line, got, step.want)
		}
	}
}

// output runs a command and returns what it prints to stdout.
func output(t *testing.T, args []string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	e := testEnv()
	e.stdout, e.stderr = &stdout, &stderr
	if code := run(e, args); code != exitOK && args[len(args)-1] != "validate" {
		t.Fatalf("accord %s: exit %d\n%s%s", strings.Join(args, " "), code, &stdout, &stderr)
	}
	return stdout.String()
}

// replaceIn replaces the last place of a text in a file.
func replaceIn(t *testing.T, file, from, to string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.LastIndex(data, []byte(from))
	if i < 0 {
		t.Fatalf("%s has no %q", file, from)
	}
	data = append(append(bytes.Clone(data[:i]), to...), data[i+len(from):]...)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
