package recommend

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/serving"
)

// forModel asks for hardware.
func forModel(t *testing.T, a *Advisor, model string, traffic *Traffic, change func(*report.RecommendInputs)) *report.Recommend {
	t.Helper()
	prices := money.Options{PricesAt: "2026-11"}
	book, err := money.Open(&prices, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	doc := &report.Recommend{Inputs: report.RecommendInputs{Scenario: scenario.New(), Accept: estimator.Fits, Top: 6, Prices: &prices}}
	s := &doc.Inputs.Scenario
	s.Model, s.PromptAssumed, s.Context = model, false, 8192
	if change != nil {
		change(&doc.Inputs)
	}
	if err := a.MachinesFor(context.Background(), doc, book, traffic); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestHardwareLists(t *testing.T) {
	a := advisor(t)
	doc := forModel(t, a, "qwen3-32b", nil, func(in *report.RecommendInputs) { in.MinDecodeTokS, in.Formats = 20, []string{"Q4_K_M"} })
	h := doc.Hardware
	if len(h.Lists) != 3 || h.Coverage.Recommended == 0 || h.Coverage.Considered < 500 {
		t.Fatalf("%d lists of %+v", len(h.Lists), h.Coverage)
	}
	for _, l := range h.Lists {
		kinds := map[string]bool{}
		for k := range l.Rows {
			r := &l.Rows[k]
			if r.Verdict != estimator.Fits || r.Figures.DecodeTokS.Low < 20 || r.Model.WeightFormat != "Q4_K_M" {
				t.Errorf("%s: %s: %s, %.1f tok/s at worst", l.Goal, r.Name, r.Verdict, r.Figures.DecodeTokS.Low)
			}
			if l.Goal == "cheapest" && (r.Figures.USDPerHour == nil || r.Price == nil) {
				t.Errorf("%s is among the cheapest, and its price is not known", r.Name)
			}
			kind := r.Name[strings.LastIndex(r.Name, " ")+1:]
			if kinds[kind] {
				t.Errorf("%s: %s comes twice", l.Goal, kind)
			}
			kinds[kind] = true
			v, ok := worth(r, l.Goal)
			if !ok {
				t.Errorf("%s: nothing is known of %s", l.Goal, r.Name)
			}
			if k > 0 {
				if before, _ := worth(&l.Rows[k-1], l.Goal); before > v+1e-9 {
					t.Errorf("%s: %s comes after %s", l.Goal, r.Name, l.Rows[k-1].Name)
				}
			}
		}
	}
	// Somewhere on the front is the cheapest of all.
	if !h.Lists[0].Rows[0].Pareto {
		t.Error("the cheapest is beaten in cost and speed")
	}
}

func TestHardwareAmong(t *testing.T) {
	a := advisor(t)
	doc := forModel(t, a, "llama-3.1-70b", nil, func(in *report.RecommendInputs) {
		in.Formats, in.Among = []string{"FP8"}, []string{"rtx-4090-24gb", "h100-sxm5-80gb", "apple-m4-max-40c-64gb"}
	})
	names := []string{}
	for _, l := range doc.Hardware.Lists {
		for i := range l.Rows {
			names = append(names, l.Rows[i].Name)
		}
	}
	// 70 GB in eight bits: two H100 or four and more 4090; one Mac is too small.
	for _, n := range names {
		if n == "h100-sxm5-80gb" || strings.Contains(n, "apple") || n == "rtx-4090-24gb" || n == "2x rtx-4090-24gb" {
			t.Errorf("%s holds 70 GB of weights", n)
		}
	}
	if !slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, "h100-sxm5-80gb") }) {
		t.Errorf("no number of H100 holds it: %v", names)
	}
	one := forModel(t, a, "llama-3.1-8b", nil, func(in *report.RecommendInputs) { in.Goal, in.Scenario.Devices = "fastest", 2 })
	if l := one.Hardware.Lists; len(l) != 1 || l[0].Goal != "fastest" || !strings.HasPrefix(l[0].Rows[0].Name, "2x ") {
		t.Errorf("%d lists, first %s", len(l), l[0].Rows[0].Name)
	}
}

