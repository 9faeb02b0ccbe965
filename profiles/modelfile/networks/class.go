package networks

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
)

// Network is what a config says of one component.
type Network struct {
	pipeline.Component
	// Class is the class that the config names, "" where it names none.
	Class string
	// Known is false of classes whose shape is not read: only the role is set,
	// and only the weights tell the size.
	Known bool
	// Image is true of a denoiser that attends to an input image beside the text.
	Image bool
	// Distilled is true of a denoiser that takes no guidance: its config says
	// that it has no guidance embedding where its class may have one.
	Distilled bool
}

// build fills a component from the config of one class and returns the number
// of weights.
type build func(r *reader, c *pipeline.Component) float64

// classes are the networks that are counted from their configs.
var classes = map[string]struct {
	role  pipeline.Role
	kind  pipeline.Kind
	build build
}{
	"UNet2DConditionModel":           {pipeline.Denoiser, pipeline.UNet, unet2D},
	"UNet3DConditionModel":           {pipeline.Denoiser, pipeline.UNet, unet3D},
	"ControlNetModel":                {pipeline.ControlNet, pipeline.UNet, controlNet},
	"FluxTransformer2DModel":         {pipeline.Denoiser, pipeline.MMDiT, flux},
	"Flux2Transformer2DModel":        {pipeline.Denoiser, pipeline.MMDiT, flux2},
	"SD3Transformer2DModel":          {pipeline.Denoiser, pipeline.MMDiT, sd3},
	"QwenImageTransformer2DModel":    {pipeline.Denoiser, pipeline.MMDiT, qwenImage},
	"HunyuanVideoTransformer3DModel": {pipeline.Denoiser, pipeline.MMDiT, hunyuanVideo},
	"CogVideoXTransformer3DModel":    {pipeline.Denoiser, pipeline.MMDiT, cogVideoX},
	"MochiTransformer3DModel":        {pipeline.Denoiser, pipeline.MMDiT, mochi},
	"PixArtTransformer2DModel":       {pipeline.Denoiser, pipeline.CrossDiT, pixArt},
	"Transformer2DModel":             {pipeline.Denoiser, pipeline.CrossDiT, pixArt},
	"WanTransformer3DModel":          {pipeline.Denoiser, pipeline.CrossDiT, wan},
	"SkyReelsV2Transformer3DModel":   {pipeline.Denoiser, pipeline.CrossDiT, wan},
	"LTXVideoTransformer3DModel":     {pipeline.Denoiser, pipeline.CrossDiT, ltx},
	"SanaTransformer2DModel":         {pipeline.Denoiser, pipeline.LinearDiT, sana},
	"Lumina2Transformer2DModel":      {pipeline.Denoiser, pipeline.SingleDiT, lumina2},
	"ZImageTransformer2DModel":       {pipeline.Denoiser, pipeline.SingleDiT, zImage},
	"AutoencoderKL":                  {pipeline.VAE, pipeline.Convolutional, kl},
	"AutoencoderKLFlux2":             {pipeline.VAE, pipeline.Convolutional, kl},
	"AutoencoderKLHunyuanVideo":      {pipeline.VAE, pipeline.Convolutional, klHunyuan},
	"AutoencoderKLCogVideoX":         {pipeline.VAE, pipeline.Convolutional, klCogVideoX},
	"AutoencoderKLWan":               {pipeline.VAE, pipeline.Convolutional, klWan},
	"AutoencoderKLQwenImage":         {pipeline.VAE, pipeline.Convolutional, klWan},
	"AutoencoderKLLTXVideo":          {pipeline.VAE, pipeline.Convolutional, klLTX},
	"AutoencoderKLMochi":             {pipeline.VAE, pipeline.Convolutional, klMochi},
	"AutoencoderDC":                  {pipeline.VAE, pipeline.Convolutional, dcAE},
	"CLIPTextModel":                  {pipeline.TextEncoder, pipeline.Transformer, clipText},
	"CLIPTextModelWithProjection":    {pipeline.TextEncoder, pipeline.Transformer, clipText},
	"T5EncoderModel":                 {pipeline.TextEncoder, pipeline.Transformer, t5},
	"T5ForConditionalGeneration":     {pipeline.TextEncoder, pipeline.Transformer, t5},
	"MT5EncoderModel":                {pipeline.TextEncoder, pipeline.Transformer, t5},
	"UMT5EncoderModel":               {pipeline.TextEncoder, pipeline.Transformer, umt5},
	"CLIPVisionModel":                {pipeline.VisionTower, pipeline.Transformer, clipVision},
	"CLIPVisionModelWithProjection":  {pipeline.VisionTower, pipeline.Transformer, clipVision},
	"SiglipVisionModel":              {pipeline.VisionTower, pipeline.Transformer, siglipVision},
}

// ClassOf returns the class that a config names: diffusers writes _class_name,
// transformers a list of architectures.
func ClassOf(o jsonfile.Object) string {
	if s := o.Str("_class_name"); s != "" {
		return s
	}
	if l := o.List("architectures"); len(l) > 0 {
		if s, ok := l[0].(string); ok {
			return s
		}
	}
	return ""
}

// Role returns the part that a folder of a pipeline plays by its name, which
// is the same in all pipelines; "" for folders that hold no network.
func Role(folder string) pipeline.Role {
	switch {
	case strings.HasPrefix(folder, "text_encoder"):
		return pipeline.TextEncoder
	case strings.HasPrefix(folder, "unet"), strings.HasPrefix(folder, "transformer"), folder == "prior", folder == "decoder":
		return pipeline.Denoiser
	case strings.HasPrefix(folder, "controlnet"):
		return pipeline.ControlNet
	case folder == "vae", strings.HasSuffix(folder, "_vae"), folder == "movq", folder == "vqvae", folder == "vqgan":
		return pipeline.VAE
	case strings.HasPrefix(folder, "image_encoder"):
		return pipeline.VisionTower
	case folder == "vocoder":
		return pipeline.Vocoder
	case folder == "connectors", folder == "image_projection", folder == "projection_model":
		return pipeline.Projector
	}
	return ""
}

// Read works the config of one network out. Errors name the key, not the file.
func Read(o jsonfile.Object) (Network, error) {
	n := Network{Class: ClassOf(o)}
	c, known := classes[n.Class]
	if !known {
		return n, nil
	}
	r := &reader{Fields: jsonfile.Fields{Object: o}, class: n.Class}
	n.Known, n.Role, n.Kind = true, c.role, c.kind
	total := c.build(r, &n.Component)
	if total > 0 { // some networks only have their shape read
		r.count(&n.Component, total)
	}
	if r.Err != nil {
		return n, r.Err
	}
	guided, has := o["guidance_embeds"].(bool)
	n.Distilled = has && !guided && n.Class == "FluxTransformer2DModel"
	n.Image = c.kind == pipeline.CrossDiT && o["image_dim"] != nil && o["added_kv_proj_dim"] != nil
	return n, nil
}

// Parse is Read of a config given as bytes.
func Parse(data []byte) (Network, error) {
	o, err := jsonfile.Parse(data)
	if err != nil {
		return Network{}, err
	}
	n, err := Read(o)
	if err != nil {
		return n, fmt.Errorf("%s: %w", n.Class, err)
	}
	return n, nil
}
