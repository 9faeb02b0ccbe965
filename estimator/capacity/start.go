package capacity

import (
	"cmp"
	"math"
	"slices"
)

// bestStarts is how many first assignments are improved.
const bestStarts = 3

// fewKinds is of how many kinds pairs are tried in first assignments.
const fewKinds = 6

// start is a first assignment.
type start struct {
	chosen []int
	value  float64
}

// starts makes first assignments: each workload in turn takes the bundle that
// adds least, once with all kinds alike, once for each kind with bundles on that
// kind alone where a workload has any, and so for pairs of the best kinds.
func (x *search) starts() [][]int {
	var all []start
	add := func(only ...int) {
		if len(all) > 0 && x.spent() {
			return
		}
		if s := x.greedy(only); s.chosen != nil {
			all = keep(all, s)
		}
	}
	add()
	type kind struct {
		k     int
		value float64
	}
	var kinds []kind
	for k := range x.p.Kinds {
		if x.spent() {
			break
		}
		if s := x.greedy([]int{k}); s.chosen != nil {
			kinds = append(kinds, kind{k, s.value})
			all = keep(all, s)
		}
	}
	slices.SortStableFunc(kinds, func(a, b kind) int { return cmp.Compare(a.value, b.value) })
	for i := range min(len(kinds), fewKinds) {
		x.likely = append(x.likely, kinds[i].k)
		for j := range i {
			add(kinds[j].k, kinds[i].k)
		}
	}
	slices.SortStableFunc(all, func(a, b start) int { return cmp.Compare(a.value, b.value) })
	var out [][]int
	for i := range min(len(all), bestStarts) {
		out = append(out, all[i].chosen)
	}
	return out
}

// keep adds an assignment unless it is there already.
func keep(all []start, s start) []start {
	if slices.ContainsFunc(all, func(o start) bool { return slices.Equal(o.chosen, s.chosen) }) {
		return all
	}
	return append(all, s)
}

// fewWays is how many bundles of a workload are tried in first assignments.
const fewWays = 64

// greedy assigns the workloads in order; only names the kinds to stay on where
// that can be, none for all. Where it gets stuck nothing is chosen.
func (x *search) greedy(only []int) (out start) {
	s := newState(x.p, x.o)
	defer func() { x.exact = x.exact && s.exact }()
	touched := len(only) == 0
	for _, w := range x.order {
		at, least := -1, math.Inf(1)
		inside := func(b *bundle) bool {
			return len(only) == 0 || !slices.ContainsFunc(b.parts, func(q Part) bool { return !slices.Contains(only, x.p.Workloads[w].Options[q.Option].Kind) })
		}
		for pass := range 2 {
			tried := 0
			for b := range x.lists[w] {
				way := &x.lists[w][b]
				in := inside(way)
				if pass == 0 && !in {
					continue
				}
				if tried++; tried > fewWays && at >= 0 {
					break
				}
				x.work++
				s.put(w, way)
				if a, allowed := s.amounts(); allowed {
					if v := x.o.of(&a); v < least {
						at, least = b, v
						touched = touched || in
					}
				}
				s.take(w, way)
			}
			if at >= 0 || len(only) == 0 {
				break
			}
		}
		if at < 0 {
			return start{}
		}
		s.put(w, &x.lists[w][at])
		out.chosen, out.value = append(out.chosen, at), least
	}
	if !touched {
		return start{}
	}
	return out
}

// rounds bounds how often a first assignment is gone over.
const rounds = 16

// improve changes first assignments for as long as that helps, one workload
// after the other, and where that is over by another set of kinds for all; it
// keeps the best of all.
func (x *search) improve(starts [][]int) {
	for _, chosen := range starts {
		value := x.settle(chosen)
		for range rounds {
			next, v := x.regroup(chosen, value)
			if next == nil {
				break
			}
			chosen, value = next, v
		}
		if x.better(value) {
			x.value, x.best = value, slices.Clone(chosen)
		}
	}
}

// settle changes one workload after the other for the better, and returns the
// value reached.
func (x *search) settle(chosen []int) float64 {
	s := newState(x.p, x.o)
	for i, b := range chosen {
		s.put(x.order[i], &x.lists[x.order[i]][b])
	}
	a, _ := s.amounts()
	value := x.o.of(&a)
	for range rounds {
		changed := false
		for i, w := range x.order {
			s.take(w, &x.lists[w][chosen[i]])
			at, least := chosen[i], value
			for b := range x.lists[w] {
				if b >= fewWays {
					break
				}
				x.work++
				s.put(w, &x.lists[w][b])
				if a, allowed := s.amounts(); allowed {
					if v := x.o.of(&a); v < least-1e-9*(1+math.Abs(least)) {
						at, least = b, v
					}
				}
				s.take(w, &x.lists[w][b])
			}
			s.put(w, &x.lists[w][at])
			if at != chosen[i] {
				chosen[i], value, changed = at, least, true
			}
		}
		if !changed || x.spent() {
			break
		}
	}
	x.exact = x.exact && s.exact
	return value
}

// near is up to how much more than the best a first assignment may take to be
// worth improving.
const near = 1.05

// spent says that first assignments have had their part of the work.
func (x *search) spent() bool { return x.work > x.limit/4 }

// regroup assigns anew on the kinds in use without one of them, with one more,
// or both; nil where none of that is better.
func (x *search) regroup(chosen []int, value float64) (best []int, least float64) {
	var used []int
	for i, b := range chosen {
		w := x.order[i]
		for _, part := range x.lists[w][b].parts {
			if k := x.p.Workloads[w].Options[part.Option].Kind; !slices.Contains(used, k) {
				used = append(used, k)
			}
		}
	}
	slices.Sort(used)
	least = value
	try := func(kinds []int) {
		if len(kinds) == 0 {
			return
		}
		if x.spent() {
			return
		}
		if s := x.greedy(kinds); s.chosen != nil && s.value < least*near {
			if v := x.settle(s.chosen); v < least-1e-9*(1+math.Abs(least)) {
				best, least = s.chosen, v
			}
		}
	}
	for out := -1; out < len(used); out++ {
		kept := slices.Clone(used)
		if out >= 0 {
			kept = slices.Delete(kept, out, out+1)
			try(kept)
		}
		for _, k := range x.likely {
			if !slices.Contains(used, k) {
				try(append(slices.Clone(kept), k))
			}
		}
	}
	return best, least
}
