package profiles

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/memory"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/place"
	"github.com/plimsoll/plimsoll/hardware"
)

// Models of every kind of cache: full, windowed, shared, latent, recurrent,
// encoder, mixture; and engines of every scheme.
var (
	lawModels  = []string{"llama-3.1-8b", "qwen3-30b-a3b", "gemma-3-27b", "gemma-4-e4b", "deepseek-r1", "qwen3.5-9b", "gpt-oss-20b", "mixtral-8x7b", "pythia-1.4b", "bge-m3", "falcon-mamba-7b", "deepseek-v4-flash"}
	lawEngines = []string{"llama.cpp", "ik_llama.cpp", "ollama", "vllm", "sglang", "tensorrt-llm", "transformers"}
)

type lawCase struct {
	m    *model.Model
	w    *format.Weights
	e    *engine.Engine
	node *hardware.Node
	pr   *memory.Profile
}

func drawCase(t *rapid.T, devices int) lawCase {
	var c lawCase
	var err error
	if c.m, err = Model(rapid.SampledFrom(lawModels).Draw(t, "model")); err != nil {
		t.Fatal(err)
	}
	table, err := Formats()
	if err != nil {
		t.Fatal(err)
	}
	if c.w, err = table.Weights(c.m, "Q4_K_M"); err != nil {
		t.Fatal(err)
	}
	if c.e, err = Engine(rapid.SampledFrom(lawEngines).Draw(t, "engine")); err != nil {
		t.Fatal(err)
	}
	c.pr = memory.NewProfile(c.m)
	gib := rapid.Int64Range(4, 200).Draw(t, "gib")
	c.node = lawNode(devices, gib)
	return c
}

func lawNode(devices int, gib int64) *hardware.Node {
	d := &hardware.Device{ID: "test", Name: "test", Vendor: "NVIDIA", MemoryBytes: gib * hardware.GiB}
	n := &hardware.Node{Host: hardware.Host{MemoryBytes: 64 * hardware.GiB}}
	for range devices {
		n.Devices = append(n.Devices, d)
	}
	return n
}

func (c *lawCase) input(t *rapid.T, d engine.Deployment, node *hardware.Node) *memory.Input {
	table, err := Formats()
	if err != nil {
		t.Fatal(err)
	}
	work := engine.Workload{InputTokens: 16, OutputTokens: 16, Batch: 1}
	s, err := c.e.Resolve(d, work, c.m, node, table.BytesPerElement)
	if err != nil {
		t.Fatalf("%s on %s: %v", c.m.Arch.ID, c.e.ID, err)
	}
	return &memory.Input{Model: c.m, Weights: c.w, Node: node, Settings: &s, Workload: work, Profile: c.pr}
}

func (c *lawCase) whole(t *rapid.T, in *memory.Input) []memory.Ledger {
	var p place.Placement
	b := place.Input{Layers: len(c.m.Layers), Node: in.Node, Settings: in.Settings}
	place.Build(&p, &b, b.Whole(), 0)
	l, err := memory.Account(in, &p)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func need(ledgers []memory.Ledger) (n int64) {
	for i := range ledgers {
		n += ledgers[i].Need
	}
	return n
}

func TestBiggerContextNeverNeedsLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, rapid.IntRange(1, 3).Draw(t, "devices"))
		a := rapid.IntRange(64, 200_000).Draw(t, "context")
		b := a + rapid.IntRange(0, 100_000).Draw(t, "more")
		less := need(c.whole(t, c.input(t, engine.Deployment{GPULayers: engine.Auto, Context: a}, c.node)))
		more := need(c.whole(t, c.input(t, engine.Deployment{GPULayers: engine.Auto, Context: b}, c.node)))
		if more < less {
			t.Fatalf("%s on %s: %d cells need %d B, %d need %d B", c.m.Arch.ID, c.e.ID, a, less, b, more)
		}
	})
}

func TestSmallerCacheTypeNeverNeedsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, 1)
		ctx := rapid.IntRange(256, 200_000).Draw(t, "context")
		on := true
		last := int64(0)
		for i, kv := range []string{"q4_0", "q8_0", "f16", "f32"} {
			n := need(c.whole(t, c.input(t, engine.Deployment{GPULayers: engine.Auto, Context: ctx, KVTypeK: kv, Flash: &on}, c.node)))
			if i > 0 && n < last {
				t.Fatalf("%s on %s: a cache in %s needs %d B, in the smaller type before %d B", c.m.Arch.ID, c.e.ID, kv, n, last)
			}
			last = n
		}
	})
}

func TestLedgerLinesSumToTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, rapid.IntRange(0, 4).Draw(t, "devices"))
		if len(c.node.Devices) == 0 && c.e.Backend("cpu") == nil {
			t.Skip("needs a device")
		}
		in := c.input(t, engine.Deployment{GPULayers: engine.Auto}, c.node)
		in.Explain = rapid.Bool().Draw(t, "explain")
		p, ledgers, err := memory.Fit(in)
		if err != nil {
			t.Fatal(err)
		}
		if len(ledgers) != len(p.Shares) {
			t.Fatalf("%d ledgers for %d shares", len(ledgers), len(p.Shares))
		}
		for _, l := range ledgers {
			var v, lo, hi int64
			for _, line := range l.Lines {
				if line.Bytes < 0 || line.Low > line.Bytes || line.High < line.Bytes {
					t.Fatalf("%s %s: %d is not within %d..%d", l.Name, line.Component, line.Bytes, line.Low, line.High)
				}
				v, lo, hi = v+line.Bytes, lo+line.Low, hi+line.High
			}
			if v != l.Need || lo != l.Low || hi != l.High {
				t.Fatalf("%s: lines sum to %d (%d..%d), ledger says %d (%d..%d)", l.Name, v, lo, hi, l.Need, l.Low, l.High)
			}
			if l.Reserved < 0 || l.Reserved > l.Capacity {
				t.Fatalf("%s: reserved %d of %d", l.Name, l.Reserved, l.Capacity)
			}
		}
	})
}

