package profiles_test

import (
	"math"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/serving"
	"github.com/plimsoll/plimsoll/hardware"
	"pgregory.net/rapid"
)

// cluster builds a request whose machine is joined, as the resolver does.
func cluster(t fatal, modelID, format, on, engineID string) *estimator.Request {
	t.Helper()
	req := ask(t, modelID, format, on, engineID)
	joined, err := req.Machine.Join()
	if err != nil {
		t.Fatalf("%v", err)
	}
	req.Machine = joined
	req.Cache = new(estimator.Cache)
	return req
}

func closed(users, input, output int) *serving.Load {
	return &serving.Load{Concurrency: users, Input: serving.Fixed(input), Output: serving.Fixed(output), Seed: 1}
}

func TestPlans(t *testing.T) {
	req := cluster(t, "deepseek-v3", "native", "2x(8x h200-sxm-141gb)", "sglang")
	plans, err := estimator.Plans(req, closed(256, 2000, 500), estimator.ForThroughput, nil)
	if err != nil {
		t.Fatal(err)
	}
	usable, fronts := 0, 0
	for i := range plans {
		p := &plans[i]
		if p.TP*p.PP*p.DP != 16 || p.Devices != 16 {
			t.Errorf("%s does not use all 16 devices", p)
		}
		if p.Refused != "" {
			if i > 0 && plans[i-1].Refused == "" && usable == 0 {
				t.Errorf("%s is refused and comes before one that is not", p)
			}
			continue
		}
		usable++
		if p.Pareto {
			fronts++
		}
		if !(p.TPOTMs > 0) || !(p.CapacityRequestsS > 0) || !(p.PerDeviceTokS > 0) {
			t.Errorf("%s: %+v", p, p)
		}
		for j := range plans {
			if q := &plans[j]; p.Pareto && q.Refused == "" && q.Stable && q.TPOTMs < p.TPOTMs && q.PerDeviceTokS > p.PerDeviceTokS {
				t.Errorf("%s is on the front, and %s beats it in both", p, q)
			}
		}
	}
	if usable < 5 || fronts == 0 {
		t.Errorf("%d plans can be, %d on the front", usable, fronts)
	}
	if best := &plans[0]; best.Refused != "" || best.CapacityRequestsS < 0.99*plans[1].CapacityRequestsS {
		t.Errorf("best %+v, next %+v", best, plans[1])
	}
}

// 64 attention heads do not divide by 3, and no plan says they do.
func TestPlansRefuse(t *testing.T) {
	req := cluster(t, "llama-3.1-70b", "FP8", "3x h200-sxm-141gb", "vllm")
	plans, err := estimator.Plans(req, closed(8, 512, 128), estimator.ForLatency, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range plans {
		if p := &plans[i]; p.TP == 3 && !strings.Contains(p.Refused, "64 attention heads") {
			t.Errorf("%s: %q", p, p.Refused)
		}
	}
	req.Deployment.TP = 3
	if _, err := estimator.Estimate(req); err == nil || !strings.Contains(err.Error(), "64 attention heads") {
		t.Errorf("tp 3: %v", err)
	}
}

// Without a load a plan's figures are those of its own estimate; with more
// users than there is room for, the others wait.
func TestPlansOfABatch(t *testing.T) {
	req := cluster(t, "llama-2-70b", "FP8", "8x h100-sxm-80gb", "tensorrt-llm")
	req.Workload.Batch, req.Workload.InputTokens, req.Workload.OutputTokens = 64, 2000, 64
	plans, err := estimator.Plans(req, nil, estimator.ForLatency, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range plans {
		p := &plans[i]
		if p.Refused != "" {
			continue
		}
		d := req.Deployment
		req.Deployment.TP, req.Deployment.PP, req.Deployment.DP, req.Deployment.EP = p.TP, p.PP, p.DP, p.EP
		e, err := estimator.Estimate(req)
		req.Deployment = d
		if err != nil || e.Speed.TPOTMs == nil {
			t.Fatal(p, err)
		}
		if got := e.Speed.TPOTMs.Value; math.Abs(p.TPOTMs-got) > 1e-9*got {
			t.Errorf("%s: %g ms per token, and the estimate says %g", p, p.TPOTMs, got)
		}
		if i > 0 && p.TPOTMs < 0.99*plans[i-1].TPOTMs {
			t.Errorf("%s is faster than %s, which comes before", p, &plans[i-1])
		}
	}
	req.Workload.Batch = 20000
	if _, err := estimator.Plans(req, nil, estimator.ForLatency, nil); err == nil || !strings.Contains(err.Error(), "does not fit") {
		t.Errorf("20,000 sequences at once: %v", err)
	}
	if _, err := estimator.Plans(req, closed(20000, 2000, 64), estimator.ForLatency, nil); err != nil {
		t.Errorf("20,000 users: %v", err)
	}
}

// A faster network is never slower, and a slower one never faster.
func TestFasterNetworkIsNeverSlower(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := cluster(t, "llama-3.1-70b", "FP8", "2x(8x h100-sxm-80gb)", "vllm")
		division := rapid.SampledFrom([][4]int{{16, 1, 1, 1}, {8, 2, 1, 1}, {4, 4, 1, 1}, {8, 1, 2, 1}}).Draw(t, "division")
		req.Deployment.TP, req.Deployment.PP, req.Deployment.DP, req.Deployment.EP = division[0], division[1], division[2], division[3]
		req.Workload.Batch = rapid.IntRange(1, 256).Draw(t, "batch")
		time := func(gbps float64) *estimator.Result {
			node := *req.Machine.Primary()
			link := hardware.Link{ID: "net", Kind: "network", GBps: gbps}
			node.Network = &link
			m := *req.Machine
			m.Nodes = []hardware.Node{node}
			v := *req
			v.Machine, v.Cache = &m, new(estimator.Cache)
			e, err := estimator.Estimate(&v)
			if err != nil {
				t.Fatalf("%v", err)
			}
			return e
		}
		slow := rapid.Float64Range(0.1, 100).Draw(t, "rate")
		a, b := time(slow), time(slow*(1+rapid.Float64Range(0, 10).Draw(t, "more")))
		if b.Decode.Seconds > a.Decode.Seconds*(1+1e-9) || b.Prefill.Seconds > a.Prefill.Seconds*(1+1e-9) {
			t.Fatalf("a faster network is slower: decode %g then %g s, prefill %g then %g s", a.Decode.Seconds, b.Decode.Seconds, a.Prefill.Seconds, b.Prefill.Seconds)
		}
	})
}

