package badgerkv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
)

// DamagedError says that files of the store cannot be what was written. Nothing
// repairs them: the folder has to be restored.
type DamagedError struct {
	Dir  string
	File string // the first one that was found, or "" if it is not known
	Err  error  // what was found
}

func (e *DamagedError) Error() string {
	if e.File == "" {
		return fmt.Sprintf("store %s is damaged", e.Dir)
	}
	return fmt.Sprintf("store %s is damaged: %s cannot be read", e.Dir, e.File)
}
func (e *DamagedError) Unwrap() error { return e.Err }

// checkTables looks at the ends of the tables that count. Badger finds the index
// of a table by the two lengths there, and panics in a goroutine of its own where
// they are none; what they lead to has a checksum.
func checkTables(dir string, m badger.Manifest) error {
	for id := range m.Tables {
		name := table.NewFilename(id, dir)
		if err := checkTable(name); errors.Is(err, errNoTable) || errors.Is(err, fs.ErrNotExist) {
			return &DamagedError{dir, filepath.Base(name), err}
		} else if err != nil {
			return err
		}
	}
	return nil
}

var errNoTable = errors.New("its end is not that of a table")

// checkTable checks that a file ends in an index, the length of the index, its
// checksum and the length of that.
func checkTable(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	rest := info.Size()
	for range 2 {
		if rest < 4 {
			return errNoTable
		}
		var length [4]byte
		if _, err := f.ReadAt(length[:], rest-4); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		n := int64(binary.BigEndian.Uint32(length[:]))
		if rest -= 4; n == 0 || n > rest {
			return errNoTable
		}
		rest -= n
	}
	return nil
}

// notDamage are the errors of a system that has refused or lacks something.
var notDamage = []syscall.Errno{
	syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOSPC, syscall.EINTR,
}

// storeFile is the name of a file of a store in a message.
var storeFile = regexp.MustCompile(`\d+\.(sst|vlog|mem)|MANIFEST|KEYREGISTRY`)

// damage is the error of opening a store that is there: what the system has not
// refused is not what was written. Badger passes both on as text.
func damage(dir string, err error) error {
	text := err.Error()
	if slices.ContainsFunc(notDamage, func(e syscall.Errno) bool { return errors.Is(err, e) || strings.Contains(text, e.Error()) }) {
		return err
	}
	file := storeFile.FindString(text)
	switch {
	case file != "":
	case strings.Contains(text, "manifest"):
		file = badger.ManifestFilename
	case strings.Contains(text, "sanity text"), strings.Contains(text, "key registry"):
		file = badger.KeyRegistryFileName
	}
	return &DamagedError{dir, file, err}
}
