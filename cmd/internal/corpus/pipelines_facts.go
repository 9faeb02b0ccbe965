package corpus

import (
	"fmt"
	"slices"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// pipelineFacts keeps what was looked up for many rows.
type pipelineFacts struct {
	models   map[string]*pipeline.Model
	machines map[string]*hardware.Machine
	// anywhere lets a row that does not state its hardware run on a device that
	// the engine takes: where the device does not matter.
	anywhere bool
}

func newPipelineFacts() *pipelineFacts {
	return &pipelineFacts{models: map[string]*pipeline.Model{}, machines: map[string]*hardware.Machine{}}
}

func (f *pipelineFacts) model(query string) (*pipeline.Model, error) {
	if m, ok := f.models[query]; ok {
		return m, nil
	}
	m, err := profiles.Pipeline(query)
	if err == nil {
		f.models[query] = m
	}
	return m, err
}

// machine is of some devices of a kind, as a row names it.
func (f *pipelineFacts) machine(device string, devices int, e *pipeline.Engine) (*hardware.Machine, error) {
	if device == "" && f.anywhere {
		if m := anyMachine(devices, e); m != nil {
			return m, nil
		}
	}
	if device == "" {
		return nil, fmt.Errorf("the hardware is not stated")
	}
	name := device
	if devices != 1 {
		name = fmt.Sprintf("%dx %s", devices, device)
	}
	if m, ok := f.machines[name]; ok {
		return m, nil
	}
	m, err := profiles.Machine(name, profiles.MachineOptions{})
	if err == nil {
		f.machines[name] = m
	}
	return m, err
}

// anyMachine has devices of a vendor that the engine takes, of any size; nil
// where it takes none.
func anyMachine(devices int, e *pipeline.Engine) *hardware.Machine {
	for _, b := range e.Backends {
		for _, vendor := range b.Vendors {
			if vendor == "*" || b.ID == "cpu" {
				continue
			}
			d := &hardware.Device{Vendor: vendor, Kind: hardware.GPU, MemoryBytes: 4096 * hardware.GiB}
			return &hardware.Machine{Nodes: []hardware.Node{{Devices: slices.Repeat([]*hardware.Device{d}, devices)}}}
		}
	}
	return nil
}
