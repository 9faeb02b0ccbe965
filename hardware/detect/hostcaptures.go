package detect

// capturedCPU reads the processor out of the outputs of a snapshot that has no
// /proc/cpuinfo.
func (b *builder) capturedCPU() (CPUFacts, bool) {
	try := func(parse func([]byte) (CPUFacts, error), prefixes ...string) (CPUFacts, bool) {
		for _, name := range b.sys.captured(prefixes...) {
			text, err := b.sys.read(name)
			if err != nil {
				continue
			}
			if f, err := parse(text); err == nil {
				b.find("snapshot", "processor read from", name)
				return f, true
			}
		}
		return CPUFacts{}, false
	}
	f, ok := try(ParseLSCPU, "lscpu.txt", "lscpu")
	if bench, more := try(ParseSBCTopology, "cpu-sysfs-topology"); more {
		if !ok {
			f, ok = bench, true
		}
		if len(bench.Clusters) > max(1, len(f.Clusters)) || len(f.Clusters) == 0 {
			if f.Clusters = bench.Clusters; len(f.Clusters) > 1 || f.Name == "" {
				f.Name = bench.Name
			}
		}
		if f.Cores == 0 {
			f.Cores = bench.Cores
		}
	}
	for _, name := range b.sys.captured("numactl") {
		if text, err := b.sys.read(name); err == nil {
			if nodes, cpus, _, err := ParseNUMACtl(text); err == nil {
				f.NUMANodes = nodes
				if !ok {
					f.Threads, f.Cores, ok = cpus, cpus, cpus > 0
				}
			}
		}
	}
	for _, name := range b.sys.captured("tegrastats") {
		if text, err := b.sys.read(name); err == nil {
			if _, cpus := tegraMemory(text); !ok && cpus > 0 {
				f.Threads, f.Cores, ok = cpus, cpus, true
			}
		}
	}
	return f, ok
}

// capturedMemory reads main memory out of the outputs of a snapshot that has
// no /proc/meminfo.
func (b *builder) capturedMemory() (MemInfo, bool) {
	for _, name := range b.sys.captured("free") {
		if text, err := b.sys.read(name); err == nil {
			if m, err := ParseFree(text); err == nil {
				return m, true
			}
		}
	}
	for _, name := range b.sys.captured("tegrastats") {
		if text, err := b.sys.read(name); err == nil {
			if m, _ := tegraMemory(text); m.Total > 0 {
				return m, true
			}
		}
	}
	for _, name := range b.sys.captured("numactl") {
		if text, err := b.sys.read(name); err == nil {
			if _, _, total, err := ParseNUMACtl(text); err == nil && total > 0 {
				return MemInfo{Total: total}, true
			}
		}
	}
	for _, name := range b.sys.captured("meminfo.") { // of a pair: the first
		if text, err := b.sys.read(name); err == nil {
			if m, err := ParseMemInfo(text); err == nil {
				return m, true
			}
		}
	}
	return MemInfo{}, false
}
