package inventory

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/plimsoll/plimsoll/hardware"
)

// The setup module knows no accelerators. Sites gather them as local facts
// (/etc/ansible/facts.d), each in its own way: what is understood are lists of
// names or of objects with a name and a memory size, and the output of
// nvidia-smi -L, nvidia-smi --query-gpu=name,memory.total --format=csv and lspci,
// with -nn or without.
func localDevices(local map[string]jsontext.Value) []Accelerator {
	var g gathered
	for _, name := range slices.Sorted(maps.Keys(local)) {
		lower := strings.ToLower(name)
		if slices.ContainsFunc([]string{"gpu", "nvidia", "rocm", "amd", "lspci", "accelerator", "habana", "hl_smi"}, func(w string) bool { return strings.Contains(lower, w) }) {
			g.value(local[name], "local fact "+clip(name), 0)
			if len(g.list) > 0 {
				break // the same devices may stand in the next in another way
			}
		}
	}
	return g.list
}

type gathered struct{ list []Accelerator }

// one takes a device, which joins those before it that are alike.
func (g *gathered) one(a Accelerator, n int) {
	if n = devices(int64(n)); n == 0 || len(g.list) >= 64 || len(a.Name) > 256 {
		return
	}
	for i := range g.list {
		if o := &g.list[i]; o.Name == a.Name && o.MemoryBytes == a.MemoryBytes && o.PCIID == a.PCIID && o.Slice == a.Slice {
			o.Count = devices(int64(o.Count + n))
			return
		}
	}
	a.Count = n
	g.list = append(g.list, a)
}

const deepest = 6 // levels of a local fact that are searched

func (g *gathered) value(v jsontext.Value, where string, depth int) {
	if depth > deepest {
		return
	}
	switch v.Kind() {
	case '"':
		var text string
		if decode(v, &text) == nil {
			for line := range strings.SplitSeq(text, "\n") {
				g.line(strings.TrimSpace(line), where, false)
			}
		}
	case '[':
		var items []jsontext.Value
		if decode(v, &items) != nil {
			return
		}
		for _, item := range items {
			var text string
			if item.Kind() == '"' && decode(item, &text) == nil {
				g.line(strings.TrimSpace(text), where, true)
				continue
			}
			g.value(item, where, depth+1)
		}
	case '{':
		var fields map[string]jsontext.Value
		if decode(v, &fields) != nil {
			return
		}
		if g.object(fields, where) {
			return
		}
		for _, k := range slices.Sorted(maps.Keys(fields)) {
			g.value(fields[k], where, depth+1)
		}
	}
}

// object reads a device written as keys and values.
func (g *gathered) object(fields map[string]jsontext.Value, where string) bool {
	f := facts(fields)
	first := func(keys ...string) string {
		for _, k := range keys {
			if v := strings.TrimSpace(f.text(k)); v != "" {
				return v
			}
		}
		return ""
	}
	name := first("product_name", "product", "name", "model", "gpu_name")
	if name == "" {
		return false
	}
	a := Accelerator{Name: name, Named: where, PCIID: first("pci_id", "device_id"), Slice: slicePattern(first("mig", "slice"))}
	a.MemoryBytes = sizeOf(first("memory_mib", "memory_total_mib", "memory.total", "memory_total", "memory", "memory_mb", "vram"), hardware.MiB)
	n := 1
	if c := f.number("count"); c > 0 {
		n = int(min(c.count(), maxDevices))
	}
	g.one(a, n)
	return true
}

// line reads one line of a tool's output. bare says that a line of no known
// form is a product's name.
func (g *gathered) line(s, where string, bare bool) {
	a := Accelerator{Named: where}
	rest, numbered := strings.CutPrefix(s, "GPU ")
	_, product, colon := strings.Cut(rest, ": ")
	switch {
	case s == "" || len(s) > 1024:
		return
	case numbered && colon: // GPU 0: NVIDIA H100 80GB HBM3 (UUID: …)
		a.Name, _, _ = strings.Cut(product, " (UUID")
		a.Vendor = "NVIDIA"
	case strings.HasPrefix(s, "MIG ") && len(g.list) > 0: // a slice of the GPU before it
		g.slice(slicePattern(s))
		return
	case pciLine(s, &a):
	case csvLine(s, &a):
	case bare && !strings.ContainsAny(s, ":{}"):
		a.Name = s
	default:
		return
	}
	g.one(a, 1)
}

// slice turns the last whole device into a slice of it, or adds one to those.
func (g *gathered) slice(profile string) {
	last := g.list[len(g.list)-1]
	if profile == "" {
		return
	}
	if last.Slice == "" {
		if g.list[len(g.list)-1].Count--; g.list[len(g.list)-1].Count == 0 {
			g.list = g.list[:len(g.list)-1]
		}
	}
	last.Slice, last.MemoryBytes = profile, 0
	g.one(last, 1)
}

// csvLine reads "NVIDIA H100 80GB HBM3, 81559 MiB".
func csvLine(s string, a *Accelerator) bool {
	name, memory, ok := strings.Cut(s, ", ")
	memory, _, _ = strings.Cut(memory, ",")
	if !ok || !strings.HasSuffix(memory, "iB") {
		return false
	}
	a.MemoryBytes = sizeOf(memory, hardware.MiB)
	a.Name = name
	return a.MemoryBytes > 0
}

// pciVendors are the makers of accelerators as lspci names them.
var pciVendors = []struct{ starts, vendor string }{
	{"NVIDIA Corporation ", "NVIDIA"}, {"Advanced Micro Devices, Inc. [AMD/ATI] ", "AMD"}, {"Advanced Micro Devices, Inc. [AMD] ", "AMD"},
	{"Intel Corporation ", "Intel"}, {"Habana Labs Ltd. ", "Intel"},
}

// pciLine reads a line of lspci that is of an accelerator.
func pciLine(s string, a *Accelerator) bool {
	_, rest, ok := strings.Cut(s, " ") // behind the address
	class, device, ok2 := strings.Cut(rest, ": ")
	class, _, _ = strings.Cut(class, " [")
	if !ok || !ok2 || !slices.Contains([]string{"3D controller", "VGA compatible controller", "Display controller", "Processing accelerators"}, class) {
		return false
	}
	for _, v := range pciVendors {
		name, of := strings.CutPrefix(device, v.starts)
		if !of {
			continue
		}
		name, _, _ = strings.Cut(name, " (rev")
		if i := strings.LastIndexByte(name, '['); i >= 0 && strings.HasSuffix(name, "]") && strings.Count(name[i:], ":") == 1 && len(name)-i == len("[10de:2330]") {
			a.PCIID = name[i+6 : len(name)-1]
			name = strings.TrimSpace(name[:i])
		}
		if i := strings.LastIndexByte(name, '['); i >= 0 && strings.HasSuffix(name, "]") { // GH100 [H100 SXM5 80GB]
			name = name[i+1 : len(name)-1]
		}
		a.Vendor, a.Name = v.vendor, strings.TrimSpace(name)
		return a.Name != ""
	}
	return false
}
