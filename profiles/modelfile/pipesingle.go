package modelfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles/modelfile/checkpoint"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf"
	"github.com/plimsoll/plimsoll/profiles/modelfile/safetensors"
	"github.com/plimsoll/plimsoll/profiles/modelfile/whisperggml"
)

// fileKind is what a file holds by its first bytes.
type fileKind int

const (
	kindOther fileKind = iota
	kindJSON
	kindSafetensors
	kindGGUF
	kindGGML
)

func kindOf(path string) fileKind {
	f, err := os.Open(path)
	if err != nil {
		return kindOther
	}
	defer func() { _ = f.Close() }()
	var head [512]byte
	n, _ := io.ReadFull(f, head[:])
	b := head[:n]
	text := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	ext := strings.ToLower(filepath.Ext(path))
	switch {
	case bytes.HasPrefix(b, []byte("GGUF")), bytes.HasPrefix(b, []byte("FUGG")), ext == ".gguf":
		return kindGGUF
	case bytes.HasPrefix(b, []byte("lmgg")):
		return kindGGML
	case ext == ".safetensors", n > 8 && b[8] == '{' && b[7] == 0 && b[6] == 0:
		return kindSafetensors
	case len(text) > 0 && text[0] == '{', ext == ".json":
		return kindJSON
	}
	return kindOther
}

// denoiserNames begin the names of tensors that only checkpoints of image and
// video models have, languageNames those of language models: the first that is
// met decides.
var (
	denoiserNames = []string{"model.diffusion_model.", "diffusion_model.", "first_stage_model.", "cond_stage_model.", "conditioner.", "text_encoders.", "vae.",
		"double_blocks.", "single_blocks.", "joint_blocks.", "input_blocks.", "output_blocks.", "middle_block.", "down_blocks.", "up_blocks.", "mid_block.",
		"transformer_blocks.", "single_transformer_blocks.", "patch_embedding.", "patchify_proj.", "noise_refiner.", "context_refiner.", "cap_embedder.",
		"img_in.", "txt_in.", "x_embedder.", "context_embedder.", "time_text_embed.", "time_embedding.", "adaln_single.", "caption_projection.", "distilled_guidance_layer.",
		"blocks.0.self_attn.q.", "blocks.0.cross_attn.", "blocks.0.attn.qkv_x."}
	languageNames = []string{"model.layers.", "model.embed_tokens.", "model.norm.", "lm_head.", "transformer.h.", "transformer.wte.", "gpt_neox.", "backbone.", "language_model.", "model.language_model.",
		"embeddings.word_embeddings.", "encoder.layer.", "encoder.layers.", "decoder.layers.", "model.encoder.", "model.decoder.", "tok_embeddings."}
)

var errSeen = errors.New("seen enough")

// maxSniff bounds the tensors that are looked at to tell what a file holds.
const maxSniff = 4096

// sniffSafetensors tells whether the names of a file's tensors are those of an
// image or video model.
func sniffSafetensors(path string) bool {
	is, n := false, 0
	err := safetensors.Open(path, func(t safetensors.Tensor) error {
		n++
		is = begins(t.Name, denoiserNames)
		if is || begins(t.Name, languageNames) || n > maxSniff {
			return errSeen
		}
		return nil
	})
	return is && errors.Is(err, errSeen)
}

func begins(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// sniffGGUF tells an image or video model's GGUF file by its architecture, or,
// where it names none, by its tensors.
func sniffGGUF(path string) bool {
	arch, err := gguf.Architecture(path)
	if err != nil {
		return false
	}
	if arch != "" {
		return imageArchs[arch]
	}
	f, err := gguf.Open(path)
	if err != nil {
		return false
	}
	for i := range f.Tensors {
		if begins(f.Tensors[i].Name, denoiserNames) {
			return true
		}
	}
	return false
}

// openCheckpoint reads a safetensors file that holds a pipeline, or the
// denoiser of one.
func openCheckpoint(path string) (*read, error) {
	var c checkpoint.Reader
	if err := safetensors.Open(path, func(t safetensors.Tensor) error {
		return c.Add(checkpoint.Tensor{Name: t.Name, Shape: t.Shape, Elements: t.Elements(), Bytes: t.Bytes, Type: t.DType})
	}); err != nil {
		return nil, err
	}
	return fromCheckpoint(path, &c, false)
}

// openGGUFCheckpoint reads a GGUF file that holds the denoiser of a pipeline.
func openGGUFCheckpoint(path string) (*read, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	c, known, err := ggufCheckpoint(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return fromCheckpoint(path, c, known)
}

// ggufCheckpoint hands a GGUF file's tensors on; known is that its architecture
// is one of image or video models.
func ggufCheckpoint(f *gguf.File) (c *checkpoint.Reader, known bool, err error) {
	arch, _ := f.KV["general.architecture"].Str()
	c = &checkpoint.Reader{}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		// What GGUF cannot hold as it is was flattened; its shape stands beside.
		shape := reversed(t.Dims)
		if v, ok := f.KV["comfy.gguf.orig_shape."+t.Name]; ok && v.IsArray() {
			if orig, ok := v.Ints(); ok {
				shape = orig
			}
		}
		if err := c.Add(checkpoint.Tensor{Name: t.Name, Shape: shape, Elements: t.Elements, Bytes: t.Bytes, Type: t.Type.Name}); err != nil {
			return nil, false, err
		}
	}
	return c, imageArchs[arch], nil
}

func reversed(s []int64) []int64 {
	out := make([]int64, len(s))
	for i, v := range s {
		out[len(s)-1-i] = v
	}
	return out
}

// fromCheckpoint is the pipeline that a checkpoint holds.
func fromCheckpoint(path string, c *checkpoint.Reader, force bool) (*read, error) {
	p, err := c.Result(force)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &read{model: &pipeline.Model{Source: "the tensors of " + filepath.Base(path), Components: p.Components}, known: p.Known, distilled: p.Distilled, partial: true}
	r.name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if p.Known {
		r.model.Class = pipeline.TextToImage
		if p.Video {
			r.model.Class = pipeline.TextToVideo
		}
	}
	r.image = p.Image
	if !p.Known {
		r.note("the kind of its denoiser is not known: only its size is")
	}
	return r, nil
}

// openWhisperGGML reads a file of whisper.cpp.
func openWhisperGGML(path string) (*read, error) {
	w, err := whisperggml.Open(path)
	if err != nil {
		return nil, err
	}
	e, d, err := w.Shape.Components()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	e.Params, e.FileBytes, e.FileFormat = w.Encoder.Elements, w.Encoder.Bytes, checkpoint.Format(w.Encoder.ByType)
	d.Params, d.FileBytes, d.FileFormat = w.Decoder.Elements, w.Decoder.Bytes, checkpoint.Format(w.Decoder.ByType)
	r := &read{model: &pipeline.Model{Source: "the tensors of " + filepath.Base(path), Components: []pipeline.Component{e, d}}}
	return r, r.recognition()
}
