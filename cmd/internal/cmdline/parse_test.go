package cmdline_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/cmdline"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles"
)

// catalogue finds models by name only.
var catalogue = cmdline.Options{Model: profiles.Model, Exists: func(string) bool { return false }}

func parse(t *testing.T, text string) *cmdline.Command {
	t.Helper()
	c, err := cmdline.Parse(text, catalogue)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func valueOf(c *cmdline.Command, field string) string {
	for _, list := range [2][]cmdline.Setting{c.Read, c.Defaults} {
		for _, s := range list {
			if s.Field == field {
				return s.Value
			}
		}
	}
	return ""
}

// TestShell: what a shell does to words, without running anything.
func TestShell(t *testing.T) {
	for _, c := range []struct{ text, field, want string }{
		{"vllm serve Qwen/Qwen3-8B \\\n  --max-model-len 4096 # the end\n", "context", "4096"},
		{`vllm serve "Qwen/Qwen3-8B" --max-model-len '4096'`, "context", "4096"},
		{`$ vllm serve Qwen/Qwen3-8B --max-model-len=4096`, "context", "4096"},
		{"LEN=4096\nvllm serve Qwen/Qwen3-8B --max-model-len $LEN", "context", "4096"},
		{`LEN=4096; vllm serve Qwen/Qwen3-8B --max-model-len "${LEN}"`, "context", "4096"},
		{`vllm serve Qwen/Qwen3-8B --max-model-len ${LEN:-4096}`, "context", "4096"},
		{"ARGS='--max-model-len 4096 -tp 2'; vllm serve Qwen/Qwen3-8B $ARGS", "tp", "2"},
		{"cd /srv && nohup vllm serve Qwen/Qwen3-8B --max-model-len 4096 > log 2>&1 &", "context", "4096"},
		{"if true; then vllm serve Qwen/Qwen3-8B --max-model-len 4096; fi", "context", "4096"},
		{"sudo -E env CUDA_VISIBLE_DEVICES=2,3 numactl -N 0 vllm serve Qwen/Qwen3-8B -tp 2", "devices", "2"},
		{"export HIP_VISIBLE_DEVICES=0,1,2,3; vllm serve Qwen/Qwen3-8B -tp 4", "devices", "4"},
		{"bash -lc 'vllm serve Qwen/Qwen3-8B --max-model-len 4096'", "context", "4096"},
		{"uv run --with vllm vllm serve Qwen/Qwen3-8B --max-model-len 4096", "context", "4096"},
		{"mpirun -n 2 --allow-run-as-root trtllm-llmapi-launch trtllm-serve Qwen/Qwen3-8B --tp_size 2", "tp", "2"},
		{"/opt/bin/llama-server -hf ggml-org/gemma-3-1b-it-GGUF -c 4096 | tee log", "context", "4096"},
		{"podman run --rm -it --device nvidia.com/gpu=all vllm/vllm-openai:v0.10.1.1 --model Qwen/Qwen3-8B", "engine_date", "2025-08"},
		{"docker run vllm/vllm-openai:nightly --model Qwen/Qwen3-8B", "engine_date", ""},
		{"docker run vllm/vllm-openai:v9.0.0 --model Qwen/Qwen3-8B", "engine_date", ""},
		{`docker run --gpus '"device=0,1"' vllm/vllm-openai --model Qwen/Qwen3-8B -tp 2`, "devices", "2"},
		{"docker run -it -p8000:8000 -eX=y --rm vllm/vllm-openai --model Qwen/Qwen3-8B -tp 2", "tp", "2"},
		{"LLAMA_ARG_CTX_SIZE=4096 docker run -e LLAMA_ARG_CTX_SIZE ghcr.io/ggml-org/llama.cpp:server -hf ggml-org/gemma-3-1b-it-GGUF", "context", "4096"},
		{"docker run --gpus 2 vllm/vllm-openai --model Qwen/Qwen3-8B -tp 2", "devices", "2"},
		{"docker run --entrypoint bash vllm/vllm-openai -c 'vllm serve Qwen/Qwen3-8B --max-model-len 4096'", "context", "4096"},
		{"CUDA_VISIBLE_DEVICES= llama-server -hf ggml-org/gemma-3-1b-it-GGUF", "gpu_layers", "0"},
		{"llama-server -hf ggml-org/gemma-3-1b-it-GGUF --device none", "gpu_layers", "0"},
		{"llama-server -hf ggml-org/gemma-3-1b-it-GGUF -ngl -1 -c 8192", "gpu_layers", "-1"},
		{"llama-server -hf ggml-org/gemma-3-1b-it-GGUF --fit off", "gpu_layers", "999"},
		{"llama-server -hf ggml-org/gemma-3-1b-it-GGUF -c 4096 -c 8192", "context", "8192"}, // the last one stands
		{"LLAMA_ARG_CTX_SIZE=4096 llama-server -hf ggml-org/gemma-3-1b-it-GGUF -c 8192", "context", "8192"},
		{"vllm serve Qwen/Qwen3-8B --max-model-len auto", "context_rule", "engine"},
		{"vllm serve Qwen/Qwen3-8B --max-model-len -1", "context_rule", "engine"},
		{"vllm serve Qwen/Qwen3-8B --max-model-len 32k", "context", "32000"},
		{"vllm serve Qwen/Qwen3-8B --max-model-len 32K", "context", "32768"},
		{"vllm serve Qwen/Qwen3-8B --max-model-len 25.6k", "context", "25600"},
		{"vllm serve Qwen/Qwen3-8B --max_model_len 4096", "context", "4096"},           // underscores
		{"vllm serve Qwen/Qwen3-8B --tensor-parallel 2", "tp", "2"},                    // abbreviated
		{"vllm serve --some-new-switch Qwen/Qwen3-8B", "model", "qwen3-8b"},            // a switch, not a value
		{"vllm serve -tp 2 --model Qwen/Qwen3-8B", "model", "qwen3-8b"},                // as older versions take it
		{"vllm serve Qwen/Qwen3-8B --served-model-name a b c -tp 2", "tp", "2"},        // several values
		{"vllm serve RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic", "quant", "FP8"}, // from the name
		{"vllm serve Qwen/Qwen3-30B-A3B-GPTQ-Int4", "quant", "GPTQ-INT4"},
		{"vllm serve /models/Qwen3-8B", "model", "qwen3-8b"},
		{"ollama run gpt-oss:20b", "model", "gpt-oss-20b"},
		{"llama-server -hf unsloth/Qwen3-30B-A3B-GGUF:UD-Q4_K_XL", "quant", "UD-Q4_K_XL"},
		{"llama-server -hf ggml-org/Qwen2.5-Coder-7B-Q8_0-GGUF", "quant", "Q8_0"},
		{"llama-server -hf x/y-GGUF -hff Qwen3-8B-Q6_K.gguf", "quant", "Q6_K"},
		{"llama-server -mu https://hub/x/resolve/main/Qwen3-8B-Q5_K_M.gguf", "model", "qwen3-8b"},
	} {
		if got := valueOf(parse(t, c.text), c.field); got != c.want {
			t.Errorf("%s\n%s is %q, want %q", c.text, c.field, got, c.want)
		}
	}
}

// TestRefused: what cannot be read ends in exit code 2 and one line.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "no engine's program"},
		{"kubectl get pods", "no engine's program"},
		{"docker run ubuntu sleep 1", "no engine's program"},
		{"docker run lmsysorg/sglang:latest", "runs no engine by itself"},
		{"docker run --gpus", "without an image"},
		{"vllm serve 'Qwen", "not valid shell"},
		{"vllm serve Qwen/Qwen3-8B -tp two", `-tp "two" is not a whole number`},
		{"vllm serve Qwen/Qwen3-8B -tp", "stands without its value"},
		{"vllm serve Qwen/Qwen3-8B --max-model-len 4.5K", "not a whole number"},
		{"vllm serve Qwen/Qwen3-8B --gpu-memory-utilization high", "not a number"},
		{"llama-server -m x.gguf -ngl many", "not a whole number"},
		{"llama-server -m x.gguf --split-mode sideways", "not one of"},
		{"llama-server -m x.gguf -ts a,b", "not a list of numbers"},
		{"OLLAMA_FLASH_ATTENTION=maybe ollama serve", "not on or off"},
		{"vllm serve Qwen/Qwen3-8B; ollama serve", "two engines"},
		{"python -m sglang.launch_server --model-path x --tp 6 --dp 4 --enable-dp-attention", "do not divide"},
		{strings.Repeat("(", 2000), "nested more than 1000 levels"},
		{strings.Repeat("x", 1<<19), "longer than 64 KiB"},
		{strings.Repeat("true;", 2000) + "vllm serve x", "more than 1000 commands"},
	} {
		_, err := cmdline.Parse(c.text, catalogue)
		var p *problem.Error
		if !errors.As(err, &p) || p.Exit != problem.ExitUsage || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.80s: %v, want exit code 2 and %q", c.text, err, c.says)
		}
	}
}

