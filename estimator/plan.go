package estimator

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/serving"
	"github.com/plimsoll/plimsoll/hardware"
)

// Goal is what a parallel plan is chosen for.
type Goal string

// Goals.
const (
	ForLatency    Goal = "latency"    // the shortest time per output token
	ForThroughput Goal = "throughput" // the most requests per second
	ForObjectives Goal = "objectives" // the most requests per second within the objectives
	ForCost       Goal = "cost"       // the least device time per output token that carries the load
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
	// DeviceHours are what its devices spend on a million generated tokens of
	// the load (without one: of the batch, prompts included), and Cost is what
	// that costs where Price said it; 0 where it is not known.
	DeviceHours float64 `json:"device_hours_per_million_tokens,omitempty"`
	Cost        float64 `json:"cost_per_million_tokens,omitempty"`
	// Stable says that it carries the load, and meets the objectives in the mean.
	Stable bool `json:"stable"`
	// Pareto marks plans that no other beats both in tokens per second and
	// device and in the speed of each user.
	Pareto bool `json:"pareto"`
	// Refused says why the plan cannot be, and then there are no figures.
	Refused string `json:"refused,omitempty"`

	tokS float64 // generated tokens per second that DeviceHours rest on
	full bool    // it carries a rate with less to spare than the closed form is good for
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
// plans that cannot be come last, each with its reason. For cost, and only for
// it, there are also plans that leave devices unused (see fewer): where all are
// paid for anyway, the plan that generates most is the cheapest. Without a load
// (nil) the figures are Estimate's, of the request's own batch. It is an error
// if no plan can be.
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
	if goal == ForCost && load == nil && req.Workload.OutputTokens <= 0 {
		return nil, errors.New("cost is counted for each output token, and none are asked for: ask for some (output_tokens), or choose another goal")
	}
	n, layers, experts := len(node.Devices), len(req.Model.Layers), expertsOf(req)
	plans := divisions(n, layers, experts > 0)
	if goal == ForCost {
		for _, k := range fewer(n, node.Box) {
			for _, p := range divisions(k, layers, experts > 0) {
				if p.even(node.Box, experts) {
					plans = append(plans, p)
				}
			}
		}
	}
	for i := range plans {
		req.evaluate(&plans[i], load, objectives)
	}
	front(plans)
	slices.SortStableFunc(plans, func(a, b Plan) int {
		x, y := goal.class(&a), goal.class(&b)
		return cmp.Or(cmp.Compare(x, y), goal.compare(&a, &b, x))
	})
	if plans[0].Refused != "" {
		return plans, fmt.Errorf("no division over %d devices works: %s: %s", n, &plans[0], plans[0].Refused)
	}
	return plans, nil
}

// fewer lists the numbers of devices below n on which a plan for cost may run:
// any within a computer of box devices (0: there is but one), beyond it whole
// computers. Of large numbers it takes eight in each doubling: finer steps save
// less than a figure's interval is wide.
func fewer(n, box int) []int {
	if box <= 0 {
		box = n
	}
	var out []int
	for _, run := range [...]struct{ unit, below int }{{1, min(box, n)}, {box, n}} {
		for k := 1; k*run.unit < run.below; k += max(1, 1<<bits.Len(uint(k))>>4) {
			out = append(out, k*run.unit)
		}
	}
	return out
}

// Price sets what a million generated tokens cost by each plan, in the currency
// of perHour: the price per hour of a machine of so many devices, each of which
// costs the same. Devices that a plan leaves unused are not charged for.
func Price(plans []Plan, perHour float64, devices int) {
	for i := range plans {
		plans[i].Cost = costOf(plans[i].DeviceHours, perHour, devices)
	}
}

func costOf(deviceHours, perHour float64, devices int) float64 {
	return deviceHours * perHour / float64(max(devices, 1))
}

// perMillion is the device-hours in which devices generate a million tokens, 0
// where they generate none.
func perMillion(devices int, tokS float64) float64 {
	if !(tokS > 0) {
		return 0
	}
	return float64(devices) * 1e6 / 3600 / tokS
}

