package facts

import (
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/modelfile"
)

// Pipelines gives the facts of image, video, speech and embedding models.
func (*Embedded) Pipelines() scenario.PipelineFacts { return Pipelines{} }

// Pipelines are the embedded facts of pipelines, and what files say of them.
type Pipelines struct{}

// Is says whether the catalogue has a pipeline of this name.
func (Pipelines) Is(query string) bool { return profiles.IsPipeline(query) }

// IsFile says whether a file or folder holds a pipeline.
func (Pipelines) IsFile(path string) bool { return modelfile.IsPipeline(path) }

// Pipeline finds one in the catalogue.
func (Pipelines) Pipeline(query string) (*pipeline.Model, error) { return profiles.Pipeline(query) }

// Open reads a file or folder, with notes on what was completed.
func (Pipelines) Open(path string) (*pipeline.Model, []string, error) {
	return modelfile.Pipeline(path)
}

// Engine finds an engine.
func (Pipelines) Engine(query string) (*pipeline.Engine, error) {
	return profiles.PipelineEngine(query)
}

// Engines lists them.
func (Pipelines) Engines() ([]*pipeline.Engine, error) { return profiles.PipelineEngines() }

// DefaultEngine is taken for a model on a machine where none is named.
func (Pipelines) DefaultEngine(m *pipeline.Model, on *hardware.Machine) (*pipeline.Engine, error) {
	return profiles.DefaultPipelineEngine(m, on)
}

// Formats returns the weight formats.
func (Pipelines) Formats() ([]pipeline.Format, error) { return profiles.PipelineFormats() }

// Rates returns the calibrated rates.
func (Pipelines) Rates() (*pipeline.Rates, error) { return profiles.PipelineRates() }

// Reserves are what operating systems keep of memories.
func (Pipelines) Reserves() (*pipeline.Reserves, error) { return profiles.HostReserves() }

// Host is how a host's arithmetic and its links are told.
func (Pipelines) Host() (*calibration.HostRules, error) { return profiles.HostRules() }
