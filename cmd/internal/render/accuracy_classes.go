package render

import (
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/accuracy"
)

// classTable is a table of models of other classes than language.
type classTable struct {
	part, head string // part is the title above, of several tables
	columns    []accuracyColumn
	lines      []accuracy.Group
}

// classTables returns those of a report: where they stand beside language models
// one, of what tells most.
func classTables(r *accuracy.Report) []classTable {
	const otherClasses, naiveMedian = "OTHER CLASSES of models", 6
	var out []classTable
	compact := slices.Delete(slices.Clone(accuracyColumns[:naiveMedian+1]), naiveMedian-1, naiveMedian) // without the width
	for i := range r.Pipelines {
		s := &r.Pipelines[i]
		t := classTable{part: classPart(s.Metric), head: s.Title, columns: accuracyColumns, lines: s.Groups}
		switch {
		case s.Metric == "all" && len(r.Pipelines) == 1:
			t.part, t.head, t.columns = otherClasses, "Class", compact
		case s.Metric == "all" && len(r.Sections) > 0:
			t.part, t.head = otherClasses, "Class"
		}
		out = append(out, t)
	}
	for i := range r.Memory {
		s := &r.Memory[i]
		out = append(out, classTable{part: classPart(s.Metric), head: s.Title, columns: accuracyColumns[:naiveMedian], lines: s.Groups})
	}
	return out
}

// classPart is a class as a title, "" of all of them.
func classPart(class string) string {
	if class == "all" {
		return ""
	}
	return strings.ToUpper(strings.ReplaceAll(class, "-", " "))
}

// memoryLegend is what the columns are, of peaks of memory.
const memoryLegend = "median, p90: absolute error of the peak. bias: median of the signed error, + where the estimate is larger than the " +
	"measurement. inside: share of the intervals that hold the measurement. width: high end ÷ low end of the interval. –: too few rows to say."

// legend says what the columns of a report are, "" where it has no tables.
func legend(r *accuracy.Report) string {
	switch {
	case len(r.Memory) > 0:
		return memoryLegend
	case len(r.Sections)+len(r.Pipelines) > 0:
		return accuracyLegend
	}
	return ""
}
