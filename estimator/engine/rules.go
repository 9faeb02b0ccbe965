package engine

import (
	"maps"
	"slices"
)

// Rules are one engine's rules at one date. All sizes carry their unit in
// the name. A zero value means that the rule does not apply.
type Rules struct {
	// Context says how many cells are taken when none are asked for.
	Context ContextRule `json:"context"`
	// Batch and UBatch are the logical batch and the physical micro-batch;
	// BatchByContext overrides both by the size of the context.
	Batch          int         `json:"batch"`
	UBatch         int         `json:"ubatch"`
	BatchByContext []BatchStep `json:"batch_by_context"`
	// KVType is the default type of cached elements.
	KVType string `json:"kv_type"`
	// KVTypes overrides it by the canonical weight format, where quantised
	// checkpoints bring a cache type with them.
	KVTypes map[string]string `json:"kv_types"`
	// Flash is "on", "off" or "auto" (on where the backend can).
	Flash string `json:"flash"`
	// PadFlash and PadPlain are what the number of cells is rounded up to
	// with and without flash attention.
	PadFlash int `json:"pad_flash"`
	PadPlain int `json:"pad_plain"`
	// WindowCache is true when sliding-window layers get a cache of their
	// window only; otherwise they get all cells. UnifiedSlots: one pool of
	// cells can serve all slots, where that is asked for.
	WindowCache  bool `json:"window_cache"`
	UnifiedSlots bool `json:"unified_slots"`
	// WholeCache is true when a decode step reads the cache of the whole context
	// that was allocated, whatever is in it: programs compiled for fixed shapes.
	WholeCache bool `json:"whole_cache"`
	// CoresPerDevice is how many tensor-parallel ranks every device counts as:
	// chips whose cores hold their parts of a model each for itself. 0 is one.
	CoresPerDevice int `json:"cores_per_device"`
	// EncoderCache is true when encoder-only models are given a cache too.
	EncoderCache bool `json:"encoder_cache"`
	// MLA says what is cached per token by latent attention: "latent" (the
	// latent and the rotary part once), "latent+v" (and a transposed copy of
	// the latent), "expanded" (keys and values of every head).
	MLA string `json:"mla"`
	// ExpandPrompts is true when prompts attend to keys and values of every head
	// made from the latent, instead of to the latent itself as decoding does.
	ExpandPrompts bool `json:"expand_prompts"`
	// Offload is "layers" when layers (and experts) can stay on the host,
	// "" when everything must fit the devices. OutputFirst: the output layer
	// is the first to go to a device (else the last).
	Offload     string `json:"offload"`
	OutputFirst bool   `json:"output_first"`
	// Split is how several devices share a model where nobody says: "tensor",
	// or "" for as the family does.
	Split Split `json:"split"`
	// FitMarginMiB is kept free on every device when the engine chooses the
	// offload itself.
	FitMarginMiB float64 `json:"fit_margin_mib"`
	// TiedCopy is true when a tied embedding is held twice even where input
	// and output are in the same memory.
	TiedCopy bool `json:"tied_copy"`

	// Towers says when encoders of images and sound are loaded: TowersAlways with
	// the model, TowersAsked where they are asked for, as when nothing is said, or
	// TowersNever.
	Towers Towers `json:"towers"`

	Compute ComputeRule `json:"compute"`
	Serve   ServeRule   `json:"serve"`
}

// Towers is when an engine loads encoders.
type Towers string

// Ways to load encoders.
const (
	TowersAlways Towers = "always" // part of the model; the images of a prompt are encoded together
	TowersAsked  Towers = "asked"  // a file of its own (llama.cpp's --mmproj); one tile after the other
	TowersNever  Towers = "never"  // text alone
)

// clone returns a copy that shares nothing, to lay a change over.
func (r Rules) clone() Rules {
	r.Context.Steps = slices.Clone(r.Context.Steps)
	r.BatchByContext = slices.Clone(r.BatchByContext)
	r.KVTypes = maps.Clone(r.KVTypes)
	r.Serve.Steps = slices.Clone(r.Serve.Steps)
	return r
}

