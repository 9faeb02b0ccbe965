package cmdline_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/cmd/internal/cmdline"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// fields are those that say how a model is run.
var fields = []string{"quant", "kv_type", "kv_type_k", "kv_type_v", "split", "tp", "pp", "ep", "dp", "nodes", "gpu_layers", "cpu_moe", "threads",
	"context", "context_rule", "batch_size", "ubatch", "parallel", "flash_attention", "swa_full", "kv_unified", "no_mmap", "no_kv_offload",
	"gpu_memory_utilization", "max_num_seqs", "max_num_batched_tokens"}

// neutral spells what a field says by itself.
func neutral(s *scenario.Scenario, field string) string {
	v := s.Text(field)
	switch field {
	case "tp", "pp", "ep", "dp", "nodes":
		if v == "" {
			return "1"
		}
	case "kv_type_k", "kv_type_v":
		if v == "" {
			return s.Text("kv_type")
		}
	case "kv_type":
		return ""
	case "gpu_layers":
		if s.GPULayers == 0 {
			return "0"
		}
	case "parallel":
		if v == "" {
			return "1"
		}
	case "cpu_moe":
		if s.CPUMoE <= 0 {
			return "-1"
		}
	}
	return v
}

// deployments draws settings that the engine can be told.
func deployments(engine string) *rapid.Generator[scenario.Scenario] {
	return rapid.Custom(func(t *rapid.T) scenario.Scenario {
		s := scenario.New()
		s.Engine = engine
		count := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
		maybe := func(name string) bool { return rapid.Bool().Draw(t, name) }
		if maybe("context given") {
			s.Context = count("context", 1<<20)
		}
		switch engine {
		case "llama.cpp":
			s.GPULayers = rapid.IntRange(-1, 100).Draw(t, "layers")
			s.Parallel, s.BatchSize, s.UBatch = count("slots", 64), count("batch", 4096), count("ubatch", 4096)
			if maybe("host experts") {
				s.CPUMoE = count("experts", 90)
			}
			if maybe("cache") {
				s.KVTypeK = rapid.SampledFrom([]string{"f16", "q8_0", "q4_0"}).Draw(t, "k")
				s.KVTypeV = rapid.SampledFrom([]string{"f16", "q8_0", "q4_0"}).Draw(t, "v")
			}
			if maybe("flash") {
				on := maybe("on")
				s.FlashAttention = &on
			}
			s.SWAFull, s.KVUnified, s.NoMmap, s.NoKVOffload = maybe("swa"), maybe("unified"), maybe("mmap"), maybe("kvo")
			s.Split = rapid.SampledFrom([]string{"", "none", "layer", "row", "tensor"}).Draw(t, "split")
			if maybe("threads") {
				s.Threads = count("threads n", 128)
			}
		case "ollama":
			if s.Context > 0 {
				s.Parallel = count("slots", 16)
				s.Context *= s.Parallel
			}
			s.GPULayers = rapid.IntRange(-1, 100).Draw(t, "layers")
			if maybe("batch given") {
				s.BatchSize = count("batch", 4096)
				s.UBatch = s.BatchSize
			}
			on := maybe("flash")
			s.FlashAttention = &on
			if on && maybe("cache") {
				s.KVType = rapid.SampledFrom([]string{"f16", "q8_0", "q4_0"}).Draw(t, "kv")
			}
			s.NoMmap = maybe("mmap")
		default:
			s.TP, s.PP = 1<<rapid.IntRange(0, 4).Draw(t, "tp"), count("pp", 4)
			s.MaxNumSeqs, s.MaxNumBatchedTokens = count("seqs", 2048), count("tokens", 1<<16)
			s.GPUMemoryUtilization = float64(rapid.IntRange(1, 100).Draw(t, "share")) / 100
			s.KVType = rapid.SampledFrom([]string{"", "fp8"}).Draw(t, "kv")
			switch rapid.SampledFrom([]string{"", "groups", "experts"}).Draw(t, "kind") {
			case "groups":
				if engine != "tensorrt-llm" { // has groups for attention only
					s.DP = 1 << rapid.IntRange(0, 3).Draw(t, "dp")
				}
			case "experts":
				s.DP = 1 << rapid.IntRange(0, 3).Draw(t, "dp")
				if engine == "tensorrt-llm" && s.DP > 1 {
					s.TP = 1
				}
				s.EP = s.TP * s.DP
			}
			if engine != "tensorrt-llm" {
				s.Nodes = count("nodes", 4)
				s.Quant = rapid.SampledFrom([]string{"", "FP8", "NF4"}).Draw(t, "quant")
			}
		}
		return s
	})
}

