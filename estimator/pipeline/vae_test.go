package pipeline

import (
	"strings"
	"testing"
)

// TFLOPs of decoding with the autoencoder of Stable Diffusion, counted layer by
// layer (diffusers autoencoder_kl.py): 2.5145 at 512 pixels, 5.75 at 768 and
// 10.47 at 1024; its weights are exact.
func TestDecodeWork(t *testing.T) {
	for side, want := range map[int]float64{512: 2.5145, 768: 5.75, 1024: 10.47} {
		st := stageOf(t, sd15, Job{Width: side, Height: side}, "decoding")
		within(t, "decode", (st.FLOPs+st.Attention)/1e12, want, 0.02)
	}
	c := kl(4)
	n, _ := c.decode(&Job{Width: 512, Height: 512})
	if n.params+20 != 49490199 { // a 1×1 convolution of the 4 latent channels comes before
		t.Errorf("%.0f weights, want 49490179", n.params)
	}
}

// The rule for decoders of which only the size is known, against a count of the
// widths that one really has: Wan 2.1's, 96 × (1, 2, 4, 4), strides 8 in space and
// 4 in time, 127M weights (Wan-Video/Wan2.1 wan/modules/vae.py).
func TestDecodeBySize(t *testing.T) {
	j := &Job{Width: 832, Height: 480, Frames: 81}
	bySize := video(8, 4, 127000000)
	a, assumed := bySize.decode(j)
	known := bySize
	known.Blocks = []int{96, 192, 384, 384}
	b, _ := known.decode(j)
	within(t, "by size", a.flops, b.flops, 0.15)
	within(t, "weights", b.params, bySize.decoderParams(), 0.15)
	if !strings.Contains(assumed, "3×3×3") || !strings.Contains(assumed, "75.2 million") {
		t.Errorf("assumed %q", assumed)
	}
	nothing := Component{Role: VAE, Spatial: 32, Temporal: 8, Latent: 128}
	if n, assumed := nothing.decode(j); n.flops <= 0 || !strings.Contains(assumed, "neither") {
		t.Errorf("%+v, %q", n, assumed)
	}
}

// A figure a pixel, where one is known, is all the work.
func TestDecodePerPixel(t *testing.T) {
	c := Component{Role: VAE, Spatial: 8, Temporal: 4, Causal: true, FLOPsPerPixel: 8e6, Params: 1e8}
	n, assumed := c.decode(&Job{Width: 832, Height: 480, Frames: 81})
	within(t, "a pixel", n.flops+n.attention, 8e6*832*480*81, 1e-9)
	if assumed != "" {
		t.Error(assumed)
	}
}

// An input image costs half of what decoding one does.
func TestEncodeInput(t *testing.T) {
	in, out := stageOf(t, sd15, Job{InputImages: 2}, "encoding the input image"), stageOf(t, sd15, Job{}, "decoding")
	within(t, "two images", in.FLOPs, out.FLOPs, 1e-9)
	if in.Weights != 83653863-49490199 {
		t.Errorf("%g weights", in.Weights)
	}
	stages, err := Stages(sd15, Job{})
	if err != nil || len(stages) != 3 {
		t.Errorf("%d stages without an input image, %v", len(stages), err)
	}
}
