//go:build unix

package measure

import (
	"io/fs"
	"syscall"
)

// sparse says that much of a file has no place on the drive: reading it would
// be faster than the drive is.
func sparse(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int64(st.Blocks)*512 < info.Size()/2
}
