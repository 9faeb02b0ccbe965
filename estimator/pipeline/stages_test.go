package pipeline

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var pictures = []*Model{sd15, sdxl, flux, wan14,
	ditModel("sana", TextToImage, Component{Kind: LinearDiT, Layers: 20, Hidden: 2240, Heads: 70, FFN: 5600, TextTokens: 300, Patch: whole1}, Component{Role: VAE, Spatial: 32, Latent: 32}),
	ditModel("by-size", TextToVideo, Component{Params: 2e9}, video(8, 4, 127000000))}

var sounds = []*Model{whisperSmall, piper, bge}

// pictureJob draws a job that somebody may mean.
func pictureJob(t *rapid.T, m *Model) Job {
	j := Job{Width: rapid.IntRange(256, 2048).Draw(t, "width"), Height: rapid.IntRange(256, 2048).Draw(t, "height"), Steps: rapid.IntRange(1, 100).Draw(t, "steps"),
		Passes: rapid.IntRange(1, 2).Draw(t, "passes"), Batch: rapid.IntRange(1, 8).Draw(t, "batch"), InputImages: rapid.IntRange(0, 2).Draw(t, "images")}
	if m.Class == TextToVideo {
		j.Frames = rapid.IntRange(1, 200).Draw(t, "frames")
	}
	return j
}

func soundJob(t *rapid.T) Job {
	return Job{AudioSeconds: rapid.Float64Range(0.1, 5000).Draw(t, "audio"), Batch: rapid.IntRange(1, 16).Draw(t, "batch"), Beam: rapid.IntRange(1, 5).Draw(t, "beam"),
		SequenceTokens: rapid.IntRange(1, 8192).Draw(t, "tokens"), Documents: rapid.IntRange(1, 10000).Draw(t, "documents")}
}

// sum is all work of a job.
func sum(t *rapid.T, m *Model, j Job) (flops, moved float64) {
	stages, err := Stages(m, j)
	if err != nil {
		t.Fatalf("%s: %+v: %v", m.ID, j, err)
	}
	for _, st := range stages {
		for _, v := range []float64{st.Calls, st.FLOPs, st.Attention, st.Weights, st.Moved, st.Kernels, st.Tokens, st.Width} {
			if v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("%s: %+v", m.ID, st)
			}
		}
		if st.Component < 0 || st.Component >= len(m.Components) || st.Name == "" || st.Work == "" || st.Calls < 1 && st.Work != WorkAudioDecode {
			t.Fatalf("%s: %+v", m.ID, st)
		}
		flops += st.Calls * (st.FLOPs + st.Attention)
		moved += st.Calls * st.Moved
	}
	return flops, moved
}

// slack is for rounding only.
const slack = 1 + 1e-9

// More of anything is never less work.
func TestMoreIsNeverLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(pictures).Draw(t, "model")
		j := pictureJob(t, m)
		flops, moved := sum(t, m, j)
		by := rapid.IntRange(1, 50).Draw(t, "by")
		more := map[string]func(*Job){"steps": func(j *Job) { j.Steps += by }, "width": func(j *Job) { j.Width += by }, "height": func(j *Job) { j.Height += by },
			"batch": func(j *Job) { j.Batch += by }, "passes": func(j *Job) { j.Passes += by }, "images": func(j *Job) { j.InputImages += by }}
		if m.Class == TextToVideo {
			more["frames"] = func(j *Job) { j.Frames += by }
		}
		for name, f := range more {
			k := j
			f(&k)
			if a, b := sum(t, m, k); a*slack < flops || b*slack < moved {
				t.Fatalf("%s: %d more %s: %g FLOPs and %g moved, before %g and %g", m.ID, by, name, a, b, flops, moved)
			}
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(sounds).Draw(t, "model")
		j := soundJob(t)
		flops, _ := sum(t, m, j)
		by := rapid.IntRange(1, 50).Draw(t, "by")
		more := map[string]func(*Job){"audio": func(j *Job) { j.AudioSeconds += float64(by) }, "beam": func(j *Job) { j.Beam += by },
			"batch": func(j *Job) { j.Batch += by }, "tokens": func(j *Job) { j.SequenceTokens += by }, "documents": func(j *Job) { j.Documents += by }}
		for name, f := range more {
			k := j
			f(&k)
			if a, _ := sum(t, m, k); a*slack < flops {
				t.Fatalf("%s: %d more %s: %g FLOPs, before %g", m.ID, by, name, a, flops)
			}
		}
	})
}

