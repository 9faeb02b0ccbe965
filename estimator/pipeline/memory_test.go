package pipeline

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// Weights of all components, in GiB.
func TestWeights(t *testing.T) {
	for _, c := range []struct {
		source string
		m      *Model
		format string
		gib    float64
	}{
		{"sayakpaul/diffusers-torchao README: 31.44 GiB", memFlux, "bf16", 31.44},
		{"the same: 19.764 GiB", memCog, "bf16", 19.764},
		{"the same: 10.30 GiB, all in int8", memCog, "int8-weight-only", 10.302},
		{"the same: 6.237 GiB, all in int4", memCog, "int4-weight-only", 6.237},
		// T5's output projections in 32 bits: 1.9 GiB more.
		{"16 bits of all weights and 2.01 GB more", memPixArt, "fp16", (2*(610000000+4762310656+83653863) + 2*1006632960) / gib},
	} {
		f := placed(t, c.m, eager(), Job{}, Setup{Offload: OffloadNone, Format: c.format, TextFormat: c.format})
		got := linesOf(&f.Ledgers[0].Phases[0], weightKind) / gib
		if c.m == memPixArt {
			within(t, c.source, got, c.gib, 0.001)
			continue
		}
		within(t, c.source, got, c.gib, 0.03)
	}
}

// Peaks in GB as measured: what PyTorch allocates, and what a device's tool
// shows where the row has it. Row ids are those of the published measurements
// that the project has gathered. Wan's table is taken to count in GiB: read as GB
// its two sizes leave 27.1 GB without tokens, less than the weights of 28.6.
func TestPeaks(t *testing.T) {
	wan := func(m *Model, n int, w, h int, gibs, share float64, id string) peakCase {
		s := Setup{Offload: OffloadModel}
		if n > 1 {
			s = Setup{Offload: OffloadNone, Sequence: n, Sharded: true}
		}
		return peakCase{id + " Wan-Video comp_effic.png", m, repository(), Job{Width: w, Height: h}, s, gibs * 1.073741824, share, false}
	}
	for _, c := range []peakCase{
		{"oc0806 siliconflow/onediff README", memFlux, eager(), Job{}, Setup{Offload: OffloadNone, Format: "bf16"}, 36.35, 0.05, true},
		{"oc0757 siliconflow/onediff README", memSDXL, eager(), Job{}, Setup{Offload: OffloadNone, Format: "fp16"}, 11.24, 0.05, true},
		{"oc0846 siliconflow/onediff README", memPixArt, eager(), Job{}, Setup{Offload: OffloadNone, Format: "fp16"}, 15.51, 0.05, true},
		{"oc0781 siliconflow/onediff README", memSD3, eager(), Job{}, Setup{Offload: OffloadNone, Format: "fp16"}, 20.19, 0.05, true},
		{"oc0709 siliconflow/onediff README", memSD15, eager(), Job{}, Setup{Offload: OffloadNone, Format: "fp16"}, 2.81, 0.06, true},
		{"oc0988 sayakpaul/diffusers-torchao", memCog, eager(), Job{}, Setup{Offload: OffloadNone, Format: "bf16"}, 34.09, 0.02, true},
		{"oc0992 sayakpaul/diffusers-torchao", memCog, eager(), Job{}, Setup{Offload: OffloadNone, Format: "int8-weight-only", TextFormat: "int8-weight-only"}, 23.93, 0.02, true},
		{"oc1097 sayakpaul/diffusers-torchao", memCog, eager(), Job{}, Setup{Offload: OffloadModel, Tiling: true, Format: "int8-weight-only", TextFormat: "int8-weight-only"}, 8.48, 0.08, true},
		wan(memWan, 1, 832, 480, 41.3, 0.03, "oc1274"), wan(memWan, 4, 832, 480, 40.9, 0.06, "oc1276"), wan(memWan, 8, 832, 480, 26.3, 0.1, "oc1278"),
		wan(memWan, 1, 1280, 720, 59.8, 0.03, "oc1280"), wan(memWan, 4, 1280, 720, 51.7, 0.06, "oc1282"), wan(memWan, 8, 1280, 720, 37.0, 0.1, "oc1284"),
		wan(memWan21, 2, 1280, 720, 52.5, 0.08, "oc1208"), wan(memWan21, 4, 1280, 720, 36.6, 0.08, "oc1210"), wan(memWan21, 8, 1280, 720, 28.6, 0.08, "oc1212"),
	} {
		all, allocated := peak(placed(t, c.m, c.e, c.j, c.s))
		if c.allocated {
			all = allocated
		}
		within(t, c.source+" "+c.m.ID, all/1e9, c.gb, c.share)
	}
}

