package place

import (
	"testing"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/hardware"
)

func devices(gib ...int64) *hardware.Node {
	n := &hardware.Node{}
	for _, g := range gib {
		n.Devices = append(n.Devices, &hardware.Device{MemoryBytes: g * hardware.GiB})
	}
	return n
}

func settings(n *hardware.Node, r engine.Rules) *engine.Settings {
	return &engine.Settings{Rules: &r, Devices: len(n.Devices), Deployment: engine.Deployment{Split: engine.SplitLayer, TP: 1, PP: 1, DP: 1}}
}

var offload = engine.Rules{Offload: "layers"}

// Figures: Qwen3-30B-A3B over two T4 (ik_llama.cpp issue 398: 25 layers'
// weights on the first), DeepSeek-V3 with one layer offloaded by ollama
// (ollama issue 8447), and llama.cpp's own counting.
func TestBuild(t *testing.T) {
	for _, c := range []struct {
		name        string
		layers      int
		node        *hardware.Node
		rules       engine.Rules
		ngl, moe    int
		want        []Range
		experts     []Range
		outputShare int
	}{
		{"two equal devices", 48, devices(16, 16), offload, 49, 0, []Range{{0, 25}, {25, 48}, {0, 0}}, []Range{{0, 25}, {25, 48}, {0, 0}}, 1},
		{"one layer, older builds", 61, devices(24), offload, 1, 0, []Range{{60, 61}, {0, 60}}, []Range{{60, 61}, {0, 60}}, 1},
		{"output first, newer builds", 61, devices(24), engine.Rules{Offload: "layers", OutputFirst: true}, 1, 0, []Range{{61, 61}, {0, 61}}, []Range{{61, 61}, {0, 61}}, 0},
		{"no layers", 32, devices(24), offload, 0, 0, []Range{{0, 32}}, []Range{{0, 32}}, 0},
		{"more than there are", 32, devices(24), offload, 99, 0, []Range{{0, 32}, {0, 0}}, []Range{{0, 32}, {0, 0}}, 0},
		{"experts of ten layers on the host", 48, devices(24), offload, 49, 10, []Range{{0, 48}, {0, 0}}, []Range{{10, 48}, {0, 10}}, 0},
		{"by size", 30, devices(24, 8), offload, 31, 0, []Range{{0, 24}, {24, 30}, {0, 0}}, []Range{{0, 24}, {24, 30}, {0, 0}}, 1},
	} {
		var p Placement
		Build(&p, &Input{Layers: c.layers, Node: c.node, Settings: settings(c.node, c.rules)}, c.ngl, c.moe)
		if len(p.Shares) != len(c.want) {
			t.Errorf("%s: %d shares, want %d", c.name, len(p.Shares), len(c.want))
			continue
		}
		for i, s := range p.Shares {
			if s.Layers.Len() != c.want[i].Len() || s.Layers.Len() > 0 && s.Layers != c.want[i] {
				t.Errorf("%s: share %d has layers %v, want %v", c.name, i, s.Layers, c.want[i])
			}
			if s.Experts.Len() != c.experts[i].Len() || s.Experts.Len() > 0 && s.Experts != c.experts[i] {
				t.Errorf("%s: share %d has experts of layers %v, want %v", c.name, i, s.Experts, c.experts[i])
			}
			if s.Output != (i == c.outputShare) {
				t.Errorf("%s: share %d output %t", c.name, i, s.Output)
			}
		}
		if h := p.Host(); !h.Embedding || h.Device != nil {
			t.Errorf("%s: the token embedding belongs to the host: %+v", c.name, h)
		}
	}
}

func TestBuildStages(t *testing.T) {
	n := devices(80, 80, 80, 80, 80, 80, 80, 80)
	s := settings(n, engine.Rules{})
	s.Split, s.TP, s.PP = engine.SplitTensor, 2, 4
	var p Placement
	Build(&p, &Input{Layers: 30, Node: n, Settings: s}, 31, 0)
	if len(p.Shares) != 9 {
		t.Fatalf("%d shares, want 8 ranks and the host", len(p.Shares))
	}
	// 30 layers over 4 stages: 7, 8, 8, 7 (vLLM get_pp_indices).
	for i, want := range []Range{{0, 7}, {0, 7}, {7, 15}, {7, 15}, {15, 23}, {15, 23}, {23, 30}, {23, 30}} {
		sh := p.Shares[i]
		if sh.Layers != want || sh.Ranks != 2 || sh.Rank != i%2 || sh.Embedding != (i < 2) || sh.Output != (i > 5) {
			t.Errorf("rank %d: %+v, want layers %v", i, sh, want)
		}
	}
	if h := p.Host(); h.Layers.Len() != 0 || h.Embedding || h.Output {
		t.Errorf("serving engines keep nothing on the host: %+v", h)
	}
}

func BenchmarkBuild(b *testing.B) {
	n := devices(24, 24)
	in := Input{Layers: 64, Node: n, Settings: settings(n, offload)}
	var p Placement
	b.ReportAllocs()
	for b.Loop() {
		Build(&p, &in, 65, 0)
	}
}
