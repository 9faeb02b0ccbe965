package modelfile_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/modelfile"
	"github.com/plimsoll/plimsoll/profiles/modelfile/brokentest"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf/gguftest"
)

func TestOpenGGUF(t *testing.T) {
	dir := t.TempDir()
	one := filepath.Join(dir, "tiny.gguf")
	if err := brokentest.Llama().Write(one); err != nil {
		t.Fatal(err)
	}
	sub := filepath.Join(dir, "split")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	first, err := brokentest.Llama().WriteSplit(sub, "tiny", 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{one, first, sub} {
		m, err := modelfile.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		a := m.Arch
		if a.LayerCount != 2 || a.Heads != 4 || a.KVHeads != 2 || a.HeadDim != 64 || a.VocabSize != 1000 || a.TiedEmbeddings || a.Attention != "gqa" {
			t.Errorf("%+v", a)
		}
		if !m.FromFile || m.FileFormat != "Q4_K_M" || len(m.Tensors) != 21 {
			t.Errorf("%v %q, %d tensors", m.FromFile, m.FileFormat, len(m.Tensors))
		}
		formats, err := profiles.Formats()
		if err != nil {
			t.Fatal(err)
		}
		w, err := formats.FromFile(m)
		if err != nil {
			t.Fatal(err)
		}
		total := int64(0)
		for i := range m.Tensors {
			total += m.Tensors[i].Bytes
		}
		if w.Total != total || w.Tied || w.Format != "Q4_K_M" {
			t.Errorf("weights %d of %d bytes, %s", w.Total, total, w.Format)
		}
		l := m.Layers[1]
		if l.Attention != model.FullAttention || !l.OwnsCache || l.DenseFFNWidth != 512 || l.KVHeads != 2 || l.AttentionParams != 256*256*2+256*128*2 || l.DenseFFNParams != 3*256*512 {
			t.Errorf("%+v", l)
		}
	}
}

// unreadable are catalogue models that llama.cpp has no file form for, or
// whose files do not carry what their layers need.
var unreadable = map[string]string{
	"olmo2":       "hybrid without a GGUF form of its own",
	"minimax01":   "lightning attention has no GGUF form",
	"bailingmoe2": "Ring's lightning attention has no GGUF form",
	"deepseek4":   "compressed cache: its metadata keys are not known",
}

// The layers read from a file made of a catalogue model's own inventory are
// those that the catalogue's architecture gives.
func TestGGUFAgreesWithCatalogue(t *testing.T) {
	entries, err := profiles.Models()
	if err != nil {
		t.Fatal(err)
	}
	dir, compared := t.TempDir(), 0
	for _, e := range entries {
		want, err := profiles.Model(e.ID)
		if err != nil {
			continue // entries without published geometry
		}
		path := filepath.Join(dir, "m.gguf")
		if err := gguftest.FromModel(want, "F16").Write(path); err != nil {
			t.Errorf("%s: %v", e.ID, err)
			continue
		}
		got, err := modelfile.Open(path)
		if err != nil {
			t.Errorf("%s: %v", e.ID, err)
			continue
		}
		if len(got.Layers) != len(want.Layers) || got.EmbeddingParams != want.EmbeddingParams || got.OutputParams != want.OutputParams {
			t.Errorf("%s: %d layers, embedding %d, output %d; want %d, %d, %d", e.ID, len(got.Layers), got.EmbeddingParams, got.OutputParams, len(want.Layers), want.EmbeddingParams, want.OutputParams)
			continue
		}
		compared++
		for i := range want.Layers {
			g, w := comparable(got.Layers[i]), comparable(want.Layers[i])
			if g == w && got.Layers[i].Params() == want.Layers[i].Params() {
				continue
			}
			if unreadable[want.Arch.Arch] == "" {
				t.Errorf("%s layer %d\n got %+v\nwant %+v", e.ID, i, g, w)
			}
			break
		}
	}
	if compared < 400 {
		t.Errorf("only %d models compared", compared)
	}
}

// comparable leaves out how parameters are split among the small groups and
// how many experts the shared ones were counted as.
func comparable(l model.Layer) model.Layer {
	l.AttentionParams, l.RecurrentParams, l.RouterParams, l.NormParams = 0, 0, 0, 0
	l.SharedExperts = min(l.SharedExperts, 1)
	return l
}

func TestVocabOnlyFixtures(t *testing.T) {
	root := os.Getenv("PLIMSOLL_FIXTURES")
	if root == "" {
		t.Skip("PLIMSOLL_FIXTURES is not set: the files of real models are not here")
	}
	for _, name := range []string{"ggml-vocab-bert-bge.gguf", "ggml-vocab-llama-spm.gguf"} {
		_, err := modelfile.Open(filepath.Join(root, "models", "gguf-vocab-only", name))
		if err == nil || !strings.Contains(err.Error(), "vocab-only") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"meta-llama--Llama-3.2-3B", "mistralai--Devstral-Small-2507", "Qwen--Qwen3-14B-MLX-4bit", "tiiuae--falcon-180B-chat"} {
		m, err := modelfile.Open(filepath.Join(root, "models", name))
		if err != nil || m.FromFile || !strings.Contains(strings.Join(m.Assumptions, "\n"), "weight files are not here") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := modelfile.Open(filepath.Join(root, "models", "stabilityai--stable-diffusion-xl-base-1.0")); err == nil || !strings.Contains(err.Error(), "not a decoder-only") {
		t.Errorf("diffusers folder: %v", err)
	}
}

// A GPTQ checkpoint: packed weights count as the weights they hold, their
// scales as bytes only.
func TestOpenSafetensors(t *testing.T) {
	dir := t.TempDir()
	config := strings.Replace(brokentest.Config, `"torch_dtype"`, `"quantization_config":{"quant_method":"gptq","bits":4,"group_size":32},"torch_dtype"`, 1)
	off := 0
	var entries []string
	add := func(name, dtype string, bytes int, shape string) {
		entries = append(entries, fmt.Sprintf(`%q:{"dtype":%q,"shape":[%s],"data_offsets":[%d,%d]}`, name, dtype, shape, off, off+bytes))
		off += bytes
	}
	add("model.embed_tokens.weight", "F16", 100*64*2, "100,64")
	add("lm_head.weight", "F16", 100*64*2, "100,64")
	for i := range 2 {
		p := fmt.Sprintf("model.layers.%d.", i)
		add(p+"self_attn.q_proj.qweight", "I32", 8*64*4, "8,64")
		add(p+"self_attn.q_proj.scales", "F16", 2*64*2, "2,64")
		add(p+"self_attn.q_proj.qzeros", "I32", 2*8*4, "2,8")
		for e := range 4 {
			add(fmt.Sprintf("%smlp.experts.%d.down_proj.weight", p, e), "F16", 128*64*2, "64,128")
		}
	}
	header := "{" + strings.Join(entries, ",") + "}"
	data := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	data = append(data, make([]byte, off)...)
	for name, b := range map[string][]byte{"config.json": []byte(config), "model.safetensors": data} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, "model.safetensors")} {
		m, err := modelfile.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if !m.FromFile || m.FileFormat != "GPTQ-INT4-g32" || len(m.Tensors) != 6 || m.Arch.TiedEmbeddings {
			t.Fatalf("%v %q, %d tensors", m.FromFile, m.FileFormat, len(m.Tensors))
		}
		total := int64(0)
		for _, ts := range m.Tensors {
			total += ts.Bytes
			switch {
			case ts.Role == model.AttnQ && (ts.Elements != 64*64 || ts.Bytes != 8*64*4+2*64*2+2*8*4):
				t.Errorf("query: %+v", ts)
			case ts.Role == model.FFNDownExps && (ts.Experts != 4 || ts.Elements != 4*64*128 || ts.Row != 128):
				t.Errorf("experts: %+v", ts)
			}
		}
		if total != int64(off) {
			t.Errorf("%d bytes of %d", total, off)
		}
	}
}

func BenchmarkOpenGGUF(b *testing.B) {
	m, err := profiles.Model("llama-3.1-8b")
	if err != nil {
		b.Fatal(err)
	}
	f := gguftest.FromModel(m, "Q4_K")
	f.KV = append(f.KV, gguftest.Tokenizer(128256, 280147)...)
	path := filepath.Join(b.TempDir(), "m.gguf")
	if err := f.Write(path); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := modelfile.Open(path); err != nil {
			b.Fatal(err)
		}
	}
}