type peakCase struct {
	source    string
	m         *Model
	e         *Engine
	j         Job
	s         Setup
	gb, share float64
	allocated bool
}

// Bytes a token of video, from two sizes each (in units of 1.07 where the
// source's GB are GiB): 432 kB in Wan2.2 A14B, 291 kB in HunyuanVideo.
func TestBytesPerToken(t *testing.T) {
	for _, c := range []struct {
		m            *Model
		small, large Job
		kb           float64
	}{
		{memWan, Job{Width: 832, Height: 480}, Job{Width: 1280, Height: 720}, 432 * 1.073741824},
		{memHunyuan, Job{Width: 960, Height: 544}, Job{Width: 1280, Height: 720}, 291},
	} {
		at := func(j Job) (bytes, tokens float64) {
			st := stageOf(t, c.m, j, "denoising")
			f := placed(t, c.m, repository(), j, Setup{Offload: OffloadModel})
			for i := range f.Ledgers[0].Phases {
				if p := &f.Ledgers[0].Phases[i]; p.Name == "denoising" {
					return float64(p.Need), st.Tokens
				}
			}
			return 0, 0
		}
		b1, t1 := at(c.small)
		b2, t2 := at(c.large)
		within(t, c.m.ID, (b2-b1)/(t2-t1)/1e3, c.kb, 0.06)
	}
}

// Autoencoders: SDXL in 32 bits 3.9 GiB at 1024 pixels; CogVideoX 12.0 GiB for
// 49 frames of 480 × 720, about 1 with tiles (sayakpaul/diffusers-torchao).
func TestDecodingPeak(t *testing.T) {
	for _, c := range []struct {
		m    *Model
		tile bool
		gib  float64
		near float64
	}{{memSDXL, false, 3.9, 0.05}, {memCog, false, 12.0, 0.02}, {memCog, true, 1.1, 0.2}} {
		f := placed(t, c.m, eager(), Job{}, Setup{Offload: OffloadNone, Tiling: c.tile})
		ph := f.Ledgers[0].Phases
		within(t, c.m.ID, linesOf(&ph[len(ph)-1], activationKind)/gib, c.gib, c.near)
	}
}

// ConsisID, which is CogVideoX-5B with face encoders of unknown size
// (diffusers docs): 37 GB, 22 with model offload, 16 with sequential offload, 5
// with tiles besides. What is measured lies within the bounds, but for a tenth
// that the face encoders may take.
func TestWaysOfOffloading(t *testing.T) {
	last := math.Inf(1)
	for _, c := range []struct {
		s  Setup
		gb float64
	}{
		{Setup{Offload: OffloadNone}, 37}, {Setup{Offload: OffloadModel}, 22}, {Setup{Offload: OffloadSequential}, 16}, {Setup{Offload: OffloadSequential, Tiling: true}, 5},
	} {
		f := placed(t, memCog, eager(), Job{}, c.s)
		need, low, high := f.Ledgers[0].Need()
		if float64(need) >= last {
			t.Errorf("%s: %.1f GB, no less than the way before", c.s.Words(), float64(need)/1e9)
		}
		last = float64(need)
		if gb := c.gb * 1e9; float64(low) > gb || float64(high) < 0.9*gb {
			t.Errorf("%q: %.1f to %.1f GB, %g measured", c.s.Words(), float64(low)/1e9, float64(high)/1e9, c.gb)
		}
	}
}

// faster-whisper with large-v2 and five beams on an RTX 3070 Ti (SYSTRAN/
// faster-whisper README, rows oc1638 to oc1644); context and libraries take
// about a GB.
func TestWhisperPeaks(t *testing.T) {
	e := eager()
	e.Backends = []Backend{{ID: "cuda", Vendors: []string{"nvidia"}, ContextMiB: Interval{Value: 1000, Low: 500, High: 1400}}}
	e.ActivationFactor = Interval{Value: 25, Low: 12, High: 45}
	for _, c := range []struct {
		format string
		batch  int
		gb     float64
	}{{"fp16", 1, 4.74}, {"fp16", 8, 6.39}, {"int8", 1, 3.07}, {"int8", 8, 4.72}} {
		all, _ := peak(placed(t, memWhisper, e, Job{Batch: c.batch}, Setup{Format: c.format, Offload: OffloadNone}))
		within(t, c.format, all/1e9, c.gb, 0.13)
	}
	// Keys and values of the encoder's output are 234.38 MiB in 16 bits
	// (ggml-org/whisper.cpp issue 89).
	f := placed(t, memWhisper, e, Job{}, Setup{Format: "fp16", Offload: OffloadNone})
	for _, p := range f.Ledgers[0].Phases {
		for _, l := range p.Lines {
			if l.Name == "cross-attention cache" {
				within(t, l.Name, float64(l.Bytes)/mib, 234.38, 0.001)
			}
		}
	}
}

