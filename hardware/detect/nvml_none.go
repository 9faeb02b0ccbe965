//go:build !(linux && cgo)

package detect

// Cgo says whether this build can load the libraries of drivers.
const Cgo = false

// newNVML returns nil: the library is loaded through cgo, which this build
// does without. nvidia-smi takes its place.
func newNVML(*system) Source { return nil }
