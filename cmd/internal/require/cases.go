package require

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// JudgeCase decides the requirement on a case of any document, by the figures
// that the case tells. One that it does not tell is an error, never a pass.
func (r *Requirement) JudgeCase(c *report.Case) (report.Requirement, error) {
	f := figureOf(c, r.name)
	if f == nil {
		return report.Requirement{}, problem.Wrong(problem.NotEstimable, fmt.Sprintf("%s is not told of %.200s", r.name, problem.OneLine(c.Name)), "--require "+r.Text,
			"ask the command that wrote the report")
	}
	return r.on(f), nil
}

func figureOf(c *report.Case, name string) *estimator.Figure {
	name = strings.Replace(name, "fullest_total_", "fullest_device_", 1) // as cases call it
	bytes, gib := "", false
	if stem, ok := strings.CutSuffix(name, "_gib"); ok {
		bytes, gib = stem+"_bytes", true
	}
	for _, f := range c.Figures {
		switch {
		case f.Figure == nil:
		case f.Name == name:
			return f.Figure
		case gib && f.Name == bytes:
			return inGiB(*f.Figure)
		}
	}
	return nil
}
