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
	columns := c.Columns()
	mixed := c.Main() == ""
	for i := range columns {
		col := &columns[i]
		if mixed && !ofAllClasses[col.Name] {
			continue
		}
		switch col.Name {
		case "output_tok_s", "requests_s":
			if !batch {
				continue // what decode says
			}
		case "latency_s":
			if oneByOne(c) {
				continue // what the time per image says
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
		if mixed && col.Name == "total_bytes" {
			heads = append(heads, compareHead{title: "speed", column: &mainColumn, rank: 1})
		}
	}
	return heads
}

// oneByOne says whether all rows make one image at a time.
func oneByOne(c *report.Compare) bool {
	for i := range c.Rows {
		p := c.Rows[i].Figures.Pipeline
		if p == nil && c.Rows[i].Error == nil || p != nil && (p.SecondsPerImage == nil || p.Job.Batch > 1) && p.LatencyS != nil {
			return false
		}
	}
	return true
}

// ofAllClasses are the figures that rows of several classes share.
var ofAllClasses = map[string]bool{"fullest_device_bytes": true, "headroom_bytes": true, "total_bytes": true, "usd_per_hour": true, "watts": true}

// mainColumn stands for each row's own main figure, where rows are of several
// classes.
var mainColumn = report.CompareColumn{Name: "main", Title: "speed", Get: func(*report.CompareFigures) *estimator.Figure { return nil }}

// compareValue writes a figure without its unit: sizes in GiB.
func compareValue(f *estimator.Figure, v float64) string {
	if f.Unit == "bytes" || f.Unit == "B" {
		return units.GiB(v)
	}
	return units.Number(v)
}

// mainUnit is the unit of a main figure, as it stands beside others.
func mainUnit(c *report.CompareColumn) string {
	switch c.Name {
	case "s_per_video_s":
		return "s/s of video"
	case "rtf":
		return "of real time"
	}
	return c.Unit
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
	own := col == &mainColumn
	if own {
		if col = r.MainColumn(); col == nil {
			return compareCell{value: "–"}
		}
	}
	f := col.Get(&r.Figures)
	if f == nil {
		return compareCell{value: "–"}
	}
	number := compareValue
	if r.Figures.Pipeline != nil && f.Unit != "bytes" && f.Unit != "B" {
		number = func(_ *estimator.Figure, v float64) string { return digits3(v) }
	}
	cell := compareCell{value: number(f, f.Value), mark: r.Marks[col.Name]}
	if col.Name == "fullest_device_bytes" {
		for i := range r.Memories {
			if m := &r.Memories[i]; m.Fullest {
				cell.value += "/" + units.GiB(float64(max(m.Usable, 0)))
			}
		}
	}
	if own {
		cell.value += " " + mainUnit(col)
	}
	if intervals && f.Low != f.High {
		cell.interval = "(" + number(f, f.Low) + "–" + number(f, f.High) + ")"
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
