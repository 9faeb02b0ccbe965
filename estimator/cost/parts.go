package cost

import "github.com/plimsoll/plimsoll/estimator/roofline"

// Parts are the seconds of a phase by what limits them.
type Parts struct {
	Bandwidth, Compute, Overhead, Communication, Transfer float64 // of the devices, or of all where there are none
	HostBandwidth, HostCompute                            float64 // of the host's processors
}

// PartsOf takes the parts of a phase's time. Attention over the cache counts
// to the memory.
func PartsOf(t *roofline.Time) Parts {
	return Parts{
		Bandwidth: t.BandwidthSec + t.CacheSec, Compute: t.ComputeSec, Overhead: t.OverheadSec,
		Communication: t.CommSec, Transfer: t.LinkSec,
		HostBandwidth: max(t.HostSec-t.HostComputeSec, 0), HostCompute: t.HostComputeSec,
	}
}

// Plus adds another phase's parts, so many times.
func (t Parts) Plus(o Parts, times float64) Parts {
	t.Bandwidth += times * o.Bandwidth
	t.Compute += times * o.Compute
	t.Overhead += times * o.Overhead
	t.Communication += times * o.Communication
	t.Transfer += times * o.Transfer
	t.HostBandwidth += times * o.HostBandwidth
	t.HostCompute += times * o.HostCompute
	return t
}

func (t *Parts) total() float64 {
	return t.Bandwidth + t.Compute + t.Overhead + t.Communication + t.Transfer + t.HostBandwidth + t.HostCompute
}

// device gives the seconds that a device spends in each state. A whole
// computer does the host's part itself.
func (t *Parts) device(whole bool) [NumStates]float64 {
	s := [NumStates]float64{Bandwidth: t.Bandwidth, Compute: t.Compute, Overhead: t.Overhead,
		Communication: t.Communication, Transfer: t.Transfer}
	if whole {
		s[Bandwidth] += t.HostBandwidth
		s[Compute] += t.HostCompute
	} else {
		s[Waiting] = t.HostBandwidth + t.HostCompute
	}
	return s
}

// host gives the seconds that a host spends in each state: it drives devices
// while they work, or does all of the work where there are none.
func (t *Parts) host(devices bool) [NumStates]float64 {
	if !devices {
		return t.device(true)
	}
	return [NumStates]float64{Bandwidth: t.HostBandwidth, Compute: t.HostCompute,
		Driving: t.Bandwidth + t.Compute + t.Overhead + t.Communication + t.Transfer}
}
