package render

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// capacityLists are the lists below a plan's tables that have items.
func capacityLists(c *report.CapacityPlan) []compareList {
	r := &c.Result
	var out []compareList
	var gates said
	for i := range r.Workloads {
		w := &r.Workloads[i]
		if w.Verdict != report.Holds {
			gates.add(w.Name, w.Reason)
		}
	}
	var judged []string
	for i := range r.Workloads {
		w := &r.Workloads[i]
		for _, m := range w.Objectives {
			word := "PASS"
			switch {
			case !m.Met:
				word = "FAIL"
			case m.Unsure:
				word = "UNSURE"
			}
			value, rng, unit := humanFigure(&m.Value)
			judged = append(judged, fmt.Sprintf("%s %s: %s: %s %s (%s)", word, w.Name, m.Objective, value, unit, rng))
		}
		for _, q := range w.Requirements {
			judged = append(judged, fmt.Sprintf("%s %s: %s", outcomeWords[q.Outcome].word, w.Name, requirementText(q)))
		}
	}
	var binding, helps, prices, warned []string
	for i := range r.Workloads {
		binding = append(binding, r.Workloads[i].Name+": "+r.Workloads[i].BindingWords)
	}
	for _, x := range r.Relaxations {
		helps = append(helps, x.Words)
	}
	for i := range r.Hardware {
		if h := &r.Hardware[i]; h.Machines > 0 && h.Offer != nil {
			prices = append(prices, h.Name+": "+priceText(h.Offer))
		}
	}
	for _, w := range c.Warnings {
		warned = append(warned, w.Message)
	}
	var missing said
	for _, u := range c.Unavailable {
		missing.add(strings.ReplaceAll(u.Figure, "_", " "), u.Reason)
	}
	for _, l := range []compareList{
		{"In a month", capacityTakes(&r.Totals)}, {"Not sure, or not carried", gates.items()}, {"Would hold with", helps}, {"Objectives and requirements", judged}, {"What limits each", binding},
		{"How it was found", capacityMethod(c)}, {"Scenarios", capacityCoverage(&r.Coverage)}, {"Rents", prices},
		{"Assumed", c.Assumptions}, {"Warnings", warned}, {"Not estimated", missing.items()},
	} {
		if len(l.items) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// capacityTakes says what all of it takes in a month.
func capacityTakes(t *report.CapacityTotals) []string {
	var out []string
	for _, x := range []struct {
		f    *estimator.Figure
		unit string
	}{{t.USDPerMonth, "USD"}, {t.KWhPerMonth, "kWh from the grid"}, {t.KgPerMonth, "kg CO2e"}} {
		if x.f != nil && t.Machines > 0 {
			value, rest, _ := strings.Cut(rangeOr(x.f), " ")
			if rest != "" {
				rest = " " + rest
			}
			out = append(out, value+" "+x.unit+rest)
		}
	}
	return out
}

// capacityMethod says how sure it is that nothing is better.
func capacityMethod(c *report.CapacityPlan) []string {
	m := &c.Result.Method
	goal := strings.ReplaceAll(m.Goal, "_", " ")
	var out []string
	switch {
	case c.Result.CarriedShare < 1:
		out = append(out, "no assignment carries everything: this is the one found that carries most")
	case m.Solver == "exact":
		out = append(out, fmt.Sprintf("exact: no assignment takes less (%s), of all those that the rules below allow", goal))
	default:
		out = append(out, fmt.Sprintf("search: an assignment may take up to %s less (%s)", strings.TrimSuffix(fmt.Sprintf("%.1f", 100*m.Gap), ".0")+"%", goal))
	}
	text := "deployments are sized for the " + m.JudgedAt + " end of the intervals"
	if m.JudgedAt == "central" {
		text = "deployments are sized for the central values"
	}
	out = append(out, fmt.Sprintf("%s, and loaded to at most %s of what they carry within their objectives", text, percent(m.Utilisation)))
	if m.Simulated {
		out = append(out, "every deployment was simulated under its load"+after(m.Rounds))
	}
	if f := c.Result.FirstLost; f != nil {
		when := "now"
		if *f > 0 {
			when = fmt.Sprintf("in month %d", *f)
		}
		out = append(out, "the first month in which the machines no longer carry all of it: "+when)
	}
	if t := c.Result.Totals.USDOverMonths; t != nil {
		out = append(out, "with the machines that each month needs it costs "+units.Number(t.Value)+" USD over the months ahead")
	}
	return out
}

func after(rounds int) string {
	if rounds <= 1 {
		return ""
	}
	return fmt.Sprintf(", and the assignment made again %d times", rounds-1)
}

// capacityCoverage says what was read and what was not estimated, and why.
func capacityCoverage(c *report.CapacityCoverage) []string {
	text := fmt.Sprintf("%s read, %s estimated", things(c.Read, "scenario"), units.Thousands(int64(c.Estimated)))
	if c.Excluded > 0 {
		text += fmt.Sprintf(", %d left out by the plan", c.Excluded)
	}
	if n := c.Read - c.Estimated - c.Excluded; n > 0 {
		text += fmt.Sprintf(", %d of no use", n)
	}
	out := []string{text}
	for _, r := range c.Refused {
		who := strings.Join(r.Examples, ", ")
		if r.Count > len(r.Examples) {
			who += fmt.Sprintf(" and %d more", r.Count-len(r.Examples))
		}
		out = append(out, fmt.Sprintf("%s: %s", r.Reason, who))
	}
	return out
}
