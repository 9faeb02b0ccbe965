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
	Role   pipeline.Role `json:"role,omitempty"`
	Engine string        `json:"engine"`
	Why    string        `json:"why,omitempty"`
}

type pipelineEngineTable struct {
	Engines  []*pipeline.Engine `json:"engines"`
	Defaults []engineDefault    `json:"defaults"`
	index    *names.Index
}

var pipelineEngines = sync.OnceValues(func() (*pipelineEngineTable, error) {
	data, err := pipelineFiles.ReadFile("pipelines/engines.json")
	if err != nil {
		return nil, err
	}
	t := new(pipelineEngineTable)
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("pipelines/engines.json: %w", err)
	}
	entries := make([]names.Entry, len(t.Engines))
	for i, e := range t.Engines {
		entries[i] = names.Entry{ID: e.ID, Aliases: e.Aliases}
	}
	t.index = names.New("engine", entries)
	return t, nil
})

// PipelineEngines returns the programs that run pipelines, in file order.
func PipelineEngines() ([]*pipeline.Engine, error) {
	t, err := pipelineEngines()
	if err != nil {
		return nil, err
	}
	return t.Engines, nil
}

// PipelineEngine returns the program that the query names by its id or an
// alias; a miss is an error that suggests the nearest.
func PipelineEngine(query string) (*pipeline.Engine, error) {
	t, err := pipelineEngines()
	if err != nil {
		return nil, err
	}
	id, err := t.index.Resolve(query)
	if err != nil {
		return nil, err
	}
	return t.byID(id)
}

// DefaultPipelineEngine is the program taken for a model on a machine where none
// is asked for.
func DefaultPipelineEngine(m *pipeline.Model, machine *hardware.Machine) (*pipeline.Engine, error) {
	t, err := pipelineEngines()
	if err != nil {
		return nil, err
	}
	vendor := ""
	if n := machine.Primary(); n != nil && len(n.Devices) > 0 {
		vendor = strings.ToLower(n.Devices[0].Vendor)
	}
	for _, d := range t.Defaults {
		if d.Class == m.Class && (d.Role == "" || m.Find(d.Role) != nil) && (d.Vendor == vendor || d.Vendor == "*" && vendor != "") {
			return t.byID(d.Engine)
		}
	}
	return nil, fmt.Errorf("no engine is known for %s models on this machine; name one of: %s", m.Class, t.listOf(m.Class))
}

func (t *pipelineEngineTable) byID(id string) (*pipeline.Engine, error) {
	for _, e := range t.Engines {
		if e.ID == id {
			return e, nil
		}
	}
	return nil, fmt.Errorf("pipelines/engines.json: no engine %q", id)
}

func (t *pipelineEngineTable) listOf(class pipeline.Class) string {
	out := ""
	for _, e := range t.Engines {
		if slices.Contains(e.Classes, class) {
			if out != "" {
				out += ", "
			}
			out += e.ID
		}
	}
	return out
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
