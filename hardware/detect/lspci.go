package detect

import (
	"regexp"
	"strings"
	"sync"
)

var lspciLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^((?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) ([^:\[]+?)(?: \[([0-9a-f]{4})\])?: (.*?)(?: \(rev ([0-9a-f]{2})\))?(?: \(prog-if .*)?$`)
})

var (
	lspciID       = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[([0-9a-f]{4}:[0-9a-f]{4})\]`) })
	lspciUnnamed  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(.*?) Device ([0-9a-f]{4})$`) })
	lspciBrackets = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[([^\[\]]+)\]`) })
)

// lspciClasses are the classes that accelerators have, by lspci's words.
var lspciClasses = map[string]string{
	"VGA compatible controller": "0300", "3D controller": "0302", "Display controller": "0380", "Processing accelerators": "1200", "Co-processor": "0b40",
}

// ParseLSPCI reads `lspci`, `lspci -nn` and `lspci -v -nn`: the display and
// accelerator functions, with the names that the list gives them. Bridges of
// the same makers (NVSwitches) are none.
func ParseLSPCI(text []byte) []LSPCIFunction {
	var out []LSPCIFunction
	for line := range strings.Lines(string(text)) {
		m := lspciLine().FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if m == nil {
			continue
		}
		f := LSPCIFunction{Address: shortPCI(m[1]), Class: m[3], Rev: m[5]}
		if f.Class == "" {
			f.Class = lspciClasses[m[2]]
		}
		rest := m[4]
		if ids := lspciID().FindAllStringSubmatch(rest, -1); len(ids) > 0 {
			f.ID = ids[len(ids)-1][1]
			rest = strings.TrimSpace(lspciID().ReplaceAllString(rest, ""))
		}
		if u := lspciUnnamed().FindStringSubmatch(rest); u != nil && f.ID == "" {
			f.ID, rest = pciID(vendorID(u[1]), u[2]), ""
		}
		f.Vendor = vendorOfName(rest)
		if f.ID != "" {
			f.Vendor = firstOf(pciVendor(f.ID), f.Vendor)
		}
		// "NVIDIA Corporation GA102GL [A10]": the product stands in brackets.
		if b := lspciBrackets().FindAllStringSubmatch(strings.TrimPrefix(rest, "Advanced Micro Devices, Inc. [AMD/ATI] "), -1); len(b) > 0 {
			f.Name = b[len(b)-1][1]
		}
		accel := strings.HasPrefix(f.Class, "03") || strings.HasPrefix(f.Class, "12") || isNPU(f.ID)
		if accel && len(out) < maxDevices {
			out = append(out, f)
		}
	}
	return out
}

// LSPCIFunction is one line of lspci.
type LSPCIFunction struct {
	Address, Class, ID, Rev, Vendor string
	Name                            string // the product's name in brackets, "" when not listed
}

// vendorID is the PCI id of a maker that lspci names.
func vendorID(name string) string {
	switch {
	case strings.HasPrefix(name, "NVIDIA"):
		return "10de"
	case strings.HasPrefix(name, "Advanced Micro Devices, Inc. [AMD/ATI]"):
		return "1002"
	case strings.HasPrefix(name, "Intel"):
		return "8086"
	case strings.HasPrefix(name, "Habana"):
		return "1da3"
	case strings.HasPrefix(name, "Hailo"):
		return "1e60"
	case strings.HasPrefix(name, "Huawei"):
		return "19e5"
	}
	return ""
}

// accelerator is the device that a line of lspci stands for.
func (f *LSPCIFunction) accelerator() Accelerator {
	p := (&pciFunction{id: f.ID, rev: f.Rev}).product()
	a := Accelerator{Vendor: f.Vendor, PCIID: f.ID, PCIAddress: f.Address, Name: p.name, NUMANode: -1, Integrated: p.kind == "integrated"}
	if f.Name != "" && (a.Name == "" || f.Vendor == "NVIDIA") {
		a.Name = f.Name
	}
	if f.Vendor == "NVIDIA" && a.Name != "" && !strings.HasPrefix(a.Name, "NVIDIA") {
		a.Name = "NVIDIA " + a.Name
	}
	return a
}
