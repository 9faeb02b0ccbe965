package measure

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:noescape
func readAVX2(p unsafe.Pointer, n int)

//go:noescape
func copyAVX2(dst, src unsafe.Pointer, n int)

//go:noescape
func triadAVX2(a, b, c unsafe.Pointer, n int, s float64)

//go:noescape
func readAVX512(p unsafe.Pointer, n int)

//go:noescape
func copyAVX512(dst, src unsafe.Pointer, n int)

//go:noescape
func triadAVX512(a, b, c unsafe.Pointer, n int, s float64)

func fmaAVX2(n int, x, y float32)
func fmaAVX512(n int, x, y float32)
func dotAVX512VNNI(n int)
func dotAVXVNNI(n int)
func dotAVX2(n int)

// chosen are the widest kernels that the processor and its system allow.
func chosen() kernels {
	k := generic()
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return k
	}
	k.vectors, k.read, k.copy, k.triad = "AVX2", readAVX2, copyAVX2, triadAVX2
	// 12 sums of 8 numbers, 2 operations each.
	k.fp32 = loop{"AVX2 FMA", 12 * 8 * 2, func(n int) { fmaAVX2(n, fmaX, fmaY) }}
	k.int8 = loop{"AVX2 multiply-add of bytes", 4 * 32 * 2, dotAVX2}
	if cpu.X86.HasAVXVNNI {
		k.int8 = loop{"AVX-VNNI", 12 * 32 * 2, dotAVXVNNI}
	}
	if cpu.X86.HasAVX512F {
		// A whole line at a time: half the loads in flight for as many lines.
		k.vectors, k.read, k.copy, k.triad = "AVX-512", readAVX512, copyAVX512, triadAVX512
		k.fp32 = loop{"AVX-512 FMA", 12 * 16 * 2, func(n int) { fmaAVX512(n, fmaX, fmaY) }}
		// VPABSB on 512 bits is of AVX512BW.
		if cpu.X86.HasAVX512VNNI && cpu.X86.HasAVX512BW {
			k.int8 = loop{"AVX-512 VNNI", 12 * 64 * 2, dotAVX512VNNI}
		}
	}
	return k
}
