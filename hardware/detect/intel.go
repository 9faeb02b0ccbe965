package detect

import (
	"context"
	"fmt"
	"path"
	"strings"
)

// intelSysfs reads Intel GPUs from what the i915 and xe drivers show in sysfs.
// How much of the memory is free they do not say.
type intelSysfs struct{ sys *system }

func (s *intelSysfs) Name() string { return "intel sysfs" }

func (s *intelSysfs) Read(context.Context) (Reading, error) {
	var r Reading
	for _, card := range s.sys.drmCards() {
		dir := card + "/device"
		f := s.sys.pciAt(dir)
		if !strings.HasPrefix(f.id, "8086:") && !(f.id == "" && s.sys.text(dir+"/vendor") == "0x8086") {
			continue
		}
		if f.driver != "" && f.driver != "i915" && f.driver != "xe" {
			continue
		}
		p := f.product()
		a := Accelerator{Vendor: "Intel", Name: p.name, PCIID: f.id, PCIAddress: f.address, NUMANode: s.sys.numaNode(dir)}
		// The GPU of a processor always sits at 00:02.0.
		a.Integrated = p.kind == "integrated" || p.kind == "" && strings.HasSuffix(f.address, ":00:02.0")
		a.MemoryTotal = s.memory(card)
		for _, name := range []string{card + "/gt_RP0_freq_mhz", dir + "/tile0/gt0/freq0/rp0_freq", card + "/gt/gt0/rps_RP0_freq_mhz"} {
			if mhz := smiInt(s.sys.text(name)); mhz > 0 {
				a.SMClockMHz = mhz
				break
			}
		}
		if !a.Integrated {
			most, now := s.sys.slotLink(dir)
			a.setLink(plausible(most), plausible(now))
			for _, w := range append(s.sys.glob(dir+"/hwmon/hwmon*/power1_max"), s.sys.glob(dir+"/hwmon/hwmon*/power1_cap")...) {
				if uw := plainBytes(s.sys.text(w)); uw > 0 {
					a.PowerWatts = float64(uw) / 1e6
				}
			}
		}
		r.Accelerators = append(r.Accelerators, a)
	}
	return r, nil
}

// memory is the memory of a discrete card where the driver tells it: i915's
// lmem_total_bytes, and the size of each tile of xe.
func (s *intelSysfs) memory(card string) int64 {
	for _, name := range []string{card + "/lmem_total_bytes", card + "/device/lmem_total_bytes"} {
		if n := plainBytes(s.sys.text(name)); n > 0 {
			return n
		}
	}
	var sum int64
	for _, t := range s.sys.glob(card + "/device/tile*") {
		if strings.Trim(path.Base(t)[len("tile"):], "0123456789") == "" {
			sum += plainBytes(s.sys.text(t + "/physical_vram_size_bytes"))
		}
	}
	return sum
}

// xpuSMI asks Intel's management command, which also tells the memory.
type xpuSMI struct{ sys *system }

func (s *xpuSMI) Name() string { return "xpu-smi" }

func (s *xpuSMI) Read(ctx context.Context) (Reading, error) {
	var r Reading
	for i := 0; i < 16; i++ {
		out, err := s.sys.command(ctx, tool{name: "xpu-smi", args: []string{"discovery", "-d", fmt.Sprint(i)}, capture: fmt.Sprintf("xpu-smi-discovery-d-%d", i)})
		if err != nil {
			if i == 0 {
				return r, err
			}
			break
		}
		one, err := ParseXPUSMI(out)
		if err != nil {
			if i == 0 {
				return r, err
			}
			break
		}
		r.Accelerators = append(r.Accelerators, one.Accelerators...)
		r.Driver = one.Driver
	}
	return r, nil
}

// ParseXPUSMI reads the table that `xpu-smi discovery -d N` prints.
func ParseXPUSMI(text []byte) (Reading, error) {
	var r Reading
	t := tree{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if k, v, ok := strings.Cut(cells[len(cells)-1], ":"); ok && len(cells) > 1 {
			if k = keyName(k); t[k] == nil {
				t[k] = strings.TrimSpace(v)
			}
		}
	}
	a := Accelerator{
		Vendor: "Intel", Name: t.text("device_name"), PCIID: pciID("8086", t.text("pci_device_id")), NUMANode: -1,
		PCIAddress: shortPCI(t.text("pci_bdf_address")), MemoryTotal: smiBytes(t.text("memory_physical_size")),
		SMClockMHz: smiInt(t.text("core_clock_rate")), PCIeGen: smiInt(t.text("pcie_generation")), PCIeLanes: smiInt(t.text("pcie_max_link_width")),
		// The bus width is left: a B580 shows 384 where it has 192 bit.
	}
	if a.Name == "" {
		return r, fmt.Errorf("xpu-smi discovery: no device name in it: run it by hand and see what it says")
	}
	f := pciFunction{id: a.PCIID}
	a.Integrated = f.product().kind == "integrated"
	r.Driver, r.Accelerators = t.text("driver_version"), []Accelerator{a}
	return r, nil
}
