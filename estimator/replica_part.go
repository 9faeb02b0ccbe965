package estimator

import "github.com/plimsoll/plimsoll/hardware"

// Part is so many devices of a machine of one node (joined, if it has several
// computers), of each of which inUse bytes are taken by others: the devices have
// so much less memory, and shares of it that servers claim are shares of the
// rest. All devices, with nothing in use, are the machine itself. A machine
// without devices is taken whole.
func Part(m *hardware.Machine, devices int, inUse int64) *hardware.Machine {
	node := m.Primary()
	if node == nil || len(node.Devices) == 0 || devices >= len(node.Devices) && inUse <= 0 {
		return m
	}
	part, own := *m, *node
	own.Devices = append([]*hardware.Device(nil), node.Devices[:min(devices, len(node.Devices))]...)
	if own.Box > 0 && len(own.Devices) <= own.Box { // within one computer
		own.Box, own.Network = 0, nil
		part.Network = nil
	}
	if inUse > 0 {
		left := map[*hardware.Device]*hardware.Device{}
		for i, d := range own.Devices {
			if left[d] == nil {
				left[d] = without(d, inUse)
			}
			own.Devices[i] = left[d]
		}
	}
	part.Nodes = []hardware.Node{own}
	return &part
}

// without is a device with less memory.
func without(d *hardware.Device, bytes int64) *hardware.Device {
	less := *d
	less.MemoryBytes = max(d.MemoryBytes-bytes, 1)
	for _, size := range []*int64{&less.UsableBytes, &less.FreeBytes} {
		if *size > 0 {
			*size = max(*size-bytes, 1)
		}
	}
	return &less
}

// Sizes are the numbers of devices of a machine on which one deployment may lie:
// powers of two within a computer and of whole computers, and all of them. Where
// devices differ it is all.
func Sizes(m *hardware.Machine) []int {
	node := m.Primary()
	if node == nil || len(node.Devices) == 0 {
		return []int{1}
	}
	n, box := len(node.Devices), len(node.Devices)
	if node.Box > 0 {
		box = node.Box
	}
	for _, d := range node.Devices {
		if d != node.Devices[0] && d.ID != node.Devices[0].ID {
			return []int{n}
		}
	}
	var out []int
	for k := 1; k < n; k *= 2 {
		if k <= box || box&(box-1) == 0 {
			out = append(out, k)
		}
	}
	return append(out, n)
}
