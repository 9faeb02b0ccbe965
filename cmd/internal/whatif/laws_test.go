package whatif_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/profiles"
)

var machines = []string{"rtx-4090-24gb", "2x rtx-3090-24gb", "apple-m4-max-40c-64gb", "raspberry-pi-5-8gb", "8x h100-sxm5-80gb", "2x(8x h100-sxm5-80gb)", "epyc-9654"}

var resolver = scenario.NewResolver(scenario.NewStore(&facts.Embedded{}))

// estimate answers a scenario on a machine with changes.
func estimate(t interface{ Fatal(...any) }, model, on string, set ...string) *estimator.Result {
	s := scenario.New()
	s.Model, s.On, s.Set = model, on, set
	if on[0] >= '2' && on[0] <= '8' && on != "2x rtx-3090-24gb" {
		s.Engine = "vllm"
	}
	var p scenario.Prepared
	if err := resolver.Resolve(context.Background(), &s, &p); err != nil {
		t.Fatal(model, on, set, err)
	}
	p.Request.Answers = true
	e, err := estimator.Estimate(&p.Request)
	if err != nil {
		t.Fatal(model, on, set, err)
	}
	return e
}

// paths lists the numbers of a machine that are known.
func paths(t *rapid.T, on string) []string {
	m, err := profiles.Machine(on, profiles.MachineOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	numbers := profiles.MachineNumbers(m)
	for i := range numbers {
		if numbers[i].Value() > 0 {
			out = append(out, "hardware."+strings.TrimPrefix(numbers[i].Path, "devices."))
		}
	}
	return out
}

// TestChangingNothingChangesNothing is the law of --set: what leaves a number
// as it is leaves every figure as it is.
func TestChangingNothingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		on := rapid.SampledFrom(machines).Draw(t, "on")
		model := rapid.SampledFrom([]string{"llama-3.1-8b", "qwen3-30b-a3b"}).Draw(t, "model")
		path := rapid.SampledFrom(append(paths(t, on), "model.layers", "model.heads", "input_tokens", "batch", "hardware.tflops")).Draw(t, "path")
		how := rapid.SampledFrom([]string{"+0%", "x1", "+0", "-0", "100%"}).Draw(t, "how")
		was, is := estimate(t, model, on), estimate(t, model, on, path+"="+how)
		if path == "input_tokens" || path == "batch" {
			return // the number is given now, and estimates say less of assumptions
		}
		if !reflect.DeepEqual(was, is) {
			t.Fatalf("%s=%s on %s changed the estimate", path, how, on)
		}
	})
}

func TestMoreIsNoWorse(t *testing.T) {
	rank := []estimator.Verdict{estimator.Fits, estimator.Tight, estimator.FitsOffload, estimator.DoesNotFit}
	for _, on := range machines {
		for _, model := range []string{"qwen3-32b", "qwen3-4b"} {
			base := estimate(t, model, on)
			for _, path := range []string{"hardware.bandwidth_gb_s", "hardware.tflops"} {
				if e := estimate(t, model, on, path+"=+10%"); e.Speed.DecodeTokS.Value < base.Speed.DecodeTokS.Value*(1-1e-9) {
					t.Errorf("%s on %s: 10%% more of %s make decode %g instead of %g tok/s", model, on, path, e.Speed.DecodeTokS.Value, base.Speed.DecodeTokS.Value)
				}
			}
			e := estimate(t, model, on, "hardware.memory_gb=+8GB")
			if slices.Index(rank, e.Verdict) > slices.Index(rank, base.Verdict) || e.Answers.MaxContext < base.Answers.MaxContext {
				t.Errorf("%s on %s: 8 GB more make it %s with %d tokens, from %s with %d", model, on, e.Verdict, e.Answers.MaxContext, base.Verdict, base.Answers.MaxContext)
			}
		}
	}
}

// TestBandwidthCounts: decode of a dense model waits for its weights, so that
// half the time beyond what is fixed goes with twice the bandwidth.
func TestBandwidthCounts(t *testing.T) {
	base, twice := estimate(t, "llama-3.1-8b", "rtx-4090-24gb"), estimate(t, "llama-3.1-8b", "rtx-4090-24gb", "hardware.bandwidth_gb_s=x2")
	if ratio := twice.Speed.DecodeTokS.Value / base.Speed.DecodeTokS.Value; ratio < 1.5 || ratio > 2 {
		t.Errorf("twice the bandwidth gives %.2f times the speed", ratio)
	}
}

func TestScenarioNumbers(t *testing.T) {
	s := scenario.New()
	s.Model, s.On, s.Set = "llama-3.1-8b", "rtx-4090-24gb", []string{"context=x2", "hardware.memory_gb=+8GB", "input_tokens=1k"}
	var p scenario.Prepared
	if err := resolver.Resolve(context.Background(), &s, &p); err != nil {
		t.Fatal(err)
	}
	in := &p.Inputs
	if in.Context != 2*scenario.DefaultContext || in.ContextAssumed || in.InputTokens != 1024 || in.PromptAssumed {
		t.Errorf("context %d, %d tokens of prompt", in.Context, in.InputTokens)
	}
	if fmt.Sprint(in.Set) != "[hardware.memory_gb=+8GB]" {
		t.Errorf("inputs keep %v", in.Set)
	}
	// Asked again, the resolved inputs give the same.
	again, first := p.Inputs, fmt.Sprint(p.Assumptions)
	if err := resolver.Resolve(context.Background(), &again, &p); err != nil || !reflect.DeepEqual(again, p.Inputs) || fmt.Sprint(p.Assumptions) != first {
		t.Errorf("%+v became %+v, %v", again, p.Inputs, err)
	}
	for _, bad := range []string{"model=3", "quant=2", "nothing=1", "context=x1e30", "batch=-5", "hardware.nothing=1", "model.nothing=1", "model.layers=x1e9"} {
		s.Set = []string{bad}
		if err := resolver.Resolve(context.Background(), &s, &p); err == nil {
			t.Errorf("%s passed", bad)
		}
	}
}
