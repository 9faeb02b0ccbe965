package vision

import "math"

// slices follows MiniCPM-V (image_processing_minicpmv.py): an image of more
// than Side² pixels becomes a thumbnail and slices of about that area, at most
// Tiles, in the grid whose ratio is nearest in logarithms. A view has Each
// tokens whatever its size; its patches are those of its own sides.
func (r *Rule) slices(width, height int) View {
	cols, rows := r.grid(width, height)
	if cols*rows <= 1 {
		w, h := r.refit(float64(width), float64(height), true)
		return r.slice(w, h, r.Each+r.TileExtra+r.Start)
	}
	w, h := r.refit(float64(width), float64(height), false)
	v := r.slice(w, h, r.Each+r.TileExtra+r.Start)
	cw, ch := r.refit(float64(r.multiple(float64(width), cols))/float64(cols), float64(r.multiple(float64(height), rows))/float64(rows), true)
	v = v.Plus(r.slice(cw, ch, r.Each+r.TileExtra).Times(cols * rows))
	v.Tokens += (rows - 1) * r.RowExtra
	return v
}

// slice is one view of w×h pixels.
func (r *Rule) slice(w, h, tokens int) View {
	p := (w / r.Patch) * (h / r.Patch)
	return View{Tokens: tokens, Patches: p, Pairs: float64(p) * float64(p), Calls: 1}
}

// grid is get_sliced_grid.
func (r *Rule) grid(width, height int) (cols, rows int) {
	log := math.Log(float64(width) / float64(height))
	multiple := min(int(math.Ceil(float64(width*height)/float64(r.Side*r.Side))), r.Tiles)
	if multiple <= 1 {
		return 1, 1
	}
	cols, rows = 1, 1
	least := math.Inf(1)
	for n := multiple - 1; n <= multiple+1; n++ {
		if n == 1 || n > r.Tiles {
			continue
		}
		for m := 1; m <= n; m++ {
			if n%m != 0 {
				continue
			}
			if off := math.Abs(log - math.Log(float64(m)/float64(n/m))); off < least {
				least, cols, rows = off, m, n/m
			}
		}
	}
	return cols, rows
}

// refit is find_best_resize: to an area of Side² where the image is larger, or
// where it may be scaled up; sides rounded to whole patches.
func (r *Rule) refit(width, height float64, scale bool) (w, h int) {
	if side := float64(r.Side); scale || width*height > side*side {
		ratio := width / height
		height = math.Trunc(side / math.Sqrt(ratio))
		width = math.Trunc(height * ratio)
	}
	return r.multiple(width, r.Patch), r.multiple(height, r.Patch)
}

// multiple is ensure_divide: rounded to a multiple, half to even, of at least one.
func (r *Rule) multiple(length float64, of int) int {
	return max(int(math.RoundToEven(length/float64(of)))*of, of)
}
