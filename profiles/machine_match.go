package profiles

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// Catalogue is the catalogue as detection sees it; its zero value is ready.
type Catalogue struct{}

// MatchDevice is [MatchDevice].
func (Catalogue) MatchDevice(name string, memoryBytes int64, pciID, vendor string) (*hardware.Device, string, bool) {
	return MatchDevice(name, memoryBytes, pciID, vendor)
}

// MatchCPU is [MatchCPU].
func (Catalogue) MatchCPU(name string, cores int) (*hardware.CPU, string, bool) {
	return MatchCPU(name, cores)
}

// AssumedCPU is [AssumedCPU].
func (Catalogue) AssumedCPU(cores int, isa []string, vendor string) *hardware.CPU {
	return AssumedCPU(cores, isa, vendor)
}

// MatchDevice finds the accelerator that a driver reports: its name, the total
// memory in bytes (0: not reported), its PCI id ("10de:2684" or "2684"; may be
// empty) and its vendor (may be empty). Cards that share a name are told apart
// by memory, cards that share both by PCI id; a memory size more than 12% off
// refuses the match, so that a 48 GB card never passes for the 24 GB one. how
// says what the match rests on.
func MatchDevice(name string, memoryBytes int64, pciID, vendor string) (device *hardware.Device, how string, ok bool) {
	want := names.Normalize(name)
	pci := pciDevice(pciID)
	best := candidate{off: 2}
	ties := 0
	for r := range accelerators.rows() {
		c := candidate{row: r, name: reports(&r, want)}
		c.pci = pci != "" && slices.Contains(r.list("pci_device_ids"), pci)
		if c.name == 0 && !c.pci || vendor != "" && !sameVendor(r.text("vendor"), vendor) {
			continue
		}
		if c.off = memoryOff(&r, memoryBytes); c.off > 0.12 {
			continue
		}
		switch order := c.compare(&best); {
		case order > 0:
			best, ties = c, 1
		case order == 0:
			ties++
		}
	}
	// Parts that share all that was reported: with the memory known, they
	// differ little and the first stands for them; without it (or with only
	// a PCI id, which siblings of one chip share) no answer beats a wrong one.
	if ties == 0 || ties > 1 && (memoryBytes == 0 || best.name == 0) {
		return nil, "", false
	}
	d, err := deviceOf(&best.row)
	if err != nil {
		return nil, "", false
	}
	how = best.how(memoryBytes)
	if ties > 1 {
		how += fmt.Sprintf("; one of %d that report the same", ties)
	}
	return d, how, true
}

// candidate is a catalogue line that may be the device seen.
type candidate struct {
	row  row
	name int // 2: as reported, 1: but for the memory size in the name
	pci  bool
	off  float64 // relative difference of the memory sizes
}

// compare orders candidates by name and PCI id, then by memory.
func (c *candidate) compare(than *candidate) int {
	score := func(c *candidate) int {
		n := 2 * c.name
		if c.pci {
			n++
		}
		return n
	}
	const same = 0.005 // sizes read closer than this are one size
	if d := cmp.Compare(score(c), score(than)); d != 0 {
		return d
	}
	switch {
	case c.off < than.off-same:
		return 1
	case c.off > than.off+same:
		return -1
	}
	return 0
}

func (c *candidate) how(memoryBytes int64) string {
	var by []string
	if c.name > 0 {
		by = append(by, "name")
	}
	if memoryBytes > 0 && c.row.text("unified") != "yes" {
		by = append(by, "memory size")
	}
	if c.pci {
		by = append(by, "PCI id")
	}
	return "by " + strings.Join(by, ", ")
}

// reports says how well what the line's device calls itself fits a normalised
// name: 2 letter for letter, 1 but for a memory size at the end of one.
func reports(r *row, want string) int {
	if want == "" {
		return 0
	}
	best := 0
	fit := func(name string) {
		n := names.Normalize(name)
		if n == want {
			best = 2
		}
		if bare, _ := cutSize(n); bare == want {
			best = max(best, 1)
		} else if bareWant, _ := cutSize(want); n == bareWant {
			best = max(best, 1)
		}
	}
	for n := range strings.SplitSeq(r.text("name_match"), "|") {
		fit(n)
	}
	fit(r.text("name"))
	return best
}

func memoryOff(r *row, memoryBytes int64) float64 {
	nominal := float64(r.gib("memory_gb"))
	if memoryBytes <= 0 || nominal == 0 || len(r.list("sizes_gb")) > 0 {
		return 0
	}
	total := nominal
	if v := r.number("driver_mib"); v > 0 {
		total = v * float64(hardware.MiB)
	}
	off := float64(memoryBytes)/total - 1
	if off < 0 {
		off = -off
	}
	return off
}

// pciDevice cuts the device part of a PCI id, in lower case ("10de:2684" -> "2684").
func pciDevice(id string) string {
	id = strings.ToLower(strings.TrimSpace(id))
	if i := strings.LastIndexByte(id, ':'); i >= 0 {
		id = id[i+1:]
	}
	id = strings.TrimPrefix(id, "0x")
	if len(id) != 4 {
		return ""
	}
	return id
}

