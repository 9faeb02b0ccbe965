package profiles

import (
	"slices"

	"github.com/plimsoll/plimsoll/hardware"
)

// MatchLink returns the link that joins count accelerators like d in one node:
// with direct the link that its line names (NVLink, Infinity Fabric) and what
// was measured over it, otherwise PCI Express of the generation and lanes that
// d has. nil where the catalogue has no such link.
func MatchLink(d *hardware.Device, count int, direct bool) *hardware.Link {
	if d == nil || count < 2 {
		return nil
	}
	r, known := accelerators.find(d.ID)
	if direct {
		if !known || r.text("link") == "" {
			return nil
		}
		l, err := deviceLink(&r, d, count, 0)
		if err != nil {
			return nil
		}
		return l
	}
	if !slices.Contains([]int{1, 4, 8, 16}, d.PCIeLanes) || d.PCIeGen < 1 || d.PCIeGen > 6 {
		return nil
	}
	l, err := pcieLink(d, 0)
	if err != nil {
		return nil
	}
	// Collectives of cards of this kind that were measured over PCI Express.
	if known && r.text("link") == "" {
		if err := addMeasured(l, r.text("measured"), count); err != nil {
			return nil
		}
	}
	return l
}

// Device returns the accelerator that a name means, nil when there is none or
// the name is ambiguous.
func (Catalogue) Device(name string) *hardware.Device {
	d, err := Device(name)
	if err != nil {
		return nil
	}
	return d
}

// MatchLink is [MatchLink].
func (Catalogue) MatchLink(d *hardware.Device, count int, direct bool) *hardware.Link {
	return MatchLink(d, count, direct)
}