// Every layer, expert and global is placed once, whatever the offload.
func TestPlacementHoldsEveryWeightOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, rapid.IntRange(1, 5).Draw(t, "devices"))
		if c.e.Family != engine.LlamaCpp {
			t.Skip("offload is llama.cpp's")
		}
		split := rapid.SampledFrom([]engine.Split{engine.SplitLayer, engine.SplitPipeline}).Draw(t, "split")
		in := c.input(t, engine.Deployment{GPULayers: engine.Auto, Context: 4096, Split: split}, c.node)
		layers, moe := rapid.IntRange(0, len(c.m.Layers)+2).Draw(t, "layers"), rapid.IntRange(0, len(c.m.Layers)+2).Draw(t, "moe")
		var p place.Placement
		place.Build(&p, &place.Input{Layers: len(c.m.Layers), Node: c.node, Settings: in.Settings}, layers, moe)
		dense, experts, outputs := 0, 0, 0
		for _, s := range p.Shares {
			dense += s.Layers.Len()
			experts += s.Experts.Len()
			if s.Output {
				outputs++
			}
		}
		if dense != len(c.m.Layers) || experts != len(c.m.Layers) || outputs != 1 {
			t.Fatalf("%d layers and %d experts of %d placed, %d outputs", dense, experts, len(c.m.Layers), outputs)
		}
		l, err := memory.Account(in, &p)
		if err != nil {
			t.Fatal(err)
		}
		var weights int64
		for i := range l {
			b, _, _ := l[i].Get(memory.Weights)
			weights += b
		}
		// A tied head on a device is a second copy of the embedding.
		if weights < c.w.Total || weights > c.w.Total+c.w.Embedding {
			t.Fatalf("%s: %d B of weights placed, the model has %d", c.m.Arch.ID, weights, c.w.Total)
		}
	})
}

func fitsWhole(p *place.Placement, ledgers []memory.Ledger) bool {
	for i := range ledgers {
		if ledgers[i].Need > ledgers[i].Usable() {
			return false
		}
	}
	return !p.Offloaded
}

func TestMoreDevicesNeverFitLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, 1)
		gib := rapid.Int64Range(2, 120).Draw(t, "each")
		ctx := rapid.IntRange(512, 100_000).Draw(t, "context")
		had, at := false, 0
		for n := 1; n <= 8; n *= 2 {
			node := lawNode(n, gib)
			in := c.input(t, engine.Deployment{GPULayers: engine.Auto, Context: ctx}, node)
			p, l, err := memory.Fit(in)
			if err != nil {
				t.Fatal(err)
			}
			fits := fitsWhole(&p, l)
			if had && !fits {
				t.Fatalf("%s on %s, %d cells: fits %d devices of %d GiB, not %d", c.m.Arch.ID, c.e.ID, ctx, at, gib, n)
			}
			if fits {
				had, at = true, n
			}
		}
	})
}

func benchInput(b *testing.B, id, engineID string, devices int, gib int64) *memory.Input {
	m, err := Model(id)
	if err != nil {
		b.Fatal(err)
	}
	table, err := Formats()
	if err != nil {
		b.Fatal(err)
	}
	w, err := table.Weights(m, "Q4_K_M")
	if err != nil {
		b.Fatal(err)
	}
	e, err := Engine(engineID)
	if err != nil {
		b.Fatal(err)
	}
	node := lawNode(devices, gib)
	work := engine.Workload{InputTokens: 512, OutputTokens: 128, Batch: 1}
	s, err := e.Resolve(engine.Deployment{GPULayers: engine.Auto, Context: 8192}, work, m, node, table.BytesPerElement)
	if err != nil {
		b.Fatal(err)
	}
	return &memory.Input{Model: m, Weights: w, Node: node, Settings: &s, Workload: work, Profile: memory.NewProfile(m)}
}

func BenchmarkAccount(b *testing.B) {
	in := benchInput(b, "qwen3-32b", "llama.cpp", 1, 80)
	var p place.Placement
	place.Build(&p, &place.Input{Layers: len(in.Model.Layers), Node: in.Node, Settings: in.Settings}, 65, 0)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := memory.Account(in, &p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFit(b *testing.B) {
	for _, c := range []struct {
		name, model, engine string
		devices             int
		gib                 int64
	}{{"whole", "qwen3-32b", "llama.cpp", 1, 80}, {"layers", "qwen3-32b", "llama.cpp", 1, 12}, {"experts", "qwen3-30b-a3b", "llama.cpp", 1, 12}, {"vllm8", "qwen3-32b", "vllm", 8, 80}} {
		b.Run(c.name, func(b *testing.B) {
			in := benchInput(b, c.model, c.engine, c.devices, c.gib)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := memory.Fit(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFitInto(b *testing.B) {
	in := benchInput(b, "qwen3-32b", "llama.cpp", 1, 80)
	var p place.Placement
	var l []memory.Ledger
	var err error
	b.ReportAllocs()
	for b.Loop() {
		if l, err = memory.FitInto(in, &p, l); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	in := benchInput(b, "qwen3-32b", "llama.cpp", 1, 80)
	table, err := Formats()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := in.Settings.Engine.Resolve(engine.Deployment{GPULayers: engine.Auto, Context: 8192}, in.Workload, in.Model, in.Node, table.BytesPerElement); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProfile(b *testing.B) {
	m, err := Model("qwen3-32b")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		memory.NewProfile(m)
	}
}
