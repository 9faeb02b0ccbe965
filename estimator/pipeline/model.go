package pipeline

// Class is what a model does.
type Class string

// Classes.
const (
	TextToImage Class = "text-to-image"
	TextToVideo Class = "text-to-video"
	Recognition Class = "speech-recognition"
	Synthesis   Class = "speech-synthesis"
	Denoising   Class = "speech-denoising"
	Embedding   Class = "embedding" // and reranking
)

// Role is a component's part in the pipeline.
type Role string

// Roles.
const (
	TextEncoder   Role = "text_encoder"
	Denoiser      Role = "denoiser"
	ControlNet    Role = "controlnet" // runs beside the denoiser in each pass
	VAE           Role = "vae"
	VisionTower   Role = "vision_tower"
	Encoder       Role = "encoder"
	Decoder       Role = "decoder"
	Projector     Role = "projector"
	LanguageModel Role = "language_model"
	Vocoder       Role = "vocoder"
)

// Kind is how a component is built, which decides its arithmetic.
type Kind string

// Kinds.
const (
	UNet          Kind = "unet"          // convolutions and attention on a pyramid of resolutions
	MMDiT         Kind = "mmdit"         // image and text tokens in one sequence (Esser et al. 2024, arXiv:2403.03206)
	CrossDiT      Kind = "cross-dit"     // image tokens attend to text tokens beside (Chen et al. 2023, arXiv:2310.00426)
	SingleDiT     Kind = "single-dit"    // one gated stack over image and text tokens
	LinearDiT     Kind = "linear-dit"    // attention linear in tokens (Xie et al. 2024, arXiv:2410.10629)
	Transformer   Kind = "transformer"   // an encoder, or a causal stack
	CrossDecoder  Kind = "cross-decoder" // causal, attends to an encoder's output (Radford et al. 2022, arXiv:2212.04356)
	Convolutional Kind = "convolutional" // an autoencoder or a vocoder
	Recurrent     Kind = "recurrent"
	Unknown       Kind = "" // only its size is known
)

// Model is a pipeline.
type Model struct {
	ID       string   `json:"id"`
	Aliases  []string `json:"aliases"`
	Name     string   `json:"name"`
	Class    Class    `json:"class"`
	HFRepo   string   `json:"hf_repo,omitempty"`
	Released string   `json:"released,omitempty"` // year and month
	License  string   `json:"license,omitempty"`

	Defaults   Job         `json:"defaults"` // what a job has where nothing is said
	Components []Component `json:"components"`
	// SampleRate is of the audio that is made, in Hz.
	SampleRate int `json:"sample_rate,omitempty"`
	// NoGuidance is true of models distilled so that one pass a step suffices.
	NoGuidance bool `json:"no_guidance,omitempty"`
	// PassesApart is true of models whose pipelines run the passes of a step one
	// after another, not side by side in one batch.
	PassesApart bool `json:"passes_apart,omitempty"`
	// CheckpointBytes is the size of the published checkpoint in
	// CheckpointFormat, where one was read; 0: not known.
	CheckpointBytes  int64  `json:"checkpoint_bytes,omitempty"`
	CheckpointFormat string `json:"checkpoint_format,omitempty"`

	Source  string            `json:"source"`
	Notes   string            `json:"notes,omitempty"`
	Assumed map[string]string `json:"assumed,omitempty"` // facts that were inferred, with the reason
}

