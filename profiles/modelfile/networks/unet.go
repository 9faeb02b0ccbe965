package networks

import (
	"strings"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// net is a U-Net being counted.
type net struct {
	*reader
	channels []int
	depths   []int  // transformer blocks of a level's transformers
	attn     []bool // whether a level has them
	cross    []int  // width of the text at each level
	blocks   []int  // residual blocks of each level
	temb     float64
	temporal bool // of video: a layer over time follows each layer over space
}

func (r *reader) net(c *pipeline.Component, temporal bool) *net {
	n := &net{reader: r, temporal: temporal}
	n.channels = r.list([]int{320, 640, 1280, 1280}, 0, maxWidth, "block_out_channels")
	levels := len(n.channels)
	n.blocks = r.list([]int{2}, levels, 64, "layers_per_block")
	n.depths = r.list([]int{1}, levels, maxLayers, "transformer_layers_per_block")
	n.cross = r.list([]int{1280}, levels, maxWidth, "cross_attention_dim")
	n.attn = make([]bool, levels)
	names := r.List("down_block_types")
	if names != nil && len(names) != levels {
		r.fail("down_block_types", "%d entries where block_out_channels has %d", len(names), levels)
	}
	for i := range n.attn {
		n.attn[i] = i < levels-1 // the library's default
		if i < len(names) {
			name, _ := names[i].(string)
			n.attn[i] = strings.Contains(name, "CrossAttn")
		}
	}
	n.temb = 4 * float64(n.channels[0])
	c.Channels, c.Depths, c.CrossDim = n.channels, make([]int, levels), n.cross[0]
	for i := range c.Depths {
		if n.attn[i] {
			c.Depths[i] = n.depths[i]
		}
	}
	return n
}

// residual is a residual block; video adds four convolutions over time.
func (n *net) residual(in, out float64) float64 {
	p := norm(in) + conv(in, out, 9) + linear(n.temb, out) + norm(out) + conv(out, out, 9)
	if in != out {
		p += conv(in, out, 1)
	}
	if n.temporal {
		p += 4 * (norm(out) + conv(out, out, 3))
	}
	return p
}

// transformer is a stack of depth blocks of self-attention, cross-attention
// and a gated feed-forward part of four times the width, between projections.
func transformer(width, inner, depth, cross float64) float64 {
	attention := func(kv float64) float64 { return inner*inner + 2*kv*inner + linear(inner, inner) }
	block := 3*norm(inner) + attention(inner) + attention(cross) + linear(inner, 8*inner) + linear(4*inner, inner)
	return norm(width) + linear(width, inner) + depth*block + linear(inner, width)
}

func (n *net) attention(level int) float64 {
	if !n.attn[level] {
		return 0
	}
	w := float64(n.channels[level])
	p := transformer(w, w, float64(n.depths[level]), float64(n.cross[level]))
	if n.temporal {
		p += transformer(w, w, 1, w)
	}
	return p
}

// down is the way to the lowest level, with the middle.
func (n *net) down() float64 {
	levels := len(n.channels)
	p, in := 0.0, float64(n.channels[0])
	for i, w := range n.channels {
		out := float64(w)
		for range n.blocks[i] {
			p += n.residual(in, out) + n.attention(i)
			in = out
		}
		if i < levels-1 {
			p += conv(out, out, 9)
		}
	}
	if n.Object.Has("mid_block_type") || !hasKey(n.Object, "mid_block_type") {
		last := float64(n.channels[levels-1])
		p += 2*n.residual(last, last) + transformer(last, last, float64(n.depths[levels-1]), float64(n.cross[levels-1]))
		if n.temporal {
			p += transformer(last, last, 1, last)
		}
	}
	return p
}

func hasKey(o map[string]any, key string) bool { _, ok := o[key]; return ok }

// up is the way back, where each block takes what the way down left beside.
func (n *net) up() float64 {
	levels := len(n.channels)
	p, prev := 0.0, float64(n.channels[levels-1])
	for i := levels - 1; i >= 0; i-- {
		out, below := float64(n.channels[i]), float64(n.channels[max(i-1, 0)])
		for j := 0; j <= n.blocks[i]; j++ {
			skip := out
			if j == n.blocks[i] {
				skip = below
			}
			p += n.residual(prev+skip, out) + n.attention(i)
			prev = out
		}
		if i > 0 {
			p += conv(out, out, 9)
		}
	}
	return p
}

// conditioning is the embeddings of the time step and of what else is given.
func (n *net) conditioning(c *pipeline.Component) float64 {
	c0 := float64(n.channels[0])
	p := twoLayers(c0, n.temb, n.temb)
	if s := n.Str("addition_embed_type"); s == "text_time" {
		in := n.width(0, "projection_class_embeddings_input_dim")
		p += twoLayers(in, n.temb, n.temb)
		c.Conditioning = int(in)
	}
	switch n.Str("class_embed_type") {
	case "projection", "simple_projection":
		in := n.width(0, "projection_class_embeddings_input_dim")
		if n.Str("class_embed_type") == "simple_projection" {
			p += linear(in, n.temb)
		} else {
			p += twoLayers(in, n.temb, n.temb)
		}
	case "timestep":
		p += twoLayers(c0, n.temb, n.temb)
	}
	if k := n.optional(0, "num_class_embeds"); k > 0 {
		p += k * n.temb
	}
	if k := n.optional(0, "encoder_hid_dim"); k > 0 {
		p += linear(k, float64(n.cross[0]))
	}
	if k := n.optional(0, "time_cond_proj_dim"); k > 0 {
		p += k * c0
	}
	return p
}

// unet2D counts unets/unet_2d_condition.py.
func unet2D(r *reader, c *pipeline.Component) float64 {
	n := r.net(c, false)
	if r.Err != nil {
		return 0
	}
	c0 := float64(n.channels[0])
	return conv(r.width(4, "in_channels"), c0, 9) + n.conditioning(c) + n.down() + n.up() + norm(c0) + conv(c0, r.width(4, "out_channels"), 9)
}

// unet3D counts unets/unet_3d_condition.py, which begins with a transformer
// over time of eight heads.
func unet3D(r *reader, c *pipeline.Component) float64 {
	n := r.net(c, true)
	if r.Err != nil {
		return 0
	}
	c0 := float64(n.channels[0])
	inner := 8 * r.width(64, "attention_head_dim")
	return conv(r.width(4, "in_channels"), c0, 9) + n.conditioning(c) + transformer(c0, inner, 1, inner) + n.down() + n.up() + norm(c0) + conv(c0, r.width(4, "out_channels"), 9)
}

// controlNet counts controlnets/controlnet.py: the way down, convolutions of
// the image that guides, and one convolution for each output.
func controlNet(r *reader, c *pipeline.Component) float64 {
	n := r.net(c, false)
	if r.Err != nil {
		return 0
	}
	c0 := float64(n.channels[0])
	p := conv(r.width(4, "in_channels"), c0, 9) + n.conditioning(c) + n.down() + conv(c0, c0, 1)
	for i, w := range n.channels {
		outputs := float64(n.blocks[i])
		if i < len(n.channels)-1 {
			outputs++
		}
		p += outputs * conv(float64(w), float64(w), 1)
	}
	last := float64(n.channels[len(n.channels)-1])
	p += conv(last, last, 1)
	stem := r.list([]int{16, 32, 96, 256}, 0, maxWidth, "conditioning_embedding_out_channels")
	in := r.width(3, "conditioning_channels")
	p += conv(in, float64(stem[0]), 9)
	for i := 0; i+1 < len(stem); i++ {
		a, b := float64(stem[i]), float64(stem[i+1])
		p += conv(a, a, 9) + conv(a, b, 9)
	}
	return p + conv(float64(stem[len(stem)-1]), c0, 9)
}
