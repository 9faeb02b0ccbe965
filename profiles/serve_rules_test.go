package profiles_test

import (
	"math"
	"testing"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/serving"
)

// A checkpoint's own cache type is the engine's default, and a given type wins.
func TestCacheTypeOfTheCheckpoint(t *testing.T) {
	for _, c := range []struct{ engine, format, given, want string }{
		{"tensorrt-llm", "FP8", "", "fp8"}, {"tensorrt-llm", "NVFP4", "", "fp8"}, {"tensorrt-llm", "BF16", "", "bf16"},
		{"tensorrt-llm", "FP8", "bf16", "bf16"}, {"vllm", "FP8", "", "bf16"},
	} {
		req := ask(t, "llama-3.1-70b", c.format, "4x h200-sxm-141gb", c.engine)
		req.Deployment.KVTypeK = c.given
		e := estimate(t, req)
		if e.Settings.KVTypeK != c.want || e.Settings.KVTypeV != c.want {
			t.Errorf("%s %s with %q given: %s and %s, want %s", c.engine, c.format, c.given, e.Settings.KVTypeK, e.Settings.KVTypeV, c.want)
		}
	}
}

// Programs compiled for a fixed shape read all of it at every step (AWS Neuron
// publishes 7.41 and 7.47 ms for 128 and 4096 tokens of prompt in a context of
// 8192, and 6.42 and 6.5 ms in one of 4096); others read what is there.
func TestFixedShapesReadTheWholeCache(t *testing.T) {
	decode := func(engine, on string, input, context int) float64 {
		req := ask(t, "llama-3-8b", "BF16", on, engine)
		req.Deployment.Context, req.Workload.InputTokens, req.Workload.OutputTokens = context, input, 64
		return estimate(t, req).Decode.Seconds
	}
	const inf = "12x inferentia2"
	if a, b := decode("neuron", inf, 128, 8192), decode("neuron", inf, 4096, 8192); math.Abs(a-b) > 1e-12 {
		t.Errorf("at depths of 128 and 4096: %v and %v s", a, b)
	}
	if a, b := decode("neuron", inf, 128, 4096), decode("neuron", inf, 128, 8192); !(b > a) {
		t.Errorf("in contexts of 4096 and 8192: %v and %v s", a, b)
	}
	const gpu = "1x h100-sxm-80gb"
	if a, b := decode("vllm", gpu, 128, 8192), decode("vllm", gpu, 4096, 8192); !(b > a) {
		t.Errorf("vllm at depths of 128 and 4096: %v and %v s", a, b)
	}
}

// The figures of several sequences on a server are those of its scheduler:
// prompts and answers hold each other up, and Little's law holds.
func TestServedBatch(t *testing.T) {
	for _, c := range []struct{ engine, on string }{
		{"vllm", "4x h100-sxm-80gb"}, {"sglang", "4x h100-sxm-80gb"}, {"tensorrt-llm", "4x h200-sxm-141gb"},
		{"lmdeploy", "4x a100-sxm4-80gb"}, {"neuron", "12x inferentia2"},
	} {
		req := ask(t, "llama-3.1-70b", "native", c.on, c.engine)
		req.Workload.InputTokens, req.Workload.OutputTokens, req.Workload.Batch, req.Workload.PromptAssumed = 2000, 200, 16, false
		req.Deployment.Context = 2400
		e := estimate(t, req)
		s := &e.Speed
		if c.engine == "neuron" {
			// A batch's prompts come first, then all answers by themselves.
			if s.TPOTMs.Value < 1e3*e.Decode.Seconds*0.99 {
				t.Errorf("%s: %v ms a token, and a step takes %v", c.engine, s.TPOTMs.Value, 1e3*e.Decode.Seconds)
			}
		} else if s.TPOTMs.Value <= 1.02*1e3*e.Decode.Seconds {
			t.Errorf("%s: %v ms a token beside others' prompts, and a step alone takes %v", c.engine, s.TPOTMs.Value, 1e3*e.Decode.Seconds)
		}
		if s.TTFTMs.Value < 1e3*e.Prefill.Seconds {
			t.Errorf("%s: first token after %v ms, and its prompt alone takes %v", c.engine, s.TTFTMs.Value, 1e3*e.Prefill.Seconds)
		}
		if got := s.OutputTokS.Value / s.RequestsS.Value; math.Abs(got-200) > 2 {
			t.Errorf("%s: %v tokens a request", c.engine, got)
		}
		for name, f := range map[string]*estimator.Figure{"ttft": s.TTFTMs, "tpot": s.TPOTMs, "decode": s.DecodeTokS, "output": s.OutputTokS, "requests": s.RequestsS} {
			if !(f.Low <= f.Value && f.Value <= f.High && f.Low > 0) {
				t.Errorf("%s: %s: %v %v %v", c.engine, name, f.Low, f.Value, f.High)
			}
		}
		// Who gives no prompt asks for the steps alone.
		req.Workload.PromptAssumed = true
		if e := estimate(t, req); math.Abs(e.Speed.TPOTMs.Value-1e3*e.Decode.Seconds) > 1e-9 {
			t.Errorf("%s without a prompt: %v ms, a step %v", c.engine, e.Speed.TPOTMs.Value, 1e3*e.Decode.Seconds)
		}
	}
	// An engine that is no server has phases only.
	req := ask(t, "llama-3.1-8b", "Q4_K_M", "1x rtx-4090-24gb", "llama.cpp")
	req.Workload.InputTokens, req.Workload.OutputTokens, req.Workload.Batch = 512, 128, 4
	if e := estimate(t, req); math.Abs(e.Speed.TPOTMs.Value-1e3*e.Decode.Seconds) > 1e-9 {
		t.Errorf("llama.cpp: %v ms, a step %v", e.Speed.TPOTMs.Value, 1e3*e.Decode.Seconds)
	}
}

