package corpus

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/estimator/pipeline/fit"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// PipelineFiles are those of profiles/pipelines that a calibration writes.
type PipelineFiles struct {
	Rates           []byte // rates.json
	CrossValidation string // crossvalidation.csv
}

// CalibratePipelines fits the rates of pipelines, and cross-validates them with
// whole devices and whole models left out, which gives the intervals. It takes
// minutes. progress is told what is being done; it may be nil.
func CalibratePipelines(progress func(string)) (*PipelineFiles, error) {
	if progress != nil {
		progress(fmt.Sprintf("fitting pipelines, and leaving out whole devices and models (2 × %d fits)", pipelineFolds))
	}
	host, err := pipelineHost()
	if err != nil {
		return nil, err
	}
	c, err := RefitPipelines(host)
	if err != nil {
		return nil, err
	}
	c.Rates.SD = fit.Spreads(c.cases())
	return &PipelineFiles{Rates: c.Rates.Format(), CrossValidation: c.crossValidation()}, nil
}

// pipelineHost are the rules of hosts that the rates of pipelines rest on: those
// of the language models' prior, which no fit changes.
func pipelineHost() (*calibration.HostRules, error) {
	prior, _, err := profiles.Prior()
	if err != nil {
		return nil, err
	}
	return &prior.Host, nil
}

// level says what a judgement of the i-th example rests on.
func (c *PipelineCalibration) level(i int, j *fit.Judgement) pipeline.Level {
	return pipeline.LevelOf(c.Examples[i].Observation.Loads, j.Rates)
}

// cases are the judgements that tell the spreads: for a device that was measured
// those with the model left out, for what lies farther those with the device left
// out. What was measured with unknown settings tells nothing.
func (c *PipelineCalibration) cases() []fit.Case {
	var out []fit.Case
	add := func(i int, j *fit.Judgement, wanted bool) {
		if l := c.level(i, j); (l == pipeline.LevelDevice) == wanted {
			out = append(out, fit.Case{Class: c.Examples[i].Observation.Class, Level: l, Log: j.Log})
		}
	}
	for i := range c.Examples {
		if c.Examples[i].Row.Quality == qualityUnknown {
			continue
		}
		add(i, &c.Devices[i], false)
		add(i, &c.Models[i], true)
	}
	return out
}

// qualityUnknown is the mark of rows whose settings are not known.
const qualityUnknown = "C"

// crossValidation writes the judgements, each with the spread of its interval.
func (c *PipelineCalibration) crossValidation() string {
	var b strings.Builder
	b.WriteString("id,device,device_sd,device_level,model,model_sd,model_level\n")
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }
	for i := range c.Examples {
		b.WriteString(c.Examples[i].Row.ID)
		for _, j := range [...]*fit.Judgement{&c.Devices[i], &c.Models[i]} {
			l := c.level(i, j)
			// A judgement is of times, the file of rates.
			fmt.Fprintf(&b, ",%s,%s,%s", number(-j.Log), number(c.Rates.Spread(c.Examples[i].Observation.Class, l)), l)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// FitPipelines fits the rates of pipelines to all published measurements,
// without spreads: the part of CalibratePipelines that takes the least time.
func FitPipelines(host *calibration.HostRules) (*PipelineCalibration, []*fit.Observation, *fit.Config, error) {
	cfg, err := profiles.PipelinePrior()
	if err != nil {
		return nil, nil, nil, err
	}
	rows, err := measured.Pipelines()
	if err != nil {
		return nil, nil, nil, err
	}
	out := &PipelineCalibration{}
	out.Examples, out.Misses = PipelineExamples(&cfg.Rates, host, rows)
	obs := make([]*fit.Observation, len(out.Examples))
	for i := range obs {
		obs[i] = out.Examples[i].Observation
	}
	out.Rates, err = fit.Fit(obs, cfg)
	return out, obs, cfg, err
}

// AllPipelines works out every published time of a pipeline that may be used.
func AllPipelines() ([]PipelineExample, []PipelineMiss, error) {
	cfg, err := profiles.PipelinePrior()
	if err != nil {
		return nil, nil, err
	}
	host, err := pipelineHost()
	if err != nil {
		return nil, nil, err
	}
	rows, err := measured.Pipelines()
	if err != nil {
		return nil, nil, err
	}
	examples, misses := PipelineExamples(&cfg.Rates, host, rows)
	return examples, misses, nil
}
