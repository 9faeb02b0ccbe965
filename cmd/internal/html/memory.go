package html

import (
	"fmt"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// memoryChart shows what memories hold.
type memoryChart struct {
	Title  string
	Width  string
	Height string
	Rows   []memoryRow
	Parts  []string // legend
}

type memoryRow struct {
	Y, TextY, End      string
	Label, Full, Value string
	Usable             string // where the mark of what may be used stands
	Segments           []segment
	Text               string // for those who do not see
}

type segment struct {
	X, Width string
	Part     string
	Title    string
}

// parts of a memory, in the order in which they are drawn.
var parts = []string{"weights", "KV cache", "compute", "overhead", "reserved"}

// holding is one memory: bytes by part.
type holding struct {
	name             string
	parts            [5]int64
	capacity, usable int64
	need             int64
}

func memoryOf(ledgers []report.Ledger) *memoryChart {
	var all []holding
	for i := range ledgers {
		l := &ledgers[i]
		if l.Need == 0 && l.PoolBytes == 0 {
			continue
		}
		h := holding{name: l.Name, capacity: l.Capacity, usable: l.Usable, need: l.Need}
		for _, line := range l.Lines {
			h.parts[partOf(line.Component)] += line.Bytes
		}
		h.parts[4] = l.Reserved
		all = append(all, h)
	}
	return drawMemory("Memory", all)
}

// memoriesOf shows the fullest memory of every row.
func memoriesOf(c *report.Compare) *memoryChart {
	var all []holding
	for i := range c.Rows {
		for k := range c.Rows[i].Memories {
			if m := &c.Rows[i].Memories[k]; m.Fullest {
				all = append(all, holding{name: c.Rows[i].Name, capacity: m.Capacity, usable: m.Usable, need: m.Weights + m.KVCache + m.Compute + m.Overhead,
					parts: [5]int64{m.Weights, m.KVCache, m.Compute, m.Overhead, m.Reserved}})
				break
			}
		}
	}
	return drawMemory("Memory of the fullest device", all)
}

func partOf(component string) int {
	switch component {
	case "weights":
		return 0
	case "kv_cache", "recurrent_state":
		return 1
	case "compute":
		return 2
	}
	return 3
}

// drawMemory draws how full each memory is: its own size is the whole width, and
// what overflows makes it longer than what may be used.
func drawMemory(title string, all []holding) *memoryChart {
	all = alike(all)
	all = all[:min(len(all), maxRows)]
	if len(all) == 0 {
		return nil
	}
	c := &memoryChart{Title: title, Width: decimal(chartWidth), Height: decimal(float64(len(all))*rowHeight + 8), Parts: parts}
	for k := range all {
		c.Rows = append(c.Rows, all[k].row(float64(k)*rowHeight+4))
	}
	return c
}

// alike joins neighbours that hold the same.
func alike(all []holding) []holding {
	var out []holding
	var counts []int
	for _, h := range all {
		if n := len(out); n > 0 {
			last := out[n-1]
			if last.name = h.name; last == h {
				counts[n-1]++
				continue
			}
		}
		out, counts = append(out, h), append(counts, 1)
	}
	for i, n := range counts {
		if n > 1 {
			out[i].name = fmt.Sprintf("%s and %d more alike", out[i].name, n-1)
		}
	}
	return out
}

func (h *holding) row(y float64) memoryRow {
	const from, to = labelWidth, chartWidth - textWidth - 60
	whole := max(float64(h.capacity), 1)
	sum := 0.0
	for _, b := range h.parts {
		sum += max(float64(b), 0)
	}
	whole = max(whole, sum)
	at := func(b float64) float64 { return from + max(min(b/whole, 1), 0)*(to-from) }
	r := memoryRow{Y: decimal(y), TextY: decimal(y + 13), End: decimal(y + 16), Label: shorten(h.name), Full: h.name, Usable: decimal(at(float64(h.usable))),
		Value: fmt.Sprintf("%s of %s GiB", units.GiB(float64(h.need)), units.GiB(float64(h.usable)))}
	r.Text = h.name + ": " + r.Value + " usable"
	if h.capacity > 0 {
		r.Segments = append(r.Segments, segment{decimal(from), decimal(at(float64(h.capacity)) - from), "free", units.GiB(float64(h.capacity)) + " GiB in all"})
	}
	x := 0.0
	for i, b := range h.parts {
		if b <= 0 {
			continue
		}
		start, end := x, x+float64(b)
		if i == len(h.parts)-1 { // what is reserved lies at the far end
			start, end = whole-float64(b), whole
		}
		x = end
		name := fmt.Sprintf("%s %s GiB", parts[i], units.GiB(float64(b)))
		r.Text += ", " + name
		r.Segments = append(r.Segments, segment{decimal(at(start)), decimal(max(at(end)-at(start), 1)), fmt.Sprintf("part%d", i), name})
	}
	return r
}
