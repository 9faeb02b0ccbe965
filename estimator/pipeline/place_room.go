package pipeline

import (
	"math"

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
	r := room{capacity: d.MemoryBytes, usable: a.req.Reserves.DeviceTotal(d)}
	if r.usable < r.capacity {
		r.why = "driver"
	}
	if d.FreeBytes > 0 {
		r.usable, r.why = d.FreeBytes, "in use when it was read"
	}
	r.usable = min(r.usable, r.capacity)
	return r
}

// hostRoom is what the operating system leaves of the main memory.
func (a *account) hostRoom() room {
	c := a.node.Host.Capacity()
	kept, why := a.req.Reserves.Kept(a.node, c)
	return room{capacity: c, usable: max(c-kept, 0), why: why}
}

// poolRoom is what accelerator and host together may take of one memory: of
// what the system leaves, the accelerator's part is limited where the system
// wires only so much for it.
func (a *account) poolRoom(d *hardware.Device) room {
	c := d.MemoryBytes
	if m := a.node.Host.MemoryBytes; m > 0 && m < c {
		c = m
	}
	kept, why := a.req.Reserves.Kept(a.node, c)
	r := room{capacity: c, usable: max(c-kept, 0), why: why}
	onHost := int64(0)
	if a.req.Reserves != nil {
		onHost = int64(a.req.Reserves.ProcessMiB.Value * mib)
	}
	if w := a.req.Reserves.Wired(d, c); w > 0 && w+onHost < r.usable {
		r.usable, r.why = w+onHost, "beyond what the system lets the accelerator wire"
	}
	return r
}

const (
	mib = float64(hardware.MiB)
	gib = float64(hardware.GiB)
)

// size is a number of bytes held within int64.
func size(x float64) int64 { return int64(math.Round(math.Min(math.Max(x, 0), 1<<60))) }
