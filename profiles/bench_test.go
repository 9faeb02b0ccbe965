package profiles_test

import (
	"testing"

	"github.com/plimsoll/plimsoll/estimator"
)

// BenchmarkEstimate is the hot path of a sweep: one estimate of a prepared
// model on a prepared machine, per kind of placement.
func BenchmarkEstimate(b *testing.B) {
	for _, c := range []struct{ name, model, format, on, engine string }{
		{"dense-gpu", "llama-3.1-8b", "Q4_K_M", "rtx-4090-24gb", "llama.cpp"},
		{"moe-gpu", "qwen3-30b-a3b", "Q4_K_M", "rtx-4090-24gb", "llama.cpp"},
		{"window-unified", "gemma-3-27b", "Q4_K_M", "apple-m4-max-40c", "llama.cpp"},
		{"board", "llama-3.2-3b", "Q4_K_M", "rpi-5-8gb", "llama.cpp"},
		{"layers-offloaded", "llama-3.1-70b", "Q4_K_M", "rtx-4090-24gb", "llama.cpp"},
		{"experts-offloaded", "gpt-oss-120b", "native", "rtx-4090-24gb", "llama.cpp"},
		{"tensor-parallel", "deepseek-v3", "native", "8x h200-sxm-141gb", "vllm"},
	} {
		b.Run(c.name, func(b *testing.B) {
			req := ask(b, c.model, c.format, c.on, c.engine)
			req.Cache = new(estimator.Cache)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := estimator.Estimate(req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
