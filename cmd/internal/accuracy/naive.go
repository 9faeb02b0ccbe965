package accuracy

import (
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// Shares of the nominal rates that the rules of thumb reckon with: what
// calculators commonly do, told apart by neither engine nor format.
const (
	naiveBandwidth = 0.55
	naiveCompute   = 0.35
)

// The rules of thumb, in words.
const (
	NaiveDecode = "decode: 0.55 × memory bandwidth ÷ bytes of the weights (of a mixture of experts, the active share), " +
		"for each sequence; one device's bandwidth unless tensor parallel, also for what is offloaded to the host"
	NaivePrefill = "prefill: 0.35 × FP16 peak (of a CPU, FP32) ÷ (2 × active parameters)"
)

// naive returns ln(rate of the rule of thumb ÷ measured rate); false where a
// fact that the rule needs is not known.
func naive(ex *corpus.Example) (float64, bool) {
	a := &ex.Request.Model.Arch
	total, active := float64(a.ParamsTotal), float64(a.ParamsActive)
	if active <= 0 || active > total {
		active = total
	}
	bandwidth, peak := nominal(ex)
	r := ex.Row
	if ex.Serving != nil && r.Metric != measured.TPOT && r.Metric != measured.TTFT {
		return 0, false // how many sequences run at once no such rule says
	}
	perSecond := 0.0 // of one sequence
	switch r.Metric {
	case measured.Decode:
		perSecond = r.Value
	case measured.Output:
		perSecond = r.Value / float64(max(r.Batch, 1))
	case measured.TPOT:
		perSecond = 1e3 / r.Value
	case measured.Prefill:
		perSecond = r.Value
	case measured.TTFT:
		perSecond = float64(r.Input) / r.Value * 1e3
	}
	rate := naiveCompute * peak / (2 * active)
	if ex.Judged.Decoding {
		rate = naiveBandwidth * bandwidth / (float64(ex.Request.Weights.Total) * active / total)
	}
	log := math.Log(rate / perSecond)
	return log, !math.IsNaN(log) && !math.IsInf(log, 0)
}

// nominal returns the memory bandwidth in bytes/s and the arithmetic peak in
// FLOP/s; zero where not known.
func nominal(ex *corpus.Example) (bandwidth, peak float64) {
	d, c := leads(ex)
	if d == nil {
		n := float64(max(ex.Request.Machine.Primary().Host.Sockets, 1))
		return n * c.BandwidthGBps * 1e9, n * c.PeakFP32GFLOPS * 1e9
	}
	n := float64(max(ex.Work.Result.Settings.TP, 1))
	return n * d.BandwidthGBps * 1e9, n * fp16(&d.Rates) * 1e12
}

func fp16(r *hardware.Rates) float64 {
	for _, v := range [...]float64{r.FP16, r.FP16Acc32, r.BF16, r.FP32} {
		if v > 0 {
			return v
		}
	}
	return 0
}
