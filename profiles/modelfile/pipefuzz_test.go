package modelfile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/modelfile/brokentest"
	"github.com/plimsoll/plimsoll/profiles/modelfile/checkpoint"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf/gguftest"
	"github.com/plimsoll/plimsoll/profiles/modelfile/safetensors"
)

// FuzzTower goes from the bytes of a GGUF file to a tower, or to a denoiser.
func FuzzTower(f *testing.F) {
	clip := &gguftest.File{
		KV:      []gguftest.KV{{Key: "general.architecture", Value: "clip"}, {Key: "clip.vision.block_count", Value: 2}, {Key: "clip.vision.embedding_length", Value: 32}},
		Tensors: []gguftest.Tensor{{Name: "v.patch_embd.weight", Dims: []int64{14, 14, 3, 32}, Type: "F16"}},
	}
	flux := &gguftest.File{
		KV:      []gguftest.KV{{Key: "general.architecture", Value: "flux"}, {Key: "comfy.gguf.orig_shape.img_in.weight", Value: []int32{32, 64}}},
		Tensors: []gguftest.Tensor{{Name: "double_blocks.0.img_attn.qkv.weight", Dims: []int64{32, 96}, Type: "Q8_0"}, {Name: "img_in.weight", Dims: []int64{64, 32}, Type: "F16"}},
	}
	for _, file := range []*gguftest.File{clip, flux, brokentest.Llama()} {
		head, _, err := file.Header()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(head)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := gguf.Read(padded{bytes.NewReader(b)}, 1<<24)
		if err != nil {
			return
		}
		if tower, err := fromTower(h); err == nil && (tower.Params < 1 || tower.Bytes < 0 || tower.Layers < 1 || tower.Heads < 0) {
			t.Errorf("%+v", tower)
		}
		if c, known, err := ggufCheckpoint(h); err == nil {
			sane(t, c, known)
		}
	})
}

// FuzzCheckpoint goes from the bytes of a safetensors file to its components.
func FuzzCheckpoint(f *testing.F) {
	for _, s := range []string{
		`{"double_blocks.0.img_attn.proj.weight":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]},"single_blocks.0.linear1.bias":{"dtype":"BF16","shape":[4],"data_offsets":[8,16]}}`,
		`{"model.diffusion_model.input_blocks.0.0.weight":{"dtype":"F16","shape":[2,1,1,1],"data_offsets":[0,4]},"first_stage_model.decoder.conv_in.weight":{"dtype":"F16","shape":[1,2,1,1],"data_offsets":[4,8]},"conditioner.embedders.0.transformer.text_model.embeddings.token_embedding.weight":{"dtype":"F16","shape":[4],"data_offsets":[8,16]}}`,
		`{"layers.0.attention.qkv.weight":{"dtype":"BF16","shape":[6,2],"data_offsets":[0,24]},"noise_refiner.0.x":{"dtype":"BF16","shape":[],"data_offsets":[24,26]}}`,
		`{"joint_blocks.0.x_block.attn.proj.weight":{"dtype":"F8_E4M3","shape":[4,4],"data_offsets":[0,16]}}`,
	} {
		b := []byte{byte(len(s)), byte(len(s) >> 8), 0, 0, 0, 0, 0, 0}
		f.Add(append(append(b, s...), make([]byte, 32)...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var c checkpoint.Reader
		if err := safetensors.Read(bytes.NewReader(b), int64(len(b)), func(x safetensors.Tensor) error {
			return c.Add(checkpoint.Tensor{Name: x.Name, Shape: x.Shape, Elements: x.Elements(), Bytes: x.Bytes, Type: x.DType})
		}); err != nil {
			return
		}
		sane(t, &c, false)
	})
}

func sane(t *testing.T, c *checkpoint.Reader, force bool) {
	p, err := c.Result(force)
	if err != nil {
		return
	}
	for i := range p.Components {
		if x := &p.Components[i]; x.Params < 0 || x.FileBytes < 0 || x.Hidden < 0 || x.Heads < 0 || x.KVHeads < 0 || x.Spatial < 0 || x.Role == "" || len(x.Channels) != len(x.Depths) {
			t.Errorf("%+v", x)
		}
	}
}

// FuzzModelIndex reads an index beside two configs.
func FuzzModelIndex(f *testing.F) {
	index, err := os.ReadFile(filepath.Join("testdata", "pipelines", "tiny-sd", indexName))
	if err != nil {
		f.Fatal(err)
	}
	unet, err := os.ReadFile(filepath.Join("testdata", "pipelines", "tiny-sd", "unet", "config.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(index, unet)
	f.Add([]byte(`{"unet":["diffusers","X"],"unet_2":[null,null],"unet/../x":["a","b"]}`), []byte(`{"_class_name":"X","patch_size":[1,2,2]}`))
	f.Add([]byte(`{}`), []byte(`{"_class_name":"WanTransformer3DModel","num_layers":2}`))
	dir := f.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "unet"), 0o755); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, index, unet []byte) {
		if os.WriteFile(filepath.Join(dir, indexName), index, 0o644) != nil || os.WriteFile(filepath.Join(dir, "unet", "config.json"), unet, 0o644) != nil {
			t.Skip("the folder cannot be written")
		}
		m, _, err := Pipeline(dir)
		switch {
		case err != nil && (strings.ContainsAny(err.Error(), "\n\r") || !strings.Contains(err.Error(), dir)):
			t.Errorf("%q", err)
		case err == nil && m.Components[0].Params < 1:
			t.Errorf("%+v", m.Components)
		}
	})
}
