package detect

import (
	"context"
	"fmt"
	"strings"
)

// amdSysfs reads AMD devices from what the amdgpu driver shows in sysfs
// (mem_info_*, the kernel's documentation of amdgpu) and the KFD topology.
type amdSysfs struct{ sys *system }

func (s *amdSysfs) Name() string { return "amd sysfs" }

func (s *amdSysfs) Read(context.Context) (Reading, error) {
	r := Reading{Driver: s.sys.text("/sys/module/amdgpu/version")}
	nodes := s.sys.kfdNodes()
	for _, card := range s.sys.drmCards() {
		if a, ok := s.card(card + "/device"); ok {
			r.Accelerators = append(r.Accelerators, a)
		}
	}
	r.Notes = append(r.Notes, mergeKFD(&r, nodes)...)
	if len(r.Accelerators) > 0 && !s.sys.exists("/dev/kfd") && s.sys.live {
		r.Notes = append(r.Notes, "amd: /dev/kfd is not there: ROCm programs cannot use the device, Vulkan ones can")
	}
	return r, nil
}

// card reads one card. ok is false when it is another maker's.
func (s *amdSysfs) card(dir string) (a Accelerator, ok bool) {
	vram := s.bytes(dir + "/mem_info_vram_total")
	f := s.sys.pciAt(dir)
	switch {
	case strings.HasPrefix(f.id, "1002:"):
		if f.driver != "" && f.driver != "amdgpu" {
			return a, false // the radeon driver of old chips: no compute
		}
	case f.id != "" || vram == 0:
		return a, false
	}
	p := f.product()
	a = Accelerator{
		Vendor: "AMD", PCIID: f.id, PCIAddress: f.address, Name: s.sys.text(dir + "/product_name"),
		Integrated: p.kind == "integrated", NUMANode: s.sys.numaNode(dir),
		MemoryTotal: vram, MemoryUsed: s.bytes(dir + "/mem_info_vram_used"),
		SharedTotal: s.bytes(dir + "/mem_info_gtt_total"), SharedUsed: s.bytes(dir + "/mem_info_gtt_used"),
		SMClockMHz: topClock(s.sys.text(dir + "/pp_dpm_sclk")),
	}
	a.names(p, f.id)
	if vram > 0 && a.MemoryUsed >= 0 && a.MemoryUsed <= vram {
		a.MemoryFree = vram - a.MemoryUsed
	}
	// Users raise the share of an APU to most of the memory by the limit of
	// TTM's pages; a card with memory of its own has no use for that.
	if f.id == "" && a.SharedTotal > 0 && ttmLimit(s.sys.text("/proc/cmdline")) == a.SharedTotal {
		a.Integrated = true
	}
	most, now := s.sys.slotLink(dir)
	a.setLink(most, now)
	for _, cap := range s.sys.glob(dir + "/hwmon/hwmon*/power1_cap_default") {
		a.PowerWatts = float64(s.bytes(cap)) / 1e6
	}
	return a, true
}

// names chooses what to call a device: what the driver says, then what the
// id is known as.
func (a *Accelerator) names(p pciProduct, id string) {
	if a.Name == "" {
		a.Name = p.name
	}
	if a.Name == "" && id == "" {
		a.Name = "AMD GPU without a PCI id"
	}
}

func (s *amdSysfs) bytes(name string) int64 {
	var n uint64
	if _, err := fmt.Sscan(s.sys.text(name), &n); err != nil {
		return 0
	}
	return clampBytes(n)
}

// topClock is the highest of the clocks that a pp_dpm file lists, in MHz.
func topClock(text string) int {
	most := 0
	for line := range strings.Lines(text) {
		if _, v, ok := strings.Cut(line, ":"); ok {
			most = max(most, smiInt(v))
		}
	}
	return most
}

// ttmLimit is the share of the memory in bytes that the kernel's command line
// gives a GPU (pages of 4 KiB); 0 when it says nothing.
func ttmLimit(cmdline string) int64 {
	for _, w := range strings.Fields(cmdline) {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "ttm.pages_limit", "amdttm.pages_limit":
			var n uint64
			if _, err := fmt.Sscan(v, &n); err == nil && n < 1<<40 {
				return int64(n) * 4096
			}
		case "amdgpu.gttsize": // MiB
			var n uint64
			if _, err := fmt.Sscan(v, &n); err == nil && n < 1<<30 {
				return int64(n) << 20
			}
		}
	}
	return 0
}
