package detect

import (
	"fmt"
	"strconv"
	"strings"
)

// CPUFacts is what the system says of its processors.
type CPUFacts struct {
	// Name is the model as printed; on Arm, where none is printed, the names
	// of the cores ("Cortex-X925 + Cortex-A725"), fastest first.
	Name    string
	Vendor  string
	Threads int // logical processors listed
	Cores   int // physical cores, all sockets
	Sockets int // 0 when not told
	ISA     []string
	// Clusters counts the kinds of cores on machines that mix them.
	Clusters []Cluster
	Board    string // "Raspberry Pi 5 Model B Rev 1.0"
	Guest    bool   // the processor says that it runs under a hypervisor
	// NUMANodes is the number of NUMA nodes with processors, 0 when not told.
	NUMANodes int

	countedCores bool // cores were told apart by number, not taken as threads
}

// Cluster is a number of equal cores.
type Cluster struct {
	Name  string
	Cores int
}

// ParseCPUInfo reads /proc/cpuinfo (x86, Arm 32 and 64 bit, RISC-V). Text that
// is none gives an error.
func ParseCPUInfo(text []byte) (CPUFacts, error) {
	var f CPUFacts
	type core struct{ pkg, id string }
	var (
		cores                       = map[core]bool{}
		packages                    = map[string]bool{}
		perPackage                  int // "cpu cores"
		flags                       []string
		pkg, id, implementer, part  string
		clusters                    []Cluster
		inBlock, haveID, generic    bool
		genericName, armName, uarch string
		last                        = -1
	)
	flush := func() {
		if !inBlock {
			return
		}
		f.Threads++
		if haveID {
			cores[core{pkg, id}] = true
		}
		if pkg != "" {
			packages[pkg] = true
		}
		if implementer != "" && part != "" {
			name := armCore(implementer, part)
			if name == "" {
				name = "Arm core " + implementer + "/" + part
			}
			clusters = addCluster(clusters, name)
		}
		inBlock, haveID, pkg, id, part = false, false, "", "", ""
	}
	for line := range strings.Lines(string(text)) {
		k, v, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		k, v = strings.TrimSpace(k), strings.TrimSpace(v)
		switch k {
		case "processor":
			flush()
			n, err := strconv.Atoi(v)
			if err != nil || n < 0 || n > 1<<16 {
				continue // 32-bit Arm: "Processor : ARMv7 ..." is another key
			}
			inBlock = true
			last = max(last, n)
		case "model name", "Processor", "cpu model":
			if strings.Contains(v, " Processor rev ") || strings.HasPrefix(v, "ARMv") {
				generic, genericName = true, v
			} else if f.Name == "" {
				f.Name = v
			}
		case "vendor_id":
			f.Vendor = v
		case "physical id":
			pkg = v
		case "core id":
			id, haveID = v, true
		case "cpu cores":
			if n, err := strconv.Atoi(v); err == nil && n > 0 && n < 1<<14 {
				perPackage = n
			}
		case "flags", "Features":
			if flags == nil {
				flags = strings.Fields(v)
			}
		case "isa":
			if flags == nil {
				flags = riscvFlags(v)
			}
		case "uarch":
			uarch = v
		case "CPU implementer":
			implementer = v
		case "CPU part":
			part = v
		case "Model", "Hardware":
			// "Hardware" names the kernel's platform (a Raspberry Pi 5 says
			// BCM2835): "Model" is the board.
			if k == "Model" || f.Board == "" {
				f.Board = v
			}
		}
	}
	flush()
	if f.Threads == 0 {
		return f, fmt.Errorf("cpuinfo: no processor in it: is this /proc/cpuinfo?")
	}
	f.Sockets, f.Clusters = len(packages), clusters
	if len(clusters) > 0 {
		armName = clusterName(clusters)
	}
	switch {
	case f.Name != "":
	case armName != "":
		f.Name = armName
	case generic:
		f.Name = genericName
	default:
		f.Name = uarch
	}
	f.ISA = isaWords(flags)
	for _, w := range flags {
		f.Guest = f.Guest || w == "hypervisor"
	}
	// A capture may leave out the middle blocks: the highest number counts.
	if last+1 > f.Threads && strings.Contains(string(text), "...") {
		f.Threads = last + 1
	}
	switch {
	case len(cores) > 0 && len(packages) > 0:
		f.Cores, f.countedCores = len(cores), true
		if want := perPackage * f.Sockets; want > f.Cores && want <= f.Threads {
			f.Cores = want
		}
	default:
		f.Cores = f.Threads
	}
	if f.Vendor == "" && implementer != "" {
		f.Vendor = "ARM"
	}
	return f, nil
}

