package profiles

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// deviceMachine is a node with count accelerators of one kind.
func deviceMachine(r *row, count int, sizeGiB float64, opts MachineOptions) (*hardware.Machine, error) {
	d, err := deviceOf(r)
	if err != nil {
		return nil, err
	}
	if d.Unified {
		return unifiedMachine(r, d, count, sizeGiB, opts)
	}
	class, err := hostClass(r.text("host_class"), d.Year)
	if err != nil {
		return nil, err
	}
	node := hardware.Node{Count: 1, Devices: slices.Repeat([]*hardware.Device{d}, count)}
	if node.Link, err = deviceLink(r, d, count, class.integer("shared_lanes")); err != nil {
		return nil, err
	}
	node.Domain = domain(r, count)
	m := &hardware.Machine{ID: d.ID, Name: d.Name}
	if count > 1 {
		m.ID = strconv.Itoa(count) + "x " + d.ID
		m.Name = strconv.Itoa(count) + " x " + d.Name
	}
	return finish(m, node, &class, r.text("cpu"), opts)
}

// mixedNode is a node with different accelerators, which must be discrete.
func mixedNode(query string, parts []string, opts MachineOptions) (*hardware.Machine, error) {
	var node hardware.Node
	var ids, labels []string
	var class row
	var slow *hardware.Device
	for _, part := range parts {
		count, name := cutCount(part)
		if count < 1 || count > maxDevices-len(node.Devices) {
			return nil, fmt.Errorf("machine %q: %d devices, want 1 to %d in all", query, count, maxDevices)
		}
		if name == "" {
			return nil, fmt.Errorf(`machine %q: want a device on both sides of "+"`, query)
		}
		r, err := accelerators.resolve(name)
		if err != nil {
			return nil, err
		}
		d, err := deviceOf(&r)
		if err != nil {
			return nil, err
		}
		if d.Unified {
			return nil, fmt.Errorf("machine %q: %s shares its memory with its host and cannot stand in one node with other accelerators", query, d.ID)
		}
		if class.table == nil {
			if class, err = hostClass(r.text("host_class"), d.Year); err != nil {
				return nil, err
			}
		}
		if slow == nil || d.PCIeGen*d.PCIeLanes < slow.PCIeGen*slow.PCIeLanes {
			slow = d
		}
		label := d.ID
		if count > 1 {
			label = strconv.Itoa(count) + "x " + label
		}
		ids, labels = append(ids, label), append(labels, d.Name)
		node.Devices = append(node.Devices, slices.Repeat([]*hardware.Device{d}, count)...)
	}
	if opts.Devices > 0 && opts.Devices != len(node.Devices) {
		return nil, fmt.Errorf("machine %q names %d devices, not %d; leave the number out", query, len(node.Devices), opts.Devices)
	}
	var err error
	if node.Link, err = pcieLink(slow, class.integer("shared_lanes")); err != nil {
		return nil, err
	}
	m := &hardware.Machine{ID: strings.Join(ids, " + "), Name: strings.Join(labels, " + ")}
	return finish(m, node, &class, "", opts)
}

// finish gives a node of discrete accelerators its host and network.
func finish(m *hardware.Machine, node hardware.Node, class *row, cpu string, opts MachineOptions) (*hardware.Machine, error) {
	if cpu == "" {
		cpu = class.text("cpu")
	}
	var err error
	if node.Host, err = assumedHost(class, cpu, node.Devices); err != nil {
		return nil, err
	}
	if err := applyHost(&node.Host, opts); err != nil {
		return nil, err
	}
	node.Count = 1
	m.Nodes = []hardware.Node{node}
	m.Provenance = hardware.Provenance{Source: node.Devices[0].Source}
	if m.Network, err = assumedNetwork(class); err != nil {
		return nil, err
	}
	return m, class.fault()
}

// hostClass picks the default host of a class and a year.
func hostClass(class string, year int) (row, error) {
	for r := range hosts.rows() {
		if r.text("class") != class {
			continue
		}
		if before := r.integer("before_year"); before == 0 || year > 0 && year < before {
			return r, r.fault()
		}
	}
	return row{}, fmt.Errorf("hosts.csv: no class %q", class)
}

