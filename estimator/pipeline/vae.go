package pipeline

import (
	"fmt"
	"math"
)

// referenceBlocks are the widths of the usual autoencoder of latent diffusion
// (Rombach et al. 2022, arXiv:2112.10752), whose form is assumed of decoders
// of which only the size is known.
var referenceBlocks = []int{128, 256, 512, 512}

// decoderShare is the decoder's share of such an autoencoder's weights, 49.49 of
// 83.65 million.
const decoderShare = 0.592

// encodeShare is an encoder's work over its decoder's: it has two residual
// blocks a level where the decoder has three, and halves sizes before it widens.
const encodeShare = 0.5

// vaeDecodeStage turns latents into pixels, all of the batch in one call.
func vaeDecodeStage(i int, c *Component, j *Job) Stage {
	n, assumed := c.decode(j)
	batch := float64(j.Batch)
	n.times(batch)
	st := n.stage("decoding", i, WorkDecode, 1)
	st.Assumed = assumed
	if w := c.decoderParams(); w > 0 {
		st.Weights = w
	}
	st.Tokens = batch * float64(j.Width) * float64(j.Height) * float64(max(j.Frames, 1))
	st.Width = float64(referenceBlocks[0])
	if len(c.Blocks) > 0 {
		st.Width = float64(c.Blocks[0])
	}
	return st
}

// vaeEncodeStage turns the input images into latents.
func vaeEncodeStage(i int, c *Component, j *Job, images float64) Stage {
	one := *j
	one.Batch, one.Frames = 1, 1
	st := vaeDecodeStage(i, c, &one)
	st.Name = "encoding the input image"
	for _, v := range []*float64{&st.FLOPs, &st.Attention, &st.Moved} {
		*v *= encodeShare * images
	}
	st.Tokens *= images
	if w := float64(c.Params) - c.decoderParams(); w > 0 {
		st.Weights = w
	}
	st.Assumed = joinReasons("an encoder has half of its decoder's work", st.Assumed)
	return st
}

// decoderParams are the weights that decoding uses.
func (c *Component) decoderParams() float64 {
	if c.DecoderParams > 0 {
		return float64(c.DecoderParams)
	}
	return decoderShare * float64(c.Params)
}

// decode counts a decoder for one sample: level by level where its widths are
// known, else by what is known of it. The second result says what was assumed.
func (c *Component) decode(j *Job) (count, string) {
	d := &decoder{spatial: c.Spatial, temporal: c.Temporal, causal: c.Causal, latent: c.Latent, blocks: c.Blocks}
	known := len(c.Blocks) > 0
	if !known {
		d.blocks = referenceBlocks
	}
	d.run(j)
	switch {
	case known && !d.inTime():
		return d.count, ""
	case c.FLOPsPerPixel > 0:
		work := c.FLOPsPerPixel * float64(j.Width) * float64(j.Height) * float64(max(j.Frames, 1))
		scale := work / (d.flops + d.attention)
		d.flops, d.attention, d.moved = work, 0, d.moved*math.Sqrt(scale)
		return d.count, ""
	case known:
		return d.count, "kernels of 3×3×3 are assumed"
	case c.Params > 0 || c.DecoderParams > 0:
		// The widths are narrowed or widened until the weights add up: work goes
		// with the weights, what is moved with their root.
		scale := c.decoderParams() / d.params
		d.flops *= scale
		d.attention *= math.Sqrt(scale)
		d.moved *= math.Sqrt(scale)
		return d.count, fmt.Sprintf("its widths are not known: those of a decoder of levels 128, 256, 512, 512%s, scaled to %.3g million weights", d.words(), c.decoderParams()/1e6)
	}
	return d.count, "neither its size nor its widths are known: a decoder of levels 128, 256, 512, 512" + d.words()
}

// decoder counts the decoder of an autoencoder: a middle of two residual blocks
// with attention, and a level of three residual blocks for each width, each but
// the last followed by an upsampler.
type decoder struct {
	count
	spatial, temporal int
	causal            bool
	latent            int
	blocks            []int // widths, that of whole pictures first
}

// inTime says whether its kernels reach over frames.
func (d *decoder) inTime() bool { return d.temporal > 1 || d.causal }

func (d *decoder) words() string {
	if d.inTime() {
		return " with kernels of 3×3×3"
	}
	return ""
}

// run counts one sample. Time is doubled by the first upsamplers until the
// stride is reached; what the levels leave of the stride in space is taken by
// unfolding channels into pixels.
func (d *decoder) run(j *Job) {
	stride := float64(max(d.spatial, 1))
	h, w := float64(j.Height)/stride, float64(j.Width)/stride
	frames, t := float64(max(j.Frames, 1)), float64(max(d.temporal, 1))
	latents, levels, taps := math.Ceil(frames/t), len(d.blocks), 9.0
	if d.inTime() {
		taps *= 3
	}
	latent := float64(d.latent)
	if latent <= 0 {
		latent = 4
	}
	x := math.Pow(2, float64(levels-1))
	if d.spatial == 0 { // not known: that of the levels
		h, w = float64(j.Height)/x, float64(j.Width)/x
	}
	cells := func(level int) (float64, float64) {
		up := math.Pow(2, float64(level))
		f := math.Min(frames, latents*math.Min(up, t))
		return h * w * up * up * f, f
	}
	n, f := cells(0)
	in := float64(d.blocks[levels-1])
	d.conv(latent, in, taps, n, n)
	d.res(in, in, taps, n)
	d.norm(in, n)
	for range 3 { // queries, keys and values of the one head, each frame for itself
		d.linear(in, in, n)
		d.bias(in)
	}
	d.attend(f, n/f, n/f, in, in)
	d.linear(in, in, n)
	d.bias(in)
	d.op(3 * in * n)
	d.res(in, in, taps, n)
	for level := range levels {
		out := float64(d.blocks[levels-1-level])
		n, _ = cells(level)
		for range 3 {
			d.res(in, out, taps, n)
			in = out
		}
		if level < levels-1 {
			next, _ := cells(level + 1)
			d.op(in * (n + next))
			d.conv(in, in, taps, next, next)
		}
	}
	d.norm(in, n)
	d.op(2 * in * n)
	d.conv(in, 3, taps, n, n)
}

// res is a residual block without a time embedding.
func (d *decoder) res(in, out, taps, cells float64) {
	d.norm(in, cells)
	d.op(2 * in * cells)
	d.conv(in, out, taps, cells, cells)
	d.norm(out, cells)
	d.op(2 * out * cells)
	d.conv(out, out, taps, cells, cells)
	if in != out {
		d.conv(in, out, 1, cells, cells)
	}
	d.op(3 * out * cells)
}
