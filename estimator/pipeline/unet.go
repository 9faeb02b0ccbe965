package pipeline

import (
	"fmt"
	"math"
)

// unetStage is one pass of a U-Net (Rombach et al. 2022, arXiv:2112.10752), or
// of its encoder half as a ControlNet (Zhang et al. 2023, arXiv:2302.05543).
func (m *Model) unetStage(shape, c *Component, j *Job) (Stage, error) {
	if len(shape.Channels) == 0 || len(shape.Depths) != len(shape.Channels) {
		return Stage{}, fmt.Errorf("%s: the U-Net's widths and transformer blocks of each level are not both known (channels, depths)", m.ID)
	}
	stride, latent := 8.0, 4.0
	if v := m.Find(VAE); v != nil {
		if v.Spatial > 0 {
			stride = float64(v.Spatial)
		}
		if v.Latent > 0 {
			latent = float64(v.Latent)
		}
	}
	u := &unet{c: shape, latent: latent, text: m.textTokens(shape, j), h: float64(j.Height) / stride, w: float64(j.Width) / stride, frames: float64(j.Frames)}
	st := Stage{}
	if c.Role == ControlNet {
		u.control(float64(j.Height), float64(j.Width))
		st = u.stage("control", 0, WorkConv, 0)
	} else {
		u.whole()
		st = u.stage("denoising", 0, WorkConv, 0)
	}
	batch := float64(j.Batch)
	st.FLOPs, st.Attention, st.Moved = st.FLOPs*batch, st.Attention*batch, st.Moved*batch
	if w := c.uses(); w > 0 {
		st.Weights = w
	}
	st.Tokens, st.Width = u.h*u.w*u.frames*batch, float64(shape.Channels[0])
	if j.Frames > 1 {
		st.Assumed = "the U-Net's layers in time are not counted, those in space once a frame"
	}
	return st, nil
}

// unet counts a U-Net for one sample.
type unet struct {
	count
	c       *Component
	latent  float64 // channels in and out
	text    float64 // tokens
	h, w    float64 // of the latents
	frames  float64
	skips   []skip
	embed   float64 // width of the time embedding
	current float64 // channels
}

// skip is what the up path takes from the down path.
type skip struct{ channels, positions float64 }

// cells is the positions of a level; its convolutions of stride 2 round up.
func (u *unet) cells(level int) float64 {
	h, w := u.h, u.w
	for range level {
		h, w = math.Ceil(h/2), math.Ceil(w/2)
	}
	return h * w * u.frames
}

// resBlocks is how many residual blocks a level has on the way down; on the way
// up there is one more.
const resBlocks = 2

// whole counts the network: down, middle and up.
func (u *unet) whole() {
	u.down()
	u.middle()
	levels := len(u.c.Channels)
	for level := levels - 1; level >= 0; level-- {
		width, cells := float64(u.c.Channels[level]), u.cells(level)
		for range resBlocks + 1 {
			s := u.skips[len(u.skips)-1]
			u.skips = u.skips[:len(u.skips)-1]
			u.op(2 * (u.current + s.channels) * cells) // concatenation
			u.res(u.current+s.channels, width, cells)
			u.current = width
			u.transformer(width, u.c.Depths[level], cells)
		}
		if level > 0 {
			to := u.cells(level - 1)
			u.op(width * (cells + to)) // nearest neighbour
			u.conv(width, width, 9, to, to)
		}
	}
	cells := u.cells(0)
	u.norm(u.current, cells)
	u.op(2 * u.current * cells)
	u.conv(u.current, u.latent, 9, cells, cells)
}

