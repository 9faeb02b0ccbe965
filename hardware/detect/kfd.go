package detect

import (
	"fmt"
	"strconv"
	"strings"
)

// kfdNode is one GPU of the kernel's compute topology (Linux
// drivers/gpu/drm/amd/amdkfd/kfd_topology.c). With compute partitions one card
// is several.
type kfdNode struct {
	props            map[string]uint64
	bytes            int64 // of its own memory
	busWidth, memMHz int
	peers            map[int]int // type of the link to another node
}

// Types of io_links (include/uapi: HSA_IOLINK_TYPE_*).
const (
	linkPCIe = 2
	linkXGMI = 11
)

// kfdNodes reads the GPUs of the topology, by the number of their node.
func (s *system) kfdNodes() map[int]kfdNode {
	const base = "/sys/class/kfd/kfd/topology/nodes"
	out := map[int]kfdNode{}
	for _, dir := range s.glob(base + "/*") {
		i, err := strconv.Atoi(dir[len(base)+1:])
		if err != nil || len(out) >= maxDevices {
			continue
		}
		n := kfdNode{props: s.properties(dir + "/properties"), peers: map[int]int{}}
		if n.props["simd_count"] == 0 {
			continue // a processor
		}
		for _, bank := range s.glob(dir + "/mem_banks/*/properties") {
			p := s.properties(bank)
			if t := p["heap_type"]; t == 1 || t == 2 { // the frame buffer, public or private
				n.bytes += clampBytes(p["size_in_bytes"])
				n.busWidth, n.memMHz = int(min(p["width"], 1<<16)), int(min(p["mem_clk_max"], 1<<16))
			}
		}
		for _, kind := range []string{"/io_links", "/p2p_links"} {
			for _, link := range s.glob(dir + kind + "/*/properties") {
				p := s.properties(link)
				if to := int(min(p["node_to"], 1<<20)); p["type"] != 0 && n.peers[to] == 0 {
					n.peers[to] = int(min(p["type"], 1<<10))
				}
			}
		}
		out[i] = n
	}
	return out
}

// properties reads a file of words and numbers.
func (s *system) properties(name string) map[string]uint64 {
	out := map[string]uint64{}
	for line := range strings.Lines(s.text(name)) {
		if f := strings.Fields(line); len(f) == 2 {
			if v, err := strconv.ParseUint(f[1], 10, 64); err == nil {
				out[f[0]] = v
			}
		}
	}
	return out
}

// address is the PCI address: location_id holds bus, device and function.
func (n *kfdNode) address() string {
	at := n.props["location_id"]
	if at == 0 {
		return ""
	}
	return fmt.Sprintf("%04x:%02x:%02x.%d", n.props["domain"], at>>8&0xff, at>>3&0x1f, at&7)
}

// gfx is the target as compilers write it: 90402 is gfx942, 90010 gfx90a.
func gfx(version uint64) string {
	if version == 0 {
		return ""
	}
	return fmt.Sprintf("gfx%d%x%x", version/10000, version/100%100, version%100)
}

// mergeKFD lays the topology over the cards of a reading, or makes cards of it
// where there are none. Nodes that share a card are its partitions.
func mergeKFD(r *Reading, nodes map[int]kfdNode) (notes []string) {
	order := sortedKeys(nodes)
	if len(order) == 0 {
		return nil
	}
	// Functions of one card share all of the address but the last digits.
	card := func(n *kfdNode) string { a := n.address(); return a[:max(len(a)-4, 0)] }
	parts := map[string]int{}
	for _, i := range order {
		n := nodes[i]
		parts[card(&n)]++
	}
	var made []Accelerator
	for _, i := range order {
		n := nodes[i]
		a := Accelerator{Vendor: "AMD", PCIAddress: n.address(), NUMANode: -1, MemoryTotal: n.bytes}
		if v, d := n.props["vendor_id"], n.props["device_id"]; v != 0 {
			a.PCIID = fmt.Sprintf("%04x:%04x", v&0xffff, d&0xffff)
		}
		k := -1
		for j := range r.Accelerators {
			if seen := &r.Accelerators[j]; seen.PCIAddress != "" && strings.HasPrefix(seen.PCIAddress, card(&n)) && card(&n) != "" {
				k = j
			}
		}
		if k >= 0 {
			whole := r.Accelerators[k]
			total := whole.MemoryTotal
			if a.MemoryTotal == 0 || parts[card(&n)] == 1 {
				a.MemoryTotal = total
			}
			a, whole = whole, a
			a.MemoryTotal, a.PCIAddress = whole.MemoryTotal, whole.PCIAddress
		} else {
			f := pciFunction{id: a.PCIID}
			p := f.product()
			a.Integrated = p.kind == "integrated"
			a.names(p, a.PCIID)
		}
		a.Integrated = a.Integrated || n.props["cpu_cores_count"] > 0
		a.Compute = gfx(n.props["gfx_target_version"])
		a.Partitions = parts[card(&n)]
		if a.SMClockMHz == 0 {
			a.SMClockMHz = int(min(n.props["max_engine_clk_fcompute"], 1<<16))
		}
		if per := n.props["simd_per_cu"]; per > 0 {
			a.ComputeUnits = int(min(n.props["simd_count"]/per, 1<<16))
		}
		a.BusWidthBits, a.MemoryClockMHz = n.busWidth, n.memMHz
		made = append(made, a)
	}
	// Cards that compute programs are not offered keep their place.
	for _, seen := range r.Accelerators {
		known := false
		for _, m := range made {
			known = known || seen.PCIAddress != "" && strings.HasPrefix(m.PCIAddress, seen.PCIAddress[:max(len(seen.PCIAddress)-4, 0)])
		}
		if !known {
			made = append(made, seen)
		}
	}
	r.Accelerators = made
	r.Topology = kfdTopology(nodes, order)
	for i := range made {
		if made[i].Partitions > 1 {
			notes = append(notes, fmt.Sprintf("amd: the cards are set to compute partitions: each card is %d devices", made[i].Partitions))
			break
		}
	}
	return notes
}

// kfdTopology says how the GPUs are joined.
func kfdTopology(nodes map[int]kfdNode, order []int) *Topology {
	t := &Topology{Links: make([][]string, len(order))}
	told := false
	for x, i := range order {
		t.Links[x] = make([]string, len(order))
		for y, j := range order {
			if x == y {
				continue
			}
			switch nodes[i].peers[j] {
			case linkXGMI:
				t.Links[x][y], told = "XGMI", true
			case linkPCIe:
				t.Links[x][y], told = "PCIE", true
			}
		}
	}
	if !told {
		return nil
	}
	return t
}
