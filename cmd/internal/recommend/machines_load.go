package recommend

import (
	"errors"
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

// bare is the row of a machine that carries too little: what it is, without
// figures of the load.
func (w *worker) bare(q *machineQuestion, p *scenario.Prepared) report.RecommendRow {
	p.Request.Answers = true
	c, err := w.check(p, q.gates)
	if err != nil {
		return report.RecommendRow{Name: p.Inputs.On, Reason: err.Error()}
	}
	row := newRow(c, p)
	row.Name, row.Plan = p.Inputs.On, planOf(p)
	return row
}

// slack is what a search may take for as good as what is asked: the amount
// itself is compared afterwards.
const slack = 0.01

// carried looks for the deployment of the machine that carries the traffic, as
// slow as its intervals allow, and turns the request to it. Without one it says
// what is missed, and by what factor.
func (w *worker) carried(q *machineQuestion, p *scenario.Prepared) (*report.RecommendCarry, kind, float64) {
	t := q.traffic
	search := estimator.ReplicaSearch{Load: t.Load, Objectives: t.Objectives, End: estimator.Slow}
	if !q.exact {
		search.Beyond = t.Amount / (1 + 2*slack)
	}
	replica, most, limit, err := search.Best(&p.Request)
	if err != nil {
		var full *estimator.NoRoom
		var slow *estimator.Missed
		switch {
		case errors.Is(err, estimator.ErrNoMore):
			return nil, belowFloors, math.Inf(1)
		case errors.As(err, &full):
			return nil, tooLarge, float64(full.Need) / float64(max(full.Usable, 1))
		case errors.As(err, &slow):
			return nil, belowFloors, math.Inf(1)
		}
		return nil, notEstimated, 0
	}
	d := &replica.Request.Deployment
	if p.Request.Engine.Serves() {
		deploy(p, d.TP, d.PP, d.DP, d.EP)
	} else {
		p.Request.Deployment.Slots, p.Inputs.Parallel = d.Slots, d.Slots
		p.Request.Deployment.Context, p.Inputs.Context = d.Context, d.Context
	}
	carry := &report.RecommendCarry{Amount: report.Significant(most), Users: t.Load.Concurrency > 0, Limit: limit}
	if most < t.Amount {
		return carry, belowFloors, t.Amount / most
	}
	at, err := replica.At(t.Load, t.Amount, 1)
	if err != nil {
		return nil, notEstimated, 0
	}
	// Figures are those of the sequences that run under the load.
	batch := max(int(math.Ceil(at.Running)), 1)
	p.Request.Workload.Batch, p.Inputs.Batch = batch, batch
	return carry, recommended, 0
}

// finish estimates a machine that comes into a list with all that follows a
// verdict, and simulates its load where objectives are on percentiles. ok is
// false where one of them is missed.
func (w *worker) finish(q *machineQuestion, o *option) (row report.RecommendRow, ok bool, err error) {
	var p scenario.Prepared
	s := o.row.Scenario
	if err := w.resolver.Resolve(w.ctx, &s, &p); err != nil {
		return row, false, err
	}
	terms, offer, err := q.book.Terms(p.Request.Machine)
	if err != nil {
		return row, false, err
	}
	p.Request.Terms, p.Request.Answers, p.Request.Cache = terms, true, &w.cache
	e, err := w.estimate(&p.Request)
	if err != nil {
		return row, false, problem.From(problem.BadValue, err)
	}
	c := judged(&p, e, q.gates)
	c.Result.Offer = offer
	if t := q.traffic; t != nil && len(t.Objectives) > 0 {
		u, err := estimator.Serve(&p.Request, e, t.Load, t.Objectives, estimator.Pools{})
		if err != nil {
			return row, false, nil //nolint:nilerr // what cannot be simulated is not recommended
		}
		for _, m := range u.Objectives {
			if !m.Met || m.Unsure {
				return row, false, nil
			}
		}
		c.Serve(u)
	}
	row = newRow(c, &p)
	row.Name, row.Plan, row.Carry, row.Pareto = o.row.Name, o.row.Plan, o.row.Carry, o.row.Pareto
	row.Why = limitWords(row.Limits)
	if u := c.Result.UnderLoad; u != nil {
		row.Requirements = append(row.Requirements, report.ObjectiveRequirements(u)...)
	}
	return row, true, nil
}
