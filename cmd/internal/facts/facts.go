package facts

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/vision"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/detect"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/modelfile"
)

// Embedded gives the facts that come with the tool, and this machine's. The
// machine is detected once.
type Embedded struct {
	once   sync.Once
	report *detect.Report
	err    error
}

// Model finds a catalogue model or makes one from a bare size.
func (*Embedded) Model(query string) (*model.Model, error) {
	m, err := profiles.Model(query)
	if err == nil {
		return m, nil
	}
	if sized, sizeErr := model.FromSize(query); sizeErr == nil {
		return sized, nil
	}
	return nil, err
}

// OpenModel reads a model file or folder.
func (*Embedded) OpenModel(path string) (*model.Model, error) { return modelfile.Open(path) }

// OpenProjector reads a projector's own file and joins it to the model.
func (*Embedded) OpenProjector(m *model.Model, path string) (*model.Model, error) {
	t, err := modelfile.OpenTower(path)
	if err != nil {
		return nil, err
	}
	joined, err := t.Join(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return joined, nil
}

// Machine finds hardware by name or profile file, or detects "local".
func (e *Embedded) Machine(ctx context.Context, query string, o scenario.MachineOptions) (*hardware.Machine, error) {
	if strings.EqualFold(query, "local") {
		return e.local(ctx, o)
	}
	return profiles.Machine(query, profiles.MachineOptions{Devices: o.Devices, Nodes: o.Nodes, Host: o.Host,
		MemoryBytes: o.RAMBytes, UserDir: profiles.UserDir()})
}

// local is the detected machine with what the user says of it.
func (e *Embedded) local(ctx context.Context, o scenario.MachineOptions) (*hardware.Machine, error) {
	r, err := e.Detect(ctx)
	if err != nil {
		return nil, problem.Failed("detecting this machine: " + err.Error())
	}
	m := *r.Machine
	m.Nodes = append([]hardware.Node(nil), r.Machine.Nodes...)
	n := m.Primary()
	if n == nil {
		return nil, problem.Failed("nothing was detected of this machine")
	}
	if o.Nodes > 1 {
		return nil, problem.Wrong(problem.Contradiction, "this machine is one node", "--nodes", "name the hardware with --on")
	}
	if o.Devices > len(n.Devices) {
		return nil, problem.Wrong(problem.Contradiction, "this machine has fewer devices than that", "--devices", "see plimsoll hardware detect")
	}
	if o.Devices > 0 {
		n.Devices = n.Devices[:o.Devices]
	}
	e.measured(&n.Host)
	if o.RAMBytes > 0 {
		n.Host.MemoryBytes, n.Host.LimitBytes, n.Host.AvailableBytes, n.Host.MemoryAssumed = o.RAMBytes, 0, 0, ""
	}
	if o.Host != "" {
		cpu, err := profiles.CPU(o.Host)
		if err != nil {
			return nil, err
		}
		n.Host.CPU = *cpu
		n.Host.Measured = nil // it is of another
	}
	return &m, nil
}

// measured joins the host with what was measured on it, or says why that does
// not count.
func (*Embedded) measured(h *hardware.Host) {
	m, err := profiles.UserMeasured()
	switch {
	case err != nil:
		h.MeasuredIgnored = "the measurement of this machine is ignored: " + problem.OneLine(err.Error()) + "; measure again"
	case m == nil:
	default:
		if why := m.Differs(h); why != "" {
			h.MeasuredIgnored = "the measurement in " + profiles.UserMeasuredPath() + " is ignored: " + why + "; measure again, or run plimsoll hardware measure --forget"
			return
		}
		h.Measured = m
	}
}

// Detect looks at this machine.
func (e *Embedded) Detect(ctx context.Context) (*detect.Report, error) {
	e.once.Do(func() { e.report, e.err = detect.Local(ctx, detect.Options{Catalogue: profiles.Catalogue{}}) })
	return e.report, e.err
}

// Engine finds an engine.
func (*Embedded) Engine(query string) (*engine.Engine, error) { return profiles.Engine(query) }

// Formats returns the weight formats.
func (*Embedded) Formats() (*format.Table, error) { return profiles.Formats() }

// Calibration returns the parameters of the speed model, refined by the
// user's own measurements where there are any.
func (*Embedded) Calibration() (*calibration.Table, error) { return profiles.UserCalibration() }

// Vision returns the rules of images, video and sound.
func (*Embedded) Vision() (*vision.Table, error) { return profiles.Vision() }

// Models lists the catalogue's models.
func (*Embedded) Models() ([]profiles.ModelEntry, error) { return profiles.Models() }

// Devices lists the catalogue's accelerators.
func (*Embedded) Devices() ([]*hardware.Device, error) { return profiles.Devices() }

// CPUs lists the catalogue's processors and boards.
func (*Embedded) CPUs() ([]*hardware.CPU, error) { return profiles.CPUs() }

// Nodes lists the catalogue's servers.
func (*Embedded) Nodes() ([]*hardware.Machine, error) { return profiles.Nodes() }

// Links lists the catalogue's links.
func (*Embedded) Links() ([]*hardware.Link, error) { return profiles.Links() }

// Engines lists the engines.
func (*Embedded) Engines() ([]*engine.Engine, error) { return profiles.Engines() }

// DataVersion identifies the embedded facts.
func (*Embedded) DataVersion() string { return profiles.Version() }
