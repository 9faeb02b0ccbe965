package detect

import (
	"context"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// windowsDisplay knows the display adapters of a Windows machine by the
// registry's display class, which any user may read. What WMI says of their
// memory is a 32-bit figure and wrong from 4 GB on.
type windowsDisplay struct {
	sys *system
	// registry reads the class of this machine; nil elsewhere.
	registry func() ([]winAdapter, error)
}

// winAdapter is one display adapter.
type winAdapter struct {
	Name, Driver string
	PCI          string // "10de:1f06"; "" for adapters that are no device
	Memory       int64  // HardwareInformation.qwMemorySize; 0: not told
	AdapterRAM   int64  // WMI's figure; a lower bound at best
}

func (s *windowsDisplay) Name() string { return "windows display" }

func (s *windowsDisplay) Read(context.Context) (Reading, error) {
	var list []winAdapter
	switch {
	case s.sys.live && s.registry == nil:
		return Reading{}, fmt.Errorf("the registry is %w", ErrAbsent)
	case s.sys.live:
		var err error
		if list, err = s.registry(); err != nil {
			return Reading{}, err
		}
	default:
		for _, name := range s.sys.captured("display-class", "Win32_VideoController", "Get-CimInstance", "wmic-videocontroller", "adapter-ram") {
			if b, err := s.sys.read(name); err == nil {
				list = mergeAdapters(list, ParseWindowsDisplay(b))
			}
		}
	}
	return windowsReading(list), nil
}

// windowsReading turns adapters into devices; those that only show a remote
// or basic screen are none.
func windowsReading(list []winAdapter) Reading {
	var r Reading
	for _, w := range list {
		vendor := pciVendor(w.PCI)
		if vendor == "" {
			vendor = vendorOfName(w.Name)
		}
		if vendor == "" || strings.HasPrefix(w.Name, "Microsoft") {
			continue
		}
		a := Accelerator{Vendor: vendor, Name: w.Name, PCIID: w.PCI, NUMANode: -1, MemoryTotal: w.Memory, MemoryAtLeast: w.AdapterRAM}
		f := pciFunction{id: w.PCI}
		switch p := f.product(); {
		case p.kind != "":
			a.Integrated = p.kind == "integrated"
		case vendor == "Intel":
			a.Integrated = !strings.Contains(w.Name, "Arc") && !strings.Contains(w.Name, "Data Center")
		case vendor == "AMD":
			a.Integrated = strings.HasSuffix(w.Name, "Radeon(TM) Graphics") || strings.HasSuffix(w.Name, "Radeon Graphics")
		}
		if a.Integrated {
			a.MemoryTotal = 0
		}
		if r.Driver == "" {
			r.Driver = w.Driver
		}
		r.Accelerators = append(r.Accelerators, a)
	}
	return r
}

// vendorOfName finds the maker in an adapter's name.
func vendorOfName(name string) string {
	for _, v := range [][2]string{{"NVIDIA", "NVIDIA"}, {"GeForce", "NVIDIA"}, {"Quadro", "NVIDIA"}, {"AMD", "AMD"}, {"Radeon", "AMD"}, {"Intel", "Intel"}, {"Adreno", "Qualcomm"}} {
		if strings.Contains(name, v[0]) {
			return v[1]
		}
	}
	return ""
}

// mergeAdapters joins what two captures say of the same adapters.
func mergeAdapters(list, more []winAdapter) []winAdapter {
	if len(list) == 0 {
		return more
	}
	for _, m := range more {
		found := false
		for i := range list {
			l := &list[i]
			if l.Name != m.Name {
				continue
			}
			found = true
			l.Memory, l.AdapterRAM = max(l.Memory, m.Memory), max(l.AdapterRAM, m.AdapterRAM)
			l.PCI = firstOf(l.PCI, m.PCI)
		}
		if !found {
			list = append(list, m)
		}
	}
	return list
}

var venDev = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)pci\\+ven_([0-9a-f]{4})&(?:amp;)?dev_([0-9a-f]{4})`)
})

// ParseWindowsDisplay reads the adapters out of an export of the registry's
// display class, out of Win32_VideoController as wmic or PowerShell prints it
// (pairs by "=" or ":", or a table), or out of a vendor's report.
func ParseWindowsDisplay(text []byte) []winAdapter {
	s := strings.ReplaceAll(string(text), "\r", "")
	if strings.Contains(s, "[HKEY_") {
		return registryAdapters(s)
	}
	head, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	if strings.Contains(head, "AdapterRAM") && strings.Contains(head, "Name") && !strings.ContainsAny(head, "=:") {
		return wmicTable(s)
	}
	var out []winAdapter
	var w winAdapter
	first := ""
	flush := func() {
		if w.Name != "" && len(out) < maxDevices {
			out = append(out, w)
		}
		w = winAdapter{}
	}
	for line := range strings.Lines(s) {
		i := strings.IndexAny(line, "=:")
		if i < 0 {
			continue
		}
		k, v := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(line[:i]), " ", "")), strings.TrimSpace(line[i+1:])
		if first == "" {
			first = k
		} else if k == first {
			flush() // the keys start anew with each adapter
		}
		switch k {
		case "name", "caption":
			w.Name = firstOf(v, w.Name)
		case "adapterram":
			w.AdapterRAM = plainBytes(v)
			if w.AdapterRAM == 0 {
				w.AdapterRAM = gigabytes(v)
			}
		case "driverversion":
			w.Driver = v
		case "pnpdeviceid":
			if m := venDev().FindStringSubmatch(v); m != nil {
				w.PCI = strings.ToLower(m[1] + ":" + m[2])
			} else {
				w.PCI = "0000:0000" // no device on a bus
			}
		}
	}
	flush()
	return out
}

// wmicTable reads columns that begin where their headings do.
func wmicTable(s string) []winAdapter {
	lines := strings.Split(strings.Trim(s, "\n"), "\n")
	head := lines[0]
	column := func(line, name string) string {
		from := strings.Index(head, name)
		if from < 0 || from >= len(line) {
			return ""
		}
		to := len(line)
		if rest := head[from+len(name):]; strings.TrimSpace(rest) != "" {
			to = min(len(line), len(head)-len(strings.TrimLeft(rest, " ")))
		}
		return strings.TrimSpace(line[from:to])
	}
	var out []winAdapter
	for _, line := range lines[1:] {
		if w := (winAdapter{Name: column(line, "Name"), AdapterRAM: plainBytes(column(line, "AdapterRAM"))}); w.Name != "" && len(out) < maxDevices {
			out = append(out, w)
		}
	}
	return out
}

// registryAdapters reads an export (reg export) of the display class.
func registryAdapters(s string) []winAdapter {
	var out []winAdapter
	var w winAdapter
	flush := func() {
		if w.Name != "" && len(out) < maxDevices {
			out = append(out, w)
		}
		w = winAdapter{}
	}
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			flush()
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		text := strings.Trim(v, `"`)
		switch strings.Trim(k, `"`) {
		case "DriverDesc":
			w.Name = text
		case "DriverVersion":
			w.Driver = text
		case "MatchingDeviceId":
			w.PCI = "0000:0000"
			if m := venDev().FindStringSubmatch(strings.ReplaceAll(text, `\\`, `\`)); m != nil {
				w.PCI = strings.ToLower(m[1] + ":" + m[2])
			}
		case "HardwareInformation.qwMemorySize":
			if list, ok := strings.CutPrefix(v, "hex(b):"); ok {
				if b, err := hex.DecodeString(strings.ReplaceAll(list, ",", "")); err == nil && len(b) == 8 {
					w.Memory = littleEndian(b)
				}
			}
		}
	}
	flush()
	return out
}

func littleEndian(b []byte) int64 {
	var n uint64
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return clampBytes(n)
}
