package hardware

import (
	"reflect"
	"testing"
)

func TestClone(t *testing.T) {
	d, l := &Device{ID: "d", BandwidthGBps: 1}, &Link{ID: "l", GBps: 1}
	m := &Machine{ID: "m", Network: l, Nodes: []Node{{Devices: []*Device{d, d}, Link: l}, {Host: Host{MemoryBytes: 1}}}}
	c := m.Clone()
	if !reflect.DeepEqual(m, c) {
		t.Fatalf("the copy differs: %+v", c)
	}
	if c.Nodes[0].Devices[0] != c.Nodes[0].Devices[1] || c.Network != c.Nodes[0].Link {
		t.Error("what was one is two")
	}
	c.Nodes[0].Devices[0].BandwidthGBps, c.Network.GBps, c.Nodes[1].Host.MemoryBytes = 2, 2, 2
	if d.BandwidthGBps != 1 || l.GBps != 1 || m.Nodes[1].Host.MemoryBytes != 1 {
		t.Error("a change of the copy reached the machine")
	}
}
