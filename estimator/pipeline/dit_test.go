package pipeline

import (
	"strings"
	"testing"
)

// video is an autoencoder by its strides.
func video(spatial, temporal int, params int64) Component {
	return Component{Name: "3D VAE", Role: VAE, Kind: Convolutional, Spatial: spatial, Temporal: temporal, Causal: true, Latent: 16, Params: params}
}

func ditModel(id string, class Class, d Component, v Component) *Model {
	d.Name, d.Role = "denoiser", Denoiser
	return &Model{ID: id, Class: class, Defaults: Job{Width: 1024, Height: 1024, Steps: 28, Passes: 2, Batch: 1, FPS: 24}, Components: []Component{d,
		{Name: "T5 v1.1 XXL encoder", Role: TextEncoder, Kind: Transformer, Params: 4762310656, Layers: 24, Hidden: 4096, Heads: 64, FFN: 10240, Gated: true, Vocab: 32128}, v}}
}

func mmdit(double, single, hidden, text int, d2 float64, patch [3]int) Component {
	return Component{Kind: MMDiT, DoubleLayers: double, SingleLayers: single, Hidden: hidden, Heads: hidden / 64, TextTokens: text, LinearD2: d2, Gated: d2 > 0, Patch: patch}
}

func cross(layers, hidden, ffn, text int, patch [3]int) Component {
	return Component{Kind: CrossDiT, Layers: layers, Hidden: hidden, Heads: hidden / 64, FFN: ffn, TextTokens: text, Patch: patch}
}

var (
	image2 = [3]int{1, 2, 2}
	whole1 = [3]int{1, 1, 1}
	flux   = ditModel("flux.1", TextToImage, mmdit(19, 38, 3072, 512, 0, image2), kl(16))
	wan14  = ditModel("wan2.1-14b", TextToVideo, cross(40, 5120, 13824, 512, image2), video(8, 4, 127000000))
)

