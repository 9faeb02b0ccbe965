package model

// Architecture holds the published facts of a model: one catalogue row, or
// what a config.json or GGUF header says. Sizes are counts of elements, not
// bytes. Zero or nil means absent.
type Architecture struct {
	ID      string   `json:"id"`
	Aliases []string `json:"aliases,omitempty"`
	Name    string   `json:"name"`
	Family  string   `json:"family"`
	Class   string   `json:"class"` // llm, moe, multimodal, embedding
	// Arch is the GGUF architecture name (general.architecture: "llama",
	// "qwen3moe" …). The catalogue's architecture table gives the Traits of
	// each; a model line may state its own instead.
	Arch string `json:"arch,omitempty"`
	// Traits are the words that set one architecture's tensors apart from
	// those of Llama, separated by spaces; see the Trait constants.
	Traits   string `json:"traits,omitempty"`
	HFRepo   string `json:"hf_repo,omitempty"`
	License  string `json:"license,omitempty"`
	Released string `json:"released,omitempty"` // year-month

	ParamsTotal  int64 `json:"params_total,omitempty"`
	ParamsActive int64 `json:"params_active,omitempty"`

	LayerCount       int    `json:"layers"`
	HiddenSize       int    `json:"hidden_size"`
	IntermediateSize int    `json:"intermediate_size,omitempty"`
	Heads            int    `json:"heads,omitempty"`
	KVHeads          int    `json:"kv_heads,omitempty"`
	HeadDim          int    `json:"head_dim,omitempty"`
	VHeadDim         int    `json:"v_head_dim,omitempty"` // 0 = HeadDim
	VocabSize        int    `json:"vocab_size,omitempty"`
	TiedEmbeddings   bool   `json:"tied_embeddings,omitempty"`
	MLP              string `json:"mlp,omitempty"` // gated or plain
	MaxContext       int    `json:"max_context,omitempty"`
	Attention        string `json:"attention,omitempty"` // mha gqa mqa mla hybrid none
	NativeDType      string `json:"native_dtype,omitempty"`

	SlidingWindow int `json:"sliding_window,omitempty"`
	// LayerTypes gives the kind of each layer as a compact pattern that is
	// repeated or cut to LayerCount, see ParseLayerTypes.
	LayerTypes string `json:"layer_types,omitempty"`
	// FFNWidths lists the dense feed-forward width of each layer where it
	// varies: counts and widths such as "14336 5x28672 7168".
	FFNWidths string `json:"ffn_widths,omitempty"`
	// Positions is the number of rows of a learned position table.
	Positions int `json:"positions,omitempty"`
	// RotaryDim is the part of a head that is rotated; 0 = all of it.
	RotaryDim int `json:"rotary_dim,omitempty"`
	// PerLayerDim is the width of the per-layer embeddings of Gemma 3n and the
	// Gemma 4 E-models.
	PerLayerDim int `json:"per_layer_dim,omitempty"`
	// KVCompression gives the tokens per cached entry of the layers written k
	// and h in LayerTypes (DeepSeek V4: 4 and 128).
	KVCompression [2]int `json:"kv_compression,omitzero"`
	// OutputGroups and OutputRank describe a low-rank attention output
	// (DeepSeek V4); QueryRank its low-rank query.
	OutputGroups int `json:"output_groups,omitempty"`
	OutputRank   int `json:"output_rank,omitempty"`
	QueryRank    int `json:"query_rank,omitempty"`

	Global *GlobalAttention `json:"global_attention,omitempty"`
	MLA    *MLA             `json:"mla,omitempty"`
	// Indexer is the sparse-attention indexer of models without MLA (DeepSeek V4).
	Indexer *IndexerShape `json:"indexer,omitempty"`
	MoE     *MoE          `json:"moe,omitempty"`
	SSM     *SSM          `json:"ssm,omitempty"`
	Vision  *Vision       `json:"vision,omitempty"`

	// KVOwners is the number of layers that own a cache where later layers
	// share it (Gemma 3n/4 E-models); 0 means all.
	KVOwners  int   `json:"kv_owners,omitempty"`
	MTPLayers int   `json:"mtp_layers,omitempty"`
	MTPParams int64 `json:"mtp_params,omitempty"`

	Source     []string          `json:"source,omitempty"`
	Checked    string            `json:"checked,omitempty"`
	CheckLevel string            `json:"check_level,omitempty"`
	Verified   bool              `json:"verified,omitempty"`
	Assumed    map[string]string `json:"assumed,omitempty"` // field -> reason
	Note       string            `json:"note,omitempty"`
	// Unusable says why the model cannot be estimated, for entries whose
	// geometry was not published.
	Unusable string `json:"unusable,omitempty"`
}

