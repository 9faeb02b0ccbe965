package estimator

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/estimator/cost"

	"github.com/plimsoll/plimsoll/estimator/serving"
)

// Percentiles are of one latency over the requests.
type Percentiles struct {
	Mean Figure `json:"mean"`
	P50  Figure `json:"p50"`
	P90  Figure `json:"p90"`
	P95  Figure `json:"p95"`
	P99  Figure `json:"p99"`
}

// Met is how an objective comes out.
type Met struct {
	Objective string `json:"objective"`
	Value     Figure `json:"value"`
	Met       bool   `json:"met"` // of the central value
	// Unsure says that the limit lies within the value's interval.
	Unsure bool `json:"unsure"`
}

// UnderLoad is what users see of a deployment that serves many of them.
type UnderLoad struct {
	// Replicas is how many parts of the deployment serve requests of their own.
	Replicas int `json:"replicas"`
	// Stable says that the load is carried: the queue does not grow for ever.
	Stable bool        `json:"stable"`
	TTFTMs Percentiles `json:"ttft_ms"`
	TPOTMs Percentiles `json:"tpot_ms"`
	E2EMs  Percentiles `json:"e2e_ms"`
	// Rates are of the whole deployment. Capacity is the most requests per
	// second that it carries, whatever the latency.
	RequestsS         Figure `json:"requests_s"`
	InputTokS         Figure `json:"input_tok_s"`
	OutputTokS        Figure `json:"output_tok_s"`
	CapacityRequestsS Figure `json:"capacity_requests_s"`
	// USDPerM is what a million tokens generated under the load cost: an hour of
	// the machine over what is generated in it, waits for requests included.
	USDPerM *Figure `json:"usd_per_m_output_tokens_all_in,omitempty"`
	// Running and Waiting are sequences, Occupancy the share of the cache in
	// use, of the whole deployment in the mean.
	Running     float64 `json:"running"`
	Waiting     float64 `json:"waiting"`
	Occupancy   float64 `json:"kv_occupancy"`
	PeakOccupy  float64 `json:"peak_kv_occupancy"`
	Preemptions float64 `json:"preemptions_per_request"`
	// Bound names what limits the sequences that run: load, slots, cache or budget.
	Bound string `json:"bound"`

	Objectives []Met `json:"objectives,omitempty"`
	// MaxRequestsS is the largest rate carried within the objectives, and
	// ReplicasNeeded how many such deployments the rate asked for needs; 0
	// where no objective or rate was given, or none is enough.
	MaxRequestsS   *Figure `json:"max_requests_s,omitempty"`
	ReplicasNeeded int     `json:"deployments_needed,omitempty"`

	// Timeline is what one part of the deployment went through, at most about
	// 200 moments.
	Timeline []Moment `json:"timeline"`
}

// Moment is the state of one part of a deployment at a time.
type Moment struct {
	AtS       float64 `json:"at_s"`
	Running   int     `json:"running"`
	Waiting   int     `json:"waiting"`
	Occupancy float64 `json:"kv_occupancy"`
}

// Pools divide the groups of a deployment: some process prompts, the others
// generate answers, and caches move between them. The zero value is one pool.
type Pools struct{ Prefill, Decode int }

