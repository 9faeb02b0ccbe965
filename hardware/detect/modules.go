package detect

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// moduleBandwidth replaces a nominal bandwidth by that of the modules that are
// plugged in, as far as the system tells of them: the firmware's tables
// (readable by root), the channels that error correction watches, the modules'
// own memories (both readable by anyone, where their drivers are loaded).
func (b *builder) moduleBandwidth(h *hardware.Host, s *SMBIOS) {
	c := &h.CPU
	virtual := strings.Contains(c.Assumed["bandwidth_gb_s"], "virtual machine")
	if total, channels, mts, kind, ok := s.Bandwidth(); ok {
		per := round3(total / float64(h.Sockets))
		b.findf("smbios", "memory modules", "%d channels of %s at %d MT/s: %.1f GB/s", channels, kind, mts, total)
		if virtual || c.Board || per <= 0 {
			return // a guest's modules are invented; a board's memory is the catalogue's
		}
		if c.BandwidthGBps > 0 && c.Assumed["bandwidth_gb_s"] == "" && per > c.BandwidthGBps {
			return // the processor cannot take more than its own channels
		}
		c.BandwidthGBps, c.MemoryMTs, c.MemoryType = per, mts, kind
		c.MemoryChannels = max(1, channels/h.Sockets)
		delete(c.Assumed, "bandwidth_gb_s")
		return
	}
	if b.os != "linux" || c.Board || virtual {
		return
	}
	modules := b.sys.spd()
	if len(modules) > 0 {
		slowest := modules[0]
		for _, m := range modules {
			if m.MTs < slowest.MTs {
				slowest = m
			}
		}
		b.findf("spd", "memory modules", "%d of %s, made for %d MT/s", len(modules), slowest.Type, slowest.MTs)
		b.ratedModules(h, slowest, len(modules))
	}
	channels, kind := b.sys.edacChannels()
	if channels == 0 {
		return
	}
	b.findf("edac", "memory channels", "%d hold modules (%s)", channels, kind)
	if want := c.MemoryChannels * h.Sockets; c.BandwidthGBps > 0 && channels < want {
		c.BandwidthGBps = round3(c.BandwidthGBps * float64(channels) / float64(want))
		c.MemoryChannels = max(1, channels/h.Sockets)
		assume(&c.Provenance, "bandwidth_gb_s", fmt.Sprintf("%d of %d memory channels hold a module", channels, want))
		b.note("cpu: %d of %d memory channels hold a module: its bandwidth is that part", channels, want)
	}
}

// ratedModules applies what modules are made for. Which channel each is in the
// modules do not tell: each is taken to have its own, up to the processor's.
func (b *builder) ratedModules(h *hardware.Host, m spdModule, count int) {
	c := &h.CPU
	channels := count
	if c.MemoryChannels > 0 {
		channels = min(count, c.MemoryChannels*h.Sockets)
	}
	per := round3(float64(channels) * float64(m.MTs) * 8 / 1000 / float64(h.Sockets))
	known := c.BandwidthGBps > 0 && c.Assumed["bandwidth_gb_s"] == ""
	if known && per >= c.BandwidthGBps || per <= 0 {
		return
	}
	c.BandwidthGBps, c.MemoryMTs, c.MemoryType, c.MemoryChannels = per, m.MTs, m.Type, max(1, channels/h.Sockets)
	assume(&c.Provenance, "bandwidth_gb_s", fmt.Sprintf("%d modules made for %d MT/s, each taken to have a channel of its own", count, m.MTs))
}