// TestRoundTrip: a scenario written as a command is read back the same.
func TestRoundTrip(t *testing.T) {
	for engine, model := range map[string]string{"llama.cpp": "folder with blanks/it's-Q4_K_M.gguf", "ollama": "llama3.1:8b", "vllm": "Qwen/Qwen3-8B", "sglang": "Qwen/Qwen3-8B", "tensorrt-llm": "Qwen/Qwen3-8B"} {
		t.Run(engine, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := deployments(engine).Draw(t, "scenario")
				l, err := cmdline.Emit(&s, model)
				if err != nil {
					t.Fatal(err)
				}
				if len(l.Left) > 0 {
					t.Fatalf("no flag for %v", l.Left)
				}
				text, err := l.Shell()
				if err != nil {
					t.Fatal(err)
				}
				o := catalogue
				o.Exists = func(path string) bool { return path == model && engine == "llama.cpp" }
				c, err := cmdline.Parse(text, o)
				if err != nil {
					t.Fatalf("%s\n%v", text, err)
				}
				if len(c.NotModelled) > 0 {
					t.Fatalf("%s\nnot modelled: %v", text, c.NotModelled)
				}
				back := scenario.New()
				if err := c.Apply(&back); err != nil {
					t.Fatal(err)
				}
				if s.Context == 0 {
					back.ContextRule = "" // the engine's default is none of the scenario's
				}
				for _, f := range fields {
					if want, got := neutral(&s, f), neutral(&back, f); want != got {
						t.Fatalf("%s\n%s is %q, was %q", text, f, got, want)
					}
				}
			})
		})
	}
}

// TestLeftIsSaid: settings that an engine has no flag for are comments.
func TestLeftIsSaid(t *testing.T) {
	s := scenario.New()
	s.Engine, s.TP, s.DP, s.Quant, s.KVTypeK, s.KVTypeV = "tensorrt-llm", 2, 2, "NVFP4", "fp8", "bf16"
	l, err := cmdline.Emit(&s, "m")
	if err != nil {
		t.Fatal(err)
	}
	text, err := l.Shell()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# no flag for dp 2", "# no flag for quant NVFP4", "# no flag for kv_type_k fp8"} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	s.Engine = "mlx"
	if _, err := cmdline.Emit(&s, "m"); err == nil || !strings.Contains(err.Error(), "use one of llama.cpp, ollama, sglang, tensorrt-llm, vllm") {
		t.Errorf("an engine without a table: %v", err)
	}
}

// TestQuoting: hostile names stay one word.
func TestQuoting(t *testing.T) {
	for _, name := range []string{"a b", "$(reboot)", "`reboot`", "a;b", "x'y\"z", "--flag", "é"} {
		s := scenario.New()
		s.Engine = "llama.cpp"
		l, err := cmdline.Emit(&s, "/"+name+".gguf")
		if err != nil {
			t.Fatal(err)
		}
		text, err := l.Shell()
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		o := catalogue
		o.Exists = func(path string) bool { return path == "/"+name+".gguf" }
		c, err := cmdline.Parse(text, o)
		if err != nil || valueOf(c, "model") != "/"+name+".gguf" {
			t.Errorf("%q came back as %q of\n%s%v", name, valueOf(c, "model"), text, err)
		}
	}
}

// TestUnquotable: what no shell word can hold is refused.
func TestUnquotable(t *testing.T) {
	s := scenario.New()
	s.Engine = "vllm"
	l, err := cmdline.Emit(&s, "a\nb")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := l.Shell(); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("%q, %v", text, err)
	}
}

func ExampleEmit() {
	s := scenario.New()
	s.Engine, s.Context, s.TP, s.KVType = "vllm", 32768, 2, "fp8"
	l, _ := cmdline.Emit(&s, "Qwen/Qwen3-32B")
	text, _ := l.Shell()
	fmt.Print(text)
	// Output:
	// vllm serve Qwen/Qwen3-32B \
	//   --max-model-len 32768 \
	//   --tensor-parallel-size 2 \
	//   --kv-cache-dtype fp8
}
