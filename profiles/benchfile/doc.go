// Package benchfile reads what people's own benchmark tools print and returns
// it as rows of measurements: llama-bench (json, jsonl, csv, Markdown table),
// the timings of ollama, llama-cli and llama-server, vllm bench serve, and
// GuideLLM's report.
//
// The format is recognised by content. One input may hold the output of
// several runs and tools, with log lines between them. Rows carry the names of
// models and hardware as the tool wrote them: the caller resolves them.
//
// A figure becomes a row only where it means what the row's metric means and
// the settings it depends on can be written down. Everything else is reported
// in [Result.Skipped] with the reason, so that nothing is lost in silence.
//
// The bytes are foreign: sizes, counts and nesting are bounded, and no input
// makes the package panic.
package benchfile
