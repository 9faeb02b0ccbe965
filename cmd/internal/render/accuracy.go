package render

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/accuracy"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// The bars that the project sets itself, in percent: colours go by them.
const (
	goodMedian, goodP90, goodBias = 10, 30, 3
	leastInside, mostInside       = 75, 85
)

// accuracyColumn is a column of the figures of accuracy.
type accuracyColumn struct {
	head string
	text func(s *accuracy.Summary) string
	good func(s *accuracy.Summary) bool // nil where no bar is set
}

var accuracyColumns = []accuracyColumn{
	{"rows", func(s *accuracy.Summary) string { return units.Thousands(int64(s.Rows)) }, nil},
	{"median", func(s *accuracy.Summary) string { return percentText(s.MedianError) },
		func(s *accuracy.Summary) bool { return within(s.MedianError, 0, goodMedian) }},
	{"p90", func(s *accuracy.Summary) string { return percentText(s.P90Error) },
		func(s *accuracy.Summary) bool { return within(s.P90Error, 0, goodP90) }},
	{"bias", func(s *accuracy.Summary) string { return signedText(s.Bias) },
		func(s *accuracy.Summary) bool { return within(s.Bias, -goodBias, goodBias) }},
	{"inside", func(s *accuracy.Summary) string { return wholePercent(s.Coverage) },
		func(s *accuracy.Summary) bool { return within(s.Coverage, leastInside, mostInside) }},
	{"width", func(s *accuracy.Summary) string { return ratioText(s.Width) }, nil},
	{"naive", func(s *accuracy.Summary) string { return percentText(s.NaiveMedian) }, nil},
	{"its p90", func(s *accuracy.Summary) string { return percentText(s.NaiveP90) }, nil},
}

// accuracyLegend says what the columns are.
const accuracyLegend = "median, p90: absolute error of the rate. bias: median of the signed error, + where the estimate is faster than the " +
	"measurement. inside: share of the 80% intervals that hold the measurement. width: high end ÷ low end of the interval. " +
	"naive: absolute error of a rule of thumb. –: too few rows to say."

// absentText stands for a figure that cannot be given.
const absentText = "–"

func within(v *float64, low, high float64) bool { return v == nil || *v >= low && *v <= high }

func percentText(v *float64) string {
	if v == nil {
		return absentText
	}
	if math.Abs(*v) >= 99.95 {
		return units.Thousands(int64(math.Round(*v))) + "%"
	}
	return fmt.Sprintf("%.1f%%", *v)
}

func signedText(v *float64) string {
	switch {
	case v == nil:
	case math.Abs(*v) < 0.05:
		return "0.0%" // no sign for what rounds to nothing
	case *v > 0:
		return "+" + percentText(v)
	}
	return percentText(v)
}

func wholePercent(v *float64) string {
	if v == nil {
		return absentText
	}
	return fmt.Sprintf("%.0f%%", *v)
}

func ratioText(v *float64) string {
	if v == nil {
		return absentText
	}
	return "×" + units.Number(*v)
}

