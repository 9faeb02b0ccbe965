package fleet

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/inventory"
	"github.com/plimsoll/plimsoll/profiles"
)

// networkOf is the link between nodes whose fastest interface is known: that of
// the catalogue with the same rate, and what falls to each of several devices.
// It is nil where nothing is told.
func networkOf(n *inventory.Network, devices int) *hardware.Link {
	if n.GBps <= 0 {
		return nil
	}
	link := &hardware.Link{ID: fmt.Sprintf("%s-%.4g", n.Kind, n.GBps*8), Name: fmt.Sprintf("%s, %.4g Gbit/s", n.Kind, n.GBps*8), Kind: "network", GBps: n.GBps,
		Provenance: hardware.Provenance{Source: "the inventory"}}
	prefix := "eth-"
	if n.Kind == "infiniband" {
		prefix = "ib-"
	}
	if all, err := profiles.Links(); err == nil {
		for _, l := range all {
			if strings.HasPrefix(l.ID, prefix) && math.Abs(l.GBps/n.GBps-1) < 0.05 {
				link = l
				break
			}
		}
	}
	if devices > 1 {
		shared := *link
		shared.GBps = math.Round(link.GBps/float64(devices)*1e4) / 1e4
		shared.Name = fmt.Sprintf("%s, shared by %d devices", link.Name, devices)
		shared.Assumed = map[string]string{"gb_s_per_direction": fmt.Sprintf("the fastest interface of a node, shared by its %d devices", devices)}
		link = &shared
	}
	return link
}

// sameLink says whether two links are as good as one.
func sameLink(a, b *hardware.Link) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.ID == b.ID && a.GBps == b.GBps && a.LatencyMicros == b.LatencyMicros
}
