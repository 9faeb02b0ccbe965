package scenario

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/engine"
)

// Scenario is one question. Its JSON form is a line of sweep and the inputs
// of a check. Zero means "not given" except where New says otherwise.
type Scenario struct {
	ID     string `json:"id,omitempty"`
	Model  string `json:"model"`             // catalogue id or alias, file, or bare size
	Quant  string `json:"quant,omitempty"`   // weight format
	KVType string `json:"kv_type,omitempty"` // cache type of keys and values
	// KVTypeK and KVTypeV override KVType for one side.
	KVTypeK string `json:"kv_type_k,omitempty"`
	KVTypeV string `json:"kv_type_v,omitempty"`

	On      string `json:"on,omitempty"`      // "local", catalogue id, "8x id", profile file
	Host    string `json:"host,omitempty"`    // CPU beside the accelerator
	RAM     string `json:"ram,omitempty"`     // main memory of one node: "64GiB"
	Devices int    `json:"devices,omitempty"` // 0 = as the hardware says
	Nodes   int    `json:"nodes,omitempty"`

	Split string `json:"split,omitempty"`
	TP    int    `json:"tp,omitempty"`
	PP    int    `json:"pp,omitempty"`
	EP    int    `json:"ep,omitempty"`
	DP    int    `json:"dp,omitempty"`

	Engine     string `json:"engine,omitempty"`
	Backend    string `json:"backend,omitempty"`
	EngineDate string `json:"engine_date,omitempty"` // "2026-01"
	// QuantAssumed and EngineAssumed say that nobody gave the value: it was
	// filled in. They stay true when inputs are fed back.
	QuantAssumed  bool `json:"quant_assumed,omitempty"`
	EngineAssumed bool `json:"engine_assumed,omitempty"`
	// ContextAssumed says the same of Context.
	ContextAssumed bool `json:"context_assumed,omitempty"`

	// GPULayers and CPUMoE are -1 when the engine is to choose.
	GPULayers int `json:"gpu_layers"`
	CPUMoE    int `json:"cpu_moe"`
	Threads   int `json:"threads,omitempty"`

	Batch        int `json:"batch"` // sequences in flight
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
	// PromptAssumed says that InputTokens is our default: decode then starts at Depth.
	PromptAssumed bool `json:"prompt_assumed,omitempty"`
	Depth         int  `json:"depth"`

	Context int `json:"context,omitempty"`
	// ContextRule says who chooses the context: "engine", as the engine does
	// when it is told none, or "model", the longest that the model was trained for.
	ContextRule    string `json:"context_rule,omitempty"`
	BatchSize      int    `json:"batch_size,omitempty"` // logical batch
	UBatch         int    `json:"ubatch,omitempty"`
	Parallel       int    `json:"parallel,omitempty"` // slots
	FlashAttention *bool  `json:"flash_attention,omitempty"`
	SWAFull        bool   `json:"swa_full,omitempty"`
	KVUnified      bool   `json:"kv_unified,omitempty"`
	NoMmap         bool   `json:"no_mmap,omitempty"`
	NoKVOffload    bool   `json:"no_kv_offload,omitempty"`
	// MLA is what latent attention caches: latent, latent+v or expanded.
	MLA string `json:"mla,omitempty"`

	GPUMemoryUtilization float64 `json:"gpu_memory_utilization,omitempty"`
	MaxNumSeqs           int     `json:"max_num_seqs,omitempty"`
	MaxNumBatchedTokens  int     `json:"max_num_batched_tokens,omitempty"`

	// Images and VideoFrames are what each prompt of a multimodal language model
	// has beside its text, of ImageSize ("1280x720") pixels; AudioSeconds, below,
	// is what it hears.
	Images      int    `json:"images,omitempty"`
	ImageSize   string `json:"image_size,omitempty"`
	VideoFrames int    `json:"video_frames,omitempty"`
	// Mmproj is the file of the encoder and projector, where a local engine loads
	// one beside the model (llama.cpp's --mmproj).
	Mmproj string `json:"mmproj,omitempty"`

	// The fields below are of pipelines: image and video generation, speech,
	// embedding. Zero takes the model's or the engine's default.
	Width          int     `json:"width,omitempty"` // of an image or a video, in pixels
	Height         int     `json:"height,omitempty"`
	Frames         int     `json:"frames,omitempty"`
	FPS            float64 `json:"fps,omitempty"`
	Steps          int     `json:"steps,omitempty"`           // of the denoiser
	GuidancePasses int     `json:"guidance_passes,omitempty"` // of the denoiser a step: 2 with classifier-free guidance, 1 without
	TextTokens     int     `json:"text_tokens,omitempty"`     // of a prompt for the denoiser
	AudioSeconds   float64 `json:"audio_seconds,omitempty"`   // heard, or made
	Characters     int     `json:"characters,omitempty"`      // of the text that is spoken
	Beam           int     `json:"beam,omitempty"`            // sequences that a decoder of speech follows
	ChunkSeconds   float64 `json:"chunk_seconds,omitempty"`   // of audio that is worked on at once
	SequenceTokens int     `json:"sequence_tokens,omitempty"` // of a document that is embedded
	Documents      int     `json:"documents,omitempty"`       // that are embedded in all

	TextQuant string `json:"text_quant,omitempty"` // weight format of the text encoders
	// Offload is what lies in main memory while it does not work: none, model,
	// blocks, group or sequential. BlocksSwapped is how many of the denoiser's
	// layers lie there.
	Offload       string `json:"offload,omitempty"`
	BlocksSwapped int    `json:"blocks_swapped,omitempty"`
	TextOnCPU     bool   `json:"text_on_cpu,omitempty"`
	VAETiling     bool   `json:"vae_tiling,omitempty"`
	VAESlicing    bool   `json:"vae_slicing,omitempty"`
	// Ulysses and Ring are over how many devices the tokens of a pass are
	// divided, CFGDevices over how many its guidance.
	Ulysses    int  `json:"ulysses,omitempty"`
	Ring       int  `json:"ring,omitempty"`
	CFGDevices int  `json:"cfg_devices,omitempty"`
	Sharded    bool `json:"sharded,omitempty"` // the weights are divided among the devices of a job

	// Set changes facts before the estimate: "hardware.bandwidth_gb_s=+10%",
	// "model.layers=40" (package whatif), or a number above, "context=x2".
	Set []string `json:"set,omitempty"`
}

