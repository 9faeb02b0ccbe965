package capacity

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/serving"
)

// change is a plan with one thing changed.
type change struct {
	words string
	ask   func(q *question)
	of    *workload // whose change it is; nil: of the whole
}

// traffic by which a plan is tried.
const (
	moreTraffic = 1.2
	lessTraffic = 0.8
	looser      = 1.2
)

// changes solves the plan again with one thing changed each time.
func (p *planner) changes(d *decided) ([]report.CapacityChange, error) {
	list := []change{
		{"traffic +20%", func(q *question) { q.amount = scaled(q.amount, moreTraffic) }, nil},
		{"traffic -20%", func(q *question) { q.amount = scaled(q.amount, lessTraffic) }, nil},
	}
	tried := 0
	for _, k := range p.kinds {
		// Those in use, and where machines lack all.
		if k.in.Count == nil || k.refused != "" || d.whole() && d.end == estimator.Slow && d.solution.Machines[k.index] == 0 && *k.in.Count > 0 {
			continue
		}
		if tried++; tried > mostTried {
			break
		}
		n := *k.in.Count
		list = append(list, change{"one more " + k.in.Name, func(q *question) { q.counts = map[*kind]int{k: n + 1} }, nil})
		if d.answer != nil && d.solution.Machines[k.index] > 0 {
			list = append(list, change{"one " + k.in.Name + " fewer", func(q *question) { q.counts = map[*kind]int{k: n - 1} }, nil})
		}
	}
	if p.plan.Spare > 0 {
		list = append(list, change{"no spare machines", func(q *question) { q.spare = 0 }, nil})
	} else {
		list = append(list, change{"a spare machine of each kind in use", func(q *question) { q.spare = 1 }, nil})
	}
	if p.utilisation < 0.9 {
		list = append(list, change{"deployments loaded to 90%", func(q *question) { q.utilisation = 0.9 }, nil})
	}
	if d.end == estimator.Slow {
		list = append(list, change{"judged at the central values", func(q *question) { q.end = estimator.Central }, nil})
	}
	if len(d.lacking()) == len(p.workloads) {
		list = nil // there is nothing to change but the workloads
	}
	more, err := p.workloadChanges(d)
	if err != nil {
		return nil, err
	}
	out := []report.CapacityChange{}
	ends := []estimator.End{d.end}
	if d.end == estimator.Central && p.plan.JudgeAt != "central" {
		ends = []estimator.End{estimator.Slow, estimator.Central} // it may hold for sure
	}
	for _, c := range append(list, more...) {
		verdict := report.DoesNotHold
		var a *answer
		for i, end := range ends {
			q := p.asked(end)
			q.work, q.without = littleWork, d.lacking()
			c.ask(&q)
			delete(q.without, c.of)
			if a, _, err = p.solve(q); err != nil {
				return nil, err
			}
			if a != nil {
				if verdict = report.Holds; i > 0 {
					verdict = report.HoldsUnsure
				}
				break
			}
		}
		out = append(out, p.changed(d, c.words, verdict, a))
	}
	return out, nil
}

func scaled(amount func(*workload) float64, by float64) func(*workload) float64 {
	return func(w *workload) float64 { return amount(w) * by }
}

// lacking are the workloads that nothing carries: what is asked beside is asked
// without them.
func (d *decided) lacking() map[*workload]bool {
	out := map[*workload]bool{}
	for _, w := range d.left {
		if d.why[w] == nothingCarries {
			out[w] = true
		}
	}
	return out
}

// changed compares a changed plan with the plan.
func (p *planner) changed(d *decided, words string, verdict report.PlanVerdict, a *answer) report.CapacityChange {
	c := report.CapacityChange{Change: words, Verdict: verdict}
	if a == nil {
		return c
	}
	n := machines(a.solution)
	goal := report.Significant(a.solution.Used[p.goal])
	c.Machines, c.Goal, c.Gap = &n, &goal, report.Significant(a.solution.Gap(p.goal))
	c.USDPerMonth = report.Tidy(p.money(a))
	if d.whole() {
		v := report.Significant(a.solution.Used[p.goal] - d.solution.Used[p.goal])
		c.Difference = &v
	}
	return c
}