// assumedHost is the host of a class: the processor with its figures, and the
// memory that goes with the accelerators.
func assumedHost(class *row, cpu string, devices []*hardware.Device) (hardware.Host, error) {
	r, ok := cpus.find(cpu)
	if !ok {
		return hardware.Host{}, fmt.Errorf("hosts.csv: unknown cpu %q", cpu)
	}
	c, err := cpuOf(&r)
	if err != nil {
		return hardware.Host{}, err
	}
	why := class.text("source")
	if c.Cores == 0 {
		c.Cores, c.Threads, c.PeakFP32GFLOPS = class.integer("cores"), class.integer("threads"), class.number("peak_fp32_gflops")
		c.ISA = strings.Fields(class.text("isa"))
		assume(&c.Provenance, "peak_fp32_gflops", why)
		assume(&c.Provenance, "cores", why)
	}
	assume(&c.Provenance, "cpu", why)
	var device int64
	for _, d := range devices {
		device += d.MemoryBytes
	}
	need := max(class.gib("memory_gb"), int64(class.number("memory_per_device")*float64(device)))
	const step = 32 * hardware.GiB
	host := hardware.Host{
		CPU: *c, Sockets: max(class.integer("sockets"), 1), OS: class.text("os"),
		MemoryBytes: (need + step - 1) / step * step, MemoryAssumed: why,
	}
	if class.text("class") == "superchip" {
		host.Sockets = len(devices)
		host.MemoryBytes *= int64(len(devices))
	}
	return host, class.fault()
}

// applyHost lays what the caller said about the host over what was assumed.
func applyHost(h *hardware.Host, opts MachineOptions) error {
	if opts.Host != "" {
		sockets, name := cutCount(opts.Host)
		if sockets < 1 || sockets > 64 {
			return fmt.Errorf("host %q: %d sockets, want 1 to 64", opts.Host, sockets)
		}
		r, gib, err := lookupCPU(name)
		if err != nil {
			return err
		}
		c, err := cpuOf(&r)
		if err != nil {
			return err
		}
		h.CPU, h.Sockets = *c, sockets
		if gib > 0 {
			if err := checkSize(&r, gib); err != nil {
				return err
			}
			h.MemoryBytes, h.MemoryAssumed = gibBytes(gib), ""
		}
	}
	if opts.MemoryBytes > 0 {
		h.MemoryBytes, h.MemoryAssumed = opts.MemoryBytes, ""
	}
	return nil
}

// lookupCPU finds a processor whose name may end in a memory size.
func lookupCPU(name string) (row, float64, error) {
	r, ok, err := matchRow(&cpus, name)
	if ok || err != nil {
		return r, 0, err
	}
	if base, gib := cutSize(name); gib > 0 {
		if r, ok, err := matchRow(&cpus, base); ok || err != nil {
			return r, gib, err
		}
	}
	r, err = cpus.resolve(name)
	return r, 0, err
}

func assumedNetwork(class *row) (*hardware.Link, error) {
	id := class.text("network")
	if id == "" {
		return nil, class.fault()
	}
	l, err := linkByID(id)
	if err != nil {
		return nil, err
	}
	assume(&l.Provenance, "gb_s_per_direction", "the network between the nodes was not named")
	return l, nil
}

// checkSize refuses a memory size that a chip or board is not sold with.
func checkSize(r *row, gib float64) error {
	column := "memory_gb"
	if r.table == &cpus {
		column = "max_memory_gb"
	}
	largest := r.number(column)
	if sizes := r.list("sizes_gb"); len(sizes) > 0 {
		last, err := strconv.ParseFloat(sizes[len(sizes)-1], 64)
		if err != nil {
			return fmt.Errorf("%s: %s: sizes_gb: %w", r.table.file, r.text("id"), err)
		}
		largest = max(largest, last)
		if gib > largest {
			return fmt.Errorf("%s: is sold with %s GB, not with %g", r.text("id"), strings.Join(sizes, ", "), gib)
		}
	}
	if largest > 0 && gib > largest {
		return fmt.Errorf("%s: takes at most %g GB of memory, not %g", r.text("id"), largest, gib)
	}
	return r.fault()
}

// unifiedMachine is one chip (or count nodes of one) whose accelerator and
// processor share a pool.
func unifiedMachine(r *row, d *hardware.Device, count int, sizeGiB float64, opts MachineOptions) (*hardware.Machine, error) {
	m := &hardware.Machine{ID: d.ID, Name: d.Name}
	if sizeGiB > 0 && d.NotEstimated == "" {
		if err := checkSize(r, sizeGiB); err != nil {
			return nil, err
		}
	}
	if opts.Host != "" {
		return nil, fmt.Errorf("host %q: %s has its own processor; leave the host out", opts.Host, d.ID)
	}
	stated := opts.MemoryBytes > 0
	if stated {
		if d.MemoryBytes > 0 && d.UsableBytes == d.MemoryBytes {
			d.UsableBytes = opts.MemoryBytes
		}
		d.MemoryBytes = opts.MemoryBytes
		base, _ := cutSize(d.ID)
		gib := strconv.FormatFloat(float64(opts.MemoryBytes)/float64(hardware.GiB), 'g', 6, 64)
		m.ID, m.Name = base+"-"+gib+"gb", d.Name+", "+gib+" GB"
	}
	cpu, err := chipCPU(r, d)
	if err != nil {
		return nil, err
	}
	host := hardware.Host{CPU: *cpu, Sockets: 1, MemoryBytes: d.MemoryBytes}
	if d.Vendor == "Apple" {
		host.OS = "darwin"
	} else {
		host.OS = "linux"
	}
	if !stated && len(r.list("sizes_gb")) > 1 {
		reason := fmt.Sprintf("sold with %s GB; %g GB assumed, name another as %s", strings.Join(r.list("sizes_gb"), ", "),
			float64(d.MemoryBytes)/float64(hardware.GiB), sizedName(d.ID, r.list("sizes_gb")[0]))
		host.MemoryAssumed = reason
		assume(&d.Provenance, "memory_bytes", reason)
	}
	m.Nodes = []hardware.Node{{Count: 1, Host: host, Devices: []*hardware.Device{d}}}
	m.Provenance = hardware.Provenance{Source: d.Source}
	class, err := hostClass("unified", d.Year)
	if err != nil {
		return nil, err
	}
	if m.Network, err = assumedNetwork(&class); err != nil {
		return nil, err
	}
	return spread(m, count)
}

