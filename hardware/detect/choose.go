package detect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// choose decides which of the devices seen are the machine's, for an estimate:
// those of one maker, discrete ones before a processor's own, and none that
// nothing is known of. The others are recognised, with the reason.
func (b *builder) choose(seen []seenDevice) []*hardware.Device {
	discrete, memory := false, map[string]int64{}
	best := ""
	for _, s := range seen {
		if s.accel.Integrated || s.device.MemoryBytes <= 0 && !s.device.Unified {
			continue
		}
		discrete = true
		v := s.device.Vendor
		memory[v] += s.device.MemoryBytes
		if best == "" || memory[v] > memory[best] {
			best = v
		}
	}
	var out []*hardware.Device
	for _, s := range seen {
		d, a := s.device, s.accel
		why := ""
		switch {
		case a.Integrated && discrete:
			why = "a processor's own GPU beside a discrete one"
		case a.Integrated && d.BandwidthGBps == 0 && b.opts.Catalogue != nil:
			why = "a processor's own GPU that the catalogue does not know: the processor is taken to do the work"
		case a.Integrated && slices.ContainsFunc(out, func(o *hardware.Device) bool { return o.Unified }):
			why = "a second GPU of the processor"
		case d.MemoryBytes <= 0 && !d.Unified:
			why = "how much memory it has is not known: describe it in a profile and name that with --on"
		case d.Kind != hardware.GPU && d.BandwidthGBps == 0:
			why = "no estimate is made for this kind of device: " + firstOf(d.NotEstimated, "its memory bandwidth is not known")
		case !a.Integrated && d.Vendor != best && best != "":
			why = fmt.Sprintf("a device of another maker beside those of %s, which have more memory: an engine runs on one maker's", best)
		}
		switch {
		case d.NotEstimated != "":
		case d.MemoryBytes <= 0:
			d.NotEstimated = "the size of the memory that it shares is not known"
		case d.BandwidthGBps <= 0:
			d.NotEstimated = "its memory bandwidth is not known"
		}
		if why == "" {
			out = append(out, d)
			continue
		}
		b.report.Recognised = append(b.report.Recognised, Recognised{
			Name: d.Name, Vendor: d.Vendor, Kind: d.Kind, PCIID: a.PCIID, Source: s.source, Why: why, Integrated: a.Integrated, address: a.PCIAddress,
		})
		b.note("%s is not counted: %s", d.Name, why)
	}
	switch {
	case len(out) > 0 || len(b.report.Recognised) > 0:
	case b.os == "darwin":
		b.note("no accelerator found: the system names no Apple chip")
	default:
		b.note("no accelerator found: no driver of one answers and none is seen on the PCI bus")
	}
	return out
}

// passedOver recognises NPUs, and the accelerators on the PCI bus that no
// source knew: those without a driver.
func (b *builder) passedOver(seen []seenDevice) {
	if b.os != "linux" {
		return
	}
	npus := b.sys.as("npu").npus()
	for i := range npus {
		n := &npus[i]
		n.Why = "no estimate is made for NPUs"
		if b.opts.Catalogue != nil {
			if d, _, ok := b.opts.Catalogue.MatchDevice(n.Name, 0, n.PCIID, n.Vendor); ok && d.NotEstimated != "" {
				n.Why = "no estimate is made for it: " + d.NotEstimated
			}
		}
	}
	b.report.Recognised = append(b.report.Recognised, npus...)
	if len(seen) == 0 {
		b.implied()
	}
	for _, n := range npus {
		b.find(n.Source, "npu", n.Name)
		b.note("%s is recognised but not counted: %s", n.Name, n.Why)
	}
	b.undriven(seen)
}

// implied recognises a GPU that no driver tells of by the processor that it is
// a part of: some name it, others are made for one chip only.
func (b *builder) implied() {
	r := Recognised{Kind: hardware.GPU, Source: "cpu", Integrated: true, Why: "the processor has it, but no driver tells of it"}
	if _, gpu, ok := strings.Cut(b.cpuName, "w/ "); ok {
		r.Name, r.Vendor = strings.TrimSpace(gpu), vendorOfName(gpu)
	}
	for vendor, name := range ids()["igpu"][b.cores] {
		r.Name, r.Vendor = name, vendor
	}
	if r.Name == "" {
		return
	}
	b.report.Recognised = append(b.report.Recognised, r)
	b.note("%s is not counted: %s", r.Name, r.Why)
}

// undriven recognises what sits on the PCI bus although no source knew it.
func (b *builder) undriven(seen []seenDevice) {
	sys := b.sys.as("pci")
	for _, f := range sys.pciBus() {
		vendor := pciVendor(f.id)
		known := slices.ContainsFunc(seen, func(s seenDevice) bool {
			if s.accel.PCIAddress == "" {
				return s.accel.Vendor == vendor
			}
			return sameCard(s.accel.PCIAddress, f.address)
		}) || slices.ContainsFunc(b.report.Recognised, func(r Recognised) bool {
			return r.address != "" && sameCard(r.address, f.address) || r.address == "" && r.PCIID == f.id && r.PCIID != ""
		})
		p := f.product()
		if f.display() || vendor != "" {
			b.find("pci", f.address, strings.TrimSpace(firstOf(p.name, vendor, "display controller")+" "+f.id))
		}
		if known || vendor == "" && p.name == "" {
			continue
		}
		r := Recognised{Vendor: vendor, Kind: hardware.GPU, PCIID: f.id, Source: "pci", Integrated: p.kind == "integrated", address: f.address}
		if p.kind == "npu" {
			r.Kind = hardware.NPU
		}
		r.Name = firstOf(b.catalogueName(f.id, vendor), p.name, sys.pciName(f.id), vendor+" device")
		name := r.Name + " (" + f.id + ")"
		switch {
		case f.driver == "vfio-pci":
			r.Why = "it is given to virtual machines (vfio-pci)"
		case r.Integrated:
			r.Why = "a processor's own GPU without a driver that tells of it"
		default:
			r.Why = "its driver does not answer"
		}
		b.report.Recognised = append(b.report.Recognised, r)
		if r.Why == "its driver does not answer" {
			b.note("%s is on the PCI bus but its driver does not answer: not counted", name)
		} else {
			b.note("%s is on the PCI bus and not counted: %s", name, r.Why)
		}
	}
}

// catalogueName is what the catalogue calls a PCI id, "" when it does not know.
func (b *builder) catalogueName(id, vendor string) string {
	if b.opts.Catalogue == nil {
		return ""
	}
	if d, _, ok := b.opts.Catalogue.MatchDevice("", 0, id, vendor); ok && d != nil {
		return d.Name
	}
	return ""
}

// sameCard compares two addresses but for the function.
func sameCard(a, b string) bool {
	a, _, _ = strings.Cut(a, ".")
	b, _, _ = strings.Cut(b, ".")
	return strings.EqualFold(a, b)
}
