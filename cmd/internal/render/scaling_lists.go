package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// scalingLists are what is said below the tables.
func scalingLists(d *report.Scaling) []compareList {
	var evens, intervals, notes, sources, rest said
	for i := range d.Result.Lives {
		l := &d.Result.Lives[i]
		for _, e := range l.Evens {
			switch {
			case i > 0 && d.Result.Lives[i-1].Law == l.Law && sameEvens(d.Result.Lives[i-1].Evens, l.Evens):
			case e.Served == nil:
				evens.add(l.Law, fmt.Sprintf("%s against %s: %s", e.Smaller, e.Larger, e.Reason))
			default:
				text := fmt.Sprintf("%s is cheaper than %s from %s served tokens on", e.Smaller, e.Larger, units.Amount(e.Served.Value))
				if r := rangeOf(e.Served, units.Amount); r != "" {
					text += " (" + r + ")"
				}
				evens.add(l.Law, text)
			}
		}
	}
	for i := range d.Result.Laws {
		l := &d.Result.Laws[i]
		if d.Inputs.Ask != report.AskOverview {
			intervals.add(l.ID, l.Interval)
		}
		if l.Note != "" && d.Inputs.Ask == report.AskOverview {
			notes.add(l.ID, l.Note)
		}
		sources.add(l.ID, l.Source)
	}
	for i := range d.Result.Models {
		if m := &d.Result.Models[i]; m.Note != "" {
			notes.add(m.ID, m.Note+impliedText(m))
		}
	}
	var warned []string
	for _, w := range d.Warnings {
		warned = append(warned, w.Message)
	}
	for _, u := range d.Unavailable {
		rest.add(u.Figure, u.Reason)
	}
	var prices []string
	if p := d.Result.Prices; p != nil {
		prices = append(prices, p.How...)
		prices = append(prices, fmt.Sprintf("a serving operation costs %s times a training operation", strconv.FormatFloat(p.Serve/p.Train, 'g', 3, 64)))
		if p.Offer != nil {
			prices = append(prices, priceText(p.Offer))
		}
	}
	if t := d.Result.Training; t != nil && t.Offer != nil {
		prices = append(prices, priceText(t.Offer))
	}
	out := []compareList{{"Break-even", evens.items()}, {"Prices", prices}, {"Intervals", intervals.items()}, {"Assumed", d.Assumptions},
		{"Warnings", warned}, {"Not estimated", rest.items()}, {"Notes", notes.items()}, {"Sources", sources.items()}}
	if m := d.Inputs.Model; m != nil && m.Source != "" {
		out[len(out)-1].items = append(out[len(out)-1].items, m.Name+": "+m.Source)
	}
	var filled []compareList
	for _, l := range out {
		if len(l.items) > 0 {
			filled = append(filled, l)
		}
	}
	return filled
}

func impliedText(m *report.ScalingPublished) string {
	if m.ImpliedTokens == 0 {
		return ""
	}
	return fmt.Sprintf("; %s to %s FLOPs, which imply about %s tokens", units.Power(m.LowFLOPs), units.Power(m.HighFLOPs), units.Amount(m.ImpliedTokens))
}

// sameEvens says whether two lives have the same break-evens: they do not
// depend on what is served.
func sameEvens(a, b []report.ScalingBreakEven) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Smaller != b[i].Smaller || a[i].Larger != b[i].Larger || figureText(a[i].Served) != figureText(b[i].Served) {
			return false
		}
	}
	return true
}

func figureText(f *estimator.Figure) string {
	if f == nil {
		return ""
	}
	return strings.Join([]string{units.Power(f.Value), units.Power(f.Low), units.Power(f.High)}, " ")
}
