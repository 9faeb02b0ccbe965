package detect

import (
	"fmt"
	"strings"
)

// ParseAMDGPUTop reads `amdgpu_top --dump --json`: a list of devices, or an
// object with the list under devices.
func ParseAMDGPUTop(text []byte) (Reading, error) {
	var r Reading
	v, err := parseJSON(text)
	if err != nil {
		return r, fmt.Errorf("amdgpu_top: %w", err)
	}
	if t, ok := v.(tree); ok {
		v = t["devices"]
	}
	list, _ := v.([]any)
	for _, x := range list[:min(len(list), maxDevices)] {
		g, ok := x.(tree)
		if !ok || g.text("devicename") == "" {
			continue
		}
		a := Accelerator{
			Vendor: "AMD", NUMANode: -1, Name: g.text("devicename"), PCIAddress: shortPCI(g.text("devicepath>pci")),
			Integrated:  strings.EqualFold(g.text("gpu_type"), "APU"),
			MemoryTotal: vramOf(g, "total"), MemoryUsed: vramOf(g, "used"),
			SharedTotal: plainBytes(g.text("gtt_size")), SharedUsed: plainBytes(g.text("gtt_usage_size")),
			SMClockMHz: smiInt(g.text("gpu_clock>max")), MemoryType: g.text("vram_type"), BusWidthBits: smiInt(g.text("vram_bit_width")),
		}
		a.MemoryFree = max(a.MemoryTotal-a.MemoryUsed, 0)
		if id := plainBytes(g.text("deviceid")); id > 0 && id < 1<<16 {
			a.PCIID = fmt.Sprintf("1002:%04x", id)
		}
		r.Accelerators = append(r.Accelerators, a)
	}
	if len(r.Accelerators) == 0 {
		return r, fmt.Errorf("amdgpu_top: no device in it")
	}
	return r, nil
}

func vramOf(g tree, what string) int64 {
	if what == "total" {
		return plainBytes(g.text("vram_size", "vram>total", "memory_info>vram>total"))
	}
	return plainBytes(g.text("vram_usage_size", "vram>used", "memory_info>vram>used"))
}
