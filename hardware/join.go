package hardware

import "fmt"

// MaxJoined is the most devices that one deployment may span.
const MaxJoined = 4096

// Devices counts the accelerators of all nodes.
func (m *Machine) Devices() int {
	n := 0
	for i := range m.Nodes {
		n += max(m.Nodes[i].Count, 1) * len(m.Nodes[i].Devices)
	}
	return n
}

// Join returns the machine as one node that holds the devices of all, for
// engines that run one deployment over several computers: Box is how many
// devices a computer has, Network what joins the computers. Host and memory
// are those of one computer. A machine of one node is returned as it is. It is
// an error if the nodes differ in their devices, or are too many.
func (m *Machine) Join() (*Machine, error) {
	if len(m.Nodes) == 0 || len(m.Nodes) == 1 && m.Nodes[0].Count <= 1 {
		return m, nil
	}
	box := len(m.Nodes[0].Devices)
	if n := m.Devices(); n > MaxJoined {
		return nil, fmt.Errorf("%d devices, and a deployment spans at most %d: name fewer nodes, and count deployments", n, MaxJoined)
	}
	joined := m.Nodes[0]
	if joined.Network == nil {
		joined.Network = m.Network
	}
	joined.Count, joined.Box, joined.Devices = 1, box, nil
	for i := range m.Nodes {
		if len(m.Nodes[i].Devices) != box {
			return nil, fmt.Errorf("nodes of %d and of %d devices: one deployment over unequal nodes is not estimated; name nodes that are alike", box, len(m.Nodes[i].Devices))
		}
		for k, d := range m.Nodes[i].Devices {
			if first := m.Nodes[0].Devices[k]; d.ID != first.ID {
				return nil, fmt.Errorf("nodes of %s and of %s: one deployment over unequal nodes is not estimated; name nodes that are alike", first.ID, d.ID)
			}
		}
		for range max(m.Nodes[i].Count, 1) {
			joined.Devices = append(joined.Devices, m.Nodes[i].Devices...)
		}
	}
	out := *m
	out.Nodes = []Node{joined}
	return &out, nil
}

// Reach is how many devices the node's link joins; what goes beyond takes the
// network. 0: it joins all of them.
func (n *Node) Reach() int {
	reach := n.Box
	if n.Link != nil && n.Domain > reach {
		reach = n.Domain - n.Domain%max(n.Box, 1)
	}
	if reach >= len(n.Devices) {
		return 0
	}
	return reach
}
