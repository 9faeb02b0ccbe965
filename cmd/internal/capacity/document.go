package capacity

import (
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
	assign "github.com/plimsoll/plimsoll/estimator/capacity"
)

// document writes a plan down.
func (p *planner) document(d *decided) (*report.CapacityPlan, error) {
	doc := &report.CapacityPlan{Schema: report.CapacitySchema, SchemaVersion: report.SchemaVersion, ToolVersion: p.Versions.Tool, DataVersion: p.Versions.Data,
		Inputs: report.CapacityInputs{Plan: p.plan, Prices: p.Prices, Simulate: p.Simulate}, Source: p.source(),
		Assumptions: []string{}, Warnings: []estimator.Warning{}, Unavailable: []estimator.Unavailable{}}
	r := &doc.Result
	for _, w := range p.workloads {
		r.CarriedShare += d.share(w) / float64(len(p.workloads))
	}
	r.CarriedShare = report.Significant(r.CarriedShare)
	if d.settled == nil {
		d.settled = &settled{answer: &answer{posed: &posed{question: p.asked(estimator.Central), problem: &assign.Problem{Goal: p.goal}},
			solution: &assign.Solution{Machines: make([]int, len(p.kinds)), Spare: make([]int, len(p.kinds)), Proven: true}}}
	}
	r.Method = report.CapacityMethod{Solver: "exact", Gap: report.Significant(d.solution.Gap(p.goal)), Nodes: d.solution.Nodes, Rounds: d.rounds, Goal: p.goal.String(),
		JudgedAt: "pessimistic", Utilisation: p.utilisation, Spare: p.plan.Spare, Simulated: p.Simulate && d.verified}
	if !d.solution.Proven || !d.whole() {
		r.Method.Solver = "search"
	}
	if d.end == estimator.Central {
		r.Method.JudgedAt = "central"
	}
	var err error
	verdict := report.Holds
	for _, w := range p.workloads {
		row, err := p.workloadRow(doc, d, w)
		if err != nil {
			return nil, err
		}
		verdict = verdict.Worse(row.Verdict)
		r.Workloads = append(r.Workloads, row)
	}
	p.hardwareRows(doc, d)
	p.totals(doc, d)
	for i := range r.Budgets {
		switch r.Budgets[i].Outcome {
		case report.Fail:
			verdict = verdict.Worse(report.DoesNotHold)
		case report.Unsure, report.Error:
			verdict = verdict.Worse(report.HoldsUnsure)
		}
	}
	r.Verdict = verdict
	if r.Months, err = p.months(d); err != nil {
		return nil, err
	}
	if p.plan.Months > 0 && len(r.Months) > 1 {
		r.Totals.USDOverMonths = overMonths(r.Months)
	}
	if r.FirstLost, err = p.firstLost(d); err != nil {
		return nil, err
	}
	if r.Changes, err = p.changes(d); err != nil {
		return nil, err
	}
	if r.Relaxations, err = p.relaxations(d); err != nil {
		return nil, err
	}
	r.Relaxations = orEmpty(r.Relaxations)
	r.Coverage = p.coverage()
	r.Reason = p.reason(doc, d)
	p.assumed(doc, d)
	return doc, nil
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// source tells where the plan's parts stand.
func (p *planner) source() report.CapacitySource {
	s := report.CapacitySource{File: p.File, Workloads: []int{}, Hardware: []int{}, Budget: map[string]int{}}
	for i := range p.plan.Workloads {
		s.Workloads = append(s.Workloads, p.plan.Line(key("workloads", i)))
	}
	for i := range p.plan.Hardware {
		s.Hardware = append(s.Hardware, p.plan.Line(key("hardware", i)))
	}
	for r := range assign.NumResources {
		if line := p.plan.Line("budget." + r.String()); line > 0 {
			s.Budget[r.String()] = line
		}
	}
	return s
}

// mostExamples bounds the pairs that a reason names.
const mostExamples = 3

// coverage counts what was read, estimated and refused, by reason.
func (p *planner) coverage() report.CapacityCoverage {
	c := report.CapacityCoverage{Workloads: len(p.workloads), Hardware: len(p.kinds), Refused: []report.CapacityReason{}}
	for _, w := range p.workloads {
		for i, k := range p.kinds {
			c.Read++
			switch {
			case w.excluded[i]:
				c.Excluded++
			case w.refused[i].full == "":
				c.Estimated++
			default:
				at := slices.IndexFunc(c.Refused, func(r report.CapacityReason) bool { return r.Reason == w.refused[i].sort })
				if at < 0 {
					at = len(c.Refused)
					c.Refused = append(c.Refused, report.CapacityReason{Reason: w.refused[i].sort, Examples: []string{}})
				}
				r := &c.Refused[at]
				if r.Count++; len(r.Examples) < mostExamples {
					r.Examples = append(r.Examples, w.in.Name+" on "+k.in.Name)
				}
			}
		}
	}
	slices.SortStableFunc(c.Refused, func(a, b report.CapacityReason) int { return b.Count - a.Count })
	return c
}
