// Package generate writes the repository of a large agency: offices, each with
// up to fifty clients, each client an organization of five accounts with its
// connections, people, objects and workflows. Tests and benchmarks load, plan
// and apply it, and a person can see what accord does with a repository as large
// as their own.
//
// What it writes is sound under every rule and has no findings. It depends on
// the options alone: client 17 is the same in a repository of one thousand
// resources and in one of a million.
//
// About 35 resources make a client, and one of them takes about 420 bytes, as in
// repositories that people keep: several documents in a file, a folder for each
// client.
//
// # What varies
//
// Names, regions, hosting, subscriptions, seats, rates, durations, labels and
// texts vary from client to client, and so do the numbers of connections,
// people, properties and workflows. An agency has its ways, so that much is
// alike: conditions have one of fifteen forms, and what varies in them are
// thresholds (some hundred values), countries, stages, options, domains, and the
// names of properties, which come from a stock of sixteen. Whoever compiles
// conditions meets the same text now and then, and many others in between.
//
// The package does not know how configurations are loaded, checked or applied.
package generate

import (
	"iter"
	"os"
	"path/filepath"
	"testing/fstest"
)

// Minimum is the smallest number of resources that is generated.
const Minimum = 60

// Options says what to generate.
type Options struct {
	// Resources is the number of documents beside accord.yaml; fewer than
	// Minimum are Minimum.
	Resources int
	// Seed varies everything but the numbers.
	Seed uint64
	// Changed is the share of the resources, from 0 to 1, that differ from
	// those of the same options without it, as though their authors had been at
	// work since. Their addresses and files are the same.
	Changed float64
}

// Files yields the files of the repository, always in the same order: the name,
// with forward slashes, and the content.
func Files(o Options) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if !yield("accord.yaml", []byte(project)) {
			return
		}
		for _, office := range layout(o) {
			if !office.files(o, yield) {
				return
			}
		}
	}
}

const project = `apiVersion: accord/v1
kind: Project
metadata: {name: agency, description: The clients of all offices}
spec: {}
`

// MapFS returns the repository as a file system in memory.
func MapFS(o Options) fstest.MapFS {
	out := fstest.MapFS{}
	for name, data := range Files(o) {
		out[name] = &fstest.MapFile{Data: data}
	}
	return out
}

// Write writes the repository below a folder, which it makes where there is
// none. Files that are there are written over, others are left.
func Write(dir string, o Options) error {
	for name, data := range Files(o) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
