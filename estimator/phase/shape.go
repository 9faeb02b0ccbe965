package phase

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
)

// sums are prefix sums over the layers.
type sums struct {
	denseParams, denseBytes   float64
	recParams, recBytes       float64
	recState                  float64 // bytes of state of one sequence
	recLayers                 float64
	expertParams, expertBytes float64
	moeLayers                 float64
	attnLayers                float64
	activation                float64 // elements of one token
}

// attention is one geometry of attention layers.
type attention struct {
	flopsPerPair  float64 // of one query token with one cached token, all heads
	flopsExpanded float64 // the same with keys and values of every head instead of a latent
	heads         float64
	elemsK        float64 // cached elements per token, K and latent side
	elemsV        float64
	kvHeads       float64 // 0 for a latent, which no rank can divide
	window        float64 // tokens, 0 = all
	compression   float64 // tokens per cached entry, at least 1
	layers        []int32 // prefix counts
	latentOrIndex bool
}

// Shape is a model in one weight format, condensed to prefix sums, so that
// the work of any contiguous range of layers is had without a loop over them.
// It is immutable and may be shared.
type Shape struct {
	layers          int
	cum             []sums
	attn            []attention
	experts, perTok float64
	expertWidth     float64
	headParams      float64
	headBytes       float64
	hidden          float64
	totalBytes      float64
}

// NewShape condenses a model and its weights.
func NewShape(m *model.Model, w *format.Weights) *Shape {
	n := len(m.Layers)
	if len(w.Layers) < n {
		n = len(w.Layers)
	}
	s := &Shape{layers: n, cum: make([]sums, n+1), hidden: float64(m.Arch.HiddenSize)}
	for i := 0; i < n; i++ {
		l, b := &m.Layers[i], &w.Layers[i]
		c := s.cum[i]
		c.denseParams += float64(l.AttentionParams + l.DenseFFNParams + l.SharedParams + l.RouterParams + l.NormParams)
		c.denseBytes += float64(b[format.Attention] + b[format.DenseFFN] + b[format.Shared] + b[format.Small])
		c.recParams += float64(l.RecurrentParams)
		c.recBytes += float64(b[format.Recurrent])
		c.recState += 4 * float64(l.ConvState+l.RecurrentState)
		if l.Recurrent != model.NoRecurrence {
			c.recLayers++
		}
		if l.Experts > 0 {
			c.moeLayers++
			c.expertParams += float64(l.ExpertParams)
			c.expertBytes += float64(b[format.Experts])
			// Models mix at most dense and one kind of expert layer.
			s.experts, s.perTok = float64(l.Experts), float64(l.ExpertsPerTok)
			s.expertWidth = float64(l.ExpertFFNWidth)
		}
		if l.Attention != model.NoAttention {
			c.attnLayers++
			s.count(l, i, n)
		}
		c.activation += 4*s.hidden + 2*float64(l.Heads*l.HeadDimK) + 2*float64(l.DenseFFNWidth) +
			2*float64(l.ExpertFFNWidth*l.ExpertsPerTok)
		s.cum[i+1] = c
	}
	for k := range s.attn {
		a := &s.attn[k]
		for i := 1; i <= n; i++ {
			a.layers[i] += a.layers[i-1]
		}
	}
	s.headParams = float64(m.OutputParams)
	s.headBytes = float64(w.Output)
	if s.headParams == 0 {
		s.headParams = float64(m.EmbeddingParams)
	}
	if s.headBytes == 0 {
		s.headBytes = float64(w.Embedding)
	}
	t := s.cum[n]
	s.totalBytes = t.denseBytes + t.recBytes + t.expertBytes + s.headBytes
	return s
}

// count adds an attention layer to the geometry it belongs to.
func (s *Shape) count(l *model.Layer, i, n int) {
	a := attention{compression: math.Max(1, float64(l.KVCompression)), heads: float64(l.Heads)}
	if l.Attention == model.LatentAttention {
		// The latent serves as key and value of every head (absorbed form).
		lat, rope := float64(l.LatentDim), float64(l.RopeDim)
		a.flopsPerPair = 2 * float64(l.Heads) * (2*lat + rope)
		a.flopsExpanded = 2 * float64(l.Heads) * float64(l.HeadDimK+l.HeadDimV)
		a.elemsK = lat + rope + float64(l.IndexerDim)
		a.latentOrIndex = true
	} else {
		dk, dv := float64(l.HeadDimK), float64(l.HeadDimV)
		a.flopsPerPair = 2 * float64(l.Heads) * (dk + dv)
		a.flopsExpanded = a.flopsPerPair
		a.kvHeads = float64(l.KVHeads)
		a.elemsK = a.kvHeads*dk + float64(l.IndexerDim)
		a.elemsV = a.kvHeads * dv
	}
	if l.Attention == model.WindowAttention {
		a.window = float64(l.Window)
	}
	for k := range s.attn {
		b := &s.attn[k]
		if b.flopsPerPair == a.flopsPerPair && b.heads == a.heads && b.elemsK == a.elemsK && b.elemsV == a.elemsV &&
			b.window == a.window && b.compression == a.compression && b.latentOrIndex == a.latentOrIndex {
			b.layers[i+1]++
			return
		}
	}
	a.layers = make([]int32, n+1)
	a.layers[i+1]++
	s.attn = append(s.attn, a)
}

// span returns the sums over layers [from,to).
func (s *Shape) span(from, to int) sums {
	from, to = clamp(from, s.layers), clamp(to, s.layers)
	if to <= from {
		return sums{}
	}
	a, b := &s.cum[from], &s.cum[to]
	return sums{
		denseParams: b.denseParams - a.denseParams, denseBytes: b.denseBytes - a.denseBytes,
		recParams: b.recParams - a.recParams, recBytes: b.recBytes - a.recBytes,
		recState: b.recState - a.recState, recLayers: b.recLayers - a.recLayers,
		expertParams: b.expertParams - a.expertParams, expertBytes: b.expertBytes - a.expertBytes,
		moeLayers: b.moeLayers - a.moeLayers, attnLayers: b.attnLayers - a.attnLayers,
		activation: b.activation - a.activation,
	}
}

func clamp(i, n int) int { return max(0, min(i, n)) }

// distinct returns the share of a layer's experts that tokens tokens reach
// when each picks perTok of experts at random: 1−(1−k/E)^tokens.
func (s *Shape) distinct(tokens float64) float64 {
	if s.experts <= 0 || s.perTok >= s.experts {
		return 1
	}
	return -math.Expm1(tokens * math.Log1p(-s.perTok/s.experts))
}

// meanMin returns the mean of min(x, w) for x running from a to b; w = 0
// stands for no bound.
func meanMin(a, b, w float64) float64 {
	switch {
	case w <= 0 || b <= w:
		return (a + b) / 2
	case a >= w:
		return w
	}
	return ((w-a)*(a+w)/2 + (b-w)*w) / (b - a)
}
