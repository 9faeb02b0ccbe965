package profiles_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/serving"
	"github.com/plimsoll/plimsoll/hardware"
	"pgregory.net/rapid"
)

// servers are the engines whose schedulers the laws of loads hold for.
var servers = []string{"vllm", "sglang", "tensorrt-llm"}

// drawServer draws a model on a server that has room for it, divided in one of
// the usual ways.
func drawServer(t *rapid.T) *estimator.Request {
	where := rapid.SampledFrom([]struct{ model, on string }{
		{"llama-3.1-8b", "2x l40s-48gb"}, {"llama-3.1-8b", "4x rtx-4090-24gb"}, {"llama-3.1-70b", "8x h100-sxm-80gb"},
		{"gemma-3-27b", "8x a100-sxm4-80gb"}, {"qwen3-30b-a3b", "4x h100-sxm-80gb"}, {"gpt-oss-120b", "2x(8x h100-sxm-80gb)"},
		{"granite-4.0-h-small", "8x h200-sxm-141gb"}, {"deepseek-v3", "2x(8x h200-sxm-141gb)"},
	}).Draw(t, "where")
	req := cluster(t, where.model, "native", where.on, rapid.SampledFrom(servers).Draw(t, "engine"))
	d, n := &req.Deployment, len(req.Machine.Primary().Devices)
	d.TP = n
	switch rapid.SampledFrom([]string{"tensor", "stages", "groups", "experts"}).Draw(t, "division") {
	case "stages":
		d.TP, d.PP = n/2, 2
	case "groups":
		d.TP, d.DP = n/2, 2
	case "experts":
		if experts(req) {
			d.TP, d.DP, d.EP = 1, n, n
		}
	}
	return req
}

func experts(req *estimator.Request) bool {
	for i := range req.Model.Layers {
		if req.Model.Layers[i].Experts > 0 {
			return true
		}
	}
	return false
}

// drawUsers draws the load of a few hundred requests.
func drawUsers(t *rapid.T, input, output int) *serving.Load {
	spread := rapid.Float64Range(0, 1).Draw(t, "spread")
	return &serving.Load{Concurrency: rapid.IntRange(1, 128).Draw(t, "users"), Requests: 200, Seed: 1,
		Input: serving.LogNormal(float64(input), spread, 4*input), Output: serving.LogNormal(float64(output), spread, 4*output)}
}

// More replicas never lower the rate that is carried within an objective: apart
// from each other they carry each what one does, and where they share experts
// each holds fewer and has more room.
func TestLawMoreReplicasCarryMore(t *testing.T) {
	const noise = 0.02 // of the search for the rate, in a simulation
	for _, c := range []struct {
		model, engine, device string
		tp, dp                int // of the smaller deployment
		together              bool
		objective             string
	}{
		{"llama-3.1-8b", "vllm", "h100-sxm-80gb", 1, 3, false, "ttft_p95<=1s"},
		{"llama-3.1-70b", "sglang", "h200-sxm-141gb", 2, 1, false, "e2e_p90<=30s"},
		{"qwen3-30b-a3b", "tensorrt-llm", "h100-sxm-80gb", 1, 2, false, "tpot_p90<=30ms"},
		{"qwen3-30b-a3b", "vllm", "h100-sxm-80gb", 1, 4, true, "tpot_p90<=30ms"},
		{"deepseek-v3", "sglang", "h200-sxm-141gb", 2, 4, true, "ttft_p95<=5s"},
	} {
		carried := func(dp int) float64 {
			n := c.tp * dp
			on := fmt.Sprintf("%dx %s", n, c.device)
			if n > 8 {
				on = fmt.Sprintf("%dx(8x %s)", n/8, c.device)
			}
			req := cluster(t, c.model, "native", on, c.engine)
			req.Deployment.TP, req.Deployment.DP = c.tp, dp
			if c.together {
				req.Deployment.EP = n
			}
			e, err := estimator.Estimate(req)
			if err != nil {
				t.Fatal(err)
			}
			o, err := serving.ParseObjective(c.objective)
			if err != nil {
				t.Fatal(err)
			}
			load := &serving.Load{Rate: 1, Input: serving.LogNormal(1000, 0.5, 4000), Output: serving.LogNormal(200, 0.5, 1000), Requests: 300, Seed: 1}
			u, err := estimator.Serve(req, e, load, []serving.Objective{o}, estimator.Pools{})
			if err != nil {
				t.Fatal(err)
			}
			if u.MaxRequestsS == nil || !(u.MaxRequestsS.Value > 0) {
				t.Fatalf("%s on %s carries nothing within %s", c.model, on, c.objective)
			}
			return u.MaxRequestsS.Value
		}
		few, many := carried(c.dp), carried(2*c.dp)
		if many < few*(1-noise) {
			t.Errorf("%+v: %g requests/s, and %g with twice the replicas", c, few, many)
		}
		if r := many / few; !c.together && math.Abs(r-2) > 2*noise {
			t.Errorf("%+v: %g times as much with twice the replicas", c, r)
		}
	}
}

