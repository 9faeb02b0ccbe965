package calibration

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/hardware"
)

// MeasuredRules say what a measurement of a host's memory and arithmetic
// tells of the rates that engines reach there. Spreads are standard deviations
// of logarithms.
type MeasuredRules struct {
	// Stream is the share of the rate of a plain read loop that decoding
	// streams weights with, StreamSD how far engines and formats differ in it.
	Stream   float64 `json:"stream"`
	StreamSD float64 `json:"stream_sd"`
	// GEMM is the share of the FP32 multiply-add rate that many rows are
	// worked on with, over GEMMClasses alike; GEMMSD how far they differ in it.
	GEMM        float64  `json:"gemm"`
	GEMMSD      float64  `json:"gemm_sd"`
	GEMMClasses []string `json:"gemm_classes"`
	// GEMMISA is the instruction set of the processor that GEMM is of: with
	// another it is in proportion to what the sets are worth (Base.ISA).
	GEMMISA string `json:"gemm_isa"`
	// VirtualSD is how far the rates of a virtual machine wander.
	VirtualSD float64 `json:"virtual_sd"`
	Source    string  `json:"source"`
}

// remaining are the spreads that are left, for decoding and for prefill, when
// the processor itself was calibrated: what no knowledge of its rates removes.
func (s *Set) remaining(b *Base) [2]float64 {
	out := [2]float64{b.SDDecode[LevelDevice], b.SDPrefill[LevelDevice]}
	if v := s.SDDecode[LevelDevice]; v > 0 {
		out[0] = v
	}
	if v := s.SDPrefill[LevelDevice]; v > 0 {
		out[1] = v
	}
	return out
}

// refine joins the rates of a host with what was measured on it. Both are
// estimates of the same rate with a spread each: what is left of the present
// spread when that of a calibrated device is taken off, and the measurement's.
// In logarithms the joint one is their mean, weighed by the inverse squares of
// the spreads, and 1/spread² is the sum of theirs (the mean of independent
// normal estimates), so that an interval only ever tightens.
func (r *MeasuredRules) refine(p *Params, b *Base, h *hardware.Host, rest [2]float64) {
	m := h.Measured
	wander := 0.0
	if m.Virtual {
		wander = r.VirtualSD
	}
	moved := false
	var weights [2]float64 // of the measurements of memory and of arithmetic
	prior := [2]float64{math.Max(0, square(p.SDDecode)-square(rest[0])), math.Max(0, square(p.SDPrefill)-square(rest[1]))}
	if h.CPU.BandwidthGBps <= 0 {
		prior[0]++ // a stand-in says nothing
	}
	if read, spread, ok := m.ReadGBps(p.Threads); ok {
		own := square(spread) + square(r.StreamSD) + square(wander)
		var x float64
		x, weights[0] = join(prior[0], own, read*1e9*r.Stream/p.StreamBps)
		// Memory that is plainly slower than its nominal rate, as with channels
		// left empty, bounds the stream whatever was calibrated.
		most := read * 1e9 * math.Exp(2*math.Sqrt(own))
		x = math.Min(x, most/p.StreamBps)
		moved = x != 1
		p.scaleMemory(x)
	}
	if flops, spread, ok := m.FP32FLOPS(p.Threads); ok {
		own := square(spread) + square(r.GEMMSD)
		worth := feature(b.ISA, h.CPU.ISA) / feature(b.ISA, []string{r.GEMMISA})
		var x float64
		x, weights[1] = join(prior[1], own, flops*r.GEMM*worth/r.gemm(p))
		p.scaleArithmetic(x)
	}
	// Either may hold a phase back: it is known as well as the lesser known.
	known := math.Min(weights[0], weights[1])
	p.SDDecode, p.SDPrefill = tighter(p.SDDecode, rest[0], known), tighter(p.SDPrefill, rest[1], known)
	if moved || weights != [2]float64{} {
		p.Basis += fmt.Sprintf(", and measured on this machine on %s (weight %.0f%% in memory, %.0f%% in arithmetic)",
			m.Date, 100*weights[0], 100*weights[1])
	}
}

// join joins a rate of squared spread prior with a measurement of squared
// spread own: it returns what to multiply the rate by, and the measurement's
// weight. ratio is measured to prior.
func join(prior, own, ratio float64) (x, weight float64) {
	if prior <= 0 || !(ratio > 0) || math.IsInf(ratio, 0) {
		return 1, 0
	}
	weight = prior / (prior + own)
	return math.Pow(ratio, weight), weight
}

// tighter is a spread whose part above rest is known by a measurement of a
// weight from 0 to 1.
func tighter(sd, rest, weight float64) float64 {
	return math.Sqrt(math.Max(0, square(sd)-math.Max(0, square(sd)-square(rest))*weight))
}

// gemm is the geometric mean of the rates with many rows over the classes.
func (r *MeasuredRules) gemm(p *Params) float64 {
	sum, n := 0.0, 0
	for i, c := range classes {
		for _, want := range r.GEMMClasses {
			if c == format.Class(want) {
				sum += math.Log(p.GEMM[i])
				n++
			}
		}
	}
	if n == 0 {
		return p.GEMM[0]
	}
	return math.Exp(sum / float64(n))
}

// scaleMemory multiplies every rate that is the memory's.
func (p *Params) scaleMemory(x float64) {
	for _, v := range [...]*float64{&p.NominalBps, &p.StreamBps, &p.ExpertStreamBps, &p.CacheBps[0], &p.CacheBps[1], &p.ActivationBps} {
		*v *= x
	}
	p.ScoreSecPerByte /= x
}

// scaleArithmetic multiplies every rate that is the cores'.
func (p *Params) scaleArithmetic(x float64) {
	for i := range p.GEMM {
		p.GEMM[i] *= x
		p.GEMV[i] *= x
	}
	p.AttnFLOPS[0] *= x
	p.AttnFLOPS[1] *= x
}

func square(x float64) float64 { return x * x }
