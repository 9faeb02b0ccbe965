package engine

import (
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/hardware"
)

const base = `{"id":"base","name":"Base","family":"llama.cpp",
 "backends":[{"id":"cuda","vendors":["nvidia"]},{"id":"vulkan","vendors":["*"]},{"id":"cpu"}],
 "rules":{"context":{"kind":"fixed","tokens":4096},"batch":2048,"ubatch":512,"kv_type":"f16","flash":"off","pad_flash":256,"pad_plain":32,"offload":"layers"},
 "changes":[{"since":"2025-09","rules":{"flash":"auto"}},{"since":"2025-06","rules":{"window_cache":true}},{"since":"2025-11","rules":{"unified_slots":true}}]}`

func mustParse(t *testing.T, data string, from *Engine) *Engine {
	t.Helper()
	e, err := Parse([]byte(data), from)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func types(name string) (float64, bool) {
	b, ok := map[string]float64{"f16": 2, "q8_0": 1.0625}[name]
	return b, ok
}

func resolve(t *testing.T, e *Engine, d Deployment, w Workload) Settings {
	t.Helper()
	s, err := e.Resolve(d, w, small(), node(1), types)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func small() *model.Model {
	return &model.Model{Arch: model.Architecture{MaxContext: 8192}, Layers: make([]model.Layer, 4)}
}

func node(devices int) *hardware.Node {
	n := &hardware.Node{}
	for range devices {
		n.Devices = append(n.Devices, &hardware.Device{Vendor: "NVIDIA", MemoryBytes: 24 * hardware.GiB})
	}
	return n
}

// A change holds from its date on, and an engine that extends another
// overlays every date.
func TestRulesThroughTime(t *testing.T) {
	e := mustParse(t, base, nil)
	for _, c := range []struct {
		date          string
		window, flash bool
	}{{"2024", false, false}, {"2025-05", false, false}, {"2025-06", true, false}, {"2025-10", true, true}, {"2025", true, true}, {"", true, true}} {
		r := e.RulesAt(c.date)
		if r.WindowCache != c.window || (r.Flash == "auto") != c.flash {
			t.Errorf("%q: window cache %t, flash %q", c.date, r.WindowCache, r.Flash)
		}
	}
	child := mustParse(t, `{"id":"child","name":"Child","extends":"base","rules":{"ubatch":1024},"changes":[{"since":"2025-06","rules":{"window_cache":false}}]}`, e)
	if r := child.RulesAt("2025-07"); r.WindowCache || r.UBatch != 1024 || r.Batch != 2048 {
		t.Errorf("child in 2025-07: %+v", r)
	}
	if r := child.RulesAt("2025-12"); r.WindowCache || r.Flash != "auto" {
		t.Errorf("child in 2025-12: %+v", r)
	}
	if r := e.RulesAt("2025-12"); !r.WindowCache || r.UBatch != 512 {
		t.Errorf("the base must not change: %+v", r)
	}
	if _, err := Parse([]byte(`{"id":"x","extends":"none"}`), nil); err == nil {
		t.Error("an engine that extends nothing known must be refused")
	}
	if _, err := Parse([]byte(`{"name":"x"}`), nil); err == nil {
		t.Error("an engine without id must be refused")
	}
}

// Windowed layers get their window for every sequence and one micro-batch,
// rounded up to 256 cells (llama.cpp: src/llama-kv-cache-iswa.cpp); the
// figures are those that llama.cpp prints.
func TestWindowCells(t *testing.T) {
	e := mustParse(t, base, nil)
	on := true
	for _, c := range []struct {
		context, window, slots, want int
		unified                      bool
	}{
		{8192, 1024, 4, 4608, true},  // Gemma-4-12B, 4 slots of its own choice
		{8192, 1024, 1, 1536, false}, // and 1
		{32768, 128, 4, 1024, true},  // gpt-oss-120b
		{32768, 128, 4, 3072, false}, // -np 4: four streams of 640 cells, each rounded up
		{32768, 2048, 1, 2560, true}, // a 52-layer model under ollama
		{512, 1024, 1, 512, true},    // never more than the context
	} {
		s := resolve(t, e, Deployment{GPULayers: Auto, Context: c.context, Slots: c.slots, UnifiedKV: c.unified, Flash: &on}, Workload{Batch: 1})
		if got := s.WindowCells(c.window); got != c.want {
			t.Errorf("%+v: %d cells", c, got)
		}
		s.SWAFull = true
		if got := s.WindowCells(c.window); got != s.Cells {
			t.Errorf("%+v with --swa-full: %d cells of %d", c, got, s.Cells)
		}
	}
	old := resolve(t, e, Deployment{GPULayers: Auto, Context: 16348, EngineDate: "2024-10"}, Workload{Batch: 1})
	if old.Cells != 16352 { // -c 16348 printed with "padding = 32"
		t.Errorf("16348 tokens take %d cells in a 2024 build, want 16352", old.Cells)
	}
	if old.WindowCells(1024) != old.Cells {
		t.Error("before May 2025 windowed layers had every cell")
	}
	streams := resolve(t, e, Deployment{GPULayers: Auto, Context: 1000, Slots: 3, EngineDate: "2025-10"}, Workload{Batch: 1})
	if streams.Cells != 3*512 {
		t.Errorf("1000 tokens in 3 streams take %d cells, want 3 x 512", streams.Cells)
	}
}

func TestResolveDefaults(t *testing.T) {
	e := mustParse(t, base, nil)
	s := resolve(t, e, Deployment{GPULayers: Auto}, Workload{Batch: 2, InputTokens: 100})
	if s.Context != 4096 || s.UBatch != 512 || s.Slots != 2 || s.KVTypeK != "f16" || s.KVTypeV != "f16" || !s.FlashOn || s.Backend != "cuda" || s.Devices != 1 {
		t.Errorf("%+v", s)
	}
	if s := resolve(t, e, Deployment{GPULayers: Auto, EngineDate: "2024"}, Workload{}); s.FlashOn {
		t.Error("flash attention was off by default in 2024")
	}
	if s := resolve(t, e, Deployment{GPULayers: Auto, EngineDate: "2024", KVTypeV: "q8_0"}, Workload{}); !s.FlashOn {
		t.Error("a quantised V needs flash attention")
	}
	if s := resolve(t, e, Deployment{GPULayers: 0}, Workload{}); s.Backend != "cpu" || s.Devices != 0 {
		t.Errorf("no layers on devices: backend %s, %d devices", s.Backend, s.Devices)
	}
	if s := resolve(t, e, Deployment{GPULayers: Auto}, Workload{Batch: 4, InputTokens: 2000, OutputTokens: 100}); s.Context < 4*2100 {
		t.Errorf("4 sequences of 2100 tokens do not fit the context %d chosen for them", s.Context)
	}
}

// Bad settings are refused in one line that names the setting.
func TestResolveRefuses(t *testing.T) {
	e := mustParse(t, base, nil)
	off := mustParse(t, `{"id":"off","name":"Off","family":"vllm","backends":[{"id":"cuda","vendors":["nvidia"]}],"rules":{"kv_type":"f16"}}`, nil)
	for _, c := range []struct {
		e    *Engine
		d    Deployment
		w    Workload
		want string
	}{
		{e, Deployment{Context: -1}, Workload{}, "context"},
		{e, Deployment{Context: 1 << 40}, Workload{}, "context"},
		{e, Deployment{Slots: -2}, Workload{}, "slots"},
		{e, Deployment{UBatch: 1 << 30}, Workload{}, "ubatch"},
		{e, Deployment{GPULayers: -7}, Workload{}, "gpu_layers"},
		{e, Deployment{CPUMoE: -7}, Workload{}, "cpu_moe"},
		{e, Deployment{TP: -1}, Workload{}, "tp"},
		{e, Deployment{GPULayers: -1, TP: 3}, Workload{}, "3 devices"},
		{e, Deployment{GPULayers: -1, TP: 2, Split: SplitLayer}, Workload{}, "contradict"},
		{e, Deployment{GPULayers: -1, Split: "diagonal"}, Workload{}, "diagonal"},
		{e, Deployment{GPULayers: -1, Backend: "abacus"}, Workload{}, "abacus"},
		{e, Deployment{GPULayers: -1, Backend: "cpu"}, Workload{}, "contradict"},
		{e, Deployment{GPULayers: -1, KVTypeK: "q99"}, Workload{}, "q99"},
		{e, Deployment{GPULayers: -1, MLA: "some"}, Workload{}, "mla"},
		{e, Deployment{MemoryFraction: 1.5}, Workload{}, "memory_fraction"},
		{e, Deployment{}, Workload{Batch: -1}, "batch"},
		{e, Deployment{}, Workload{InputTokens: -5}, "input_tokens"},
		{off, Deployment{GPULayers: 0}, Workload{}, "CPU"},
		{off, Deployment{GPULayers: 3}, Workload{}, "gpu_layers"},
	} {
		_, err := c.e.Resolve(c.d, c.w, small(), node(1), types)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v %+v: error %v, want one line with %q", c.d, c.w, err, c.want)
		}
	}
}

// A change leaves the lists and maps of earlier dates and of other engines alone.
func TestChangesShareNothing(t *testing.T) {
	const steps = `{"id":"a","name":"A","family":"vllm","backends":[{"id":"cuda"}],
	 "rules":{"kv_types":{"FP8":"fp8"},"serve":{"steps":[{"from_gib":0,"tokens":1},{"from_gib":8,"tokens":2}]}},
	 "changes":[{"since":"2025-01","rules":{"kv_types":{"FP8":"f16"},"serve":{"steps":[{"from_gib":0,"tokens":9}]}}}]}`
	a := mustParse(t, steps, nil)
	b := mustParse(t, `{"id":"b","name":"B","extends":"a","rules":{"kv_types":{"FP8":"q8_0"},"serve":{"steps":[{"from_gib":0,"tokens":7}]}}}`, a)
	for _, c := range []struct {
		e          *Engine
		date, kv   string
		tokens, of int
	}{{a, "2024", "fp8", 1, 2}, {a, "", "f16", 9, 1}, {b, "2024", "q8_0", 7, 1}, {b, "", "q8_0", 7, 1}} {
		r := c.e.RulesAt(c.date)
		if r.KVTypes["FP8"] != c.kv || len(r.Serve.Steps) != c.of || r.Serve.Steps[0].Tokens != c.tokens {
			t.Errorf("%s at %q: %v %v", c.e.ID, c.date, r.KVTypes, r.Serve.Steps)
		}
	}
}

func TestHeldHeads(t *testing.T) {
	for _, c := range []struct{ heads, ranks, cores, want int }{
		{8, 1, 0, 8}, {8, 2, 0, 4}, {8, 8, 0, 1}, {8, 16, 0, 1}, {8, 6, 0, 2},
		{8, 12, 2, 2}, {40, 12, 2, 4}, {8, 1, 2, 8}, {1, 4, 2, 1}, // chips of two cores, each of which holds its own
	} {
		s := Settings{Rules: &Rules{CoresPerDevice: c.cores}}
		if got := s.HeldHeads(c.heads, c.ranks); got != c.want {
			t.Errorf("%d heads on %d devices of %d cores: %d, want %d", c.heads, c.ranks, c.cores, got, c.want)
		}
	}
}

// Fewer devices are fewer stages first, and then fewer ranks: always all of them.
func TestSetRanks(t *testing.T) {
	for _, c := range []struct {
		split          Split
		tp, pp, n      int
		wantTP, wantPP int
	}{
		{SplitTensor, 8, 1, 4, 4, 1}, {SplitTensor, 8, 2, 8, 8, 1}, {SplitTensor, 8, 4, 16, 8, 2}, {SplitTensor, 1, 2, 1, 1, 1},
		{SplitTensor, 8, 2, 4, 4, 1}, {SplitTensor, 4, 3, 6, 6, 1}, {SplitPipeline, 1, 8, 4, 1, 4}, {SplitLayer, 1, 1, 3, 1, 1},
	} {
		s := Settings{Deployment: Deployment{Split: c.split, TP: c.tp, PP: c.pp}, Devices: c.tp * c.pp}
		s.SetRanks(c.n)
		if s.Devices != c.n || s.TP != c.wantTP || s.PP != c.wantPP {
			t.Errorf("%s %dx%d on %d: tp %d, pp %d of %d, want %d and %d", c.split, c.tp, c.pp, c.n, s.TP, s.PP, s.Devices, c.wantTP, c.wantPP)
		}
	}
}