// Twice the groups carry twice the load, and experts shared by more groups
// take less memory of each.
func TestGroups(t *testing.T) {
	one := cluster(t, "llama-3.1-8b", "FP8", "h100-sxm-80gb", "vllm")
	two := cluster(t, "llama-3.1-8b", "FP8", "2x h100-sxm-80gb", "vllm")
	two.Deployment.DP = 2
	carried := func(req *estimator.Request, users int) *estimator.UnderLoad {
		e, err := estimator.Estimate(req)
		if err != nil {
			t.Fatal(err)
		}
		u, err := estimator.Serve(req, e, closed(users, 512, 128), nil, estimator.Pools{})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	a, b := carried(one, 32), carried(two, 64)
	if r := b.RequestsS.Value / a.RequestsS.Value; math.Abs(r-2) > 0.02 || b.Replicas != 2 {
		t.Errorf("two groups carry %.3f times as much", r)
	}
	var held [2]int64
	for i, ep := range []int{1, 8} {
		req := cluster(t, "deepseek-v3", "native", "8x h200-sxm-141gb", "sglang")
		req.Deployment.TP, req.Deployment.DP, req.Deployment.EP = 1, 8, ep
		e, err := estimator.Estimate(req)
		if err != nil {
			t.Fatal(err)
		}
		held[i] = e.Ledgers[0].Need
	}
	if held[1] > held[0]/4 {
		t.Errorf("one device holds %d bytes with every expert and %d with an eighth", held[0], held[1])
	}
}

// What users see obeys its own arithmetic.
func TestUnderLoad(t *testing.T) {
	req := cluster(t, "llama-3.1-70b", "FP8", "8x h100-sxm-80gb", "vllm")
	e, err := estimator.Estimate(req)
	if err != nil {
		t.Fatal(err)
	}
	objective, err := serving.ParseObjective("ttft_p95<=2s")
	if err != nil {
		t.Fatal(err)
	}
	load := &serving.Load{Rate: 2, Input: serving.Fixed(1000), Output: serving.Fixed(200), Seed: 1}
	u, err := estimator.Serve(req, e, load, []serving.Objective{objective}, estimator.Pools{})
	if err != nil {
		t.Fatal(err)
	}
	if !u.Stable || math.Abs(u.RequestsS.Value-2) > 0.15 {
		t.Errorf("2 requests/s come and %g go", u.RequestsS.Value)
	}
	for _, p := range []estimator.Percentiles{u.TTFTMs, u.TPOTMs, u.E2EMs} {
		for _, f := range []estimator.Figure{p.Mean, p.P50, p.P90, p.P95, p.P99} {
			if !(f.Low <= f.Value && f.Value <= f.High) || !(f.Low > 0) {
				t.Errorf("%+v is no interval", f)
			}
		}
		if p.P50.Value > p.P90.Value || p.P90.Value > p.P95.Value || p.P95.Value > p.P99.Value {
			t.Errorf("percentiles fall: %+v", p)
		}
	}
	if u.MaxRequestsS == nil || u.MaxRequestsS.Value > u.CapacityRequestsS.Value*1.05 || u.ReplicasNeeded != serving.Replicas(2, u.MaxRequestsS.Value) {
		t.Errorf("within the objective %v of %g requests/s", u.MaxRequestsS, u.CapacityRequestsS.Value)
	}
	// The steps of the simulation are those of the estimate.
	alone, err := estimator.Serve(req, e, closed(1, 512, 128), nil, estimator.Pools{})
	if err != nil {
		t.Fatal(err)
	}
	req.Workload.Batch = 1
	if got, want := alone.TPOTMs.Mean.Value, e.Speed.TPOTMs.Value; math.Abs(got/want-1) > 0.02 {
		t.Errorf("one user's token takes %g ms, the estimate says %g", got, want)
	}
	again, err := estimator.Serve(req, e, load, nil, estimator.Pools{})
	if err != nil || again.TTFTMs != u.TTFTMs {
		t.Error("the same load gave another answer")
	}
}

// BenchmarkPlans searches 64 GPUs for a mixture of experts.
func BenchmarkPlans(b *testing.B) {
	req := cluster(b, "deepseek-v3", "native", "8x(8x h200-sxm-141gb)", "sglang")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := estimator.Plans(req, closed(1024, 2000, 500), estimator.ForThroughput, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// A step without prompts is a decode step, one with a prompt alone is the
// prefill of it, and work is what both do together.
func TestMixedSteps(t *testing.T) {
	for _, id := range []string{"llama-3.1-8b", "qwen3-30b-a3b", "deepseek-v3", "gemma-3-27b"} {
		req := ask(t, id, "native", "8x h200-sxm-141gb", "vllm")
		req.Workload.InputTokens, req.Workload.OutputTokens, req.Workload.Batch = 1000, 2, 16
		w, err := estimator.WorkOf(req)
		if err != nil {
			t.Fatal(err)
		}
		in := phase.Input{Model: req.Model, Weights: req.Weights, Placement: &w.Result.Placement, Settings: &w.Result.Settings, Workload: req.Workload}
		var plain, prompt, both phase.Phase
		phase.Mixed(&in, 16, 1001, phase.Prompts{}, &plain)
		phase.Mixed(&in, 0, 0, phase.Prompts{Tokens: 1000, Seqs: 1}, &prompt)
		phase.Mixed(&in, 16, 1001, phase.Prompts{Tokens: 1000, Seqs: 1}, &both)
		if !plain.Decode || prompt.Decode || both.Decode {
			t.Errorf("%s: a step decodes if nothing else", id)
		}
		for k := range plain.Works[0].Ops {
			d, p, m := w.Decode.Works[0].Ops[k], w.Prefill.Works[0].Ops[k], both.Works[0].Ops[k]
			same := func(what string, got, want float64) {
				if math.Abs(got-want) > 1e-6*math.Abs(want) {
					t.Errorf("%s, operation %d: %s %g, want %g", id, k, what, got, want)
				}
			}
			same("decode FLOPs", plain.Works[0].Ops[k].FLOPs, d.FLOPs)
			same("decode cache", plain.Works[0].Ops[k].Cache, d.Cache)
			same("decode weights", plain.Works[0].Ops[k].Weights, d.Weights)
			same("prompt FLOPs", prompt.Works[0].Ops[k].FLOPs, p.FLOPs)
			same("FLOPs together", m.FLOPs, d.FLOPs+p.FLOPs)
			if m.Weights > d.Weights+p.Weights || m.Weights < math.Max(d.Weights, p.Weights)*(1-1e-12) {
				t.Errorf("%s, operation %d: reads %g bytes of weights, apart %g and %g", id, k, m.Weights, d.Weights, p.Weights)
			}
		}
	}
}

// No answer is disturbed by more prompts than there are.
func TestTraffic(t *testing.T) {
	for _, engineID := range []string{"vllm", "sglang", "tensorrt-llm"} {
		rapid.Check(t, func(t *rapid.T) {
			req := cluster(t, "llama-3.1-70b", "FP8", "4x h100-sxm-80gb", engineID)
			users := rapid.IntRange(1, 200).Draw(t, "users")
			input, output := rapid.IntRange(16, 8000).Draw(t, "input"), rapid.IntRange(32, 2000).Draw(t, "output")
			req.Deployment.Context = input + output
			w, err := estimator.WorkOf(req)
			if err != nil {
				t.Fatalf("%v", err)
			}
			tr, err := estimator.TrafficOf(req, &w.Result, closed(users, input, output))
			if err != nil {
				t.Fatalf("%v", err)
			}
			if tr.Decoding > float64(users)*1.01 || tr.PlainPerToken < 0 || tr.MixedPerToken < 0 || !(tr.MixedToFirst > 0) {
				t.Fatalf("%+v", tr)
			}
			// Each answer is disturbed by at most the prompts of all others.
			prompts := tr.MixedPerToken * tr.Together
			if most := tr.Decoding / float64(output); prompts > 1.6*most+0.01 || tr.Together > float64(users)*1.01 {
				t.Fatalf("%d users, %d to %d tokens: %.4f prompts for each step of %.2f answers, want at most %.4f", users, input, output, prompts, tr.Decoding, most)
			}
		})
	}
}
