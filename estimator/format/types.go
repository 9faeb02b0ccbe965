package format

// Class groups weight formats by how fast they are computed with, which is
// what calibrated efficiencies go by.
type Class string

// Classes of weight formats.
const (
	ClassF32     Class = "f32"
	ClassF16     Class = "f16"    // F16 and BF16
	ClassQ8      Class = "q8"     // Q8_0, INT8, W8A16
	ClassLegacy  Class = "q4"     // Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL
	ClassKQuant  Class = "kquant" // Q2_K … Q6_K mixes
	ClassIQuant  Class = "iquant" // IQ1 … IQ4_XS
	ClassINT4    Class = "int4"   // GPTQ, AWQ, W4A16, MLX 4-bit
	ClassFP8     Class = "fp8"
	ClassW8A8    Class = "w8a8"
	ClassFP4     Class = "fp4" // MXFP4, NVFP4
	ClassTernary Class = "ternary"
)

// Group indexes the parts of a layer that are stored, placed and read apart.
type Group uint8

// Groups of a layer's tensors.
const (
	Attention Group = iota // projections of attention (incl. MLA and indexer)
	Recurrent              // recurrent mixer
	DenseFFN
	Experts // all routed experts
	Shared  // shared experts
	Small   // norms, biases, routers
	Groups  // number of groups
)

// LayerBytes is what one layer weighs, by group.
type LayerBytes [Groups]int64

// Total returns the bytes of the layer.
func (l *LayerBytes) Total() int64 {
	var t int64
	for _, b := range l {
		t += b
	}
	return t
}

// Weights is the size of a model in one weight format.
type Weights struct {
	Format string // canonical name
	Class  Class  // of the bulk of the bytes
	// Basis: "file" (tensor table read: exact), "mix" (rules applied tensor by
	// tensor to the architecture), "checkpoint" (bits and group scales of a
	// Hugging Face format), "size" (a bare number of bits: assumed).
	Basis  string
	Layers []LayerBytes
	// Embedding is the token embedding, Output the output head (0 when tied),
	// PerLayerEmbedding the per-layer embedding table, Vision the vision or
	// audio tower, MTP the prediction layers, Other all remaining globals.
	Embedding, Output, PerLayerEmbedding, Vision, MTP, Other int64
	Tied                                                     bool
	// LargestExpertTensor is the biggest ffn_*_exps tensor, copied to the GPU
	// when a prompt batch meets experts that live on the host.
	LargestExpertTensor int64
	// Total is of all tensors loaded for text inference (without MTP and
	// Vision unless the file holds them); Low and High the interval (with or
	// without an importance matrix, unknown maker's mix).
	Total, Low, High int64
	// Cumulative holds prefix sums over the layers, so that any contiguous
	// range is had in O(1): Cumulative[i][g] is the sum over layers [0,i).
	Cumulative []LayerBytes
	// MixNote says in words how the format was read ("UD-Q4_K_XL follows no
	// formula: taken as Q4_K_M") or is empty.
	MixNote string
}

// Range returns the bytes of group g in layers [from,to).
func (w *Weights) Range(g Group, from, to int) int64 {
	if from >= to {
		return 0
	}
	return w.Cumulative[to][g] - w.Cumulative[from][g]
}

// Finish fills Cumulative from Layers; every constructor calls it last.
func (w *Weights) Finish() {
	w.Cumulative = make([]LayerBytes, len(w.Layers)+1)
	for i := range w.Layers {
		for g := range w.Layers[i] {
			w.Cumulative[i+1][g] = w.Cumulative[i][g] + w.Layers[i][g]
		}
	}
}
