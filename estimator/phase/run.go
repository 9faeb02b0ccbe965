package phase

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/place"
)

// run holds what is the same for every share of a phase.
type run struct {
	s              *Shape
	settings       *engine.Settings
	rules          *engine.Rules
	dst            *Phase
	rows           float64 // tokens per micro-batch
	tokens, steps  float64
	headRows, seqs float64
	active         float64 // data-parallel groups that have work at most, 0 for all
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
// or where the engine does that and it is less, a dispatch of 8-bit and a
// combine of 16-bit copies to each token's experts.
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
	bytes := gathered * r.busy(groups)
	if r.dispatches(sh) && dispatched*r.s.perTok < bytes {
		bytes, r.dst.ExchangeCopies = dispatched*r.s.perTok, r.s.perTok
		if serve := &r.rules.Serve; r.rows >= serve.OverlapRows {
			r.dst.Overlap = serve.OverlapShare
		}
	}
	r.dst.ExchangeBytes = r.rows * r.s.hidden * bytes
	r.dst.ExchangeRanks = max(r.dst.ExchangeRanks, sh.ExpertRanks)
}

// busy returns how many of the groups that share experts have tokens: one prompt
// by itself is the work of one.
func (r *run) busy(groups float64) float64 {
	if r.active > 0 {
		return math.Min(groups, r.active)
	}
	return groups
}

// dispatches tells whether the engine sends tokens to their experts alone.
func (r *run) dispatches(sh *place.Share) bool {
	return sh.ExpertRanks >= r.rules.Serve.DispatchRanks
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
			busy := r.busy(groups)
			all := r.rows * busy
			ranks := ranks * groups
			sliced := ranks
			if sh.ExpertsWhole {
				sliced = 1
			}
			share := r.s.distinct(all)
			active := r.s.perTok / r.s.experts
			skew, noise := 0.0, 0.0
			if sh.ExpertsWhole && ranks > 1 {
				skew = 2 * math.Log(ranks) * math.Min(1, ranks/r.s.experts)
				if left := r.rules.Serve.BalancedSkew; left > 0 && r.dispatches(sh) {
					skew *= left * left
				}
				noise = 2 * math.Log(ranks) * ranks / (all * r.s.perTok)
			}
			add(&w.Ops[ExpertMul], Op{
				FLOPs:    2 * c.expertParams * active * r.tokens * busy / ranks,
				Elements: c.expertParams * share * r.steps / ranks,
				Weights:  c.expertBytes * share * r.steps / ranks,
				Rows:     all * active / share, Layers: c.moeLayers * r.steps,
				Width: r.s.expertWidth / sliced, Skew: skew, Noise: noise,
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
			cacheRanks = a.kvHeads / float64(r.settings.HeldHeads(int(a.kvHeads), int(ranks)))
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
			perPair := a.flopsPerPair
			if r.rules.ExpandPrompts {
				perPair = a.flopsExpanded
			}
			op.FLOPs += n * pairs * perPair / ranks
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
	dst.Skew, dst.Noise = math.Max(dst.Skew, o.Skew), math.Max(dst.Noise, o.Noise)
}

func (w *Work) empty() bool {
	for k := range w.Ops {
		if w.Ops[k].Layers > 0 {
			return false
		}
	}
	return true
}