// ContextRule is how a context is chosen when none is asked for.
type ContextRule struct {
	// Kind is "fixed" (Tokens), "trained" (the model's maximum), "fit" (the
	// model's maximum, lowered until it fits, but not below Tokens),
	// "by_memory" (Steps, by the devices' memory in all) or "need" (what the
	// workload needs: caches that grow).
	Kind   string        `json:"kind"`
	Tokens int           `json:"tokens"`
	Steps  []ContextStep `json:"steps"`
	// PerSlot is true when every slot gets as many.
	PerSlot bool `json:"per_slot"`
}

// ContextStep gives a context from so much device memory on.
type ContextStep struct {
	FromGiB float64 `json:"from_gib"`
	Tokens  int     `json:"tokens"`
}

// BatchStep gives batch and micro-batch up to a context.
type BatchStep struct {
	UpTo  int `json:"up_to"` // 0: any
	Batch int `json:"batch"`
}

// ComputeRule holds the parameters of llama.cpp's graph buffers: all sizes
// are float32 elements per token of the micro-batch.
type ComputeRule struct {
	// OutputEmbeds is how many hidden-size vectors per token stand beside
	// the logits on an accelerator that computes the output; OnCPU likewise
	// on a CPU, Window for models with sliding windows.
	OutputEmbeds       float64 `json:"output_embeds"`
	OutputEmbedsCPU    float64 `json:"output_embeds_cpu"`
	OutputEmbedsWindow float64 `json:"output_embeds_window"`
	// PipelineCopies is how many copies of the graph inputs are kept when
	// layers are spread over several devices.
	PipelineCopies float64 `json:"pipeline_copies"`
	// HostExperts is true when the pinned host buffer also holds the
	// activations of experts that the host computes.
	HostExperts bool `json:"host_experts"`
	// StreamExperts is true when experts on the host are copied to the
	// device for prompt batches.
	StreamExperts bool `json:"stream_experts"`
	// ExpandLatent is true when latent attention expands one layer's keys and
	// values for the whole context (else it attends on the latent itself).
	ExpandLatent bool `json:"expand_latent"`
	// Spread is the relative interval of the result.
	Spread Interval `json:"spread"`
}

// ServeRule holds the parameters of serving engines with a paged cache.
type ServeRule struct {
	// Fraction of device memory claimed (vLLM: of the total; SGLang: of what
	// is free before loading, 0 = by its formula; TensorRT-LLM: of what is
	// free after loading).
	Fraction float64 `json:"fraction"`
	// BlockTokens is the page size.
	BlockTokens int `json:"block_tokens"`
	// Schedule is how prompts and decoding share the engine's steps: Mixed,
	// PrefillFirst or Static; none for engines whose slots are given.
	Schedule Schedule `json:"schedule"`
	// DispatchRanks is from how many expert-parallel ranks on tokens are sent to
	// the experts that they chose, instead of to all ranks.
	DispatchRanks int `json:"dispatch_ranks"`
	// Where it does, popular experts are held several times: BalancedSkew is
	// the share of their uneven load that is left. OverlapShare of the shorter
	// of exchange and computation is hidden by splitting a batch in two, from
	// OverlapRows tokens on a device on.
	BalancedSkew float64 `json:"balanced_skew"`
	OverlapShare float64 `json:"overlap_share"`
	OverlapRows  float64 `json:"overlap_rows"`
	// Chunked is true when prompts are cut to the token budget, ReserveShare the
	// share of an answer's cache that admission sets aside.
	Chunked      bool    `json:"chunked"`
	ReserveShare float64 `json:"reserve_share"`
	// Steps of max_num_batched_tokens and max_num_seqs by device memory.
	Steps []ServeStep `json:"steps"`
	// ActivationPerSeqVocab bytes per sequence and vocabulary entry,
	// ActivationGiB in all, and ExpertActivation: whether a mixture adds its
	// routed activations.
	ActivationPerSeqVocab float64 `json:"activation_per_seq_vocab"`
	ActivationGiB         float64 `json:"activation_gib"`
	// ActivationPerTokenHidden bytes per batched token and hidden element.
	ActivationPerTokenHidden float64  `json:"activation_per_token_hidden"`
	ExpertActivation         bool     `json:"expert_activation"`
	ActivationSpread         Interval `json:"activation_spread"`
	// NonTorchGiB is memory outside the framework's allocator on one device,
	// NonTorchTPGiB per device under tensor parallelism.
	NonTorchGiB   Interval `json:"non_torch_gib"`
	NonTorchTPGiB Interval `json:"non_torch_tp_gib"`
	// NonTorchTPPCIeGiB likewise where the devices have no NVLink.
	NonTorchTPPCIeGiB Interval `json:"non_torch_tp_pcie_gib"`
	NonTorchPPGiB     Interval `json:"non_torch_pp_gib"`
	// GraphGiB is memory of captured graphs; GraphInside is true when the
	// engine takes it from its claimed share.
	GraphGiB    Interval `json:"graph_gib"`
	GraphInside bool     `json:"graph_inside"`
	// Rotary is true when a rotary table of max_position × rope_dim 16-bit
	// elements is kept per device.
	Rotary bool `json:"rotary"`
	// Static reserve (SGLang): MiB kept out of the fraction are Base + PerToken ×
	// chunk + PerGraphBatch × batch + PerRank × ranks, at least Floor on
	// devices larger than FloorFromGiB.
	Reserve ReserveRule `json:"reserve"`
}

