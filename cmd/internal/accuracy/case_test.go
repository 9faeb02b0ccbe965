package accuracy

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/fit"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// made is an example of a model of 10B parameters, 2B of them active, of
// 5 GB, on an accelerator of 1000 GB/s and 100 TFLOPS, with two processors of
// 50 GB/s beside it.
func made(row measured.Row, devices int) *corpus.Example {
	d := &hardware.Device{ID: "card", Name: "GeForce Card", Vendor: "NVIDIA", Kind: hardware.GPU, Architecture: "Ada", BandwidthGBps: 1000,
		Rates: hardware.Rates{FP16: 100}, TDPWatts: 400}
	node := hardware.Node{Host: hardware.Host{Sockets: 2, CPU: hardware.CPU{ID: "chip", BandwidthGBps: 50}}, Devices: slices.Repeat([]*hardware.Device{d}, devices)}
	decoding := row.Metric != measured.Prefill && row.Metric != measured.TTFT
	return &corpus.Example{Row: &row, Work: new(estimator.Work), Observation: new(fit.Observation), Judged: &fit.Observation{Decoding: decoding},
		Request: estimator.Request{
			Model:   &model.Model{Arch: model.Architecture{ID: "m", Arch: "llama", ParamsTotal: 10e9, ParamsActive: 2e9}, Layers: []model.Layer{{Experts: 8}}},
			Weights: &format.Weights{Format: "Q4_K_M", Total: 5e9}, Engine: &engine.Engine{ID: "llama.cpp"},
			Machine: &hardware.Machine{Nodes: []hardware.Node{node}}}}
}

func TestNaive(t *testing.T) {
	for name, c := range map[string]struct {
		row     measured.Row
		devices int
		tp      int
		want    float64 // rate of the rule ÷ measured rate
	}{
		// 0.55 × 1000 GB/s ÷ (5 GB × 2/10) = 550 tok/s
		"decode":             {measured.Row{Metric: measured.Decode, Value: 275}, 1, 1, 2},
		"time per token":     {measured.Row{Metric: measured.TPOT, Value: 1}, 1, 1, 0.55},
		"several sequences":  {measured.Row{Metric: measured.Output, Value: 2200, Batch: 4}, 1, 1, 1},
		"by layers":          {measured.Row{Metric: measured.Decode, Value: 550}, 2, 1, 1},
		"tensor parallel":    {measured.Row{Metric: measured.Decode, Value: 550}, 2, 2, 2},
		"processors":         {measured.Row{Metric: measured.Decode, Value: 55, Offload: "cpu"}, 1, 1, 1},
		"no device":          {measured.Row{Metric: measured.Decode, Value: 55}, 0, 1, 1},
		"prefill":            {measured.Row{Metric: measured.Prefill, Value: 8750, Input: 512}, 1, 1, 1}, // 0.35 × 100 T ÷ (2 × 2 G)
		"time of the prompt": {measured.Row{Metric: measured.TTFT, Value: 100, Input: 1750}, 1, 1, 0.5},
	} {
		ex := made(c.row, c.devices)
		ex.Work.Result.Settings.TP = c.tp
		got, ok := naive(ex)
		if !ok || math.Abs(math.Exp(got)-c.want) > 1e-9 {
			t.Errorf("%s: %g, %v, want %g", name, math.Exp(got), ok, c.want)
		}
	}
	if _, ok := naive(made(measured.Row{Metric: measured.Prefill, Value: 10, Input: 5, Offload: "cpu"}, 1)); ok {
		t.Error("a rule without a peak rate")
	}
}

