package networks_test

import (
	"math"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/modelfile/networks"
)

// Totals that are published, or that the tensor tables of the published
// checkpoints give, beside what the configs give. The configs hold the keys
// that differ from the library's defaults, or all that decide the count.
func TestCounts(t *testing.T) {
	for _, tc := range []struct {
		name, config string
		want         float64
		within       float64 // relative; 0: exact
		source       string
	}{
		{"SD 1.5 U-Net", sd15, 859520964, 0, "huggingface/diffusers: parameters of the published U-Net, 859.52M"},
		{"SD 2.1 U-Net", `{"_class_name":"UNet2DConditionModel","attention_head_dim":[5,10,20,20],"cross_attention_dim":1024,"use_linear_projection":true}`, 865910724, 0, "stabilityai/stable-diffusion-2-1 unet, 865.91M"},
		{"SDXL U-Net", sdxl, 2567463684, 0, "stabilityai/stable-diffusion-xl-base-1.0 unet, 2.5675B"},
		{"text-to-video-ms U-Net", `{"_class_name":"UNet3DConditionModel","attention_head_dim":64,"cross_attention_dim":1024}`, 1.413e9, 0.005, "damo-vilab/text-to-video-ms-1.7b: 2.82 GB in FP16"},
		{"ControlNet of SD 1.5", `{"_class_name":"ControlNetModel","cross_attention_dim":768}`, 361279120, 0, "lllyasviel/sd-controlnet-canny, 361.28M"},
		{"KL autoencoder, 4 channels", vae4, 83653863, 0, "stabilityai/sd-vae-ft-mse, 83.65M"},
		{"KL autoencoder of FLUX.1", `{"_class_name":"AutoencoderKL","block_out_channels":[128,256,512,512],"layers_per_block":2,"latent_channels":16,"use_quant_conv":false,"use_post_quant_conv":false}`, 83819683, 0, "black-forest-labs/FLUX.1-dev ae, 335 MB in FP32"},
		{"Wan 2.1 autoencoder", `{"_class_name":"AutoencoderKLWan"}`, 126892531, 0, "Wan-AI/Wan2.1-T2V-14B VAE, 127M, 508 MB in FP32"},
		{"Wan 2.2 autoencoder", `{"_class_name":"AutoencoderKLWan","base_dim":160,"decoder_base_dim":256,"z_dim":48,"is_residual":true,"in_channels":12,"out_channels":12,"patch_size":2}`, 704.69e6, 0.002, "Wan-AI/Wan2.2-TI2V-5B VAE, 704.7M, 2.82 GB in FP32"},
		{"HunyuanVideo autoencoder", `{"_class_name":"AutoencoderKLHunyuanVideo"}`, 246.49e6, 0.002, "tencent/HunyuanVideo VAE, 493 MB in FP16"},
		{"CogVideoX autoencoder", `{"_class_name":"AutoencoderKLCogVideoX"}`, 215.58e6, 0.002, "THUDM/CogVideoX-5b VAE, 431 MB in BF16"},
		{"CLIP ViT-L/14 text", `{"architectures":["CLIPTextModel"],"hidden_size":768,"num_hidden_layers":12,"num_attention_heads":12,"intermediate_size":3072}`, 123060480, 0, "openai/clip-vit-large-patch14 text model, 123.06M"},
		{"OpenCLIP ViT-H/14 text", `{"architectures":["CLIPTextModel"],"hidden_size":1024,"num_hidden_layers":23,"num_attention_heads":16,"intermediate_size":4096}`, 340387840, 0, "stabilityai/stable-diffusion-2-1 text encoder, 340.39M"},
		{"OpenCLIP ViT-bigG/14 text", `{"architectures":["CLIPTextModelWithProjection"],"hidden_size":1280,"num_hidden_layers":32,"num_attention_heads":20,"intermediate_size":5120,"projection_dim":1280}`, 694659840, 0, "stabilityai/stable-diffusion-xl-base-1.0 text encoder 2, 694.66M"},
		{"OpenCLIP ViT-H/14 image", `{"architectures":["CLIPVisionModelWithProjection"],"hidden_size":1280,"num_hidden_layers":32,"num_attention_heads":16,"intermediate_size":5120,"patch_size":14,"projection_dim":1024}`, 632076800, 0, "laion/CLIP-ViT-H-14-laion2B-s32B-b79K image tower, 632.08M"},
		{"T5 v1.1 XXL encoder", `{"architectures":["T5EncoderModel"],"d_model":4096,"d_ff":10240,"num_layers":24,"num_heads":64,"feed_forward_proj":"gated-gelu"}`, 4762310656, 0, "google/t5-v1_1-xxl encoder, 9.52 GB in 16 bits"},
		{"umT5 XXL encoder", `{"architectures":["UMT5EncoderModel"],"d_model":4096,"d_ff":10240,"num_layers":24,"num_heads":64,"vocab_size":256384,"feed_forward_proj":"gated-gelu"}`, 5680910336, 0, "google/umt5-xxl encoder, 11.36 GB in BF16"},
		{"FLUX.1 dev", `{"_class_name":"FluxTransformer2DModel","guidance_embeds":true}`, 11901408320, 0, "black-forest-labs/FLUX.1-dev transformer, 23.80 GB in BF16"},
		{"FLUX.1 schnell", `{"_class_name":"FluxTransformer2DModel","guidance_embeds":false}`, 11891178560, 0, "black-forest-labs/FLUX.1-schnell transformer, 23.78 GB in BF16"},
		{"FLUX.2 dev", `{"_class_name":"Flux2Transformer2DModel"}`, 32.22e9, 0.002, "black-forest-labs/FLUX.2-dev, 32B"},
		{"SD 3 medium", `{"_class_name":"SD3Transformer2DModel","num_layers":24,"num_attention_heads":24,"caption_projection_dim":1536}`, 2.03e9, 0.01, "stabilityai/stable-diffusion-3-medium, 2B"},
		{"SD 3.5 large", `{"_class_name":"SD3Transformer2DModel","num_layers":38,"num_attention_heads":38,"caption_projection_dim":2432,"qk_norm":"rms_norm"}`, 8.06e9, 0.002, "stabilityai/stable-diffusion-3.5-large, 8.06B"},
		{"SD 3.5 medium", `{"_class_name":"SD3Transformer2DModel","num_layers":24,"num_attention_heads":24,"caption_projection_dim":1536,"qk_norm":"rms_norm","dual_attention_layers":[0,1,2,3,4,5,6,7,8,9,10,11,12]}`, 2.243e9, 0.01, "stabilityai/stable-diffusion-3.5-medium"},
		{"PixArt-alpha 1024", `{"_class_name":"Transformer2DModel","sample_size":128,"num_layers":28,"cross_attention_dim":1152,"caption_channels":4096}`, 610.86e6, 0.005, "PixArt-alpha/PixArt-XL-2-1024-MS, 611M"},
		{"Wan 2.1 1.3B", wan13, 1418996800, 0, "Wan-AI/Wan2.1-T2V-1.3B, 1.42B"},
		{"Wan 2.1 14B", `{"_class_name":"WanTransformer3DModel"}`, 14288491584, 0, "Wan-AI/Wan2.1-T2V-14B-Diffusers, 57.15 GB in FP32"},
		{"Wan 2.1 14B image to video", `{"_class_name":"WanTransformer3DModel","in_channels":36,"image_dim":1280,"added_kv_proj_dim":5120}`, 16.4e9, 0.005, "Wan-AI/Wan2.1-I2V-14B-480P, 16.4B"},
		{"HunyuanVideo", `{"_class_name":"HunyuanVideoTransformer3DModel"}`, 12821012544, 0, "tencent/HunyuanVideo, 25.64 GB in BF16"},
		{"CogVideoX 2B", `{"_class_name":"CogVideoXTransformer3DModel"}`, 1.69e9, 0.005, "THUDM/CogVideoX-2b, 3.39 GB in FP16"},
		{"CogVideoX 5B", `{"_class_name":"CogVideoXTransformer3DModel","num_layers":42,"num_attention_heads":48}`, 5.57e9, 0.005, "THUDM/CogVideoX-5b, 11.14 GB in BF16"},
		{"LTX-Video", `{"_class_name":"LTXVideoTransformer3DModel"}`, 1.923e9, 0.005, "Lightricks/LTX-Video, 1.92B"},
		{"Mochi 1", `{"_class_name":"MochiTransformer3DModel"}`, 10.03e9, 0.005, "genmo/mochi-1-preview, 10.03B"},
		{"Qwen-Image", `{"_class_name":"QwenImageTransformer2DModel","guidance_embeds":false}`, 20430401088, 0, "Qwen/Qwen-Image, 40.86 GB in BF16"},
		{"Sana 1.6B", `{"_class_name":"SanaTransformer2DModel"}`, 1.6044e9, 0.005, "Efficient-Large-Model/Sana_1600M_1024px, 1604M"},
		{"Lumina Image 2.0", `{"_class_name":"Lumina2Transformer2DModel","cap_feat_dim":2304}`, 2.61e9, 0.01, "Alpha-VLLM/Lumina-Image-2.0, 2.6B"},
		{"Z-Image", `{"_class_name":"ZImageTransformer2DModel"}`, 6.15e9, 0.01, "Tongyi-MAI/Z-Image-Turbo, 6B"},
	} {
		n, err := networks.Parse([]byte(tc.config))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		off := float64(n.Params)/tc.want - 1
		if math.Abs(off) > tc.within {
			t.Errorf("%s: %d weights, %.0f published (%+.3f%%): %s", tc.name, n.Params, tc.want, 100*off, tc.source)
		}
		t.Logf("%s: %d (%+.4f%%)", tc.name, n.Params, 100*off)
	}
}

