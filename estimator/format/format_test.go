package format

import (
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/model"
)

// data is a table in small: sizes from ggml-common.h, rules from llama-quant.cpp.
const data = `{"blocks":[
{"name":"F32","elements":1,"bytes":4,"class":"f32"},{"name":"F16","elements":1,"bytes":2,"class":"f16"},{"name":"BF16","elements":1,"bytes":2,"class":"f16"},
{"name":"Q4_K","elements":256,"bytes":144,"class":"kquant","fallback":"Q5_0"},{"name":"Q6_K","elements":256,"bytes":210,"class":"kquant","fallback":"Q8_0"},
{"name":"Q5_0","elements":32,"bytes":22,"class":"q4"},{"name":"Q8_0","elements":32,"bytes":34,"class":"q8"},{"name":"IQ4_KS","elements":256,"bytes":136,"row_bytes":4,"class":"iquant"},
{"name":"MXFP4","elements":32,"bytes":17,"class":"fp4"},{"name":"INT4-g128","elements":256,"bytes":133,"class":"int4"}],
"shared":{"head":[{"roles":["head"],"type":"Q6_K"}]},
"formats":[{"name":"F16","kind":"mix","class":"f16","base":"F16"},{"name":"BF16","kind":"mix","class":"f16","base":"BF16"},
{"name":"Q4_K_M","kind":"mix","class":"kquant","base":"Q4_K","use":["head"],"rules":[{"roles":["attn_v","ffn_down_any"],"when":["more_bits"],"type":"Q6_K"}]},
{"name":"Q4_X","kind":"mix","class":"kquant","base":"Q4_K","rules":[{"roles":["ffn_down_any"],"when":["!imatrix","first:8"],"type":"Q6_K"}]},
{"name":"IQ4_KS","kind":"mix","class":"iquant","base":"IQ4_KS","rules":[{"roles":["head","token_embd"],"type":"Q6_K"}]},
{"name":"AWQ-INT4","aliases":["INT4-AWQ"],"kind":"checkpoint","class":"int4","base":"INT4-g128","rules":[{"roles":["head","token_embd"],"type":"BF16"}]},
{"name":"MXFP4","aliases":["native-mxfp4"],"kind":"checkpoint","class":"fp4","base":"MXFP4","gguf":"F16","rules":[{"roles":["head","token_embd"],"type":"BF16"}]},
{"name":"UD-Q4","kind":"size","class":"kquant","like":"Q4_K_M","dense_factor":1.02,"moe_factor":0.95,"spread":0.05}]}`

