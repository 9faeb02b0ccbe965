package cmdline_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/cmdline"
	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/model"
)

// line is a command line as its engine's documentation prints it, and what the
// engine makes of it.
type line struct {
	text   string
	source string
	given  string // MODEL beside it, where the line names none that can be found
	files  map[string]string
	on     string
	// want are all settings, those of the command first, then the engine's own
	// after a bar: "field=value …| field=value …".
	want string
	left string // flags that are not modelled
	// engine are settings that the engine works out by itself, as estimated:
	// fields of the resolved deployment.
	engine string
}

// lines are real command lines. The values after them follow the engines' own
// rules (flags and defaults of the sources named in profiles/cmdline).
var lines = []line{
	// llama.cpp
	{text: "./llama-server -m models/7B/ggml-model.gguf -c 2048", source: "llama.cpp tools/server/README.md", given: "llama-2-7b", on: "rtx-4090-24gb",
		want: "context=2048 | kv_unified=true parallel=4", engine: "context=2048 slots=4 n_batch=2048 ubatch=512 kv_type_k=f16 kv_type_v=f16 ngl=33"},
	{text: `llama-server.exe -m models\7B\ggml-model.gguf -c 2048`, source: "llama.cpp tools/server/README.md (Windows)", given: "llama-2-7b", on: "rtx-4090-24gb",
		want: "context=2048 | kv_unified=true parallel=4", engine: "context=2048"},
	{text: "llama serve -hf ggml-org/gemma-3-1b-it-GGUF", source: "llama.cpp README.md, quick start", on: "rtx-4090-24gb",
		want: "model=gemma-3-1b | context_rule=engine kv_unified=true parallel=4", engine: "context=32768 slots=4 ngl=27"}, // the context of training: it fits
	{text: "llama cli -hf ggml-org/gemma-3-1b-it-GGUF", source: "llama.cpp README.md, quick start", on: "rtx-4090-24gb",
		want: "model=gemma-3-1b | context_rule=engine", engine: "context=32768 slots=1"},
	{text: "docker run -p 8080:8080 -v /path/to/models:/models --gpus all ghcr.io/ggml-org/llama.cpp:server-cuda -m models/7B/ggml-model.gguf -c 512 --host 0.0.0.0 --port 8080 --n-gpu-layers 99",
		source: "llama.cpp tools/server/README.md", given: "llama-2-7b", on: "rtx-4090-24gb",
		want: "context=512 gpu_layers=99 | kv_unified=true parallel=4", engine: "context=512 ngl=33 ubatch=512"},
	{text: `docker run --gpus all -v /path/to/models:/models local/llama.cpp:full-cuda --run -m /models/7B/ggml-model-q4_0.gguf -p "Building a website can be done in 10 simple steps:" -n 512 --n-gpu-layers 1`,
		source: "llama.cpp docs/docker.md", given: "llama-2-7b", on: "rtx-4090-24gb",
		want: "quant=Q4_0 output_tokens=512 gpu_layers=1 | context_rule=engine", engine: "ngl=1 context=4096"},
	{text: "docker run -v /path/to/models:/models --entrypoint /app/llama-cli ghcr.io/ggml-org/llama.cpp:light -m /models/7B/ggml-model-q4_0.gguf",
		source: "llama.cpp docs/docker.md", given: "llama-2-7b", on: "ryzen-9-7950x",
		want: "quant=Q4_0 | context_rule=engine", engine: "ngl=0 backend=cpu"},
	{text: "docker run -e LLAMA_ARG_MODEL=/models/my_model.gguf -e LLAMA_ARG_CTX_SIZE=4096 -e LLAMA_ARG_N_PARALLEL=2 -e LLAMA_ARG_ENDPOINT_METRICS=1 -e LLAMA_ARG_PORT=8080 ghcr.io/ggml-org/llama.cpp:server",
		source: "llama.cpp tools/server/README.md, variables", given: "qwen3-8b", on: "rtx-4090-24gb",
		want: "context=4096 parallel=2", engine: "context=4096 slots=2"},
	{text: "llama-server -hf ggml-org/gpt-oss-20b-GGUF --ctx-size 0 --jinja -ub 2048 -b 2048", source: "llama.cpp discussion 15396", on: "rtx-4090-24gb",
		want: "model=gpt-oss-20b context_rule=model ubatch=2048 batch_size=2048 | kv_unified=true parallel=4", engine: "context=131072 ubatch=2048 n_batch=2048 slots=4"},
	{text: "llama-server -hf ggml-org/gpt-oss-120b-GGUF --ctx-size 32768 --jinja -ub 4096 -b 4096 --n-cpu-moe 28", source: "llama.cpp discussion 15396", on: "rtx-4090-24gb",
		want: "model=gpt-oss-120b context=32768 ubatch=4096 batch_size=4096 cpu_moe=28 | kv_unified=true parallel=4", engine: "context=32768 ubatch=4096 cpu_moe=28"},
	{text: "llama-server --gpt-oss-20b-default", source: "llama.cpp tools/server/README.md, presets", on: "rtx-4090-24gb",
		want: "model=gpt-oss-20b quant=MXFP4 ubatch=2048 batch_size=32768 parallel=2 context=262144", engine: "context=262144 slots=2 ubatch=2048 n_batch=32768"},
	{text: "llama-server --fim-qwen-7b-default", source: "llama.cpp tools/server/README.md, presets", on: "rtx-4090-24gb",
		want: "model=qwen2.5-coder-7b quant=Q8_0 ubatch=1024 batch_size=1024 context_rule=model | kv_unified=true parallel=4", engine: "ubatch=1024 n_batch=1024 slots=4"},
	{text: `./llama.cpp/llama-cli --model unsloth/Qwen3-235B-A22B-GGUF/Qwen3-235B-A22B-UD-Q2_K_XL.gguf --threads 32 --ctx-size 16384 --n-gpu-layers 99 -ot ".ffn_.*_exps.=CPU" --seed 3407 --prio 3 --temp 0.6 --min-p 0.0 --top-p 0.95 --top-k 20`,
		source: "Unsloth documentation, Qwen3", on: "rtx-4090-24gb",
		want: "model=qwen3-235b-a22b quant=UD-Q2_K_XL threads=32 context=16384 gpu_layers=99 cpu_moe=94", engine: "cpu_moe=94 ngl=95 threads=32"},
	{text: `./llama.cpp/llama-cli --model DeepSeek-R1-GGUF/DeepSeek-R1-UD-IQ1_S/DeepSeek-R1-UD-IQ1_S-00001-of-00003.gguf --cache-type-k q4_0 --threads 16 --prio 2 --temp 0.6 --ctx-size 8192 --seed 3407 --n-gpu-layers 7 -no-cnv --prompt "<|User|>Hi<|Assistant|>"`,
		source: "Unsloth blog, DeepSeek-R1 dynamic 1.58 bit", on: "2x h100-sxm5-80gb",
		want: "model=deepseek-r1 quant=UD-IQ1_S kv_type_k=q4_0 threads=16 context=8192 gpu_layers=7 | kv_type_v=f16", engine: "kv_type_k=q4_0 kv_type_v=f16 ngl=7"},
	{text: `./build/bin/llama-server --model /opt/models/qwen_3-30b3a-f16.gguf -c 4096 -ngl 48 -ot 'blk\.46\.ffn_(up|down|gate)_(ch|)exps=CPU,blk\.47\.ffn_(up|down|gate)_(ch|)exps=CPU'`,
		source: "llama.cpp tools/fit-params/README.md, shortened", given: "qwen3-30b-a3b", on: "rtx-4090-24gb",
		want: "quant=F16 context=4096 gpu_layers=48 cpu_moe=2 | kv_unified=true parallel=4", engine: "cpu_moe=2"},
	{text: "llama-cli -hf ggml-org/gemma-3-1b-it-GGUF -ngl 99 --rpc 192.168.88.10:50052,192.168.88.11:50052", source: "llama.cpp tools/rpc/README.md", on: "rtx-4090-24gb",
		want: "model=gemma-3-1b gpu_layers=99 | context_rule=engine", left: "--rpc"},
	{text: "llama-bench -m models/7B/ggml-model-q4_0.gguf -m models/13B/ggml-model-q4_0.gguf -p 0 -n 128,256,512", source: "llama.cpp tools/llama-bench/README.md", given: "llama-2-13b", on: "rtx-4090-24gb",
		want: "quant=Q4_0 input_tokens=0 output_tokens=128 context=128 | gpu_layers=999 prompt_assumed=true", left: "-n", engine: "context=128 ngl=41"},
	{text: "llama-bench -m llama-2-7b.Q4_0.gguf -ngl 10,20,30,31,32,33,34,35", source: "llama.cpp tools/llama-bench/README.md", on: "rtx-4090-24gb",
		want: "model=llama-2-7b quant=Q4_0 gpu_layers=10 context=512 | input_tokens=512 output_tokens=128 prompt_assumed=true", left: "-ngl", engine: "ngl=10 context=512"},
	{text: "./build/bin/llama-server --model DeepSeek-R1-0528-IQ3_K_R4.gguf -c 32768 -ctk q8_0 -fa -mla 3 -amb 512 -fmoe -ngl 99 -ot exps=CPU --parallel 1 --threads 16",
		source: "ik_llama.cpp model cards of ubergarm", on: "rtx-4090-24gb",
		want:   "model=deepseek-r1-0528 quant=IQ3_K context=32768 kv_type_k=q8_0 flash_attention=true engine=ik_llama.cpp mla=latent gpu_layers=99 cpu_moe=61 parallel=1 threads=16 | kv_type_v=f16",
		engine: "cpu_moe=61 mla=latent slots=1 flash=true"},
	{text: "llama-server -ctx 8192 -n 1024 -np 2", source: "llama.cpp tools/server/README.md, router mode", given: "qwen3-8b", on: "rtx-4090-24gb",
		want: "parallel=2 | context_rule=engine", left: "-ctx", engine: "slots=2"},

	// ollama
	{text: "ollama run llama3.2", source: "ollama README.md", on: "rtx-4090-24gb",
		want: "model=llama-3.2-3b | context_rule=engine parallel=1", engine: "context=32768 n_batch=1024 ubatch=1024 slots=1 kv_type_k=f16"}, // 24 GiB: 32k
	{text: "ollama run llama3.1:8b-instruct-q8_0", source: "ollama library, tags of llama3.1", on: "rtx-3060-12gb",
		want: "model=llama-3.1-8b quant=Q8_0 | context_rule=engine parallel=1", engine: "context=4096 n_batch=512"}, // below 23 GiB: 4k
	{text: "OLLAMA_CONTEXT_LENGTH=8192 ollama serve", source: "ollama docs/faq", given: "qwen3-8b", on: "rtx-4090-24gb",
		want: "context=8192 | parallel=1", engine: "context=8192 ubatch=1024 slots=1"},
	{text: "OLLAMA_FLASH_ATTENTION=1 OLLAMA_KV_CACHE_TYPE=q8_0 OLLAMA_NUM_PARALLEL=4 OLLAMA_CONTEXT_LENGTH=8192 OLLAMA_KEEP_ALIVE=-1 ollama serve", source: "ollama docs/faq", given: "qwen3-8b", on: "rtx-4090-24gb",
		want: "flash_attention=true kv_type=q8_0 parallel=4 context=32768", engine: "context=32768 slots=4 kv_type_k=q8_0 kv_type_v=q8_0"}, // context times slots
	{text: "OLLAMA_FLASH_ATTENTION=0 OLLAMA_KV_CACHE_TYPE=q8_0 ollama serve", source: "ollama docs/faq: the cache type needs flash attention", given: "qwen3-8b", on: "rtx-4090-24gb",
		want: "flash_attention=false | context_rule=engine parallel=1", left: "OLLAMA_KV_CACHE_TYPE", engine: "kv_type_k=f16 flash=false"},
	{text: "OLLAMA_NUM_PARALLEL=4 ollama serve", source: "ollama docs/faq", given: "qwen3-8b", on: "rtx-4090-24gb",
		want: "parallel=4 | context_rule=engine", engine: "slots=4 context=16384"}, // 4096 for each: 32768 would not fit
	{text: "OLLAMA_NUM_PARALLEL=4 ollama serve", source: "ollama docs/faq", given: "llama-3.1-8b", on: "rtx-3090-24gb",
		want: "parallel=4 | context_rule=engine", engine: "slots=4 context=131072"},
	{text: "llama-server -hf ggml-org/gpt-oss-20b-GGUF -c 65536 -np 4", source: "llama.cpp tools/server/README.md: slots by number have a cache each", on: "rtx-4090-24gb",
		want: "model=gpt-oss-20b context=65536 parallel=4", engine: "context=65536 slots=4 kv_unified=false"},
	{text: "llama-server -hf ggml-org/gpt-oss-20b-GGUF -c 65536 -np 4 -kvu", source: "llama.cpp tools/server/README.md", on: "rtx-4090-24gb",
		want: "model=gpt-oss-20b context=65536 parallel=4 kv_unified=true", engine: "context=65536 slots=4 kv_unified=true"},
	{text: "docker run -d --gpus=all -v ollama:/root/.ollama -p 11434:11434 --name ollama ollama/ollama", source: "ollama docs/docker", given: "qwen3-8b", on: "rtx-4090-24gb",
		want: "| context_rule=engine parallel=1", engine: "context=32768"},
	{text: "ollama run hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q8_0", source: "Hugging Face documentation, use Ollama with any GGUF model", on: "rtx-4090-24gb",
		want: "model=llama-3.2-3b quant=Q8_0 | context_rule=engine parallel=1", engine: "context=32768"},

	// vLLM
	{text: "vllm serve Qwen/Qwen2.5-1.5B-Instruct", source: "vLLM documentation, quickstart", on: "rtx-4090-24gb",
		want: "model=qwen2.5-1.5b | context_rule=model tp=1 pp=1 dp=1", engine: "context=32768 max_num_seqs=256 max_num_batched_tokens=2048 memory_fraction=0.92 tp=1 kv_type_k=bf16"},
	{text: `docker run --runtime nvidia --gpus all -v ~/.cache/huggingface:/root/.cache/huggingface --env "HF_TOKEN=$HF_TOKEN" -p 8000:8000 --ipc=host vllm/vllm-openai:latest --model mistralai/Mistral-7B-v0.1`,
		source: "vLLM documentation, using Docker", on: "h100-sxm5-80gb",
		want: "model=mistral-7b-v0.1 | context_rule=model tp=1 pp=1 dp=1", engine: "context=32768 max_num_seqs=1024 max_num_batched_tokens=8192 memory_fraction=0.92"},
	{text: "docker run --gpus all vllm/vllm-openai:v0.9.1 --model mistralai/Mistral-7B-v0.1 --tensor-parallel-size 2", source: "vLLM documentation, using Docker, with a version", on: "2x h100-sxm5-80gb",
		want: "engine_date=2025-06 model=mistral-7b-v0.1 tp=2 | context_rule=model pp=1 dp=1", engine: "tp=2 memory_fraction=0.9"},
	{text: `/bin/sh -c "vllm serve mistralai/Mistral-7B-Instruct-v0.3 --trust-remote-code --enable-chunked-prefill --max_num_batched_tokens 1024"`, source: "vLLM documentation, using Kubernetes", on: "rtx-4090-24gb",
		want: "model=mistral-7b-v0.3 max_num_batched_tokens=1024 | context_rule=model tp=1 pp=1 dp=1", engine: "max_num_batched_tokens=1024 max_num_seqs=256 context=32768"},
	{text: "vllm serve gpt2 --tensor-parallel-size 4 --pipeline-parallel-size 2", source: "vLLM documentation, parallelism and scaling", on: "8x a100-sxm4-80gb",
		want: "model=gpt2 tp=4 pp=2 | context_rule=model dp=1", engine: "tp=4 pp=2 context=1024"},
	{text: "vllm serve deepseek-ai/DeepSeek-V3-0324 --tensor-parallel-size 1 --data-parallel-size 8 --enable-expert-parallel", source: "vLLM documentation, expert parallel deployment", on: "8x h200-sxm-141gb",
		want: "model=deepseek-v3-0324 tp=1 dp=8 ep=8 | context_rule=model pp=1", engine: "tp=1 dp=8 ep=8 context=163840"},
	{text: "vllm serve Qwen/Qwen3-8B-AWQ --enable-reasoning --reasoning-parser deepseek_r1", source: "Qwen documentation, vLLM", on: "rtx-4090-24gb",
		want: "model=qwen3-8b quant=AWQ-INT4 | context_rule=model tp=1 pp=1 dp=1", engine: "context=40960"},
	{text: "vllm serve Qwen/Qwen3-235B-A22B-FP8 --tensor-parallel-size 8 --enable-expert-parallel", source: "Qwen documentation, vLLM", on: "8x h100-sxm5-80gb",
		want: "model=qwen3-235b-a22b quant=FP8 tp=8 ep=8 | context_rule=model pp=1 dp=1", engine: "tp=8 ep=8 max_num_seqs=1024"},
	{text: "vllm serve openai/gpt-oss-120b --tensor-parallel-size 2 --async-scheduling", source: "vLLM recipes, gpt-oss", on: "2x h100-sxm5-80gb",
		want: "model=gpt-oss-120b tp=2 | context_rule=model pp=1 dp=1", left: "--async-scheduling", engine: "tp=2 context=131072"},
	{text: "CUDA_VISIBLE_DEVICES=0,1 python3 -m vllm.entrypoints.openai.api_server --model meta-llama/Llama-3.1-70B-Instruct --tensor-parallel-size=2 --max-model-len 32K --kv-cache-dtype fp8 --quantization fp8 --gpu-memory-utilization 0.95 --enforce-eager --swap-space 16",
		source: "vLLM documentation, engine arguments and conserving memory", on: "2x h100-sxm5-80gb",
		want: "devices=2 model=llama-3.1-70b tp=2 context=32768 kv_type=fp8 quant=FP8 gpu_memory_utilization=0.95 | pp=1 dp=1", left: "--enforce-eager --swap-space",
		engine: "context=32768 kv_type_k=fp8 memory_fraction=0.95"},

	// SGLang
	{text: "python3 -m sglang.launch_server --model-path meta-llama/Meta-Llama-3-8B-Instruct --tp 2", source: "SGLang documentation, server arguments", on: "2x h100-sxm5-80gb",
		want: "model=llama-3-8b tp=2 | context_rule=engine pp=1 dp=1", engine: "tp=2 context=8192 max_num_batched_tokens=8192"},
	{text: "python3 -m sglang.launch_server --model-path meta-llama/Meta-Llama-3-8B-Instruct --dp 2 --tp 2", source: "SGLang documentation, server arguments", on: "4x h100-sxm5-80gb",
		want: "model=llama-3-8b dp=2 tp=2 | context_rule=engine pp=1", engine: "tp=2 dp=2 ep=1"},
	{text: "python3 -m sglang.launch_server --model-path meta-llama/Meta-Llama-3-8B-Instruct --mem-fraction-static 0.7 --chunked-prefill-size 4096", source: "SGLang documentation, server arguments", on: "rtx-4090-24gb",
		want: "model=llama-3-8b gpu_memory_utilization=0.7 max_num_batched_tokens=4096 | context_rule=engine tp=1 pp=1 dp=1", engine: "memory_fraction=0.7 max_num_batched_tokens=4096"},
	{text: `docker run --gpus all --shm-size 32g -p 30000:30000 -v ~/.cache/huggingface:/root/.cache/huggingface --env "HF_TOKEN=<secret>" --ipc=host lmsysorg/sglang:latest python3 -m sglang.launch_server --model-path meta-llama/Llama-3.1-8B-Instruct --host 0.0.0.0 --port 30000`,
		source: "SGLang documentation, installation", on: "h100-sxm5-80gb",
		want: "model=llama-3.1-8b | context_rule=engine tp=1 pp=1 dp=1", engine: "context=131072 max_num_batched_tokens=8192 max_num_seqs=1024"},
	{text: "python3 -m sglang.launch_server --model-path deepseek-ai/DeepSeek-V3 --tp 16 --dist-init-addr 10.0.0.1:5000 --nnodes 2 --node-rank 0 --trust-remote-code", source: "SGLang documentation, DeepSeek on several nodes", on: "8x h100-sxm5-80gb",
		want: "model=deepseek-v3 tp=16 nodes=2 | context_rule=engine pp=1 dp=1", engine: "tp=16"},
	{text: "python3 -m sglang.launch_server --model deepseek-ai/DeepSeek-V3 --tp 8 --dp 8 --enable-dp-attention --trust-remote-code", source: "SGLang documentation, DeepSeek usage", on: "8x h200-sxm-141gb",
		want: "model=deepseek-v3 dp=8 ep=8 tp=1 | context_rule=engine pp=1", engine: "tp=1 dp=8 ep=8"},
	{text: "python -m sglang.launch_server --model-path Qwen/Qwen3-30B-A3B --tp-size 4 --enable-ep-moe --kv-cache-dtype fp8_e5m2 --max-running-requests 128 --disable-cuda-graph", source: "SGLang documentation, server arguments (0.4)", on: "4x a100-sxm4-80gb",
		want: "model=qwen3-30b-a3b tp=4 kv_type=fp8 max_num_seqs=128 ep=4 | context_rule=engine pp=1 dp=1", left: "--disable-cuda-graph", engine: "ep=4 max_num_seqs=128 kv_type_k=fp8"},

	// TensorRT-LLM
	{text: `trtllm-serve "TinyLlama/TinyLlama-1.1B-Chat-v1.0"`, source: "TensorRT-LLM documentation, quick start", on: "h100-sxm5-80gb",
		want: "model=tinyllama-1.1b | context_rule=engine tp=1 pp=1 dp=1", engine: "context=2048 memory_fraction=0.9 max_num_seqs=2048 max_num_batched_tokens=8192"},
	{text: "trtllm-llmapi-launch trtllm-serve deepseek-ai/DeepSeek-R1 --tp_size 8 --ep_size 8 --max_batch_size 128 --max_num_tokens 4096 --kv_cache_free_gpu_memory_fraction 0.85 --extra_llm_api_options extra.yml --trust_remote_code",
		source: "TensorRT-LLM documentation, deployment of DeepSeek-R1", on: "8x b200-sxm-180gb",
		files: map[string]string{"extra.yml": "enable_attention_dp: true\ncuda_graph_config:\n  enable_padding: true\n  max_batch_size: 128\nkv_cache_config:\n  dtype: fp8\nprint_iter_log: true\n"},
		want:  "model=deepseek-r1 dp=8 ep=8 tp=1 max_num_seqs=128 max_num_batched_tokens=4096 gpu_memory_utilization=0.85 kv_type=fp8 | context_rule=engine pp=1",
		left:  "cuda_graph_config.enable_padding cuda_graph_config.max_batch_size", engine: "tp=1 dp=8 ep=8 memory_fraction=0.85 max_num_seqs=128 kv_type_k=fp8"},
	{text: "trtllm-bench --model meta-llama/Llama-3.1-8B-Instruct throughput --dataset synthetic_128_128.txt --tp 2 --backend pytorch --max_batch_size 512 --concurrency 64 --kv_cache_free_gpu_mem_fraction 0.95",
		source: "TensorRT-LLM documentation, performance overview", on: "2x h100-sxm5-80gb",
		want: "model=llama-3.1-8b tp=2 max_num_seqs=512 batch=64 gpu_memory_utilization=0.95 | context_rule=engine pp=1 dp=1", left: "--backend", engine: "max_num_seqs=512 memory_fraction=0.95 tp=2"},
	{text: "trtllm-build --checkpoint_dir ./ckpt --output_dir ./engine --gemm_plugin auto --max_batch_size 8 --max_seq_len 4096 --max_num_tokens 4096", source: "TensorRT-LLM documentation, trtllm-build", given: "llama-3.1-8b", on: "h100-sxm5-80gb",
		want: "max_num_seqs=8 context=4096 max_num_batched_tokens=4096 | tp=1 pp=1 dp=1", left: "--gemm_plugin", engine: "context=4096 max_num_seqs=8"},
}

