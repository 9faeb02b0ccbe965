package report

import "fmt"

var _ Cased = (*Recommend)(nil)

// Title names the document.
func (r *Recommend) Title() string { return "plimsoll recommend" }

// Cases are the groups, or the lists of hardware: each passes when something is
// recommended, and then its figures are those of the first row.
func (r *Recommend) Cases() []Case {
	var out []Case
	for i := range r.Groups {
		g := &r.Groups[i]
		name := g.Use
		if g.Class != "" {
			name += " (" + g.Class + ")"
		}
		out = append(out, recommendCase(fmt.Sprintf("%s on %s", name, r.Subject), g.Rows, g.Nearest, &g.Coverage))
	}
	if h := r.Hardware; h != nil {
		for i := range h.Lists {
			l := &h.Lists[i]
			out = append(out, recommendCase(fmt.Sprintf("%s for %s", l.Goal, r.Subject), l.Rows, h.Nearest, &h.Coverage))
		}
	}
	return unique(out)
}

func recommendCase(name string, rows []RecommendRow, near *RecommendRow, c *RecommendCoverage) Case {
	one := Case{Group: "recommend", Name: name}
	if len(rows) == 0 {
		one.Outcome, one.Rule = Fail, RequirementFailed
		one.Message = fmt.Sprintf("nothing of %d fits and meets what was asked", c.Considered)
		if near != nil {
			one.Detail = append(one.Detail, "nearest: "+near.Name+": "+near.Reason)
			for _, s := range near.Suggestions {
				one.Detail = append(one.Detail, s.Change+": "+s.Effect+" ("+s.Flags+")")
			}
		}
		return one
	}
	first := &rows[0]
	one.Outcome, one.Verdict = Pass, first.Verdict
	if first.Verdict == "tight" {
		one.Outcome = Unsure
	}
	one.Message = first.Name + ": " + VerdictWords(first.Verdict, first.Reason)
	one.Requirements = first.Requirements
	s := &first.Scenario
	one.Labels = labelsOf(s.Model, first.Model.WeightFormat, s.On, first.Engine.ID)
	for k := range compareColumns {
		one.Figures = append(one.Figures, NamedFigure{compareColumns[k].Name, compareColumns[k].Get(&first.Figures)})
	}
	one.Figures = present(one.Figures)
	for i := range rows {
		one.Detail = append(one.Detail, fmt.Sprintf("%d. %s", rows[i].Rank, rows[i].Name))
	}
	return one
}
