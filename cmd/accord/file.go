package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// path is where a file is that the command line names: relative to the project's
// folder, as with terraform's -chdir.
func (e *env) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(e.dir, name)
}

// again is how the next command on the project in a folder begins.
func (e *env) again(dir string) string {
	words := []string{"accord"}
	if dir != "." {
		words = append(words, "-C", dir)
	}
	if e.workspace != defaultWorkspace {
		words = append(words, "--workspace", e.workspace)
	}
	return strings.Join(words, " ")
}

// writeFile writes a file that the command line names, for its owner alone: a
// plan shows what is in a configuration.
func (e *env) writeFile(name string, write func(io.Writer) error) error {
	return replaceFile(e.path(name), 0o600, write)
}

// replaceFile writes a file that is there completely or not at all.
func replaceFile(path string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
