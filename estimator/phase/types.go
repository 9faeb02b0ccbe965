package phase

// OpKind groups operations that share an efficiency.
type OpKind uint8

// Kinds of operations.
const (
	MatMul      OpKind = iota // dense weights
	ExpertMul                 // routed experts
	AttnScores                // attention over the cache: reads KV
	RecurrentOp               // recurrent mixers
	HeadMul                   // output head
	OpKinds
)

// Op is the work of one kind in one place during one phase (all its layers
// together).
type Op struct {
	Kind    OpKind
	FLOPs   float64
	Weights float64 // bytes of weights read
	Cache   float64 // bytes of cache and state read and written
	Kernels float64 // launches, for per-kernel overhead
	Layers  float64
}

// Work is what one memory's processor (a device or the host) does in a phase.
// Index is that of the share in the placement.
type Work struct {
	Share int
	Ops   []Op
	// Streamed is bytes of host-resident weights copied over the link to the
	// device for a large prompt batch.
	Streamed float64
	// Layers with their dense part here.
	Layers int
}

// Phase is prefill of a prompt, or one decode step.
type Phase struct {
	Name   string // "prefill" or "decode"
	Tokens float64
	Works  []Work // serial, in order of the layers
	// Steps is the number of micro-batches (prefill) or 1.
	Steps float64
	// Collectives: bytes and count of all-reduces per phase (tensor parallelism).
	AllReduceBytes float64
	AllReduces     float64
	Ranks          int
}
