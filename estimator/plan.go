package estimator

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/serving"
)

// Goal is what a parallel plan is chosen for.
type Goal string

// Goals.
const (
	ForLatency    Goal = "latency"    // the shortest time per output token
	ForThroughput Goal = "throughput" // the most requests per second
	ForObjectives Goal = "objectives" // the most requests per second within the objectives
)

// Plan is one way to divide the model over the devices, and what it gives.
type Plan struct {
	TP int `json:"tp"`
	PP int `json:"pp"`
	DP int `json:"dp"`
	EP int `json:"ep"`
	// Devices that it uses.
	Devices int `json:"devices"`
	// TTFTMs and TPOTMs are means at the load asked for, OutputTokS what all
	// users get together; CapacityRequestsS is the most requests per second
	// that it carries (without a load: those of the batch), PerDeviceTokS the
	// generated tokens of that per second and device.
	TTFTMs            float64 `json:"ttft_ms"`
	TPOTMs            float64 `json:"tpot_ms"`
	OutputTokS        float64 `json:"output_tok_s"`
	CapacityRequestsS float64 `json:"capacity_requests_s"`
	PerDeviceTokS     float64 `json:"capacity_tok_s_per_device"`
	// Stable says that it carries the load, and meets the objectives in the mean.
	Stable bool `json:"stable"`
	// Pareto marks plans that no other beats both in tokens per second and
	// device and in the speed of each user.
	Pareto bool `json:"pareto"`
	// Refused says why the plan cannot be, and then there are no figures.
	Refused string `json:"refused,omitempty"`
}

// String is how a person would ask for the plan: "--tp 8 --pp 2".
func (p *Plan) String() string {
	out := fmt.Sprintf("--tp %d", p.TP)
	if p.PP > 1 {
		out += fmt.Sprintf(" --pp %d", p.PP)
	}
	if p.DP > 1 {
		out += fmt.Sprintf(" --dp %d", p.DP)
	}
	if p.EP > 1 {
		out += fmt.Sprintf(" --ep %d", p.EP)
	}
	return out
}

