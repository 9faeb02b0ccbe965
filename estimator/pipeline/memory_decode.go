package pipeline

import (
	"fmt"
	"math"
)

const (
	// tilePixels is the area of a tile of an image: 512 pixels a side.
	tilePixels = 512 * 512
	// tileShare is the area of a tile of a video: a quarter of each side, a
	// fifth overlapping. So CogVideoX's 12.0 GiB become 1.1 (about 1 measured,
	// sayakpaul/diffusers-torchao).
	tileShare = 0.3 * 0.3
)

// assumedTensors is how many tensors of twice the first level's width live at
// the peak of decoding (2D KL autoencoders: 4 × 256 × 2 bytes a pixel).
const assumedTensors = 4

// decodeLines are what decoding, or encoding an input image, takes beside the
// weights: proportional to output pixels and frames, but for tiles; and the
// decoded pixels.
func (a *account) decodeLines(s *Setup, h *held, st *Stage) []Line {
	c, element := h.c, h.format.element()
	frames := float64(max(a.job.Frames, 1))
	images := float64(a.job.Batch)
	pixels := st.Tokens / math.Max(images*frames, 1) // of one frame
	if st.Name != phaseDecoding {
		frames, images, pixels = 1, math.Max(1, float64(a.job.InputImages)), st.Tokens/math.Max(1, float64(a.job.InputImages))
	}
	all := pixels * frames * images
	each, low, high := c.PeakPerPixel, activationLow, activationHigh
	source := orWord(c.Source, a.model.Source)
	if c.PeakFrames > 0 {
		frames = math.Min(frames, float64(c.PeakFrames))
	}
	if each <= 0 {
		width := float64(referenceBlocks[0])
		if len(c.Blocks) > 0 {
			width = float64(c.Blocks[0])
		}
		each, low, high = assumedTensors*2*width*2, guessLow, guessHigh
		source = "assumed: four tensors of twice the first level's width, of as many frames as a latent frame has"
		if c.PeakFrames == 0 {
			frames = math.Min(frames, float64(max(c.Temporal, 1)))
		}
		a.assumed = append(a.assumed, fmt.Sprintf("the peak of decoding with the %s is not known, taken as %.0f bytes a pixel", orWord(c.Name, string(c.Role)), each))
	}
	words := ""
	if s.Tiling {
		tile := pixels * tileShare
		if a.model.Class == TextToImage {
			tile = math.Min(pixels, tilePixels)
		}
		if tile < pixels {
			words = fmt.Sprintf(", a tile of %.0f", tile)
			pixels, low, high = tile, guessLow, math.Max(high, 2.5)
		}
	}
	if s.Slicing {
		images = 1
	}
	b := each * element / 2 * pixels * frames * images
	out := []Line{{Name: "decoding", Kind: activationKind, Bytes: size(b), Low: size(b * low), High: size(b * high),
		Formula: fmt.Sprintf("%.0f pixels%s × %.0f frames × %g images × %.0f bytes × %g", pixels, words, frames, images, each, element/2), Source: source}}
	if s.Tiling || c.PeakFrames > 0 {
		p := 3 * element * all
		out = append(out, Line{Name: "decoded pixels", Kind: activationKind, Bytes: size(p), Low: size(p), High: size(2 * p),
			Formula: fmt.Sprintf("%.0f pixels × 3 × %g bytes", all, element), Source: "what the tiles, or groups of frames, are put together in"})
	}
	return out
}

// phaseDecoding is the name of the stage that turns latents into pixels.
const phaseDecoding = "decoding"
