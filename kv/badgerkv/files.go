package badgerkv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"accord/kv"
)

// exists returns fs.ErrNotExist if there is no store in dir. The file it looks
// for is one of the first that Badger creates: what was interrupted before that
// has never held anything.
//
// It is not there for a moment while a store is swapped for another. The second
// look is for a swap that ended after the first.
func exists(dir string) error {
	_, err := os.Stat(filepath.Join(dir, badger.ManifestFilename))
	if errors.Is(err, fs.ErrNotExist) {
		if (swap{dir: dir}).pending() {
			return nil
		}
		_, err = os.Stat(filepath.Join(dir, badger.ManifestFilename))
	}
	return err
}

// create makes the folder of a store, with the folders above it.
func create(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(filepath.Clean(dir)))
}

// syncDir makes durable which files a folder has.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// seal takes the folder and Badger's files in it from everybody but their owner.
// Badger leaves the mode of files to the umask. Those it creates between two calls
// are protected by the mode of the folder until the next.
func seal(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(dir, 0o700); err != nil {
			return err
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		info, err := file.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // compacted away
		}
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() || info.Mode().Perm() == 0o600 || !badgerFile(file.Name()) {
			continue
		}
		err = os.Chmod(filepath.Join(dir, file.Name()), 0o600)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// badgerFile tells whether a file of this name is Badger's.
func badgerFile(name string) bool {
	switch filepath.Ext(name) {
	case ".mem", ".sst", ".vlog":
		return true
	}
	return slices.Contains([]string{badger.ManifestFilename, badger.KeyRegistryFileName, "DISCARD", "LOCK"}, name)
}

// hasCrashed tells whether the last process that wrote to a store, which is
// locked, has not closed it: closing leaves no log of a memtable, and no swap that
// is not finished.
func hasCrashed(dir string) (bool, error) {
	if (swap{dir: dir}).pending() {
		return true, nil
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(files, func(f fs.DirEntry) bool {
		return filepath.Ext(f.Name()) == ".mem"
	}), nil
}

// removeUnborn removes the logs that a process has created and not given a size
// before it was killed. They have never held anything, and Badger refuses to open
// a store that has one.
func removeUnborn(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		if ext := filepath.Ext(file.Name()); ext != ".mem" && ext != ".vlog" {
			continue
		}
		info, err := file.Info()
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() && info.Size() == 0 {
			if err := os.Remove(filepath.Join(dir, file.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkSpace returns kv.ErrNoSpace if less than the reserve is free.
func checkSpace(dir string, free func(string) (uint64, error)) error {
	n, err := free(dir)
	if err != nil {
		return fmt.Errorf("ask for free space: %w", err)
	}
	if n < spaceReserve {
		return fmt.Errorf("%w in %s: %d MiB are free, and it wants to keep %d MiB", kv.ErrNoSpace, dir, n>>20, spaceReserve>>20)
	}
	return nil
}
