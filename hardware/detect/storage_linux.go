package detect

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// deviceOf is the device that holds a file.
func deviceOf(name string) (major, minor uint32, ok bool) {
	st, err := os.Stat(name)
	if err != nil {
		return 0, 0, false
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	dev := uint64(sys.Dev) //nolint:unconvert // 32 bit on some systems
	return unix.Major(dev), unix.Minor(dev), true
}