var errNone = errors.New("not here")

func optionsOf(l *line, models func(string) (*model.Model, error)) cmdline.Options {
	return cmdline.Options{Model: models, Given: l.given, Exists: func(string) bool { return false },
		ReadFile: func(path string) ([]byte, error) {
			if text, ok := l.files[path]; ok {
				return []byte(text), nil
			}
			return nil, errNone
		}}
}

func settings(list []cmdline.Setting) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.Field+"="+s.Value)
	}
	slices.Sort(out)
	return out
}

func words(s string) []string {
	out := strings.Fields(s)
	slices.Sort(out)
	return out
}

func TestRealCommandLines(t *testing.T) {
	engines := map[string]int{}
	resolver := scenario.NewResolver(scenario.NewStore(new(facts.Embedded)))
	for i := range lines {
		l := &lines[i]
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			c, err := cmdline.Parse(l.text, optionsOf(l, resolver.Model))
			if err != nil {
				t.Fatalf("%s\n%v", l.text, err)
			}
			engines[c.Engine]++
			read, own, _ := strings.Cut(l.want, "|")
			if got := settings(c.Read); !slices.Equal(got, words(read)) {
				t.Errorf("%s\nread %v\nwant %v", l.text, got, words(read))
			}
			if got := settings(c.Defaults); !slices.Equal(got, words(own)) {
				t.Errorf("%s\nthe engine's own %v\nwant             %v", l.text, got, words(own))
			}
			var left []string
			for _, n := range c.NotModelled {
				left = append(left, n.Flag)
				if n.Reason == "" {
					t.Errorf("%s: no reason is given for %s", l.text, n.Flag)
				}
			}
			if !slices.Equal(left, strings.Fields(l.left)) {
				t.Errorf("%s\nnot modelled %v\nwant         %v", l.text, left, l.left)
			}
			if c.Unresolved != "" && l.given == "" {
				t.Errorf("%s: model %s was not found", l.text, c.Unresolved)
			}
			l.estimate(t, c)
		})
	}
	if len(lines) < 30 || len(engines) < 5 {
		t.Errorf("%d lines of %d engines: want 30 of 5", len(lines), len(engines))
	}
}

