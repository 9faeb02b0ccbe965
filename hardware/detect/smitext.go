package detect

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// ParseNvidiaSMICSV reads `nvidia-smi --query-gpu=... --format=csv` with its
// header line, whatever the fields asked for.
func ParseNvidiaSMICSV(text []byte) (Reading, error) {
	return parseSMICSV("nvidia-smi", text, "NVIDIA")
}

// parseSMICSV reads the CSV that nvidia-smi made the custom of other makers.
func parseSMICSV(tool string, text []byte, vendor string) (Reading, error) {
	var r Reading
	c := csv.NewReader(bytes.NewReader(text))
	c.FieldsPerRecord, c.LazyQuotes, c.TrimLeadingSpace = -1, true, true
	head, err := c.Read()
	if err != nil {
		return r, fmt.Errorf("%s: unreadable CSV (%s): was it run with --format=csv?", tool, shortErr(err))
	}
	col := map[string]int{}
	for i, h := range head {
		name, _, _ := strings.Cut(strings.TrimSpace(h), " [")
		col[name] = i
	}
	if _, ok := col["name"]; !ok {
		if _, ok := col["memory.total"]; !ok {
			return r, fmt.Errorf("%s: the CSV has neither name nor memory.total in its first line: keep the header", tool)
		}
	}
	for len(r.Accelerators) < maxDevices {
		row, err := c.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return r, fmt.Errorf("%s: unreadable CSV (%s)", tool, shortErr(err))
		}
		get := func(name string) string {
			if i, ok := col[name]; ok && i < len(row) {
				return row[i]
			}
			return ""
		}
		a := Accelerator{
			Name: known(get("name")), Vendor: vendor, NUMANode: -1,
			PCIAddress: shortPCI(known(firstOf(get("pci.bus_id"), get("bus_id")))), PCIID: smiPCIID(get("pci.device_id")),
			Compute: known(get("compute_cap")),
			PCIeGen: smiInt(get("pcie.link.gen.max")), PCIeGenNow: smiInt(get("pcie.link.gen.current")),
			PCIeLanes: smiInt(get("pcie.link.width.max")), PCIeLanesNow: smiInt(get("pcie.link.width.current")),
			SMClockMHz: smiInt(get("clocks.max.sm")), MemoryClockMHz: smiInt(get("clocks.max.memory")),
			MIG: strings.EqualFold(strings.TrimSpace(get("mig.mode.current")), "enabled"),
		}
		a.PowerWatts, _ = number(get("power.default_limit"))
		smiMemoryInto(&a, get("memory.total"), get("memory.free"), get("memory.used"))
		if r.Driver == "" {
			r.Driver = known(get("driver_version"))
		}
		if a.Name != "" || a.MemoryTotal > 0 {
			r.Accelerators = append(r.Accelerators, a)
		}
	}
	return r, nil
}

// ParseNvidiaSMIList reads `nvidia-smi -L`: names and MIG profiles. The UUIDs
// in it are not taken.
func ParseNvidiaSMIList(text []byte) (Reading, error) {
	var r Reading
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		body, _, _ := strings.Cut(line, " (UUID")
		switch {
		case strings.HasPrefix(line, "GPU ") && len(r.Accelerators) < maxDevices:
			if _, name, ok := strings.Cut(body, ": "); ok {
				r.Accelerators = append(r.Accelerators, Accelerator{Name: strings.TrimSpace(name), Vendor: "NVIDIA", NUMANode: -1})
			}
		case strings.HasPrefix(line, "MIG ") && len(r.Accelerators) > 0:
			a := &r.Accelerators[len(r.Accelerators)-1]
			a.MIG = true
			if f := strings.Fields(body); len(f) > 1 && len(a.Slices) < maxDevices {
				a.Slices = append(a.Slices, Slice{Profile: f[1], GPUInstance: -1 - len(a.Slices)})
			}
		}
	}
	if len(r.Accelerators) == 0 {
		return r, fmt.Errorf("nvidia-smi -L: no line begins with GPU: is this its output?")
	}
	return r, nil
}

