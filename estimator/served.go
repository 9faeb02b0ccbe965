package estimator

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/estimator/serving"
)

// served replaces what users see of phases by themselves by what they see of a
// server that keeps the workload's sequences in flight: each is a request that
// the next one follows, so that answers wait for the prompts of others and
// prompts for their turn. The closed form gives the means over a benchmark's
// rounds, the first of which begins at once; Serve simulates what comes after.
// Requests of which nobody gave the prompt are their answers alone, as are
// those of an engine that is no server.
func served(req *Request, e *Result) {
	w, s := &req.Workload, &e.Settings
	if s.Rules.Serve.Schedule == "" || w.Batch <= 1 || w.OutputTokens <= 0 || w.PromptAssumed || w.InputTokens <= 0 {
		return
	}
	one, err := singleOf(req, e)
	if err != nil {
		return // what the phases would take if the memory were there
	}
	input := w.DecodeStart()
	load := &serving.Load{Concurrency: w.Batch, Rounds: BenchmarkRounds, Input: Around(input), Output: Around(w.OutputTokens),
		PrefixHit: float64(max(w.Depth, 0)) / float64(input)}
	if one.sched.Policy == serving.Static {
		load.Input, load.Output = serving.Fixed(input), serving.Fixed(w.OutputTokens)
	}
	part, n := partOf(load, turns(s))
	st, err := one.Steady(part)
	if err != nil {
		return
	}
	e.served = true
	f, basis := &e.figures, e.Decode.Basis
	spread := one.pace.spread(st, part)
	ttft := st.TTFT + startWait(st, part) + one.pace.rates.PerRequest()
	wide := math.Max(spread, promptSpread(e))
	f.ttft = Figure{Value: 1e3 * ttft, Low: 1e3 * ttft / wide, High: 1e3 * ttft * wide, Unit: "ms", Basis: e.Prefill.Basis}
	f.tpot = Figure{Value: 1e3 * st.TPOT, Low: 1e3 * st.TPOT / spread, High: 1e3 * st.TPOT * spread, Unit: "ms", Basis: basis}
	per := func(x float64, unit string) Figure {
		return Figure{Value: x, Low: x / spread, High: x * spread, Unit: unit, Basis: basis}
	}
	if st.TPOT > 0 {
		f.decode = per(1/st.TPOT, "tok/s")
	}
	f.output = per(n*st.OutputTokensPerSecond, "tok/s")
	f.requests = per(n*st.RequestsPerSecond, "requests/s")
	if running := n * st.Running; req.Answers && st.Bound != "load" && running < 0.98*float64(w.Batch) {
		limit := st.Bound
		for i := range e.Ledgers {
			if k := e.Ledgers[i].PoolSeqs; limit == "slots" && k > 0 && k < s.PerGroup() {
				limit = "memory for their states and caches"
			}
		}
		e.Warnings = append(e.Warnings, Warning{Code: "sequences_wait",
			Message: fmt.Sprintf("of %d sequences %.0f run at once and the others wait: what limits them is the %s", w.Batch, math.Max(1, running), limit)})
	}
	if !req.Explain {
		return
	}
	e.Derivations = append(e.Derivations, Derivation{Figure: "under load",
		Formula: fmt.Sprintf("%d sequences in flight in %g parts: %.3g run and %.3g decode in each; a step takes %.4g ms, %.4g ms with prompts, which %.3g of them carry",
			w.Batch, n, st.Running, st.Decoding, 1e3*st.DecodeStep, 1e3*st.MixedStep, st.PromptShare),
		Facts: "closed form of the scheduler (" + one.sched.Policy.String() + "), limited by " + st.Bound})
}

// promptSpread is the spread of a prompt's time, with that of its encoders, whose
// errors are of their own.
func promptSpread(e *Result) float64 {
	p, t := &e.Prefill, &e.Encode
	if t.Seconds <= 0 {
		return spreadOf(p)
	}
	both := p.Seconds + t.Seconds
	return math.Max(1, 1+math.Hypot(p.High-p.Seconds, t.High-t.Seconds)/both)
}

// spreadOf is the ratio between the ends of a time's interval and its middle.
func spreadOf(t *roofline.Time) float64 {
	if t.Seconds <= 0 || t.High <= 0 {
		return 1
	}
	return math.Max(1, t.High/t.Seconds)
}

// BenchmarkRounds is how many requests of each user a benchmark counts: ten are
// usual (InferenceX sends ten times the concurrency).
const BenchmarkRounds = 10

// unlike is by how much requests that are called equal differ in length.
const unlike = 0.1

// Around is a length in tokens that no two requests have exactly: were all
// answers of a closed loop equally long, all users would for ever ask in the
// same moment, which no measurement shows.
func Around(n int) serving.Lengths {
	d := int(unlike * float64(n))
	return serving.Uniform(max(1, n-d), n+d)
}
