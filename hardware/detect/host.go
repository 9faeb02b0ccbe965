package detect

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/shirou/gopsutil/v3/common"
	"github.com/shirou/gopsutil/v3/mem"

	"github.com/plimsoll/plimsoll/hardware"
)

// host reads processors, memory and limits.
func (b *builder) host(ctx context.Context) hardware.Host {
	var h hardware.Host
	h.OS = runtime.GOOS
	linux := !b.live || runtime.GOOS == "linux"
	if linux {
		h.OS = "linux"
	}
	b.mainMemory(ctx, &h)
	var facts CPUFacts
	var names []string
	var dmi SMBIOS
	if linux {
		facts, names, dmi = b.linuxCPU()
		b.limits(&h, facts.Threads)
	} else {
		facts = systemCPU(ctx)
		if facts.Name == "" {
			b.note("cpu: the system does not tell the processor's name")
		}
		names = []string{facts.Name}
	}
	if facts.Name != "" {
		b.find("cpu", "model", facts.Name)
	}
	if facts.Threads > 0 {
		b.findf("cpu", "cores", "%d cores, %d threads, %d sockets", facts.Cores, facts.Threads, max(1, facts.Sockets))
		b.find("cpu", "isa", strings.Join(facts.ISA, " "))
	}
	h.Sockets = max(1, facts.Sockets)
	h.CPU = b.processor(&h, facts, names)
	b.moduleBandwidth(&h, &dmi)
	return h
}

// mainMemory asks gopsutil, which reads meminfo below the root.
func (b *builder) mainMemory(ctx context.Context, h *hardware.Host) {
	if !b.live || runtime.GOOS == "linux" {
		ctx = context.WithValue(ctx, common.EnvKey, common.EnvMap{
			common.HostProcEnvKey: filepath.Join(b.root, "proc"),
			common.HostSysEnvKey:  filepath.Join(b.root, "sys"),
		})
	}
	vm, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil || vm == nil || vm.Total == 0 {
		b.note("memory: the system does not tell how much there is")
		return
	}
	h.MemoryBytes, h.AvailableBytes = clampBytes(vm.Total), min(clampBytes(vm.Available), clampBytes(vm.Total))
	b.findf("memory", "total", "%d bytes", h.MemoryBytes)
	b.findf("memory", "available", "%d bytes", h.AvailableBytes)
}

