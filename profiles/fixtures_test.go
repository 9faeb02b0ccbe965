package profiles

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/model"
)

// realConfig holds the fields of a config.json that name each layer's kind.
type realConfig struct {
	LayerTypes     []string    `json:"layer_types"`
	Hybrid         string      `json:"hybrid_override_pattern"`
	SlidingPattern []int       `json:"hybrid_layer_pattern"`
	Compression    []int       `json:"compress_ratios"`
	Indexers       []string    `json:"indexer_types"`
	Text           *realConfig `json:"text_config"`
	Linear         *struct {
		Full []int `json:"full_attn_layers"` // counted from 1
	} `json:"linear_attn_config"`
}

// TestLayersMatchRealConfigs compares the kind of every layer with the lists
// in real config files.
func TestLayersMatchRealConfigs(t *testing.T) {
	root := os.Getenv("PLIMSOLL_FIXTURES")
	if root == "" {
		t.Skip("PLIMSOLL_FIXTURES is not set: no real config files to compare with")
	}
	for dir, id := range map[string]string{
		"google--gemma-4-26B-A4B": "gemma-4-26b-a4b", "XiaomiMiMo--MiMo-V2-Flash": "mimo-v2-flash", "stepfun-ai--Step-3.7-Flash": "step-3.7-flash",
		"Qwen--Qwen3.5-35B-A3B": "qwen3.5-35b-a3b", "Qwen--Qwen3.5-397B-A17B": "qwen3.5-397b-a17b", "openai--gpt-oss-20b": "gpt-oss-20b",
		"openai--gpt-oss-120b": "gpt-oss-120b", "moonshotai--Kimi-K3": "kimi-k3", "deepseek-ai--DeepSeek-V4-Flash": "deepseek-v4-flash",
		"nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": "nemotron-3-nano-30b-a3b", "nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-FP8": "nemotron-3-super-120b-a12b",
		"nvidia--Nemotron-H-56B-Base-8K": "nemotron-h-56b", "zai-org--GLM-5.2": "glm-5.2",
	} {
		data, err := os.ReadFile(filepath.Join(root, "models", dir, "config.json"))
		if err != nil {
			t.Errorf("%s: %v", dir, err)
			continue
		}
		data = bytes.ReplaceAll(data, []byte("Infinity"), []byte("0")) // Python writes it, JSON has no such word
		var c realConfig
		if err := json.Unmarshal(data, &c); err != nil {
			t.Errorf("%s: %v", dir, err)
			continue
		}
		if c.Text != nil {
			c = *c.Text
		}
		m, err := Model(id)
		if err != nil {
			t.Error(err)
			continue
		}
		checked := 0
		want := func(i int, ok bool, kind string) {
			checked++
			if i < len(m.Layers) && !ok {
				t.Errorf("%s, layer %d: %+v, the config says %s", id, i, m.Layers[i], kind)
			}
		}
		layer := func(i int) *model.Layer { return &m.Layers[min(i, len(m.Layers)-1)] }
		for i, k := range c.LayerTypes {
			l := layer(i)
			switch k {
			case "full_attention":
				want(i, l.Attention == model.FullAttention, k)
			case "sliding_attention":
				want(i, l.Attention == model.WindowAttention, k)
			case "linear_attention":
				want(i, l.Recurrent != model.NoRecurrence && l.Attention == model.NoAttention, k)
			}
		}
		for i, k := range c.Hybrid {
			l := layer(i)
			mixer := l.Recurrent != model.NoRecurrence
			switch k {
			case 'M':
				want(i, mixer && l.Attention == model.NoAttention && l.DenseFFNWidth == 0 && l.Experts == 0, "Mamba")
			case '*':
				want(i, !mixer && l.Attention == model.FullAttention && l.DenseFFNWidth == 0 && l.Experts == 0, "attention")
			case '-':
				want(i, !mixer && l.Attention == model.NoAttention && l.DenseFFNWidth > 0, "feed-forward")
			case 'E':
				want(i, !mixer && l.Attention == model.NoAttention && l.Experts > 0, "experts")
			}
		}
		for i, windowed := range c.SlidingPattern {
			want(i, (layer(i).Attention == model.WindowAttention) == (windowed == 1), "window or not")
		}
		for i, ratio := range c.Compression {
			want(i, layer(i).KVCompression == ratio, "another compression")
		}
		for i, k := range c.Indexers {
			want(i, (layer(i).IndexerDim > 0) == (k == "full"), "indexer "+k)
		}
		if c.Linear != nil {
			full := map[int]bool{}
			for _, i := range c.Linear.Full {
				full[i-1] = true
			}
			for i := range m.Layers {
				want(i, full[i] == (layer(i).Attention == model.LatentAttention), "latent attention or not")
			}
		}
		if checked < len(m.Layers) {
			t.Errorf("%s: only %d of %d layers compared", id, checked, len(m.Layers))
		}
	}
}
