package detect

import (
	"fmt"
	"math"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/hardware"
)

// Accelerator is one device as its source describes it, before any catalogue
// has been asked. Zero means not reported.
type Accelerator struct {
	Name       string
	Vendor     string
	PCIAddress string // "0000:01:00.0"
	PCIID      string // vendor and device, "10de:2684"
	// Memory in bytes, as the driver counts it.
	MemoryTotal, MemoryFree, MemoryUsed int64
	// NoOwnMemory is true where the driver says that it has no memory of its
	// own to report: the device uses the host's (GB10, Jetson).
	NoOwnMemory  bool
	MemoryType   string
	BusWidthBits int
	// Maximum clocks in MHz.
	MemoryClockMHz, SMClockMHz int
	Cores                      int // FP32 lanes ("CUDA cores")
	Compute                    string
	Architecture               string
	// PCIe link: the most the device and slot can do, and what it runs at now.
	PCIeGen, PCIeGenNow, PCIeLanes, PCIeLanesNow int
	NVLinks                                      int     // links up
	NVLinkGBps                                   float64 // of all links, one direction
	NVLinkRead                                   bool    // the source told, even if that there is none
	PowerWatts                                   float64
	MIG                                          bool // MIG mode is on: only the slices can be used
	Slices                                       []Slice
}

// Slice is one MIG device.
type Slice struct {
	Profile                 string // "3g.40gb"; "" when the source does not say
	GPUInstance             int
	MemoryTotal, MemoryFree int64
	Multiprocessors         int
	// ComputeShare is the part of the card's multiprocessors, 0 when not known.
	ComputeShare float64
}

// devices turns a reading into devices: matched against the catalogue,
// completed from what the driver reported.
func (b *builder) devices(r sourced, host *hardware.Host) []*hardware.Device {
	b.report.Notes = append(b.report.Notes, r.notes...)
	if r.reading.Driver != "" {
		b.find(r.source, "driver", r.reading.Driver)
	}
	var out []*hardware.Device
	for i := range r.reading.Accelerators {
		a := &r.reading.Accelerators[i]
		b.findDevice(r.source, i, a)
		card := b.card(r.source, i, a, host)
		if !a.MIG {
			out = append(out, card)
			continue
		}
		if len(a.Slices) == 0 {
			b.note("device %d (%s): MIG mode is on but no MIG device exists, so nothing can run on it: create one or switch MIG off", i, a.Name)
			continue
		}
		out = append(out, b.slices(i, a, card)...)
	}
	return out
}

// findDevice records what the source said about one device.
func (b *builder) findDevice(source string, i int, a *Accelerator) {
	p := fmt.Sprintf("device %d ", i)
	b.find(source, p+"name", a.Name)
	if a.MemoryTotal > 0 {
		b.findf(source, p+"memory", "%d bytes, %d free", a.MemoryTotal, a.MemoryFree)
	} else if a.NoOwnMemory {
		b.find(source, p+"memory", "none of its own: shares the host's")
	}
	if a.PCIID != "" {
		b.find(source, p+"pci id", a.PCIID)
	}
	if a.PCIAddress != "" {
		b.find(source, p+"pci address", a.PCIAddress)
	}
	if a.BusWidthBits > 0 {
		b.findf(source, p+"memory bus", "%d bit, %d MHz", a.BusWidthBits, a.MemoryClockMHz)
	}
	switch {
	case a.SMClockMHz > 0 && a.Cores > 0:
		b.findf(source, p+"clock", "%d MHz at most, %d cores", a.SMClockMHz, a.Cores)
	case a.SMClockMHz > 0:
		b.findf(source, p+"clock", "%d MHz at most", a.SMClockMHz)
	}
	if a.Compute != "" {
		b.find(source, p+"compute capability", a.Compute)
	}
	if a.PCIeGen > 0 {
		b.findf(source, p+"pcie", "gen %d x%d at most, gen %d x%d now", a.PCIeGen, a.PCIeLanes, a.PCIeGenNow, a.PCIeLanesNow)
	}
	if a.NVLinks > 0 {
		b.findf(source, p+"nvlink", "%d links up, %.1f GB/s each way", a.NVLinks, a.NVLinkGBps)
	}
	if a.MIG {
		b.findf(source, p+"mig", "on, %d devices", len(a.Slices))
	}
}

