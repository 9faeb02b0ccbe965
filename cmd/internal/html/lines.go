package html

import (
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// lineChart shows how something goes over time.
type lineChart struct {
	ID, Title, Label string // Label is for those who do not see
	XWords           string
	Height, Bottom   string
	Left, Right      string
	XTicks, YTicks   []tick
	Series           []series
}

// series is one line; Class is its look.
type series struct {
	Class, Name, Points string
}

// line is what a series is drawn from.
type line struct {
	class, name string
	values      []float64
}

// maxPoints is how many points a line has at most.
const maxPoints = 1000

// linesOf draws values over times; steps hold each value until the next.
// nil where there is nothing to draw.
func linesOf(id, title, label, xWords string, times []float64, steps bool, lines ...line) *lineChart {
	if len(times) < 2 || len(times) > maxPoints {
		return nil
	}
	var values []float64
	for _, l := range lines {
		values = append(values, l.values...)
	}
	const left, right, top, bottom = 60.0, chartWidth - 20, 10.0, 170.0
	sx, okX := newScale(times, left, right)
	sy, okY := newScale(values, bottom, top)
	if !okX || !okY {
		return nil
	}
	sx.linear(times)
	sy.linear(values)
	c := &lineChart{ID: id, Title: title, Label: label, XWords: xWords, Height: "215", Bottom: decimal(bottom), Left: decimal(left), Right: decimal(right),
		XTicks: sx.ticks(1), YTicks: sy.ticks(1)}
	for _, l := range lines {
		var points []string
		for i, v := range l.values {
			if steps && i > 0 {
				points = append(points, decimal(sx.at(times[i]))+","+decimal(sy.at(l.values[i-1])))
			}
			points = append(points, decimal(sx.at(times[i]))+","+decimal(sy.at(v)))
		}
		c.Series = append(c.Series, series{l.class, l.name, strings.Join(points, " ")})
	}
	return c
}

// loadOf draws the timeline of what users see.
func loadOf(u *estimator.UnderLoad) *lineChart {
	if u == nil {
		return nil
	}
	var times, running, waiting []float64
	for _, m := range u.Timeline {
		times, running, waiting = append(times, m.AtS), append(running, float64(m.Running)), append(waiting, float64(m.Waiting))
	}
	return linesOf("load", "Sequences over time", "Sequences that run and that wait, over time", "seconds", times, false,
		line{"running", "running", running}, line{"waiting", "waiting", waiting})
}

// monthsOf draws how many machines each month ahead needs.
func monthsOf(months []report.CapacityMonth) *lineChart {
	var times, machines []float64
	for _, m := range months {
		times, machines = append(times, float64(m.Month)), append(machines, float64(m.Machines))
	}
	return linesOf("months", "Machines over the months ahead", "Machines that each month ahead needs", "months from now", times, true, line{"running", "machines", machines})
}
