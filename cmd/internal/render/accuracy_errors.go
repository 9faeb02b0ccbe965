package render

import (
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/accuracy"
)

// errorTable is a table of nothing but how far off the estimates are.
type errorTable struct {
	title, head string
	columns     []accuracyColumn
	lines       []accuracy.Group
}

// errorColumns are those of accuracyColumns that such a table has: the number
// of what is counted, and the errors.
const errorColumns = 4

// errorTables returns those of a report, of which each has lines.
func errorTables(r *accuracy.Report) []errorTable {
	var out []errorTable
	if len(r.Scaling) > 0 {
		t := errorTable{title: "Scaling over devices", head: "Devices", columns: slices.Clone(accuracyColumns[:errorColumns])}
		t.columns[0].head = "pairs"
		for i := range r.Scaling {
			s := &r.Scaling[i]
			t.line(s.Name, s.Pairs, &s.Errors)
		}
		out = append(out, t)
	}
	if len(r.ServersWeighted) > 0 {
		t := errorTable{title: "Servers, rows weighted by the breadth of their source", head: "Load and metric", columns: accuracyColumns[:errorColumns]}
		for i := range r.ServersWeighted {
			w := &r.ServersWeighted[i]
			t.line(w.Load+" "+w.Metric, w.Rows, &w.Errors)
		}
		out = append(out, t)
	}
	return out
}

func (t *errorTable) line(name string, n int, e *accuracy.Errors) {
	t.lines = append(t.lines, accuracy.Group{Name: name, Summary: accuracy.Summary{Rows: n, MedianError: e.MedianError, P90Error: e.P90Error, Bias: e.Bias}})
}
