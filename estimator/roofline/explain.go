package roofline

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/phase"
)

var opNames = [phase.OpKinds]string{"layer weights", "experts", "attention", "recurrent", "output head"}

// Explain writes how a phase's time comes about: one line for each kind of
// work on each processor with its numbers put in, then the fixed times, the
// sum and the interval. It is for reading; it allocates.
func Explain(ph *phase.Phase, in *Input, t *Time) []string {
	var out []string
	class := calibration.ClassIndex(in.Class, in.Format)
	flash := 0
	if in.Flash {
		flash = 1
	}
	lead := in.lead(ph)
	if lead == nil {
		return nil
	}
	for i := range ph.Works {
		w := &ph.Works[i]
		p, where := in.params(w, lead), fmt.Sprintf("device %d", w.Share)
		if w.Host {
			where = "host"
			if in.streams(ph) {
				p, where = in.Device, "host weights, streamed to the device"
			}
		}
		for k := range w.Ops {
			op := &w.Ops[k]
			if op.Layers == 0 {
				continue
			}
			memory, arithmetic, fixed := opTimes(p, op, phase.OpKind(k), class, flash)
			line := fmt.Sprintf("%s, %s: √((%.4g GB → %.3f ms)² + (%.4g GFLOP → %.3f ms)²)", where, opNames[k],
				(op.Weights+op.Cache)/1e9, memory*1e3, op.FLOPs/1e9, arithmetic*1e3)
			if op.Activation > 0 && !ph.Decode {
				line += fmt.Sprintf(" + activations %.3f ms", op.Activation/p.ActivationBps*1e3)
			}
			if fixed > 0 {
				line += fmt.Sprintf(" + %.0f layers × %.1f µs", op.Layers, fixed/op.Layers*1e6)
			}
			out = append(out, line)
		}
	}
	var rates strings.Builder
	fmt.Fprintf(&rates, "rates: weights %.4g GB/s of %.4g GB/s nominal, arithmetic %.4g TFLOPS with few rows and %.4g with many",
		lead.StreamBps/1e9, lead.NominalBps/1e9, lead.GEMV[class]/1e12, lead.GEMM[class]/1e12)
	out = append(out, rates.String())
	out = append(out, fmt.Sprintf("sum: compute %.3f + bandwidth %.3f + attention %.3f + host %.3f + link %.3f + communication %.3f + fixed %.3f = %.3f ms (low %.3f, high %.3f; spread %.0f%%)",
		t.ComputeSec*1e3, t.BandwidthSec*1e3, t.CacheSec*1e3, t.HostSec*1e3, t.LinkSec*1e3, t.CommSec*1e3, t.OverheadSec*1e3,
		t.Seconds*1e3, t.Low*1e3, t.High*1e3, t.SD*100))
	out = append(out, "parameters: "+lead.Basis)
	for _, a := range lead.Assumed {
		out = append(out, "assumed: "+a)
	}
	return out
}
