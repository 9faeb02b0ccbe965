package modelfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/modelfile"
	"github.com/plimsoll/plimsoll/profiles/modelfile/checkpoint"
)

func mustRead(t *testing.T, path string) (*pipeline.Model, string) {
	t.Helper()
	if !modelfile.IsPipeline(path) {
		t.Errorf("%s is not taken for a pipeline", path)
	}
	m, notes, err := modelfile.Pipeline(path)
	if err != nil {
		t.Fatal(err)
	}
	return m, strings.Join(notes, "\n")
}

// A denoiser alone has its own bytes and takes the rest from the catalogue.
func TestCheckpointFlux(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct {
		file     string
		guidance bool
		params   int64 // of the published checkpoints
		steps    int
	}{{"my-dev.safetensors", true, 11901408320, 28}, {"my-fast.safetensors", false, 11891178560, 4}} {
		path := filepath.Join(dir, tc.file)
		flux(tc.guidance).safetensors(t, path)
		m, notes := mustRead(t, path)
		d := m.Find(pipeline.Denoiser)
		if d.Params != tc.params || d.FileBytes != 2*tc.params || d.FileFormat != "bf16" || d.DoubleLayers != 19 || d.SingleLayers != 38 || d.Hidden != 3072 || d.Heads != 24 {
			t.Errorf("%s: %+v", tc.file, d)
		}
		if m.Class != pipeline.TextToImage || m.Defaults.Steps != tc.steps || m.Defaults.Passes != 1 || d.TextTokens != 512 {
			t.Errorf("%s: %s %+v", tc.file, m.Class, m.Defaults)
		}
		if m.Find(pipeline.VAE) == nil || m.Find(pipeline.TextEncoder) == nil || !strings.Contains(notes, "not in the file") {
			t.Errorf("%s: not completed: %s", tc.file, notes)
		}
	}
	path := filepath.Join(dir, "flux-Q8_0.gguf")
	flux(true).gguf(t, path, "flux")
	m, _ := mustRead(t, path)
	if d := m.Find(pipeline.Denoiser); d.Params != 11901408320 || d.FileFormat != "q8_0" || d.FileBytes < d.Params*34/32 || d.FileBytes > d.Params*35/32 || d.Hidden != 3072 {
		t.Errorf("%+v", d)
	}
	// stable-diffusion.cpp names no architecture.
	bare := filepath.Join(dir, "bare.gguf")
	flux(true).gguf(t, bare, "")
	if m, _ := mustRead(t, bare); m.Find(pipeline.Denoiser).Params != 11901408320 {
		t.Errorf("%+v", m.Components[0])
	}
}

// In NF4 two weights lie in a byte, with tables beside; the shape is told by
// the biases.
func TestCheckpointPacked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flux1-dev-bnb-nf4.safetensors")
	whole, packed := flux(true), &table{dtype: map[string]string{}}
	for i, name := range whole.names {
		shape := whole.shapes[i]
		if len(shape) < 2 || !strings.Contains(name, "_blocks.") {
			packed.add(name, shape...)
			continue
		}
		n := shape[0] * shape[1]
		packed.dtype[name], packed.dtype[name+".quant_map"], packed.dtype[name+".absmax"] = "U8", "F32", "F32"
		packed.add(name, n/2, 1)
		packed.add(name+".absmax", n/64)
		packed.add(name+".quant_map", 16)
	}
	packed.safetensors(t, path)
	m, _ := mustRead(t, path)
	d := m.Find(pipeline.Denoiser)
	if d.Params != 11901408320 || d.FileFormat != "nf4" || d.Hidden != 3072 || m.Defaults.Steps != 28 {
		t.Errorf("%+v %+v", d, m.Defaults)
	}
	if per := float64(d.FileBytes) / float64(d.Params) * 8; per < 4.4 || per > 4.7 {
		t.Errorf("%g bits a weight", per)
	}
}

func TestCheckpointVideo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wan2.1_t2v_1.3B_bf16.safetensors")
	wan().safetensors(t, path)
	m, _ := mustRead(t, path)
	d := m.Find(pipeline.Denoiser)
	if m.Class != pipeline.TextToVideo || m.Defaults.Frames != 81 || m.Defaults.Steps != 50 || d.Layers != 30 || d.FFN != 8960 || d.Heads != 12 {
		t.Errorf("%s %+v %+v", m.Class, m.Defaults, d)
	}
}

func TestCheckpointWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anything.safetensors")
	sdxl().safetensors(t, path)
	m, notes := mustRead(t, path)
	if len(m.Components) != 4 || strings.Contains(notes, "not in the file") {
		t.Fatalf("%d components: %s", len(m.Components), notes)
	}
	d, v := m.Find(pipeline.Denoiser), m.Find(pipeline.VAE)
	if fmt.Sprint(d.Channels, d.Depths, d.CrossDim, d.Conditioning) != "[320 640 1280] [0 2 10] 2048 2816" || m.Defaults.Width != 1024 {
		t.Errorf("%+v %+v", d, m.Defaults)
	}
	if fmt.Sprint(v.Blocks, v.Latent, v.Spatial) != "[128 256 512 512] 4 8" || v.PeakPerPixel == 0 || v.DecoderParams >= v.Params || !v.Upcast {
		t.Errorf("%+v", v)
	}
	var widths []string
	for _, c := range m.Components {
		if c.Role == pipeline.TextEncoder {
			widths = append(widths, fmt.Sprint(c.Hidden, c.Layers, c.Heads, c.FFN, c.MaxTokens))
		}
	}
	if strings.Join(widths, "; ") != "768 12 12 3072 77; 1280 32 20 5120 77" {
		t.Error(widths)
	}
}

func TestPipelineFolders(t *testing.T) {
	m, notes := mustRead(t, filepath.Join("testdata", "pipelines", "tiny-sd"))
	if len(m.Components) != 3 || m.Class != pipeline.TextToImage || m.Defaults.Width != 64 || m.Defaults.Steps != 50 || !strings.Contains(notes, "are assumed") {
		t.Errorf("%+v %+v %s", m.Components, m.Defaults, notes)
	}
	if m.Assumed["defaults"] == "" || m.ID != "tiny-sd" {
		t.Errorf("%s %v", m.ID, m.Assumed)
	}
	e, notes := mustRead(t, filepath.Join("testdata", "pipelines", "tiny-sentences"))
	c := e.Components[0]
	// 1514 embeddings and a norm, two layers, a pooling layer and a dense one.
	want := int64(1514*64 + 128 + 2*(4*(64*64+64)+2*64*128+128+64+256) + 64*64 + 64 + 64*32 + 32)
	if e.Class != pipeline.Embedding || c.Params != want || c.MaxTokens != 128 || e.Defaults.SequenceTokens != 128 || !strings.Contains(notes, "128 tokens") {
		t.Errorf("%+v (%d wanted) %+v %s", c, want, e.Defaults, notes)
	}
}