// GlobalAttention is the geometry of full-attention layers where it differs
// from that of the windowed ones.
type GlobalAttention struct {
	Layers       int  `json:"layers,omitempty"`
	Heads        int  `json:"heads,omitempty"`
	KVHeads      int  `json:"kv_heads,omitempty"`
	HeadDim      int  `json:"head_dim,omitempty"`
	KeyEqualsVal bool `json:"k_equals_v,omitempty"` // saves weights, not cache
}

// MLA is the geometry of multi-head latent attention.
type MLA struct {
	KVLoraRank   int `json:"kv_lora_rank"`
	RopeDim      int `json:"qk_rope_head_dim"`
	NopeDim      int `json:"qk_nope_head_dim"`
	VHeadDim     int `json:"v_head_dim"`
	QLoraRank    int `json:"q_lora_rank,omitempty"`
	IndexerDim   int `json:"indexer_dim,omitempty"` // sparse-attention indexer key
	IndexerHeads int `json:"indexer_heads,omitempty"`
	// IndexerEvery is the number of layers that share one indexer after the
	// first three layers (GLM-5.2: 4); 0 means that every layer has its own.
	IndexerEvery int `json:"indexer_every,omitempty"`
}

// IndexerShape is the geometry of a sparse-attention indexer.
type IndexerShape struct {
	Heads int `json:"heads"`
	Dim   int `json:"dim"`
}

// MoE is the geometry of a mixture of experts.
type MoE struct {
	Experts          int `json:"experts"`
	ExpertsPerToken  int `json:"experts_per_token"`
	SharedExperts    int `json:"shared_experts,omitempty"`
	IntermediateSize int `json:"moe_intermediate_size"`
	SharedSize       int `json:"shared_intermediate_size,omitempty"`
	FirstDense       int `json:"first_dense_layers,omitempty"`
	LayerStep        int `json:"moe_layer_step,omitempty"`
	MoELayers        int `json:"moe_layers,omitempty"`
	LatentSize       int `json:"latent_size,omitempty"`
	// DenseBeside is true where a dense feed-forward runs beside the experts
	// in every layer (Gemma 4 26B, Arctic, Grok 2).
	DenseBeside bool `json:"dense_beside,omitempty"`
}

// SSM is the geometry of the recurrent layers of hybrid and recurrent models.
type SSM struct {
	Kind            string `json:"kind"` // mamba1 mamba2 gated-deltanet kimi-delta-attention short-conv rwkv7 lightning
	RecurrentLayers int    `json:"recurrent_layers"`
	AttentionLayers int    `json:"attention_layers"`
	DState          int    `json:"d_state,omitempty"`
	DConv           int    `json:"d_conv,omitempty"`
	DInner          int    `json:"d_inner,omitempty"`
	NGroups         int    `json:"n_groups,omitempty"`
	Heads           int    `json:"heads,omitempty"`
	HeadDimK        int    `json:"head_dim_k,omitempty"`
	HeadDimV        int    `json:"head_dim_v,omitempty"`
	DTRank          int    `json:"dt_rank,omitempty"`
	// Ranks are the low-rank widths of RWKV-7: decay, in-context rate, value, gate.
	Ranks [4]int `json:"ranks,omitzero"`
}

// Vision describes a vision or audio tower with its projector.
type Vision struct {
	Type       string `json:"type,omitempty"` // of the config file it was read from
	Params     int64  `json:"params,omitempty"`
	Layers     int    `json:"layers,omitempty"`
	Hidden     int    `json:"hidden,omitempty"`
	Patch      int    `json:"patch,omitempty"`
	Merge      int    `json:"merge,omitempty"`
	Tokens     string `json:"tokens,omitempty"`
	ParamsFrom string `json:"params_from,omitempty"`

	// What a projector's own file (mmproj) says beside: the kind of projector as
	// the file names it, the size in bytes of all its tensors, the width of the
	// feed-forward, the heads, and the side in pixels of the images it was
	// trained on. Without such a file they are zero.
	Projector string `json:"-"`
	Bytes     int64  `json:"-"`
	FFN       int    `json:"-"`
	Heads     int    `json:"-"`
	ImageSize int    `json:"-"`
}

// OwnFile says whether the tower was read from a file of its own, which engines
// load whatever the work is.
func (v *Vision) OwnFile() bool { return v != nil && v.Bytes > 0 }
