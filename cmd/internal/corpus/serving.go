package corpus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/fit"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/serving"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// ServingExamples works out all serving rows that may be used.
func ServingExamples(ctx context.Context, store *scenario.Store, prior *calibration.Table, rows []measured.ServingRow) ([]Example, []Miss, error) {
	resolver := scenario.NewResolver(store)
	resolver.Languages = "this corpus"
	cache := new(estimator.Cache)
	var out []Example
	var misses []Miss
	for i := range rows {
		r := &rows[i]
		if r.Exclude != "" || r.Weight == 0 {
			continue
		}
		ex, err := servingExample(ctx, resolver, cache, prior, r)
		if err != nil {
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			misses = append(misses, Miss{&r.Row, err.Error()})
			continue
		}
		// The weight of a row in a sweep of thousands is its source's share of
		// it; the root leaves the sweep's breadth of models and devices a say.
		ex.Observation.Weight = math.Sqrt(math.Min(r.Weight, 1)) * servingWeights[r.Quality]
		if !ex.Observation.Decoding {
			// What a first token waits for others is the benchmark's doing as
			// much as the machine's.
			ex.Observation.Weight /= math.Max(1, ex.Observation.Prefills)
		}
		out = append(out, ex)
	}
	return out, misses, nil
}

// servingWeights are what a row is worth by its quality: where settings are
// unknown it is mostly whether tokens were drafted.
var servingWeights = map[byte]float64{measured.QualityA: 1, measured.QualityB: 0.7, measured.QualityC: 0.3}

// servingScenario returns the deployment of a serving row.
func servingScenario(r *measured.ServingRow) (scenario.Scenario, error) {
	s := scenario.New()
	switch {
	case r.Disaggregated && !decodePool(r):
		return s, errors.New("prefill and decode on devices of their own")
	case r.Nodes > 1 && !r.Disaggregated:
		return s, errors.New("several nodes")
	case r.Rate > 0 && !math.IsInf(r.Rate, 0):
		return s, errors.New("a rate of requests")
	case r.Input <= 0 || r.Output <= 0:
		return s, errors.New("the lengths are not stated")
	case r.Speculative:
		return s, errors.New("speculative decoding")
	}
	s.ID, s.Model, s.Quant = r.ID, r.Model, r.Weights
	s.KVType = strings.ToLower(r.KV)
	s.On, s.Devices = r.Hardware, r.Devices
	if r.Disaggregated {
		// The pool that decodes, over as many computers as it takes.
		s.Devices, s.Nodes = r.DevicesPerNode, max(r.TP, 1)*r.DP/r.DevicesPerNode
	}
	s.Engine, s.EngineDate = r.Engine, r.Date
	if len(s.EngineDate) == len("2006") {
		s.EngineDate += "-07" // the middle of a year
	}
	s.TP, s.PP, s.DP = r.TP, r.PP, r.DP
	divide(r, &s)
	s.GPULayers, s.CPUMoE = -1, -1
	s.InputTokens, s.OutputTokens, s.PromptAssumed = r.Input, r.Output, false
	s.Context = r.Input + r.Output
	return s, nil
}

// decodePool tells whether a row of separate pools says how its one large
// decoding pool was divided, and what its users saw of that alone.
func decodePool(r *measured.ServingRow) bool {
	n := max(r.TP, 1) * max(r.DP, 1)
	return r.DP > 1 && r.EP > 1 && r.Metric == measured.TPOT && r.Class == measured.ClosedLoop && r.DevicesPerNode > 0 &&
		n%r.DevicesPerNode == 0 && 2*n > r.Devices
}

// divide settles how the devices share the work. Sources that speak of
// data-parallel attention count its ranks under tp, too.
func divide(r *measured.ServingRow, s *scenario.Scenario) {
	n := r.Devices / max(r.PP, 1)
	if r.Disaggregated {
		n = max(r.TP, 1) * r.DP
	}
	if r.DP > 1 && max(r.TP, 1)*r.DP > n {
		s.TP = max(1, n/r.DP)
	}
	if s.TP == 0 {
		s.TP = max(1, n/max(r.DP, 1))
	}
	switch {
	case r.DP > 1 && max(r.EP, r.MoETP) > 1:
		s.EP = s.TP * r.DP // one set of experts for all
	case r.EP > 1 && r.EP == s.TP:
		s.EP = r.EP // whole experts
	}
}

