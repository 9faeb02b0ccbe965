package report

import (
	"fmt"

	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

var (
	_ Cased = (*CapacityPlan)(nil)
	_ Asked = (*CapacityPlan)(nil)
)

// Title names the document.
func (c *CapacityPlan) Title() string {
	if c.Inputs.Plan != nil && c.Inputs.Plan.Name != "" {
		return "plimsoll plan: " + c.Inputs.Plan.Name
	}
	return "plimsoll plan"
}

// outcomeOf says how a verdict counts.
func (v PlanVerdict) outcome() Outcome {
	switch v {
	case Holds:
		return Pass
	case HoldsUnsure:
		return Unsure
	}
	return Fail
}

// Cases are the workloads, one after the other, and then the budgets.
func (c *CapacityPlan) Cases() []Case {
	var out []Case
	r := &c.Result
	for i := range r.Workloads {
		out = append(out, c.workloadCase(&r.Workloads[i]))
	}
	for i := range r.Budgets {
		b := &r.Budgets[i]
		one := Case{Group: "budget", Name: b.Name, Outcome: b.Outcome, File: c.Source.File, Line: b.Line, Message: budgetText(b)}
		if b.Figure != nil {
			one.Figures = []NamedFigure{{b.Name, b.Figure}}
		} else {
			for _, u := range c.Unavailable {
				if u.Figure == b.Name {
					one.Message = b.Name + " cannot be estimated: " + u.Reason
				}
			}
		}
		out = append(out, one)
	}
	return out
}

// budgetText says how a limit comes out.
func budgetText(b *CapacityBudget) string {
	if b.Figure == nil {
		return b.Name + " cannot be estimated"
	}
	word := map[Outcome]string{Pass: "within", Unsure: "perhaps beyond", Fail: "beyond"}[b.Outcome]
	return fmt.Sprintf("%s, %s the limit of %s", FigureText(b.Figure, b.Figure.Value), word, units.Number(b.Limit))
}

func (c *CapacityPlan) workloadCase(w *CapacityWorkload) Case {
	one := Case{Group: "workload", Name: w.Name, Outcome: w.Verdict.outcome(), File: c.Source.File, Line: w.Line,
		Message: w.Reason, Requirements: append([]Requirement{}, w.Requirements...)}
	on := ""
	for i := range w.Deployments {
		d := &w.Deployments[i]
		if on != "" {
			on += " + "
		}
		on += fmt.Sprintf("%d x %s on %s", d.Count, devicesWord(d.Devices), d.Hardware)
	}
	if on != "" {
		one.Message = on + ": " + one.Message
	}
	one.Requirements = append(one.Requirements, objectives(&estimator.UnderLoad{Objectives: w.Objectives})...)
	one.Detail = append(one.Detail, "limited by "+w.BindingWords)
	if w.Verdict != Holds {
		for _, r := range c.Result.Relaxations {
			one.Detail = append(one.Detail, "the plan would hold with "+r.Words)
		}
	}
	var engine, on1 string
	if len(w.Deployments) > 0 {
		d := &w.Deployments[0]
		engine, on1 = d.Engine.ID, d.Hardware
		one.Figures = append(one.Figures, NamedFigure{"carries", w.Carries})
		if u := d.UnderLoad; u != nil {
			one.Figures = append(one.Figures, NamedFigure{"ttft_p95_ms", &u.TTFTMs.P95}, NamedFigure{"tpot_p95_ms", &u.TPOTMs.P95}, NamedFigure{"e2e_p95_ms", &u.E2EMs.P95})
		} else {
			one.Figures = append(one.Figures, NamedFigure{"ttft_ms", &d.TTFTMs}, NamedFigure{"tpot_ms", &d.TPOTMs})
		}
	}
	one.Figures = present(append(one.Figures, NamedFigure{"usd_per_month", w.USDPerMonth}, NamedFigure{"usd_per_m_output_tokens_all_in", w.USDPerM},
		NamedFigure{"kwh_per_month", w.KWhPerMonth}, NamedFigure{"kg_co2e_per_month", w.KgPerMonth}))
	one.Labels = labelsOf(w.Model.ID, w.Model.WeightFormat, on1, engine)
	return one
}

func devicesWord(n int) string {
	if n == 1 {
		return "1 device"
	}
	return fmt.Sprintf("%d devices", n)
}

// AskedOf is what was asked of the i-th case: a workload, or a limit.
func (c *CapacityPlan) AskedOf(i int) any {
	p := c.Inputs.Plan
	switch n := len(c.Result.Workloads); {
	case p == nil:
		return nil
	case i < n && i < len(p.Workloads):
		return p.Workloads[i]
	case i >= n && i-n < len(c.Result.Budgets):
		return c.Result.Budgets[i-n].Limit
	}
	return nil
}

// AskedOfAll is the plan beside its workloads, and its prices.
func (c *CapacityPlan) AskedOfAll() any {
	in := c.Inputs
	if in.Plan != nil {
		rest := *in.Plan
		rest.Workloads = nil
		in.Plan = &rest
	}
	return in
}