// limits applies the control groups and the processors that this process is
// pinned to.
func (b *builder) limits(h *hardware.Host, threads int) {
	l := ReadLimits(b.root)
	if l.Version != "" {
		b.find("cgroup", "version", l.Version)
	}
	if l.MemoryBytes > 0 && (h.MemoryBytes == 0 || l.MemoryBytes < h.MemoryBytes) {
		h.LimitBytes = l.MemoryBytes
		b.findf("cgroup", "memory limit", "%d bytes (%s)", l.MemoryBytes, filepath.Base(l.From))
		if l.AvailableBytes >= 0 {
			h.AvailableBytes = min(orMax(h.AvailableBytes), l.AvailableBytes)
		}
		h.AvailableBytes = min(orMax(h.AvailableBytes), l.MemoryBytes)
	}
	usable := 0.0
	if l.CPUs > 0 && (threads == 0 || l.CPUs < float64(threads)) {
		usable = l.CPUs
		b.findf("cgroup", "cpu limit", "%.2f of %d", l.CPUs, threads)
	}
	for line := range strings.Lines(sysText(b.root, "/proc/self/status")) {
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

// linuxCPU reads cpuinfo, the board's name and the firmware's tables, and
// returns the names to try in the catalogue, the most telling first.
func (b *builder) linuxCPU() (CPUFacts, []string, SMBIOS) {
	var facts CPUFacts
	var dmi SMBIOS
	text, err := readText(b.root, "/proc/cpuinfo")
	if err == nil {
		facts, err = ParseCPUInfo(text)
	}
	if err != nil {
		b.note("cpu: /proc/cpuinfo cannot be read, so the processor is not known")
	}
	vendor := sysText(b.root, "/sys/class/dmi/id/sys_vendor")
	product := sysText(b.root, "/sys/class/dmi/id/product_name")
	board := firstLine(deviceTree(b.root, "model"))
	b.board, b.product = board, product
	if board == "" {
		board = facts.Board
	}
	b.find("firmware", "board", board)
	b.find("firmware", "product", strings.TrimSpace(vendor+" "+product))
	if table, err := readText(b.root, "/sys/firmware/dmi/tables/DMI"); err == nil {
		dmi, _ = ParseSMBIOS(table)
	}
	switch {
	case isGuestProduct(vendor, product):
		facts.Guest = true
	case strings.Contains(strings.ToLower(sysText(b.root, "/proc/sys/kernel/osrelease")), "microsoft"):
		facts.Guest = true
		b.note("WSL: Windows gives it half of the machine's memory unless .wslconfig says otherwise")
	}
	if facts.Sockets == 0 {
		facts.Sockets = b.sockets(&facts, &dmi)
	}
	names := []string{board}
	names = append(names, strings.Split(deviceTree(b.root, "compatible"), "\n")...)
	names = append(names, product, facts.Name)
	names = append(names, dmi.Processors...)
	names = append(names, socName(vendor, facts.Name))
	if len(facts.Clusters) > 0 {
		// A bare core name fits many chips: it comes last.
		i := len(names) - 1
		for ; i > 0 && names[i] != facts.Name; i-- {
		}
		names = append(append(names[:i:i], names[i+1:]...), facts.Name)
	}
	return facts, names, dmi
}

// sockets counts processors where cpuinfo does not: the firmware's table, or
// the kernel's package ids when they look like sockets (old kernels number
// the clusters of small boards so).
func (b *builder) sockets(f *CPUFacts, dmi *SMBIOS) int {
	if n := len(dmi.Processors); n > 0 {
		return n
	}
	packages := map[string]bool{}
	for i := 0; i < min(f.Threads, 4096); i++ {
		id := sysText(b.root, fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/physical_package_id", i))
		if id == "" || strings.HasPrefix(id, "-") {
			return 1
		}
		packages[id] = true
	}
	if n := len(packages); n > 1 && len(f.Clusters) <= 1 && f.Cores/n >= 16 {
		return n
	}
	return 1
}

// isGuestProduct recognises virtual machines by the firmware's names, for
// processors that have no hypervisor flag (Arm).
func isGuestProduct(vendor, product string) bool {
	v, p := strings.ToLower(vendor), strings.ToLower(product)
	switch {
	case strings.Contains(p, "metal"):
		return false
	case v == "amazon ec2", v == "google", v == "qemu", v == "hetzner", strings.HasPrefix(v, "vmware"),
		v == "xen", strings.HasPrefix(v, "innotek"), v == "digitalocean", v == "alibaba cloud", v == "openstack foundation":
		return true
	}
	return strings.Contains(p, "virtual machine") || strings.Contains(p, "kvm")
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
		b.note("cpu: %q is not in the catalogue: memory speed assumed as of %s", f.Name, g.ID)
	} else {
		assume(&c.Provenance, "bandwidth_gb_s", "the processor is not in the catalogue")
		b.note("cpu: %q is not in the catalogue: its memory speed is not known", f.Name)
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

// moduleBandwidth replaces a nominal bandwidth by that of the modules that are
// plugged in, where the firmware's tables can be read (as root).
func (b *builder) moduleBandwidth(h *hardware.Host, s *SMBIOS) {
	total, channels, mts, kind, ok := s.Bandwidth()
	if !ok {
		return
	}
	per := round3(total / float64(h.Sockets))
	b.findf("smbios", "memory modules", "%d channels of %s at %d MT/s: %.1f GB/s", channels, kind, mts, total)
	c := &h.CPU
	virtual := strings.Contains(c.Assumed["bandwidth_gb_s"], "virtual machine")
	if virtual || c.Board || per <= 0 {
		return // a guest's modules are invented; a board's memory is the catalogue's
	}
	if c.BandwidthGBps > 0 && c.Assumed["bandwidth_gb_s"] == "" && per > c.BandwidthGBps {
		return // the processor cannot take more than its own channels
	}
	c.BandwidthGBps, c.MemoryMTs, c.MemoryType = per, mts, kind
	c.MemoryChannels = max(1, channels/h.Sockets)
	delete(c.Assumed, "bandwidth_gb_s")
}
