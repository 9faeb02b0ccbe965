package memory

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/place"
	"github.com/plimsoll/plimsoll/hardware"
)

const (
	vllmSource   = "vLLM: vllm/v1/worker/gpu_worker.py, vllm/v1/kv_cache_interface.py"
	sglangSource = "SGLang: python/sglang/srt/server_args.py, model_runner.py"
	trtSource    = "TensorRT-LLM: KvCacheConfig.free_gpu_memory_fraction"
)

// serve fills the ledgers of serving engines: what they claim of a device is
// filled by weights, activations and a paged cache. The cache line is what
// the work needs (at least one sequence of the full context, and every
// sequence in flight at its own length); the pool that the engine makes of
// all the rest is in PoolBytes and PoolTokens.
func serve(in *Input, p *place.Placement, ledgers []Ledger) {
	s, w, pr := in.Settings, in.Weights, in.Profile
	r := &s.Rules.Serve
	last := len(p.Shares) - 1
	for i := range p.Shares {
		sh, l := &p.Shares[i], &ledgers[i]
		if i == last && last > 0 {
			if s.Engine.Host != nil {
				l.soft(Runtime, s.Engine.Host.ProcessMiB, mib)
			}
			continue
		}
		ranks := max(sh.Ranks, 1)
		lr := sh.Layers
		if before := max(i-1, 0); sh.Rank > 0 && p.Shares[before].Layers == lr && sh.Device == p.Shares[before].Device {
			// Ranks of one stage are alike.
			l.Lines = append(l.Lines, ledgers[before].Lines...)
			l.PoolBytes, l.PoolTokens = ledgers[before].PoolBytes, ledgers[before].PoolTokens
			continue
		}
		bytes := layerBytes(w, lr, ranks) + w.Range(format.Experts, lr.From, lr.To)/int64(max(sh.ExpertRanks, ranks))
		if sh.Embedding || last == 0 {
			bytes += (w.Embedding+w.PerLayerEmbedding)/int64(ranks) + remainder(w)
			if towerCounted(in) {
				bytes += w.Vision // towers are loaded with the model, by every rank
			}
		}
		if sh.Output || last == 0 {
			switch {
			case !w.Tied:
				bytes += w.Output / int64(ranks)
			case !sh.Embedding && last > 0:
				bytes += w.Embedding / int64(ranks) // the last stage needs its own
			}
		}
		if r.Rotary {
			bytes += int64(in.Model.Arch.MaxContext) * int64(pr.rotary) * 2
		}
		wl := l.weights(w, bytes)

		need, one, each := cacheNeed(in, lr, ranks)
		kl := l.line(KVCache, int64(need), int64(need), int64(need))
		stateOne := pr.stateBytes(lr.From, lr.To, ranks)
		state := stateOne * int64(s.PerGroup())
		if state > 0 {
			l.line(Recurrent, state, state, state)
		}
		acts := activation(in, ranks)
		al := l.spread(Compute, acts, r.ActivationSpread)
		other := r.NonTorchGiB
		switch {
		case ranks > 1 && sh.Device != nil && sh.Device.NVLinkGBps == 0 && r.NonTorchTPPCIeGiB.Known():
			other = r.NonTorchTPPCIeGiB
		case ranks > 1 && r.NonTorchTPGiB.Known():
			other = r.NonTorchTPGiB
		case s.PP > 1 && r.NonTorchPPGiB.Known():
			other = r.NonTorchPPGiB
		}
		tower := 0.0
		if sh.Embedding || last == 0 {
			tower = in.tower(l, towerCounted(in))
		}
		l.soft(Runtime, other, gib)
		gl := l.soft(Runtime, r.GraphGiB, gib)
		gl.Note = "captured graphs"
		if sh.Device != nil {
			poolOf(in, sh.Device, l, float64(bytes)+tower, acts, other.Value*gib, one, each, float64(stateOne))
		}
		if in.Explain {
			wl.explain(family(s), "%d B of %s on one of %d ranks", bytes, w.Format, ranks)
			kl.explain(family(s), "max(one sequence of %d tokens, %d sequences of %d tokens), %g and %g B per element of K and V", s.Context, s.Slots, in.Workload.MaxTokens(), s.KVBytesK, s.KVBytesV)
			al.explain(family(s), "%g B x %d sequences x vocabulary %d + %g GiB", r.ActivationPerSeqVocab, s.MaxNumSeqs, pr.Vocab, r.ActivationGiB)
		}
	}
}

func family(s *engine.Settings) string {
	switch s.Engine.Family {
	case engine.VLLM:
		return vllmSource
	case engine.SGLang:
		return sglangSource
	}
	return trtSource
}

