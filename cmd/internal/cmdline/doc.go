// Package cmdline reads the command lines by which inference engines are
// started (llama.cpp, ollama, vLLM, SGLang, TensorRT-LLM) as scenarios, and
// writes a scenario as such a command line, as a Compose file or as Kubernetes
// manifests. Nothing is ever run: a shell script is parsed, and what each flag
// means is data (profiles/cmdline). Every flag that was written is accounted
// for: read, not modelled, or without effect.
package cmdline
