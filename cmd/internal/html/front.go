package html

import (
	"unicode/utf8"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// frontChart shows two figures of the rows of a comparison against each other.
type frontChart struct {
	X, Y, Words              string
	Height                   string
	Left, Right, Top, Bottom string
	XTicks, YTicks           []tick
	Points                   []point
}

type point struct {
	X, Y, TextX, TextY   string
	Left, Right, Up, Low string // ends of the intervals
	Label, Title         string
	Front                bool
	Anchor               string
}

// Of the chart of a front, in pixels.
const (
	frontHeight = 380.0
	frontLeft   = 70.0
	frontBottom = 330.0
)

func frontOf(c *report.Compare) *frontChart {
	x, y := report.CompareColumnOf(c.Front.X), report.CompareColumnOf(c.Front.Y)
	if x == nil || y == nil {
		return nil
	}
	type entry struct {
		row  *report.CompareRow
		x, y *estimator.Figure
	}
	var entries []entry
	var xs, ys []float64
	for i := range c.Rows {
		r := &c.Rows[i]
		e := entry{r, x.Get(&r.Figures), y.Get(&r.Figures)}
		if !r.Runs() || e.x == nil || e.y == nil {
			continue
		}
		entries = append(entries, e)
		xs, ys = append(xs, e.x.Low, e.x.High), append(ys, e.y.Low, e.y.High)
	}
	sx, okX := newScale(xs, frontLeft, chartWidth-30)
	sy, okY := newScale(ys, frontBottom, 16)
	if len(entries) < 2 || !okX || !okY {
		return nil
	}
	xDivide, xUnit := divisor(entries[0].x.Unit)
	yDivide, yUnit := divisor(entries[0].y.Unit)
	f := &frontChart{X: x.Words + ", " + xUnit, Y: y.Words + ", " + yUnit, Words: c.Front.Words, Height: decimal(frontHeight),
		Left: decimal(frontLeft), Right: decimal(chartWidth - 30), Top: "16", Bottom: decimal(frontBottom), XTicks: sx.ticks(xDivide), YTicks: sy.ticks(yDivide)}
	var spots []spot
	for _, e := range entries {
		px, py := sx.at(e.x.Value), sy.at(e.y.Value)
		p := point{X: decimal(px), Y: decimal(py), Front: e.row.Pareto,
			Left: decimal(sx.at(e.x.Low)), Right: decimal(sx.at(e.x.High)), Up: decimal(sy.at(e.y.High)), Low: decimal(sy.at(e.y.Low)),
			Title: e.row.Name + ": " + report.FigureText(e.x, e.x.Value) + ", " + report.FigureText(e.y, e.y.Value)}
		f.Points = append(f.Points, p)
		spots = append(spots, spot{px, py, shorten(e.row.Name), p.Front})
	}
	place(spots, f.Points)
	return f
}

// spot is a point that may have a label.
type spot struct {
	x, y  float64
	text  string
	front bool
}

// place labels points where there is room, those of the front first: above or
// below, right or left. A point that finds none keeps its title.
func place(spots []spot, points []point) {
	type box struct{ left, right, top, bottom float64 }
	var taken []box
	for i := range spots {
		s := &spots[i]
		taken = append(taken, box{s.x - 5, s.x + 5, s.y - 5, s.y + 5})
	}
	free := func(b box, own int) bool {
		if b.left < frontLeft || b.right > chartWidth || b.top < 0 || b.bottom > frontBottom {
			return false
		}
		for k, t := range taken {
			if k != own && b.left < t.right && t.left < b.right && b.top < t.bottom && t.top < b.bottom {
				return false
			}
		}
		return true
	}
	for _, front := range []bool{true, false} {
		for i := range spots {
			s := &spots[i]
			if s.front != front {
				continue
			}
			width := 6.8 * float64(utf8.RuneCountInString(s.text))
			for _, at := range []struct {
				dx, dy float64
				end    bool
			}{{8, -7, false}, {8, 15, false}, {-8, -7, true}, {-8, 15, true}} {
				x, y := s.x+at.dx, s.y+at.dy
				b := box{x, x + width, y - 11, y + 3}
				if at.end {
					b.left, b.right = x-width, x
				}
				if !free(b, i) {
					continue
				}
				taken = append(taken, b)
				p := &points[i]
				p.Label, p.TextX, p.TextY, p.Anchor = s.text, decimal(x), decimal(y), "start"
				if at.end {
					p.Anchor = "end"
				}
				break
			}
		}
	}
}
