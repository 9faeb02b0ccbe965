package roofline

import (
	"math"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/hardware"
)

// Two computers of four devices each, links of 100 GB/s inside and 10 between.
func twoBoxes() *Input {
	return &Input{Box: 4, Link: &hardware.Link{Kind: "nvlink", GBps: 100}, Network: &hardware.Link{GBps: 10},
		Device: &calibration.Params{Bus: 1}}
}

func TestExchangeByHand(t *testing.T) {
	in := twoBoxes()
	const bytes = 8e9
	for _, c := range []struct {
		ranks  int
		copies float64
		want   float64
	}{
		{4, 0, 0.08},       // inside: all of it at 100 GB/s
		{8, 0, 0.4 + 0.04}, // half of it to the other computer at 10, then the other half inside
		{8, 1, 0.4},        // one copy: as many bytes cross, and what comes is handed on meanwhile
		{8, 8, 8e9 * 2 * (1 - math.Pow(0.5, 8)) / 8 / 2 / 10e9}, // eight copies: to each computer once
		{1, 0, 0},
	} {
		if got := in.exchange(c.ranks, bytes, c.copies, in.Device); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%d ranks, %v copies: %v s, want %v", c.ranks, c.copies, got, c.want)
		}
	}
}

// What overlaps is hidden, never more than there is.
func TestOverlapHides(t *testing.T) {
	in := twoBoxes()
	comm := func(overlap, computing float64) float64 {
		x := Time{ComputeSec: computing}
		x.comm(&phase.Phase{Exchanges: 1, ExchangeBytes: 8e9, ExchangeRanks: 4, Overlap: overlap}, in, in.Device, 1)
		return x.CommSec
	}
	for _, c := range []struct{ overlap, computing, want float64 }{
		{0, 1, 0.08}, {0.5, 1, 0.04}, {1, 1, 0}, {1, 0.03, 0.05}, {0.5, 0.02, 0.07},
	} {
		if got := comm(c.overlap, c.computing); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("overlap %v beside %v s: %v s, want %v", c.overlap, c.computing, got, c.want)
		}
	}
}

// Devices that meet through the host slow each other; those of a switch do not.
func TestRanksCrowdTheHost(t *testing.T) {
	p := &calibration.Params{Bus: 1, BusHost: 1, HostCrowd: 0.5}
	seconds := func(kind string, ranks int) float64 {
		in := &Input{Link: &hardware.Link{Kind: kind, GBps: 50}, Device: p}
		return in.allReduce(ranks, 1e9, p) / (2 * float64(ranks-1) / float64(ranks))
	}
	if a, b := seconds("pcie", 2), seconds("pcie", 8); math.Abs(b/a-2) > 1e-9 {
		t.Errorf("a byte over PCIe takes %v s with 2 and %v s with 8 ranks, want twice as long", a, b)
	}
	if a, b := seconds("nvlink", 2), seconds("nvlink", 8); math.Abs(b/a-1) > 1e-9 {
		t.Errorf("a byte over NVLink takes %v s with 2 and %v s with 8 ranks", a, b)
	}
}

// Whole experts load devices unevenly, and the fullest is waited for; formats
// that the device does not compute in wait longer at each layer.
func TestExpertsWait(t *testing.T) {
	p := &calibration.Params{NominalBps: 1, ExpertStreamBps: 1, ExpertGEMM: 1, ExpertSkew: 0.5, MoELayer: 1e-6}
	for c := range p.GEMM {
		p.GEMM[c], p.GEMV[c], p.ExpertClass[c], p.EmulatedMoE[c] = 1, 1e-9, 1, 3
	}
	op := phase.Op{FLOPs: 10, Rows: 100, Layers: 2}
	_, even, fixed := opTimes(p, &op, phase.ExpertMul, 0, 0)
	op.Skew, op.Noise = 1, 0.75 // √(0.5²·1 + 0.75) = 1
	_, uneven, _ := opTimes(p, &op, phase.ExpertMul, 0, 0)
	if math.Abs(uneven/even-2) > 1e-9 {
		t.Errorf("%v s even, %v s uneven, want twice as long", even, uneven)
	}
	if math.Abs(fixed-6e-6) > 1e-15 {
		t.Errorf("%v s fixed for two layers, want 6e-6", fixed)
	}
}
