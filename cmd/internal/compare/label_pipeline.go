package compare

import (
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// unasked leaves out of a row's labels the fields of other classes of models
// than its own, and those of a job that were left to the model or the engine.
func unasked(out map[string]string, s *scenario.Scenario, r *report.CompareRow) {
	for _, f := range scenario.PipelineFields() {
		if r.Figures.Pipeline == nil && r.Error == nil || s.Text(f) == "" {
			delete(out, f)
		}
	}
	if r.Figures.Pipeline != nil {
		for _, f := range scenario.LanguageFields() {
			delete(out, f)
		}
	}
}
