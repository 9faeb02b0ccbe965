package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// ScalingTag is a comment in the markdown by which a bot finds its own.
const ScalingTag = "<!-- plimsoll scaling -->"

// Scaling writes an answer of plimsoll scaling for reading. width bounds the
// tables, 0 does not; notes wrap at the style's width.
func Scaling(w io.Writer, d *report.Scaling, s Style, width int) error {
	var b strings.Builder
	b.WriteString(s.wrap("", "  ", scalingTitle(d)))
	for _, t := range scalingSheets(d) {
		b.WriteByte('\n')
		t.draw(&b, s, width)
	}
	for _, part := range scalingLists(d) {
		b.WriteString("\n" + s.paint(bold, part.title) + "\n")
		for _, item := range part.items {
			b.WriteString(s.wrap("  - ", "    ", item))
		}
	}
	for i, dv := range d.Derivations {
		if i == 0 {
			b.WriteString("\n" + s.paint(bold, "How each figure came about") + "\n")
		}
		b.WriteString(s.wrap("  ", "    ", dv.Figure+" = "+dv.Formula))
		if dv.Facts != "" {
			b.WriteString(s.wrap("      ", "      ", "facts: "+dv.Facts))
		}
		if dv.Source != "" {
			b.WriteString(s.wrap("      ", "      ", "source: "+dv.Source))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// ScalingMarkdown writes an answer for a pull request or a wiki page.
func ScalingMarkdown(w io.Writer, d *report.Scaling) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", ScalingTag, md(scalingTitle(d)))
	for _, t := range scalingSheets(d) {
		if t.title != "" {
			fmt.Fprintf(&b, "\n**%s**\n", md(t.title))
		}
		b.WriteByte('\n')
		var titles, rule []string
		for _, c := range t.columns {
			titles = append(titles, c.title)
			if c.words {
				rule = append(rule, "---")
			} else {
				rule = append(rule, "--:")
			}
		}
		markdownRow(&b, titles)
		b.WriteString("|" + strings.Join(rule, "|") + "|\n")
		for _, r := range t.rows {
			markdownRow(&b, r)
		}
	}
	for _, part := range scalingLists(d) {
		fmt.Fprintf(&b, "\n**%s**\n\n", part.title)
		for _, item := range part.items {
			fmt.Fprintf(&b, "- %s\n", md(item))
		}
	}
	for i, dv := range d.Derivations {
		if i == 0 {
			b.WriteString("\n**How each figure came about**\n\n")
		}
		fmt.Fprintf(&b, "- %s\n", md(dv.Figure+" = "+dv.Formula))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sheet is a table in plain text.
type sheet struct {
	title   string
	columns []sheetColumn
	rows    [][]string
}

// sheetColumn is a column of a sheet. When room is short the columns of the
// highest rank go first; those of rank 0 stay.
type sheetColumn struct {
	title string
	words bool // else numbers, aligned at the right
	rank  int
}

// draw writes the sheet within width columns, or unbounded when width is 0.
func (t *sheet) draw(b *strings.Builder, s Style, width int) {
	if t.title != "" {
		b.WriteString(s.paint(bold, strings.TrimSuffix(s.wrap("", "", t.title), "\n")) + "\n")
	}
	shown := make([]int, len(t.columns))
	for i := range shown {
		shown[i] = i
	}
	cells := make([][]string, 0, len(t.rows)+1)
	head := make([]string, len(t.columns))
	for i, c := range t.columns {
		head[i] = s.plain(c.title)
	}
	cells = append(cells, head)
	for _, r := range t.rows {
		line := make([]string, len(r))
		for i, cell := range r {
			line[i] = s.plain(cell)
		}
		cells = append(cells, line)
	}
	widths := make([]int, len(t.columns))
	for _, r := range cells {
		for i, cell := range r {
			widths[i] = max(widths[i], runes(cell))
		}
	}
	var left []string
	for total(widths, shown) > width && width > 0 {
		last := -1
		for k, i := range shown {
			if t.columns[i].rank > 0 && (last < 0 || t.columns[i].rank >= t.columns[shown[last]].rank) {
				last = k
			}
		}
		if last < 0 {
			break
		}
		if name := t.columns[shown[last]].title; !slices.Contains(left, name) {
			left = append(left, name)
		}
		shown = append(shown[:last:last], shown[last+1:]...)
	}
	for n, r := range cells {
		var line strings.Builder
		for _, i := range shown {
			align := -widths[i]
			if t.columns[i].words {
				align = widths[i]
			}
			line.WriteString("  " + pad(r[i], align))
		}
		text := strings.TrimRight(line.String(), " ")
		if width > 0 {
			text = s.cut(text, width)
		}
		if n == 0 {
			text = s.paint(bold, text)
		}
		b.WriteString(text + "\n")
	}
	if len(left) > 0 {
		b.WriteString(s.wrap("  ", "    ", "Left out for want of width: "+strings.Join(left, ", ")+" (-o csv, json and markdown have them)"))
	}
}

func total(widths, shown []int) int {
	sum := 0
	for _, i := range shown {
		sum += widths[i] + 2
	}
	return sum
}