// Attention's share of a pass grows with the picture.
func TestAttentionShareGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom([]*Model{sd15, flux, wan14}).Draw(t, "model")
		j := pictureJob(t, m)
		j.Width, j.Height = max(j.Width&^63, 256), max(j.Height&^63, 256)
		share := func(j Job) float64 {
			stages, err := Stages(m, j)
			if err != nil {
				t.Fatal(err)
			}
			for _, st := range stages {
				if m.Components[st.Component].Role == Denoiser {
					return st.Attention / (st.FLOPs + st.Attention)
				}
			}
			return 0
		}
		k := j
		k.Height += 64 * rapid.IntRange(1, 8).Draw(t, "more")
		if a, b := share(j), share(k); b < a {
			t.Fatalf("%s: %g at %d×%d, %g at %d×%d", m.ID, a, j.Width, j.Height, b, k.Width, k.Height)
		}
	})
}

// A resolved job resolves to itself, whatever was asked for.
func TestResolveTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(append(append([]*Model{}, pictures...), sounds...)).Draw(t, "model")
		j := pictureJob(t, m)
		j.Characters = rapid.IntRange(0, 1000).Draw(t, "characters")
		j.SequenceTokens, j.AudioSeconds = rapid.IntRange(0, 100).Draw(t, "tokens"), rapid.Float64Range(0, 100).Draw(t, "audio")
		once, err := m.Resolve(j)
		if err != nil {
			t.Skip(err)
		}
		twice, err := m.Resolve(once)
		if err != nil || once != twice {
			t.Fatalf("%+v, then %+v, %v", once, twice, err)
		}
	})
}