// stable-diffusion.cpp frees the text encoder when it is done and keeps the
// convolutions in 16 bits: about 1.9 GB in F16, 1.5 to 1.6 with narrower
// weights (rows oc0690, oc0698; its docs).
func TestNarrowUNet(t *testing.T) {
	e := eager()
	e.Frees, e.PassesApart = true, true
	for _, c := range []struct {
		format string
		gb     float64
	}{{"fp16", 1.9}, {"q4_0", 1.5}} {
		_, allocated := peak(placed(t, memSD15, e, Job{}, Setup{Format: c.format, TextFormat: c.format, Offload: OffloadNone}))
		within(t, c.format, allocated/1e9, c.gb, 0.25)
	}
	linear := memSD15.Components[0].linear()
	within(t, "transformer blocks of SD 1.5, counted layer by layer", linear/859520964, 0.28, 0.05)
}

// The same with 32-bit scores of attention in memory, 8 heads × 4096² tokens, and
// convolutions in 16 bits where the rest is in 32 (its README: 2.8 and 2.4 G in
// F32, 2.3 and 1.9 in F16 without and with flash attention; rows oc0687 to 0690,
// taken for GiB).
func TestScores(t *testing.T) {
	e := eager()
	e.Frees, e.PassesApart, e.ScoreBytes, e.HalfConvolutions = true, true, 4, true
	m := *memSD15
	m.Components = append([]Component(nil), m.Components...)
	m.Components[0].Heads = 8
	for _, c := range []struct {
		format string
		flash  bool
		gib    float64
	}{{"fp32", false, 2.8}, {"fp32", true, 2.4}, {"fp16", false, 2.3}, {"fp16", true, 1.9}, {"q4_0", false, 2.0}, {"q4_0", true, 1.5}} {
		f := placed(t, &m, e, Job{}, Setup{Format: c.format, TextFormat: c.format, FlashAttention: c.flash, Offload: OffloadNone})
		_, allocated := peak(f)
		within(t, fmt.Sprint(c.format, " fused ", c.flash), allocated/gib, c.gib, 0.15)
		found := int64(0)
		for _, p := range f.Ledgers[0].Phases {
			for _, l := range p.Lines {
				if l.Name == "attention scores" {
					found = l.Bytes
				}
			}
		}
		if want := int64(8 * 4096 * 4096 * 4); found != want && !c.flash || found != 0 && c.flash {
			t.Errorf("%s, fused %t: scores of %d bytes", c.format, c.flash, found)
		}
	}
	if n, heads := memSDXL.Components[0].scores(128 * 128); n != 64*64 || heads != 10 {
		t.Errorf("SDXL at 1024: %g tokens, %g heads", n, heads) // 640 wide, heads of 64
	}
	if n, heads := memFlux.Components[0].scores(4608); n != 4608 || heads != 24 {
		t.Errorf("FLUX: %g tokens, %g heads", n, heads)
	}
	// There is room with fused attention, not without: it comes before anything
	// leaves the device.
	tight := machine(1, 3.05)
	req := &Request{Model: &m, Machine: tight, Engine: e, Formats: memFormats, Setup: Setup{Format: "fp16", TextFormat: "fp16"}}
	f, err := Place(req)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Setup.FlashAttention || f.Setup.Offload != OffloadNone {
		t.Errorf("made to fit by %q", f.Setup.Words())
	}
}

// Every line says how it came to be, and the lines add up.
func TestLinesHaveFormulas(t *testing.T) {
	for _, s := range []Setup{{Offload: OffloadNone}, {Offload: OffloadModel}, {Offload: OffloadBlocks, Blocks: 3}, {Offload: OffloadGroup}, {TextOnCPU: true}} {
		f := placed(t, memFlux, eager(), Job{}, s)
		for _, l := range f.Ledgers {
			for _, p := range l.Phases {
				var sum [3]int64
				for _, x := range p.Lines {
					sum[0], sum[1], sum[2] = sum[0]+x.Bytes, sum[1]+x.Low, sum[2]+x.High
					if x.Formula == "" || x.Source == "" || x.Kind == "" || !strings.ContainsAny(x.Formula, "0123456789") {
						t.Errorf("%s, %s: line %+v", l.Name, p.Name, x)
					}
				}
				if sum != [3]int64{p.Need, p.Low, p.High} {
					t.Errorf("%s, %s: lines of %v, need %d", l.Name, p.Name, sum, p.Need)
				}
			}
		}
	}
}
