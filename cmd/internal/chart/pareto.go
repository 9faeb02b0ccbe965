package chart

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// pareto draws what the front weighs: a point with its intervals for each row
// that runs, and a line through the front.
func pareto(c *report.Compare) (*sheet, error) {
	xc, yc := report.CompareColumnOf(c.Front.X), report.CompareColumnOf(c.Front.Y)
	if xc == nil || yc == nil {
		return nil, errors.New("the comparison has no Pareto front")
	}
	s := newSheet("Pareto front: "+c.Front.Words, axisTitle(xc), axisTitle(yc))
	var ps points
	var front plotter.XYs
	for i := range c.Rows {
		r := &c.Rows[i]
		fx, fy := xc.Get(&r.Figures), yc.Get(&r.Figures)
		if !r.Runs() || fx == nil || fy == nil {
			continue
		}
		n := len(ps)
		pt := point{x: spanOf(fx, unitScale(fx)), y: spanOf(fy, unitScale(fy)), label: fmt.Sprint(n + 1), shape: draw.RingGlyph{}, color: colorOf(n)}
		if r.Pareto {
			pt.shape = draw.CircleGlyph{}
			front = append(front, plotter.XY{X: pt.x.value, Y: pt.y.value})
		}
		ps = append(ps, pt)
		s.key = append(s.key, keyEntry{text: fmt.Sprintf("%d  %s", n+1, cut(r.Name)), shape: pt.shape, color: pt.color})
	}
	if len(ps) == 0 {
		return nil, errors.New("no row runs, so there is no Pareto front to draw")
	}
	slices.SortFunc(front, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
	line, err := plotter.NewLine(front)
	if err != nil {
		return nil, err
	}
	line.LineStyle = draw.LineStyle{Color: grey, Width: 1, Dashes: []vg.Length{4, 3}}
	s.plot.Add(plotter.NewGrid(), line, ps)
	s.points, s.lines = ps, []plotter.XYs{front}
	scale(&s.plot.X)
	scale(&s.plot.Y)
	s.key = append(s.key, keyEntry{text: "front", line: true, dashes: line.Dashes, color: grey},
		keyEntry{text: "bars: 80% ranges"})
	return s, nil
}

// axisTitle names a column with its unit.
func axisTitle(c *report.CompareColumn) string { return c.Words + ", " + c.Unit }

// unitScale turns a figure into the unit of its column: bytes into GiB.
func unitScale(f *estimator.Figure) float64 {
	if f.Unit == "bytes" || f.Unit == "B" {
		return 1.0 / (1 << 30)
	}
	return 1
}
