package detect

import (
	"fmt"

	"github.com/plimsoll/plimsoll/hardware"
)

// memory fills the device's memory, its own or the host's.
func (b *builder) memory(i int, a *Accelerator, d *hardware.Device, host *hardware.Host) {
	if a.Integrated {
		b.sharedMemory(i, a, d, host)
		return
	}
	if a.NoOwnMemory || d.Unified && a.MemoryTotal == 0 {
		d.Unified = true
		d.UsableBytes, d.FreeBytes = host.MemoryBytes, host.AvailableBytes
		if a.SharedTotal > 0 && (host.MemoryBytes == 0 || a.SharedTotal < host.MemoryBytes) {
			d.UsableBytes = a.SharedTotal // what the user lets the GPU wire
		}
		// Linux sees a little less than there is, macOS all of it.
		if d.MemoryBytes == 0 || host.MemoryBytes > d.MemoryBytes || host.MemoryBytes > 0 && (a.Vendor == "Apple" || float64(host.MemoryBytes) < 0.75*float64(d.MemoryBytes)) {
			d.MemoryBytes = host.MemoryBytes
		}
		delete(d.Assumed, "memory_bytes")
		delete(d.Assumed, "usable_bytes")
		b.findf("host memory", fmt.Sprintf("device %d memory", i), "%d bytes shared with the host", host.MemoryBytes)
		return
	}
	if a.MemoryTotal == 0 {
		switch {
		case d.MemoryBytes > 0:
			b.note("device %d (%s): its memory was not reported: taken from the catalogue", i, d.Name)
		case vgpuMemory(a.Name) > 0:
			d.MemoryBytes = vgpuMemory(a.Name)
			b.note("device %d (%s): its memory was not reported: taken from the profile in its name", i, d.Name)
		case a.MemoryAtLeast > 0:
			d.MemoryBytes = a.MemoryAtLeast
			assume(&d.Provenance, "memory_bytes", "Windows reports sizes of 4 GB and more wrong: it may have more")
			b.note("device %d (%s): has %.1f GiB or more: Windows does not tell sizes from 4 GB on", i, d.Name, gib(a.MemoryAtLeast))
		default:
			b.note("device %d (%s): its memory is not known: name a profile with --on", i, d.Name)
		}
		return
	}
	d.UsableBytes, d.FreeBytes = a.MemoryTotal, a.MemoryFree
	delete(d.Assumed, "usable_bytes")
	if d.MemoryBytes == 0 {
		d.MemoryBytes = a.MemoryTotal
	}
	if a.Partitions > 1 {
		return
	}
	// A driver keeps a few percent for itself; much less (or more) than the
	// card has means a virtual GPU or a variant that the catalogue lacks.
	if r := float64(a.MemoryTotal) / float64(d.MemoryBytes); r < 0.85 || r > 1.1 {
		b.note("device %d (%s): the driver reports %.1f GiB where the catalogue says %.1f GiB: the driver is believed",
			i, a.Name, gib(a.MemoryTotal), gib(d.MemoryBytes))
		d.MemoryBytes = a.MemoryTotal
	}
}

// sharedMemory fills the memory of a processor's own GPU: mostly its share of
// the main memory (GTT); where the firmware sets more aside than that, this
// part, which the system no longer sees.
func (b *builder) sharedMemory(i int, a *Accelerator, d *hardware.Device, host *hardware.Host) {
	d.Unified = true
	delete(d.Assumed, "memory_bytes")
	delete(d.Assumed, "usable_bytes")
	if a.MemoryTotal > a.SharedTotal && a.MemoryTotal > host.MemoryBytes/4 && a.SharedTotal > 0 {
		// One pool again: what the system sees and what was set aside. Programs
		// of the processor are kept to the system's part.
		if host.MemoryBytes > 0 {
			if host.LimitBytes == 0 || host.LimitBytes > host.MemoryBytes {
				host.LimitBytes = host.MemoryBytes
			}
			host.MemoryBytes += a.MemoryTotal
			host.AvailableBytes += max(a.MemoryTotal-a.MemoryUsed, 0)
		}
		d.UsableBytes, d.FreeBytes = a.MemoryTotal, a.MemoryFree
		d.MemoryBytes = max(host.MemoryBytes, a.MemoryTotal)
		b.note("device %d (%s): the firmware sets %.1f GiB aside for it, which it uses before its share of the main memory", i, d.Name, gib(a.MemoryTotal))
		return
	}
	d.UsableBytes, d.FreeBytes = a.SharedTotal, max(a.SharedTotal-a.SharedUsed, 0)
	if d.UsableBytes == 0 {
		d.UsableBytes = host.MemoryBytes
	}
	if host.AvailableBytes > 0 && (d.FreeBytes == 0 || host.AvailableBytes < d.FreeBytes) {
		d.FreeBytes = host.AvailableBytes
	}
	switch {
	case host.MemoryBytes > 0:
		d.MemoryBytes = host.MemoryBytes
		d.UsableBytes = min(d.UsableBytes, host.MemoryBytes)
	case a.SharedTotal > 0:
		d.MemoryBytes = a.SharedTotal
	}
	if a.SharedTotal > 0 {
		b.findf("host memory", fmt.Sprintf("device %d memory", i), "%d bytes of the main memory, %d set aside by the firmware", a.SharedTotal, a.MemoryTotal)
	}
}

// unifiedHost gives a host whose processor is unknown the bandwidth of the
// device that shares its memory.
func unifiedHost(h *hardware.Host, ds []*hardware.Device) {
	for _, d := range ds {
		if d.Unified && d.MemoryBytes > 0 && h.MemoryBytes == 0 {
			h.MemoryBytes, h.MemoryAssumed = d.MemoryBytes, "the memory that it shares with "+d.Name
		}
		if d.Unified && d.BandwidthGBps > 0 && (h.CPU.BandwidthGBps == 0 || h.CPU.Assumed["bandwidth_gb_s"] != "") {
			h.CPU.BandwidthGBps = d.BandwidthGBps
			assume(&h.CPU.Provenance, "bandwidth_gb_s", "the memory that it shares with "+d.Name)
			return
		}
	}
}
