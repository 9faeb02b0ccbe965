package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// Recommend writes a recommendation for reading, in tables of at most width
// columns (0: no bound).
func Recommend(w io.Writer, d *report.Recommend, s Style, width int) error {
	t := &recommendTable{s: s, width: width, d: d}
	for i := range d.Groups {
		t.group(&d.Groups[i])
	}
	if d.Hardware != nil {
		t.hardware(d.Hardware)
	}
	t.sensitivity(d.Sensitivity)
	t.rule()
	t.list("Assumed", d.Assumptions)
	var warned []string
	for _, w := range d.Warnings {
		warned = append(warned, w.Message)
	}
	t.list("Warnings", warned)
	_, err := io.WriteString(w, strings.TrimPrefix(t.b.String(), "\n"))
	return err
}

type recommendTable struct {
	b     strings.Builder
	s     Style
	width int
	d     *report.Recommend
}

func (t *recommendTable) title(text string) {
	t.b.WriteString("\n" + t.s.paint(bold, strings.TrimSuffix(t.s.wrap("", "", text), "\n")) + "\n")
}

func (t *recommendTable) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	t.title(title)
	for _, item := range items {
		t.b.WriteString(t.s.wrap("  - ", "    ", item))
	}
}

// askedWords says what work the figures are of, and the floors.
func askedWords(a *report.RecommendAsked, load *report.Load) string {
	parts := []string{"prompt " + units.Thousands(int64(a.InputTokens))}
	if a.OutputTokens > 0 {
		parts = append(parts, "answer "+units.Thousands(int64(a.OutputTokens)))
	}
	parts = append(parts, "context "+units.Thousands(int64(a.Context)))
	switch {
	case load != nil:
	case a.Sequences > 1:
		parts = append(parts, units.Thousands(int64(a.Sequences))+" sequences in flight")
	default:
		parts = append(parts, "one sequence")
	}
	var floors []string
	if a.MinDecodeTokS > 0 {
		floors = append(floors, "at least "+units.Number(a.MinDecodeTokS)+" tok/s")
	}
	if a.MaxTTFTMs > 0 {
		floors = append(floors, "first token within "+units.Number(a.MaxTTFTMs)+" ms")
	}
	text := strings.Join(parts, ", ")
	if floors = append(floors, a.Require...); len(floors) > 0 {
		text += "; " + strings.Join(floors, ", ")
	}
	return text
}