func TestHardwareUnderLoad(t *testing.T) {
	a := advisor(t)
	objective, err := serving.ParseObjective("ttft_p95<=2s")
	if err != nil {
		t.Fatal(err)
	}
	load := &serving.Load{Rate: 2, Input: serving.Fixed(1000), Output: serving.Fixed(300), Seed: 1, Requests: 200}
	traffic := &Traffic{Load: load, Objectives: []serving.Objective{objective}, Amount: 2}
	doc := forModel(t, a, "llama-3.1-70b", traffic, func(in *report.RecommendInputs) {
		in.Formats, in.Among, in.Top = []string{"FP8"}, []string{"h100-sxm5-80gb", "l40s-48gb"}, 2
		in.Scenario.InputTokens, in.Scenario.OutputTokens = 1000, 300
	})
	rows := doc.Hardware.Lists[0].Rows
	if len(rows) == 0 {
		t.Fatalf("nothing carries 2 requests a second: %+v", doc.Hardware.Coverage)
	}
	for i := range rows {
		r := &rows[i]
		if r.Carry == nil || r.Carry.Amount < 2 || !met(r.Requirements) || len(r.Requirements) == 0 {
			t.Errorf("%s carries %+v, %+v", r.Name, r.Carry, r.Requirements)
		}
	}
	traffic.Load, traffic.Amount = &serving.Load{Rate: 1e5, Input: load.Input, Output: load.Output, Seed: 1}, 1e5
	doc = forModel(t, a, "llama-3.1-70b", traffic, func(in *report.RecommendInputs) {
		in.Formats, in.Among = []string{"FP8"}, []string{"h100-sxm5-80gb"}
	})
	if n := doc.Hardware.Nearest; doc.Answered() || n == nil || n.Carry == nil || n.Carry.Amount <= 0 {
		t.Errorf("100,000 requests a second: nearest %+v", n)
	}
}

func TestSensitivity(t *testing.T) {
	a := advisor(t)
	of := func(on, model string) map[string]report.SensitivityRow {
		s := scenario.New()
		s.Model, s.On, s.PromptAssumed = model, on, false
		x, err := a.Sensitivity(context.Background(), "x", s)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]report.SensitivityRow{"base": x.Base}
		for _, r := range x.Rows {
			out[r.Change] = r
		}
		return out
	}
	gpu := of("rtx-3090-24gb", "qwen3-32b")
	if r := gpu["10% more memory bandwidth"].DecodeRatio; r < 1.04 || r > 1.1 {
		t.Errorf("10%% more bandwidth make decode %.3f times as fast", r)
	}
	if r := gpu["10% more compute"].TTFTRatio; r > 0.97 || r < 0.9 {
		t.Errorf("10%% more compute make the first token take %.3f times as long", r)
	}
	if gpu["8 GB more memory"].MaxContext <= gpu["base"].MaxContext || gpu["one more device"].MaxContext <= gpu["base"].MaxContext {
		t.Error("more memory holds no longer context")
	}
	for _, want := range []string{"weights in Q5_K_M", "weights in Q3_K_M", "a context of 2,048", "a context of 8,192"} {
		if _, ok := gpu[want]; !ok {
			t.Errorf("%s was not tried", want)
		}
	}
	for _, on := range []string{"raspberry-pi-5-8gb", "apple-m2-8c-16gb", "rtx-3060-laptop-6gb"} {
		for change := range of(on, "qwen3-4b") {
			if strings.Contains(change, "device") {
				t.Errorf("%s could have %s", on, change)
			}
		}
	}
	if _, ok := of("4x h100-sxm5-80gb", "llama-3.1-70b")["one more device"]; !ok {
		t.Error("llama.cpp takes one more device")
	}
}
