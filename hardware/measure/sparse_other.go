//go:build !unix

package measure

import "io/fs"

// sparse is not known on this system.
func sparse(fs.FileInfo) bool { return false }
