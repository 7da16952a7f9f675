package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"accord/examples/generate"
)

// The benchmarks run the real command on a generated agency repository and
// measure the whole process: processor time (user and system, all cores) and
// the most memory it had. Each run is followed by one that merely decodes the
// same bytes with yaml.v3 into nodes, so that a slow or busy machine is slow for
// both; "x-decode" is the ratio of the two processor times.
//
//	go test ./cmd/accord -run '^$' -bench . -benchtime 5x -timeout 1h
//
// -short leaves out the 100,000 resources, which take some minutes to apply.

// benchSizes are numbers of resources.
func benchSizes(b *testing.B) []int {
	if testing.Short() {
		b.Log("100,000 resources are left out: -short")
		return []int{1_000, 10_000}
	}
	return []int{1_000, 10_000, 100_000}
}

func BenchmarkValidate(b *testing.B) {
	for _, n := range benchSizes(b) {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			measure(b, repository(b, n), "validate")
		})
	}
}

// BenchmarkPlan plans a repository as it was applied, and one of which 1 % of the
// resources have changed since.
func BenchmarkPlan(b *testing.B) {
	for _, n := range benchSizes(b) {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := repository(b, n)
			process(b, "accord", "-C", dir, "apply", "--auto-approve")
			b.Run("unchanged", func(b *testing.B) { measure(b, dir, "plan") })
			if err := generate.Write(dir, generate.Options{Resources: n, Changed: 0.01}); err != nil {
				b.Fatal(err)
			}
			b.Run("changed", func(b *testing.B) { measure(b, dir, "plan", "--concise") })
		})
	}
}

func BenchmarkApply(b *testing.B) {
	b.Run("10000", func(b *testing.B) {
		var cpu, wall time.Duration
		var peak int64
		for b.Loop() {
			b.StopTimer()
			dir := repository(b, 10_000)
			b.StartTimer()
			u := process(b, "accord", "-C", dir, "apply", "--auto-approve")
			cpu, wall, peak = cpu+u.cpu, wall+u.wall, max(peak, u.peak)
		}
		b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
		b.ReportMetric(float64(peak)/1e6, "peak-MB")
		b.ReportMetric(10_000/(wall.Seconds()/float64(b.N)), "resources/s")
	})
}

// BenchmarkVersion is what every command costs before it does anything.
func BenchmarkVersion(b *testing.B) {
	var cpu time.Duration
	for b.Loop() {
		cpu += process(b, "accord", "version").cpu
	}
	b.ReportMetric(float64(cpu.Microseconds())/1e3/float64(b.N), "cpu-ms/op")
}

func BenchmarkPlanTwoBrands(b *testing.B) {
	dir := b.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../examples/two-brands")); err != nil {
		b.Fatal(err)
	}
	process(b, "accord", "-C", dir, "apply", "--auto-approve")
	var cpu time.Duration
	for b.Loop() {
		cpu += process(b, "accord", "-C", dir, "plan").cpu
	}
	b.ReportMetric(float64(cpu.Microseconds())/1e3/float64(b.N), "cpu-ms/op")
}

// measure runs a command in a repository and the reference beside it.
func measure(b *testing.B, dir string, args ...string) {
	var cpu, decode time.Duration
	var peak int64
	for b.Loop() {
		u := process(b, "accord", append([]string{"-C", dir}, args...)...)
		d := process(b, "yaml-decode", dir)
		cpu, decode, peak = cpu+u.cpu, decode+d.cpu, max(peak, u.peak)
	}
	b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(peak)/1e6, "peak-MB")
	b.ReportMetric(cpu.Seconds()/decode.Seconds(), "x-decode")
}

// usage is what a process has used.
type usage struct {
	cpu, wall time.Duration
	peak      int64 // bytes of memory in use at the most
}

func process(b *testing.B, name string, args ...string) usage {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stderr = io.Discard
	began := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s %v: %v", name, args, err)
	}
	u := usage{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall: time.Since(began)}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && runtime.GOOS == "linux" {
		u.peak = r.Maxrss * 1024 // kilobytes, on Linux
	}
	return u
}

// repository generates a repository of n resources.
func repository(b *testing.B, n int) string {
	b.Helper()
	dir := b.TempDir()
	if err := generate.Write(dir, generate.Options{Resources: n}); err != nil {
		b.Fatal(err)
	}
	return dir
}

// yamlDecode is the reference: it decodes every YAML file below a folder into
// nodes, and does nothing with them.
func yamlDecode() {
	err := filepath.WalkDir(os.Args[1], func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		for dec := yaml.NewDecoder(f); ; {
			var n yaml.Node
			switch err := dec.Decode(&n); err {
			case nil:
			case io.EOF:
				return nil
			default:
				return err
			}
		}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
