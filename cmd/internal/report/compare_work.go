package report

import (
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/hardware"
)

// NewCompareWork takes from the work of both phases and their times what a
// roofline is drawn from; nil where no time is known. It is of the first
// processor that works: under tensor parallelism the others do the same.
func NewCompareWork(node *hardware.Node, w *estimator.Work, e *estimator.Result) *CompareWork {
	if len(w.Prefill.Works) == 0 || e.Prefill.Seconds <= 0 {
		return nil
	}
	first := &w.Prefill.Works[0]
	rates, name := w.Rates.Host, node.Host.CPU.Name
	if !first.Host && w.Rates.Device != nil {
		rates, name = w.Rates.Device, node.Devices[0].Name
		if d := e.Placement.Shares[first.Share].Device; d != nil {
			name = d.Name
		}
		if i := first.Share; i < len(w.Rates.Devices) && w.Rates.Devices[i] != nil {
			rates = w.Rates.Devices[i]
		}
	}
	if rates == nil {
		return nil
	}
	class := calibration.ClassIndex(w.Rates.Class, w.Rates.Format)
	out := &CompareWork{Processor: name, BandwidthGBps: significant(rates.NominalBps / 1e9),
		PeakTFLOPS: significant(max(rates.GEMM[class], rates.GEMV[class]) / 1e12), Prefill: phaseWork(&w.Prefill, &e.Prefill)}
	if e.Speed.DecodeTokS != nil {
		out.Decode = phaseWork(&w.Decode, &e.Decode)
	}
	return out
}

// phaseWork adds up the operations of a phase's first processor; nil where it
// has none or moves nothing.
func phaseWork(ph *phase.Phase, t *roofline.Time) *PhaseWork {
	if len(ph.Works) == 0 || t.Seconds <= 0 {
		return nil
	}
	out := &PhaseWork{}
	for _, op := range ph.Works[0].Ops {
		out.GFLOP += op.FLOPs / 1e9
		out.GB += (op.Weights + op.Cache) / 1e9
	}
	out.GFLOP, out.GB = significant(out.GFLOP), significant(out.GB)
	out.Seconds = tidy(&estimator.Figure{Value: t.Seconds, Low: t.Low, High: t.High, Unit: "s", Basis: t.Basis})
	if out.GFLOP <= 0 || out.GB <= 0 || out.Seconds == nil {
		return nil
	}
	return out
}
