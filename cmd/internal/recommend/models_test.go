package recommend

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/ranking"
)

// forMachine asks for models of some uses on a machine.
func forMachine(t *testing.T, a *Advisor, on string, change func(*report.RecommendInputs), uses ...string) *report.Recommend {
	t.Helper()
	doc := &report.Recommend{Inputs: report.RecommendInputs{Scenario: scenario.New(), Uses: uses, Prefer: "balanced", Accept: estimator.Fits, Top: 8}}
	doc.Inputs.Scenario.On = on
	if change != nil {
		change(&doc.Inputs)
	}
	if err := a.ModelsFor(context.Background(), doc); err != nil {
		t.Fatalf("%s: %v", on, err)
	}
	return doc
}

// TestFirstOnMachines: the first of each list is of the size that people run on
// such machines, not years old, and answers at a speed one can live with.
func TestFirstOnMachines(t *testing.T) {
	a := advisor(t)
	for _, c := range []struct {
		on           string
		least, most  float64 // billions of parameters in the layers
		slow, fast   float64 // decode
		verdict      estimator.Verdict
		sharedMemory bool
	}{
		{on: "raspberry-pi-4-8gb", least: 0.3, most: 2, slow: 3.9, fast: 20},
		{on: "raspberry-pi-5-8gb", least: 2, most: 10, slow: 3.9, fast: 30},
		{on: "core-ultra-7-155h", least: 20, most: 50, slow: 6, fast: 40},
		{on: "apple-m2-8c-16gb", least: 6, most: 15, slow: 6, fast: 40},
		{on: "apple-m4-max-40c-64gb", least: 20, most: 50, slow: 12, fast: 100},
		{on: "rtx-3060-12gb", least: 7, most: 15, slow: 15, fast: 80},
		{on: "rtx-4090-24gb", least: 20, most: 40, slow: 20, fast: 200},
		{on: "2x rtx-3090-24gb", least: 20, most: 80, slow: 12, fast: 100},
		{on: "ryzen-ai-max-395-128gb", least: 80, most: 250, slow: 8, fast: 60},
		{on: "gb10-dgx-spark-128gb", least: 80, most: 250, slow: 8, fast: 60},
		{on: "8x h100-sxm5-80gb", least: 300, most: 1200, slow: 20, fast: 200},
		{on: "8x b200-sxm-180gb", least: 500, most: 2000, slow: 20, fast: 300},
	} {
		doc := forMachine(t, a, c.on, nil, "chat")
		g := &doc.Groups[0]
		if len(g.Rows) == 0 {
			t.Errorf("%s: nothing is recommended", c.on)
			continue
		}
		r := &g.Rows[0]
		m, err := a.worker(context.Background()).resolver.Model(r.Model.ID)
		if err != nil {
			t.Fatal(err)
		}
		total, _ := ranking.Working(m)
		if b := float64(total) / 1e9; b < c.least || b > c.most {
			t.Errorf("%s: %s has %.1f billion parameters in its layers, want %g to %g", c.on, r.Name, b, c.least, c.most)
		}
		if r.Released < "2025" {
			t.Errorf("%s: %s is of %s", c.on, r.Name, r.Released)
		}
		if d := r.Figures.DecodeTokS.Value; d < c.slow || d > c.fast {
			t.Errorf("%s: %s decodes %.1f tok/s, want %g to %g", c.on, r.Name, d, c.slow, c.fast)
		}
	}
}

// TestRowsHold: what is shown fits and meets its floors at the pessimistic end,
// also when it is asked for again by its scenario, and is ranked by its score.
func TestRowsHold(t *testing.T) {
	a := advisor(t)
	for _, on := range []string{"rtx-3060-12gb", "raspberry-pi-5-8gb", "8x h100-sxm5-80gb"} {
		uses := []string{"chat"}
		if on == "rtx-3060-12gb" {
			uses = a.AllUses()
		}
		doc := forMachine(t, a, on, nil, uses...)
		for i := range doc.Groups {
			g := &doc.Groups[i]
			if len(g.Rows) == 0 && g.Nearest == nil && g.Coverage.TooLarge+g.Coverage.TooSlow > 0 {
				t.Errorf("%s, %s: nothing, and nothing nearest", on, g.Use)
			}
			c := &g.Coverage
			if sum := c.Recommended + c.SameShape + c.ShortContext + c.TooLarge + c.TooSlow + c.TooSmall + c.NotEstimated; sum != c.Considered {
				t.Errorf("%s, %s: %d of %d accounted for", on, g.Use, sum, c.Considered)
			}
			for k := range g.Rows {
				r := &g.Rows[k]
				if r.Rank != k+1 || r.Verdict != estimator.Fits || r.Model.MaxContext > 0 && r.MaxContext < g.Asked.Context {
					t.Errorf("%s, %s: %s: rank %d, %s, %d tokens", on, g.Use, r.Name, r.Rank, r.Verdict, r.MaxContext)
				}
				if d := r.Figures.DecodeTokS; g.Asked.MinDecodeTokS > 0 && d.Low < g.Asked.MinDecodeTokS {
					t.Errorf("%s, %s: %s decodes %.2f tok/s at worst, below %g", on, g.Use, r.Name, d.Low, g.Asked.MinDecodeTokS)
				}
				s := r.Score
				if sum := s.Size + s.Generation + s.Format + s.Speed; math.Abs(sum-s.Total) > 0.011 {
					t.Errorf("%s: the terms of %s make %.2f, not %.2f", on, r.Name, sum, s.Total)
				}
				if k > 0 && s.Total > g.Rows[k-1].Score.Total+0.02 {
					t.Errorf("%s, %s: %s ranks below %s", on, g.Use, r.Name, g.Rows[k-1].Name)
				}
				w := a.worker(context.Background())
				var p scenario.Prepared
				if err := w.resolver.Resolve(w.ctx, &r.Scenario, &p); err != nil {
					t.Fatal(err)
				}
				e, err := estimator.Estimate(&p.Request)
				if err != nil || e.Verdict != estimator.Fits || math.Abs(e.Speed.PrefillTokS.Value/r.Figures.PrefillTokS.Value-1) > 1e-4 {
					t.Errorf("%s: asked again, %s is %v, %v", on, r.Name, e.Verdict, err)
				}
			}
		}
	}
}

