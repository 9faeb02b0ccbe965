package detect

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/hardware"
)

// appleFacts is what macOS says of an Apple chip: of the processor and of the
// GPU, which share one memory.
type appleFacts struct {
	Chip       string // "Apple M1 Pro"
	CPUCores   int
	Fast, Slow int // performance and efficiency cores
	GPUCores   int // 0: not told
	Memory     int64
	MemoryType string
	WiredLimit int64 // what the user lets the GPU wire; 0: the system's default
	ISA        []string
	Model      string // "Mac15,8"
}

// merge takes from other what f does not know.
func (f *appleFacts) merge(other appleFacts) {
	text := func(to *string, from string) {
		if *to == "" {
			*to = from
		}
	}
	text(&f.Chip, other.Chip)
	text(&f.MemoryType, other.MemoryType)
	text(&f.Model, other.Model)
	whole := func(to *int, from int) {
		if *to == 0 {
			*to = from
		}
	}
	whole(&f.CPUCores, other.CPUCores)
	whole(&f.Fast, other.Fast)
	whole(&f.Slow, other.Slow)
	whole(&f.GPUCores, other.GPUCores)
	if f.Memory == 0 {
		f.Memory = other.Memory
	}
	if f.WiredLimit == 0 {
		f.WiredLimit = other.WiredLimit
	}
	if len(f.ISA) == 0 {
		f.ISA = other.ISA
	}
}

// apple asks macOS: sysctl answers at once, ioreg tells the GPU's cores, and
// system_profiler, which is slow, only what those did not.
func (s *system) apple(ctx context.Context) (appleFacts, []string) {
	var f appleFacts
	var notes []string
	if s.live {
		out, err := s.command(ctx, tool{name: "sysctl", args: []string{"hw", "machdep.cpu", "iogpu"}, paths: []string{"/usr/sbin/sysctl"}})
		if err != nil && len(out) == 0 {
			notes = append(notes, "sysctl: "+err.Error())
		}
		f.merge(parseSysctl(out))
		if out, err := s.command(ctx, tool{name: "ioreg", args: []string{"-rc", "AGXAccelerator", "-d", "1"}, paths: []string{"/usr/sbin/ioreg"}}); err == nil {
			f.merge(parseIOReg(out))
		}
		if f.GPUCores == 0 || f.Chip == "" {
			out, err := s.command(ctx, tool{name: "system_profiler", args: []string{"-json", "SPHardwareDataType", "SPDisplaysDataType"}, paths: []string{"/usr/sbin/system_profiler"}})
			if err != nil {
				notes = append(notes, "system_profiler: "+err.Error())
			}
			f.merge(parseSystemProfiler(out))
		}
		return f, notes
	}
	for _, name := range s.captured("sysctl-") {
		if b, err := s.read(name); err == nil {
			f.merge(parseSysctl(b))
		}
	}
	for _, name := range s.captured("ioreg-") {
		if b, err := s.read(name); err == nil {
			f.merge(parseIOReg(b))
		}
	}
	for _, name := range s.captured("system_profiler", "SPHardwareDataType", "SPMemoryDataType", "SPDisplaysDataType", "hardware-fields") {
		if b, err := s.read(name); err == nil {
			f.merge(parseSystemProfiler(b))
		}
	}
	return f, notes
}

