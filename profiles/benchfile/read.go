package benchfile

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strings"

	"github.com/plimsoll/plimsoll/profiles/measured"
)

// MaxBytes is the largest input that is read.
const MaxBytes = 64 << 20

const (
	maxRows    = 100_000
	maxSkipped = 1000
	maxTokens  = 100_000_000
	maxBatch   = 1_000_000
)

const formatsRead = "give the output of llama-bench (-o json, jsonl, csv or md), ollama run --verbose or an ollama API reply, " +
	"the timings of llama-cli or llama-server, vllm bench serve --save-result, or a GuideLLM JSON report"

// Result is what one input holds.
type Result struct {
	// Format names the tools recognised, joined by "+" in the order of Tools.
	Format string
	// Rows are the measurements in the order of the input, per tool. Source is
	// the name given to Read; an ID is "BASENAME#TOOL:N" with N from 1.
	//
	// Offload is "" where the tool does not say (ollama, GuideLLM), Model and
	// Hardware likewise: the caller fills them in.
	Rows []measured.Row
	// Details has one entry for each of Rows, at the same index.
	Details []Detail
	// Skipped says what was read and is in no row.
	Skipped []Skip
	// SkippedMore counts further entries beyond the first thousand of Skipped.
	SkippedMore int
	// Machine is the first one described.
	Machine Machine
}

// Tools in the order in which Format and Rows give them; a recognised result
// that never makes a row is named too.
const (
	LlamaBench     = "llama-bench"
	LlamaServer    = "llama-server"
	LlamaTimings   = "llama.cpp"
	Ollama         = "ollama"
	VLLMServe      = "vllm-serve"
	VLLMLatency    = "vllm-latency"
	VLLMThroughput = "vllm-throughput"
	GuideLLM       = "guidellm"
)

var toolOrder = []string{LlamaBench, LlamaServer, LlamaTimings, Ollama, VLLMServe, VLLMLatency, VLLMThroughput, GuideLLM}

// Detail is what a tool says about a row beyond the row's own fields.
type Detail struct {
	Line        int    // where in the input, from 1
	ModelFile   string // base name of the model's file, "" when not stated
	ModelType   string // llama.cpp's description, such as "llama 8B Q4_K - Medium"
	ModelName   string // Model without directories, ending, shard and weight format
	WeightBytes int64  // size of the weights, 0 when not stated
	// WeightBytesExact is false where the size was printed rounded, as in a
	// Markdown table.
	WeightBytesExact bool
	Params           int64   // number of weights, 0 when not stated; rounded like WeightBytes
	StdDev           float64 // of Value over the repetitions, in its unit, 0 when not stated
	Requests         int     // completed requests behind a server's figure
}

// Machine is where the benchmark ran, in the tool's words.
type Machine struct {
	GPUs    []string // one entry per device
	CPU     string
	Backend string // lower case, as in measured.Row
}

// Skip is a part of the input that is in no row.
type Skip struct {
	Line   int    // from 1
	What   string // such as "pp512+tg128"
	Reason string
}

// String gives "line N: WHAT: REASON".
func (s Skip) String() string {
	if s.What == "" {
		return fmt.Sprintf("line %d: %s", s.Line, s.Reason)
	}
	return fmt.Sprintf("line %d: %s: %s", s.Line, s.What, s.Reason)
}

// ReadFrom is Read for a stream, of which it takes at most MaxBytes.
func ReadFrom(name string, r io.Reader) (*Result, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %s; check that it can be read", label(name), clean(err.Error()))
	}
	return Read(name, data)
}