func table(t testing.TB) *Table {
	tb, err := NewTable([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return tb
}

func llama(t testing.TB, change func(*model.Architecture)) *model.Model {
	a := model.Architecture{ID: "test", LayerCount: 32, HiddenSize: 4096, IntermediateSize: 14336, Heads: 32, KVHeads: 8,
		HeadDim: 128, VocabSize: 128256, MLP: "gated"}
	if change != nil {
		change(&a)
	}
	m, err := model.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestQ4KM holds Llama 3.1 8B Q4_K_M, whose tensors take 4.89 bits per weight
// (4,912,897,024 bytes without rope_freqs; files of bartowski and others).
func TestQ4KM(t *testing.T) {
	w, err := table(t).Weights(llama(t, nil), "q4-k-m")
	if err != nil {
		t.Fatal(err)
	}
	if bpw := float64(w.Total) * 8 / 8030261248; bpw < 4.885 || bpw > 4.905 {
		t.Errorf("%.4f bits per weight, published 4.89", bpw)
	}
	if w.Format != "Q4_K_M" || w.Class != ClassKQuant || w.Basis != "mix" || w.Tied || w.Low != w.Total {
		t.Errorf("weights are %s %s %s tied=%v", w.Format, w.Class, w.Basis, w.Tied)
	}
	// half of the layers take more bits: the first and last eighth and every third between
	more := 0
	for i := range w.Layers {
		if w.Layers[i][DenseFFN] > w.Layers[4][DenseFFN] {
			more++
		}
	}
	if more != 4+4+8 {
		t.Errorf("%d layers take more bits, expected 16", more)
	}
	if got := w.Range(DenseFFN, 3, 5); got != w.Layers[3][DenseFFN]+w.Layers[4][DenseFFN] {
		t.Errorf("range of two layers is %d", got)
	}
}

func TestFallbackOfOddRows(t *testing.T) {
	m := llama(t, func(a *model.Architecture) { a.HiddenSize = 1152; a.TiedEmbeddings = true })
	w, err := table(t).Weights(m, "Q4_K_M")
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(1152*128256) / 32 * 34; w.Embedding != want || !w.Tied || w.Output != 0 {
		t.Errorf("tied embedding of width 1152 takes %d, Q8_0 takes %d", w.Embedding, want)
	}
	if want := int64(4096*1152)/256*144 + 1152*(4096+2*1024)/32*22; w.Layers[4][Attention] != want {
		t.Errorf("attention takes %d, expected %d (Q5_0, output Q4_K)", w.Layers[4][Attention], want)
	}
}

func TestImatrixInterval(t *testing.T) {
	w, err := table(t).Weights(llama(t, nil), "Q4_X")
	if err != nil {
		t.Fatal(err)
	}
	if w.High != w.Total || w.Low >= w.Total {
		t.Errorf("without an importance matrix %d in [%d, %d]", w.Total, w.Low, w.High)
	}
}

func TestRowBytesAndSizes(t *testing.T) {
	tb := table(t)
	b, _ := tb.Block("iq4_ks")
	if got := b.Size(4096*10, 4096); got != 4096*10/256*136+40 {
		t.Errorf("ten rows of IQ4_KS take %d", got)
	}
	w, err := tb.Weights(llama(t, nil), "UD-Q4")
	if err != nil {
		t.Fatal(err)
	}
	plain, _ := tb.Weights(llama(t, nil), "Q4_K_M")
	if f := float64(w.Total) / float64(plain.Total); f < 1.0199 || f > 1.0201 || w.Basis != "size" || w.Low >= w.Total || w.MixNote == "" {
		t.Errorf("scaled by %.4f, basis %s", f, w.Basis)
	}
	for name, want := range map[string]string{"exl3_4bpw": "EXL3-4.0", "EXL2-2.5": "EXL2-2.5", "mixed ~3.9bpw": "3.9bpw", "int4_awq": "AWQ-INT4"} {
		if got, err := tb.Canonical(name); err != nil || got != want {
			t.Errorf("%s is %q (%v), expected %s", name, got, err, want)
		}
	}
	for _, bad := range []string{"", "Q4_K_X", "EXL2-99", "0bpw", "\xff", strings.Repeat("q", 10000)} {
		if got, err := tb.Canonical(bad); err == nil {
			t.Errorf("%.20q is taken for %s", bad, got)
		} else if !strings.Contains(err.Error(), "did you mean") || len(err.Error()) > 400 {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	if tb.GGUF("mxfp4") != "F16" || tb.GGUF("q4_k_m") != "Q4_K_M" {
		t.Error("GGUF names are wrong")
	}
}

func TestNative(t *testing.T) {
	tb := table(t)
	m := llama(t, func(a *model.Architecture) {
		a.NativeDType, a.Traits = "mxfp4", "mxfp4experts"
		a.MoE = &model.MoE{Experts: 32, ExpertsPerToken: 4, IntermediateSize: 2048}
	})
	if n := tb.Native(m); n != "MXFP4" {
		t.Errorf("native format is %s", n)
	}
	w, err := tb.Weights(m, "F16")
	if err != nil {
		t.Fatal(err)
	}
	// experts published in MXFP4 stay so in files labelled F16
	if want := int64(3*32*4096*2048) / 32 * 17; w.Layers[0][Experts] != want || w.LargestExpertTensor != want/3 {
		t.Errorf("experts take %d, expected %d", w.Layers[0][Experts], want)
	}
	if n := tb.Native(llama(t, nil)); n != "BF16" {
		t.Errorf("native format of an unknown type is %s", n)
	}
}

func TestFromFile(t *testing.T) {
	m := llama(t, nil)
	if _, err := table(t).FromFile(m); err == nil {
		t.Error("a synthesised model has no file")
	}
	m.FromFile, m.FileFormat = true, "Q4_K_M"
	var want int64
	for i := range m.Tensors {
		m.Tensors[i].Type, m.Tensors[i].Bytes = "Q4_K", int64(1000+i)
		want += int64(1000 + i)
	}
	w, err := table(t).Weights(m, "")
	if err != nil {
		t.Fatal(err)
	}
	if w.Total != want || w.Basis != "file" || w.Class != ClassKQuant {
		t.Errorf("%d bytes of %d, basis %s, class %s", w.Total, want, w.Basis, w.Class)
	}
}

func TestPartsAreGroups(t *testing.T) {
	for part, group := range map[model.Part]Group{model.PartAttention: Attention, model.PartRecurrent: Recurrent, model.PartDenseFFN: DenseFFN,
		model.PartExperts: Experts, model.PartShared: Shared, model.PartSmall: Small, model.PartGlobal: Groups} {
		if Group(part) != group {
			t.Errorf("part %d is group %d, expected %d", part, Group(part), group)
		}
	}
}

func TestBadTables(t *testing.T) {
	for _, bad := range []string{"{", `{"blocks":[{"name":"X"}]}`, `{"formats":[{"name":"X","kind":"mix","base":"nothing"}]}`, `{"formats":[{"name":"X","kind":"other"}]}`, `{"formats":[{"name":"X","kind":"size"}]}`} {
		if _, err := NewTable([]byte(bad)); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}
