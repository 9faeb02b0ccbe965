package memory

import (
	"sort"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/place"
)

// Fit places a model as its engine would and fills the ledgers. What the
// settings fix is kept as it is; what they leave to the engine (Auto) is
// searched: everything on devices if it fits; else a shorter context where
// nobody asked for one; else the experts of as few layers as needed on the
// host; else fewer layers on the devices. Engines without offload get the
// whole placement, fitting or not. Where Fit lowers the context it does so in
// in.Settings.
func Fit(in *Input) (place.Placement, []Ledger, error) {
	var p place.Placement
	ledgers, err := FitInto(in, &p, nil)
	return p, ledgers, err
}

// FitInto is Fit that fills a placement and ledgers of an earlier call again,
// for many estimates in a row without allocation.
func FitInto(in *Input, p *place.Placement, ledgers []Ledger) ([]Ledger, error) {
	f := fitter{in: in, p: *p, ledgers: ledgers}
	f.build.Layers, f.build.Node, f.build.Settings = len(in.Model.Layers), in.Node, in.Settings
	err := f.run()
	*p = f.p
	return f.ledgers, err
}

type fitter struct {
	in      *Input
	build   place.Input
	p       place.Placement
	ledgers []Ledger
	// strict asks memories to hold the high end of the interval.
	strict bool
}

// try places and accounts, and says whether the devices hold it.
func (f *fitter) try(layers, moe int) (bool, error) {
	place.Build(&f.p, &f.build, layers, moe)
	var err error
	if f.ledgers, err = accountInto(f.ledgers, f.in, &f.p); err != nil {
		return false, err
	}
	return f.devicesHold(), nil
}

func (f *fitter) devicesHold() bool {
	n := len(f.ledgers)
	if len(f.p.Shares) > 1 && !f.p.Unified {
		n-- // the host is judged apart
	}
	for i := range n {
		l := &f.ledgers[i]
		if l.Need > l.Usable() || f.strict && l.High > l.Usable() {
			return false
		}
	}
	return true
}

func (f *fitter) run() error {
	s := f.in.Settings
	whole, n := f.build.Whole(), len(f.in.Model.Layers)
	if s.Devices == 0 {
		return f.host()
	}
	layers, moe := s.GPULayers, max(s.CPUMoE, 0)
	if layers != engine.Auto && s.CPUMoE != engine.Auto {
		return f.fixed(layers, moe)
	}
	if layers == engine.Auto {
		layers = whole
	}
	ok, err := f.try(layers, moe)
	if ok || err != nil {
		return err
	}
	if s.AutoRanks && s.Devices > 1 {
		if ok, err = f.fewer(layers, moe); ok || err != nil {
			return err
		}
	}
	if s.ContextAuto {
		if ok, err = f.shorten(func() (bool, error) { return f.try(layers, moe) }); ok || err != nil {
			return err
		}
	}
	if s.Rules.Offload == "" {
		return nil
	}
	if f.in.Profile.Experts > 0 && s.CPUMoE <= 0 {
		// A number of layers that the user gave is kept.
		found, err := f.search(n-moe, func(i int) (bool, error) { return f.try(layers, moe+i) })
		if found || err != nil {
			f.p.Offloaded = true
			return err
		}
		moe = n
	}
	if s.GPULayers != engine.Auto {
		f.p.Offloaded = true
		return nil
	}
	// i layers fewer than the whole, up to none.
	found, err := f.search(whole, func(i int) (bool, error) { return f.try(whole-i, moe) })
	f.p.Offloaded = true
	if !found && err == nil {
		_, err = f.try(0, 0)
		f.p.Offloaded = true
	}
	return err
}

// fewer tries half the devices, a quarter …; where none fits it restores all.
func (f *fitter) fewer(layers, moe int) (bool, error) {
	s := f.in.Settings
	all, tp, pp := s.Devices, s.TP, s.PP
	for n := all / 2; n >= 1; n /= 2 {
		s.SetRanks(n)
		if ok, err := f.try(layers, moe); ok || err != nil {
			return ok, err
		}
	}
	s.Devices, s.TP, s.PP = all, tp, pp
	return f.try(layers, moe)
}

// host is the placement with no device.
func (f *fitter) host() error {
	ok, err := f.try(0, 0)
	if ok || err != nil || !f.in.Settings.ContextAuto {
		return err
	}
	_, err = f.shorten(func() (bool, error) { return f.try(0, 0) })
	return err
}

// fixed is a placement that the user chose; only the context is the engine's.
func (f *fitter) fixed(layers, moe int) error {
	ok, err := f.try(layers, moe)
	if !ok && err == nil && f.in.Settings.ContextAuto {
		_, err = f.shorten(func() (bool, error) { return f.try(layers, moe) })
	}
	return err
}

// contextGrain is what a lowered context is a multiple of, in tokens.
const contextGrain = 256

// shorten lowers the context to the longest that fits for sure, for a context
// chosen freely should not make the fit doubtful; where none does it leaves
// the shortest allowed.
func (f *fitter) shorten(try func() (bool, error)) (bool, error) {
	s := f.in.Settings
	// The contexts above the shortest, by number.
	lo := s.MinContext / contextGrain
	n, context := s.Context/contextGrain-lo, func(i int) int { return (lo + i) * contextGrain }
	if s.ContextSteps != nil {
		steps := []int{s.MinContext}
		for _, c := range s.ContextSteps {
			if c > s.MinContext && c < s.Context {
				steps = append(steps, c)
			}
		}
		n, context = len(steps)-1, func(i int) int { return steps[i] }
	}
	s.ContextLowered = s.MinContext < s.Context
	s.SetContext(s.MinContext)
	ok, err := try()
	if !ok || err != nil || n <= 0 {
		return ok, err
	}
	f.strict = true
	defer func() { f.strict = false }()
	i := sort.Search(n, func(i int) bool {
		s.SetContext(context(i + 1))
		fits, e := try()
		if e != nil {
			err = e
		}
		return !fits
	})
	if err != nil {
		return false, err
	}
	s.SetContext(max(context(i), s.MinContext))
	f.strict = false
	return try()
}

// search finds the smallest i in 1..n for which try fits, and leaves its
// placement. When none does it says so.
func (f *fitter) search(n int, try func(int) (bool, error)) (bool, error) {
	var err error
	i := sort.Search(n, func(i int) bool {
		ok, e := try(i + 1)
		if e != nil {
			err = e
		}
		return ok
	})
	if err != nil || i == n {
		return false, err
	}
	return try(i + 1)
}