// TestEveryFlagIsAccountedFor: each flag is read, without effect, or not
// modelled with the reason; unknown ones get the nearest name.
func TestEveryFlagIsAccountedFor(t *testing.T) {
	c := parse(t, `HF_TOKEN=hf_secret NCCL_P2P_DISABLE=1 VLLM_FOO=1 vllm serve Qwen/Qwen3-8B --api-key sk-secret --port 8000 --tensor-parallel-sise 2 `+
		`--speculative-config '{"method":"ngram","num_speculative_tokens":3}' --no-enable-prefix-caching --hf-overrides.rope_scaling x -O3 --enable-chunked-prefill --no-enable-chunked-prefill -t $(nproc)`)
	left := map[string]string{}
	for _, l := range c.NotModelled {
		left[l.Flag] = l.Reason
	}
	for flag, says := range map[string]string{
		"NCCL_P2P_DISABLE": "not known", "VLLM_FOO": "not known", "--tensor-parallel-sise": "did you mean --tensor-parallel-size?",
		"--speculative-config": "--speculate", "--no-enable-prefix-caching": "--prefix-hit", "--hf-overrides.rope_scaling": "configuration",
		"-O3": "graphs", "--no-enable-chunked-prefill": "chunks", "-t": "not known",
	} {
		if !strings.Contains(left[flag], says) {
			t.Errorf("%s: %q, want %q", flag, left[flag], says)
		}
	}
	for _, flag := range []string{"HF_TOKEN", "--api-key", "--port", "--enable-chunked-prefill"} {
		if !strings.Contains(" "+strings.Join(c.NoEffect, " ")+" ", " "+flag+" ") {
			t.Errorf("%s is not among %v", flag, c.NoEffect)
		}
	}
	text, err := json.Marshal(c)
	if err != nil || strings.Contains(string(text), "secret") || strings.Contains(string(text), "null") {
		t.Errorf("%s, %v", text, err)
	}
}

