package capacity

import (
	"cmp"
	"math"
	"slices"
)

// Solve finds the assignment that takes least of the goal within all counts and
// limits. A nil solution says that there is none or, where proven is false, that
// none was found within the limit of work. The error is that of Validate.
func Solve(p *Problem) (s *Solution, proven bool, err error) {
	if err := p.Validate(); err != nil {
		return nil, false, err
	}
	x := newSearch(p)
	if x.none() {
		return nil, x.all && x.exact, nil
	}
	x.improve(x.starts())
	if !p.Any || x.best == nil {
		x.tighten()
		x.descend(0, 0, 0)
	}
	if x.best == nil {
		return nil, !x.cut && x.all && x.exact && x.s.exact, nil
	}
	return x.solution(), true, nil
}

// search is a branch and bound over the workloads, those that take most first.
type search struct {
	p     *Problem
	o     objective
	lists [][]bundle // by workload
	order []int      // workloads
	// plain is the objective, tight one with prices of what is scarce; nil where
	// nothing is.
	plain, tight *lens
	rests        []Amounts // least of each resource that is added from a place on
	likely       []int     // kinds on which assignments are cheap

	s      *state
	chosen []int // bundle of each place
	best   []int
	value  float64 // objective of best
	open   float64 // least bound of what was not looked at
	nodes  int
	// work counts bundles laid down, and many that were only looked at as one;
	// limit bounds it.
	work, limit int
	cut         bool // the limit of work was reached
	all         bool // no bundle was left out
	exact       bool // machines were always the fewest
}

func newSearch(p *Problem) *search {
	x := &search{p: p, o: objectiveOf(p), value: math.Inf(1), open: math.Inf(1), limit: p.work(), all: true, exact: true}
	n := len(p.Workloads)
	x.lists = make([][]bundle, n)
	alone := newState(p, x.o)
	for i := range p.Workloads {
		list, all := p.bundles(&p.Workloads[i])
		x.all = x.all && all
		x.lists[i] = slices.DeleteFunc(list, func(b bundle) bool { // more than there is
			alone.put(i, &b)
			_, allowed := alone.amounts()
			alone.take(i, &b)
			return !allowed
		})
		x.order = append(x.order, i)
		if len(x.lists[i]) == 0 {
			x.exact = x.exact && alone.exact
			return x
		}
	}
	x.exact = x.exact && alone.exact
	x.plain = x.newLens(make([]float64, len(p.Kinds)), Amounts{})
	for w := range x.lists { // what may be cheapest first
		list, lows := x.lists[w], x.plain.lows[w]
		by := make([]int, len(list))
		for i := range by {
			by[i] = i
		}
		slices.SortStableFunc(by, func(a, b int) int { return cmp.Compare(lows[a], lows[b]) })
		x.lists[w], x.plain.lows[w] = make([]bundle, len(list)), make([]float64, len(list))
		for i, b := range by {
			x.lists[w][i], x.plain.lows[w][i] = list[b], lows[b]
		}
	}
	least := make([]float64, n)
	for w := range least {
		least[w] = x.plain.lows[w][0]
	}
	slices.SortStableFunc(x.order, func(a, b int) int { return cmp.Compare(least[b], least[a]) })
	x.plain.along(x)
	x.rests = make([]Amounts, n+1)
	for i := n - 1; i >= 0; i-- {
		lows := leastOf(x.lists[x.order[i]])
		x.rests[i] = x.rests[i+1]
		x.rests[i].add(&lows, 1)
	}
	x.s, x.chosen = newState(p, x.o), make([]int, n)
	return x
}

// none says that a workload has no way to be carried at all.
func (x *search) none() bool { return x.plain == nil }

// tighten looks for prices of what is scarce once a first solution is known.
func (x *search) tighten() {
	if x.tight = x.priced(x.value); x.tight != nil {
		x.tight.along(x)
	}
}

// bound is what any assignment that goes on from place i takes at least, or
// infinite where it keeps no limit.
func (x *search) bound(i int) float64 {
	a, allowed := x.s.amounts()
	if !allowed || i < len(x.order) && !x.lawful(i) {
		return math.Inf(1)
	}
	if i == len(x.order) {
		return x.o.of(&a) // the value itself
	}
	v := x.plain.bound(x, i)
	if x.tight != nil {
		v = max(v, x.tight.bound(x, i))
	}
	return v
}

