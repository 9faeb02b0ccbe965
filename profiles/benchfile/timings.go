package benchfile

import (
	"encoding/json"
	"strings"
)

// timingsText reads the lines of timings that llama-cli and llama-server
// print. What belongs to a request stands partly below its timings.
type timingsText struct {
	r      *reader
	log    *logContext
	blocks []timingsBlock
	open   bool // the last block still lacks its generated tokens
	active int  // requests that llama-server is at
	shared bool // several were at once since the last pause
}

type timingsBlock struct {
	chat
	log       logContext
	shared    bool
	draft     bool
	truncated bool
}

var (
	timingLine  = lazy(`^(.*?)(prompt )?eval time =\s*([0-9.]+) ms /\s*(\d+) (?:tokens|runs)`)
	releaseLine = lazy(`stop processing: n_(?:past|tokens) = (\d+), truncated = (\d)`)
	shortLine   = lazy(`\[ Prompt: [0-9.,]+ t/s \| Generation: [0-9.,]+ t/s \]`)
)

func (t *timingsText) line(n int, s string) {
	switch {
	case strings.Contains(s, "eval time ="):
		t.timing(n, s)
	case strings.Contains(s, "launch_slot_") && strings.Contains(s, "processing task"):
		t.active++
		t.shared = t.shared || t.active > 1
	case strings.Contains(s, "stop processing:"):
		t.release(s)
	case strings.Contains(s, "draft acceptance"):
		if len(t.blocks) > 0 {
			t.blocks[len(t.blocks)-1].draft = true
		}
	case strings.Contains(s, "[ Prompt: ") && shortLine.MatchString(s):
		t.r.tools[LlamaTimings] = true
		t.r.skip(n, "", "the numbers of tokens are not stated; run llama-bench, or llama-cli with --perf")
	}
}

func (t *timingsText) timing(n int, s string) {
	m := timingLine.FindStringSubmatch(s)
	if m == nil {
		return
	}
	// before it stands nothing, or the name of a function or a slot
	head := strings.TrimSpace(m[1])
	if head != "" && !strings.HasSuffix(head, ":") && !strings.HasSuffix(head, "|") || len(t.blocks) > maxRows {
		return
	}
	tokens, seconds := scalar(m[4]).count(), number(m[3])/1e3
	if m[2] != "" {
		t.blocks = append(t.blocks, timingsBlock{chat: chat{line: n, prompt: tokens, promptS: seconds}, log: *t.log, shared: t.shared})
		t.open = true
		return
	}
	if !t.open {
		t.blocks = append(t.blocks, timingsBlock{chat: chat{line: n}, log: *t.log, shared: t.shared})
	}
	b := &t.blocks[len(t.blocks)-1]
	b.gen, b.genS = tokens, seconds
	t.open = false
}

func (t *timingsText) release(s string) {
	if m := releaseLine.FindStringSubmatch(s); m != nil && len(t.blocks) > 0 {
		b := &t.blocks[len(t.blocks)-1]
		if b.depthEnd == 0 {
			b.depthEnd, b.truncated = scalar(m[1]).count(), m[2] != "0"
		}
	}
	if t.active = max(t.active-1, 0); t.active == 0 {
		t.shared = false
	}
}

func (t *timingsText) end() {
	for i := range t.blocks {
		t.rows(&t.blocks[i])
	}
}

func (t *timingsText) rows(b *timingsBlock) {
	r := t.r
	r.tools[LlamaTimings] = true
	l := &b.log
	row := r.newRow()
	row.Engine, row.Backend, row.Version, row.Model = "llama.cpp", l.backend, l.build, l.modelFile
	row.Weights = ggufWeights(l.modelFile, l.fileType)
	row.KV = cacheType(l.cacheK, l.cacheV)
	row.Threads, row.UBatch, row.Flash, row.Speculative = l.threads, l.ubatch, l.flash, b.draft
	if row.Offload = l.offload; l.offload == "partial" {
		row.GPULayers = l.layers
	}
	if n := len(l.experts); n > 0 && l.offload == "gpu" {
		row.Offload, row.CPUMoE = "experts-cpu", n
	}
	switch {
	case b.shared:
		r.skip(b.line, "", "the server worked at several requests at once; send one at a time")
		return
	case b.truncated:
		r.skip(b.line, "", "the context was full and shifted; give the server a larger one (-c)")
		return
	case len(l.experts) > 0 && l.offload == "partial":
		r.skip(b.line, "", "layers and experts were both kept off the GPU")
		return
	case row.Offload == "cpu":
		row.Backend = "cpu"
	case len(l.gpus) > 0:
		row.Hardware, row.Devices = l.gpus[0], len(l.gpus)
		for _, g := range l.gpus {
			if g != row.Hardware {
				r.skip(b.line, "", "several GPUs of different kinds are listed; name one with --device")
				return
			}
		}
		if row.Devices > 1 {
			row.Split = "layer" // the default; the log does not tell
		}
	}
	r.chatRows(LlamaTimings, &b.chat, row, Detail{ModelFile: l.modelFile, ModelType: l.fileType})
}

// serverReply reads the timings in a reply of llama-server's API.
func (r *reader) serverReply(line int, raw json.RawMessage) {
	var v struct {
		Model   scalar `json:"model"`
		System  scalar `json:"system_fingerprint"`
		Timings struct {
			PromptN    scalar `json:"prompt_n"`
			PromptMS   scalar `json:"prompt_ms"`
			PredictedN scalar `json:"predicted_n"`
			PredictMS  scalar `json:"predicted_ms"`
			CacheN     scalar `json:"cache_n"`
			DraftN     scalar `json:"draft_n"`
		} `json:"timings"`
	}
	if decode(raw, &v) != nil || v.Timings.PromptMS == "" && v.Timings.PredictMS == "" {
		return
	}
	t := &v.Timings
	row := r.newRow()
	row.Engine, row.Model = "llama.cpp", baseName(string(v.Model))
	row.Weights, _ = weightsInName(row.Model)
	// "b6123-abcdef0"
	if s := string(v.System); strings.HasPrefix(s, "b") {
		row.Version = s
	}
	row.Speculative = t.DraftN.count() > 0
	r.chatRows(LlamaServer, &chat{line: line, prompt: t.PromptN.count(), promptS: t.PromptMS.number() / 1e3, gen: t.PredictedN.count(),
		genS: t.PredictMS.number() / 1e3, cached: max(t.CacheN.count(), 0)}, row, Detail{ModelFile: row.Model})
}
