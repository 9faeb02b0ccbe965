package detect

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
)

// maxDevices bounds how many devices one machine is believed to have.
const maxDevices = 256

// maxText bounds a file or an output that is read (a 768-thread cpuinfo is 2 MB).
const maxText = 8 << 20

// defaultSources are the places to look on this system. On Linux nothing is
// loaded or run unless a driver shows itself in the file system, so that a
// machine without one loses no time.
func defaultSources(root string, live bool) []Source {
	var s []Source
	if live {
		if runtime.GOOS != "linux" || nvidiaPresent(root) {
			if n := newNVML(); n != nil {
				s = append(s, n)
			}
			if runtime.GOOS != "darwin" {
				s = append(s, &smiSource{})
			}
		}
	}
	return append(s, &procSource{root: root})
}

// nvidiaPresent says whether an NVIDIA driver shows itself: device nodes, its
// folder in /proc, the paravirtual device of WSL2, or a Tegra board's.
func nvidiaPresent(root string) bool {
	for _, p := range []string{"/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg", "/dev/nvhost-ctrl-gpu", "/dev/nvgpu", "/dev/nvmap"} {
		if _, err := os.Stat(filepath.Join(root, p)); err == nil {
			return true
		}
	}
	return false
}

// procSource reads /proc/driver/nvidia and the board's device tree: names
// only, for when neither the library nor nvidia-smi answers.
type procSource struct{ root string }

func (s *procSource) Name() string { return "proc" }

func (s *procSource) Read(context.Context) (Reading, error) {
	var r Reading
	if b, err := readText(s.root, "/proc/driver/nvidia/version"); err == nil {
		r.Driver = driverVersion(string(b))
	}
	dirs, _ := filepath.Glob(filepath.Join(s.root, "/proc/driver/nvidia/gpus/*/information"))
	sort.Strings(dirs)
	for _, f := range dirs[:min(len(dirs), maxDevices)] {
		b, err := readText("", f)
		if err != nil {
			continue
		}
		a, ok := ParseNvidiaProc(b)
		if !ok {
			continue
		}
		addr := filepath.Base(filepath.Dir(f))
		a.PCIAddress = shortPCI(addr)
		dev := "/sys/bus/pci/devices/" + strings.ToLower(addr)
		a.PCIID = pciID(sysText(s.root, dev+"/vendor"), sysText(s.root, dev+"/device"))
		r.Accelerators = append(r.Accelerators, a)
	}
	if len(r.Accelerators) == 0 {
		if a, ok := tegra(s.root); ok {
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
func tegra(root string) (Accelerator, bool) {
	if sysText(root, "/etc/nv_tegra_release") == "" && !strings.Contains(deviceTree(root, "compatible"), "nvidia,tegra") {
		return Accelerator{}, false
	}
	model := deviceTree(root, "model")
	if model == "" {
		return Accelerator{}, false
	}
	return Accelerator{Name: firstLine(model), Vendor: "NVIDIA", NoOwnMemory: true}, true
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

// noteUndriven says which accelerators sit on the PCI bus although no source
// knew them: no driver, or a vendor that is not read yet. It reports whether
// there are any.
func (b *builder) noteUndriven() bool {
	any := false
	vendors := map[string]string{"10de": "NVIDIA", "1002": "AMD", "8086": "Intel"}
	devs, _ := filepath.Glob(filepath.Join(b.root, "/sys/bus/pci/devices/*"))
	sort.Strings(devs)
	for _, d := range devs[:min(len(devs), 4096)] {
		class := strings.TrimPrefix(sysText("", filepath.Join(d, "class")), "0x")
		if !strings.HasPrefix(class, "03") && !strings.HasPrefix(class, "12") {
			continue
		}
		id := pciID(sysText("", filepath.Join(d, "vendor")), sysText("", filepath.Join(d, "device")))
		vendor := vendors[strings.SplitN(id, ":", 2)[0]]
		if vendor == "" {
			continue
		}
		name := vendor + " device " + id
		if b.opts.Catalogue != nil {
			if k, _, ok := b.opts.Catalogue.MatchDevice("", 0, id, vendor); ok && k != nil {
				name = k.Name + " (" + id + ")"
			}
		}
		b.find("pci", filepath.Base(d), name)
		any = true
		if vendor == "NVIDIA" {
			b.note("%s is on the PCI bus but its driver does not answer: not counted", name)
		} else {
			b.note("%s is on the PCI bus: devices of this vendor are not read yet, so it is not counted; name it with --on", name)
		}
	}
	return any
}

// pciID joins two hexadecimal ids as sysfs writes them ("0x10de").
func pciID(vendor, device string) string {
	v, d := strings.TrimPrefix(vendor, "0x"), strings.TrimPrefix(device, "0x")
	if len(v) != 4 || len(d) != 4 {
		return ""
	}
	return strings.ToLower(v + ":" + d)
}

// shortPCI writes an address with a four-digit domain, as sysfs does.
func shortPCI(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if i := strings.IndexByte(s, ':'); i == 8 && strings.HasPrefix(s, "0000") {
		return s[4:]
	}
	return s
}

// readText reads a file below root, bounded.
func readText(root, name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(root, filepath.FromSlash(path.Clean(name))))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxText {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxText>>20)
	}
	return b, nil
}

// sysText reads a small file below root as one trimmed text, "" when absent.
func sysText(root, name string) string {
	b, err := readText(root, name)
	if err != nil || len(b) > 64<<10 {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// deviceTree reads a property of the device tree's root; NULs become line ends.
func deviceTree(root, prop string) string {
	t := sysText(root, "/proc/device-tree/"+prop)
	if t == "" {
		t = sysText(root, "/sys/firmware/devicetree/base/"+prop)
	}
	return strings.TrimSpace(strings.ReplaceAll(t, "\x00", "\n"))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return strings.TrimSpace(line)
}

func clampBytes(n uint64) int64 {
	if n > 1<<60 {
		return 0 // no such memory: a driver's way to say that it does not know
	}
	return int64(n)
}
