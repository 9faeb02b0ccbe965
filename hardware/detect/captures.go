package detect

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/hardware"
)

// captureSource reads the outputs of tools that live detection does not run,
// for snapshots that hold nothing better.
type captureSource struct{ sys *system }

func (s *captureSource) Name() string { return "captures" }

// captureParsers are the outputs by the beginning of their names, the most
// telling first.
var captureParsers = []struct {
	prefix string
	parse  func([]byte) (Reading, error)
}{
	{"amdgpu_top", ParseAMDGPUTop},
	{"nvtop", ParseNvtop},
	{"tegrastats", ParseTegrastats},
	{"lspci", lspciReading},
	{"gpu-models", parseGPUModels},
	{"intel_gpu_top", parseIntelGPUTop},
	{"profiles", ParseVGPUProfiles},
	{"nvidia-smi-topo", topoReading},
}

func (s *captureSource) Read(context.Context) (Reading, error) {
	var r Reading
	for _, c := range captureParsers {
		for _, name := range s.sys.captured(c.prefix) {
			b, err := s.sys.read(name)
			if err != nil {
				continue
			}
			got, err := c.parse(b)
			if err != nil {
				r.Notes = append(r.Notes, name+": "+err.Error())
				continue
			}
			if len(got.Accelerators) > 0 {
				s.topology(&got)
				got.Notes = append(r.Notes, got.Notes...)
				return got, nil
			}
		}
	}
	return r, nil
}

// topology adds how devices are joined, where a matrix of as many was captured.
func (s *captureSource) topology(r *Reading) {
	if r.Topology != nil || r.Accelerators[0].Vendor != "NVIDIA" {
		return
	}
	for _, name := range s.sys.captured("nvidia-smi-topo") {
		if b, err := s.sys.read(name); err == nil {
			if t, n := ParseNvidiaTopo(b); n == len(r.Accelerators) {
				r.Topology = t
				for i := range r.Accelerators {
					r.Accelerators[i].NUMANode = t.NUMA[i]
				}
			}
		}
	}
}

// topoReading takes the devices of a matrix, which tells how many there are
// and nothing of what they are.
func topoReading(text []byte) (Reading, error) {
	t, n := ParseNvidiaTopo(text)
	if n == 0 {
		return Reading{}, fmt.Errorf("nvidia-smi topo -m: no matrix in it")
	}
	r := Reading{Topology: t}
	for i := range n {
		r.Accelerators = append(r.Accelerators, Accelerator{Vendor: "NVIDIA", NUMANode: t.NUMA[i], Name: "NVIDIA GPU of unknown kind"})
	}
	return r, nil
}

func lspciReading(text []byte) (Reading, error) {
	var r Reading
	for _, f := range ParseLSPCI(text) {
		if a := f.accelerator(); a.Vendor != "" && !isNPU(f.ID) {
			r.Accelerators = append(r.Accelerators, a)
		}
	}
	return r, nil
}

// ParseNvtop reads `nvtop -s`, a JSON list of devices.
func ParseNvtop(text []byte) (Reading, error) {
	var r Reading
	v, err := parseJSON(text)
	if err != nil {
		return r, fmt.Errorf("nvtop: %w", err)
	}
	list, _ := v.([]any)
	for _, x := range list[:min(len(list), maxDevices)] {
		g, ok := x.(tree)
		if !ok || g.text("device_name") == "" {
			continue
		}
		a := Accelerator{Name: g.text("device_name"), NUMANode: -1,
			MemoryTotal: plainBytes(g.text("mem_total")), MemoryUsed: plainBytes(g.text("mem_used")), MemoryFree: plainBytes(g.text("mem_free"))}
		a.Vendor = vendorOfName(a.Name)
		// The name alone tells that it is a part of a processor; the memory is
		// then its share of the main memory.
		if a.Integrated = integratedName(a.Name); a.Integrated {
			a.SharedTotal, a.SharedUsed, a.MemoryTotal, a.MemoryUsed, a.MemoryFree = a.MemoryTotal, a.MemoryUsed, 0, 0, 0
		}
		r.Accelerators = append(r.Accelerators, a)
	}
	if len(r.Accelerators) == 0 {
		return r, fmt.Errorf("nvtop: no device in it: is this nvtop -s?")
	}
	return r, nil
}

