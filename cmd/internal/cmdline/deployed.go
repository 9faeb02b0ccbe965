package cmdline

import (
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
)

// Deployed returns the scenario with what the estimate settled filled in: the
// context, the division of the model, and the server's limits, so that a
// command written from it makes the engine do what was estimated.
func Deployed(p *scenario.Prepared, r *estimator.Result) scenario.Scenario {
	s, d := p.Inputs, &r.Deployment
	s.Context, s.ContextRule = d.Context, ""
	if native := p.Request.Formats.Native(p.Request.Model); s.Quant == native {
		s.Quant = "" // a checkpoint as it was published
	}
	if p.Request.Model.FromFile {
		s.Quant = ""
	}
	if s.KVTypeK == "" {
		s.KVTypeK = s.KVType
	}
	if s.KVTypeV == "" && s.KVTypeK != "" {
		s.KVTypeV = s.KVTypeK // values follow the keys
	}
	s.KVType = ""
	if s.KVTypeK == s.KVTypeV {
		s.KVType, s.KVTypeK, s.KVTypeV = s.KVTypeK, "", ""
	}
	if p.Request.Engine.Serves() {
		s.TP, s.PP, s.DP, s.EP = d.TP, d.PP, d.DP, d.EP
		s.GPUMemoryUtilization = d.MemoryFraction
		s.MaxNumSeqs, s.MaxNumBatchedTokens = d.MaxNumSeqs, d.MaxNumBatchedTokens
		s.BatchSize, s.UBatch, s.Parallel, s.Split, s.FlashAttention = 0, 0, 0, "", nil
		s.GPULayers, s.CPUMoE, s.Threads, s.MLA = engine.Auto, 0, 0, ""
		s.Nodes = 0
		if n := nodesOf(p, r); n > 1 {
			s.Nodes = n
		}
		return s
	}
	s.TP, s.PP, s.DP, s.EP = 0, 0, 0, 0
	s.Parallel = max(r.Settings.Slots, 1)
	if len(r.Settings.Rules.BatchByContext) == 0 { // else the engine goes by the context
		s.BatchSize, s.UBatch = d.Batch, d.UBatch
		s.GPULayers = r.Placement.GPULayers
	} else if r.Placement.Offloaded {
		s.GPULayers = r.Placement.GPULayers
	}
	s.CPUMoE = r.Placement.CPUMoE
	if r.Settings.Devices == 0 {
		s.GPULayers, s.CPUMoE = 0, 0
	}
	s.Nodes = 0
	return s
}

// nodesOf counts the computers that a deployment takes.
func nodesOf(p *scenario.Prepared, r *estimator.Result) int {
	n := p.Request.Machine.Primary()
	if n == nil || n.Box <= 0 {
		return 1
	}
	return max((r.Settings.Devices+n.Box-1)/n.Box, 1)
}
