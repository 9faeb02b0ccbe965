package detect

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// Accelerator is one device as its source describes it, before any catalogue
// has been asked. Zero means not reported.
type Accelerator struct {
	Name       string
	Vendor     string
	Kind       hardware.Kind // "" stands for a GPU
	PCIAddress string        // "0000:01:00.0"
	PCIID      string        // vendor and device, "10de:2684"
	// Memory in bytes, as the driver counts it.
	MemoryTotal, MemoryFree, MemoryUsed int64
	// MemoryAtLeast is a figure that is known to be cut off (WMI's AdapterRAM).
	MemoryAtLeast int64
	// NoOwnMemory is true where the driver says that it has no memory of its
	// own to report: the device uses the host's (GB10, Jetson, Apple).
	NoOwnMemory bool
	// Integrated is true of a processor's own GPU: MemoryTotal is then what
	// the firmware sets aside for it, SharedTotal what it may take of the main
	// memory besides (GTT). Without it SharedTotal is a limit on NoOwnMemory.
	Integrated              bool
	SharedTotal, SharedUsed int64
	// Partitions is how many devices the card is divided into (AMD's compute
	// partitions), of which this is one; 0 and 1 are the whole card.
	Partitions   int
	MemoryType   string
	BusWidthBits int
	// BandwidthGBps is the memory's bandwidth where the source tells it.
	BandwidthGBps float64
	// Maximum clocks in MHz.
	MemoryClockMHz, SMClockMHz int
	Cores                      int // FP32 lanes ("CUDA cores")
	ComputeUnits               int // of AMD and Apple
	Compute                    string
	Architecture               string
	// PCIe link: the most the device and slot can do, and what it runs at now.
	PCIeGen, PCIeGenNow, PCIeLanes, PCIeLanesNow int
	NVLinks                                      int     // links up
	NVLinkGBps                                   float64 // of all links, one direction
	NVLinkRead                                   bool    // the source told, even if that there is none
	PowerWatts                                   float64
	NUMANode                                     int // -1: not told
	// Processes are the programs that hold memory of the device now, and how
	// much together; -1 where the source cannot tell.
	Processes     int
	ProcessMemory int64
	MIG           bool // MIG mode is on: only the slices can be used
	Slices        []Slice
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

// seenDevice is a device with what its source said of it.
type seenDevice struct {
	device *hardware.Device
	accel  *Accelerator
	source string
}

// devices turns a reading into devices: matched against the catalogue,
// completed from what the driver reported. What an earlier reading already has
// is left out.
func (b *builder) devices(r sourced, host *hardware.Host, before []seenDevice) []seenDevice {
	b.report.Notes = append(b.report.Notes, r.notes...)
	if r.reading.Driver != "" {
		b.find(r.source, "driver", r.reading.Driver)
	}
	var out []seenDevice
	for k := range r.reading.Accelerators {
		a := &r.reading.Accelerators[k]
		if r.source == "windows display" || r.source == "captures" {
			if slices.ContainsFunc(before, func(s seenDevice) bool { return s.accel.Vendor == a.Vendor }) {
				continue // a better source told of this maker's devices
			}
		}
		i := b.count
		b.count++
		if a.Kind == "" {
			a.Kind = hardware.GPU
		}
		b.findDevice(r.source, i, a)
		card := b.card(r.source, i, a, host)
		switch {
		case a.Partitions > 1:
			out = append(out, seenDevice{partDevice(a, card), a, r.source})
		case !a.MIG:
			out = append(out, seenDevice{card, a, r.source})
		case len(a.Slices) == 0:
			b.note("device %d (%s): MIG mode is on but no MIG device exists, so nothing can run on it: create one or switch MIG off", i, a.Name)
		default:
			for _, d := range b.slices(i, a, card) {
				out = append(out, seenDevice{d, a, r.source})
			}
		}
	}
	return out
}

// findDevice records what the source said about one device.
func (b *builder) findDevice(source string, i int, a *Accelerator) {
	p := fmt.Sprintf("device %d ", i)
	b.find(source, p+"name", a.Name)
	switch {
	case a.MemoryTotal > 0 && a.MemoryFree == 0 && a.MemoryUsed == 0:
		b.findf(source, p+"memory", "%d bytes", a.MemoryTotal)
	case a.MemoryTotal > 0:
		b.findf(source, p+"memory", "%d bytes, %d free", a.MemoryTotal, a.MemoryFree)
	case a.NoOwnMemory:
		b.find(source, p+"memory", "none of its own: shares the host's")
	}
	if a.SharedTotal > 0 {
		b.findf(source, p+"shared memory", "%d bytes, %d used", a.SharedTotal, a.SharedUsed)
	}
	if a.Processes > 0 {
		b.findf(source, p+"in use", "%d programs hold %d bytes", a.Processes, a.ProcessMemory)
	}
	if a.MemoryTotal > 0 && a.MemoryUsed*10 > a.MemoryTotal && !a.Integrated {
		by := "other programs"
		if a.Processes > 0 {
			by = fmt.Sprintf("%d other programs", a.Processes)
		}
		b.note("device %d (%s): %s hold %.1f of %.1f GiB: estimates count what is free", i, a.Name, by, gib(a.MemoryUsed), gib(a.MemoryTotal))
	}
	if a.PCIID != "" {
		b.find(source, p+"pci id", a.PCIID)
	}
	if a.PCIAddress != "" {
		b.find(source, p+"pci address", a.PCIAddress)
	}
	switch {
	case a.BusWidthBits > 0 && a.MemoryClockMHz > 0:
		b.findf(source, p+"memory bus", "%d bit, %d MHz", a.BusWidthBits, a.MemoryClockMHz)
	case a.BusWidthBits > 0:
		b.findf(source, p+"memory bus", "%d bit", a.BusWidthBits)
	}
	switch {
	case a.SMClockMHz > 0 && a.Cores > 0:
		b.findf(source, p+"clock", "%d MHz at most, %d cores", a.SMClockMHz, a.Cores)
	case a.SMClockMHz > 0:
		b.findf(source, p+"clock", "%d MHz at most", a.SMClockMHz)
	}
	if a.ComputeUnits > 0 {
		b.findf(source, p+"compute units", "%d", a.ComputeUnits)
	}
	if a.Compute != "" {
		b.find(source, p+"compute capability", a.Compute)
	}
	if a.PCIeGen > 0 {
		b.findf(source, p+"pcie", "gen %d x%d at most, gen %d x%d now", a.PCIeGen, a.PCIeLanes, a.PCIeGenNow, a.PCIeLanesNow)
	}
	if a.NUMANode > 0 {
		b.findf(source, p+"numa node", "%d", a.NUMANode)
	}
	if a.NVLinks > 0 {
		b.findf(source, p+"nvlink", "%d links up, %.1f GB/s each way", a.NVLinks, a.NVLinkGBps)
	}
	if a.Partitions > 1 {
		b.findf(source, p+"partition", "one of %d of its card", a.Partitions)
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
		name := a.Name
		if name == "" {
			name = strings.TrimSpace(a.Vendor + " device " + a.PCIID)
		}
		d = hardware.Device{ID: slug(name), Name: name, Vendor: a.Vendor, Kind: a.Kind, Architecture: a.Architecture, Unified: a.Integrated}
		d.Source = "reported by " + source
		d.TDPWatts = a.PowerWatts
		if b.opts.Catalogue != nil && !a.Integrated {
			b.note("device %d (%s): not in the catalogue: its speed is computed from what %s reports", i, name, source)
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
		if !a.Integrated {
			b.note("device %d (%s): memory bandwidth is not known: name a profile with --on", i, d.Name)
		}
		if d.NotEstimated == "" {
			d.NotEstimated = "its memory bandwidth is not known"
		}
	}
	return &d
}

// deriveRates computes what the catalogue does not know. Memory: the clock
// that NVML reports moves two bits per pin and cycle for every GDDR and HBM
// kind, so bandwidth = 2 x clock x bus width / 8 (an A100 80GB: 1593 MHz x 5120
// bit gives 2039 GB/s, as its data sheet says). Arithmetic: one fused
// multiply-add per core and cycle.
func deriveRates(source string, a *Accelerator, d *hardware.Device) {
	if d.BandwidthGBps == 0 {
		switch {
		case a.BandwidthGBps > 0:
			d.BandwidthGBps = a.BandwidthGBps
			assume(&d.Provenance, "bandwidth_gb_s", "as "+source+" computes it from the memory's clock and bus")
		case a.MemoryClockMHz > 0 && a.BusWidthBits > 0:
			d.BandwidthGBps = round3(2 * float64(a.MemoryClockMHz) * float64(a.BusWidthBits) / 8 / 1000)
			assume(&d.Provenance, "bandwidth_gb_s", fmt.Sprintf("computed from the %d MHz memory clock and %d bit bus that %s reports", a.MemoryClockMHz, a.BusWidthBits, source))
		default:
			assume(&d.Provenance, "bandwidth_gb_s", source+" reports no memory bus width and the catalogue does not know the card")
		}
	}
	if d.Rates.FP32 == 0 && a.Cores > 0 && a.SMClockMHz > 0 {
		d.Rates.FP32 = round3(2 * float64(a.Cores) * float64(a.SMClockMHz) / 1e6)
		assume(&d.Provenance, "fp32_tflops", fmt.Sprintf("computed from %d cores at their highest clock of %d MHz; sustained clocks are lower", a.Cores, a.SMClockMHz))
	}
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
