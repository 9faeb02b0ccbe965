package pipeline

import "testing"

// Both the prompt and, with guidance, the negative prompt are encoded, at the
// encoder's own length or the denoiser's.
func TestTextEncoding(t *testing.T) {
	for _, c := range []struct {
		m      *Model
		j      Job
		tokens float64
	}{{sd15, Job{}, 2 * 77}, {sd15, Job{Passes: 1, Batch: 3}, 3 * 77}, {flux, Job{Passes: 1}, 512}, {wan14, Job{Frames: 81}, 1024}} {
		st := stageOf(t, c.m, c.j, "text encoding")
		if st.Tokens != c.tokens || st.Calls != 1 {
			t.Errorf("%s: %g tokens in %g calls, want %g", c.m.ID, st.Tokens, st.Calls, c.tokens)
		}
	}
	// The tokens of an input image that a denoiser attends to beside the text are
	// none of the text encoder's.
	i2v := ditModel("i2v", TextToVideo, cross(40, 5120, 13824, 512+257, image2), video(8, 4, 127000000))
	i2v.Defaults.TextTokens = 512
	if st := stageOf(t, i2v, Job{Frames: 81, Passes: 1}, "text encoding"); st.Tokens != 512 {
		t.Errorf("%g tokens", st.Tokens)
	}
	// T5 v1.1 XXL has 4.762 billion weights, of which the embedding (32128 × 4096)
	// is looked up, not multiplied with.
	st := stageOf(t, flux, Job{Passes: 1}, "text encoding")
	within(t, "T5 weights", st.Weights, 4762310656-32128*4096, 0.001)
	within(t, "T5 work", st.FLOPs, 2*512*(4762310656-32128*4096), 0.001)
}

// A language model's gate is inferred from its weights (Mistral Small 3.2 24B:
// 24,011,361,280 with an embedding and a head of 131072 × 5120).
func TestGateInferred(t *testing.T) {
	c := Component{ModelRef: "mistral-small-3.2-24b", Params: 24011361280, Layers: 40, Hidden: 5120, Heads: 32, KVHeads: 8, FFN: 32768, Vocab: 131072}
	if l, _ := c.block(); !l.gated || l.kv != 1280 {
		t.Errorf("%+v", l)
	}
}

func TestVisionTower(t *testing.T) {
	m := *wan14
	m.Components = append([]Component{{Name: "CLIP ViT-H/14", Role: VisionTower, Params: 630764800, Layers: 32, Hidden: 1280, Patch: [3]int{1, 14, 14}}}, m.Components...)
	st := stageOf(t, &m, Job{Frames: 81}, "encoding the input image (vision tower)")
	if st.Tokens != 257 || st.Calls != 1 {
		t.Errorf("%+v", st)
	}
	within(t, "work", st.FLOPs, 2*257*32*12*1280*1280, 1e-9)
	if in := stageOf(t, &m, Job{Frames: 81}, "encoding the input image"); in.FLOPs <= 0 {
		t.Errorf("%+v", in)
	}
}
