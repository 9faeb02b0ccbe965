package checkpoint

import (
	"fmt"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// found is what the names of a denoiser's tensors tell.
type found struct {
	pipeline.Component
	distilled bool // takes no guidance where its kind may
	video     bool
	image     bool // attends to an input image
}

// families tell the kinds of denoiser apart; the first that answers counts.
var families = []func(g *group) *found{unetLDM, unetDiffusers, doubleSingle, jointBlocks, wanBlocks, fluxDiffusers, ltxBlocks, cogBlocks, pixArtBlocks, refiners, mochiBlocks, pairBlocks}

// identify recognises a denoiser, nil where it is none that is known.
func identify(g *group) *found {
	for _, family := range families {
		if f := family(g); f != nil {
			f.Role = pipeline.Denoiser
			return f
		}
	}
	return nil
}

// unetLDM is a U-Net in the names of the first latent diffusion code, and a
// ControlNet in the same.
func unetLDM(g *group) *found {
	if !g.has("input_blocks.0.0.weight") {
		return nil
	}
	f := &found{}
	f.Kind = pipeline.UNet
	level, depth := g.rows("input_blocks.0.0.weight"), 0
	push := func() { f.Channels, f.Depths, depth = append(f.Channels, level), append(f.Depths, depth), 0 }
	for i, n := 1, g.count("input_blocks"); i < n; i++ {
		p := fmt.Sprintf("input_blocks.%d.", i)
		if g.has(p + "0.op.weight") {
			push()
			continue
		}
		if w := g.rows(p + "0.in_layers.2.weight"); w > 0 {
			level = w
		}
		depth = max(depth, g.count(p+"1.transformer_blocks"))
		if c := g.cols(p + "1.transformer_blocks.0.attn2.to_k.weight"); c > 0 {
			f.CrossDim = c
		}
	}
	push()
	f.Conditioning = g.cols("label_emb.0.0.weight")
	return f
}

func unetDiffusers(g *group) *found {
	if !g.has("conv_in.weight") || !g.has("time_embedding.linear_1.weight") {
		return nil
	}
	f := &found{}
	f.Kind = pipeline.UNet
	for i, n := 0, g.count("down_blocks"); i < n; i++ {
		p := fmt.Sprintf("down_blocks.%d.", i)
		f.Channels = append(f.Channels, g.rows(p+"resnets.0.conv1.weight"))
		f.Depths = append(f.Depths, g.count(p+"attentions.0.transformer_blocks"))
		if c := g.cols(p + "attentions.0.transformer_blocks.0.attn2.to_k.weight"); c > 0 {
			f.CrossDim = c
		}
	}
	f.Conditioning = g.cols("add_embedding.linear_1.weight")
	return f
}

// doubleSingle is FLUX, its descendants and HunyuanVideo in their authors'
// names.
func doubleSingle(g *group) *found {
	double, single := g.count("double_blocks"), g.count("single_blocks")
	if double == 0 {
		return nil
	}
	f := &found{}
	f.Kind, f.DoubleLayers, f.SingleLayers, f.Patch = pipeline.MMDiT, double, single, [3]int{1, 2, 2}
	for _, name := range []string{"img_in", "img_in.proj", "double_blocks.0.img_attn.proj", "double_blocks.0.img_attn_proj"} {
		if f.Hidden = g.outputs(name); f.Hidden > 0 {
			break
		}
	}
	f.Heads = heads(f.Hidden, g, "double_blocks.0.img_attn.norm.query_norm.scale", "double_blocks.0.img_attn.norm.query_norm.weight", "double_blocks.0.img_attn_q_norm.weight")
	ffn := g.outputs("double_blocks.0.img_mlp.0")
	if g.has("double_stream_modulation_img.lin.weight") && f.Hidden > 0 {
		f.Gated, f.FFN = true, ffn/2 // gate and up together
		f.LinearD2 = 4 + 3*float64(f.FFN)/float64(f.Hidden)
	} else {
		f.FFN = ffn
	}
	f.video = g.count("txt_in.individual_token_refiner.blocks") > 0
	f.distilled = !f.video && !f.Gated && !g.has("guidance_in.in_layer.weight") && g.count("distilled_guidance_layer.layers") == 0
	return f
}

// heads divides a width by that of a head's norm, 128 where it has none.
func heads(width int, g *group, norms ...string) int {
	for _, n := range norms {
		if d := g.rows(n); d > 0 {
			return width / d
		}
	}
	return width / 128
}

// jointBlocks is Stable Diffusion 3, whose heads are 64 wide.
func jointBlocks(g *group) *found {
	n := g.count("joint_blocks")
	if n == 0 {
		return nil
	}
	f := &found{}
	f.Kind, f.DoubleLayers, f.Patch = pipeline.MMDiT, n, [3]int{1, 2, 2}
	f.Hidden = g.outputs("joint_blocks.0.x_block.attn.proj")
	f.Heads = f.Hidden / 64
	dual := 0
	for i := range n {
		if g.has(fmt.Sprintf("joint_blocks.%d.x_block.attn2.qkv.weight", i)) {
			dual++
		}
	}
	if dual > 0 {
		f.LinearD2 = 12 + 4*float64(dual)/float64(n)
	}
	f.FFN = g.outputs("joint_blocks.0.x_block.mlp.fc1")
	return f
}

func wanBlocks(g *group) *found {
	if !g.has("blocks.0.self_attn.q.weight") {
		return nil
	}
	f := &found{video: true}
	f.Kind, f.Layers, f.Patch = pipeline.CrossDiT, g.count("blocks"), [3]int{1, 2, 2}
	f.Hidden, f.FFN = g.outputs("blocks.0.self_attn.q"), g.outputs("blocks.0.ffn.0")
	f.Heads = f.Hidden / 128
	f.image = g.has("blocks.0.cross_attn.k_img.weight")
	return f
}

// fluxDiffusers is FLUX in the names of diffusers.
func fluxDiffusers(g *group) *found {
	single := g.count("single_transformer_blocks")
	if single == 0 || !g.has("transformer_blocks.0.attn.add_k_proj.weight") {
		return nil
	}
	f := &found{}
	f.Kind, f.DoubleLayers, f.SingleLayers, f.Patch = pipeline.MMDiT, g.count("transformer_blocks"), single, [3]int{1, 2, 2}
	f.Hidden = g.outputs("transformer_blocks.0.attn.to_out.0")
	f.Heads = heads(f.Hidden, g, "transformer_blocks.0.attn.norm_q.weight")
	f.video = g.has("context_embedder.proj_in.weight")
	f.distilled = !f.video && !g.has("time_text_embed.guidance_embedder.linear_1.weight")
	return f
}

func ltxBlocks(g *group) *found {
	if !g.has("patchify_proj.weight") && !(g.has("proj_in.weight") && g.has("caption_projection.linear_1.weight")) {
		return nil
	}
	f := &found{video: true}
	f.Kind, f.Layers, f.Patch = pipeline.CrossDiT, g.count("transformer_blocks"), [3]int{1, 1, 1}
	f.Hidden, f.FFN = g.outputs("transformer_blocks.0.attn1.to_q"), g.outputs("transformer_blocks.0.ff.net.0.proj")
	if f.Hidden == 0 {
		return nil
	}
	f.Heads = f.Hidden / 64
	return f
}

func cogBlocks(g *group) *found {
	if !g.has("patch_embed.text_proj.weight") || !g.has("transformer_blocks.0.attn1.to_q.weight") {
		return nil
	}
	f := &found{video: true}
	f.Kind, f.DoubleLayers, f.Patch = pipeline.MMDiT, g.count("transformer_blocks"), [3]int{1, 2, 2}
	if len(g.shapes["patch_embed.proj.weight"]) == 2 { // a matrix over two frames
		f.Patch[0] = 2
	}
	f.Hidden = g.rows("transformer_blocks.0.attn1.to_q.weight")
	f.Heads = f.Hidden / 64
	return f
}

func pixArtBlocks(g *group) *found {
	if !g.has("blocks.0.cross_attn.q_linear.weight") {
		return nil
	}
	f := &found{}
	f.Kind, f.Layers, f.Patch = pipeline.CrossDiT, g.count("blocks"), [3]int{1, 2, 2}
	f.Hidden, f.FFN = g.rows("blocks.0.cross_attn.q_linear.weight"), g.rows("blocks.0.mlp.fc1.weight")
	f.Heads = f.Hidden / 72
	return f
}

// refiners is Lumina Image 2 and Z-Image: one gated stack, and two that refine
// text and image before.
func refiners(g *group) *found {
	noise := g.count("noise_refiner")
	if noise == 0 || g.count("layers") == 0 {
		return nil
	}
	f := &found{}
	f.Kind, f.Gated, f.Patch = pipeline.SingleDiT, true, [3]int{1, 2, 2}
	f.Layers = g.count("layers") + noise
	qkv, to := g.cols("layers.0.attention.qkv.weight"), g.cols("layers.0.attention.to_q.weight")
	f.Hidden = max(qkv, to)
	f.FFN = max(g.rows("layers.0.feed_forward.w1.weight"), g.rows("layers.0.feed_forward.linear_1.weight"))
	f.Heads = heads(f.Hidden, g, "layers.0.attention.q_norm.weight", "layers.0.attention.norm_q.weight")
	if kv := (g.rows("layers.0.attention.qkv.weight") - f.Hidden) / 2; kv > 0 && f.Hidden > 0 && kv < f.Hidden {
		f.KVHeads = f.Heads * kv / f.Hidden
	}
	return f
}

func mochiBlocks(g *group) *found {
	if !g.has("blocks.0.attn.qkv_x.weight") {
		return nil
	}
	f := &found{video: true}
	f.Kind, f.DoubleLayers, f.Patch = pipeline.MMDiT, g.count("blocks"), [3]int{1, 2, 2}
	f.Hidden = g.cols("blocks.0.attn.qkv_x.weight")
	f.Heads = f.Hidden / 128
	return f
}

// pairBlocks is Qwen-Image and others whose blocks all have two sides.
func pairBlocks(g *group) *found {
	if !g.has("transformer_blocks.0.attn.add_k_proj.weight") {
		return nil
	}
	f := &found{}
	f.Kind, f.DoubleLayers, f.Patch = pipeline.MMDiT, g.count("transformer_blocks"), [3]int{1, 2, 2}
	f.Hidden = g.outputs("transformer_blocks.0.attn.to_out.0")
	f.Heads = heads(f.Hidden, g, "transformer_blocks.0.attn.norm_q.weight")
	return f
}
