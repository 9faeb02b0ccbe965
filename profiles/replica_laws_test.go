package profiles_test

import (
	"errors"
	"math"
	"testing"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/serving"
	"pgregory.net/rapid"
)

// drawObjectives draws limits of means that some loads meet.
func drawObjectives(t *rapid.T) []serving.Objective {
	var out []serving.Objective
	if rapid.Bool().Draw(t, "ttft") {
		out = append(out, serving.Objective{Metric: "ttft", Limit: rapid.Float64Range(0.2, 5).Draw(t, "seconds")})
	}
	if rapid.Bool().Draw(t, "tpot") {
		out = append(out, serving.Objective{Metric: "tpot", Limit: rapid.Float64Range(0.01, 0.2).Draw(t, "token")})
	}
	return out
}

// A replica carries less the slower its steps are, keeps its objectives at the
// most that it carries, and not far beyond it.
func TestLawReplicaCarries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := drawServer(t)
		load := &serving.Load{Rate: 1, Input: serving.LogNormal(float64(rapid.IntRange(100, 3000).Draw(t, "input")), 0.5, 0), Output: serving.Fixed(rapid.IntRange(10, 800).Draw(t, "output"))}
		if rapid.Bool().Draw(t, "users") {
			load.Rate, load.Concurrency = 0, 1
		}
		r, err := estimator.NewReplica(req, load)
		if err != nil {
			t.Skip(err)
		}
		objectives := drawObjectives(t)
		var most [3]float64
		var limit [3]string
		for _, end := range []estimator.End{estimator.Slow, estimator.Central, estimator.Fast} {
			if most[end], limit[end], err = r.Most(load, objectives, end, 1); err != nil {
				t.Fatal(err)
			}
		}
		const slack = 1.02 // of the search
		if most[0] > slack*most[1] || most[1] > slack*most[2] {
			t.Fatalf("carries %v from slow to fast", most)
		}
		stretched, _, err := r.Most(load, objectives, estimator.Central, 1.5)
		if err != nil || stretched > slack*most[1] {
			t.Fatalf("slowed down it carries %g, else %g (%v)", stretched, most[1], err)
		}
		n := most[estimator.Central]
		if n <= 0 {
			return
		}
		at, err := r.At(load, n, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objectives {
			f := map[string]estimator.Figure{"ttft": at.TTFTMs, "tpot": at.TPOTMs}[o.Metric]
			if !at.Carried || f.Value > 1e3*o.Limit*(1+1e-9) || f.Low > f.Value || f.High < f.Value {
				t.Fatalf("at the most that it carries (%g, %s) %s is %+v of %g s", n, limit[1], o.Metric, f, o.Limit)
			}
		}
		full, _, err := r.Most(load, nil, estimator.Central, 1)
		if err != nil {
			t.Fatal(err)
		}
		// Means of the closed form grow with the rate well below
		// capacity; near it they are less sure (see serving.Steady).
		if name := limit[1]; n < 0.6*full && (name == "ttft" || name == "tpot") {
			more, err := r.At(load, math.Ceil(1e6*1.05*n)/1e6+float64(load.Concurrency)*2, 1)
			if err != nil {
				t.Fatal(err)
			}
			f := map[string]estimator.Figure{"ttft": more.TTFTMs, "tpot": more.TPOTMs}[name]
			for _, o := range objectives {
				if o.Metric == name && f.Value <= 1e3*o.Limit && more.Carried {
					t.Fatalf("limited to %g by %s, which %g keeps: %+v", n, name, 1.05*n, f)
				}
			}
		}
	})
}

// The best of the ways to use devices carries at least what each of them does.
func TestLawBestReplica(t *testing.T) {
	for _, c := range []struct{ model, format, on, engine string }{
		{"llama-3.1-8b", "FP8", "4x h100-sxm-80gb", "vllm"}, {"qwen3-30b-a3b", "FP8", "4x h100-sxm-80gb", "sglang"}, {"llama-3.1-70b", "FP8", "8x l40s-48gb", "vllm"},
	} {
		req := cluster(t, c.model, c.format, c.on, c.engine)
		for _, slo := range []string{"tpot<=30ms", "ttft<=1s"} {
			o, err := serving.ParseObjective(slo)
			if err != nil {
				t.Fatal(err)
			}
			load := &serving.Load{Rate: 1, Input: serving.Fixed(1000), Output: serving.Fixed(300)}
			search := estimator.ReplicaSearch{Load: load, Objectives: []serving.Objective{o}, End: estimator.Slow}
			best, most, _, err := search.Best(req)
			if err != nil {
				t.Fatalf("%v: %v", c, err)
			}
			n := len(req.Machine.Primary().Devices)
			for tp := 1; tp <= n; tp *= 2 {
				v := *req
				v.Deployment.TP, v.Deployment.PP = tp, n/tp
				r, err := estimator.NewReplica(&v, load)
				if err != nil {
					continue
				}
				if other, _, err := r.Most(load, search.Objectives, search.End, 1); err != nil || other > most*1.02 {
					t.Errorf("%v %s: tp %d carries %g, the best (tp %d, pp %d) %g (%v)", c, slo, tp, other, best.Request.Deployment.TP, best.Request.Deployment.PP, most, err)
				}
			}
			search.Beyond = most * 1.05
			if _, _, _, err := search.Best(req); !errors.Is(err, estimator.ErrNoMore) {
				t.Errorf("%v %s: beyond the best: %v", c, slo, err)
			}
		}
	}
	req := cluster(t, "llama-3.1-70b", "FP8", "1x l4-24gb", "vllm")
	search := estimator.ReplicaSearch{Load: &serving.Load{Rate: 1, Input: serving.Fixed(1000), Output: serving.Fixed(300)}}
	var room *estimator.NoRoom
	if _, _, _, err := search.Best(req); !errors.As(err, &room) || room.Need <= room.Usable {
		t.Errorf("70B on an L4: %v", err)
	}
	req = cluster(t, "llama-3.1-8b", "FP8", "1x l4-24gb", "vllm")
	search.Objectives = []serving.Objective{{Metric: "tpot", Limit: 1e-4}}
	var missed *estimator.Missed
	if _, _, _, err := search.Best(req); !errors.As(err, &missed) || missed.Metric != "tpot" {
		t.Errorf("a token in 0.1 ms: %v", err)
	}
}

