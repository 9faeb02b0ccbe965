package render

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// CompareStyle says how a comparison is drawn beside what the output can show.
type CompareStyle struct {
	Style
	// Table is the width of the table itself, 0 for no bound; notes wrap at
	// Style.Width.
	Table     int
	Intervals bool
}

// Compare writes a comparison for reading: a row for each scenario. When it is
// too wide the least important columns are left out, and it says which.
func Compare(w io.Writer, c *report.Compare, s CompareStyle) error {
	t := &compareTable{s: s, c: c, heads: compareHeads(c)}
	t.b.WriteString(s.wrap("", "  ", strings.Join(compareConstants(c), " · ")))
	t.b.WriteByte('\n')
	t.fill()
	t.narrow()
	t.draw()
	t.notes()
	_, err := io.WriteString(w, t.b.String())
	return err
}

// compareConstants says what is the same in all rows.
func compareConstants(c *report.Compare) []string {
	var first *report.CompareRow
	s := &c.Inputs.Scenarios[0]
	for i := range c.Rows {
		if first == nil && c.Rows[i].Error == nil {
			first, s = &c.Rows[i], &c.Inputs.Scenarios[i]
		}
	}
	if first == nil {
		return []string{"nothing could be estimated"}
	}
	if parts, ok := pipelineConstants(c, first); ok {
		return parts
	}
	var parts []string
	same := func(field, text string) {
		if text != "" && !slices.Contains(c.Varies, field) {
			parts = append(parts, text)
		}
	}
	same("model", first.Model.Name)
	same("quant", first.Model.WeightFormat)
	same("on", "on "+first.Machine.Name)
	same("engine", first.Engine.Name)
	switch {
	case s.ContextAssumed && s.Batch > 1:
	case s.Context > 0:
		same("context", "context "+units.Thousands(int64(s.Context)))
	}
	switch {
	case s.Batch > 1:
		same("batch", units.Thousands(int64(s.Batch))+" sequences")
	default:
		same("batch", "one sequence")
	}
	same("input_tokens", "prompt "+units.Thousands(int64(s.InputTokens)))
	same("output_tokens", "answer "+units.Thousands(int64(s.OutputTokens)))
	return parts
}

// compareTable is a table in the making: its cells in plain text, and the
// colour of each.
type compareTable struct {
	b      strings.Builder
	s      CompareStyle
	c      *report.Compare
	heads  []compareHead
	cells  [][]string // by row and head
	colors [][]string
	tails  []int    // columns behind the digits, by head: marks, ranges, ratios
	left   []string // titles of columns left out
}

// fill writes all cells, column by column.
func (t *compareTable) fill() {
	t.tails = make([]int, len(t.heads))
	for range t.c.Rows {
		t.cells = append(t.cells, make([]string, len(t.heads)))
		t.colors = append(t.colors, make([]string, len(t.heads)))
	}
	for k, h := range t.heads {
		if h.column != nil {
			t.figures(k)
			continue
		}
		for i := range t.c.Rows {
			r := &t.c.Rows[i]
			word := compareWords[r.Verdict]
			switch {
			case h.label != "":
				t.cells[i][k] = t.s.plain(r.Labels[h.label])
			case r.Error != nil:
				t.cells[i][k], t.colors[i][k] = "error", red
			default:
				t.cells[i][k], t.colors[i][k] = word.word, word.color
			}
		}
	}
}

// figures writes a column of figures: digits below digits, and what is said of
// them behind.
func (t *compareTable) figures(k int) {
	parts := make([][3]string, len(t.c.Rows)) // value and mark, range, ratio
	var widths [3]int
	for i := range t.c.Rows {
		r := &t.c.Rows[i]
		c := compareCellOf(r, t.heads[k].column, t.s.Intervals)
		mark := " "
		switch c.mark {
		case report.Best:
			mark, t.colors[i][k] = "*", bold
		case report.Within:
			mark = "~"
		}
		if !r.Runs() {
			t.colors[i][k] = dim
		}
		if t.c.Baseline != "" && r.Name == t.c.Baseline {
			c.ratio = "base"
		}
		for p, text := range [...]string{c.value + mark, c.interval, c.ratio} {
			parts[i][p] = t.s.plain(text)
			widths[p] = max(widths[p], utf8.RuneCountInString(parts[i][p]))
		}
	}
	t.tails[k] = 1
	for _, w := range widths[1:] {
		if w > 0 {
			t.tails[k] += w + 1
		}
	}
	if t.tails[k] > 1 { // the title stands above the digits, not above what follows
		widths[0] = max(widths[0], 1+utf8.RuneCountInString(t.heads[k].title), 1+utf8.RuneCountInString(t.heads[k].unit))
	}
	for i := range parts {
		text := pad(parts[i][0], -widths[0])
		for p := 1; p < len(widths); p++ {
			if widths[p] > 0 {
				text += " " + pad(parts[i][p], -widths[p])
			}
		}
		t.cells[i][k] = text
	}
}

