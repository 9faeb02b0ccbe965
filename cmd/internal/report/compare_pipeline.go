package report

import (
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// ComparePipeline are the figures of a row that is an image, video, speech or
// embedding model; null ones are not of its class, or explained in the row's
// unavailable.
type ComparePipeline struct {
	Class pipeline.Class `json:"class"`
	Job   pipeline.Job   `json:"job"`
	Setup pipeline.Setup `json:"setup"`
	PipelineFigures
	// Costs are of jobs and what they make; absent where they are not known.
	Costs *estimator.JobCosts `json:"costs,omitempty"`
}

func newComparePipeline(p *Pipeline, costs *estimator.Costs) *ComparePipeline {
	out := &ComparePipeline{Class: p.Class, Job: p.Job, Setup: p.Setup, PipelineFigures: p.PipelineFigures}
	if costs != nil && costs.JobCosts != (estimator.JobCosts{}) {
		k := costs.JobCosts
		out.Costs = &k
	}
	return out
}

// jobCost gets one of a row's costs of jobs.
func jobCost(get func(*estimator.JobCosts) *estimator.Figure) func(*CompareFigures) *estimator.Figure {
	return func(f *CompareFigures) *estimator.Figure {
		if f.Pipeline == nil || f.Pipeline.Costs == nil {
			return nil
		}
		return get(f.Pipeline.Costs)
	}
}

// pipelineRanks are how important the figures are in a table that is too wide;
// the main one of a class is always the first.
var pipelineRanks = map[string]int{"latency_s": 4, "it_s": 5, "images_per_min": 11, "first_audio_ms": 5, "encode_ms": 12, "decode_ms_per_token": 12, "tok_s": 5}

var pipelineCompareColumns = func() []CompareColumn {
	var out []CompareColumn
	for i := range pipelineColumns {
		c := &pipelineColumns[i]
		rank := pipelineRanks[c.Name]
		if rank == 0 {
			rank = 1
		}
		out = append(out, CompareColumn{c.Name, c.Title, c.Unit, c.Words, c.Less, rank, func(f *CompareFigures) *estimator.Figure {
			if f.Pipeline == nil {
				return nil
			}
			return c.Get(&f.Pipeline.PipelineFigures)
		}})
	}
	return append(out,
		CompareColumn{"usd_per_image", "cost", "USD/image", "cost of an image", true, 6, jobCost(func(c *estimator.JobCosts) *estimator.Figure { return c.USDPerImage })},
		CompareColumn{"usd_per_video_second", "cost", "USD/s", "cost of a second of video", true, 6, jobCost(func(c *estimator.JobCosts) *estimator.Figure { return c.USDPerVideoS })},
		CompareColumn{"usd_per_audio_hour", "cost", "USD/h", "cost of an hour of audio", true, 6, jobCost(func(c *estimator.JobCosts) *estimator.Figure { return c.USDPerAudioHour })},
		CompareColumn{"usd_per_m_tokens", "cost", "USD/Mtok", "cost of tokens", true, 6, jobCost(func(c *estimator.JobCosts) *estimator.Figure { return c.USDPerMTokens })},
		CompareColumn{"wh_per_job", "energy", "Wh/job", "energy of a job", true, 13, jobCost(func(c *estimator.JobCosts) *estimator.Figure { return c.WhPerJob })},
		CompareColumn{"gco2e_per_job", "carbon", "g/job", "carbon of a job", true, 15, jobCost(func(c *estimator.JobCosts) *estimator.Figure { return c.GramsPerJob })})
}()

// PipelineCompareColumns lists the columns of pipelines.
func PipelineCompareColumns() []CompareColumn { return pipelineCompareColumns }

// MainColumn is what the model of a row is compared by; nil where the row
// could not be estimated.
func (r *CompareRow) MainColumn() *CompareColumn {
	switch {
	case r.Error != nil:
		return nil
	case r.Figures.Pipeline != nil:
		return CompareColumnOf(mainFigures[r.Figures.Pipeline.Class])
	}
	return CompareColumnOf("decode_tok_s")
}

// Main names the figure that all rows are compared by: "" where they are of
// several classes.
func (c *Compare) Main() string {
	name := ""
	for i := range c.Rows {
		switch m := c.Rows[i].MainColumn(); {
		case m == nil:
		case name == "":
			name = m.Name
		case name != m.Name:
			return ""
		}
	}
	if name == "" {
		return "decode_tok_s"
	}
	return name
}
