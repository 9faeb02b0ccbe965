//go:build !amd64 && !arm64

package measure

// chosen are the kernels for processors without their own.
func chosen() kernels { return generic() }
