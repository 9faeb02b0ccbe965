package render

import (
	"strings"
	"unicode/utf8"
)

// lines is a table whose rows may have notes below them. Of a table that is too
// wide, columns are left out, those of the highest rank first.
type lines struct {
	s     Style
	width int // columns of the screen; 0: no bound
	heads []lineHead
	rows  []lineRow
	left  []string // titles of columns left out
}

// lineHead is a column: one of rank 0 always stays.
type lineHead struct {
	title string
	right bool
	rank  int
}

type lineRow struct {
	cells  []string
	colors []string // by cell; nil: none
	notes  []string
}

// fit leaves columns out while the table is too wide.
func (l *lines) fit() {
	for l.width > 0 && l.total() > l.width {
		last := -1
		for i, h := range l.heads {
			if h.rank > 0 && (last < 0 || h.rank >= l.heads[last].rank) {
				last = i
			}
		}
		if last < 0 {
			return
		}
		l.left = append(l.left, l.heads[last].title)
		l.drop(last)
	}
}

func (l *lines) drop(k int) {
	l.heads = append(l.heads[:k:k], l.heads[k+1:]...)
	for i := range l.rows {
		r := &l.rows[i]
		r.cells = append(r.cells[:k:k], r.cells[k+1:]...)
		if r.colors != nil {
			r.colors = append(r.colors[:k:k], r.colors[k+1:]...)
		}
	}
}

// clean leaves out columns that say nothing in any row.
func (l *lines) clean() {
	for k := len(l.heads) - 1; k >= 0; k-- {
		some := false
		for i := range l.rows {
			some = some || l.rows[i].cells[k] != ""
		}
		if !some {
			l.drop(k)
		}
	}
}

func (l *lines) widths() []int {
	widths := make([]int, len(l.heads))
	for k, h := range l.heads {
		widths[k] = utf8.RuneCountInString(l.s.plain(h.title))
		for i := range l.rows {
			widths[k] = max(widths[k], utf8.RuneCountInString(l.s.plain(l.rows[i].cells[k])))
		}
	}
	return widths
}

func (l *lines) total() int {
	sum := 0
	for _, w := range l.widths() {
		sum += w + gap
	}
	return sum
}

// write draws the table, indented by two.
func (l *lines) write(b *strings.Builder) {
	l.clean()
	l.fit()
	widths := l.widths()
	titles := make([]string, len(l.heads))
	for k, h := range l.heads {
		titles[k] = h.title
	}
	l.line(b, widths, titles, nil, true)
	for i := range l.rows {
		r := &l.rows[i]
		l.line(b, widths, r.cells, r.colors, false)
		for _, note := range r.notes {
			b.WriteString(l.s.wrap("      ", "      ", note))
		}
	}
}

func (l *lines) line(b *strings.Builder, widths []int, cells, colors []string, heading bool) {
	var text string
	for k, cell := range cells {
		cell = l.s.plain(cell)
		fill := strings.Repeat(" ", max(widths[k]-utf8.RuneCountInString(cell), 0))
		switch {
		case heading:
			cell = l.s.paint(bold, cell)
		case colors != nil && colors[k] != "":
			cell = l.s.paint(colors[k], cell)
		}
		text += "  "
		if l.heads[k].right {
			text += fill + cell
		} else {
			text += cell + fill
		}
	}
	b.WriteString(strings.TrimRight(text, " ") + "\n")
}
