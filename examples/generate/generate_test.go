package generate_test

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"accord/examples/generate"
	"accord/schema"
	"accord/schema/check"
	"accord/schema/load"
)

// declared returns the configuration of a repository; it has no findings.
func declared(t *testing.T, fsys fs.FS) *schema.Config {
	t.Helper()
	r, err := load.Dir(t.Context(), fsys, load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range append(r.Diagnostics, check.All(schema.Resolve(r.Config), r)...) {
		if t.Errorf("%v", d); i == 20 {
			t.Fatal("and more")
		}
	}
	return r.Config
}

func TestSound(t *testing.T) {
	for _, tc := range []struct {
		name string
		generate.Options
		want int
	}{
		{"the smallest", generate.Options{}, generate.Minimum},
		{"one client and a half", generate.Options{Resources: 77, Seed: 9}, 77},
		{"two offices", generate.Options{Resources: 2_500, Seed: 1}, 2_500},
		{"other names", generate.Options{Resources: 700, Seed: 2}, 700},
		{"some changed", generate.Options{Resources: 700, Seed: 3, Changed: 0.2}, 700},
		{"all changed", generate.Options{Resources: 700, Seed: 4, Changed: 1}, 700},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := declared(t, generate.MapFS(tc.Options))
			if got := len(c.All()) - 1; got != tc.want { // less the project
				t.Errorf("%d resources, want %d", got, tc.want)
			}
		})
	}
}

// Every size near the one where a client or an office begins comes out.
func TestNumber(t *testing.T) {
	for n := generate.Minimum; n < 2*generate.Minimum; n++ {
		if got := kinds(generate.MapFS(generate.Options{Resources: n}))["all"]; got != n {
			t.Errorf("%d resources, want %d", got, n)
		}
	}
	for n := 1_770; n < 1_870; n += 20 {
		if got := kinds(generate.MapFS(generate.Options{Resources: n, Seed: 1}))["all"]; got != n {
			t.Errorf("%d resources, want %d", got, n)
		}
	}
}

// The documentation promises about 35 resources a client and 420 bytes each.
func TestSize(t *testing.T) {
	fsys := generate.MapFS(generate.Options{Resources: 10_000, Seed: 1})
	size := 0
	for _, f := range fsys {
		size += len(f.Data)
	}
	count := kinds(fsys)
	bytesEach, each := size/10_000, count["all"]/count["Organization"]
	t.Logf("%d files, %d bytes, %d bytes a resource, %d resources a client: %v", len(fsys), size, bytesEach, each, count)
	if bytesEach < 400 || bytesEach > 440 {
		t.Errorf("%d bytes a resource, want about 420", bytesEach)
	}
	if each < 33 || each > 37 {
		t.Errorf("%d resources a client, want about 35", each)
	}
	for _, k := range schema.Kinds {
		if k.Managed() && count[string(k)] == 0 {
			t.Errorf("no %v", k)
		}
	}
}

// kinds counts the resources of each kind, and all but the project.
func kinds(fsys fstest.MapFS) map[string]int {
	out := map[string]int{}
	for name, f := range fsys {
		if name == "accord.yaml" {
			continue
		}
		for line := range strings.Lines(string(f.Data)) {
			if kind, ok := strings.CutPrefix(line, "kind: "); ok {
				out[strings.TrimSpace(kind)]++
				out["all"]++
			}
		}
	}
	return out
}

func TestDeterministic(t *testing.T) {
	o := generate.Options{Resources: 3_000, Seed: 7, Changed: 0.1}
	if !same(generate.MapFS(o), generate.MapFS(o)) {
		t.Error("the same options gave two repositories")
	}
	other := o
	other.Seed++
	if same(generate.MapFS(o), generate.MapFS(other)) {
		t.Error("the seed changes nothing")
	}
}

func same(a, b fstest.MapFS) bool {
	return maps.EqualFunc(a, b, func(a, b *fstest.MapFile) bool { return bytes.Equal(a.Data, b.Data) })
}

// What a small repository holds is in a larger one too, but for the resources
// that make the number come out and the offices' lists of clients.
func TestLargerHoldsSmaller(t *testing.T) {
	small := generate.MapFS(generate.Options{Resources: 1_000, Seed: 3})
	large := generate.MapFS(generate.Options{Resources: 4_000, Seed: 3})
	different := 0
	for name, f := range small {
		if large[name] == nil || !bytes.Equal(large[name].Data, f.Data) {
			different++
		}
	}
	if different > 2 { // office-000/office.yaml, and the objects of the last client
		t.Errorf("%d of %d files of the smaller repository are not in the larger one", different, len(small))
	}
}

func TestChanged(t *testing.T) {
	o := generate.Options{Resources: 2_000, Seed: 1}
	before := resources(t, o)
	for _, tc := range []struct {
		share     float64
		low, high int
	}{{0.01, 8, 36}, {0.5, 920, 1_080}, {1, 2_000, 2_000}} {
		o.Changed = tc.share
		after, n := resources(t, o), 0
		if !slices.Equal(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))) {
			t.Fatalf("%v: other addresses", tc.share)
		}
		for ref, r := range before {
			if r != after[ref] {
				n++
			}
		}
		if n < tc.low || n > tc.high {
			t.Errorf("with a share of %v, %d of 2,000 resources changed, want %d to %d", tc.share, n, tc.low, tc.high)
		}
	}
}

// resources returns the canonical form of every resource, by address.
func resources(t *testing.T, o generate.Options) map[string]string {
	t.Helper()
	r, err := load.Dir(t.Context(), generate.MapFS(o), load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range r.Config.All() {
		if r.Kind.Managed() {
			out[r.Ref().String()] = string(r.Canonical())
		}
	}
	return out
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	o := generate.Options{Resources: 200, Seed: 4}
	if err := generate.Write(dir, o); err != nil {
		t.Fatal(err)
	}
	want := generate.MapFS(o)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		if want[name] == nil || !bytes.Equal(got, want[name].Data) {
			t.Errorf("%s is not what it should be", name)
		}
		delete(want, name)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for name := range want {
		t.Errorf("%s was not written", name)
	}
}

func TestFilesStops(t *testing.T) {
	n := 0
	for range generate.Files(generate.Options{Resources: 1_000}) {
		if n++; n == 5 {
			break
		}
	}
	if n != 5 {
		t.Errorf("%d files, want to stop at 5", n)
	}
}
