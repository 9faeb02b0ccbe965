package benchfile

import (
	"encoding/json"
	"math"
	"strings"
	"time"
)

// ollamaRun is one reply of ollama, from its text or its API.
type ollamaRun struct {
	chat
	model string
	date  string
	load  float64 // seconds; large where the model was loaded for this request
	// rates as printed, 0 when not stated
	promptRate, genRate float64
}

// coldLoad is the loading time from which the model, and with it an empty
// cache, was new.
const coldLoad = 0.3

// ollamaHistory is what the replies before left in ollama's prompt cache.
type ollamaHistory struct {
	model    string
	prompt   int
	partial  int // line of a streamed part whose end has not come
	offload  string
	finished bool
}

const ollamaCached = "ollama counts cached prompt tokens too, and this prompt may begin like the one before; " +
	"unload the model (ollama stop) before each run"

// ollamaRun makes the rows of one reply.
func (r *reader) ollamaRun(o *ollamaRun, offload string) {
	r.tools[Ollama] = true
	h := &r.history
	if h.finished && h.model == o.model && o.prompt >= h.prompt && o.load < coldLoad {
		o.cacheSuspected = ollamaCached
	}
	if o.prompt > 0 {
		h.model, h.prompt, h.finished = o.model, o.prompt, true
	}
	if o.promptS == 0 && o.promptRate > 0 {
		o.promptS = float64(o.prompt) / o.promptRate
	}
	if o.genS == 0 && o.genRate > 0 {
		o.genS = float64(o.gen) / o.genRate
	}
	row := r.newRow()
	row.Engine, row.Model, row.Date, row.Offload = "ollama", o.model, o.date, offload
	if offload == "cpu" {
		row.Backend = "cpu"
	}
	row.Weights, _ = weightsInName(o.model)
	if contradicts(o.gen, o.genS, o.genRate) || contradicts(o.prompt, o.promptS, o.promptRate) {
		r.skip(o.line, "", "the rate does not fit the count and the duration")
		return
	}
	r.chatRows(Ollama, &o.chat, row, Detail{})
}

// contradicts says whether a printed rate is far from count and duration.
func contradicts(tokens int, seconds, rate float64) bool {
	if tokens <= 0 || seconds <= 0 || rate <= 0 {
		return false
	}
	return math.Abs(float64(tokens)/seconds/rate-1) > 0.05
}

// ollamaReply reads a reply of /api/generate or /api/chat. Of a streamed one
// only the last part has figures.
func (r *reader) ollamaReply(line int, raw json.RawMessage) {
	var v struct {
		Model    scalar  `json:"model"`
		Created  scalar  `json:"created_at"`
		Done     *scalar `json:"done"`
		Reason   scalar  `json:"done_reason"`
		Load     scalar  `json:"load_duration"`
		Prompt   scalar  `json:"prompt_eval_count"`
		PromptNS scalar  `json:"prompt_eval_duration"`
		Gen      scalar  `json:"eval_count"`
		GenNS    scalar  `json:"eval_duration"`
	}
	if decode(raw, &v) != nil {
		return
	}
	if v.Done != nil && *v.Done != "true" {
		if r.history.partial == 0 {
			r.history.partial = line
		}
		return
	}
	r.history.partial = 0
	if v.Reason == "load" || v.Reason == "unload" {
		r.tools[Ollama] = true
		r.skip(line, "", "the request only loaded or unloaded the model")
		return
	}
	r.ollamaRun(&ollamaRun{
		chat: chat{line: line, prompt: v.Prompt.count(), gen: v.Gen.count(),
			promptS: v.PromptNS.number() / 1e9, genS: v.GenNS.number() / 1e9},
		model: string(v.Model), date: month(string(v.Created)), load: v.Load.number() / 1e9,
	}, r.history.offload)
}

// end reports a stream that was cut off.
func (h *ollamaHistory) end(r *reader) {
	if h.partial > 0 {
		r.tools[Ollama] = true
		r.skip(h.partial, "", "the streamed reply has no last part (done: true), which holds the figures")
	}
}

// ollamaText reads the lines that ollama run --verbose prints after a reply.
type ollamaText struct {
	r     *reader
	model string
	now   *ollamaRun
	runs  []*ollamaRun
	seen  map[string]bool
}

var (
	ollamaLine = lazy(`^\s*(total duration|load duration|prompt eval count|prompt eval duration|prompt eval rate|eval count|eval duration|eval rate):\s+(\S+)`)
	ollamaCall = lazy(`\bollama run((?:\s+-\S+)*)\s+([A-Za-z0-9][\w./:-]*)`)
	ollamaPS   = lazy(`\s(\d+)%(/\d+%)? (GPU|CPU|CPU/GPU)\s`)
)

func (o *ollamaText) line(n int, s string) {
	if strings.Contains(s, "ollama run") {
		if m := ollamaCall.FindStringSubmatch(s); m != nil {
			o.flush()
			o.model = m[2]
			return
		}
	}
	if strings.Contains(s, "% ") {
		if m := ollamaPS.FindStringSubmatch(s); m != nil {
			o.processor(m)
			return
		}
	}
	if !strings.Contains(s, ": ") {
		return
	}
	m := ollamaLine.FindStringSubmatch(s)
	if m == nil {
		return
	}
	// every block has each line once
	if o.seen[m[1]] || m[1] == "total duration" {
		o.flush()
	}
	if o.now == nil {
		o.now = &ollamaRun{model: o.model}
		o.now.line = n
		o.seen = map[string]bool{}
	}
	o.seen[m[1]] = true
	switch m[1] {
	case "load duration":
		o.now.load = goSeconds(m[2])
	case "prompt eval count":
		o.now.prompt = scalar(m[2]).count()
	case "prompt eval duration":
		o.now.promptS = goSeconds(m[2])
	case "prompt eval rate":
		o.now.promptRate = number(m[2])
	case "eval count":
		o.now.gen = scalar(m[2]).count()
	case "eval duration":
		o.now.genS = goSeconds(m[2])
	case "eval rate":
		o.now.genRate = number(m[2])
		o.flush()
	}
}

// processor reads the column of ollama ps, "100% GPU" or "48%/52% CPU/GPU".
func (o *ollamaText) processor(m []string) {
	switch {
	case m[1] == "100" && m[3] == "GPU":
		o.r.history.offload = "gpu"
	case m[1] == "100" && m[3] == "CPU":
		o.r.history.offload = "cpu"
	case m[3] == "CPU/GPU":
		o.r.history.offload = "partial"
	}
}

func (o *ollamaText) flush() {
	// "total duration" alone, or "eval count" in some other log, is no reply
	if o.now != nil && (o.seen["eval count"] || o.seen["prompt eval count"]) && len(o.runs) <= maxRows {
		o.runs = append(o.runs, o.now)
	}
	o.now, o.seen = nil, nil
}

// end makes the rows: the user looks at ollama ps after the run.
func (o *ollamaText) end() {
	o.flush()
	for _, run := range o.runs {
		o.r.ollamaRun(run, o.r.history.offload)
	}
}

// goSeconds reads a duration such as "1m4.2s", 0 for none.
func goSeconds(s string) float64 {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0
	}
	return d.Seconds()
}
