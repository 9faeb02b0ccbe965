package profiles_test

import (
	"math"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/memory"
	"github.com/plimsoll/plimsoll/profiles"
	"pgregory.net/rapid"
)

// shown is a request whose prompts have images.
func shown(t fatal, modelID, weightFormat, on, engineID string, images, width, height int) *estimator.Request {
	t.Helper()
	req := ask(t, modelID, weightFormat, on, engineID)
	table, err := profiles.Vision()
	if err != nil {
		t.Fatalf("vision: %v", err)
	}
	req.Vision = table
	req.Deployment.Context = 131072
	req.Workload.Images, req.Workload.ImageWidth, req.Workload.ImageHeight = images, width, height
	return req
}

// More images, or larger ones, never make a prompt faster or need less memory.
func TestLawMoreImagesNeverFasterNorLess(t *testing.T) {
	models := []string{"qwen2.5-vl-7b", "qwen3-vl-4b", "gemma-3-4b", "internvl3-8b", "pixtral-12b", "llama-3.2-11b-vision", "llava-1.5-7b", "smolvlm-2.2b", "gemma-3n-e4b"}
	engines := map[string]string{"llama.cpp": "Q4_K_M", "vllm": "BF16", "transformers": "BF16"}
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.SampledFrom(models).Draw(t, "model")
		eng := rapid.SampledFrom([]string{"llama.cpp", "vllm", "transformers"}).Draw(t, "engine")
		n := rapid.IntRange(1, 6).Draw(t, "images")
		more := n + rapid.IntRange(1, 6).Draw(t, "more")
		side := rapid.SampledFrom([]int{224, 336, 448, 512, 672}).Draw(t, "side")
		at := func(images, side int) *estimator.Result {
			return estimate(t, shown(t, id, engines[eng], "h100-sxm-80gb", eng, images, side, side))
		}
		text := estimate(t, ask(t, id, engines[eng], "h100-sxm-80gb", eng))
		few := at(n, side)
		if few.Speed.TTFTMs.Value < text.Speed.TTFTMs.Value || few.Speed.ImageTokens == nil || text.Speed.ImageTokens != nil {
			t.Fatalf("%d images: %+v, without any %+v", n, few.Speed, text.Speed)
		}
		for what, many := range map[string]*estimator.Result{"more images": at(more, side), "twice the sides": at(n, 2*side)} {
			if many.Speed.TTFTMs.Value < few.Speed.TTFTMs.Value*(1-1e-9) {
				t.Fatalf("%s: %g ms instead of %g", what, many.Speed.TTFTMs.Value, few.Speed.TTFTMs.Value)
			}
			if many.Speed.RequestsS.Value > few.Speed.RequestsS.Value*(1+1e-9) {
				t.Fatalf("%s: %g requests/s instead of %g", what, many.Speed.RequestsS.Value, few.Speed.RequestsS.Value)
			}
			if total(many) < total(few) {
				t.Fatalf("%s: %g bytes instead of %g", what, total(many), total(few))
			}
			if a, b := few.Speed.EncodeMs, many.Speed.EncodeMs; a != nil && b.Value < a.Value*(1-1e-9) {
				t.Fatalf("%s: encoding %g ms instead of %g", what, b.Value, a.Value)
			}
		}
	})
}

// The tower's weights are a line of their own where the engine loads them from a
// file of their own, in 16 bit whatever the model's format, and part of the
// model's where it always has them.
func TestTowerInTheLedger(t *testing.T) {
	const params = 676550144 // of qwen2.5-vl's tower, in the catalogue
	lines := func(e *estimator.Result) (weights, compute int64) {
		for _, l := range e.Ledgers {
			for _, line := range l.Lines {
				switch {
				case line.Note != memory.TowerNote:
				case line.Component == memory.Weights:
					weights += line.Bytes
				default:
					compute += line.Bytes
				}
			}
		}
		return weights, compute
	}
	if w, c := lines(estimate(t, shown(t, "qwen2.5-vl-7b", "Q4_K_M", "rtx-4090-24gb", "llama.cpp", 1, 1280, 720))); w != 2*params || c <= 0 {
		t.Errorf("llama.cpp: tower of %d B, want %d, and %d B of activations", w, 2*params, c)
	}
	if w, c := lines(estimate(t, ask(t, "qwen2.5-vl-7b", "Q4_K_M", "rtx-4090-24gb", "llama.cpp"))); w != 0 || c != 0 {
		t.Errorf("llama.cpp without images: tower of %d and %d B", w, c)
	}
	with := estimate(t, shown(t, "qwen2.5-vl-7b", "FP8", "rtx-4090-24gb", "vllm", 1, 1280, 720))
	without := estimate(t, ask(t, "qwen2.5-vl-7b", "FP8", "rtx-4090-24gb", "vllm"))
	if a, b := with.All.WeightsBytes.Value, without.All.WeightsBytes.Value; a != b {
		t.Errorf("vLLM loads the tower with the model: %g B with an image, %g without", a, b)
	}
}