func TestKinds(t *testing.T) {
	for want, d := range map[string]*hardware.Device{
		kindConsumer:     {Vendor: "NVIDIA", Kind: hardware.GPU, Name: "GeForce RTX 4090"},
		kindProfessional: {Vendor: "NVIDIA", Kind: hardware.GPU, Name: "RTX 6000 Ada Generation"},
		kindUnified:      {Vendor: "NVIDIA", Kind: hardware.GPU, Name: "GB10", Unified: true},
		kindNPU:          {Vendor: "Rockchip", Kind: hardware.NPU},
		kindTPU:          {Vendor: "Google", Kind: hardware.TPU},
		"Apple":          {Vendor: "Apple", Kind: hardware.GPU, Unified: true},
	} {
		if got := kindOf(d, nil); got != want {
			t.Errorf("%s counts as %q, want %q", d.Name, got, want)
		}
	}
	if got := kindOf(nil, &hardware.CPU{Board: true}) + kindOf(nil, &hardware.CPU{}); got != "boardCPU" {
		t.Error(got)
	}
}

func TestTags(t *testing.T) {
	row := measured.Row{Metric: measured.Decode, Value: 1, Depth: 8000, Input: 500, Batch: 2, Quality: 'B', Offload: "experts-cpu"}
	ex := made(row, 2)
	ex.Work.Result.Settings.Backend, ex.Work.Result.Settings.TP = "cuda", 2
	ex.Request.Model.Layers = append(ex.Request.Model.Layers, model.Layer{Recurrent: model.NoRecurrence + 1})
	c := newCase(ex, "family")
	for dimension, want := range map[string]string{"engine": "llama.cpp/cuda", "device-kind": "NVIDIA consumer", "arch": "MoE hybrid", "size": "3B to 15B",
		"offload": "experts on the host", "depth": "above 8k", "batch": "several", "devices": "several, tensor", "model": "m", "device": "card",
		"format": "Q4_K_M", "quality": "B", "level": "family"} {
		if got := c.tag(dimension); got != want {
			t.Errorf("%s: %q, want %q", dimension, got, want)
		}
	}
	if got := newCase(made(measured.Row{Offload: "cpu"}, 2), ""); got.tag("devices") != "one" || got.tag("device") != "chip" {
		t.Errorf("on the host: %v", got.tags)
	}
}

func TestReasons(t *testing.T) {
	old := measured.Row{ID: "old", Metric: measured.Decode, Value: 10, Date: "2024-05", Quality: 'C', Source: "one", PowerWatts: 200, WallClock: true}
	recent := old
	recent.ID, recent.Date, recent.Source, recent.Value, recent.Quality, recent.PowerWatts, recent.WallClock = "new", "2025-06", "two", 20, 'A', 0, false
	a, b := made(old, 1), made(recent, 1)
	a.Spilled = true
	cases := []Case{newCase(a, "vendor"), newCase(b, "assumed")}
	e := newEvidence(cases, HeldDevice)
	want := []string{"settings that matter are not stated", "another source measured 20.0 of the same",
		"by our ledger it does not fit the device: part of it ran elsewhere", "the time of prompts and of the server is inside the figure",
		"power limited to 200 of 400 W", "a build of 2024-05, 13 months older than the newest measured",
		"the only device of its family (Ada/gddr): nothing near it in the fit", "only 2 rows of its architecture (llama)"}
	if got := e.reasons(&cases[0]); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := e.reasons(&cases[1]); !slices.Contains(got, "its parameters are borrowed from another engine or backend") {
		t.Errorf("assumed: %q", got)
	}
	// With the model held out the device is known; of the user's own rows
	// nothing is said that rests on the others.
	if got := newEvidence(cases, HeldModel).reasons(&cases[0]); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "family") }) {
		t.Errorf("model held out: %q", got)
	}
	recent.Source = "one"
	if got := newEvidence([]Case{newCase(made(recent, 1), "")}, "").reasons(&cases[1]); len(got) != 0 {
		t.Errorf("own: %q", got)
	}
}

