package estimator

import (
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/roofline"
)

// rate turns a time for an amount of work into a rate; the long end of the
// time is the low end of the rate.
func rate(amount float64, t *roofline.Time, unit string) Figure {
	return Figure{Value: amount / t.Seconds, Low: amount / t.High, High: amount / t.Low, Unit: unit, Basis: t.Basis}
}

func milliseconds(t *roofline.Time) Figure {
	return Figure{Value: t.Seconds * 1e3, Low: t.Low * 1e3, High: t.High * 1e3, Unit: "ms", Basis: t.Basis}
}

// figures is where the figures of one result lie together.
type figures struct{ prefill, decode, output, ttft, tpot, requests, encode, seen Figure }

// speeds derives what users see from the times of the two phases.
//
// Requests per second are those of a steady state in which every sequence
// slot is refilled at once: each request costs its own prefill, and its
// answer's steps are shared by the batch.
func speeds(f *figures, prefill, decode *roofline.Time, w *engine.Workload) Speed {
	batch := float64(max(w.Batch, 1))
	f.prefill, f.ttft = rate(float64(w.InputTokens), prefill, "tok/s"), milliseconds(prefill)
	s := Speed{PrefillTokS: &f.prefill, TTFTMs: &f.ttft}
	if w.OutputTokens <= 0 {
		return s
	}
	f.decode, f.output, f.tpot = rate(1, decode, "tok/s"), rate(batch, decode, "tok/s"), milliseconds(decode)
	s.DecodeTokS, s.OutputTokS, s.TPOTMs = &f.decode, &f.output, &f.tpot
	steps := float64(w.OutputTokens)
	prompt := 1.0
	if w.PromptAssumed {
		prompt = 0 // no prompt was given: the request is its answer
	}
	request := roofline.Time{
		Seconds: prompt*prefill.Seconds + steps*decode.Seconds/batch,
		Low:     prompt*prefill.Low + steps*decode.Low/batch,
		High:    prompt*prefill.High + steps*decode.High/batch,
		Basis:   decode.Basis,
	}
	f.requests = rate(1, &request, "requests/s")
	s.RequestsS = &f.requests
	return s
}

// boundOf says what holds a phase back.
func boundOf(name string, t *roofline.Time) Limit {
	var part float64
	switch t.Bound {
	case roofline.Compute:
		part = t.ComputeSec
	case roofline.Bandwidth:
		part = t.BandwidthSec + t.CacheSec
	case roofline.Overhead:
		part = t.OverheadSec
	case roofline.HostBound, roofline.HostComp:
		part = t.HostSec
	case roofline.LinkBound:
		part = t.LinkSec
	case roofline.Comm:
		part = t.CommSec
	}
	share := 0.0
	if t.Seconds > 0 {
		share = min(part/t.Seconds, 1)
	}
	return Limit{Phase: name, Bound: t.Bound, Share: share}
}
