package model

// Role names what a tensor does. Mix rules (package format) and placement
// (package place) go by role, never by a model's own tensor names.
type Role string

// Roles follow the llama.cpp tensor names where one exists.
const (
	TokenEmbedding Role = "token_embd"
	Output         Role = "output" // output head, absent when tied
	PositionEmbd   Role = "position_embd"
	PerLayerEmbd   Role = "per_layer_token_embd" // Gemma 3n/4 E-models: may stay on the host
	AttnQ          Role = "attn_q"
	AttnK          Role = "attn_k"
	AttnV          Role = "attn_v"
	AttnQKV        Role = "attn_qkv" // fused
	AttnOutput     Role = "attn_output"
	AttnQA         Role = "attn_q_a" // MLA low-rank parts
	AttnQB         Role = "attn_q_b"
	AttnKVA        Role = "attn_kv_a_mqa"
	AttnKVB        Role = "attn_kv_b"
	AttnKB         Role = "attn_k_b"
	AttnVB         Role = "attn_v_b"
	AttnGate       Role = "attn_gate"
	Indexer        Role = "indexer" // sparse-attention indexer
	FFNUp          Role = "ffn_up"
	FFNGate        Role = "ffn_gate"
	FFNDown        Role = "ffn_down"
	FFNUpExps      Role = "ffn_up_exps"
	FFNGateExps    Role = "ffn_gate_exps"
	FFNDownExps    Role = "ffn_down_exps"
	FFNUpShexp     Role = "ffn_up_shexp"
	FFNGateShexp   Role = "ffn_gate_shexp"
	FFNDownShexp   Role = "ffn_down_shexp"
	Router         Role = "ffn_gate_inp"
	SSMIn          Role = "ssm_in"
	SSMOut         Role = "ssm_out"
	SSMConv        Role = "ssm_conv1d"
	SSMSmall       Role = "ssm_small" // A, D, dt and other vectors and small matrices kept in F32
	ShortConvIn    Role = "shortconv_in"
	ShortConvOut   Role = "shortconv_out"
	Kept           Role = "kept"   // matrices that quantisers leave in 16 bit (AltUp, Laurel, latent-expert projections …)
	Norm           Role = "norm"   // 1-D: norms
	Bias           Role = "bias"   // 1-D: biases, sinks, scales
	VisionTower    Role = "vision" // vision or audio tower and projector
	MTP            Role = "mtp"    // multi-token-prediction layers
	Other          Role = "other"
)

// Tensor is one weight tensor.
type Tensor struct {
	Name     string // llama.cpp name where synthesised, the file's own name where read
	Role     Role
	Layer    int   // 0-based layer, -1 for tensors outside the layers
	Row      int64 // length of one row (the innermost dimension), which quantisation blocks must divide
	Elements int64
	Experts  int // number of experts stacked in the tensor, 0 when none
	Dims     int // number of dimensions: 1-D tensors are never quantised
	Part     Part
	// Type is the block type the tensor is stored in when read from a file
	// (a name of package format such as "Q4_K", "F16"); empty when synthesised.
	Type string
	// Bytes is the stored size when read from a file, else 0.
	Bytes int64
}

// AttentionKind says how a layer attends.
type AttentionKind uint8

// Attention kinds of a layer.
const (
	NoAttention     AttentionKind = iota
	FullAttention                 // every earlier token
	WindowAttention               // the last Window tokens (sliding or chunked)
	LatentAttention               // multi-head latent attention (MLA): one compressed latent per token
)

// RecurrentKind says what recurrent mixer a layer has.
type RecurrentKind uint8

// Recurrent mixers.
const (
	NoRecurrence RecurrentKind = iota
	Mamba1
	Mamba2
	GatedDeltaNet
	KimiDelta
	ShortConv
	RWKV
	Lightning
)

// Layer is one block of the model, in the terms that memory and time need.
type Layer struct {
	Attention AttentionKind
	Heads     int
	KVHeads   int
	HeadDimK  int
	HeadDimV  int
	Window    int // tokens, for WindowAttention
	// OwnsCache is false for attention layers that reuse the cache of an
	// earlier layer (Gemma 3n/4 E-models).
	OwnsCache bool
	// LatentDim and RopeDim describe the cached latent of MLA: LatentDim +
	// RopeDim elements per token, whatever the number of heads.
	LatentDim, RopeDim int
	IndexerDim         int // extra key elements per token of a sparse-attention indexer
	// KVCompression is the number of tokens per cached entry (DeepSeek V4: 4
	// or 128); 0 and 1 mean none.
	KVCompression int

	Recurrent RecurrentKind
	// ConvState and RecurrentState are the elements of state that one
	// sequence keeps in this layer (llama.cpp's R and S), stored in F32.
	ConvState, RecurrentState int64

	Experts       int // routed experts, 0 for a dense layer
	ExpertsPerTok int
	SharedExperts int
	// Parameters by group, elements. ExpertParams is of all routed experts.
	AttentionParams, RecurrentParams, DenseFFNParams, ExpertParams, SharedParams, RouterParams, NormParams int64
	DenseFFNWidth, ExpertFFNWidth                                                                          int
}

// Part is the part of a layer that a tensor belongs to.
type Part uint8

// Parts of a layer, in the order of the groups of package format.
const (
	PartAttention Part = iota
	PartRecurrent
	PartDenseFFN
	PartExperts
	PartShared
	PartSmall // norms, biases, routers
	PartGlobal
)

// Params returns all parameters of the layer.
func (l *Layer) Params() int64 {
	return l.AttentionParams + l.RecurrentParams + l.DenseFFNParams + l.ExpertParams + l.SharedParams + l.RouterParams + l.NormParams
}

// ActiveParams returns the parameters that one token uses.
func (l *Layer) ActiveParams() int64 {
	p := l.Params() - l.ExpertParams
	if l.Experts > 0 {
		p += l.ExpertParams / int64(l.Experts) * int64(l.ExpertsPerTok)
	}
	return p
}

// Model is an architecture worked out: its layers and tensors.
type Model struct {
	Arch    Architecture
	Traits  Trait
	Layers  []Layer
	Tensors []Tensor // in file order: globals first, then layer by layer
	// EmbeddingParams and OutputParams count the token embedding and the
	// output head (0 when tied); VisionParams and MTPParams what lies outside
	// the text decoder; OtherParams the remaining global tensors.
	EmbeddingParams, OutputParams, VisionParams, MTPParams, OtherParams int64
	// FromFile is true when Tensors is a file's own table, with types and bytes.
	FromFile bool
	// FileFormat is the weight format that the file declares, as a canonical
	// name of package format ("Q4_K_M", "FP8-block128", "GPTQ-INT4" …).
	FileFormat string
	// Assumptions lists in plain words what was assumed (bare sizes, unknown fields).
	Assumptions []string
}