// Shares of devices are shares, and leave the others theirs.
func TestLawSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := drawServer(t)
		load := &serving.Load{Rate: 1, Input: serving.Fixed(500), Output: serving.Fixed(100)}
		r, err := estimator.NewReplica(req, load)
		if err != nil {
			t.Skip(err)
		}
		most, _, err := r.Most(load, nil, estimator.Slow, 1)
		if err != nil {
			t.Fatal(err)
		}
		const room = 0.8
		few, many := most*rapid.Float64Range(1e-5, 1e-3).Draw(t, "few"), most*rapid.Float64Range(2e-3, 0.5).Draw(t, "many")
		a, err := r.Slice(load, few, room, nil, estimator.Slow)
		if err != nil {
			t.Skip(err) // too large for its part
		}
		if a.Busy <= 0 || a.Busy > room || a.Memory <= 0 || a.Memory > 1 || a.Slowdown < 1 || a.Sequences < 1 {
			t.Fatalf("%+v", a)
		}
		b, err := r.Slice(load, many, room, nil, estimator.Slow)
		var crowded *estimator.Crowded
		if errors.As(err, &crowded) {
			if crowded.Busy <= room {
				t.Fatal(crowded)
			}
			return
		}
		if err != nil {
			t.Skip(err)
		}
		if b.Busy < a.Busy || b.Sequences < a.Sequences || b.Memory < a.Memory*0.999 || b.Slowdown > a.Slowdown*1.001 {
			t.Fatalf("of %g requests/s %+v, of %g %+v", few, a, many, b)
		}
	})
}

// Simulations keep what they found to be kept, and are slower at the slow end.
func TestReplicaSimulated(t *testing.T) {
	req := cluster(t, "llama-3.1-8b", "FP8", "1x h100-sxm-80gb", "vllm")
	load := &serving.Load{Rate: 1, Input: serving.Fixed(1000), Output: serving.Fixed(200), Seed: 1, Requests: 500}
	r, err := estimator.NewReplica(req, load)
	if err != nil {
		t.Fatal(err)
	}
	objectives := []serving.Objective{{Metric: "tpot", Percentile: 95, Limit: 0.012}}
	top, _, err := r.Most(load, nil, estimator.Central, 1)
	if err != nil {
		t.Fatal(err)
	}
	slow, err := r.MostSimulated(load, top, 1, objectives, estimator.Slow)
	if err != nil {
		t.Fatal(err)
	}
	most, err := r.MostSimulated(load, top, 1, objectives, estimator.Central)
	if err != nil || !(slow > 0 && slow <= most && most < top) {
		t.Fatalf("%g at the slow end, %g at the centre, %g without objectives (%v)", slow, most, top, err)
	}
	if ok, err := r.Meets(load, most, 1, objectives, estimator.Central); err != nil || !ok {
		t.Errorf("%g requests/s do not keep the objective: %v", most, err)
	}
	if ok, err := r.Meets(load, most*1.1, 1, objectives, estimator.Central); err != nil || ok {
		t.Errorf("%g requests/s keep the objective: %v", most*1.1, err)
	}
	u, err := r.Simulate(load, slow, 1, objectives)
	if err != nil || !u.Objectives[0].Met || u.Objectives[0].Unsure || u.TPOTMs.P95.High > 12 || u.TPOTMs.P95.Low >= u.TPOTMs.P95.High {
		t.Errorf("%+v %v", u, err)
	}
	if u, err = r.Simulate(load, most, 1, objectives); err != nil || !u.Objectives[0].Met || !u.Objectives[0].Unsure {
		t.Errorf("%+v %v", u.Objectives, err)
	}
}

func TestPartAndSizes(t *testing.T) {
	eight := cluster(t, "llama-3.1-8b", "FP8", "2x(8x h100-sxm-80gb)", "vllm").Machine
	if s := estimator.Sizes(eight); len(s) != 5 || s[0] != 1 || s[4] != 16 {
		t.Errorf("sizes %v", s)
	}
	if estimator.Part(eight, 16, 0) != eight {
		t.Error("all of a machine is the machine")
	}
	two := estimator.Part(eight, 2, 6<<30).Primary()
	if len(two.Devices) != 2 || two.Box != 0 || two.Network != nil || two.Devices[0] != two.Devices[1] ||
		two.Devices[0].MemoryBytes != eight.Primary().Devices[0].MemoryBytes-6<<30 || eight.Primary().Devices[0].MemoryBytes < 70<<30 {
		t.Errorf("%+v", two)
	}
	mixed := cluster(t, "llama-3.1-8b", "Q4_K_M", "rtx-4090 + rtx-3090", "llama.cpp").Machine
	if s := estimator.Sizes(mixed); len(s) != 1 || s[0] != 2 {
		t.Errorf("sizes of unlike devices %v", s)
	}
	if s := estimator.Sizes(cluster(t, "llama-3.1-8b", "Q4_K_M", "epyc-9654", "llama.cpp").Machine); len(s) != 1 || s[0] != 1 {
		t.Errorf("sizes of a processor %v", s)
	}
}
