package recommend

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/ranking"
	"github.com/plimsoll/plimsoll/profiles"
)

func advisor(t testing.TB) *Advisor {
	t.Helper()
	a, err := NewAdvisor(new(facts.Embedded), estimator.Estimate)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s is %.4f, want %.4f", what, got, want)
	}
}

// TestFormatTerm computes the losses anew from the published perplexities:
// ln(6.407115/6.23316)/0.1232 = 0.223 doublings for Q4_K_M of Llama 3 8B.
func TestFormatTerm(t *testing.T) {
	a := advisor(t)
	table, err := profiles.Formats()
	if err != nil {
		t.Fatal(err)
	}
	unit := math.Log(5.9066/5.2543) / math.Log2(13.02/6.74)
	for _, c := range []struct {
		model, format, native string
		want                  float64
	}{
		{"llama-3.1-8b", "F16", "BF16", 0},
		{"llama-3.1-8b", "Q8_0", "BF16", math.Log(6.234284/6.23316) / unit},
		{"llama-3.1-8b", "Q4_K_M", "BF16", math.Log(6.407115/6.23316) / unit},
		{"llama-3.1-8b", "Q2_K", "BF16", math.Log(9.751568/6.23316) / unit},
		{"llama-3.1-8b", "FP8", "BF16", math.Log(6.234284/6.23316) / unit}, // as Q8_0
		{"llama-3.1-8b", "AWQ-INT4", "BF16", math.Log(5.60/5.47) / unit},
		// Not measured: the best measured one that is no wider.
		{"llama-3.1-8b", "Q4_K_L", "BF16", math.Log(6.407115/6.23316) / unit},
		// Published in 4.25 bits and a little in 16: the law of precision alone.
		{"gpt-oss-20b", "MXFP4_MOE", "MXFP4_MOE", 0},
	} {
		m, err := profiles.Model(c.model)
		if err != nil {
			t.Fatal(err)
		}
		w, err := table.Weights(m, c.format)
		if err != nil {
			t.Fatal(err)
		}
		native, err := table.Weights(m, c.native)
		if err != nil {
			t.Fatal(err)
		}
		own := -math.Log2(1 - math.Exp(-ranking.Bits(m, native)/2.67))
		near(t, c.model+" "+c.format, a.ranker.Format(m, w, native), -own-c.want, 1e-6)
	}
	m, _ := profiles.Model("gpt-oss-20b")
	w, _ := table.Weights(m, "MXFP4_MOE")
	if v := a.ranker.Format(m, w, w); v > -0.2 || v < -0.5 {
		t.Errorf("a model published in four bits has a term of %.2f", v)
	}
}

func TestSizeTerm(t *testing.T) {
	for id, want := range map[string]float64{
		// 32 layers of 218,112,000 parameters: attention 41.9M, feed-forward 176.2M, norms.
		"llama-3.1-8b": math.Log2(32 * 218.112e6 / 1e9),
		// 48 layers: 128 experts of 3 x 2048 x 768, 8 at work.
		"qwen3-30b-a3b": math.Log2(math.Sqrt(29.90*2.73) * 1),
	} {
		m, err := profiles.Model(id)
		if err != nil {
			t.Fatal(err)
		}
		near(t, id, ranking.Size(m), want, 0.02)
	}
}

func TestGenerationTerm(t *testing.T) {
	r := ranking.New(&advisor(t).rule.Rule, []ranking.Release{
		{ID: "new", Released: "2026-08", Family: "f"}, {ID: "old", Released: "2024-08", Family: "f"},
		{ID: "year", Released: "2026", Family: "f"}, {ID: "alone", Released: "2026", Family: "g"}, {ID: "unknown"},
	})
	for id, want := range map[string]float64{"new": 0, "old": -3, "year": 0, "alone": -7.0 / 8, "unknown": (2018*12 - (2026*12 + 7)) / 8.0} {
		near(t, id, r.Generation(id), want, 1e-9)
	}
}

func TestSpeedTerm(t *testing.T) {
	r := advisor(t).ranker
	near(t, "at comfort", r.Speed("balanced", 20, 20), 0, 0)
	near(t, "half as fast", r.Speed("balanced", 10, 20), -0.75, 1e-12)
	near(t, "twice as fast", r.Speed("balanced", 40, 20), 0.1, 1e-12)
	near(t, "twice as fast, for speed", r.Speed("speed", 40, 20), 1, 1e-12)
	near(t, "not known", r.Speed("balanced", 0, 20), 0, 0)
	rapid.Check(t, func(t *rapid.T) {
		prefer := rapid.SampledFrom([]string{"balanced", "quality", "speed"}).Draw(t, "prefer")
		a := rapid.Float64Range(1e-3, 1e4).Draw(t, "slow")
		b := a * rapid.Float64Range(1, 100).Draw(t, "times")
		if r.Speed(prefer, a, 20) > r.Speed(prefer, b, 20) {
			t.Fatalf("%g tok/s rank above %g", a, b)
		}
	})
}

func TestCandidates(t *testing.T) {
	a := advisor(t)
	chat, short := a.Candidates("chat", "", 8192)
	of := map[string]*Candidate{}
	for i := range chat {
		of[chat[i].Entry.ID] = &chat[i]
	}
	// The newest of a maker stands for its shape; what others made of its
	// weights comes with it, whenever that was.
	for id, same := range map[string]string{"glm-5.2": "glm-5.1", "qwen3.6-35b-a3b": "ornith-1.0-35b", "qwen3.8-27b": "qwen3.5-27b"} {
		c := of[id]
		if c == nil {
			t.Errorf("%s does not stand for its shape", id)
			continue
		}
		found := false
		for _, s := range c.Same {
			found = found || s == same
		}
		if !found {
			t.Errorf("%s stands for %v, not for %s", id, c.Same, same)
		}
	}
	for _, id := range []string{"gpt3-175b", "pythia-12b", "qwen2.5-coder-7b", "deepseek-r1", "bge-m3", "llama-2-7b"} {
		if of[id] != nil {
			t.Errorf("%s is a candidate for chat with a context of 8,192", id)
		}
	}
	if short == 0 {
		t.Error("no model was made for less than 8,192 tokens")
	}
	moe, _ := a.Candidates("chat", "moe", 8192)
	for i := range moe {
		if moe[i].Entry.Class != "moe" {
			t.Errorf("%s is of class %s", moe[i].Entry.ID, moe[i].Entry.Class)
		}
	}
	if some, err := Named(chat, []string{"qwen3"}); err != nil || len(some) == 0 || len(some) == len(chat) {
		t.Errorf("%d candidates are named qwen3, %v", len(some), err)
	}
	if _, err := Named(chat, []string{"no-such-model"}); err == nil {
		t.Error("a model that there is not was found")
	}
}
