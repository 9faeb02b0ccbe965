package hardware

// Clone returns a machine that can be changed without changing m: its nodes,
// devices and links are copies, and what was one device in several places is
// still one. Lists of names and provenance are shared: replace them, do not
// write into them.
func (m *Machine) Clone() *Machine {
	out := *m
	out.Nodes = make([]Node, len(m.Nodes))
	devices, links := map[*Device]*Device{}, map[*Link]*Link{}
	out.Network = copied(links, m.Network)
	for i := range m.Nodes {
		n := m.Nodes[i]
		n.Link, n.Network = copied(links, n.Link), copied(links, n.Network)
		if n.Devices != nil {
			n.Devices = make([]*Device, len(m.Nodes[i].Devices))
			for k, d := range m.Nodes[i].Devices {
				n.Devices[k] = copied(devices, d)
			}
		}
		out.Nodes[i] = n
	}
	return &out
}

// copied returns the one copy of p.
func copied[T any](done map[*T]*T, p *T) *T {
	if p == nil {
		return nil
	}
	if c, ok := done[p]; ok {
		return c
	}
	c := *p
	done[p] = &c
	return &c
}
