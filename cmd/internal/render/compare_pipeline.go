package render

import (
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// pipelineConstants says what is the same in all rows where some are no
// language models; false where all are.
func pipelineConstants(c *report.Compare, first *report.CompareRow) ([]string, bool) {
	var parts []string
	same := func(field, text string) {
		if text != "" && !slices.Contains(c.Varies, field) {
			parts = append(parts, text)
		}
	}
	some := false
	var job []string // of the first; nil once another's differs
	for i := range c.Rows {
		r := &c.Rows[i]
		switch p := r.Figures.Pipeline; {
		case r.Error != nil:
		case p == nil:
			job = []string{}
		case !some && job == nil:
			some, job = true, jobParts(p.Class, &p.Job)
		default:
			some = true
			if !slices.Equal(job, jobParts(p.Class, &p.Job)) {
				job = []string{}
			}
		}
	}
	if !some {
		return nil, false
	}
	same("model", first.Model.Name)
	same("quant", first.Model.WeightFormat)
	same("on", "on "+first.Machine.Name)
	same("engine", first.Engine.Name)
	parts = append(parts, job...)
	if len(parts) == 0 {
		parts = append(parts, "models of several classes")
	}
	return parts, true
}
