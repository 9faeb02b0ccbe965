package detect

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

// amdSMI asks AMD's management commands: amd-smi, and rocm-smi of older
// releases, for when sysfs cannot be read (containers with the device nodes
// only, Windows).
type amdSMI struct{ sys *system }

func (s *amdSMI) Name() string { return "amd-smi" }

func (s *amdSMI) Read(ctx context.Context) (Reading, error) {
	paths := func(name string) []string { return []string{"/opt/rocm/bin/" + name} }
	out, err := s.sys.command(ctx, tool{name: "amd-smi", args: []string{"static", "--json"}, paths: paths("amd-smi"), capture: "amd-smi-static"})
	if err == nil {
		r, perr := ParseAMDSMI(out)
		if perr == nil && len(r.Accelerators) > 0 {
			if out, err := s.sys.command(ctx, tool{name: "amd-smi", args: []string{"metric", "--mem-usage", "--json"}, paths: paths("amd-smi"), capture: "amd-smi-metric"}); err == nil {
				addAMDSMIUsage(&r, out)
			}
			return r, nil
		}
		err = perr
	}
	if timedOut(err) {
		return Reading{}, err
	}
	r, err2 := s.rocm(ctx, paths("rocm-smi"))
	if err2 != nil && err != nil && !absent(err) {
		return r, fmt.Errorf("amd-smi: %w; rocm-smi: %w", err, err2)
	}
	return r, err2
}

// rocm asks rocm-smi.
func (s *amdSMI) rocm(ctx context.Context, paths []string) (Reading, error) {
	out, err := s.sys.command(ctx, tool{name: "rocm-smi", paths: paths, capture: "rocm-smi",
		args: []string{"--showid", "--showproductname", "--showbus", "--showmeminfo", "vram", "gtt", "--showdriverversion", "--json"}})
	if err != nil {
		return Reading{}, err
	}
	r, err := ParseROCmSMI(out)
	if err != nil {
		return r, err
	}
	if len(r.Accelerators) > 1 {
		if out, err := s.sys.command(ctx, tool{name: "rocm-smi", args: []string{"--showtopo"}, paths: paths, capture: "rocm-smi-showtopo"}); err == nil {
			if t, n := ParseRocmTopo(out); n == len(r.Accelerators) {
				r.Topology = t
			}
		}
	}
	return r, nil
}

// ParseAMDSMI reads `amd-smi static`, as JSON (a list, or a list under
// gpu_data) or as the text that it prints without --json.
func ParseAMDSMI(text []byte) (Reading, error) {
	var r Reading
	var gpus []tree
	if b := bytes.TrimSpace(text); len(b) > 0 && (b[0] == '[' || b[0] == '{') {
		v, err := parseJSON(b)
		if err != nil {
			return r, fmt.Errorf("amd-smi static: %w", err)
		}
		if t, ok := v.(tree); ok {
			v = t["gpu_data"]
		}
		list, _ := v.([]any)
		for _, x := range list {
			if t, ok := x.(tree); ok {
				gpus = append(gpus, t)
			}
		}
	} else {
		gpus = parseIndented(b)
	}
	for _, g := range gpus[:min(len(gpus), maxDevices)] {
		if _, ok := g["gpu"]; !ok {
			continue
		}
		a := Accelerator{
			Vendor: "AMD", NUMANode: -1,
			Name:       g.text("asic>market_name", "board>product_name"),
			PCIID:      pciID(g.text("asic>vendor_id"), g.text("asic>device_id")),
			PCIAddress: shortPCI(g.text("bus>bdf")),
			Compute:    g.text("asic>target_graphics_version"),
			PCIeGen:    gtsGeneration(g.text("bus>max_pcie_speed")), PCIeLanes: smiInt(g.text("bus>max_pcie_width")),
			MemoryType: g.text("vram>type"), BusWidthBits: smiInt(g.text("vram>bit_width", "vram>vram_bit_width")),
			MemoryTotal:  binaryMB(g.text("vram>size", "vram>vram_size_mb", "vram>size_mb")),
			ComputeUnits: smiInt(g.text("asic>num_compute_units")),
		}
		a.PowerWatts, _ = number(g.text("limit>max_power", "limit>socket_power_limit", "limit>socket_power"))
		f := pciFunction{id: a.PCIID, rev: strings.TrimPrefix(g.text("asic>rev_id"), "0x")}
		p := f.product()
		a.Integrated = p.kind == "integrated"
		if strings.HasPrefix(a.Name, "0x") || a.Name == "" {
			a.Name = p.name
		}
		if r.Driver == "" {
			r.Driver = g.text("driver>version", "driver>driver_version")
		}
		if a.Name != "" || a.PCIID != "" {
			r.Accelerators = append(r.Accelerators, a)
		}
	}
	if len(r.Accelerators) == 0 {
		return r, fmt.Errorf("amd-smi static: no GPU in it: run it by hand and see what it says")
	}
	return r, nil
}

// binaryMB reads a size that AMD's tools print in "MB" and mean MiB.
func binaryMB(s string) int64 {
	v, ok := number(s)
	if !ok || v > 1<<30 {
		return 0
	}
	if strings.HasSuffix(strings.ToLower(s), "gb") || strings.HasSuffix(strings.ToLower(s), "gib") {
		return int64(v * (1 << 30))
	}
	return int64(v * (1 << 20))
}

// addAMDSMIUsage reads `amd-smi metric --mem-usage --json` into the devices.
func addAMDSMIUsage(r *Reading, text []byte) {
	v, err := parseJSON(text)
	if err != nil {
		return
	}
	if t, ok := v.(tree); ok {
		v = t["gpu_data"]
	}
	list, _ := v.([]any)
	for i, x := range list {
		g, ok := x.(tree)
		if !ok || i >= len(r.Accelerators) {
			continue
		}
		a := &r.Accelerators[i]
		if total := binaryMB(g.text("mem_usage>total_vram")); total > 0 {
			a.MemoryTotal, a.MemoryUsed, a.MemoryFree = total, binaryMB(g.text("mem_usage>used_vram")), binaryMB(g.text("mem_usage>free_vram"))
		}
		a.SharedTotal, a.SharedUsed = binaryMB(g.text("mem_usage>total_gtt")), binaryMB(g.text("mem_usage>used_gtt"))
	}
}