// linked copies a machine with its link and its network at so many times their
// rate, and forgets what was measured of the link, which would count instead.
func linked(m *hardware.Machine, link, network float64) *hardware.Machine {
	out := *m
	node := *m.Primary()
	if node.Link != nil {
		l := *node.Link
		l.GBps *= link
		l.Collectives, l.BusGBpsPeak = nil, 0
		node.Link = &l
	}
	if node.Network != nil {
		l := *node.Network
		l.GBps *= network
		node.Network = &l
	}
	out.Nodes = []hardware.Node{node}
	return &out
}

// A link or a network of twice the rate makes nothing slower: neither a prompt
// nor a step nor what users see of a loaded server.
func TestLawFasterLinkServesNoSlower(t *testing.T) {
	gained, drawn := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		req := drawServer(t)
		base := req.Machine
		input, output := rapid.IntRange(16, 3000).Draw(t, "input"), rapid.IntRange(16, 400).Draw(t, "output")
		users := drawUsers(t, input, output)
		req.Deployment.Context, req.Workload.InputTokens, req.Workload.OutputTokens = 4*(input+output), input, output
		slow := math.Exp(rapid.Float64Range(-4, 1).Draw(t, "log of the slower rate"))
		more := rapid.SampledFrom([][2]float64{{2, 1}, {1, 2}, {2, 2}}).Draw(t, "times")
		at := func(times [2]float64) (*estimator.Result, *estimator.UnderLoad) {
			req.Machine, req.Cache = linked(base, slow*times[0], slow*times[1]), new(estimator.Cache)
			req.Workload.Batch = 1
			e := estimate(t, req)
			u, err := estimator.Serve(req, e, users, nil, estimator.Pools{})
			if err != nil {
				t.Fatalf("%v", err)
			}
			req.Workload.Batch = 2 * len(base.Primary().Devices)
			return estimate(t, req), u
		}
		a, ua := at([2]float64{1, 1})
		b, ub := at(more)
		for _, f := range []struct {
			what       string
			slow, fast float64 // times
		}{
			{"a prompt", a.Prefill.Seconds, b.Prefill.Seconds},
			{"a step", a.Decode.Seconds, b.Decode.Seconds},
			{"a batch's first token", a.Speed.TTFTMs.Value, b.Speed.TTFTMs.Value},
			{"a batch's token", a.Speed.TPOTMs.Value, b.Speed.TPOTMs.Value},
			{"a batch's request", 1 / a.Speed.RequestsS.Value, 1 / b.Speed.RequestsS.Value},
			{"a user's request", ua.E2EMs.Mean.Value, ub.E2EMs.Mean.Value},
			{"a slow user's request", ua.E2EMs.P95.Value, ub.E2EMs.P95.Value},
			{"a served request", 1 / ua.RequestsS.Value, 1 / ub.RequestsS.Value},
			{"a request at capacity", 1 / ua.CapacityRequestsS.Value, 1 / ub.CapacityRequestsS.Value},
		} {
			if f.fast > f.slow*(1+1e-9) {
				t.Fatalf("%s on %s: %s takes %g, over the faster link %g", req.Model.Arch.ID, req.Machine.ID, f.what, f.slow, f.fast)
			}
		}
		drawn++
		if ub.RequestsS.Value > ua.RequestsS.Value*(1+1e-9) {
			gained++
		}
	})
	if gained < drawn/10 {
		t.Errorf("a faster link served more in %d of %d draws: it does not count", gained, drawn)
	}
}

