package vision

import (
	"fmt"
	"math"
)

// resize is smart_resize of Qwen2-VL's processors (transformers,
// models/qwen2_vl/image_processing_qwen2_vl.py; with frames, the video
// processors of Qwen3-VL and GLM-4V): sides rounded to multiples of factor, half
// to even; where the area of all frames is out of bounds they are scaled to the
// bound, then cut down or up. counted is the frames that the area is taken of
// after rounding.
func resize(height, width, frames, factor, least, most, counted int) (h, w int) {
	f, n := float64(factor), float64(frames)
	hf, wf := float64(height), float64(width)
	h, w = int(math.RoundToEven(hf/f))*factor, int(math.RoundToEven(wf/f))*factor
	switch area := counted * h * w; {
	case most > 0 && area > most:
		beta := math.Sqrt(n * hf * wf / float64(most))
		h = max(factor, int(math.Floor(hf/beta/f))*factor)
		w = max(factor, int(math.Floor(wf/beta/f))*factor)
	case area < least:
		beta := math.Sqrt(float64(least) / (n * hf * wf))
		h, w = int(math.Ceil(hf*beta/f))*factor, int(math.Ceil(wf*beta/f))*factor
	}
	return max(h, factor), max(w, factor)
}

// padded follows MoonViT's processors (Kimi-VL image_processing_kimi_vl.py,
// Kimi K2.5 media_utils.py): an image of more patches than the limit, or with
// more than the limit on one side, is scaled down; sides are then padded to
// whole tokens.
func (r *Rule) padded(width, height int) (View, error) {
	w, h := float64(width), float64(height)
	cols, rows := max(1, width/r.Patch), max(1, height/r.Patch)
	scale := 1.0
	if cols*rows > r.MaxPatches {
		scale = math.Sqrt(float64(r.MaxPatches) / float64(cols*rows))
	}
	if r.MaxSide > 0 {
		side := float64(r.MaxSide)
		scale = math.Min(scale, math.Min(side/w, side/h))
	}
	nw, nh := max(1, int(w*scale)), max(1, int(h*scale))
	factor := r.Patch * r.Merge
	v := r.whole(up(nw, factor), up(nh, factor), 0)
	if v.Tokens <= 0 {
		return v, fmt.Errorf("an image of %dx%d pixels is too small", width, height)
	}
	return v, nil
}

// up is n rounded up to a multiple.
func up(n, step int) int { return (n + step - 1) / step * step }

// rows follows PixtralImageProcessor (transformers,
// models/pixtral/image_processing_pixtral.py): the longer side is brought under
// the limit, sides are rounded up to whole tokens, and each row ends in a token
// (a break, the last one the image's end).
func (r *Rule) rows(width, height int) View {
	limit := float64(r.MaxSide)
	if ratio := math.Max(float64(height)/limit, float64(width)/limit); ratio > 1 {
		height = max(1, int(math.Floor(float64(height)/ratio)))
		width = max(1, int(math.Floor(float64(width)/ratio)))
	}
	factor := r.Patch * r.Merge
	return r.whole(up(width, factor), up(height, factor), 1)
}

// budget follows get_aspect_ratio_preserving_size of Gemma 4's processor
// (transformers, models/gemma4/image_processing_gemma4.py): scaled up or down
// until the patches of all tokens are used, then cut to whole tokens.
func (r *Rule) budget(width, height int) View {
	side := r.Patch * r.Merge
	s, hf, wf := float64(side), float64(height), float64(width)
	patches := r.Each * r.Merge * r.Merge
	factor := math.Sqrt(float64(patches*r.Patch*r.Patch) / (hf * wf))
	h, w := int(math.Floor(factor*hf/s))*side, int(math.Floor(factor*wf/s))*side
	most := r.Each * side
	switch {
	case h == 0:
		h, w = side, min(int(math.Floor(wf/hf))*side, most)
	case w == 0:
		w, h = side, min(int(math.Floor(hf/wf))*side, most)
	}
	return r.whole(w, h, 0)
}
