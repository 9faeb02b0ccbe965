package modelfile

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf"
)

// Tower is the encoder of images or audio that a multimodal language model
// keeps in a file of its own (mmproj).
type Tower struct {
	Params int64 // weights, those of the projector included
	Bytes  int64 // of all tensors
	// Layers, Hidden, FFN and Heads are the encoder's; those of images where the
	// file holds both kinds.
	Layers, Hidden, FFN, Heads int
	Patch                      int // pixels on a side
	ImageSize                  int // pixels on a side that it was trained on
	// Projector is the kind of what follows the encoder, as the file names it.
	Projector string
	Audio     bool // it hears
	Sees      bool
	// Width is that of the embeddings that it makes, 0 where it does not tell.
	Width int
}

// IsTower tells by its head whether a GGUF file is a tower.
func IsTower(path string) bool {
	arch, err := gguf.Architecture(path)
	return err == nil && arch == "clip"
}

// OpenTower reads the mmproj GGUF file at path. Errors are one line that names
// the file and says what to do.
func OpenTower(path string) (*Tower, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	t, err := fromTower(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// fromTower reads the metadata that llama.cpp's tools/mtmd/clip.cpp reads.
func fromTower(f *gguf.File) (*Tower, error) {
	k := &meta{f: f, arch: "clip"}
	if arch := k.str("general.architecture"); arch != "clip" {
		return nil, fmt.Errorf("general.architecture: %.40q is no projector: name the mmproj file, which says clip", arch)
	}
	flag := func(key string) bool { n, ok := k.f.KV["clip."+key].Int(); return ok && n == 1 }
	t := &Tower{Audio: flag("has_audio_encoder") || flag("has_whisper_encoder")}
	t.Sees = flag("has_vision_encoder") || !t.Audio
	side := "vision."
	if !t.Sees {
		side = "audio."
	}
	t.Layers, t.Hidden, t.FFN = k.int(side+"block_count"), k.int(side+"embedding_length"), k.int(side+"feed_forward_length")
	t.Heads = k.int(side + "attention.head_count")
	t.Patch, t.ImageSize = k.int("vision.patch_size"), k.int("vision.image_size")
	for _, key := range []string{"clip.projector_type", "clip." + side + "projector_type"} {
		if s := k.str(key); s != "" {
			t.Projector = s
		}
	}
	if k.err != nil {
		return nil, k.err
	}
	for _, need := range []struct {
		key string
		v   int
	}{{"block_count", t.Layers}, {"embedding_length", t.Hidden}} {
		if need.v < 1 || need.v > 1<<20 {
			return nil, fmt.Errorf("clip.%s%s: %d: a whole number from 1 to %d is expected: convert the projector again", side, need.key, need.v, 1<<20)
		}
	}
	for i := range f.Tensors {
		t.Params += f.Tensors[i].Elements
		t.Bytes += f.Tensors[i].Bytes
	}
	t.Width = width(f, k.int(side+"projection_dim"))
	if k.err != nil {
		return nil, k.err
	}
	if t.Params == 0 {
		return nil, fmt.Errorf("it holds no tensors: is the download complete?")
	}
	return t, nil
}

// width is that of a projector's output: what the metadata says, unless no
// tensor of the projector has it (files of CLIP state its own), then that of the
// last bias.
func width(f *gguf.File, stated int) int {
	last, seen := 0, false
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if !strings.HasPrefix(t.Name, "mm.") {
			continue
		}
		seen = true
		for _, d := range t.Dims {
			if stated > 0 && d == int64(stated) {
				return stated
			}
		}
		if strings.HasSuffix(t.Name, ".bias") && len(t.Dims) == 1 && t.Dims[0] < 1<<20 {
			last = int(t.Dims[0])
		}
	}
	if !seen {
		return stated
	}
	return last
}

// Join returns the model with the tower in the place of what is known of its
// own: its size, its layers and widths, and the kind of its projector. m is not
// changed. It is an error if the tower's embeddings are not as wide as the
// model's, where both are known.
func (t *Tower) Join(m *model.Model) (*model.Model, error) {
	if h := m.Arch.HiddenSize; h > 0 && t.Width > 0 && h != t.Width {
		return nil, fmt.Errorf("its embeddings have %d elements, those of the model %d: name the projector that belongs to it", t.Width, h)
	}
	out := *m
	v := model.Vision{}
	if m.Arch.Vision != nil {
		v = *m.Arch.Vision
	}
	v.Params, v.Bytes, v.Projector, v.ParamsFrom = t.Params, t.Bytes, t.Projector, "projector file"
	if t.Sees {
		v.Layers, v.Hidden, v.FFN, v.Heads, v.Patch, v.ImageSize = t.Layers, t.Hidden, t.FFN, t.Heads, t.Patch, t.ImageSize
	}
	out.Arch.Vision, out.VisionParams = &v, t.Params
	return &out, nil
}