// Read recognises the formats in data and returns their rows. The name stands
// in the rows and in errors; it is not opened.
//
// It fails, with one line "NAME:LINE: what; what to do", where nothing in the
// data is recognised or a bound is exceeded. A recognised input without any
// usable figure is no error: Rows is empty and Skipped has the reasons.
func Read(name string, data []byte) (*Result, error) {
	r := &reader{name: label(name), tools: map[string]bool{}}
	r.base = path.Base(strings.ReplaceAll(r.name, `\`, "/"))
	if len(data) > MaxBytes {
		return nil, r.fail(1, "larger than 64 MiB; save without the single requests, or split it")
	}
	data, err := decodeText(data)
	if err != nil {
		return nil, r.fail(1, err.Error()+"; save it as UTF-8")
	}
	first := firstLine(data)
	if first == 0 {
		return nil, r.fail(1, "empty; "+formatsRead)
	}
	// logs first: what they say of the machine belongs to the rows of a table
	r.scanText(data)
	r.scanJSON(data)
	if r.full {
		return nil, r.fail(r.fullLine, fmt.Sprintf("more than %d measurements; split the file", maxRows))
	}
	return r.finish(first)
}

// reader collects the rows of one input.
type reader struct {
	name, base string
	tools      map[string]bool
	found      []found
	skipped    []Skip
	more       int
	machine    Machine
	history    ollamaHistory
	sqlLine    int
	full       bool
	fullLine   int
}

type found struct {
	tool   string
	row    measured.Row
	detail Detail
}

func (r *reader) fail(line int, what string) error {
	return errors.New(fmt.Sprintf("%s:%d: ", r.name, line) + what)
}

// finish orders and numbers the rows.
func (r *reader) finish(first int) (*Result, error) {
	const sql = "llama-bench -o sql is not read; run it with -o json"
	if r.sqlLine > 0 {
		if len(r.tools) == 0 {
			return nil, r.fail(r.sqlLine, sql)
		}
		r.skip(r.sqlLine, "", sql)
	}
	if len(r.tools) == 0 {
		if len(r.skipped) > 0 {
			s := r.skipped[0]
			return nil, r.fail(s.Line, s.Reason+"; "+formatsRead)
		}
		return nil, r.fail(first, "no benchmark result found; "+formatsRead)
	}
	out := &Result{Skipped: r.skipped, SkippedMore: r.more, Machine: r.machine}
	var names []string
	for _, tool := range toolOrder {
		if !r.tools[tool] {
			continue
		}
		names = append(names, tool)
		for _, f := range r.found {
			if f.tool != tool {
				continue
			}
			f.row.ID = fmt.Sprintf("%s#%s:%d", r.base, tool, len(out.Rows)+1)
			out.Rows = append(out.Rows, f.row)
			out.Details = append(out.Details, f.detail)
		}
	}
	out.Format = strings.Join(names, "+")
	return out, nil
}

// newRow returns a row with what is usual where a tool says nothing.
func (r *reader) newRow() measured.Row {
	return measured.Row{Devices: 1, GPULayers: -1, CPUMoE: -1, Batch: 1, Quality: measured.QualityA, Source: r.name}
}

// add keeps a row if its figure can be true, and reports it otherwise.
func (r *reader) add(tool string, what string, row measured.Row, d Detail) {
	r.tools[tool] = true
	if reason := implausible(&row); reason != "" {
		r.skip(d.Line, what, reason)
		return
	}
	if len(r.found) >= maxRows {
		if !r.full {
			r.full, r.fullLine = true, d.Line
		}
		return
	}
	row.Model, row.Hardware, row.Host, row.Version = clean(row.Model), clean(row.Hardware), clean(row.Host), clean(row.Version)
	row.KV, row.Weights = clean(row.KV), clean(row.Weights)
	d.ModelFile, d.ModelType = clean(d.ModelFile), clean(d.ModelType)
	if d.ModelName == "" {
		d.ModelName = modelName(row.Model)
	}
	if !(d.StdDev > 0) || math.IsInf(d.StdDev, 0) {
		d.StdDev = 0
	}
	r.found = append(r.found, found{tool, row, d})
}

func (r *reader) skip(line int, what, reason string) {
	if len(r.skipped) >= maxSkipped {
		r.more++
		return
	}
	r.skipped = append(r.skipped, Skip{Line: line, What: clean(what), Reason: reason})
}

// implausible says why a row's figure cannot be true, "" when it can.
func implausible(row *measured.Row) string {
	// far above any machine, far below what a stopped clock gives
	limit := 1e7
	switch row.Metric {
	case measured.Decode:
		limit = 1e5 // one sequence: ten microseconds a token
	case measured.TTFT, measured.TPOT:
		limit = 1e8 // a day
	}
	switch v := row.Value; {
	case math.IsNaN(v), math.IsInf(v, 0):
		return "the figure is not a number"
	case v <= 0:
		return fmt.Sprintf("the figure is %g; nothing was timed", v)
	case v > limit:
		return fmt.Sprintf("%.3g is beyond any machine for %s", v, row.Metric)
	case row.Metric == measured.TTFT && v < 0.01, row.Metric == measured.TPOT && v < 0.001:
		return fmt.Sprintf("%.3g ms is beyond any machine for %s", v, row.Metric)
	}
	for _, n := range []int{row.Input, row.Output, row.Depth, row.UBatch, row.Threads} {
		if n < 0 || n > maxTokens {
			return fmt.Sprintf("a count of %d makes no sense", n)
		}
	}
	if row.Batch < 1 || row.Batch > maxBatch {
		return fmt.Sprintf("%d sequences at once make no sense", row.Batch)
	}
	return ""
}