// cacheNeed returns the bytes of cache that the work needs, and those of one
// sequence: of the full context, and of the work.
func cacheNeed(in *Input, r place.Range, ranks int) (need, one, each float64) {
	s, pr := in.Settings, in.Profile
	block := s.Rules.Serve.BlockTokens
	one = pr.sequenceBytes(s, s.Context, r.From, r.To, ranks, block)
	tokens := min(max(in.Workload.MaxTokens(), in.Workload.Depth+in.Workload.InputTokens+in.Workload.OutputTokens), s.Context)
	each = pr.sequenceBytes(s, tokens, r.From, r.To, ranks, block)
	return max(one, float64(s.PerGroup())*each), one, each
}

// activation returns the peak of a profile run: logits of the sampler for
// every sequence, a base, and the routed activations of a mixture.
func activation(in *Input, ranks int) float64 {
	s, pr := in.Settings, in.Profile
	r := &s.Rules.Serve
	acts := r.ActivationPerSeqVocab*float64(s.MaxNumSeqs)*float64(pr.Vocab) + r.ActivationGiB*gib +
		r.ActivationPerTokenHidden*float64(s.MaxNumBatchedTokens)*float64(pr.Embedding)
	if r.ExpertActivation && pr.Experts > 0 && in.Weights.Class != format.ClassFP4 {
		ffn := float64(pr.ExpertFFN) / float64(ranks)
		acts += float64(s.MaxNumBatchedTokens) * float64(pr.Used) * 2 * (max(2*ffn, float64(pr.Embedding)) + ffn)
	}
	return acts
}

// poolOf sizes the paged cache that the engine makes of what is left: beside the
// recurrent states, where the model has them, of as many sequences as find room
// with state and cache; the others wait.
func poolOf(in *Input, d *hardware.Device, l *Ledger, weights, acts, other, one, each, state float64) {
	s := in.Settings
	r := &s.Rules.Serve
	total := float64(s.Engine.DeviceTotal(d))
	var pool float64
	switch s.Engine.Family {
	case engine.VLLM:
		pool = s.MemoryFraction*total - weights - acts - other
		if r.GraphInside {
			pool -= r.GraphGiB.Value * gib
		}
	case engine.SGLang:
		free := total - other
		pool = free*staticFraction(s, total) - weights
	default:
		pool = s.MemoryFraction * (total - weights - acts - other)
	}
	if state > 0 {
		n := math.Floor(pool / (state + each))
		n = max(1, min(n, float64(s.PerGroup())))
		l.PoolSeqs = int(n)
		pool -= n * state
	}
	if pool <= 0 || one <= 0 {
		return
	}
	l.PoolBytes = int64(pool)
	block := max(r.BlockTokens, 1)
	if in.Profile.OneKind && in.Profile.Window == 0 {
		perBlock := one / float64(engine.Pad(s.Context, block)) * float64(block)
		l.PoolTokens = int64(pool/perBlock) * int64(block)
		return
	}
	// Engines print the pool of hybrid models as full-length requests.
	l.PoolTokens = int64(pool / one * float64(s.Context))
}

// staticFraction is SGLang's mem_fraction_static: the part of free memory for
// weights and cache, chosen by the size of chunks, graphs and ranks.
func staticFraction(s *engine.Settings, total float64) float64 {
	if s.MemoryFraction > 0 {
		return s.MemoryFraction
	}
	q := &s.Rules.Serve.Reserve
	bs := 0.0
	for _, st := range s.Rules.Serve.Steps {
		if total >= st.FromGiB*gib {
			bs = float64(st.GraphBatch)
		}
	}
	r := q.Base + q.PerToken*max(float64(s.MaxNumBatchedTokens), q.MinTokens) + q.PerGraphBatch*bs + q.PerRank*float64(s.TP*s.PP)
	if total > q.FloorFromGiB*gib {
		r = max(r, q.Floor)
	}
	return max(1-r*mib/total, 0)
}

// serveReserve says what of a device the engine does not claim.
func serveReserve(in *Input, d *hardware.Device, usable int64, l *Ledger) {
	s := in.Settings
	total := float64(usable)
	var claimed float64
	switch s.Engine.Family {
	case engine.VLLM:
		claimed = s.MemoryFraction * total
		l.ReservedWhy = "beyond gpu_memory_utilization"
		if !s.Rules.Serve.GraphInside {
			// Graphs are captured outside the claimed share.
			claimed = min(claimed+s.Rules.Serve.GraphGiB.Value*gib, total)
		}
	case engine.SGLang:
		// Activations and graphs live in what the static fraction leaves.
		claimed = total
		l.ReservedWhy = "driver"
	default:
		claimed = total
		l.ReservedWhy = "driver"
	}
	if d.FreeBytes > 0 && float64(d.FreeBytes) < claimed {
		claimed = float64(d.FreeBytes)
		l.ReservedWhy = "in use when it was read"
	}
	l.Reserved = max(l.Capacity-int64(claimed), 0)
}