// class sorts plans before the goal does.
func (g Goal) class(p *Plan) int {
	switch {
	case p.Refused != "":
		return 3
	case !p.Stable:
		return 2
	case g == ForCost && p.full:
		return 1
	}
	return 0
}

// compare says which plan of a class serves the goal better: negative for a.
// Plans within a hundredth are alike, and then the simpler one is better. Where
// the load is not carried, or barely, who seeks the cheapest gets what carries
// most.
func (g Goal) compare(a, b *Plan, class int) int {
	x, y := b.CapacityRequestsS, a.CapacityRequestsS
	switch {
	case g == ForLatency:
		x, y = a.TPOTMs, b.TPOTMs
	case g == ForCost && class == 0:
		x, y = a.DeviceHours, b.DeviceHours
	}
	if math.Abs(x-y) > 0.01*math.Max(math.Abs(x), math.Abs(y)) {
		return cmp.Compare(x, y)
	}
	return cmp.Or(cmp.Compare(a.TTFTMs, b.TTFTMs), cmp.Compare(a.PP, b.PP), cmp.Compare(a.EP, b.EP), cmp.Compare(b.TP, a.TP))
}

// expertsOf returns how many routed experts a layer has that has any.
func expertsOf(req *Request) int {
	for i := range req.Model.Layers {
		if n := req.Model.Layers[i].Experts; n > 0 {
			return n
		}
	}
	return 0
}

// even says that every rank of the plan holds as many experts as the others,
// and that no tensor group lies half in one computer of box devices and half in
// the next: who may choose how many devices to use has no reason for either.
func (p *Plan) even(box, experts int) bool {
	if box > 0 && p.Devices > box && p.TP%box != 0 && box%p.TP != 0 {
		return false
	}
	return p.EP <= 1 || experts%p.EP == 0
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

// mostTrusted is the share of its capacity up to which a deployment at a rate
// waits no longer than the closed form says (serving.Steady).
const mostTrusted = 0.9

// evaluate fills in the figures of a plan, or why it cannot be.
func (req *Request) evaluate(p *Plan, load *serving.Load, objectives []serving.Objective) {
	if p.TP*p.PP*p.EP > 1 && sliced(req.Machine.Primary()) {
		p.Refused = "a program can use one MIG slice at a time"
		return
	}
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
	whole := turns(&e.Settings)
	part, n := partOf(load, whole)
	st, err := one.Steady(part)
	if err != nil {
		p.Refused = err.Error()
		return
	}
	once := one.pace.rates.PerRequest()
	p.Stable = !st.Unstable
	p.TPOTMs, p.TTFTMs = 1e3*st.TPOT, 1e3*(st.TTFT+once)
	p.OutputTokS = n * st.OutputTokensPerSecond
	p.tokS = p.OutputTokS
	p.DeviceHours = perMillion(p.Devices, p.tokS)
	p.full = load.Concurrency == 0 && !math.IsInf(load.Rate, 1) && st.Utilisation > mostTrusted
	p.CapacityRequestsS = float64(whole) * st.Capacity
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

// sliced says that a node's devices are slices of cards.
func sliced(n *hardware.Node) bool {
	return n != nil && len(n.Devices) > 0 && n.Devices[0].Slice != ""
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
	p.tokS = p.CapacityRequestsS * float64(req.Workload.OutputTokens)
	p.PerDeviceTokS = p.tokS / float64(p.Devices)
	p.DeviceHours = perMillion(p.Devices, p.tokS)
}

// Dominates says whether a is at least as good as b in every respect and better
// in one, as off a Pareto front; less is better.
func Dominates(a, b []float64) bool {
	some := false
	for i := range a {
		if a[i] > b[i] {
			return false
		}
		some = some || a[i] < b[i]
	}
	return some
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
			if Dominates([]float64{-b.PerDeviceTokS, b.TPOTMs}, []float64{-a.PerDeviceTokS, a.TPOTMs}) {
				a.Pareto = false
				break
			}
		}
	}
}
