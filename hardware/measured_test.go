package hardware

import (
	"math"
	"testing"
)

func TestMeasuredByThreads(t *testing.T) {
	m := &Measured{Memory: []MemoryRates{
		{Threads: 1, Read: Rate{Best: 10, Spread: 0.1}}, {Threads: 4, Read: Rate{Best: 40, Spread: 0.05}}, {Threads: 6, Read: Rate{Best: 44}}},
		FP32: &MeasuredOps{Threads: 5, One: Rate{Best: 100}, All: Rate{Best: 400, Spread: 0.2}}}
	for threads, want := range map[float64]float64{0.5: 5, 1: 10, 2: 20, 4: 40, 6: 44, 64: 44} {
		if got, _, ok := m.ReadGBps(threads); !ok || math.Abs(got-want) > 1e-9 {
			t.Errorf("%g threads read %g GB/s, want %g", threads, got, want)
		}
	}
	for threads, want := range map[float64]float64{0.5: 50e9, 1: 100e9, 3: 250e9, 5: 400e9, 9: 400e9} {
		if got, spread, ok := m.FP32FLOPS(threads); !ok || math.Abs(got/want-1) > 1e-9 || spread != 0.2 {
			t.Errorf("%g threads: %g FLOP/s ± %g, want %g", threads, got, spread, want)
		}
	}
	if _, _, ok := m.ReadGBps(0); ok {
		t.Error("a rate of no threads")
	}
	none := &Measured{}
	if _, _, ok := none.ReadGBps(1); ok {
		t.Error("a rate of nothing measured")
	}
	if _, _, ok := none.FP32FLOPS(1); ok {
		t.Error("arithmetic of nothing measured")
	}
}

func TestMeasuredDiffers(t *testing.T) {
	m := &Measured{CPU: "Chip One", MemoryBytes: 64 * GiB}
	for _, c := range []struct {
		host Host
		want string
	}{
		{Host{CPU: CPU{Name: "Chip One"}, MemoryBytes: 63 * GiB}, ""},
		{Host{CPU: CPU{Name: "Chip Two"}, MemoryBytes: 64 * GiB}, `it is of "Chip One", this machine has "Chip Two"`},
		{Host{MemoryBytes: 64 * GiB}, `it is of "Chip One", this machine has "processor without a name"`},
		{Host{CPU: CPU{Name: "Chip One"}, MemoryBytes: 128 * GiB}, "it is of a machine with 64.0 GiB, this one has 128.0 GiB"},
	} {
		if got := m.Differs(&c.host); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// A processor that tells no name is the same one when it is met again.
func TestMeasuredOfNamelessCPU(t *testing.T) {
	h := Host{MemoryBytes: 8 * GiB}
	m := &Measured{CPU: h.CPUName(), MemoryBytes: h.MemoryBytes}
	if got := m.Differs(&h); m.CPU == "" || got != "" {
		t.Errorf("%q: %q", m.CPU, got)
	}
}

func TestMeasuredToDevice(t *testing.T) {
	rate := func(v float64) *Rate { return &Rate{Best: v, Median: v} }
	m := &Measured{Devices: []MeasuredDevice{{Name: "A", Pinned: rate(25), Pageable: rate(9)}, {Name: "A", Pinned: rate(12), Pageable: rate(7)},
		{Name: "B", Pinned: rate(24)}, {Name: "C", Pageable: rate(0)}, {Name: "D"}}}
	for name, want := range map[string]float64{"A": 7, "B": 24, "C": 0, "D": 0, "E": 0} {
		got := 0.0
		if r := m.ToDevice(name); r != nil {
			got = r.Median
		}
		if got != want {
			t.Errorf("%s: %g GB/s, want %g", name, got, want)
		}
	}
}
