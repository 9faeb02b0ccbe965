package vision

import (
	"fmt"
	"math"
)

// nearest is find_closest_aspect_ratio of InternVL (transformers,
// models/got_ocr2/image_processing_got_ocr2.py; modeling of InternVL and
// DeepSeek-OCR): of all grids of tiles the one whose ratio of sides is nearest
// to the image's, from few tiles to many; of equals a later one where the image
// fills more than half of it.
func (r *Rule) nearest(width, height int) (cols, rows int) {
	ratio, area := float64(width)/float64(height), float64(width)*float64(height)
	best := math.Inf(1)
	cols, rows = 1, 1
	for n := max(r.MinTiles, 1); n <= r.Tiles; n++ {
		for i := 1; i <= n; i++ {
			if n%i != 0 {
				continue
			}
			j := n / i
			off := math.Abs(ratio - float64(i)/float64(j))
			switch {
			case off < best:
				best, cols, rows = off, i, j
			case off == best && area > 0.5*float64(r.Side*r.Side*i*j):
				cols, rows = i, j
			}
		}
	}
	return cols, rows
}

func (r *Rule) ratio(width, height int) View {
	if r.Kind == Pages {
		return r.pages(width, height)
	}
	cols, rows := r.nearest(width, height)
	n := cols * rows
	if n > 1 {
		n++ // a thumbnail of the whole
	}
	return r.tiled(n, n*r.Each)
}

// pages follows DeepSeek-OCR (modeling_deepseekocr.py, infer): one view of
// MaxSide with a break behind each row and one behind all, and where the image
// is larger than a tile the tiles, their rows joined. A tile of Side has Each
// tokens on a side.
func (r *Rule) pages(width, height int) View {
	side := r.MaxSide / (r.Patch * r.Merge)
	whole := r.MaxSide / r.Patch
	p := whole * whole
	v := View{Tokens: side*(side+1) + 1, Patches: p, Pairs: float64(p) * float64(p), Calls: 1}
	if width <= r.Side && height <= r.Side {
		return v
	}
	cols, rows := r.nearest(width, height)
	t := r.tiled(cols*rows, r.Each*rows*(r.Each*cols+1))
	return v.Plus(t)
}

// cover follows Phi-4-multimodal (processing_phi4mm.py, dynamic_preprocess): as
// many tiles as the image touches, or the nearest grid where they are too many;
// half the patches of a side become tokens, padding left out, and each row ends
// in a token. The whole follows as one tile with Start tokens.
func (r *Rule) cover(width, height int) View {
	cols, rows := (width+r.Side-1)/r.Side, (height+r.Side-1)/r.Side
	if cols*rows > r.Tiles {
		cols, rows = r.nearest(width, height)
	}
	tw, th := cols*r.Side, rows*r.Side
	rw, rh := float64(tw)/float64(width), float64(th)/float64(height)
	padW, padH := 0, 0
	if rw < rh {
		padH = th - int(float64(height)*rw)
	} else {
		padW = tw - int(float64(width)*rh)
	}
	n := r.Side / r.Patch
	left := func(tiles, pad int) int { return (n*tiles - pad/r.Patch + r.Merge - 1) / r.Merge }
	w, h := left(cols, padW), left(rows, padH)
	return r.tiled(cols*rows+1, r.Start+h*w+h)
}

// canvas follows get_best_fit of Llama 4 (transformers,
// models/llama4/image_processing_llama4.py) and get_optimal_tiled_canvas of
// Llama 3.2 vision (models/mllama/image_processing_mllama.py): the canvas that
// needs the least scaling up, else the least scaling down, of equals the
// smallest.
func (r *Rule) canvas(width, height int) View {
	best, cols, rows := 0.0, 1, 1
	better := func(scale float64, area int) bool {
		switch {
		case best == 0, scale >= 1 && best < 1:
			return true
		case scale < 1 && best >= 1:
			return false
		case scale == best:
			return area < cols*rows
		case scale >= 1:
			return scale < best
		}
		return scale > best
	}
	for i := 1; i <= r.Tiles; i++ {
		for j := 1; i*j <= r.Tiles; j++ {
			scale := math.Min(float64(i*r.Side)/float64(width), float64(j*r.Side)/float64(height))
			if better(scale, i*j) {
				best, cols, rows = scale, i, j
			}
		}
	}
	n := cols * rows
	if r.States > 0 {
		v := r.tiled(n, r.Each)
		v.States = n * r.States
		return v
	}
	if n == 1 {
		return r.tiled(1, r.Each+r.Start)
	}
	// Every tile is followed by a separator, and the whole comes last.
	return r.tiled(n+1, n*(r.Each+r.TileExtra)+r.Each+r.Start)
}

// kept is select_best_resolution (transformers, image_processing_utils.py): the
// canvas that keeps most of the image's pixels, of equals the one that wastes
// least, of those the first.
func (r *Rule) kept(width, height int) (w, h int) {
	most, waste := -1, 0
	for _, c := range r.Canvases {
		scale := math.Min(float64(c[1])/float64(width), float64(c[0])/float64(height))
		n := min(int(float64(width)*scale)*int(float64(height)*scale), width*height)
		if lost := c[0]*c[1] - n; n > most || n == most && lost < waste {
			most, waste, h, w = n, lost, c[0], c[1]
		}
	}
	return w, h
}

