package memory

import (
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/place"
)

const (
	llamaWeights = "llama.cpp: src/llama-model.cpp (load_tensors), src/llama-quant.cpp"
	llamaCache   = "llama.cpp: src/llama-kv-cache.cpp, llama-kv-cache-iswa.cpp"
	llamaState   = "llama.cpp: src/llama-memory-recurrent.cpp, llama-hparams.cpp"
	llamaCompute = "worst-case graph reserved at start; formula fitted to the buffers that llama.cpp and ik_llama.cpp print"
)

// llama fills the ledgers of the llama.cpp family: every buffer is allocated
// in full at the start.
func llama(in *Input, p *place.Placement, ledgers []Ledger) {
	s, w, pr := in.Settings, in.Weights, in.Profile
	last := len(p.Shares) - 1
	gpu := last > 0
	g := graph{in: in, p: p, micro: float64(s.Micro()), gpu: gpu}
	g.pipelined = gpu && last > 1 && s.Split == engine.SplitLayer && p.Shares[last].Layers.Len() == 0 && p.Shares[last].Experts.Len() == 0
	row := s.Split == engine.SplitRow
	for i := range p.Shares {
		sh, l := &p.Shares[i], &ledgers[i]
		host := i == last
		ranks := max(sh.Ranks, 1)
		r := sh.Layers
		bytes := layerBytes(w, r, ranks) + w.Range(format.Experts, sh.Experts.From, sh.Experts.To)/int64(ranks)
		if sh.Output {
			switch {
			case pr.headless:
			case !w.Tied:
				bytes += w.Output / int64(ranks)
			case !host || s.Rules.TiedCopy:
				// A tied head is a second copy of the embedding beside it.
				bytes += w.Embedding / int64(ranks)
			}
			if in.Model.Arch.Positions == 0 {
				bytes += w.Other
			}
		}
		if host && in.Model.Arch.Positions > 0 {
			// A table of positions is an input, as the token embedding is.
			bytes += w.Other
		}
		if host {
			bytes += w.Embedding + w.PerLayerEmbedding
		}
		if (gpu && i == 0) || (!gpu && host) {
			bytes += max(remainder(w)-w.Other, 0)
		}
		wl := l.weights(w, bytes)

		var cache, state int64
		holds := !row || sh.Rank == 0 || host
		if holds && !sh.CacheOnHost {
			parts := ranks
			if row {
				parts = 1
			}
			cache = pr.cacheBytes(s, r.From, r.To, parts)
			state = pr.stateBytes(r.From, r.To, parts)
		}
		if host && s.NoKVOffload {
			cache = pr.cacheBytes(s, 0, pr.Layers, 1)
			state = pr.stateBytes(0, pr.Layers, 1)
		}
		var kl, rl *Line
		if cache > 0 {
			kl = l.line(KVCache, cache, cache, cache)
		}
		if state > 0 {
			state *= int64(s.Slots)
			rl = l.line(Recurrent, state, state, state)
		}
		rel := s.Rules.Compute.Spread
		var floats float64
		if host {
			floats = g.host(sh)
		} else {
			floats = g.device(sh)
		}
		var cl *Line
		if floats > 0 {
			cl = l.spread(Compute, clampBytes(floats), rel)
		}
		if i == 0 { // the first device, or the host alone
			in.tower(l, false)
		}
		switch {
		case !host:
			l.soft(Runtime, s.Device.ContextMiB, mib)
		case s.Engine.Host != nil:
			l.soft(Runtime, s.Engine.Host.ProcessMiB, mib)
		}
		if in.Explain {
			wl.explain(llamaWeights, "layers %d..%d: %d B; experts of layers %d..%d: %d B; output %t, embedding %t (%s)", r.From, r.To,
				layerBytes(w, r, ranks), sh.Experts.From, sh.Experts.To, w.Range(format.Experts, sh.Experts.From, sh.Experts.To)/int64(ranks), sh.Output, host, w.Format)
			kl.explain(llamaCache, "sum over layers %d..%d with a cache of cells x (K x %g B + V x %g B); %d cells, windowed layers %d", r.From, r.To, s.KVBytesK, s.KVBytesV, s.Cells, s.WindowCells(pr.Window))
			rl.explain(llamaState, "4 B x %d elements x %d sequences", pr.state[r.To]-pr.state[r.From], s.Slots)
			cl.explain(llamaCompute, "micro-batch %d, vocabulary %d, hidden size %d, context %d, flash attention %t", s.Micro(), pr.Vocab, pr.Embedding, s.Cells, s.FlashOn)
		}
	}
}

// graph sizes the compute buffers. Its unit is bytes; the rules count float32
// elements per token of the micro-batch, hence the factor 4·U.
type graph struct {
	in        *Input
	p         *place.Placement
	micro     float64
	gpu       bool
	pipelined bool // several devices work on different micro-batches at once
}

// expertActs are the activations of the routed experts of one token: their
// inputs, gate, up and result.
func (g *graph) expertActs() float64 {
	pr := g.in.Profile
	return float64(pr.Used) * float64(pr.Embedding+2*pr.ExpertFFN)
}

// streamed reports whether prompt batches copy the experts of the host to a
// device rather than compute them on the host: where every expert meets more
// than 32 tokens on average (ggml-cuda offload_op threshold).
func (g *graph) streamed() bool {
	pr := g.in.Profile
	return pr.Experts > 0 && g.micro*float64(pr.Used) > 32*float64(pr.Experts)
}

