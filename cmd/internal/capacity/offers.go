package capacity

import (
	"errors"
	"math"
	"sync"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
)

// offer is what a number of devices of a kind can do for a workload.
type offer struct {
	w        *workload
	k        *kind
	devices  int
	replica  *estimator.Replica
	prepared *scenario.Prepared
	// most is the load that one deployment carries at each end (estimator.Slow,
	// Central), limit what more would run into.
	most  [2]float64
	limit [2]string
	// cut is what simulations and requirements left of that; infinite: all.
	cut [2]float64
	why [2]string // what cut it
	// extra is what it draws at work beside an idle machine; nil if not known.
	extra *estimator.Figure
}

// central fills in what is carried at the central value, which most questions
// have no need of.
func (o *offer) central() (err error) {
	const end = estimator.Central
	if o.most[end] > 0 {
		return nil
	}
	if o.most[end], o.limit[end], err = o.replica.Most(&o.w.load, o.w.objectives, end, 1); err == nil {
		o.most[end] = math.Max(o.most[end], o.most[estimator.Slow])
	}
	return err
}

// centralToo fills that in for all offers, and for others.
func (p *planner) centralToo(others map[*workload][]*offer) error {
	var todo []*offer
	gather := func(list []*offer) {
		for _, o := range list {
			if o.most[estimator.Central] <= 0 {
				todo = append(todo, o)
			}
		}
	}
	for _, w := range p.workloads {
		gather(w.offers)
		gather(others[w])
	}
	return p.each(len(todo), func(i int, _ *estimator.Cache) error { return todo[i].central() })
}

// carries is the most at an end, after cuts; 0 where it is of no use there.
func (o *offer) carries(end estimator.End) float64 {
	if end == estimator.Slow && o.replica.Result.Verdict == estimator.Tight {
		return 0 // it may not fit
	}
	return math.Min(o.most[end], o.cut[end])
}

// pair is a workload and a kind of hardware.
type pair struct{ w, k int }

// all lists the pairs that were resolved.
func (p *planner) all() []pair {
	var out []pair
	for i := range p.workloads {
		for k := range p.kinds {
			if p.workloads[i].ways[k] != nil {
				out = append(out, pair{i, k})
			}
		}
	}
	return out
}

// evaluate finds the offers of all pairs.
func (p *planner) evaluate(pairs []pair) error {
	offers, why := make([][]*offer, len(pairs)), make([]refusal, len(pairs))
	err := p.each(len(pairs), func(i int, cache *estimator.Cache) (err error) {
		offers[i], why[i], err = p.offersOf(p.workloads[pairs[i].w].ways[pairs[i].k], cache)
		return err
	})
	if err != nil {
		return err
	}
	for i := range pairs {
		w := p.workloads[pairs[i].w]
		w.offers = append(w.offers, offers[i]...)
		w.refused[pairs[i].k] = why[i]
	}
	return nil
}