// servingExample finds what a server did to yield a measurement: the mix of
// steps is a matter of the load and the scheduler, not of the rates.
func servingExample(ctx context.Context, resolver *scenario.Resolver, cache *estimator.Cache, prior *calibration.Table, r *measured.ServingRow) (Example, error) {
	ex := Example{Row: &r.Row, Serving: r}
	s, err := servingScenario(r)
	if err != nil {
		return ex, err
	}
	var p scenario.Prepared
	if err := resolver.Resolve(ctx, &s, &p); err != nil {
		return ex, err
	}
	ex.Request = p.Request
	ex.Request.Cache = cache
	w, err := estimator.WorkOf(&ex.Request)
	if err != nil {
		return ex, err
	}
	ex.Work = w
	ex.Observation, err = observeServing(&ex, prior)
	ex.Judged = ex.Observation
	return ex, err
}

// load returns what the benchmark of a row sent, and how many sequences it
// kept in flight.
func load(r *measured.ServingRow) *serving.Load {
	l := &serving.Load{Input: serving.Fixed(r.Input), Output: serving.Fixed(r.Output), Seed: 1}
	switch {
	case r.Drawn:
		l.Input, l.Output, l.Rounds = drawn(r.Input), drawn(r.Output), estimator.BenchmarkRounds
	case r.Class == measured.ClosedLoop:
		l.Input, l.Output, l.Rounds = estimator.Around(r.Input), estimator.Around(r.Output), otherRounds
	}
	if r.Class == measured.Saturated && r.Batch <= 1 {
		l.Rate = math.Inf(1) // not stated how many: as many as fit
	} else {
		l.Concurrency = r.Batch
	}
	return l
}

// otherRounds is how many requests of each user the benchmarks send that do not
// say so: half of the usual fits what they saw.
const otherRounds = estimator.BenchmarkRounds / 2

// drawn is what InferenceX draws for a nominal length: 0.8 to 1 of it, evenly.
func drawn(n int) serving.Lengths { return serving.Uniform(max(1, n*8/10), n) }

// observeServing says which steps were measured.
func observeServing(ex *Example, prior *calibration.Table) (*fit.Observation, error) {
	r, w := ex.Serving, ex.Work
	s := &w.Result.Settings
	node := ex.Request.Machine.Primary()
	o := &fit.Observation{ID: r.ID, Prefill: new(phase.Phase), Decode: new(phase.Phase),
		Site:  fit.Site{Settings: s, Node: node},
		Class: ex.Request.Weights.Class, Format: ex.Request.Weights.Format, Flash: s.FlashOn,
		Device: r.Hardware, Model: ex.Request.Model.Arch.ID}
	t, err := traffic(ex, prior)
	if err != nil {
		return nil, err
	}
	*o.Decode, *o.Prefill = t.Plain, t.Mixed
	all := t.Running * t.Turns
	if r.Class == measured.ClosedLoop {
		all = float64(r.Batch)
	}

	osl := float64(r.Output)
	o.Decoding = true
	rate := r.Value // output tokens per second
	switch r.Metric {
	case measured.TPOT:
		o.Prefills, o.Steps, o.Seconds = t.MixedPerToken, t.PlainPerToken, r.Value/1e3
		return o, nil
	case measured.TTFT:
		if r.Class == measured.Saturated {
			return nil, errors.New("the queue of a saturated server has no length")
		}
		o.Prefills, o.Requests, o.Seconds, o.Decoding = t.MixedToFirst, 1, r.Value/1e3, false
		return o, nil
	case measured.Decode:
		rate *= all
	case measured.Output:
	case measured.Total:
		rate *= osl / (float64(r.Input) + osl)
	case measured.Requests:
		rate *= osl
	default:
		return nil, fmt.Errorf("nothing is estimated for %s", r.Metric)
	}
	if r.Class == measured.Saturated {
		// A step makes a token of every decoding sequence; prompts wait elsewhere.
		o.Prefills, o.Steps, o.Seconds = t.MixedPerToken, t.PlainPerToken, t.Decoding*t.Turns/rate
		return o, nil
	}
	o.Prefills, o.Steps, o.Requests, o.Seconds = t.MixedToFirst+t.MixedPerToken*(osl-1), t.PlainPerToken*(osl-1), 1, all*osl/rate
	return o, nil
}

// traffic divides the server's time under a row's load, with the rates of the
// prior: how many sequences wait for their first token hardly depends on them.
func traffic(ex *Example, prior *calibration.Table) (*estimator.Traffic, error) {
	r := ex.Serving
	if r.Class != measured.StaticBatch && r.Class != measured.BatchOne && !r.Disaggregated {
		req := ex.Request
		req.Calibration = prior
		return estimator.TrafficOf(&req, &ex.Work.Result, load(r))
	}
	return estimator.BatchTraffic(&ex.Request, &ex.Work.Result, r.Batch, r.Input, r.Output), nil
}
