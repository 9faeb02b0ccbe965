package compare

import (
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// front chooses what the Pareto front weighs and marks the rows on it. Where
// several sequences are in flight it is what each user gets against what each
// device gives; with one, speed against the room that is left, which is
// context or users to come.
func front(doc *report.Compare) {
	x, y := report.CompareColumnOf(doc.Main()), report.CompareColumnOf("headroom_bytes")
	if x == nil { // figures of several classes do not weigh against each other
		doc.Front = report.CompareFront{}
		return
	}
	for i := range doc.Inputs.Scenarios {
		if doc.Inputs.Scenarios[i].Batch > 1 && doc.Rows[i].Figures.Pipeline == nil {
			y = report.CompareColumnOf("output_tok_s_per_device")
		}
	}
	doc.Front = report.CompareFront{X: x.Name, Y: y.Name, Words: x.Words + " against " + y.Words}
	for i := range doc.Rows {
		r := &doc.Rows[i]
		r.Pareto = figure(r, x) != nil && figure(r, y) != nil
		for j := 0; r.Pareto && j < len(doc.Rows); j++ {
			r.Pareto = !dominates(&doc.Rows[j], r, x, y)
		}
	}
}

// dominates says whether a beats b in some columns, at their central values.
func dominates(a, b *report.CompareRow, columns ...*report.CompareColumn) bool {
	var of [2][]float64
	for k, r := range [...]*report.CompareRow{a, b} {
		for _, c := range columns {
			f := figure(r, c)
			switch {
			case f == nil:
				return false
			case c.Less:
				of[k] = append(of[k], f.Value)
			default:
				of[k] = append(of[k], -f.Value)
			}
		}
	}
	return estimator.Dominates(of[0], of[1])
}
