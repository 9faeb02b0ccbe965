package capacity

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawProblem draws a problem small enough for brute force.
func drawProblem(t *rapid.T) *Problem {
	p := &Problem{Limits: NoLimits(), Room: rapid.SampledFrom([]float64{0.8, 1}).Draw(t, "room"), Spare: rapid.IntRange(0, 1).Draw(t, "spare"),
		Goal: rapid.SampledFrom([]Resource{USD, Machines, KWh}).Draw(t, "goal"), MaxWork: 1_000_000}
	for range rapid.IntRange(1, 3).Draw(t, "kinds") {
		k := Kind{Devices: rapid.SampledFrom([]int{1, 2, 4, 6, 8}).Draw(t, "devices"), Count: Unlimited}
		if rapid.Bool().Draw(t, "fleet") {
			k.Count = rapid.IntRange(0, 4).Draw(t, "count")
		}
		for r := range k.Each {
			k.Each[r] = float64(rapid.IntRange(0, 20).Draw(t, "each"))
		}
		p.Kinds = append(p.Kinds, k)
	}
	for range rapid.IntRange(1, 3).Draw(t, "workloads") {
		w := Workload{Load: float64(rapid.IntRange(1, 12).Draw(t, "load")), Least: rapid.IntRange(1, 2).Draw(t, "least")}
		for range rapid.IntRange(1, 3).Draw(t, "options") {
			o := Option{Kind: rapid.IntRange(0, len(p.Kinds)-1).Draw(t, "kind"), Carries: float64(rapid.IntRange(2, 8).Draw(t, "carries"))}
			sizes := []int{p.Kinds[o.Kind].Devices}
			for s := 1; s < p.Kinds[o.Kind].Devices; s *= 2 {
				sizes = append(sizes, s)
			}
			o.Devices = rapid.SampledFrom(sizes).Draw(t, "size")
			o.Each[KWh] = float64(rapid.IntRange(0, 3).Draw(t, "own"))
			if rapid.IntRange(0, 2).Draw(t, "shares") == 0 {
				o.Shared = &Slice{Memory: float64(rapid.IntRange(1, 10).Draw(t, "memory")) / 10, Busy: p.Room * float64(rapid.IntRange(0, 10).Draw(t, "busy")) / 10}
				o.Fixed = Needed(w.Load, o.Carries, w.Least)
			}
			w.Options = append(w.Options, o)
		}
		p.Workloads = append(p.Workloads, w)
	}
	if rapid.Bool().Draw(t, "limited") {
		p.Limits[rapid.SampledFrom([]Resource{USD, KWh, Machines}).Draw(t, "resource")] = float64(rapid.IntRange(0, 60).Draw(t, "limit"))
	}
	return p
}

// bruteMachines packs by trying every machine for every place.
func bruteMachines(devices int, places []int) int {
	best := len(places)
	var free []int
	var lay func(i int)
	lay = func(i int) {
		if len(free) >= best {
			return
		}
		if i == len(places) {
			best = len(free)
			return
		}
		for k := range free {
			if free[k] >= places[i] {
				free[k] -= places[i]
				lay(i + 1)
				free[k] += places[i]
			}
		}
		free = append(free, devices-places[i])
		lay(i + 1)
		free = free[:len(free)-1]
	}
	lay(0)
	return best
}

// brutePlaces shares devices by trying every place for every slot.
func brutePlaces(slots []slot, room float64) int {
	best := len(slots)
	var groups [][]slot
	var lay func(i int)
	lay = func(i int) {
		if len(groups) >= best {
			return
		}
		if i == len(slots) {
			best = len(groups)
			return
		}
		for k := range groups {
			memory, busy, twice := slots[i].Memory, slots[i].Busy, false
			for _, o := range groups[k] {
				memory, busy, twice = memory+o.Memory, busy+o.Busy, twice || o.workload == slots[i].workload
			}
			if twice || memory > 1+tolerance || busy > room+tolerance {
				continue
			}
			groups[k] = append(groups[k], slots[i])
			lay(i + 1)
			groups[k] = groups[k][:len(groups[k])-1]
		}
		groups = append(groups, []slot{slots[i]})
		lay(i + 1)
		groups = groups[:len(groups)-1]
	}
	lay(0)
	return best
}