// Component is one network of a pipeline. Zero fields are not known or do not
// apply.
type Component struct {
	Name string `json:"name"`
	Role Role   `json:"role"`
	Kind Kind   `json:"kind,omitempty"`
	// Params is the number of weights, ActiveParams of those that one call uses
	// where there are several denoisers of which one works at a time.
	Params       int64 `json:"params"`
	ActiveParams int64 `json:"active_params,omitempty"`
	// FP32Params are kept in 32 bit when the rest is in FP16 (T5's output
	// projections overflow in it).
	FP32Params int64 `json:"fp32_params,omitempty"`
	// DecoderParams are those of an autoencoder that decoding uses.
	DecoderParams int64 `json:"decoder_params,omitempty"`
	// FileBytes is the size of a published file in FileFormat.
	FileBytes  int64  `json:"file_bytes,omitempty"`
	FileFormat string `json:"file_format,omitempty"`
	// Arch names what components of one design share beside the numbers below, by
	// which their rates are kept ("vits", "whisper"); "" where the numbers say all.
	Arch string `json:"arch,omitempty"`
	// ModelRef is the language model in the catalogue that this is.
	ModelRef string `json:"model_ref,omitempty"`

	Layers       int  `json:"layers,omitempty"`
	DoubleLayers int  `json:"double_layers,omitempty"` // with weights of their own for text
	SingleLayers int  `json:"single_layers,omitempty"`
	Hidden       int  `json:"hidden,omitempty"`
	Heads        int  `json:"heads,omitempty"`
	KVHeads      int  `json:"kv_heads,omitempty"`
	FFN          int  `json:"ffn,omitempty"`
	Gated        bool `json:"gated,omitempty"` // the feed-forward part has a gate: three matrices, not two
	Vocab        int  `json:"vocab,omitempty"`
	MaxTokens    int  `json:"max_tokens,omitempty"`
	// LinearD2 is the multiply-adds per token and layer over hidden², where they
	// are not the usual 12 (MMDiT), or not those of ffn (CrossDiT).
	LinearD2 float64 `json:"linear_d2,omitempty"`
	// Patch is the latent pixels of a token: in time, height and width.
	Patch [3]int `json:"patch,omitzero"`
	// TextTokens is the length that prompts are padded to for the denoiser.
	TextTokens int `json:"text_tokens,omitempty"`

	// Channels, Depths and CrossDim describe a U-Net: the width and the
	// transformer blocks of each level, and the width of the text.
	Channels []int `json:"channels,omitempty"`
	Depths   []int `json:"depths,omitempty"`
	CrossDim int   `json:"cross_dim,omitempty"`

	// Spatial and Temporal are an autoencoder's strides, Latent its latent
	// channels, Blocks the widths of its levels.
	Spatial  int   `json:"spatial,omitempty"`
	Temporal int   `json:"temporal,omitempty"`
	Causal   bool  `json:"causal,omitempty"` // in time: the first frame stands alone
	Latent   int   `json:"latent,omitempty"`
	Blocks   []int `json:"blocks,omitempty"`
	// FLOPsPerPixel is of decoding one output pixel of one frame, PeakPerPixel
	// the bytes of tensors that live at its peak per output pixel and frame,
	// untiled, at two bytes an element.
	FLOPsPerPixel float64 `json:"flops_per_pixel,omitempty"`
	PeakPerPixel  float64 `json:"peak_bytes_per_pixel,omitempty"`
	// PeakFrames is how many frames are decoded at once, 0 all: the peak of an
	// autoencoder that works through a clip does not grow beyond them.
	PeakFrames int `json:"peak_frames,omitempty"`
	// Upcast is true of an autoencoder that is run in FP32.
	Upcast bool `json:"upcast,omitempty"`

	// Conditioning is the width of the pooled text and sizes that a U-Net adds to
	// its time embedding (SDXL).
	Conditioning int `json:"conditioning,omitempty"`
	// ImageTokens is true of a denoiser that takes input images as tokens beside
	// those it makes (editing in context).
	ImageTokens bool `json:"image_tokens,omitempty"`

	// Positions is how many positions an audio encoder makes of a window of
	// WindowSeconds, or a vision tower of an image; MelBins is an audio
	// encoder's input channels.
	Positions     int     `json:"positions,omitempty"`
	WindowSeconds float64 `json:"window_s,omitempty"`
	MelBins       int     `json:"mel_bins,omitempty"`
	// FramesPerSecond is how often a second of audio the network runs its
	// weights: FLOPs are 2·Params·FramesPerSecond a second, where nothing
	// better is known (synthesis, denoising).
	FramesPerSecond float64 `json:"frames_per_s,omitempty"`
	// TokensPerSecond is how many tokens a second of audio has: what a decoder
	// writes, a language model generates, or a denoiser of speech works on.
	TokensPerSecond float64 `json:"tokens_per_s,omitempty"`
	// CharactersPerSecond is how many characters of text a second of speech
	// takes.
	CharactersPerSecond float64 `json:"characters_per_s,omitempty"`

	Source string `json:"source,omitempty"`
	Note   string `json:"note,omitempty"`
}

// Built says whether one of the components is built in a way.
func (m *Model) Built(kind Kind) bool {
	for i := range m.Components {
		if m.Components[i].Kind == kind {
			return true
		}
	}
	return false
}

// Find returns the first component of a role, nil where there is none.
func (m *Model) Find(role Role) *Component {
	for i := range m.Components {
		if m.Components[i].Role == role {
			return &m.Components[i]
		}
	}
	return nil
}

// Job is one call of a pipeline. Zero fields take the model's defaults.
type Job struct {
	// Batch is how many images, clips, windows of audio or documents are
	// worked on side by side.
	Batch int `json:"batch,omitempty"`

	Width  int     `json:"width,omitempty"` // pixels
	Height int     `json:"height,omitempty"`
	Frames int     `json:"frames,omitempty"`
	FPS    float64 `json:"fps,omitempty"`
	Steps  int     `json:"steps,omitempty"`
	// Passes is how often the denoiser runs a step: 2 with classifier-free
	// guidance (Ho and Salimans 2022, arXiv:2207.12598), 1 without.
	Passes     int `json:"passes,omitempty"`
	TextTokens int `json:"text_tokens,omitempty"` // of a prompt
	// InputImages is how many images go in beside the prompt: to edit, to fill,
	// to enlarge, or to begin a video with.
	InputImages int `json:"input_images,omitempty"`

	AudioSeconds float64 `json:"audio_seconds,omitempty"` // heard, or made
	Characters   int     `json:"characters,omitempty"`    // of the text that is spoken
	Beam         int     `json:"beam,omitempty"`          // sequences that a decoder follows at once
	// OutputTokens is how many tokens are written in all; 0: what speech of
	// the length has.
	OutputTokens int `json:"output_tokens,omitempty"`
	// ChunkSeconds is how much audio is worked on at once; 0: a whole window.
	ChunkSeconds float64 `json:"chunk_seconds,omitempty"`

	SequenceTokens int `json:"sequence_tokens,omitempty"` // of a document
	Documents      int `json:"documents,omitempty"`       // in all
}

// With returns the job with its zero fields taken from other.
func (j Job) With(other Job) Job {
	pick(&j.Batch, other.Batch)
	pick(&j.Width, other.Width)
	pick(&j.Height, other.Height)
	pick(&j.Frames, other.Frames)
	pick(&j.FPS, other.FPS)
	pick(&j.Steps, other.Steps)
	pick(&j.Passes, other.Passes)
	pick(&j.TextTokens, other.TextTokens)
	pick(&j.InputImages, other.InputImages)
	pick(&j.AudioSeconds, other.AudioSeconds)
	pick(&j.Characters, other.Characters)
	pick(&j.Beam, other.Beam)
	pick(&j.OutputTokens, other.OutputTokens)
	pick(&j.ChunkSeconds, other.ChunkSeconds)
	pick(&j.SequenceTokens, other.SequenceTokens)
	pick(&j.Documents, other.Documents)
	return j
}

func pick[T int | float64](a *T, b T) {
	if *a == 0 {
		*a = b
	}
}
