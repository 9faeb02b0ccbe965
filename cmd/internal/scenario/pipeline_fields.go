package scenario

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// Bounds of what a pipeline is asked for: far above any real job, far below
// where products of sizes lose their meaning.
const (
	maxPixels = 1 << 16 // of a side
	maxFrames = 1 << 16
	maxFPS    = 1000
	maxSteps  = 10_000
	maxAudio  = 30 * 24 * 3600.0 // seconds
	maxBeam   = 1 << 10
	maxText   = 1 << 20 // tokens or characters
	maxBlocks = 1 << 12
)

// checkPipeline verifies the ranges of the fields of pipelines.
func (s *Scenario) checkPipeline() error {
	if !s.ofPipelines() {
		return nil
	}
	for _, b := range [...]bound{
		{"width", int64(s.Width), 0, maxPixels}, {"height", int64(s.Height), 0, maxPixels},
		{"frames", int64(s.Frames), 0, maxFrames}, {"steps", int64(s.Steps), 0, maxSteps},
		{"guidance_passes", int64(s.GuidancePasses), 0, 4}, {"text_tokens", int64(s.TextTokens), 0, maxText},
		{"characters", int64(s.Characters), 0, maxText}, {"beam", int64(s.Beam), 0, maxBeam},
		{"sequence_tokens", int64(s.SequenceTokens), 0, maxText}, {"documents", int64(s.Documents), 0, MaxCount},
		{"blocks_swapped", int64(s.BlocksSwapped), 0, maxBlocks},
		{"ulysses", int64(s.Ulysses), 0, maxParallel}, {"ring", int64(s.Ring), 0, maxParallel}, {"cfg_devices", int64(s.CFGDevices), 0, 2},
	} {
		if b.value < b.low || b.value > b.high {
			return outOfRange(b)
		}
	}
	for _, f := range [...]struct {
		field  string
		value  float64
		most   float64
		remedy string
	}{
		{"fps", s.FPS, maxFPS, "give frames a second, such as 24"},
		{"audio_seconds", s.AudioSeconds, maxAudio, "give seconds of audio, such as 30"},
		{"chunk_seconds", s.ChunkSeconds, maxAudio, "give seconds of audio, such as 30"},
	} {
		if f.value < 0 || f.value > f.most || math.IsNaN(f.value) {
			return wrong(fmt.Sprintf("%s is out of range: %g", f.field, f.value), f.field, f.remedy)
		}
	}
	switch pipeline.Offload(s.Offload) {
	case "", pipeline.OffloadNone, pipeline.OffloadModel, pipeline.OffloadBlocks, pipeline.OffloadGroup, pipeline.OffloadSequential:
	default:
		return wrong("unknown offload "+quoted(s.Offload), "offload", "use none, model, blocks, group or sequential")
	}
	if s.BlocksSwapped > 0 && s.Offload != "" && s.Offload != string(pipeline.OffloadBlocks) {
		return contradiction("blocks_swapped is of offload blocks, and offload is "+s.Offload, "leave out one of them")
	}
	return nil
}

// ofPipelines says whether a field of pipelines is given.
func (s *Scenario) ofPipelines() bool {
	return s.Width|s.Height|s.Frames|s.Steps|s.GuidancePasses|s.TextTokens|s.Characters|s.Beam|s.SequenceTokens|s.Documents|
		s.BlocksSwapped|s.Ulysses|s.Ring|s.CFGDevices != 0 || s.FPS != 0 || s.AudioSeconds != 0 || s.ChunkSeconds != 0 ||
		s.TextQuant != "" || s.Offload != "" || s.TextOnCPU || s.VAETiling || s.VAESlicing || s.Sharded
}

// pipelineField is a field of pipelines, with the classes that it applies to.
type pipelineField struct {
	name    string
	classes []pipeline.Class // nil: all
	given   func(*Scenario) bool
}

var (
	pictures  = []pipeline.Class{pipeline.TextToImage, pipeline.TextToVideo}
	denoised  = []pipeline.Class{pipeline.TextToImage, pipeline.TextToVideo, pipeline.Synthesis, pipeline.Denoising}
	videos    = []pipeline.Class{pipeline.TextToVideo}
	audio     = []pipeline.Class{pipeline.Recognition, pipeline.Synthesis, pipeline.Denoising}
	heard     = []pipeline.Class{pipeline.Recognition}
	spoken    = []pipeline.Class{pipeline.Synthesis}
	documents = []pipeline.Class{pipeline.Embedding}
)

