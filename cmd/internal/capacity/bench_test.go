package capacity_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/capacity"
	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/profiles"
)

// menu is a plan of 10 workloads and 30 kinds of hardware.
func menu() string {
	var b strings.Builder
	b.WriteString("months: 12\nspare: 1\nprices: {at: 2026-11, country: germany}\ndefaults: {engine: vllm}\nhardware:\n")
	for _, on := range []string{"h100-sxm5-80gb", "2x h100-sxm5-80gb", "4x h100-sxm5-80gb", "8x h100-sxm5-80gb", "h200-sxm-141gb", "2x h200-sxm-141gb", "4x h200-sxm-141gb", "8x h200-sxm-141gb",
		"b200-sxm-180gb", "8x b200-sxm-180gb", "a100-sxm4-80gb", "2x a100-sxm4-80gb", "4x a100-sxm4-80gb", "8x a100-sxm4-80gb", "l40s-48gb", "2x l40s-48gb", "4x l40s-48gb", "8x l40s-48gb",
		"l4-24gb", "2x l4-24gb", "4x l4-24gb", "8x l4-24gb", "rtx-4090-24gb", "2x rtx-4090-24gb", "4x rtx-4090-24gb", "rtx-5090-32gb", "2x rtx-5090-32gb", "rtx-a6000-48gb", "2x rtx-a6000-48gb", "a10-24gb"} {
		fmt.Fprintf(&b, "  - %s\n", on)
	}
	b.WriteString("workloads:\n")
	for i, w := range []struct{ model, quant, traffic, slo string }{
		{"llama-3.1-70b", "FP8", "rate: 4/s, input: 1000, output: 300, growth: 5%/month", "ttft_p95<=2s, tpot_mean<=60ms"},
		{"llama-3.1-8b", "FP8", "rate: 20/s, input: 600, output: 200, growth: 3%/month", "ttft_p95<=1s"},
		{"qwen3-8b", "FP8", "rate: 30/min, input: 600, output: 100", "tpot_mean<=50ms"},
		{"qwen3-30b-a3b", "FP8", "rate: 6/s, input: \"lognormal(2000,0.8)\", output: 400", "ttft_p95<=3s, tpot_p95<=80ms"},
		{"gpt-oss-20b", "MXFP4", "concurrency: 64, input: 1500, output: 500", "tpot_mean<=40ms"},
		{"gemma-3-27b", "FP8", "rate: 1/s, input: 4000, output: 300", "ttft_p90<=4s"},
		{"mistral-7b-v0.2", "BF16", "rate: 5/s, input: 500, output: 150", ""},
		{"qwen3-32b", "FP8", "rate: 2/s, input: 800, output: 600", "tpot_p95<=100ms"},
		{"phi-4", "FP8", "concurrency: 16, input: 700, output: 300", ""},
		{"llama-3.1-70b", "AWQ-INT4", "rate: 30/min, input: 6000, output: 200", "e2e_p95<=30s"},
	} {
		fmt.Fprintf(&b, "  - {name: w%d, model: %s, quant: %s, traffic: {%s}, slo: [%s], share: %v}\n", i, w.model, w.quant, w.traffic, w.slo, i%3 == 2)
	}
	return b.String()
}

// BenchmarkPlan makes the plan of 10 workloads on 30 kinds of hardware.
func BenchmarkPlan(b *testing.B) {
	for b.Loop() {
		plan, err := profiles.ReadPlan("menu.yaml", []byte(menu()))
		if err != nil {
			b.Fatal(err)
		}
		doc, err := capacity.Make(context.Background(), plan, capacity.Options{File: "menu.yaml", Prices: money.Options{PricesAt: "2026-11", Country: "germany"}, Simulate: true,
			Facts: catalogue{}, Getenv: func(string) string { return "" }, Estimate: estimator.Estimate})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(doc.Result.Coverage.Read), "scenarios")
		b.ReportMetric(float64(len(doc.Result.Changes)), "sensitivities")
		b.ReportMetric(100*doc.Result.Method.Gap, "gap-%")
	}
}
