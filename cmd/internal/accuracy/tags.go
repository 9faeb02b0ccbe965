package accuracy

import (
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// dimension is one way to sort cases into groups. Where order is nil the
// largest group comes first.
type dimension struct {
	name, title string
	order       []string
	of          func(ex *corpus.Example, level string) string
}

// Sizes, and other groups whose order is not that of their rows.
var (
	sizes    = []string{"up to 3B", "3B to 15B", "above 15B"}
	offloads = []string{"none", "partial", "experts on the host", "all on the host"}
	depths   = []string{"up to 8k", "above 8k"}
	loads    = []string{"one machine", measured.BatchOne, measured.StaticBatch, measured.ClosedLoop, measured.Saturated}
	levels   = []string{"device", "family", "vendor", "kind", "assumed"}
)

// Where the groups of depth part, in tokens.
const deep = 8192

// dimensions in the order in which they are reported.
var dimensions = [...]dimension{
	{"engine", "Engine and backend", nil, func(ex *corpus.Example, _ string) string {
		s := ex.Work.Result.Settings
		return ex.Request.Engine.ID + "/" + s.Backend
	}},
	{"device-kind", "Kind of device", nil, func(ex *corpus.Example, _ string) string { return kindOf(leads(ex)) }},
	{"arch", "Architecture", nil, func(ex *corpus.Example, _ string) string { return architecture(ex.Request.Model) }},
	{"size", "Parameters, in total", sizes, func(ex *corpus.Example, _ string) string { return size(ex.Request.Model) }},
	{"offload", "Offload", offloads, func(ex *corpus.Example, _ string) string { return offload(ex.Row.Offload) }},
	{"depth", "Tokens in the cache", depths, func(ex *corpus.Example, _ string) string {
		if r := ex.Row; r.Depth+r.Input > deep || r.DepthMean > deep {
			return depths[1]
		}
		return depths[0]
	}},
	{"batch", "Sequences in flight", []string{"one", "several"}, func(ex *corpus.Example, _ string) string {
		if ex.Row.Batch > 1 {
			return "several"
		}
		return "one"
	}},
	{"load", "How the load was made", loads, func(ex *corpus.Example, _ string) string {
		if ex.Serving != nil {
			return ex.Serving.Class
		}
		return loads[0]
	}},
	{"devices", "Devices", []string{"one"}, func(ex *corpus.Example, _ string) string { return devices(ex) }},
	{"model", "Model", nil, func(ex *corpus.Example, _ string) string { return ex.Request.Model.Arch.ID }},
	{"device", "Device", nil, func(ex *corpus.Example, _ string) string { return leadID(ex) }},
	{"format", "Weight format", nil, func(ex *corpus.Example, _ string) string { return ex.Request.Weights.Format }},
	{"quality", "Quality of the source", []string{"A", "B", "C"}, func(ex *corpus.Example, _ string) string { return string(ex.Row.Quality) }},
	{"level", "What the estimate rests on", levels, func(_ *corpus.Example, level string) string { return level }},
}

// Dimensions lists the names by which cases can be grouped.
func Dimensions() []string {
	out := make([]string, len(dimensions))
	for i := range dimensions {
		out[i] = dimensions[i].name
	}
	return out
}

// DefaultDimensions are those reported when none is asked for.
func DefaultDimensions() []string {
	return []string{"engine", "device-kind", "arch", "size", "offload", "depth", "batch", "load", "devices"}
}

func dimensionNamed(name string) *dimension {
	for i := range dimensions {
		if dimensions[i].name == name {
			return &dimensions[i]
		}
	}
	return nil
}

// leads returns the processor that does the work: an accelerator, or else the
// host's.
func leads(ex *corpus.Example) (*hardware.Device, *hardware.CPU) {
	n := ex.Request.Machine.Primary()
	if len(n.Devices) > 0 && ex.Row.Offload != "cpu" {
		return n.Devices[0], nil
	}
	return nil, &n.Host.CPU
}

// LeadID returns the catalogue id of the processor of a machine that does the
// work: its first accelerator, or else its CPU.
func LeadID(m *hardware.Machine) string {
	n := m.Primary()
	if n == nil {
		return ""
	}
	if len(n.Devices) > 0 {
		return n.Devices[0].ID
	}
	return n.Host.CPU.ID
}

func leadID(ex *corpus.Example) string {
	d, c := leads(ex)
	if d != nil {
		return d.ID
	}
	return c.ID
}

// Kinds of devices. NVIDIA's consumer cards are those that its own names call
// GeForce or TITAN; professional are those for data centres and workstations.
const (
	kindConsumer     = "NVIDIA consumer"
	kindProfessional = "NVIDIA professional"
	kindUnified      = "NVIDIA unified memory"
	kindNPU          = "NPU"
	kindTPU          = "TPU"
	kindCPU          = "CPU"
	kindBoard        = "board"
)

func kindOf(d *hardware.Device, c *hardware.CPU) string {
	switch {
	case d == nil && c.Board:
		return kindBoard
	case d == nil:
		return kindCPU
	case d.Kind == hardware.NPU:
		return kindNPU
	case d.Kind == hardware.TPU:
		return kindTPU
	case d.Vendor != "NVIDIA":
		return d.Vendor
	case d.Unified:
		return kindUnified
	case strings.Contains(d.Name, "GeForce"), strings.Contains(d.Name, "TITAN"):
		return kindConsumer
	}
	return kindProfessional
}

// architecture tells models apart by what slows them: experts, recurrence.
func architecture(m *model.Model) string {
	experts, recurrent := false, false
	for i := range m.Layers {
		experts = experts || m.Layers[i].Experts > 0
		recurrent = recurrent || m.Layers[i].Recurrent != model.NoRecurrence
	}
	switch {
	case experts && recurrent:
		return "MoE hybrid"
	case experts:
		return "MoE"
	case recurrent:
		return "hybrid"
	}
	return "dense"
}

func size(m *model.Model) string {
	switch n := m.Arch.ParamsTotal; {
	case n <= 3_000_000_000:
		return sizes[0]
	case n <= 15_000_000_000:
		return sizes[1]
	}
	return sizes[2]
}

func offload(stated string) string {
	switch stated {
	case "partial":
		return offloads[1]
	case "experts-cpu":
		return offloads[2]
	case "cpu":
		return offloads[3]
	}
	return offloads[0]
}

func devices(ex *corpus.Example) string {
	if n := ex.Request.Machine.Primary(); len(n.Devices) < 2 || ex.Row.Offload == "cpu" {
		return "one"
	}
	switch s := &ex.Work.Result.Settings; {
	case s.TP > 1 && s.PP > 1:
		return "several, tensor and pipeline"
	case s.TP > 1:
		return "several, tensor"
	case s.PP > 1:
		return "several, pipeline"
	case s.DP > 1:
		return "several, replicas"
	}
	return "several, by layers"
}

// Kinds lists the kinds of device that occur, sorted.
func Kinds(cases []Case) []string {
	var out []string
	for i := range cases {
		if k := cases[i].tag("device-kind"); !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}
