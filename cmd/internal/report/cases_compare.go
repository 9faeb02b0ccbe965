package report

var _ Cased = (*Compare)(nil)

// Title names the document.
func (c *Compare) Title() string { return "plimsoll compare" }

// Cases are the rows.
func (c *Compare) Cases() []Case {
	out := make([]Case, len(c.Rows))
	columns := c.Columns()
	for i := range c.Rows {
		r := &c.Rows[i]
		one := Case{Group: "compare", Name: r.Name, Verdict: r.Verdict, Requirements: r.Requirements}
		if i < len(c.Inputs.Scenarios) {
			s := &c.Inputs.Scenarios[i]
			quant := r.Model.WeightFormat
			if quant == "" {
				quant = s.Quant
			}
			one.Labels = labelsOf(s.Model, quant, s.On, s.Engine)
		}
		if r.Error != nil {
			one.Outcome, one.Message = Error, r.Error.Error()
			out[i] = one
			continue
		}
		one.Outcome, one.Message = OutcomeOf(r.Verdict, r.Requirements), VerdictWords(r.Verdict, r.Reason)
		one.Figures = make([]NamedFigure, 0, len(columns))
		for k := range columns {
			if i < len(c.Inputs.Scenarios) && c.Inputs.Scenarios[i].Batch <= 1 && ofBatches[columns[k].Name] {
				continue // of one sequence it says what decode says
			}
			one.Figures = append(one.Figures, NamedFigure{columns[k].Name, columns[k].Get(&r.Figures)})
		}
		one.Figures = present(one.Figures)
		for _, w := range r.Warnings {
			one.Detail = append(one.Detail, w.Message)
		}
		out[i] = one
	}
	return unique(out)
}

// ofBatches are figures that say something of several sequences only.
var ofBatches = map[string]bool{"output_tok_s": true, "output_tok_s_per_device": true, "requests_s": true}