// Defaults of the workload, printed as part of the inputs of every result.
const (
	DefaultInputTokens  = 512
	DefaultOutputTokens = 128
	// DefaultContext is taken where nobody asks for a context and the work
	// needs no more: engines would take the model's maximum, which for most
	// people is far more memory than they mean to ask about.
	DefaultContext = 4096
)

// Rules of ContextRule.
const (
	byEngine = "engine"
	byModel  = "model"
)

// New returns a scenario in which nothing is given yet.
func New() Scenario {
	return Scenario{GPULayers: engine.Auto, CPUMoE: engine.Auto, Batch: 1,
		InputTokens: DefaultInputTokens, OutputTokens: DefaultOutputTokens, PromptAssumed: true}
}

// MaxCount bounds every count: far above any real deployment, far below
// where products of counts overflow 64 bits.
const MaxCount = 1 << 24

// maxParallel bounds devices, nodes and ranks.
const maxParallel = 1 << 16

// bound is the range that a field must lie in.
type bound struct {
	field     string
	value     int64
	low, high int64
}

// Check verifies the ranges of all fields, not whether they agree.
func (s *Scenario) Check() error {
	if s.Model == "" {
		return wrong("no model given", "model", "name a catalogue id, a model file, or a size such as 8B")
	}
	for _, b := range [...]bound{
		{"devices", int64(s.Devices), 0, maxParallel}, {"nodes", int64(s.Nodes), 0, maxParallel},
		{"tp", int64(s.TP), 0, maxParallel}, {"pp", int64(s.PP), 0, maxParallel},
		{"ep", int64(s.EP), 0, maxParallel}, {"dp", int64(s.DP), 0, maxParallel},
		{"gpu_layers", int64(s.GPULayers), engine.Auto, MaxCount}, {"cpu_moe", int64(s.CPUMoE), engine.Auto, MaxCount},
		{"threads", int64(s.Threads), 0, maxParallel},
		{"batch", int64(s.Batch), 1, MaxCount},
		{"input_tokens", int64(s.InputTokens), 0, MaxCount}, {"output_tokens", int64(s.OutputTokens), 0, MaxCount},
		{"depth", int64(s.Depth), 0, MaxCount}, {"context", int64(s.Context), 0, MaxCount},
		{"batch_size", int64(s.BatchSize), 0, MaxCount}, {"ubatch", int64(s.UBatch), 0, MaxCount},
		{"parallel", int64(s.Parallel), 0, MaxCount},
		{"images", int64(s.Images), 0, maxShown}, {"video_frames", int64(s.VideoFrames), 0, maxShown},
		{"max_num_seqs", int64(s.MaxNumSeqs), 0, MaxCount},
		{"max_num_batched_tokens", int64(s.MaxNumBatchedTokens), 0, MaxCount},
	} {
		if b.value < b.low || b.value > b.high {
			return outOfRange(b)
		}
	}
	if err := s.checkPipeline(); err != nil {
		return err
	}
	if u := s.GPUMemoryUtilization; u < 0 || u > 1 || math.IsNaN(u) {
		return wrong("gpu_memory_utilization must lie between 0 and 1", "gpu_memory_utilization", "give a share such as 0.9")
	}
	switch engine.Split(s.Split) {
	case engine.SplitAuto, engine.SplitLayer, engine.SplitTensor, engine.SplitPipeline, engine.SplitRow, "none":
	default:
		return wrong("unknown split "+quoted(s.Split), "split", "use layer, tensor, pipeline, row or none")
	}
	switch s.ContextRule {
	case "", byModel:
	case byEngine:
		if s.Context > 0 {
			return contradiction("context is given, and context_rule leaves it to the engine", "leave out one of them")
		}
	default:
		return wrong("unknown context_rule "+quoted(s.ContextRule), "context_rule", "use engine or model")
	}
	if s.EngineDate != "" && !isMonth(s.EngineDate) {
		return wrong("engine_date "+quoted(s.EngineDate)+" is not a date", "engine_date", "write it as 2026-01 or 2026-01-31")
	}
	return nil
}

// isMonth accepts YYYY-MM and YYYY-MM-DD.
func isMonth(s string) bool {
	if len(s) != 7 && len(s) != 10 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if i == 4 || i == 7 {
			if s[i] != '-' {
				return false
			}
		} else if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	month := int(s[5]-'0')*10 + int(s[6]-'0')
	if month < 1 || month > 12 {
		return false
	}
	if len(s) == 10 {
		day := int(s[8]-'0')*10 + int(s[9]-'0')
		return day >= 1 && day <= 31
	}
	return true
}
