//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"accord/crm"
	"accord/crm/embedded"
	"accord/examples/generate"
	"accord/kv/badgerkv"
	"accord/plan"
	"accord/schema"
	"accord/state"
)

const (
	killedResources = 500
	kills           = 50
	killsShort      = 5
)

// An apply that is killed, at whatever moment, is finished by the next one:
// nothing is there twice, nothing is missing, and the state is whole.
func TestKilledApplyIsFinishedByTheNext(t *testing.T) {
	rounds := kills
	if testing.Short() {
		rounds = killsShort
		t.Logf("-short: %d kills instead of %d", rounds, kills)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	project := t.TempDir()
	if err := generate.Write(project, generate.Options{Resources: killedResources, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	// What an apply that nobody kills comes to.
	began := time.Now()
	lines := runApply(t, project, nil)
	took := time.Since(began)
	want := inspect(t, project)
	if n := len(want.addresses); n != killedResources {
		t.Fatalf("an apply leaves %d resources, want %d", n, killedResources)
	}
	t.Logf("an apply takes %v and prints %d lines", took.Round(time.Millisecond), lines)

	var before, during, after int
	for round := range rounds {
		if err := os.RemoveAll(filepath.Join(project, schema.DefaultStatePath)); err != nil {
			t.Fatal(err)
		}
		// After some of the lines, and a while that is as long as a few of them
		// take; or, one time in five, while it starts.
		k := killer{lines: random.IntN(lines), delay: time.Duration(random.Int64N(int64(took) / 100))}
		if round%5 == 0 {
			k = killer{delay: time.Duration(random.Int64N(int64(took) / 4))}
		}
		runApply(t, project, &k)
		if round%3 == 0 { // and the one that finishes it, too
			runApply(t, project, &killer{lines: random.IntN(max(1, lines-k.lines)), delay: k.delay})
		}
		switch n := applied(t, project); n {
		case 0:
			before++
		case killedResources:
			after++
		default:
			during++
		}
		runApply(t, project, nil)
		mustAccord(t, project, "plan", "--detailed-exitcode")
		mustAccord(t, project, "state", "verify")
		if got := inspect(t, project); !got.equal(want) {
			t.Fatalf("round %d, killed after %d lines and %v: an apply that was killed and finished comes to something else:\n%s",
				round, k.lines, k.delay, got.difference(want))
		}
	}
	t.Logf("%d kills before the first resource was kept, %d in between, %d after the last", before, during, after)
	if during < rounds/3 {
		t.Errorf("only %d of %d kills were in the middle", during, rounds)
	}
}

// killer kills an apply after it has printed some lines, and a while.
type killer struct {
	lines int
	delay time.Duration
}

// accord is the command as a process of its own.
func accord(ctx context.Context, project string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "accord", append([]string{"-C", project}, args...)...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "ACCORD_ACTOR=anna")
	return cmd
}

// mustAccord runs a command that has to exit with 0.
func mustAccord(t *testing.T, project string, args ...string) string {
	t.Helper()
	out, err := accord(t.Context(), project, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("accord %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// runApply runs an apply, to its end or to the kill, and returns how many lines of
// progress it has printed.
func runApply(t *testing.T, project string, k *killer) (lines int) {
	t.Helper()
	cmd := accord(t.Context(), project, "apply", "--auto-approve")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() {
		time.AfterFunc(k.delay, func() { _ = cmd.Process.Kill() })
	}
	if k != nil && k.lines == 0 {
		kill()
	}
	var printed bytes.Buffer
	for scanner := bufio.NewScanner(stderr); scanner.Scan(); {
		lines++
		printed.WriteString(scanner.Text() + "\n")
		if k != nil && lines == k.lines {
			kill()
		}
	}
	err = cmd.Wait()
	var failed *exec.ExitError
	killed := errors.As(err, &failed) && failed.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if err != nil && (k == nil || !killed) {
		t.Fatalf("apply: %v\n%s", err, printed.String())
	}
	return lines
}

// applied is how many resources the state has.
func applied(t *testing.T, project string) int {
	t.Helper()
	return strings.Count(mustAccord(t, project, "state", "list"), "\n")
}

// outcomes is what applies come to: the addresses in the state, and in each
// account the natural keys of what is there.
type outcomes struct {
	addresses []string
	assets    []string // account, kind and natural key, each as often as it is there
}

func (o outcomes) equal(p outcomes) bool {
	return slices.Equal(o.addresses, p.addresses) && slices.Equal(o.assets, p.assets)
}

func (o outcomes) difference(p outcomes) string {
	var b strings.Builder
	for _, d := range []struct {
		what string
		list []string
	}{
		{"not in the state", without(p.addresses, o.addresses)},
		{"in the state without reason", without(o.addresses, p.addresses)},
		{"missing", without(p.assets, o.assets)},
		{"too much", without(o.assets, p.assets)},
	} {
		for _, s := range d.list {
			fmt.Fprintf(&b, "  %s: %s\n", d.what, s)
		}
	}
	return b.String()
}

// inspect reads the store of a project.
func inspect(t *testing.T, project string) (out outcomes) {
	t.Helper()
	ctx := t.Context()
	db, err := badgerkv.Open(ctx, badgerkv.Options{Dir: filepath.Join(project, schema.DefaultStatePath, defaultWorkspace), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for rec, err := range state.NewKV(db, state.Options{Now: time.Now}).Records(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		out.addresses = append(out.addresses, rec.Ref.String())
		if rec.Ref.Kind != schema.KindAccount {
			continue
		}
		account := embedded.New(db, plan.Storage(rec.IDs, rec.Ref.Name), embedded.Options{Now: time.Now})
		for _, kind := range crm.AssetKinds {
			assets, err := account.Assets(ctx, kind)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range assets {
				out.assets = append(out.assets, fmt.Sprintf("%s %s %s", rec.Ref.Name, kind, a.Key()))
			}
		}
	}
	slices.Sort(out.addresses)
	slices.Sort(out.assets)
	for i := 1; i < len(out.assets); i++ {
		if out.assets[i] == out.assets[i-1] {
			t.Errorf("twice: %s", out.assets[i])
		}
	}
	return out
}
