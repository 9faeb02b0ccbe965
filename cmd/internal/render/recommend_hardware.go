package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// goalTitles head the lists of hardware.
var goalTitles = map[string]string{"cheapest": "The cheapest", "fastest": "The fastest", "efficient": "The most efficient"}

func (t *recommendTable) hardware(h *report.RecommendHardware) {
	t.title("Hardware for " + t.d.Subject)
	t.b.WriteString(t.s.wrap("  ", "    ", askedWords(&h.Asked, t.d.Inputs.Load)+loadWords(t.d.Inputs.Load)))
	if h.Coverage.Recommended == 0 {
		t.nothing("no machine", h.Nearest)
	}
	for i := range h.Lists {
		t.goal(&h.Lists[i])
	}
	text := coverageWords(&h.Coverage, "machines")
	if h.NoPrice > 0 {
		text += fmt.Sprintf("; price not known: %d, which are not among the cheapest", h.NoPrice)
	}
	if h.NoPower > 0 {
		text += fmt.Sprintf("; power not known: %d", h.NoPower)
	}
	t.b.WriteString("\n" + t.s.wrap("  ", "  ", text))
}

// loadWords says what users send.
func loadWords(l *report.Load) string {
	if l == nil {
		return ""
	}
	var parts []string
	if l.Rate != "" {
		parts = append(parts, l.Rate+" requests")
	}
	if l.Concurrency > 0 {
		parts = append(parts, fmt.Sprintf("%d users", l.Concurrency))
	}
	parts = append(parts, l.Objectives...)
	return "; " + strings.Join(parts, ", ")
}

// hardwareHeads are the columns of a list; the goal's stays whatever the width.
func hardwareHeads(goal string) []gridHead {
	heads := []gridHead{{"#", true, 0}, {"", false, 0}, {"machine", false, 0}, {"format", false, 3}, {"engine", false, 6}, {"plan", false, 4}, {"spare GiB", true, 8},
		{"decode tok/s", true, 0}, {"TTFT", true, 5}, {"carries", true, 2}, {"USD/h", true, 1}, {"USD/Mtok", true, 2}, {"J/tok", true, 3}}
	if goal == "efficient" {
		heads[len(heads)-1].rank = 0
	}
	return heads
}

// hardwareCells are a row's cells in the order of the columns.
func hardwareCells(r *report.RecommendRow, front string) []string {
	mark := ""
	if r.Pareto {
		mark = front
	}
	carries := ""
	if c := r.Carry; c != nil {
		carries = carryWords(c)
	}
	f := &r.Figures
	return []string{strconv.Itoa(r.Rank), mark, r.Name, r.Model.WeightFormat, r.Engine.ID, strings.ReplaceAll(r.Plan, "--", ""), figureCell(f.HeadroomBytes),
		figureCell(f.DecodeTokS), timeCell(f.TTFTMs), carries, moneyCell(f.USDPerHour), moneyCell(f.USDPerMAllIn), moneyCell(f.JoulesPerToken)}
}

func carryWords(c *report.RecommendCarry) string {
	if c.Users {
		return units.Thousands(int64(c.Amount)) + " users"
	}
	return units.Number(c.Amount) + "/s"
}

func moneyCell(f *estimator.Figure) string {
	if f == nil {
		return ""
	}
	value, _, _ := costValue(f)
	return value
}

func (t *recommendTable) goal(list *report.RecommendList) {
	if len(list.Rows) == 0 {
		return
	}
	t.title(goalTitles[list.Goal] + ": " + list.Words)
	l := grid{s: t.s, width: t.width, shortest: roomy, heads: hardwareHeads(list.Goal)}
	for i := range list.Rows {
		r := &list.Rows[i]
		row := gridRow{cells: hardwareCells(r, t.frontMark())}
		if list.Goal == "cheapest" && r.Price != nil {
			row.notes = append(row.notes, priceText(r.Price))
		}
		l.rows = append(l.rows, row)
	}
	l.clean()
	l.write(&t.b)
	for i := range list.Rows {
		if list.Rows[i].Pareto {
			t.b.WriteString(t.s.wrap("  ", "  ", t.frontMark()+" no other is both cheaper and faster"+leftOut(&l)))
			return
		}
	}
}

func (t *recommendTable) frontMark() string {
	if t.s.UTF8 {
		return "◆"
	}
	return "#"
}

// sensitivity says what changes would buy.
func (t *recommendTable) sensitivity(x *report.Sensitivity) {
	if x == nil {
		return
	}
	t.title("What a change would buy: " + x.Name + sensitivityLimits(x))
	l := sensitivityLines(t.s, x)
	l.width = t.width
	l.clean()
	l.write(&t.b)
}

// sensitivity says the same below a check, whose limits stand there already.
func (t *table) sensitivity() {
	x := t.c.Result.Sensitivity
	if x == nil {
		return
	}
	t.title("What a change would buy")
	l := sensitivityLines(t.s, x)
	l.width = max(t.s.Width, 60)
	l.clean()
	l.write(&t.b)
}

func sensitivityLimits(x *report.Sensitivity) string {
	var parts []string
	for _, l := range x.Limits {
		if l.Bound != "" {
			parts = append(parts, fmt.Sprintf("%s waits for %s %.0f%% of its time", l.Phase, l.Bound, 100*l.Share))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func sensitivityLines(s Style, x *report.Sensitivity) *grid {
	l := &grid{s: s, shortest: roomy, heads: []gridHead{{"change", false, 0}, {"verdict", false, 0}, {"decode tok/s", true, 0}, {"", true, 0}, {"TTFT", true, 2}, {"", true, 3},
		{"spare GiB", true, 4}, {"longest context", true, 1}, {"to try it", false, 5}}}
	row := func(r *report.SensitivityRow, change string) {
		w := compareWords[r.Verdict]
		l.rows = append(l.rows, gridRow{cells: []string{change, w.word, figureCell(r.DecodeTokS), percentMore(r.DecodeRatio), timeCell(r.TTFTMs), percentMore(r.TTFTRatio),
			figureCell(r.Headroom), units.Thousands(int64(r.MaxContext)), r.Flags}, colors: []string{"", w.color, "", "", "", "", "", "", dim}})
	}
	row(&x.Base, "as it is")
	for i := range x.Rows {
		row(&x.Rows[i], x.Rows[i].Change)
	}
	return l
}

// percentMore writes a ratio as the change that it is; nothing below half of one.
func percentMore(ratio float64) string {
	p := 100 * (ratio - 1)
	if ratio == 0 || p > -0.5 && p < 0.5 {
		return ""
	}
	return fmt.Sprintf("%+.0f%%", p)
}
