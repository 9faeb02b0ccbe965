package engine

import (
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// SharedContext reports whether a context is the number of cache cells of all
// sequences together (llama.cpp), rather than of each one.
func (e *Engine) SharedContext() bool { return e.Family == LlamaCpp }

// Serves reports whether the engine is a server that batches the requests of
// many users continuously, and may span several computers.
func (e *Engine) Serves() bool { return e.Family == VLLM || e.Family == SGLang || e.Family == TensorRT }

// VerifyCommand fills the engine's template for the command that measures the
// estimate on the real machine. The words it knows stand in braces: {file},
// {repo}, {model}, {ngl}, {fa}, {ctk}, {ctv}, {prompt}, {output}, {depth}, {depths} (of prompt and of answer),
// {ubatch}, {batch}, {context}, {tp}, {threads}, {cpu_moe}. A bracketed part
// "[-ncmoe {cpu_moe}]" is left out when its word is empty. It returns "" for
// an engine without a template.
func (e *Engine) VerifyCommand(s *Settings, w *Workload, node *hardware.Node, gpuLayers, cpuMoE int, model, repo, file string) string {
	if e.Verify == "" {
		return ""
	}
	some := func(n int) string {
		if n <= 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	fa := "0"
	if s.FlashOn {
		fa = "1"
	}
	ngl := strconv.Itoa(gpuLayers)
	if len(node.Devices) == 0 {
		ngl = "0"
	}
	depths := strconv.Itoa(w.Depth)
	if start := w.DecodeStart(); start != w.Depth {
		depths += "," + strconv.Itoa(start)
	}
	words := map[string]string{
		"file": file, "repo": repo, "ngl": ngl, "fa": fa,
		"ctk": s.KVTypeK, "ctv": s.KVTypeV,
		"prompt": strconv.Itoa(w.InputTokens), "output": strconv.Itoa(w.OutputTokens),
		"depth": strconv.Itoa(w.Depth), "depths": depths, "model": model, "ubatch": some(s.UBatch), "batch": strconv.Itoa(max(w.Batch, 1)),
		"context": some(s.Context), "tp": some(s.TP), "threads": some(s.Threads), "cpu_moe": some(cpuMoE),
	}
	out := e.Verify
	for word, value := range words {
		out = strings.ReplaceAll(out, "{"+word+"}", value+mark(value))
	}
	return prune(out)
}

// none marks a word that has no value, so that the brackets around it go too.
const none = "\x00"

func mark(value string) string {
	if value == "" {
		return none
	}
	return ""
}

// prune drops bracketed parts that hold a word without a value, and the
// brackets of the others.
func prune(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '[')
		if i < 0 {
			break
		}
		j := strings.IndexByte(s[i:], ']')
		if j < 0 {
			break
		}
		b.WriteString(s[:i])
		if part := s[i+1 : i+j]; !strings.Contains(part, none) {
			b.WriteString(part)
		}
		s = s[i+j+1:]
	}
	b.WriteString(s)
	return strings.Join(strings.Fields(strings.ReplaceAll(b.String(), none, "")), " ")
}
