package hardware

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// NCCL over eight H100 (ai-dynamo/aiconfigurator: systems/data/h100_sxm/comm):
// bus bandwidths of 72.24 GB/s at 1 MiB, 240.83 at 16 MiB and 445.05 at most.
var eight = Link{Collectives: []Collective{
	{Ranks: 2, SmallMicros: 4.18, Micros64KiB: 4.52, BusGBps1MiB: 71.14, BusGBps16MiB: 204.18, BusGBpsPeak: 318.35},
	{Ranks: 8, SmallMicros: 4.61, Micros64KiB: 6.41, BusGBps1MiB: 72.24, BusGBps16MiB: 240.83, BusGBpsPeak: 445.05},
}}

func TestAllReduceSeconds(t *testing.T) {
	around := func(n float64) float64 { return 2 * (n - 1) / n }
	for _, c := range []struct {
		ranks       int
		bytes, want float64
	}{
		{8, 0, 4.61e-6}, {8, 65536, 6.41e-6},
		{8, 1 << 20, (1 << 20) * around(8) / 72.24e9}, {8, 16 << 20, (16 << 20) * around(8) / 240.83e9},
		{2, 1 << 20, (1 << 20) * around(2) / 71.14e9},
		{4, 1 << 20, (1 << 20) * around(8) / 72.24e9},  // the next larger number
		{16, 1 << 20, (1 << 20) * around(8) / 72.24e9}, // the largest
	} {
		got, ok := eight.AllReduceSeconds(c.ranks, c.bytes)
		if !ok || math.Abs(got-c.want) > 1e-9*c.want+1e-15 {
			t.Errorf("%d ranks, %g bytes: %g s, want %g", c.ranks, c.bytes, got, c.want)
		}
	}
	if _, ok := new(Link).AllReduceSeconds(8, 1); ok {
		t.Error("a link without measurements has a time")
	}
}

func TestAllReduceNeverFasterForMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := func(name string) float64 { return rapid.Float64Range(0, 1000).Draw(t, name) }
		l := Link{SmallMicros: f("small"), Micros64KiB: f("64k"), BusGBps1MiB: f("1m"), BusGBps16MiB: f("16m"), BusGBpsPeak: 1 + f("peak")}
		a := rapid.Float64Range(0, 1e9).Draw(t, "bytes")
		b := a + rapid.Float64Range(0, 1e9).Draw(t, "more")
		ranks := rapid.IntRange(2, 16).Draw(t, "ranks")
		x, _ := l.AllReduceSeconds(ranks, a)
		y, _ := l.AllReduceSeconds(ranks, b)
		if !(x >= 0) || x > y*(1+1e-12) {
			t.Fatalf("%g bytes take %g s, %g take %g", a, x, b, y)
		}
	})
}

func TestJoin(t *testing.T) {
	d := &Device{ID: "d"}
	net := &Link{ID: "n"}
	m := &Machine{ID: "m", Network: net, Nodes: []Node{{Count: 3, Devices: []*Device{d, d}}}}
	j, err := m.Join()
	if err != nil {
		t.Fatal(err)
	}
	n := j.Primary()
	if len(j.Nodes) != 1 || len(n.Devices) != 6 || n.Box != 2 || n.Network != net {
		t.Errorf("%+v", n)
	}
	if len(m.Nodes[0].Devices) != 2 || m.Devices() != 6 {
		t.Error("the machine itself was changed")
	}
	// The link of a rack reaches over its trays, and no further.
	tray := Node{Count: 3, Devices: []*Device{d, d}, Link: &Link{ID: "l"}}
	for domain, reach := range map[int]int{0: 2, 2: 2, 5: 4, 6: 0, 72: 0} {
		tray.Domain = domain
		j, err := (&Machine{Network: net, Nodes: []Node{tray}}).Join()
		if err != nil {
			t.Fatal(err)
		}
		if n := j.Primary(); n.Box != 2 || n.Reach() != reach {
			t.Errorf("domain of %d: the link of %d-device computers joins %d, want %d", domain, n.Box, n.Reach(), reach)
		}
	}
	one := &Machine{Nodes: []Node{{Count: 1, Devices: []*Device{d}}}}
	if same, err := one.Join(); err != nil || same != one {
		t.Error("one node needs no joining")
	}
	if _, err := (&Machine{Nodes: []Node{{Devices: []*Device{d}}, {Devices: []*Device{d, d}}}}).Join(); err == nil {
		t.Error("unequal nodes were joined")
	}
	if _, err := (&Machine{Nodes: []Node{{Count: 5000, Devices: []*Device{d}}}}).Join(); err == nil {
		t.Error("5,000 devices were joined")
	}
}
