package chart

import (
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// span is a value with its interval.
type span struct{ value, low, high float64 }

// spanOf scales a figure.
func spanOf(f *estimator.Figure, scale float64) span {
	return span{f.Value * scale, f.Low * scale, f.High * scale}
}

// point is a marker with its intervals and a number that the key explains.
type point struct {
	x, y  span
	label string
	shape draw.GlyphDrawer
	color color.RGBA
}

// points draw themselves; they are a plot.Plotter.
type points []point

func (ps points) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, pt := range ps {
		bar := draw.LineStyle{Color: pt.color, Width: 0.7}
		at := vg.Point{X: x(pt.x.value), Y: y(pt.y.value)}
		c.StrokeLine2(bar, x(pt.x.low), at.Y, x(pt.x.high), at.Y)
		c.StrokeLine2(bar, at.X, y(pt.y.low), at.X, y(pt.y.high))
	}
	for _, pt := range ps { // above all bars
		at := vg.Point{X: x(pt.x.value), Y: y(pt.y.value)}
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: pt.color, Radius: 4, Shape: pt.shape}, at)
		style := textStyle(8)
		style.Color = pt.color
		c.FillText(style, at.Add(vg.Point{X: 5, Y: 4}), pt.label)
	}
}

// DataRange is that of the intervals.
func (ps points) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, pt := range ps {
		xmin, xmax = math.Min(xmin, pt.x.low), math.Max(xmax, pt.x.high)
		ymin, ymax = math.Min(ymin, pt.y.low), math.Max(ymax, pt.y.high)
	}
	return
}

// scale makes an axis logarithmic where its values are far apart, and else
// lets it begin at zero.
func scale(a *plot.Axis) {
	const far = 20
	if a.Min > 0 && a.Max/a.Min > far {
		logarithmic(a)
		return
	}
	linear(a)
}

func linear(a *plot.Axis) {
	a.Min = math.Min(a.Min, 0)
	a.Max *= 1.05
	a.Tick.Marker = plot.TickerFunc(func(low, high float64) []plot.Tick {
		ticks := plot.DefaultTicks{}.Ticks(low, high)
		for i := range ticks {
			if !ticks[i].IsMinor() {
				ticks[i].Label = tickText(ticks[i].Value)
			}
		}
		return ticks
	})
}

// tickText writes a round value.
func tickText(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return units.Thousands(int64(v))
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// logarithmic makes an axis so, from one round value to another.
func logarithmic(a *plot.Axis) {
	round := func(v float64, up bool) float64 {
		decade := math.Pow(10, math.Floor(math.Log10(v)))
		steps := []float64{1, 2, 5, 10}
		if up {
			for _, s := range steps {
				if s*decade >= v*0.999999 {
					return s * decade
				}
			}
		}
		best := decade
		for _, s := range steps {
			if s*decade <= v*1.000001 {
				best = s * decade
			}
		}
		return best
	}
	a.Min, a.Max = round(a.Min, false), round(a.Max, true)
	a.Scale = plot.LogScale{}
	a.Tick.Marker = plot.TickerFunc(func(low, high float64) []plot.Tick {
		var ticks []plot.Tick
		wide := high/low > 2000
		for d := math.Floor(math.Log10(low)); d <= math.Ceil(math.Log10(high)); d++ {
			for i := 1.0; i < 10; i++ {
				t := plot.Tick{Value: i * math.Pow(10, d)}
				if i == 1 || !wide && (i == 2 || i == 5) {
					t.Label = tickText(t.Value)
				}
				ticks = append(ticks, t)
			}
		}
		return ticks
	})
}
