package networks

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// timeModulation is the embedding of the time step and the six vectors of
// modulation that all blocks share (adaptive norm, single).
func timeModulation(d float64) float64 { return timeEmbedding(d) + linear(d, 6*d) }

// pixArt counts transformers/pixart_transformer_2d.py, and the older
// Transformer2DModel in the same use.
func pixArt(r *reader, c *pipeline.Component) float64 {
	d := r.heads(c, 16, 72)
	layers := r.layers(28, "num_layers")
	c.Layers, c.FFN = int(layers), int(4*d)
	c.Patch = r.patch(1, 2)
	area := float64(c.Patch[1] * c.Patch[2])
	p := conv(r.width(4, "in_channels"), d, area) + timeModulation(d) + twoLayers(r.width(4096, "caption_channels"), d, d)
	if extra := r.yes("use_additional_conditions", r.optional(128, "sample_size") == 128); extra {
		p += 2 * twoLayers(256, math.Floor(d/3), math.Floor(d/3))
	}
	cross := r.width(int(d), "cross_attention_dim")
	p += layers * (6*d + 4*linear(d, d) + 2*linear(d, d) + 2*linear(cross, d) + twoLayers(d, 4*d, d))
	return p + 2*d + linear(d, area*r.width(8, "out_channels"))
}

// wan counts transformers/transformer_wan.py.
func wan(r *reader, c *pipeline.Component) float64 {
	d := r.heads(c, 40, 128)
	layers, ffn := r.layers(40, "num_layers"), r.width(13824, "ffn_dim")
	c.Layers, c.FFN = int(layers), int(ffn)
	c.Patch = r.patch(1, 2)
	area := float64(c.Patch[0] * c.Patch[1] * c.Patch[2])
	p := conv(r.width(16, "in_channels"), d, area) + twoLayers(r.width(256, "freq_dim"), d, d) + linear(d, 6*d) + twoLayers(r.width(4096, "text_dim"), d, d)
	if image := r.optional(0, "image_dim"); image > 0 {
		p += norm(image) + twoLayers(image, image, d) + norm(d)
	}
	block := 8*linear(d, d) + 4*d + twoLayers(d, ffn, d) + 6*d
	if r.yes("cross_attn_norm", true) {
		block += norm(d)
	}
	if added := r.optional(0, "added_kv_proj_dim"); added > 0 {
		block += 2*linear(added, d) + d
	}
	return p + layers*block + 2*d + linear(d, area*r.optionalOr(16, "out_channels"))
}

// ltx counts transformers/transformer_ltx.py.
func ltx(r *reader, c *pipeline.Component) float64 {
	d := r.heads(c, 32, 64)
	layers := r.layers(28, "num_layers")
	c.Layers, c.FFN = int(layers), int(4*d)
	c.Patch = r.patch(1, 1)
	in := r.width(128, "in_channels")
	cross := r.width(2048, "cross_attention_dim")
	p := linear(in, d) + timeModulation(d) + twoLayers(r.width(4096, "caption_channels"), d, d)
	p += layers * (4*linear(d, d) + 2*linear(d, d) + 2*linear(cross, d) + 4*d + twoLayers(d, 4*d, d) + 6*d)
	return p + 2*d + linear(d, r.optionalOr(in, "out_channels"))
}

// sana counts transformers/sana_transformer.py: attention linear in the tokens
// and a feed-forward part with a convolution in it.
func sana(r *reader, c *pipeline.Component) float64 {
	d := r.heads(c, 70, 32)
	layers, ratio := r.layers(20, "num_layers"), r.number(2.5, "mlp_ratio")
	c.Layers, c.FFN, c.Gated = int(layers), int(ratio*d), true
	c.Patch = r.patch(1, 1)
	area := float64(c.Patch[1] * c.Patch[2])
	ffn := math.Floor(ratio * d)
	cross := r.layers(20, "num_cross_attention_heads") * r.width(112, "cross_attention_head_dim")
	text := r.width(int(d), "cross_attention_dim")
	p := conv(r.width(32, "in_channels"), d, area) + timeModulation(d) + twoLayers(r.width(2304, "caption_channels"), d, d) + d
	p += layers * (3*d*d + linear(d, d) + linear(d, cross) + 2*linear(text, cross) + linear(cross, d) + linear(d, 2*ffn) + 2*ffn*9 + 2*ffn + ffn*d + 6*d)
	return p + 2*d + linear(d, area*r.optionalOr(32, "out_channels"))
}

// lumina2 counts transformers/transformer_lumina2.py.
func lumina2(r *reader, c *pipeline.Component) float64 {
	d, heads := r.width(2304, "hidden_size"), r.layers(24, "num_attention_heads")
	layers, refine := r.layers(26, "num_layers"), r.optional(2, "num_refiner_layers")
	kv := r.layers(8, "num_kv_heads") * d / heads
	multiple := r.width(256, "multiple_of")
	ffn := 4 * d * r.number(1, "ffn_dim_multiplier")
	ffn = math.Ceil(math.Floor(ffn)/multiple) * multiple
	// Half of the refining layers work on the image's tokens.
	c.Layers, c.Hidden, c.Heads, c.KVHeads, c.FFN, c.Gated = int(layers+refine), int(d), int(heads), int(r.layers(8, "num_kv_heads")), int(ffn), true
	c.Patch = r.patch(1, 2)
	text, area := r.width(1024, "cap_feat_dim"), float64(c.Patch[1]*c.Patch[2])
	embed := min(d, 1024)
	in := r.width(16, "in_channels")
	plain := d*(2*d+2*kv) + 2*d/heads + 3*d*ffn + 4*d
	modulated := plain + linear(embed, 4*d)
	p := linear(area*in, d) + twoLayers(256, embed, embed) + text + linear(text, d)
	p += refine*(plain+modulated) + layers*modulated
	return p + linear(embed, d) + linear(d, area*r.optionalOr(in, "out_channels"))
}

// zImage counts transformers/transformer_z_image.py.
func zImage(r *reader, c *pipeline.Component) float64 {
	d, heads := r.width(3840, "dim"), r.layers(30, "n_heads")
	layers, refine := r.layers(30, "n_layers"), r.optional(2, "n_refiner_layers")
	ffn := math.Floor(d / 3 * 8)
	// Half of the refining layers work on the image's tokens.
	c.Layers, c.Hidden, c.Heads, c.FFN, c.Gated = int(layers+refine), int(d), int(heads), int(ffn), true
	c.Patch = [3]int{1, int(r.listed(2, "all_patch_size")), int(r.listed(2, "all_patch_size"))}
	area := r.listed(1, "all_f_patch_size") * float64(c.Patch[1]*c.Patch[2])
	in, text := r.width(16, "in_channels"), r.width(2560, "cap_feat_dim")
	embed := min(d, 256)
	plain := 4*d*d + 2*d/heads + 3*d*ffn + 4*d
	modulated := plain + linear(embed, 4*d)
	p := linear(area*in, d) + twoLayers(256, 1024, embed) + text + linear(text, d) + 2*d
	p += refine*(plain+modulated) + layers*modulated
	return p + linear(embed, d) + linear(d, area*in)
}

// listed reads the first entry of a list of patch sizes.
func (r *reader) listed(def int, key string) float64 { return r.bounded(def, 64, key) }
