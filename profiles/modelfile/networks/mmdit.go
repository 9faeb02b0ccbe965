package networks

import "github.com/plimsoll/plimsoll/estimator/pipeline"

// heads reads the heads of a transformer and returns its width.
func (r *reader) heads(c *pipeline.Component, heads, dim int) float64 {
	h, d := r.layers(heads, "num_attention_heads"), r.width(dim, "attention_head_dim")
	c.Heads, c.Hidden = int(h), int(h*d)
	if h*d > maxWidth {
		r.fail("num_attention_heads", "%g heads of %g make a width above %d: is the file damaged?", h, d, maxWidth)
	}
	return h * d
}

// guidance is the embedding of the guidance scale, where there is one.
func (r *reader) guidance(d float64, def bool) float64 {
	if r.yes("guidance_embeds", def) {
		return timeEmbedding(d)
	}
	return 0
}

// doubleBlock is a block with weights of their own for image and text, with
// modulation of six vectors each, and head norms; singleBlock one with joint
// weights and three vectors of modulation.
func doubleBlock(d, headDim, ratio float64) float64 {
	side := linear(d, 6*d) + 4*linear(d, d) + 2*headDim + twoLayers(d, ratio*d, d)
	return 2 * side
}

func singleBlock(d, headDim, ratio float64) float64 {
	return linear(d, 3*d) + linear(d, ratio*d) + linear((1+ratio)*d, d) + 3*linear(d, d) + 2*headDim
}

// flux counts transformers/transformer_flux.py.
func flux(r *reader, c *pipeline.Component) float64 {
	d := r.heads(c, 24, 128)
	double, single := r.layers(19, "num_layers"), r.layers(38, "num_single_layers")
	c.DoubleLayers, c.SingleLayers, c.FFN = int(double), int(single), int(4*d)
	c.Patch = [3]int{1, 2, 2} // the pipeline packs 2 x 2 latent pixels into a token
	in := r.width(64, "in_channels")
	dim := d / float64(c.Heads)
	p := linear(in, d) + linear(r.width(4096, "joint_attention_dim"), d)
	p += timeEmbedding(d) + r.guidance(d, false) + twoLayers(r.width(768, "pooled_projection_dim"), d, d)
	p += double*doubleBlock(d, dim, 4) + single*singleBlock(d, dim, 4)
	return p + linear(d, 2*d) + linear(d, r.optionalOr(in, "out_channels"))
}

// optionalOr reads a width that stands for another where it is null.
func (r *reader) optionalOr(other float64, key string) float64 {
	if !r.Has(key) {
		return other
	}
	return r.width(0, key)
}

// flux2 counts transformers/transformer_flux2.py: no biases, gated feed-forward
// parts, and one modulation for all blocks of a kind.
func flux2(r *reader, c *pipeline.Component) float64 {
	d := r.heads(c, 48, 128)
	double, single := r.layers(8, "num_layers"), r.layers(48, "num_single_layers")
	ratio := r.number(3, "mlp_ratio")
	c.DoubleLayers, c.SingleLayers, c.FFN, c.Gated = int(double), int(single), int(ratio*d), true
	c.Patch = [3]int{1, 2, 2}
	c.LinearD2 = 4 + 3*ratio
	in := r.width(128, "in_channels")
	dim := d / float64(c.Heads)
	p := in*d + r.width(15360, "joint_attention_dim")*d + d*r.optionalOr(in, "out_channels")
	embed := 256*d + d*d
	p += embed
	if r.yes("guidance_embeds", true) {
		p += embed
	}
	p += (6+6+3+2)*d*d + double*(2*c.LinearD2*d*d+4*dim) + single*(c.LinearD2*d*d+2*dim)
	return p
}

// sd3 counts transformers/transformer_sd3.py, whose last block writes no text.
func sd3(r *reader, c *pipeline.Component) float64 {
	d := r.heads(c, 18, 64)
	layers := r.layers(18, "num_layers")
	c.DoubleLayers, c.FFN = int(layers), int(4*d)
	c.Patch = r.patch(1, 2)
	area := float64(c.Patch[1] * c.Patch[2])
	caption := r.width(1152, "caption_projection_dim")
	norms := 0.0
	if r.Str("qk_norm") != "" {
		norms = 4 * d / float64(c.Heads)
	}
	block := 2*linear(d, 6*d) + 8*linear(d, d) + norms + 2*twoLayers(d, 4*d, d)
	p := conv(r.width(16, "in_channels"), d, area) + linear(r.width(4096, "joint_attention_dim"), caption)
	p += timeEmbedding(d) + twoLayers(r.width(2048, "pooled_projection_dim"), d, d)
	p += layers*block - linear(d, 4*d) - linear(d, d) - twoLayers(d, 4*d, d)
	// Blocks with a second attention over the image alone (SD 3.5 medium).
	if dual := float64(len(r.List("dual_attention_layers"))); dual > 0 && dual <= layers {
		p += dual * (linear(d, 9*d) - linear(d, 6*d) + 4*linear(d, d) + norms/2)
		c.LinearD2 = 12 + 4*dual/layers
	}
	return p + linear(d, 2*d) + linear(d, area*r.width(16, "out_channels"))
}

