package pipeline

import "sort"

// ways tries what makes a job fit, the least slow first, and returns the first
// that does; else the first that fits at its central value; else the one whose
// fullest memory is least beyond what is usable.
func (a *account) ways(asked Setup, as *Fit) (*Fit, error) {
	best := as
	var tried []Tried
	note := func(f *Fit, words string) {
		need, _ := f.fullest()
		tried = append(tried, Tried{Words: orWord(words, "as asked"), Need: need})
	}
	note(as, asked.Words())
	for _, w := range a.waysOf(asked) {
		f, err := a.fit(w)
		if w.Offload == OffloadBlocks {
			f, err = a.fewestBlocks(w)
		}
		if err != nil {
			return nil, err
		}
		if f.better(best) {
			best = f
		}
		if f.Fits {
			break
		}
		note(f, f.Setup.Words())
	}
	for _, t := range tried {
		if w := orWord(best.Setup.Words(), "as asked"); t.Words != w {
			best.Tried = append(best.Tried, t)
		}
	}
	return best, nil
}

// better says whether a fit is worth the slower way.
func (f *Fit) better(than *Fit) bool {
	if f.Fits || than.Fits {
		return f.Fits && !than.Fits
	}
	if f.Tight != than.Tight {
		return f.Tight
	}
	_, x := f.fullest()
	_, y := than.fullest()
	return !f.Tight && x < y
}

// waysOf lists the ways that the engine knows, the least slow first: fused
// attention, tiles and slices of the decoding, then ever more of the weights in
// main memory. One memory for accelerator and host gains nothing by the latter.
func (a *account) waysOf(s Setup) []Setup {
	if a.canFuse(&s) {
		s.FlashAttention = true
		return append([]Setup{s}, a.waysOf(s)...)
	}
	tiled := s
	if a.has(VAE) {
		tiled.Tiling = s.Tiling || a.engine.Tiling || a.engine.Tiled
		tiled.Slicing = s.Slicing || a.job.Batch > 1 && a.engine.Tiling
	}
	var out []Setup
	both := tiled != s
	if both {
		out = append(out, tiled)
	}
	if a.device == nil || a.device.Unified {
		return out
	}
	for _, o := range []Offload{OffloadModel, OffloadBlocks, OffloadGroup, OffloadSequential} {
		if !a.knows(o) || o == OffloadBlocks && a.denoiserLayers() == 0 {
			continue
		}
		w := s
		w.Offload = o
		out = append(out, w)
		if both {
			w = tiled
			w.Offload = o
			out = append(out, w)
		}
	}
	return out
}

// canFuse says whether attention would be fused if that were asked for.
func (a *account) canFuse(s *Setup) bool {
	return a.engine.ScoreBytes > 0 && !s.FlashAttention && a.has(Denoiser)
}

// fewestBlocks swaps as few of the denoiser's layers as fit.
func (a *account) fewestBlocks(s Setup) (*Fit, error) {
	layers := a.denoiserLayers()
	var err error
	at := func(n int) *Fit {
		w := s
		w.Blocks = n
		f, e := a.fit(w)
		if e != nil {
			err = e
			return &Fit{}
		}
		return f
	}
	n := 1 + sort.Search(layers-1, func(i int) bool { return at(i + 1).devicesFit() })
	f := at(n)
	return f, err
}

// devicesFit says whether the devices alone hold what they need.
func (f *Fit) devicesFit() bool {
	for i := range f.Ledgers {
		l := &f.Ledgers[i]
		if _, _, high := l.Need(); !l.Host && high > l.Usable {
			return false
		}
	}
	return true
}
