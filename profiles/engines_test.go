package profiles

import (
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/engine"
)

// TestEngineNames resolves the names that measured tables and people use.
func TestEngineNames(t *testing.T) {
	for query, want := range map[string]string{
		"llama.cpp": "llama.cpp", "llamacpp": "llama.cpp", "LLama.cpp": "llama.cpp", "llama-server": "llama.cpp",
		"ik_llama.cpp": "ik_llama.cpp", "ollama": "ollama", "Ollama": "ollama", "llama.cpp / ollama": "ollama", "llamafile": "llamafile",
		"vllm": "vllm", "vLLM": "vllm", "vllm-ascend": "vllm", "sglang": "sglang", "sglang + kvcached": "sglang",
		"tensorrt-llm": "tensorrt-llm", "TRT-LLM": "tensorrt-llm", "trtllm": "tensorrt-llm", "mlx": "mlx", "mlx-lm": "mlx",
		"exllama": "exllama", "exllamav2": "exllamav2", "exllamav3": "exllamav3", "mlc": "mlc", "mlc-llm": "mlc", "rkllm": "rkllm",
		"ktransformers": "ktransformers", "transformers": "transformers", "AutoAWQ": "transformers", "hipfire": "llama.cpp", "ds4": "llama.cpp",
		"distributed-llama": "distributed-llama", "lucebox": "llama.cpp", "colibri": "colibri", "neuron": "neuron", "megatron": "megatron",
		"fastertransformer": "tensorrt-llm", "habana": "habana", "deepspeed-inference": "deepspeed-inference", "pytorch": "transformers",
		"jetstream": "jetstream", "qserve": "qserve", "lmdeploy": "lmdeploy", "mango-llmboost": "vllm", "google-internal": "google-internal",
	} {
		e, err := Engine(query)
		if err != nil {
			t.Errorf("%q: %v", query, err)
		} else if e.ID != want {
			t.Errorf("%q resolves to %s, want %s", query, e.ID, want)
		}
	}
	for _, miss := range []string{"lama.cp", "nosuchengine", "", "../hosts", "hosts"} {
		if e, err := Engine(miss); err == nil {
			t.Errorf("%q resolves to %s, want an error", miss, e.ID)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: the error has more than one line: %q", miss, err)
		}
	}
}

// TestEngineData checks every engine's data for what an estimate needs.
func TestEngineData(t *testing.T) {
	all, err := Engines()
	if err != nil {
		t.Fatal(err)
	}
	table, err := Formats()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		r := e.RulesAt("")
		if e.Name == "" || e.Family == "" || len(e.Backends) == 0 || len(e.Source) == 0 {
			t.Errorf("%s: name, family, backends or source is missing", e.ID)
		}
		if _, ok := table.BytesPerElement(r.KVType); !ok {
			t.Errorf("%s: kv type %q is not known", e.ID, r.KVType)
		}
		for _, f := range append([]string{e.DefaultFormat}, e.FormatLadder...) {
			if _, err := table.Canonical(f); err != nil && f != "native" {
				t.Errorf("%s: %v", e.ID, err)
			}
		}
		for _, b := range e.Backends {
			if c := b.ContextMiB; c.Low > c.Value || c.Value > c.High {
				t.Errorf("%s/%s: the interval of context_mib is out of order", e.ID, b.ID)
			} else if c.High > 0 && b.Source == "" && b.Assumed == "" && e.Family == engine.LlamaCpp {
				t.Errorf("%s/%s: context_mib has neither source nor assumption", e.ID, b.ID)
			}
		}
		if r.Context.Kind == "" || e.Host == nil {
			t.Errorf("%s: context rule or host rules missing", e.ID)
		}
		if (e.Family == engine.VLLM || e.Family == engine.SGLang || e.Family == engine.TensorRT) && len(r.Serve.Steps) == 0 {
			t.Errorf("%s: no server defaults", e.ID)
		}
	}
}

// TestEngineVersions follows rules that changed through time.
func TestEngineVersions(t *testing.T) {
	e, err := Engine("llama.cpp")
	if err != nil {
		t.Fatal(err)
	}
	if e.RulesAt("2024-10").WindowCache || !e.RulesAt("2025-08").WindowCache {
		t.Error("windowed caches came with May 2025 builds")
	}
	if e.RulesAt("2024").PadPlain != 32 || e.RulesAt("").PadPlain != 256 {
		t.Error("cells were padded to 32 without flash attention until mid 2025")
	}
	if e.RulesAt("2025-05").MLA != "latent+v" || e.RulesAt("2026-01").MLA != "latent" {
		t.Error("mainline stored V of latent attention until autumn 2025")
	}
	o, err := Engine("ollama")
	if err != nil {
		t.Fatal(err)
	}
	if r := o.RulesAt(""); r.Context.Kind != "by_memory" || r.FitMarginMiB != 0 || !r.WindowCache {
		t.Errorf("ollama keeps its own context rule over later changes of llama.cpp: %+v", r.Context)
	}
}
