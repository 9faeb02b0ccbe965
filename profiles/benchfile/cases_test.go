package benchfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

func TestErrors(t *testing.T) {
	data := fixtures(t)
	for _, test := range []struct{ name, data, want string }{
		{"", "", "stdin:1: empty; give the output of llama-bench"},
		{"a.txt", " \n\n", "a.txt:1: empty; "},
		{"a.txt", "\n\nhello\n", "a.txt:3: no benchmark result found; give the output of llama-bench"},
		{"a.json", `{"hello": 1}`, "a.json:1: no benchmark result found; "},
		{"a.json", "[\n{\"n_prompt\": 512,", "a.json:1: the JSON that begins here breaks off; "},
		{"a.sql", string(data["bench.sql"]), "a.sql:1: llama-bench -o sql is not read; run it with -o json"},
		{"a.json", `{"benchmarks": [{"name": "x"}]}`, "a.json:1: a list of benchmarks without GuideLLM's strategies"},
		{"a\nb", "x", "a b:1: no benchmark result found; "},
		{"a.txt", "\xff\xfea", "a.txt:1: not whole as UTF-16 text; save it as UTF-8"},
		{"big", strings.Repeat("x", MaxBytes+1), "big:1: larger than 64 MiB; "},
	} {
		_, err := Read(test.name, []byte(test.data))
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("%.40q: got %v, want %s", test.data, err, test.want)
		}
	}
	if _, err := ReadFrom("x", iotest.ErrReader(iotest.ErrTimeout)); err == nil || !strings.HasPrefix(err.Error(), "x: timeout; ") {
		t.Errorf("reader: %v", err)
	}
	if res, err := ReadFrom("-", bytes.NewReader(data["bench.csv"])); err != nil || res.Rows[0].ID != "stdin#llama-bench:1" {
		t.Errorf("stdin: %v, %v", res, err)
	}
}

func TestTooManyRows(t *testing.T) {
	one := `{"n_gen":9,"avg_ts":5,"n_prompt":0}` + "\n"
	if _, err := Read("x", []byte(strings.Repeat(one, maxRows+1))); err == nil || !strings.Contains(err.Error(), "more than 100000 measurements") {
		t.Errorf("got %v", err)
	}
	bad := `{"n_gen":9,"avg_ts":0}` + "\n"
	if res := mustRead(t, "x", strings.Repeat(bad, 1500)); len(res.Skipped) != maxSkipped || res.SkippedMore != 500 {
		t.Errorf("%d skipped, %d more", len(res.Skipped), res.SkippedMore)
	}
}

// TestEncodings reads the same table as PowerShell and old editors save it.
func TestEncodings(t *testing.T) {
	text := strings.ReplaceAll(string(fixtures(t)["bench.md"]), "\n", "\r\n")
	want := mustRead(t, "x", text)
	var little, big []byte
	for _, c := range utf16.Encode([]rune("\ufeff" + text + "😀")) {
		little, big = binary.LittleEndian.AppendUint16(little, c), binary.BigEndian.AppendUint16(big, c)
	}
	garbled := strings.ReplaceAll(text, "±", "\xc3\x82\xc2\xb1")
	for i, s := range []string{"\xef\xbb\xbf" + text, string(little), string(big), garbled, "\x1b[2K\x1b[1G" + text} {
		got := mustRead(t, "x", s)
		if fmt.Sprint(got.Rows, got.Details) != fmt.Sprint(want.Rows, want.Details) {
			t.Errorf("%d: got %v", i, got.Rows)
		}
	}
}

// bench is a test of llama-bench with some fields set otherwise.
func bench(fields string) string {
	return `{"n_prompt":0,"n_gen":128,"avg_ts":50.5,"backends":"CUDA","gpu_info":"NVIDIA L4","cpu_info":"AMD EPYC",` +
		`"model_filename":"m-Q8_0.gguf","model_type":"llama 8B Q8_0","n_gpu_layers":99` + fields + "}"
}

