package model

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// llama8B is Llama 3.1 8B (meta-llama/Llama-3.1-8B config.json).
func llama8B() Architecture {
	return Architecture{ID: "llama-3.1-8b", LayerCount: 32, HiddenSize: 4096, IntermediateSize: 14336, Heads: 32, KVHeads: 8,
		HeadDim: 128, VocabSize: 128256, MLP: "gated"}
}

func TestNewLlama(t *testing.T) {
	m, err := New(llama8B())
	if err != nil {
		t.Fatal(err)
	}
	total, active := params(m)
	if total != 8030261248 || active != total { // published tensor total of the repository
		t.Errorf("%d parameters, %d active, published 8030261248", total, active)
	}
	l := m.Layers[31]
	if l.Attention != FullAttention || l.KVHeads != 8 || l.HeadDimK != 128 || !l.OwnsCache || l.DenseFFNWidth != 14336 {
		t.Errorf("last layer is %+v", l)
	}
	if n := m.Tensors[len(m.Tensors)-1]; n.Layer != 31 || !strings.HasPrefix(n.Name, "blk.31.") {
		t.Errorf("last tensor is %+v", n)
	}
}

// TestRecurrentState holds the state per sequence that llama.cpp prints,
// 4 bytes an element.
func TestRecurrentState(t *testing.T) {
	base := Architecture{HiddenSize: 5120, IntermediateSize: 17408, Heads: 24, KVHeads: 4, HeadDim: 256, VocabSize: 1000, MLP: "gated"}
	for _, c := range []struct {
		name    string
		layers  int
		pattern string
		ssm     SSM
		mib     float64
		source  string
	}{
		{"qwen3.5-27b", 64, "3rf", SSM{Kind: "gated-deltanet", DInner: 6144, DState: 128, NGroups: 16, DConv: 4, Heads: 48, HeadDimK: 128, HeadDimV: 128}, 149.62, "llama.cpp log, 1 sequence"},
		{"qwen3.5-9b", 32, "3rf", SSM{Kind: "gated-deltanet", DInner: 4096, DState: 128, NGroups: 16, DConv: 4, Heads: 32, HeadDimK: 128, HeadDimV: 128}, 50.25, "llama.cpp log, 1 sequence"},
	} {
		a := base
		a.ID, a.LayerCount, a.LayerTypes, a.SSM = c.name, c.layers, c.pattern, &c.ssm
		m, err := New(a)
		if err != nil {
			t.Fatal(err)
		}
		var elements int64
		for i := range m.Layers {
			elements += m.Layers[i].ConvState + m.Layers[i].RecurrentState
		}
		if got := float64(4*elements) / (1 << 20); got < c.mib-0.01 || got > c.mib+0.01 {
			t.Errorf("%s: %.2f MiB of state, printed %.2f (%s)", c.name, got, c.mib, c.source)
		}
	}
}

func TestParseLayerTypes(t *testing.T) {
	for _, c := range []struct {
		pattern string
		n       int
		want    string
	}{
		{"", 3, "fff"}, {"5wf", 8, "wwwwwfww"}, {"2w20(kh)k", 43, "ww" + strings.Repeat("kh", 20) + "k"},
		{"f4wf7(5wf)", 48, "fwwwwf" + strings.Repeat("wwwwwf", 7)}, {"2(2(fw)r)", 10, "fwfwrfwfwr"}, {" 3r f ", 4, "rrrf"},
	} {
		got, err := ParseLayerTypes(c.pattern, c.n)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
		} else if s := letters(got); s != c.want {
			t.Errorf("%q over %d layers is %s, expected %s", c.pattern, c.n, s, c.want)
		}
	}
	for _, bad := range []string{"q", "3", "(", ")", "(f", "f)", "9999999f", "()", "((((((((((f))))))))))"} {
		if got, err := ParseLayerTypes(bad, 4); err == nil {
			t.Errorf("%q is taken as %s", bad, letters(got))
		}
	}
}

func letters(t []LayerType) string {
	b := make([]byte, len(t))
	for i := range t {
		b[i] = byte(t[i])
	}
	return string(b)
}

func FuzzParseLayerTypes(f *testing.F) {
	for _, s := range []string{"5wf", "2w20(kh)k", "4000(4000(4000f))", "((((", "0f"} {
		f.Add(s, 61)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		got, err := ParseLayerTypes(s, n)
		if err == nil && len(got) != n {
			t.Errorf("%q over %d layers gives %d", s, n, len(got))
		}
	})
}

// TestNewNeverPanics feeds absurd geometries: New refuses them or yields a
// model whose parts add up.
func TestNewNeverPanics(t *testing.T) {
	field := func(t *rapid.T, name string) int {
		return rapid.OneOf(rapid.IntRange(0, 64), rapid.IntRange(0, 1<<25), rapid.Int()).Draw(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		a := Architecture{
			LayerCount: rapid.OneOf(rapid.IntRange(0, 12), rapid.Int()).Draw(t, "layers"), HiddenSize: field(t, "hidden"),
			IntermediateSize: field(t, "ffn"), Heads: field(t, "heads"), KVHeads: field(t, "kv"), HeadDim: field(t, "dim"),
			VocabSize: field(t, "vocab"), SlidingWindow: field(t, "window"), PerLayerDim: field(t, "perlayer"), Positions: field(t, "positions"),
			MLP: rapid.SampledFrom([]string{"", "gated", "plain"}).Draw(t, "mlp"), LayerTypes: rapid.StringMatching(`[0-9fFwWrRpxnmekh()]{0,8}`).Draw(t, "types"),
			Traits: rapid.SampledFrom(traitWords[:]).Draw(t, "trait"), MTPLayers: field(t, "mtp"),
		}
		if rapid.Bool().Draw(t, "moe") {
			a.MoE = &MoE{Experts: field(t, "experts"), ExpertsPerToken: field(t, "topk"), IntermediateSize: field(t, "expert"), SharedExperts: field(t, "shared"), LayerStep: field(t, "step"), LatentSize: field(t, "latent")}
		}
		if rapid.Bool().Draw(t, "mla") {
			a.MLA = &MLA{KVLoraRank: field(t, "lora"), RopeDim: field(t, "rope"), NopeDim: field(t, "nope"), VHeadDim: field(t, "v"), QLoraRank: field(t, "q"), IndexerDim: field(t, "index"), IndexerHeads: field(t, "ih")}
		}
		if rapid.Bool().Draw(t, "ssm") {
			a.SSM = &SSM{Kind: rapid.SampledFrom([]string{"", "mamba1", "mamba2", "gated-deltanet", "kimi-delta-attention", "short-conv", "rwkv7", "lightning"}).Draw(t, "kind"),
				DInner: field(t, "inner"), DState: field(t, "state"), DConv: field(t, "conv"), NGroups: field(t, "groups"), Heads: field(t, "sheads"), HeadDimK: field(t, "hk")}
		}
		m, err := New(a)
		if err != nil {
			return
		}
		var sum int64
		for i := range m.Tensors {
			if m.Tensors[i].Elements <= 0 {
				t.Fatalf("tensor %s has %d elements", m.Tensors[i].Name, m.Tensors[i].Elements)
			}
			sum += m.Tensors[i].Elements
		}
		if total, active := params(m); total != sum || active > total || active < 0 {
			t.Fatalf("%d parameters, %d active, tensors hold %d", total, active, sum)
		}
	})
}