const (
	sd15  = `{"_class_name":"UNet2DConditionModel","act_fn":"silu","attention_head_dim":8,"block_out_channels":[320,640,1280,1280],"cross_attention_dim":768,"down_block_types":["CrossAttnDownBlock2D","CrossAttnDownBlock2D","CrossAttnDownBlock2D","DownBlock2D"],"in_channels":4,"layers_per_block":2,"out_channels":4,"sample_size":64}`
	sdxl  = `{"_class_name":"UNet2DConditionModel","addition_embed_type":"text_time","addition_time_embed_dim":256,"attention_head_dim":[5,10,20],"block_out_channels":[320,640,1280],"cross_attention_dim":2048,"down_block_types":["DownBlock2D","CrossAttnDownBlock2D","CrossAttnDownBlock2D"],"in_channels":4,"layers_per_block":2,"mid_block_type":"UNetMidBlock2DCrossAttn","out_channels":4,"projection_class_embeddings_input_dim":2816,"sample_size":128,"transformer_layers_per_block":[1,2,10],"use_linear_projection":true}`
	vae4  = `{"_class_name":"AutoencoderKL","block_out_channels":[128,256,512,512],"in_channels":3,"latent_channels":4,"layers_per_block":2,"out_channels":3}`
	wan13 = `{"_class_name":"WanTransformer3DModel","added_kv_proj_dim":null,"attention_head_dim":128,"cross_attn_norm":true,"ffn_dim":8960,"freq_dim":256,"image_dim":null,"in_channels":16,"num_attention_heads":12,"num_layers":30,"out_channels":16,"patch_size":[1,2,2],"qk_norm":"rms_norm_across_heads","text_dim":4096}`
)
