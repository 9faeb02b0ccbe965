package compare

import "github.com/plimsoll/plimsoll/cmd/internal/report"

// front chooses what the Pareto front weighs and marks the rows on it. Where
// several sequences are in flight it is what each user gets against what each
// device gives; with one, speed against the room that is left, which is
// context or users to come.
func front(doc *report.Compare) {
	x, y := report.CompareColumnOf("decode_tok_s"), report.CompareColumnOf("headroom_bytes")
	for i := range doc.Inputs.Scenarios {
		if doc.Inputs.Scenarios[i].Batch > 1 {
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

// dominates says whether a is at least as good as b in both columns and
// better in one, both at their central values.
func dominates(a, b *report.CompareRow, columns ...*report.CompareColumn) bool {
	some := false
	for _, c := range columns {
		fa, fb := figure(a, c), figure(b, c)
		if fa == nil || fb == nil || better(fb, fa, c.Less) {
			return false
		}
		some = some || better(fa, fb, c.Less)
	}
	return some
}
