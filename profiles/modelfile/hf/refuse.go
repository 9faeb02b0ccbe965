package hf

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
)

// refuse recognises configs of things that are no language model and says what
// they are.
func refuse(o jsonfile.Object) error {
	class := o.Str("_class_name")
	arch := ""
	if l := o.List("architectures"); len(l) > 0 {
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
	case class != "" || o.Has("_diffusers_version"), strings.Contains(arch, "DiT"), strings.Contains(arch, "UNet"), strings.HasSuffix(arch, "Transformer2DModel"), strings.HasSuffix(arch, "Transformer3DModel"):
		kind = "the denoiser of an image or video pipeline"
	case strings.HasSuffix(arch, "VAE"), strings.Contains(arch, "Autoencoder"):
		kind = "the autoencoder (VAE) of an image or video pipeline"
	case strings.HasPrefix(name, "Whisper"), strings.HasPrefix(name, "Wav2Vec"), strings.HasPrefix(name, "Hubert"), strings.Contains(name, "ForCTC"), strings.HasPrefix(name, "Speech"), strings.HasPrefix(name, "Moonshine"), o.Str("model_type") == "whisper":
		kind = "a speech recognition model"
	case strings.HasPrefix(name, "CLIP"), strings.HasPrefix(name, "Siglip"), strings.HasPrefix(name, "ViT"), strings.HasPrefix(name, "Dinov"):
		kind = "a text or image encoder of the CLIP kind"
	case strings.HasPrefix(name, "T5"), strings.HasPrefix(name, "MT5"), strings.HasPrefix(name, "UMT5"), strings.HasPrefix(name, "Bart"), strings.HasPrefix(name, "MBart"), strings.HasPrefix(name, "Marian"), strings.HasPrefix(name, "Pegasus"), o.Flag("is_encoder_decoder"):
		kind = "an encoder-decoder model"
	case strings.Contains(name, "Vits"), strings.Contains(name, "Encodec"), strings.HasPrefix(name, "Bark"), strings.HasPrefix(name, "Dac"):
		kind = "a speech synthesis or audio codec model"
	case o.Has("peft_type"), o.Has("lora_alpha"):
		base := o.Str("base_model_name_or_path")
		if base == "" {
			base = "its base model"
		}
		return fmt.Errorf("a LoRA adapter, not a model: name %.100s instead", base)
	case o.Has("feature_extractor_type"), o.Has("image_processor_type"), o.Has("tokenizer_class") && !o.Has("model_type"):
		return fmt.Errorf("the settings of a tokenizer or preprocessor, not of a model: name the folder's config.json")
	case o.Has("scheduler") && o.Has("vae"):
		kind = "an image or video generation pipeline of diffusers"
	default:
		return nil
	}
	name := class + arch
	if name == "" {
		name = o.Str("model_type")
	}
	return fmt.Errorf("%s (%.60s), not a decoder-only language model: name one", kind, name)
}
