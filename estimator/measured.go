package estimator

import (
	"fmt"

	"github.com/plimsoll/plimsoll/hardware"
)

// measured says in words what a measurement of the host found.
func measured(h *hardware.Host) []string {
	m := h.Measured
	if m == nil {
		return nil
	}
	var out []string
	on := "measured on this machine on " + m.Date + ": "
	if n := len(m.Memory); n > 0 {
		best := &m.Memory[n-1]
		text := fmt.Sprintf("memory is read at %.3g GB/s by %d threads (spread %.0f%%)", best.Read.Best, best.Threads, 100*best.Read.Spread)
		if m.Virtual {
			text += ", on a virtual machine, where that wanders"
		}
		out = append(out, on+text)
	}
	if f := m.FP32; f != nil {
		out = append(out, fmt.Sprintf("%sFP32 arithmetic at %.4g GFLOPS with %d threads (spread %.0f%%)", on, f.All.Best, f.Threads, 100*f.All.Spread))
	}
	return out
}
