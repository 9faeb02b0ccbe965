package modelfile_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/model"
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
	want := modelfile.Tower{Params: 14*14*3*1280 + 5120, Bytes: 2*14*14*3*1280 + 4*5120, Layers: 32, Hidden: 1280, FFN: 3420, Heads: 16, Patch: 14, ImageSize: 560, Projector: "qwen2.5vl_merger", Sees: true, Width: 5120}
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

func TestJoin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mmproj.gguf")
	open := func(change func(*gguftest.File)) *modelfile.Tower {
		t.Helper()
		f := tower()
		if change != nil {
			change(f)
		}
		if err := f.Write(path); err != nil {
			t.Fatal(err)
		}
		got, err := modelfile.OpenTower(path)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	stated := func(n int) func(*gguftest.File) {
		return func(f *gguftest.File) {
			f.KV = append(f.KV, gguftest.KV{Key: "clip.vision.projection_dim", Value: n})
		}
	}
	for _, c := range []struct {
		name   string
		change func(*gguftest.File)
		want   int
	}{
		{"the last bias", nil, 5120},
		{"stated, and a tensor has it", stated(5120), 5120},
		{"CLIP's own, which no tensor of the projector has", stated(768), 5120},
		{"stated, without tensors of the projector", func(f *gguftest.File) { stated(4096)(f); f.Tensors = f.Tensors[:1] }, 4096},
		{"nothing tells", func(f *gguftest.File) { f.Tensors = f.Tensors[:1] }, 0},
	} {
		if got := open(c.change); got.Width != c.want {
			t.Errorf("%s: %d, want %d", c.name, got.Width, c.want)
		}
	}
	tw := open(nil)
	m := &model.Model{Arch: model.Architecture{HiddenSize: 5120, Vision: &model.Vision{Type: "qwen2_5_vl", Params: 7, Layers: 9, Hidden: 11, Merge: 2}}, VisionParams: 7}
	got, err := tw.Join(m)
	if err != nil {
		t.Fatal(err)
	}
	want := model.Vision{Type: "qwen2_5_vl", Params: tw.Params, Layers: 32, Hidden: 1280, Patch: 14, Merge: 2, ParamsFrom: "projector file",
		Projector: "qwen2.5vl_merger", Bytes: tw.Bytes, FFN: 3420, Heads: 16, ImageSize: 560}
	if *got.Arch.Vision != want || got.VisionParams != tw.Params || !got.Arch.Vision.OwnFile() {
		t.Errorf("%+v", got.Arch.Vision)
	}
	if m.Arch.Vision.Params != 7 || m.VisionParams != 7 || m.Arch.Vision.OwnFile() {
		t.Errorf("the model itself changed: %+v", m.Arch.Vision)
	}
	if _, err := tw.Join(&model.Model{Arch: model.Architecture{HiddenSize: 4096}}); err == nil || !strings.Contains(err.Error(), "5120 elements, those of the model 4096") {
		t.Error(err)
	}
	// A tower that only hears leaves what sees as it is.
	hears := &modelfile.Tower{Params: 5, Bytes: 10, Layers: 32, Hidden: 1280, Audio: true, Projector: "ultravox"}
	if got, err = hears.Join(m); err != nil || got.Arch.Vision.Layers != 9 || got.Arch.Vision.Hidden != 11 || got.Arch.Vision.Bytes != 10 {
		t.Errorf("%+v %v", got, err)
	}
}
