package detect

import (
	"path"
	"strings"
)

// pciBus lists the functions on the PCI buses that may be accelerators:
// display controllers (class 03), processing accelerators (class 12), and ids
// that are known as NPUs whatever their class.
func (s *system) pciBus() []pciFunction {
	dirs := s.glob("/sys/bus/pci/devices/*")
	if len(dirs) == 0 && !s.live { // a snapshot without its links
		pattern := "/sys/devices/pci*/*:*:*.*"
		for range 6 {
			dirs = append(dirs, s.glob(pattern)...)
			pattern += "/*:*:*.*"
		}
	}
	var out []pciFunction
	for _, dir := range dirs[:min(len(dirs), 4096)] {
		class := strings.TrimPrefix(s.text(dir+"/class"), "0x")
		accel := strings.HasPrefix(class, "03") || strings.HasPrefix(class, "12")
		f := pciFunction{class: class}
		if !accel {
			// Most functions are none: their maker decides whether the id is read.
			if v := strings.TrimPrefix(s.text(dir+"/vendor"), "0x"); !npuVendor(v) {
				continue
			}
			if f.id = pciID(s.text(dir+"/vendor"), s.text(dir+"/device")); !isNPU(f.id) {
				continue
			}
		}
		f = s.pciAt(dir)
		if f.address == "" {
			f.address = path.Base(dir)
		}
		if f.driver == "" {
			f.driver = path.Base(s.real(dir + "/driver"))
			if f.driver == "." || f.driver == "/" {
				f.driver = ""
			}
		}
		if len(out) < maxDevices {
			out = append(out, f)
		}
	}
	return out
}

func isNPU(id string) bool {
	for _, p := range pciTable()[id] {
		if p.kind == "npu" {
			return true
		}
	}
	return false
}

func npuVendor(v string) bool {
	switch v {
	case "10de", "1002", "8086", "1022", "": // their NPUs have class 12, and they make much else
		return false
	}
	return pciVendor(v+":") != ""
}

// displayOf says whether a function is a display controller.
func (f *pciFunction) display() bool { return strings.HasPrefix(f.class, "03") }
