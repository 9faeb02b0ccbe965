package detect

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/hardware"
)

// vgpuSuffix is what the product name of a virtual GPU carries behind the
// card's name: framebuffer in GB and a profile letter ("NVIDIA L40S-12Q"), on
// MIG with the slices before it ("NVIDIA A100-3-20C").
var vgpuSuffix = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`-(?:\d-)?(\d{1,3})(?:ME)?[A-CQ]$`) })

// vgpuMemory is the framebuffer that a virtual GPU's name tells, in bytes; 0
// when it is none.
func vgpuMemory(name string) int64 {
	if m := vgpuSuffix().FindStringSubmatch(name); m != nil {
		return int64(smiInt(m[1])) << 30
	}
	return 0
}

// matchDevice asks the catalogue by the reported name, then by the name
// without a virtual GPU's suffix. An integrated GPU is called the same on
// boards of different size ("Orin (nvgpu)"): there the board's name goes first.
func (b *builder) matchDevice(a *Accelerator, host *hardware.Host) (*hardware.Device, string) {
	if b.opts.Catalogue == nil {
		return nil, ""
	}
	if d, how := b.boardDevice(a, host); d != nil {
		return d, how
	}
	memory := a.MemoryTotal
	if a.Partitions > 1 {
		memory *= int64(a.Partitions)
	}
	ask := deviceNames(a)
	switch {
	case a.Vendor == "Apple":
		memory = host.MemoryBytes
		cores := a.ComputeUnits
		if cores == 0 {
			cores = smiInt(ids()["applegpu"][a.Name][strconv.Itoa(host.CPU.Cores)])
		}
		ask = appleNames(a.Name, cores)
	case a.NoOwnMemory:
		memory = host.MemoryBytes
		ask = append([]string{b.board}, append(ask, b.product)...)
	case a.Integrated:
		memory = 0
		// The processor's name ends in its GPU's: "w/ Radeon 8060S".
		if _, gpu, ok := strings.Cut(host.CPU.Name, "w/ "); ok {
			ask = append(ask, gpu, gpu+" Graphics")
		}
	}
	for _, name := range ask {
		if name == "" {
			continue
		}
		if d, how, ok := b.opts.Catalogue.MatchDevice(name, memory, a.PCIID, a.Vendor); ok && d != nil {
			return d, how
		}
	}
	if a.PCIID != "" {
		if d, how, ok := b.opts.Catalogue.MatchDevice("", memory, a.PCIID, a.Vendor); ok && d != nil {
			return d, how
		}
	}
	if d := b.byPower(a); d != nil {
		return d, "by chip and power limit"
	}
	// Several cards share the name and no memory tells them apart: the one that
	// the name alone stands for.
	if named, ok := b.opts.Catalogue.(NamedCatalogue); ok && memory == 0 && a.Name != "" {
		if d := named.Device(a.Name); d != nil && strings.EqualFold(d.Vendor, a.Vendor) {
			c := *d
			c.Assumed = cloneMap(c.Assumed)
			assume(&c.Provenance, "memory_bytes", "several cards have this name and the system does not tell the memory")
			return &c, "by name alone"
		}
	}
	if bare := vgpuSuffix().ReplaceAllString(a.Name, ""); bare != a.Name {
		if d, how, ok := b.opts.Catalogue.MatchDevice(bare, 0, a.PCIID, a.Vendor); ok && d != nil {
			b.note("%s is a virtual GPU: a share of a %s, its speed depends on the other guests", a.Name, d.Name)
			c := *d
			c.Assumed = cloneMap(c.Assumed)
			assume(&c.Provenance, "bandwidth_gb_s", "a virtual GPU shares the card with other guests")
			if a.MemoryTotal == 0 {
				c.MemoryBytes, c.UsableBytes = vgpuMemory(a.Name), 0
			}
			return &c, how
		}
	}
	return nil, ""
}

// byPower tells the products of one chip apart by the power that the board's
// limit is set to in the factory, where neither revision nor memory does.
func (b *builder) byPower(a *Accelerator) *hardware.Device {
	named, ok := b.opts.Catalogue.(NamedCatalogue)
	if !ok || a.MemoryTotal > 0 || a.PowerWatts <= 0 {
		return nil
	}
	var found *hardware.Device
	for _, name := range bracketNames(a.Name) {
		d := named.Device(name)
		if d == nil || d.TDPWatts <= 0 || d.TDPWatts < 0.97*a.PowerWatts || d.TDPWatts > 1.03*a.PowerWatts {
			continue
		}
		if found != nil {
			return nil
		}
		found = d
	}
	return found
}

// boardDevice finds the GPU of a board by the number of its module or the
// name of the board (Jetson), the size by the memory that the system sees.
func (b *builder) boardDevice(a *Accelerator, host *hardware.Host) (*hardware.Device, string) {
	named, ok := b.opts.Catalogue.(NamedCatalogue)
	if !ok || !a.NoOwnMemory || a.Vendor != "NVIDIA" {
		return nil, ""
	}
	list, how := "", "by the module's number"
	for module, names := range ids()["jetson"] {
		if strings.Contains(b.compatible, module) {
			list = names[""]
		}
	}
	if list == "" {
		how = "by the board's name"
		best := ""
		for name, names := range ids()["jetsonboard"] {
			if strings.Contains(b.board, name) && len(name) > len(best) {
				best, list = name, names[""]
			}
		}
	}
	if list == "" {
		return nil, ""
	}
	// The smallest that holds what the system sees, which is a little less
	// than there is.
	var found *hardware.Device
	for _, name := range strings.Split(list, "|") {
		d := named.Device(name)
		if d == nil {
			continue
		}
		if found = d; host.MemoryBytes > 0 && host.MemoryBytes <= d.MemoryBytes {
			break
		}
	}
	return found, how
}

// deviceNames are the names to look a device up by: as reported, and what
// stands in brackets behind the chip's name: where that is several products
// ("Navi 22 [Radeon RX 6700/6700 XT / 6800M]") only with a memory size that
// may tell them apart.
func deviceNames(a *Accelerator) []string {
	out := []string{a.Name}
	if list := bracketNames(a.Name); len(list) == 1 || a.MemoryTotal > 0 {
		out = append(out, list...)
	}
	return out
}

// bracketNames are the products in the brackets of a chip's name, each with
// the family that only the first states.
func bracketNames(name string) []string {
	_, inner, ok := strings.Cut(name, "[")
	if !ok {
		return nil
	}
	inner, _, _ = strings.Cut(inner, "]")
	var out []string
	family := ""
	for _, p := range strings.Split(inner, "/") {
		p = strings.TrimSpace(p)
		if p == "" {
			continue
		}
		if family == "" {
			// "Radeon RX " of "Radeon RX 6700": up to the first figure.
			if i := strings.IndexAny(p, "0123456789"); i > 0 {
				family = p[:i]
			}
		} else if p[0] >= '0' && p[0] <= '9' {
			p = family + p
		}
		out = append(out, p)
	}
	return out
}