// Serve estimates what users see of the deployment that e describes, under a
// load of the whole deployment: by simulating its scheduler step by step,
// every step timed as any other. Ends of the intervals are simulations with
// all steps as much faster or slower as the step's own interval says. Errors
// say why there is nothing to see.
func Serve(req *Request, e *Result, load *serving.Load, objectives []serving.Objective, pools Pools) (*UnderLoad, error) {
	if req.Cache == nil {
		own := *req
		own.Cache = new(Cache)
		req = &own
	}
	if e.Verdict == DoesNotFit {
		return nil, fmt.Errorf("the model does not fit, so it serves nobody")
	}
	if len(e.Unavailable) > 0 && e.Speed.DecodeTokS == nil && req.Workload.OutputTokens > 0 {
		return nil, fmt.Errorf("%s", e.Unavailable[0].Reason)
	}
	one, err := singleOf(req, e)
	if err != nil {
		return nil, err
	}
	p := one.pace
	whole := turns(&e.Settings)
	part, n := partOf(load, whole)
	var server server = one
	if pools != (Pools{}) {
		if server, err = req.divided(e, one, pools); err != nil {
			return nil, err
		}
		n, whole, part = 1, 1, load
	}
	steady, err := server.Steady(part)
	if err != nil {
		return nil, err
	}
	spread := p.spread(steady, load)
	var reports [3]*serving.Report
	var capacity [3]float64
	for i, scale := range [...]float64{1, 1 / spread, spread} {
		p.scale = scale
		if reports[i], err = server.Simulate(part); err != nil {
			return nil, err
		}
		if capacity[i], err = server.Capacity(part); err != nil {
			return nil, err
		}
	}
	p.scale = 1
	once := p.rates.PerRequest()
	c := reports[0]
	basis := p.basis()
	u := &UnderLoad{Replicas: max(e.Settings.DP, 1), Stable: c.Stable,
		Running: c.MeanRunning * n, Waiting: c.MeanWaiting * n, Occupancy: c.MeanOccupancy, PeakOccupy: c.PeakOccupancy, Bound: steady.Bound,
		Timeline: make([]Moment, len(c.Timeline))}
	for i, m := range c.Timeline {
		u.Timeline[i] = Moment{AtS: math.Round(m.At*1e3) / 1e3, Running: m.Running, Waiting: m.Waiting, Occupancy: math.Round(m.Occupancy*1e4) / 1e4}
	}
	if c.Requests > 0 {
		u.Preemptions = float64(c.Preemptions) / float64(c.Requests)
	}
	figure := func(unit string, of func(*serving.Report) float64) Figure {
		a, b := of(reports[1]), of(reports[2])
		v := of(c)
		return Figure{Value: v, Low: math.Min(v, math.Min(a, b)), High: math.Max(v, math.Max(a, b)), Unit: unit, Basis: basis}
	}
	latency := func(of func(*serving.Report) *serving.Quantiles, once float64) Percentiles {
		at := func(p float64) Figure {
			return figure("ms", func(r *serving.Report) float64 { return 1e3 * (of(r).At(p) + once) })
		}
		return Percentiles{at(0), at(50), at(90), at(95), at(99)}
	}
	u.TTFTMs = latency(func(r *serving.Report) *serving.Quantiles { return &r.TTFT }, once)
	u.TPOTMs = latency(func(r *serving.Report) *serving.Quantiles { return &r.TPOT }, 0)
	u.E2EMs = latency(func(r *serving.Report) *serving.Quantiles { return &r.EndToEnd }, once)
	u.RequestsS = figure("requests/s", func(r *serving.Report) float64 { return n * r.RequestsPerSecond })
	u.InputTokS = figure("tok/s", func(r *serving.Report) float64 { return n * r.InputTokensPerSecond })
	u.OutputTokS = figure("tok/s", func(r *serving.Report) float64 { return n * r.OutputTokensPerSecond })
	u.CapacityRequestsS = Figure{Value: float64(whole) * capacity[0], Low: float64(whole) * capacity[2], High: float64(whole) * capacity[1],
		Unit: "requests/s", Basis: basis}
	if e.Costs != nil {
		f, _ := cost.Per(req.Terms.hourUnderLoad(e.Costs), (*cost.Figure)(&u.OutputTokS), 1e6, "M tok")
		u.USDPerM = (*Figure)(f)
	}
	for _, o := range objectives {
		value := figure("ms", func(r *serving.Report) float64 { return 1e3 * (o.Value(r) + onceFor(&o, once)) })
		u.Objectives = append(u.Objectives, Met{Objective: o.String(), Value: value, Met: value.Value <= 1e3*o.Limit,
			Unsure: value.Low <= 1e3*o.Limit && 1e3*o.Limit < value.High})
	}
	if pools != (Pools{}) {
		return u, nil
	}
	return u, u.limit(one, load, objectives, whole, spread, once)
}

// server is what serves a load.
type server interface {
	Steady(*serving.Load) (*serving.SteadyState, error)
	Simulate(*serving.Load) (*serving.Report, error)
	Capacity(*serving.Load) (float64, error)
}

// single is one turn of a deployment by itself.
type single struct {
	sched *serving.Scheduler
	pace  *pace
}

func singleOf(req *Request, e *Result) (*single, error) {
	sched, err := schedulerOf(e)
	if err != nil {
		return nil, err
	}
	p, err := paceOf(req, e)
	if err != nil {
		return nil, err
	}
	return &single{sched, p}, nil
}

func (s *single) Steady(l *serving.Load) (*serving.SteadyState, error) {
	return serving.Steady(s.sched, l, s.pace)
}
func (s *single) Simulate(l *serving.Load) (*serving.Report, error) {
	return serving.Simulate(s.sched, l, s.pace)
}
func (s *single) Capacity(l *serving.Load) (float64, error) {
	return serving.Capacity(s.sched, l, s.pace)
}

