package measure

import (
	"os"

	"golang.org/x/sys/unix"
)

// openDirect opens a file so that reading it reaches the drive, and says how;
// nil and why not where that cannot be. before, if any, is to be called ahead
// of each reading.
func openDirect(path string) (f *os.File, how string, before func()) {
	var fs unix.Statfs_t
	if unix.Statfs(path, &fs) == nil {
		switch uint32(fs.Type) {
		case unix.TMPFS_MAGIC, unix.RAMFS_MAGIC:
			return nil, "the folder lies in memory, not on a drive", nil
		}
	}
	if d, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECT, 0); err == nil {
		return d, "O_DIRECT", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, plain(err).Error(), nil
	}
	drop := func() error { return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) }
	if drop() != nil {
		f.Close() //nolint:errcheck // it was only read
		return nil, "the file system has no direct reading", nil
	}
	return f, "its pages were dropped from the cache first", func() { _ = drop() } // it worked before
}
