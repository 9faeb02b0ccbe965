package detect

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// snapshot is one row of the fixtures' index.
type snapshot struct {
	machine, file, dir                                 string
	names, count, memory, unified, model, cores, notes string
}

func snapshots(t *testing.T) []snapshot {
	t.Helper()
	base := os.Getenv("PLIMSOLL_FIXTURES")
	if base == "" {
		t.Skip("PLIMSOLL_FIXTURES is unset: the snapshots of real machines are not here")
	}
	if _, err := os.Stat(filepath.Join(base, "hardware", "INDEX.csv")); err == nil {
		base = filepath.Join(base, "hardware")
	}
	f, err := os.Open(filepath.Join(base, "INDEX.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	col := map[string]int{}
	for i, h := range rows[0] {
		col[h] = i
	}
	var out []snapshot
	for _, r := range rows[1:] {
		g := func(h string) string { return r[col[h]] }
		out = append(out, snapshot{g("machine"), g("file"), filepath.Join(base, g("machine")), g("device_names"),
			g("device_count"), g("memory"), g("unified"), g("cpu_model"), g("cores"), g("notes")})
	}
	return out
}

// TestSnapshots reads every capture of the kinds that belong here with the
// code that reads this machine, and compares with what the index says.
func TestSnapshots(t *testing.T) {
	right, later := map[string]int{}, map[string]int{}
	var misses []string
	listed := map[string]bool{}
	for _, s := range snapshots(t) {
		listed[s.machine] = true
		kind, why := s.check(t)
		switch {
		case kind == "":
			later[laterKind(s.file)]++
		case why == "":
			right[kind]++
		default:
			misses = append(misses, fmt.Sprintf("%-10s %s/%s: %s", kind, s.machine, s.file, why))
		}
	}
	for _, k := range sorted(right) {
		t.Logf("%-12s %d right", k, right[k])
	}
	for _, k := range sorted(later) {
		t.Logf("later: %-40s %d", k, later[k])
	}
	for _, m := range misses {
		reason := ""
		for k, r := range knownMisses {
			if strings.Contains(m, k) {
				reason = r
			}
		}
		if reason == "" {
			t.Errorf("miss: %s", m)
		} else {
			t.Logf("known miss: %s (%s)", m, reason)
		}
	}
	for k := range knownMisses {
		if missed := strings.Contains(strings.Join(misses, "\n"), k); !missed && listed[strings.SplitN(k, "/", 2)[0]] {
			t.Errorf("%s is right: take it off the list of known misses", k)
		}
	}
	if len(right) == 0 {
		t.Error("no snapshot was read")
	}
}

// knownMisses are the rows that cannot be right, with the reason.
var knownMisses = map[string]string{
	"gopsutil-1037/cpuinfo":                      "the kernel's generic name is replaced by those of the cores, which the part numbers tell",
	"nvidia-gb10-dgx-spark/nvidia-smi-query-gpu": "printed without header and without the name: nothing in it says which figure is which",
}

func sorted(m map[string]int) []string {
	var ks []string
	for k := range m {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	return ks
}

func laterKind(file string) string {
	f := strings.SplitN(file, " ", 2)[0]
	if strings.HasPrefix(f, "sys/class/drm") {
		return "sys/class/drm"
	}
	return f
}

// check compares one row. kind is "" when the file is of a kind that is read later.
func (s *snapshot) check(t *testing.T) (kind, why string) {
	text, _ := os.ReadFile(filepath.Join(s.dir, s.file))
	switch base := filepath.Base(s.file); {
	case strings.HasPrefix(base, "nvidia-smi") && !strings.Contains(base, "topo") && !strings.Contains(base, "nvlink"):
		return "nvidia", s.nvidia(text)
	case strings.Contains(base, "nvlink"):
		return "nvlink", s.nvlink(text)
	case base == "cpuinfo":
		f, err := ParseCPUInfo(text)
		if err != nil {
			return "cpu", err.Error()
		}
		return "cpu", s.cpu(f)
	case base == "lscpu.txt":
		f, err := ParseLSCPU(text)
		if err != nil {
			return "lscpu", err.Error()
		}
		return "lscpu", s.cpu(f)
	case strings.HasPrefix(base, "meminfo.") || base == "meminfo":
		return "memory", s.meminfo(t, text)
	case strings.HasPrefix(s.file, "proc/ sys/"):
		return "tree", s.tree(t)
	case strings.Contains(base, "cpu.max") || strings.Contains(base, "cfs_quota") || strings.Contains(base, "memory.max") || strings.Contains(base, "limit_in_bytes") || base == "mountinfo" || base == "proc-self-cgroup" || base == "cpuset.cpus.effective" || base == "memory.high":
		return "container", s.container(t)
	case strings.HasPrefix(s.file, "proc/device-tree/") || s.file == "etc/nv_tegra_release":
		return "jetson", s.jetson(t)
	}
	return "", ""
}

var figure = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)

// nvidia checks names, count, memory and unified memory.
func (s *snapshot) nvidia(text []byte) string {
	r, err := ParseNvidiaSMI(text)
	if err != nil {
		return err.Error()
	}
	as := r.Accelerators
	if want, err := strconv.Atoi(s.count); err == nil && len(as) != want {
		return fmt.Sprintf("%d devices, want %d", len(as), want)
	}
	if len(as) == 0 {
		return "no device"
	}
	a := as[0]
	want, _, cut := strings.Cut(s.names, " ... (")
	want, _, _ = strings.Cut(want, " (name")
	name, dots := strings.CutSuffix(a.Name, " ...") // the table cuts long names
	cut = cut || dots && strings.HasPrefix(want, name)
	if a.Name != "" && a.Name != want && !(cut && strings.HasPrefix(a.Name, name)) {
		return fmt.Sprintf("name %q, want %q", a.Name, want)
	}
	if strings.HasSuffix(s.file, "-L.txt") {
		if strings.Contains(s.machine, "mig") != a.MIG {
			return "MIG mode"
		}
		return ""
	}
	if s.unified == "yes" {
		if !a.NoOwnMemory {
			return "unified memory not seen"
		}
		return ""
	}
	if m := figure.FindString(s.memory); m != "" {
		if got := strconv.FormatInt(a.MemoryTotal>>20, 10); got != m {
			return fmt.Sprintf("memory %s MiB, want %s", got, m)
		}
	}
	if n := regexp.MustCompile(`(\d+) MIG devices?: ([0-9 MiB]+)`).FindStringSubmatch(s.notes); n != nil {
		if want, _ := strconv.Atoi(n[1]); len(a.Slices) != want {
			return fmt.Sprintf("%d MIG devices, want %d", len(a.Slices), want)
		}
		for i, m := range figure.FindAllString(n[2], -1) {
			if i < len(a.Slices) && strconv.FormatInt(a.Slices[i].MemoryTotal>>20, 10) != m {
				return fmt.Sprintf("MIG device %d: %d bytes, want %s MiB", i, a.Slices[i].MemoryTotal, m)
			}
		}
	}
	return ""
}

// nvlink checks that every device is listed, and that a card of a kind that
// has links shows them with the data sheet's total.
func (s *snapshot) nvlink(text []byte) string {
	as := make([]Accelerator, 16)
	n := ParseNVLinkStatus(text, as)
	if want, err := strconv.Atoi(s.count); err == nil && n != want {
		return fmt.Sprintf("%d devices, want %d", n, want)
	}
	// Data sheets: 900 GB/s both ways on H100 and H200 SXM, 600 on A100; the
	// raw rate that is printed lies a little above.
	both := 2 * as[0].NVLinkGBps
	switch {
	case strings.Contains(s.names, "H100") || strings.Contains(s.names, "H200"):
		if as[0].NVLinks != 18 || both < 900 || both > 960 {
			if !strings.Contains(s.machine, "mig") && as[0].NVLinks != 0 {
				return fmt.Sprintf("%d links, %v GB/s", as[0].NVLinks, both)
			}
		}
	case strings.Contains(s.names, "A100"):
		if as[n-1].NVLinks != 12 || both < 600 || both > 620 {
			return fmt.Sprintf("%d links, %v GB/s", as[n-1].NVLinks, both)
		}
	case as[0].NVLinks != 0 || !as[0].NVLinkRead:
		return fmt.Sprintf("%+v", as[0])
	}
	return ""
}

// cpu checks the model's name and, where the capture is whole, its cores.
func (s *snapshot) cpu(f CPUFacts) string {
	if s.model != "" && s.model != "-" && !modelMatches(s.model, f) {
		return fmt.Sprintf("model %q, want %q", f.Name, s.model)
	}
	if strings.Contains(s.notes, "not for the core count") {
		return ""
	}
	for _, part := range strings.Split(s.cores, ",") {
		part = strings.TrimSpace(part)
		n, err := strconv.Atoi(figure.FindString(part))
		if err != nil {
			continue
		}
		got := f.Threads
		switch {
		case strings.Contains(part, "core") && !strings.Contains(part, "block"):
			got = f.Cores
		case strings.Contains(part, "socket"):
			got = f.Sockets
		case strings.Contains(part, "NUMA") || strings.Contains(part, "SMT"):
			continue
		}
		if got != n {
			return fmt.Sprintf("%d, want %q", got, part)
		}
	}
	for _, w := range []string{"amx_bf16", "amx_int8"} {
		if strings.Contains(s.notes, w) && !has(f.ISA, w) {
			return "lacks " + w
		}
	}
	return ""
}

// modelMatches compares by the words of the expected name: "10x Cortex-X925
// (0xd85) + 10x Cortex-A725 (0xd87)" wants both kinds, "Neoverse-V2 (Grace or
// Graviton4)" one.
func modelMatches(want string, f CPUFacts) bool {
	if f.Name == want {
		return true
	}
	counted := regexp.MustCompile(`^(\d+)x (\S+)`)
	for _, part := range strings.Split(want, " + ") {
		part, _, _ = strings.Cut(part, " (")
		part = strings.TrimPrefix(strings.TrimPrefix(part, "NVIDIA "), "Qualcomm ")
		if m := counted.FindStringSubmatch(part); m != nil {
			n, _ := strconv.Atoi(m[1])
			ok := false
			for _, c := range f.Clusters {
				ok = ok || c.Name == m[2] && c.Cores == n
			}
			if !ok {
				return false
			}
			continue
		}
		if part == "Apple Icestorm/Firestorm" {
			return strings.Contains(f.Name, "Icestorm") && strings.Contains(f.Name, "Firestorm")
		}
		if !strings.Contains(f.Name, part) {
			return false
		}
	}
	return true
}

func (s *snapshot) meminfo(t *testing.T, text []byte) string {
	r := detectRoot(t, root(t, map[string]string{"proc/meminfo": string(text)}), nil)
	return s.total(r)
}

func (s *snapshot) total(r *Report) string {
	h := r.Machine.Nodes[0].Host
	want, err := strconv.ParseInt(figure.FindString(s.memory), 10, 64)
	if err != nil {
		return ""
	}
	if h.MemoryBytes != want<<10 {
		return fmt.Sprintf("memory %d bytes, want %d kB", h.MemoryBytes, want)
	}
	if h.AvailableBytes <= 0 || h.AvailableBytes > h.MemoryBytes {
		return fmt.Sprintf("available %d of %d bytes", h.AvailableBytes, h.MemoryBytes)
	}
	return ""
}

// tree runs the whole detection on a snapshot's file tree.
func (s *snapshot) tree(t *testing.T) string {
	r := detectRoot(t, s.dir, nil)
	if why := s.total(r); why != "" {
		return why
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "proc/cpuinfo"))
	if err != nil {
		return ""
	}
	f, err := ParseCPUInfo(text)
	if err != nil {
		return err.Error()
	}
	return s.cpu(f)
}

// container builds the file system that the captured files stood in.
func (s *snapshot) container(t *testing.T) string {
	dir := s.dir
	if _, err := os.Stat(filepath.Join(dir, "sys")); err != nil {
		files := map[string]string{}
		group := "sys/fs/cgroup"
		read := func(name string) string {
			b, _ := os.ReadFile(filepath.Join(s.dir, name))
			return string(b)
		}
		if m := read("mountinfo"); m != "" {
			files["proc/self/mountinfo"] = m
		}
		if c := read("proc-self-cgroup"); c != "" {
			files["proc/self/cgroup"] = c
		}
		switch {
		case s.machine == "cgroup-v2-cpu-limit":
			group = "sys/fs/cgroup/Example"
		case strings.HasPrefix(s.machine, "cgroup-v1-") && s.machine != "cgroup-v1-v2-hybrid":
			group = "sys/fs/cgroup/cpu,cpuacct"
		}
		for _, name := range []string{"cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us"} {
			if v := read(name); v != "" {
				files[group+"/"+name] = v
			}
		}
		dir = root(t, files)
	}
	l := ReadLimits(dir)
	// What the index says of the machine, in its memory, cores and notes.
	memory, cpus := 0.0, 0.0
	if m := regexp.MustCompile(`(\d+) B`).FindStringSubmatch(s.memory); m != nil {
		memory, _ = strconv.ParseFloat(m[1], 64)
	}
	value := s.sibling("cpu.max")
	if m := regexp.MustCompile(`(\d+) usable of`).FindStringSubmatch(s.cores); m != nil {
		cpus, _ = strconv.ParseFloat(m[1], 64)
	} else if f := strings.Fields(value); len(f) > 0 && f[0] != "max" {
		period := 100000.0
		if len(f) > 1 {
			period, _ = strconv.ParseFloat(f[1], 64)
		}
		quota, _ := strconv.ParseFloat(f[0], 64)
		cpus = quota / period
	} else if q, err := strconv.ParseFloat(s.sibling("cpu.cfs_quota_us"), 64); err == nil && q > 0 {
		period, _ := strconv.ParseFloat(s.sibling("cpu.cfs_period_us"), 64)
		cpus = q / period
	}
	if v, err := strconv.ParseFloat(s.sibling("memory.max"), 64); err == nil && memory == 0 {
		memory = v
	}
	if float64(l.MemoryBytes) != memory || l.CPUs != cpus {
		return fmt.Sprintf("%d bytes, %v processors, want %v, %v", l.MemoryBytes, l.CPUs, memory, cpus)
	}
	return ""
}

// sibling is the text of a file of the machine, wherever it lies.
func (s *snapshot) sibling(name string) string {
	for _, dir := range []string{"", "sys/fs/cgroup", "sys/fs/cgroup/memory", "sys/fs/cgroup/cpu,cpuacct"} {
		if b, err := os.ReadFile(filepath.Join(s.dir, dir, name)); err == nil {
			return strings.TrimSpace(string(b))
		}
	}
	return ""
}

func (s *snapshot) jetson(t *testing.T) string {
	a, ok := tegra(newSystem(s.dir, nil))
	if !ok || !a.NoOwnMemory || !strings.Contains(a.Name, "Jetson") {
		return fmt.Sprintf("%+v %v", a, ok)
	}
	return ""
}
