package cli

import (
	"strings"

	"github.com/spf13/pflag"
)

// llamaFlags are llama.cpp's one-dash flags of several letters, which pflag
// would read as a bundle of shorthands.
var llamaFlags = map[string]string{
	"-ngl": "--gpu-layers", "-ub": "--ubatch-size", "-fa": "--flash-attention", "-sm": "--split",
	"-np": "--parallel", "-ctk": "--cache-type-k", "-ctv": "--cache-type-v", "-ts": "--tensor-split",
	"-cmoe": "--cpu-moe", "-ncmoe": "--cpu-moe", "-nkvo": "--no-kv-offload", "-nopo": "", "-tp": "--tp", "-pp": "--pp",
}

// prepare rewrites arguments as people type them for llama.cpp into flags
// that pflag reads.
func prepare(args []string) []string {
	out := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(out, args[i:]...)
		}
		name, value, hasValue := strings.Cut(arg, "=")
		if long := llamaFlags[name]; long != "" {
			name = long
		}
		next := ""
		if i+1 < len(args) {
			next = args[i+1]
		}
		// Flags whose value may be left out take the next argument only when
		// it can be nothing else.
		if !hasValue {
			switch string(normalize(nil, strings.TrimPrefix(name, "--"))) {
			case "flash-attention":
				if strings.HasPrefix(name, "--") && isSwitch(next) {
					value, hasValue = next, true
					i++
				}
			case "cpu-moe":
				if strings.HasPrefix(name, "--") && isNumber(next) {
					value, hasValue = next, true
					i++
				}
			}
		}
		if hasValue {
			name += "=" + value
		}
		out = append(out, name)
	}
	return out
}

func isSwitch(s string) bool {
	switch strings.ToLower(s) {
	case "on", "off", "auto", "0", "1", "true", "false", "yes", "no":
		return true
	}
	return false
}

func isNumber(s string) bool {
	if s == "-1" {
		return true
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// aliases maps what users of other tools type to our flags.
var aliases = map[string]string{
	"format": "quant", "quantization": "quant",
	"kv-cache-dtype": "kv-type", "cache-type": "kv-type",
	"ctx-size": "context", "max-model-len": "context", "context-length": "context", "n-ctx": "context",
	"max-concurrency": "concurrency", "ubatch": "ubatch-size", "n-ubatch": "ubatch-size", "n-batch": "batch-size",
	"prompt-tokens": "input-tokens", "n-prompt": "input-tokens", "n-gen": "output-tokens", "n-predict": "output-tokens",
	"n-depth": "depth", "n-gpu-layers": "gpu-layers", "ngl": "gpu-layers", "n-cpu-moe": "cpu-moe",
	"split-mode": "split", "tensor-parallel-size": "tp", "tp-size": "tp", "pipeline-parallel-size": "pp", "pp-size": "pp",
	"expert-parallel-size": "ep", "ep-size": "ep", "data-parallel-size": "dp", "dp-size": "dp",
	"flash-attn": "flash-attention", "n-threads": "threads", "slots": "parallel", "n-parallel": "parallel",
	"mem-fraction-static": "gpu-memory-utilization", "max-running-requests": "max-num-seqs",
	"k-cache-type": "cache-type-k", "v-cache-type": "cache-type-v",
	"kv-type-k": "cache-type-k", "kv-type-v": "cache-type-v", "hardware": "on",
}

// normalizeSweep is normalize for sweeps, which simulate no load: there users at
// once are sequences in flight.
func normalizeSweep(fs *pflag.FlagSet, name string) pflag.NormalizedName {
	if n := normalize(fs, name); n != "concurrency" {
		return n
	}
	return "batch"
}

// normalize gives every flag one spelling.
func normalize(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	name = strings.ReplaceAll(name, "_", "-")
	if to, ok := aliases[name]; ok {
		name = to
	}
	return pflag.NormalizedName(name)
}