func TestLlamaBenchSettings(t *testing.T) {
	const two = `,"gpu_info":"NVIDIA L4, NVIDIA L4"`
	for _, test := range []struct{ fields, want string }{
		{`,"n_gpu_layers":-1`, "gpu -1 -1 cuda NVIDIA L4 x1"},
		{`,"n_gpu_layers":-2`, "gpu -1 -1 cuda NVIDIA L4 x1"},
		{`,"n_gpu_layers":200`, "gpu -1 -1 cuda NVIDIA L4 x1"},
		{`,"n_gpu_layers":12`, "partial 12 -1 cuda NVIDIA L4 x1"},
		{`,"n_gpu_layers":0`, "cpu -1 -1 cpu AMD EPYC x1"},
		{`,"devices":"none"`, "cpu -1 -1 cpu AMD EPYC x1"},
		{`,"backends":"CPU"`, "cpu -1 -1 cpu AMD EPYC x1"},
		{`,"backends":"BLAS"`, "cpu -1 -1 cpu AMD EPYC x1"},
		{`,"n_gpu_layers":0,"n_gen":0,"n_prompt":512,"no_op_offload":1`, "cpu -1 -1 cpu AMD EPYC x1"},
		{`,"n_gpu_layers":0,"n_gen":0,"n_prompt":512`, "skip: with -ngl 0 a GPU build"},
		{`,"n_cpu_moe":20`, "experts-cpu -1 20 cuda NVIDIA L4 x1"},
		{`,"n_cpu_moe":20,"n_gpu_layers":20`, "skip: layers (-ngl 20) and experts"},
		{`,"tensor_buft_overrides":"exps=CPU"`, "experts-cpu -1 -1 cuda NVIDIA L4 x1"},
		{`,"tensor_buft_overrides":"\\.ffn_.*_exps\\.=CPU"`, "experts-cpu -1 -1 cuda NVIDIA L4 x1"},
		{`,"tensor_buft_overrides":"blk\\.[0-9]\\.ffn.*=CPU"`, "skip: tensors were placed one by one"},
		{`,"no_kv_offload":true`, "skip: the cache was kept off the GPU"},
		{`,"embeddings":1`, "skip: computes embeddings"},
		{`,"backends":"CUDA,RPC"`, "gpu -1 -1 cuda NVIDIA L4 x1"},
		{`,"devices":"RPC0"`, "skip: the work was shared"},
		{`,"backends":"HIP"`, "gpu -1 -1 rocm NVIDIA L4 x1"},
		{`,"backends":"MTL,BLAS"`, "gpu -1 -1 metal NVIDIA L4 x1"},
		{`,"backends":"CUDA,Vulkan"`, "skip: built with several GPU backends (cuda, vulkan)"},
		{`,"backends":"CUDA,Vulkan","devices":"Vulkan0"`, "gpu -1 -1 vulkan NVIDIA L4 x1"},
		{two, "gpu -1 -1 cuda NVIDIA L4 x2 layer"},
		{two + `,"split_mode":"tensor"`, "gpu -1 -1 cuda NVIDIA L4 x2 tp"},
		{two + `,"split_mode":"none","main_gpu":1`, "gpu -1 -1 cuda NVIDIA L4 x1"},
		{two + `,"split_mode":"none","main_gpu":7`, "skip: the main GPU is not among"},
		{two + `,"devices":"CUDA1"`, "gpu -1 -1 cuda NVIDIA L4 x1"},
		{two + `,"devices":"CUDA0/CUDA1"`, "gpu -1 -1 cuda NVIDIA L4 x2 layer"},
		{two + `,"devices":"CUDA0/CUDA9"`, "skip: the devices used"},
		{two + `,"tensor_split":"1.00/0.00"`, "gpu -1 -1 cuda NVIDIA L4 x1"},
		{two + `,"tensor_split":"1.00/1.00"`, "gpu -1 -1 cuda NVIDIA L4 x2 layer"},
		{two + `,"tensor_split":"3.00/1.00"`, "skip: the GPUs had unequal shares"},
		{`,"avg_ts":1e6`, "skip: 1e+06 is beyond any machine"},
		{`,"avg_ts":-3`, "skip: the figure is -3"},
		{`,"avg_ts":null`, "skip: the figure is 0"},
		{`,"avg_ts":"inf"`, "skip: the figure is not a number"},
		{`,"avg_ts":[1]`, "skip: the figure is 0"},
		{`,"n_gen":-1`, "skip: neither prompt nor generated"},
		{`,"n_gen":1e300`, "skip: neither prompt nor generated"},
		{`,"n_gen":1e12`, "skip: a count of 1000000000000 makes no sense"},
		{`,"n_depth":-1`, "skip: a count of -1"},
	} {
		res := mustRead(t, "x", bench(test.fields))
		var got string
		if len(res.Rows) == 1 {
			r := &res.Rows[0]
			got = strings.TrimSpace(fmt.Sprintf("%s %d %d %s %s x%d %s", r.Offload, r.GPULayers, r.CPUMoE, r.Backend, r.Hardware, r.Devices, r.Split))
			if got != test.want {
				t.Errorf("%s: got %q, want %q", test.fields, got, test.want)
			}
			continue
		}
		got = "skip: " + res.Skipped[0].Reason
		if len(res.Skipped) != 1 || !strings.HasPrefix(got, test.want) || !strings.HasPrefix(test.want, "skip") {
			t.Errorf("%s: got %q, want %q", test.fields, got, test.want)
		}
	}
}

