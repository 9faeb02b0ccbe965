package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// notes explain the marks that occur, and list what the table cannot hold.
func (t *compareTable) notes() {
	t.b.WriteByte('\n')
	note := func(text string) { t.b.WriteString(t.s.wrap("  ", "    ", text)) }
	for _, text := range t.legend() {
		note(text)
	}
	if len(t.left) > 0 {
		note("Left out for want of width: " + strings.Join(t.left, ", ") + " (-o csv, json and markdown have them)")
	}
	for _, part := range compareLists(t.c) {
		t.b.WriteString("\n" + t.s.paint(bold, part.title) + "\n")
		for _, item := range part.items {
			t.b.WriteString(t.s.wrap("  - ", "    ", item))
		}
	}
}

// shown says whether any cell of the table is so.
func (t *compareTable) shown(is func(compareCell) bool) bool {
	for _, h := range t.heads {
		if h.column == nil {
			continue
		}
		for i := range t.c.Rows {
			if is(compareCellOf(&t.c.Rows[i], h.column, false)) {
				return true
			}
		}
	}
	return false
}

// legend explains what can be seen.
func (t *compareTable) legend() []string {
	var out []string
	if t.shown(func(c compareCell) bool { return c.mark == report.Best }) {
		out = append(out, "* the best of its column")
	}
	if t.shown(func(c compareCell) bool { return c.mark == report.Within }) {
		out = append(out, "~ its interval and the best's overlap: do not choose on the difference")
	}
	if slices.ContainsFunc(t.c.Rows, func(r report.CompareRow) bool { return r.Pareto }) {
		out = append(out, t.frontMark()+" on the Pareto front of "+t.c.Front.Words)
	}
	if t.shown(func(c compareCell) bool { return c.ratio != "" }) {
		text := "x: times the figure of " + t.c.Baseline
		if t.shown(func(c compareCell) bool { return strings.HasPrefix(c.ratio, "≈") }) {
			text += "; ≈ the two intervals overlap: do not choose on the difference"
		}
		out = append(out, text)
	}
	if t.shown(func(c compareCell) bool { return strings.HasPrefix(c.value, "(") }) {
		out = append(out, "(…) if the memory were there")
	}
	return out
}

// compareList is a list below a comparison.
type compareList struct {
	title string
	items []string
}

// said gathers what rows have to say, rows that say the same together.
type said struct {
	texts []string
	names map[string][]string
}

func (s *said) add(name, text string) {
	if s.names == nil {
		s.names = map[string][]string{}
	}
	if s.names[text] == nil {
		s.texts = append(s.texts, text)
	}
	if !slices.Contains(s.names[text], name) {
		s.names[text] = append(s.names[text], name)
	}
}

func (s *said) items() []string {
	const most = 4
	out := make([]string, len(s.texts))
	for i, text := range s.texts {
		names := s.names[text]
		who := strings.Join(names[:min(len(names), most)], ", ")
		if len(names) > most {
			who += fmt.Sprintf(" and %d more", len(names)-most)
		}
		out[i] = who + ": " + text
	}
	return out
}

// compareLists gathers what the rows have to say, the shared things first.
func compareLists(c *report.Compare) []compareList {
	var no, failed, gates, warned, prices said
	assumptions, others := slices.Clone(c.Assumptions), 0
	var shared []string
	for _, w := range c.Warnings {
		shared = append(shared, w.Message)
	}
	for i := range c.Rows {
		r := &c.Rows[i]
		others += len(r.Assumptions)
		switch {
		case r.Error != nil:
			failed.add(r.Name, r.Error.Error())
			continue
		case r.Verdict == estimator.DoesNotFit:
			no.add(r.Name, r.Reason)
		}
		for _, reason := range rowReasons(r, &c.Inputs.Prices) {
			failed.add(r.Name, reason)
		}
		for _, q := range r.Requirements {
			gates.add(outcomeWords[q.Outcome].word+" "+r.Name, requirementText(q))
		}
		for _, w := range r.Warnings {
			warned.add(r.Name, w.Message)
		}
		if r.Price != nil {
			prices.add(c.Inputs.Scenarios[i].On, priceText(r.Price))
		}
	}
	if others > 0 {
		assumptions = append(assumptions, fmt.Sprintf("%d more of single rows (--output json has them)", others))
	}
	var out []compareList
	for _, l := range []compareList{{"Does not fit", no.items()}, {"Not estimated", failed.items()}, {"Requirements", gates.items()},
		{"Rents", prices.items()}, {"Assumed", assumptions}, {"Warnings", append(shared, warned.items()...)}} {
		if len(l.items) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// rowReasons groups the figures that a row lacks by their reason. That no
// rent is known of a machine is no news: its cell is empty.
func rowReasons(r *report.CompareRow, prices *money.Options) []string {
	var known []estimator.Unavailable
	for _, u := range r.Unavailable {
		if !strings.HasPrefix(u.Figure, "usd_") {
			known = append(known, u)
		}
	}
	return unavailable(&report.Check{Unavailable: known, Prices: prices})
}

func priceText(p *money.Offer) string {
	parts := []string{p.Provider}
	for _, text := range []string{p.Instance, p.Region} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	text := strings.Join(parts, " ")
	if p.Instances > 1 {
		text = fmt.Sprintf("%d x %s", p.Instances, text)
	}
	if p.Devices > 1 {
		text += fmt.Sprintf(" of %d devices", p.Devices)
	}
	text += ", " + units.Number(p.USDPerHour) + " USD/h"
	if p.Instances > 1 {
		text += " each"
	}
	if p.Spot {
		text += ", spot"
	}
	switch {
	case p.Date == "":
		text += ", of unknown date"
	case p.Stale:
		text += ", of " + p.Date + ": older than a year"
	default:
		text += ", of " + p.Date
	}
	return text
}
