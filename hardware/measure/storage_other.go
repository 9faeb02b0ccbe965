//go:build !linux && !darwin

package measure

import "os"

// openDirect is for systems where reading past the cache is not supported here.
func openDirect(string) (f *os.File, how string, before func()) {
	return nil, "reading past the cache is not supported on this system", nil
}