// pipelineFields in the order of the scenario's.
var pipelineFields = []pipelineField{
	{"width", pictures, func(s *Scenario) bool { return s.Width != 0 }},
	{"height", pictures, func(s *Scenario) bool { return s.Height != 0 }},
	{"frames", videos, func(s *Scenario) bool { return s.Frames != 0 }},
	{"fps", videos, func(s *Scenario) bool { return s.FPS != 0 }},
	{"steps", denoised, func(s *Scenario) bool { return s.Steps != 0 }},
	{"guidance_passes", denoised, func(s *Scenario) bool { return s.GuidancePasses != 0 }},
	{"text_tokens", pictures, func(s *Scenario) bool { return s.TextTokens != 0 }},
	{"audio_seconds", audio, func(s *Scenario) bool { return s.AudioSeconds != 0 }},
	{"characters", spoken, func(s *Scenario) bool { return s.Characters != 0 }},
	{"beam", heard, func(s *Scenario) bool { return s.Beam != 0 }},
	{"chunk_seconds", audio, func(s *Scenario) bool { return s.ChunkSeconds != 0 }},
	{"sequence_tokens", documents, func(s *Scenario) bool { return s.SequenceTokens != 0 }},
	{"documents", documents, func(s *Scenario) bool { return s.Documents != 0 }},
	{"text_quant", pictures, func(s *Scenario) bool { return s.TextQuant != "" }},
	{"offload", nil, func(s *Scenario) bool { return s.Offload != "" }},
	{"blocks_swapped", pictures, func(s *Scenario) bool { return s.BlocksSwapped != 0 }},
	{"text_on_cpu", pictures, func(s *Scenario) bool { return s.TextOnCPU }},
	{"vae_tiling", pictures, func(s *Scenario) bool { return s.VAETiling }},
	{"vae_slicing", pictures, func(s *Scenario) bool { return s.VAESlicing }},
	{"ulysses", pictures, func(s *Scenario) bool { return s.Ulysses != 0 }},
	{"ring", pictures, func(s *Scenario) bool { return s.Ring != 0 }},
	{"cfg_devices", pictures, func(s *Scenario) bool { return s.CFGDevices != 0 }},
	{"sharded", nil, func(s *Scenario) bool { return s.Sharded }},
}

// alsoHeard is a field that multimodal language models have, too.
const alsoHeard = "audio_seconds"

// PipelineFields lists the fields that only pipelines have.
func PipelineFields() []string {
	out := make([]string, 0, len(pipelineFields))
	for i := range pipelineFields {
		if name := pipelineFields[i].name; name != alsoHeard {
			out = append(out, name)
		}
	}
	return out
}

// noPipelineFields is the error of a language model that is asked for what
// pipelines do.
func (s *Scenario) noPipelineFields(name string) error {
	if !s.ofPipelines() {
		return nil
	}
	for i := range pipelineFields {
		f := &pipelineFields[i]
		if !f.given(s) || f.name == alsoHeard {
			continue
		}
		remedy := "leave it out, or name such a model (plimsoll models list)"
		if f.name == "width" || f.name == "height" {
			remedy = "leave it out; the size of images that a model is shown is image_size"
		}
		return contradiction(f.name+" is of "+classesWords(f.classes)+", and "+name+" is a language model", remedy)
	}
	return nil
}

// languageField is a field of language models that a pipeline cannot have.
type languageField struct {
	name   string
	given  func(*Scenario) bool
	remedy map[pipeline.Class]string // what to give in its place; else it is left out
}

func each(remedy string, classes ...pipeline.Class) map[pipeline.Class]string {
	out := map[pipeline.Class]string{}
	for _, c := range classes {
		out[c] = remedy
	}
	return out
}

