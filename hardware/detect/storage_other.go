//go:build !linux

package detect

// deviceOf is not known here.
func deviceOf(string) (major, minor uint32, ok bool) { return 0, 0, false }
