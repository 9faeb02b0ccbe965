package profiles

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// engineDefault names the engine that people reach for first: of the rules
// that fit the first counts.
type engineDefault struct {
	Class pipeline.Class `json:"class"`
	// Vendor is the devices' in lower case, "*" any; "" a host without
	// accelerator.
	Vendor string `json:"vendor,omitempty"`
	// Role is a component that the model must have, "" for any model.
	Role pipeline.Role `json:"role,omitempty"`
	// Kind is how one of its components must be built, "" for any.
	Kind   pipeline.Kind `json:"kind,omitempty"`
	Engine string        `json:"engine"`
	Why    string        `json:"why,omitempty"`
}

// pipelineEngineFolder holds the engines, one a line, and which is taken where
// none is named.
const pipelineEngineFolder = "pipelines/engines"

// Engines of pipelines are read one at a time, when asked for, and kept.
var pipelineEngineCache sync.Map // id: *pipeline.Engine

var pipelineEngineDefaults = sync.OnceValues(func() ([]engineDefault, error) {
	data, err := pipelineFiles.ReadFile(pipelineEngineFolder + "/defaults.json")
	if err != nil {
		return nil, err
	}
	var t struct {
		Defaults []engineDefault `json:"defaults"`
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("%s/defaults.json: %w", pipelineEngineFolder, err)
	}
	return t.Defaults, nil
})

var pipelineEngineNames = sync.OnceValue(func() *names.Index {
	return names.New("engine", lineNames(nil, pipelineFiles, pipelineEngineFolder))
})

// PipelineEngines returns the programs that run pipelines, in file order.
func PipelineEngines() ([]*pipeline.Engine, error) {
	var out []*pipeline.Engine
	var bad error
	err := jsonLines(pipelineFiles, pipelineEngineFolder, func(_ string, line []byte) bool {
		var e *pipeline.Engine
		if e, bad = decodePipelineEngine(line); bad != nil {
			return false
		}
		out = append(out, e)
		return true
	})
	if err == nil {
		err = bad
	}
	return out, err
}

// PipelineEngine returns the program that the query names by its id or an
// alias; a miss is an error that suggests the nearest.
func PipelineEngine(query string) (*pipeline.Engine, error) {
	if line := exactLine(pipelineFiles, pipelineEngineFolder, query); line != nil {
		return decodePipelineEngine(line)
	}
	id, err := pipelineEngineNames().Resolve(query)
	if err != nil {
		return nil, err
	}
	return decodePipelineEngine(exactLine(pipelineFiles, pipelineEngineFolder, id))
}

// decodePipelineEngine reads a line once.
func decodePipelineEngine(line []byte) (*pipeline.Engine, error) {
	id := headID(line)
	if known, ok := pipelineEngineCache.Load(id); ok {
		return known.(*pipeline.Engine), nil
	}
	e := new(pipeline.Engine)
	if err := json.Unmarshal(line, e); err != nil {
		return nil, fmt.Errorf("%s: engine %s: %w", pipelineEngineFolder, id, err)
	}
	kept, _ := pipelineEngineCache.LoadOrStore(id, e)
	return kept.(*pipeline.Engine), nil
}

// DefaultPipelineEngine is the program taken for a model on a machine where none
// is asked for.
func DefaultPipelineEngine(m *pipeline.Model, machine *hardware.Machine) (*pipeline.Engine, error) {
	defaults, err := pipelineEngineDefaults()
	if err != nil {
		return nil, err
	}
	vendor := ""
	if n := machine.Primary(); n != nil && len(n.Devices) > 0 {
		vendor = strings.ToLower(n.Devices[0].Vendor)
	}
	for _, d := range defaults {
		if d.Class == m.Class && (d.Role == "" || m.Find(d.Role) != nil) && (d.Kind == "" || m.Built(d.Kind)) && (d.Vendor == vendor || d.Vendor == "*" && vendor != "") {
			return PipelineEngine(d.Engine)
		}
	}
	engines, err := PipelineEngines()
	if err != nil {
		return nil, err
	}
	var have []string
	for _, e := range engines {
		if slices.Contains(e.Classes, m.Class) {
			have = append(have, e.ID)
		}
	}
	return nil, fmt.Errorf("no engine is known for %s models on this machine; name one of: %s", m.Class, strings.Join(have, ", "))
}

type pipelineFormatTable struct {
	Formats []pipeline.Format `json:"formats"`
	// Shown are the formats that listings give sizes in.
	Shown []string `json:"shown"`
}

var pipelineFormats = sync.OnceValues(func() (*pipelineFormatTable, error) {
	data, err := pipelineFiles.ReadFile("pipelines/formats.json")
	if err != nil {
		return nil, err
	}
	t := new(pipelineFormatTable)
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("pipelines/formats.json: %w", err)
	}
	return t, nil
})

// PipelineFormats returns the ways to store the weights of pipelines, in file
// order. The slice is shared: do not change it.
func PipelineFormats() ([]pipeline.Format, error) {
	t, err := pipelineFormats()
	if err != nil {
		return nil, err
	}
	return t.Formats, nil
}

// PipelineSizes is how large the weights of a pipeline are, in bytes, in the
// formats that listings show: of each component, in the components' order, 0
// where it is not known. Text encoders are in the same format; what engines
// leave in 16 bits stays so.
func PipelineSizes(m *pipeline.Model) ([]PipelineSize, error) {
	t, err := pipelineFormats()
	if err != nil {
		return nil, err
	}
	out := make([]PipelineSize, len(t.Shown))
	for i, name := range t.Shown {
		req := pipeline.Request{Model: m, Formats: t.Formats, Setup: pipeline.Setup{Format: name, TextFormat: name}}
		bytes, err := req.WeightBytes()
		if err != nil {
			return nil, fmt.Errorf("pipelines/formats.json: shown: %w", err)
		}
		out[i] = PipelineSize{Format: name, Components: bytes}
		for _, b := range bytes {
			out[i].Total += b
		}
	}
	return out, nil
}

// PipelineSize is the size of a pipeline's weights in a format, in bytes.
type PipelineSize struct {
	Format     string
	Components []float64
	Total      float64
}