// card makes the record of a whole card.
func (b *builder) card(source string, i int, a *Accelerator, host *hardware.Host) *hardware.Device {
	var d hardware.Device
	known, how := b.matchDevice(a, host)
	if known != nil {
		d = *known
		b.findf("catalogue", fmt.Sprintf("device %d", i), "%s", strings.TrimSpace(d.ID+" "+how))
	} else {
		d = hardware.Device{ID: slug(a.Name), Name: a.Name, Vendor: a.Vendor, Kind: hardware.GPU, Architecture: a.Architecture}
		d.Source = "reported by " + source
		d.TDPWatts = a.PowerWatts
		if b.opts.Catalogue != nil {
			b.note("device %d (%s): not in the catalogue: its speed is computed from what %s reports", i, a.Name, source)
		}
	}
	d.Assumed = cloneMap(d.Assumed)
	if d.Compute == "" {
		d.Compute = a.Compute
	}
	if d.MemoryType == "" {
		d.MemoryType = a.MemoryType
	}
	if a.PCIeGen > 0 {
		d.PCIeGen = a.PCIeGen
	}
	switch {
	case a.PCIeLanesNow > 0:
		// The generation falls when the device idles, the width does not:
		// a narrower width is the slot's.
		d.PCIeLanes = a.PCIeLanesNow
		if a.PCIeLanes > a.PCIeLanesNow {
			b.note("device %d (%s): runs on %d of %d PCIe lanes", i, a.Name, a.PCIeLanesNow, a.PCIeLanes)
		}
	case a.PCIeLanes > 0:
		d.PCIeLanes = a.PCIeLanes
	}
	switch {
	case a.NVLinkRead && a.NVLinks == 0:
		d.NVLinkGBps = 0 // the card could, but no bridge or switch is there
	case d.NVLinkGBps == 0:
		d.NVLinkGBps = round3(2 * a.NVLinkGBps)
	}
	b.memory(i, a, &d, host)
	deriveRates(source, a, &d)
	if d.BandwidthGBps == 0 {
		b.note("device %d (%s): memory bandwidth is not known: name a profile with --on", i, a.Name)
	}
	return &d
}

// memory fills the device's memory, its own or the host's.
func (b *builder) memory(i int, a *Accelerator, d *hardware.Device, host *hardware.Host) {
	if a.NoOwnMemory || d.Unified && a.MemoryTotal == 0 {
		d.Unified = true
		d.UsableBytes, d.FreeBytes = host.MemoryBytes, host.AvailableBytes
		if d.MemoryBytes == 0 || host.MemoryBytes > d.MemoryBytes || host.MemoryBytes > 0 && float64(host.MemoryBytes) < 0.6*float64(d.MemoryBytes) {
			d.MemoryBytes = host.MemoryBytes
		}
		b.findf("host memory", fmt.Sprintf("device %d memory", i), "%d bytes shared with the host", host.MemoryBytes)
		return
	}
	if a.MemoryTotal == 0 {
		if d.MemoryBytes > 0 {
			b.note("device %d (%s): its memory was not reported: taken from the catalogue", i, a.Name)
		} else {
			b.note("device %d (%s): its memory is not known: name a profile with --on", i, a.Name)
		}
		return
	}
	d.UsableBytes, d.FreeBytes = a.MemoryTotal, a.MemoryFree
	if d.MemoryBytes == 0 {
		d.MemoryBytes = a.MemoryTotal
	}
	// A driver keeps a few percent for itself; much less (or more) than the
	// card has means a virtual GPU or a variant that the catalogue lacks.
	if r := float64(a.MemoryTotal) / float64(d.MemoryBytes); r < 0.85 || r > 1.1 {
		b.note("device %d (%s): the driver reports %.1f GiB where the catalogue says %.1f GiB: the driver is believed",
			i, a.Name, gib(a.MemoryTotal), gib(d.MemoryBytes))
		d.MemoryBytes = a.MemoryTotal
	}
}

// unifiedHost gives a host whose processor is unknown the bandwidth of the
// device that shares its memory.
func unifiedHost(h *hardware.Host, ds []*hardware.Device) {
	for _, d := range ds {
		if d.Unified && d.BandwidthGBps > 0 && (h.CPU.BandwidthGBps == 0 || h.CPU.Assumed["bandwidth_gb_s"] != "") {
			h.CPU.BandwidthGBps = d.BandwidthGBps
			assume(&h.CPU.Provenance, "bandwidth_gb_s", "the memory that it shares with "+d.Name)
			return
		}
	}
}

