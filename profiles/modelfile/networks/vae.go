package networks

import "github.com/plimsoll/plimsoll/estimator/pipeline"

// autoencoder is a KL autoencoder of residual levels with attention in the
// middle.
type autoencoder struct {
	kernel    float64 // weights of a convolution's kernel: 9, or 27 over time as well
	scaling   float64 // of the convolutions that change the size
	zq        float64 // latent channels that the decoder's norms are conditioned on
	attention bool
}

// norm is a norm of the decoder, conditioned on the latent where zq is given.
func (a *autoencoder) norm(width float64, decoder bool) float64 {
	if decoder && a.zq > 0 {
		return norm(width) + 2*conv(a.zq, width, 1)
	}
	return norm(width)
}

func (a *autoencoder) residual(in, out float64, decoder bool) float64 {
	p := a.norm(in, decoder) + conv(in, out, a.kernel) + a.norm(out, decoder) + conv(out, out, a.kernel)
	if in != out {
		p += conv(in, out, 1)
	}
	return p
}

func (a *autoencoder) middle(w float64, decoder bool) float64 {
	p := 2 * a.residual(w, w, decoder)
	if a.attention {
		p += norm(w) + 4*linear(w, w)
	}
	return p
}

// encoder and decoder count the two halves without the convolutions between.
func (a *autoencoder) encoder(in, latent float64, blocks []int, layers int) float64 {
	width := float64(blocks[0])
	p := conv(in, width, a.kernel)
	for i, b := range blocks {
		out := float64(b)
		for range layers {
			p += a.residual(width, out, false)
			width = out
		}
		if i < len(blocks)-1 {
			p += conv(out, out, a.scaling)
		}
	}
	return p + a.middle(width, false) + norm(width) + conv(width, 2*latent, a.kernel)
}

func (a *autoencoder) decoder(latent, out float64, blocks []int, layers int) float64 {
	width := float64(blocks[len(blocks)-1])
	p := conv(latent, width, a.kernel) + a.middle(width, true)
	for i := len(blocks) - 1; i >= 0; i-- {
		w := float64(blocks[i])
		for range layers + 1 {
			p += a.residual(width, w, true)
			width = w
		}
		if i > 0 {
			p += conv(w, w, a.scaling)
		}
	}
	return p + a.norm(width, true) + conv(width, out, a.kernel)
}

// halves reads what all KL autoencoders have and counts them.
func (r *reader) halves(a *autoencoder, c *pipeline.Component, blocks []int, layers, latent int, quantConv bool) float64 {
	c.Blocks = r.list(blocks, 0, maxWidth, "block_out_channels")
	depth := int(r.bounded(layers, 64, "layers_per_block"))
	z := r.width(latent, "latent_channels")
	if r.Err != nil {
		return 0
	}
	c.Latent = int(z)
	c.Spatial = 1 << (len(c.Blocks) - 1)
	c.Upcast = r.yes("force_upcast", false)
	decoder := a.decoder(z, r.width(3, "out_channels"), c.Blocks, depth)
	if r.yes("use_post_quant_conv", quantConv) {
		decoder += conv(z, z, 1)
	}
	encoder := a.encoder(r.width(3, "in_channels"), z, c.Blocks, depth)
	if r.yes("use_quant_conv", quantConv) {
		encoder += conv(2*z, 2*z, 1)
	}
	half := pipeline.Component{}
	r.count(&half, decoder)
	c.DecoderParams = half.Params
	return encoder + decoder
}

// kl counts autoencoders/autoencoder_kl.py.
func kl(r *reader, c *pipeline.Component) float64 {
	c.Temporal = 1
	a := &autoencoder{kernel: 9, scaling: 9, attention: r.yes("mid_block_add_attention", true)}
	return r.halves(a, c, []int{64}, 1, 4, true)
}

// klHunyuan counts autoencoders/autoencoder_kl_hunyuan_video.py.
func klHunyuan(r *reader, c *pipeline.Component) float64 {
	c.Temporal, c.Causal = int(r.bounded(4, 64, "temporal_compression_ratio")), true
	a := &autoencoder{kernel: 27, scaling: 27, attention: r.yes("mid_block_add_attention", true)}
	return r.halves(a, c, []int{128, 256, 512, 512}, 2, 16, true)
}

