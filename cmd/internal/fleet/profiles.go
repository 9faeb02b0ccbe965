package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/inventory"
)

// Profile is the hardware profile of a computer (or of several), as plimsoll
// hardware detect wrote it; Name is that of its file.
type Profile struct {
	Name    string
	Machine *hardware.Machine
}

// members makes pools of the profiles of computers.
func (b *builder) members(list []Profile) {
	o := b.Options
	at := map[string]int{}
	var groups [][]*member
	bare := []*member{}
	for i := range list {
		m := list[i].Machine
		for k := range m.Nodes {
			x := &member{name: list[i].Name, node: m.Nodes[k], network: cmp.Or(m.Nodes[k].Network, m.Network)}
			if !m.Local {
				x.pool = cmp.Or(x.node.Name, m.Name)
			}
			if len(x.node.Devices) == 0 {
				bare = append(bare, x)
				continue
			}
			groups = join(groups, at, x, o.Free)
		}
	}
	if o.CPUNodes || len(groups) == 0 {
		for _, x := range bare {
			groups = join(groups, at, x, o.Free)
		}
	} else {
		for _, x := range bare {
			b.leave(x.name, "no accelerators (--cpu-nodes takes such nodes)")
		}
	}
	for _, g := range groups {
		b.merge(g)
	}
	if !o.Free && len(groups) > 0 {
		b.notes = append(b.notes, "all memory is taken to be free, whatever was in use when the computers were read (--free keeps the least that was free)")
	}
}

// member is one entry of a profile's nodes.
type member struct {
	name, pool string
	node       hardware.Node
	network    *hardware.Link
}

// join puts a member with those that are like it.
func join(groups [][]*member, at map[string]int, x *member, free bool) [][]*member {
	n := &x.node
	n.Count = max(n.Count, 1)
	copies := map[*hardware.Device]*hardware.Device{}
	n.Devices = slices.Clone(n.Devices)
	for i, d := range n.Devices {
		if copies[d] == nil {
			own := *d
			if !free {
				own.FreeBytes = 0
			}
			copies[d] = &own
		}
		n.Devices[i] = copies[d]
	}
	if !free {
		n.Host.AvailableBytes = 0
	}
	var key strings.Builder
	fmt.Fprintf(&key, "%s\x00%s %s %d %g %d", x.pool, n.Host.CPU.ID, n.Host.CPU.Name, n.Host.Sockets, n.Host.UsableCores, n.Domain)
	for _, l := range []*hardware.Link{n.Link, x.network} {
		if l != nil {
			fmt.Fprintf(&key, "\x00%s %g", l.ID, l.GBps)
		}
	}
	for _, d := range n.Devices {
		fmt.Fprintf(&key, "\x00%s %s %s %d %g %v", d.ID, d.Name, d.Slice, d.MemoryBytes, d.BandwidthGBps, d.Rates)
	}
	i, ok := at[key.String()]
	if !ok {
		i = len(groups)
		at[key.String()] = i
		groups = append(groups, nil)
	}
	groups[i] = append(groups[i], x)
	return groups
}

// merge makes pools of members that are alike but for their memory: each has
// what the least of them has.
func (b *builder) merge(group []*member) {
	slices.SortStableFunc(group, func(x, y *member) int {
		return cmp.Compare(x.node.Host.MemoryBytes, y.node.Host.MemoryBytes)
	})
	for len(group) > 0 {
		first := group[0]
		p := &pool{template: &template{pool: first.pool, node: first.node, network: first.network, shares: 1}, rep: &inventory.Node{}}
		size, count := 0, 0
		for size < len(group) && float64(group[size].node.Host.MemoryBytes) <= similarMemory*float64(first.node.Host.MemoryBytes) {
			n := &group[size].node
			count += n.Count
			p.names = append(p.names, group[size].name)
			least(&p.node.Host.LimitBytes, n.Host.LimitBytes)
			least(&p.node.Host.AvailableBytes, n.Host.AvailableBytes)
			for i, d := range p.node.Devices {
				least(&d.UsableBytes, n.Devices[i].UsableBytes)
				least(&d.FreeBytes, n.Devices[i].FreeBytes)
			}
			size++
		}
		group = group[size:]
		p.nodes, p.node.Count = count, count
		byKind := map[string]int{}
		for _, d := range p.node.Devices {
			byKind[d.ID+"\x00"+d.Slice]++
		}
		for _, key := range slices.Sorted(maps.Keys(byKind)) {
			i := slices.IndexFunc(p.node.Devices, func(d *hardware.Device) bool { return d.ID+"\x00"+d.Slice == key })
			d := p.node.Devices[i]
			p.devices = append(p.devices, report.FleetDevice{ID: d.ID, Name: d.Name, Count: byKind[key], MemoryBytes: d.MemoryBytes, Slice: d.Slice, Found: "the profile", NotEstimated: d.NotEstimated})
		}
		b.pools = append(b.pools, p)
	}
}

// least lowers to, where something is told.
func least(to *int64, n int64) {
	if n > 0 && (*to == 0 || n < *to) {
		*to = n
	}
}