// deriveRates computes what the catalogue does not know. Memory: the clock
// that NVML reports moves two bits per pin and cycle for every GDDR and HBM
// kind, so bandwidth = 2 x clock x bus width / 8 (an A100 80GB: 1593 MHz x 5120
// bit gives 2039 GB/s, as its data sheet says). Arithmetic: one fused
// multiply-add per core and cycle.
func deriveRates(source string, a *Accelerator, d *hardware.Device) {
	if d.BandwidthGBps == 0 {
		if a.MemoryClockMHz > 0 && a.BusWidthBits > 0 {
			d.BandwidthGBps = round3(2 * float64(a.MemoryClockMHz) * float64(a.BusWidthBits) / 8 / 1000)
			assume(&d.Provenance, "bandwidth_gb_s", fmt.Sprintf("computed from the %d MHz memory clock and %d bit bus that %s reports", a.MemoryClockMHz, a.BusWidthBits, source))
		} else {
			assume(&d.Provenance, "bandwidth_gb_s", source+" reports no memory bus width and the catalogue does not know the card")
		}
	}
	if d.Rates.FP32 == 0 && a.Cores > 0 && a.SMClockMHz > 0 {
		d.Rates.FP32 = round3(2 * float64(a.Cores) * float64(a.SMClockMHz) / 1e6)
		assume(&d.Provenance, "fp32_tflops", fmt.Sprintf("computed from %d cores at their highest clock of %d MHz; sustained clocks are lower", a.Cores, a.SMClockMHz))
	}
}

// slices makes one device per MIG GPU instance. Compute instances inside one
// GPU instance share its memory, so only the largest of them is kept.
func (b *builder) slices(i int, a *Accelerator, card *hardware.Device) []*hardware.Device {
	best := map[int]int{}
	var order []int
	shared := 0
	for k, s := range a.Slices {
		j, seen := best[s.GPUInstance]
		if !seen {
			best[s.GPUInstance] = k
			order = append(order, s.GPUInstance)
			continue
		}
		shared++
		if s.Multiprocessors > a.Slices[j].Multiprocessors || s.ComputeShare > a.Slices[j].ComputeShare {
			best[s.GPUInstance] = k
		}
	}
	if shared > 0 {
		b.note("device %d: %d MIG compute instances share the memory of another and are not counted", i, shared)
	}
	sort.SliceStable(order, func(x, y int) bool {
		return a.Slices[best[order[x]]].MemoryTotal > a.Slices[best[order[y]]].MemoryTotal
	})
	var out []*hardware.Device
	for _, gi := range order {
		out = append(out, sliceDevice(&a.Slices[best[gi]], a, card))
	}
	if len(out) > 1 {
		b.note("device %d: a program can use one MIG device at a time", i)
	}
	return out
}

// sliceDevice scales a card to one of its slices.
func sliceDevice(s *Slice, a *Accelerator, card *hardware.Device) *hardware.Device {
	d := *card
	d.Assumed = cloneMap(card.Assumed)
	d.Slice = s.Profile
	if d.Slice == "" {
		d.Slice = fmt.Sprintf("%d MiB", s.MemoryTotal/hardware.MiB)
	}
	d.Name = card.Name + " MIG " + d.Slice
	whole := float64(a.MemoryTotal)
	if whole <= 0 {
		whole = float64(card.MemoryBytes)
	}
	d.MemoryBytes, d.UsableBytes, d.FreeBytes = s.MemoryTotal, s.MemoryTotal, s.MemoryFree
	d.NVLinkGBps = 0 // MIG devices cannot reach each other over NVLink
	if whole <= 0 {
		return &d
	}
	share := math.Min(1, float64(s.MemoryTotal)/whole)
	d.BandwidthGBps = round3(card.BandwidthGBps * share)
	assume(&d.Provenance, "bandwidth_gb_s", "the card's bandwidth by the slice's share of its memory")
	compute, why := s.ComputeShare, "the card's rate by the slice's share of its multiprocessors"
	if compute <= 0 || compute > 1 {
		compute, why = share, "the card's rate by the slice's share of its memory"
	}
	r := &d.Rates
	for _, f := range []*float64{&r.FP32, &r.FP16, &r.FP16Acc32, &r.BF16, &r.FP8, &r.INT8, &r.FP4} {
		*f = round3(*f * compute)
	}
	d.TDPWatts = round3(d.TDPWatts * compute)
	assume(&d.Provenance, "tflops", why)
	return &d
}

