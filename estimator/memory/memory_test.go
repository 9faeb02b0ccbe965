package memory

import (
	"math"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/hardware"
)

const mebi = 1 << 20

// fixture is a model of equal layers with round weights.
func fixture(n int, l model.Layer, hidden, vocab int) (*model.Model, *format.Weights) {
	m := &model.Model{Arch: model.Architecture{HiddenSize: hidden, VocabSize: vocab, MaxContext: 131072, LayerCount: n}}
	w := &format.Weights{Format: "test", Basis: "file", Embedding: 100 * mebi, Output: 200 * mebi}
	for range n {
		m.Layers = append(m.Layers, l)
		b := format.LayerBytes{}
		b[format.Attention], b[format.DenseFFN], b[format.Small] = 20*mebi, 40*mebi, mebi
		if l.Experts > 0 {
			b[format.Experts] = 400 * mebi
		}
		w.Layers = append(w.Layers, b)
	}
	w.Finish()
	w.Total = w.Cumulative[n][format.Attention] + w.Cumulative[n][format.DenseFFN] + w.Cumulative[n][format.Small] + w.Cumulative[n][format.Experts] + w.Embedding + w.Output
	w.Low, w.High = w.Total, w.Total
	return m, w
}

func gqa(heads, kv, dim int) model.Layer {
	return model.Layer{Attention: model.FullAttention, Heads: heads, KVHeads: kv, HeadDimK: dim, HeadDimV: dim, OwnsCache: true, DenseFFNWidth: 4096}
}

func types(name string) (float64, bool) {
	b, ok := map[string]float64{"f16": 2, "bf16": 2, "fp8": 1, "q8_0": 1.0625, "q4_0": 0.5625, "iq4_nl": 0.5625}[strings.ToLower(name)]
	return b, ok
}

const llamaData = `{"id":"llama","name":"Llama","family":"llama.cpp","backends":[{"id":"cuda","vendors":["*"],"context_mib":{"value":100,"low":50,"high":200}},{"id":"cpu"}],
 "rules":{"context":{"kind":"fixed","tokens":4096},"batch":2048,"ubatch":512,"kv_type":"f16","flash":"on","pad_flash":256,"pad_plain":256,"window_cache":true,"unified_slots":true,"mla":"latent","offload":"layers",
 "compute":{"output_embeds":2,"output_embeds_cpu":1,"output_embeds_window":1,"pipeline_copies":4,"spread":{"value":1,"low":0.7,"high":1.15}}}}`

