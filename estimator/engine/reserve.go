package engine

import (
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// DeviceTotal returns what a driver reports as a device's memory, in bytes. It
// holds of nil rules too, which then reserve nothing.
func (h *HostRules) DeviceTotal(d *hardware.Device) int64 {
	if d.UsableBytes > 0 {
		return d.UsableBytes
	}
	if h != nil && h.DriverTotal > 0 && !d.Unified {
		return int64(float64(d.MemoryBytes) * h.DriverTotal)
	}
	return d.MemoryBytes
}

// Kept returns what the operating system and other programs keep of a node's
// main memory of so many bytes, and why: measured where the machine is local,
// else assumed. Nil rules assume nothing.
func (h *HostRules) Kept(node *hardware.Node, capacity int64) (int64, string) {
	host := &node.Host
	if host.AvailableBytes > 0 {
		if r := capacity - host.AvailableBytes; r > 0 {
			return r, "in use when it was read"
		}
		return 0, ""
	}
	if h == nil {
		return 0, ""
	}
	r, why := h.Desktop, "operating system and desktop (assumed)"
	switch {
	case host.CPU.Board:
		r, why = h.Board, "operating system, headless board (assumed)"
	case host.LimitBytes > 0 || host.Sockets > 1 || len(node.Devices) > 1:
		r, why = h.Headless, "operating system, headless (assumed)"
	}
	return min(int64(r.MiB*float64(hardware.MiB)), capacity), why
}

// Wired returns what an accelerator may take of a memory of so many bytes that
// it shares with its host, 0 where no limit is known.
func (h *HostRules) Wired(d *hardware.Device, capacity int64) int64 {
	// What a system reported of itself goes before the rule; a usable size
	// that is itself a rule, or the whole memory, says nothing of the limit.
	if d.UsableBytes > 0 && d.UsableBytes < capacity && d.Assumed["usable_bytes"] == "" {
		return d.UsableBytes
	}
	if h == nil {
		return 0
	}
	for vendor, steps := range h.UnifiedWired {
		if !strings.EqualFold(vendor, d.Vendor) {
			continue
		}
		for _, st := range steps {
			if st.UpToGiB == 0 || float64(capacity) <= st.UpToGiB*float64(hardware.GiB) {
				return int64(st.Fraction * float64(capacity))
			}
		}
	}
	return 0
}