func TestWeights(t *testing.T) {
	for _, test := range []struct{ file, kind, want, name string }{
		{"Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", "llama 8B Q4_K - Medium", "Q4_K_M", "Meta-Llama-3.1-8B-Instruct"},
		{"m.gguf", "llama 8B Q4_K - Small", "Q4_K_S", "m"},
		{"m.gguf", "llama 8B all F32", "F32", "m"},
		{"m.gguf", "llama 8B F16", "F16", "m"},
		{"m.gguf", "llama 8B BF16", "BF16", "m"},
		{"m.gguf", "llama 8B Q2_K - Medium", "Q2_K", "m"},
		{"m.gguf", "llama 8B Q3_K - Large", "Q3_K_L", "m"},
		{"m.gguf", "llama 8B IQ4_XS - 4.25 bpw", "IQ4_XS", "m"},
		{"m.gguf", "llama 8B IQ3_S mix - 3.66 bpw", "IQ3_M", "m"},
		{"m.gguf", "llama 8B TQ1_0 - 1.69 bpw ternary", "TQ1_0", "m"},
		{"m.gguf", "llama 8B Q8_0 (guessed)", "Q8_0", "m"},
		{"gpt-oss-20b-mxfp4.gguf", "gpt-oss 20B MXFP4 MoE", "MXFP4_MOE", "gpt-oss-20b"},
		{"gpt-oss-20b-mxfp4.gguf", "", "MXFP4_MOE", "gpt-oss-20b"},
		{"/a/b/Qwen3-8B-UD-Q4_K_XL.gguf", "qwen3 8B Q4_K - Medium", "UD-Q4_K_XL", "Qwen3-8B"},
		{"Qwen3-8B-UD-Q4_K_XL.gguf", "qwen3 8B Q8_0", "Q8_0", "Qwen3-8B"},
		{"llama-2-7b.Q5_K_S.gguf", "", "Q5_K_S", "llama-2-7b"},
		{"x/unsloth_Qwen3-4B-GGUF_Qwen3-4B-q6_k.gguf", "", "Q6_K", "Qwen3-4B"},
		{"DeepSeek-R1-Q2_K_L-00001-of-00005.gguf", "", "Q2_K_L", "DeepSeek-R1"},
		{"model.gguf", "some 7B unknown, may not work", "", "model"},
		{"model.gguf", "", "", "model"},
	} {
		if got := ggufWeights(test.file, test.kind); got != test.want {
			t.Errorf("%s, %s: %q, want %q", test.file, test.kind, got, test.want)
		}
		if got := modelName(baseName(test.file)); got != test.name {
			t.Errorf("%s: name %q, want %q", test.file, got, test.name)
		}
	}
}

