package hf

import (
	"fmt"
	"strings"
)

// refuse recognises configs of things that are no language model and says what
// they are.
func refuse(o object) error {
	class := o.str("_class_name")
	arch := ""
	if l := o.list("architectures"); len(l) > 0 {
		arch, _ = l[0].(string)
	}
	kind := ""
	switch name := class + arch; {
	case strings.Contains(class, "Pipeline"):
		kind = "an image or video generation pipeline of diffusers"
	case strings.Contains(class, "VAE"), strings.Contains(class, "Autoencoder"):
		kind = "the autoencoder (VAE) of an image or video pipeline"
	case strings.Contains(class, "Scheduler"):
		kind = "a diffusion scheduler"
	case class != "" || o.has("_diffusers_version"), strings.Contains(arch, "DiT"), strings.Contains(arch, "UNet"), strings.HasSuffix(arch, "Transformer2DModel"), strings.HasSuffix(arch, "Transformer3DModel"):
		kind = "the denoiser of an image or video pipeline"
	case strings.HasSuffix(arch, "VAE"), strings.Contains(arch, "Autoencoder"):
		kind = "the autoencoder (VAE) of an image or video pipeline"
	case strings.HasPrefix(name, "Whisper"), strings.HasPrefix(name, "Wav2Vec"), strings.HasPrefix(name, "Hubert"), strings.Contains(name, "ForCTC"), strings.HasPrefix(name, "Speech"), strings.HasPrefix(name, "Moonshine"), o.str("model_type") == "whisper":
		kind = "a speech recognition model"
	case strings.HasPrefix(name, "CLIP"), strings.HasPrefix(name, "Siglip"), strings.HasPrefix(name, "ViT"), strings.HasPrefix(name, "Dinov"):
		kind = "a text or image encoder of the CLIP kind"
	case strings.HasPrefix(name, "T5"), strings.HasPrefix(name, "MT5"), strings.HasPrefix(name, "UMT5"), strings.HasPrefix(name, "Bart"), strings.HasPrefix(name, "MBart"), strings.HasPrefix(name, "Marian"), strings.HasPrefix(name, "Pegasus"), o.flag("is_encoder_decoder"):
		kind = "an encoder-decoder model"
	case strings.Contains(name, "Vits"), strings.Contains(name, "Encodec"), strings.HasPrefix(name, "Bark"), strings.HasPrefix(name, "Dac"):
		kind = "a speech synthesis or audio codec model"
	case o.has("peft_type"), o.has("lora_alpha"):
		base := o.str("base_model_name_or_path")
		if base == "" {
			base = "its base model"
		}
		return fmt.Errorf("a LoRA adapter, not a model: name %.100s instead", base)
	case o.has("feature_extractor_type"), o.has("image_processor_type"), o.has("tokenizer_class") && !o.has("model_type"):
		return fmt.Errorf("the settings of a tokenizer or preprocessor, not of a model: name the folder's config.json")
	case o.has("scheduler") && o.has("vae"):
		kind = "an image or video generation pipeline of diffusers"
	default:
		return nil
	}
	name := class + arch
	if name == "" {
		name = o.str("model_type")
	}
	return fmt.Errorf("%s (%.60s), which is not handled yet: name a language model", kind, name)
}