// lawful says whether the limits can still be kept: every resource is taken at
// least in proportion to the devices in use.
func (x *search) lawful(i int) bool {
	a := x.s.own
	a[Machines] = 0
	for k := range x.s.kinds {
		if u := x.s.kinds[k].used; u > 0 {
			kind := &x.p.Kinds[k]
			each := kind.each()
			a.add(&each, u/float64(kind.Devices))
		}
	}
	return x.p.within(&a, &x.rests[i])
}

// better says whether a value is below the best by more than rounding.
func (x *search) better(v float64) bool {
	if math.IsInf(x.value, 1) {
		return !math.IsInf(v, 1)
	}
	return v < x.value-1e-9*(1+math.Abs(x.value))
}

// child is a bundle to go on with, and what is at least taken then.
type child struct {
	bundle int
	bound  float64
}

// lookedAt is how many bundles may be looked at for the work of laying one down.
const lookedAt = 64

// descend looks at all ways to assign the workloads from place i on; low and
// tight are what those before it take at least, in fractions of machines, seen
// through each lens.
func (x *search) descend(i int, low, tight float64) {
	if i == len(x.order) {
		if v := x.bound(i); x.better(v) {
			x.value, x.best = v, slices.Clone(x.chosen)
		}
		return
	}
	w := x.order[i]
	var children []child
	x.work += len(x.lists[w]) / lookedAt
	for b := range x.lists[w] {
		least := low + x.plain.lows[w][b] + x.plain.rest[i+1]
		if !x.better(least) {
			break // the others take more
		}
		if x.tight != nil {
			least = max(least, tight+x.tight.lows[w][b]+x.tight.rest[i+1]-x.tight.credit)
			if !x.better(least) {
				continue
			}
		}
		if x.cut {
			x.open = min(x.open, least)
			continue
		}
		x.nodes++
		if x.work++; x.work >= x.limit {
			x.cut = true
		}
		way := &x.lists[w][b]
		x.s.put(w, way)
		if v := x.bound(i + 1); x.better(v) {
			children = append(children, child{b, max(v, least)})
		}
		x.s.take(w, way)
	}
	slices.SortStableFunc(children, func(a, b child) int { return cmp.Compare(a.bound, b.bound) })
	for _, c := range children {
		if !x.better(c.bound) {
			return
		}
		if x.cut || x.p.Any && x.best != nil {
			x.open = min(x.open, c.bound)
			return // the others take no less
		}
		way := &x.lists[w][c.bundle]
		x.chosen[i] = c.bundle
		x.s.put(w, way)
		next := 0.0
		if x.tight != nil {
			next = tight + x.tight.lows[w][c.bundle]
		}
		x.descend(i+1, low+x.plain.lows[w][c.bundle], next)
		x.s.take(w, way)
	}
}

// solution writes the best assignment down.
func (x *search) solution() *Solution {
	out := &Solution{Parts: make([][]Part, len(x.order)), Machines: make([]int, len(x.p.Kinds)), Spare: make([]int, len(x.p.Kinds)), Nodes: x.nodes}
	s := newState(x.p, x.o)
	for i, b := range x.best {
		w := x.order[i]
		s.put(w, &x.lists[w][b])
		out.Parts[w] = slices.Clone(x.lists[w][b].parts)
	}
	for k := range s.kinds {
		if n := s.kinds[k].machines; n > 0 {
			out.Machines[k], out.Spare[k] = n+x.p.Spare, x.p.Spare
		}
	}
	out.unshare(x.p)
	out.Used, _ = s.amounts()
	out.Proven = !x.cut && !(x.p.Any && !math.IsInf(x.open, 1)) && x.all && x.exact && x.s.exact
	out.Bound = out.Used[x.p.Goal]
	if !out.Proven {
		// What was left open takes at least this, without the little for machines.
		open := min(x.open, x.value) - x.o.little*out.Used[Machines]
		if !x.all || !x.exact || !x.s.exact || x.p.Any {
			open = x.plain.total() - x.o.little*out.Used[Machines]
			if x.tight != nil {
				open = max(open, x.tight.total()-x.o.little*out.Used[Machines])
			}
		}
		out.Bound = max(0, min(open, out.Used[x.p.Goal]))
	}
	return out
}
