//go:build !(linux && cgo && (amd64 || arm64)) && !(windows && (amd64 || arm64))

package cuda

// Open says that this build loads no libraries.
func Open() (Driver, error) { return nil, ErrBuild }
