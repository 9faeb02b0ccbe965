package capacity

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator"
	assign "github.com/plimsoll/plimsoll/estimator/capacity"
	"github.com/plimsoll/plimsoll/estimator/cost"
)

// question is a problem to be solved: the plan's, or that with a change.
type question struct {
	end    estimator.End
	amount func(w *workload) float64 // load
	// Changes; zero values leave the plan's.
	counts      map[*kind]int // other numbers of machines
	noLimit     map[assign.Resource]bool
	spare       int // as in the plan: set by the planner
	utilisation float64
	only        func(o *offer) bool    // offers that may be taken
	offers      map[*workload][]*offer // others instead of a workload's own
	without     map[*workload]bool     // left out
	work        int
	any         bool
}

// mostShared is up to how many deployments of a workload share devices: who needs
// more of them fills its own.
const mostShared = 16

// asked is the plan's own question, at the peak of every workload.
func (p *planner) asked(end estimator.End) question {
	return question{end: end, spare: p.plan.Spare, utilisation: p.utilisation, amount: func(w *workload) float64 { return w.amount(w.peak(p.plan.Months)) }}
}

// posed is a question as a problem, and what its options stand for.
type posed struct {
	question
	problem   *assign.Problem
	workloads []*workload
	options   [][]option
}

// option is what an option of the problem stands for.
type option struct {
	o     *offer
	slice *estimator.Slice // of shared devices
}

// pose makes the problem of a question; nil, with the workload, where one has no
// option.
func (p *planner) pose(q question) (*posed, *workload, error) {
	out := &posed{question: q, problem: &assign.Problem{Spare: q.spare, Room: q.utilisation, Limits: p.limits, Goal: p.goal, MaxWork: q.work, Any: q.any}}
	for r := range q.noLimit {
		out.problem.Limits[r] = assign.Unlimited
	}
	if q.end == estimator.Central {
		if err := p.centralToo(q.offers); err != nil {
			return nil, nil, err
		}
	}
	sharing := 0
	for _, w := range p.workloads {
		if w.in.Share && !q.without[w] {
			sharing++
		}
	}
	for _, k := range p.kinds {
		count := assign.Unlimited
		if k.in.Count != nil {
			count = *k.in.Count
		}
		if c, ok := q.counts[k]; ok {
			count = c
		}
		out.problem.Kinds = append(out.problem.Kinds, assign.Kind{Name: k.in.Name, Devices: k.devices, Count: count, Each: k.each(q.end)})
	}
	for _, w := range p.workloads {
		if q.without[w] {
			continue
		}
		amount := q.amount(w)
		load := assign.Workload{Name: w.in.Name, Load: amount, Least: max(w.in.Replicas, 1)}
		offers := w.offers
		if q.offers[w] != nil {
			offers = q.offers[w]
		}
		var options []option
		add := func(o assign.Option, of option) {
			load.Options, options = append(load.Options, o), append(options, of)
		}
		var shared []func()
		for _, o := range offers {
			carries := o.given(q.end, q.utilisation)
			if !(carries > 0) || q.only != nil && !q.only(o) {
				continue
			}
			n := assign.Needed(amount, carries, load.Least)
			each := amount / float64(n)
			plain := assign.Option{Kind: o.k.index, Devices: o.devices, Carries: carries, Each: p.own(o, math.Min(each, carries), q.end)}
			add(plain, option{o: o})
			if w.in.Share && sharing > 1 && n <= mostShared {
				shared = append(shared, func() {
					s, err := p.slice(o, each, q.end)
					if err != nil {
						return
					}
					part := plain
					part.Shared, part.Fixed = &assign.Slice{Memory: s.Memory, Busy: s.Busy}, n
					add(part, option{o, s})
				})
			}
		}
		for _, f := range shared {
			f()
		}
		if len(load.Options) == 0 {
			return nil, w, nil
		}
		out.problem.Workloads = append(out.problem.Workloads, load)
		out.workloads, out.options = append(out.workloads, w), append(out.options, options)
	}
	return out, nil, nil
}

// endOf takes the end of a figure that a judgement rests on.
func endOf(f *estimator.Figure, end estimator.End) float64 {
	switch {
	case f == nil:
		return 0
	case end == estimator.Slow:
		return f.High
	}
	return f.Value
}

// each is what one machine takes with nothing on it, in a month.
func (k *kind) each(end estimator.End) (a assign.Amounts) {
	return monthly(&k.standing, end, 1)
}

// monthly turns what an hour takes into what a month does, of whose hours it
// takes a share.
func monthly(h *estimator.Hourly, end estimator.End, share float64) (a assign.Amounts) {
	a[assign.USD] = endOf(h.USD, end) * cost.HoursPerMonth * share
	a[assign.Kilowatts] = endOf(h.Kilowatts, end)
	a[assign.KWh] = endOf(h.Kilowatts, end) * cost.HoursPerMonth * share
	a[assign.KgCO2e] = endOf(h.Kg, end) * cost.HoursPerMonth * share
	return a
}

// own is what one deployment takes beside its machine under a load, in a month.
func (p *planner) own(o *offer, amount float64, end estimator.End) (a assign.Amounts) {
	if o.extra == nil {
		return a
	}
	h := o.k.terms[o.k.devices].Working(o.extra)
	return monthly(&h, end, p.busy(o, amount))
}

// busy is the share of a month in which a deployment works, whose load at the
// peak is given.
func (p *planner) busy(o *offer, amount float64) float64 {
	busy, err := o.replica.Busy(&o.w.load, amount*o.w.average)
	if err != nil {
		return 1
	}
	return busy
}

// solve answers a question. Without an answer proven says whether there is none.
func (p *planner) solve(q question) (a *answer, proven bool, err error) {
	if err := p.ctx.Err(); err != nil {
		return nil, false, err
	}
	problem, lacking, err := p.pose(q)
	if err != nil || lacking != nil {
		return nil, lacking != nil, err
	}
	s, proven, err := assign.Solve(problem.problem)
	if err == nil && s == nil && !proven && q.work == littleWork { // look harder before saying that there is none
		problem.problem.MaxWork = 0
		s, proven, err = assign.Solve(problem.problem)
	}
	if err != nil || s == nil {
		return nil, proven, err
	}
	return &answer{posed: problem, solution: s}, proven, nil
}

// answer is an assignment with what it is of.
type answer struct {
	*posed
	solution *assign.Solution
}

// used is a part of an answer: so many deployments of an offer, and the load
// that each is given.
type used struct {
	w      *workload
	option option
	n      int
	each   float64
}

// parts lists the deployments of an answer; each takes of its workload's load in
// proportion to what it carries.
func (a *answer) parts() []used {
	var out []used
	for i, w := range a.workloads {
		total := 0.0
		l := &a.problem.Workloads[i]
		for _, part := range a.solution.Parts[i] {
			total += float64(part.N) * l.Options[part.Option].Carries
		}
		for _, part := range a.solution.Parts[i] {
			out = append(out, used{w: w, option: a.options[i][part.Option], n: part.N, each: l.Load * l.Options[part.Option].Carries / total})
		}
	}
	return out
}
