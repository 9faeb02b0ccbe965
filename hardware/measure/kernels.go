package measure

import (
	"sync/atomic"
	"unsafe"
)

// grain is what the lengths of all memory kernels are multiples of, in bytes.
const grain = 256

// Operands of the multiply-adds: sums stay finite and normal.
const (
	fmaX float32 = 1.0009765625
	fmaY float32 = 0.0001220703125
)

// kernels are the inner loops for one kind of processor. Sizes are bytes,
// multiples of grain, more than 0; a float64 is 8 of them.
type kernels struct {
	vectors string
	read    func(p unsafe.Pointer, n int)
	copy    func(dst, src unsafe.Pointer, n int)
	triad   func(a, b, c unsafe.Pointer, n int, s float64) // a = b + s·c
	fp32    loop
	int8    loop
}

// loop is an inner loop of arithmetic that touches no memory.
type loop struct {
	name string
	ops  float64 // of one turn; a multiply-add is two
	run  func(turns int)
}

// sink keeps results that nobody reads from being optimised away.
var sink atomic.Uint64

// generic are the loops in Go.
func generic() kernels {
	return kernels{vectors: "none (Go)", read: readGo, copy: copyGo, triad: triadGo,
		fp32: loop{"Go, no vectors", 8 * 2, fmaGo}, int8: loop{"Go, no vectors", 8 * 2, dotGo}}
}

func readGo(p unsafe.Pointer, n int) {
	w := unsafe.Slice((*uint64)(p), n/8)
	var a, b, c, d uint64
	for len(w) >= 8 {
		a ^= w[0] ^ w[4]
		b ^= w[1] ^ w[5]
		c ^= w[2] ^ w[6]
		d ^= w[3] ^ w[7]
		w = w[8:]
	}
	sink.Store(a ^ b ^ c ^ d)
}

func copyGo(dst, src unsafe.Pointer, n int) {
	copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(src), n))
}

func triadGo(a, b, c unsafe.Pointer, n int, s float64) {
	x, y, z := unsafe.Slice((*float64)(a), n/8), unsafe.Slice((*float64)(b), n/8), unsafe.Slice((*float64)(c), n/8)
	for i := range x {
		x[i] = y[i] + s*z[i]
	}
}

func fmaGo(turns int) {
	var s [8]float32
	s0, s1, s2, s3, s4, s5, s6, s7 := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	x, y := fmaX, float32(turns&1)+fmaY
	for range turns {
		s0, s1, s2, s3 = s0+x*y, s1+x*y, s2+x*y, s3+x*y
		s4, s5, s6, s7 = s4+x*y, s5+x*y, s6+x*y, s7+x*y
		y += fmaY
	}
	sink.Store(uint64(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7))
}

func dotGo(turns int) {
	var s [8]int32
	a := [8]int8{1, 2, 3, 4, 5, 6, 7, 8}
	for i := range turns {
		b := int32(int8(i))
		for j := range s {
			s[j] += int32(a[j]) * b
		}
	}
	sum := int32(0)
	for _, v := range s {
		sum += v
	}
	sink.Store(uint64(uint32(sum)))
}
