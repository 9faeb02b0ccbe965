package detect

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/hardware"
)

// topologyOf is the topology of the reading that has the devices: the first
// that tells one.
func topologyOf(all []sourced) *Topology {
	for i := range all {
		if all[i].reading.Topology != nil {
			return all[i].reading.Topology
		}
	}
	return nil
}

// nodeLink describes how several devices of one node are joined, as far as
// the devices and their topology say: by a link of their own where that joins
// every pair, otherwise by the slowest PCI Express link among them.
func (b *builder) nodeLink(ds []*hardware.Device, t *Topology) *hardware.Link {
	if len(ds) < 2 {
		return nil
	}
	if t != nil && len(t.Links) != len(ds) {
		t = nil // of other devices, or of cards where slices are counted
	}
	nv, gen, lanes := ds[0].NVLinkGBps, ds[0].PCIeGen, ds[0].PCIeLanes
	same := true
	slow := ds[0]
	for _, d := range ds[1:] {
		if d.PCIeGen*d.PCIeLanes < slow.PCIeGen*slow.PCIeLanes {
			slow = d
		}
		nv, gen, lanes = math.Min(nv, d.NVLinkGBps), min(gen, d.PCIeGen), min(lanes, d.PCIeLanes)
		same = same && d.ID == ds[0].ID && d.Slice == "" && d.MemoryBytes == ds[0].MemoryBytes
	}
	direct := nv > 0
	joined, some := t.joined("NV")
	if all, part := t.joined("XGMI"); part {
		joined, some, direct = all, true, true
	}
	if t != nil && direct {
		switch {
		case some && !joined:
			b.note("the devices' own links join only some of them: the link of all is PCI Express")
			direct = false
		case !some && toldAll(t):
			direct = false
		}
	}
	catalogue, _ := b.opts.Catalogue.(LinkCatalogue)
	if direct {
		if catalogue != nil && same {
			if l := catalogue.MatchLink(ds[0], len(ds), true); l != nil {
				return l
			}
		}
		if nv > 0 {
			return &hardware.Link{ID: "nvlink", Name: "NVLink", Kind: "nvlink", GBps: nv / 2, Provenance: hardware.Provenance{Source: "detected"}}
		}
	}
	return pcie(catalogue, slow, len(ds), gen, lanes)
}

// pcie is the PCI Express link between n devices; generation 4 and 8 lanes
// are assumed where nothing is known.
func pcie(catalogue LinkCatalogue, slow *hardware.Device, n, gen, lanes int) *hardware.Link {
	assumed := gen <= 0 || lanes <= 0
	if assumed {
		gen, lanes = 4, 8
	}
	var l *hardware.Link
	if catalogue != nil {
		d := *slow
		d.PCIeGen, d.PCIeLanes = gen, lanes
		l = catalogue.MatchLink(&d, n, false)
	}
	if l == nil {
		l = &hardware.Link{ID: fmt.Sprintf("pcie%d-x%d", gen, lanes), Kind: "pcie", Name: fmt.Sprintf("PCIe %d.0 x%d", gen, lanes),
			GBps: round3(pcieLaneGBps(gen) * float64(lanes)), Provenance: hardware.Provenance{Source: "detected"}}
	}
	if assumed {
		assume(&l.Provenance, "gb_s_per_direction", "no source tells the link of the devices")
	}
	return l
}

// toldAll says whether a topology speaks of every pair.
func toldAll(t *Topology) bool {
	for i, row := range t.Links {
		for j, l := range row {
			if i != j && l == "" {
				return false
			}
		}
	}
	return true
}