// cost is what a choice of parts takes by brute force, and whether it may be.
func bruteCost(p *Problem, parts [][]Part) (a Amounts, ok bool) {
	ok = true
	for k := range p.Kinds {
		var places []int
		slots := map[int][]slot{}
		for w := range parts {
			for _, part := range parts[w] {
				o := &p.Workloads[w].Options[part.Option]
				if o.Kind != k {
					continue
				}
				for range part.N {
					for r := range a {
						if Resource(r) != Machines {
							a[r] += o.Each[r]
						}
					}
					if o.Shared == nil {
						places = append(places, o.Devices)
					} else {
						slots[o.Devices] = append(slots[o.Devices], slot{w, *o.Shared})
					}
				}
			}
		}
		for size, list := range slots {
			places = append(places, slices.Repeat([]int{size}, brutePlaces(list, p.Room))...)
		}
		n := bruteMachines(p.Kinds[k].Devices, places)
		if n == 0 {
			continue
		}
		n += p.Spare
		for r := range a {
			a[r] += float64(n) * p.Kinds[k].Each[r]
		}
		a[Machines] += float64(n) - float64(n)*p.Kinds[k].Each[Machines]
		ok = ok && (p.Kinds[k].Count == Unlimited || n <= p.Kinds[k].Count)
	}
	for r, l := range p.Limits {
		ok = ok && (l < 0 || a[r] <= l+1e-6)
	}
	return a, ok
}

// brute tries every combination of ways.
func brute(p *Problem) (best Amounts, found bool) {
	ways := make([][][]Part, len(p.Workloads))
	for w := range p.Workloads {
		l := &p.Workloads[w]
		for i := range l.Options {
			o := &l.Options[i]
			if o.Shared != nil {
				ways[w] = append(ways[w], []Part{{i, o.Fixed}})
				continue
			}
			ways[w] = append(ways[w], []Part{{i, Needed(l.Load, o.Carries, l.Least)}})
			for j := range l.Options {
				q := &l.Options[j]
				if q.Shared != nil || q.Kind == o.Kind || p.Kinds[o.Kind].Count == Unlimited && p.Kinds[q.Kind].Count == Unlimited {
					continue
				}
				for n := 1; float64(n)*o.Carries < l.Load-1e-9; n++ {
					ways[w] = append(ways[w], []Part{{i, n}, {j, Needed(l.Load-float64(n)*o.Carries, q.Carries, max(l.Least-n, 1))}})
				}
			}
		}
	}
	parts := make([][]Part, len(p.Workloads))
	var try func(w int)
	try = func(w int) {
		if w == len(ways) {
			a, ok := bruteCost(p, parts)
			if ok && (!found || a[p.Goal] < best[p.Goal]-1e-9 || math.Abs(a[p.Goal]-best[p.Goal]) < 1e-9 && a[Machines] < best[Machines]) {
				best, found = a, true
			}
			return
		}
		for _, way := range ways[w] {
			parts[w] = way
			try(w + 1)
		}
	}
	try(0)
	return best, found
}

// Solve finds what trying everything finds, and says that it is the best.
func TestSolveIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t)
		s, proven, err := Solve(p)
		if err != nil {
			t.Fatal(err)
		}
		want, found := brute(p)
		if (s != nil) != found {
			t.Fatalf("solution %+v, brute force found %v", s, found)
		}
		if s == nil {
			if !proven {
				t.Fatal("not proven that there is none")
			}
			return
		}
		if !s.Proven || s.Gap(p.Goal) != 0 {
			t.Fatalf("not proven: %+v", s)
		}
		// A machine less is worth up to a millionth of the dearest one.
		if d := s.Used[p.Goal] - want[p.Goal]; d > 1e-6*20*50+1e-9 || d < -1e-9 {
			t.Fatalf("%s %g, brute force %g", p.Goal, s.Used[p.Goal], want[p.Goal])
		}
		check(t, p, s)
	})
}

// check holds a solution to the problem: load carried, amounts right, machines
// laid out as they were counted.
func check(t *rapid.T, p *Problem, s *Solution) {
	a, ok := bruteCost(p, s.Parts)
	if !ok {
		t.Fatalf("%+v breaks a limit", s)
	}
	for r := range a {
		if math.Abs(a[r]-s.Used[r]) > 1e-6 {
			t.Fatalf("%s %g, want %g", Resource(r), s.Used[r], a[r])
		}
	}
	deployed := map[[2]int]int{}
	for w := range s.Parts {
		carried, n := 0.0, 0
		for _, part := range s.Parts[w] {
			carried += float64(part.N) * p.Workloads[w].Options[part.Option].Carries
			n += part.N
			deployed[[2]int{w, part.Option}] += part.N
		}
		if carried < p.Workloads[w].Load-1e-6 || n < p.Workloads[w].Least {
			t.Fatalf("workload %d: %d deployments carry %g of %g", w, n, carried, p.Workloads[w].Load)
		}
	}
	machines := make([]int, len(p.Kinds))
	for _, l := range s.Layouts(p) {
		machines[l.Kind] += l.Count
		used := l.Free
		for _, pl := range l.Places {
			used += pl.Devices
			if pl.Memory > 1+1e-6 || pl.Busy > p.Room+1e-6 {
				t.Fatalf("overfull place %+v", pl)
			}
			for _, m := range pl.Members {
				deployed[[2]int{m.Workload, m.Option}] -= l.Count
			}
		}
		if used != p.Kinds[l.Kind].Devices {
			t.Fatalf("layout %+v of machines with %d devices", l, p.Kinds[l.Kind].Devices)
		}
	}
	for k := range machines {
		if machines[k]+s.Spare[k] != s.Machines[k] {
			t.Fatalf("kind %d: %d machines laid out, %d counted, %d spare", k, machines[k], s.Machines[k], s.Spare[k])
		}
	}
	for key, n := range deployed {
		if n != 0 {
			t.Fatalf("deployment %v: %d not laid out", key, n)
		}
	}
}