func TestOllama(t *testing.T) {
	reply := func(load, prompt, promptNS, gen, genNS int64) string {
		return fmt.Sprintf(`{"model":"m","done":true,"load_duration":%d,"prompt_eval_count":%d,"prompt_eval_duration":%d,"eval_count":%d,"eval_duration":%d}`,
			load, prompt, promptNS, gen, genNS) + "\n"
	}
	for _, test := range []struct {
		what, data    string
		rows, skipped int
		reason        string
	}{
		{"plain", reply(2e9, 100, 5e7, 50, 1e9), 2, 0, ""},
		{"the same prompt again", reply(2e9, 100, 5e7, 50, 1e9) + reply(1e7, 100, 5e6, 50, 1e9), 3, 1, "ollama counts cached prompt tokens"},
		{"again, loaded anew", reply(2e9, 100, 5e7, 50, 1e9) + reply(2e9, 100, 5e7, 50, 1e9), 4, 0, ""},
		{"a shorter prompt", reply(2e9, 100, 5e7, 50, 1e9) + reply(1e7, 60, 3e7, 50, 1e9), 4, 0, ""},
		{"no time", reply(2e9, 100, 5e7, 50, 0), 1, 1, "no duration is stated"},
		{"a stopped clock", reply(2e9, 100, 5e7, 50, 100), 1, 1, "timed over 0.0001 ms"},
		{"negative", reply(2e9, 100, 5e7, 50, -5), 1, 1, "no duration is stated"},
		{"one token", reply(2e9, 100, 5e7, 1, 1e8), 1, 1, "fewer than 8 tokens"},
		{"cut off", `{"model":"m","created_at":"2025-01-01T00:00:00Z","response":"a","done":false}`, 0, 1, "the streamed reply has no last part"},
		{"rates alone", "prompt eval count: 100 token(s)\nprompt eval rate: 200 tokens/s\neval count: 50 token(s)\neval rate: 25.5 tokens/s\n", 2, 0, ""},
		{"a rate that fits not", "eval count: 50 token(s)\neval duration: 1s\neval rate: 999.5 tokens/s\n", 0, 1, "the rate does not fit"},
	} {
		res := mustRead(t, "x", test.data)
		if len(res.Rows) != test.rows || len(res.Skipped) != test.skipped ||
			test.skipped > 0 && !strings.HasPrefix(res.Skipped[0].Reason, test.reason) {
			t.Errorf("%s: %d rows, skipped %q", test.what, len(res.Rows), res.Skipped)
		}
	}
	for processor, want := range map[string]string{"100% GPU": "gpu", "100% CPU": "cpu", "48%/52% CPU/GPU": "partial"} {
		res := mustRead(t, "x", "eval count: 50 token(s)\neval duration: 1s\nm:8b  46e0  6.2 GB  "+processor+"  4096  4 minutes from now\n")
		if got := res.Rows[0].Offload; got != want {
			t.Errorf("%s: %q", processor, got)
		}
	}
}