// down counts the embeddings, the first convolution and the way down, and notes
// what the way up will take.
func (u *unet) down() {
	first, cells := float64(u.c.Channels[0]), u.cells(0)
	u.embed = 4 * first
	u.dense(first, u.embed)
	u.dense(u.embed, u.embed)
	if add := float64(u.c.Conditioning); add > 0 {
		u.dense(add, u.embed)
		u.dense(u.embed, u.embed)
	}
	u.conv(u.latent, first, 9, cells, cells)
	u.current = first
	u.skips = append(u.skips, skip{first, cells})
	last := len(u.c.Channels) - 1
	for level := range u.c.Channels {
		width, cells := float64(u.c.Channels[level]), u.cells(level)
		for range resBlocks {
			u.res(u.current, width, cells)
			u.current = width
			u.transformer(width, u.c.Depths[level], cells)
			u.skips = append(u.skips, skip{width, cells})
		}
		if level < last {
			u.conv(width, width, 9, cells, u.cells(level+1))
			u.skips = append(u.skips, skip{width, u.cells(level + 1)})
		}
	}
}

// middle has as many transformer blocks as the deepest level that has any.
func (u *unet) middle() {
	cells, depth := u.cells(len(u.c.Channels)-1), 0
	for _, d := range u.c.Depths {
		if d > 0 {
			depth = d
		}
	}
	u.res(u.current, u.current, cells)
	u.transformer(u.current, depth, cells)
	u.res(u.current, u.current, cells)
}

// dense is a layer of an embedding, one row a sample, and its activation.
func (u *unet) dense(in, out float64) {
	u.linear(in, out, 1)
	u.bias(out)
	u.op(2 * out)
}

// res counts a residual block: two convolutions, each after a norm and an
// activation, with the time embedding added between.
func (u *unet) res(in, out, cells float64) {
	u.norm(in, cells)
	u.op(2 * in * cells)
	u.conv(in, out, 9, cells, cells)
	u.dense(u.embed, out)
	u.op(2 * out * cells)
	u.norm(out, cells)
	u.op(2 * out * cells)
	u.conv(out, out, 9, cells, cells)
	if in != out {
		u.conv(in, out, 1, cells, cells)
	}
	u.op(3 * out * cells)
}

// transformer counts the blocks of one place: projected in and out, each with
// attention within the picture and to the text, and a gated feed-forward part
// of four times the width.
func (u *unet) transformer(width float64, depth int, cells float64) {
	if depth == 0 {
		return
	}
	u.norm(width, cells)
	u.conv(width, width, 1, cells, cells)
	l := block{width: width, kv: width, ffn: 4 * width, gated: true, cross: float64(u.c.CrossDim)}
	one := count{}
	one.layer(&l, u.frames, cells/u.frames, cells/u.frames, u.text)
	u.add(&one, float64(depth))
	u.conv(width, width, 1, cells, cells)
	u.op(3 * width * cells)
}

// control counts the encoder half with the middle, a 1×1 convolution for each
// of its outputs, and the convolutions that bring the control image of h × w
// pixels to the latents' size.
func (u *unet) control(h, w float64) {
	u.down()
	u.middle()
	for _, s := range append(u.skips, skip{u.current, u.cells(len(u.c.Channels) - 1)}) {
		u.conv(s.channels, s.channels, 1, s.positions, s.positions)
		u.op(3 * s.channels * s.positions) // added to the denoiser's
	}
	pixels, in := h*w, controlWidths[0]
	u.conv(3, in, 9, pixels, pixels)
	u.op(2 * in * pixels)
	for _, out := range controlWidths[1:] {
		u.conv(in, in, 9, pixels, pixels)
		u.op(2 * in * pixels)
		u.conv(in, out, 9, pixels, pixels/4)
		pixels, in = pixels/4, out
		u.op(2 * in * pixels)
	}
	u.conv(in, float64(u.c.Channels[0]), 9, pixels, pixels)
	u.op(3 * float64(u.c.Channels[0]) * pixels)
}

// controlWidths are those of the convolutions over a control image, each level
// at half the size of the one before (Zhang et al. 2023, arXiv:2302.05543).
var controlWidths = [...]float64{16, 32, 96, 256}
