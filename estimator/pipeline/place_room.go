package pipeline

import (
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/hardware"
)

// Reserves say what systems keep of a memory for themselves, the same for
// pipelines as for language models.
type Reserves = engine.HostRules

// room is what a memory has to give, in bytes; usable 0 where its size is not
// known.
type room struct {
	capacity, usable int64
	why              string
}

// deviceRoom is what a device's driver reports as its memory, or as free where
// the device was read.
func (a *account) deviceRoom(d *hardware.Device) room {
	r := room{capacity: d.MemoryBytes, usable: d.MemoryBytes}
	switch {
	case d.FreeBytes > 0 && !d.Unified:
		r.usable, r.why = d.FreeBytes, "in use when it was read"
	case d.UsableBytes > 0:
		r.usable, r.why = d.UsableBytes, "driver"
	case a.req.Reserves != nil && a.req.Reserves.DriverTotal > 0 && !d.Unified:
		r.usable, r.why = int64(float64(d.MemoryBytes)*a.req.Reserves.DriverTotal), "driver"
	}
	r.usable = min(r.usable, r.capacity)
	return r
}

// hostRoom is what the operating system leaves of the main memory.
func (a *account) hostRoom() room {
	h := &a.node.Host
	c := h.MemoryBytes
	if h.LimitBytes > 0 && (c == 0 || h.LimitBytes < c) {
		c = h.LimitBytes
	}
	kept, why := a.kept(c)
	return room{capacity: c, usable: max(c-kept, 0), why: why}
}

// kept is what the operating system and other programs keep of a memory.
func (a *account) kept(capacity int64) (int64, string) {
	h := &a.node.Host
	if h.AvailableBytes > 0 {
		if k := capacity - h.AvailableBytes; k > 0 {
			return k, "in use when it was read"
		}
		return 0, ""
	}
	rules := a.req.Reserves
	if rules == nil {
		return 0, ""
	}
	r, why := rules.Desktop, "operating system and desktop (assumed)"
	switch {
	case h.CPU.Board:
		r, why = rules.Board, "operating system, headless board (assumed)"
	case h.LimitBytes > 0 || h.Sockets > 1 || len(a.node.Devices) > 1:
		r, why = rules.Headless, "operating system, headless (assumed)"
	}
	return min(int64(r.MiB*mib), capacity), why
}

// poolRoom is what accelerator and host together may take of one memory: of
// what the system leaves, the accelerator's part is limited where the system
// wires only so much for it.
func (a *account) poolRoom(d *hardware.Device) room {
	c := d.MemoryBytes
	if m := a.node.Host.MemoryBytes; m > 0 && m < c {
		c = m
	}
	kept, why := a.kept(c)
	r := room{capacity: c, usable: max(c-kept, 0), why: why}
	onHost := int64(0)
	if a.req.Reserves != nil {
		onHost = int64(a.req.Reserves.ProcessMiB.Value * mib)
	}
	if w := a.wired(d, c); w > 0 && w+onHost < r.usable {
		r.usable, r.why = w+onHost, "beyond what the system lets the accelerator wire"
	}
	return r
}

// wired is what the accelerator of a unified memory may take, 0 where no limit
// is known. What a system reported of itself goes before the rule.
func (a *account) wired(d *hardware.Device, capacity int64) int64 {
	if d.UsableBytes > 0 && d.UsableBytes < capacity && d.Assumed["usable_bytes"] == "" {
		return d.UsableBytes
	}
	if a.req.Reserves == nil {
		return 0
	}
	for _, w := range a.req.Reserves.UnifiedWired[strings.ToLower(d.Vendor)] {
		if w.UpToGiB == 0 || float64(capacity) <= w.UpToGiB*gib {
			return int64(w.Fraction * float64(capacity))
		}
	}
	return 0
}

const (
	mib = float64(hardware.MiB)
	gib = float64(hardware.GiB)
)

// size is a number of bytes held within int64.
func size(x float64) int64 { return int64(math.Round(math.Min(math.Max(x, 0), 1<<60))) }
