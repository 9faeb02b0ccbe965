package detect

import (
	"fmt"
	"strings"
)

// linuxCPU reads cpuinfo, the board's name and the firmware's tables, and
// returns the names to try in the catalogue, the most telling first.
func (b *builder) linuxCPU() (CPUFacts, []string, SMBIOS) {
	var facts CPUFacts
	text, err := b.sys.read("/proc/cpuinfo")
	if err == nil {
		facts, err = ParseCPUInfo(text)
	}
	if err != nil {
		var ok bool
		if facts, ok = b.capturedCPU(); !ok {
			b.note("cpu: /proc/cpuinfo cannot be read, so the processor is not known")
		}
	}
	if len(facts.ISA) == 0 && b.sys.live {
		facts.ISA = systemISA() // cpuid, or the kernel's hwcaps on Arm
	}
	vendor, product := b.sys.text("/sys/class/dmi/id/sys_vendor"), b.sys.text("/sys/class/dmi/id/product_name")
	dmi := b.firmwareTables(&vendor, &product)
	board := firstLine(b.sys.deviceTree("model"))
	b.board, b.product, b.compatible = board, product, b.sys.deviceTree("compatible")
	b.cores = clusterName(facts.Clusters)
	if board == "" {
		board = facts.Board
	}
	b.find("firmware", "board", board)
	b.find("firmware", "product", strings.TrimSpace(vendor+" "+product))
	if isGuestProduct(vendor, product) || strings.HasPrefix(b.sys.container(), "wsl") {
		facts.Guest = true
	}
	if !facts.countedCores {
		b.coresFromSiblings(&facts)
	}
	if facts.Sockets == 0 {
		facts.Sockets = b.sockets(&facts, &dmi)
	}
	names := []string{board}
	names = append(names, strings.Split(b.compatible, "\n")...)
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

// firmwareTables reads the firmware's tables, which only root may, or a
// capture of dmidecode, which also tells the product.
func (b *builder) firmwareTables(vendor, product *string) SMBIOS {
	if table, err := b.sys.read("/sys/firmware/dmi/tables/DMI"); err == nil {
		if dmi, err := ParseSMBIOS(table); err == nil {
			return dmi
		}
	}
	var all SMBIOS
	for _, name := range b.sys.captured("dmidecode") {
		text, err := b.sys.read(name)
		if err != nil {
			continue
		}
		dmi, v, p, err := ParseDMIDecode(text)
		if err != nil {
			b.note("%s", err)
			continue
		}
		if all.Processors == nil {
			all.Processors, all.Cores = dmi.Processors, dmi.Cores
		}
		if all.Modules == nil {
			all.Modules = dmi.Modules
		}
		*vendor, *product = firstOf(*vendor, v), firstOf(*product, p)
	}
	return all
}

// coresFromSiblings counts cores by the threads that share one, where cpuinfo
// does not number them (Arm, RISC-V).
func (b *builder) coresFromSiblings(f *CPUFacts) {
	cores := map[string]bool{}
	for i := 0; i < min(f.Threads, 4096); i++ {
		list := b.sys.text(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", i))
		if list == "" {
			return // not told, or offline: no count is better than a wrong one
		}
		cores[list] = true
	}
	if n := len(cores); n > 0 && n < f.Threads {
		f.Cores = n
	}
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
		id := b.sys.text(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/physical_package_id", i))
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
