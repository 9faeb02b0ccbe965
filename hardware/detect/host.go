package detect

import (
	"context"
	"fmt"
	"math"
	"path"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v3/mem"

	"github.com/plimsoll/plimsoll/hardware"
)

// host reads processors, memory and limits.
func (b *builder) host(ctx context.Context) hardware.Host {
	h := hardware.Host{OS: b.os}
	var facts CPUFacts
	var names []string
	var dmi SMBIOS
	var memory MemInfo
	switch {
	case b.os == "linux":
		memory = b.linuxMemory()
		facts, names, dmi = b.linuxCPU()
		b.numaNodes(&facts, &memory)
		b.setMemory(&h, memory)
		b.limits(&h, facts.Threads)
		b.containerNotes()
		b.swap(memory)
		b.storage(&h)
	case b.os == "darwin":
		apple, notes := b.sys.as("apple").apple(ctx)
		b.report.Notes = append(b.report.Notes, notes...)
		facts = apple.cpu()
		memory.Total = apple.Memory
		if b.sys.live {
			b.systemMemory(ctx, &memory)
			if facts.Name == "" {
				facts = b.systemCPU(ctx)
			}
		}
		b.setMemory(&h, memory)
		b.find("apple", "model", apple.Model)
		names = []string{facts.Name}
	default:
		if b.sys.live {
			b.systemMemory(ctx, &memory)
			facts = b.systemCPU(ctx)
		}
		b.setMemory(&h, memory)
		names = []string{facts.Name}
	}
	b.cpuName = facts.Name
	if facts.Name != "" {
		b.find("cpu", "model", facts.Name)
	} else {
		b.note("cpu: the system does not tell the processor's name")
	}
	if facts.Threads > 0 {
		b.findf("cpu", "cores", "%d cores, %d threads, %d sockets", facts.Cores, facts.Threads, max(1, facts.Sockets))
		for _, c := range facts.Clusters {
			if len(facts.Clusters) > 1 {
				b.findf("cpu", "cluster", "%d of %s", c.Cores, c.Name)
			}
		}
		b.find("cpu", "isa", strings.Join(facts.ISA, " "))
	}
	if facts.NUMANodes > 0 {
		b.findf("cpu", "numa nodes", "%d", facts.NUMANodes)
	}
	h.Sockets = max(1, facts.Sockets)
	h.CPU = b.processor(&h, facts, names)
	b.moduleBandwidth(&h, &dmi)
	return h
}

// linuxMemory reads meminfo, or in a snapshot what else tells the memory.
func (b *builder) linuxMemory() MemInfo {
	text, err := b.sys.read("/proc/meminfo")
	if err == nil {
		var m MemInfo
		if m, err = ParseMemInfo(text); err == nil {
			return m
		}
		b.note("%s", oneLine(err.Error()))
	}
	if m, ok := b.capturedMemory(); ok {
		return m
	}
	return MemInfo{}
}

// systemMemory asks gopsutil on systems without /proc. It gets two seconds:
// it runs commands on macOS.
func (b *builder) systemMemory(ctx context.Context, m *MemInfo) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	type answer struct {
		vm  *mem.VirtualMemoryStat
		err error
	}
	ch := make(chan answer, 1)
	go func() {
		vm, err := mem.VirtualMemoryWithContext(ctx)
		ch <- answer{vm, err}
	}()
	select {
	case a := <-ch:
		if a.err == nil && a.vm != nil {
			m.Total, m.Available = clampBytes(a.vm.Total), min(clampBytes(a.vm.Available), clampBytes(a.vm.Total))
		}
		b.sys.called("gopsutil mem.VirtualMemory", start, fmt.Sprintf("%d bytes, %d available", m.Total, m.Available), a.err)
	case <-ctx.Done():
		b.sys.called("gopsutil mem.VirtualMemory", start, "", ctx.Err())
	}
}

// setMemory records the main memory.
func (b *builder) setMemory(h *hardware.Host, m MemInfo) {
	if m.Total == 0 {
		b.note("memory: the system does not tell how much there is")
		return
	}
	h.MemoryBytes, h.AvailableBytes = m.Total, m.Available
	b.findf("memory", "total", "%d bytes", h.MemoryBytes)
	if h.AvailableBytes > 0 {
		b.findf("memory", "available", "%d bytes", h.AvailableBytes)
	}
}