// qwenImage counts transformers/transformer_qwenimage.py.
func qwenImage(r *reader, c *pipeline.Component) float64 {
	d := r.heads(c, 24, 128)
	layers := r.layers(60, "num_layers")
	c.DoubleLayers, c.FFN = int(layers), int(4*d)
	c.Patch = [3]int{1, 2, 2} // the pipeline packs them
	text := r.width(3584, "joint_attention_dim")
	p := linear(r.width(64, "in_channels"), d) + text + linear(text, d) + timeEmbedding(d)
	p += layers * doubleBlock(d, d/float64(c.Heads), 4)
	return p + linear(d, 2*d) + linear(d, 4*r.width(16, "out_channels"))
}

// hunyuanVideo counts transformers/transformer_hunyuan_video.py, which refines
// the text by blocks of its own.
func hunyuanVideo(r *reader, c *pipeline.Component) float64 {
	d := r.heads(c, 24, 128)
	double, single, refine := r.layers(20, "num_layers"), r.layers(40, "num_single_layers"), r.optional(2, "num_refiner_layers")
	ratio := r.number(4, "mlp_ratio")
	c.DoubleLayers, c.SingleLayers, c.FFN = int(double), int(single), int(ratio*d)
	c.Patch = r.patch(1, 2)
	area := float64(c.Patch[0] * c.Patch[1] * c.Patch[2])
	text, dim := r.width(4096, "text_embed_dim"), d/float64(c.Heads)
	p := conv(r.width(16, "in_channels"), d, area)
	p += timeEmbedding(d) + twoLayers(text, d, d) + linear(text, d)
	p += refine * (2*norm(d) + 4*linear(d, d) + twoLayers(d, ratio*d, d) + linear(d, 2*d))
	p += timeEmbedding(d) + r.guidance(d, true) + twoLayers(r.width(768, "pooled_projection_dim"), d, d)
	p += double*doubleBlock(d, dim, ratio) + single*singleBlock(d, dim, ratio)
	return p + linear(d, 2*d) + linear(d, area*r.width(16, "out_channels"))
}

// cogVideoX counts transformers/cogvideox_transformer_3d.py: text and video
// share the weights, only the modulation differs.
func cogVideoX(r *reader, c *pipeline.Component) float64 {
	d := r.heads(c, 30, 64)
	layers, embed := r.layers(30, "num_layers"), r.width(512, "time_embed_dim")
	c.DoubleLayers, c.FFN = int(layers), int(4*d)
	c.Patch = r.patch(1, 2)
	area := float64(c.Patch[0] * c.Patch[1] * c.Patch[2])
	p := conv(r.width(16, "in_channels"), d, area) + linear(r.width(4096, "text_embed_dim"), d) + twoLayers(d, embed, embed)
	if k := r.optional(0, "ofs_embed_dim"); k > 0 {
		p += twoLayers(k, k, k)
	}
	modulation := linear(embed, 6*d) + norm(d)
	p += layers * (2*modulation + 4*linear(d, d) + 2*norm(d/float64(c.Heads)) + twoLayers(d, 4*d, d))
	return p + norm(d) + linear(embed, 2*d) + norm(d) + linear(d, area*r.optionalOr(16, "out_channels"))
}

// mochi counts transformers/transformer_mochi.py: the text is half as wide as
// the video, both with gated feed-forward parts.
func mochi(r *reader, c *pipeline.Component) float64 {
	d := r.heads(c, 24, 128)
	layers, t := r.layers(48, "num_layers"), r.width(1536, "pooled_projection_dim")
	inner := func(w float64) float64 { return float64(int(4*w) * 2 / 3) }
	c.DoubleLayers, c.FFN, c.Gated = int(layers), int(inner(d)), true
	c.Patch = r.patch(1, 2)
	area, in, text := float64(c.Patch[1]*c.Patch[2]), r.width(12, "in_channels"), r.width(4096, "text_embed_dim")
	p := conv(in, d, area) + timeEmbedding(d) + linear(text, 2*text) + linear(text, text) + linear(text, d) + linear(text, t)
	side := 3*d*d + 3*t*d + 4*d/float64(c.Heads) + linear(d, d)
	textOut := linear(d, t) + 3*t*inner(t)
	p += layers*(linear(d, 4*d)+linear(d, 4*t)+side+textOut+3*d*inner(d)) - textOut - linear(d, 4*t) + linear(d, t)
	return p + linear(d, 2*d) + linear(d, area*r.optionalOr(in, "out_channels"))
}
