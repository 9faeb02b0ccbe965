package capacity

import (
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// workloadRow describes a workload with its deployments.
func (p *planner) workloadRow(doc *report.CapacityPlan, d *decided, w *workload) (report.CapacityWorkload, error) {
	month := w.peak(p.plan.Months)
	row := report.CapacityWorkload{Name: w.in.Name, Line: p.plan.Line(w.key), Unit: "requests/s", LoadNow: report.Significant(w.amount(0)),
		LoadPeak: report.Significant(w.amount(month)), PeakMonth: month, Deployments: []report.CapacityDeployment{}, Objectives: []estimator.Met{},
		Requirements: []report.Requirement{}, Refused: []report.CapacityRefusal{}, Notes: slices.Clone(orEmpty(w.notes))}
	if w.users() {
		row.Unit = "users"
	}
	for _, v := range w.ways {
		if v != nil {
			row.Model = report.ModelOf(v.prepared)
			for _, text := range v.prepared.Assumptions {
				if !slices.Contains(row.Notes, text) {
					row.Notes = append(row.Notes, text)
				}
			}
			break
		}
	}
	for i, k := range p.kinds {
		switch {
		case w.excluded[i]:
			row.Refused = append(row.Refused, report.CapacityRefusal{Hardware: k.in.Name, Reason: "left out by the workload's on"})
		case w.refused[i].full != "":
			row.Refused = append(row.Refused, report.CapacityRefusal{Hardware: k.in.Name, Reason: w.refused[i].full})
		}
	}
	row.Verdict, row.Reason = p.verdict(d, w)
	row.CarriedShare = report.Significant(d.share(w))
	row.Binding, row.BindingWords = p.binding(d, w)
	sum := estimator.Figure{Unit: row.Unit}
	n := 0
	for _, u := range d.parts() {
		if u.w != w {
			continue
		}
		dep, err := p.deployment(d, &u, &row)
		if err != nil {
			return row, err
		}
		n += dep.Count
		plus(&sum, &dep.Carries, float64(dep.Count))
		row.Deployments = append(row.Deployments, dep)
	}
	if n > 0 {
		row.Carries = report.Tidy(&sum)
		low := sum.Low
		if d.end == estimator.Central {
			low = sum.Value
		}
		if low > 0 {
			room := report.Significant(1 - w.amount(month)/low)
			row.HeadRoom = &room
		}
	}
	if row.Reason == "" {
		row.Reason = count(n, "deployment") + carry(n) + " it"
		if row.HeadRoom != nil {
			row.Reason += fmt.Sprintf(" with %.0f%% to spare", 100**row.HeadRoom)
		}
	}
	for _, m := range row.Objectives {
		if row.Verdict == report.Holds && (!m.Met || m.Unsure) {
			row.Verdict, row.Reason = report.HoldsUnsure, "objective "+m.Objective+" is met at the central value only"
		}
	}
	for _, q := range row.Requirements {
		if row.Verdict == report.Holds && q.Outcome == report.Unsure {
			row.Verdict, row.Reason = report.HoldsUnsure, "requirement "+q.Text+" holds at the central value only"
		}
		if q.Outcome == report.Fail {
			row.Verdict, row.Reason = report.DoesNotHold, "requirement "+q.Text+" fails"
		}
	}
	p.attribute(d, w, &row)
	return row, nil
}

// carry is the verb of so many.
func carry(n int) string {
	if n == 1 {
		return " carries"
	}
	return " carry"
}

// count writes a number of things.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// deployment describes one part of a workload's assignment, and adds what it
// gives for objectives and requirements to the workload.
func (p *planner) deployment(d *decided, u *used, row *report.CapacityWorkload) (report.CapacityDeployment, error) {
	o := u.option.o
	s := &o.replica.Result.Settings
	dep := report.CapacityDeployment{Hardware: o.k.in.Name, Count: u.n, Devices: o.devices, TP: max(s.TP, 1), PP: max(s.PP, 1), DP: max(s.DP, 1), EP: max(s.EP, 1),
		Fit: o.replica.Result.Verdict, Load: report.Significant(u.each), Limit: o.limit[d.end], Shared: u.option.slice != nil}
	if o.cut[d.end] < o.most[d.end] {
		dep.Limit = o.why[d.end]
	}
	at, err := o.replica.At(&u.w.load, u.each, u.slowdown())
	if err != nil {
		return dep, p.at(u.w.key, err)
	}
	req, e, err := p.estimate(o, u.each, true)
	if err != nil {
		return dep, p.at(u.w.key, err)
	}
	r := &req.Engine
	dep.Engine = report.Engine{ID: (*r).ID, Name: (*r).Name, Backend: e.Deployment.Backend}
	if !req.Engine.Serves() {
		dep.Slots = s.Slots
	}
	for i := range e.Ledgers {
		if l := &e.Ledgers[i]; l.Name == e.FullestName {
			dep.NeedBytes, dep.HighBytes, dep.UsableBytes = l.Need, l.High, l.Usable()
			break
		}
	}
	if sl := u.option.slice; sl != nil {
		dep.Slowdown, dep.Sequences = report.Significant(sl.Slowdown), sl.Sequences
	}
	if err := o.central(); err != nil {
		return dep, p.at(u.w.key, err)
	}
	low, value := o.carries(estimator.Slow), o.carries(estimator.Central)
	high, _, err := o.replica.Most(&u.w.load, u.w.objectives, estimator.Fast, 1)
	if err != nil {
		return dep, p.at(u.w.key, err)
	}
	carries := estimator.Figure{Value: value, Low: min(low, value), High: math.Max(high, value), Unit: row.Unit, Basis: at.TPOTMs.Basis}
	if o.cut[estimator.Central] < o.most[estimator.Central] {
		carries.High = value
	}
	if t := report.Tidy(&carries); t != nil {
		dep.Carries = *t
	}
	for _, f := range []struct {
		to *estimator.Figure
		of *estimator.Figure
	}{{&dep.TTFTMs, &at.TTFTMs}, {&dep.TPOTMs, &at.TPOTMs}, {&dep.E2EMs, &at.E2EMs}, {&dep.OutputTokS, &at.OutputTokS}} {
		if t := report.Tidy(f.of); t != nil {
			*f.to = *t
		} else {
			*f.to = estimator.Figure{Unit: f.of.Unit, Basis: f.of.Basis}
		}
	}
	dep.Busy = report.Significant(at.Busy)
	dep.Verify = e.Verify
	dep.Inputs = o.prepared.Inputs
	dep.Inputs.TP, dep.Inputs.PP, dep.Inputs.DP, dep.Inputs.EP = dep.TP, dep.PP, dep.DP, dep.EP
	if len(o.k.machine.Primary().Devices) > o.devices {
		dep.Inputs.Devices = o.devices
	}
	if !req.Engine.Serves() {
		dep.Inputs.TP, dep.Inputs.PP, dep.Inputs.DP, dep.Inputs.EP = 0, 0, 0, 0
		dep.Inputs.Parallel, dep.Inputs.Context = s.Slots, req.Deployment.Context
	}
	dep.Inputs.Batch = max(req.Workload.Batch, 1)
	return dep, p.judge(d, u, &dep, row)
}

// judge adds what a simulation saw, and how objectives and requirements come out;
// of several deployments the worst is told.
func (p *planner) judge(d *decided, u *used, dep *report.CapacityDeployment, row *report.CapacityWorkload) error {
	o := u.option.o
	var load *estimator.UnderLoad
	if s := d.seen[seenKey{o, u.each, u.slowdown()}]; s != nil {
		load = s.load
	}
	if load == nil && p.Simulate {
		var err error
		if load, err = o.replica.Simulate(&u.w.load, u.each, u.slowdown(), u.w.objectives); err != nil {
			return p.at(u.w.key, err)
		}
	}
	check, err := p.check(o, u.each, load)
	if err != nil {
		return p.at(u.w.key, err)
	}
	dep.UnderLoad = check.Result.UnderLoad
	if dep.UnderLoad != nil {
		row.Objectives = worstMet(row.Objectives, dep.UnderLoad.Objectives)
	}
	var out []report.Requirement
	for _, g := range u.w.gates {
		r, err := g.Judge(check)
		if err != nil {
			at := u.w.key + ".require"
			if p.plan.Line(at) == 0 {
				at = "require"
			}
			return p.at(at, err)
		}
		r.Figure = *tidied(&r.Figure)
		out = append(out, r)
	}
	if len(row.Requirements) == 0 {
		row.Requirements = orEmpty(out)
		return nil
	}
	rank := map[report.Outcome]int{report.Pass: 0, report.Unsure: 1, report.Fail: 2}
	for i := range out {
		if rank[out[i].Outcome] > rank[row.Requirements[i].Outcome] {
			row.Requirements[i] = out[i]
		}
	}
	return nil
}

func tidied(f *estimator.Figure) *estimator.Figure {
	if t := report.Tidy(f); t != nil {
		return t
	}
	return &estimator.Figure{Unit: f.Unit, Basis: f.Basis}
}

// worstMet keeps of each objective how it comes out worst.
func worstMet(have, more []estimator.Met) []estimator.Met {
	if len(have) == 0 {
		return append([]estimator.Met{}, more...)
	}
	for i := range more {
		if !more[i].Met && have[i].Met || more[i].Met == have[i].Met && more[i].Value.Value > have[i].Value.Value {
			have[i] = more[i]
		}
	}
	return have
}