// limits applies the control groups and the processors that this process is
// pinned to.
func (b *builder) limits(h *hardware.Host, threads int) {
	l := b.sys.limits()
	if l.Version != "" {
		b.find("cgroup", "version", l.Version)
	}
	if l.MemoryBytes > 0 && (h.MemoryBytes == 0 || l.MemoryBytes < h.MemoryBytes) {
		h.LimitBytes = l.MemoryBytes
		b.findf("cgroup", "memory limit", "%d bytes (%s)", l.MemoryBytes, path.Base(l.From))
		if l.AvailableBytes >= 0 {
			h.AvailableBytes = min(orMax(h.AvailableBytes), l.AvailableBytes)
		}
		h.AvailableBytes = min(orMax(h.AvailableBytes), l.MemoryBytes)
		if l.SwapBytes >= 0 {
			b.findf("cgroup", "swap limit", "%d bytes", l.SwapBytes)
		}
	}
	usable := 0.0
	if l.CPUs > 0 && (threads == 0 || l.CPUs < float64(threads)) {
		usable = l.CPUs
		b.findf("cgroup", "cpu limit", "%.2f of %d", l.CPUs, threads)
	}
	for line := range strings.Lines(b.sys.text("/proc/self/status")) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			if n := cpuListCount(list); n > 0 && n < threads && (usable == 0 || float64(n) < usable) {
				usable = float64(n)
				b.findf("cpuset", "cpus", "%d of %d", n, threads)
			}
		}
	}
	h.UsableCores = usable
}

func orMax(n int64) int64 {
	if n <= 0 {
		return math.MaxInt64
	}
	return n
}

// processor finds the catalogue's record and lays over it what this machine
// says of itself.
func (b *builder) processor(h *hardware.Host, f CPUFacts, names []string) hardware.CPU {
	cores := f.Cores / h.Sockets
	threads := f.Threads / h.Sockets
	seen := hardware.CPU{ID: slug(f.Name), Name: f.Name, Vendor: f.Vendor, Cores: cores, Threads: threads, ISA: f.ISA}
	seen.Source = "read from the operating system"
	if b.opts.Catalogue == nil {
		assume(&seen.Provenance, "bandwidth_gb_s", "no catalogue was given to look the processor up in")
		return seen
	}
	asked := map[string]bool{"": true}
	for _, name := range names {
		if asked[name] || len(asked) > 32 {
			continue
		}
		asked[name] = true
		known, how, ok := b.opts.Catalogue.MatchCPU(name, cores)
		if !ok || known == nil {
			continue
		}
		c := *known
		c.Assumed = cloneMap(c.Assumed)
		b.findf("catalogue", "cpu", "%s", strings.TrimSpace(c.ID+" "+how))
		if len(f.ISA) > 0 {
			c.ISA = f.ISA // a guest may not be given all that the part can do
		}
		b.share(h, &c, f, cores)
		return c
	}
	c := seen
	if g := b.opts.Catalogue.AssumedCPU(cores, f.ISA, f.Vendor); g != nil {
		c = *g
		c.Assumed = cloneMap(g.Assumed)
		c.Name, c.Vendor, c.ISA, c.Cores, c.Threads = f.Name, f.Vendor, f.ISA, cores, threads
		assume(&c.Provenance, "bandwidth_gb_s", "the processor is not in the catalogue: memory as of "+g.ID)
		if f.Name != "" {
			b.note("cpu: %q is not in the catalogue: memory speed assumed as of %s", f.Name, g.ID)
		}
	} else {
		assume(&c.Provenance, "bandwidth_gb_s", "the processor is not in the catalogue")
		if f.Name != "" {
			b.note("cpu: %q is not in the catalogue: its memory speed is not known", f.Name)
		}
	}
	if f.Guest {
		assume(&c.Provenance, "bandwidth_gb_s", c.Assumed["bandwidth_gb_s"]+"; a virtual machine shares the memory bus with its neighbours")
	}
	return c
}

// share marks a guest that has part of a processor: the record speaks of the
// whole socket, so the cores are limited and the bandwidth is an upper end.
func (b *builder) share(h *hardware.Host, c *hardware.CPU, f CPUFacts, cores int) {
	if c.Cores > 0 && cores > c.Cores && !c.Board {
		// More cores than the part has: a guest shows threads or several
		// sockets as one.
		b.note("cpu: %d cores seen where a %s has %d", cores, c.Name, c.Cores)
	}
	if !f.Guest {
		return
	}
	why := "a virtual machine shares the memory bus with its neighbours"
	if c.Cores > 0 && cores > 0 && cores < c.Cores {
		why = fmt.Sprintf("a virtual machine with %d of the processor's %d cores; the figure is the whole socket's", cores, c.Cores)
		if h.UsableCores == 0 || h.UsableCores > float64(cores*h.Sockets) {
			h.UsableCores = float64(cores * h.Sockets)
		}
	}
	assume(&c.Provenance, "bandwidth_gb_s", why)
	b.note("cpu: %s", why)
}
