package pipeline

import (
	"math"
	"testing"
)

// kl is the 2D autoencoder of Stable Diffusion (Rombach et al. 2022,
// arXiv:2112.10752): 83.65M weights, 49.49M of them the decoder's.
func kl(latent int) Component {
	return Component{Name: "2D KL autoencoder", Role: VAE, Kind: Convolutional, Params: 83653863, DecoderParams: 49490199,
		Spatial: 8, Temporal: 1, Latent: latent, Blocks: []int{128, 256, 512, 512}}
}

func unetModel(name string, channels, depths []int, cross, conditioning int) *Model {
	return &Model{ID: name, Class: TextToImage, Defaults: Job{Width: 512, Height: 512, Steps: 50, Passes: 2, Batch: 1}, Components: []Component{
		{Name: "denoiser", Role: Denoiser, Kind: UNet, Channels: channels, Depths: depths, CrossDim: cross, Conditioning: conditioning},
		{Name: "CLIP", Role: TextEncoder, Kind: Transformer, Params: 123060480, Layers: 12, Hidden: 768, Heads: 12, FFN: 3072, MaxTokens: 77},
		kl(4),
	}}
}

var (
	sd15 = unetModel("sd-1.5", []int{320, 640, 1280, 1280}, []int{1, 1, 1, 0}, 768, 0)
	sd21 = unetModel("sd-2.1", []int{320, 640, 1280, 1280}, []int{1, 1, 1, 0}, 1024, 0)
	sdxl = unetModel("sdxl", []int{320, 640, 1280}, []int{0, 2, 10}, 2048, 2816)
)

// stageOf returns the only stage of a component's role, or that with the name.
func stageOf(t *testing.T, m *Model, j Job, name string) Stage {
	t.Helper()
	stages, err := Stages(m, j)
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range stages {
		if st.Name == name {
			return st
		}
	}
	t.Fatalf("%s: no stage %q in %v", m.ID, name, stages)
	return Stage{}
}

func within(t *testing.T, what string, got, want, share float64) {
	t.Helper()
	if math.Abs(got/want-1) > share {
		t.Errorf("%s: %.6g, want %.6g within %g%% (off by %+.2f%%)", what, got, want, 100*share, 100*(got/want-1))
	}
}

// The weights of the published networks: Stable Diffusion 1.5 and 2.1 (diffusers
// UNet2DConditionModel: 859,520,964 and 865,910,724), SDXL (2,567,463,684) and the
// ControlNet of Stable Diffusion 1.5 (361,279,120). The walk that counts FLOPs
// counts them exactly.
func TestUNetWeights(t *testing.T) {
	for _, c := range []struct {
		m    *Model
		want float64
	}{{sd15, 859520964}, {sd21, 865910724}, {sdxl, 2567463684}} {
		if got := stageOf(t, c.m, Job{}, "denoising").Weights; got != c.want {
			t.Errorf("%s: %.0f weights, want %.0f", c.m.ID, got, c.want)
		}
	}
	with := *sd15
	with.Components = append([]Component{{Name: "ControlNet", Role: ControlNet}}, sd15.Components...)
	if got := stageOf(t, &with, Job{}, "control").Weights; got != 361279120 {
		t.Errorf("ControlNet: %.0f weights, want 361279120", got)
	}
}

// TFLOPs a pass, counted layer by layer from the public configurations of
// Stable Diffusion 1.5, 2.1 and SDXL (diffusers unet_2d_condition.py).
func TestUNetWork(t *testing.T) {
	for _, c := range []struct {
		m    *Model
		side int
		want float64
	}{{sd15, 512, 0.8033}, {sd15, 768, 2.1481}, {sd21, 512, 0.8043}, {sd21, 768, 2.1491}, {sdxl, 1024, 6.7612}, {sdxl, 768, 3.6412}} {
		st := stageOf(t, c.m, Job{Width: c.side, Height: c.side}, "denoising")
		within(t, c.m.ID, (st.FLOPs+st.Attention)/1e12, c.want, 0.01)
		if st.Calls != 100 {
			t.Errorf("%s: %g calls, want 50 steps of two passes", c.m.ID, st.Calls)
		}
	}
}

// The share of attention in Stable Diffusion 1.5: 15% at 512 pixels and 29% at
// 768, counted the same way.
func TestUNetAttentionShare(t *testing.T) {
	for side, want := range map[int]float64{512: 0.15, 768: 0.29} {
		st := stageOf(t, sd15, Job{Width: side, Height: side}, "denoising")
		if got := st.Attention / (st.FLOPs + st.Attention); math.Abs(got-want) > 0.03 {
			t.Errorf("%d pixels: attention is %.3f of the work, want %.2f", side, got, want)
		}
	}
}

// A ControlNet is the encoder half: more than a quarter, less than half of the
// denoiser's work.
func TestControlNetWork(t *testing.T) {
	with := *sd15
	with.Components = append([]Component{{Name: "ControlNet", Role: ControlNet, Params: 361279120}}, sd15.Components...)
	control, whole := stageOf(t, &with, Job{}, "control"), stageOf(t, &with, Job{}, "denoising")
	if share := control.FLOPs / whole.FLOPs; share < 0.25 || share > 0.5 {
		t.Errorf("the ControlNet has %.2f of the denoiser's work", share)
	}
	if control.Calls != whole.Calls || control.Component != 0 {
		t.Errorf("control stage %+v", control)
	}
}
