package detect

import (
	"slices"
	"strings"
)

// Topology says how the devices of a reading are joined, pair by pair in their
// order: "NV18" (NVLinks), "XGMI", "PCIE", "PIX", "PXB", "PHB", "NODE" or
// "SYS" (ever further apart on PCIe, as nvidia-smi topo prints them); "" where
// nothing was told.
type Topology struct {
	Links [][]string
	// NUMA is the node that each device hangs on, -1 where not told; nil when
	// the source does not speak of it.
	NUMA []int
}

// joined says whether every pair has a direct link of a kind, and whether any has.
func (t *Topology) joined(prefix string) (all, any bool) {
	if t == nil || len(t.Links) < 2 {
		return false, false
	}
	all = true
	for i, row := range t.Links {
		for j, link := range row {
			if i == j {
				continue
			}
			direct := strings.HasPrefix(link, prefix)
			all, any = all && direct, any || direct
		}
	}
	return all, any
}

// ParseNvidiaTopo reads `nvidia-smi topo -m`: columns by tabs or blanks, the
// heading with or without its escape codes, rows that may end early.
func ParseNvidiaTopo(text []byte) (*Topology, int) {
	var t Topology
	devices, numa := 0, -1
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(stripEscapes(line), " \r\n")
		cells := topoCells(line)
		if len(cells) == 0 {
			continue
		}
		if devices == 0 {
			if !slices.Contains(cells, "GPU0") || slices.Contains(cells, "X") {
				continue
			}
			for _, c := range cells {
				if strings.HasPrefix(c, "GPU") && isNumber(c[3:]) {
					devices++
				}
			}
			if devices > maxDevices {
				return nil, 0
			}
			numa = slices.Index(cells, "NUMA Affinity")
			continue
		}
		if !strings.HasPrefix(cells[0], "GPU") || !isNumber(cells[0][3:]) {
			if strings.HasPrefix(line, "Legend") {
				break
			}
			continue
		}
		row := make([]string, devices)
		for i := range row {
			if i+1 < len(cells) && cells[i+1] != "X" {
				row[i] = cells[i+1]
			}
		}
		t.Links = append(t.Links, row)
		node := -1
		if numa >= 0 && numa+1 < len(cells) && isNumber(cells[numa+1]) {
			node = smiInt(cells[numa+1])
		}
		t.NUMA = append(t.NUMA, node)
	}
	if devices == 0 || len(t.Links) == 0 {
		return nil, 0
	}
	// Where the capture ends early: links go both ways.
	for len(t.Links) < devices {
		i := len(t.Links)
		row := make([]string, devices)
		for j := 0; j < i && i < len(t.Links[j]); j++ {
			row[j] = t.Links[j][i]
		}
		t.Links, t.NUMA = append(t.Links, row), append(t.NUMA, -1)
	}
	return &t, devices
}

// topoCells cuts a line of the matrix: at tabs where it has them, otherwise at
// runs of two blanks, so that "CPU Affinity" stays whole.
func topoCells(line string) []string {
	var out []string
	if strings.Contains(line, "\t") {
		for _, c := range strings.Split(line, "\t") {
			if c = strings.TrimSpace(c); c != "" {
				out = append(out, c)
			}
		}
		return out
	}
	for _, c := range strings.Split(line, "  ") {
		if c = strings.TrimSpace(c); c != "" {
			out = append(out, c)
		}
	}
	return out
}

// stripEscapes drops the codes that underline the heading on a terminal.
func stripEscapes(s string) string {
	for {
		i := strings.IndexByte(s, 0x1b)
		if i < 0 {
			return s
		}
		end := strings.IndexByte(s[i:], 'm')
		if end < 0 {
			return s[:i]
		}
		s = s[:i] + s[i+end+1:]
	}
}

// ParseRocmTopo reads `rocm-smi --showtopo`.
func ParseRocmTopo(text []byte) (*Topology, int) {
	var t Topology
	in := false
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "=====") {
			if in = strings.Contains(line, "Link Type between"); !in && len(t.Links) > 0 {
				break
			}
			continue
		}
		f := strings.Fields(line)
		if !in || len(f) < 2 || !strings.HasPrefix(f[0], "GPU") || strings.HasPrefix(f[1], "GPU") || len(t.Links) >= maxDevices {
			continue
		}
		row := make([]string, len(f)-1)
		for i, c := range f[1:] {
			if c != "0" {
				row[i] = c
			}
		}
		t.Links = append(t.Links, row)
	}
	if len(t.Links) == 0 {
		return nil, 0
	}
	return &t, len(t.Links)
}