// However early the search is cut off, its bound holds.
func TestBoundHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t)
		exact, _, err := Solve(p)
		if err != nil {
			t.Fatal(err)
		}
		p.MaxWork = rapid.IntRange(1, 8).Draw(t, "nodes")
		s, proven, err := Solve(p)
		switch {
		case err != nil:
			t.Fatal(err)
		case s == nil:
			if proven && exact != nil {
				t.Fatal("proven that there is no solution, and there is one")
			}
			return
		case exact == nil:
			t.Fatal("a solution where there is none")
		}
		const slack = 1e-3
		if s.Bound > exact.Used[p.Goal]+slack || s.Used[p.Goal] < exact.Used[p.Goal]-slack {
			t.Fatalf("%s %g with bound %g, best %g", p.Goal, s.Used[p.Goal], s.Bound, exact.Used[p.Goal])
		}
		if s.Proven && s.Used[p.Goal] > exact.Used[p.Goal]+slack {
			t.Fatalf("proven %g, best %g", s.Used[p.Goal], exact.Used[p.Goal])
		}
	})
}

func TestMachinesFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		devices := rapid.IntRange(1, 8).Draw(t, "devices")
		var places []int
		n := rapid.IntRange(0, 7).Draw(t, "places")
		for range n {
			sizes := []int{devices}
			for s := 1; s < devices; s *= 2 {
				sizes = append(sizes, s)
			}
			places = append(places, rapid.SampledFrom(sizes).Draw(t, "size"))
		}
		slices.Sort(places)
		slices.Reverse(places)
		var sizes []sized
		for _, s := range places {
			sizes = append(sizes, sized{s, 1})
		}
		got, exact := machinesFor(devices, sizes)
		if want := bruteMachines(devices, places); got != want || !exact {
			t.Fatalf("%v on machines of %d: %d (%v), want %d", places, devices, got, exact, want)
		}
	})
	if n, exact := machinesFor(8, []sized{{5, 1}, {3, 2}}); n != 2 || exact {
		t.Errorf("5, 3 and 3 of 8: %d machines, exact %v", n, exact)
	}
}

// A case that can be checked by hand: two small models on one device each share
// a machine of two with a third.
func TestSharing(t *testing.T) {
	p := &Problem{Limits: NoLimits(), Room: 0.8, Kinds: []Kind{{Name: "pair", Devices: 2, Count: Unlimited, Each: Amounts{USD: 10}}}}
	shared := func(memory, busy float64) Workload {
		return Workload{Load: 1, Least: 1, Options: []Option{{Devices: 1, Carries: 10}, {Devices: 1, Carries: 10, Shared: &Slice{memory, busy}, Fixed: 1}}}
	}
	p.Workloads = []Workload{shared(0.4, 0.3), shared(0.5, 0.4), {Load: 5, Least: 1, Options: []Option{{Devices: 1, Carries: 10}}}}
	s, _, err := Solve(p)
	if err != nil || s == nil || s.Used[USD] != 10 || s.Machines[0] != 1 || !s.Proven {
		t.Fatalf("%+v %v", s, err)
	}
	l := s.Layouts(p)
	if len(l) != 1 || len(l[0].Places) != 2 || len(l[0].Places[1].Members) != 2 || math.Abs(l[0].Places[1].Memory-0.9) > 1e-9 {
		t.Fatalf("%+v", l)
	}
	p.Workloads[1] = shared(0.7, 0.4) // 1.1 of the memory
	if s, _, _ = Solve(p); s.Machines[0] != 2 || s.Parts[0][0].Option != 0 || s.Parts[1][0].Option != 0 {
		t.Fatalf("%+v: nothing is shared, so nothing should say so", s)
	}
	p.Workloads[1] = shared(0.5, 0.6) // 0.9 of the time
	if s, _, _ = Solve(p); s.Machines[0] != 2 {
		t.Fatalf("%+v", s)
	}
}