// TFLOPs a pass, counted from the shapes in the sources named, with a
// multiply-add as two.
func TestDiTWork(t *testing.T) {
	for _, c := range []struct {
		source        string
		m             *Model
		w, h, f       int
		want, percent float64
		tokens        float64 // of the picture; 0: not stated
	}{
		{"diffusers transformer_flux.py", flux, 1024, 1024, 0, 74.362, 1, 4096},
		{"diffusers transformer_flux.py", flux, 768, 768, 0, 41.9089, 1, 2304},
		{"diffusers transformer_flux.py", flux, 512, 512, 0, 21.4824, 1, 1024},
		{"black-forest-labs/flux2 src/flux2/model.py", ditModel("flux.2-dev", TextToImage, mmdit(8, 48, 6144, 512, 13, image2), kl(32)), 1024, 1024, 0, 282.49, 1, 4096},
		{"diffusers convert_flux2_to_diffusers.py", ditModel("flux.2-klein-4b", TextToImage, mmdit(5, 20, 3072, 512, 13, image2), kl(32)), 1024, 1024, 0, 34.79, 1, 4096},
		{"diffusers convert_flux2_to_diffusers.py", ditModel("flux.2-klein-9b", TextToImage, mmdit(8, 24, 4096, 512, 13, image2), kl(32)), 1024, 1024, 0, 75.45, 1, 4096},
		{"diffusers transformer_sd3.py", ditModel("sd3-medium", TextToImage, mmdit(24, 0, 1536, 333, 0, image2), kl(16)), 1024, 1024, 0, 8.9113, 1, 4096},
		{"diffusers transformer_sd3.py", ditModel("sd3.5-large", TextToImage, mmdit(38, 0, 2432, 333, 0, image2), kl(16)), 1024, 1024, 0, 31.142, 1, 4096},
		{"diffusers transformer_qwenimage.py", ditModel("qwen-image", TextToImage, mmdit(60, 0, 3072, 256, 0, image2), video(8, 0, 127000000)), 1024, 1024, 0, 73.1057, 1, 4096},
		{"diffusers transformer_qwenimage.py", ditModel("qwen-image", TextToImage, mmdit(60, 0, 3072, 256, 0, image2), video(8, 0, 127000000)), 1328, 1328, 0, 134.7362, 1, 6889},
		{"PixArt-alpha/PixArt-alpha", ditModel("pixart", TextToImage, cross(28, 1152, 4608, 120, image2), kl(4)), 1024, 1024, 0, 6.5076, 1, 4096},
		{"Wan-Video/Wan2.1 wan/configs", ditModel("wan2.1-1.3b", TextToVideo, cross(30, 1536, 8960, 512, image2), video(8, 4, 127000000)), 832, 480, 81, 282.98, 1, 32760},
		{"Wan-Video/Wan2.1 wan/configs", wan14, 832, 480, 81, 1678.2787, 1, 32760},
		{"Wan-Video/Wan2.1 wan/configs", wan14, 1280, 720, 81, 6523.2888, 1, 75600},
		{"Wan-Video/Wan2.1 wan/configs (text and 257 image tokens)", ditModel("wan2.1-i2v", TextToVideo, cross(40, 5120, 13824, 769, image2), video(8, 4, 127000000)), 832, 480, 81, 1686.2537, 1, 32760},
		{"Wan-Video/Wan2.1 wan/configs (text and 257 image tokens)", ditModel("wan2.1-i2v", TextToVideo, cross(40, 5120, 13824, 769, image2), video(8, 4, 127000000)), 1280, 720, 81, 6540.2832, 1, 75600},
		{"Wan-Video/Wan2.2 wan/configs", ditModel("wan2.2-5b", TextToVideo, cross(30, 3072, 14336, 512, image2), video(16, 4, 700000000)), 1280, 704, 121, 516.9207, 1, 27280},
		{"Tencent/HunyuanVideo hyvideo/config.py", ditModel("hunyuanvideo", TextToVideo, mmdit(20, 40, 3072, 256, 0, image2), video(8, 4, 246000000)), 1280, 720, 129, 12068.3677, 1, 118800},
		{"Tencent/HunyuanVideo hyvideo/config.py", ditModel("hunyuanvideo", TextToVideo, mmdit(20, 40, 3072, 256, 0, image2), video(8, 4, 246000000)), 960, 544, 129, 4285.1278, 1, 67320},
		{"Tencent-Hunyuan/HunyuanVideo-1.5", ditModel("hunyuanvideo-1.5", TextToVideo, mmdit(54, 0, 2048, 1000, 0, whole1), video(16, 4, 0)), 848, 480, 121, 1392.1532, 1, 49290},
		{"THUDM/CogVideo sat/configs/cogvideox_2b.yaml", ditModel("cogvideox-2b", TextToVideo, mmdit(30, 0, 1920, 226, 0, image2), video(8, 4, 215000000)), 720, 480, 49, 119.9844, 1, 17550},
		{"THUDM/CogVideo sat/configs/cogvideox_5b.yaml", ditModel("cogvideox-5b", TextToVideo, mmdit(42, 0, 3072, 226, 0, image2), video(8, 4, 215000000)), 720, 480, 49, 332.1766, 1, 17550},
		{"THUDM/CogVideo sat/configs/cogvideox1.5_5b.yaml", ditModel("cogvideox1.5-5b", TextToVideo, mmdit(42, 0, 3072, 224, 0, [3]int{2, 2, 2}), video(8, 4, 215000000)), 1360, 768, 81, 1478.9906, 1, 44880},
		{"genmoai/mochi", ditModel("mochi-1", TextToVideo, mmdit(48, 0, 3072, 256, 0, image2), video(8, 6, 362000000)), 848, 480, 163, 1669.3207, 1, 44520},
		{"Lightricks/LTX-Video", ditModel("ltx-video-2b", TextToVideo, cross(28, 2048, 8192, 128, whole1), video(32, 8, 0)), 704, 480, 121, 23.9722, 1, 5280},
		{"hpcaitech/Open-Sora", ditModel("open-sora-2.0", TextToVideo, mmdit(19, 38, 3072, 512, 0, image2), video(8, 4, 246000000)), 1024, 576, 129, 5091.9143, 1, 76032},
		// Half of its layers project a skip, 2d to d: one d² a layer on the mean.
		{"Tencent/HunyuanDiT hydit/modules/models.py", ditModel("hunyuandit-1.2", TextToImage, Component{Kind: CrossDiT, Layers: 40, Hidden: 1408, Heads: 16, TextTokens: 333,
			LinearD2: 7 + 2*4.3637, Patch: image2}, kl(4)), 1024, 1024, 0, 14.38, 1, 4096},
	} {
		st := stageOf(t, c.m, Job{Width: c.w, Height: c.h, Frames: c.f}, "denoising")
		got := (st.FLOPs + st.Attention) / 1e12
		within(t, c.m.ID+" ("+c.source+")", got, c.want, c.percent/100)
		text := 0.0
		if c.m.Components[0].Kind == MMDiT {
			text = float64(c.m.Components[0].TextTokens)
		}
		if st.Tokens-text != c.tokens {
			t.Errorf("%s at %d×%d×%d: %g tokens, want %g", c.m.ID, c.w, c.h, c.f, st.Tokens-text, c.tokens)
		}
	}
}

// Attention's share of the work as the research behind the rules gives it:
// FLUX.1 20% at 1024 pixels, Wan 14B 53% at 480p and 72% at 720p.
func TestDiTAttentionShare(t *testing.T) {
	for _, c := range []struct {
		m       *Model
		w, h, f int
		want    float64
	}{{flux, 1024, 1024, 0, 0.20}, {wan14, 832, 480, 81, 0.532}, {wan14, 1280, 720, 81, 0.723}} {
		st := stageOf(t, c.m, Job{Width: c.w, Height: c.h, Frames: c.f}, "denoising")
		within(t, c.m.ID, st.Attention/(st.FLOPs+st.Attention), c.want, 0.01)
	}
}

