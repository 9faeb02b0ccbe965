package detect

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/hardware"
)

// Recognised is a device that was seen but is no part of the machine that
// estimates are made for, with the reason.
type Recognised struct {
	Name   string        `json:"name"`
	Vendor string        `json:"vendor,omitempty"`
	Kind   hardware.Kind `json:"kind"`
	PCIID  string        `json:"pci_id,omitempty"`
	Source string        `json:"source"`
	Why    string        `json:"why"` // why it is not counted
	// Integrated is true where it shares the memory of its processor.
	Integrated bool `json:"integrated,omitempty"`

	address string
}

// npus finds the NPUs that the kernel shows: accel devices, drivers of
// NPUs that are bound, and the NPUs of Rockchip's boards.
func (s *system) npus() []Recognised {
	var out []Recognised
	add := func(r Recognised) {
		for i := range out {
			if out[i].Name == r.Name && (out[i].address == r.address || r.address == "") {
				return
			}
		}
		r.Kind = hardware.NPU
		out = append(out, r)
	}
	pci := func(dir, fallback string) {
		f := s.pciAt(dir)
		p := f.product()
		if p.kind != "npu" {
			p.name = fallback
			if f.id != "" {
				p.name += " (" + f.id + ")"
			}
		}
		if fallback == "" && p.kind != "npu" {
			return
		}
		add(Recognised{Name: p.name, Vendor: pciVendor(f.id), PCIID: f.id, Source: "sysfs", address: f.address})
	}
	for _, d := range s.glob("/sys/class/accel/accel*") {
		fallback := ""
		switch driver := path.Base(s.real(d + "/device/driver")); driver {
		case "intel_vpu":
			fallback = "Intel NPU"
		case "amdxdna":
			fallback = "AMD XDNA NPU"
		}
		pci(d+"/device", fallback)
	}
	for _, driver := range [][2]string{{"amdxdna", "AMD XDNA NPU"}, {"intel_vpu", "Intel NPU"}, {"hailo", "Hailo NPU"}} {
		for _, d := range s.glob("/sys/bus/pci/drivers/" + driver[0] + "/[0-9]*") {
			pci(d, driver[1])
		}
	}
	if name := s.rockchipNPU(); name != "" {
		add(Recognised{Name: name, Vendor: "Rockchip", Source: "device tree", Integrated: true})
	}
	return out
}

var rockchip = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`rockchip,(r[kv]\d{4}[a-z]?)`) })

// rockchipNPU names the NPU of a Rockchip board, "" where none shows itself:
// its frequency device, its platform driver, or the driver's debug files.
func (s *system) rockchipNPU() string {
	seen := len(s.glob("/sys/class/devfreq/*.npu")) > 0 || s.exists("/sys/kernel/debug/rknpu/version") || s.exists("/sys/kernel/debug/rknpu/load") ||
		len(s.glob("/sys/bus/platform/drivers/RKNPU/*.npu")) > 0 || len(s.glob("/sys/bus/platform/drivers/rocket/*.npu")) > 0
	if !seen {
		return ""
	}
	if m := rockchip().FindStringSubmatch(s.deviceTree("compatible")); m != nil {
		return strings.ToUpper(m[1]) + " NPU"
	}
	// Boards whose tree was read in part: the board's name decides.
	if chip := ids()["board"][boardFamily(s.deviceTree("model"))][""]; chip != "" {
		return chip + " NPU"
	}
	return "Rockchip NPU"
}

// boardFamily finds the entry of the table of boards that a model's name
// begins with, the longest.
func boardFamily(model string) string {
	best := ""
	for name := range ids()["board"] {
		if strings.HasPrefix(strings.ToLower(model), strings.ToLower(name)) && len(name) > len(best) {
			best = name
		}
	}
	return best
}

// ascendSMI asks npu-smi for Huawei's Ascend NPUs.
type ascendSMI struct{ sys *system }

func (s *ascendSMI) Name() string { return "npu-smi" }

func (s *ascendSMI) Read(ctx context.Context) (Reading, error) {
	out, err := s.sys.command(ctx, tool{name: "npu-smi", args: []string{"info"}, paths: []string{"/usr/local/sbin/npu-smi", "/usr/local/bin/npu-smi"}, capture: "npu-smi-info"})
	if err != nil {
		return Reading{}, err
	}
	return ParseNPUSMI(out)
}

// ParseNPUSMI reads the table of `npu-smi info`: two lines for each NPU, of
// which the second ends in the memory used and its total, in MB.
func ParseNPUSMI(text []byte) (Reading, error) {
	var r Reading
	var a *Accelerator
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if i := strings.Index(line, "Version:"); i >= 0 && r.Driver == "" {
			if f := strings.Fields(line[i+len("Version:"):]); len(f) > 0 {
				r.Driver = f[0]
			}
			continue
		}
		if strings.Contains(line, "Process id") {
			break
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) < 3 {
			continue
		}
		first := strings.Fields(cells[0])
		switch {
		case len(first) >= 2 && isNumber(first[0]) && !isNumber(first[1]) && len(r.Accelerators) < maxDevices:
			r.Accelerators = append(r.Accelerators, Accelerator{Vendor: "Huawei", Kind: hardware.NPU, NUMANode: -1, Name: first[1]})
			a = &r.Accelerators[len(r.Accelerators)-1]
		case a != nil && len(first) >= 1 && isNumber(first[0]):
			a.PCIAddress = shortPCI(known(strings.TrimSpace(cells[1])))
			// "0    / 0          3360 / 65536": DDR first, HBM last; the larger counts.
			f := strings.Fields(strings.ReplaceAll(cells[2], "/", " / "))
			for i := 1; i+1 < len(f); i++ {
				if f[i] != "/" {
					continue
				}
				used, total := int64(smiInt(f[i-1]))<<20, int64(smiInt(f[i+1]))<<20
				if total > a.MemoryTotal {
					a.MemoryTotal, a.MemoryUsed, a.MemoryFree = total, used, max(total-used, 0)
				}
			}
			a = nil
		}
	}
	if len(r.Accelerators) == 0 {
		return r, fmt.Errorf("npu-smi info: no NPU in the table")
	}
	return r, nil
}