func TestFloorsAndPreference(t *testing.T) {
	a := advisor(t)
	first := func(change func(*report.RecommendInputs)) *report.RecommendRow {
		rows := forMachine(t, a, "apple-m4-max-40c-64gb", change, "chat").Groups[0].Rows
		if len(rows) == 0 {
			t.Fatal("nothing is recommended")
		}
		return &rows[0]
	}
	plain := first(nil)
	fast := first(func(in *report.RecommendInputs) { in.MinDecodeTokS = 60 })
	if fast.Figures.DecodeTokS.Low < 60 || fast.Score.Size >= plain.Score.Size {
		t.Errorf("with a floor of 60 tok/s %s comes first, at %.1f", fast.Name, fast.Figures.DecodeTokS.Low)
	}
	speed := first(func(in *report.RecommendInputs) { in.Prefer = "speed" })
	if speed.Figures.DecodeTokS.Value <= plain.Figures.DecodeTokS.Value {
		t.Errorf("for speed %s comes first, no faster than %s", speed.Name, plain.Name)
	}
	long := first(func(in *report.RecommendInputs) { in.Scenario.Context = 131072 })
	if long.MaxContext < 131072 {
		t.Errorf("%s holds %d tokens of 131,072", long.Name, long.MaxContext)
	}
	q := first(func(in *report.RecommendInputs) { in.Formats = []string{"Q4_K_M"} })
	if q.Model.WeightFormat != "Q4_K_M" {
		t.Errorf("only Q4_K_M was asked for, and %s came", q.Name)
	}
	only := first(func(in *report.RecommendInputs) { in.Models = []string{"llama-3.1-8b"} })
	if only.Model.ID != "llama-3.1-8b" {
		t.Errorf("only llama-3.1-8b was asked for, and %s came", only.Name)
	}
	gate := first(func(in *report.RecommendInputs) { in.Require = []string{"prefill_tok_s >= 1000"} })
	if gate.Figures.PrefillTokS.Low < 1000 {
		t.Errorf("%s reads %.0f tok/s", gate.Name, gate.Figures.PrefillTokS.Low)
	}
}

func TestNothingFits(t *testing.T) {
	a := advisor(t)
	doc := forMachine(t, a, "rtx-3060-12gb", func(in *report.RecommendInputs) { in.MinDecodeTokS = 1e5 }, "chat")
	g := &doc.Groups[0]
	if len(g.Rows) > 0 || g.Nearest == nil || doc.Answered() {
		t.Fatalf("%d rows at 100,000 tok/s", len(g.Rows))
	}
	if len(g.Nearest.Suggestions) == 0 || g.Nearest.Suggestions[0].Flags == "" {
		t.Error("nothing says what would let the nearest in")
	}
	doc = forMachine(t, a, "raspberry-pi-5-8gb", func(in *report.RecommendInputs) { in.Models = []string{"llama-3.1-70b"} }, "chat")
	if g := &doc.Groups[0]; g.Nearest == nil || g.Nearest.Verdict != estimator.DoesNotFit || g.Coverage.TooLarge != 1 {
		t.Errorf("70 billion parameters on 8 GB: %+v", g.Coverage)
	}
	// Partly in main memory is shown only when asked for.
	offload := forMachine(t, a, "rtx-3060-12gb", func(in *report.RecommendInputs) {
		in.Models, in.Accept = []string{"llama-3.1-70b"}, estimator.FitsOffload
		in.MinDecodeTokS = 0.01
	}, "chat")
	if rows := offload.Groups[0].Rows; len(rows) != 1 || rows[0].Verdict != estimator.FitsOffload {
		t.Errorf("%+v", offload.Groups[0].Coverage)
	}
}

func TestUsesDiffer(t *testing.T) {
	a := advisor(t)
	doc := forMachine(t, a, "rtx-4090-24gb", nil, "code", "embedding")
	code := doc.Groups[0].Rows[0]
	if !slices.Contains([]string{"llm", "moe", "multimodal"}, classOf(a, code.Model.ID)) || code.MaxContext < 32768 {
		t.Errorf("%s for code, with %d tokens", code.Name, code.MaxContext)
	}
	if e := doc.Groups[1].Rows[0]; classOf(a, e.Model.ID) != "embedding" || e.Figures.PrefillTokS == nil {
		t.Errorf("%s for embedding", e.Name)
	}
}

func classOf(a *Advisor, id string) string {
	for i := range a.models {
		if a.models[i].ID == id {
			return a.models[i].Class
		}
	}
	return ""
}
