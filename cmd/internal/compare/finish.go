package compare

import (
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// Finish completes a document whose rows and scenarios are filled in, in the
// order in which they were asked: names, order, marks, ratios and front, by
// doc.Inputs.Sort and Baseline.
func Finish(doc *report.Compare) error {
	label(doc)
	if err := order(doc); err != nil {
		return err
	}
	base, err := baseline(doc)
	if err != nil {
		return err
	}
	for i := range doc.Rows {
		doc.Rows[i].Marks = map[string]report.Mark{}
	}
	for _, c := range doc.Columns() {
		mark(doc.Rows, &c)
	}
	if base >= 0 {
		doc.Baseline = doc.Rows[base].Name
		ratios(doc, base)
	}
	front(doc)
	count(doc)
	share(doc)
	return nil
}

func count(doc *report.Compare) {
	doc.Coverage = report.Coverage{Asked: len(doc.Rows)}
	for i := range doc.Rows {
		if doc.Rows[i].Error == nil {
			doc.Coverage.Estimated++
		}
	}
}

// share moves to the document what is assumed in every row, and what every
// row warns of.
func share(doc *report.Compare) {
	var rows []*report.CompareRow
	for i := range doc.Rows {
		if doc.Rows[i].Error == nil {
			rows = append(rows, &doc.Rows[i])
		}
	}
	doc.Assumptions = common(rows, func(r *report.CompareRow) *[]string { return &r.Assumptions })
	doc.Warnings = common(rows, func(r *report.CompareRow) *[]warning { return &r.Warnings })
}

// common takes out of the rows' lists what all of them hold.
func common[T comparable](rows []*report.CompareRow, list func(*report.CompareRow) *[]T) []T {
	out := []T{}
	if len(rows) == 0 {
		return out
	}
	for _, v := range *list(rows[0]) {
		if !slices.ContainsFunc(rows, func(r *report.CompareRow) bool { return !slices.Contains(*list(r), v) }) {
			out = append(out, v)
		}
	}
	for _, r := range rows {
		rest := []T{}
		for _, v := range *list(r) {
			if !slices.Contains(out, v) {
				rest = append(rest, v)
			}
		}
		*list(r) = rest
	}
	return out
}
