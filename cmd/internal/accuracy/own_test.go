package accuracy

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/profiles/benchfile"
)

// bench is what llama-bench prints of a prompt of 512 tokens in 100 ms, of 64
// tokens in 20 ms each, and of a test that mixes both.
const bench = `[
{"build_number":6000,"gpu_info":"NVIDIA GeForce RTX 3090","cpu_info":"","backends":"CUDA","model_filename":"Qwen3-8B-Q4_K_M.gguf","model_type":"qwen3 8B Q4_K - Medium","n_batch":2048,"n_ubatch":512,"n_gpu_layers":99,"n_prompt":512,"n_gen":0,"avg_ts":5120},
{"build_number":6000,"gpu_info":"NVIDIA GeForce RTX 3090","cpu_info":"","backends":"CUDA","model_filename":"Qwen3-8B-Q4_K_M.gguf","model_type":"qwen3 8B Q4_K - Medium","n_batch":2048,"n_ubatch":512,"n_gpu_layers":99,"n_prompt":0,"n_gen":64,"avg_ts":50},
{"build_number":6000,"gpu_info":"NVIDIA GeForce RTX 3090","cpu_info":"","backends":"CUDA","model_filename":"Qwen3-8B-Q4_K_M.gguf","model_type":"qwen3 8B Q4_K - Medium","n_batch":2048,"n_ubatch":512,"n_gpu_layers":99,"n_prompt":512,"n_gen":64,"avg_ts":900}
]`