// TestFilesOfTheCommand: configuration files and Modelfiles are read where they
// are, through the container's mounts.
func TestFilesOfTheCommand(t *testing.T) {
	o := catalogue
	files := map[string]string{
		"c.yaml":         "model: Qwen/Qwen3-8B\nmax-model-len: 8192\ntensor_parallel_size: 2\nport: 8000\nenforce-eager: true\nnew-thing: [1, 2]\n",
		"/host/serve.ym": "kv_cache_config:\n  free_gpu_memory_fraction: 0.8\n  enable_block_reuse: false\n",
		"Modelfile":      "FROM llama3.2\nPARAMETER num_ctx 8192\n",
	}
	o.ReadFile = func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, errNone
	}
	o.Exists = func(path string) bool { return path == "/host/m.gguf" }
	o.Model = func(q string) (*model.Model, error) {
		if q == "/host/m.gguf" {
			return profiles.Model("qwen3-8b")
		}
		return profiles.Model(q)
	}
	for _, c := range []struct{ text, want, left string }{
		{"vllm serve --config c.yaml", "context=8192 model=qwen3-8b tp=2", "enforce-eager new-thing"},
		{"docker run -v /host:/cfg nvcr.io/nvidia/tensorrt-llm/release:1.0.0 trtllm-serve Qwen/Qwen3-8B --extra_llm_api_options /cfg/serve.ym",
			"engine_date=2025-09 gpu_memory_utilization=0.8 model=qwen3-8b", "kv_cache_config.enable_block_reuse"},
		{"trtllm-serve Qwen/Qwen3-8B --config gone.yml", "model=qwen3-8b", "--config"},
		{"docker run -v /host/:/models/ ghcr.io/ggml-org/llama.cpp:server -m /models/m.gguf", "model=/host/m.gguf", ""},
		{"ollama create mine -f Modelfile", "context=8192 model=llama-3.2-3b", ""},
		{"ollama create mine -f Gone", "", "-f"},
		{"ollama create mine -f - <<EOF\nFROM qwen3:8b\nPARAMETER num_gpu 12\nPARAMETER num_batch 256\nEOF\n", "batch_size=256 gpu_layers=12 model=qwen3-8b ubatch=256", ""},
	} {
		got, err := cmdline.Parse(c.text, o)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		var left []string
		for _, l := range got.NotModelled {
			left = append(left, l.Flag)
		}
		if r := strings.Join(settings(got.Read), " "); r != c.want || strings.Join(left, " ") != c.left {
			t.Errorf("%s\nread %q, not modelled %q\nwant %q, %q", c.text, r, left, c.want, c.left)
		}
	}
}

