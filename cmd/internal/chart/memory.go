package chart

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// segments of a memory's bar in the order in which they are stacked. What is
// reserved lies at the far end of the capacity.
var segments = [...]struct {
	name string
	get  func(*report.CompareMemory) int64
}{
	{"weights", func(m *report.CompareMemory) int64 { return m.Weights }},
	{"KV cache and states", func(m *report.CompareMemory) int64 { return m.KVCache }},
	{"compute", func(m *report.CompareMemory) int64 { return m.Compute }},
	{"overhead", func(m *report.CompareMemory) int64 { return m.Overhead }},
}

// memory draws every memory that holds something as a bar against what it has.
func memory(c *report.Compare) (*sheet, error) {
	s := newSheet("Memory: what is needed of what there is", "GiB", "")
	var names []string
	b := &bars{}
	for i := len(c.Rows) - 1; i >= 0; i-- { // the first row on top
		r := &c.Rows[i]
		drawn := telling(r)
		for _, m := range slices.Backward(drawn) {
			name := cut(r.Name)
			if len(drawn) > 1 {
				name += ": " + m.Name
			}
			if m.Count > 1 {
				name += fmt.Sprintf(" (each of %d)", m.Count)
			}
			names = append(names, name)
			b.memories = append(b.memories, m)
		}
	}
	if len(b.memories) == 0 {
		return nil, errors.New("no row could be estimated, so there is no memory to draw")
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Width = 0
	s.plot.Add(grid, b)
	s.plot.NominalY(names...)
	s.plot.Y.Tick.Label.Font = sans(9)
	linear(&s.plot.X) // stacked lengths mean nothing on a log scale
	s.bars, s.names = b, names
	s.height = vg.Length(80 + 22*len(names))
	for i, seg := range segments {
		s.key = append(s.key, keyEntry{text: seg.name, fill: true, color: colorOf(i)})
	}
	s.key = append(s.key, keyEntry{text: "free", fill: true, color: pale}, keyEntry{text: "reserved", fill: true, color: grey},
		keyEntry{text: "80% range of the need", line: true, color: black}, keyEntry{text: "more than there is", line: true, color: alarm})
	return s, nil
}

// telling chooses the memories that are drawn: the fullest one, and those that
// hold a part of the model that counts. A host that only keeps a process would
// stretch the picture and say nothing.
func telling(r *report.CompareRow) []*report.CompareMemory {
	const part = 0.1
	holds := func(m *report.CompareMemory) float64 { return float64(m.Count) * float64(m.Weights+m.KVCache) }
	sum := 0.0
	for i := range r.Memories {
		sum += holds(&r.Memories[i])
	}
	var out []*report.CompareMemory
	for i := range r.Memories {
		if m := &r.Memories[i]; m.Fullest || holds(m) > part*sum {
			out = append(out, m)
		}
	}
	return out
}

// bars are memories as horizontal bars, one above the other.
type bars struct{ memories []*report.CompareMemory }

const gib = 1.0 / (1 << 30)

func (b *bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	const half = 7
	for i, m := range b.memories {
		at := y(float64(i))
		bar := func(fill color.Color, from, to float64) {
			if to > from {
				box(&c, fill, x(from*gib), at-half, x(to*gib), at+half)
			}
		}
		bar(pale, 0, float64(m.Usable))
		bar(grey, float64(m.Usable), float64(m.Capacity))
		edge := 0.0
		for k, seg := range segments {
			next := edge + float64(seg.get(m))
			bar(colorOf(k), edge, next)
			edge = next
		}
		if m.High > m.Low {
			line := draw.LineStyle{Color: black, Width: 1}
			c.StrokeLine2(line, x(float64(m.Low)*gib), at, x(float64(m.High)*gib), at)
			for _, end := range [2]int64{m.Low, m.High} {
				c.StrokeLine2(line, x(float64(end)*gib), at-3, x(float64(end)*gib), at+3)
			}
		}
		if edge > float64(m.Usable) {
			line := draw.LineStyle{Color: alarm, Width: 1.5}
			left, right := x(float64(m.Usable)*gib), x(edge*gib)
			c.StrokeLines(line, []vg.Point{{X: left, Y: at - half}, {X: right, Y: at - half}, {X: right, Y: at + half}, {X: left, Y: at + half}, {X: left, Y: at - half}})
		}
	}
}

// DataRange begins at zero.
func (b *bars) DataRange() (xmin, xmax, ymin, ymax float64) {
	for _, m := range b.memories {
		xmax = math.Max(xmax, math.Max(float64(m.Capacity), float64(m.High))*gib)
	}
	return 0, xmax, -0.6, float64(len(b.memories)) - 0.4
}