// offersOf finds what each number of a kind's devices carries, as far as more
// devices carry more than as many deployments on fewer. Without any offer it says
// why not.
func (p *planner) offersOf(v *way, cache *estimator.Cache) (out []*offer, why refusal, err error) {
	w := v.w
	sizes := v.k.sizes
	if w.devices > 0 {
		sizes = []int{w.devices}
		if w.devices > v.k.devices {
			const text = "the division asks for more devices than one machine has"
			return nil, refusal{text, text, "devices"}, nil
		}
	}
	var perDevice float64 // best so far at the slow end, on devices that hold it for sure
	for _, d := range sizes {
		req := v.prepared.Request
		req.Cache = cache
		if req.Machine = v.k.parts[part{req.Machine, d}]; req.Machine == nil {
			req.Machine = estimator.Part(v.prepared.Request.Machine, d, v.k.inUse())
		}
		if w.devices > 0 {
			req.Deployment.TP, req.Deployment.PP, req.Deployment.DP, req.Deployment.EP = w.division.TP, w.division.PP, w.division.DP, w.division.EP
			if max(w.division.TP, 1) == 1 && req.Deployment.Split == engine.SplitAuto && req.Engine.Serves() {
				req.Deployment.Split = engine.SplitPipeline
			}
		}
		o, reason := p.offer(v, &req, d, perDevice*float64(d))
		if o == nil {
			if reason != (refusal{}) {
				why, v.fewer[d] = reason, reason
			}
			continue
		}
		// What works on the host leaves no room there for a second.
		if o.replica.Result.Verdict == estimator.FitsOffload && d < v.k.devices {
			continue
		}
		if err := p.limitByGates(o); err != nil {
			return nil, why, err
		}
		if text := o.why[estimator.Central]; text != "" && o.carries(estimator.Central) <= 0 {
			why = refusal{text + " fails", text + " fails", "requirement"}
			v.fewer[d] = why
			continue
		}
		out = append(out, o)
		if c := o.carries(estimator.Slow) / float64(d); c > perDevice && o.replica.Result.Verdict == estimator.Fits {
			perDevice = c
		}
	}
	if len(out) > 0 {
		why = refusal{}
	}
	return out, why, nil
}

// offer is the best deployment on so many devices: at the slow end, or if none
// carries anything there at the central one. Nil without a reason says that it
// carries no more than fewer devices do.
func (p *planner) offer(v *way, req *estimator.Request, devices int, beyond float64) (*offer, refusal) {
	w := v.w
	search := estimator.ReplicaSearch{Load: &w.load, Objectives: w.objectives, End: estimator.Slow, Beyond: beyond}
	o := &offer{w: w, k: v.k, devices: devices, prepared: v.prepared, cut: [2]float64{math.Inf(1), math.Inf(1)}}
	var err error
	o.replica, o.most[estimator.Slow], o.limit[estimator.Slow], err = search.Best(req)
	var missed *estimator.Missed
	if errors.As(err, &missed) {
		search.End, search.Beyond = estimator.Central, 0
		o.replica, _, _, err = search.Best(req)
		o.limit[estimator.Slow] = missed.Metric
	}
	switch {
	case errors.Is(err, estimator.ErrNoMore):
		return nil, refusal{}
	case err != nil:
		return nil, refusedBy(err)
	}
	if o.most[estimator.Slow] <= 0 || p.energy || len(w.gates) > 0 || p.plan.JudgeAt == "central" {
		if err := o.central(); err != nil {
			return nil, refusedBy(err)
		}
	}
	if p.energy {
		o.extra = p.extraWatts(o)
	}
	return o, refusal{}
}

// refusedBy sorts an error of the estimator.
func refusedBy(err error) refusal {
	r := refusal{full: problem.OneLine(err.Error())}
	r.sort = r.full
	var room *estimator.NoRoom
	var missed *estimator.Missed
	switch {
	case errors.As(err, &room):
		r.sort, r.limit = "does not fit", "memory"
	case errors.As(err, &missed):
		r.limit = missed.Metric
	}
	return r
}

// estimate is the estimate of one deployment with as many sequences in flight as
// a load keeps there; costs are of a machine of just its devices.
func (p *planner) estimate(o *offer, amount float64, answers bool) (*estimator.Request, *estimator.Result, error) {
	at, err := o.replica.At(&o.w.load, amount, 1)
	if err != nil {
		return nil, nil, err
	}
	req := o.replica.Request
	req.Cache = new(estimator.Cache)
	req.Answers = answers
	if req.Engine.Serves() {
		req.Workload.Batch = max(int(math.Round(at.Running)), 1)
	}
	req.Terms = o.k.terms[o.devices]
	e, err := p.Estimate(&req)
	if err == nil && e.Verdict == estimator.DoesNotFit && req.Workload.Batch > 1 && req.Engine.Serves() {
		req.Workload.Batch = 1 // the others wait for room
		e, err = p.Estimate(&req)
	}
	return &req, e, err
}