// Of no plan does a faster link or network lower the capacity or raise the
// time per token.
func TestLawFasterLinkMakesPlansNoWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := cluster(t, rapid.SampledFrom([]string{"llama-3.1-70b", "qwen3-30b-a3b", "gpt-oss-120b"}).Draw(t, "model"), "native",
			rapid.SampledFrom([]string{"4x h100-sxm-80gb", "2x(4x h200-sxm-141gb)"}).Draw(t, "on"), rapid.SampledFrom(servers).Draw(t, "engine"))
		base := req.Machine
		users := closed(8*rapid.IntRange(1, 16).Draw(t, "users"), rapid.IntRange(16, 4000).Draw(t, "input"), rapid.IntRange(16, 500).Draw(t, "output"))
		slow := math.Exp(rapid.Float64Range(-4, 1).Draw(t, "log of the slower rate"))
		at := func(times float64) map[string]estimator.Plan {
			req.Machine, req.Cache = linked(base, slow*times, slow*times), new(estimator.Cache)
			plans, err := estimator.Plans(req, users, estimator.ForThroughput, nil)
			if err != nil {
				t.Fatalf("%v", err)
			}
			out := map[string]estimator.Plan{}
			for i := range plans {
				out[plans[i].String()] = plans[i]
			}
			return out
		}
		a, b := at(1), at(2)
		for name, p := range a {
			if q := b[name]; q.Refused != p.Refused || p.Refused == "" && (q.TPOTMs > p.TPOTMs*(1+1e-9) || q.CapacityRequestsS < p.CapacityRequestsS*(1-1e-9)) {
				t.Fatalf("%s on %s: %+v over the faster link, %+v over the slower", req.Model.Arch.ID, req.Machine.ID, q, p)
			}
		}
	})
}

// However a server is loaded, percentiles do not fall, neither in the middle
// nor at the ends of their intervals, and no answer ends before it begins.
func TestLawPercentilesAreOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := drawServer(t)
		input, output := rapid.IntRange(1, 3000).Draw(t, "input"), rapid.IntRange(1, 300).Draw(t, "output")
		users := drawUsers(t, input, output)
		req.Deployment.Context, req.Workload.InputTokens, req.Workload.OutputTokens = 4*(input+output), input, output
		e := estimate(t, req)
		serve := func() *estimator.UnderLoad {
			u, err := estimator.Serve(req, e, users, nil, estimator.Pools{})
			if err != nil {
				t.Fatalf("%v", err)
			}
			return u
		}
		u := serve()
		if rapid.Bool().Draw(t, "at a rate") { // from idle to more than is carried
			users.Concurrency, users.Rate = 0, u.CapacityRequestsS.Value*rapid.Float64Range(0.05, 1.5).Draw(t, "share")
			u = serve()
		}
		for name, p := range map[string]*estimator.Percentiles{"ttft": &u.TTFTMs, "tpot": &u.TPOTMs, "e2e": &u.E2EMs} {
			all := [...]estimator.Figure{p.P50, p.P90, p.P95, p.P99}
			for i, f := range all {
				if !(0 <= f.Low && f.Low <= f.Value && f.Value <= f.High) || math.IsInf(f.High, 0) {
					t.Fatalf("%s: %+v is no interval", name, f)
				}
				if i > 0 && (f.Value < all[i-1].Value || f.Low < all[i-1].Low || f.High < all[i-1].High) {
					t.Fatalf("%s falls from %+v to %+v", name, all[i-1], f)
				}
			}
		}
		for i, first := range []estimator.Figure{u.TTFTMs.Mean, u.TTFTMs.P50, u.TTFTMs.P90, u.TTFTMs.P95, u.TTFTMs.P99} {
			last := []estimator.Figure{u.E2EMs.Mean, u.E2EMs.P50, u.E2EMs.P90, u.E2EMs.P95, u.E2EMs.P99}[i]
			if first.Value > last.Value*(1+1e-9) || first.Low > last.Low*(1+1e-9) || first.High > last.High*(1+1e-9) {
				t.Fatalf("first token after %+v, all after %+v", first, last)
			}
		}
	})
}
