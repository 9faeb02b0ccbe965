package measure

import (
	"testing"

	"golang.org/x/sys/cpu"
)

// Every loop that this processor has runs, chosen or not: an instruction that
// it does not know would end the test.
func TestEveryLoopRuns(t *testing.T) {
	for _, l := range []struct {
		name string
		has  bool
		run  func()
	}{
		{"fmaAVX2", cpu.X86.HasAVX2 && cpu.X86.HasFMA, func() { fmaAVX2(3, fmaX, fmaY) }},
		{"fmaAVX512", cpu.X86.HasAVX512F, func() { fmaAVX512(3, fmaX, fmaY) }},
		{"dotAVX2", cpu.X86.HasAVX2, func() { dotAVX2(3) }},
		{"dotAVXVNNI", cpu.X86.HasAVXVNNI, func() { dotAVXVNNI(3) }},
		{"dotAVX512VNNI", cpu.X86.HasAVX512VNNI && cpu.X86.HasAVX512BW, func() { dotAVX512VNNI(3) }},
	} {
		if l.has {
			l.run()
		}
		t.Logf("%s: %v", l.name, l.has)
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		a, b, c := make([]float64, grain/8), make([]float64, grain/8), make([]float64, grain/8)
		for i := range a {
			b[i], c[i] = float64(i), 1
		}
		readAVX2(at(b), grain)
		copyAVX2(at(a), at(b), grain)
		triadAVX2(at(c), at(a), at(b), grain, 2)
		for i := range c {
			if c[i] != 3*float64(i) {
				t.Fatalf("AVX2: [%d] is %g, want %d", i, c[i], 3*i)
			}
		}
	}
	generic().fp32.run(3)
	generic().int8.run(3)
	if sink.Load() == 0 {
		t.Error("the loops in Go left no result")
	}
}
