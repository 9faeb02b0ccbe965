package benchfile

import (
	"slices"
	"testing"
)

func TestFixtures(t *testing.T) {
	data := fixtures(t)
	for _, test := range []struct {
		file, format  string
		rows, skipped []string
	}{
		{"bench.csv", "llama-bench", []string{
			"prefill_tok_s 365.688 model=gemma-2-9b-it.Q5_K_M.gguf weights=Q5_K_M kv=f16 engine=llama.cpp backend=metal version=b4480 (7c6b5a49) date=2025-01 hw=Apple M2 Max host=Apple M2 Max threads=8 ubatch=512 flash=off in=512 mean=256 line=2 name=gemma-2-9b-it bytes=6647361536 exact=true params=9241705984 sd=0.574213",
			"decode_tok_s 32.7366 model=gemma-2-9b-it.Q5_K_M.gguf weights=Q5_K_M kv=f16 engine=llama.cpp backend=metal version=b4480 (7c6b5a49) date=2025-01 hw=Apple M2 Max host=Apple M2 Max threads=8 ubatch=512 flash=off out=128 mean=64 line=3 name=gemma-2-9b-it bytes=6647361536 exact=true params=9241705984 sd=0.034311",
		}, []string{}},
		{"bench.json", "llama-bench", []string{
			"prefill_tok_s 12391.1 model=Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf weights=Q4_K_M kv=f16 engine=llama.cpp backend=cuda version=b6210 (1a2b3c4d) date=2025-08 hw=NVIDIA GeForce RTX 4090 host=AMD Ryzen 9 7950X 16-Core Processor threads=16 ubatch=512 flash=on in=512 mean=256 line=4 name=Meta-Llama-3.1-8B-Instruct bytes=4912898304 exact=true params=8030261312 sd=62.713202",
			"decode_tok_s 131.403 model=Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf weights=Q4_K_M kv=q8_0 engine=llama.cpp backend=cuda version=b6210 (1a2b3c4d) date=2025-08 hw=NVIDIA GeForce RTX 4090 host=AMD Ryzen 9 7950X 16-Core Processor threads=16 ubatch=512 flash=on out=128 depth=4096 mean=4160 line=43 name=Meta-Llama-3.1-8B-Instruct bytes=4912898304 exact=true params=8030261312 sd=0.381246",
		}, []string{
			"line 74: pp512+tg128: the rate mixes prompt and generated tokens; run -p and -n apart",
		}},
		{"bench.jsonl", "llama-bench", []string{
			"decode_tok_s 27.61 model=gpt-oss-120b-mxfp4-00001-of-00003.gguf weights=MXFP4_MOE kv=f16 engine=llama.cpp backend=rocm version=b6512 (9f8e7d6c) date=2025-09 hw=AMD Radeon RX 7900 XTX host=Intel(R) Core(TM) i7-13700K offload=experts-cpu cpumoe=28 threads=8 ubatch=2048 flash=on out=64 mean=32 line=1 name=gpt-oss-120b bytes=63387346464 exact=true params=116829156672 sd=0.09",
			"decode_tok_s 9.31 model=Qwen3-32B-UD-Q4_K_XL.gguf weights=UD-Q4_K_XL kv=q8_0/f16 engine=llama.cpp backend=rocm version=b6512 (9f8e7d6c) date=2025-09 hw=AMD Radeon RX 7900 XTX host=Intel(R) Core(TM) i7-13700K offload=partial layers=40 threads=8 ubatch=512 out=32 depth=2048 mean=2064 line=2 name=Qwen3-32B bytes=20021710848 exact=true",
			"decode_tok_s 21.7 model=Qwen3-4B-IQ4_XS.gguf weights=IQ4_XS engine=llama.cpp backend=cpu version=b6512 (9f8e7d6c) hw=Intel(R) Core(TM) i7-13700K offload=cpu threads=8 out=16 mean=8 line=4 name=Qwen3-4B",
			"decode_tok_s 15.21 model=Llama-3.3-70B-Instruct-Q4_K_S.gguf weights=Q4_K_S engine=llama.cpp backend=cuda version=b6512 (9f8e7d6c) hw=NVIDIA RTX A6000 host=Intel Xeon devices=2 split=layer out=128 mean=64 line=5 name=Llama-3.3-70B-Instruct",
			"decode_tok_s 88.4 model=Qwen3-8B-Q8_0.gguf weights=Q8_0 engine=llama.cpp backend=cuda version=b6512 (9f8e7d6c) hw=NVIDIA GeForce RTX 3090 host=Intel Xeon out=128 mean=64 line=7 name=Qwen3-8B",
		}, []string{
			"line 3: pp256: with -ngl 0 a GPU build still computes long prompts on the GPU; add -dev none or use a build for the CPU",
			"line 6: tg128: the split over GPUs (-sm row) has no counterpart; use -sm layer",
			"line 8: tg128: several GPUs of different kinds are listed (NVIDIA RTX A6000, NVIDIA GeForce RTX 3090); name one with -dev or -sm none -mg N",
			"line 9: tg128: the figure is 0; nothing was timed",
		}},
		{"bench.md", "llama-bench", []string{
			"prefill_tok_s 748.31 model=qwen2 7B Q4_K - Medium weights=Q4_K_M kv=q8_0 engine=llama.cpp backend=vulkan version=b5713 (0badcafe) hw=Intel(R) Arc(TM) A770 Graphics (DG2) ubatch=1024 flash=on in=512 mean=256 line=5 name=qwen2 7B bytes=4681514352 params=7620000000 sd=3.52",
			"decode_tok_s 31.08 model=qwen2 7B Q4_K - Medium weights=Q4_K_M kv=q8_0 engine=llama.cpp backend=vulkan version=b5713 (0badcafe) hw=Intel(R) Arc(TM) A770 Graphics (DG2) ubatch=1024 flash=on out=128 depth=4096 mean=4160 line=6 name=qwen2 7B bytes=4681514352 params=7620000000 sd=0.11",
			"prefill_tok_s 88.2 model=llama 1B F16 weights=F16 engine=llama.cpp backend=cpu version=b5714 (0badcaff) offload=cpu threads=6 in=64 mean=32 line=14 name=llama 1B bytes=2469606195 params=1240000000 sd=0.4",
			"decode_tok_s 17.93 model=llama 1B F16 weights=F16 engine=llama.cpp backend=cpu version=b5714 (0badcaff) offload=cpu threads=6 out=32 mean=16 line=15 name=llama 1B bytes=2469606195 params=1240000000 sd=0.07",
		}, []string{
			"line 7: pp512+tg128: the rate mixes prompt and generated tokens; run -p and -n apart",
			"line 8: pp256: the figure is 0; nothing was timed",
		}},
		{"bench_cpu.csv", "llama-bench", []string{
			"prefill_tok_s 93.5 model=Mistral-7B-Instruct-v0.3-Q8_0.gguf weights=Q8_0 kv=f16 engine=llama.cpp backend=cpu version=b3590 (51c0ffee) date=2024-08 hw=AMD EPYC 7543 32-Core Processor offload=cpu threads=32 ubatch=512 in=64 mean=32 line=2 name=Mistral-7B-Instruct-v0.3 bytes=7702565888 exact=true params=7248023552 sd=0.4",
			"decode_tok_s 17.25 model=Mistral-7B-Instruct-v0.3-Q8_0.gguf weights=Q8_0 kv=f16 engine=llama.cpp backend=cpu version=b3590 (51c0ffee) date=2024-08 hw=AMD EPYC 7543 32-Core Processor offload=cpu threads=32 ubatch=512 out=32 mean=16 line=3 name=Mistral-7B-Instruct-v0.3 bytes=7702565888 exact=true params=7248023552 sd=0.05",
		}, []string{}},
		{"guidellm_new.json", "guidellm", []string{
			"output_tok_s 640.5 model=mistralai/Mistral-Small-3.2-24B-Instruct-2506 date=2025-11 offload= batch=16 in=1000 out=500 mean=1250 wall=true line=1 requests=400",
			"tpot_ms 24 model=mistralai/Mistral-Small-3.2-24B-Instruct-2506 date=2025-11 offload= batch=16 in=1000 out=500 mean=1250 wall=true line=1 requests=400",
		}, []string{
			"line 1: benchmark 1 (concurrent): ttft_ms: waiting for other requests is inside; use a concurrency of 1",
			"line 1: benchmark 2 (throughput): output_tok_s: 220 requests were cut off at the end and their tokens are not counted; run longer",
		}},
		{"guidellm_old.json", "guidellm", []string{
			"output_tok_s 101.9 model=ibm-granite/granite-3.3-8b-instruct date=2025-05 offload= in=256 out=128 mean=320 wall=true line=1 requests=48",
			"tpot_ms 9.57 model=ibm-granite/granite-3.3-8b-instruct date=2025-05 offload= in=256 out=128 mean=320 line=1 requests=48",
			"ttft_ms 29.4 model=ibm-granite/granite-3.3-8b-instruct date=2025-05 offload= in=256 out=128 mean=128 line=1 requests=48",
		}, []string{
			"line 1: benchmark 2 (constant): requests came at a set rate, so how many were in flight is not known; use the profile concurrent",
		}},
		{"llama_cli.txt", "llama.cpp", []string{
			"prefill_tok_s 800 model=Qwen2.5-7B-Instruct-Q6_K.gguf weights=Q6_K kv=f16 engine=llama.cpp backend=rocm version=b5310 (c0ffee12) hw=AMD Radeon RX 6800 XT offload=partial layers=20 threads=8 ubatch=512 flash=off in=512 mean=256 line=17 name=Qwen2.5-7B-Instruct",
			"decode_tok_s 20 model=Qwen2.5-7B-Instruct-Q6_K.gguf weights=Q6_K kv=f16 engine=llama.cpp backend=rocm version=b5310 (c0ffee12) hw=AMD Radeon RX 6800 XT offload=partial layers=20 threads=8 ubatch=512 flash=off out=127 depth=512 mean=575 line=17 name=Qwen2.5-7B-Instruct",
		}, []string{}},
		{"llama_server.json", "llama-server", []string{
			"prefill_tok_s 800 model=Phi-4-Q4_K_S.gguf weights=Q4_K_S engine=llama.cpp version=b6123-abcdef01 offload= in=128 depth=256 mean=320 line=1 name=Phi-4",
			"decode_tok_s 40 model=Phi-4-Q4_K_S.gguf weights=Q4_K_S engine=llama.cpp version=b6123-abcdef01 offload= out=64 depth=384 mean=416 line=1 name=Phi-4",
		}, []string{}},
		{"llama_server.txt", "llama.cpp", []string{
			"prefill_tok_s 2000 engine=llama.cpp offload= in=1000 depth=500 mean=1000 line=3",
			"decode_tok_s 50 engine=llama.cpp offload= out=100 depth=1500 mean=1550 line=3",
			"decode_tok_s 50 engine=llama.cpp offload= out=50 depth=1100 mean=1125 spec=true line=16",
		}, []string{
			"line 10: the server worked at several requests at once; send one at a time",
			"line 16: prompt of 1 tokens: fewer than 8 tokens are too few to time",
		}},
		{"ollama.txt", "ollama", []string{
			"prefill_tok_s 3140.24 model=llama3.1:8b-instruct-q4_K_M weights=Q4_K_M engine=ollama in=412 mean=206 line=4 name=llama3.1:8b-instruct",
			"decode_tok_s 117.961 model=llama3.1:8b-instruct-q4_K_M weights=Q4_K_M engine=ollama out=486 depth=412 mean=655 line=4 name=llama3.1:8b-instruct",
			"decode_tok_s 114.857 model=llama3.1:8b-instruct-q4_K_M weights=Q4_K_M engine=ollama out=201 depth=930 mean=1030 line=15 name=llama3.1:8b-instruct",
		}, []string{
			"line 15: prompt of 930 tokens: ollama counts cached prompt tokens too, and this prompt may begin like the one before; unload the model (ollama stop) before each run",
		}},
		{"ollama_reply.json", "ollama", []string{
			"prefill_tok_s 2000 model=qwen3:14b engine=ollama date=2025-11 offload= in=1536 mean=768 line=1",
			"decode_tok_s 50 model=qwen3:14b engine=ollama date=2025-11 offload= out=300 depth=1536 mean=1686 line=1",
		}, []string{}},
		{"ollama_stream.jsonl", "ollama", []string{
			"decode_tok_s 80 model=gemma3:4b engine=ollama date=2025-12 offload= out=80 mean=40 line=3",
			"prefill_tok_s 1600 model=gemma3:4b engine=ollama date=2025-12 offload= in=64 mean=32 line=4",
		}, []string{
			"line 3: prompt: no count is stated, as when all of it was cached; the depth of the generated tokens leaves it out",
			"line 4: 120 generated tokens: timed over 0.00014 ms, too short to be true",
			"line 5: the request only loaded or unloaded the model",
		}},
		{"vllm_modes.jsonl", "vllm-serve+vllm-latency+vllm-throughput", []string{
			"output_tok_s 92.4 model=Qwen/Qwen3-8B engine=vllm date=2025-06 in=1024 out=128 mean=1088 wall=true spec=true line=1 requests=20",
			"tpot_ms 10.25 model=Qwen/Qwen3-8B engine=vllm date=2025-06 in=1024 out=128 mean=1088 spec=true line=1 requests=20",
			"ttft_ms 61.5 model=Qwen/Qwen3-8B engine=vllm date=2025-06 in=1024 out=128 mean=512 spec=true line=1 requests=20",
			"output_tok_s 2140 model=Qwen/Qwen3-8B engine=vllm date=2025-06 batch=200 in=512 out=128 mean=576 wall=true line=2 requests=200",
		}, []string{
			"line 2: tpot_ms: all requests came at once and ran out one by one; use a set concurrency",
			"line 2: ttft_ms: waiting for other requests is inside; use a concurrency of 1",
			"line 3: all requests came at once and are more than a server takes, so how many were in flight is not known; use --max-concurrency",
			"line 4: requests came at a set rate, so how many were in flight is not known; use --max-concurrency alone",
			"line 5: 40 of 100 requests failed",
			"line 6: vllm bench latency: the lengths and the batch are not in the file; use vllm bench serve --save-result",
			"line 7: vllm bench throughput: only the sum of prompt and generated tokens is in the file, not the lengths; use vllm bench serve --save-result",
		}},
		{"vllm_serve.json", "vllm-serve", []string{
			"output_tok_s 1359.67 model=meta-llama/Llama-3.1-8B-Instruct engine=vllm date=2025-06 devices=2 split=tp tp=2 batch=32 in=1024 out=256 mean=1152 wall=true line=1 requests=320",
			"tpot_ms 22.125 model=meta-llama/Llama-3.1-8B-Instruct engine=vllm date=2025-06 devices=2 split=tp tp=2 batch=32 in=1024 out=256 mean=1152 wall=true line=1 requests=320",
		}, []string{
			"line 1: ttft_ms: waiting for other requests is inside; use a concurrency of 1",
		}},
	} {
		t.Run(test.file, func(t *testing.T) {
			res := mustRead(t, "some/dir/"+test.file, string(data[test.file]))
			if res.Format != test.format {
				t.Errorf("format %q, want %q", res.Format, test.format)
			}
			var rows, skipped []string
			for i := range res.Rows {
				rows = append(rows, brief(&res.Rows[i], &res.Details[i]))
				if res.Rows[i].Source != "some/dir/"+test.file {
					t.Errorf("source %q", res.Rows[i].Source)
				}
			}
			for _, s := range res.Skipped {
				skipped = append(skipped, s.String())
			}
			differ(t, "row", rows, test.rows)
			differ(t, "skip", skipped, test.skipped)
		})
	}
}

func differ(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("%s %d is missing: %s", what, i, want[i])
		case i >= len(want):
			t.Errorf("%s %d is new: %s", what, i, got[i])
		case got[i] != want[i]:
			t.Errorf("%s %d:\n got %s\nwant %s", what, i, got[i], want[i])
		}
	}
}

func TestIDs(t *testing.T) {
	// two tools in one file, with a log around and Windows line ends
	data := fixtures(t)
	all := slices.Concat([]byte("$ llama-bench\r\n"), data["bench.jsonl"], []byte("\r\n[ done ]\r\n"), data["ollama.txt"], data["bench.md"])
	res := mustRead(t, `C:\bench\all.log`, string(all))
	if res.Format != "llama-bench+ollama" {
		t.Errorf("format %q", res.Format)
	}
	var ids []string
	for i := range res.Rows {
		ids = append(ids, res.Rows[i].ID)
	}
	if len(ids) != 5+4+3 || ids[0] != "all.log#llama-bench:1" || ids[9] != "all.log#ollama:10" {
		t.Errorf("IDs %q", ids)
	}
}
