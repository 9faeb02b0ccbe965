package html

import (
	"strings"
	"unicode/utf8"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// Sizes of charts, in pixels at the width they are drawn for.
const (
	chartWidth = 860.0
	labelWidth = 270.0
	rowHeight  = 24.0
	axisHeight = 26.0
	textWidth  = 90.0 // of the value at the right
	maxRows    = 40
	maxLabel   = 40 // characters
)

// rangeChart shows a figure of several cases: values with their intervals.
type rangeChart struct {
	Title, Unit, Summary string
	Height, Bottom       string
	Left, Right, AxisY   string
	Ticks                []tick
	Rows                 []rangeRow
	LeftOut              int
}

type rangeRow struct {
	Y, TextY              string
	Label, Full, Value    string
	From, To, At, Width   string
	Outcome               report.Outcome
	ValueX, Low, High, ID string
}

// rangesOf makes a chart of each figure that several cases have.
func rangesOf(cases []report.Case) []rangeChart {
	var out []rangeChart
	for _, name := range columnsOf(cases) {
		if c := rangeOf(cases, name); c != nil {
			out = append(out, *c)
		}
	}
	return out
}

func rangeOf(cases []report.Case, name string) *rangeChart {
	type entry struct {
		at     int
		figure *estimator.Figure
	}
	var entries []entry
	var values []float64
	unit := ""
	for i := range cases {
		for _, f := range cases[i].Figures {
			if f.Name != name || f.Figure == nil || unit != "" && f.Figure.Unit != unit {
				continue
			}
			unit = f.Figure.Unit
			entries = append(entries, entry{i, f.Figure})
			break
		}
	}
	c := &rangeChart{Title: report.FigureWords(name)}
	if len(entries) > maxRows {
		c.LeftOut = len(entries) - maxRows
		entries = entries[:maxRows]
	}
	if len(entries) < 2 {
		return nil
	}
	for _, e := range entries {
		values = append(values, e.figure.Value, e.figure.Low, e.figure.High)
	}
	s, ok := newScale(values, labelWidth, chartWidth-textWidth)
	if !ok {
		return nil
	}
	divide, word := divisor(unit)
	c.Unit, c.Ticks = word, s.ticks(divide)
	bottom := float64(len(entries))*rowHeight + 4
	c.Height, c.Bottom, c.AxisY = decimal(bottom+axisHeight), decimal(bottom), decimal(bottom+16)
	c.Left, c.Right = decimal(labelWidth), decimal(chartWidth-textWidth)
	for k, e := range entries {
		f, y := e.figure, float64(k)*rowHeight+rowHeight/2+2
		from, to := s.at(f.Low), s.at(f.High)
		one := &cases[e.at]
		c.Rows = append(c.Rows, rangeRow{Y: decimal(y), TextY: decimal(y + 4), Label: shorten(one.Name), Full: one.Name, Outcome: one.Outcome, ID: idOf(e.at),
			From: decimal(from), To: decimal(to), Width: decimal(max(to-from, 1)), At: decimal(s.at(f.Value)), ValueX: decimal(chartWidth - textWidth + 8),
			Value: strings.TrimSuffix(report.FigureText(f, f.Value), " "+word), Low: report.FigureText(f, f.Low), High: report.FigureText(f, f.High)})
	}
	return c
}

// whisker is a small picture of one figure's interval.
type whisker struct{ From, Width, At string }

func whiskerOf(f *estimator.Figure) whisker {
	s, ok := newScale([]float64{f.Value, f.Low, f.High}, 2, 118)
	if !ok {
		return whisker{"2", "1", "2"}
	}
	return whisker{decimal(s.at(f.Low)), decimal(max(s.at(f.High)-s.at(f.Low), 1)), decimal(s.at(f.Value))}
}

// shorten cuts a label to what has room.
func shorten(s string) string {
	if utf8.RuneCountInString(s) <= maxLabel {
		return s
	}
	return string([]rune(s)[:maxLabel-1]) + "…"
}
