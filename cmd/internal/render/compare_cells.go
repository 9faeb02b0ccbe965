package render

import (
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/compare"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// compareWords are verdicts as short as a column of them wants.
var compareWords = map[estimator.Verdict]struct{ word, color string }{
	estimator.Fits: {"fits", green}, estimator.Tight: {"tight", yellow},
	estimator.FitsOffload: {"offload", yellow}, estimator.DoesNotFit: {"no", red},
}

// compareHead is a column of a comparison as it is drawn: a label, the
// verdict, or a figure.
type compareHead struct {
	title, unit string
	label       string                // the field it shows
	column      *report.CompareColumn // or the figure
	rank        int                   // the highest goes first when room is short; 0: never
}

// compareHeads chooses the columns that say something of these rows.
func compareHeads(c *report.Compare) []compareHead {
	var heads []compareHead
	for _, f := range c.Varies {
		heads = append(heads, compareHead{title: compare.Title(f), label: f})
	}
	heads = append(heads, compareHead{title: "verdict"})
	several := slices.ContainsFunc(c.Rows, func(r report.CompareRow) bool { return r.Devices > 1 })
	batch := false
	for i := range c.Inputs.Scenarios {
		batch = batch || c.Inputs.Scenarios[i].Batch > 1
	}
	columns := report.CompareColumns()
	for i := range columns {
		col := &columns[i]
		switch col.Name {
		case "output_tok_s", "requests_s":
			if !batch {
				continue // what decode says
			}
		case "output_tok_s_per_device":
			if !batch || !several {
				continue
			}
		}
		if !slices.ContainsFunc(c.Rows, func(r report.CompareRow) bool { return col.Get(&r.Figures) != nil }) {
			continue
		}
		rank := col.Rank
		if col.Name == strings.TrimPrefix(c.Inputs.Sort, "-") {
			rank = 1 // what the rows are sorted by is to be seen
		}
		heads = append(heads, compareHead{title: col.Title, unit: col.Unit, column: col, rank: rank})
	}
	return heads
}

// compareValue writes a figure without its unit: sizes in GiB.
func compareValue(f *estimator.Figure, v float64) string {
	if f.Unit == "bytes" || f.Unit == "B" {
		return units.GiB(v)
	}
	return units.Number(v)
}

// compareCell is a figure with what is said of it.
type compareCell struct {
	value    string // in brackets where the row does not fit
	interval string // "" unless asked for
	mark     report.Mark
	ratio    string
}

// compareCellOf writes one figure of a row. The memory of the fullest device
// is told with what that may use.
func compareCellOf(r *report.CompareRow, col *report.CompareColumn, intervals bool) compareCell {
	f := col.Get(&r.Figures)
	if f == nil {
		return compareCell{value: "–"}
	}
	cell := compareCell{value: compareValue(f, f.Value), mark: r.Marks[col.Name]}
	if col.Name == "fullest_device_bytes" {
		for i := range r.Memories {
			if m := &r.Memories[i]; m.Fullest {
				cell.value += "/" + units.GiB(float64(max(m.Usable, 0)))
			}
		}
	}
	if intervals && f.Low != f.High {
		cell.interval = "(" + compareValue(f, f.Low) + "–" + compareValue(f, f.High) + ")"
	}
	if ratio, ok := r.Ratios[col.Name]; ok {
		cell.ratio = units.Number(ratio.Ratio) + "x"
		if ratio.Within {
			cell.ratio = "≈" + cell.ratio
		}
	}
	if !r.Runs() && f.Unit != "bytes" && f.Unit != "B" && col.Name != "usd_per_hour" {
		cell.value = "(" + cell.value + ")" // if the memory were there
	}
	return cell
}
