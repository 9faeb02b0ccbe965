package modelfile_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/modelfile"
	"github.com/plimsoll/plimsoll/profiles/modelfile/brokentest"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf/gguftest"
)

// tower is the metadata that llama.cpp writes for the encoder of Qwen2.5-VL.
func tower() *gguftest.File {
	return &gguftest.File{
		KV: []gguftest.KV{
			{Key: "general.architecture", Value: "clip"}, {Key: "clip.has_vision_encoder", Value: true}, {Key: "clip.projector_type", Value: "qwen2.5vl_merger"},
			{Key: "clip.vision.image_size", Value: 560}, {Key: "clip.vision.patch_size", Value: 14}, {Key: "clip.vision.embedding_length", Value: 1280},
			{Key: "clip.vision.feed_forward_length", Value: 3420}, {Key: "clip.vision.block_count", Value: 32}, {Key: "clip.vision.attention.head_count", Value: 16},
		},
		Tensors: []gguftest.Tensor{{Name: "v.patch_embd.weight", Dims: []int64{14, 14, 3, 1280}, Type: "F16"}, {Name: "mm.0.bias", Dims: []int64{5120}, Type: "F32"}},
	}
}

func TestOpenTower(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mmproj.gguf")
	if err := tower().Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := modelfile.OpenTower(path)
	want := modelfile.Tower{Params: 14*14*3*1280 + 5120, Bytes: 2*14*14*3*1280 + 4*5120, Layers: 32, Hidden: 1280, FFN: 3420, Heads: 16, Patch: 14, ImageSize: 560, Projector: "qwen2.5vl_merger"}
	if err != nil || *got != want || !modelfile.IsTower(path) {
		t.Errorf("%+v %v", got, err)
	}
	audio := tower()
	audio.KV = []gguftest.KV{{Key: "general.architecture", Value: "clip"}, {Key: "clip.has_audio_encoder", Value: true}, {Key: "clip.audio.block_count", Value: 32}, {Key: "clip.audio.embedding_length", Value: 1280}, {Key: "clip.audio.projector_type", Value: "ultravox"}}
	if err := audio.Write(path); err != nil {
		t.Fatal(err)
	}
	if got, err := modelfile.OpenTower(path); err != nil || !got.Audio || got.Layers != 32 || got.Projector != "ultravox" {
		t.Errorf("%+v %v", got, err)
	}
	if err := brokentest.Llama().Write(path); err != nil {
		t.Fatal(err)
	}
	if _, err := modelfile.OpenTower(path); err == nil || !strings.Contains(err.Error(), "no projector") || modelfile.IsTower(path) {
		t.Error(err)
	}
	none := tower()
	none.KV = none.KV[:3]
	if err := none.Write(path); err != nil {
		t.Fatal(err)
	}
	if _, err := modelfile.OpenTower(path); err == nil || !strings.Contains(err.Error(), "clip.vision.block_count") {
		t.Error(err)
	}
}