// A language model encodes the text of many pipelines; its size is that of the
// language model (Qwen3-4B: 4.02 billion weights), its facts fill from the
// catalogue.
func TestPipelineLanguageModel(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Z-Image-Turbo")
	for name, text := range map[string]string{
		"model_index.json":         `{"_class_name":"ZImagePipeline","text_encoder":["transformers","Qwen3Model"],"transformer":["diffusers","ZImageTransformer2DModel"],"vae":["diffusers","AutoencoderKL"]}`,
		"transformer/config.json":  `{"_class_name":"ZImageTransformer2DModel","all_patch_size":[2],"all_f_patch_size":[1],"dim":3840,"n_layers":30,"n_refiner_layers":2,"n_heads":30,"cap_feat_dim":2560,"in_channels":16}`,
		"text_encoder/config.json": `{"architectures":["Qwen3Model"],"model_type":"qwen3","hidden_size":2560,"intermediate_size":9728,"num_hidden_layers":36,"num_attention_heads":32,"num_key_value_heads":8,"head_dim":128,"vocab_size":151936,"tie_word_embeddings":true,"torch_dtype":"bfloat16"}`,
		"vae/config.json":          `{"_class_name":"AutoencoderKL","block_out_channels":[128,256,512,512],"layers_per_block":2,"latent_channels":16,"use_quant_conv":false,"use_post_quant_conv":false}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m, notes := mustRead(t, dir)
	c := m.Find(pipeline.TextEncoder)
	if c.Params != 4022468096 || c.ModelRef != "qwen3-4b" || c.KVHeads != 8 || !c.Gated {
		t.Errorf("%+v", c)
	}
	if m.Defaults.Steps != 9 || m.Defaults.Passes != 1 || !m.NoGuidance || !strings.Contains(notes, "z-image-turbo") {
		t.Errorf("%+v %s", m.Defaults, notes)
	}
}

// Weights beside the configs settle the sizes, also where the class is not
// known.
func TestPipelineWeights(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("model_index.json", `{"_class_name":"NewPipeline","transformer":["diffusers","NewTransformer2DModel"],"vae":["diffusers","AutoencoderKL"]}`)
	write("transformer/config.json", `{"_class_name":"NewTransformer2DModel"}`)
	write("vae/config.json", `{"_class_name":"AutoencoderKL","block_out_channels":[128,256,512,512],"layers_per_block":2}`)
	_, _, err := modelfile.Pipeline(dir)
	if err == nil || !strings.Contains(err.Error(), "NewTransformer2DModel") || !strings.Contains(err.Error(), filepath.Join("transformer", "config.json")) {
		t.Errorf("a class that is not known, without weights: %v", err)
	}
	write("transformer/diffusion_pytorch_model.safetensors.index.json", `{"metadata":{"total_size":4000},"weight_map":{"a":"x-00001-of-00002.safetensors","b":"x-00002-of-00002.safetensors"}}`)
	m, notes := mustRead(t, dir)
	if d := m.Find(pipeline.Denoiser); d.FileBytes != 4000 || d.Params != 2000 || d.Kind != pipeline.Unknown || !strings.Contains(notes, "not known") {
		t.Errorf("%+v %s", d, notes)
	}
	one := &table{}
	one.linear("proj", 30, 20)
	one.safetensors(t, filepath.Join(dir, "transformer", "x-00001-of-00002.safetensors"))
	two := &table{}
	two.add("other", 5)
	two.safetensors(t, filepath.Join(dir, "transformer", "x-00002-of-00002.safetensors"))
	m, _ = mustRead(t, dir)
	if d := m.Find(pipeline.Denoiser); d.Params != 635 || d.FileBytes != 1270 || d.FileFormat != "bf16" {
		t.Errorf("%+v", d)
	}
}

func TestPipelineErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	lone := &table{}
	lone.add("first_stage_model.decoder.conv_in.weight", 512, 4, 3, 3)
	lone.safetensors(t, filepath.Join(dir, "vae.safetensors"))
	for _, tc := range []struct{ path, want string }{
		{filepath.Join(dir, "absent"), "no such file"},
		{file("a/model_index.json", `{"_class_name":"X"}`), "names no network"},
		{file("b/model_index.json", `{"unet":["diffusers","UNet2DConditionModel"]}`), "no denoiser"},
		{file("c/config.json", `{"_class_name":"UNet2DConditionModel","block_out_channels":"wide"}`), "block_out_channels"},
		{file("d/config.json", `{"_class_name":"WanTransformer3DModel","num_layers":-3}`), "num_layers"},
		{file("e/config.json", `{"model_type":"whisper"}`), "d_model: missing"},
		{file("f/config.json", `{"model_type":"bert","hidden_size":"NaN"}`), "hidden_size"},
		{file("g/config.json", `{"_class_name":"AutoencoderKL"}`), "no pipeline"},
		{file("h/model_index.json", `{"unet/../../x":["a","b"],"unet":["diffusers","U"]}`), "is not the name of a folder"},
		{file("i/config.json", strings.Repeat(`{"a":`, 1000)), "nested"},
		{filepath.Join(dir, "vae.safetensors"), "no denoiser"},
		{file("j.bin", "lmgg\x01\x00\x00\x00"), "too early"},
		{file("k.txt", "hello"), "not a model file"},
	} {
		_, _, err := modelfile.Pipeline(tc.path)
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, want %q in one line that names the file", tc.path, err, tc.want)
		}
	}
	for _, language := range []string{
		file("l/config.json", `{"model_type":"llama","hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,"vocab_size":100}`),
		file("m/config.json", `{"architectures":["T5ForConditionalGeneration"]}`), filepath.Join(dir, "absent"), file("n.gguf", "GGUF"), file("o.safetensors", "x"), dir,
	} {
		if modelfile.IsPipeline(language) {
			t.Errorf("%s is taken for a pipeline", language)
		}
	}
}

// What files hold has a name among the formats of pipelines.
func TestFormatNames(t *testing.T) {
	formats, err := profiles.PipelineFormats()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, f := range formats {
		known[f.Name] = true
	}
	for _, typ := range []string{"F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "I8", "U8", "Q8_0", "Q6_K", "Q5_K", "Q5_1", "Q5_0", "Q4_K", "Q4_1", "Q4_0", "IQ4_NL", "IQ4_XS", "Q3_K", "Q2_K"} {
		if name := checkpoint.Format(map[string]int64{typ: 2, "F64": 1}); !known[name] {
			t.Errorf("%s is called %q, which is no format", typ, name)
		}
	}
}
