package accuracy

import (
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
)

// pipelineDimension is one way to sort cases of pipelines into groups, as
// dimension is for language models.
type pipelineDimension struct {
	name, title string
	order       []string
	of          func(ex *corpus.PipelineExample, level string) string
}

var pipelineLevels = []string{"device", "family", "engine", "work"}

// notStated is the group of what a source leaves open.
const notStated = "not stated"

// pipelineDimensions in the order in which they are reported. Where the name is
// one of dimensions it means the same.
var pipelineDimensions = [...]pipelineDimension{
	{"engine", "Engine", nil, func(ex *corpus.PipelineExample, _ string) string { return ex.Request.Engine.ID }},
	{"device-kind", "Kind of device", nil, func(ex *corpus.PipelineExample, _ string) string {
		if ex.Row.Hardware == "" {
			return notStated
		}
		return kindOf(leadsPipeline(ex))
	}},
	{"offload", "Offload", []string{"none"}, func(ex *corpus.PipelineExample, _ string) string {
		if w := ex.Setup.Words(); w != "" {
			return w
		}
		return "none"
	}},
	{"batch", "Jobs side by side", []string{"one", "several"}, func(ex *corpus.PipelineExample, _ string) string {
		if ex.Request.Job.Batch > 1 {
			return "several"
		}
		return "one"
	}},
	{"devices", "Devices", []string{"one"}, func(ex *corpus.PipelineExample, _ string) string {
		switch s := &ex.Setup; {
		case max(s.Sequence, 1)*max(s.Guidance, 1) > 1:
			return "several, of one job"
		case s.Data > 1:
			return "several, a job each"
		}
		return "one"
	}},
	{"measure", "Measure", nil, func(ex *corpus.PipelineExample, _ string) string { return ex.Row.Metric }},
	{"model", "Model", nil, func(ex *corpus.PipelineExample, _ string) string { return ex.Request.Model.ID }},
	{"device", "Device", nil, func(ex *corpus.PipelineExample, _ string) string {
		if ex.Row.Hardware == "" {
			return "hardware " + notStated
		}
		d, c := leadsPipeline(ex)
		if d != nil {
			return d.ID
		}
		return c.ID
	}},
	{"format", "Weight format", nil, func(ex *corpus.PipelineExample, _ string) string {
		if f, err := ex.Request.FormatNamed(ex.Setup.Format); err == nil {
			return f.Name
		}
		return ex.Setup.Format
	}},
	{"quality", "Quality of the source", []string{"A", "B", "C"}, func(ex *corpus.PipelineExample, _ string) string { return ex.Row.Quality }},
	{"level", "What the estimate rests on", pipelineLevels, func(_ *corpus.PipelineExample, level string) string { return level }},
}

// PipelineDimensions lists the names by which cases of pipelines can be grouped.
func PipelineDimensions() []string {
	out := make([]string, len(pipelineDimensions))
	for i := range pipelineDimensions {
		out[i] = pipelineDimensions[i].name
	}
	return out
}

// AllDimensions lists those of language models, and then those that pipelines
// alone have.
func AllDimensions() []string {
	out := Dimensions()
	for _, name := range PipelineDimensions() {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// defaultPipelineDimensions are those reported when none is asked for, those of
// peaks where only the engine matters.
func defaultPipelineDimensions(metric string) []string {
	if metric == Memory {
		return []string{"engine"}
	}
	return []string{"engine", "device", "model"}
}
