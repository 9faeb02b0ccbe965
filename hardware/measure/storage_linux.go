package measure

import (
	"os"

	"golang.org/x/sys/unix"
)

// openDirect opens a file so that reading it reaches the drive, and says how;
// nil and why not where that cannot be.
func openDirect(path string) (*os.File, string) {
	f, err := os.Open(path)
	if err != nil {
		return nil, plain(err).Error()
	}
	dropped := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) == nil
	if d, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECT, 0); err == nil {
		f.Close() //nolint:errcheck // it was only read
		return d, "O_DIRECT"
	}
	if dropped {
		return f, "its pages were dropped from the cache first"
	}
	f.Close() //nolint:errcheck // it was only read
	return nil, "the file system has no direct reading"
}
