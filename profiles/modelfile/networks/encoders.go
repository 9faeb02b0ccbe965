package networks

import (
	"strings"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// plainLayer is a layer with four projections, a feed-forward part and two
// norms, all with biases.
func plainLayer(d, ffn float64) float64 { return 4*linear(d, d) + twoLayers(d, ffn, d) + 2*norm(d) }

func (r *reader) stack(c *pipeline.Component, hidden, layers, heads, ffn int) (d, l, f float64) {
	d, l, f = r.width(hidden, "hidden_size"), r.layers(layers, "num_hidden_layers"), r.width(ffn, "intermediate_size")
	c.Hidden, c.Layers, c.FFN = int(d), int(l), int(f)
	c.Heads = int(r.layers(heads, "num_attention_heads"))
	return d, l, f
}

// clipText counts transformers' modeling_clip.py CLIPTextModel; a projection
// follows where the class says so.
func clipText(r *reader, c *pipeline.Component) float64 {
	if t := r.Obj("text_config"); t != nil && !r.Has("hidden_size") {
		r.Object = t
	}
	d, l, f := r.stack(c, 512, 12, 8, 2048)
	vocab, tokens := r.bounded(49408, maxVocab, "vocab_size"), r.width(77, "max_position_embeddings")
	c.Vocab, c.MaxTokens = int(vocab), int(tokens)
	p := (vocab+tokens)*d + l*plainLayer(d, f) + norm(d)
	if r.class == "CLIPTextModelWithProjection" {
		p += d * r.width(512, "projection_dim")
	}
	return p
}

// t5 counts the encoder of transformers' modeling_t5.py; umt5 has a table of
// position biases in every layer.
func t5(r *reader, c *pipeline.Component) float64   { return r.t5(c, false) }
func umt5(r *reader, c *pipeline.Component) float64 { return r.t5(c, true) }

func (r *reader) t5(c *pipeline.Component, every bool) float64 {
	d, ffn, l := r.width(512, "d_model"), r.width(2048, "d_ff"), r.layers(6, "num_layers")
	heads, vocab := r.layers(8, "num_heads"), r.bounded(32128, maxVocab, "vocab_size")
	inner := heads * r.width(64, "d_kv")
	c.Hidden, c.FFN, c.Layers, c.Heads, c.Vocab = int(d), int(ffn), int(l), int(heads), int(vocab)
	// The first T5 has no gates and may name no feed_forward_proj; umT5 has them.
	c.Gated = every
	if proj := r.Str("feed_forward_proj"); proj != "" {
		c.Gated = strings.HasPrefix(proj, "gated")
	}
	matrices := 2.0
	if c.Gated {
		matrices = 3
	}
	bias := r.bounded(32, maxWidth, "relative_attention_num_buckets") * heads
	if every {
		bias *= l
	}
	// The output projections overflow in 16-bit floats and stay in 32 bits.
	fp32 := pipeline.Component{}
	r.count(&fp32, l*ffn*d)
	c.FP32Params = fp32.Params
	return vocab*d + bias + l*(4*d*inner+matrices*d*ffn+2*d) + d
}

func (r *reader) tower(c *pipeline.Component, size, patch int) (positions, p float64) {
	if t := r.Obj("vision_config"); t != nil && !r.Has("hidden_size") {
		r.Object = t
	}
	side, image := r.bounded(patch, 1024, "patch_size"), r.bounded(size, 1<<16, "image_size")
	c.Patch = [3]int{1, int(side), int(side)}
	n := float64(int(image) / int(side))
	return n * n, r.width(3, "num_channels") * side * side
}

// clipVision counts CLIPVisionModel, with its projection where there is one.
func clipVision(r *reader, c *pipeline.Component) float64 {
	positions, patch := r.tower(c, 224, 32)
	d, l, f := r.stack(c, 768, 12, 12, 3072)
	c.Positions = int(positions) + 1
	p := d + patch*d + (positions+1)*d + 2*norm(d) + l*plainLayer(d, f)
	if r.class == "CLIPVisionModelWithProjection" {
		p += d * r.width(512, "projection_dim")
	}
	return p
}

// siglipVision counts SiglipVisionModel with its attention pooling.
func siglipVision(r *reader, c *pipeline.Component) float64 {
	positions, patch := r.tower(c, 224, 16)
	d, l, f := r.stack(c, 768, 12, 12, 3072)
	c.Positions = int(positions)
	p := linear(patch, d) + positions*d + norm(d) + l*plainLayer(d, f)
	if r.yes("vision_use_head", true) {
		p += d + 4*linear(d, d) + norm(d) + twoLayers(d, f, d)
	}
	return p
}
