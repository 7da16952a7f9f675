// Package load reads the YAML of a project into a configuration, and knows where
// in the files everything it says was written. It also writes YAML: the one form
// of accord fmt, and resources that were read from an account.
//
// It does not know what a configuration may say beyond the form of a document
// (package check), and nothing of accounts, state or plans. It is the only
// package that knows YAML and JSON Schema.
package load

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"accord/diag"
	"accord/schema"
)

// ProjectFile is the file at the root that holds the Project.
const ProjectFile = "accord.yaml"

// Options of Dir. The zero value reads with all cores.
type Options struct {
	// Parallelism is how many files are read at once; 0: one for each core.
	Parallelism int
}

// Result is a project as it was read. It is safe for use by several goroutines.
type Result struct {
	// Config holds the documents that are sound; it is never nil.
	Config *schema.Config
	// Tests are the workflow tests, sorted by name. They are no part of the
	// configuration.
	Tests []*schema.Resource
	// Diagnostics are the findings, sorted: yaml-syntax, schema,
	// duplicate-resource and secret-inline.
	Diagnostics diag.List
	// Unsound are the addresses of documents that are not in Config because of
	// a finding. What refers to them refers to something: it is no error of its
	// own.
	Unsound map[schema.Ref]bool
	// Digest names what the configuration says, in hexadecimal: it depends
	// neither on the order and layout of files nor on comments, and not on
	// tests.
	Digest string

	sources   map[string]*source
	positions positions
	lost      lost
}

// Dir reads the project in a folder: accord.yaml, and the files that it names.
// What is wrong with the files is in the result's Diagnostics; the error is nil
// unless the folder itself cannot be read or ctx ends.
//
// The file system decides what is inside the project: that of os.Root follows no
// link that leads out of it.
func Dir(ctx context.Context, fsys fs.FS, opts Options) (*Result, error) {
	var project *parsed
	if _, err := fs.Stat(fsys, ProjectFile); !errors.Is(err, fs.ErrNotExist) {
		project = read(fsys, file{ProjectFile, true})
	}
	chosen, findings, err := choose(fsys, project)
	if err != nil {
		return nil, err
	}
	files, err := readAll(ctx, fsys, chosen, opts.Parallelism)
	if err != nil {
		return nil, err
	}
	if project != nil {
		files = append(files, project)
	}
	r := &Result{Diagnostics: findings, Unsound: map[schema.Ref]bool{}, sources: make(map[string]*source, len(files))}
	for _, f := range files {
		r.sources[f.name] = f.source
		r.Diagnostics.Add(f.findings...)
	}
	r.collect(fsys, files)
	r.Diagnostics.Sort()
	return r, nil
}

// readAll reads files on all cores. What is in memory at once is bounded: a
// file counts as much as its largest document can become.
func readAll(ctx context.Context, fsys fs.FS, chosen []file, parallelism int) ([]*parsed, error) {
	files := make([]*parsed, len(chosen))
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(cmp.Or(parallelism, runtime.GOMAXPROCS(0)))
	room := semaphore.NewWeighted(MaxNodes)
	for i, f := range chosen {
		if running.Err() != nil {
			break
		}
		g.Go(func() error {
			text, d, ok := readFile(fsys, f)
			if !ok {
				files[i] = unread(f.name, d)
				return nil
			}
			// A value of a document is at least two bytes.
			weight := min(int64(len(text)/2), MaxNodes)
			if err := room.Acquire(running, weight); err != nil {
				return err
			}
			defer room.Release(weight)
			files[i] = parse(f.name, text)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return files, ctx.Err()
}

func read(fsys fs.FS, f file) *parsed {
	text, d, ok := readFile(fsys, f)
	if !ok {
		return unread(f.name, d)
	}
	return parse(f.name, text)
}

// unread is a file that could not be read.
func unread(name string, d diag.Diagnostic) *parsed {
	return &parsed{source: newSource(name, nil), findings: diag.List{d}}
}

// collect makes the configuration of all documents.
func (r *Result) collect(fsys fs.FS, files []*parsed) {
	slices.SortFunc(files, func(a, b *parsed) int { return cmp.Compare(a.name, b.name) })
	var all []document
	for _, f := range files {
		for _, d := range f.documents {
			if ok := r.belongs(d.resource); !ok || d.sound && !r.body(fsys, d.resource) {
				d.sound = false
			}
			if e, ok := d.resource.Spec.(*schema.Email); ok && d.sound && e.Body.File != "" {
				d.resource.Seal() // what counts is the text in the file
			}
			all = append(all, d)
		}
	}
	first := make(map[schema.Ref]*schema.Resource, len(all))
	sound := make([]*schema.Resource, 0, len(all))
	for _, d := range all {
		ref := d.resource.Ref()
		if ref.Kind == "" || ref.Name == "" {
			continue
		}
		if was := first[ref]; was != nil {
			r.duplicate(d.resource, was)
			continue
		}
		first[ref] = d.resource
		switch {
		case !d.sound:
			r.Unsound[ref] = true
		case ref.Kind == schema.KindWorkflowTest:
			r.Tests = append(r.Tests, d.resource)
		default:
			sound = append(sound, d.resource)
		}
	}
	slices.SortFunc(r.Tests, func(a, b *schema.Resource) int { return cmp.Compare(a.Name, b.Name) })
	r.Config, _ = schema.NewConfig(sound)
	sum := sha256.New()
	for _, x := range r.Config.All() {
		_, _ = io.WriteString(sum, string(x.Kind)+" "+x.Name+" "+x.RenamedFrom+" "+x.Digest()+"\n") // a hash takes everything
	}
	r.Digest = hex.EncodeToString(sum.Sum(nil))
}

func (r *Result) duplicate(second, first *schema.Resource) {
	const name = schema.Path("metadata.name")
	was := r.Position(first, name)
	r.Diagnostics.Add(diag.Diagnostic{
		Rule: "duplicate-resource", Message: fmt.Sprintf("%s is declared twice", second.Ref()),
		Help:    fmt.Sprintf("Rename or remove one of the two; the first one is at %s.", was),
		Address: second.Ref().String(), Position: r.Position(second, name),
		Related: []diag.Related{{Position: was, Message: "the first one"}},
	})
}

// belongs reports whether a resource may stand in its file.
func (r *Result) belongs(res *schema.Resource) bool {
	d := diag.Diagnostic{Rule: "schema", Address: address(res)}
	switch test := isTestFile(res.Origin.File); {
	case res.Kind == "":
		return true
	case res.Kind == schema.KindProject && res.Origin.File != ProjectFile:
		d.Message, d.Help = "a Project stands in "+ProjectFile+" at the root and nowhere else", "Move it there, or remove it."
	case res.Kind == schema.KindWorkflowTest && !test:
		d.Message, d.Help = "a WorkflowTest stands in a file named *_test.yaml", "Move it to one."
	case res.Kind != schema.KindWorkflowTest && test:
		d.Message, d.Help = fmt.Sprintf("a file named *_test.yaml holds workflow tests and no %s", res.Kind), "Move it to a file with another name."
	default:
		return true
	}
	d.Position = r.Position(res, "kind")
	r.Diagnostics.Add(d)
	return false
}

// Line returns line n of a file, counted from one, as it may be shown: each rune
// of what is a secret is a *, so that columns stay what they are. It is "" for a
// line or file that there is not.
func (r *Result) Line(file string, n int) string {
	s := r.sources[file]
	if s == nil {
		return ""
	}
	return s.shown(n)
}
