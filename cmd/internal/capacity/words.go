package capacity

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// reason puts the verdict in plain words.
func (p *planner) reason(doc *report.CapacityPlan, d *decided) string {
	r := &doc.Result
	switch r.Verdict {
	case report.Holds:
		return count(r.Totals.Machines, "machine") + carry(r.Totals.Machines) + " all workloads, also at the pessimistic end of the intervals"
	case report.HoldsUnsure:
		var who []string
		for i := range r.Workloads {
			if r.Workloads[i].Verdict == report.HoldsUnsure {
				who = append(who, r.Workloads[i].Name)
			}
		}
		for i := range r.Budgets {
			if b := &r.Budgets[i]; b.Outcome != report.Pass {
				who = append(who, "the budget "+b.Name)
			}
		}
		return "it holds at the central values, and is unsure for " + strings.Join(who, ", ")
	}
	var lost []string
	for _, w := range p.workloads {
		switch {
		case d.why[w] != "":
			lost = append(lost, w.in.Name+" is not carried ("+p.lost(d, w)+")")
		case d.share(w) < 1:
			lost = append(lost, fmt.Sprintf("only %.3g%% of the traffic of %s is carried", 100*d.share(w), w.in.Name))
		}
	}
	if len(lost) > 0 {
		return strings.Join(lost, "; ")
	}
	for i := range r.Workloads {
		if w := &r.Workloads[i]; w.Verdict == report.DoesNotHold {
			return w.Name + ": " + w.Reason
		}
	}
	for i := range r.Budgets {
		if b := &r.Budgets[i]; b.Outcome == report.Fail {
			return "the budget " + b.Name + " is exceeded"
		}
	}
	return "it does not hold"
}

// assumed says what nobody stated, and what is doubtful.
func (p *planner) assumed(doc *report.CapacityPlan, d *decided) {
	add := func(text string) {
		if !slices.Contains(doc.Assumptions, text) {
			doc.Assumptions = append(doc.Assumptions, text)
		}
	}
	if p.unpriced {
		add("no hardware of the plan has a price: it is planned for the fewest machines")
	}
	if p.plan.Utilisation == 0 {
		add(fmt.Sprintf("utilisation not given: deployments are loaded to %.0f%% of the most that they carry within their objectives", 100*p.utilisation))
	}
	add("loads are those of the busiest time; a machine in use is paid for all of the month (730 hours)")
	if p.plan.Spare > 0 {
		add(fmt.Sprintf("%s of each kind in use may fail: the deployments on it start again on a spare one, which takes as long as loading the weights", count(p.plan.Spare, "machine")))
	}
	for _, u := range d.parts() {
		if u.option.slice != nil {
			add("models that share devices take turns: each is slowed by 1 ÷ (1 − the time that the others may have); each server claims only the weights, buffers and the cache of its own sequences (gpu_memory_utilization and max_num_seqs have to be set so)")
			break
		}
	}
	for _, k := range p.kinds {
		if k.in.InUseGB > 0 && d.solution.Machines[k.index] > 0 {
			add(fmt.Sprintf("%s: others keep using %g GiB of each device; shares that servers claim are of the rest", k.in.Name, k.in.InUseGB))
		}
		if d.solution.Machines[k.index] == 0 {
			continue
		}
		t := k.terms[k.devices]
		for _, text := range t.Assumptions {
			add(text)
		}
		for _, w := range t.Warnings {
			w.Message = k.in.Name + ": " + w.Message
			if !slices.Contains(doc.Warnings, w) {
				doc.Warnings = append(doc.Warnings, w)
			}
		}
	}
	if p.Simulate && !d.verified && len(d.left) < len(p.workloads) {
		doc.Warnings = append(doc.Warnings, estimator.Warning{Code: "not_verified", Message: fmt.Sprintf("after %d rounds of solving and simulating some deployments still miss what the closed form promises", d.rounds)})
	}
	if d.doubt {
		doc.Warnings = append(doc.Warnings, estimator.Warning{Code: "search_cut_off", Message: "the search was cut off: it is not proven that no assignment carries more, or for sure"})
	}
	if !p.Simulate {
		add("percentiles are judged by their means: nothing was simulated")
	}
	if counts := slices.ContainsFunc(p.kinds, func(k *kind) bool { return k.in.Count != nil }); counts {
		add("a workload is divided over at most two kinds of hardware")
	} else {
		add("a workload stays on one kind of hardware")
	}
}
