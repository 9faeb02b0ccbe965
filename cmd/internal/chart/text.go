package chart

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"gonum.org/v1/plot"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// Text draws a comparison with characters, for a terminal of width columns.
// The error says why there is nothing to draw.
func Text(kind string, c *report.Compare, width int) (string, error) {
	s, err := sheetOf(kind, c)
	if err != nil {
		return "", err
	}
	if s.bars != nil {
		return s.textBars(width), nil
	}
	return s.textPoints(width), nil
}

// Sizes in characters: rows of a plot, and what its left axis takes.
const (
	textHeight = 18
	textAxis   = 10
)

// grid is a field of characters, the first row on top.
type grid [][]rune

func newGrid(width, height int) grid {
	g := make(grid, height)
	for i := range g {
		g[i] = []rune(strings.Repeat(" ", width))
	}
	return g
}

// write puts text at a place; what does not fit is left out.
func (g grid) write(x, y int, text string) {
	if y < 0 || y >= len(g) {
		return
	}
	for i, c := range []rune(text) {
		if x+i >= 0 && x+i < len(g[y]) {
			g[y][x+i] = c
		}
	}
}

func (g grid) String() string {
	var b strings.Builder
	for _, row := range g {
		b.WriteString(strings.TrimRight(string(row), " ") + "\n")
	}
	return b.String()
}

// textPoints draws points by their numbers, and lines as dots.
func (s *sheet) textPoints(width int) string {
	x, y := &s.plot.X, &s.plot.Y
	across := max(width-textAxis-2, 20)
	g := newGrid(textAxis+across+2, textHeight+2)
	column := func(v float64) int { return textAxis + 1 + int(math.Round(x.Norm(v)*float64(across-1))) }
	row := func(v float64) int { return textHeight - 1 - int(math.Round(y.Norm(v)*float64(textHeight-1))) }
	for i := range textHeight {
		g.write(textAxis, i, "│")
	}
	g.write(textAxis, textHeight, "└"+strings.Repeat("─", across))
	end := 0
	for _, t := range labelled(x) {
		if at := column(t.Value) - utf8.RuneCountInString(t.Label)/2; at > end {
			g.write(column(t.Value), textHeight, "┴")
			g.write(at, textHeight+1, t.Label)
			end = at + utf8.RuneCountInString(t.Label)
		}
	}
	end = textHeight
	for _, t := range labelled(y) {
		if at := row(t.Value); at < end {
			g.write(textAxis-1-utf8.RuneCountInString(t.Label), at, t.Label+" ┤")
			end = at - 1
		}
	}
	for _, line := range s.lines {
		for i := 1; i < len(line); i++ {
			from, to := line[i-1], line[i]
			x0, x1, y0, y1 := x.Norm(from.X), x.Norm(to.X), y.Norm(from.Y), y.Norm(to.Y)
			for k := range across + 1 {
				f := float64(k) / float64(across)
				g.write(textAxis+1+int(math.Round((x0+f*(x1-x0))*float64(across-1))),
					textHeight-1-int(math.Round((y0+f*(y1-y0))*float64(textHeight-1))), "·")
			}
		}
	}
	for _, p := range s.points {
		g.write(column(p.x.value), row(p.y.value), p.label)
	}
	var b strings.Builder
	b.WriteString(s.plot.Title.Text + "\n" + s.plot.Y.Label.Text + "\n" + g.String())
	b.WriteString(strings.Repeat(" ", max(textAxis+1+across-utf8.RuneCountInString(x.Label.Text), 0)) + x.Label.Text + "\n")
	for _, k := range s.key {
		switch {
		case k.line:
			b.WriteString("  · " + k.text + "\n")
		case k.text != "" && k.text[0] >= '0' && k.text[0] <= '9':
			b.WriteString("  " + k.text + "\n")
		}
	}
	return b.String()
}

// labelled are the ticks of an axis that have a label and lie on it.
func labelled(a *plot.Axis) []plot.Tick {
	var out []plot.Tick
	for _, t := range a.Tick.Marker.Ticks(a.Min, a.Max) {
		if t.Label != "" && t.Value >= a.Min*0.9999 && t.Value <= a.Max*1.0001 {
			out = append(out, t)
		}
	}
	return out
}

// glyphs of the segments of a bar, of what is free, of what is reserved, and of
// what there is not.
var glyphs = [...]string{"█", "▓", "▒", "░"}

// textBars draws memories as bars, all to one scale.
func (s *sheet) textBars(width int) string {
	names, values := 0, 0
	text := make([]string, len(s.names))
	for i, m := range s.bars.memories {
		text[i] = fmt.Sprintf("%s of %s", units.GiB(float64(m.Weights+m.KVCache+m.Compute+m.Overhead)), units.GiB(float64(m.Usable)))
		names, values = max(names, utf8.RuneCountInString(s.names[i])), max(values, len(text[i]))
	}
	names = min(names, max(width/3, 8))
	_, most, _, _ := s.bars.DataRange()
	across := max(width-names-values-6, 10)
	cells := func(bytes float64) int { return int(math.Round(bytes * gib / most * float64(across))) }
	var b strings.Builder
	b.WriteString(s.plot.Title.Text + ", GiB\n")
	for i := len(s.names) - 1; i >= 0; i-- {
		m := s.bars.memories[i]
		line, edge := newGrid(across+1, 1), 0.0
		line.write(cells(float64(m.Usable)), 0, strings.Repeat("╱", cells(float64(m.Capacity))-cells(float64(m.Usable))))
		line.write(0, 0, strings.Repeat("·", cells(float64(m.Usable))))
		for k, seg := range segments {
			from := edge
			edge += float64(seg.get(m))
			line.write(cells(from), 0, strings.Repeat(glyphs[k], cells(edge)-cells(from)))
		}
		if edge > float64(m.Usable) {
			line.write(cells(float64(m.Usable)), 0, "┃") // more than there is
		}
		name := []rune(s.names[i])
		if len(name) > names {
			name = append(name[:names-1], '…')
		}
		fmt.Fprintf(&b, "  %s%s %s  %s\n", string(name), strings.Repeat(" ", names-len(name)), strings.TrimSuffix(line.String(), "\n"), text[i])
	}
	column := 0
	for i, part := range []string{glyphs[0] + " weights", glyphs[1] + " KV cache and states", glyphs[2] + " compute", glyphs[3] + " overhead",
		"· free", "╱ reserved", "┃ all there is"} {
		n := utf8.RuneCountInString(part) + 2
		if column += n; i > 0 && column > width {
			b.WriteString("\n")
			column = n
		}
		b.WriteString("  " + part)
	}
	b.WriteString("\n")
	return b.String()
}
