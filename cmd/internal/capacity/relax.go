package capacity

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
	assign "github.com/plimsoll/plimsoll/estimator/capacity"
)

// limitWords say a resource's limit in prose.
var limitWords = map[assign.Resource]string{assign.USD: "the budget of money", assign.Kilowatts: "the limit of power", assign.KWh: "the budget of energy",
	assign.KgCO2e: "the budget of carbon", assign.Machines: "the limit of machines"}

// relaxations lists the constraints each of which, taken away by itself, would
// let the plan hold; judged at the central values.
func (p *planner) relaxations(d *decided) ([]report.CapacityRelaxation, error) {
	if d.whole() || len(d.lacking()) == len(p.workloads) {
		return nil, nil
	}
	var out []report.CapacityRelaxation
	try := func(name string, ask func(q *question), words func(a *answer) string) error {
		q := p.asked(estimator.Central)
		q.work, q.without = littleWork, d.lacking()
		ask(&q)
		a, _, err := p.solve(q)
		if err == nil && a != nil {
			out = append(out, report.CapacityRelaxation{Constraint: name, Words: words(a) + p.but(d)})
		}
		return err
	}
	counts := map[*kind]int{}
	for _, k := range p.kinds {
		if k.in.Count == nil || k.refused != "" {
			continue
		}
		counts[k] = assign.Unlimited
		if len(counts) > mostTried {
			continue
		}
		err := try("count of "+k.in.Name, func(q *question) { q.counts = map[*kind]int{k: assign.Unlimited} }, func(a *answer) string {
			return fmt.Sprintf("%d of %s instead of %d", a.solution.Machines[k.index], k.in.Name, *k.in.Count)
		})
		if err != nil {
			return nil, err
		}
	}
	if len(counts) > 1 && len(out) == 0 {
		if err := try("counts", func(q *question) { q.counts = counts }, func(a *answer) string {
			return "more machines of several kinds: " + a.list(p)
		}); err != nil {
			return nil, err
		}
	}
	for r := range assign.NumResources {
		if p.limits[r] < 0 {
			continue
		}
		if err := try("budget "+r.String(), func(q *question) { q.noLimit = map[assign.Resource]bool{r: true} }, func(a *answer) string {
			return fmt.Sprintf("%s raised from %.6g to %.6g (%s)", limitWords[r], p.limits[r], a.solution.Used[r], strings.ReplaceAll(r.String(), "_", " "))
		}); err != nil {
			return nil, err
		}
	}
	if p.plan.Spare > 0 {
		if err := try("spare", func(q *question) { q.spare = 0 }, func(*answer) string { return "no spare machines" }); err != nil {
			return nil, err
		}
	}
	if p.utilisation < 1 {
		if err := try("utilisation", func(q *question) { q.utilisation = 1 }, func(*answer) string { return "deployments loaded to all that they carry" }); err != nil {
			return nil, err
		}
	}
	err := p.relaxed(d, &out)
	return out, err
}

// relaxed tries each workload without its objectives and requirements.
func (p *planner) relaxed(d *decided, out *[]report.CapacityRelaxation) error {
	for _, w := range p.dearest(d) {
		if len(w.objectives)+len(w.gates) == 0 {
			continue
		}
		v := *w
		v.objectives, v.gates, v.percentile, v.offers, v.ways = nil, nil, false, nil, nil
		if err := p.again([]*workload{&v}); err != nil {
			return err
		}
		for _, o := range v.offers { // cuts were for what is gone
			for end := range o.cut {
				o.cut[end] = math.Inf(1)
			}
		}
		q := p.asked(estimator.Central)
		q.work, q.offers, q.without = littleWork, map[*workload][]*offer{w: v.offers}, d.lacking()
		delete(q.without, w)
		a, _, err := p.solve(q)
		if err != nil {
			return err
		}
		if a != nil {
			*out = append(*out, report.CapacityRelaxation{Constraint: "objectives of " + w.in.Name, Words: w.in.Name + " without its objectives and requirements"})
		}
	}
	return nil
}

// but says which workloads nothing carries.
func (p *planner) but(d *decided) string {
	text := ""
	for _, w := range d.left {
		if d.why[w] == nothingCarries {
			text += ", but not " + w.in.Name
		}
	}
	return text
}

// list writes the machines of an answer: "3 h100-box, 2 l4".
func (a *answer) list(p *planner) string {
	text := ""
	for i, n := range a.solution.Machines {
		if n > 0 {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%d %s", n, p.kinds[i].in.Name)
		}
	}
	return text
}

// bindingWords say what limits a workload.
var bindingWords = map[string]string{
	"memory": "memory: fewer devices do not hold it", "cache": "memory: more sequences find no room in the cache",
	"slots": "the most sequences that the engine runs at once", "budget": "the speed of the devices", "load": "the speed of the devices",
	"ttft": "the time to first token", "tpot": "the time per output token", "e2e": "the time of a whole answer", "queue": "the time in the queue",
	"replicas": "the least number of deployments asked for", "one_deployment": "one deployment on one device is the least there can be",
	"requirement": "a requirement", "hardware": "no hardware of the plan carries it", "room": "the machines that there are",
	"devices": "the division that was asked for", "price": "what is not known of the hardware",
}

// binding names what would have to give for a workload to need less, and says it.
func (p *planner) binding(d *decided, w *workload) (string, string) {
	name := p.bindingOf(d, w)
	words := bindingWords[name]
	if words == "" {
		words = name
	}
	return name, words
}

func (p *planner) bindingOf(d *decided, w *workload) string {
	if len(w.offers) == 0 {
		name := ""
		for i := range w.refused {
			if r := &w.refused[i]; !w.excluded[i] && r.full != "" {
				if name != "" && name != r.limit {
					return "hardware"
				}
				if name = r.limit; name == "" {
					return "hardware"
				}
			}
		}
		if name == "" {
			return "hardware"
		}
		return name
	}
	if d.share(w) < 1 {
		return "room"
	}
	n, name := 0, ""
	for _, u := range d.parts() {
		if u.w != w {
			continue
		}
		o := u.option.o
		n += u.n
		if name = o.limit[d.end]; o.cut[d.end] < o.most[d.end] {
			name = "requirement"
			if w.percentile {
				name = metricOf(w)
			}
		}
		if n == 1 || n <= w.in.Replicas {
			name = p.fewer(o)
		}
	}
	if w.in.Replicas > 1 && n <= w.in.Replicas {
		return "replicas"
	}
	return name
}

// metricOf is the metric of the first objective on a percentile.
func metricOf(w *workload) string {
	for _, o := range w.objectives {
		if o.Percentile != 0 {
			return o.Metric
		}
	}
	return "requirement"
}

// fewer says why a deployment does not lie on fewer devices.
func (p *planner) fewer(o *offer) string {
	if o.w.devices > 0 {
		return "devices"
	}
	at := o.w.ways[o.k.index]
	last := 0
	for d := range at.fewer {
		if d < o.devices && d > last {
			last = d
		}
	}
	switch r := at.fewer[last]; {
	case last == 0 && o.devices > 1:
		return o.limit[estimator.Slow] // fewer would carry less
	case last == 0:
		return "one_deployment"
	case r.limit == "":
		return "memory"
	default:
		return r.limit
	}
}
