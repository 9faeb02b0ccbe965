package corpus

import (
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// allLayers is more layers than any model has: everything on the device.
const allLayers = 1 << 16

// Scenario returns the question whose answer a measurement is.
func Scenario(r *measured.Row) scenario.Scenario {
	s := scenario.New()
	s.ID = r.ID
	s.Model, s.Quant = r.Model, r.Weights
	if k, v, differ := strings.Cut(r.KV, "/"); differ {
		s.KVTypeK, s.KVTypeV = k, v
	} else {
		s.KVType = r.KV
	}
	s.On, s.Host, s.Devices = r.Hardware, r.Host, r.Devices
	s.Engine, s.Backend, s.EngineDate = r.Engine, r.Backend, r.Date
	s.Threads, s.Batch, s.UBatch = r.Threads, r.Batch, r.UBatch
	s.TP, s.PP, s.DP = r.TP, r.PP, r.DP
	switch r.Split {
	case "tp":
		s.Split = "tensor"
	case "pp":
		s.Split = "pipeline"
	case "layer":
		s.Split = "layer"
	}
	if r.Flash != "" {
		on := r.Flash == "on"
		s.FlashAttention = &on
	}
	s.BatchSize = batchSize(r)
	offload(r, &s)
	s.Depth = r.Depth
	if r.Input > 0 {
		s.InputTokens, s.PromptAssumed = r.Input, false
	}
	switch {
	case r.Output > 0:
		s.OutputTokens = r.Output
	case r.DepthMean > r.Depth+r.Input && r.Metric == measured.Decode:
		s.OutputTokens = 2 * (r.DepthMean - r.Depth - r.Input)
	}
	return s
}

// batchSize raises the logical batch where the micro-batch was set above its
// default, as people do: llama.cpp takes the smaller of both.
func batchSize(r *measured.Row) int {
	const logical = 2048
	if r.UBatch > logical {
		return r.UBatch
	}
	return 0
}

func offload(r *measured.Row, s *scenario.Scenario) {
	switch r.Offload {
	case "gpu":
		s.GPULayers, s.CPUMoE = allLayers, 0
	case "cpu":
		s.GPULayers = 0
		s.Backend = "cpu"
	case "partial":
		s.GPULayers, s.CPUMoE = r.GPULayers, 0
	case "experts-cpu":
		s.GPULayers, s.CPUMoE = allLayers, r.CPUMoE
		if r.CPUMoE < 0 {
			s.CPUMoE = allLayers
		}
	}
	if strings.HasPrefix(r.Engine, "vllm") || r.Offload == "npu" {
		s.GPULayers, s.CPUMoE = -1, -1
	}
}
