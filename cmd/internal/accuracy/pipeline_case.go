package accuracy

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// Language is the class of language models, beside those of pipelines.
const Language = "language"

// ModelClasses are the classes of models, in the order in which they are
// reported.
var ModelClasses = [...]string{Language, string(pipeline.TextToImage), string(pipeline.TextToVideo), string(pipeline.Recognition),
	string(pipeline.Synthesis), string(pipeline.Denoising), string(pipeline.Embedding)}

// Memory is the metric of what a job of a pipeline takes at its peak.
const Memory = "memory"

// PipelineCase is one measurement of a model of another class beside the
// estimate it is held against: a rate, or a peak of memory.
type PipelineCase struct {
	Verdict
	Row *measured.PipelineRow

	example *corpus.PipelineExample
	peak    bool
	tags    [len(pipelineDimensions)]string
}

func (c *PipelineCase) id() string { return c.Row.ID }

func (c *PipelineCase) tag(dimension string) string {
	for i := range pipelineDimensions {
		if pipelineDimensions[i].name == dimension {
			return c.tags[i]
		}
	}
	return ""
}

// class of the model.
func (c *PipelineCase) class() string { return string(c.example.Request.Model.Class) }

func newPipelineCase(ex *corpus.PipelineExample, level string) PipelineCase {
	c := PipelineCase{Row: ex.Row, example: ex}
	for i := range pipelineDimensions {
		c.tags[i] = pipelineDimensions[i].of(ex, level)
	}
	return c
}

// pipelineShare is the share of the nominal arithmetic that the rule of thumb
// for pipelines reckons with.
const pipelineShare = 0.4

// NaivePipeline is that rule in words.
const NaivePipeline = "image, video, speech and embedding models: their operations ÷ (0.4 × peak), of several devices that share the tokens their part"

// naivePipeline returns ln(rate of the rule of thumb ÷ measured rate); false
// where a fact that the rule needs is not known.
func naivePipeline(ex *corpus.PipelineExample) (float64, bool) {
	t := 0.0
	for _, l := range ex.Observation.Loads {
		t += l.Calls * (l.Compute + l.Attention) / pipelineShare
	}
	log := math.Log(ex.Observation.Seconds / t)
	return log, !math.IsNaN(log) && !math.IsInf(log, 0)
}

// PublishedPipelines returns all published measurements of the speed of
// pipelines that are judged, and how many there are of each fate.
func PublishedPipelines(held string) ([]PipelineCase, Rows, error) {
	n, err := pipelineRows(corpus.PipelineTimed)
	if err != nil {
		return nil, n, err
	}
	judgements, err := profiles.PipelineCrossValidation()
	if err != nil {
		return nil, n, problem.Failed(err.Error())
	}
	examples, misses, err := corpus.AllPipelines()
	if err != nil {
		return nil, n, problem.Failed(err.Error())
	}
	n.NotComparable = len(misses)
	cases := make([]PipelineCase, 0, len(examples))
	for i := range examples {
		h := heldOut(judgements[examples[i].Row.ID], held)
		if !h.Judged {
			n.NotJudged++
			continue
		}
		c := newPipelineCase(&examples[i], h.Level)
		c.Log, c.Low, c.High = h.Log, h.Log-z80*h.SD, h.Log+z80*h.SD
		c.Naive, c.NaiveOK = naivePipeline(&examples[i])
		c.Basis = fmt.Sprintf("%s, fitted without the %s", h.Level, held)
		cases = append(cases, c)
	}
	return cases, n, nil
}

// PublishedPeaks returns all published peaks of memory beside what the ledgers
// say, and how many there are of each fate.
func PublishedPeaks() ([]PipelineCase, Rows, error) {
	n, err := pipelineRows(func(metric string) bool { return metric == measured.PeakBytes })
	if err != nil {
		return nil, n, err
	}
	rows, err := measured.Pipelines()
	if err != nil {
		return nil, n, problem.Failed(err.Error())
	}
	peaks, misses := corpus.PipelinePeaks(rows)
	n.NotComparable = len(misses)
	cases := make([]PipelineCase, len(peaks))
	for i := range peaks {
		p := &peaks[i]
		c := newPipelineCase(&p.PipelineExample, "")
		of := func(bytes float64) float64 { return math.Log(bytes / p.Row.Value) }
		c.Log, c.Low, c.High, c.peak, c.Basis = of(p.Need), of(p.Low), of(p.High), true, "ledger of the job's phases"
		cases[i] = c
	}
	return cases, n, nil
}

// pipelineRows counts the rows of some metrics.
func pipelineRows(of func(metric string) bool) (Rows, error) {
	var n Rows
	rows, err := measured.Pipelines()
	if err != nil {
		return n, problem.Failed(err.Error())
	}
	for i := range rows {
		if !of(rows[i].Metric) {
			continue
		}
		n.Collected++
		if rows[i].Exclude != "" {
			n.Excluded++
		}
	}
	return n, nil
}

// leadsPipeline returns the processor that does the work: an accelerator, or
// else the host's.
func leadsPipeline(ex *corpus.PipelineExample) (*hardware.Device, *hardware.CPU) {
	n := ex.Request.Machine.Primary()
	if len(n.Devices) > 0 && ex.Setup.Backend != "cpu" {
		return n.Devices[0], nil
	}
	return nil, &n.Host.CPU
}
