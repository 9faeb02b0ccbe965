package detect

import (
	"context"
	"path"
	"slices"
	"strings"
)

// maxDevices bounds how many devices one machine is believed to have.
const maxDevices = 256

// group holds the sources that know about the devices of one maker, the best
// first: the first that finds any wins.
type group []Source

// defaultGroups are the places to look on this system. On Linux nothing is
// loaded or run unless a driver shows itself in the file system, so that a
// machine without one loses no time.
func defaultGroups(sys *system, goos string) []group {
	as := func(name string) *system { return sys.as(name) }
	var nvidia group
	if sys.live && (goos == "windows" || goos == "linux" && nvidiaPresent(sys.as("nvidia"))) {
		if n := newNVML(as("nvml")); n != nil {
			nvidia = append(nvidia, n)
		}
		nvidia = append(nvidia, &smiSource{sys: as("nvidia-smi")})
	}
	if !sys.live {
		nvidia = append(nvidia, &smiSource{sys: as("nvidia-smi")})
	}
	switch goos {
	case "darwin":
		return []group{{&appleSource{sys: as("apple")}}}
	case "windows":
		return []group{nvidia, {&windowsDisplay{sys: as("windows display"), registry: readRegistry}}, {&captureSource{sys: as("captures")}}}
	}
	nvidia = append(nvidia, &procSource{sys: as("proc")}, &nvidiaDRM{sys: as("nvidia sysfs")})
	amd := group{&amdSysfs{sys: as("amd sysfs")}}
	if !sys.live || present(sys.as("amd-smi"), "/dev/kfd", "/sys/module/amdgpu", "/dev/dxg") {
		amd = append(amd, &amdSMI{sys: as("amd-smi")})
	}
	out := []group{nvidia, amd, {&intelSysfs{sys: as("intel sysfs")}, &xpuSMI{sys: as("xpu-smi")}}}
	if !sys.live || present(sys.as("hl-smi"), "/sys/module/habanalabs", "/dev/hl0") {
		out = append(out, group{&gaudiSMI{sys: as("hl-smi")}})
	}
	if !sys.live || present(sys.as("npu-smi"), "/dev/davinci_manager", "/dev/davinci0") {
		out = append(out, group{&ascendSMI{sys: as("npu-smi")}})
	}
	if !sys.live {
		out = append(out, group{&captureSource{sys: as("captures")}})
	}
	return out
}

// present says whether any of these files is there.
func present(sys *system, names ...string) bool {
	return slices.ContainsFunc(names, sys.exists)
}

// nvidiaPresent says whether an NVIDIA driver shows itself: device nodes, its
// folder in /proc, the paravirtual device of WSL2, or a Tegra board's.
func nvidiaPresent(sys *system) bool {
	return present(sys, "/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg", "/dev/nvhost-ctrl-gpu", "/dev/nvgpu", "/dev/nvmap")
}

// sourceOrder puts the record's groups in order: the host, then the sources.
func sourceOrder(name string) int {
	return slices.Index([]string{"host", "nvidia", "nvml", "nvidia-smi", "proc", "nvidia sysfs", "amd sysfs", "amd-smi", "intel sysfs", "xpu-smi",
		"hl-smi", "npu-smi", "apple", "windows display", "captures", "npu", "pci"}, name)
}

// procSource reads /proc/driver/nvidia and the board's device tree: names
// only, for when neither the library nor nvidia-smi answers.
type procSource struct{ sys *system }

func (s *procSource) Name() string { return "proc" }

func (s *procSource) Read(context.Context) (Reading, error) {
	var r Reading
	r.Driver = driverVersion(s.sys.text("/proc/driver/nvidia/version"))
	files := s.sys.glob("/proc/driver/nvidia/gpus/*/information")
	for _, f := range files[:min(len(files), maxDevices)] {
		b, err := s.sys.read(f)
		if err != nil {
			continue
		}
		a, ok := ParseNvidiaProc(b)
		if !ok {
			continue
		}
		addr := path.Base(path.Dir(f))
		a.PCIAddress, a.NUMANode = shortPCI(addr), -1
		dev := "/sys/bus/pci/devices/" + strings.ToLower(addr)
		a.PCIID = pciID(s.sys.text(dev+"/vendor"), s.sys.text(dev+"/device"))
		r.Accelerators = append(r.Accelerators, a)
	}
	if len(r.Accelerators) == 0 {
		if a, ok := tegra(s.sys); ok {
			r.Accelerators = append(r.Accelerators, a)
		}
	}
	return r, nil
}

// ParseNvidiaProc reads /proc/driver/nvidia/gpus/*/information. Only the model
// is taken: the file says no more that helps, and it holds the UUID.
func ParseNvidiaProc(text []byte) (Accelerator, bool) {
	a := Accelerator{Vendor: "NVIDIA"}
	for line := range strings.Lines(string(text)) {
		k, v, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(k) == "Model" {
			a.Name = strings.TrimSpace(v)
		}
	}
	return a, a.Name != "" && a.Name != "Unknown"
}

// tegra finds the integrated GPU of a Jetson, which old releases show neither
// to NVML nor to nvidia-smi: the board is its name.
func tegra(sys *system) (Accelerator, bool) {
	compatible := sys.deviceTree("compatible")
	if sys.text("/etc/nv_tegra_release") == "" && !strings.Contains(compatible, "nvidia,tegra") && !strings.Contains(compatible, "nvidia,p") {
		return Accelerator{}, false
	}
	model := sys.deviceTree("model")
	if model == "" {
		return Accelerator{}, false
	}
	return Accelerator{Name: firstLine(model), Vendor: "NVIDIA", NoOwnMemory: true, NUMANode: -1}, true
}

// driverVersion finds the version in /proc/driver/nvidia/version.
func driverVersion(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	for _, w := range strings.Fields(line) {
		if strings.Count(w, ".") >= 1 && strings.Trim(w, "0123456789.") == "" {
			return w
		}
	}
	return ""
}

// deviceTree reads a property of the device tree's root; NULs become line ends.
func (s *system) deviceTree(prop string) string {
	t := s.text("/proc/device-tree/" + prop)
	if t == "" {
		t = s.text("/sys/firmware/devicetree/base/" + prop)
	}
	return strings.TrimSpace(strings.ReplaceAll(t, "\x00", "\n"))
}

// clampBytes drops a size that no memory has: a driver's way to say that it
// does not know.
func clampBytes(n uint64) int64 {
	if n > 1<<60 {
		return 0
	}
	return int64(n)
}