// extraWatts is what a deployment draws at the load that it is given at most.
func (p *planner) extraWatts(o *offer) *estimator.Figure {
	if err := o.central(); err != nil {
		return nil
	}
	_, e, err := p.estimate(o, o.given(estimator.Central, p.utilisation), false)
	if err != nil {
		return nil
	}
	return e.Costs.ExtraWatts()
}

// given is the load that a deployment gets at most at an end: a share of what it
// carries; users are whole.
func (o *offer) given(end estimator.End, utilisation float64) float64 {
	most := o.carries(end)
	v := utilisation * most
	if o.w.users() {
		v = math.Max(math.Floor(v+1e-9), math.Min(most, 1))
	}
	return v
}

// gateSteps is how often a load is halved in the search for one that meets the
// requirements.
const gateSteps = 6

// limitByGates cuts an offer to the load up to which its requirements hold: for
// sure at the slow end, perhaps at the central one. Those that need a simulation
// are judged when the offer is chosen.
func (p *planner) limitByGates(o *offer) error {
	if len(o.w.gates) == 0 {
		return nil
	}
	for _, end := range []estimator.End{estimator.Slow, estimator.Central} {
		top := o.given(end, p.utilisation)
		if top <= 0 {
			continue
		}
		text, err := p.gatesFail(o, top, end, nil)
		if err != nil {
			return err
		}
		if text == "" {
			continue
		}
		lo, hi := 0.0, top
		for range gateSteps {
			mid := (lo + hi) / 2
			if o.w.users() {
				if mid = math.Floor(mid); mid <= lo {
					break
				}
			}
			failed, err := p.gatesFail(o, mid, end, nil)
			if err != nil {
				return err
			}
			if failed == "" {
				lo = mid
			} else {
				hi = mid
			}
		}
		o.cut[end], o.why[end] = lo/p.utilisation, "requirement "+text
	}
	return nil
}

// gatesFail names the first requirement that a deployment under a load fails: at
// the slow end one that does not pass for sure, at the central one that fails for
// sure. Without what a simulation saw, those that need it are left out.
func (p *planner) gatesFail(o *offer, amount float64, end estimator.End, u *estimator.UnderLoad) (string, error) {
	doc, err := p.check(o, amount, u)
	if err != nil {
		return "", err
	}
	for _, g := range o.w.gates {
		r, err := g.Judge(doc)
		if err != nil {
			if u == nil {
				continue
			}
			return "", p.at(o.w.key+".require", err)
		}
		if r.Outcome == report.Fail || end == estimator.Slow && r.Outcome != report.Pass {
			return g.Text, nil
		}
	}
	return "", nil
}

// check is the document that plimsoll check would write of one deployment.
func (p *planner) check(o *offer, amount float64, u *estimator.UnderLoad) (*report.Check, error) {
	req, e, err := p.estimate(o, amount, len(o.w.gates) > 0)
	if err != nil {
		return nil, err
	}
	prepared := *o.prepared
	prepared.Request = *req
	doc := report.NewCheck(&prepared, e, p.Versions)
	if u != nil {
		own := *u
		doc.Serve(&own)
	}
	return doc, nil
}

// memo keeps slices of shared devices: they are asked for again and again.
type memo struct {
	mu    sync.Mutex
	known map[sliceKey]sliced
}

type sliceKey struct {
	o      *offer
	amount float64
	end    estimator.End
}

type sliced struct {
	slice *estimator.Slice
	err   error
}

// slice is what a deployment takes of shared devices under a load.
func (p *planner) slice(o *offer, amount float64, end estimator.End) (*estimator.Slice, error) {
	at := sliceKey{o, amount, end}
	p.slices.mu.Lock()
	defer p.slices.mu.Unlock()
	if s, ok := p.slices.known[at]; ok {
		return s.slice, s.err
	}
	s, err := o.replica.Slice(&o.w.load, amount, p.utilisation, o.w.objectives, end)
	if p.slices.known == nil {
		p.slices.known = map[sliceKey]sliced{}
	}
	p.slices.known[at] = sliced{s, err}
	return s, err
}
