package whatif

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// Prefixes of the paths.
const (
	HardwarePrefix = "hardware."
	ModelPrefix    = "model."
)

// Machine returns a copy of the machine with the changes of it made, in their
// order, and a note for each number changed. Changes of other things are left
// alone; without any of the machine's, m itself comes back.
func Machine(m *hardware.Machine, changes []Change) (*hardware.Machine, []string, error) {
	out := m
	var notes, texts []string
	for i := range changes {
		c := &changes[i]
		if !strings.HasPrefix(c.Path, HardwarePrefix) {
			continue
		}
		if out == m {
			out = m.Clone()
		}
		said, err := change(out, c)
		if err != nil {
			return nil, nil, err
		}
		notes, texts = append(notes, said...), append(texts, c.Text)
	}
	if out != m {
		out.Name += " with " + strings.Join(texts, ", ")
	}
	return out, notes, nil
}

// change makes one change of a machine.
func change(m *hardware.Machine, c *Change) ([]string, error) {
	numbers := profiles.MachineNumbers(m)
	picked := pick(m, numbers, strings.TrimPrefix(c.Path, HardwarePrefix))
	if len(picked) == 0 {
		return nil, c.wrong("no number of the hardware has this name", "use one of "+listed(HardwarePrefix, machinePaths(numbers)))
	}
	group := len(picked) > 1
	before := memories(m)
	var notes []string
	for _, n := range picked {
		old := n.Value()
		if group && c.kind != to && old == 0 {
			continue // of the rates, those that are known
		}
		value, err := c.Of(old, n.Key(), n.Of, n.Most)
		if err != nil {
			return nil, err
		}
		n.Set(value)
		if note := c.note(n.Key(), n.Of, old, n.Value()); !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	if len(notes) == 0 {
		return nil, c.wrong("none of these numbers is known of "+m.ID, "write a value instead of a change")
	}
	if c.kind == to {
		stated(m, picked)
	}
	unmeasured(m, picked)
	resize(m, before)
	return notes, nil
}

// aliases are other spellings of a key's ending.
var aliases = strings.NewReplacer("_gbps", "_gb_s", "_gib", "_gb", "_gbytes", "_gb")

// pick finds the numbers that a path means. A bare key is that of the
// accelerators or, on a machine without any, of its processors and memory.
func pick(m *hardware.Machine, numbers []profiles.Number, path string) []*profiles.Number {
	path = aliases.Replace(path)
	pools := false
	for i := range m.Nodes {
		pools = pools || len(m.Nodes[i].Devices) > 0 && m.Nodes[i].Devices[0].Unified
	}
	match := func(want ...string) []*profiles.Number {
		var out []*profiles.Number
		for i := range numbers {
			n := &numbers[i]
			for _, w := range want {
				if n.Path == w || strings.HasSuffix(w, ".tflops") && strings.HasPrefix(n.Path, w+".") {
					out = append(out, n)
				}
			}
		}
		return out
	}
	if found := match(path); len(found) > 0 {
		return found
	}
	if pools { // one memory, whoever reads it
		switch path {
		case "memory_gb":
			return match("devices.memory_gb", "host.memory_gb")
		case "bandwidth_gb_s":
			return match("devices.bandwidth_gb_s", "host.cpu.bandwidth_gb_s")
		}
	}
	if found := match("devices." + path); len(found) > 0 {
		return found
	}
	if path == "tflops" {
		return match("host.cpu.peak_fp32_gflops", "host.cpu.peak_int8_gops")
	}
	for _, prefix := range []string{"host.cpu.", "host.", "link.", "network."} {
		if found := match(prefix + path); len(found) > 0 {
			return found
		}
	}
	return nil
}

// stated drops the marks of assumption from facts that the user states.
func stated(m *hardware.Machine, picked []*profiles.Number) {
	drop := func(p *hardware.Provenance, prefix string) {
		for _, n := range picked {
			key := n.Key()
			if p.Assumed[key] == "" && strings.HasSuffix(key, "_gb") {
				key = strings.TrimSuffix(key, "_gb") + "_bytes" // as the record has it
			}
			if strings.HasPrefix(n.Path, prefix) && p.Assumed[key] != "" {
				p.Assumed = maps.Clone(p.Assumed)
				delete(p.Assumed, key)
			}
		}
	}
	for i := range m.Nodes {
		node := &m.Nodes[i]
		for _, d := range node.Devices {
			drop(&d.Provenance, "devices.")
		}
		drop(&node.Host.CPU.Provenance, "host.cpu.")
		for _, n := range picked {
			if n.Path == "host.memory_gb" {
				node.Host.MemoryAssumed = ""
			}
			switch n.Path {
			case "host.cpu.bandwidth_gb_s", "host.cpu.peak_fp32_gflops", "host.cpu.cores", "host.cpu.base_ghz", "host.cpu.boost_ghz", "host.sockets":
				node.Host.Measured = nil // it is of the processor as it is
			}
		}
	}
}

// unmeasured drops what was measured of the way to devices whose link changes.
func unmeasured(m *hardware.Machine, picked []*profiles.Number) {
	for _, n := range picked {
		if n.Path != "devices.pcie_gen" && n.Path != "devices.pcie_lanes" {
			continue
		}
		for i := range m.Nodes {
			if h := &m.Nodes[i].Host; h.Measured != nil {
				other := *h.Measured
				other.Devices = nil
				h.Measured = &other
			}
		}
	}
}

// held is how much of a memory is there, and what of it a program was told.
type held struct{ memory, usable, free int64 }

// memories notes the sizes of the memories, by device or host.
func memories(m *hardware.Machine) map[any]held {
	out := map[any]held{}
	for i := range m.Nodes {
		h := &m.Nodes[i].Host
		out[h] = held{h.MemoryBytes, 0, h.AvailableBytes}
		for _, d := range m.Nodes[i].Devices {
			out[d] = held{d.MemoryBytes, d.UsableBytes, d.FreeBytes}
		}
	}
	return out
}

// resize lets what a program sees of a memory follow its size: the same share
// of it, and as much of it in use as before.
func resize(m *hardware.Machine, before map[any]held) {
	follow := func(was held, memory int64, usable, free *int64) {
		if memory == was.memory || was.memory <= 0 {
			return
		}
		if was.usable > 0 && *usable == was.usable {
			*usable = int64(math.Round(float64(was.usable) * float64(memory) / float64(was.memory)))
		}
		if was.free > 0 && *free == was.free {
			*free = max(was.free+memory-was.memory, 1)
		}
	}
	done := map[*hardware.Device]bool{}
	for i := range m.Nodes {
		h := &m.Nodes[i].Host
		follow(before[h], h.MemoryBytes, new(int64), &h.AvailableBytes)
		for _, d := range m.Nodes[i].Devices {
			if !done[d] {
				done[d] = true
				follow(before[d], d.MemoryBytes, &d.UsableBytes, &d.FreeBytes)
			}
		}
	}
}

// machinePaths lists the paths of numbers, each once, the accelerators' as
// short as they may be written.
func machinePaths(numbers []profiles.Number) []string {
	var out []string
	for i := range numbers {
		path := strings.TrimPrefix(numbers[i].Path, "devices.")
		if !slices.Contains(out, path) {
			out = append(out, path)
		}
	}
	return out
}

// listed joins paths, those with a common prefix in braces: a{b,c}.
func listed(prefix string, paths []string) string {
	var groups []string
	inside := map[string][]string{}
	for _, p := range paths {
		head, key := "", p
		if dot := strings.LastIndexByte(p, '.'); dot >= 0 {
			head, key = p[:dot+1], p[dot+1:]
		}
		if inside[head] == nil {
			groups = append(groups, head)
		}
		inside[head] = append(inside[head], key)
	}
	parts := make([]string, len(groups))
	for i, head := range groups {
		parts[i] = fmt.Sprintf("%s%s{%s}", prefix, head, strings.Join(inside[head], ","))
	}
	return strings.Join(parts, ", ")
}
