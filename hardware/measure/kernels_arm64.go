package measure

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:noescape
func readNEON(p unsafe.Pointer, n int)

//go:noescape
func copyNEON(dst, src unsafe.Pointer, n int)

//go:noescape
func triadNEON(a, b, c unsafe.Pointer, n int, s float64)

func fmaNEON(n int, x, y float32)
func dotNEON(n int)

// chosen are the best kernels that the processor has. NEON is part of every
// 64-bit Arm that Go runs on, the dot product is not.
func chosen() kernels {
	k := generic()
	k.vectors, k.read, k.copy, k.triad = "NEON", readNEON, copyNEON, triadNEON
	// 16 sums of 4 numbers, 2 operations each.
	k.fp32 = loop{"NEON FMA", 16 * 4 * 2, func(n int) { fmaNEON(n, fmaX, fmaY) }}
	// All processors of Apple that run macOS on Arm have it, and darwin tells
	// cpu nothing of it.
	if cpu.ARM64.HasASIMDDP || runtime.GOOS == "darwin" {
		k.int8 = loop{"NEON SDOT", 16 * 16 * 2, dotNEON}
	}
	return k
}
