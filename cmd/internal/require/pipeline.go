package require

import (
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// pipelines adds the figures of image, video, speech and embedding models.
func pipelines(m map[string]figure) {
	for _, c := range report.PipelineColumns() {
		dim, scale := units.Count, 1.0
		switch {
		case c.Time && strings.HasPrefix(c.Unit, "ms"):
			dim = units.Time
		case c.Time:
			dim, scale = units.Time, 1e-3
		case strings.HasSuffix(c.Unit, "/s"):
			dim = units.Rate
		}
		m[c.Name] = figure{dim, scale, func(d *report.Check) *estimator.Figure {
			if d.Result.Pipeline == nil {
				return nil
			}
			return c.Get(&d.Result.Pipeline.PipelineFigures)
		}}
	}
}

// unknown says why a figure is absent for which no reason is listed: it may be
// one of other models.
func unknown(name string, c *report.Check) string {
	p := c.Result.Pipeline
	switch column := report.PipelineColumnOf(name); {
	case p == nil && column != nil:
		return "it is a figure of image, video, speech or embedding models, and " + c.Result.Model.Name + " is a language model"
	case p != nil && column != nil:
		return "it is no figure of " + string(p.Class)
	case p != nil && !strings.HasPrefix(name, "load_") && !strings.Contains(name, "usd_") && !strings.HasPrefix(name, "watts"):
		return "it is a figure of language models, and " + c.Result.Model.Name + " is of " + string(p.Class)
	}
	return "it was not estimated"
}
