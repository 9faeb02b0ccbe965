package phase

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/engine"
)

// Decode fills dst with one decode step: every sequence of the batch gains
// one token, at the mean depth of the run, Workload.Depth + half the output
// (Depth counts what is in the cache when decoding begins: who wants decode
// after the prompt adds its tokens to it). dst's buffers are reused.
func Decode(in *Input, dst *Phase) {
	depth := float64(max(0, in.Workload.Depth))
	DecodeAt(in, depth, depth+float64(max(0, in.Workload.OutputTokens)), dst)
}

// DecodeAt is Decode with the depth of the cache running from first to last.
func DecodeAt(in *Input, first, last float64, dst *Phase) {
	s := in.shape()
	b := in.perReplica()
	start(dst, s, true, b, b, 1)
	r := run{s: s, settings: in.Settings, rules: in.rules(), dst: dst, rows: b, tokens: b, steps: 1, headRows: b, seqs: b,
		bytesK: in.Settings.KVBytesK, bytesV: in.Settings.KVBytesV}
	r.ask(in.steps(b, first, last))
	r.place(in.Placement)
}

// steps are decoding sequences, their caches holding first to last tokens.
func (in *Input) steps(seqs, first, last float64) queries {
	if s := in.Settings; in.rules().WholeCache && s.Cells > 0 {
		first = float64(s.Cells) / float64(max(s.Slots, 1))
		last = first
	}
	return queries{seqs: seqs, first: first, last: last}
}

// noRules are those of settings that were not resolved.
var noRules engine.Rules

func (in *Input) rules() *engine.Rules {
	if in.Settings.Rules != nil {
		return in.Settings.Rules
	}
	return &noRules
}

// Prefill fills dst with the processing of the prompts of all sequences,
// InputTokens each, on top of Depth tokens already cached, in micro-batches
// of the engine's size. dst's buffers are reused.
func Prefill(in *Input, dst *Phase) {
	s := in.shape()
	b := in.perReplica()
	n := float64(max(1, in.Workload.InputTokens))
	tokens := n * b
	chunk := chunk(in)
	steps := 1.0
	if chunk > 0 && tokens > chunk {
		steps = math.Ceil(tokens / chunk)
	}
	start(dst, s, false, tokens, b, steps)
	dst.InFlight = steps // one logical batch follows the other without a wait
	active := math.Max(1, float64(in.Workload.Batch))
	d := float64(max(0, in.Workload.Depth))
	r := run{s: s, settings: in.Settings, rules: in.rules(), dst: dst, active: active,
		rows: tokens / steps, tokens: tokens, steps: steps, headRows: b, seqs: b,
		bytesK: in.Settings.KVBytesK, bytesV: in.Settings.KVBytesV}
	r.ask(queries{seqs: b, tokens: tokens, first: d, last: d + n, square: math.Min(n, tokens/steps)})
	r.place(in.Placement)
}

// chunk returns the engine's micro-batch in tokens, 0 for no limit.
func chunk(in *Input) float64 {
	c := in.Settings.UBatch
	if c <= 0 {
		c = in.Settings.MaxNumBatchedTokens
	}
	if b := in.Settings.Batch; b > 0 && (c <= 0 || b < c) && in.Settings.UBatch > 0 {
		c = b
	}
	return float64(c)
}

// perReplica returns the sequences that one replica and one pipeline stage
// work on at a time: data parallelism divides the batch, and a pipeline keeps
// as many parts of it in flight as it has stages.
func (in *Input) perReplica() float64 {
	b := float64(max(1, in.Workload.Batch))
	if d := in.Settings.DP; d > 1 {
		b = math.Max(1, b/float64(d))
	}
	if p := in.Settings.PP; p > 1 {
		b = math.Max(1, b/float64(p))
	}
	return b
}

func (in *Input) shape() *Shape {
	if in.Shape == nil {
		in.Shape = NewShape(in.Model, in.Weights)
	}
	return in.Shape
}

// Prompts is the prompt side of a mixed step.
type Prompts struct {
	Tokens float64 // prompt tokens in the step, of all prompts together
	Seqs   float64 // prompts that they belong to
	Cached float64 // tokens of such a prompt already cached when the step begins
}

// Mixed fills dst with one step of continuous batching on one replica and
// pipeline stage: decodes sequences gain a token each, their caches holding
// depth tokens, while prompts are worked on in the same step, so that all of
// them share one read of the weights. dst's buffers are reused.
func Mixed(in *Input, decodes, depth float64, p Prompts, dst *Phase) {
	s := in.shape()
	rows := decodes + p.Tokens
	start(dst, s, p.Tokens == 0, rows, decodes+p.Seqs, 1)
	dst.Mixed = true
	r := run{s: s, settings: in.Settings, rules: in.rules(), dst: dst,
		rows: rows, tokens: rows, steps: 1, headRows: decodes + p.Seqs, seqs: decodes + p.Seqs,
		bytesK: in.Settings.KVBytesK, bytesV: in.Settings.KVBytesV}
	if decodes > 0 {
		r.ask(in.steps(decodes, depth, depth))
	}
	if p.Tokens > 0 {
		each := p.Tokens / math.Max(p.Seqs, 1e-9)
		r.ask(queries{seqs: p.Seqs, tokens: p.Tokens, first: p.Cached, last: p.Cached + each, square: each})
	}
	r.place(in.Placement)
}

func start(dst *Phase, s *Shape, decode bool, tokens, seqs, steps float64) {
	works := dst.Works[:0]
	*dst = Phase{Decode: decode, Tokens: tokens, Sequences: seqs, Steps: steps,
		Layers: float64(s.layers), Works: works, Ranks: 1, Resident: s.totalBytes}
}
