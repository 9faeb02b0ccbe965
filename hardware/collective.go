package hardware

import "math"

const (
	kib64 = 64 << 10
	mib16 = 16 << 20
)

// AllReduceSeconds returns how long an all-reduce of so many bytes takes over
// ranks devices, as measured on such a link: between the sizes measured by
// straight lines, beyond the largest at the highest rate seen. Of several
// numbers of devices the next larger that was measured counts. ok is false
// where nothing was measured.
func (l *Link) AllReduceSeconds(ranks int, bytes float64) (seconds float64, ok bool) {
	c := l.collective(ranks)
	if c.BusGBpsPeak <= 0 || c.Ranks < 2 {
		return 0, false
	}
	around := 2 * float64(c.Ranks-1) / float64(c.Ranks)
	at := func(size, bus float64) float64 { return size * around / (math.Min(bus, c.BusGBpsPeak) * 1e9) }
	// Sizes and times measured, times never falling with size.
	points := [...][2]float64{{0, c.SmallMicros * 1e-6}, {kib64, c.Micros64KiB * 1e-6}, {float64(MiB), at(float64(MiB), c.BusGBps1MiB)}, {mib16, at(mib16, c.BusGBps16MiB)}}
	size, time := 0.0, points[0][1]
	for _, p := range points[1:] {
		if p[1] <= 0 || math.IsInf(p[1], 0) {
			continue
		}
		t := math.Max(time, p[1])
		if bytes <= p[0] {
			return time + (t-time)*(bytes-size)/(p[0]-size), true
		}
		size, time = p[0], t
	}
	return time + (bytes-size)*around/(c.BusGBpsPeak*1e9), true
}

// collective returns the measurement that stands for so many devices: the
// link's own where none is told by their number.
func (l *Link) collective(ranks int) Collective {
	for _, c := range l.Collectives {
		if c.Ranks >= ranks {
			return c
		}
	}
	if n := len(l.Collectives); n > 0 {
		return l.Collectives[n-1]
	}
	return Collective{Ranks: ranks, SmallMicros: l.SmallMicros, Micros64KiB: l.Micros64KiB,
		BusGBps1MiB: l.BusGBps1MiB, BusGBps16MiB: l.BusGBps16MiB, BusGBpsPeak: l.BusGBpsPeak}
}
