package vision

import "fmt"

// Rule is how one family of models turns pictures, films and sounds into
// tokens. Sizes are pixels, unless a field says otherwise.
type Rule struct {
	ID string `json:"id"`
	// Models, Families, Types and Archs say whose rule it is: ids of the
	// catalogue, its families, the types of config files and the architectures of
	// GGUF files; the first kind that names a model decides.
	Models   []string `json:"models,omitempty"`
	Families []string `json:"families,omitempty"`
	Types    []string `json:"types,omitempty"`
	Archs    []string `json:"archs,omitempty"`
	// Projectors are the kinds of projectors whose encoders take images by this
	// rule, as GGUF files name them (clip.projector_type; llama.cpp:
	// tools/mtmd/clip-impl.h, PROJECTOR_TYPE_NAMES).
	Projectors []string `json:"projectors,omitempty"`

	// Kind is the way an image is cut; empty where the family sees none.
	Kind Kind `json:"kind,omitempty"`
	// Patch is the side of what the encoder takes as one position, Merge the
	// patches on a side that become one token.
	Patch int `json:"patch,omitempty"`
	Merge int `json:"merge,omitempty"`
	// Class is how many positions a tile has beside its patches.
	Class int `json:"class_positions,omitempty"`
	// Side is that of a square tile, or of the whole image.
	Side int `json:"side,omitempty"`
	// MinPixels and MaxPixels bound an image's area, MaxPatches its patches,
	// MaxSide its longer side.
	MinPixels  int `json:"min_pixels,omitempty"`
	MaxPixels  int `json:"max_pixels,omitempty"`
	MaxPatches int `json:"max_patches,omitempty"`
	MaxSide    int `json:"max_side,omitempty"`
	// MaxRatio is the largest ratio of sides that is taken, 0 for any.
	MaxRatio int `json:"max_ratio,omitempty"`
	// Tiles is the most tiles, MinTiles the fewest, Canvases the sizes (height,
	// width) that they may make up.
	Tiles    int      `json:"tiles,omitempty"`
	MinTiles int      `json:"min_tiles,omitempty"`
	Canvases [][2]int `json:"canvases,omitempty"`
	// Each is the tokens of a tile, or of the whole image; Start what an image has
	// once beside them, TileExtra each tile, RowExtra each row of tiles.
	Each      int `json:"tokens,omitempty"`
	Start     int `json:"start_tokens,omitempty"`
	TileExtra int `json:"tile_tokens,omitempty"`
	RowExtra  int `json:"row_tokens,omitempty"`
	// Margin is the patches that a crop shares with its neighbours, on each side.
	Margin int `json:"margin,omitempty"`
	// MinRatio is the ratio of sides from which on crops are made.
	MinRatio float64 `json:"min_ratio,omitempty"`
	// States are what a tile hands to cross-attention instead of the prompt.
	States int `json:"states,omitempty"`
	// Joint is true where all tiles attend to each other in the encoder.
	Joint bool `json:"joint,omitempty"`

	Video *Video `json:"video,omitempty"`
	Audio *Audio `json:"audio,omitempty"`
	// Towers are the encoders that the family's models have, AudioTower that of
	// sounds; NoTower says why the work of none is known.
	Towers     []Tower `json:"towers,omitempty"`
	AudioTower *Tower  `json:"audio_tower,omitempty"`
	NoTower    string  `json:"no_tower,omitempty"`

	Source  string `json:"source"`
	Assumed string `json:"assumed,omitempty"` // what of it nobody published
}

// Kind is a way to cut an image.
type Kind string

// Kinds.
const (
	Fixed   Kind = "fixed"        // scaled to one square
	Grid    Kind = "grid"         // sides rounded to multiples, area within bounds (Qwen2-VL)
	Padded  Kind = "padded"       // patches within a bound, sides padded up (MoonViT)
	Rows    Kind = "rows"         // longer side within a bound, a break behind each row (Pixtral)
	Budget  Kind = "budget"       // scaled until a number of tokens is used up (Gemma 4)
	Ratio   Kind = "ratio"        // tiles in the grid of the nearest ratio, and a thumbnail (InternVL)
	Pages   Kind = "pages"        // likewise, with rows that end in a break (DeepSeek-OCR)
	Cover   Kind = "cover"        // as many tiles as cover the image, padding left out (Phi-4)
	Canvas  Kind = "canvas"       // the smallest canvas of tiles that holds the image (Llama 3.2, Llama 4)
	AnyRes  Kind = "any_res"      // the canvas that keeps most pixels, padding left out (LLaVA-NeXT)
	Local   Kind = "local"        // the canvas that keeps most pixels, whole (DeepSeek-VL2)
	HD      Kind = "hd"           // as many columns as a number of crops allows (Phi-3 vision)
	Splits  Kind = "splits"       // scaled up to a longest side, and cut (Idefics3, SmolVLM)
	Slices  Kind = "slices"       // slices of about one area in the grid of the nearest ratio (MiniCPM-V)
	Overlap Kind = "overlap"      // crops that overlap (Molmo)
	PanScan Kind = "pan_and_scan" // crops along the longer side beside the whole (Gemma 3)
)