// The time of an encoder is its work over the rate: of Qwen2.5-VL's, 4784 patches
// of 1280x720 are 2·4784·(32·(4·1280²+3·1280·3420)+588·1280) +
// 2·1196·(5120²+5120·3584) ≈ 6.14 TFLOP of weights and, four layers in full and 28
// in windows of 64, 4·1280·(4·4784²+28·4784·64) ≈ 0.51 TFLOP of attention.
func TestEncodeTimeIsWorkOverRate(t *testing.T) {
	const linear, attention = 2*4784.0*(32*(4*1280*1280+3*1280*3420)+588*1280) + 2*1196.0*(5120*5120+5120*3584), 4 * 1280.0 * (4*4784*4784 + 28*4784*64)
	e := estimate(t, shown(t, "qwen2.5-vl-7b", "BF16", "h100-sxm-80gb", "vllm", 1, 1280, 720))
	tokens := e.Speed.ImageTokens.Value
	if tokens != 1196 {
		t.Errorf("%g tokens, want 1196", tokens)
	}
	seconds := e.Speed.EncodeMs.Value / 1e3
	rate := (linear + attention) / seconds / 1e12
	if rate < 100 || rate > 989 { // TFLOPS; the card's dense peak is 989
		t.Errorf("%.3g s for %.3g TFLOP is %.0f TFLOPS", seconds, (linear+attention)/1e12, rate)
	}
	if f := e.Speed.EncodeMs; f.High/f.Value < 1.6 || !strings.Contains(f.Basis, "assumed") {
		t.Errorf("an assumed time must be wide and say so: %+v", f)
	}
	// The time to the first token is that of the longer prompt and of the encoder.
	longer := ask(t, "qwen2.5-vl-7b", "BF16", "h100-sxm-80gb", "vllm")
	longer.Deployment.Context, longer.Workload.InputTokens = 131072, 512+1196
	want := estimate(t, longer).Speed.TTFTMs.Value + e.Speed.EncodeMs.Value
	if got := e.Speed.TTFTMs.Value; math.Abs(got/want-1) > 1e-9 {
		t.Errorf("time to first token %g ms, want %g", got, want)
	}
}

// What is not known is told, with the reason, and tokens are counted all the same.
func TestUnknownEncoders(t *testing.T) {
	for _, id := range []string{"gemma-3n-e4b", "deepseek-ocr", "exaone-4.5-33b", "gemma-4-12b"} {
		e := estimate(t, shown(t, id, "BF16", "h100-sxm-80gb", "vllm", 1, 1024, 1024))
		found := false
		for _, u := range e.Unavailable {
			found = found || u.Figure == "encode_ms" && strings.HasPrefix(u.Reason, "not known, because ")
		}
		if e.Speed.EncodeMs != nil || !found || e.Speed.ImageTokens == nil || e.Speed.ImageTokens.Value < 64 {
			t.Errorf("%s: encode %v, tokens %v, unavailable %v", id, e.Speed.EncodeMs, e.Speed.ImageTokens, e.Unavailable)
		}
	}
}

// A model or an engine that takes text alone says so.
func TestImagesOfTextModels(t *testing.T) {
	req := shown(t, "llama-3.1-8b", "Q4_K_M", "rtx-4090-24gb", "llama.cpp", 1, 640, 480)
	if _, err := estimator.Estimate(req); err == nil || !strings.Contains(err.Error(), "takes only text") {
		t.Errorf("a text model with an image: %v", err)
	}
	req = shown(t, "gemma-3-4b", "MLX-4bit", "m2-ultra-76c-192gb", "mlx", 1, 640, 480)
	if _, err := estimator.Estimate(req); err == nil || !strings.Contains(err.Error(), "MLX takes only text") {
		t.Errorf("MLX with an image: %v", err)
	}
}

// The states of images that cross-attention looks at lie in the cache, not in the
// prompt: 1601 a tile, in 8 of 40 layers, 8 KV heads of 128 of keys and values.
func TestCrossAttentionStates(t *testing.T) {
	e := estimate(t, shown(t, "llama-3.2-11b-vision", "BF16", "h100-sxm-80gb", "vllm", 1, 500, 500))
	var states int64
	for _, l := range e.Ledgers {
		for _, line := range l.Lines {
			if line.Component == memory.KVCache && strings.Contains(line.Note, "states") {
				states += line.Bytes
			}
		}
	}
	if want := int64(1601 * 8 * 2 * 8 * 128 * 2); states != want || e.Speed.ImageTokens.Value != 1 {
		t.Errorf("%d B of states, want %d; %g tokens, want 1", states, want, e.Speed.ImageTokens.Value)
	}
}
