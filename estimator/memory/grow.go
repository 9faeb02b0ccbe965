package memory

import (
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/place"
)

// grow fills the ledgers of engines whose cache grows with use (MLX,
// transformers) or is made once for the asked context (ExLlama, MLC): weights
// once, the cache of the context for every sequence, and the activations of
// one prompt chunk, of which the logits are the most.
func grow(in *Input, p *place.Placement, ledgers []Ledger) {
	s, w, pr := in.Settings, in.Weights, in.Profile
	last := len(p.Shares) - 1
	u := float64(s.Micro())
	for i := range p.Shares {
		sh, l := &p.Shares[i], &ledgers[i]
		if i == last && last > 0 {
			if s.Engine.Host != nil {
				l.soft(Runtime, s.Engine.Host.ProcessMiB, mib)
			}
			continue
		}
		ranks := max(sh.Ranks, 1)
		r := sh.Layers
		bytes := layerBytes(w, r, ranks) + w.Range(format.Experts, sh.Experts.From, sh.Experts.To)/int64(ranks)
		if i == 0 {
			bytes += w.Embedding + w.PerLayerEmbedding + remainder(w)
			if towerCounted(in) {
				bytes += w.Vision
			}
		}
		if sh.Output {
			bytes += w.Output
		}
		wl := l.weights(w, bytes)
		cache := pr.cacheBytes(s, r.From, r.To, ranks)
		if cache > 0 {
			l.line(KVCache, cache, cache, cache)
		}
		state := pr.stateBytes(r.From, r.To, ranks) * int64(s.Slots)
		if state > 0 {
			l.line(Recurrent, state, state, state)
		}
		acts := 2 * u * (2*float64(pr.FFN) + 4*float64(pr.Embedding))
		if pr.Experts > 0 {
			acts = 2 * u * (float64(pr.Used)*float64(pr.Embedding+2*pr.ExpertFFN) + 4*float64(pr.Embedding))
		}
		if sh.Output {
			acts += 2 * u * float64(pr.Vocab)
		}
		cl := l.spread(Compute, clampBytes(acts), s.Rules.Compute.Spread)
		if i == 0 {
			in.tower(l, towerCounted(in))
		}
		if last > 0 {
			l.soft(Runtime, s.Device.ContextMiB, mib)
		} else if s.Engine.Host != nil {
			l.soft(Runtime, s.Engine.Host.ProcessMiB, mib)
		}
		if in.Explain {
			wl.explain("sum of the tensors in "+w.Format, "%d B", bytes)
			cl.explain("logits and activations of one prompt chunk in 16 bit", "2 B x %d tokens x (vocabulary %d + activations)", s.Micro(), pr.Vocab)
		}
	}
}