// ParseNvidiaSMITable reads the table that plain `nvidia-smi` prints. Names
// longer than the column are cut there and end in "...": they are marked by
// keeping the dots, and the memory must find the card.
func ParseNvidiaSMITable(text []byte) (Reading, error) {
	var r Reading
	if !bytes.Contains(text, []byte("NVIDIA-SMI")) {
		return r, fmt.Errorf("nvidia-smi: not its table: the line with NVIDIA-SMI is missing")
	}
	row, mig := 0, false // row 1: the line after a device's name
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if i := strings.Index(line, "Driver Version:"); i >= 0 {
			if f := strings.Fields(line[i+len("Driver Version:"):]); len(f) > 0 {
				r.Driver = known(f[0])
			}
			continue
		}
		if strings.Contains(line, "MIG devices:") {
			mig = true
			continue
		}
		if strings.Contains(line, "Processes:") {
			break
		}
		if !strings.HasPrefix(line, "|") {
			row = 0
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) < 3 {
			continue
		}
		first := strings.Fields(cells[0])
		switch {
		case mig:
			tableSlice(&r, cells, first)
		case len(first) > 1 && isNumber(first[0]) && len(r.Accelerators) < maxDevices:
			a := Accelerator{Name: tableName(cells[0]), Vendor: "NVIDIA", NUMANode: -1}
			if f := strings.Fields(cells[1]); len(f) > 0 && strings.Contains(f[0], ":") {
				a.PCIAddress = shortPCI(f[0])
			}
			r.Accelerators = append(r.Accelerators, a)
			row = 1
		case row == 1:
			a := &r.Accelerators[len(r.Accelerators)-1]
			if used, total, ok := strings.Cut(cells[1], "/"); ok {
				smiMemoryInto(a, total, "", used)
				a.MemoryFree = max(0, a.MemoryTotal-a.MemoryUsed)
			} else {
				smiMemoryInto(a, cells[1], "", "")
			}
			row = 2
		case row == 2:
			a := &r.Accelerators[len(r.Accelerators)-1]
			a.MIG = strings.TrimSpace(cells[2]) == "Enabled"
			row = 0
		}
	}
	return r, nil
}

// tableSlice reads one line of the table of MIG devices.
func tableSlice(r *Reading, cells, first []string) {
	if len(first) != 4 || !isNumber(first[0]) || !isNumber(first[1]) {
		return
	}
	i := smiInt(first[0])
	used, total, ok := strings.Cut(cells[1], "/")
	if !ok || i >= len(r.Accelerators) || len(r.Accelerators[i].Slices) >= maxDevices {
		return
	}
	s := Slice{GPUInstance: smiInt(first[1]), MemoryTotal: smiBytes(total), Multiprocessors: smiInt(cells[2])}
	s.MemoryFree = max(0, s.MemoryTotal-smiBytes(used))
	r.Accelerators[i].Slices = append(r.Accelerators[i].Slices, s)
}

// tableName takes the name out of "  0  NVIDIA H200        On  ": without the
// number before and the persistence mode after it.
func tableName(cell string) string {
	f := strings.Fields(cell)
	name := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(cell), f[0]))
	for _, mode := range []string{"On", "Off", "N/A", "WDDM", "TCC", "MCDM"} {
		if s, ok := strings.CutSuffix(name, " "+mode); ok {
			return strings.TrimSpace(s)
		}
	}
	return name
}

func isNumber(s string) bool {
	return s != "" && len(s) < 6 && strings.Trim(s, "0123456789") == ""
}

// ParseNvidiaSMIQuery reads the indented text of `nvidia-smi -q`.
func ParseNvidiaSMIQuery(text []byte) (Reading, error) {
	var r Reading
	var a *Accelerator
	var s *Slice
	var path []string // headings above the line, by depth of four spaces
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, " \r\n")
		bare := strings.TrimLeft(line, " ")
		depth := (len(line) - len(bare)) / 4
		k, v, pair := strings.Cut(bare, " : ")
		k, v = strings.TrimSpace(k), strings.TrimSpace(v)
		switch {
		case bare == "":
			continue
		case depth == 0 && strings.HasPrefix(bare, "GPU ") && !pair:
			if len(r.Accelerators) == maxDevices {
				return r, nil
			}
			r.Accelerators = append(r.Accelerators, Accelerator{Vendor: "NVIDIA", NUMANode: -1, PCIAddress: shortPCI(strings.TrimPrefix(bare, "GPU "))})
			a, s, path = &r.Accelerators[len(r.Accelerators)-1], nil, nil
			continue
		case depth == 0 && k == "Driver Version":
			r.Driver = known(v)
			continue
		case a == nil:
			continue
		}
		if depth < 1 || depth > 16 {
			continue
		}
		path = append(path[:min(len(path), depth-1)], k)
		if !pair {
			if k == "MIG Device" && len(a.Slices) < maxDevices {
				a.Slices = append(a.Slices, Slice{GPUInstance: -1 - len(a.Slices)})
				s = &a.Slices[len(a.Slices)-1]
			} else if depth == 1 && k != "MIG Device" {
				s = nil
			}
			continue
		}
		if s != nil && depth > 1 {
			s.query(strings.Join(path[1:], "/"), v)
		} else {
			a.query(strings.Join(path, "/"), v)
		}
	}
	if len(r.Accelerators) == 0 {
		return r, fmt.Errorf("nvidia-smi -q: no line begins with GPU: is this its output?")
	}
	return r, nil
}

