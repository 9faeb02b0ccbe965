package capacity

import "slices"

// state is a partial assignment: what lies on each kind, and what that takes.
type state struct {
	p     *Problem
	o     objective
	kinds []onKind
	own   Amounts // of the deployments themselves
	exact bool    // machines are the fewest, everywhere and so far
}

// onKind is what lies on machines of one kind.
type onKind struct {
	places   []sized // devices of their own, by size, largest first
	slots    []sizedSlots
	machines int     // that hold it
	used     float64 // devices, or parts of those that are shared
}

// sizedSlots are deployments on shared devices, so many each.
type sizedSlots struct {
	devices int
	slots   []slot
	places  int // that they take
}

func newState(p *Problem, o objective) *state {
	s := &state{p: p, o: o, kinds: make([]onKind, len(p.Kinds)), exact: true}
	for i := range p.Workloads {
		for j := range p.Workloads[i].Options {
			opt := &p.Workloads[i].Options[j]
			k := &s.kinds[opt.Kind]
			if !slices.ContainsFunc(k.places, func(x sized) bool { return x.devices == opt.Devices }) {
				k.places = append(k.places, sized{devices: opt.Devices})
			}
			if opt.Shared != nil && !slices.ContainsFunc(k.slots, func(x sizedSlots) bool { return x.devices == opt.Devices }) {
				k.slots = append(k.slots, sizedSlots{devices: opt.Devices})
			}
		}
	}
	for i := range s.kinds {
		slices.SortFunc(s.kinds[i].places, func(a, b sized) int { return b.devices - a.devices })
	}
	return s
}

// put lays a bundle down; take takes it away again, the last first.
func (s *state) put(w int, b *bundle) {
	for _, part := range b.parts {
		opt := &s.p.Workloads[w].Options[part.Option]
		k := &s.kinds[opt.Kind]
		k.used += float64(part.N) * opt.footprint(s.p.Room)
		s.own.add(&opt.Each, float64(part.N))
		if opt.Shared == nil {
			k.at(opt.Devices).n += part.N
		} else {
			k.shareWith(s, w, opt, part.N)
		}
		var exact bool
		k.machines, exact = machinesFor(s.p.Kinds[opt.Kind].Devices, k.places)
		s.exact = s.exact && exact
	}
}

func (s *state) take(w int, b *bundle) {
	for _, part := range b.parts {
		opt := &s.p.Workloads[w].Options[part.Option]
		k := &s.kinds[opt.Kind]
		k.used -= float64(part.N) * opt.footprint(s.p.Room)
		s.own.add(&opt.Each, -float64(part.N))
		if opt.Shared == nil {
			k.at(opt.Devices).n -= part.N
		} else {
			k.shareWith(s, w, opt, -part.N)
		}
		k.machines, _ = machinesFor(s.p.Kinds[opt.Kind].Devices, k.places)
	}
}

func (k *onKind) at(devices int) *sized {
	return &k.places[slices.IndexFunc(k.places, func(x sized) bool { return x.devices == devices })]
}

// shareWith adds n deployments to shared devices, or takes the last away.
func (k *onKind) shareWith(s *state, w int, opt *Option, n int) {
	g := &k.slots[slices.IndexFunc(k.slots, func(x sizedSlots) bool { return x.devices == opt.Devices })]
	before := g.places
	if n < 0 {
		for i := len(g.slots) - 1; i >= 0 && n < 0; i-- {
			if g.slots[i].workload == w {
				g.slots = slices.Delete(g.slots, i, i+1)
				n++
			}
		}
	}
	for range n {
		g.slots = append(g.slots, slot{workload: w, Slice: *opt.Shared})
	}
	places, exact := share(g.slots, s.p.Room)
	s.exact = s.exact && exact
	g.places = len(places)
	k.at(opt.Devices).n += g.places - before
}

// amounts is what all of it takes, and whether that is allowed.
func (s *state) amounts() (a Amounts, allowed bool) {
	allowed = true
	a = s.own
	a[Machines] = 0
	for i := range s.kinds {
		n := s.kinds[i].machines
		if n == 0 {
			continue
		}
		n += s.p.Spare
		k := &s.p.Kinds[i]
		each := k.each()
		a.add(&each, float64(n))
		allowed = allowed && (k.Count == Unlimited || n <= k.Count)
	}
	return a, allowed && s.p.within(&a, nil)
}

// within says whether amounts, and what more there must be, keep the limits.
func (p *Problem) within(a, more *Amounts) bool {
	for r, limit := range p.Limits {
		if limit < 0 {
			continue
		}
		v := a[r]
		if more != nil {
			v += more[r]
		}
		if v > limit*(1+tolerance)+tolerance {
			return false
		}
	}
	return true
}
