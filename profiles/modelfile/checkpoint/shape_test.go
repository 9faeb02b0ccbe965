package checkpoint

import (
	"fmt"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// The names and shapes are those of the published checkpoints, each cut to the
// tensors that tell the shape.
func TestIdentify(t *testing.T) {
	type row struct {
		name  string
		shape []int64
	}
	blocks := func(n int, format string, shape ...int64) []row {
		var out []row
		for i := range n {
			out = append(out, row{fmt.Sprintf(format, i), shape})
		}
		return out
	}
	for _, tc := range []struct {
		name  string
		rows  []row
		want  string // kind, layers, double, single, hidden, heads, ffn, patch
		video bool
	}{
		{"SD 3.5 medium", append(append(blocks(24, "joint_blocks.%d.x_block.attn.proj.weight", 1536, 1536), blocks(13, "joint_blocks.%d.x_block.attn2.qkv.weight", 4608, 1536)...), row{"joint_blocks.0.x_block.mlp.fc1.weight", []int64{6144, 1536}}),
			"mmdit 0 24 0 1536 24 6144 [1 2 2]", false},
		{"Qwen-Image", append(append(blocks(60, "transformer_blocks.%d.attn.add_k_proj.weight", 3072, 3072), blocks(60, "transformer_blocks.%d.attn.to_out.0.weight", 3072, 3072)...), row{"transformer_blocks.0.attn.norm_q.weight", []int64{128}}),
			"mmdit 0 60 0 3072 24 0 [1 2 2]", false},
		{"FLUX.1 in the names of diffusers", append(append(blocks(19, "transformer_blocks.%d.attn.add_k_proj.weight", 3072, 3072), blocks(38, "single_transformer_blocks.%d.proj_mlp.weight", 12288, 3072)...), row{"transformer_blocks.0.attn.to_out.0.weight", []int64{3072, 3072}}),
			"mmdit 0 19 38 3072 24 0 [1 2 2]", false},
		{"FLUX.2", append(append(blocks(8, "double_blocks.%d.img_mlp.0.weight", 36864, 6144), blocks(48, "single_blocks.%d.linear1.weight", 55296, 6144)...), row{"double_stream_modulation_img.lin.weight", []int64{36864, 6144}}, row{"img_in.weight", []int64{6144, 128}}),
			"mmdit 0 8 48 6144 48 18432 [1 2 2]", false},
		{"HunyuanVideo", append(append(blocks(20, "double_blocks.%d.img_mlp.0.weight", 12288, 3072), blocks(40, "single_blocks.%d.linear1.weight", 21504, 3072)...), row{"img_in.proj.weight", []int64{3072, 16, 1, 2, 2}}, row{"txt_in.individual_token_refiner.blocks.0.norm1.weight", []int64{3072}}),
			"mmdit 0 20 40 3072 24 12288 [1 2 2]", true},
		{"Wan 2.1 14B", append(blocks(40, "blocks.%d.self_attn.q.weight", 5120, 5120), row{"blocks.0.ffn.0.weight", []int64{13824, 5120}}),
			"cross-dit 40 0 0 5120 40 13824 [1 2 2]", true},
		{"LTX-Video", append(blocks(28, "transformer_blocks.%d.attn1.to_q.weight", 2048, 2048), row{"patchify_proj.weight", []int64{2048, 128}}, row{"transformer_blocks.0.ff.net.0.proj.weight", []int64{8192, 2048}}),
			"cross-dit 28 0 0 2048 32 8192 [1 1 1]", true},
		{"PixArt", append(blocks(28, "blocks.%d.cross_attn.q_linear.weight", 1152, 1152), row{"blocks.0.mlp.fc1.weight", []int64{4608, 1152}}),
			"cross-dit 28 0 0 1152 16 4608 [1 2 2]", false},
		{"CogVideoX 5B", append(blocks(42, "transformer_blocks.%d.attn1.to_q.weight", 3072, 3072), row{"patch_embed.text_proj.weight", []int64{3072, 4096}}, row{"patch_embed.proj.weight", []int64{3072, 16, 2, 2}}),
			"mmdit 0 42 0 3072 48 0 [1 2 2]", true},
		{"Mochi", blocks(48, "blocks.%d.attn.qkv_x.weight", 9216, 3072), "mmdit 0 48 0 3072 24 0 [1 2 2]", true},
		{"Z-Image", append(append(blocks(30, "layers.%d.attention.qkv.weight", 11520, 3840), blocks(2, "noise_refiner.%d.x", 1)...), row{"layers.0.feed_forward.w1.weight", []int64{10240, 3840}}, row{"layers.0.attention.q_norm.weight", []int64{128}}),
			"single-dit 32 0 0 3840 30 10240 [1 2 2]", false},
	} {
		var r Reader
		for _, x := range tc.rows {
			n := int64(1)
			for _, d := range x.shape {
				n *= d
			}
			if err := r.Add(Tensor{Name: x.name, Shape: x.shape, Elements: n, Bytes: 2 * n, Type: "BF16"}); err != nil {
				t.Fatal(err)
			}
		}
		p, err := r.Result(false)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		c := p.Components[0]
		if got := fmt.Sprintln(string(c.Kind), c.Layers, c.DoubleLayers, c.SingleLayers, c.Hidden, c.Heads, c.FFN, c.Patch); got != tc.want+"\n" || p.Video != tc.video || !p.Known {
			t.Errorf("%s: %s (video %v), want %s", tc.name, got, p.Video, tc.want)
		}
		if c.FileFormat != "bf16" || c.FileBytes != 2*c.Params || c.Role != pipeline.Denoiser {
			t.Errorf("%s: %+v", tc.name, c)
		}
	}
}

func TestTextEncoders(t *testing.T) {
	for name, tc := range map[string]struct {
		rows map[string][]int64
		want string
	}{
		"T5": {map[string][]int64{"text_encoders.t5xxl.transformer.shared.weight": {32128, 4096}, "text_encoders.t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q.weight": {4096, 4096},
			"text_encoders.t5xxl.transformer.encoder.block.0.layer.1.DenseReluDense.wi_0.weight": {10240, 4096}, "text_encoders.t5xxl.transformer.encoder.block.0.layer.1.DenseReluDense.wi_1.weight": {10240, 4096}},
			"t5xxl 4096 1 64 0 10240 true 32128"},
		"language model": {map[string][]int64{"text_encoders.qwen3_4b.transformer.model.embed_tokens.weight": {151936, 2560}, "text_encoders.qwen3_4b.transformer.model.layers.0.self_attn.q_proj.weight": {4096, 2560},
			"text_encoders.qwen3_4b.transformer.model.layers.0.self_attn.k_proj.weight": {1024, 2560}, "text_encoders.qwen3_4b.transformer.model.layers.0.mlp.up_proj.weight": {9728, 2560}, "text_encoders.qwen3_4b.transformer.model.layers.0.mlp.gate_proj.weight": {9728, 2560}},
			"qwen3_4b 2560 1 32 8 9728 true 151936"},
		"CLIP": {map[string][]int64{"cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": {49408, 768}, "cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.weight": {3072, 768}},
			"text encoder 768 1 12 0 3072 false 49408"},
	} {
		var r Reader
		for n, shape := range tc.rows {
			if err := r.Add(Tensor{Name: n, Shape: shape, Elements: 8, Bytes: 16, Type: "F16"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Add(Tensor{Name: "model.diffusion_model.joint_blocks.0.x_block.attn.proj.weight", Shape: []int64{64, 64}, Elements: 4096, Bytes: 8192, Type: "F16"}); err != nil {
			t.Fatal(err)
		}
		p, err := r.Result(false)
		if err != nil || len(p.Components) != 2 {
			t.Fatalf("%s: %+v %v", name, p, err)
		}
		c := p.Components[1]
		if got := fmt.Sprint(c.Name, " ", c.Hidden, c.Layers, c.Heads, c.KVHeads, c.FFN, c.Gated, " ", c.Vocab); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}