func own(t *testing.T, text string, o corpus.Overrides, estimate func(*estimator.Request) (*estimator.Result, error)) ([]Case, []corpus.Skip) {
	t.Helper()
	r, err := benchfile.Read("mine.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	cases, skipped, _, err := Own(t.Context(), scenario.NewStore(new(facts.Embedded)), []corpus.File{{Name: "mine.json", Result: r}}, o, estimate)
	if err != nil {
		t.Fatal(err)
	}
	return cases, skipped
}

func TestOwn(t *testing.T) {
	// A prompt takes 50 ms (40 to 80), a token 25 (20 to 40).
	cases, skipped := own(t, bench, corpus.Overrides{}, func(*estimator.Request) (*estimator.Result, error) {
		return &estimator.Result{
			Prefill: roofline.Time{Seconds: 0.05, Low: 0.04, High: 0.08, Basis: "p", Level: 1},
			Decode:  roofline.Time{Seconds: 0.025, Low: 0.02, High: 0.04, Basis: "d", Level: 2},
		}, nil
	})
	if len(cases) != 2 || len(skipped) != 1 || skipped[0].Source != "mine.json" || skipped[0].Line != 4 {
		t.Fatalf("%d cases, skipped %+v", len(cases), skipped)
	}
	for i, want := range []struct {
		ratio, low, high float64
		inside           bool
		basis, level     string
	}{{2, 1.25, 2.5, false, "p", "family"}, {0.8, 0.5, 1, true, "d", "vendor"}} {
		c := &cases[i]
		for _, f := range [][2]float64{{c.Log, want.ratio}, {c.Low, want.low}, {c.High, want.high}} {
			if math.Abs(math.Exp(f[0])-f[1]) > 1e-9 {
				t.Errorf("row %d: %g, want %g", i, math.Exp(f[0]), f[1])
			}
		}
		if c.Inside() != want.inside && math.Abs(c.High) > 1e-12 || c.Basis != want.basis || c.tag("level") != want.level {
			t.Errorf("row %d: %+v", i, c)
		}
	}
	doc := NewOwn(cases, skipped, []string{"x"}, Inputs{From: []string{"mine.json"}, Model: "not a filter", By: []string{"device"}}, report.Versions{})
	if len(doc.Measurements) != 2 || doc.Rows.Judged != 2 || len(doc.Skipped) != 1 || len(doc.Sections) != 3 {
		t.Errorf("%+v", doc)
	}
	m := doc.Measurements[0]
	if m.Estimate.Value != 10240 || m.Estimate.Low != 6400 || m.Estimate.High != 12800 || m.Error != 100 || m.Inside || m.Measured != 5120 || m.Model != "qwen3-8b" {
		t.Errorf("%+v", m)
	}
}

func TestOwnWithoutEstimate(t *testing.T) {
	for want, estimate := range map[string]func(*estimator.Request) (*estimator.Result, error){
		"no such luck": func(*estimator.Request) (*estimator.Result, error) { return nil, errors.New("no such luck") },
		"no bandwidth": func(*estimator.Request) (*estimator.Result, error) {
			return &estimator.Result{Unavailable: []estimator.Unavailable{{Figure: "x", Reason: "no bandwidth"}}}, nil
		},
		"no time can be estimated": func(*estimator.Request) (*estimator.Result, error) { return new(estimator.Result), nil },
	} {
		cases, skipped := own(t, bench, corpus.Overrides{}, estimate)
		if len(cases) != 0 || len(skipped) != 3 || skipped[1].Reason != want || skipped[1].What != "pp512" {
			t.Errorf("%s: %d cases, skipped %+v", want, len(cases), skipped)
		}
	}
}

// answer is what the estimator says of a scenario.
func answer(t *testing.T, s scenario.Scenario) *estimator.Result {
	t.Helper()
	var p scenario.Prepared
	if err := scenario.NewResolver(scenario.NewStore(new(facts.Embedded))).Resolve(t.Context(), &s, &p); err != nil {
		t.Fatal(err)
	}
	r, err := estimator.Estimate(&p.Request)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestOwnIsTheSamePath: the figures are those of the estimator.
func TestOwnIsTheSamePath(t *testing.T) {
	cases, _ := own(t, bench, corpus.Overrides{On: "rtx-4090-24gb"}, estimator.Estimate)
	s := scenario.New()
	s.Model, s.Quant, s.On, s.Engine, s.Backend, s.GPULayers, s.InputTokens, s.PromptAssumed = "qwen3-8b", "Q4_K_M", "rtx-4090-24gb", "llama.cpp", "cuda", 999, 512, false
	r := answer(t, s)
	got := cases[0].Row.Value * math.Exp(cases[0].Log)
	if want := r.Speed.PrefillTokS.Value; math.Abs(got/want-1) > 1e-9 {
		t.Errorf("prefill %g, a check says %g", got, want)
	}
}

func TestOwnStops(t *testing.T) {
	r, err := benchfile.Read("mine.json", []byte(bench))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, _, err = Own(ctx, scenario.NewStore(new(facts.Embedded)), []corpus.File{{Name: "mine.json", Result: r}}, corpus.Overrides{}, estimator.Estimate)
	if err == nil || !strings.Contains(err.Error(), "cancel") {
		t.Errorf("after the end: %v", err)
	}
}

// A benchmark of a server is held against the server's figures, prompts and
// answers side by side, not against steps by themselves.
func TestOwnServer(t *testing.T) {
	const bench = `{"endpoint_type":"vllm","model_id":"meta-llama/Llama-3.1-8B-Instruct","num_prompts":320,"request_rate":"inf","max_concurrency":32,
		"completed":320,"total_input_tokens":327680,"total_output_tokens":81920,"output_throughput":1359.668,"mean_ttft_ms":310.5,"mean_tpot_ms":21.9}`
	cases, skipped := own(t, bench, corpus.Overrides{On: "h100-sxm5-80gb", Quant: "FP8"}, estimator.Estimate)
	if len(cases) != 2 {
		t.Fatalf("%d cases, skipped %+v", len(cases), skipped)
	}
	s := scenario.New()
	s.Model, s.Quant, s.On, s.Engine, s.Batch, s.InputTokens, s.OutputTokens, s.PromptAssumed = "llama-3.1-8b", "FP8", "h100-sxm5-80gb", "vllm", 32, 1024, 256, false
	r := answer(t, s)
	want := map[string]float64{"output_tok_s": r.Speed.OutputTokS.Value / 1359.668, "tpot_ms": 21.9 / r.Speed.TPOTMs.Value}
	for _, c := range cases {
		if got := math.Exp(c.Log); math.Abs(got/want[c.Row.Metric]-1) > 1e-9 {
			t.Errorf("%s: %g, want %g", c.Row.Metric, got, want[c.Row.Metric])
		}
		if !(c.Low <= c.Log && c.Log <= c.High) {
			t.Errorf("%s: %g outside %g to %g", c.Row.Metric, c.Log, c.Low, c.High)
		}
	}
}