// klCogVideoX counts autoencoders/autoencoder_kl_cogvideox.py, whose decoder
// norms take the latent in, and which changes the size frame by frame.
func klCogVideoX(r *reader, c *pipeline.Component) float64 {
	ratio := r.number(4, "temporal_compression_ratio")
	c.Temporal, c.Causal = int(ratio), true
	if ratio > 64 {
		r.fail("temporal_compression_ratio", "%g: from 1 to 64 is expected", ratio)
	}
	a := &autoencoder{kernel: 27, scaling: 9, zq: r.width(16, "latent_channels")}
	return r.halves(a, c, []int{128, 256, 256, 512}, 3, 16, false)
}

// rms is a norm with a scale only.
func rms(width float64) float64 { return width }

func wanResidual(in, out float64) float64 {
	p := rms(in) + conv(in, out, 27) + rms(out) + conv(out, out, 27)
	if in != out {
		p += conv(in, out, 1)
	}
	return p
}

func wanMiddle(w float64) float64 {
	return 2*wanResidual(w, w) + rms(w) + linear(w, 3*w) + linear(w, w)
}

// klWan counts autoencoders/autoencoder_kl_wan.py, which Qwen-Image uses too;
// with is_residual the larger one of Wan 2.2.
func klWan(r *reader, c *pipeline.Component) float64 {
	base := r.width(96, "base_dim")
	decoderBase := base
	if r.Has("decoder_base_dim") {
		decoderBase = r.width(0, "decoder_base_dim")
	}
	z := r.width(16, "z_dim")
	mult := r.list([]int{1, 2, 4, 4}, 0, 64, "dim_mult")
	layers := r.bounded(2, 64, "num_res_blocks")
	residual := r.yes("is_residual", false)
	inTime := []bool{false, true, true}
	if l := r.List("temperal_downsample"); len(l) > 0 {
		inTime = inTime[:0]
		for _, v := range l {
			b, _ := v.(bool)
			inTime = append(inTime, b)
		}
	}
	if len(inTime) < len(mult)-1 {
		r.fail("temperal_downsample", "%d entries where dim_mult asks for %d", len(inTime), len(mult)-1)
	}
	if r.Err != nil {
		return 0
	}
	c.Latent, c.Causal, c.Temporal = int(z), true, 1
	for _, t := range inTime[:len(mult)-1] {
		if t {
			c.Temporal *= 2
		}
	}
	c.Spatial = (1 << (len(mult) - 1)) * int(max(r.optional(1, "patch_size"), 1))

	last := len(mult) - 1
	width := base
	p := conv(r.width(3, "in_channels"), width, 27)
	for i, m := range mult {
		out := base * float64(m)
		for range int(layers) {
			p += wanResidual(width, out)
			width = out
		}
		if i < last {
			p += conv(out, out, 9)
			if inTime[i] {
				p += conv(out, out, 3)
			}
		}
	}
	p += wanMiddle(width) + rms(width) + conv(width, 2*z, 27) + conv(2*z, 2*z, 1)

	width = decoderBase * float64(mult[last])
	d := conv(z, z, 1) + conv(z, width, 27) + wanMiddle(width)
	for i := last; i >= 0; i-- {
		out := decoderBase * float64(mult[i])
		c.Blocks = append([]int{int(out)}, c.Blocks...)
		for range int(layers) + 1 {
			d += wanResidual(width, out)
			width = out
		}
		if i > 0 {
			if inTime[i-1] {
				d += conv(out, 2*out, 3)
			}
			if !residual { // the size changes and the width halves in one step
				width = out / 2
			}
			d += conv(out, width, 9)
		}
	}
	d += rms(width) + conv(width, r.width(3, "out_channels"), 27)
	half := pipeline.Component{}
	r.count(&half, d)
	c.DecoderParams = half.Params
	return p + d
}

// klLTX, klMochi and dcAE read the strides and the latent width; their weights
// are not counted from the config.
func klLTX(r *reader, c *pipeline.Component) float64 {
	c.Latent, c.Causal = int(r.width(128, "latent_channels")), true
	c.Spatial, c.Temporal = int(r.bounded(32, 256, "spatial_compression_ratio")), int(r.bounded(8, 64, "temporal_compression_ratio"))
	return 0
}

func klMochi(r *reader, c *pipeline.Component) float64 {
	c.Latent, c.Spatial, c.Temporal, c.Causal = int(r.width(12, "latent_channels")), 8, 6, true
	return 0
}

func dcAE(r *reader, c *pipeline.Component) float64 {
	c.Latent, c.Temporal = int(r.width(32, "latent_channels")), 1
	levels := r.list([]int{128, 256, 512, 512, 1024, 1024}, 0, maxWidth, "encoder_block_out_channels")
	c.Spatial = 1 << (len(levels) - 1)
	return 0
}
