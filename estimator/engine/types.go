package engine

// Workload is what the deployment is asked to do, in tokens.
type Workload struct {
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
	// Depth is the number of tokens already in the cache when the timed part begins.
	Depth int `json:"depth"`
	// Batch is the number of sequences in flight.
	Batch int `json:"batch"`
	// PromptAssumed is true when no prompt length was given: prefill is then
	// reported for InputTokens all the same, but decode starts at Depth.
	PromptAssumed bool `json:"prompt_assumed,omitempty"`

	// Images is how many pictures each prompt has, of ImageWidth × ImageHeight
	// pixels; VideoFrames how many frames of film, as large; AudioSeconds how much
	// sound.
	Images       int     `json:"images,omitempty"`
	ImageWidth   int     `json:"image_width,omitempty"`
	ImageHeight  int     `json:"image_height,omitempty"`
	VideoFrames  int     `json:"video_frames,omitempty"`
	AudioSeconds float64 `json:"audio_seconds,omitempty"`
	// SeenTokens is how many of InputTokens stand for them: 0 until they are
	// counted (estimator.Look).
	SeenTokens int `json:"seen_tokens,omitempty"`
}

// Sees says whether the prompts have more than text.
func (w *Workload) Sees() bool { return w.Images > 0 || w.VideoFrames > 0 || w.AudioSeconds > 0 }

// DecodeStart returns the tokens in one sequence's cache when its first
// token is generated.
func (w *Workload) DecodeStart() int {
	if w.PromptAssumed {
		return w.Depth
	}
	return w.Depth + w.InputTokens
}

// DecodeDepth returns the mean number of tokens in one sequence's cache
// while its answer is generated.
func (w *Workload) DecodeDepth() float64 {
	return float64(w.DecodeStart()) + float64(w.OutputTokens)/2
}

// MaxTokens returns the cells that one sequence needs at its end.
func (w *Workload) MaxTokens() int { return w.DecodeStart() + w.OutputTokens }

// Split says how a model is divided over several devices.
type Split string

// Ways to split.
const (
	SplitAuto     Split = ""
	SplitLayer    Split = "layer"
	SplitTensor   Split = "tensor"
	SplitPipeline Split = "pipeline"
	SplitRow      Split = "row"
)

// Auto asks for an integer setting to be chosen as the engine would.
const Auto = -1

// Deployment is how the model is run. A zero value means "as the engine does
// by default"; Resolve fills it in.
type Deployment struct {
	Context int    `json:"context"` // cells asked for; 0 = the engine's default rule
	Slots   int    `json:"slots"`   // parallel sequences the cache is divided for; 0 = by batch
	KVTypeK string `json:"kv_type_k"`
	KVTypeV string `json:"kv_type_v"`
	Batch   int    `json:"n_batch"` // logical batch (llama.cpp -b)
	UBatch  int    `json:"ubatch"`  // physical micro-batch (llama.cpp -ub)
	Flash   *bool  `json:"flash_attention"`
	SWAFull bool   `json:"swa_full"`
	// UnifiedKV has one pool of cells serve all slots (llama.cpp's
	// --kv-unified, its way for slots of its own choice); else each slot has a
	// stream of an equal part.
	UnifiedKV   bool   `json:"kv_unified,omitempty"`
	MLA         string `json:"mla,omitempty"` // what latent attention caches: latent, latent+v, expanded; empty = the engine's way
	NoMmap      bool   `json:"no_mmap"`
	NoKVOffload bool   `json:"no_kv_offload"`
	GPULayers   int    `json:"gpu_layers"` // Auto, 0 = CPU only, or as llama.cpp's -ngl (output counts as one)
	CPUMoE      int    `json:"cpu_moe"`    // first N layers' experts on the host; Auto = as many as needed
	Split       Split  `json:"split"`
	TP          int    `json:"tp"`
	PP          int    `json:"pp"`
	EP          int    `json:"ep"`
	DP          int    `json:"dp"`
	Threads     int    `json:"threads"` // 0 = all usable cores
	Backend     string `json:"backend"`
	EngineDate  string `json:"engine_date"` // build date "2026-01"; empty = current
	// Server settings of vLLM, SGLang and TensorRT-LLM; 0 = the engine's default.
	MemoryFraction      float64 `json:"memory_fraction"` // gpu_memory_utilization, mem_fraction_static, free_gpu_memory_fraction
	MaxNumBatchedTokens int     `json:"max_num_batched_tokens"`
	MaxNumSeqs          int     `json:"max_num_seqs"`
}
