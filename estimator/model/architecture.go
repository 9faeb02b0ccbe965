package model

// Architecture holds the published facts of a model: one catalogue row, or
// what a config.json or GGUF header says. Sizes are counts of elements, not
// bytes. Zero or nil means absent.
type Architecture struct {
	ID       string   `json:"id"`
	Aliases  []string `json:"aliases,omitempty"`
	Name     string   `json:"name"`
	Family   string   `json:"family"`
	Class    string   `json:"class"` // llm, moe, multimodal, embedding
	HFRepo   string   `json:"hf_repo,omitempty"`
	License  string   `json:"license,omitempty"`
	Released string   `json:"released,omitempty"` // year-month

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

	Global *GlobalAttention `json:"global_attention,omitempty"`
	MLA    *MLA             `json:"mla,omitempty"`
	MoE    *MoE             `json:"moe,omitempty"`
	SSM    *SSM             `json:"ssm,omitempty"`
	Vision *Vision          `json:"vision,omitempty"`

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
	KVLoraRank int `json:"kv_lora_rank"`
	RopeDim    int `json:"qk_rope_head_dim"`
	NopeDim    int `json:"qk_nope_head_dim"`
	VHeadDim   int `json:"v_head_dim"`
	QLoraRank  int `json:"q_lora_rank,omitempty"`
	IndexerDim int `json:"indexer_dim,omitempty"` // sparse-attention indexer key
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
}

// Vision describes a vision or audio tower with its projector.
type Vision struct {
	Params     int64  `json:"params,omitempty"`
	Layers     int    `json:"layers,omitempty"`
	Hidden     int    `json:"hidden,omitempty"`
	Patch      int    `json:"patch,omitempty"`
	Merge      int    `json:"merge,omitempty"`
	Tokens     string `json:"tokens,omitempty"`
	ParamsFrom string `json:"params_from,omitempty"`
}