// widths of the columns, by head.
func (t *compareTable) widths() []int {
	widths := make([]int, len(t.heads))
	for k, h := range t.heads {
		widths[k] = max(utf8.RuneCountInString(h.title), utf8.RuneCountInString(h.unit))
		for i := range t.cells {
			widths[k] = max(widths[k], utf8.RuneCountInString(t.cells[i][k]))
		}
	}
	return widths
}

const (
	gutter = 2 // the front's mark and a space
	gap    = 2 // between columns
)

func (t *compareTable) total() int {
	sum := gutter - gap
	for _, w := range t.widths() {
		sum += w + gap
	}
	return sum
}

// Narrowing gives way in this order: columns beyond the first ranks, labels
// down to a width at which they can be told apart, the other columns, and
// labels again.
const (
	firstRanks = 2
	roomy      = 12
	least      = 4 // narrower than that nothing can be read
)

// narrow makes the table fit.
func (t *compareTable) narrow() {
	if t.s.Table <= 0 {
		return
	}
	t.drop(firstRanks)
	t.shorten(roomy)
	t.drop(0)
	t.shorten(least)
}

// drop leaves out columns of figures of a rank above the given, the least
// important first, while the table is too wide.
func (t *compareTable) drop(above int) {
	for t.total() > t.s.Table {
		last := -1
		for k, h := range t.heads {
			if h.rank > above && (last < 0 || h.rank > t.heads[last].rank) {
				last = k
			}
		}
		if last < 0 {
			return
		}
		t.left = append(t.left, t.heads[last].title)
		t.heads, t.tails = slices.Delete(t.heads, last, last+1), slices.Delete(t.tails, last, last+1)
		for i := range t.cells {
			t.cells[i], t.colors[i] = slices.Delete(t.cells[i], last, last+1), slices.Delete(t.colors[i], last, last+1)
		}
	}
}

// shorten cuts the widest labels, down to so many columns, while the table is
// too wide.
func (t *compareTable) shorten(to int) {
	for t.total() > t.s.Table {
		widths, widest := t.widths(), -1
		for k, h := range t.heads {
			if h.label != "" && (widest < 0 || widths[k] > widths[widest]) {
				widest = k
			}
		}
		if widest < 0 || widths[widest] <= to {
			return
		}
		t.heads[widest].title = t.s.cut(t.heads[widest].title, widths[widest]-1)
		for i := range t.cells {
			t.cells[i][widest] = t.s.cut(t.cells[i][widest], widths[widest]-1)
		}
	}
}

func (t *compareTable) draw() {
	widths := t.widths()
	titles, unitRow := make([]string, len(t.heads)), make([]string, len(t.heads))
	for k, h := range t.heads {
		titles[k], unitRow[k] = h.title, h.unit
		if h.column == nil {
			continue
		}
		for _, text := range []*string{&titles[k], &unitRow[k]} { // above the digits
			*text += strings.Repeat(" ", max(min(t.tails[k], widths[k]-utf8.RuneCountInString(*text)), 0))
		}
	}
	t.line(" ", titles, nil, widths, true)
	t.line(" ", unitRow, nil, widths, false)
	for i := range t.c.Rows {
		front := " "
		if t.c.Rows[i].Pareto {
			front = t.frontMark()
		}
		t.line(front, t.cells[i], t.colors[i], widths, false)
	}
}

func (t *compareTable) frontMark() string {
	if t.s.UTF8 {
		return "◆"
	}
	return "#"
}

// line writes one line of the table; colours may be nil.
func (t *compareTable) line(first string, cells, colors []string, widths []int, heading bool) {
	line := first
	for k, cell := range cells {
		space := strings.Repeat(" ", gap)
		if k == 0 {
			space = strings.Repeat(" ", gutter-1)
		}
		fill := strings.Repeat(" ", max(widths[k]-utf8.RuneCountInString(cell), 0))
		switch {
		case heading:
			cell = t.s.paint(bold, cell)
		case colors != nil && colors[k] != "":
			cell = t.s.paint(colors[k], cell)
		}
		if t.heads[k].column != nil {
			line += space + fill + cell
		} else {
			line += space + cell + fill
		}
	}
	t.b.WriteString(strings.TrimRight(line, " ") + "\n")
}
