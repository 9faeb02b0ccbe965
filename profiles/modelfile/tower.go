package modelfile

import (
	"fmt"

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
	side := "vision."
	if t.Audio && !flag("has_vision_encoder") {
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
	if t.Params == 0 {
		return nil, fmt.Errorf("it holds no tensors: is the download complete?")
	}
	return t, nil
}
