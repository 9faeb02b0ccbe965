package chart

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// roof is what a processor can do at most with one weight format.
type roof struct {
	processor       string
	bandwidth, peak float64 // GB/s, TFLOPS
}

// roofline draws the phases of every row below the roof of the processor that
// works on them: what it does per second against what it does per byte.
func roofline(c *report.Compare) (*sheet, error) {
	s := newSheet("Roofline of one processor of each machine: prefill and decode", "FLOP per byte read or written", "TFLOP/s")
	var ps points
	var roofs []roof
	lines := map[roof]int{}
	var rows []keyEntry
	for i := range c.Rows {
		r := &c.Rows[i]
		if r.Work == nil {
			continue
		}
		k := roof{r.Work.Processor, r.Work.BandwidthGBps, r.Work.PeakTFLOPS}
		if _, ok := lines[k]; !ok {
			lines[k] = len(roofs)
			roofs = append(roofs, k)
		}
		color := colorOf(lines[k])
		label := fmt.Sprint(len(rows) + 1)
		for _, ph := range []struct {
			work  *report.PhaseWork
			shape draw.GlyphDrawer
		}{{r.Work.Prefill, draw.PyramidGlyph{}}, {r.Work.Decode, draw.CircleGlyph{}}} {
			if ph.work != nil {
				ps = append(ps, point{x: intensity(ph.work), y: achieved(ph.work), label: label, shape: ph.shape, color: color})
			}
		}
		name := cut(r.Name)
		if !r.Runs() {
			name += " (if the memory were there)"
		}
		rows = append(rows, keyEntry{text: label + "  " + name, shape: draw.BoxGlyph{}, color: color})
	}
	if len(ps) == 0 {
		return nil, errors.New("no row has a speed, so there is no roofline to draw")
	}
	s.plot.Add(plotter.NewGrid(), ps)
	s.points = ps
	x := &s.plot.X
	for _, k := range roofs { // the ridge is to be seen
		ridge := 1e3 * k.peak / k.bandwidth
		x.Min, x.Max = math.Min(x.Min, ridge/2), math.Max(x.Max, ridge*4)
		s.plot.Y.Max = math.Max(s.plot.Y.Max, k.peak*1.2)
	}
	logarithmic(x)
	for i, k := range roofs {
		low, ridge := x.Min, 1e3*k.peak/k.bandwidth
		corners := plotter.XYs{{X: low, Y: low * k.bandwidth / 1e3}, {X: ridge, Y: k.peak}, {X: x.Max, Y: k.peak}}
		s.lines = append(s.lines, corners)
		line, err := plotter.NewLine(corners)
		if err != nil {
			return nil, err
		}
		line.LineStyle = draw.LineStyle{Color: colorOf(i), Width: 1.5}
		s.plot.Add(line)
		s.key = append(s.key, keyEntry{text: fmt.Sprintf("%s: %s GB/s, %s TFLOPS", cut(k.processor), units.Number(k.bandwidth), units.Number(k.peak)),
			line: true, color: colorOf(i)})
	}
	logarithmic(&s.plot.Y)
	s.key = append(s.key, keyEntry{text: "roofs: nominal bandwidth, arithmetic as calibrated"},
		keyEntry{text: "prefill", shape: draw.PyramidGlyph{}, color: black}, keyEntry{text: "decode", shape: draw.CircleGlyph{}, color: black})
	s.key = append(s.key, rows...)
	return s, nil
}

// intensity is where a phase lies below the roof.
func intensity(w *report.PhaseWork) span { return exactly(w.GFLOP / w.GB) }

// achieved is the arithmetic of the phase over all of its time, waits for
// launches and for other processors included.
func achieved(w *report.PhaseWork) span { return exactly(w.GFLOP / w.Seconds.Value / 1e3) }

// exactly is a value drawn without an interval.
func exactly(v float64) span { return span{v, v, v} }
