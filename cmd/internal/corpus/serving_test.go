package corpus

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

func served(t *testing.T, rows ...measured.ServingRow) ([]Example, []Miss) {
	t.Helper()
	prior, _, err := profiles.Prior()
	if err != nil {
		t.Fatal(err)
	}
	ex, misses, err := ServingExamples(context.Background(), scenario.NewStore(new(facts.Embedded)), prior, rows)
	if err != nil {
		t.Fatal(err)
	}
	return ex, misses
}

// row is a measurement of one H100 under vLLM.
func row(class, metric string, batch int, value float64) measured.ServingRow {
	r := measured.ServingRow{Class: class, Nodes: 1, Weight: 0.25}
	r.Row = measured.Row{ID: class + " " + metric, Model: "llama-3.1-8b", Weights: "FP8", Engine: "vllm", Date: "2025-09", Hardware: "h100-sxm5-80gb",
		Devices: 1, TP: 1, GPULayers: -1, CPUMoE: -1, Batch: batch, Input: 1000, Output: 101, Metric: metric, Value: value, Quality: measured.QualityB}
	return r
}

func TestServingObservations(t *testing.T) {
	for _, c := range []struct {
		row                       measured.ServingRow
		seconds, requests         float64
		prefills, steps, decoding [2]float64 // least and most
	}{
		// A batch of 8: its prompts once, then 100 steps; 808 tokens in all.
		{row(measured.StaticBatch, measured.Output, 8, 404), 2, 1, [2]float64{1, 1}, [2]float64{100, 100}, [2]float64{8, 8}},
		{row(measured.StaticBatch, measured.TPOT, 8, 20), 0.02, 0, [2]float64{0, 0}, [2]float64{1, 1}, [2]float64{8, 8}},
		{row(measured.BatchOne, measured.TTFT, 1, 30), 0.03, 1, [2]float64{1, 1}, [2]float64{0, 0}, [2]float64{1, 1}},
		// 32 users: a token takes a step, some of them with prompts of several users.
		{row(measured.ClosedLoop, measured.TPOT, 32, 15), 0.015, 0, [2]float64{0.02, 0.35}, [2]float64{0.65, 0.98}, [2]float64{20, 32}},
		{row(measured.ClosedLoop, measured.TTFT, 32, 90), 0.09, 1, [2]float64{1, 40}, [2]float64{0, 0}, [2]float64{20, 32}},
		// A queue that never ends: as many as the engine runs.
		{row(measured.Saturated, measured.Output, 1, 5000), math.NaN(), 0, [2]float64{0.3, 1}, [2]float64{0, 0.7}, [2]float64{100, 1100}},
	} {
		ex, misses := served(t, c.row)
		if len(ex) != 1 {
			t.Errorf("%s: %v", c.row.ID, misses)
			continue
		}
		o := ex[0].Observation
		in := func(what string, v float64, want [2]float64) {
			if v < want[0]-1e-9 || v > want[1]+1e-9 {
				t.Errorf("%s: %s %g, want %v", c.row.ID, what, v, want)
			}
		}
		in("prefills", o.Prefills, c.prefills)
		in("steps", o.Steps, c.steps)
		in("decoding", o.Decode.Sequences, c.decoding)
		if !math.IsNaN(c.seconds) && math.Abs(o.Seconds-c.seconds) > 1e-9 || o.Requests != c.requests {
			t.Errorf("%s: %g s and %g requests, want %g and %g", c.row.ID, o.Seconds, o.Requests, c.seconds, c.requests)
		}
		want := 0.5 * 0.7
		if c.row.Metric == measured.TTFT {
			want /= math.Max(1, o.Prefills) // as much as others made it wait
		}
		if math.Abs(o.Weight-want) > 1e-9 {
			t.Errorf("%s: weight %g, want %g", c.row.ID, o.Weight, want)
		}
	}
}

func TestServingMisses(t *testing.T) {
	two := row(measured.ClosedLoop, measured.TPOT, 8, 10)
	two.Nodes = 2
	apart := row(measured.ClosedLoop, measured.TPOT, 8, 10)
	apart.Disaggregated = true
	rate := row(measured.OpenLoop, measured.TPOT, 8, 10)
	rate.Rate = 3
	queue := row(measured.Saturated, measured.TTFT, 1, 10)
	long := row(measured.ClosedLoop, measured.TPOT, 8, 10)
	long.Output = 0
	ex, misses := served(t, two, apart, rate, queue, long)
	if len(ex) != 0 || len(misses) != 5 {
		t.Fatalf("%d examples, %d misses", len(ex), len(misses))
	}
	for i, want := range []string{"several nodes", "devices of their own", "rate of requests", "no length", "lengths are not stated"} {
		if !strings.Contains(misses[i].Reason, want) {
			t.Errorf("%s: %q, want %q", misses[i].Row.ID, misses[i].Reason, want)
		}
	}
}

// One large decoding pool of a deployment with separate pools is worked out on
// its own; trays of a rack are one domain.
func TestDecodePool(t *testing.T) {
	r := row(measured.ClosedLoop, measured.TPOT, 1024, 15)
	r.Model, r.Weights, r.Hardware, r.Engine = "deepseek-v3", "FP8", "gb300-288gb", "sglang"
	r.Disaggregated, r.Devices, r.DevicesPerNode, r.Nodes, r.TP, r.EP, r.DP = true, 48, 4, 12, 1, 32, 32
	ex, misses := served(t, r)
	if len(ex) != 1 {
		t.Fatal(misses)
	}
	node, s := ex[0].Observation.Site.Node, ex[0].Observation.Site.Settings
	if len(node.Devices) != 32 || node.Reach() != 0 || s.TP != 1 || s.DP != 32 || s.EP != 32 {
		t.Errorf("%d devices, a link that joins %d, tp %d dp %d ep %d", len(node.Devices), node.Reach(), s.TP, s.DP, s.EP)
	}
	if o := ex[0].Observation; o.Decode.Sequences != 32 || o.Prefills != 0 || o.Steps != 1 {
		t.Errorf("%g sequences in %g steps, %g with prompts", o.Decode.Sequences, o.Steps, o.Prefills)
	}
	r.Metric = measured.TTFT // of the other pool
	if ex, _ := served(t, r); len(ex) != 0 {
		t.Error("a first token was taken to come from the decoding pool")
	}
}

// Data-parallel attention: sources count its ranks under tp as well.
func TestDivide(t *testing.T) {
	for _, c := range []struct{ devices, tp, pp, ep, dp, moeTP, wantTP, wantDP, wantEP int }{
		{8, 8, 0, 0, 0, 0, 8, 0, 0}, {8, 8, 0, 8, 8, 0, 1, 8, 8}, {8, 8, 0, 8, 0, 0, 8, 0, 8}, {8, 0, 0, 8, 8, 0, 1, 8, 8},
		{8, 4, 0, 0, 2, 0, 4, 2, 0}, {8, 4, 2, 4, 4, 0, 1, 4, 4}, {4, 0, 0, 0, 0, 0, 4, 0, 0}, {8, 1, 8, 0, 0, 0, 1, 0, 0},
	} {
		r := row(measured.ClosedLoop, measured.TPOT, 8, 10)
		r.Devices, r.TP, r.PP, r.EP, r.DP, r.MoETP = c.devices, c.tp, c.pp, c.ep, c.dp, c.moeTP
		s, err := servingScenario(&r)
		if err != nil || s.TP != c.wantTP || s.DP != c.wantDP || s.EP != c.wantEP {
			t.Errorf("%+v: tp %d dp %d ep %d, %v", c, s.TP, s.DP, s.EP, err)
		}
	}
}
