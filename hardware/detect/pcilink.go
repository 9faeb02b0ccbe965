package detect

import (
	"path"
	"strings"
)

// pcieLink is the generation and width of a PCI Express link.
type pcieLink struct{ gen, lanes int }

// gtsGeneration turns a transfer rate ("16.0 GT/s PCIe") into a generation.
func gtsGeneration(speed string) int {
	v, ok := number(speed)
	if !ok {
		return 0
	}
	for gen, gts := range []float64{0, 2.5, 5, 8, 16, 32, 64, 128} {
		if gen > 0 && v == gts {
			return gen
		}
	}
	return 0
}

// pcieAt reads a function's link: what it can do and what it does.
func (s *system) pcieAt(dir string) (most, now pcieLink) {
	lanes := func(name string) int {
		n := smiInt(s.text(dir + name))
		if n > 32 {
			return 0 // 63 and 255 stand for "not known"
		}
		return n
	}
	most = pcieLink{gtsGeneration(s.text(dir + "/max_link_speed")), lanes("/max_link_width")}
	now = pcieLink{gtsGeneration(s.text(dir + "/current_link_speed")), lanes("/current_link_width")}
	return most, now
}

// slotLink is the link between a card and its slot. A card with a switch of
// its own (AMD since Navi, Intel Arc) shows at its GPU only the link inside
// the card: the uppermost bridge of the same maker that is not the processor's
// own port has the outer one.
func (s *system) slotLink(dir string) (most, now pcieLink) {
	most, now = s.pcieAt(dir)
	real := s.real(dir)
	vendor, _, _ := strings.Cut(pciID(s.text(dir+"/vendor"), "0x0000"), ":")
	for up := path.Dir(real); strings.Count(path.Base(up), ":") == 2; up = path.Dir(up) {
		if strings.HasPrefix(path.Base(path.Dir(up)), "pci") { // the root port
			break
		}
		v, _, _ := strings.Cut(pciID(s.text(up+"/vendor"), "0x0000"), ":")
		if v != vendor || v == "" || !strings.HasPrefix(s.text(up+"/class"), "0x0604") {
			break
		}
		if m, n := s.pcieAt(up); m.gen > 0 && m.lanes > 0 {
			most, now = m, n
		}
	}
	return most, now
}

// plausible drops the link that an Intel card reports of its inside when the
// bridges above it cannot be read: generation 1, one lane.
func plausible(l pcieLink) pcieLink {
	if l.gen <= 1 && l.lanes <= 1 {
		return pcieLink{}
	}
	return l
}
