//go:build !windows

package detect

// readRegistry is nil where there is no registry.
var readRegistry func() ([]winAdapter, error)
