package capacity

import "slices"

// sized is a number of places of so many devices.
type sized struct{ devices, n int }

// machinesFor is how many machines of so many devices hold the places, each of
// which lies in one machine: largest first, wherever there is room. That is the
// fewest where the sizes below the whole machine divide one another (Coffman,
// Garey and Johnson 1987, "Bin packing with divisible item sizes"); places must
// come largest first. exact says so.
func machinesFor(devices int, places []sized) (machines int, exact bool) {
	exact = true
	var free []sized // machines with so many devices free
	last := 0
	for _, p := range places {
		n := p.n
		if n == 0 {
			continue
		}
		if p.devices < devices {
			exact = exact && (last == 0 || last%p.devices == 0)
			last = p.devices
		}
		for i := 0; i < len(free) && n > 0; i++ {
			f := &free[i]
			each := f.devices / p.devices
			if each == 0 || f.n == 0 {
				continue
			}
			k := min(n, f.n*each)
			n -= k
			full, rest := k/each, k%each
			left := f.devices
			f.n -= full
			if full > 0 {
				free = append(free, sized{left - each*p.devices, full})
			}
			if rest > 0 {
				free[i].n--
				free = append(free, sized{left - rest*p.devices, 1})
			}
		}
		if n > 0 {
			each := devices / p.devices
			full, rest := n/each, n%each
			if full > 0 {
				machines += full
				free = append(free, sized{devices - each*p.devices, full})
			}
			if rest > 0 {
				machines++
				free = append(free, sized{devices - rest*p.devices, 1})
			}
		}
		free = slices.DeleteFunc(free, func(f sized) bool { return f.n == 0 || f.devices == 0 })
	}
	return machines, exact
}

// slot is a deployment on shared devices.
type slot struct {
	workload int
	Slice
}

// size is how much of a place a slot takes at least: the mean of its shares of
// memory and of the time, so that what fits into one place is at most 1 together.
func (s *slot) size(room float64) float64 {
	if room <= 0 {
		return s.Memory / 2
	}
	return (s.Memory + s.Busy/room) / 2
}

// largest is what it takes most of.
func (s *slot) largest(room float64) float64 {
	if room <= 0 {
		return s.Memory
	}
	return max(s.Memory, s.Busy/room)
}

// tolerance forgives rounding where shares are summed up.
const tolerance = 1e-9

// place is devices that slots share.
type place struct {
	memory, busy float64
	slots        []slot
}

func (p *place) takes(s *slot, room float64) bool {
	if p.memory+s.Memory > 1+tolerance || p.busy+s.Busy > room+tolerance {
		return false
	}
	for i := range p.slots {
		if p.slots[i].workload == s.workload {
			return false // two of one workload in one place make it no faster
		}
	}
	return true
}

func (p *place) add(s slot) {
	p.memory, p.busy, p.slots = p.memory+s.Memory, p.busy+s.Busy, append(p.slots, s)
}

func (p *place) drop() {
	last := p.slots[len(p.slots)-1]
	p.memory, p.busy, p.slots = p.memory-last.Memory, p.busy-last.Busy, p.slots[:len(p.slots)-1]
}

// shareNodes bounds the search for the fewest places.
const shareNodes = 10_000

// share lays slots into as few places as it finds: largest first into the first
// with room, and where that may not be the fewest by trying all ways. exact
// says that no fewer do.
func share(slots []slot, room float64) (places []place, exact bool) {
	if len(slots) == 0 {
		return nil, true
	}
	slots = slices.Clone(slots)
	slices.SortStableFunc(slots, func(a, b slot) int {
		switch x, y := a.largest(room), b.largest(room); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return a.workload - b.workload
	})
	for i := range slots {
		at := slices.IndexFunc(places, func(p place) bool { return p.takes(&slots[i], room) })
		if at < 0 {
			places = append(places, place{})
			at = len(places) - 1
		}
		places[at].add(slots[i])
	}
	least := fewest(slots, room)
	if len(places) <= least {
		return places, true
	}
	s := sharing{slots: slots, room: room, best: len(places), least: least}
	s.lay(0, -1)
	if s.found != nil {
		places = s.found
	}
	return places, s.nodes <= shareNodes
}

// fewest is a number of places below which the slots cannot fit: by what they
// take together, by those of one workload, and by those of which no two fit.
func fewest(slots []slot, room float64) int {
	var memory, busy float64
	of := map[int]int{}
	wide, long := 0, 0
	most := 1
	for i := range slots {
		s := &slots[i]
		memory, busy = memory+s.Memory, busy+s.Busy
		of[s.workload]++
		if s.Memory > 0.5+tolerance {
			wide++
		}
		if s.Busy > room/2+tolerance {
			long++
		}
		most = max(most, of[s.workload], wide, long)
	}
	for float64(most) < memory-tolerance || float64(most)*room < busy-tolerance {
		most++
	}
	return most
}

// sharing is the search for the fewest places.
type sharing struct {
	slots       []slot
	room        float64
	open        []place
	found       []place
	best, least int
	nodes       int
}

// lay lays slot i and those after it; of one workload's, which are alike, each
// goes behind the one before it, which lies in place last.
func (s *sharing) lay(i, last int) {
	if s.nodes++; s.nodes > shareNodes || s.best <= s.least {
		return
	}
	if i == len(s.slots) {
		s.best = len(s.open)
		s.found = make([]place, len(s.open))
		for k := range s.open {
			s.found[k] = s.open[k]
			s.found[k].slots = slices.Clone(s.open[k].slots)
		}
		return
	}
	from := 0
	if i > 0 && s.slots[i].workload == s.slots[i-1].workload {
		from = last + 1
	}
	for k := from; k < len(s.open); k++ {
		if s.open[k].takes(&s.slots[i], s.room) {
			s.open[k].add(s.slots[i])
			s.lay(i+1, k)
			s.open[k].drop()
		}
	}
	if len(s.open)+1 < s.best { // a further place
		s.open = append(s.open, place{})
		s.open[len(s.open)-1].add(s.slots[i])
		s.lay(i+1, len(s.open)-1)
		s.open = s.open[:len(s.open)-1]
	}
}