// AccuracyTable writes an accuracy report for reading.
func AccuracyTable(w io.Writer, r *accuracy.Report, s Style) error {
	t := &accuracyTable{s: s, r: r}
	t.b.WriteString(s.wrap("", "", accuracyHead(r)))
	if f := fates(&r.Rows); f != "" && len(r.Inputs.From) == 0 {
		t.b.WriteString(s.wrap("", "", f))
	}
	t.measurements()
	metric := ""
	for i := range r.Sections {
		sec := &r.Sections[i]
		if sec.Metric != metric && sec.Metric != "all" {
			t.title(classTitles[sec.Metric])
		}
		metric = sec.Metric
		t.table(sec.Title, accuracyColumns, sec.Groups)
	}
	for _, e := range errorTables(r) {
		t.title(e.title)
		t.table(e.head, e.columns, e.lines)
	}
	part := ""
	for _, c := range classTables(r) {
		if c.part != part {
			t.title(c.part)
			part = c.part
		}
		t.table(c.head, c.columns, c.lines)
	}
	if l := legend(r); l != "" {
		t.b.WriteByte('\n')
		t.b.WriteString(s.wrap("", "", l))
	}
	for _, m := range r.Method {
		t.b.WriteString(s.wrap("- ", "  ", m))
	}
	t.worst()
	if len(r.Assumptions) > 0 {
		t.title("Assumed")
		for _, a := range r.Assumptions {
			t.b.WriteString(s.wrap("  - ", "    ", a))
		}
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

var classTitles = map[string]string{accuracy.Decode: "DECODE: generated tokens", accuracy.Prefill: "PREFILL: prompts",
	accuracy.TPOT: "SERVERS: time per output token", accuracy.TTFT: "SERVERS: time to first token", accuracy.Throughput: "SERVERS: throughput"}

// accuracyHead says what was compared with what.
func accuracyHead(r *accuracy.Report) string {
	n := func(i int) string { return units.Thousands(int64(i)) }
	if len(r.Inputs.From) > 0 {
		return fmt.Sprintf("Estimates against your own measurements: %s compared, %s skipped", n(r.Rows.Judged), n(len(r.Skipped)))
	}
	head := fmt.Sprintf("Estimates against %s published measurements, each judged by a fit without its %s", n(r.Rows.Judged), r.Inputs.HeldOut)
	if r.Inputs.Metric == accuracy.Memory {
		head = fmt.Sprintf("Estimates against %s published peaks of memory", n(r.Rows.Judged))
	}
	var of []string
	of = append(of, r.Inputs.Class...)
	if len(r.Inputs.Quality) > 0 {
		of = append(of, "quality "+strings.Join(r.Inputs.Quality, ", "))
	}
	for _, f := range []string{r.Inputs.Metric, r.Inputs.Engine, r.Inputs.Backend, r.Inputs.Kind, r.Inputs.Device, r.Inputs.Model} {
		if f != "" {
			of = append(of, f)
		}
	}
	if len(of) > 0 {
		head += " (" + strings.Join(of, "; ") + ")"
	}
	return head
}

// fates says what became of the rows that are not judged.
func fates(r *accuracy.Rows) string {
	var parts []string
	for _, f := range []struct {
		n    int
		what string
	}{{r.Excluded, "excluded as wrong or of something else"}, {r.NotComparable, "not comparable"}, {r.NotJudged, "not judged"}, {r.Filtered, "not asked for"}} {
		if f.n > 0 {
			parts = append(parts, units.Thousands(int64(f.n))+" "+f.what)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Of " + units.Thousands(int64(r.Collected)) + " collected: " + strings.Join(parts, ", ")
}

type accuracyTable struct {
	b strings.Builder
	s Style
	r *accuracy.Report
}

func (t *accuracyTable) title(text string) {
	t.b.WriteString("\n" + t.s.paint(bold, strings.TrimSuffix(t.s.wrap("", "", text), "\n")) + "\n")
}

// Widths of a number's column and of the narrowest column of names.
const (
	figureWidth  = 7
	leastNameLen = 16
)

// table draws one table. Where the screen is narrow, columns are left out from
// the right.
func (t *accuracyTable) table(title string, columns []accuracyColumn, groups []accuracy.Group) {
	for len(columns) > 3 && t.s.Width-len(columns)*(figureWidth+1)-2 < leastNameLen {
		columns = columns[:len(columns)-1]
	}
	name := min(t.s.Width-len(columns)*(figureWidth+1)-2, 34)
	head := pad(t.s.cut(title, name), name)
	for _, c := range columns {
		head += " " + pad(c.head, -figureWidth)
	}
	t.b.WriteString("\n  " + t.s.paint(dim, head) + "\n")
	for i := range groups {
		g := &groups[i]
		line := "  " + pad(t.s.cut(t.s.plain(g.Name), name), name)
		for _, c := range columns {
			cell := pad(t.s.plain(c.text(&g.Summary)), -figureWidth)
			if c.good != nil && c.text(&g.Summary) != absentText {
				color := green
				if !c.good(&g.Summary) {
					color = yellow
				}
				cell = t.s.paint(color, cell)
			}
			line += " " + cell
		}
		t.b.WriteString(line + "\n")
	}
}

// accuracyPlace says what ran where, in one phrase.
func accuracyPlace(c *accuracy.Comparison) string {
	where := c.Device
	if c.Devices > 1 {
		where = fmt.Sprintf("%d× %s", c.Devices, c.Device)
	}
	if c.Backend == "" {
		return where + ", " + c.Engine
	}
	return where + ", " + c.Engine + "/" + c.Backend
}

func insideText(inside bool) string {
	if inside {
		return "inside the interval"
	}
	return "outside the interval"
}

// measurements lists the user's own rows, under a heading for each model and
// place.
func (t *accuracyTable) measurements() {
	const number, unit, interval, errorWidth, mark = 9, 5, 17, 7, 7
	what := t.s.Width - 2*number - unit - errorWidth - mark - 7
	wide := what-interval-1 >= leastNameLen
	if wide {
		what -= interval + 1
	}
	what = max(what, leastNameLen)
	row := func(cells ...string) {
		ranges := ""
		if wide {
			ranges = " " + pad(cells[4], -interval)
		}
		line := fmt.Sprintf("  %s %s %s %s%s %s %s", pad(t.s.cut(cells[0], what), what), pad(cells[1], -number), pad(cells[2], -number),
			pad(cells[3], unit), ranges, pad(cells[5], -errorWidth), cells[6])
		t.b.WriteString(strings.TrimRight(t.s.cut(t.s.plain(line), t.s.Width), " ") + "\n")
	}
	at := ""
	for i := range t.r.Measurements {
		c := &t.r.Measurements[i]
		if p := strings.TrimSpace(c.Model+" "+c.WeightFormat) + " on " + accuracyPlace(c); p != at {
			t.title(p)
			row("", "measured", "estimate", "", "80% interval", "error", "")
			at = p
		}
		inside := ""
		if !c.Inside {
			inside = "outside"
		}
		f := &c.Estimate
		row(c.What, units.Number(c.Measured), units.Number(f.Value), f.Unit, units.Number(f.Low)+" – "+units.Number(f.High), signedText(&c.Error), inside)
		if len(c.Reasons) > 0 && !c.Inside {
			t.b.WriteString(t.s.wrap("      ", "      ", "likely: "+strings.Join(c.Reasons, "; ")))
		}
	}
}

// worst lists the rows with the largest errors.
func (t *accuracyTable) worst() {
	if len(t.r.Worst) == 0 {
		return
	}
	t.title(fmt.Sprintf("The worst %d of %s, by the ratio of estimate and measurement", len(t.r.Worst), units.Thousands(int64(t.r.Rows.Judged))))
	const hang = "           "
	for i := range t.r.Worst {
		c := &t.r.Worst[i]
		f := &c.Estimate
		t.b.WriteString(t.s.wrap(pad("  "+signedText(&c.Error)+" ", len(hang)), hang,
			strings.TrimRight(fmt.Sprintf("%s: %s %s on %s %s", c.ID, c.Model, c.WeightFormat, accuracyPlace(c), c.EngineDate), " ")))
		t.b.WriteString(t.s.wrap(hang, hang, fmt.Sprintf("%s: measured %s, estimated %s (%s – %s) %s, %s", c.What, units.Number(c.Measured),
			units.Number(f.Value), units.Number(f.Low), units.Number(f.High), f.Unit, insideText(c.Inside))))
		t.b.WriteString(t.s.wrap(hang, hang, "likely: "+likely(c)))
		t.b.WriteString(hang + "source: " + t.s.plain(c.Source) + "\n") // one line: it is there to be copied
	}
}

func likely(c *accuracy.Comparison) string {
	if len(c.Reasons) == 0 {
		return "not known"
	}
	return strings.Join(c.Reasons, "; ")
}
