package fleet

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/inventory"
	"github.com/plimsoll/plimsoll/profiles"
)

// template is a node as the catalogue makes it of what an inventory says; only
// its memory is left to be filled in.
type template struct {
	pool    string // what it would be called
	node    hardware.Node
	network *hardware.Link
	shares  int // a node is so many of these: its slices
	devices []report.FleetDevice
	notes   []string
}

// templates makes those of a node: one, or one for each kind of slice, since a
// program can use but one slice at a time.
func (b *builder) templates(n *inventory.Node) ([]*template, error) {
	instance := b.resolve.instance(n.Instance)
	var theirs *hardware.Device
	if instance != nil && len(instance.Nodes[0].Devices) > 0 {
		theirs = instance.Nodes[0].Devices[0]
	}
	whole := &template{pool: n.Pool, shares: 1}
	var matches []match
	var counts []int
	var sliced []*template
	slices := 0
	for i := range n.Accelerators {
		a := &n.Accelerators[i]
		m := b.resolve.device(a, theirs)
		d := report.FleetDevice{ID: m.device.ID, Name: m.device.Name, Count: a.Count, MemoryBytes: m.device.MemoryBytes, Slice: a.Slice,
			Found: m.found, Assumed: m.assumed, NotEstimated: m.device.NotEstimated}
		if a.Slice != "" {
			d.Count = 1
			t := &template{pool: n.Pool, shares: a.Count, devices: []report.FleetDevice{d}}
			if err := t.build(&b.resolve, n, nil, []match{m}, []int{1}); err != nil {
				return nil, err
			}
			slices += a.Count
			sliced = append(sliced, t)
			continue
		}
		whole.devices = append(whole.devices, d)
		matches, counts = append(matches, m), append(counts, a.Count)
	}
	out := sliced
	if len(matches) > 0 || len(sliced) == 0 {
		if err := whole.build(&b.resolve, n, instance, matches, counts); err != nil {
			return nil, err
		}
		out = append([]*template{whole}, out...)
	}
	for _, t := range sliced {
		// Its part of the main memory, of which the others have theirs.
		t.node.Host.MemoryBytes = hundredths(t.node.Host.MemoryBytes / int64(slices))
		t.node.Host.LimitBytes = hundredths(t.node.Host.LimitBytes / int64(slices))
		t.node.Host.UsableCores = math.Floor(t.node.Host.UsableCores / float64(slices))
		t.notes = append(t.notes, fmt.Sprintf("each of the %d slices of a node is written as a node of its own, with its part of the processors and the main memory: a program can use one slice at a time", slices))
	}
	return out, nil
}

// build makes the node: as its instance type or server is in the catalogue,
// where the devices are the same, else of its devices.
func (t *template) build(r *resolver, n *inventory.Node, instance *hardware.Machine, matches []match, counts []int) error {
	devices, unknowns := 0, 0
	for i := range matches {
		devices += counts[i]
		if !matches[i].known {
			unknowns++
		}
	}
	if devices > maxDevices {
		return fmt.Errorf("%d devices in a node, want at most %d", devices, maxDevices)
	}
	same := func(m *hardware.Machine) bool {
		return m != nil && len(m.Nodes) == 1 && m.Nodes[0].Count <= 1 && len(matches) == 1 && counts[0] == len(m.Nodes[0].Devices) && m.Nodes[0].Devices[0].ID == matches[0].device.ID && matches[0].device.Slice == ""
	}
	if ext := strings.ToLower(filepath.Ext(n.Product)); n.Product != "" && ext != ".yaml" && ext != ".yml" && !same(instance) { // an inventory names no files
		if server, err := profiles.Machine(n.Product, profiles.MachineOptions{}); err == nil && same(server) {
			instance = server
		}
	}
	switch {
	case same(instance):
		t.node, t.network = instance.Nodes[0], instance.Network
	case devices == 0:
		if err := t.hostOnly(r, n); err != nil {
			return err
		}
	case unknowns > 0:
		for i := range matches {
			t.node.Devices = append(t.node.Devices, slices.Repeat([]*hardware.Device{matches[i].device}, counts[i])...)
		}
		t.node.Host.OS = "linux"
		if c := r.processor(n); c != nil && n.CPU.Threads > 0 { // else a reader of the profile assumes one
			t.node.Host.CPU, t.node.Host.Sockets = *c, 1
		}
	default:
		if err := t.ofDevices(n, matches, counts); err != nil {
			return err
		}
	}
	t.node.Count, t.node.Name = 1, ""
	t.host(r, n)
	return nil
}

const maxDevices = 1024 // of one node in a profile