// divided is a deployment whose groups are two pools. A cache moves over the
// links of the devices that hold it, all at once.
func (req *Request) divided(e *Result, one *single, pools Pools) (server, error) {
	s := &e.Settings
	if groups := max(s.DP, 1); pools.Prefill < 1 || pools.Decode < 1 || pools.Prefill+pools.Decode != groups {
		return nil, fmt.Errorf("pools of %d and %d groups: the deployment has %d (dp), and each pool needs at least one", pools.Prefill, pools.Decode, groups)
	}
	if s.EP > 1 {
		return nil, fmt.Errorf("pools share no experts: leave out ep")
	}
	perToken := 0.0 // bytes of a token in the cache of one device
	for i := range e.Ledgers {
		if l := &e.Ledgers[i]; l.PoolTokens > 0 {
			perToken = math.Max(perToken, float64(l.PoolBytes)/float64(l.PoolTokens))
		}
	}
	stages := max(s.PP, 1)
	p := one.pace
	return &serving.Disaggregated{Prefill: *one.sched, Decode: *one.sched, PrefillPacer: p, DecodePacer: p,
		PrefillReplicas: pools.Prefill * stages, DecodeReplicas: pools.Decode * stages,
		TransferSeconds: func(tokens float64) float64 { return p.rates.Move(tokens*perToken, s.TP*stages) }}, nil
}

// limit finds the largest rate within the objectives.
func (u *UnderLoad) limit(one *single, load *serving.Load, objectives []serving.Objective, turns int, spread, once float64) error {
	if len(objectives) == 0 || len(load.Trace) > 0 {
		return nil
	}
	inside := make([]serving.Objective, len(objectives))
	for i, o := range objectives {
		o.Limit -= onceFor(&o, once)
		if o.Limit <= 0 {
			return nil // no rate is low enough
		}
		inside[i] = o
	}
	part, _ := partOf(load, turns)
	part.Concurrency, part.Rate = 0, 1
	var rates [3]float64
	p := one.pace
	for i, scale := range [...]float64{1, spread, 1 / spread} {
		p.scale = scale
		r, _, err := serving.MaxRate(one.sched, part, p, inside)
		if err != nil {
			return err
		}
		rates[i] = float64(turns) * r
	}
	p.scale = 1
	u.MaxRequestsS = &Figure{Value: rates[0], Low: math.Min(rates[0], rates[1]), High: math.Max(rates[0], rates[2]), Unit: "requests/s", Basis: u.RequestsS.Basis}
	if load.Rate > 0 && !math.IsInf(load.Rate, 0) && rates[0] > 0 {
		u.ReplicasNeeded = serving.Replicas(load.Rate, rates[0])
	}
	return nil
}

// onceFor is what a request costs beside its steps, where the metric has it.
func onceFor(o *serving.Objective, once float64) float64 {
	if o.Metric == "ttft" || o.Metric == "e2e" {
		return once
	}
	return 0
}

// basis says in words what the pace rests on.
func (p *pace) basis() string {
	if p.rates.Device != nil {
		return p.rates.Device.Basis
	}
	if p.rates.Host != nil {
		return p.rates.Host.Basis
	}
	return ""
}

// partOf is the load of one of n equal parts, and how many such parts the load
// is: users are whole, so where n does not divide them there are more or fewer.
func partOf(load *serving.Load, n int) (*serving.Load, float64) {
	part, parts := *load, float64(n)
	if n <= 1 {
		return &part, 1
	}
	if part.Rate > 0 {
		part.Rate /= parts
	}
	if c := part.Concurrency; c > 0 {
		part.Concurrency = max(1, int(math.Round(float64(c)/parts)))
		parts = float64(c) / float64(part.Concurrency)
	}
	if len(load.Trace) > 0 {
		part.Trace = nil
		for i := 0; i < len(load.Trace); i += n {
			part.Trace = append(part.Trace, load.Trace[i])
		}
	}
	return &part, parts
}

// spread is the ratio between the ends of a step's interval and its middle,
// at the load's mean step.
func (p *pace) spread(st *serving.SteadyState, load *serving.Load) float64 {
	decodes := math.Max(1, st.Decoding)
	depth := float64(p.in.Settings.Context)
	if len(load.Trace) == 0 {
		depth = load.Input.Mean() + load.Output.Mean()/2
	}
	t := p.time(&serving.Step{Decodes: decodes, Cache: decodes * depth})
	return spreadOf(&t)
}
