package facts

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/hardware/detect"
	"github.com/plimsoll/plimsoll/profiles"
)

// The snapshots of real machines are not part of this repository: the folder
// is named by PLIMSOLL_FIXTURES. Each row of its index says what a right
// detection must report of one file; what no file of a machine holds is a miss
// with its reason.

// indexRow is one row of the index.
type indexRow struct {
	machine, file, dir string
	columns            map[string]string
}

func indexRows(t *testing.T) []indexRow {
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
	var out []indexRow
	for _, r := range rows[1:] {
		c := map[string]string{}
		for i, h := range rows[0] {
			c[h] = r[i]
		}
		out = append(out, indexRow{c["machine"], c["file"], filepath.Join(base, c["machine"]), c})
	}
	return out
}

func detected(t *testing.T, dir string) *detect.Report {
	t.Helper()
	r, err := detect.Local(context.Background(), detect.Options{Root: dir, Catalogue: profiles.Catalogue{}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// inventories are lists of machines that a scheduler or manager keeps, not
// answers of a machine to detection.
func inventory(machine string) bool {
	for _, p := range []string{"k8s-", "slurm-", "ray-", "gpustack-"} {
		if strings.HasPrefix(machine, p) {
			return true
		}
	}
	return false
}

// missing are the facts that no file of the machine holds, or that its files
// tell otherwise, each with the reason.
var missing = map[string]string{
	"epyc-9375f-2s cpu_model":                "numactl, the only capture, names no processor",
	"gopsutil-1037 cpu_model":                "the kernel's generic name is replaced by those of the cores, which the part numbers tell",
	"macos-m4-pro-sysctl device_names":       "the excerpt of sysctl leaves out the chip's name and the model",
	"nvidia-rtx4090-8x-pcie device_names":    "nvidia-smi topo -m, the only capture, names no card",
	"nvidia-rtx4090-8x-pcie cores":           "nvidia-smi topo -m, the only capture, lists processors of the nodes that have devices only",
	"strix-halo-flow-z13-128gb device_names": "the capture holds neither the PCI id nor the processor's name",
	"strix-halo-flow-z13-128gb cpu_model":    "no file of the capture names the processor",
	"sysfs-amd-r7-240 device_names":          "AMD's list calls this revision of the chip Radeon R7 200 Series",
	"windows-arc-b580 cpu_model":             "no file of the capture names the processor",
	"wsl2-host-256gb memory":                 "two figures in prose, no file of a machine",
	"xeon-8462y-2s-h100-4x cpu_model":        "lspci, the only capture, names no processor",
	"xeon-8462y-2s-h100-4x cores":            "lspci, the only capture, tells of no processor",
	"nvidia-dgx-a100-40gb-8x device_names":   "nvidia-smi topo -m, the only capture, names no card",
}

// otherwise are devices that a tool gives no name: detection names them by
// their PCI ids.
var otherwise = map[string]string{"0x1002": "Radeon RX 6700 XT", "D05101": "Radeon PRO WX 9100", "Graphics Device": "GeForce GTX 1660"}

// TestFixtureTable runs the whole detection on every machine of the index and
// prints what it found against what it must find.
func TestFixtureTable(t *testing.T) {
	rows := indexRows(t)
	var machines []string
	byMachine := map[string][]indexRow{}
	for _, r := range rows {
		if len(byMachine[r.machine]) == 0 {
			machines = append(machines, r.machine)
		}
		byMachine[r.machine] = append(byMachine[r.machine], r)
	}
	right, facts, wrong, skipped := 0, 0, 0, 0
	for _, m := range machines {
		if inventory(m) {
			skipped++
			continue
		}
		r := detected(t, byMachine[m][0].dir)
		whole := seenOf(r)
		done := map[string]bool{}
		ok, line := true, ""
		for _, row := range byMachine[m] {
			seen := whole
			if strings.HasPrefix(row.file, "meminfo.") { // the same machine twice
				seen = seenOf(detected(t, alone(t, row.dir, row.file, "proc/meminfo")))
			}
			for _, fact := range []string{"device_names", "device_count", "memory", "unified", "cpu_model", "cores", "notes"} {
				want := row.columns[fact]
				if want == "" || done[fact+want] {
					continue
				}
				done[fact+want] = true
				why, judged := seen.check(&row, fact, want)
				if !judged {
					continue
				}
				facts++
				if why == "" {
					continue
				}
				reason := missing[m+" "+fact]
				if reason == "" {
					t.Errorf("%s: %s: %s", m, fact, why)
				}
				wrong++
				ok = false
				line += fmt.Sprintf("\n      MISS %s: %s (%s)", fact, why, reason)
			}
		}
		if ok {
			right++
		}
		t.Logf("%-40s %s%s", m, whole.short(), line)
	}
	t.Logf("%d of %d machines right in every fact; %d of %d facts right; %d inventories are not read by detection", right, len(machines)-skipped, facts-wrong, facts, skipped)
	if right == 0 {
		t.Error("no machine was right: is the index empty?")
	}
}

// alone is a folder with one file of a snapshot, under another name.
func alone(t *testing.T, dir, file, as string) string {
	t.Helper()
	root := t.TempDir()
	to := filepath.Join(root, filepath.FromSlash(as))
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return root
}

// seen is what a report says, in the terms of the index.
type seen struct {
	r         *detect.Report
	names     []string // as sources and catalogue call the devices
	count     int
	sizes     []int64 // of memories, in bytes
	cpu       string
	cores     map[string]int // cores, threads, sockets, NUMA nodes
	clusters  []string
	limitCPUs float64
}

var deviceFinding = regexp.MustCompile(`^device (\d+) (.*)$`)
var digits = regexp.MustCompile(`\d+`)

func seenOf(r *detect.Report) *seen {
	s := &seen{r: r, cores: map[string]int{}}
	h := &r.Machine.Nodes[0].Host
	s.sizes = append(s.sizes, h.MemoryBytes, h.LimitBytes)
	cards := map[string]bool{}
	for _, f := range r.Findings {
		if m := deviceFinding.FindStringSubmatch(f.What); m != nil {
			cards[m[1]] = true
			if strings.Contains(f.What, "memory") {
				for _, d := range digits.FindAllString(f.Value, -1) {
					n, _ := strconv.ParseInt(d, 10, 64)
					s.sizes = append(s.sizes, n)
				}
			}
			if m[2] == "name" {
				s.names = append(s.names, f.Value)
			}
		}
		switch {
		case f.What == "model" && f.Source == "cpu":
			s.cpu = f.Value
		case f.What == "cores":
			n := digits.FindAllString(f.Value, -1)
			for i, k := range []string{"cores", "threads", "sockets"} {
				s.cores[k], _ = strconv.Atoi(n[i])
			}
		case f.What == "numa nodes":
			s.cores["NUMA"], _ = strconv.Atoi(f.Value)
		case f.What == "cluster":
			s.clusters = append(s.clusters, f.Value)
		case f.What == "cpu limit":
			s.limitCPUs, _ = strconv.ParseFloat(strings.Fields(f.Value)[0], 64)
		}
	}
	for _, d := range r.Machine.Nodes[0].Devices {
		s.names = append(s.names, d.Name)
		s.sizes = append(s.sizes, d.MemoryBytes, d.UsableBytes)
	}
	s.count = len(cards)
	onBus := map[string]bool{}
	for _, f := range r.Findings {
		if f.Source == "pci" {
			onBus[f.What] = true
		}
	}
	if len(cards) == 0 {
		s.count = len(onBus)
	}
	for _, x := range r.Recognised {
		s.names = append(s.names, x.Name)
		if x.Source == "cpu" || x.Kind == "npu" && x.Source != "pci" {
			s.count++
		}
	}
	return s
}

func (s *seen) short() string {
	n := &s.r.Machine.Nodes[0]
	var ds []string
	for _, d := range n.Devices {
		text := fmt.Sprintf("%s %.1fG", d.ID, float64(d.MemoryBytes)/(1<<30))
		if d.Unified {
			text += " unified"
		}
		if d.Slice != "" {
			text += " " + d.Slice
		}
		if len(ds) == 0 || ds[len(ds)-1] != text {
			ds = append(ds, text)
		}
	}
	for _, x := range s.r.Recognised {
		ds = append(ds, "("+x.Name+")")
	}
	return fmt.Sprintf("%d seen, %d devices [%s]; %s, %v; host %.1f GiB", s.count, len(n.Devices), strings.Join(ds, ", "), s.cpu, s.cores, float64(n.Host.MemoryBytes)/(1<<30))
}

// check compares one fact; judged is false where the index states none that
// a file could tell.
func (s *seen) check(row *indexRow, fact, want string) (why string, judged bool) {
	switch fact {
	case "device_names":
		return s.checkNames(want)
	case "device_count":
		return s.checkCount(row, want)
	case "memory":
		return s.checkMemory(want)
	case "unified":
		return s.checkUnified(want)
	case "cpu_model":
		return s.checkCPU(want)
	case "cores":
		return s.checkCores(row, want)
	case "notes":
		return s.checkNotes(row, want)
	}
	return "", false
}

var aside = regexp.MustCompile(`\s*\((device name derived|from the|name cut|issue speaks|from the CPU|from the text)[^)]*\)|\.\.\.`)

func nameWords(s string) []string {
	s = strings.ToLower(s)
	for _, drop := range []string{"(r)", "(tm)", "[", "]", "(", ")", "/", ",", "-"} {
		s = strings.ReplaceAll(s, drop, " ")
	}
	var out []string
	for _, w := range strings.Fields(s) {
		switch w {
		case "nvidia", "amd", "intel", "corporation", "advanced", "micro", "devices", "inc.", "ati", "geforce", "graphics", "gpu", "series", "device", "rev", "a1", "id", "rocm", "igpu", "nvgpu":
			continue
		}
		out = append(out, w)
	}
	return out
}

// sameName says whether all words of one are among the other's.
func sameName(a, b string) bool {
	x, y := nameWords(a), nameWords(b)
	if len(x) == 0 || len(y) == 0 {
		return false
	}
	in := func(x, y []string) bool {
		for _, w := range x {
			if !slices.Contains(y, w) {
				return false
			}
		}
		return true
	}
	return in(x, y) || in(y, x) || strings.Contains(strings.Join(x, ""), strings.Join(y, ""))
}

func (s *seen) checkNames(want string) (string, bool) {
	if strings.HasPrefix(want, "PCI display") || strings.HasPrefix(want, "(") || want == "seven products" || strings.HasPrefix(want, "none visible") {
		return "", false
	}
	for _, name := range strings.Split(want, "|") {
		if m := kfdWant.FindStringSubmatch(name); m != nil {
			version, _ := strconv.Atoi(m[1])
			id, _ := strconv.Atoi(m[2])
			target, pci := fmt.Sprintf("gfx%d%x%x", version/10000, version/100%100, version%100), fmt.Sprintf("1002:%04x", id)
			if !s.found("compute capability", target) || !s.found("pci id", pci) {
				return "no " + target + " of " + pci, true
			}
			continue
		}
		if known := otherwise[name]; known != "" {
			name = known
		}
		name = aside.ReplaceAllString(name, "")
		if strings.HasPrefix(name, "Microsoft Remote") {
			if slices.ContainsFunc(s.names, func(n string) bool { return strings.Contains(n, "Microsoft") }) {
				return "a remote-desktop adapter counts as a device", true
			}
			continue
		}
		for _, alt := range []string{name, strings.SplitN(name, " (", 2)[0], innerBrackets(name)} {
			if alt != "" && slices.ContainsFunc(s.names, func(n string) bool { return sameName(n, alt) }) {
				name = ""
				break
			}
		}
		if name != "" {
			return fmt.Sprintf("no %q among %q", name, s.names), true
		}
	}
	return "", true
}

var kfdWant = regexp.MustCompile(`gfx_target_version (\d+) device_id (\d+)`)

// found says whether a finding about a device has a value.
func (s *seen) found(what, value string) bool {
	return slices.ContainsFunc(s.r.Findings, func(f detect.Finding) bool {
		return strings.HasSuffix(f.What, what) && f.Value == value
	})
}

func innerBrackets(s string) string {
	if i := strings.IndexByte(s, '['); i >= 0 {
		in, _, _ := strings.Cut(s[i+1:], "]")
		return in
	}
	return ""
}

func (s *seen) checkCount(row *indexRow, want string) (string, bool) {
	d := digits.FindString(want)
	n, err := strconv.Atoi(d)
	if err != nil {
		return "", false
	}
	if strings.Contains(row.columns["device_names"], "Microsoft Remote") {
		n-- // it must not count
	}
	if s.count != n {
		return fmt.Sprintf("%d devices, want %d", s.count, n), true
	}
	return "", true
}

var cardSize = regexp.MustCompile(`(\d+) GB card`)
var sized = regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?) ?(B|kB|MiB|MB|GiB|Gi|Mi|GB)\b`)

func (s *seen) checkMemory(want string) (string, bool) {
	if strings.Contains(want, "use MemTotal") || strings.HasPrefix(want, "not in these files: MemTotal") {
		for _, d := range s.r.Machine.Nodes[0].Devices {
			if d.Unified {
				return "", true
			}
		}
		return "no device that uses the main memory", true
	}
	has := func(v, slack float64) bool {
		return slices.ContainsFunc(s.sizes, func(n int64) bool { return math.Abs(float64(n)-v) <= slack })
	}
	if m := cardSize.FindStringSubmatch(want); m != nil {
		g, _ := strconv.ParseFloat(m[1], 64)
		if !has(g*(1<<30), g*(1<<30)*0.07) {
			return fmt.Sprintf("%v, want about %s GB", s.sizes, m[1]), true
		}
		return "", true
	}
	if strings.HasPrefix(want, "MIG") || strings.Contains(want, "as listed") {
		return "", false
	}
	if _, mig, ok := strings.Cut(want, "; MIG "); ok {
		for _, d := range digits.FindAllString(strings.TrimSuffix(mig, " MiB"), -1) {
			n, _ := strconv.ParseFloat(d, 64)
			if !strings.HasPrefix(mig, "instances") && !has(n*(1<<20), 0) {
				return fmt.Sprintf("no slice of %s MiB among %v", d, s.sizes), true
			}
		}
	}
	figures := sized.FindAllStringSubmatch(want, -1)
	if len(figures) == 0 {
		return "", false
	}
	for i, f := range figures {
		v, _ := strconv.ParseFloat(f[1], 64)
		unit := map[string]float64{"B": 1, "kB": 1 << 10, "Mi": 1 << 20, "MiB": 1 << 20, "MB": 1 << 20, "GiB": 1 << 30, "Gi": 1 << 30, "GB": 1 << 30}[f[2]]
		slack := 0.0
		if f[2] == "Gi" || f[2] == "Mi" {
			slack = 0.06 * unit
		}
		if f[2] == "Gi" && !strings.Contains(f[1], ".") {
			slack = 0.6 * unit
		}
		if f[2] == "MB" {
			slack = unit
		}
		if !has(v*unit, slack) {
			if i > 0 && strings.Contains(want, "AdapterRAM") {
				continue
			}
			return fmt.Sprintf("no %s %s among %v", f[1], f[2], s.sizes), true
		}
	}
	return "", true
}

func (s *seen) checkUnified(want string) (string, bool) {
	ds := s.r.Machine.Nodes[0].Devices
	shared := slices.ContainsFunc(s.r.Recognised, func(x detect.Recognised) bool { return x.Integrated })
	switch {
	case strings.HasPrefix(want, "no ("): // a card and an integrated GPU
		if len(ds) != 1 || ds[0].Unified || !shared {
			return "the integrated GPU is not told from the card", true
		}
	case strings.HasPrefix(want, "yes"):
		if len(ds) == 0 && !shared {
			return "", false // a board or processor: there is no device that could share
		}
		if len(ds) > 0 && !ds[0].Unified {
			return "not unified", true
		}
	case want == "no":
		if len(ds) == 0 {
			return "", false
		}
		for _, d := range ds {
			if d.Unified {
				return d.Name + " is unified", true
			}
		}
	default:
		return "", false
	}
	return "", true
}

var clusterWant = regexp.MustCompile(`^(\d+)x (.*)$`)

func (s *seen) checkCPU(want string) (string, bool) {
	if want == "-" {
		return "", false
	}
	for _, part := range strings.Split(want, " + ") {
		part, _, _ = strings.Cut(part, " (part")
		part, _, _ = strings.Cut(part, " (0x")
		part, _, _ = strings.Cut(part, " (impl")
		part, _, _ = strings.Cut(part, " (Grace")
		part = strings.TrimPrefix(strings.TrimPrefix(part, "NVIDIA "), "Qualcomm ")
		if m := clusterWant.FindStringSubmatch(part); m != nil {
			if !slices.Contains(s.clusters, m[1]+" of "+m[2]) && !(m[1] == "2" && s.cores["sockets"] == 2 && strings.Contains(s.cpu, m[2])) {
				return fmt.Sprintf("%q %v, want %q", s.cpu, s.clusters, part), true
			}
			continue
		}
		if part == "Apple Icestorm/Firestorm" {
			part = "Firestorm"
		}
		if !strings.Contains(s.cpu, part) {
			return fmt.Sprintf("%q, want %q", s.cpu, part), true
		}
	}
	return "", true
}

func (s *seen) checkCores(row *indexRow, want string) (string, bool) {
	if strings.Contains(row.columns["notes"], "not for the core count") || strings.Contains(row.columns["what"], "one processor block") {
		return "", false
	}
	if strings.Contains(want, "usable of") {
		return "", false // judged by the notes
	}
	if strings.Contains(want, "cpu_cores_count") {
		return "", false // of the topology of GPUs: the processor's own files are not in it
	}
	judged := false
	for _, part := range strings.Split(want, ",") {
		part = strings.TrimSpace(part)
		n, err := strconv.Atoi(digits.FindString(part))
		if err != nil {
			continue
		}
		key := "threads"
		switch {
		case strings.Contains(part, "socket"):
			key = "sockets"
		case strings.Contains(part, "NUMA"):
			key = "NUMA"
		case strings.Contains(part, "core"):
			key = "cores"
		case strings.Contains(part, "SMT"):
			continue
		}
		judged = true
		if got := s.cores[key]; got != n {
			return fmt.Sprintf("%d %s, want %q", got, key, part), true
		}
	}
	return "", judged
}

func (s *seen) checkNotes(row *indexRow, want string) (string, bool) {
	isa := s.r.Machine.Nodes[0].Host.CPU.ISA
	for _, w := range []string{"amx_bf16", "amx_int8"} {
		if strings.Contains(want, w) && !slices.Contains(isa, w) {
			return "lacks " + w, true
		}
	}
	if m := regexp.MustCompile(`cores usable = (\d+)/(\d+)`).FindStringSubmatch(want); m != nil {
		q, _ := strconv.ParseFloat(m[1], 64)
		p, _ := strconv.ParseFloat(m[2], 64)
		if got := s.r.Machine.Nodes[0].Host.UsableCores; got != q/p {
			return fmt.Sprintf("%v usable processors, want %v", got, q/p), true
		}
		return "", true
	}
	return "", strings.Contains(want, "amx")
}
