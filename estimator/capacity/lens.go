package capacity

import (
	"math"
	"slices"
)

// lens is a way to look at prices that gives a lower bound: the objective, with
// prices put upon machines of which there are few and resources that are limited,
// less what those prices come to if all that may be used is used (Lagrange's
// relaxation of counts and limits). With no such prices it is the objective. The
// spare machines of a kind are charged in equal parts to all workloads: those on
// it never pay more than it costs.
type lens struct {
	machine []float64 // of one machine, by kind
	own     Amounts   // weights of what deployments take themselves
	credit  float64   // taken off every bound
	spare   []float64 // of the objective, by kind: what spare machines add

	lows [][]float64 // of each bundle, by workload
	// rest is the least that workloads from a place in the order on add, most
	// how much of it could lie on each kind.
	rest []float64
	most [][]float64
}

// newLens prices scarce machines by kind, and limited resources.
func (x *search) newLens(kinds []float64, resources Amounts) *lens {
	l := &lens{machine: make([]float64, len(x.p.Kinds)), spare: make([]float64, len(x.p.Kinds))}
	for r := range l.own {
		if x.p.Limits[r] >= 0 {
			l.own[r] = resources[r]
			l.credit += resources[r] * x.p.Limits[r]
		}
	}
	weights := l.own
	l.own[x.o.goal]++
	l.own[Machines] = 0 // deployments are none
	for k := range x.p.Kinds {
		each := x.p.Kinds[k].each()
		l.machine[k] = x.o.of(&each)
		l.spare[k] = l.machine[k] * float64(x.p.Spare)
		for r := range weights {
			l.machine[k] += weights[r] * each[r]
		}
		if c := x.usable(k); c >= 0 {
			l.machine[k] += kinds[k]
			l.credit += kinds[k] * float64(c)
		}
	}
	l.lows = make([][]float64, len(x.lists))
	for w := range x.lists {
		l.lows[w] = make([]float64, len(x.lists[w]))
		for b := range x.lists[w] {
			l.lows[w][b] = l.low(x, w, &x.lists[w][b])
		}
	}
	return l
}

// usable is how many machines of a kind may be filled; Unlimited.
func (x *search) usable(k int) int {
	if c := x.p.Kinds[k].Count; c != Unlimited {
		return max(c-x.p.Spare, 0)
	}
	return Unlimited
}

// low is the least that a bundle adds.
func (l *lens) low(x *search, w int, b *bundle) float64 {
	v := 0.0
	for i, part := range b.parts {
		opt := &x.p.Workloads[w].Options[part.Option]
		v += b.machines[i]*l.machine[opt.Kind] + l.spare[opt.Kind]/float64(len(x.p.Workloads))
		for r, weight := range l.own {
			v += weight * opt.Each[r] * float64(part.N)
		}
	}
	return v
}

// along sums up what is left from each place in an order of workloads.
func (l *lens) along(x *search) {
	n := len(x.order)
	l.rest, l.most = make([]float64, n+1), make([][]float64, n+1)
	l.most[n] = make([]float64, len(x.p.Kinds))
	for i := n - 1; i >= 0; i-- {
		w := x.order[i]
		l.rest[i] = l.rest[i+1] + slices.Min(l.lows[w])
		l.most[i] = slices.Clone(l.most[i+1])
		own := make([]float64, len(x.p.Kinds))
		for b := range x.lists[w] {
			for j, part := range x.lists[w][b].parts {
				k := x.p.Workloads[w].Options[part.Option].Kind
				own[k] = max(own[k], x.lists[w][b].machines[j]*l.machine[k]+l.spare[k]/float64(n))
			}
		}
		for k := range own {
			l.most[i][k] += own[k]
		}
	}
}

// bound is what any assignment that goes on from place i takes at least: the
// machines that are filled, and what the rest adds beyond the room in them.
func (l *lens) bound(x *search, i int) float64 {
	v, free := -l.credit, 0.0
	for k := range x.s.kinds {
		on := &x.s.kinds[k]
		if on.machines == 0 {
			continue
		}
		v += float64(on.machines)*l.machine[k] + l.spare[k]
		share := float64(on.machines) - on.used/float64(x.p.Kinds[k].Devices)
		parts := l.spare[k] * float64(len(x.order)-i) / float64(len(x.order)) // paid in full already
		free += min(max(share, 0)*l.machine[k]+parts, l.most[i][k])
	}
	for r, weight := range l.own {
		v += weight * x.s.own[r]
	}
	return v + max(0, l.rest[i]-free)
}

// total is the bound with nothing assigned.
func (l *lens) total() float64 {
	v := -l.credit
	for _, lows := range l.lows {
		v += slices.Min(lows)
	}
	return v
}

// Search for prices: so many steps along the gradient of the bound, towards a
// value that is known to be reached; fewer where each is a lot of bundles.
const (
	priceSteps = 80
	leastSteps = 12
	priceWork  = 1 << 20 // bundles
	patience   = 8
)

// priced finds prices of scarce machines and limited resources that make for a
// high bound (subgradient ascent with Polyak's step); nil where nothing is scarce.
func (x *search) priced(target float64) *lens {
	kinds := make([]float64, len(x.p.Kinds))
	var resources Amounts
	best := x.plain.total()
	var found *lens
	if math.IsInf(target, 1) {
		target = best*2 + 1
	}
	step, since := 1.0, 0
	l := x.plain
	bundles := 0
	for _, list := range x.lists {
		bundles += len(list)
	}
	for range max(min(priceSteps, priceWork/max(bundles, 1)), leastSteps) {
		// How far the cheapest choice goes beyond what there is, in shares of it.
		over := make([]float64, len(kinds))
		var overs Amounts
		for w := range x.lists {
			b := &x.lists[w][argmin(l.lows[w])]
			for i, part := range b.parts {
				over[x.p.Workloads[w].Options[part.Option].Kind] += b.machines[i]
			}
			overs.add(&b.lows, 1)
		}
		norm := 0.0
		for k := range over {
			c := x.usable(k)
			if c == Unlimited {
				over[k] = 0
				continue
			}
			over[k] = over[k]/max(float64(c), 1) - 1
			if kinds[k] > 0 || over[k] > 0 {
				norm += over[k] * over[k]
			}
		}
		for r := range overs {
			if x.p.Limits[r] < 0 {
				overs[r] = 0
				continue
			}
			overs[r] = overs[r]/max(x.p.Limits[r], 1e-9) - 1
			if resources[r] > 0 || overs[r] > 0 {
				norm += overs[r] * overs[r]
			}
		}
		if norm == 0 {
			break
		}
		t := step * max(target-l.total(), 1e-6*(1+math.Abs(target))) / norm
		for k := range kinds {
			if c := x.usable(k); c != Unlimited {
				kinds[k] = max(0, kinds[k]+t*over[k]/max(float64(c), 1))
			}
		}
		for r := range resources {
			if x.p.Limits[r] >= 0 {
				resources[r] = max(0, resources[r]+t*overs[r]/max(x.p.Limits[r], 1e-9))
			}
		}
		l = x.newLens(kinds, resources)
		if v := l.total(); v > best {
			best, found, since = v, l, 0
		} else if since++; since >= patience {
			step, since = step/2, 0
		}
	}
	return found
}

func argmin(list []float64) int {
	at := 0
	for i, v := range list {
		if v < list[at] {
			at = i
		}
	}
	return at
}
