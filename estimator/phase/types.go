package phase

import (
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/place"
)

// OpKind groups operations that share an efficiency.
type OpKind uint8

// Kinds of operations.
const (
	MatMul      OpKind = iota // dense weights of the layers (attention projections, FFN, shared experts)
	ExpertMul                 // routed experts
	AttnScores                // attention over the cache: reads KV
	RecurrentOp               // recurrent mixers: their weights, and their state read and written
	HeadMul                   // output head
	OpKinds                   // number of kinds
)

// Op is the work of one kind in one place during one phase, all layers and
// all micro-batches together.
type Op struct {
	FLOPs float64 // a multiply-add counts as two
	// Elements and Weights are the weight elements and bytes read, re-reads by
	// later micro-batches counted again.
	Elements, Weights float64
	Cache             float64 // bytes of cache and state read and written
	// Scores is the bytes (4 an element) of the attention scores of all heads,
	// which pass through the memory where attention is not fused.
	Scores float64
	// Activation is the bytes (4 an element) of the activations that pass
	// between the operations of the layers, one pass over each.
	Activation float64
	// Rows is the number of tokens that share one read of a weight: the height
	// of the matrix multiplications (for experts: mean tokens per expert read).
	Rows float64
	// Width is the narrow side of an expert's matrices as a device holds them,
	// in elements; 0 for other operations.
	Width float64
	// Skew and Noise say how unevenly whole experts that are spread over devices
	// are loaded: the fullest of R devices is √(2·ln R) spreads above the mean,
	// and the variance of a device's load relative to its mean is R/E times that
	// of the experts' popularity, and that of chance. Both are times 2·ln R; 0
	// where every device has a slice of every expert.
	Skew, Noise float64
	// Layers is the number of layer visits: layers × micro-batches.
	Layers float64
}

// Work is what one memory's processor (a device or the host) does in a phase.
type Work struct {
	Share int  // index into Placement.Shares
	Host  bool // done by the host's processors
	// Stage is the position in a pipeline of devices.
	Ops [OpKinds]Op
	// Crossings counts how often activations go to the host and back during
	// the phase (layers whose experts or caches live on the host).
	Crossings float64
}

// Phase is prefill of prompts, or one decode step.
type Phase struct {
	Decode bool
	// Mixed says that it is one step of continuous batching: its fixed time is
	// a step's, and what a prompt costs besides comes once per request.
	Mixed bool
	// Tokens is the number of tokens that the phase works on, of all
	// sequences of a replica; Sequences the number of those sequences.
	Tokens, Sequences float64
	// Steps is the number of micro-batches (prefill) or 1.
	Steps float64
	// InFlight is the number of micro-batches that devices in a row may
	// overlap.
	InFlight float64
	// Layers of the whole model.
	Layers float64
	Works  []Work // devices in order, the host last when it has work
	// AllReduces and AllReduceBytes are the collectives of tensor parallelism
	// in the phase and the bytes of one, over Ranks devices; as many bytes go
	// from stage to stage.
	AllReduces, AllReduceBytes float64
	Ranks                      int
	// Exchanges are those of expert parallelism across data-parallel groups,
	// over ExchangeRanks devices: tokens go to their experts and back, and
	// every device sends ExchangeBytes in one.
	Exchanges, ExchangeBytes float64
	ExchangeRanks            int
	// ExchangeCopies is to how many experts every token of an exchange goes, 0
	// where it goes to all devices; Overlap the share of the shorter of
	// exchange and computation that hides behind the other.
	ExchangeCopies, Overlap float64
	// Hops counts moves of activations between the devices of a layer split.
	Hops float64
	// Resident is the bytes of weights that one pass of all layers reads with
	// every expert, for the explanation.
	Resident float64
}

// Input is what a phase depends on. Shape may be nil, then it is computed;
// whoever makes many estimates of one model keeps it.
type Input struct {
	Model     *model.Model
	Weights   *format.Weights
	Shape     *Shape
	Placement *place.Placement
	Settings  *engine.Settings
	Workload  engine.Workload
}
