package calibration

import (
	"math"

	"github.com/plimsoll/plimsoll/hardware"
)

// HostCompute is the nominal arithmetic of a host's processors.
type HostCompute struct {
	FLOPS   float64  // FP32, of the threads that work
	Cores   float64  // that may be used
	Threads float64  // that work
	Assumed []string // facts that stood in for unknown ones, in words
}

// Compute returns the nominal FP32 arithmetic of a number of threads of a host,
// 0 standing for all. Few threads run at higher clocks, or on the faster cores.
func (h *HostRules) Compute(host *hardware.Host, threads int) HostCompute {
	c := &host.CPU
	out := HostCompute{}
	cores := float64(c.Cores)
	if c.Assumed["cores"] != "" {
		// Who gives threads says how many cores there are.
		cores = math.Max(cores, float64(threads))
	}
	if cores <= 0 {
		cores = h.Cores
	}
	peak := c.PeakFP32GFLOPS * 1e9
	if peak <= 0 {
		ghz := c.BaseGHz
		if ghz <= 0 {
			ghz = math.Max(c.BoostGHz, h.GHz)
		}
		peak = cores * ghz * 1e9 * feature(h.FlopsPerCycle, c.ISA)
		out.Assumed = append(out.Assumed, "arithmetic rate of "+c.ID+" (from its cores)")
	}
	total := cores * math.Max(1, float64(host.Sockets))
	if u := host.UsableCores; u > 0 && u < total {
		total = u
	}
	used := total
	if n := float64(threads); n > 0 && n < total {
		used = n
	}
	peak *= used / cores
	switch {
	case used >= total:
	case c.BoostGHz > c.BaseGHz && c.BaseGHz > 0: // few threads run at higher clocks
		peak *= 1 + (c.BoostGHz/c.BaseGHz-1)*(1-used/total)
	default: // and on the faster cores
		peak *= math.Pow(total/used, h.FewThreadsGain)
	}
	out.FLOPS, out.Cores, out.Threads = peak, total, used
	return out
}