// View is what an image, a film or a sound is to the model.
type View struct {
	Tokens  int // in the prompt
	States  int // in the cross-attention cache, of models that have one
	Patches int // positions that the encoder works on
	// Pairs is the number of pairs of positions that a layer of the encoder with
	// full attention looks at.
	Pairs float64
	// Calls is into how many parts the encoder's work falls that share nothing.
	Calls int
}

// Times is n such views.
func (v View) Times(n int) View {
	return View{v.Tokens * n, v.States * n, v.Patches * n, v.Pairs * float64(n), v.Calls * n}
}

// Plus is both.
func (v View) Plus(o View) View {
	return View{v.Tokens + o.Tokens, v.States + o.States, v.Patches + o.Patches, v.Pairs + o.Pairs, v.Calls + o.Calls}
}

// maxSidePixels bounds the sides of an image: far above any picture, far below
// where areas overflow.
const maxSidePixels = 1 << 16

// Tokens returns how many tokens an image of the given size, in pixels, adds to
// the prompt, and on how many patches the encoder works. Tokens that separate
// its rows and tiles count, words around it do not. An error says that the
// family takes no such image.
func (r *Rule) Tokens(width, height int) (tokens, patches int, err error) {
	v, err := r.Image(width, height)
	return v.Tokens, v.Patches, err
}

// Image returns what an image is to the model.
func (r *Rule) Image(width, height int) (View, error) {
	if width < 1 || height < 1 || width > maxSidePixels || height > maxSidePixels {
		return View{}, fmt.Errorf("an image of %dx%d pixels: each side must be 1 to %d", width, height, maxSidePixels)
	}
	if long, short := max(width, height), min(width, height); r.MaxRatio > 0 && long > r.MaxRatio*short {
		return View{}, fmt.Errorf("an image of %dx%d pixels: one side may be at most %d times the other", width, height, r.MaxRatio)
	}
	switch r.Kind {
	case Fixed:
		return r.tiled(1, r.Each), nil
	case Grid:
		h, w := resize(height, width, 1, r.Patch*r.Merge, r.MinPixels, r.MaxPixels, 1)
		return r.whole(w, h, 0), nil
	case Padded:
		return r.padded(width, height)
	case Rows:
		return r.rows(width, height), nil
	case Budget:
		return r.budget(width, height), nil
	case Ratio, Pages:
		return r.ratio(width, height), nil
	case Cover:
		return r.cover(width, height), nil
	case Canvas:
		return r.canvas(width, height), nil
	case AnyRes:
		return r.anyRes(width, height), nil
	case Local:
		return r.local(width, height), nil
	case HD:
		return r.hd(width, height), nil
	case Splits:
		return r.splits(width, height), nil
	case Slices:
		return r.slices(width, height), nil
	case Overlap:
		return r.overlap(width, height)
	case PanScan:
		crops := r.crops(width, height)
		return r.tiled(1+crops, (1+crops)*r.Each), nil
	}
	return View{}, fmt.Errorf("it takes no images")
}

// tile is the positions of one square tile.
func (r *Rule) tile() int { n := r.Side / r.Patch; return n*n + r.Class }

// tiled is a view of n square tiles.
func (r *Rule) tiled(n, tokens int) View {
	p := r.tile()
	v := View{Tokens: tokens, Patches: n * p, Pairs: float64(n) * float64(p) * float64(p), Calls: n}
	if r.Joint {
		v.Pairs, v.Calls = float64(n*p)*float64(n*p), 1
	}
	return v
}

// whole is a view of one image of w×h pixels, multiples of a token's side, with
// so many tokens more for each row.
func (r *Rule) whole(w, h, perRow int) View {
	cols, rows := w/(r.Patch*r.Merge), h/(r.Patch*r.Merge)
	p := (w / r.Patch) * (h / r.Patch)
	return View{Tokens: rows * (cols + perRow), Patches: p, Pairs: float64(p) * float64(p), Calls: 1}
}