// vgpuSuffix is what the product name of a virtual GPU carries behind the
// card's name: framebuffer in GB and a profile letter ("NVIDIA L40S-12Q").
var vgpuSuffix = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`-\d{1,3}[A-CQ]$`) })

// matchDevice asks the catalogue by the reported name, then by the name
// without a virtual GPU's suffix. An integrated GPU is called the same on
// boards of different size ("Orin (nvgpu)"): there the board's name goes first.
func (b *builder) matchDevice(a *Accelerator, host *hardware.Host) (*hardware.Device, string) {
	if b.opts.Catalogue == nil {
		return nil, ""
	}
	ask, memory := []string{a.Name}, a.MemoryTotal
	if a.NoOwnMemory {
		memory = host.MemoryBytes
		ask = []string{b.board, a.Name, b.product}
	}
	for _, name := range ask {
		if name == "" {
			continue
		}
		if d, how, ok := b.opts.Catalogue.MatchDevice(name, memory, a.PCIID, a.Vendor); ok && d != nil {
			return d, how
		}
	}
	if bare := vgpuSuffix().ReplaceAllString(a.Name, ""); bare != a.Name {
		if d, how, ok := b.opts.Catalogue.MatchDevice(bare, 0, a.PCIID, a.Vendor); ok && d != nil {
			b.note("%s is a virtual GPU: a share of a %s, its speed depends on the other guests", a.Name, d.Name)
			c := *d
			c.Assumed = cloneMap(c.Assumed)
			assume(&c.Provenance, "bandwidth_gb_s", "a virtual GPU shares the card with other guests")
			return &c, how
		}
	}
	return nil, ""
}

// nodeLink describes how several devices of one node are joined, as far as
// the devices say.
func nodeLink(ds []*hardware.Device) *hardware.Link {
	if len(ds) < 2 {
		return nil
	}
	nv, gen, lanes := ds[0].NVLinkGBps, ds[0].PCIeGen, ds[0].PCIeLanes
	for _, d := range ds[1:] {
		nv, gen, lanes = math.Min(nv, d.NVLinkGBps), min(gen, d.PCIeGen), min(lanes, d.PCIeLanes)
	}
	if nv > 0 {
		return &hardware.Link{ID: "nvlink", Name: "NVLink", Kind: "nvlink", GBps: nv / 2, Provenance: hardware.Provenance{Source: "detected"}}
	}
	l := &hardware.Link{ID: "pcie", Kind: "pcie", Name: "PCIe", Provenance: hardware.Provenance{Source: "detected"}}
	if gen > 0 && lanes > 0 {
		l.ID = fmt.Sprintf("pcie%d-x%d", gen, lanes)
		l.Name = fmt.Sprintf("PCIe %d.0 x%d", gen, lanes)
		l.GBps = round3(pcieLaneGBps(gen) * float64(lanes))
	}
	return l
}

// pcieLaneGBps is the rate of one lane in one direction: 2.5 GT/s at
// generation 1, 5 at 2 (8b/10b coded), 8 at 3 and double at each one after
// (128b/130b coded); PCI Express Base Specification.
func pcieLaneGBps(gen int) float64 {
	switch {
	case gen <= 0 || gen > 7:
		return 0
	case gen <= 2:
		return 2.5 * float64(gen) * 8 / 10 / 8
	}
	return 8 * math.Pow(2, float64(gen-3)) * 128 / 130 / 8
}

func assume(p *hardware.Provenance, field, why string) {
	if p.Assumed == nil {
		p.Assumed = map[string]string{}
	}
	p.Assumed[field] = why
}

func cloneMap(m map[string]string) map[string]string {
	if m == nil {
		return nil
	}
	c := make(map[string]string, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func round3(x float64) float64 { return math.Round(x*1000) / 1000 }
func gib(n int64) float64      { return float64(n) / float64(hardware.GiB) }

// slug makes an id of a name.
func slug(name string) string {
	var s strings.Builder
	dash := false
	for _, r := range strings.ToLower(name) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if dash && s.Len() > 0 {
				s.WriteByte('-')
			}
			s.WriteRune(r)
			dash = false
		} else {
			dash = true
		}
	}
	return s.String()
}

// number reads the leading decimal number of a text like "16x" or "1593 MHz".
func number(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.') {
		end++
	}
	v, err := strconv.ParseFloat(s[:end], 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, false
	}
	return v, true
}
