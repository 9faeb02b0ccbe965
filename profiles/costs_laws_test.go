package profiles_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/cost"
	"github.com/plimsoll/plimsoll/estimator/serving"
	"github.com/plimsoll/plimsoll/profiles"
)

// termsOf are terms of which everything is known.
func termsOf(t fatal, req *estimator.Request, rent, price, kwh, grams, utilisation float64, tenure estimator.Tenure) *estimator.Terms {
	t.Helper()
	power, why, err := profiles.Power(req.Machine)
	if err != nil {
		t.Fatalf("%v", err)
	}
	fact := func(v float64) *cost.Fact { return &cost.Fact{Value: v, Source: "test"} }
	site := cost.Site{PUE: fact(1.2), Electricity: fact(kwh), Carbon: fact(grams)}
	return &estimator.Terms{Tenure: tenure, Power: power, NoPower: why, Site: site, Utilisation: utilisation,
		Rental: &cost.Rental{USDPerHour: fact(rent), Devices: max(req.Machine.Devices(), 1), Utilisation: 1},
		Owned:  &cost.Owned{USD: fact(price), LifetimeYears: 4, Utilisation: utilisation, Site: site}}
}

// Laws of money: a request is the sum of its tokens, a token costs the machine's
// time, dearer things never make it cheaper, and every figure lies inside its
// interval.
func TestCostLaws(t *testing.T) {
	scenes := [][3]string{{"llama-3.1-8b", "Q4_K_M", "rtx-4090-24gb"}, {"llama-3.1-8b", "FP8", "8x h100-sxm5-80gb"},
		{"qwen3-30b-a3b", "Q4_K_M", "2x rtx-3090-24gb"}, {"llama-3.1-8b", "Q8_0", "epyc-9654"}, {"llama-3.2-3b", "Q4_K_M", "apple-m4-max-40c-64gb"}}
	rapid.Check(t, func(t *rapid.T) {
		s := scenes[rapid.IntRange(0, len(scenes)-1).Draw(t, "scene")]
		engine := "llama.cpp"
		if s[1] == "FP8" {
			engine = "vllm"
		}
		req := ask(t, s[0], s[1], s[2], engine)
		req.Workload.InputTokens, req.Workload.PromptAssumed = rapid.IntRange(1, 4000).Draw(t, "input"), false
		req.Workload.OutputTokens = rapid.IntRange(1, 1000).Draw(t, "output")
		amount := func(name string) float64 { return rapid.Float64Range(0.001, 100).Draw(t, name) }
		rent, price, kwh, grams := amount("rent"), 1000*amount("price"), amount("kwh"), amount("grams")
		u := rapid.Float64Range(0.01, 1).Draw(t, "utilisation")
		tenure := rapid.SampledFrom([]estimator.Tenure{estimator.Rented, estimator.Owned}).Draw(t, "tenure")
		run := func(dearer float64) *estimator.Costs {
			req.Terms = termsOf(t, req, rent*dearer, price*dearer, kwh*dearer, grams*dearer, u, tenure)
			return estimate(t, req).Costs
		}
		k, dear := run(1), run(1.5)
		for i, f := range k.Figures() {
			a, b := *f.Figure, *dear.Figures()[i].Figure
			if a == nil {
				continue
			}
			if !(a.Low <= a.Value && a.Value <= a.High && a.Low >= 0) || math.IsInf(a.High, 0) {
				t.Fatalf("%s: %+v", f.Name, a)
			}
			if b == nil || f.Name != "break_even_months" && b.Value < a.Value {
				t.Fatalf("%s: dearer by half, and %+v instead of %+v", f.Name, b, a)
			}
		}
		in, out := float64(req.Workload.InputTokens), float64(req.Workload.OutputTokens)
		if k.USDPerMInput != nil && k.USDPerMOutput != nil {
			sum := (in*k.USDPerMInput.Value + out*k.USDPerMOutput.Value) / 1e6
			if math.Abs(sum/k.USDPerRequest.Value-1) > 1e-9 {
				t.Fatalf("a request costs %g, its tokens %g", k.USDPerRequest.Value, sum)
			}
		}
		if tenure == estimator.Rented {
			e := estimate(t, req)
			if want := rent * 1.5 / 3600 / e.Speed.RequestsS.Value; math.Abs(dear.USDPerRequest.Value/want-1) > 1e-9 {
				t.Fatalf("a request costs %g, its time %g", dear.USDPerRequest.Value, want)
			}
		}
		if k.Watts != nil && k.Watts.Low < k.WattsIdle.Low {
			t.Fatalf("at work %+v W, idle %+v", k.Watts, k.WattsIdle)
		}
	})
}

// Without terms there are no costs, and the other figures are the same.
func TestNoTermsNoCosts(t *testing.T) {
	req := ask(t, "llama-3.1-8b", "Q4_K_M", "rtx-4090-24gb", "llama.cpp")
	bare := estimate(t, req)
	if bare.Costs != nil {
		t.Errorf("costs of nothing: %+v", bare.Costs)
	}
	req.Terms = termsOf(t, req, 1, 1000, 0.2, 300, 0.5, estimator.Rented)
	full := estimate(t, req)
	if full.Costs == nil || *full.Speed.DecodeTokS != *bare.Speed.DecodeTokS || full.All != bare.All {
		t.Errorf("costs change the estimate: %+v, %+v", full.Speed, bare.Speed)
	}
}

// An hour at work costs at least one at rest, and of a bought machine less the
// more of its hours it works; under a load every hour counts as one at work.
func TestHoursOfBoughtMachines(t *testing.T) {
	req := cluster(t, "llama-3.1-8b", "FP8", "8x h100-sxm5-80gb", "vllm")
	req.Deployment.TP, req.Deployment.DP = 1, 8
	load := &serving.Load{Rate: 20, Input: serving.Fixed(500), Output: serving.Fixed(100), Seed: 1}
	last := math.Inf(1)
	for _, u := range []float64{0.1, 0.4, 1} {
		req.Terms = termsOf(t, req, 20, 300_000, 0.2, 300, u, estimator.Owned)
		rest, work := req.Terms.Standing(8), req.Terms.Busy(8, cost.Parts{Compute: 1})
		if work.USD.Value < rest.USD.Value || work.USD.Value >= last || work.Kilowatts.Value < rest.Kilowatts.Value || work.Kg.Value < rest.Kg.Value {
			t.Errorf("working %g of its hours: %+v at work, %+v at rest, %g before", u, work.USD, rest.USD, last)
		}
		last = work.USD.Value
		e := estimate(t, req)
		got, err := estimator.Serve(req, e, load, nil, estimator.Pools{})
		if err != nil {
			t.Fatal(err)
		}
		own := *req.Terms.Owned
		own.Utilisation = 1
		want := own.Hour((*cost.Figure)(e.Costs.Watts)).Total.Value / 3600 / got.OutputTokS.Value * 1e6
		if got.USDPerM == nil || math.Abs(got.USDPerM.Value/want-1) > 1e-9 {
			t.Errorf("working %g of its hours: %+v by the million under a load, want %g", u, got.USDPerM, want)
		}
	}
}