// addCluster counts one more core of a kind.
func addCluster(cs []Cluster, name string) []Cluster {
	for i := range cs {
		if cs[i].Name == name {
			cs[i].Cores++
			return cs
		}
	}
	return append(cs, Cluster{name, 1})
}

// clusterName joins the kinds of cores, those that the kernel numbers last
// (the fast ones, except where firmware lists them first) in the order that
// puts Cortex-X before Cortex-A7x before Cortex-A5x.
func clusterName(cs []Cluster) string {
	names := make([]string, len(cs))
	for i, c := range cs {
		names[i] = c.Name
	}
	for i := 1; i < len(names); i++ {
		for j := i; j > 0 && coreRank(names[j]) > coreRank(names[j-1]); j-- {
			names[j], names[j-1] = names[j-1], names[j]
		}
	}
	return strings.Join(names, " + ")
}

// coreRank orders Arm's core families by size class, as their names say it.
func coreRank(name string) int {
	switch {
	case strings.HasPrefix(name, "Cortex-X"):
		return 3
	case strings.HasPrefix(name, "Cortex-A7"):
		return 2
	case strings.HasPrefix(name, "Cortex-A5"):
		return 1
	}
	return 0
}

// riscvFlags takes the vector extension out of an ISA string ("rv64imafdcv_zba").
func riscvFlags(isa string) []string {
	base, _, _ := strings.Cut(strings.ToLower(isa), "_")
	if len(base) > 4 && strings.HasPrefix(base, "rv") && strings.Contains(base[4:], "v") {
		return []string{"rvv"}
	}
	return []string{}
}

// ParseLSCPU reads the output of lscpu, old and new form. A machine with two
// kinds of cores prints the second kind's block after the first.
func ParseLSCPU(text []byte) (CPUFacts, error) {
	var f CPUFacts
	var names []string
	var bios string
	perSocket, perCore, perCluster, clusters, sumCores := 0, 0, 0, 0, 0
	for line := range strings.Lines(string(text)) {
		k, v, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		k, v = strings.TrimSpace(k), strings.TrimSpace(v)
		n, err := strconv.Atoi(v)
		isNum := err == nil && n > 0 && n < 1<<16
		switch k {
		case "CPU(s)":
			if isNum && f.Threads == 0 {
				f.Threads = n
			}
		case "Model name":
			if v != "-" && v != "" {
				names = append(names, v)
			}
		case "BIOS Model name":
			if bios == "" {
				bios = v
			}
		case "Vendor ID":
			if f.Vendor == "" {
				f.Vendor = v
			}
		case "Socket(s)":
			if isNum && f.Sockets == 0 {
				f.Sockets = n
			}
		case "Core(s) per socket":
			if isNum {
				perSocket, sumCores = max(perSocket, n), sumCores+n
			}
		case "Core(s) per cluster":
			if isNum {
				perCluster = n
			}
		case "Cluster(s)":
			if isNum {
				clusters = n
			}
		case "Thread(s) per core":
			if isNum && perCore == 0 {
				perCore = n
			}
		case "NUMA node(s)":
			if isNum {
				f.NUMANodes = n
			}
		case "Hypervisor vendor":
			f.Guest = true
		case "Flags":
			if f.ISA == nil {
				f.ISA = isaWords(strings.Fields(v))
			}
		}
	}
	if f.Threads == 0 && len(names) == 0 {
		return f, fmt.Errorf("lscpu: no processor in it: is this the output of lscpu?")
	}
	var cs []Cluster
	for _, n := range names {
		cs = addCluster(cs, n)
	}
	f.Name = clusterName(cs)
	if f.Name == "" {
		f.Name = bios
	}
	switch {
	case perSocket > 0 && len(cs) <= 1 && sumCores == perSocket:
		f.Cores = perSocket * max(1, f.Sockets)
	case f.Threads > 0 && perCore > 0:
		f.Cores = f.Threads / perCore
	case perCluster > 0:
		f.Cores = perCluster * max(1, clusters)
	default:
		f.Cores = f.Threads
	}
	if len(cs) > 1 {
		f.Clusters = cs
	}
	if f.Threads > 0 && f.Cores > f.Threads {
		f.Cores = f.Threads // an offline core, or two kinds printed as one
	}
	return f, nil
}
