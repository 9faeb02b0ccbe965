package capacity

import (
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
	assign "github.com/plimsoll/plimsoll/estimator/capacity"
	"github.com/plimsoll/plimsoll/estimator/cost"
)

// littleWork bounds the searches beside the plan's own.
const littleWork = 20_000

// mostAhead is how many months ahead it is looked for when machines run out.
const mostAhead = 120

// inMonth is the plan's question in a month ahead.
func (p *planner) inMonth(d *decided, month int) question {
	q := p.asked(d.end)
	q.without, q.work = d.without, littleWork
	q.amount = func(w *workload) float64 { return w.amount(month) }
	return q
}

// months lists the machines that each month needs, with the deployments of the
// plan where they carry it.
func (p *planner) months(d *decided) ([]report.CapacityMonth, error) {
	chosen := map[*offer]bool{}
	for _, u := range d.parts() {
		chosen[u.option.o] = true
	}
	var out []report.CapacityMonth
	if len(d.lacking()) == len(p.workloads) {
		return []report.CapacityMonth{}, nil
	}
	for m := 0; m <= p.plan.Months; m++ {
		q := p.inMonth(d, m)
		q.only = func(o *offer) bool { return chosen[o] }
		a, _, err := p.solve(q)
		if err == nil && a == nil {
			q.only = nil
			a, _, err = p.solve(q)
		}
		if err != nil {
			return nil, err
		}
		month := report.CapacityMonth{Month: m, Demand: report.Significant(p.demand(m)), Carried: a != nil && len(d.left) == 0}
		if a != nil {
			month.Machines = machines(a.solution)
			month.USD = report.Tidy(p.money(a))
		}
		out = append(out, month)
	}
	return out, nil
}

// demand is all traffic of a month as a share of what it is now: the mean over
// the workloads.
func (p *planner) demand(month int) float64 {
	sum := 0.0
	for _, w := range p.workloads {
		sum += w.amount(month) / w.amount(0)
	}
	return sum / float64(len(p.workloads))
}

// firstLost is the first month in which the machines no longer carry all
// workloads; nil where that is not within ten years, or nothing limits or grows.
func (p *planner) firstLost(d *decided) (*int, error) {
	limited, grows := len(d.left) > 0, false
	lacking := d.lacking()
	if len(lacking) == len(p.workloads) {
		return nil, nil
	}
	for _, k := range p.kinds {
		limited = limited || k.in.Count != nil
	}
	for _, l := range p.limits {
		limited = limited || l >= 0
	}
	for _, w := range p.workloads {
		grows = grows || w.growth > 0
	}
	if !limited || !grows && d.whole() {
		return nil, nil
	}
	var failed error
	last := assign.Last(mostAhead, func(month int) bool {
		q := p.inMonth(d, month)
		q.any, q.without = true, lacking
		a, _, err := p.solve(q)
		if err != nil {
			failed = err
		}
		return a != nil
	})
	if failed != nil || last == mostAhead {
		return nil, failed
	}
	first := last + 1
	return &first, nil
}

func machines(s *assign.Solution) int {
	n := 0
	for _, m := range s.Machines {
		n += m
	}
	return n
}

// money is what an answer costs in a month; nil where a price is not known.
func (p *planner) money(a *answer) *estimator.Figure {
	sum := estimator.Figure{Unit: "USD/month"}
	for i, n := range a.solution.Machines {
		if n == 0 {
			continue
		}
		f := p.kinds[i].standing.USD
		if f == nil {
			return nil
		}
		plus(&sum, f, float64(n)*cost.HoursPerMonth)
	}
	for _, u := range a.parts() {
		if h := p.working(&u); h.USD != nil {
			plus(&sum, h.USD, float64(u.n)*cost.HoursPerMonth*p.busy(u.option.o, u.each))
		}
	}
	return &sum
}

// working is what a deployment takes in an hour of work beside its machine.
func (p *planner) working(u *used) estimator.Hourly {
	o := u.option.o
	if o.extra == nil {
		o.extra = p.extraWatts(o)
	}
	if o.extra == nil {
		return estimator.Hourly{}
	}
	return o.k.terms[o.k.devices].Working(o.extra)
}

// plus adds a figure some times; both err together.
func plus(sum *estimator.Figure, f *estimator.Figure, times float64) {
	sum.Value, sum.Low, sum.High = sum.Value+f.Value*times, sum.Low+f.Low*times, sum.High+f.High*times
	if sum.Basis == "" {
		sum.Basis = f.Basis
	}
}