// workloadChanges are those of single workloads, for which all deployments are
// estimated anew: the next smaller weight format, half the context where memory
// is what counts, and looser objectives where they do.
func (p *planner) workloadChanges(d *decided) ([]change, error) {
	var list []change
	var tries []*workload
	try := func(w *workload, words string, alter func(*workload)) {
		v := *w
		v.offers, v.ways = nil, nil
		alter(&v)
		tries = append(tries, &v)
		list = append(list, change{w.in.Name + ": " + words, func(q *question) { q.offers = map[*workload][]*offer{w: v.offers} }, w})
	}
	for _, w := range p.dearest(d) {
		binding, _ := p.binding(d, w)
		if next := smallerFormat(w); next != "" {
			try(w, next+" weights", func(v *workload) { v.base.Quant, v.base.QuantAssumed = next, false })
		}
		if half := halfContext(w); half > 0 && (binding == "memory" || binding == "cache") {
			try(w, fmt.Sprintf("half the context (%d tokens)", half), func(v *workload) { v.base.Context, v.base.ContextAssumed = half, false })
		}
		if len(w.objectives) > 0 && slices.Contains([]string{"ttft", "tpot", "e2e", "queue"}, binding) {
			try(w, "objectives 20% looser", func(v *workload) {
				v.objectives = slices.Clone(v.objectives)
				for i := range v.objectives {
					v.objectives[i].Limit *= looser
				}
			})
		}
	}
	return list, p.again(tries)
}

// mostTried bounds the kinds and the workloads of which one is changed.
const mostTried = 12

// dearest are the workloads that take most machines, and those that are not
// carried; in the order of the plan.
func (p *planner) dearest(d *decided) []*workload {
	if len(p.workloads) <= mostTried {
		return p.workloads
	}
	takes := map[*workload]float64{}
	for _, u := range d.parts() {
		takes[u.w] += float64(u.n*u.option.o.devices) / float64(u.option.o.k.devices)
	}
	list := slices.Clone(p.workloads)
	slices.SortStableFunc(list, func(a, b *workload) int {
		return cmp.Or(cmp.Compare(d.share(a), d.share(b)), cmp.Compare(takes[b], takes[a]))
	})
	list = list[:mostTried]
	slices.SortFunc(list, func(a, b *workload) int { return a.index - b.index })
	return list
}

// again evaluates workloads that were altered. What simulations and requirements
// cut of a deployment they cut of the altered one in proportion.
func (p *planner) again(tries []*workload) error {
	resolver := scenario.NewResolver(p.store)
	resolver.Languages = "plimsoll plan"
	type task struct {
		v  *workload
		at *way
	}
	var tasks []task
	for _, v := range tries {
		if err := p.onAll(resolver, v); err != nil {
			if e := problem.From(problem.BadValue, err); e.Exit != problem.ExitUsage {
				return e
			}
			continue // then nothing carries it
		}
		for _, at := range v.ways {
			if at != nil {
				tasks = append(tasks, task{v, at})
			}
		}
	}
	found := make([][]*offer, len(tasks))
	err := p.each(len(tasks), func(i int, cache *estimator.Cache) (err error) {
		found[i], _, err = p.offersOf(tasks[i].at, cache)
		return err
	})
	if err != nil {
		return err
	}
	for i, t := range tasks {
		for _, o := range found[i] {
			for _, old := range p.workloads[t.v.index].offers {
				if old.k == o.k && old.devices == o.devices {
					for _, end := range []estimator.End{estimator.Slow, estimator.Central} {
						if old.cut[end] >= old.most[end] || end == estimator.Central && o.central() != nil {
							continue
						}
						if o.most[end] > 0 {
							o.cutTo(end, o.most[end]*old.cut[end]/old.most[end], old.why[end])
						}
					}
				}
			}
			t.v.offers = append(t.v.offers, o)
		}
		if t.v.offers == nil {
			t.v.offers = []*offer{}
		}
	}
	return nil
}

// smallerFormat is the next smaller weight format of a workload's engine; "" if
// there is none, or the model is a file.
func smallerFormat(w *workload) string {
	for _, v := range w.ways {
		if v == nil {
			continue
		}
		r := &v.prepared.Request
		if r.Model.FromFile {
			return ""
		}
		for _, name := range r.Engine.FormatLadder {
			if smaller, err := r.Formats.Weights(r.Model, name); err == nil && smaller.Total < r.Weights.Total*98/100 {
				return name
			}
		}
		return ""
	}
	return ""
}

// halfContext is half of a workload's context; 0 where its requests need more.
func halfContext(w *workload) int {
	for _, v := range w.ways {
		if v != nil {
			half := v.prepared.Inputs.Context / 2
			if half < top(&w.load.Input)+top(&w.load.Output)+v.prepared.Inputs.Depth {
				return 0
			}
			return half
		}
	}
	return 0
}

// top is a length that few requests exceed.
func top(l *serving.Lengths) int { return l.Quantile(0.9999) }