func TestModelfile(t *testing.T) {
	// ollama docs/modelfile, with parameters that matter here
	const text = `# sets the base
FROM llama3.2
PARAMETER temperature 1
PARAMETER num_ctx 4096
PARAMETER num_thread 8
PARAMETER num_gpu 10
PARAMETER use_mmap false
PARAMETER stop "<|eot_id|>"
PARAMETER brand_new 3
SYSTEM """
You are Mario.
PARAMETER num_ctx 999
"""
TEMPLATE """{{ .System }}"""
ADAPTER ./lora.gguf
`
	c, err := cmdline.Modelfile([]byte(text), "/m", catalogue)
	if err != nil {
		t.Fatal(err)
	}
	want := words("model=llama-3.2-3b context=4096 threads=8 gpu_layers=10 no_mmap=true")
	if got := settings(c.Read); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("read %v, want %v", got, want)
	}
	if len(c.NotModelled) != 2 || c.NotModelled[0].Flag != "brand_new" || c.NotModelled[1].Flag != "adapter" {
		t.Errorf("not modelled %v", c.NotModelled)
	}
	if c.Program != "Modelfile" || c.Engine != "ollama" || valueOf(c, "parallel") != "1" {
		t.Errorf("%+v", c)
	}
	if _, err := cmdline.Modelfile([]byte("FROM x\nPARAMETER num_ctx lots\n"), "", catalogue); err == nil {
		t.Error("a context of lots was taken")
	}
}

// TestDates: defaults of older builds.
func TestDates(t *testing.T) {
	for _, c := range []struct{ date, field, want string }{
		{"2025-06", "gpu_layers", "0"}, {"2025-10", "gpu_layers", "999"}, {"2026-01", "gpu_layers", ""}, {"", "gpu_layers", ""},
		{"2025-10", "parallel", ""}, {"2025-11", "parallel", "4"},
	} {
		o := catalogue
		o.Date = c.date
		got, err := cmdline.Parse("llama-server -hf ggml-org/gemma-3-1b-it-GGUF", o)
		if err != nil || valueOf(got, c.field) != c.want {
			t.Errorf("%s: %s is %q, want %q (%v)", c.date, c.field, valueOf(got, c.field), c.want, err)
		}
	}
}

// TestOverride: what flags beside the command change is marked.
func TestOverride(t *testing.T) {
	c := parse(t, "vllm serve Qwen/Qwen3-8B --max-model-len 4096 -tp 2")
	before := scenario.New()
	if err := c.Apply(&before); err != nil {
		t.Fatal(err)
	}
	after := before
	after.Context = 8192
	c.Override(&before, &after)
	for _, s := range c.Read {
		if s.Overridden != (s.Field == "context") {
			t.Errorf("%s overridden: %v", s.Field, s.Overridden)
		}
	}
}

// TestExpertPatterns: the regular expressions by which people move experts.
func TestExpertPatterns(t *testing.T) {
	for _, c := range []struct{ pattern, want, left string }{
		{".ffn_.*_exps.=CPU", "48", ""},
		{"exps=CPU", "48", ""},
		{`\.ffn_(up|down|gate)_exps\.=CPU`, "48", ""},
		{`blk\.(2[0-9]|3[0-9])\.ffn_.*_exps\.=CPU`, "20", ""},
		{`\.(6|7|8|9|[0-9][0-9]|[0-9][0-9][0-9])\.ffn_(gate|up|down)_exps.=CPU`, "42", ""},
		{`blk\.[0-9]\.ffn_.*_exps=CUDA0,exps=CPU`, "38", ""}, // the first that matches decides
		{".ffn_(up|down)_exps.=CPU", "", "a part of the experts"},
		{"ffn_up=CPU", "", "a part of the experts"},
		{"blk.1..*=CPU", "", "more than experts"},
		{"([)=CPU", "", "not understood"},
		{"exps", "", "no buffer"},
		{`blk\.1\..*=CUDA1`, "", "no experts"},
	} {
		got := parse(t, "llama-server -hf unsloth/Qwen3-30B-A3B-GGUF -ngl 99 -ot '"+c.pattern+"'")
		if v := valueOf(got, "cpu_moe"); v != c.want {
			t.Errorf("%s: cpu_moe %q, want %q", c.pattern, v, c.want)
		}
		if c.left != "" && (len(got.NotModelled) != 1 || !strings.Contains(got.NotModelled[0].Reason, c.left)) {
			t.Errorf("%s: not modelled %v, want %q", c.pattern, got.NotModelled, c.left)
		}
	}
}
