package main

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"accord/examples/generate"
)

var update = flag.Bool("update", false, "write what the commands print into the scripts")

// The command is the test's own binary, run by the name accord.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"accord": func() {
			collectLate(os.Getenv)
			os.Exit(run(testEnv(), os.Args[1:]))
		},
		"yaml-decode": yamlDecode,
	})
}

// testEnv is the environment of the process, with the clock that a script sets
// in TEST_NOW. Without it the clock is the machine's.
func testEnv() *env {
	e := osEnv()
	if text := os.Getenv("TEST_NOW"); text != "" {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			panic(err)
		}
		e.now = func() time.Time { return now }
	}
	return e
}

// testNow is the time of the tests.
const testNow = "2026-03-02T09:30:00Z"

func fixedNow() time.Time {
	now, err := time.Parse(time.RFC3339, testNow)
	if err != nil {
		panic(err)
	}
	return now
}

// What the product does, one script a topic.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(ts *testscript.Env) error {
			ts.Setenv("EXAMPLES", examples)
			ts.Setenv("TEST_NOW", testNow)
			ts.Setenv("ACCORD_ACTOR", "anna")
			for _, name := range []string{"GITHUB_SHA", "CI_COMMIT_SHA", "GITHUB_ACTOR", "NO_COLOR", "CLICOLOR_FORCE"} {
				ts.Setenv(name, "")
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"copy":     copyTree,
			"generate": generateProject,
			"scrub":    scrub,
			"edit":     edit,
			"capture":  capture,
			"mode":     mode,
		},
	})
}

// exits runs a command that has to end with a code:
//
//	exits 12 accord apply --auto-approve
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var failed *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// copyTree copies a folder with all that is in it, but not its dot folders:
//
//	copy $EXAMPLES/two-brands project
func copyTree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: copy FOLDER FOLDER")
	}
	from, to := args[0], ts.MkAbs(args[1])
	ts.Check(filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(from, path)
		if err != nil || d.IsDir() {
			return errors.Join(err, os.MkdirAll(filepath.Join(to, rel), 0o755))
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o644)
	}))
}

// generateProject writes a large project:
//
//	generate 500 project
func generateProject(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: generate RESOURCES FOLDER")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(generate.Write(ts.MkAbs(args[1]), generate.Options{Resources: n, Seed: 1}))
}

// scrub replaces what differs from run to run in a file:
//
//	scrub FILE REGEXP REPLACEMENT…
func scrub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args)%2 != 1 {
		ts.Fatalf("usage: scrub FILE|stdout|stderr REGEXP REPLACEMENT…")
	}
	text := ts.ReadFile(args[0])
	for i := 1; i < len(args); i += 2 {
		text = regexp.MustCompile("(?m)"+args[i]).ReplaceAllString(text, args[i+1])
	}
	name := args[0]
	if name == "stdout" || name == "stderr" {
		name += ".scrubbed"
	}
	ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
}

// edit replaces one text of a file, which has to be there once; \n is a new line:
//
//	edit FILE OLD NEW
func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	lines := strings.NewReplacer(`\n`, "\n")
	old, replacement := lines.Replace(args[1]), lines.Replace(args[2])
	text := ts.ReadFile(args[0])
	if n := strings.Count(text, old); n != 1 {
		ts.Fatalf("%q stands %d times in %s, want once", old, n, args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, old, replacement, 1)), 0o644))
}

// capture sets a variable to the first group of a match in a file or stdout:
//
//	capture DIGEST stdout '^Digest: (.*)$'
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: capture NAME FILE|stdout|stderr REGEXP")
	}
	m := regexp.MustCompile("(?m)" + args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if len(m) != 2 {
		ts.Fatalf("%s does not match %q with one group", args[1], args[2])
	}
	ts.Setenv(args[0], m[1])
}

// mode checks who may read a file, or with -r all files and folders below one:
//
//	mode 0600 FILE
//	mode -r 0600 0700 FOLDER
func mode(ts *testscript.TestScript, neg bool, args []string) {
	octal := func(s string) fs.FileMode {
		n, err := strconv.ParseUint(s, 8, 32)
		ts.Check(err)
		return fs.FileMode(n)
	}
	check := func(path string, info fs.FileInfo, want fs.FileMode) {
		if got := info.Mode().Perm(); got != want {
			ts.Fatalf("%s has mode %04o, want %04o", path, got, want)
		}
	}
	switch {
	case !neg && len(args) == 2:
		path := ts.MkAbs(args[1])
		info, err := os.Stat(path)
		ts.Check(err)
		check(path, info, octal(args[0]))
	case !neg && len(args) == 4 && args[0] == "-r":
		n := 0
		ts.Check(filepath.WalkDir(ts.MkAbs(args[3]), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			want := octal(args[1])
			if d.IsDir() {
				want = octal(args[2])
			} else {
				n++
			}
			check(path, info, want)
			return nil
		}))
		if n == 0 {
			ts.Fatalf("there is no file in %s", args[3])
		}
	default:
		ts.Fatalf("usage: mode MODE FILE, mode -r FILES FOLDERS FOLDER")
	}
}
