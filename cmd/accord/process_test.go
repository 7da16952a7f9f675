//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"accord/examples/generate"
	"accord/kv/badgerkv"
	"accord/schema"
)

// exitCodeOf is the code with which a process ended.
func exitCodeOf(t *testing.T, err error) int {
	t.Helper()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &failed):
		return failed.ExitCode()
	}
	t.Fatal(err)
	return 0
}

// newProject writes a project of a few resources, or of many, and applies it
// where that is asked for.
func newProject(t *testing.T, resources int, applied bool) string {
	t.Helper()
	dir := t.TempDir()
	if err := generate.Write(dir, generate.Options{Resources: resources, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	if applied {
		mustAccord(t, dir, "apply", "--auto-approve")
	}
	return dir
}

// hold has the store of a project open, as another process, until it is let go.
func hold(t *testing.T, project string) (letGo func()) {
	t.Helper()
	db, err := badgerkv.Open(t.Context(), badgerkv.Options{Dir: filepath.Join(project, schema.DefaultStatePath, defaultWorkspace)})
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A second command waits for the first, and says who it waits for where that
// takes too long.
func TestStoreIsHeldByAnother(t *testing.T) {
	project := newProject(t, generate.Minimum, true)
	letGo := hold(t, project)

	for _, args := range [][]string{
		{"apply", "--auto-approve", "--lock-timeout", "50ms"},
		{"plan", "--lock-timeout", "50ms"},
		{"state", "list", "--lock-timeout", "0s"},
	} {
		out, err := accord(t.Context(), project, args...).CombinedOutput()
		if got := exitCodeOf(t, err); got != exitLocked {
			t.Errorf("%s: exit code %d, want %d", args, got, exitLocked)
		}
		if want := fmt.Sprintf("is held by process %d", os.Getpid()); !strings.Contains(string(out), want) {
			t.Errorf("%s prints %q, want %q in it", args, out, want)
		}
	}

	second := accord(t.Context(), project, "plan", "--lock-timeout", "1m")
	var out bytes.Buffer
	second.Stdout = &out
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	letGo()
	if err := second.Wait(); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(out.String(), "No changes.") {
		t.Errorf("the one that waited prints %q", out.String())
	}
}

// The first interrupt lets what runs finish and starts nothing else. The receipt
// says what was done, and the next apply does the rest.
func TestInterruptedApply(t *testing.T) {
	for _, tc := range []struct {
		name    string
		signals []os.Signal
		want    int
	}{
		{"interrupt", []os.Signal{os.Interrupt}, 130},
		{"terminate", []os.Signal{syscall.SIGTERM}, 143},
		{"twice", []os.Signal{os.Interrupt, os.Interrupt}, 130},
	} {
		t.Run(tc.name, func(t *testing.T) {
			project := newProject(t, killedResources, false)
			cmd := accord(t.Context(), project, "apply", "--auto-approve", "--parallelism", "2")
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			var stdout bytes.Buffer
			cmd.Stdout = &stdout
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := 0
			for s := bufio.NewScanner(stderr); s.Scan(); {
				if lines++; lines == 40 {
					for _, signal := range tc.signals {
						if err := cmd.Process.Signal(signal); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			if got := exitCodeOf(t, cmd.Wait()); got != tc.want {
				t.Errorf("exit code %d, want %d\n%s", got, tc.want, stdout.String())
			}
			if text := stdout.String(); !strings.Contains(text, "Apply incomplete.") || !strings.Contains(text, "not started") {
				t.Errorf("the receipt does not say what was left:\n%s", text[max(0, len(text)-2000):])
			}
			kept := applied(t, project)
			if kept == 0 || kept == killedResources {
				t.Errorf("%d of %d resources were kept", kept, killedResources)
			}
			if history := mustAccord(t, project, "state", "history"); !strings.Contains(history, "interrupted") {
				t.Errorf("the history does not tell:\n%s", history)
			}
			mustAccord(t, project, "apply", "--auto-approve")
			mustAccord(t, project, "plan", "--detailed-exitcode")
			// Not before: what was cut off is open until the next apply.
			mustAccord(t, project, "state", "verify")
			if n := applied(t, project); n != killedResources {
				t.Errorf("%d resources after the next apply, want %d", n, killedResources)
			}
		})
	}
}

// A command that changes nothing ends with the first signal, also while it waits.
func TestInterruptedPlan(t *testing.T) {
	project := newProject(t, generate.Minimum, true)
	defer hold(t, project)()
	for _, tc := range []struct {
		signal syscall.Signal
		want   int
	}{{syscall.SIGINT, 130}, {syscall.SIGTERM, 143}} {
		signals := make(chan os.Signal, 1)
		signals <- tc.signal
		stdout, stderr, code := runWith(t, signals, "-C", project, "plan", "--lock-timeout", "1h")
		if code != tc.want || stdout != "" {
			t.Errorf("%v: exit code %d, want %d; it prints %q, %q", tc.signal, code, tc.want, stdout, stderr)
		}
	}
}