// sameVendor compares vendor names as drivers write them.
func sameVendor(a, b string) bool {
	short := func(s string) string {
		s = strings.ToLower(s)
		for _, v := range []string{"nvidia", "amd", "intel", "apple", "qualcomm", "google"} {
			if strings.HasPrefix(s, v) {
				return v
			}
		}
		switch {
		case strings.HasPrefix(s, "advanced micro"), strings.HasPrefix(s, "authentic"), strings.HasPrefix(s, "ati"):
			return "amd"
		case strings.HasPrefix(s, "genuineintel"):
			return "intel"
		}
		return s
	}
	return short(a) == short(b)
}

// MatchCPU finds a processor or board by the name that the system reports
// ("Intel(R) Core(TM) i9-13900K CPU @ 3.00GHz", "AMD EPYC 7763 64-Core
// Processor", "Raspberry Pi 5 Model B Rev 1.0"); cores is the number of
// physical cores of a socket (0: not known), which decides between parts that
// share a name and is never a reason to refuse one (a virtual machine shows
// fewer).
func MatchCPU(name string, cores int) (cpu *hardware.CPU, how string, ok bool) {
	want := cpuName(name)
	if want == "" {
		return nil, "", false
	}
	var best row
	hits, fits := 0, false
	for r := range cpus.rows() {
		if !cpuReports(&r, want) {
			continue
		}
		exact := cores > 0 && r.integer("cores") == cores
		hits++
		if hits == 1 || exact && !fits {
			best, fits = r, exact
		}
	}
	if hits == 0 || hits > 1 && !fits {
		// Several parts share the name (all boards of a chip, all parts of a
		// core) and the cores do not tell: better no answer than a wrong one.
		return nil, "", false
	}
	c, err := cpuOf(&best)
	if err != nil {
		return nil, "", false
	}
	if fits {
		return c, "by name and cores", true
	}
	return c, "by name", true
}

// cpuReports compares a reported name with what a line says. A line that
// names a bare core ("Neoverse-N1") stands for a whole family and needs the
// cores to fit; that is for the caller.
func cpuReports(r *row, want string) bool {
	for _, n := range [...]string{r.text("name_match"), r.text("name")} {
		if cpuName(n) == want {
			return true
		}
	}
	return slices.ContainsFunc(r.list("aliases"), func(a string) bool { return cpuName(a) == want && len(want) > 4 })
}

// cpuName normalises a processor's name: without clock, core count, embedded
// graphics and board revision.
func cpuName(name string) string {
	name, _, _ = strings.Cut(name, "@")
	lower := lowerASCII(name)
	for _, tail := range []string{" w/", " with radeon", " rev "} {
		if i := strings.Index(lower, tail); i > 0 {
			name, lower = name[:i], lower[:i]
		}
	}
	var kept []string
	for token := range strings.SplitSeq(names.Normalize(name), "-") {
		if !strings.HasSuffix(token, "th") || strings.Trim(token[:len(token)-2], "0123456789") != "" { // "13th Gen"
			kept = append(kept, token)
		}
	}
	// "16-core" stands before "processor" in AMD's names.
	for i := 0; i+1 < len(kept); i++ {
		if kept[i+1] == "core" && strings.Trim(kept[i], "0123456789") == "" {
			kept = slices.Delete(kept, i, i+2)
		}
	}
	// Xeon tiers come and go with the source: "Xeon Platinum 8592+", "Xeon 8592+".
	kept = slices.DeleteFunc(kept, func(t string) bool {
		return t == "platinum" || t == "gold" || t == "silver" || t == "bronze" || t == "gen"
	})
	return strings.Join(kept, "-")
}

// AssumedCPU is the record to assume for a processor that the catalogue does
// not know: a memory preset by the number of cores of a socket and the
// generation its instruction set gives away, everything marked assumed.
func AssumedCPU(cores int, isa []string, vendor string) *hardware.CPU {
	modern := slices.Contains(isa, "avx512_vnni") || slices.Contains(isa, "avx_vnni") || slices.Contains(isa, "amx_int8") || slices.Contains(isa, "i8mm")
	id := "generic-2ch-ddr4-3200"
	switch {
	case cores > 16 && modern:
		id = "generic-8ch-ddr5-4800"
	case cores > 16:
		id = "generic-6ch-ddr4-2933"
	case modern:
		id = "generic-2ch-ddr5-5600"
	case cores > 0 && cores <= 2:
		id = "generic-1ch-ddr4-2666"
	}
	r, ok := cpus.find(id)
	if !ok {
		return nil
	}
	c, err := cpuOf(&r)
	if err != nil {
		return nil
	}
	c.Vendor = vendor
	if cores > 0 {
		c.Cores = cores
		delete(c.Assumed, "cores")
	}
	if len(isa) > 0 {
		c.ISA = isa
		delete(c.Assumed, "isa")
	}
	assume(&c.Provenance, "bandwidth_gb_s", fmt.Sprintf("the processor is not in the catalogue: memory as of %s", id))
	return c
}
