package pipeline

import (
	"fmt"
	"math"
)

// ditStage is one pass of a transformer denoiser.
func (m *Model) ditStage(c *Component, j *Job) (Stage, error) {
	image, why, err := m.imageTokens(c, j)
	if err != nil {
		return Stage{}, err
	}
	text := m.textTokens(c, j)
	n, width, assumed := count{}, float64(c.Hidden), why
	tokens := image
	batch := float64(j.Batch)
	switch {
	case c.shaped():
		if c.Kind == MMDiT || c.Kind == SingleDiT {
			tokens += text
		}
		assumed = joinReasons(assumed, n.dit(c, batch, tokens, text))
		// Weights of a count leave out embeddings and modulation.
		if w := c.uses(); w > 0 {
			n.params = w
		}
	case c.uses() > 0:
		width = n.bySize(c, tokens)
		n.times(batch)
		assumed = joinReasons(assumed, bySizeWords)
	default:
		return Stage{}, fmt.Errorf("%s: neither the size nor the layers of %q are known: give params, or layers and hidden", m.ID, c.Name)
	}
	name := "denoising"
	if c.Role == ControlNet {
		name = "control"
	}
	st := n.stage(name, 0, WorkDiT, 0)
	st.Tokens, st.Width, st.Assumed = batch*tokens, width, assumed
	return st, nil
}

// shaped says whether the layers of a transformer are known, and which rule
// counts them.
func (c *Component) shaped() bool {
	if c.Hidden <= 0 {
		return false
	}
	switch c.Kind {
	case MMDiT:
		return c.DoubleLayers+c.SingleLayers+c.Layers > 0
	case CrossDiT, SingleDiT, LinearDiT, Transformer:
		return c.Layers > 0
	}
	return false
}

// dit counts the layers of a denoiser over b samples of tokens, and says what
// was assumed.
//
//   - MMDiT (arXiv:2403.03206): linear 2·S·(double+single)·LinearD2·d² with S the
//     image's and the text's tokens; attention 4·(double+single)·S²·d.
//   - CrossDiT (arXiv:2310.00426): linear 2·S·L·(6d² + 2·d·ffn) + 4·text·L·d²,
//     or LinearD2·d² for the parenthesis; attention 4·L·(S² + S·text)·d.
//   - SingleDiT: 2·S·L·(4d² + (gated ? 3 : 2)·d·ffn), attention 4·L·S²·d.
//   - LinearDiT (arXiv:2410.10629): that of CrossDiT with a gated feed-forward
//     part that has a depthwise convolution; attention 4·S·d·head·L within the
//     image, and to the text 4·L·S·text·d.
func (n *count) dit(c *Component, b, tokens, text float64) string {
	d := float64(c.Hidden)
	l := block{width: d, kv: d, ffn: float64(c.FFN), gated: c.Gated, modulated: true}
	layers, streams, assumed := float64(c.Layers), 1.0, ""
	switch c.Kind {
	case MMDiT:
		layers = float64(c.DoubleLayers + c.SingleLayers + c.Layers)
		// Layers with weights of their own for the text launch each operation twice.
		streams = (2*float64(c.DoubleLayers) + float64(c.SingleLayers+c.Layers)) / layers
		d2 := c.LinearD2
		if d2 <= 0 {
			d2 = usualD2
		}
		l.ffn = math.Max(0, d2-4) * d / 2
		if c.Gated {
			l.ffn = math.Max(0, d2-4) * d / 3
		}
	case CrossDiT:
		l.cross = d
		if c.LinearD2 > 0 {
			l.ffn, l.gated = math.Max(0, c.LinearD2-6)*d/2, false
		}
	case LinearDiT:
		l.cross, l.gated, l.mixed = d, true, true
		l.headDim = d / float64(c.Heads)
		if c.Heads <= 0 {
			l.headDim = math.Min(d, usualHead)
			assumed = fmt.Sprintf("the heads are not known, taken as %.0f wide", l.headDim)
		}
	}
	if l.ffn <= 0 {
		l.ffn = plainFFN(d, l.gated)
		assumed = joinReasons(assumed, fmt.Sprintf("the feed-forward width is not known, taken as %.0f", l.ffn))
	}
	if l.cross > 0 && text <= 0 {
		l.cross = 0
	}
	one := count{}
	one.layer(&l, b, tokens, tokens, text)
	one.kernels *= streams
	n.add(&one, layers)
	return assumed
}

// usualD2 is the multiply-adds a token and layer over d²: 4 of attention and 8
// of a feed-forward part of four times the width.
const usualD2 = 12

// usualHead is a head's width in attention linear in tokens (Xie et al. 2024,
// arXiv:2410.10629).
const usualHead = 32

// bySizeWords is what bySize assumes.
const bySizeWords = "only its size is known: each weight is used once a token, and attention is that of a transformer of the size"

// bySize counts a transformer of which only the weights are known over one
// sequence of rows tokens: 2·Params a token. It returns the width that it is taken to have.
func (n *count) bySize(c *Component, rows float64) float64 {
	params := c.uses()
	width, layers := fitted(params)
	if c.Hidden > 0 {
		width = float64(c.Hidden)
	}
	if c.Layers > 0 {
		layers = float64(c.Layers)
	}
	one := count{}
	one.layer(&block{width: width, kv: width, ffn: 4 * width, modulated: true}, 1, rows, rows, 0)
	one.flops, one.params = 2*params*rows/layers, params/layers
	n.add(&one, layers)
	return width
}