var integratedNames = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)Radeon(\(TM\))? (\d{3}M\b|Graphics$|8\d{3}S|Vega \d+ Graphics)|U?HD Graphics|Iris|Raphael|Phoenix|Rembrandt`)
})

// integratedName says whether a product's name is that of a processor's GPU.
func integratedName(name string) bool { return integratedNames().MatchString(name) }

var tegraRAM = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`RAM (\d+)/(\d+)MB`) })
var tegraCPU = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`CPU \[([^\]]*)\]`) })

// ParseTegrastats reads lines of tegrastats: a Jetson's shared memory.
func ParseTegrastats(text []byte) (Reading, error) {
	m := tegraRAM().FindSubmatch(text)
	if m == nil {
		return Reading{}, fmt.Errorf("tegrastats: no RAM in it")
	}
	return Reading{Accelerators: []Accelerator{{Name: "Orin (nvgpu)", Vendor: "NVIDIA", NoOwnMemory: true, NUMANode: -1}}}, nil
}

// tegraMemory is the main memory and the processors that tegrastats shows.
func tegraMemory(text []byte) (m MemInfo, cpus int) {
	if f := tegraRAM().FindSubmatch(text); f != nil {
		used, total := int64(smiInt(string(f[1])))<<20, int64(smiInt(string(f[2])))<<20
		m.Total, m.Available = total, max(total-used, 0)
	}
	if f := tegraCPU().FindSubmatch(text); f != nil {
		cpus = strings.Count(string(f[1]), ",") + 1
	}
	return m, cpus
}

// parseGPUModels reads the list "GPU 0: NVIDIA H100 80GB HBM3" that scripts
// which collect environments print.
func parseGPUModels(text []byte) (Reading, error) {
	var r Reading
	for line := range strings.Lines(string(text)) {
		if at := strings.Index(line, "GPU "); at >= 0 {
			n, name, ok := strings.Cut(line[at+4:], ": ")
			name, _, _ = strings.Cut(name, " (UUID")
			if name = strings.TrimSpace(name); ok && isNumber(strings.TrimSpace(n)) && name != "" && len(r.Accelerators) < maxDevices {
				r.Accelerators = append(r.Accelerators, Accelerator{Name: name, Vendor: firstOf(vendorOfName(name), "NVIDIA"), NUMANode: -1})
			}
		}
	}
	return r, nil
}

// parseIntelGPUTop reads a sample of `intel_gpu_top -J`: it tells that there
// is a GPU with engines, not which.
func parseIntelGPUTop(text []byte) (Reading, error) {
	if i := strings.IndexByte(string(text), '{'); i > 0 {
		text = text[i:]
	}
	v, err := parseJSON(text)
	if err != nil {
		return Reading{}, fmt.Errorf("intel_gpu_top: %w", err)
	}
	t, _ := v.(tree)
	if t == nil || t["engines"] == nil {
		return Reading{}, fmt.Errorf("intel_gpu_top: no engines in it")
	}
	// A discrete card has copy and compute engines besides.
	a := Accelerator{Name: "Intel GPU", Vendor: "Intel", NUMANode: -1, Integrated: true}
	if e, ok := t["engines"].(tree); ok {
		for k := range e {
			if strings.HasPrefix(k, "compute") {
				a.Integrated = false
			}
		}
	}
	return Reading{Accelerators: []Accelerator{a}}, nil
}

// ParseVGPUProfiles reads the virtual GPUs that a host offers, a list of names
// and sizes of the frame buffer.
func ParseVGPUProfiles(text []byte) (Reading, error) {
	var r Reading
	v, err := parseJSON(text)
	if err != nil {
		return r, fmt.Errorf("vGPU profiles: %w", err)
	}
	list, _ := v.([]any)
	for _, x := range list[:min(len(list), maxDevices)] {
		if g, ok := x.(tree); ok && vgpuSuffix().MatchString(g.text("name")) {
			r.Accelerators = append(r.Accelerators, Accelerator{Name: g.text("name"), Vendor: "NVIDIA", NUMANode: -1,
				Kind: hardware.GPU, MemoryTotal: int64(smiInt(g.text("framebuffer_mb"))) << 20})
		}
	}
	return r, nil
}

var benchRow = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*\d+\s+\S+\s+\S+\s+\S+\s+(\d+|-)\s+(.*?)\s*$`)
})

// ParseSBCTopology reads the CPU table of sbc-bench: one line for each
// processor, which ends in the kind of its core.
func ParseSBCTopology(text []byte) (CPUFacts, error) {
	f := CPUFacts{Sockets: 1}
	for line := range strings.Lines(string(text)) {
		m := benchRow().FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil || f.Threads >= 4096 {
			continue
		}
		f.Threads++
		kind, _, _ := strings.Cut(m[2], " / ")
		if kind != "-" && kind != "" {
			f.Clusters = addCluster(f.Clusters, kind)
		}
	}
	if f.Threads == 0 {
		return f, fmt.Errorf("sbc-bench: no table of processors in it")
	}
	f.Cores = f.Threads
	f.Name = clusterName(f.Clusters)
	return f, nil
}
