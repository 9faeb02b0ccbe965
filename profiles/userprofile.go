package profiles

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/plimsoll/plimsoll/hardware"
)

// UserDir is the folder searched for the user's own profiles: $PLIMSOLL_PROFILES
// when set, otherwise plimsoll/profiles in the user's configuration folder, or
// "" where there is none.
func UserDir() string {
	if dir := os.Getenv("PLIMSOLL_PROFILES"); dir != "" {
		return dir
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "plimsoll", "profiles")
}

// userMachine reads the profile file that query names, by path or by the name
// of a file in the user folder; nil when it names none.
func userMachine(query string, opts MachineOptions) (*hardware.Machine, error) {
	nodes, name := 1, query
	path := ""
	ext := strings.ToLower(filepath.Ext(query))
	switch {
	case ext == ".yaml" || ext == ".yml":
		path = query
	case opts.UserDir == "" || strings.ContainsAny(name, `/\`) || name == "..":
		return nil, nil
	default:
		for _, ext := range []string{".yaml", ".yml"} {
			try := filepath.Join(opts.UserDir, name+ext)
			if isUserMeasured(name + ext) {
				continue
			}
			if info, err := os.Stat(try); err == nil && info.Mode().IsRegular() {
				path = try
				break
			}
		}
	}
	if path == "" {
		return nil, nil
	}
	m, err := ReadMachineFile(path)
	if err != nil {
		return nil, err
	}
	if opts.Nodes > 0 {
		nodes = opts.Nodes
	}
	if opts.Devices > 0 && (len(m.Nodes) != 1 || len(m.Nodes[0].Devices) != opts.Devices) {
		return nil, fmt.Errorf("%s: the profile says how many devices there are; change count there", path)
	}
	for i := range m.Nodes {
		if err := applyHost(&m.Nodes[i].Host, opts); err != nil {
			return nil, err
		}
	}
	return spread(m, nodes)
}

// ReadMachineFile reads a hardware profile. See [ReadMachine].
func ReadMachineFile(path string) (*hardware.Machine, error) {
	data, err := load(path, false)
	if err != nil {
		return nil, err
	}
	return ReadMachine(path, data)
}

var hardwareProfile = userFile{"a hardware profile", "describes a machine", "five"}

// ReadMachine reads a hardware profile in YAML (schema/hardware-profile.schema.json):
// one machine (host, devices, link) or a cluster (nodes, network). Devices,
// processors and links are catalogue ids, or mappings that start from one and
// override fields, or full descriptions. file names the input in errors, each
// one line "file:line: key: what is wrong".
func ReadMachine(file string, data []byte) (*hardware.Machine, error) {
	r, m := &reader{file: file}, &hardware.Machine{}
	if err := r.document(data, hardwareProfile, func(root ast.Node) { r.machine(root, m) }); err != nil {
		return nil, err
	}
	if m.ID == "" {
		m.ID = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	if m.Name == "" {
		m.Name = m.ID
	}
	return m, nil
}

func (r *reader) machine(n ast.Node, m *hardware.Machine) {
	var single hardware.Node
	var seen, many bool
	r.mapping(n, "the profile", machineFields(m), func(key string, v ast.Node) bool {
		switch key {
		case "host", "devices", "link", "count", "scale_up_domain":
			seen = true
			return r.nodeKey(key, v, &single)
		case "nodes":
			many = true
			for _, item := range r.list(v, key, 256) {
				var node hardware.Node
				r.mapping(item, "a node", append(nodeFields(&node), field{key: "name", to: &node.Name}), func(key string, v ast.Node) bool {
					return r.nodeKey(key, v, &node)
				})
				r.completeNode(item, &node)
				m.Nodes = append(m.Nodes, node)
			}
		case "network":
			if m.Network = r.link(v, key); m.Network.ID == noLink {
				m.Network = nil
			}
		default:
			return false
		}
		return true
	})
	switch {
	case r.err != nil:
	case seen && many:
		r.fail(n, "", "host, devices, link and count belong to one machine; put them under nodes, or leave nodes out")
	case !seen && len(m.Nodes) == 0:
		r.fail(n, "", "describes no machine; want devices or host, or a list of nodes")
	case !many:
		r.completeNode(n, &single)
		m.Nodes = []hardware.Node{single}
	}
}

// nodeKey reads the keys of a node that are not plain fields.
func (r *reader) nodeKey(key string, v ast.Node, node *hardware.Node) bool {
	switch key {
	case "count", "scale_up_domain":
		fields := nodeFields(node)
		r.value(v, fields[slices.IndexFunc(fields, func(f field) bool { return f.key == key })])
	case "host":
		r.mapping(v, key, hostFields(&node.Host), func(key string, v ast.Node) bool {
			if key == "cpu" {
				r.cpu(v, &node.Host.CPU)
				return true
			}
			return false
		})
	case "devices":
		for _, item := range r.list(v, key, maxDevices) {
			r.device(item, node)
		}
	case "link":
		node.Link = r.link(v, key)
	case "network":
		node.Network = r.link(v, key)
	default:
		return false
	}
	return true
}

// device reads one entry of devices: an id, or a mapping.
func (r *reader) device(n ast.Node, node *hardware.Node) {
	d := &hardware.Device{Kind: hardware.GPU}
	count := 1
	if s, ok := n.(*ast.StringNode); ok {
		times, name := cutCount(s.Value)
		count = times
		r.base(n, "devices", name, d)
	} else {
		r.startFrom(n, "device", &d.Provenance, func(v ast.Node, name string) { r.base(v, "device", name, d) })
		memory, usable := d.MemoryBytes, d.UsableBytes
		fields := append(deviceFields(d), field{key: "count", to: &count, most: maxDevices})
		r.mapping(n, "a device", fields, func(key string, v ast.Node) bool {
			if key == "tflops" {
				r.mapping(v, key, rateFields(&d.Rates), nil)
			}
			return key == "tflops" || key == "device"
		})
		if d.MemoryBytes != memory && d.UsableBytes == usable {
			d.UsableBytes = 0 // it belonged to the other size
		}
	}
	switch {
	case r.err != nil:
	case d.MemoryBytes <= 0 && d.NotEstimated == "":
		r.fail(n, "device", "needs memory_gb")
	case d.BandwidthGBps <= 0 && d.NotEstimated == "":
		r.fail(n, "device", "needs bandwidth_gb_s")
	case count < 1 || count > maxDevices-len(node.Devices):
		r.fail(n, "count", fmt.Sprintf("%d devices, want 1 to %d in one node", count, maxDevices))
	case !slices.Contains([]hardware.Kind{hardware.GPU, hardware.NPU, hardware.TPU}, d.Kind):
		r.fail(n, "kind", fmt.Sprintf("want gpu, npu or tpu, got %q", d.Kind))
	default:
		if d.Name == "" {
			d.Name = d.ID
		}
		node.Devices = append(node.Devices, slices.Repeat([]*hardware.Device{d}, count)...)
	}
}

// base copies a catalogue device, which may carry a memory size in its name.
func (r *reader) base(n ast.Node, key, name string, d *hardware.Device) {
	f, err := lookup(name)
	if err == nil && f.row.table != &accelerators {
		_, err = accelerators.resolve(name)
	}
	if err != nil {
		r.fail(n, key, err.Error())
		return
	}
	known, err := deviceOf(&f.row)
	if err != nil {
		r.fail(n, key, err.Error())
		return
	}
	*d = *known
	if f.sizeGiB > 0 {
		d.MemoryBytes = gibBytes(f.sizeGiB)
		d.UsableBytes = d.MemoryBytes
	}
}

func (r *reader) cpu(n ast.Node, c *hardware.CPU) {
	from := func(v ast.Node, name string) {
		known, err := CPU(name)
		if err != nil {
			r.fail(v, "cpu", err.Error())
			return
		}
		*c = *known
	}
	if s, ok := n.(*ast.StringNode); ok {
		from(n, s.Value)
		return
	}
	r.startFrom(n, "cpu", &c.Provenance, from)
	r.mapping(n, "cpu", cpuFields(c), func(key string, _ ast.Node) bool { return key == "cpu" })
}

func (r *reader) link(n ast.Node, key string) *hardware.Link {
	l := &hardware.Link{}
	from := func(v ast.Node, name string) {
		known, err := Link(name)
		if err != nil {
			r.fail(v, key, err.Error())
			return
		}
		*l = *known
	}
	if s, ok := n.(*ast.StringNode); ok {
		if s.Value == "none" {
			return &hardware.Link{ID: noLink}
		}
		from(n, s.Value)
		return l
	}
	r.startFrom(n, "link", &l.Provenance, from)
	r.mapping(n, key, linkFields(l), func(key string, v ast.Node) bool {
		if key == "collectives" {
			r.collectives(v, l)
			return true
		}
		return key == "link"
	})
	if r.err == nil && l.GBps <= 0 {
		r.fail(n, key, "needs gb_s_per_direction")
	}
	return l
}

// collectives reads what was measured over a link, by the number of devices.
func (r *reader) collectives(n ast.Node, l *hardware.Link) {
	l.Collectives = nil
	for _, item := range r.list(n, "collectives", 32) {
		var c hardware.Collective
		r.mapping(item, "collectives", collectiveFields(&c), nil)
		if last := len(l.Collectives) - 1; r.err == nil && (c.Ranks < 2 || last >= 0 && l.Collectives[last].Ranks >= c.Ranks) {
			r.fail(item, "ranks", "want 2 or more, in ascending order")
		}
		l.Collectives = append(l.Collectives, c)
	}
}

// noLink marks a link that the profile says is not there, until the node is complete.
const noLink = "\x00none"

// completeNode checks a node and fills in what it leaves open, marked assumed.
func (r *reader) completeNode(n ast.Node, node *hardware.Node) {
	if r.err != nil {
		return
	}
	node.Count = max(node.Count, 1)
	var err error
	switch {
	case len(node.Devices) == 0 && node.Host.CPU.BandwidthGBps <= 0 && node.Host.CPU.ID == "":
		r.fail(n, "", "a machine without devices needs host: cpu")
		return
	case len(node.Devices) > 1 && node.Link == nil:
		node.Link, err = pcieLink(node.Devices[0], 0)
	case node.Link != nil && node.Link.ID == noLink:
		node.Link = nil
	}
	if node.Network != nil && node.Network.ID == noLink {
		node.Network = nil
	}
	if h := &node.Host; err == nil && (h.CPU.ID == "" && h.CPU.Name == "" || h.MemoryBytes == 0) {
		err = completeHost(h, node.Devices)
	}
	node.Host.Sockets = max(node.Host.Sockets, 1)
	if err != nil {
		r.fail(n, "", err.Error())
	}
}

// completeHost assumes the processor or the memory that a profile leaves out.
func completeHost(h *hardware.Host, devices []*hardware.Device) error {
	name, year := "desktop", 0
	if len(devices) > 0 {
		year = devices[0].Year
		if row, ok := accelerators.find(devices[0].ID); ok && row.text("host_class") != "" {
			name = row.text("host_class")
		}
	}
	if name == "unified" || len(devices) > 0 && devices[0].Unified {
		name = "desktop"
	}
	class, err := hostClass(name, year)
	if err != nil {
		return err
	}
	cpu := class.text("cpu")
	guess, err := assumedHost(&class, cpu, devices)
	if err != nil {
		return err
	}
	if len(devices) > 0 && devices[0].Unified {
		guess.MemoryBytes, guess.MemoryAssumed = devices[0].MemoryBytes, ""
		if row, ok := accelerators.find(devices[0].ID); ok {
			chip, err := chipCPU(&row, devices[0])
			if err != nil {
				return err
			}
			guess.CPU = *chip
		} else {
			guess.CPU.BandwidthGBps = devices[0].BandwidthGBps
		}
	}
	if h.CPU.ID == "" && h.CPU.Name == "" {
		h.CPU = guess.CPU
	}
	if h.MemoryBytes == 0 {
		h.MemoryBytes, h.MemoryAssumed = guess.MemoryBytes, guess.MemoryAssumed
	}
	return nil
}