// output is the term of whoever computes the logits: logits and n hidden
// vectors per token.
func (g *graph) output(cpu bool) float64 {
	pr, c := g.in.Profile, &g.in.Settings.Rules.Compute
	n := c.OutputEmbeds
	switch {
	case cpu:
		n = c.OutputEmbedsCPU
	case pr.Window > 0:
		n = c.OutputEmbedsWindow
	}
	logits := float64(pr.Vocab)
	if pr.headless {
		logits = 0
	}
	f := logits + n*float64(pr.Embedding)
	if g.pipelined && !cpu {
		f = logits + 2*float64(g.in.Settings.Cells) + 5*float64(pr.Embedding)
	}
	return f
}

// attention is the term of a device that attends: without flash attention
// the scores of every head over the whole context, in float32.
func (g *graph) attention(from, to int) float64 {
	pr, s := g.in.Profile, g.in.Settings
	if !pr.attends(from, to) || pr.Heads == 0 {
		return 0
	}
	cells, heads := float64(s.Cells), float64(pr.Heads)
	if pr.Latent > 0 {
		return g.latent(cells, heads)
	}
	if s.FlashOn {
		return 0
	}
	masks := 1.0
	if pr.Window > 0 {
		masks = 2
	}
	f := (heads+masks)*cells + 2*float64(pr.Embedding) + 2*heads*float64(pr.HeadK)
	if pr.parallelFFN {
		f += 2 * float64(pr.FFN)
	}
	if pr.fusedQKV {
		f += 2 * float64(pr.Embedding)
	}
	return f
}

// latent is the attention term of MLA, by what is cached.
func (g *graph) latent(cells, heads float64) float64 {
	pr, s := g.in.Profile, g.in.Settings
	width := float64(pr.HeadK)
	nope := width - float64(pr.Rope)
	switch {
	case s.MLA == "expanded":
		if s.FlashOn {
			return 0
		}
		return (heads+1)*cells + 3*float64(pr.Embedding) + heads*width + heads*(nope+float64(pr.HeadV))
	case s.Rules.Compute.ExpandLatent && s.FlashOn:
		// One layer's keys and values of every head are expanded from the
		// latent for the whole context: K and V in 16 bit and K's part
		// without rotation in 32 bit before that.
		perCell := heads * (4*nope + 2*width + 2*float64(pr.HeadV))
		if g.micro >= 1024 {
			perCell = heads * 2 * width
		}
		return cells*perCell/(4*g.micro) + 0.5*cells + float64(pr.Vocab)
	case s.FlashOn:
		return 2*heads*float64(pr.Latent+pr.Rope) + heads*float64(pr.Latent) + 0.5*cells
	default:
		return (heads+1)*cells + 2*float64(pr.Embedding) + 2*heads*float64(pr.Latent+pr.Rope)
	}
}

// layers is the term of a device that computes feed-forward parts with flash
// attention on: temporaries of the widest layer and, where the cache is
// quantised, one layer's keys and values in 16 bit.
func (g *graph) layers(sh *place.Share) (floats, bytes float64) {
	pr, s := g.in.Profile, g.in.Settings
	if sh.Layers.Len() == 0 {
		return 0, 0
	}
	c := &s.Rules.Compute
	hostExperts := pr.Experts > 0 && sh.Experts.Len() < sh.Layers.Len()
	switch {
	case pr.Experts == 0:
		floats = 2*float64(pr.FFN) + 2*float64(pr.Embedding)
	case hostExperts && c.StreamExperts && g.micro >= 32:
		floats = g.expertActs()
		bytes = float64(g.in.Weights.LargestExpertTensor)
	case hostExperts && !g.streamed():
		floats = g.expertActs()
	default:
		floats = 2 * g.expertActs()
		if hostExperts {
			floats += 0.5 * float64(s.Cells) // the mask in 16 bit
		}
	}
	if s.QuantisedKV && s.FlashOn && pr.Latent == 0 && !pr.encoder && pr.attends(sh.Layers.From, sh.Layers.To) {
		bytes += 2 * float64(s.Cells) * float64(pr.kvElements)
	}
	if g.pipelined {
		floats += c.PipelineCopies * float64(s.Cells)
	}
	return floats, bytes
}

// device returns the compute buffer of one device, bytes.
func (g *graph) device(sh *place.Share) float64 {
	floats, extra := g.layers(sh)
	u := 4 * g.micro
	need := u*floats + extra
	need = max(need, u*g.attention(sh.Layers.From, sh.Layers.To))
	if sh.Output {
		need = max(need, u*g.output(false))
	}
	if sh.Layers.Len() == 0 && !sh.Output {
		return 0
	}
	return need
}

// host returns the buffers in main memory, bytes: with devices the pinned
// graph inputs (masks and embeddings), and what the processor computes
// itself.
func (g *graph) host(sh *place.Share) float64 {
	pr, s := g.in.Profile, g.in.Settings
	c := &s.Rules.Compute
	u := 4 * g.micro
	cells := float64(s.Cells)
	if pr.attending[pr.Layers] == 0 {
		cells = 0
	}
	if !g.gpu {
		return max(u*g.output(true), u*g.attention(0, pr.Layers))
	}
	masks := cells
	if pr.Window > 0 {
		masks += float64(s.WindowCells(pr.Window))
	}
	if g.pipelined {
		masks *= c.PipelineCopies
	}
	inputs := masks + float64(pr.Embedding)
	if pr.encoder {
		inputs += float64(pr.Embedding) // the pooling matrix or the token types
	}
	if sh.Experts.Len() > 0 && c.HostExperts && !g.streamed() {
		inputs = max(inputs, 2*cells, g.expertActs())
	}
	need := u * inputs
	var computed float64
	if sh.Layers.Len() > 0 {
		computed = g.attention(sh.Layers.From, sh.Layers.To)
	}
	if sh.Output {
		computed = max(computed, g.output(true))
	}
	return need + u*computed
}
