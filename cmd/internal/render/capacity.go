package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// planWords say a plan's verdict plainly.
var planWords = map[report.PlanVerdict]struct{ word, short, color string }{
	report.Holds:       {"HOLDS", "holds", green},
	report.HoldsUnsure: {"UNSURE", "unsure", yellow},
	report.DoesNotHold: {"DOES NOT HOLD", "no", red},
}

// Capacity writes a capacity plan for reading; its tables are width columns wide
// at most, 0 for no bound.
func Capacity(w io.Writer, c *report.CapacityPlan, s Style, width int) error {
	t := &capacityTable{s: s, c: c, width: width}
	t.head()
	for _, part := range capacityTables(c) {
		t.title(part.title)
		part.grid(t.s, t.width).write(&t.b)
	}
	for _, l := range capacityLists(c) {
		t.title(l.title)
		for _, item := range l.items {
			t.b.WriteString(t.s.wrap("  - ", "    ", item))
		}
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type capacityTable struct {
	b strings.Builder
	s Style
	c *report.CapacityPlan
	// width of the tables
	width int
}

func (t *capacityTable) title(text string) {
	t.b.WriteString("\n" + t.s.paint(bold, strings.TrimSuffix(t.s.wrap("", "", text), "\n")) + "\n")
}

func (t *capacityTable) head() {
	t.b.WriteString(t.s.wrap("", "  ", capacityHead(t.c)) + "\n")
	v := planWords[t.c.Result.Verdict]
	text := t.s.wrap(v.word+": ", "  ", t.c.Result.Reason)
	t.b.WriteString(strings.Replace(text, v.word, t.s.paint(bold+";"+v.color, v.word), 1))
}

// capacityHead says what was planned.
func capacityHead(c *report.CapacityPlan) string {
	r := &c.Result
	parts := []string{}
	if p := c.Inputs.Plan; p != nil {
		if p.Name != "" {
			parts = append(parts, p.Name)
		}
		parts = append(parts, fmt.Sprintf("%s on %s of hardware", things(r.Coverage.Workloads, "workload"), things(r.Coverage.Hardware, "kind")))
		if p.Months > 0 {
			parts = append(parts, things(p.Months, "month")+" ahead")
		}
		if p.Spare > 0 {
			parts = append(parts, fmt.Sprintf("%d spare of each", p.Spare))
		}
	}
	return strings.Join(parts, " · ")
}

// things writes a number of things.
func things(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return units.Thousands(int64(n)) + " " + what + "s"
}

// planSheet is a table of a capacity plan: the first columns are text, those from
// number on figures.
type planSheet struct {
	title string
	heads []string
	text  int // columns of text at the left
	rows  [][]string
	// ranks of the columns: when room is short those of the highest go first,
	// and those of 0 stay; nil: all stay.
	ranks []int
	// colors of the rows' cells; nil: none.
	colors [][]string
}

// grid is the sheet within width columns, or unbounded when width is 0.
func (p *planSheet) grid(s Style, width int) *grid {
	g := &grid{s: s, width: width, shortest: least, early: true}
	for k, h := range p.heads {
		head := gridHead{title: h, right: k >= p.text}
		if p.ranks != nil {
			head.rank = p.ranks[k]
		}
		g.heads = append(g.heads, head)
	}
	for i, cells := range p.rows {
		row := gridRow{cells: cells}
		if p.colors != nil {
			row.colors = p.colors[i]
		}
		g.rows = append(g.rows, row)
	}
	return g
}

// drop leaves a column out.
func (p *planSheet) drop(k int) {
	cut := func(row []string) []string { return slices.Delete(slices.Clone(row), k, k+1) }
	p.heads, p.ranks = cut(p.heads), slices.Delete(slices.Clone(p.ranks), k, k+1)
	for i := range p.rows {
		p.rows[i] = cut(p.rows[i])
		if p.colors != nil {
			p.colors[i] = cut(p.colors[i])
		}
	}
}

// CapacityMarkdown writes a capacity plan for a pull request or a wiki page.
func CapacityMarkdown(w io.Writer, c *report.CapacityPlan) error {
	var b strings.Builder
	v := planWords[c.Result.Verdict]
	fmt.Fprintf(&b, "### %s\n\n%s\n\n%s\n", v.word, md(capacityHead(c)), md(c.Result.Reason))
	for _, p := range capacityTables(c) {
		fmt.Fprintf(&b, "\n**%s**\n\n", md(p.title))
		p.grid(Style{UTF8: true}, 0).markdown(&b)
	}
	for _, l := range capacityLists(c) {
		fmt.Fprintf(&b, "\n**%s**\n\n", md(l.title))
		for _, item := range l.items {
			fmt.Fprintf(&b, "- %s\n", md(item))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// figureOr writes a figure's value, a dash where it is not known.
func figureOr(f *estimator.Figure) string {
	if f == nil {
		return "–"
	}
	return units.Number(f.Value)
}

// rangeOr writes a figure with its interval where it has one.
func rangeOr(f *estimator.Figure) string {
	if f == nil {
		return "–"
	}
	if f.Low == f.High {
		return units.Number(f.Value)
	}
	return fmt.Sprintf("%s (%s–%s)", units.Number(f.Value), units.Number(f.Low), units.Number(f.High))
}