func sizedName(id, gib string) string {
	base, _ := cutSize(id)
	return base + "-" + gib + "gb"
}

// chipCPU is the processor part of a unified chip: its own record, or one
// derived from the chip and marked assumed.
func chipCPU(r *row, d *hardware.Device) (*hardware.CPU, error) {
	if id := r.text("cpu"); id != "" {
		c, ok := cpus.find(id)
		if !ok {
			return nil, fmt.Errorf("accelerators.csv: %s: unknown cpu %q", d.ID, id)
		}
		return cpuOf(&c)
	}
	c := &hardware.CPU{
		ID: d.ID + "-cpu", Name: d.Name + ", processor", Vendor: d.Vendor, Year: d.Year,
		ISA: []string{"neon", "dotprod"}, MemoryType: d.MemoryType, BandwidthGBps: d.BandwidthGBps,
		Provenance: hardware.Provenance{Source: d.Source},
	}
	if d.Vendor == "AMD" {
		c.ISA = []string{"avx2"}
	}
	assume(&c.Provenance, "bandwidth_gb_s", "that of the whole chip: what its processor reaches alone was not found")
	assume(&c.Provenance, "cores", "the processor of this chip is not in the catalogue")
	return c, nil
}

// cpuMachine is a board, or a machine without accelerator; sockets is its count.
func cpuMachine(r *row, sockets int, sizeGiB float64, opts MachineOptions) (*hardware.Machine, error) {
	c, err := cpuOf(r)
	if err != nil {
		return nil, err
	}
	if opts.Host != "" {
		return nil, fmt.Errorf("host %q: %s is a processor itself; leave the host out", opts.Host, c.ID)
	}
	nodes := 1
	if fixed := c.Board || len(r.list("sizes_gb")) > 0; fixed {
		nodes, sockets = sockets, 1 // "4x rpi-5" is four boards
	} else if sockets > 16 {
		return nil, fmt.Errorf("%s: %d sockets, want 1 to 16", c.ID, sockets)
	}
	name := "cpu-small"
	switch {
	case c.Board:
		name = "board"
	case c.MemoryChannels >= 6:
		name = "cpu-server"
	case c.MemoryChannels >= 3:
		name = "cpu-medium"
	}
	class, err := hostClass(name, c.Year)
	if err != nil {
		return nil, err
	}
	host := hardware.Host{CPU: *c, Sockets: sockets, OS: "linux"}
	if strings.HasPrefix(c.Name, "Apple ") {
		host.OS = "darwin"
	}
	m := &hardware.Machine{ID: c.ID, Name: c.Name, Provenance: hardware.Provenance{Source: c.Source}}
	switch {
	case opts.MemoryBytes > 0:
		if sizeGiB > 0 {
			if err := checkSize(r, sizeGiB/float64(sockets)); err != nil {
				return nil, err
			}
		}
		host.MemoryBytes = opts.MemoryBytes
		gib := strconv.FormatFloat(float64(opts.MemoryBytes)/float64(hardware.GiB), 'g', 6, 64)
		m.ID, m.Name = m.ID+"-"+gib+"gb", m.Name+", "+gib+" GB"
	case r.number("default_memory_gb") > 0:
		host.MemoryBytes = r.gib("default_memory_gb")
		if sizes := r.list("sizes_gb"); len(sizes) > 1 {
			host.MemoryAssumed = fmt.Sprintf("sold with %s GB; %s GB assumed, name another as %s",
				strings.Join(sizes, ", "), r.text("default_memory_gb"), sizedName(c.ID, sizes[0]))
		}
	default:
		host.MemoryBytes = class.gib("memory_gb") * int64(sockets)
		if c.MaxMemoryBytes > 0 {
			host.MemoryBytes = min(host.MemoryBytes, c.MaxMemoryBytes*int64(sockets))
		}
		host.MemoryAssumed = class.text("source")
	}
	if sockets > 1 {
		m.ID, m.Name = strconv.Itoa(sockets)+"x "+m.ID, strconv.Itoa(sockets)+" x "+m.Name
	}
	m.Nodes = []hardware.Node{{Count: 1, Host: host}}
	if m.Network, err = assumedNetwork(&class); err != nil {
		return nil, err
	}
	if err := errors.Join(class.fault(), r.fault()); err != nil {
		return nil, err
	}
	return spread(m, nodes)
}

