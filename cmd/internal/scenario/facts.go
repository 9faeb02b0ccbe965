package scenario

import (
	"context"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/hardware"
)

// Facts is where models, machines and engines come from. Its methods may be
// called from several goroutines.
type Facts interface {
	// Model finds a catalogue model or makes one from a bare size.
	Model(query string) (*model.Model, error)
	// OpenModel reads a model file or folder.
	OpenModel(path string) (*model.Model, error)
	// Machine finds hardware by name or profile file, or detects "local".
	Machine(ctx context.Context, query string, o MachineOptions) (*hardware.Machine, error)
	Engine(query string) (*engine.Engine, error)
	Formats() (*format.Table, error)
	Calibration() (*calibration.Table, error)
}

// MachineOptions change what a name of hardware stands for; zero leaves it.
type MachineOptions struct {
	Devices  int // per node
	Nodes    int
	Host     string
	RAMBytes int64
}
