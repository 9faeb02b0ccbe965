//go:build !(linux && cgo)

package detect

// newNVML returns nil: the library is loaded through cgo, which this build
// does without. nvidia-smi takes its place.
func newNVML() Source { return nil }