// languageFields in the order of the scenario's.
var languageFields = []languageField{
	{"kv_type", func(s *Scenario) bool { return s.KVType != "" }, nil},
	{"kv_type_k", func(s *Scenario) bool { return s.KVTypeK != "" }, nil},
	{"kv_type_v", func(s *Scenario) bool { return s.KVTypeV != "" }, nil},
	{"split", func(s *Scenario) bool { return s.Split != "" }, each("give ulysses, ring or cfg_devices", pictures...)},
	{"tp", func(s *Scenario) bool { return s.TP != 0 }, each("give ulysses, ring or cfg_devices", pictures...)},
	{"pp", func(s *Scenario) bool { return s.PP != 0 }, each("give ulysses, ring or cfg_devices", pictures...)},
	{"ep", func(s *Scenario) bool { return s.EP != 0 }, nil},
	{"gpu_layers", func(s *Scenario) bool { return s.GPULayers != engine.Auto }, each("give blocks_swapped, or backend cpu", pictures...)},
	{"cpu_moe", func(s *Scenario) bool { return s.CPUMoE != engine.Auto }, nil},
	{"images", func(s *Scenario) bool { return s.Images != 0 }, nil},
	{"image_size", func(s *Scenario) bool { return s.ImageSize != "" }, each("give width and height", pictures...)},
	{"video_frames", func(s *Scenario) bool { return s.VideoFrames != 0 }, each("give frames", videos...)},
	{"mmproj", func(s *Scenario) bool { return s.Mmproj != "" }, nil},
	{"input_tokens", func(s *Scenario) bool { return s.InputTokens != DefaultInputTokens && s.InputTokens != 0 },
		map[pipeline.Class]string{pipeline.TextToImage: "give text_tokens", pipeline.TextToVideo: "give text_tokens", pipeline.Synthesis: "give characters",
			pipeline.Recognition: "give audio_seconds", pipeline.Denoising: "give audio_seconds", pipeline.Embedding: "give sequence_tokens"}},
	{"output_tokens", func(s *Scenario) bool { return s.OutputTokens != DefaultOutputTokens && s.OutputTokens != 0 },
		map[pipeline.Class]string{pipeline.Synthesis: "give audio_seconds"}},
	{"depth", func(s *Scenario) bool { return s.Depth != 0 }, nil},
	{"context", func(s *Scenario) bool { return s.Context != 0 || s.ContextRule != "" }, each("give sequence_tokens", pipeline.Embedding)},
	{"batch_size", func(s *Scenario) bool { return s.BatchSize != 0 }, nil},
	{"ubatch", func(s *Scenario) bool { return s.UBatch != 0 }, nil},
	{"parallel", func(s *Scenario) bool { return s.Parallel != 0 }, nil},
	{"swa_full", func(s *Scenario) bool { return s.SWAFull }, nil},
	{"kv_unified", func(s *Scenario) bool { return s.KVUnified }, nil},
	{"no_mmap", func(s *Scenario) bool { return s.NoMmap }, nil},
	{"no_kv_offload", func(s *Scenario) bool { return s.NoKVOffload }, nil},
	{"mla", func(s *Scenario) bool { return s.MLA != "" }, nil},
	{"gpu_memory_utilization", func(s *Scenario) bool { return s.GPUMemoryUtilization != 0 }, nil},
	{"max_num_seqs", func(s *Scenario) bool { return s.MaxNumSeqs != 0 }, nil},
	{"max_num_batched_tokens", func(s *Scenario) bool { return s.MaxNumBatchedTokens != 0 }, nil},
	{"images", func(s *Scenario) bool { return s.Images != 0 }, each("give batch for the images that are made side by side", pipeline.TextToImage)},
	{"image_size", func(s *Scenario) bool { return s.ImageSize != "" }, each("give width and height", pictures...)},
	{"video_frames", func(s *Scenario) bool { return s.VideoFrames != 0 }, each("give frames", pipeline.TextToVideo)},
}

// ofClass is the error of a pipeline that is asked for what its class does not
// do.
func (s *Scenario) ofClass(m *pipeline.Model) error {
	for i := range pipelineFields {
		if f := &pipelineFields[i]; f.classes != nil && f.given(s) && !slices.Contains(f.classes, m.Class) {
			return contradiction(f.name+" is of "+classesWords(f.classes)+", and "+m.ID+" is "+ClassWords(m.Class), "leave it out")
		}
	}
	for i := range languageFields {
		f := &languageFields[i]
		if !f.given(s) || f.name == "output_tokens" && m.Class == pipeline.Recognition {
			continue
		}
		remedy := f.remedy[m.Class]
		if remedy == "" {
			remedy = "leave it out"
		}
		return contradiction(f.name+" is of language models, and "+m.ID+" is "+ClassWords(m.Class), remedy)
	}
	return nil
}

// classWords say with an article what a model of a class is.
var classWords = map[pipeline.Class][2]string{
	pipeline.TextToImage: {"a model that makes images (text-to-image)", "models that make images"},
	pipeline.TextToVideo: {"a model that makes videos (text-to-video)", "models that make videos"},
	pipeline.Recognition: {"a model that recognises speech (speech-recognition)", "models that recognise speech"},
	pipeline.Synthesis:   {"a model that speaks (speech-synthesis)", "models that speak"},
	pipeline.Denoising:   {"a model that cleans audio (speech-denoising)", "models that clean audio"},
	pipeline.Embedding:   {"a model that embeds or ranks documents (embedding)", "models that embed documents"},
}

// ClassWords says with an article what a model of a class is, and names the
// class.
func ClassWords(c pipeline.Class) string {
	if w, ok := classWords[c]; ok {
		return w[0]
	}
	return "of the class " + string(c)
}

// classesWords says what models of several classes are.
func classesWords(classes []pipeline.Class) string {
	if len(classes) == 0 {
		return "models of images, video, speech and embedding"
	}
	out := make([]string, len(classes))
	for i, c := range classes {
		out[i] = classWords[c][1]
		if i > 0 {
			out[i] = strings.TrimPrefix(out[i], "models that ")
		}
	}
	if n := len(out); n > 1 {
		return strings.Join(out[:n-1], ", ") + " or " + out[n-1]
	}
	return out[0]
}

// LanguageFields lists the fields that only language models have.
func LanguageFields() []string {
	out := make([]string, len(languageFields))
	for i := range languageFields {
		out[i] = languageFields[i].name
	}
	return append(out, "context_rule")
}