// Whatever a model file says of a model, its work is finite or an error.
func TestAnyModel(t *testing.T) {
	n := rapid.OneOf(rapid.IntRange(-2, 5), rapid.IntRange(0, 20000), rapid.SampledFrom([]int{math.MinInt, math.MaxInt, 1 << 32}))
	list := rapid.SliceOfN(n, 0, 5)
	component := rapid.Custom(func(t *rapid.T) Component {
		return Component{
			Name: "any", Role: rapid.SampledFrom([]Role{TextEncoder, Denoiser, ControlNet, VAE, VisionTower, Encoder, Decoder, Projector, LanguageModel, Vocoder}).Draw(t, "role"),
			Kind:   rapid.SampledFrom([]Kind{UNet, MMDiT, CrossDiT, SingleDiT, LinearDiT, Transformer, CrossDecoder, Convolutional, Recurrent, Unknown}).Draw(t, "kind"),
			Params: int64(n.Draw(t, "params")), ActiveParams: int64(n.Draw(t, "active")), DecoderParams: int64(n.Draw(t, "decoder")), Layers: n.Draw(t, "layers"),
			DoubleLayers: n.Draw(t, "double"), SingleLayers: n.Draw(t, "single"), Hidden: n.Draw(t, "hidden"), Heads: n.Draw(t, "heads"), KVHeads: n.Draw(t, "kv"),
			FFN: n.Draw(t, "ffn"), Vocab: n.Draw(t, "vocab"), MaxTokens: n.Draw(t, "max"), Patch: [3]int{n.Draw(t, "t"), n.Draw(t, "h"), n.Draw(t, "w")},
			TextTokens: n.Draw(t, "text"), Channels: list.Draw(t, "channels"), Depths: list.Draw(t, "depths"), CrossDim: n.Draw(t, "cross"),
			Spatial: n.Draw(t, "spatial"), Temporal: n.Draw(t, "temporal"), Causal: rapid.Bool().Draw(t, "causal"), Latent: n.Draw(t, "latent"), Blocks: list.Draw(t, "blocks"),
			Positions: n.Draw(t, "positions"), MelBins: n.Draw(t, "mel"), WindowSeconds: rapid.Float64().Draw(t, "window"), FramesPerSecond: rapid.Float64().Draw(t, "frames"),
			TokensPerSecond: rapid.Float64().Draw(t, "tokens"), FLOPsPerPixel: rapid.Float64().Draw(t, "flops"), LinearD2: rapid.Float64().Draw(t, "d2"), CharactersPerSecond: rapid.Float64().Draw(t, "speed"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		m := &Model{ID: "any", Class: rapid.SampledFrom([]Class{TextToImage, TextToVideo, Recognition, Synthesis, Denoising, Embedding}).Draw(t, "class"),
			Components: rapid.SliceOfN(component, 1, 4).Draw(t, "components")}
		j := Job{Width: 512, Height: 512, Steps: 4, AudioSeconds: 30, SequenceTokens: 100, Batch: rapid.IntRange(1, 4).Draw(t, "batch"), InputImages: rapid.IntRange(0, 1).Draw(t, "images")}
		if m.Class == TextToVideo {
			j.Frames = 33
		}
		stages, err := Stages(m, j)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Fatalf("%q is no line", err)
		}
		for i := range stages {
			if m.sane(&stages[i]) != nil {
				t.Fatalf("%+v", stages[i])
			}
		}
	})
}

// Sizes are rounded down to whole tokens.
func TestRounding(t *testing.T) {
	j, err := flux.Resolve(Job{Width: 1039, Height: 1024})
	if err != nil || j.Width != 1024 {
		t.Errorf("%+v, %v", j, err)
	}
	if j, _ = sd15.Resolve(Job{Width: 1039}); j.Width != 1032 {
		t.Errorf("%+v", j)
	}
}

// Absurd jobs are refused in one line that names the field.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		m    *Model
		j    Job
		want string
	}{
		{sd15, Job{Width: -1}, "width"}, {sd15, Job{Height: 3}, "height"}, {sd15, Job{Steps: math.MaxInt}, "steps"}, {sd15, Job{Frames: 16}, "frames"},
		{sd15, Job{Width: 1e9, Height: 1e9}, "tokens"}, {wan14, Job{Frames: 1e9}, "tokens"}, {flux, Job{Batch: 1e9}, "tokens"}, {flux, Job{FPS: math.NaN()}, "fps"},
		{whisperSmall, Job{AudioSeconds: math.Inf(1)}, "audio"}, {whisperSmall, Job{AudioSeconds: 600, Batch: 20, Beam: 1e9}, "tokens"}, {piper, Job{Characters: -5}, "characters"},
		{bge, Job{Batch: 1e9, SequenceTokens: 1e9}, "tokens"}, {&Model{ID: "x", Class: Embedding}, Job{SequenceTokens: 1}, "encoder"},
		{&Model{ID: "x", Class: "dance"}, Job{}, "class"}, {&Model{ID: "x", Class: TextToImage, Defaults: Job{Width: 64, Height: 64, Steps: 1}}, Job{}, "denoiser"},
		{&Model{ID: "x", Class: TextToImage}, Job{}, "steps"}, {&Model{ID: "x", Class: Recognition}, Job{AudioSeconds: 1}, "encoder"},
		{&Model{ID: "x", Class: Synthesis, Components: piper.Components[:0:0]}, Job{Characters: 10}, "characters_per_s"},
	} {
		_, err := Stages(c.m, c.j)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("%s %+v: %v, want an error about %q", c.m.ID, c.j, err, c.want)
		}
	}
}

func BenchmarkStages(b *testing.B) {
	for _, m := range []*Model{sd15, sdxl, flux, wan14, whisperLarge, bge} {
		b.Run(m.ID, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if _, err := Stages(m, Job{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
