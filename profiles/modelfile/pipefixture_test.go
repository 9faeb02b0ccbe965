package modelfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles/modelfile"
)

// Real configs give what is published of their models.
func TestPipelineFixtures(t *testing.T) {
	root := os.Getenv("PLIMSOLL_FIXTURES")
	if root == "" {
		t.Skip("PLIMSOLL_FIXTURES is not set: the configs of real models are not here")
	}
	for _, tc := range []struct {
		path   string
		class  pipeline.Class
		like   string // the catalogue's model that it is built like
		params map[string]int64
		job    pipeline.Job
		source string
	}{
		{"stabilityai--stable-diffusion-xl-base-1.0", pipeline.TextToImage, "sdxl-base-1.0",
			map[string]int64{"unet": 2567463684, "vae": 83653863, "text_encoder": 123060480, "text_encoder_2": 694659840}, pipeline.Job{Width: 1024, Height: 1024, Steps: 50, Passes: 2},
			"parameters of the published checkpoint: 2567M, 84M, 123M and 695M"},
		{"Wan-AI--Wan2.1-T2V-1.3B-Diffusers", pipeline.TextToVideo, "wan2.1-t2v-1.3b", map[string]int64{"transformer": 1418996800}, pipeline.Job{Width: 832, Height: 480, Frames: 81, Steps: 50, Passes: 2}, "1.42B"},
		{"Wan-AI--Wan2.1-T2V-1.3B-Diffusers/transformer/config.json", pipeline.TextToVideo, "wan2.1-t2v-1.3b", map[string]int64{"transformer": 1418996800}, pipeline.Job{Frames: 81}, "1.42B"},
		{"ali-vilab--text-to-video-ms-1.7b", pipeline.TextToVideo, "", map[string]int64{"unet": 1411233860, "text_encoder": 340387840, "vae": 83653863}, pipeline.Job{Width: 256, Height: 256, Frames: 16},
			"1.7B in all by its name: 1.41B, 0.34B"},
		{"vinai--PhoWhisper-tiny", pipeline.Recognition, "whisper-tiny", map[string]int64{"encoder": 8208384, "decoder": 29552256}, pipeline.Job{AudioSeconds: 30}, "37.76M in all, as Whisper tiny"},
		{"bert-large-uncased", pipeline.Embedding, "", map[string]int64{"encoder": 335141888}, pipeline.Job{SequenceTokens: 256}, "335M with its pooling layer"},
		{"Snowflake--snowflake-arctic-embed-m", pipeline.Embedding, "", map[string]int64{"encoder": 109482240}, pipeline.Job{SequenceTokens: 256}, "109M"},
		{"MiniMax-H3-video/FL2VA/transformer", pipeline.TextToVideo, "", map[string]int64{"transformer": 33140215072}, pipeline.Job{}, "66,280,430,144 bytes by the index of its shards, in 16 bits"},
	} {
		t.Run(tc.path, func(t *testing.T) {
			m, notes := mustRead(t, filepath.Join(root, "models", tc.path))
			if m.Class != tc.class {
				t.Errorf("class %s", m.Class)
			}
			if tc.like != "" && !strings.Contains(notes, "built like "+tc.like+" ") {
				t.Errorf("notes: %s", notes)
			}
			found := 0
			for i := range m.Components {
				c := &m.Components[i]
				if want, ok := tc.params[c.Name]; ok {
					found++
					if c.Params != want {
						t.Errorf("%s: %d weights, %d published (%s)", c.Name, c.Params, want, tc.source)
					}
				}
			}
			if found != len(tc.params) {
				t.Errorf("%d of %d components found", found, len(tc.params))
			}
			// Fields that the wanted job leaves open are taken from what was read.
			if got := m.Defaults; tc.job.With(got) != got {
				t.Errorf("defaults %+v", got)
			}
		})
	}
	_, _, err := modelfile.Pipeline(filepath.Join(root, "models", "MiniMax-H3-video", "FL2VA"))
	if err == nil || !strings.Contains(err.Error(), "MiniMaxH3VideoVAE") || !strings.Contains(err.Error(), "video_vae") {
		t.Errorf("a class that is not known, without weights: %v", err)
	}
	for _, language := range []string{"meta-llama--Llama-3.2-3B", "Qwen--Qwen3-14B-MLX-4bit", "google--flan-t5-xxl-reduced", "t5-base-reduced", "microsoft--Phi-3.5-vision-instruct", "gguf-vocab-only/ggml-vocab-bert-bge.gguf"} {
		if modelfile.IsPipeline(filepath.Join(root, "models", language)) {
			t.Errorf("%s is taken for a pipeline", language)
		}
	}
}