// Plans evaluates every division of the model over all devices of the request's
// machine that its engine allows, in closed form, best first for the goal;
// plans that cannot be come last, each with its reason. Without a load (nil)
// the figures are Estimate's, of the request's own batch. It is an error if no
// plan can be.
func Plans(req *Request, load *serving.Load, goal Goal, objectives []serving.Objective) ([]Plan, error) {
	if req.Cache == nil {
		own := *req
		own.Cache = new(Cache)
		req = &own
	}
	node := req.Machine.Primary()
	if node == nil || len(node.Devices) == 0 {
		return nil, fmt.Errorf("%s has no accelerators to divide a model over", req.Machine.ID)
	}
	var plans []Plan
	for _, p := range divisions(len(node.Devices), len(req.Model.Layers), hasExperts(req)) {
		req.evaluate(&p, load, objectives)
		plans = append(plans, p)
	}
	front(plans)
	slices.SortStableFunc(plans, func(a, b Plan) int {
		return cmp.Or(order(a.Refused != "", b.Refused != ""), order(!a.Stable, !b.Stable), goal.compare(&a, &b))
	})
	if plans[0].Refused != "" {
		return plans, fmt.Errorf("no division over %d devices works: %s: %s", len(node.Devices), &plans[0], plans[0].Refused)
	}
	return plans, nil
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// compare says which plan serves the goal better: negative for a. Plans within
// a hundredth are alike, and then the simpler one is better.
func (g Goal) compare(a, b *Plan) int {
	x, y := b.CapacityRequestsS, a.CapacityRequestsS
	if g == ForLatency {
		x, y = a.TPOTMs, b.TPOTMs
	}
	if math.Abs(x-y) > 0.01*math.Max(math.Abs(x), math.Abs(y)) {
		return cmp.Compare(x, y)
	}
	return cmp.Or(cmp.Compare(a.TTFTMs, b.TTFTMs), cmp.Compare(a.PP, b.PP), cmp.Compare(a.EP, b.EP), cmp.Compare(b.TP, a.TP))
}

func hasExperts(req *Request) bool {
	for i := range req.Model.Layers {
		if req.Model.Layers[i].Experts > 0 {
			return true
		}
	}
	return false
}

// divisions lists the ways to divide n devices: every product of tensor
// ranks, stages and groups that uses all of them.
func divisions(n, layers int, experts bool) []Plan {
	var out []Plan
	for tp := 1; tp <= n; tp++ {
		if n%tp != 0 {
			continue
		}
		for pp := 1; pp <= n/tp && pp <= layers; pp++ {
			if n/tp%pp != 0 {
				continue
			}
			p := Plan{TP: tp, PP: pp, DP: n / tp / pp, EP: 1, Devices: n}
			out = append(out, p)
			if experts && tp*p.DP > 1 {
				p.EP = tp * p.DP
				out = append(out, p)
			}
		}
	}
	return out
}

// evaluate fills in the figures of a plan, or why it cannot be.
func (req *Request) evaluate(p *Plan, load *serving.Load, objectives []serving.Objective) {
	v := *req
	v.Explain, v.Answers = false, false
	v.Deployment.TP, v.Deployment.PP, v.Deployment.DP, v.Deployment.EP = p.TP, p.PP, p.DP, p.EP
	v.Deployment.Split = engine.SplitAuto
	if p.TP == 1 {
		v.Deployment.Split = engine.SplitPipeline
	}
	e := new(Result)
	err := allocate(&v, e)
	if err == nil && e.Verdict == DoesNotFit && load != nil && v.Workload.Batch > 1 && v.Engine.Serves() {
		// A server lets users wait for whom there is no room.
		v.Workload.Batch, *e = 1, Result{}
		err = allocate(&v, e)
	}
	if err != nil {
		p.Refused = err.Error()
		return
	}
	if e.Verdict != Fits && e.Verdict != Tight {
		p.Refused = "does not fit"
		return
	}
	if load == nil {
		p.alone(&v, e)
		return
	}
	one, err := singleOf(&v, e)
	if err != nil {
		p.Refused = err.Error()
		return
	}
	n := float64(turns(&e.Settings))
	part := partOf(load, n)
	st, err := one.Steady(part)
	if err != nil {
		p.Refused = err.Error()
		return
	}
	once := one.pace.rates.PerRequest()
	p.Stable = !st.Unstable
	p.TPOTMs, p.TTFTMs = 1e3*st.TPOT, 1e3*(st.TTFT+once)
	p.OutputTokS = n * st.OutputTokensPerSecond
	p.CapacityRequestsS = n * st.Capacity
	if st.RequestsPerSecond > 0 {
		p.PerDeviceTokS = p.CapacityRequestsS * st.OutputTokensPerSecond / st.RequestsPerSecond / float64(p.Devices)
	}
	if math.IsInf(p.TTFTMs, 0) || math.IsNaN(p.TTFTMs) {
		p.TTFTMs = 0
	}
	for _, o := range objectives {
		// The closed form knows means: an objective on a percentile is missed
		// for sure where the mean is.
		switch {
		case o.Metric == "tpot" && st.TPOT > o.Limit, o.Metric == "ttft" && st.TTFT+once > o.Limit:
			p.Stable = false
		}
	}
}

// alone fills in the figures of a batch that runs by itself.
func (p *Plan) alone(req *Request, e *Result) {
	if err := clock(req, e); err != nil {
		p.Refused = err.Error()
		return
	}
	s, value := &e.Speed, func(f *Figure) float64 {
		if f == nil {
			return 0
		}
		return f.Value
	}
	if s.TTFTMs == nil && s.TPOTMs == nil {
		p.Refused = "no speed is known"
		if len(e.Unavailable) > 0 {
			p.Refused = e.Unavailable[0].Reason
		}
		return
	}
	p.Stable = true
	p.TTFTMs, p.TPOTMs, p.OutputTokS, p.CapacityRequestsS = value(s.TTFTMs), value(s.TPOTMs), value(s.OutputTokS), value(s.RequestsS)
	p.PerDeviceTokS = p.CapacityRequestsS * float64(req.Workload.OutputTokens) / float64(p.Devices)
}

// front marks the plans that no other beats in both respects.
func front(plans []Plan) {
	for i := range plans {
		a := &plans[i]
		if a.Refused != "" || !a.Stable || a.TPOTMs <= 0 {
			continue
		}
		a.Pareto = true
		for j := range plans {
			b := &plans[j]
			if j == i || b.Refused != "" || !b.Stable || b.TPOTMs <= 0 {
				continue
			}
			if b.PerDeviceTokS >= a.PerDeviceTokS && b.TPOTMs <= a.TPOTMs && (b.PerDeviceTokS > a.PerDeviceTokS || b.TPOTMs < a.TPOTMs) {
				a.Pareto = false
				break
			}
		}
	}
}
