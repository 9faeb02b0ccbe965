package detect

import (
	"context"
	"path"
	"regexp"
	"strings"
	"sync"
)

// drmCard matches a card in /sys/class/drm, not its connectors.
var drmCard = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^card\d+$`) })

// drmCards lists the folders of the cards that the kernel's graphics drivers run.
func (s *system) drmCards() []string {
	var out []string
	for _, name := range s.glob("/sys/class/drm/card*") {
		if drmCard().MatchString(path.Base(name)) && len(out) < maxDevices {
			out = append(out, name)
		}
	}
	return out
}

// nvidiaDRM knows the cards that the NVIDIA driver runs by their PCI id alone:
// for when neither the library nor the command answers.
type nvidiaDRM struct{ sys *system }

func (s *nvidiaDRM) Name() string { return "nvidia sysfs" }

func (s *nvidiaDRM) Read(context.Context) (Reading, error) {
	var r Reading
	for _, card := range s.sys.drmCards() {
		f := s.sys.pciAt(card + "/device")
		if !strings.HasPrefix(f.id, "10de:") || f.driver != "" && f.driver != "nvidia" {
			continue
		}
		a := Accelerator{Vendor: "NVIDIA", PCIID: f.id, PCIAddress: f.address, NUMANode: s.sys.numaNode(card + "/device")}
		most, now := s.sys.slotLink(card + "/device")
		a.setLink(most, now)
		r.Accelerators = append(r.Accelerators, a)
	}
	return r, nil
}

// numaNode is the node that a device hangs on, -1 when not told.
func (s *system) numaNode(dir string) int {
	if t := s.text(dir + "/numa_node"); t != "" && !strings.HasPrefix(t, "-") {
		return smiInt(t)
	}
	return -1
}

func (a *Accelerator) setLink(most, now pcieLink) {
	a.PCIeGen, a.PCIeLanes, a.PCIeGenNow, a.PCIeLanesNow = most.gen, most.lanes, now.gen, now.lanes
	if a.PCIeGen == 0 {
		a.PCIeGen = now.gen
	}
}
