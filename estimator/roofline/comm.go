package roofline

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/phase"
)

// comm adds what passes between devices: the collectives of tensor and expert
// parallelism, and the hops from one stage of layers to the next.
func (t *Time) comm(ph *phase.Phase, in *Input, p *calibration.Params, stages int) {
	t.OverheadSec += ph.Hops * p.Hop
	if in.Box > 0 && ph.Hops > 0 {
		// So many of the hops between stages lead to another computer.
		ranks := max(ph.Ranks, 1)
		crossing := math.Ceil(float64(stages*ranks)/float64(in.Box)) - 1
		share := math.Min(1, crossing/math.Max(1, float64(stages-1)))
		t.CommSec += ph.Hops * share * in.network(2, ph.AllReduceBytes/float64(ranks), p)
	}
	if ph.AllReduces > 0 && ph.Ranks > 1 {
		t.CommSec += ph.AllReduces * in.allReduce(ph.Ranks, ph.AllReduceBytes, p)
	}
	if ph.Exchanges > 0 && ph.ExchangeRanks > 1 {
		e := ph.Exchanges * in.exchange(ph.ExchangeRanks, ph.ExchangeBytes, ph.ExchangeCopies, p)
		t.CommSec += e - ph.Overlap*math.Min(e, t.ComputeSec+t.BandwidthSec+t.CacheSec)
	}
}

// levels is how what an engine loses at a collective grows with the ranks.
func levels(ranks int) float64 { return (1 + math.Log2(float64(ranks))) / 2 }

// allReduce returns the seconds of one all-reduce: within a computer as the
// link was measured, else as a ring, 2(n−1)/n of the bytes over the share of
// the link's rate that collectives reach; over several computers each device
// carries its part of what they have reduced among themselves.
func (in *Input) allReduce(ranks int, bytes float64, p *calibration.Params) float64 {
	if in.Box > 0 && ranks > in.Box {
		boxes := math.Ceil(float64(ranks) / float64(in.Box))
		part := bytes / float64(in.Box) * 2 * (boxes - 1) / boxes
		local := 0.0
		if in.Box > 1 {
			local = in.allReduce(in.Box, bytes, p)
		}
		return local + in.network(int(boxes), part, p)
	}
	n := float64(ranks)
	each := p.Sync * levels(ranks)
	rate, direct := in.linkRate(p)
	if direct {
		// Through the host it depends on the board's wiring: what was measured
		// on one machine says little of another.
		if s, ok := in.Link.AllReduceSeconds(ranks, bytes); ok {
			return each + s
		}
	} else {
		each += p.SyncHost * levels(ranks)
		rate *= math.Pow(n/2, -p.HostCrowd)
	}
	if rate > 0 {
		each += bytes * 2 * (n - 1) / n / rate
	}
	return each
}

// linkRate is what a device sends to another of its box in bytes per second,
// and whether directly rather than through the host.
func (in *Input) linkRate(p *calibration.Params) (rate float64, direct bool) {
	l := in.Link
	switch {
	case l == nil || l.GBps <= 0:
		return p.LinkBps * one(p.BusHost), false
	case l.Kind == "pcie":
		return l.GBps * 1e9 * one(p.BusHost), false
	}
	return l.GBps * 1e9 * one(p.Bus), true
}

// exchange returns the seconds in which every device of the ranks sends so
// many bytes to the others and gets as many. Of the copies of a token (0: not
// by token) those for one other computer cross the network once and are handed
// on there, which goes on beside it.
func (in *Input) exchange(ranks int, bytes, copies float64, p *calibration.Params) float64 {
	within := func(ranks int, bytes float64) float64 {
		if ranks <= 1 {
			return 0
		}
		n := float64(ranks)
		return in.allReduce(ranks, bytes*n/(2*(n-1)), p)
	}
	if in.Box <= 0 || ranks <= in.Box {
		return within(ranks, bytes)
	}
	boxes := math.Ceil(float64(ranks) / float64(in.Box))
	if copies <= 0 {
		return in.network(int(boxes), bytes*(boxes-1)/boxes, p) + within(in.Box, bytes/boxes)
	}
	reached := boxes * (1 - math.Pow(1-1/boxes, copies))
	return math.Max(in.network(int(boxes), bytes*reached/copies*(boxes-1)/boxes, p), within(in.Box, bytes))
}

// Move returns the seconds in which each device of a group of ranks sends so
// many bytes to its twin in another group: over the network where groups are
// computers of their own.
func (in *Input) Move(bytes float64, ranks int) float64 {
	p := in.Device
	if p == nil {
		return 0
	}
	if in.Box > 0 && ranks >= in.Box {
		return in.network(2, bytes, p)
	}
	rate, _ := in.linkRate(p)
	if rate <= 0 {
		return 0
	}
	return bytes / rate
}

// network returns the seconds that a device needs for so many bytes to other
// computers, of which there are boxes.
func (in *Input) network(boxes int, bytes float64, p *calibration.Params) float64 {
	wait := p.Network
	rate := p.LinkBps
	if l := in.Network; l != nil {
		if l.LatencyMicros > 0 {
			wait = l.LatencyMicros * 1e-6
		}
		if l.GBps > 0 {
			rate = l.GBps * 1e9 * one(p.Bus)
		}
	}
	if rate <= 0 {
		return wait * levels(boxes) * 2
	}
	return wait*levels(boxes)*2 + bytes/rate
}
