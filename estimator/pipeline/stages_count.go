package pipeline

import "math"

// count adds up the operations of a network. Work is FLOPs with a multiply-add
// as two; moved is elements: of each operation its inputs and its outputs, as
// an eager framework reads and writes them, weights left out.
type count struct {
	flops, attention       float64
	params, moved, kernels float64
}

// op is one operation that reads and writes so many elements.
func (n *count) op(elements float64) {
	n.moved += elements
	n.kernels++
}

// conv is a convolution with a bias: taps are the positions of its kernel, from
// and to the positions of its input and output.
func (n *count) conv(in, out, taps, from, to float64) {
	n.flops += 2 * in * out * taps * to
	n.params += in*out*taps + out
	n.op(in*from + out*to)
}

// linear is a matrix without bias over rows.
func (n *count) linear(in, out, rows float64) {
	n.flops += 2 * in * out * rows
	n.params += in * out
	n.op((in + out) * rows)
}

// bias is that of a linear layer, added as part of it.
func (n *count) bias(out float64) { n.params += out }

// norm is a normalisation with scale and shift.
func (n *count) norm(width, rows float64) {
	n.params += 2 * width
	n.op(2 * width * rows)
}

// attend is attention of b sequences: queries and keys positions, width and kv
// the widths of queries and of keys and values. Scores stay on the chip.
func (n *count) attend(b, queries, keys, width, kv float64) {
	n.attention += 4 * b * queries * keys * width
	n.op(b * (2*queries*width + 2*keys*kv))
}

// times is the work of a network over several inputs alike, side by side: the
// weights and the launches are the same.
func (n *count) times(x float64) {
	n.flops *= x
	n.attention *= x
	n.moved *= x
}

// add adds a network that is there x times over, each with weights of its own.
func (n *count) add(o *count, x float64) {
	n.flops += x * o.flops
	n.attention += x * o.attention
	n.params += x * o.params
	n.moved += x * o.moved
	n.kernels += x * o.kernels
}

// block is a layer of a transformer.
type block struct {
	width, kv float64 // of queries, and of keys and values
	ffn       float64
	gated     bool // the feed-forward part has a gate
	modulated bool // norms are scaled and shifted, and parts gated, by the time step
	// cross is the width of the text that it attends to; 0: it does not.
	cross float64
	// cached is true of a decoder, whose keys and values of the text are kept.
	cached bool
	// headDim is of attention linear in the tokens; 0: softmax attention.
	headDim float64
	// mixed is true of a feed-forward part with a 3×3 depthwise convolution.
	mixed bool
}

// layer counts a block over b sequences of seq tokens that attend to keys
// tokens and, across, to text tokens. Counted one by one: norms, the
// modulation's scale and shift, the projections of queries, keys and values,
// attention, the output projection, gates and residual additions.
func (n *count) layer(l *block, b, seq, keys, text float64) {
	rows, w := b*seq, l.width
	n.begin(l, rows)
	n.linear(w, w, rows)
	n.linear(w, l.kv, rows)
	n.linear(w, l.kv, rows)
	if l.headDim > 0 {
		// Keys times values, then queries times that: head² a head and token.
		n.attention += 4 * rows * w * l.headDim
		n.op(3 * w * rows)
		n.op(2 * w * rows)
	} else {
		n.attend(b, seq, keys, w, l.kv)
	}
	n.linear(w, w, rows)
	n.bias(w)
	n.end(l, rows)
	if l.cross > 0 {
		n.norm(w, rows)
		n.linear(w, w, rows)
		if !l.cached {
			n.linear(l.cross, w, b*text)
			n.linear(l.cross, w, b*text)
		} else {
			n.params += 2 * l.cross * w
		}
		n.attend(b, seq, text, w, w)
		n.linear(w, w, rows)
		n.bias(w)
		n.op(3 * w * rows)
	}
	n.begin(l, rows)
	n.feedForward(l, rows)
	n.end(l, rows)
}

func (n *count) begin(l *block, rows float64) {
	n.norm(l.width, rows)
	if l.modulated {
		n.op(2 * l.width * rows)
	}
}

// end adds to the residual stream.
func (n *count) end(l *block, rows float64) {
	if l.modulated {
		n.op(2 * l.width * rows)
	}
	n.op(3 * l.width * rows)
}

func (n *count) feedForward(l *block, rows float64) {
	inner := l.ffn
	n.linear(l.width, l.ffn, rows)
	n.bias(l.ffn)
	if l.gated {
		inner *= 2
		n.linear(l.width, l.ffn, rows)
		n.bias(l.ffn)
	}
	if l.mixed {
		n.flops += 2 * 9 * inner * rows
		n.params += 10 * inner
		n.op(2 * inner * rows)
	}
	n.op(2 * l.ffn * rows)
	if l.gated {
		n.op(3 * l.ffn * rows)
	}
	n.linear(l.ffn, l.width, rows)
	n.bias(l.width)
}

// plainFFN is a feed-forward part's width where it is not known: four times
// the hidden size, or with a gate 8/3 of it, which has as many weights.
func plainFFN(width float64, gated bool) float64 {
	if gated {
		return 8 * width / 3
	}
	return 4 * width
}

// fitted is the width of a transformer of so many weights if it has 12·width²
// a layer and width/64 layers, as most have within a factor of 1.5.
func fitted(params float64) (width, layers float64) {
	width = math.Cbrt(params * 64 / 12)
	if width <= 0 {
		return 0, 0
	}
	return width, max(1, params/(12*width*width))
}
