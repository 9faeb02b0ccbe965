package detect

import (
	"fmt"
	"path"
	"strings"
)

// numaNodeFacts is one NUMA node.
type numaNodeFacts struct {
	ID, CPUs          int
	MemTotal, MemFree int64
}

// numa reads the nodes of the memory.
func (s *system) numa() []numaNodeFacts {
	var out []numaNodeFacts
	for _, dir := range s.glob("/sys/devices/system/node/node[0-9]*") {
		n := numaNodeFacts{ID: smiInt(path.Base(dir)[len("node"):]), CPUs: cpuListCount(s.text(dir + "/cpulist"))}
		for line := range strings.Lines(s.text(dir + "/meminfo")) {
			f := strings.Fields(line) // Node 0 MemTotal: 30601816 kB
			if len(f) == 5 && f[0] == "Node" {
				switch f[2] {
				case "MemTotal:":
					n.MemTotal = plainBytes(f[3]) << 10
				case "MemFree:":
					n.MemFree = plainBytes(f[3]) << 10
				}
			}
		}
		if len(out) < 1024 {
			out = append(out, n)
		}
	}
	return out
}

// numaNodes reports the nodes, and takes out of the main memory what a
// superchip (GH200, GB200) lists there although it is the GPU's: memory of
// nodes without a processor.
func (b *builder) numaNodes(f *CPUFacts, m *MemInfo) {
	nodes := b.sys.numa()
	var withCPU, bare int
	var gpu, gpuFree int64
	for _, n := range nodes {
		switch {
		case n.CPUs > 0:
			withCPU++
		case n.MemTotal > 0:
			bare++
			gpu += n.MemTotal
			gpuFree += n.MemFree
		}
	}
	if withCPU > 0 {
		f.NUMANodes = withCPU
	}
	if bare == 0 || gpu >= m.Total {
		return
	}
	b.findf("sysfs", "memory without a processor", "%d bytes in %d nodes", gpu, bare)
	if f.Vendor == "ARM" && nvidiaPresent(b.sys) {
		m.Total -= gpu
		m.Available = min(max(m.Available-gpuFree, 0), m.Total)
		b.note("memory: %.1f GiB that the kernel lists as main memory are the GPUs' own and are not counted twice", gib(gpu))
	}
}

// ParseNUMACtl reads `numactl --hardware`: nodes, processors and memory.
func ParseNUMACtl(text []byte) (nodes, cpus int, memory int64, err error) {
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		switch {
		case len(f) >= 2 && f[0] == "available:":
			nodes = smiInt(f[1])
		case len(f) >= 3 && f[0] == "node" && f[2] == "cpus:":
			cpus += len(f) - 3
		case len(f) >= 4 && f[0] == "node" && f[2] == "size:":
			memory += int64(smiInt(f[3])) << 20
		}
	}
	if nodes == 0 {
		err = fmt.Errorf("numactl: no line that begins with available: is this numactl --hardware?")
	}
	return nodes, cpus, memory, err
}