func parse(t *testing.T, data string) *engine.Engine {
	t.Helper()
	e, err := engine.Parse([]byte(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	e.Host = &engine.HostRules{Desktop: engine.HostReserve{MiB: 1024}, Headless: engine.HostReserve{MiB: 512}, Board: engine.HostReserve{MiB: 300},
		UnifiedWired: map[string][]engine.WiredStep{"apple": {{UpToGiB: 36, Fraction: 2.0 / 3}, {Fraction: 0.75}}}}
	return e
}

func nodeOf(n int, d hardware.Device, ram int64) *hardware.Node {
	node := &hardware.Node{Host: hardware.Host{MemoryBytes: ram * hardware.GiB}}
	for range n {
		node.Devices = append(node.Devices, &d)
	}
	return node
}

func input(t *testing.T, e *engine.Engine, m *model.Model, w *format.Weights, node *hardware.Node, d engine.Deployment, work engine.Workload) *Input {
	t.Helper()
	s, err := e.Resolve(d, work, m, node, types)
	if err != nil {
		t.Fatal(err)
	}
	return &Input{Model: m, Weights: w, Node: node, Settings: &s, Workload: work}
}

func total(l []Ledger, c Component) float64 {
	var n int64
	for i := range l {
		b, _, _ := l[i].Get(c)
		n += b
	}
	return float64(n) / mebi
}

// Caches and states as engines print them, in MiB (sources: the numbered
// discussions, issues and pulls of ikawrakow/ik_llama.cpp, ggml-org/llama.cpp).
func TestCachesAsPrinted(t *testing.T) {
	e := parse(t, llamaData)
	mla := model.Layer{Attention: model.LatentAttention, Heads: 128, KVHeads: 128, HeadDimK: 192, HeadDimV: 128, LatentDim: 512, RopeDim: 64, OwnsCache: true}
	window := gqa(16, 8, 256)
	window.Attention, window.Window = model.WindowAttention, 1024
	for _, c := range []struct {
		name   string
		layers int
		layer  model.Layer
		d      engine.Deployment
		want   float64
	}{
		{"Qwen3-235B q8_0 at 32768 (discussion 357)", 94, gqa(64, 4, 128), engine.Deployment{Context: 32768, KVTypeK: "q8_0"}, 3196.00},
		{"Qwen3-235B K q8_0, V f16 at 8192 (issue 389)", 94, gqa(64, 4, 128), engine.Deployment{Context: 8192, KVTypeK: "q8_0", KVTypeV: "f16"}, 1151.50},
		{"Llama-3.1-8B K iq4_nl, V f16 at 1024 (issue 103)", 32, gqa(32, 8, 128), engine.Deployment{Context: 1024, KVTypeK: "iq4_nl", KVTypeV: "f16"}, 82.00},
		{"DeepSeek f16 at 32768, latent only (discussion 258)", 61, mla, engine.Deployment{Context: 32768}, 2196.00},
		{"DeepSeek q8_0 at 32768 (discussion 258)", 61, mla, engine.Deployment{Context: 32768, KVTypeK: "q8_0"}, 1166.62},
		{"Kimi-K2 at 512, latent and V (pull 616)", 61, mla, engine.Deployment{Context: 512, MLA: "latent+v"}, 64.81},
		{"DeepSeek at 2048, heads expanded (issue 271)", 61, mla, engine.Deployment{Context: 2048, MLA: "expanded"}, 9760.00},
		{"Gemma-4-26B windowed layers, micro-batch 2048", 25, window, engine.Deployment{Context: 8192, UBatch: 2048}, 600.00},
	} {
		m, w := fixture(c.layers, c.layer, 1024, 32000)
		c.d.GPULayers = 0
		in := input(t, e, m, w, nodeOf(0, hardware.Device{}, 4096), c.d, engine.Workload{Batch: 1})
		_, l, err := Fit(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := total(l, KVCache); math.Abs(got-c.want) > 0.006 {
			t.Errorf("%s: %.2f MiB, printed %.2f", c.name, got, c.want)
		}
	}
	// Qwen3.5-27B: 48 recurrent layers, (4-1)*(6144+2*16*128) and 128*6144 elements.
	m, w := fixture(48, model.Layer{Recurrent: model.GatedDeltaNet, ConvState: 3 * (6144 + 2*16*128), RecurrentState: 128 * 6144}, 1024, 32000)
	for slots, want := range map[int]float64{1: 149.62, 3: 448.88} {
		in := input(t, e, m, w, nodeOf(0, hardware.Device{}, 4096), engine.Deployment{Slots: slots}, engine.Workload{Batch: 1})
		_, l, err := Fit(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := total(l, Recurrent); math.Abs(got-want) > 0.006 {
			t.Errorf("recurrent state of %d sequences: %.2f MiB, printed %.2f", slots, got, want)
		}
	}
}

// Tied embeddings lie on both sides, untied ones each on its own
// (Gemma-3-27B: 15773.97 MiB on the device and 1102.77 on the host).
func TestTiedEmbeddingIsHeldTwice(t *testing.T) {
	e := parse(t, llamaData)
	m, w := fixture(8, gqa(8, 8, 64), 512, 1000)
	node := nodeOf(1, hardware.Device{Vendor: "NVIDIA", MemoryBytes: 80 * hardware.GiB}, 64)
	in := input(t, e, m, w, node, engine.Deployment{GPULayers: engine.Auto}, engine.Workload{Batch: 1})
	_, l, err := Fit(in)
	if err != nil {
		t.Fatal(err)
	}
	if dev, _, _ := l[0].Get(Weights); dev != w.Total-w.Embedding {
		t.Errorf("untied: %d B on the device, want all but the embedding", dev)
	}
	w.Tied, w.Total, w.Output = true, w.Total-w.Output, 0
	if _, l, err = Fit(in); err != nil {
		t.Fatal(err)
	}
	dev, _, _ := l[0].Get(Weights)
	host, _, _ := l[1].Get(Weights)
	if dev != w.Total || host != w.Embedding {
		t.Errorf("tied: %d B on the device and %d on the host, want %d and %d", dev, host, w.Total, w.Embedding)
	}
}

// What does not fit goes to the host: experts first, then layers; and only as
// many as needed.
func TestAutomaticOffload(t *testing.T) {
	e := parse(t, llamaData)
	moe := gqa(32, 4, 128)
	moe.Experts, moe.ExpertsPerTok, moe.ExpertFFNWidth = 64, 4, 512
	m, w := fixture(40, moe, 1024, 32000) // 61 MiB and 400 MiB of experts per layer
	fit := func(gib int64) (layers, moe int, offloaded bool, device *Ledger) {
		node := nodeOf(1, hardware.Device{Vendor: "NVIDIA", MemoryBytes: gib * hardware.GiB}, 64)
		in := input(t, e, m, w, node, engine.Deployment{GPULayers: engine.Auto, Context: 2048}, engine.Workload{Batch: 1})
		p, l, err := Fit(in)
		if err != nil {
			t.Fatal(err)
		}
		return p.GPULayers, p.CPUMoE, p.Offloaded, &l[0]
	}
	if layers, moe, off, _ := fit(24); layers != 41 || moe != 0 || off {
		t.Errorf("24 GiB: %d layers, experts of %d on the host, offloaded %t; want everything on the device", layers, moe, off)
	}
	layers, moeN, off, dev := fit(12)
	if layers != 41 || moeN == 0 || moeN == 40 || !off {
		t.Errorf("12 GiB: %d layers, experts of %d on the host", layers, moeN)
	}
	if spare := dev.Usable() - dev.Need; spare < 0 || spare > 400*mebi {
		t.Errorf("12 GiB: %d MiB to spare; one more layer's experts would fit, or these do not", spare/mebi)
	}
	if layers, moe, off, dev := fit(2); layers == 0 || layers >= 41 || moe != 40 || !off || dev.Need > dev.Usable() {
		t.Errorf("2 GiB: %d layers, experts of %d on the host, need %d of %d", layers, moe, dev.Need, dev.Usable())
	}
}

// Processor and accelerator share one memory: one ledger, and the system
// lets the accelerator wire only a part.
func TestUnifiedMemoryIsOnePool(t *testing.T) {
	e := parse(t, llamaData)
	m, w := fixture(32, gqa(32, 8, 128), 4096, 128256)
	mac := hardware.Device{Vendor: "Apple", MemoryBytes: 24 * hardware.GiB, Unified: true}
	in := input(t, e, m, w, nodeOf(1, mac, 24), engine.Deployment{GPULayers: engine.Auto, Context: 4096}, engine.Workload{Batch: 1})
	p, l, err := Fit(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(l) != 1 || !p.Unified {
		t.Fatalf("%d ledgers, unified %t", len(l), p.Unified)
	}
	host := float64(100*mebi) + 4*512*(4096+4096) // embedding and pinned inputs
	want := 24*float64(hardware.GiB)*2/3 + host
	if got := float64(l[0].Usable()); math.Abs(got-want) > mebi {
		t.Errorf("usable %.0f MiB, want two thirds of 24 GiB and the host's part: %.0f", got/mebi, want/mebi)
	}
}

const serveData = `{"id":"%","name":"Serve","family":"FAMILY","backends":[{"id":"cuda","vendors":["*"]}],
 "rules":{"context":{"kind":"trained"},"kv_type":"bf16","flash":"on","mla":"latent","window_cache":true,
 "serve":{"fraction":FRACTION,"block_tokens":16,"steps":[{"from_gib":0,"tokens":CHUNK,"seqs":1024,"graph_batch":BS}],"activation_per_seq_vocab":14.28,"activation_gib":0.14,"non_torch_gib":{"value":0.25,"low":0.2,"high":0.3},
 "reserve":{"base_mib":512,"per_chunk_token_mib":1.5,"min_chunk_tokens":2048,"per_graph_batch_mib":2,"per_rank_mib":128,"floor_mib":10240,"floor_from_gib":60}}}}`

func serveEngine(t *testing.T, family, fraction, chunk, bs string) *engine.Engine {
	return parse(t, strings.NewReplacer("%", family, "FAMILY", family, "FRACTION", fraction, "CHUNK", chunk, "BS", bs).Replace(serveData))
}

// Llama-3.1-8B on an H100 of 79.19 GiB at 0.95: vLLM 0.19 prints a pool of
// 58.11 GiB and 476 0xx tokens (llm-d-planner accuracy report).
func TestVLLMPool(t *testing.T) {
	e := serveEngine(t, "vllm", "0.95", "8192", "512")
	m, w := fixture(32, gqa(32, 8, 128), 4096, 128256)
	// 14.99 GiB of weights in all.
	rest := int64(15350)*mebi - w.Total
	w.Embedding += rest
	w.Total += rest
	h100 := hardware.Device{Vendor: "NVIDIA", MemoryBytes: 80 * hardware.GiB, UsableBytes: 81091 * mebi}
	in := input(t, e, m, w, nodeOf(1, h100, 256), engine.Deployment{GPULayers: engine.Auto, Context: 8192}, engine.Workload{Batch: 1})
	_, l, err := Fit(in)
	if err != nil {
		t.Fatal(err)
	}
	if got := float64(l[0].PoolBytes) / float64(hardware.GiB); math.Abs(got-58.11) > 0.06 {
		t.Errorf("pool %.2f GiB, printed 58.11", got)
	}
	if got := l[0].PoolTokens; got%16 != 0 || math.Abs(float64(got)/476_000-1) > 0.001 {
		t.Errorf("%d tokens, printed about 476 000 in blocks of 16", got)
	}
}

// SGLang's own choice: about 0.847 on an RTX 4090 and 0.836 on an H100 (from
// notes on server_args.py).
func TestSGLangFraction(t *testing.T) {
	for _, c := range []struct {
		mebi      int64
		chunk, bs string
		want      float64
	}{{24564, "2048", "16", 0.847}, {81559, "8192", "256", 0.836}} {
		e := serveEngine(t, "sglang", "0", c.chunk, c.bs)
		m, w := fixture(4, gqa(8, 8, 64), 512, 1000)
		d := hardware.Device{Vendor: "NVIDIA", MemoryBytes: c.mebi * mebi, UsableBytes: c.mebi * mebi}
		in := input(t, e, m, w, nodeOf(1, d, 64), engine.Deployment{GPULayers: engine.Auto, Context: 1024}, engine.Workload{Batch: 1})
		_, l, err := Fit(in)
		if err != nil {
			t.Fatal(err)
		}
		free := float64(c.mebi*mebi) - 0.25*float64(hardware.GiB)
		if got := float64(l[0].PoolBytes+w.Total) / free; math.Abs(got-c.want) > 0.003 {
			t.Errorf("%d MiB: fraction %.3f, want %.3f", c.mebi, got, c.want)
		}
	}
}

// A context that nobody asked for is lowered until it fits, and no further.
func TestContextIsLoweredToFit(t *testing.T) {
	e := parse(t, strings.Replace(llamaData, `"kind":"fixed"`, `"kind":"fit"`, 1))
	m, w := fixture(32, gqa(32, 8, 128), 4096, 32000) // 128 KiB per token
	node := nodeOf(1, hardware.Device{Vendor: "NVIDIA", MemoryBytes: 8 * hardware.GiB}, 64)
	in := input(t, e, m, w, node, engine.Deployment{GPULayers: engine.Auto}, engine.Workload{Batch: 1})
	p, l, err := Fit(in)
	if err != nil {
		t.Fatal(err)
	}
	c := in.Settings.Context
	if p.Offloaded || !in.Settings.ContextLowered || c <= 4096 || c >= 131072 || c%256 != 0 {
		t.Errorf("context %d, lowered %t, offloaded %t", c, in.Settings.ContextLowered, p.Offloaded)
	}
	if l[0].High > l[0].Usable() || l[0].Usable()-l[0].High > 64*mebi {
		t.Errorf("%d MiB to spare at the high end", (l[0].Usable()-l[0].High)/mebi)
	}
}

func TestAccountRefusesMixedUpInput(t *testing.T) {
	e := parse(t, llamaData)
	m, _ := fixture(8, gqa(8, 8, 64), 512, 1000)
	_, w := fixture(9, gqa(8, 8, 64), 512, 1000)
	in := input(t, e, m, w, nodeOf(0, hardware.Device{}, 16), engine.Deployment{}, engine.Workload{Batch: 1})
	if _, _, err := Fit(in); err == nil {
		t.Error("weights of another model must be refused")
	}
}
