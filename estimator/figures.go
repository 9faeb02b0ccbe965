package estimator

import (
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/roofline"
)

// rate turns a time for an amount of work into a rate; the long end of the
// time is the low end of the rate.
func rate(amount float64, t *roofline.Time, unit string) *Figure {
	return &Figure{Value: amount / t.Seconds, Low: amount / t.High, High: amount / t.Low, Unit: unit, Basis: t.Basis}
}

func milliseconds(t *roofline.Time) *Figure {
	return &Figure{Value: t.Seconds * 1e3, Low: t.Low * 1e3, High: t.High * 1e3, Unit: "ms", Basis: t.Basis}
}

// speeds derives what users see from the times of the two phases.
//
// Requests per second are those of a steady state in which every sequence
// slot is refilled at once: each request costs its own prefill, and its
// answer's steps are shared by the batch.
func speeds(prefill, decode *roofline.Time, w *engine.Workload) Speed {
	batch := float64(max(w.Batch, 1))
	s := Speed{
		PrefillTokS: rate(float64(w.InputTokens), prefill, "tok/s"),
		TTFTMs:      milliseconds(prefill),
	}
	if w.OutputTokens <= 0 {
		return s
	}
	s.DecodeTokS = rate(1, decode, "tok/s")
	s.OutputTokS = rate(batch, decode, "tok/s")
	s.TPOTMs = milliseconds(decode)
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
	s.RequestsS = rate(1, &request, "requests/s")
	return s
}

// limits says what holds each phase back.
func limits(prefill, decode *roofline.Time) []Limit {
	return []Limit{boundOf("prefill", prefill), boundOf("decode", decode)}
}

func boundOf(name string, t *roofline.Time) Limit {
	part := map[roofline.Bound]float64{
		roofline.Compute:   t.ComputeSec,
		roofline.Bandwidth: t.BandwidthSec + t.CacheSec,
		roofline.Overhead:  t.OverheadSec,
		roofline.HostBound: t.HostSec,
		roofline.HostComp:  t.HostSec,
		roofline.LinkBound: t.LinkSec,
		roofline.Comm:      t.CommSec,
	}[t.Bound]
	share := 0.0
	if t.Seconds > 0 {
		share = min(part/t.Seconds, 1)
	}
	return Limit{Phase: name, Bound: t.Bound, Share: share}
}