// A layer of a single stream by hand: 4d² of attention and 3·d·ffn with a gate.
func TestSingleDiTWork(t *testing.T) {
	d := Component{Kind: SingleDiT, Layers: 32, Hidden: 3072, Heads: 32, FFN: 8192, Gated: true, TextTokens: 100, Patch: image2}
	st := stageOf(t, ditModel("omnigen", TextToImage, d, kl(4)), Job{}, "denoising")
	s := 4096.0 + 100
	within(t, "linear", st.FLOPs, 2*s*32*(4*3072*3072+3*3072*8192), 1e-9)
	within(t, "attention", st.Attention, 4*32*s*s*3072, 1e-9)
	if st.Assumed != "" {
		t.Error(st.Assumed)
	}
	// Input images that are tokens lengthen the sequence.
	d.ImageTokens = true
	edit := stageOf(t, ditModel("omnigen", TextToImage, d, kl(4)), Job{InputImages: 1}, "denoising")
	if edit.Tokens != 2*4096+100 {
		t.Errorf("%g tokens with an input image", edit.Tokens)
	}
}

// Attention linear in tokens: twice the picture has twice the work.
func TestLinearDiTWork(t *testing.T) {
	d := Component{Kind: LinearDiT, Layers: 20, Hidden: 2240, Heads: 70, FFN: 5600, TextTokens: 300, Patch: whole1}
	m := ditModel("sana", TextToImage, d, Component{Name: "DC-AE", Role: VAE, Spatial: 32, Latent: 32})
	// Its published 1.6 billion weights are those of the matrices counted.
	within(t, "weights", stageOf(t, m, Job{}, "denoising").Weights, 1.6e9, 0.05)
	small, large := stageOf(t, m, Job{}, "denoising"), stageOf(t, m, Job{Height: 2048}, "denoising")
	if small.Tokens != 1024 {
		t.Errorf("%g tokens", small.Tokens)
	}
	within(t, "attention", small.Attention, 20*(4*1024*2240*32+4*1024*300*2240), 1e-9)
	within(t, "twice the picture", large.Attention, 2*small.Attention, 1e-9)
	d.FFN, d.Heads = 0, 0
	if st := stageOf(t, ditModel("sana", TextToImage, d, Component{Name: "DC-AE", Role: VAE, Spatial: 32, Latent: 32}), Job{}, "denoising"); st.Assumed != "the heads are not known, taken as 32 wide; the feed-forward width is not known, taken as 5973" {
		t.Errorf("assumed %q", st.Assumed)
	}
}

// Where only the size is known, each weight is used once a token.
func TestDenoiserBySize(t *testing.T) {
	d := Component{Name: "Cosmos denoiser", Params: 2e9}
	st := stageOf(t, ditModel("cosmos", TextToVideo, d, video(8, 4, 127000000)), Job{Width: 1280, Height: 704, Frames: 93}, "denoising")
	within(t, "linear", st.FLOPs, 2*2e9*80*44*24, 1e-9)
	if !strings.Contains(st.Assumed, "patch") || !strings.Contains(st.Assumed, "only its size") {
		t.Errorf("assumed %q", st.Assumed)
	}
	pair := stageOf(t, ditModel("cosmos", TextToVideo, d, video(8, 4, 127000000)), Job{Width: 1280, Height: 704, Frames: 93, Batch: 2}, "denoising")
	within(t, "two side by side", pair.Attention, 2*st.Attention, 1e-9)
	m := ditModel("latte", TextToVideo, Component{}, kl(4))
	if _, err := Stages(m, Job{Frames: 16}); err == nil || !strings.Contains(err.Error(), "params") {
		t.Errorf("no size: %v", err)
	}
	m = ditModel("step", TextToVideo, Component{Params: 1e9}, Component{Role: TextEncoder, Params: 1})
	if _, err := Stages(m, Job{Frames: 16}); err == nil || !strings.Contains(err.Error(), "stride") {
		t.Errorf("no strides: %v", err)
	}
}

// Of two experts one works at a time.
func TestActiveWeights(t *testing.T) {
	d := cross(40, 5120, 13824, 512, image2)
	d.Params, d.ActiveParams = 28.6e9, 14.3e9
	st := stageOf(t, ditModel("wan2.2-a14b", TextToVideo, d, video(8, 4, 127000000)), Job{Width: 832, Height: 480, Frames: 81}, "denoising")
	if st.Weights != 14.3e9 {
		t.Errorf("%g weights a call", st.Weights)
	}
}

// A prompt longer or shorter than the default changes the padded length by as
// much.
func TestTextTokens(t *testing.T) {
	m := *flux
	m.Defaults.TextTokens = 512
	a, b := stageOf(t, &m, Job{}, "denoising"), stageOf(t, &m, Job{TextTokens: 256}, "denoising")
	if a.Tokens != 4096+512 || b.Tokens != 4096+256 {
		t.Errorf("%g and %g tokens", a.Tokens, b.Tokens)
	}
}
