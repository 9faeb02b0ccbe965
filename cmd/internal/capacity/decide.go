package capacity

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
	assign "github.com/plimsoll/plimsoll/estimator/capacity"
)

// decided is the plan: an assignment, how much of each workload's traffic it
// carries, and who is left out.
type decided struct {
	*settled
	shares map[*workload]float64 // where not all
	left   []*workload
	why    map[*workload]string
	// doubt says that a better verdict was not proven to be impossible.
	doubt bool
}

// whole says whether all traffic is carried.
func (d *decided) whole() bool { return len(d.shares) == 0 && len(d.left) == 0 }

// share is how much of a workload's traffic is carried.
func (d *decided) share(w *workload) float64 {
	if d.why[w] != "" {
		return 0
	}
	if s, ok := d.shares[w]; ok {
		return s
	}
	return 1
}

// decide finds the plan: at the pessimistic end of the intervals if there is one,
// else at the central values, else the one that carries most.
func (p *planner) decide() (*decided, error) {
	ends := []estimator.End{estimator.Slow, estimator.Central}
	if p.plan.JudgeAt == "central" {
		ends = ends[1:]
	}
	doubt := false
	for _, end := range ends {
		s, proven, err := p.settle(p.asked(end))
		if err != nil {
			return nil, err
		}
		if s != nil {
			return &decided{settled: s, doubt: doubt}, nil
		}
		doubt = doubt || !proven
	}
	d, err := p.most()
	if d != nil {
		d.doubt = doubt
	}
	return d, err
}

// most is the plan that carries most where no plan carries all. Workloads that
// nothing carries are left out, and if the others do not find room together even
// with hardly any load, those that come later in the file. Of the rest an equal
// share is carried, then in the order of the file all of those for which there is
// room, and then more of the others.
func (p *planner) most() (*decided, error) {
	d := &decided{why: map[*workload]string{}, shares: map[*workload]float64{}}
	q := p.asked(estimator.Central)
	q.without = map[*workload]bool{}
	leave := func(w *workload, why string) {
		d.left, d.why[w], q.without[w] = append(d.left, w), why, true
	}
	for {
		_, lacking, err := p.pose(q)
		if err != nil {
			return nil, err
		}
		if lacking == nil {
			break
		}
		leave(lacking, nothingCarries)
	}
	full := q.amount
	part := func(w *workload, share float64) float64 {
		v := full(w) * share
		if w.users() {
			v = math.Max(math.Floor(v+1e-9), 1)
		}
		return v
	}
	// with is the question with shares of some workloads, and of the others.
	with := func(shares map[*workload]float64, others float64) question {
		some := q
		some.amount = func(w *workload) float64 {
			if s, ok := shares[w]; ok {
				return part(w, s)
			}
			return part(w, others)
		}
		return some
	}
	if len(d.left) < len(p.workloads) {
		if err := p.leaveOut(q, part, leave); err != nil {
			return nil, err
		}
	}
	if len(d.left) == len(p.workloads) {
		return d, nil
	}
	carry := func(shares map[*workload]float64) float64 {
		share, _, _ := assign.Carry(func(share float64) *assign.Problem {
			some := with(shares, share)
			some.any, some.work = true, littleWork
			posed, lacking, err := p.pose(some)
			if err != nil || lacking != nil {
				return nil
			}
			return posed.problem
		})
		return math.Max(share, smallest)
	}
	share := carry(nil)
	all := map[*workload]float64{}
	for _, w := range p.workloads {
		if q.without[w] {
			continue
		}
		all[w] = 1
		some := with(all, share)
		some.any, some.work = true, littleWork
		a, _, err := p.solve(some)
		if err != nil {
			return nil, err
		}
		if a == nil {
			delete(all, w)
		}
	}
	share = carry(all)
	s, _, err := p.settle(with(all, share))
	for tries := 0; err == nil && s == nil && tries < mostTries; tries++ { // simulations cut what is carried
		share *= 0.9
		if tries == mostTries/2 {
			all = map[*workload]float64{}
		}
		s, _, err = p.settle(with(all, share))
	}
	if err != nil {
		return nil, err
	}
	d.settled = s
	for _, w := range p.workloads {
		switch {
		case q.without[w]:
		case s == nil:
			leave(w, nothingCarries)
		case all[w] == 0:
			d.shares[w] = part(w, share) / full(w)
		}
	}
	return d, nil
}