// nodeMachine is a line of nodes.csv.
func nodeMachine(r *row, opts MachineOptions) (*hardware.Machine, error) {
	id := r.text("id")
	node := hardware.Node{Name: r.text("name"), Count: max(r.integer("boxes"), 1)}
	class, err := hostClass("server", 0)
	if err != nil {
		return nil, err
	}
	cpu := r.text("cpu")
	if name := r.text("device"); name != "" && r.integer("devices") > 0 {
		dr, ok := accelerators.find(name)
		if !ok {
			return nil, fmt.Errorf("nodes.csv: %s: unknown device %q", id, name)
		}
		d, err := deviceOf(&dr)
		if err != nil {
			return nil, err
		}
		count := r.integer("devices")
		if opts.Devices > 0 {
			count = opts.Devices
		}
		if d.Unified {
			if gib := r.gib("ram_gb"); gib > 0 && gib != dr.gib("memory_gb") { // else the pool is the part's
				d.MemoryBytes, d.UsableBytes = gib, gib
			}
			chip, err := chipCPU(&dr, d)
			if err != nil {
				return nil, err
			}
			node.Host = hardware.Host{CPU: *chip, Sockets: 1, MemoryBytes: d.MemoryBytes}
		} else if class, err = hostClass(dr.text("host_class"), d.Year); err != nil {
			return nil, err
		}
		node.Devices = slices.Repeat([]*hardware.Device{d}, count)
		if node.Link, err = nodeLink(r, &dr, d, count); err != nil {
			return nil, err
		}
		node.Domain = domain(r, count)
		if cpu == "" && !d.Unified {
			cpu = dr.text("cpu")
		}
	}
	if node.Host.CPU.ID == "" {
		known := cpu != ""
		if !known {
			cpu = class.text("cpu")
		}
		if node.Host, err = assumedHost(&class, cpu, node.Devices); err != nil {
			return nil, err
		}
		if known {
			if delete(node.Host.CPU.Assumed, "cpu"); len(node.Host.CPU.Assumed) == 0 {
				node.Host.CPU.Assumed = nil
			}
		}
	}
	if n := r.integer("sockets"); n > 0 {
		node.Host.Sockets = n
	}
	if ram := r.gib("ram_gb"); ram > 0 {
		if len(node.Devices) > 0 && node.Devices[0].Unified {
			ram = node.Devices[0].MemoryBytes // one pool
		}
		node.Host.MemoryBytes, node.Host.MemoryAssumed = ram, ""
		if why, ok := r.assumed()["ram_gb"]; ok {
			node.Host.MemoryAssumed = why
		}
	}
	if node.Host.OS == "" {
		node.Host.OS = "linux"
	}
	if len(node.Devices) > 0 && node.Devices[0].Vendor == "Apple" {
		node.Host.OS = "darwin"
	}
	if err := applyHost(&node.Host, opts); err != nil {
		return nil, err
	}
	m := &hardware.Machine{ID: id, Name: r.text("name"), Nodes: []hardware.Node{node}, Provenance: provenanceOf(r)}
	if rate := r.number("network_gb_s_per_device"); rate > 0 {
		m.Network = &hardware.Link{ID: id + "-network", Name: r.text("network_name"), Kind: "network", GBps: rate, Provenance: provenanceOf(r)}
	} else if m.Network, err = assumedNetwork(&class); err != nil {
		return nil, err
	}
	return m, r.fault()
}

// domain is how many devices the link of a node of count devices joins, 0 where
// it ends with the node.
func domain(r *row, count int) int {
	if n := r.integer("scale_up_domain"); n > count {
		return n
	}
	return 0
}

// nodeLink is the link of a node: as its line says, otherwise what the part has.
func nodeLink(r, dr *row, d *hardware.Device, count int) (*hardware.Link, error) {
	if count < 2 {
		return nil, nil
	}
	var l *hardware.Link
	var err error
	if id := r.text("link"); id != "" {
		if l, err = linkByID(id); err == nil {
			err = addMeasured(l, dr.text("measured"), count)
		}
	} else {
		l, err = deviceLink(dr, d, count, 0)
	}
	if rate := r.number("link_gb_s"); err == nil && rate > 0 {
		l.GBps = rate
	}
	return l, err
}
