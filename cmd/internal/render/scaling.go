package render

import (
	"fmt"
	"io"
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
		t.grid(Style{UTF8: true}, 0).markdown(&b)
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

// grid is the sheet within width columns, or unbounded when width is 0.
func (t *sheet) grid(s Style, width int) *grid {
	g := &grid{s: s, width: width, shortest: roomy}
	for _, c := range t.columns {
		g.heads = append(g.heads, gridHead{c.title, !c.words, c.rank})
	}
	for _, r := range t.rows {
		g.rows = append(g.rows, gridRow{cells: r})
	}
	return g
}

// draw writes the sheet.
func (t *sheet) draw(b *strings.Builder, s Style, width int) {
	if t.title != "" {
		b.WriteString(s.paint(bold, strings.TrimSuffix(s.wrap("", "", t.title), "\n")) + "\n")
	}
	g := t.grid(s, width)
	g.write(b)
	if len(g.left) > 0 {
		b.WriteString(s.wrap("  ", "    ", "Left out for want of width: "+strings.Join(g.left, ", ")+" (-o csv, json and markdown have them)"))
	}
}
