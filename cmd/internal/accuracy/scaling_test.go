package accuracy

import (
	"math"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// served is a case of a server on some devices, estimated at a ratio of the
// measured rate; more is what sets it apart from others.
func served(devices int, ratio float64, more func(*measured.ServingRow)) *Case {
	row := measured.Row{Metric: measured.Output, Value: 100, Devices: devices, TP: devices, Batch: 8, Input: 1000, Output: 1000,
		Engine: "vllm", Model: "m", Source: "s", Quality: 'B'}
	r := &measured.ServingRow{Row: row, Class: measured.ClosedLoop, Nodes: 1, Weight: 1}
	if more != nil {
		more(r)
	}
	ex := made(r.Row, devices)
	ex.Serving = r
	c := newCase(ex, "family")
	c.Log = math.Log(ratio)
	return &c
}

func TestScaling(t *testing.T) {
	// Measured and estimated double from 1 to 2; from 2 to 4 we say 1.25 times
	// as much as measured, and from 4 to 8 the half of it.
	chain := func(more func(*measured.ServingRow)) []*Case {
		return []*Case{served(8, 0.5, more), served(1, 0.8, more), served(4, 1, more), served(2, 0.8, more)}
	}
	steps := scaling(chain(nil))
	if len(steps) != 4 {
		t.Fatalf("%+v", steps)
	}
	for i, want := range []struct {
		name         string
		pairs        int
		median, bias float64
	}{{"1 to 2", 1, 0, 0}, {"2 to 4", 1, 25, 25}, {"4 to 8", 1, 50, -50}, {"all", 3, 25, 0}} {
		s := &steps[i]
		if s.Name != want.name || s.Pairs != want.pairs || s.P90Error != nil || len(s.Unavailable) != 1 {
			t.Errorf("%s: %+v", want.name, s)
		}
		same(t, want.name+" median", s.MedianError, want.median)
		same(t, want.name+" bias", s.Bias, want.bias)
	}
	// A time that is too short is a rate that is too large, and so of the gain.
	slow := scaling([]*Case{served(1, 1, func(r *measured.ServingRow) { r.Metric = measured.TPOT }), served(2, 1.1, func(r *measured.ServingRow) { r.Metric = measured.TPOT })})
	same(t, "of times", slow[0].Bias, 10)
	// Where a number was left out, the next larger one counts.
	if s := scaling([]*Case{served(1, 1, nil), served(8, 1, nil), served(3, 1, nil)}); len(s) != 3 || s[0].Name != "1 to 3" || s[1].Name != "3 to 8" {
		t.Errorf("%+v", s)
	}
	var many []*Case
	for i := range 5 {
		many = append(many, chain(func(r *measured.ServingRow) { r.Batch = i + 1 })...)
	}
	steps = scaling(many)
	if all := steps[len(steps)-1]; all.Pairs != 15 || all.P90Error == nil {
		t.Errorf("%+v", all)
	} else {
		same(t, "p90", all.P90Error, 50)
	}
}

func TestScalingPairs(t *testing.T) {
	for name, c := range map[string]struct {
		of   [2]func(*measured.ServingRow)
		pair bool
	}{
		"alike":          {[2]func(*measured.ServingRow){nil, nil}, true},
		"what may vary":  {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.ID, r.Value, r.Weight, r.TP = "x", 3, 0.2, 0 }}, true},
		"one of a kind":  {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.PP, r.DP, r.EP = 1, 1, 1 }}, true},
		"experts as all": {[2]func(*measured.ServingRow){func(r *measured.ServingRow) { r.MoETP = 1 }, func(r *measured.ServingRow) { r.MoETP = 2 }}, true},
		"other experts":  {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.MoETP = 1 }}, false},
		"whole experts":  {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.EP = 2 }}, false},
		"stages":         {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.TP, r.PP = 1, 2 }}, false},
		"replicas":       {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.TP, r.DP = 1, 2 }}, false},
		"idle devices":   {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.TP = 1 }}, false},
		"nodes":          {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.Nodes = 2 }}, false},
		"pools":          {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.Disaggregated = true }}, false},
		"version":        {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.Version = "2" }}, false},
		"date":           {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.Date = "2026-01" }}, false},
		"users":          {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.Batch = 9 }}, false},
		"cache":          {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.KV = "FP8" }}, false},
		"load":           {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.Class = measured.Saturated }}, false},
		"source":         {[2]func(*measured.ServingRow){nil, func(r *measured.ServingRow) { r.Source = "other" }}, false},
	} {
		got := scaling([]*Case{served(1, 1, c.of[0]), served(2, 1, c.of[1])})
		if (got != nil) != c.pair {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// What users wait for a first token is the benchmark's doing, unless they
	// come one by one.
	for class, pair := range map[string]bool{measured.ClosedLoop: false, measured.StaticBatch: false, measured.BatchOne: true} {
		more := func(r *measured.ServingRow) { r.Class, r.Metric = class, measured.TTFT }
		if got := scaling([]*Case{served(1, 1, more), served(2, 1, more)}); (got != nil) != pair {
			t.Errorf("first tokens of %s: %+v", class, got)
		}
	}
	// Two measurements of what is stated to be the same differ in what is not.
	if got := scaling([]*Case{served(1, 1, nil), served(2, 1, nil), served(2, 2, nil), served(4, 1, nil)}); len(got) != 2 || got[0].Name != "1 to 4" {
		t.Errorf("of a number measured twice: %+v", got)
	}
	local := newCase(made(measured.Row{Metric: measured.Decode, Value: 1}, 2), "")
	if got := scaling([]*Case{&local}); got != nil {
		t.Errorf("of one machine: %+v", got)
	}
}

// TestSectionsOfServers: the published rows of servers have pairs and groups,
// and filters choose among them as among all rows.
func TestSectionsOfServers(t *testing.T) {
	cases, n, err := Published(t.Context(), scenario.NewStore(new(facts.Embedded)), HeldModel)
	if err != nil {
		t.Fatal(err)
	}
	pairs := func(in Inputs) int {
		in.HeldOut = HeldModel
		doc := New(&Cases{Language: cases, Rows: n}, in, report.Versions{})
		served, sum := 0, 0
		for i := range doc.Sections[0].Groups {
			if g := &doc.Sections[0].Groups[i]; g.Name != Decode && g.Name != Prefill {
				served += g.Rows
			}
		}
		for i := range doc.ServersWeighted {
			w := &doc.ServersWeighted[i]
			served -= w.Rows
			sane(t, w.Load+" "+w.Metric, w.Rows, &w.Errors)
		}
		if served != 0 {
			t.Errorf("%+v: %d rows of servers are in no group", in, served)
		}
		if len(doc.Scaling) == 0 {
			return 0
		}
		last := len(doc.Scaling) - 1
		for i := range doc.Scaling[:last] {
			s := &doc.Scaling[i]
			sum += s.Pairs
			sane(t, s.Name, s.Pairs, &s.Errors)
		}
		sane(t, "all", sum, &doc.Scaling[last].Errors)
		if all := &doc.Scaling[last]; all.Name != "all" || all.Pairs != sum {
			t.Errorf("%+v: %d pairs in steps, all: %+v", in, sum, all)
		}
		return sum
	}
	careful, all := pairs(Inputs{Quality: []string{"A", "B"}}), pairs(Inputs{})
	if careful < 100 || all < careful {
		t.Errorf("%d pairs, of careful sources %d", all, careful)
	}
	vllm, other := pairs(Inputs{Engine: "vllm"}), 0
	for _, metric := range []string{TPOT, TTFT, Throughput} {
		other += pairs(Inputs{Metric: metric})
	}
	if vllm == 0 || vllm >= all || other != all {
		t.Errorf("%d pairs, %d of vLLM, %d by metric", all, vllm, other)
	}
	if got := pairs(Inputs{Metric: Decode}); got != 0 {
		t.Errorf("%d pairs of one machine", got)
	}
}

// sane checks that figures are there and are errors in percent.
func sane(t *testing.T, what string, n int, e *Errors) {
	t.Helper()
	if n == 0 || e.MedianError == nil || e.Bias == nil || (e.P90Error == nil) != (n < few) || len(e.Unavailable) > 1 {
		t.Errorf("%s: %d, %+v", what, n, e)
		return
	}
	if *e.MedianError < 0 || *e.Bias <= -100 || math.IsInf(*e.MedianError, 0) || math.IsNaN(*e.MedianError+*e.Bias) {
		t.Errorf("%s: median %g, bias %g", what, *e.MedianError, *e.Bias)
	}
	if e.P90Error != nil && *e.P90Error < *e.MedianError {
		t.Errorf("%s: p90 %g below the median %g", what, *e.P90Error, *e.MedianError)
	}
}
