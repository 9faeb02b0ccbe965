package accuracy

import (
	"context"
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// Own holds the measurements in a user's files against estimates, without
// fitting anything to them. What cannot be compared is returned with the
// reason, as is in words what was taken for granted. The only error is that of
// an ended context.
func Own(ctx context.Context, store *scenario.Store, files []corpus.File, o corpus.Overrides,
	estimate func(*estimator.Request) (*estimator.Result, error)) (cases []Case, skipped []corpus.Skip, assumed []string, err error) {
	own := new(corpus.Own)
	for _, f := range files {
		one, err := corpus.User(ctx, store, f, o)
		if err != nil {
			return nil, nil, nil, err
		}
		own.Rows, own.Skipped = append(own.Rows, one.Rows...), append(own.Skipped, one.Skipped...)
		for _, a := range one.Assumed {
			own.Assumed = appendNew(own.Assumed, a)
		}
	}
	examples, misses, err := corpus.OwnExamples(ctx, store, own.Rows)
	if err != nil {
		return nil, nil, nil, err
	}
	skipped = own.Skipped
	for _, m := range misses {
		skipped = append(skipped, corpus.Skip{Source: m.Row.Source, What: corpus.What(m.Row), Reason: m.Reason})
	}
	for i := range examples {
		c, reason := judge(&examples[i], estimate)
		if reason != "" {
			skipped = append(skipped, corpus.Skip{Source: c.Row.Source, What: corpus.What(c.Row), Reason: reason})
			continue
		}
		cases = append(cases, c)
	}
	return cases, skipped, own.Assumed, nil
}

func appendNew(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}

// judge estimates what was measured; the reason says why that cannot be done.
func judge(ex *corpus.Example, estimate func(*estimator.Request) (*estimator.Result, error)) (c Case, reason string) {
	req := ex.Request
	if ex.Spilled { // as the engine places it by itself
		req.Deployment.GPULayers, req.Deployment.CPUMoE = engine.Auto, engine.Auto
	}
	r, err := estimate(&req)
	if err != nil {
		return Case{Row: ex.Row}, err.Error()
	}
	o := ex.Judged
	sum := func(prefill, decode float64) float64 { return o.Prefills*prefill + o.Steps*decode }
	t := sum(r.Prefill.Seconds, r.Decode.Seconds)
	low, high := sum(r.Prefill.Low, r.Decode.Low), sum(r.Prefill.High, r.Decode.High)
	if !(t > 0 && low > 0) || math.IsInf(high, 0) || math.IsNaN(high) {
		if len(r.Unavailable) > 0 {
			return Case{Row: ex.Row}, r.Unavailable[0].Reason
		}
		return Case{Row: ex.Row}, "no time can be estimated"
	}
	lead := &r.Prefill
	if o.Decoding {
		lead = &r.Decode
	}
	c = newCase(ex, calibration.Level(lead.Level).String())
	c.Log, c.Low, c.High = math.Log(o.Seconds/t), math.Log(o.Seconds/high), math.Log(o.Seconds/low)
	if ex.Serving != nil {
		f, sign := servedFigure(ex.Row.Metric, &r.Speed)
		if f == nil {
			return Case{Row: ex.Row}, "nothing is estimated for " + ex.Row.Metric + " of a server"
		}
		of := func(x float64) float64 { return sign * math.Log(x/ex.Row.Value) }
		c.Log, c.Low, c.High = of(f.Value), math.Min(of(f.Low), of(f.High)), math.Max(of(f.Low), of(f.High))
	}
	c.Basis = lead.Basis
	return c, ""
}

// servedFigure returns the figure of a server that a metric measures, and 1 for
// rates, -1 for times.
func servedFigure(metric string, s *estimator.Speed) (*estimator.Figure, float64) {
	switch metric {
	case measured.TPOT:
		return s.TPOTMs, -1
	case measured.TTFT:
		return s.TTFTMs, -1
	case measured.Decode:
		return s.DecodeTokS, 1
	case measured.Output:
		return s.OutputTokS, 1
	}
	return nil, 1
}
