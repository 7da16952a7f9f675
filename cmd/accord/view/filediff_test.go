package view

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFileDiff(t *testing.T) {
	long := func(first, last string) string {
		return first + "\n" + strings.Repeat("same\n", 9) + last + "\n"
	}
	for _, tc := range []struct{ name, before, after, want string }{
		{"one line", "a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"},
		{"no end of line", "a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{"from nothing", "", "a\n", "@@ -0,0 +1 @@\n+a\n"},
		{
			"two places", long("a", "z"), long("A", "Z"),
			"@@ -1,4 +1,4 @@\n-a\n+A\n same\n same\n same\n@@ -8,4 +8,4 @@\n same\n same\n same\n-z\n+Z\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var b strings.Builder
			if err := FileDiff(&b, "f.yaml", []byte(tc.before), []byte(tc.after), Style{}); err != nil {
				t.Fatal(err)
			}
			if want := "--- f.yaml\n+++ f.yaml\n" + tc.want; b.String() != want {
				t.Errorf("got\n%s\nwant\n%s", b.String(), want)
			}
		})
	}
}

// patch makes one text of the other.
func TestFileDiffIsAPatch(t *testing.T) {
	if _, err := exec.LookPath("patch"); err != nil {
		t.Skip("skipped: there is no patch to check with")
	}
	dir := t.TempDir()
	text := rapid.Custom(func(t *rapid.T) string {
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "- d", "+ e", ""}), 0, 30).Draw(t, "lines")
		return strings.Join(lines, "\n") + rapid.SampledFrom([]string{"", "\n"}).Draw(t, "end")
	})
	for i := range 30 { // each starts a process
		before, after := text.Example(2*i), text.Example(2*i+1)
		if before == after {
			continue
		}
		var b strings.Builder
		if err := FileDiff(&b, "f", []byte(before), []byte(after), Style{}); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, fmt.Sprint("f", i))
		if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("patch", "--quiet", "--no-backup-if-mismatch", "-o", file+".new", file)
		cmd.Stdin = strings.NewReader(b.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("patch: %v\n%s\n%s", err, out, b.String())
		}
		got, err := os.ReadFile(file + ".new")
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != after {
			t.Fatalf("patched is\n%q\nwant\n%q\nby\n%s", got, after, b.String())
		}
	}
}