// mostTries bounds how often a share is lowered since simulations miss objectives.
const mostTries = 24

const nothingCarries = "no hardware of the plan carries it"

// smallest is the share of a load that counts as hardly any.
const smallest = 1.0 / 1024

// leaveOut leaves workloads out, the last of the file first to go, until the rest
// find room with hardly any load.
func (p *planner) leaveOut(q question, part func(*workload, float64) float64, leave func(*workload, string)) error {
	least := q
	least.any, least.work = true, littleWork
	least.amount = func(w *workload) float64 { return part(w, smallest) }
	if a, _, err := p.solve(least); err != nil || a != nil {
		return err
	}
	rest := map[*workload]bool{}
	for _, w := range p.workloads {
		rest[w] = true
	}
	for _, w := range p.workloads {
		if q.without[w] {
			continue
		}
		rest[w] = false
		least.without = rest
		a, _, err := p.solve(least)
		if err != nil {
			return err
		}
		if a == nil {
			rest[w] = true
			leave(w, "there is no room beside the workloads before it")
		}
	}
	return nil
}

// verdicts of the workloads of a plan at the pessimistic end.
func (p *planner) verdict(d *decided, w *workload) (report.PlanVerdict, string) {
	if d.why[w] != "" {
		return report.DoesNotHold, p.lost(d, w)
	}
	if s := d.share(w); s < 1 {
		return report.DoesNotHold, fmt.Sprintf("the machines carry %.3g%% of its traffic", 100*s)
	}
	for _, u := range d.parts() {
		if u.w != w {
			continue
		}
		if v, why := p.verdictOf(d, &u); v != report.Holds {
			return v, why
		}
	}
	return report.Holds, ""
}

// lost says why a workload is left out: where no hardware carries it, why that of
// the first that was tried does not.
func (p *planner) lost(d *decided, w *workload) string {
	why := d.why[w]
	if why != nothingCarries {
		return why
	}
	for i := range w.refused {
		if r := &w.refused[i]; !w.excluded[i] && r.sort != "" {
			return why + ": " + r.sort
		}
	}
	return why
}

// verdictOf judges a deployment of a plan.
func (p *planner) verdictOf(d *decided, u *used) (report.PlanVerdict, string) {
	o := u.option.o
	switch {
	case p.Simulate && !d.verified && d.seen[seenKey{o, u.each, u.slowdown()}].fails != "":
		return report.HoldsUnsure, "not verified: the simulation misses what the closed form promises"
	case d.end == estimator.Slow:
		return report.Holds, ""
	case o.replica.Result.Verdict == estimator.Tight:
		return report.HoldsUnsure, "the memory may not suffice: it fits at the central value only"
	case u.each > o.given(estimator.Slow, p.utilisation)*(1+1e-9):
		return report.HoldsUnsure, "it may carry less: the load is within the central value only"
	}
	slow := *u
	if u.option.slice != nil {
		s, err := p.slice(o, u.each, estimator.Slow)
		if err != nil {
			return report.HoldsUnsure, "it may not share its devices: " + err.Error()
		}
		slow.option.slice = s
	}
	if u.w.percentile && p.Simulate {
		if ok, err := o.replica.Meets(&u.w.load, u.each, slow.slowdown(), u.w.objectives, estimator.Slow); err != nil || !ok {
			return report.HoldsUnsure, "objectives may be missed: they are met at the central values only"
		}
	}
	var load *estimator.UnderLoad
	if s := d.seen[seenKey{o, u.each, u.slowdown()}]; s != nil {
		load = s.load
	}
	if text, err := p.gatesFail(o, u.each, estimator.Slow, load); err != nil || text != "" {
		return report.HoldsUnsure, "requirement " + text + " may fail"
	}
	return report.Holds, ""
}
