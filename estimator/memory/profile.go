package memory

import (
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/model"
)

// Profile is the geometry of a model's caches and graphs, summed up once per
// model so that an estimate needs no loop over layers: layers of the same
// cache geometry form one class with a running count.
type Profile struct {
	classes []class
	// state[i] is the recurrent state, in elements per sequence, of layers [0,i).
	state []int64
	// attending[i] is the number of layers with attention among [0,i).
	attending []int32

	Layers, Embedding, Vocab int
	// Largest values over the layers.
	Heads, HeadK, HeadV, FFN int
	kvElements               int // of K and V of one token in one layer, windowless
	// Experts: routed experts and those used per token, and their width.
	Experts, Used, ExpertFFN int
	Window                   int // the widest sliding window, 0 when none
	Latent, Rope             int // of latent attention, 0 when none
	OneKind                  bool
	parallelFFN              bool // attention and feed-forward side by side
	fusedQKV                 bool // query, key and value come out of one matrix and are copied apart
	headless                 bool // no output head: an embedding model
	encoder                  bool // attends both ways: needs no cache between batches
	rotary                   int
}

// geometry is what sets the cache of one layer apart.
type geometry struct {
	kind                                                          model.AttentionKind
	window, compression, kvHeads, k, v, latent, rope, indexerElem int
}

type class struct {
	geometry
	count []int32 // layers of this class among [0,i)
}

// maxClasses bounds the classes of hostile models; beyond it every layer
// still counts, in a class of its own kind's largest geometry.
const maxClasses = 512

// NewProfile sums up a model. It is meant to be kept beside the model.
func NewProfile(m *model.Model) *Profile {
	n := len(m.Layers)
	p := &Profile{Layers: n, Embedding: m.Arch.HiddenSize, Vocab: m.Arch.VocabSize,
		state: make([]int64, n+1), attending: make([]int32, n+1)}
	p.parallelFFN, p.fusedQKV = m.Traits.Has(model.OneNorm), m.Traits.Has(model.FusedQKV)
	p.headless, p.encoder = m.Traits.Has(model.NoHead), m.Traits.Has(model.PlainEncoder)
	for i := range m.Layers {
		l := &m.Layers[i]
		p.state[i+1] = p.state[i] + l.ConvState + l.RecurrentState
		p.attending[i+1] = p.attending[i]
		p.FFN = max(p.FFN, l.DenseFFNWidth)
		if l.Experts > 0 {
			p.Experts, p.Used, p.ExpertFFN = max(p.Experts, l.Experts), max(p.Used, l.ExpertsPerTok), max(p.ExpertFFN, l.ExpertFFNWidth)
		}
		if l.Attention == model.NoAttention {
			continue
		}
		p.attending[i+1]++
		p.Heads, p.HeadK, p.HeadV = max(p.Heads, l.Heads), max(p.HeadK, l.HeadDimK), max(p.HeadV, l.HeadDimV)
		p.Window = max(p.Window, l.Window)
		p.rotary = max(p.rotary, l.HeadDimK)
		p.kvElements = max(p.kvElements, l.KVHeads*(l.HeadDimK+l.HeadDimV))
		if l.Attention == model.LatentAttention {
			p.Latent, p.Rope = l.LatentDim, l.RopeDim
			p.rotary = l.RopeDim
		}
		if l.OwnsCache || p.encoder {
			p.add(i, n, geometry{l.Attention, l.Window, l.KVCompression, l.KVHeads, l.HeadDimK, l.HeadDimV, l.LatentDim, l.RopeDim, l.IndexerDim})
		}
	}
	for c := range p.classes {
		count := p.classes[c].count
		for i := 1; i <= n; i++ {
			count[i] += count[i-1]
		}
	}
	p.OneKind = len(p.classes) <= 1 && p.state[n] == 0
	return p
}

func (p *Profile) add(layer, n int, g geometry) {
	for c := range p.classes {
		if p.classes[c].geometry == g || len(p.classes) >= maxClasses {
			p.classes[c].count[layer+1]++
			return
		}
	}
	p.classes = append(p.classes, class{g, make([]int32, n+1)})
	p.classes[len(p.classes)-1].count[layer+1]++
}

// elements returns the cached elements of K and V per token in one layer of
// the class, on one of ranks tensor-parallel ranks: those of the heads that it
// holds; the latent of MLA is held by every rank.
func (c *class) elements(s *engine.Settings, ranks int) (k, v int) {
	if c.kind == model.LatentAttention && s.MLA != "expanded" {
		if s.MLA == "latent+v" {
			return c.latent + c.rope, c.latent
		}
		return c.latent + c.rope, 0
	}
	heads := s.HeldHeads(c.kvHeads, ranks)
	return heads * c.k, heads * c.v
}

// cells returns the cells of the class, all streams together.
func (c *class) cells(s *engine.Settings) int {
	n := s.Cells
	if c.window > 0 && c.kind == model.WindowAttention {
		n = s.WindowCells(c.window)
	}
	if c.compression > 1 {
		n = (n + c.compression - 1) / c.compression
	}
	return n
}

// cacheBytes returns the bytes of the KV cache of layers [from,to) as an
// engine allocates it in full at the start.
func (p *Profile) cacheBytes(s *engine.Settings, from, to, ranks int) int64 {
	if p.encoder && !s.Rules.EncoderCache {
		return 0
	}
	var sum float64
	for i := range p.classes {
		c := &p.classes[i]
		n := c.count[to] - c.count[from]
		if n == 0 {
			continue
		}
		k, v := c.elements(s, ranks)
		// The key of a sparse-attention indexer stays in 16 bit.
		token := float64(k)*s.KVBytesK + float64(v)*s.KVBytesV + 2*float64(c.indexerElem)
		sum += float64(n) * float64(c.cells(s)) * token
	}
	return int64(sum)
}

// sequenceBytes returns the bytes that one sequence of so many tokens takes
// in a paged cache with blocks of block tokens: windowed layers keep their
// window and what one scheduling step adds (vLLM: ceil((W-1+batched)/B)+1
// blocks), the others every token.
func (p *Profile) sequenceBytes(s *engine.Settings, tokens, from, to, ranks, block int) float64 {
	if p.encoder {
		return 0
	}
	var sum float64
	block = max(block, 1)
	for i := range p.classes {
		c := &p.classes[i]
		n := c.count[to] - c.count[from]
		if n == 0 {
			continue
		}
		k, v := c.elements(s, ranks)
		token := float64(k)*s.KVBytesK + float64(v)*s.KVBytesV + 2*float64(c.indexerElem)
		held := engine.Pad(tokens, block)
		if c.kind == model.WindowAttention && c.window > 0 && s.Rules.WindowCache && !s.SWAFull {
			held = min(held, engine.Pad(c.window-1+s.MaxNumBatchedTokens, block)+block)
		}
		if c.compression > 1 {
			held = (held + c.compression - 1) / c.compression
		}
		sum += float64(n) * float64(held) * token
	}
	return sum
}

// stateBytes returns the recurrent state of one sequence in layers [from,to),
// in F32, divided over ranks.
func (p *Profile) stateBytes(from, to, ranks int) int64 {
	return 4 * (p.state[to] - p.state[from]) / int64(max(ranks, 1))
}

// attends reports whether any of layers [from,to) has attention.
func (p *Profile) attends(from, to int) bool { return p.attending[to] > p.attending[from] }