// parseSysctl reads what `sysctl hw machdep` prints. Lines that it does not
// know count for nothing.
func parseSysctl(text []byte) appleFacts {
	var f appleFacts
	v := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if k, val, ok := strings.Cut(line, ":"); ok && len(v) < 4096 {
			v[strings.TrimSpace(k)] = strings.TrimSpace(val)
		}
	}
	f.Chip = v["machdep.cpu.brand_string"]
	f.Memory = plainBytes(v["hw.memsize"])
	for _, k := range []string{"hw.physicalcpu_max", "hw.physicalcpu", "machdep.cpu.core_count", "hw.ncpu"} {
		if f.CPUCores == 0 {
			f.CPUCores = smiInt(v[k])
		}
	}
	f.Fast, f.Slow = smiInt(v["hw.perflevel0.physicalcpu"]), smiInt(v["hw.perflevel1.physicalcpu"])
	f.Model = v["hw.model"]
	if mb, err := strconv.ParseInt(firstOf(v["iogpu.wired_limit_mb"], v["debug.iogpu.wired_limit"]), 10, 64); err == nil && mb > 0 && mb < 1<<24 {
		f.WiredLimit = mb << 20
	}
	var flags []string
	for _, k := range [][2]string{
		{"hw.optional.neon", "asimd"}, {"hw.optional.AdvSIMD", "asimd"}, {"hw.optional.arm.AdvSIMD", "asimd"}, {"hw.optional.arm.FEAT_DotProd", "asimddp"},
		{"hw.optional.arm.FEAT_I8MM", "i8mm"}, {"hw.optional.arm.FEAT_BF16", "bf16"}, {"hw.optional.arm.FEAT_SME", "sme"},
		{"hw.optional.avx2_0", "avx2"}, {"hw.optional.avx512f", "avx512f"},
	} {
		if v[k[0]] == "1" {
			flags = append(flags, k[1])
		}
	}
	f.ISA = isaWords(flags)
	return f
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

var gpuCoreCount = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"gpu-core-count"\s*=\s*(\d+)`) })

// parseIOReg finds the GPU's cores in `ioreg -rc AGXAccelerator`.
func parseIOReg(text []byte) appleFacts {
	if m := gpuCoreCount().FindSubmatch(text); m != nil {
		return appleFacts{GPUCores: smiInt(string(m[1]))}
	}
	return appleFacts{}
}

// accelerator is the chip's GPU.
func (f *appleFacts) accelerator() (Accelerator, bool) {
	if !strings.HasPrefix(f.Chip, "Apple") && f.Chip != "" {
		return Accelerator{}, false // an Intel Mac
	}
	if f.Chip == "" {
		f.Chip = ids()["mac"][f.Model][""]
	}
	if f.Chip == "" && f.Fast == 0 && f.Memory == 0 {
		return Accelerator{}, false
	}
	a := Accelerator{
		Vendor: "Apple", Name: f.Chip, NoOwnMemory: true, NUMANode: -1, ComputeUnits: f.GPUCores,
		SharedTotal: f.WiredLimit, Kind: hardware.GPU,
	}
	if a.Name == "" {
		a.Name = "Apple chip of unknown name"
	}
	return a, true
}

// appleNames are the names to look a chip's GPU up by: with its cores, which
// tell the variants apart, then without.
func appleNames(chip string, cores int) []string {
	if cores > 0 {
		return []string{fmt.Sprintf("%s (%d-core GPU)", chip, cores), chip}
	}
	return []string{chip}
}

// cpu is the chip's processor.
func (f *appleFacts) cpu() CPUFacts {
	if f.Chip == "" {
		f.Chip = ids()["mac"][f.Model][""]
	}
	c := CPUFacts{Name: f.Chip, Vendor: "Apple", Threads: f.CPUCores, Cores: f.CPUCores, Sockets: 1, ISA: f.ISA}
	if !strings.HasPrefix(f.Chip, "Apple") {
		c.Vendor = "Intel"
	}
	if f.Chip == "" {
		c.Vendor = "Apple"
	}
	if f.Fast > 0 && f.Slow > 0 {
		c.Clusters = []Cluster{{"performance", f.Fast}, {"efficiency", f.Slow}}
	}
	return c
}

// appleSource hands on what the system said of the chip's GPU.
type appleSource struct{ sys *system }

func (s *appleSource) Name() string { return "apple" }

func (s *appleSource) Read(ctx context.Context) (Reading, error) {
	f, _ := s.sys.apple(ctx)
	if a, ok := f.accelerator(); ok {
		return Reading{Accelerators: []Accelerator{a}}, nil
	}
	return Reading{}, nil
}
