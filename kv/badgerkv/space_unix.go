//go:build linux || darwin

package badgerkv

import (
	"os"
	"syscall"
)

// freeSpace returns how many bytes this user may still write to the disk of dir.
func freeSpace(dir string) (uint64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return st.Bavail * uint64(st.Bsize), nil
}