// ofDevices makes the node that the catalogue makes of the devices.
func (t *template) ofDevices(n *inventory.Node, matches []match, counts []int) error {
	if d := matches[0].device; d.Unified {
		m, err := profiles.Machine(d.ID, profiles.MachineOptions{MemoryBytes: n.MemoryBytes, Nodes: 2})
		if err != nil {
			return err
		}
		t.node, t.network = m.Nodes[0], m.Network
		t.node.Devices = slices.Repeat(t.node.Devices, counts[0])
		return nil
	}
	var parts []string
	for i := range matches {
		if matches[i].device.Unified {
			return fmt.Errorf("%s shares its memory with its host and cannot stand in one node with other accelerators", matches[i].device.ID)
		}
		parts = append(parts, fmt.Sprintf("%dx %s", counts[i], matches[i].device.ID))
	}
	// Two of them, since one alone has no network.
	m, err := profiles.Machine("2x("+strings.Join(parts, " + ")+")", profiles.MachineOptions{})
	if err != nil {
		return err
	}
	t.node, t.network = m.Nodes[0], m.Network
	t.node.Devices = t.node.Devices[:0:0]
	for i := range matches {
		t.node.Devices = append(t.node.Devices, slices.Repeat([]*hardware.Device{matches[i].device}, counts[i])...)
	}
	return nil
}

// hostOnly makes a node without accelerators.
func (t *template) hostOnly(r *resolver, n *inventory.Node) error {
	c := r.processor(n)
	if c == nil {
		return fmt.Errorf("no processor can be assumed for it")
	}
	t.node.Host = hardware.Host{CPU: *c, Sockets: 1, OS: "linux", MemoryBytes: n.MemoryBytes}
	return nil
}

// processor is what the inventory says of a node's processors, or what is to be
// assumed of so many cores; nil where it says nothing.
func (r *resolver) processor(n *inventory.Node) *hardware.CPU {
	p := &n.CPU
	if p.Model != "" {
		if c := r.cpu(p.Model, p.Cores); c != nil {
			return c
		}
	}
	cores := p.Cores
	if cores == 0 {
		cores = physical(n) / max(p.Sockets, 1)
	}
	c := profiles.AssumedCPU(cores, p.ISA, p.Vendor)
	if c == nil {
		return nil
	}
	if base, err := profiles.CPU(c.ID); err == nil && p.Vendor == "" {
		c.Vendor = base.Vendor
	}
	if p.Model != "" {
		c.Name = p.Model
	}
	return c
}

// physical is the number of cores of a node: as told, else two threads a core
// are taken for granted but on Arm.
func physical(n *inventory.Node) int {
	switch p := &n.CPU; {
	case p.Cores > 0:
		return p.Cores * max(p.Sockets, 1)
	case strings.HasPrefix(n.Arch, "arm") || strings.HasPrefix(n.Arch, "aarch"):
		return p.Threads
	default:
		return (p.Threads + 1) / 2
	}
}

// host lays what the inventory says of the host over what was assumed.
func (t *template) host(r *resolver, n *inventory.Node) {
	h := &t.node.Host
	if n.OS == "linux" || n.OS == "windows" || n.OS == "darwin" {
		h.OS = n.OS
	}
	unified := len(t.node.Devices) > 0 && t.node.Devices[0].Unified
	if n.CPU.Model != "" && !unified {
		if c := r.processor(n); c != nil {
			h.CPU = *c
			h.Sockets = n.CPU.Sockets
			if h.Sockets == 0 && c.Threads > 0 {
				h.Sockets = int(math.Round(float64(n.CPU.Threads) / float64(c.Threads)))
			}
			h.Sockets = max(h.Sockets, 1)
		}
	}
	if cores := physical(n); h.CPU.Cores > 0 && cores > 0 && cores < h.CPU.Cores*max(h.Sockets, 1) {
		h.UsableCores = float64(cores)
	}
	if unified {
		return
	}
	switch {
	case n.MemoryBytes > 0:
		h.MemoryBytes, h.MemoryAssumed = hundredths(n.MemoryBytes), ""
		if n.AllocatableBytes > 0 && n.AllocatableBytes < n.MemoryBytes {
			h.LimitBytes = hundredths(n.AllocatableBytes)
		}
	case n.AllocatableBytes > 0: // Ray tells its own part alone
		h.LimitBytes = hundredths(n.AllocatableBytes)
		h.MemoryBytes = max(h.MemoryBytes, h.LimitBytes)
	}
}

// hundredths rounds bytes down to hundredths of a GiB, which people can read;
// nodes that are alike differ by more.
func hundredths(bytes int64) int64 {
	return int64(math.Round(float64(bytes/(hardware.GiB/100)) / 100 * float64(hardware.GiB)))
}
