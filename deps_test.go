package accord_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// policy is what each package may depend on: a statement of policy, not a
// description. It is an upper bound, so that removing an import needs no change
// here, and adding one is seen in review. ARCHITECTURE.md draws it.
//
// Data goes from left to right, and imports follow it or point at the words
// (schema, diag). Each third party has one door. Only main and what it wires
// know the operating system.
var policy = map[string]permission{
	// The words.
	"diag":   {},
	"schema": {tests: "schema/load"},

	// YAML to a configuration that is known to be sound.
	"schema/load": {
		imports: "diag schema gopkg.in/yaml.v3 github.com/santhosh-tekuri/jsonschema/v5 github.com/bmatcuk/doublestar/v4 golang.org/x/sync",
		tests:   "schema/check",
	},
	"schema/expr":  {imports: "diag schema cel.dev/cel-go"},
	"schema/check": {imports: "diag schema schema/expr golang.org/x/net/idna golang.org/x/net/publicsuffix", tests: "schema/load"},

	// What is stored. The interface of the stores does not know the disk. A lease
	// is measured in real time, which tests replace with synctest.
	"kv":              {imports: "kv/btree", tests: "kv/kvtest"},
	"kv/btree":        {},
	"kv/badgerkv":     {imports: "kv kv/btree github.com/dgraph-io/badger/v4", tests: "kv/kvtest", system: "os syscall log/slog clock"},
	"kv/kvtest":       {imports: "kv pgregory.net/rapid", system: "testing"},
	"state":           {imports: "kv schema", tests: "kv/badgerkv state/statetest", system: "crypto/rand clock"},
	"state/statetest": {imports: "schema state pgregory.net/rapid", system: "testing"},

	// An account, and one that lives in our own store.
	"crm":          {imports: "schema golang.org/x/net/idna", tests: "crm/embedded kv"},
	"crm/embedded": {imports: "crm diag kv schema", tests: "crm/crmtest kv/badgerkv", system: "clock"},
	"crm/crmtest":  {imports: "crm schema pgregory.net/rapid", system: "testing"},

	// Plan reads and computes; apply alone writes.
	"plan": {imports: "crm diag schema schema/check state golang.org/x/sync/errgroup", tests: "apply crm/embedded kv schema/load"},
	"apply": {
		imports: "crm diag plan schema schema/check state github.com/hashicorp/go-multierror golang.org/x/sync",
		tests:   "crm/embedded kv kv/badgerkv schema/load",
	},

	// The command.
	"cmd/accord":      {imports: "*", system: "os os/exec os/signal syscall log/slog clock"},
	"cmd/accord/view": {imports: "apply crm diag plan schema schema/check state github.com/sergi/go-diff"},

	// Configurations to read, to try and to measure with.
	"examples":              {tests: "diag schema schema/check schema/load"},
	"examples/generate":     {tests: "schema schema/check schema/load", system: "os math/rand/v2 testing/fstest"},
	"examples/generate/cmd": {imports: "examples/generate", system: "os"},

	// The pages that are written from the registry of the rules, and the tests of all.
	"docs": {imports: "schema/check", tests: "diag schema schema/load", system: "os"},

	// This file.
	".": {},
}

// permission is what a package may import besides the pure part of the standard
// library.
type permission struct {
	imports string // packages of this module, and of others; "*" is everything
	tests   string // further ones for its _test.go files
	system  string // guarded names for what is no test; tests may use them all
}

// forTests is what the tests of every package may import.
const forTests = "examples/generate github.com/rogpeppe/go-internal pgregory.net/rapid go.uber.org/goleak"

// guarded are the parts of the standard library that reach outside the process,
// or make a result depend on something else than its arguments. "clock" is
// asking for the time or sleeping; timers that the caller's context ends are not
// in it.
var guarded = strings.Fields("os os/exec os/signal os/user syscall unsafe net net/http net/smtp net/rpc log log/slog log/syslog " +
	"plugin testing testing/fstest math/rand math/rand/v2 crypto/rand clock")

const module = "accord"

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && (base == "testdata" || base == "bin" || strings.HasPrefix(base, ".") && base != "."):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		dir := path.Dir(name)
		allowed, ok := policy[dir]
		if !ok && !seen[dir] {
			t.Errorf("%s: the package has no line in the policy of deps_test.go: say what it may import", dir)
		}
		seen[dir] = true
		if !ok {
			return nil
		}
		for pos, use := range uses(t, name) {
			if !allowed.permits(dir, use, strings.HasSuffix(name, "_test.go")) {
				t.Errorf("%v: %s may not use %s: take the value as a parameter, move the code, or change the policy in deps_test.go",
					pos, dir, use)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range slices.Sorted(maps.Keys(policy)) {
		if !seen[dir] {
			t.Errorf("deps_test.go has a line for %s, where there is no package any more: remove it", dir)
		}
	}
}

// permits reports whether the package in dir may use what is an import path, with
// the module's own prefix left out, or "clock".
func (p permission) permits(dir, use string, test bool) bool {
	if slices.Contains(guarded, use) {
		return test || slices.Contains(strings.Fields(p.system), use)
	}
	if use == dir && test { // package x_test
		return true
	}
	if _, ours := policy[use]; !ours && !strings.Contains(strings.Split(use, "/")[0], ".") {
		return true // the rest of the standard library
	}
	allowed := strings.Fields(p.imports)
	if test {
		allowed = slices.Concat(allowed, strings.Fields(p.tests), strings.Fields(forTests))
	}
	return slices.ContainsFunc(allowed, func(a string) bool {
		// A third party's line covers the packages below it; one of ours
		// stands for itself alone.
		_, ours := policy[a]
		return a == "*" || use == a || !ours && strings.HasPrefix(use, a+"/")
	})
}

// uses returns what a file imports and whether it asks for the time, by position.
func uses(t *testing.T, name string) map[string]string {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	clock := ""
	for _, spec := range f.Imports {
		use, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if use == module {
			use = "."
		}
		if use == "time" {
			clock = "time"
			if spec.Name != nil {
				clock = spec.Name.Name
			}
		}
		out[set.Position(spec.Pos()).String()] = strings.TrimPrefix(use, module+"/")
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && clock != "" {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == clock && slices.Contains([]string{"Now", "Since", "Until", "Sleep"}, s.Sel.Name) {
				out[set.Position(s.Pos()).String()] = "clock"
			}
		}
		return true
	})
	return out
}

// A policy that permits everything would pass as well as one that holds.
func TestPolicyRefuses(t *testing.T) {
	for _, tc := range []struct {
		dir, use   string
		test, want bool
	}{
		{"plan", "schema", false, true},
		{"plan", "encoding/json", false, true},
		{"plan", "apply", false, false},
		{"plan", "os", false, false},
		{"plan", "os", true, true},
		{"plan", "clock", false, false},
		{"plan", "gopkg.in/yaml.v3", false, false},
		{"plan", "plan", true, true},
		{"schema/load", "gopkg.in/yaml.v3", false, true},
		{"schema/expr", "cel.dev/cel-go/common/types", false, true},
		{"schema/expr", "cel.dev/cel-go-fork", false, false},
		{"schema", "schema/load", false, false},
		{"schema", "pgregory.net/rapid", false, false},
		{"schema", "pgregory.net/rapid", true, true},
		{"cmd/accord", "plan", false, true},
		{"cmd/accord", "net/http", false, false},
	} {
		if got := policy[tc.dir].permits(tc.dir, tc.use, tc.test); got != tc.want {
			t.Errorf("%s may import %s (test: %v) = %v, want %v", tc.dir, tc.use, tc.test, got, tc.want)
		}
	}
}