func (s *Slice) query(key, v string) {
	switch key {
	case "GPU Instance ID":
		s.GPUInstance = smiInt(v)
	case "Device Attributes/Shared/Multiprocessor count":
		s.Multiprocessors = smiInt(v)
	case "Shared FB Memory Usage/Total", "FB Memory Usage/Total":
		s.MemoryTotal = smiBytes(v)
	case "Shared FB Memory Usage/Free", "FB Memory Usage/Free":
		s.MemoryFree = smiBytes(v)
	}
}

func (a *Accelerator) query(key, v string) {
	switch key {
	case "Product Name":
		a.Name = known(v)
	case "Product Architecture":
		a.Architecture = known(v)
	case "MIG Mode/Current":
		a.MIG = v == "Enabled"
	case "PCI/Device Id":
		a.PCIID = smiPCIID(v)
	case "PCI/GPU Link Info/PCIe Generation/Max":
		a.PCIeGen = smiInt(v)
	case "PCI/GPU Link Info/PCIe Generation/Current":
		a.PCIeGenNow = smiInt(v)
	case "PCI/GPU Link Info/Link Width/Max":
		a.PCIeLanes = smiInt(v)
	case "PCI/GPU Link Info/Link Width/Current":
		a.PCIeLanesNow = smiInt(v)
	case "FB Memory Usage/Total":
		smiMemoryInto(a, v, "", "")
	case "FB Memory Usage/Free":
		a.MemoryFree = smiBytes(v)
	case "FB Memory Usage/Used":
		a.MemoryUsed = smiBytes(v)
	case "GPU Power Readings/Default Power Limit", "Power Readings/Default Power Limit":
		a.PowerWatts, _ = number(v)
	case "Max Clocks/SM":
		a.SMClockMHz = smiInt(v)
	case "Max Clocks/Memory":
		a.MemoryClockMHz = smiInt(v)
	}
}

// ParseNVLinkStatus reads `nvidia-smi nvlink -s` into the devices that it
// lists, in their order, and returns how many devices it lists.
func ParseNVLinkStatus(text []byte, as []Accelerator) int {
	n := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "GPU ") {
			n++
			if n <= len(as) {
				as[n-1].NVLinkRead = true
			}
			continue
		}
		if _, v, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(line, "Link ") && n > 0 && n <= len(as) {
			if gbps, ok := number(v); ok && gbps < 1000 {
				as[n-1].NVLinks++
				as[n-1].NVLinkGBps += gbps
			}
		}
	}
	return n
}

// ParseNvidiaSMI reads any of the outputs of nvidia-smi, told apart by how they begin.
func ParseNvidiaSMI(text []byte) (Reading, error) {
	head := bytes.TrimSpace(text)
	head = head[:min(len(head), 4096)]
	switch {
	case bytes.HasPrefix(head, []byte("<")):
		return ParseNvidiaSMIXML(text)
	case bytes.Contains(head, []byte("NVSMI LOG")):
		return ParseNvidiaSMIQuery(text)
	case bytes.Contains(head, []byte("NVIDIA-SMI ")):
		return ParseNvidiaSMITable(text)
	case bytes.HasPrefix(head, []byte("GPU ")):
		return ParseNvidiaSMIList(text)
	case bytes.Contains(head, []byte(",")):
		return ParseNvidiaSMICSV(text)
	}
	return Reading{}, fmt.Errorf("nvidia-smi: not one of its outputs: give the text of nvidia-smi, -L, -q, -q -x or --query-gpu=... --format=csv")
}
