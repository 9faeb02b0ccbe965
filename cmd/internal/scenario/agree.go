package scenario

import (
	"fmt"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/hardware"
)

// agree finds settings that contradict one another, the model or the
// machine, and warns of those that are merely odd.
func agree(in *Scenario, m *model.Model, e *engine.Engine, machine *hardware.Machine, p *Prepared) error {
	llama := e.Family == engine.LlamaCpp
	serving := e.Family == engine.VLLM || e.Family == engine.SGLang || e.Family == engine.TensorRT
	switch {
	case in.GPULayers > 0 && in.GPULayers < len(m.Layers) && !llama:
		return contradiction("gpu_layers does not apply to "+e.Name, "leave it out, or use --engine llama.cpp")
	case in.CPUMoE > 0 && !llama:
		return contradiction("cpu_moe does not apply to "+e.Name, "leave it out, or use --engine llama.cpp")
	case in.CPUMoE > 0 && !hasExperts(m):
		return contradiction("cpu_moe was given, but "+m.Arch.Name+" has no experts", "leave it out")
	case in.CPUMoE > 0 && in.GPULayers == 0:
		return contradiction("cpu_moe was given, but gpu_layers is 0: everything is on the host already", "leave out one of them")
	case in.GPUMemoryUtilization > 0 && !serving:
		return contradiction("gpu_memory_utilization does not apply to "+e.Name, "leave it out, or use --engine vllm")
	case in.MaxNumSeqs > 0 && !serving:
		return contradiction("max_num_seqs does not apply to "+e.Name, "use parallel for its slots, or --engine vllm")
	case in.MaxNumBatchedTokens > 0 && !serving:
		return contradiction("max_num_batched_tokens does not apply to "+e.Name, "use batch_size, or --engine vllm")
	case in.UBatch > 0 && in.BatchSize > 0 && in.UBatch > in.BatchSize:
		return contradiction(fmt.Sprintf("ubatch %d is larger than batch_size %d", in.UBatch, in.BatchSize), "make ubatch at most batch_size")
	case in.Split == "none" && in.Devices > 1:
		return contradiction(fmt.Sprintf("split none uses one device, but devices is %d", in.Devices), "leave out one of them")
	}
	if err := parallelFits(in, machine); err != nil {
		return err
	}
	if (in.UBatch > 0 || in.BatchSize > 0) && serving {
		p.Warnings = append(p.Warnings, estimator.Warning{Code: "setting_ignored",
			Message: "ubatch and batch_size are llama.cpp's; " + e.Name + " has max_num_batched_tokens"})
	}
	if limit := m.Arch.MaxContext; limit > 0 && in.Context > limit && in.Parallel <= 1 && in.Batch <= 1 {
		p.Warnings = append(p.Warnings, estimator.Warning{Code: "context_beyond_model",
			Message: fmt.Sprintf("context %d is longer than the %d tokens the model was trained for", in.Context, limit)})
	}
	if llama && in.Batch >= 256 && in.BatchSize == 0 {
		p.Warnings = append(p.Warnings, estimator.Warning{Code: "batch_is_sequences",
			Message: fmt.Sprintf("batch %d was read as sequences in flight; llama.cpp's logical batch is --batch-size", in.Batch)})
	}
	return nil
}

// parallelFits compares the ranks asked for with the devices there are.
func parallelFits(in *Scenario, machine *hardware.Machine) error {
	devices := 0
	for i := range machine.Nodes {
		devices += len(machine.Nodes[i].Devices) * max(machine.Nodes[i].Count, 1)
	}
	for _, d := range [...]struct {
		name  string
		ranks int
	}{
		{"tp", in.TP}, {"pp", in.PP}, {"dp", in.DP}, {"ep", in.EP},
		{"tp × pp × dp", max(in.TP, 1) * max(in.PP, 1) * max(in.DP, 1)},
	} {
		if d.ranks > 1 && d.ranks > devices {
			return contradiction(fmt.Sprintf("%s asks for %d devices, %s has %d", d.name, d.ranks, machine.Name, devices),
				"lower it, or name more devices (--devices, --on \"8x …\")")
		}
	}
	return nil
}

func hasExperts(m *model.Model) bool {
	if m.Arch.MoE != nil {
		return true
	}
	for i := range m.Layers {
		if m.Layers[i].Experts > 0 {
			return true
		}
	}
	return false
}
