package scenario

import (
	"context"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/estimator/vision"
	"github.com/plimsoll/plimsoll/hardware"
)

// Facts is where models, machines and engines come from. Its methods may be
// called from several goroutines.
type Facts interface {
	// Model finds a catalogue model or makes one from a bare size.
	Model(query string) (*model.Model, error)
	// OpenModel reads a model file or folder.
	OpenModel(path string) (*model.Model, error)
	// OpenProjector reads a projector's own file (mmproj) and returns the model
	// with it.
	OpenProjector(m *model.Model, path string) (*model.Model, error)
	// Machine finds hardware by name or profile file, or detects "local".
	Machine(ctx context.Context, query string, o MachineOptions) (*hardware.Machine, error)
	Engine(query string) (*engine.Engine, error)
	Formats() (*format.Table, error)
	Calibration() (*calibration.Table, error)
	// Vision returns the rules of images, video and sound.
	Vision() (*vision.Table, error)
	// Pipelines are the facts of other models; nil: there are none.
	Pipelines() PipelineFacts
}

// PipelineFacts is where pipelines and what runs them come from. Its methods
// may be called from several goroutines.
type PipelineFacts interface {
	// Is says whether the catalogue has a pipeline of this name, and IsFile
	// whether a file or folder holds one.
	Is(query string) bool
	IsFile(path string) bool
	// Pipeline finds one in the catalogue.
	Pipeline(query string) (*pipeline.Model, error)
	// Open reads a file or folder, with notes on what was completed.
	Open(path string) (*pipeline.Model, []string, error)
	// Engine finds an engine, Engines lists them all.
	Engine(query string) (*pipeline.Engine, error)
	Engines() ([]*pipeline.Engine, error)
	// DefaultEngine is taken for a model on a machine where none is named.
	DefaultEngine(m *pipeline.Model, on *hardware.Machine) (*pipeline.Engine, error)
	Formats() ([]pipeline.Format, error)
	Rates() (*pipeline.Rates, error)
	// Reserves are what operating systems keep of memories, Host how a host's
	// arithmetic and its links are told.
	Reserves() (*pipeline.Reserves, error)
	Host() (*calibration.HostRules, error)
}

// MachineOptions change what a name of hardware stands for; zero leaves it.
type MachineOptions struct {
	Devices  int // per node
	Nodes    int
	Host     string
	RAMBytes int64
}
