package fit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// invented makes observations of engines and devices whose efficiencies are
// known, with some noise and a wild one.
func invented() ([]*Observation, map[string]float64) {
	truth := map[string]float64{"compute|base": -0.7, "compute|engine:quick": 0.4, "compute|engine:slow": -0.3,
		"compute|device:a": 0.1, "compute|device:b": -0.2, "compute|device:c": 0.05, "launch|base": 0.5}
	rng := rand.New(rand.NewPCG(1, 2))
	var obs []*Observation
	for i := range 240 {
		engine, device := []string{"quick", "slow"}[i%2], []string{"a", "b", "c"}[i%3]
		l := &pipeline.Load{Calls: 10, Compute: math.Exp(rng.NormFloat64()), Launch: 0.3}
		l.Terms[pipeline.RateCompute] = []pipeline.Term{{Key: "compute|base", X: 1}, {Key: "compute|engine:" + engine, X: 1}, {Key: "compute|device:" + device, X: 1}}
		l.Terms[pipeline.RateLaunch] = []pipeline.Term{{Key: "launch|base", X: 1}}
		t, _ := l.Seconds(3, func(k string) float64 { return truth[k] })
		t *= math.Exp(0.03 * rng.NormFloat64())
		if i%40 == 7 {
			t *= 5
		}
		obs = append(obs, &Observation{ID: fmt.Sprint(i), Loads: []*pipeline.Load{l}, Seconds: t, Weight: 1, Device: device, Engine: engine})
	}
	return obs, truth
}

func config() *Config {
	return &Config{Scale: 0.05, Freedom: 4, Iterations: 50, Rates: pipeline.Rates{Corner: 3},
		Priors: []Prior{{Prefix: "compute|base", Mean: -1, SD: 1}, {Prefix: "compute|", SD: 0.3}, {Prefix: "launch|", SD: 1}}}
}

// What the observations were made with is found again, whatever a few wild ones
// say: the efficiency of each engine on each device, which the priors only
// divide into parts.
func TestFitFindsWhatObservationsWereMadeWith(t *testing.T) {
	obs, truth := invented()
	rates, err := Fit(obs, config())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []string{"quick", "slow"} {
		for _, d := range []string{"a", "b", "c"} {
			sum := func(v map[string]float64) float64 {
				return v["compute|base"] + v["compute|engine:"+e] + v["compute|device:"+d]
			}
			if got, want := sum(rates.Values), sum(truth); math.Abs(got-want) > 0.03 {
				t.Errorf("%s on %s: %.3f, made with %.3f", e, d, got, want)
			}
		}
	}
	if n := rates.Rows["compute|device:a"]; n != 80 {
		t.Errorf("device a has %d rows, want 80", n)
	}
	if got := rates.Values["launch|base"]; math.Abs(got-truth["launch|base"]) > 0.1 {
		t.Errorf("launch %.3f, made with %.3f", got, truth["launch|base"])
	}
}

// The slopes that the search follows are those of the residuals.
func TestSlopes(t *testing.T) {
	obs, _ := invented()
	for i, o := range obs {
		o.Loads[0].Transfer, o.Loads[0].Overlap = float64(i%4)*0.2, i%2 == 0
		o.Loads[0].Least[0] = float64(i%3) * o.Loads[0].Compute
	}
	r := newRegression(obs, config())
	const step = 1e-6
	for i := range obs {
		slope := &slopes{of: make([]float64, len(r.x))}
		r.residual(i, r.x, slope)
		for _, n := range slope.at {
			want := slope.of[n]
			x := append([]float64(nil), r.x...)
			x[n] += step
			up := r.residual(i, x, nil)
			x[n] -= 2 * step
			if got := (up - r.residual(i, x, nil)) / (2 * step); math.Abs(got-want) > 1e-4 {
				t.Fatalf("observation %d, %s: slope %g, by difference %g", i, r.keys[n], want, got)
			}
		}
	}
}

// A judgement does not know what it judges: its rates have no parameter of the
// device that was left out, and the number of workers changes nothing.
func TestLeaveOut(t *testing.T) {
	obs, _ := invented()
	group := func(o *Observation) string { return o.Device }
	one, err := LeaveOut(obs, nil, group, 3, 1, config())
	if err != nil {
		t.Fatal(err)
	}
	two, err := LeaveOut(obs, nil, group, 3, 3, config())
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range obs {
		if one[i].Rates.Rows["compute|device:"+o.Device] != 0 {
			t.Fatalf("observation %d was judged by rates that know its device", i)
		}
		if one[i].Log != two[i].Log {
			t.Fatalf("observation %d: %g with one worker, %g with three", i, one[i].Log, two[i].Log)
		}
	}
}

func TestSpreads(t *testing.T) {
	var cases []Case
	for i := range 101 {
		cases = append(cases, Case{pipeline.TextToImage, pipeline.LevelDevice, float64(i-50) / 100}, Case{pipeline.TextToImage, pipeline.LevelFamily, float64(i-50) / 200})
	}
	got := Spreads(cases)
	if sd := got["text-to-image/device"]; math.Abs(sd-0.4/pipeline.Z80) > 0.01 {
		t.Errorf("device %g, want %g: 80%% of errors are within 0.4", sd, 0.4/pipeline.Z80)
	}
	if got["text-to-image/family"] < got["text-to-image/device"] {
		t.Error("what is farther is known better")
	}
	if _, ok := got["text-to-image/work"]; ok {
		t.Error("a spread of no cases")
	}
}
