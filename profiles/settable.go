package profiles

import (
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// Number is one numeric fact of a machine in memory, by the name that it has
// in a profile file.
type Number struct {
	// Path leads to the key: "devices.bandwidth_gb_s", "devices.tflops.fp16",
	// "host.cpu.cores", "link.gb_s_per_direction", "network.latency_us".
	Path string
	// Of names the record that holds it, as a person would.
	Of string
	// About says what it is, Most is the largest value that makes sense.
	About string
	Most  float64

	to any
}

// inert are numbers of a profile that no estimate rests on: the rate of NVLink
// counts as that of the link.
var inert = map[string]bool{"year": true, "nvlink_gb_s": true, "memory_channels": true, "memory_mts": true, "max_memory_gb": true}

// MachineNumbers lists the numbers of a machine that an estimate can rest on,
// in the order of a profile file. A device or link that stands in several
// places comes once. What is set through them is set in m: see
// [hardware.Machine.Clone].
func MachineNumbers(m *hardware.Machine) []Number {
	var out []Number
	add := func(prefix, of string, fields []field) {
		for _, f := range fields {
			switch f.to.(type) {
			case *float64, *int, gib:
				if !inert[f.key] {
					out = append(out, Number{Path: prefix + f.key, Of: of, About: f.about, Most: f.most, to: f.to})
				}
			}
		}
	}
	links := map[*hardware.Link]bool{nil: true}
	link := func(prefix string, l *hardware.Link) {
		if links[l] {
			return
		}
		links[l] = true
		name := l.Name
		if name == "" {
			name = l.ID
		}
		add(prefix, name, linkFields(l))
	}
	seen := map[*hardware.Device]bool{}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		for _, d := range n.Devices {
			if !seen[d] {
				seen[d] = true
				add("devices.", d.Name, deviceFields(d))
				add("devices.tflops.", d.Name, rateFields(&d.Rates))
			}
		}
		host := "the host"
		if n.Host.CPU.Name != "" {
			host = n.Host.CPU.Name
		}
		add("host.", "the host", hostFields(&n.Host))
		add("host.cpu.", host, cpuFields(&n.Host.CPU))
		link("link.", n.Link)
		link("network.", n.Network)
	}
	link("network.", m.Network)
	return out
}

// Key is the last part of the path.
func (n *Number) Key() string { return n.Path[strings.LastIndexByte(n.Path, '.')+1:] }

// Value is the number in the unit of its key; 0 where it is not known.
func (n *Number) Value() float64 {
	switch v := n.to.(type) {
	case *float64:
		return *v
	case *int:
		return float64(*v)
	case gib:
		return float64(*v.bytes) / float64(hardware.GiB)
	}
	return 0
}

// Set changes the number. Counts and bytes are rounded.
func (n *Number) Set(value float64) {
	switch v := n.to.(type) {
	case *float64:
		*v = value
	case *int:
		*v = int(math.Round(value))
	case gib:
		*v.bytes = int64(math.Round(value * float64(hardware.GiB)))
	}
}
