package render

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// grid is a table in plain text whose rows may have notes below them. In one that
// is too wide texts are cut where that is allowed, the widest first, and columns
// are left out, those of the highest rank first.
type grid struct {
	s     Style
	width int // columns of the screen; 0: no bound
	heads []gridHead
	rows  []gridRow
	// shortest is the width to which texts may be cut when all columns that may
	// go are gone; 0: they may not. early cuts long ones before that.
	shortest int
	early    bool
	left     []string // titles of columns left out
}

// gridHead is a column: one of rank 0 always stays.
type gridHead struct {
	title string
	right bool
	rank  int
}

type gridRow struct {
	cells  []string
	colors []string // by cell; nil: none
	notes  []string
}

// fit finds the widths of the columns, leaving out what there is no room for.
func (g *grid) fit() []int {
	widths := g.widths()
	total := func() int {
		sum := 0
		for _, w := range widths {
			sum += w + gap
		}
		return sum
	}
	cutTo := func(to int) {
		for g.shortest > 0 && g.width > 0 && total() > g.width {
			widest := -1
			for k, h := range g.heads {
				if !h.right && (widest < 0 || widths[k] > widths[widest]) {
					widest = k
				}
			}
			if widest < 0 || widths[widest] <= to {
				return
			}
			widths[widest]--
		}
	}
	if g.early {
		cutTo(roomy)
	}
	for g.width > 0 && total() > g.width {
		last := -1
		for k, h := range g.heads {
			if h.rank > 0 && (last < 0 || h.rank >= g.heads[last].rank) {
				last = k
			}
		}
		if last < 0 {
			break
		}
		if name := g.heads[last].title; !slices.Contains(g.left, name) {
			g.left = append(g.left, name)
		}
		g.drop(last)
		widths = slices.Delete(widths, last, last+1)
	}
	cutTo(g.shortest)
	return widths
}

func (g *grid) drop(k int) {
	g.heads = append(g.heads[:k:k], g.heads[k+1:]...)
	for i := range g.rows {
		r := &g.rows[i]
		r.cells = append(r.cells[:k:k], r.cells[k+1:]...)
		if r.colors != nil {
			r.colors = append(r.colors[:k:k], r.colors[k+1:]...)
		}
	}
}

// clean leaves out columns that say nothing in any row.
func (g *grid) clean() {
	for k := len(g.heads) - 1; k >= 0; k-- {
		some := false
		for i := range g.rows {
			some = some || g.rows[i].cells[k] != ""
		}
		if !some {
			g.drop(k)
		}
	}
}

func (g *grid) widths() []int {
	widths := make([]int, len(g.heads))
	for k, h := range g.heads {
		widths[k] = utf8.RuneCountInString(g.s.plain(h.title))
		for i := range g.rows {
			widths[k] = max(widths[k], utf8.RuneCountInString(g.s.plain(g.rows[i].cells[k])))
		}
	}
	return widths
}

// write draws the table, indented by two.
func (g *grid) write(b *strings.Builder) {
	widths := g.fit()
	titles := make([]string, len(g.heads))
	for k, h := range g.heads {
		titles[k] = h.title
	}
	g.line(b, widths, titles, nil, true)
	for i := range g.rows {
		r := &g.rows[i]
		g.line(b, widths, r.cells, r.colors, false)
		for _, note := range r.notes {
			b.WriteString(g.s.wrap("      ", "      ", note))
		}
	}
}

func (g *grid) line(b *strings.Builder, widths []int, cells, colors []string, heading bool) {
	var text string
	for k, cell := range cells {
		cell = g.s.plain(cell)
		if g.shortest > 0 {
			cell = g.s.cut(cell, widths[k])
		}
		fill := strings.Repeat(" ", max(widths[k]-utf8.RuneCountInString(cell), 0))
		switch {
		case heading:
			cell = g.s.paint(bold, cell)
		case colors != nil && colors[k] != "":
			cell = g.s.paint(colors[k], cell)
		}
		text += "  "
		if g.heads[k].right {
			text += fill + cell
		} else {
			text += cell + fill
		}
	}
	text = strings.TrimRight(text, " ")
	if g.width > 0 && !g.s.Color {
		text = g.s.cut(text, g.width) // the last resort
	}
	b.WriteString(text + "\n")
}

// markdown writes the table as one of a pull request; notes are left out.
func (g *grid) markdown(b *strings.Builder) {
	titles, rule := make([]string, len(g.heads)), make([]string, len(g.heads))
	for k, h := range g.heads {
		titles[k], rule[k] = h.title, "---"
		if h.right {
			rule[k] = "--:"
		}
	}
	markdownRow(b, titles)
	b.WriteString("|" + strings.Join(rule, "|") + "|\n")
	for i := range g.rows {
		markdownRow(b, g.rows[i].cells)
	}
}