func TestVLLMLoads(t *testing.T) {
	for _, test := range []struct {
		fields, rows string
		reason       string
	}{
		{`"max_concurrency":1,"request_rate":"inf"`, "output_tok_s@1 tpot_ms@1 ttft_ms@1", ""},
		{`"max_concurrency":1,"request_rate":2.0`, "tpot_ms@1 ttft_ms@1", "requests came at a set rate, which"},
		{`"max_concurrency":8,"request_rate":"inf"`, "output_tok_s@8 tpot_ms@8", "waiting for other requests"},
		{`"max_concurrency":8,"request_rate":2`, "", "requests came at a set rate, so"},
		{`"max_concurrency":500`, "output_tok_s@100", "all requests came at once and ran out"},
		{`"max_concurrency":null`, "output_tok_s@100", "all requests came at once and ran out"},
		{`"max_concurrency":4,"completed":0`, "", "no request completed"},
		{`"max_concurrency":4,"failed":2`, "", "2 of 102 requests failed"},
		{`"max_concurrency":4,"total_output_tokens":0`, "", "the lengths of prompts"},
		{`"max_concurrency":4,"backend":"openai-embeddings"`, "", "the client openai-embeddings is not"},
		{`"max_concurrency":4,"output_throughput":1e9`, "tpot_ms@4", "1e+09 is beyond any machine"},
		{`"max_concurrency":1,"median_ttft_ms":NaN,"mean_ttft_ms":NaN`, "output_tok_s@1 tpot_ms@1", ""},
	} {
		res := mustRead(t, "x", `{"model_id":"m","num_prompts":100,"completed":100,"total_input_tokens":51200,"total_output_tokens":12800,`+
			`"output_throughput":300,"median_ttft_ms":50,"median_tpot_ms":12,`+test.fields+"}")
		var rows []string
		for i := range res.Rows {
			rows = append(rows, fmt.Sprintf("%s@%d", res.Rows[i].Metric, res.Rows[i].Batch))
		}
		if got := strings.Join(rows, " "); got != test.rows {
			t.Errorf("%s: got %q, want %q", test.fields, got, test.rows)
		}
		if test.reason == "" != (len(res.Skipped) == 0) || test.reason != "" && !strings.HasPrefix(res.Skipped[0].Reason, test.reason) {
			t.Errorf("%s: skipped %q, want %q", test.fields, res.Skipped, test.reason)
		}
	}
}

// TestLogsAround reads JSON amid lines that only look like it.
func TestLogsAround(t *testing.T) {
	log := "[1/2] building\n{not json}\n[2025-06-01] INFO x\n"
	res := mustRead(t, "x", log+bench("")+"\n"+log+bench("")+bench(",\"n_gen\":64")+"\n]\n}\n")
	if len(res.Rows) != 3 || res.Details[0].Line != 4 || res.Details[1].Line != 8 || res.Details[2].Line != 8 {
		t.Errorf("rows %v", res.Details)
	}
	res = mustRead(t, "x", "["+bench("")+",\n"+bench("")+",\n{\"n_prompt\"")
	if len(res.Rows) != 2 || len(res.Skipped) != 1 || res.Skipped[0].Reason != "the JSON that begins here breaks off" {
		t.Errorf("cut off: %d rows, %v", len(res.Rows), res.Skipped)
	}
	res = mustRead(t, "x", "["+bench("")+",\noops]\n"+bench(""))
	if len(res.Rows) != 2 || len(res.Skipped) != 1 || res.Skipped[0].String() != "line 1: the JSON is damaged here" {
		t.Errorf("damaged: %d rows, %v", len(res.Rows), res.Skipped)
	}
}

func TestMachine(t *testing.T) {
	res := mustRead(t, "x", "ggml_cuda_init: found 2 CUDA devices:\n  Device 0: NVIDIA A, compute capability 8.0, VMM: yes\n"+
		"  Device 1: NVIDIA A, compute capability 8.0, VMM: yes\n| model | backend | ngl | test | t/s |\n| --- | --- | --: | --: | --: |\n"+
		"| llama 8B Q8_0 | CUDA | 99 | tg128 | 40.00 ± 0.10 |\n")
	if len(res.Machine.GPUs) != 2 || res.Machine.Backend != "cuda" || res.Rows[0].Devices != 2 || res.Rows[0].Hardware != "NVIDIA A" || res.Rows[0].Split != "layer" {
		t.Errorf("%+v, %+v", res.Machine, res.Rows)
	}
}