// Schedule is how prompts and decoding share a server's steps.
type Schedule string

// Schedules.
const (
	// Mixed steps carry every running sequence, and prompt tokens in what is
	// left of the token budget (vLLM V1, TensorRT-LLM's in-flight batching).
	Mixed Schedule = "mixed"
	// PrefillFirst gives waiting prompts steps of their own before decoding
	// goes on (SGLang, vLLM V0).
	PrefillFirst Schedule = "prefill_first"
	// Static runs a batch of requests to its end before the next begins.
	Static Schedule = "static"
)

// ServeStep gives server defaults from so much device memory on.
type ServeStep struct {
	FromGiB    float64 `json:"from_gib"`
	Tokens     int     `json:"tokens"`
	Seqs       int     `json:"seqs"`
	GraphBatch int     `json:"graph_batch"`
}

// ReserveRule is SGLang's reserve, in MiB.
type ReserveRule struct {
	Base          float64 `json:"base_mib"`
	PerToken      float64 `json:"per_chunk_token_mib"`
	MinTokens     float64 `json:"min_chunk_tokens"`
	PerGraphBatch float64 `json:"per_graph_batch_mib"`
	PerRank       float64 `json:"per_rank_mib"`
	Floor         float64 `json:"floor_mib"`
	FloorFromGiB  float64 `json:"floor_from_gib"`
}

// HostRules say what the operating system keeps for itself.
type HostRules struct {
	Desktop  HostReserve `json:"desktop"`
	Headless HostReserve `json:"headless"`
	Board    HostReserve `json:"board"`
	// UnifiedWired is, by vendor in lower case, the part of a unified memory
	// that an accelerator may take, by the size of the memory.
	UnifiedWired map[string][]WiredStep `json:"unified_wired"`
	// DriverTotal is the part of the nominal memory that a driver reports as
	// total where the device's own figure is not known.
	DriverTotal float64 `json:"driver_total"`
	// Process is the host process itself: code, tokenizer, allocator.
	ProcessMiB Interval `json:"process_mib"`
	Source     string   `json:"source"`
}

// HostReserve is a reserve with its reason.
type HostReserve struct {
	MiB     float64 `json:"mib"`
	Assumed string  `json:"assumed"`
}

// WiredStep gives the usable fraction up to a size of memory.
type WiredStep struct {
	UpToGiB  float64 `json:"up_to_gib"` // 0: any
	Fraction float64 `json:"fraction"`
	Source   string  `json:"source"`
}
