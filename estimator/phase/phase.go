package phase

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/place"
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
	r := run{s: s, dst: dst, rows: b, tokens: b, steps: 1, headRows: b, seqs: b,
		bytesK: in.Settings.KVBytesK, bytesV: in.Settings.KVBytesV}
	r.ask(queries{seqs: b, first: first, last: last})
	r.place(in.Placement)
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
	d := float64(max(0, in.Workload.Depth))
	r := run{s: s, dst: dst, rows: tokens / steps, tokens: tokens, steps: steps, headRows: b, seqs: b,
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
	r := run{s: s, dst: dst, rows: rows, tokens: rows, steps: 1, headRows: decodes + p.Seqs, seqs: decodes + p.Seqs,
		bytesK: in.Settings.KVBytesK, bytesV: in.Settings.KVBytesV}
	if decodes > 0 {
		r.ask(queries{seqs: decodes, first: depth, last: depth})
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

// run holds what is the same for every share of a phase.
type run struct {
	s              *Shape
	dst            *Phase
	rows           float64 // tokens per micro-batch
	tokens, steps  float64
	headRows, seqs float64
	bytesK, bytesV float64
	queries        [2]queries
	n              int // of queries
}

func (r *run) ask(q queries) { r.queries[r.n], r.n = q, r.n+1 }

// queries are tokens that attend to the cache.
type queries struct {
	seqs        float64
	tokens      float64 // of prompts
	first, last float64 // depth at the first and the last token
	square      float64 // tokens of a sequence in one micro-batch, 0 for decode
}

// place adds the work of every share.
func (r *run) place(p *place.Placement) {
	host := Work{Share: len(p.Shares) - 1, Host: true}
	devices := 0
	for i := range p.Shares {
		sh := &p.Shares[i]
		if sh.Rank > 0 { // its twin of rank 0 takes as long
			continue
		}
		ranks := float64(max(1, sh.Ranks))
		if sh.Device == nil {
			r.layers(&host, sh, ranks, true)
			r.attention(&host, sh, ranks)
			continue
		}
		w := Work{Share: i}
		r.layers(&w, sh, ranks, true)
		if sh.CacheOnHost {
			r.attention(&host, sh, 1)
			host.Crossings += float64(sh.Layers.Len()) * r.steps
		} else {
			r.attention(&w, sh, ranks)
		}
		if w.empty() {
			continue
		}
		devices++
		r.dst.AllReduceBytes = 2 * r.rows * r.s.hidden // 16-bit activations
		if ranks > 1 {
			r.dst.Ranks = max(r.dst.Ranks, int(ranks))
			r.dst.AllReduces += 2 * float64(sh.Layers.Len()) * r.steps
		}
		r.exchange(sh, ranks)
		r.dst.Works = append(r.dst.Works, w)
	}
	if devices > 1 {
		r.dst.Hops = float64(devices-1) * r.steps
	}
	if !host.empty() {
		// Experts of the host under layers of a device: activations cross.
		if devices > 0 {
			host.Crossings += math.Max(host.Ops[ExpertMul].Layers, host.Ops[MatMul].Layers/math.Max(1, r.dst.Layers))
		}
		r.dst.Works = append(r.dst.Works, host)
	}
}

// exchange adds the moves of tokens to experts that other data-parallel groups
// share, and back: an all-gather and a reduce-scatter of every group's tokens,
// or where that is less, a dispatch of 8-bit and a combine of 16-bit copies to
// each token's experts.
func (r *run) exchange(sh *place.Share, ranks float64) {
	groups := float64(sh.ExpertRanks) / ranks
	moe := r.s.span(sh.Experts.From, sh.Experts.To).moeLayers
	if groups <= 1 || moe == 0 {
		return
	}
	if ranks > 1 { // the exchange stands for the all-reduce after the experts
		r.dst.AllReduces -= moe * r.steps
	}
	const dispatched, gathered = 1 + 2, 2 + 2 // bytes of an element there and back
	r.dst.Exchanges += moe * r.steps
	r.dst.ExchangeBytes = r.rows * r.s.hidden * math.Min(gathered*groups, dispatched*r.s.perTok)
	r.dst.ExchangeRanks = max(r.dst.ExchangeRanks, sh.ExpertRanks)
}

// layers adds the weights' work of a share: dense parts, experts, recurrent
// mixers and the head.
func (r *run) layers(w *Work, sh *place.Share, ranks float64, head bool) {
	if n := sh.Layers.Len(); n > 0 {
		c := r.s.span(sh.Layers.From, sh.Layers.To)
		add(&w.Ops[MatMul], Op{
			FLOPs:    2 * c.denseParams * r.tokens / ranks,
			Elements: c.denseParams * r.steps / ranks,
			Weights:  c.denseBytes * r.steps / ranks,
			Rows:     r.rows, Layers: float64(n) * r.steps,
			Activation: 4 * c.activation * r.tokens,
		})
		if c.recLayers > 0 {
			state := c.recState * 2 * r.seqs // read and written
			if r.steps > 1 {
				state *= r.steps
			}
			add(&w.Ops[RecurrentOp], Op{
				FLOPs: (2*c.recParams + c.recState) * r.tokens / ranks, Elements: c.recParams * r.steps / ranks,
				Weights: c.recBytes * r.steps / ranks, Cache: state / ranks,
				Rows: r.rows, Layers: c.recLayers * r.steps,
			})
		}
	}
	if sh.Experts.Len() > 0 {
		c := r.s.span(sh.Experts.From, sh.Experts.To)
		if c.moeLayers > 0 {
			// Data-parallel groups that share the experts bring their tokens.
			groups := math.Max(1, float64(sh.ExpertRanks)/ranks)
			all := r.rows * groups
			ranks := ranks * groups
			sliced := ranks
			if sh.ExpertsWhole {
				sliced = 1
			}
			share := r.s.distinct(all)
			active := r.s.perTok / r.s.experts
			add(&w.Ops[ExpertMul], Op{
				FLOPs:    2 * c.expertParams * active * r.tokens * groups / ranks,
				Elements: c.expertParams * share * r.steps / ranks,
				Weights:  c.expertBytes * share * r.steps / ranks,
				Rows:     all * active / share, Layers: c.moeLayers * r.steps,
				Width: r.s.expertWidth / sliced,
			})
		}
	}
	if head && sh.Output {
		add(&w.Ops[HeadMul], Op{
			FLOPs: 2 * r.s.headParams * r.headRows / ranks, Elements: r.s.headParams / ranks,
			Weights: r.s.headBytes / ranks, Rows: r.headRows, Layers: 1,
		})
	}
}

// attention adds the scores over the cache of a share's layers.
func (r *run) attention(w *Work, sh *place.Share, ranks float64) {
	from, to := clamp(sh.Layers.From, r.s.layers), clamp(sh.Layers.To, r.s.layers)
	if to <= from {
		return
	}
	op := &w.Ops[AttnScores]
	for k := range r.s.attn {
		a := &r.s.attn[k]
		n := float64(a.layers[to] - a.layers[from])
		if n == 0 {
			continue
		}
		perToken := a.elemsK*r.bytesK + a.elemsV*r.bytesV
		cacheRanks := 1.0
		if a.kvHeads > 0 {
			cacheRanks = math.Min(ranks, a.kvHeads)
		}
		for i := range r.n {
			q := &r.queries[i]
			mean := meanMin(q.first, q.last, a.window) / a.compression
			if q.square == 0 {
				op.FLOPs += n * q.seqs * mean * a.flopsPerPair / ranks
				op.Scores += 4 * n * q.seqs * mean * a.heads / ranks
				op.Cache += n * q.seqs * mean * perToken / cacheRanks
				continue
			}
			// Scores of a micro-batch are computed as a rectangle, masked
			// above the diagonal: half a micro-batch more per token.
			pairs := q.tokens * (mean + q.square/2/a.compression)
			op.FLOPs += n * pairs * a.flopsPerPair / ranks
			op.Scores += 4 * n * pairs * a.heads / ranks
			// Each micro-batch reads its sequences' caches once and writes its own part.
			op.Cache += n * (math.Max(r.steps, q.seqs)*mean + q.tokens) * perToken / cacheRanks
		}
		op.Layers += n * r.steps
	}
	op.Rows = r.rows
}

func add(dst *Op, o Op) {
	if dst.Layers == 0 {
		*dst = o
		return
	}
	dst.FLOPs += o.FLOPs
	dst.Elements += o.Elements
	dst.Weights += o.Weights
	dst.Cache += o.Cache
	dst.Activation += o.Activation
	dst.Layers += o.Layers
	dst.Rows = math.Max(dst.Rows, o.Rows)
	dst.Width = math.Max(dst.Width, o.Width)
}

func (w *Work) empty() bool {
	for k := range w.Ops {
		if w.Ops[k].Layers > 0 {
			return false
		}
	}
	return true
}
