package place

import "github.com/plimsoll/plimsoll/hardware"

// Range is a half-open range of layers [From,To).
type Range struct{ From, To int }

// Len returns the number of layers in the range.
func (r Range) Len() int {
	if r.To <= r.From {
		return 0
	}
	return r.To - r.From
}

// Share is what one memory (a device's, or the host's) holds of the model.
type Share struct {
	// Name is "host" or the device's index and id ("gpu0 rtx-4090-24gb").
	Name   string
	Device *hardware.Device // nil for the host
	// Layers whose non-expert tensors, cache and state live here; Experts
	// whose routed experts live here.
	Layers, Experts Range
	Embedding       bool // holds the token embedding
	Output          bool // holds the output head (for tied models: a copy of the embedding)
	// Rank of Ranks: this share holds one of Ranks equal slices of every
	// matrix of its layers (tensor parallelism). Ranks is at least 1.
	Rank, Ranks int
	// ExpertRanks is over how many devices the routed experts are divided:
	// Ranks, or with expert parallelism those of several data-parallel groups.
	ExpertRanks int
	// ExpertsWhole is true when every device holds whole experts (expert
	// parallelism), not a slice of each.
	ExpertsWhole bool
	// CacheOnHost is true when the cache of these layers lives on the host.
	CacheOnHost bool
}

// Placement is the whole: one share per memory that holds anything, devices
// first in order, the host last (always present).
type Placement struct {
	Shares []Share
	// GPULayers is the number of layers on devices as the engine counts it
	// (output layer included for llama.cpp), CPUMoE the number of layers
	// whose experts are on the host.
	GPULayers, CPUMoE int
	// Unified is true when host and device are one memory.
	Unified bool
	// Offloaded is true when part of the model had to be left on the host
	// though the user wanted it on devices.
	Offloaded bool
}

// Host returns the host's share.
func (p *Placement) Host() *Share { return &p.Shares[len(p.Shares)-1] }
