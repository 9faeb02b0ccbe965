package compare

import (
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

type warning = estimator.Warning

// mark finds the best of a column among the rows that run, and marks what
// cannot be told from it: its interval and the best's overlap. A column in
// which all are equal, or in which there is but one, has no best.
func mark(rows []report.CompareRow, c *report.CompareColumn) {
	var best *estimator.Figure
	known, differ := 0, false
	for i := range rows {
		f := figure(&rows[i], c)
		if f == nil {
			continue
		}
		known++
		differ = differ || best != nil && f.Value != best.Value
		if best == nil || better(f, best, c.Less) {
			best = f
		}
	}
	if known < 2 || !differ {
		return
	}
	for i := range rows {
		switch f := figure(&rows[i], c); {
		case f == nil:
		case f.Value == best.Value:
			rows[i].Marks[c.Name] = report.Best
		case overlap(f, best):
			rows[i].Marks[c.Name] = report.Within
		}
	}
}

// figure is that of a row that runs, else nil: what does not fit is the best
// of nothing.
func figure(r *report.CompareRow, c *report.CompareColumn) *estimator.Figure {
	if !r.Runs() {
		return nil
	}
	return c.Get(&r.Figures)
}

func better(a, b *estimator.Figure, less bool) bool {
	if less {
		return a.Value < b.Value
	}
	return a.Value > b.Value
}

func overlap(a, b *estimator.Figure) bool { return a.Low <= b.High && b.Low <= a.High }

// ratios sets every row that runs against the baseline. Figures that are not
// above zero have none.
func ratios(doc *report.Compare, base int) {
	rows, columns := doc.Rows, doc.Columns()
	for i := range rows {
		r := &rows[i]
		r.Ratios = map[string]report.Ratio{}
		if i == base || !r.Runs() {
			continue
		}
		for _, c := range columns {
			f, b := c.Get(&r.Figures), c.Get(&rows[base].Figures)
			if f != nil && b != nil && f.Value > 0 && b.Value > 0 {
				r.Ratios[c.Name] = report.Ratio{Ratio: report.Significant(f.Value / b.Value), Within: f.Value != b.Value && overlap(f, b)}
			}
		}
	}
}