// The closed form behind a batch's figures is the simulation's: its users are
// those of check --concurrency, but for lengths that differ a little.
func TestServedBatchIsTheSimulation(t *testing.T) {
	req := ask(t, "llama-3.1-70b", "FP8", "4x h100-sxm-80gb", "vllm")
	req.Workload.InputTokens, req.Workload.OutputTokens, req.Workload.Batch, req.Workload.PromptAssumed = 1024, 256, 32, false
	e := estimate(t, req)
	load := &serving.Load{Concurrency: 32, Input: estimator.Around(1024), Output: estimator.Around(256), Seed: 1}
	u, err := estimator.Serve(req, e, load, nil, estimator.Pools{})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := e.Speed.TPOTMs.Value, u.TPOTMs.Mean.Value; math.Abs(a/b-1) > 0.1 {
		t.Errorf("tpot %v, simulated %v", a, b)
	}
	if a, b := e.Speed.OutputTokS.Value, u.OutputTokS.Value; math.Abs(a/b-1) > 0.05 {
		t.Errorf("output %v, simulated %v", a, b)
	}
}

// One prompt by itself does not pay for the prompts of groups that have none.
func TestOnePromptOfManyGroups(t *testing.T) {
	prefill := func(on string, n int) float64 {
		req := cluster(t, "deepseek-v3", "native", on, "sglang")
		req.Deployment.TP, req.Deployment.DP, req.Deployment.EP = 1, n, n
		req.Workload.InputTokens, req.Workload.OutputTokens = 4096, 16
		return estimate(t, req).Prefill.Seconds
	}
	// In one computer tokens are gathered, and nobody else's are there.
	alone := func() float64 {
		req := cluster(t, "deepseek-v3", "native", "8x h200-sxm-141gb", "sglang")
		req.Deployment.TP, req.Deployment.DP, req.Deployment.EP = 1, 8, 8
		req.Workload.InputTokens, req.Workload.OutputTokens = 4096, 16
		w, err := estimator.WorkOf(req)
		if err != nil {
			t.Fatal(err)
		}
		return w.Prefill.ExchangeBytes
	}
	// 4096 tokens of 7168 elements, in 16 bit there and back.
	if got, want := alone(), 4096*7168*4.0; got != want {
		t.Errorf("one prompt among eight groups exchanges %v bytes, want %v", got, want)
	}
	if few, many := prefill("2x(8x h200-sxm-141gb)", 16), prefill("4x(8x h200-sxm-141gb)", 32); many > 1.1*few {
		t.Errorf("one prompt takes %v s over 16 devices and %v s over 32", few, many)
	}
}
