package profiles

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/estimator/pipeline/fit"
)

//go:embed pipelines/rates.json
var pipelineRates []byte

//go:embed pipelines/prior.json
var pipelinePrior []byte

// PipelineRates returns the calibrated rates of pipelines, parsed once.
func PipelineRates() (*pipeline.Rates, error) { return parsedPipelineRates() }

var parsedPipelineRates = sync.OnceValues(func() (*pipeline.Rates, error) { return pipeline.ParseRates(pipelineRates) })

// PipelinePrior returns what the rates of pipelines are taken to be before
// anything was measured, and how measurements are judged.
func PipelinePrior() (*fit.Config, error) {
	c := &fit.Config{}
	if err := json.Unmarshal(pipelinePrior, c); err != nil {
		return nil, fmt.Errorf("pipelines/prior.json: %w", err)
	}
	return c, nil
}