// anyRes follows LlavaNextProcessor and LlavaOnevisionProcessor (transformers,
// models/llava_next/processing_llava_next.py, _get_number_of_features): the
// whole as one tile, and the tiles of the canvas without what was padded, each
// row with one token more. More than Tiles' worth is scaled down.
func (r *Rule) anyRes(width, height int) View {
	w, h := r.kept(width, height)
	n := r.Side / r.Patch
	cols, rows := w/r.Side*n, h/r.Side*n
	if ratio := float64(width) / float64(height); ratio > float64(cols)/float64(rows) {
		fit := int(round7(float64(height) * (float64(cols) / float64(width))))
		rows -= (rows - fit) / 2 * 2
	} else {
		fit := int(round7(float64(width) * (float64(rows) / float64(height))))
		cols -= (cols - fit) / 2 * 2
	}
	if r.Tiles > 0 {
		if over := math.Sqrt(float64(rows*cols) / float64(r.Tiles*n*n)); over > 1.1 {
			rows, cols = int(math.Floor(float64(rows)/over)), int(math.Floor(float64(cols)/over))
		}
	}
	tiles := (w / r.Side) * (h / r.Side)
	return r.tiled(tiles+1, rows*cols+rows+n*n)
}

// round7 rounds to seven digits behind the point, as the processor does against
// errors of floating point.
func round7(x float64) float64 { return math.RoundToEven(x*1e7) / 1e7 }

// local follows DeepSeek-VL2 (processing_deepseek_vl_v2.py): the whole as one
// tile with a break behind each row, a separator, and the tiles of the canvas
// with their rows joined. A tile has Each tokens on a side.
func (r *Rule) local(width, height int) View {
	w, h := r.kept(width, height)
	cols, rows := w/r.Side, h/r.Side
	t := r.Each
	return r.tiled(cols*rows+1, t*(t+1)+1+rows*t*(cols*t+1))
}

// hd follows calc_hd_transform_size of Phi-3 vision (image_processing_phi3_v.py):
// as many columns as leave no more crops than allowed, rows to cover the image;
// a break behind each row of tokens, one more view of the whole.
func (r *Rule) hd(width, height int) View {
	turned := width < height
	if turned {
		width, height = height, width
	}
	ratio := float64(width) / float64(height)
	scale := 1.0
	for scale*math.Ceil(scale/ratio) <= float64(r.Tiles) {
		scale++
	}
	scale--
	side := float64(r.Side)
	w := int(scale * side)
	h := int(float64(w) / ratio)
	cols, rows := w/r.Side, int(math.Ceil(float64(h)/side))
	if turned {
		cols, rows = rows, cols
	}
	return r.tiled(cols*rows+1, (cols*rows+1)*r.Each+1+(rows+1)*r.RowExtra)
}

// splits follows Idefics3 (transformers,
// models/idefics3/image_processing_idefics3.py): the longer side is scaled up or
// down to MaxSide, both are rounded up to whole tiles, and the whole follows.
// Tokens are counted as _get_num_multimodal_tokens of its processor does.
func (r *Rule) splits(width, height int) View {
	cols, rows := r.split(width, height)
	if cols*rows <= 1 {
		return r.tiled(1, r.Each+r.Start)
	}
	return r.tiled(cols*rows+1, r.Each+r.Start+rows*(cols*(r.Each+r.TileExtra)+r.RowExtra))
}

// split is the grid of tiles that an image is brought to.
func (r *Rule) split(width, height int) (cols, rows int) {
	most := float64(r.MaxSide)
	ratio := float64(width) / float64(height)
	if width >= height {
		h := int(most / ratio)
		h = max(h+h%2, 1)
		across := up(r.MaxSide, r.Side)
		down := up(max(int(float64(across)/(most/float64(h))), 1), r.Side)
		return across / r.Side, down / r.Side
	}
	w := int(most * ratio)
	w = max(w+w%2, 1)
	down := up(r.MaxSide, r.Side)
	across := up(max(int(float64(down)*(float64(w)/most)), 1), r.Side)
	return across / r.Side, down / r.Side
}

// overlap follows Molmo (image_preprocessing_molmo.py): windows of Side pixels
// less the margins that neighbouring crops share, rows of tokens over all with
// one more each, and the whole as a crop likewise.
func (r *Rule) overlap(width, height int) (View, error) {
	margin := 2 * r.Margin
	n := r.Side / r.Patch
	window, shared := (n-margin)*r.Patch, margin*r.Patch
	w, h := width-shared, height-shared
	if w < 1 || h < 1 {
		return View{}, fmt.Errorf("an image of %dx%d pixels: each side must be above %d", width, height, shared)
	}
	best, cols, rows := 0.0, 1, 1
	for k := 1; k <= r.Tiles; k++ {
		for i := 1; i <= k; i++ { // rows, in order
			if k%i != 0 {
				continue
			}
			j := k / i
			scale := math.Min(float64(float32(i*window)/float32(h)), float64(float32(j*window)/float32(w)))
			if best == 0 || scale >= 1 && (best < 1 || scale < best) || scale < 1 && best < 1 && scale > best {
				best, rows, cols = scale, i, j
			}
		}
	}
	side := n / r.Merge
	line := func(tiles int) int { return (tiles*(n-margin) + margin) / r.Merge }
	return r.tiled(cols*rows+1, r.Start+side*(side+1)+line(rows)*(line(cols)+1)), nil
}

// crops is how many crops pan_and_scan of Gemma 3 makes (transformers,
// models/gemma3/image_processing_gemma3.py): along the longer side, none where
// the sides are too alike or the crops would be too small.
func (r *Rule) crops(width, height int) int {
	long, short := float64(max(width, height)), float64(min(width, height))
	if long/short < r.MinRatio {
		return 0
	}
	least := float64(r.MinPixels) // of a crop's side
	n := min(int(math.Floor(long/least)), int(math.Floor(long/short+0.5)))
	n = min(r.Tiles, max(2, n))
	if math.Min(math.Ceil(long/float64(n)), short) < least {
		return 0
	}
	return n
}