// estimate compares what the engine works out by itself.
func (l *line) estimate(t *testing.T, c *cmdline.Command) {
	s := scenario.New()
	s.On = l.on
	if err := c.Apply(&s); err != nil {
		t.Fatal(err)
	}
	s.Model = cmp.Or(l.given, s.Model)
	var p scenario.Prepared
	r := scenario.NewResolver(scenario.NewStore(new(facts.Embedded)))
	if err := r.Resolve(context.Background(), &s, &p); err != nil {
		t.Fatalf("%s\n%v", l.text, err)
	}
	e, err := estimator.Estimate(&p.Request)
	if err != nil {
		t.Fatalf("%s\n%v", l.text, err)
	}
	d := &e.Deployment
	got := map[string]string{
		"context": strconv.Itoa(d.Context), "slots": strconv.Itoa(e.Settings.Slots), "kv_unified": strconv.FormatBool(d.UnifiedKV), "n_batch": strconv.Itoa(d.Batch), "ubatch": strconv.Itoa(d.UBatch),
		"kv_type_k": d.KVTypeK, "kv_type_v": d.KVTypeV, "ngl": strconv.Itoa(e.Placement.GPULayers), "cpu_moe": strconv.Itoa(e.Placement.CPUMoE),
		"threads": strconv.Itoa(d.Threads), "backend": d.Backend, "mla": d.MLA, "flash": strconv.FormatBool(e.Settings.FlashOn),
		"tp": strconv.Itoa(d.TP), "pp": strconv.Itoa(d.PP), "dp": strconv.Itoa(d.DP), "ep": strconv.Itoa(d.EP),
		"memory_fraction": strconv.FormatFloat(d.MemoryFraction, 'g', -1, 64),
		"max_num_seqs":    strconv.Itoa(d.MaxNumSeqs), "max_num_batched_tokens": strconv.Itoa(d.MaxNumBatchedTokens),
	}
	for _, want := range strings.Fields(l.engine) {
		field, value, _ := strings.Cut(want, "=")
		if v, ok := got[field]; !ok || v != value {
			t.Errorf("%s\nthe engine takes %s=%s, want %s (verdict %s)", l.text, field, v, value, e.Verdict)
		}
	}
}