func TestChooseAndSort(t *testing.T) {
	var cases []Case
	for i, r := range []measured.Row{
		{ID: "a", Metric: measured.Decode, Value: 1, Quality: 'A'},
		{ID: "b", Metric: measured.Decode, Value: 1, Quality: 'B'},
		{ID: "c", Metric: measured.Prefill, Value: 1, Input: 9, Quality: 'C'},
	} {
		c := newCase(made(r, 1), "family")
		c.Log = []float64{math.Log(1.5), math.Log(0.5), 0}[i]
		cases = append(cases, c)
	}
	in := Inputs{HeldOut: HeldDevice, Quality: []string{"A", "B"}, By: []string{"quality"}, Worst: 5}
	doc := New(&Cases{Language: cases, Rows: Rows{Collected: 3}}, in, report.Versions{})
	if doc.Rows.Judged != 2 || doc.Rows.Filtered != 1 || len(doc.Sections) != 2 || len(doc.Worst) != 2 {
		t.Fatalf("%+v", doc)
	}
	// Half as fast is further off than half as fast again.
	if doc.Worst[0].ID != "b" || doc.Worst[1].ID != "a" {
		t.Errorf("order %s, %s", doc.Worst[0].ID, doc.Worst[1].ID)
	}
	if g := doc.Sections[1].Groups; len(g) != 2 || g[0].Name != "A" || g[1].Name != "B" {
		t.Errorf("groups %+v", g)
	}
	for _, in := range []Inputs{{Metric: Prefill}, {Kind: kindConsumer, Quality: []string{"C"}}, {Device: "card", Quality: []string{"C"}}} {
		if got := choose(cases, &in); len(got) != 1 || got[0].Row.ID != "c" {
			t.Errorf("%+v chooses %d", in, len(got))
		}
	}
	for _, in := range []Inputs{{Engine: "vllm"}, {Backend: "rocm"}, {Device: "other"}, {Model: "other"}, {Kind: "Apple"}} {
		if got := choose(cases, &in); len(got) != 0 {
			t.Errorf("%+v chooses %d", in, len(got))
		}
	}
}

// TestTimesTurnRound: where a time was measured, faster means less of it.
func TestTimesTurnRound(t *testing.T) {
	c := newCase(made(measured.Row{Metric: measured.TTFT, Value: 100, Input: 10, Quality: 'A'}, 1), "family")
	c.Log, c.Low, c.High = math.Log(2), math.Log(1), math.Log(4)
	got := compare(&c, newEvidence(nil, ""))
	if e := got.Estimate; e.Value != 50 || e.Low != 25 || e.High != 100 || e.Unit != "ms" || got.Error != 100 || !got.Inside {
		t.Errorf("%+v", got)
	}
}

// TestPublished: every row has one fate, and the same question the same bytes.
func TestPublished(t *testing.T) {
	store := scenario.NewStore(new(facts.Embedded))
	var texts [2]string
	for i := range texts {
		cases, n, err := Published(t.Context(), store, HeldModel)
		if err != nil {
			t.Fatal(err)
		}
		if len(cases) == 0 || n.Collected != n.Excluded+n.NotComparable+n.NotJudged+len(cases) {
			t.Errorf("%d cases of %+v", len(cases), n)
		}
		for j := range cases {
			if c := &cases[j]; !(c.Low < c.Log && c.Log < c.High) || slices.Contains(c.tags[:], "") {
				t.Errorf("%s: %+v", c.Row.ID, c)
			}
		}
		doc := New(&Cases{Language: cases, Rows: n}, Inputs{HeldOut: HeldModel, By: Dimensions(), Worst: 50}, report.Versions{})
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
		for j := range doc.Sections[1:] {
			rows := 0
			for _, g := range doc.Sections[j+1].Groups {
				rows += g.Rows
			}
			if all := doc.Sections[0].Groups[0].Rows; doc.Sections[j+1].Metric == Decode && rows != all {
				t.Errorf("%s has %d rows of %d", doc.Sections[j+1].By, rows, all)
			}
		}
	}
	if texts[0] != texts[1] {
		t.Error("the same question, other bytes")
	}
}