// coverageWords counts what became of the candidates.
func coverageWords(c *report.RecommendCoverage, what string) string {
	text := fmt.Sprintf("%d of %d %s fit and meet this", c.Recommended, c.Considered, what)
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{c.TooLarge, "do not fit"}, {c.TooSlow, "miss a floor"}, {c.ShortContext, "are made for less context"}, {c.TooSmall, "are too small for the use"},
		{c.SameShape, "are of the shape of another here"}, {c.NotEstimated, "cannot be estimated"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}

func (t *recommendTable) group(g *report.RecommendGroup) {
	title := "Models for " + g.Words
	if g.Class != "" {
		title += ", class " + g.Class
	}
	t.title(title + " on " + t.d.Subject)
	t.b.WriteString(t.s.wrap("  ", "    ", askedWords(&g.Asked, nil)))
	if len(g.Rows) == 0 {
		t.nothing("no model", g.Nearest)
		t.b.WriteString(t.s.wrap("  ", "  ", coverageWords(&g.Coverage, "models")))
		return
	}
	t.b.WriteByte('\n')
	l := grid{s: t.s, width: t.width, shortest: roomy, heads: []gridHead{{"#", true, 0}, {"model", false, 0}, {"format", false, 0}, {"memory GiB", true, 2}, {"spare", true, 5},
		{"decode tok/s", true, 0}, {"80% range", false, 6}, {"prefill", true, 4}, {"TTFT", true, 3}, {"longest context", true, 4}, {"score", true, 1}}}
	for i := range g.Rows {
		r := &g.Rows[i]
		score := ""
		if r.Score != nil {
			score = fmt.Sprintf("%.2f", r.Score.Total)
		}
		row := gridRow{cells: []string{strconv.Itoa(r.Rank), r.Model.ID, r.Model.WeightFormat, memoryCell(r), figureCell(r.Figures.HeadroomBytes),
			figureCell(r.Figures.DecodeTokS), rangeCell(r.Figures.DecodeTokS), figureCell(r.Figures.PrefillTokS), timeCell(r.Figures.TTFTMs),
			units.Thousands(int64(r.MaxContext)), score}, notes: []string{r.Why}}
		if len(r.SameShape) > 0 {
			row.notes = append(row.notes, "the same for "+strings.Join(r.SameShape, ", "))
		}
		l.rows = append(l.rows, row)
	}
	l.clean()
	l.write(&t.b)
	t.b.WriteString("\n" + t.s.wrap("  ", "  ", coverageWords(&g.Coverage, "models")+leftOut(&l)))
}

func leftOut(l *grid) string {
	if len(l.left) == 0 {
		return ""
	}
	return ". Left out for lack of room: " + strings.Join(l.left, ", ")
}

// nothing says that there is no row, and what came nearest.
func (t *recommendTable) nothing(what string, near *report.RecommendRow) {
	t.b.WriteString("\n" + t.s.wrap("  ", "  ", t.s.paint(bold+";"+red, "NOTHING")+": "+what+" fits and meets this"))
	if near == nil {
		return
	}
	t.b.WriteString(t.s.wrap("  ", "    ", "nearest: "+nearestWords(near)))
	for _, s := range near.Suggestions {
		t.b.WriteString(t.s.wrap("  - ", "    ", suggestionWords(&s)))
	}
}

// nearestWords says what came nearest, and what it misses.
func nearestWords(r *report.RecommendRow) string {
	text := r.Name
	if r.Reason != "" {
		text += ": " + r.Reason
	}
	var missed []string
	for _, q := range r.Requirements {
		if q.Outcome != report.Pass {
			missed = append(missed, requirementText(q))
		}
	}
	if c := r.Carry; c != nil {
		text += "; carries " + carryWords(c)
	}
	if len(missed) > 0 {
		text += "; misses " + strings.Join(missed, ", ")
	}
	return text
}

func suggestionWords(s *estimator.Suggestion) string {
	text := s.Change
	if s.Effect != "" {
		text += ": " + s.Effect
	}
	if s.Flags != "" {
		text += " (" + s.Flags + ")"
	}
	return text
}

func (t *recommendTable) rule() {
	r := &t.d.Rule
	if len(r.Terms) == 0 {
		t.list("Rule", []string{r.Words})
		return
	}
	t.list("Rule", append(append([]string{r.Words}, r.Terms...), "sources, and what of this is assumed: --output json"))
}

// memoryCell is the memory of the fullest device, and what that may use.
func memoryCell(r *report.RecommendRow) string {
	f := r.Figures.FullestBytes
	if f == nil {
		return ""
	}
	cell := units.GiB(f.Value)
	for i := range r.Memories {
		if m := &r.Memories[i]; m.Fullest {
			cell += "/" + units.GiB(float64(max(m.Usable, 0)))
		}
	}
	return cell
}

func figureCell(f *estimator.Figure) string {
	if f == nil {
		return ""
	}
	return compareValue(f, f.Value)
}

func rangeCell(f *estimator.Figure) string {
	if f == nil {
		return ""
	}
	return compareValue(f, f.Low) + " – " + compareValue(f, f.High)
}

// timeCell writes milliseconds with a unit that reads well.
func timeCell(f *estimator.Figure) string {
	if f == nil {
		return ""
	}
	if f.Value >= 1000 {
		return units.Number(f.Value/1000) + " s"
	}
	return units.Number(f.Value) + " ms"
}