// A fleet of two kinds carries together what neither does alone.
func TestDividedWorkload(t *testing.T) {
	p := &Problem{Limits: NoLimits(), Room: 1, Kinds: []Kind{{Name: "a", Devices: 1, Count: 2, Each: Amounts{USD: 5}}, {Name: "b", Devices: 1, Count: 3, Each: Amounts{USD: 1}}},
		Workloads: []Workload{{Load: 24, Least: 1, Options: []Option{{Kind: 0, Devices: 1, Carries: 10}, {Kind: 1, Devices: 1, Carries: 4}}}}}
	s, _, err := Solve(p)
	if err != nil || s == nil || s.Machines[0] != 2 || s.Machines[1] != 1 {
		t.Fatalf("%+v %v", s, err)
	}
	p.Spare = 1
	if s, proven, _ := Solve(p); s != nil || !proven {
		t.Fatalf("with a spare of each: %+v", s)
	}
	p.Spare, p.Workloads[0].Load = 0, 33
	share, s, _ := Carry(func(x float64) *Problem {
		q := *p
		q.Workloads = []Workload{p.Workloads[0]}
		q.Workloads[0].Load *= x
		return &q
	})
	if s == nil || share*33 > 32 || share*33 < 31.4 {
		t.Errorf("carries %g of 33: %+v", share*33, s)
	}
}

func TestLast(t *testing.T) {
	for last := -1; last <= 40; last++ {
		for _, most := range []int{0, 1, 17, 40} {
			if got := Last(most, func(m int) bool { return m <= last }); got != min(last, most) {
				t.Errorf("last month %d up to %d: %d", last, most, got)
			}
		}
	}
	if g := Grown(Monthly(0.6), 12); math.Abs(g-1.6) > 1e-12 {
		t.Errorf("60%% a year are %g after a year", g)
	}
}

func TestValidate(t *testing.T) {
	for i, p := range []Problem{
		{Kinds: []Kind{{Devices: 0}}},
		{Kinds: []Kind{{Devices: 1, Each: Amounts{math.NaN()}}}},
		{Workloads: []Workload{{Load: 0, Least: 1}}},
		{Workloads: []Workload{{Load: 1, Least: 0}}},
		{Kinds: []Kind{{Devices: 1}}, Workloads: []Workload{{Load: 1, Least: 1, Options: []Option{{Kind: 1, Devices: 1, Carries: 1}}}}},
		{Kinds: []Kind{{Devices: 1}}, Workloads: []Workload{{Load: 1, Least: 1, Options: []Option{{Devices: 2, Carries: 1}}}}},
		{Kinds: []Kind{{Devices: 1}}, Workloads: []Workload{{Load: 1, Least: 1, Options: []Option{{Devices: 1, Carries: 0}}}}},
		{Kinds: []Kind{{Devices: 1}}, Workloads: []Workload{{Load: 1, Least: 1, Options: []Option{{Devices: 1, Carries: 1, Shared: &Slice{2, 0}, Fixed: 1}}}}},
		{Spare: -1}, {Goal: NumResources}, {Room: 2},
	} {
		if _, _, err := Solve(&p); err == nil {
			t.Errorf("problem %d passes", i)
		}
	}
	if fmt.Sprint(USD, Machines, Resource(99)) != "usd_per_month machines resource(99)" {
		t.Error("names of resources")
	}
}

// BenchmarkSolve is 10 workloads on a menu of 30 kinds.
func BenchmarkSolve(b *testing.B) {
	p := menu(10, 30)
	b.ReportAllocs()
	for b.Loop() {
		s, _, err := Solve(p)
		if err != nil || s == nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(s.Nodes), "nodes")
		b.ReportMetric(100*s.Gap(USD), "gap-%")
	}
}

func menu(workloads, kinds int) *Problem {
	p := &Problem{Limits: NoLimits(), Room: 0.8}
	for i := range kinds {
		d := []int{1, 2, 4, 8}[i%4]
		p.Kinds = append(p.Kinds, Kind{Devices: d, Count: Unlimited, Each: Amounts{USD: float64(d) * (500 + 97*float64(i*i%11))}})
	}
	for w := range workloads {
		wl := Workload{Load: 3 + float64(w*w%17), Least: 1}
		for k := range kinds {
			for d := 1; d <= p.Kinds[k].Devices; d *= 2 {
				wl.Options = append(wl.Options, Option{Kind: k, Devices: d, Carries: 0.6 + float64(d)*(1+0.13*float64((k*k+w)%7))})
			}
		}
		p.Workloads = append(p.Workloads, wl)
	}
	return p
}
