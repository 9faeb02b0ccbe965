package capacity

import "slices"

// Place is devices of one machine that one deployment has, or several share.
type Place struct {
	Devices int
	Members []Member
	// Memory and Busy are the shares taken of shared devices; 0 of others.
	Memory, Busy float64
}

// Member is a deployment: of a workload, by one of its options.
type Member struct{ Workload, Option int }

// Layout is Count machines of a kind with the same deployments on them.
type Layout struct {
	Kind, Count int
	Places      []Place
	Free        int // devices of each that nothing uses
}

// Layouts lays a solution out on machines: largest first, wherever there is
// room, as the solution counts them. Spare machines are not listed.
func (s *Solution) Layouts(p *Problem) []Layout {
	var out []Layout
	for k := range p.Kinds {
		out = append(out, s.layoutOf(p, k)...)
	}
	return out
}

func (s *Solution) layoutOf(p *Problem, kind int) []Layout {
	places := s.placesOn(p, kind)
	slices.SortStableFunc(places, func(a, b Place) int { return b.Devices - a.Devices })
	devices := p.Kinds[kind].Devices
	var machines []Layout
	at, last := 0, 0 // machines before at have no room for so many devices
	for _, pl := range places {
		if pl.Devices != last {
			at, last = 0, pl.Devices
		}
		for at < len(machines) && machines[at].Free < pl.Devices {
			at++
		}
		if at == len(machines) {
			machines = append(machines, Layout{Kind: kind, Count: 1, Free: devices})
		}
		machines[at].Places = append(machines[at].Places, pl)
		machines[at].Free -= pl.Devices
	}
	var out []Layout
	for _, m := range machines {
		if n := len(out); n > 0 && alike(&out[n-1], &m) {
			out[n-1].Count++
			continue
		}
		out = append(out, m)
	}
	return out
}

// unshare turns deployments on devices that could be shared, and are not, into
// those with devices of their own, where there is such an option.
func (s *Solution) unshare(p *Problem) {
	together := map[int]bool{}
	for k := range p.Kinds {
		for _, pl := range s.placesOn(p, k) {
			for _, m := range pl.Members {
				together[m.Workload] = together[m.Workload] || len(pl.Members) > 1
			}
		}
	}
	for w := range s.Parts {
		for i := range s.Parts[w] {
			part := &s.Parts[w][i]
			o := &p.Workloads[w].Options[part.Option]
			if o.Shared == nil || together[w] {
				continue
			}
			own := slices.IndexFunc(p.Workloads[w].Options, func(q Option) bool {
				return q.Shared == nil && q.Kind == o.Kind && q.Devices == o.Devices && q.Carries == o.Carries && q.Each == o.Each
			})
			if own >= 0 {
				part.Option = own
			}
		}
	}
}

// placesOn lists what lies on a kind: deployments with devices of their own in
// the order of the workloads, then those that share.
func (s *Solution) placesOn(p *Problem, kind int) []Place {
	var out []Place
	slots := map[int][]slot{}
	options := map[int]int{} // of shared devices, by workload
	var sizes []int
	for w := range s.Parts {
		for _, part := range s.Parts[w] {
			o := &p.Workloads[w].Options[part.Option]
			if o.Kind != kind {
				continue
			}
			if o.Shared == nil {
				for range part.N {
					out = append(out, Place{Devices: o.Devices, Members: []Member{{w, part.Option}}})
				}
				continue
			}
			if !slices.Contains(sizes, o.Devices) {
				sizes = append(sizes, o.Devices)
			}
			options[w] = part.Option
			for range part.N {
				slots[o.Devices] = append(slots[o.Devices], slot{workload: w, Slice: *o.Shared})
			}
		}
	}
	for _, size := range sizes {
		shared, _ := share(slots[size], p.Room)
		for _, sh := range shared {
			pl := Place{Devices: size, Memory: sh.memory, Busy: sh.busy}
			for _, sl := range sh.slots {
				pl.Members = append(pl.Members, Member{sl.workload, options[sl.workload]})
			}
			out = append(out, pl)
		}
	}
	return out
}

func alike(a, b *Layout) bool {
	return a.Free == b.Free && slices.EqualFunc(a.Places, b.Places, func(x, y Place) bool {
		return x.Devices == y.Devices && x.Memory == y.Memory && x.Busy == y.Busy && slices.Equal(x.Members, y.Members)
	})
}
