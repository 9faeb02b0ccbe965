package corpus

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/benchfile"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// here are the embedded facts with a machine of the catalogue as this one.
type here struct {
	*facts.Embedded
	machine string
}

func (h here) Machine(ctx context.Context, query string, o scenario.MachineOptions) (*hardware.Machine, error) {
	if query == local {
		query = h.machine
	}
	return h.Embedded.Machine(ctx, query, o)
}

// read reads one of benchfile's own samples.
func read(t *testing.T, name string) *benchfile.Result {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../profiles/benchfile/testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	r, err := benchfile.Read(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func settle(t *testing.T, machine string, r *benchfile.Result, o Overrides) *Own {
	t.Helper()
	own, err := User(t.Context(), scenario.NewStore(here{new(facts.Embedded), machine}), File{Name: "file", Result: r}, o)
	if err != nil {
		t.Fatal(err)
	}
	return own
}

func TestUserNames(t *testing.T) {
	for _, c := range []struct {
		file, machine                               string
		o                                           Overrides
		row                                         int
		model, weights, engine, hardware, host, off string
		devices                                     int
	}{
		{"bench.json", "rpi-5", Overrides{}, 0, "llama-3.1-8b", "Q4_K_M", "llama.cpp", "rtx-4090-24gb", "ryzen-9-7950x", "gpu", 1},
		{"bench.json", "rpi-5", Overrides{On: "2x rtx-3090", Host: "core-i9-13900k"}, 0, "llama-3.1-8b", "Q4_K_M", "llama.cpp", "2x rtx-3090", "core-i9-13900k", "gpu", 0},
		{"bench.json", "rpi-5", Overrides{Model: "Meta-Llama-3-8B", Engine: "ik_llama.cpp"}, 0, "llama-3-8b", "Q4_K_M", "ik_llama.cpp", "rtx-4090-24gb", "ryzen-9-7950x", "gpu", 1},
		{"bench.csv", "rpi-5", Overrides{}, 0, "gemma-2-9b", "Q5_K_M", "llama.cpp", "apple-m2-max-38c", "", "gpu", 1},
		{"bench_cpu.csv", "rpi-5", Overrides{}, 1, "mistral-7b-v0.3", "Q8_0", "llama.cpp", "epyc-7543", "", "cpu", 1},
		{"bench.jsonl", "rpi-5", Overrides{}, 0, "gpt-oss-120b", "MXFP4_MOE", "llama.cpp", "rx-7900-xtx-24gb", "intel-core-i7-13700k", "experts-cpu", 1},
		{"bench.jsonl", "rpi-5", Overrides{}, 3, "llama-3.3-70b", "Q4_K_S", "llama.cpp", "rtx-a6000-48gb", "", "gpu", 2},
		{"bench.md", "rpi-5", Overrides{}, 1, "qwen2-7b", "Q4_K_M", "llama.cpp", "arc-a770-16gb", "", "gpu", 1},
		{"ollama.txt", "rtx-3060-12gb", Overrides{}, 0, "llama-3.1-8b", "Q4_K_M", "ollama", "local", "", "gpu", 0},
		{"ollama_reply.json", "rtx-3060-12gb", Overrides{Quant: "Q8_0"}, 0, "qwen3-14b", "Q8_0", "ollama", "local", "", "gpu", 0},
		{"ollama_reply.json", "rpi-5", Overrides{Quant: "Q4_K_M"}, 0, "qwen3-14b", "Q4_K_M", "ollama", "local", "", "cpu", 0},
		{"ollama_reply.json", "rtx-3060-12gb", Overrides{Backend: "cpu"}, 0, "qwen3-14b", "Q4_K_M", "ollama", "local", "", "cpu", 0},
		{"llama_server.json", "rtx-3060-12gb", Overrides{On: "apple-m4-max"}, 1, "phi-4", "Q4_K_S", "llama.cpp", "apple-m4-max", "", "gpu", 0},
		{"vllm_serve.json", "2x rtx-3090-24gb", Overrides{}, 0, "llama-3.1-8b", "BF16", "vllm", "local", "", "gpu", 2},
		{"guidellm_old.json", "rtx-3090-24gb", Overrides{Engine: "vLLM"}, 1, "granite-3.3-8b", "BF16", "vllm", "local", "", "gpu", 0},
	} {
		own := settle(t, c.machine, read(t, c.file), c.o)
		if len(own.Rows) <= c.row {
			t.Errorf("%s %+v: %d rows, skipped %+v", c.file, c.o, len(own.Rows), own.Skipped)
			continue
		}
		r := &own.Rows[c.row]
		got := []string{r.Model, r.Weights, r.Engine, r.Hardware, r.Host, r.Offload}
		if want := []string{c.model, c.weights, c.engine, c.hardware, c.host, c.off}; !slices.Equal(got, want) || r.Devices != c.devices {
			t.Errorf("%s %+v: %q × %d, want %q × %d", c.file, c.o, got, r.Devices, want, c.devices)
		}
		if r.Offload == "cpu" && r.Backend != "cpu" {
			t.Errorf("%s %+v: backend %q on the processor", c.file, c.o, r.Backend)
		}
	}
}

func TestUserAssumes(t *testing.T) {
	for _, c := range []struct {
		file, machine string
		o             Overrides
		want          string
		quality       byte
	}{
		{"bench.json", "rpi-5", Overrides{}, "", measured.QualityA},
		{"ollama_reply.json", "rtx-4090-24gb", Overrides{}, "weight format of qwen3-14b is not stated: Q4_K_M taken", measured.QualityB},
		{"vllm_modes.jsonl", "2x rtx-4090-24gb", Overrides{Quant: "BF16"}, "how vLLM divided the model over 2 devices is not stated", measured.QualityB},
	} {
		own := settle(t, c.machine, read(t, c.file), c.o)
		if got := strings.Join(own.Assumed, "; "); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: assumed %q, want %q", c.file, got, c.want)
		}
		if len(own.Rows) == 0 || own.Rows[0].Quality != c.quality {
			t.Errorf("%s: %+v", c.file, own.Rows)
		}
	}
}

func TestUserSkips(t *testing.T) {
	row := measured.Row{Model: "Qwen3-8B", Weights: "Q4_K_M", Engine: "llama.cpp", Backend: "cuda", Devices: 1, Offload: "gpu", GPULayers: -1, CPUMoE: -1, Batch: 1,
		Output: 64, Metric: measured.Decode, Value: 50, Quality: 'A', Hardware: "NVIDIA GeForce RTX 3090"}
	for want, change := range map[string]func(*measured.Row, *benchfile.Detail, *Overrides){
		"a draft model was used":             func(r *measured.Row, _ *benchfile.Detail, _ *Overrides) { r.Speculative = true },
		"prompts of other requests":          func(r *measured.Row, _ *benchfile.Detail, _ *Overrides) { r.Metric, r.WallClock = measured.TPOT, true },
		"give --engine":                      func(r *measured.Row, _ *benchfile.Detail, _ *Overrides) { r.Engine = "" },
		"which model ran; give --model":      func(r *measured.Row, _ *benchfile.Detail, _ *Overrides) { r.Model = "" },
		`model "my-own-finetune" is not in`:  func(r *measured.Row, _ *benchfile.Detail, _ *Overrides) { r.Model = "my-own-finetune" },
		`model "/etc/passwd" is not in`:      func(r *measured.Row, _ *benchfile.Detail, _ *Overrides) { r.Model = "/etc/passwd" },
		`unknown engine "steam"`:             func(_ *measured.Row, _ *benchfile.Detail, o *Overrides) { o.Engine = "steam" },
		`unknown machine "abacus"`:           func(_ *measured.Row, _ *benchfile.Detail, o *Overrides) { o.On = "abacus" },
		"has none that llama.cpp uses":       func(r *measured.Row, _ *benchfile.Detail, _ *Overrides) { r.Hardware = "" },
		"the tool counted 7.25B weights, ":   func(_ *measured.Row, d *benchfile.Detail, _ *Overrides) { d.Params = 7_248_000_000 },
		"GiB of weights, qwen3-8b in Q4_K_M": func(_ *measured.Row, d *benchfile.Detail, _ *Overrides) { d.WeightBytes = 8 << 30 },
		"did you mean":                       func(_ *measured.Row, _ *benchfile.Detail, o *Overrides) { o.Quant = "Q4_K_Z" },
		"no such model file":                 func(_ *measured.Row, _ *benchfile.Detail, o *Overrides) { o.Model = "./nothing.gguf" },
		`engine_date "yesterday" is no`:      func(_ *measured.Row, _ *benchfile.Detail, o *Overrides) { o.EngineDate = "yesterday" },
	} {
		r, d, o := row, benchfile.Detail{ModelName: row.Model, Line: 7}, Overrides{}
		change(&r, &d, &o)
		if r.Model != row.Model {
			d.ModelName = r.Model
		}
		own := settle(t, "rpi-5", &benchfile.Result{Rows: []measured.Row{r}, Details: []benchfile.Detail{d}}, o)
		if len(own.Rows) != 0 || len(own.Skipped) != 1 || !strings.Contains(own.Skipped[0].Reason, want) {
			t.Errorf("%q: rows %d, skipped %+v", want, len(own.Rows), own.Skipped)
			continue
		}
		if s := own.Skipped[0]; s.Line != 7 || s.Source != "file" || s.What == "" {
			t.Errorf("%q: %+v", want, s)
		}
	}
	own := settle(t, "rpi-5", &benchfile.Result{Skipped: []benchfile.Skip{{Line: 3, What: "x", Reason: "y"}}, SkippedMore: 4}, Overrides{})
	if len(own.Skipped) != 2 || own.Skipped[0] != (Skip{"file", 3, "x", "y"}) || !strings.Contains(own.Skipped[1].Reason, "4 more") {
		t.Errorf("%+v", own.Skipped)
	}
}

// TestLayers: more layers than the model has are all of them; as many leave
// the output on the host.
func TestLayers(t *testing.T) {
	row := measured.Row{Model: "Qwen3-8B", Weights: "Q4_K_M", Engine: "llama.cpp", Backend: "cuda", Devices: 1, Offload: "partial", CPUMoE: -1, Batch: 1,
		Output: 64, Metric: measured.Decode, Value: 50, Quality: 'A', Hardware: "NVIDIA GeForce RTX 3090"}
	for layers, want := range map[int]string{37: "gpu", 36: "partial", 10: "partial"} {
		row.GPULayers = layers
		own := settle(t, "rpi-5", &benchfile.Result{Rows: []measured.Row{row}, Details: make([]benchfile.Detail, 1)}, Overrides{})
		if len(own.Rows) != 1 || own.Rows[0].Offload != want {
			t.Errorf("%d of 36 layers: %+v, skipped %+v", layers, own.Rows, own.Skipped)
		}
	}
}

func TestScenarioOfUserRows(t *testing.T) {
	s := Scenario(&measured.Row{KV: "q8_0/f16", Offload: "experts-cpu", CPUMoE: -1})
	if s.KVTypeK != "q8_0" || s.KVTypeV != "f16" || s.KVType != "" || s.CPUMoE != allLayers || s.GPULayers != allLayers {
		t.Errorf("%+v", s)
	}
	if s = Scenario(&measured.Row{KV: "q8_0", Offload: "experts-cpu", CPUMoE: 3}); s.KVType != "q8_0" || s.KVTypeK != "" || s.CPUMoE != 3 {
		t.Errorf("%+v", s)
	}
}

func TestWhat(t *testing.T) {
	for want, r := range map[string]measured.Row{
		"pp512":                             {Metric: measured.Prefill, Input: 512, Batch: 1},
		"tg128 @ d4096":                     {Metric: measured.Decode, Output: 128, Depth: 4096},
		"tg":                                {Metric: measured.Decode},
		"output_tok_s pp1024 tg256 × 32":    {Metric: measured.Output, Input: 1024, Output: 256, Batch: 32},
		"ttft_ms pp9":                       {Metric: measured.TTFT, Input: 9},
		"output_tok_s tg32 @ d4096 × 8":     {Metric: measured.Output, Output: 32, Depth: 4096, Batch: 8},
		"tpot_ms pp1 tg1":                   {Metric: measured.TPOT, Input: 1, Output: 1},
		"output_tok_s pp16 tg16 @ d1 × 128": {Metric: measured.Output, Input: 16, Output: 16, Depth: 1, Batch: 128},
	} {
		if got := What(&r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFormatIn(t *testing.T) {
	for name, want := range map[string]string{
		"RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic":             "FP8",
		"neuralmagic/Meta-Llama-3.1-70B-Instruct-quantized.w4a16": "INT4-W4A16",
		"TheBloke/Llama-2-7B-Chat-AWQ":                            "AWQ-INT4",
		"Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4":                      "GPTQ-INT4",
		"meta-llama/Llama-3.1-8B-Instruct":                        "",
		"openai/gpt-oss-20b":                                      "",
		"":                                                        "",
	} {
		if got := formatIn(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic":             "llama-3.3-70b",
		"neuralmagic/Meta-Llama-3.1-70B-Instruct-quantized.w4a16": "llama-3.1-70b",
		"Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4":                      "qwen2.5-7b",
	} {
		m, err := catalogueModel(name)
		if err != nil || m.Arch.ID != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
