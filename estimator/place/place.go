package place

import (
	"strconv"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/hardware"
)

// Input is what a placement depends on.
type Input struct {
	Layers   int // of the model
	Node     *hardware.Node
	Settings *engine.Settings
	// Free is the bytes each device has to give, by which layers are divided
	// among unequal devices; empty means in proportion to their memory.
	Free []int64
}

// Whole returns the number of GPU layers, as the engine counts them, that
// puts everything on devices: the output layer counts as one.
func (in *Input) Whole() int { return in.Layers + 1 }

// names of the first devices, so that the hot path makes no strings.
var gpuNames = [...]string{"gpu0", "gpu1", "gpu2", "gpu3", "gpu4", "gpu5", "gpu6", "gpu7", "gpu8", "gpu9", "gpu10", "gpu11", "gpu12", "gpu13", "gpu14", "gpu15"}

func gpuName(i int) string {
	if i < len(gpuNames) {
		return gpuNames[i]
	}
	return "gpu" + strconv.Itoa(i)
}

// Build fills dst with the placement of gpuLayers layers on the devices (as
// llama.cpp's -ngl: the LAST layers of the model go to devices, the output
// layer counts as one) and the routed experts of the first cpuMoE layers on
// the host. dst's shares are reused. The rules are those of llama.cpp
// (llama-model.cpp: load_tensors): contiguous layers per device in proportion
// to free memory, the output on the last device, the token embedding always
// on the host; and of tensor- and pipeline-parallel servers: equal stages of
// equal ranks, the embedding with the first stage, the output with the last.
func Build(dst *Placement, in *Input, gpuLayers, cpuMoE int) {
	s := in.Settings
	devices := in.Node.Devices[:s.Devices]
	*dst = Placement{Shares: dst.Shares[:0]}
	l := in.Layers
	gpuLayers = min(max(gpuLayers, 0), l+1)
	if len(devices) == 0 {
		gpuLayers = 0
	}
	cpuMoE = min(max(cpuMoE, 0), l)
	onDevices, output := gpuLayers, false
	if s.Rules.OutputFirst {
		output = gpuLayers > 0
		onDevices = max(gpuLayers-1, 0)
	} else {
		output = gpuLayers > l
		onDevices = min(gpuLayers, l)
	}
	ranked := s.Split == engine.SplitTensor || s.Split == engine.SplitPipeline
	if ranked && gpuLayers > 0 {
		// Ranks hold every layer: only experts can stay on the host.
		onDevices, output = l, true
	}
	from := l - onDevices
	dst.GPULayers, dst.CPUMoE = gpuLayers, 0
	if gpuLayers > 0 {
		dst.CPUMoE = cpuMoE
		dst.Unified = devices[0].Unified
	}
	switch {
	case gpuLayers == 0:
	case ranked:
		stages(dst, in, devices, cpuMoE)
	case s.Split == engine.SplitRow:
		for i, d := range devices {
			dst.Shares = append(dst.Shares, Share{Name: gpuName(i), Device: d, Layers: Range{from, l},
				Experts: Range{max(from, cpuMoE), l}, Output: output, Rank: i, Ranks: len(devices), CacheOnHost: s.NoKVOffload})
		}
	default:
		spread(dst, in, devices, from, cpuMoE, output)
	}
	host := Share{Name: "host", Ranks: 1, Layers: Range{0, from}, Experts: Range{0, max(from, cpuMoE)}, Embedding: true, Output: !output}
	if gpuLayers > 0 && s.Rules.Offload == "" {
		// Serving engines keep nothing on the host.
		host = Share{Name: "host", Ranks: 1}
	}
	dst.Shares = append(dst.Shares, host)
}

// spread divides layers [from,L) and the output, counted as one more layer,
// over the devices in proportion to what they have to give.
func spread(dst *Placement, in *Input, devices []*hardware.Device, from, cpuMoE int, output bool) {
	l := in.Layers
	units := l - from
	if output {
		units++
	}
	total := 0.0
	for i := range devices {
		total += in.weight(i)
	}
	at, sum := from, 0.0
	for i, d := range devices {
		sum += in.weight(i)
		last := i == len(devices)-1
		to := l
		if !last {
			// Layer i goes to the first device whose cumulative share
			// exceeds (i-from)/units.
			to = from + ceil(sum/total*float64(units))
			to = min(max(to, at), l)
		}
		dst.Shares = append(dst.Shares, Share{Name: gpuName(i), Device: d, Ranks: 1, Layers: Range{at, to},
			Experts: Range{max(at, cpuMoE), max(to, at)}, Output: output && last, CacheOnHost: in.Settings.NoKVOffload})
		at = to
	}
}

func ceil(x float64) int {
	n := int(x)
	if float64(n) < x-1e-9 {
		n++
	}
	return n
}

func (in *Input) weight(i int) float64 {
	if i < len(in.Free) && in.Free[i] > 0 {
		return float64(in.Free[i])
	}
	return float64(max(in.Node.Devices[i].MemoryBytes, 1))
}

// stages places one replica: pipeline stages of consecutive layers, each cut
// into tensor-parallel ranks. Where layers do not divide evenly the last
// stages but one take one more, as vLLM does (get_pp_indices).
func stages(dst *Placement, in *Input, devices []*hardware.Device, cpuMoE int) {
	s, l := in.Settings, in.Layers
	each, rest := l/s.PP, l%s.PP
	at := 0
	for stage := range s.PP {
		n := each
		if back := s.PP - 1 - stage; rest > 0 && s.PP > 1 && back >= 1 && back <= rest {
			n++
		}
		if stage == s.PP-1 {
			n = l - at
		}
		for rank := range s.TP {
			i := stage*s.TP + rank
			r := Range{at, at + n}
			experts := r
			if s.Rules.Offload != "" {
				experts.From = max(r.From, min(cpuMoE, r.To))
			}
			dst.Shares = append(dst.Shares, Share{Name: gpuName(i), Device: devices[i], Rank: rank, Ranks: s.TP, ExpertRanks: s.ExpertRanks(), ExpertsWhole: s.EP > 1,
				Layers: r, Experts: experts, Embedding: stage == 0 && s.Rules.Offload == "", Output: stage == s.PP-1})
		}
		at += n
	}
}
