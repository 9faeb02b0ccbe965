package profiles

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// looseLayers lists the components whose layers do not make up their size
// within 15%, with the reason.
var looseLayers = map[string]string{
	"paraphrase-albert-small-v2": "its layers share one set of weights",
	"f5-tts-base":                "modulation by time, 6 hidden² a layer, is beside them",
	"ltx-2-19b":                  "the audio stream, 5B, is beside them",
}

// allPipelines decodes the pipeline catalogue; a field that the type lacks is
// an error.
func allPipelines(t *testing.T) []*pipeline.Model {
	t.Helper()
	var out []*pipeline.Model
	err := jsonLines(pipelineFiles, "pipelines", func(file string, line []byte) bool {
		m := new(pipeline.Model)
		d := json.NewDecoder(strings.NewReader(string(line)))
		d.DisallowUnknownFields()
		if err := d.Decode(m); err != nil {
			t.Fatalf("%s: %s: %v", file, headID(line), err)
		}
		if headID(line) != m.ID {
			t.Errorf("%s: %s does not begin with its id and aliases", file, m.ID)
		}
		out = append(out, m)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPipelineLinesAreWhole(t *testing.T) {
	classes := map[pipeline.Class]int{}
	for _, m := range allPipelines(t) {
		classes[m.Class]++
		if m.Name == "" || m.Source == "" || len(m.Components) == 0 || m.Defaults.Batch != 1 {
			t.Errorf("%s: name, source, components or batch are missing", m.ID)
		}
		d := &m.Defaults
		switch m.Class {
		case pipeline.TextToImage, pipeline.TextToVideo:
			if d.Width < 256 || d.Height < 256 || d.Steps < 1 || d.Passes < 1 || d.Passes > 2 {
				t.Errorf("%s: defaults %+v", m.ID, *d)
			}
			if m.NoGuidance != (d.Passes == 1) {
				t.Errorf("%s: passes %d, no guidance %v", m.ID, d.Passes, m.NoGuidance)
			}
			if m.Class == pipeline.TextToVideo && (d.Frames < 8 || d.FPS < 4 || d.FPS > 60) {
				t.Errorf("%s: %d frames at %g a second", m.ID, d.Frames, d.FPS)
			}
			if m.Find(pipeline.Denoiser) == nil || m.Find(pipeline.VAE) == nil {
				t.Errorf("%s: denoiser or autoencoder missing", m.ID)
			}
		case pipeline.Recognition, pipeline.Synthesis, pipeline.Denoising:
			if d.AudioSeconds <= 0 {
				t.Errorf("%s: no length of audio", m.ID)
			}
		case pipeline.Embedding:
			if d.SequenceTokens <= 0 || m.Find(pipeline.Encoder) == nil {
				t.Errorf("%s: defaults %+v", m.ID, *d)
			}
		default:
			t.Errorf("%s: class %q", m.ID, m.Class)
		}
		for i := range m.Components {
			checkComponent(t, m, &m.Components[i])
		}
	}
	want := map[pipeline.Class]int{pipeline.TextToImage: 19, pipeline.TextToVideo: 22, pipeline.Recognition: 11, pipeline.Synthesis: 19, pipeline.Denoising: 2, pipeline.Embedding: 45}
	for c, n := range want {
		if classes[c] < n {
			t.Errorf("%d models of class %s, expected at least %d", classes[c], c, n)
		}
	}
}

func checkComponent(t *testing.T, m *pipeline.Model, c *pipeline.Component) {
	t.Helper()
	if c.Name == "" || c.Role == "" || c.Source == "" {
		t.Errorf("%s: component %+v lacks name, role or source", m.ID, *c)
	}
	if c.Params == 0 && !strings.Contains(m.Notes, c.Name) {
		t.Errorf("%s: the size of %s is missing without a reason in the notes", m.ID, c.Name)
	}
	if c.Params < 0 || c.Params > 100e9 || c.DecoderParams > c.Params || c.ActiveParams > c.Params || c.FP32Params > c.Params {
		t.Errorf("%s: %s: sizes %d, %d, %d, %d", m.ID, c.Name, c.Params, c.DecoderParams, c.ActiveParams, c.FP32Params)
	}
	if c.Heads > 0 && c.Hidden%c.Heads != 0 {
		t.Errorf("%s: %s: %d heads do not divide %d", m.ID, c.Name, c.Heads, c.Hidden)
	}
	if c.ModelRef != "" {
		if a, err := Architecture(c.ModelRef); err != nil {
			t.Errorf("%s: %s: %v", m.ID, c.Name, err)
		} else if off := float64(c.Params)/float64(a.ParamsTotal) - 1; math.Abs(off) > 0.05 {
			t.Errorf("%s: %s has %d weights, %s %d", m.ID, c.Name, c.Params, a.ID, a.ParamsTotal)
		}
	}
}

// TestLayersMakeTheParams compares stated sizes with those of the stated
// layers: 4 hidden² of attention, cross-attention as much again, and two or
// three matrices of the feed-forward part.
func TestLayersMakeTheParams(t *testing.T) {
	checked := 0
	for _, m := range allPipelines(t) {
		for i := range m.Components {
			c := &m.Components[i]
			if c.Layers == 0 || c.Hidden == 0 || c.FFN == 0 || c.Params == 0 || c.ActiveParams > 0 {
				continue
			}
			d, per := float64(c.Hidden), 4.0
			if c.LinearD2 > 0 {
				per = c.LinearD2
			} else {
				if c.KVHeads > 0 {
					per = 2 + 2*float64(c.KVHeads)/float64(c.Heads)
				}
				switch c.Kind {
				case pipeline.CrossDiT, pipeline.LinearDiT, pipeline.CrossDecoder:
					per += 4
				}
				matrices := 2.0
				if c.Gated {
					matrices = 3
				}
				per += matrices * float64(c.FFN) / d
			}
			body := float64(c.Layers)*per*d*d + float64(c.Vocab)*d
			checked++
			off := body/float64(c.Params) - 1
			if math.Abs(off) > 0.15 && looseLayers[m.ID] == "" {
				t.Errorf("%s: %s: layers hold %.3g weights, stated %.3g (%+.0f%%)", m.ID, c.Name, body, float64(c.Params), off*100)
			}
		}
	}
	if checked < 60 {
		t.Errorf("only %d components checked", checked)
	}
}

func TestPipelineNames(t *testing.T) {
	for query, id := range map[string]string{
		"flux.1-dev": "flux.1-dev", "FLUX.1-dev": "flux.1-dev", "black-forest-labs/FLUX.1-dev": "flux.1-dev",
		"stabilityai/stable-diffusion-xl-base-1.0": "sdxl-base-1.0", "sdxl": "sdxl-base-1.0", "SD1.5": "sd-1.5",
		"openai/whisper-large-v3": "whisper-large-v3", "hexgrad/Kokoro-82M": "kokoro-82m", "whisper small": "whisper-small",
		"Wan-AI/Wan2.1-T2V-14B-Diffusers": "wan2.1-t2v-14b", "tencent/HunyuanVideo": "hunyuanvideo", "someone/whisper-large-v3-turbo-gguf": "whisper-large-v3-turbo",
		"bge-m3": "bge-m3", "BAAI/bge-m3": "bge-m3", "sentence-transformers/all-MiniLM-L6-v2": "all-minilm-l6-v2", "all-MiniLM-L12-v2": "all-minilm-l12-v2",
	} {
		if !IsPipeline(query) {
			t.Errorf("%q is no pipeline", query)
		}
		m, err := Pipeline(query)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		if m.ID != id {
			t.Errorf("%q is %s, expected %s", query, m.ID, id)
		}
	}
	for _, query := range []string{"llama-3.1-8b", "qwen3-8b", "nothing-like-it", "", "3B", "qwen2.5-vl-7b", strings.Repeat("x", 5000)} {
		if IsPipeline(query) {
			t.Errorf("%.20q is a pipeline", query)
		}
		if m, err := Pipeline(query); err == nil {
			t.Errorf("%.20q gives %s", query, m.ID)
		}
	}
	if _, err := Model("flux.1-dev"); err == nil || !strings.Contains(err.Error(), "flux.1-dev is a pipeline") {
		t.Errorf("a pipeline as a language model: %v", err)
	}
	// A miss suggests names of either catalogue, whichever was asked.
	for _, ask := range []func(string) error{
		func(q string) error { _, err := Pipeline(q); return err },
		func(q string) error { _, err := Model(q); return err },
	} {
		var miss *names.Miss
		if err := ask("flux.1-devv"); !errors.As(err, &miss) || !slices.Contains(miss.Suggestions, "flux.1-dev") {
			t.Errorf("flux.1-devv: %v", err)
		}
		if err := ask("lama-3.1-8b"); !errors.As(err, &miss) || !slices.Contains(miss.Suggestions, "llama-3.1-8b") {
			t.Errorf("lama-3.1-8b: %v", err)
		}
	}
}

// TestNamesOfAllModelsAreUnique holds over both catalogues: an id or alias names one
// model.
func TestNamesOfAllModelsAreUnique(t *testing.T) {
	owner := map[string]string{}
	add := func(_ string, line []byte) bool {
		id, list := lineHead(line)
		all := []string{string(id)}
		for len(list) > 0 {
			var a []byte
			if a, list = nextString(list); a != nil {
				all = append(all, string(a))
			}
		}
		for _, name := range all {
			name = strings.ToLower(name)
			if other, ok := owner[name]; ok && (other != string(id) || name == string(id)) {
				t.Errorf("%q names %s and %s", name, other, id)
			}
			owner[name] = string(id)
		}
		return true
	}
	if err := jsonLines(pipelineFiles, "pipelines", add); err != nil {
		t.Fatal(err)
	}
	if err := modelLines(add); err != nil {
		t.Fatal(err)
	}
}

func TestEmbeddingModelsArePipelines(t *testing.T) {
	entries, err := Models()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range entries {
		if e.Class != "embedding" {
			if IsPipeline(e.ID) {
				t.Errorf("%s is taken for a pipeline", e.ID)
			}
			continue
		}
		seen++
		m, err := Pipeline(e.ID)
		if err != nil {
			t.Errorf("%s: %v", e.ID, err)
			continue
		}
		c := m.Find(pipeline.Encoder)
		if m.Class != pipeline.Embedding || c == nil || c.Params != e.ParamsTotal || c.Layers != e.Layers || c.Hidden == 0 || c.FFN == 0 || m.Defaults.SequenceTokens == 0 {
			t.Errorf("%s: %+v", e.ID, m)
			continue
		}
		if body := float64(c.Layers) * c.LinearD2 * float64(c.Hidden) * float64(c.Hidden); body < 0.5*float64(c.Params-int64(c.Vocab)*int64(c.Hidden)) || body > float64(c.Params) {
			t.Errorf("%s: layers hold %.3g weights of %.3g", e.ID, body, float64(c.Params))
		}
	}
	if seen < 20 {
		t.Errorf("only %d embedding models", seen)
	}
}
