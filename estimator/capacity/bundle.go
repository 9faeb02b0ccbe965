package capacity

import (
	"cmp"
	"math"
	"slices"
)

// bundle is one way to carry a workload: deployments of one option, or of two.
type bundle struct {
	parts []Part
	// lows are the least of each resource that it can add: its share of machines
	// that are full, and what deployments take themselves.
	lows Amounts
	// machines are the machines that each part fills at least.
	machines [2]float64
}

// Bounds of what is looked at for one workload: the ways to divide it over two
// kinds (fewer where many workloads share little work), the options among which
// that is done, and the deployments of one option. Beyond the first two ways are
// left out, and no solution is proven; what needs more deployments is no way at
// all.
const (
	maxBundles     = 4000
	fewBundles     = 64
	maxDivided     = 32
	maxDeployments = 100_000
)

// objective is what is minimised: the goal, and a little for each machine, so
// that of equal solutions the one with the fewest wins.
type objective struct {
	goal   Resource
	little float64
}

func objectiveOf(p *Problem) objective {
	o := objective{goal: p.Goal}
	most := 0.0
	for i := range p.Kinds {
		most = max(most, p.Kinds[i].each()[p.Goal])
	}
	if most == 0 {
		most = 1
	}
	o.little = 1e-6 * most
	return o
}

func (o objective) of(a *Amounts) float64 { return a[o.goal] + o.little*a[Machines] }

// each is what one machine takes, itself included.
func (k *Kind) each() Amounts {
	a := k.Each
	a[Machines] = 1
	return a
}

// footprint is the devices that one deployment takes at least.
func (o *Option) footprint(room float64) float64 {
	if o.Shared == nil {
		return float64(o.Devices)
	}
	s := slot{Slice: *o.Shared}
	return float64(o.Devices) * s.size(room)
}

// bundles lists the ways to carry a workload. all says that none was left out.
func (p *Problem) bundles(w *Workload) (list []bundle, all bool) {
	counts := slices.ContainsFunc(p.Kinds, func(k Kind) bool { return k.Count != Unlimited })
	for i := range w.Options {
		opt := &w.Options[i]
		n := Needed(w.Load, opt.Carries, w.Least)
		if opt.Shared != nil {
			n = opt.Fixed
		}
		if n <= maxDeployments {
			list = append(list, p.bundle(w, Part{i, n}))
		}
	}
	if !counts {
		return list, true
	}
	some := p.dividable(w)
	var pairs int
	for _, i := range some {
		for _, j := range some {
			pairs += p.divided(w, i, j)
		}
	}
	step := 1 + pairs/max(min(maxBundles, p.work()/max(len(p.Workloads), 1)), fewBundles)
	for _, i := range some {
		for _, j := range some {
			most := p.divided(w, i, j)
			for n := 1; n <= most; n += step {
				a, b := &w.Options[i], &w.Options[j]
				rest := w.Load - float64(n)*a.Carries
				if m := Needed(rest, b.Carries, max(w.Least-n, 1)); m <= maxDeployments {
					list = append(list, p.bundle(w, Part{i, n}, Part{j, m}))
				}
			}
		}
	}
	return list, step == 1 && len(some) < maxDivided
}

// dividable lists the options that may carry a part of a workload, those that
// take least of the goal for what they carry.
func (p *Problem) dividable(w *Workload) []int {
	var out []int
	takes := func(i int) float64 {
		o := &w.Options[i]
		k := &p.Kinds[o.Kind]
		each := k.each()
		return (each[p.Goal]*float64(o.Devices)/float64(k.Devices) + o.Each[p.Goal]) / o.Carries
	}
	for i := range w.Options {
		if w.Options[i].Shared == nil {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(takes(a), takes(b)) })
	return out[:min(len(out), maxDivided)]
}

// divided is up to how many deployments of option i may carry a part of the
// workload while option j carries the rest: 0 where that is no way. One of the
// kinds has a count, and neither option shares its devices.
func (p *Problem) divided(w *Workload, i, j int) int {
	a, b := &w.Options[i], &w.Options[j]
	if a.Kind == b.Kind || a.Shared != nil || b.Shared != nil || p.Kinds[a.Kind].Count == Unlimited && p.Kinds[b.Kind].Count == Unlimited {
		return 0
	}
	// Fewer than would carry all of it.
	n := min(Needed(w.Load, a.Carries, 1)-1, maxDeployments)
	if c := p.Kinds[a.Kind].Count; c != Unlimited {
		n = min(n, c*(p.Kinds[a.Kind].Devices/a.Devices))
	}
	return max(n, 0)
}

func (p *Problem) bundle(w *Workload, parts ...Part) bundle {
	b := bundle{parts: parts}
	for i, part := range parts {
		opt := &w.Options[part.Option]
		k := &p.Kinds[opt.Kind]
		each := k.each()
		b.machines[i] = float64(part.N) * opt.footprint(p.Room) / float64(k.Devices)
		var a Amounts
		a.add(&each, b.machines[i])
		own := opt.Each
		own[Machines] = 0
		a.add(&own, float64(part.N))
		b.lows.add(&a, 1)
	}
	return b
}

// leastOf is the least of each resource that any of the bundles can add.
func leastOf(list []bundle) (lows Amounts) {
	for r := range lows {
		lows[r] = math.Inf(1)
		for i := range list {
			lows[r] = min(lows[r], list[i].lows[r])
		}
	}
	return lows
}
