package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// verdictWords says a verdict plainly.
var verdictWords = map[estimator.Verdict]struct{ word, color string }{
	estimator.Fits:        {"FITS", green},
	estimator.Tight:       {"TIGHT", yellow},
	estimator.FitsOffload: {"FITS, PARTLY ON THE HOST", yellow},
	estimator.DoesNotFit:  {"DOES NOT FIT", red},
}

// Table writes a check for reading.
func Table(w io.Writer, c *report.Check, s Style) error {
	t := &table{s: s, c: c}
	if c.Result.Pipeline != nil {
		return t.pipeline(w)
	}
	t.head()
	t.verdict()
	t.memories()
	t.speeds()
	t.loading()
	t.room()
	t.pools()
	t.underLoad()
	t.plans()
	t.costs()
	t.limits()
	t.answers()
	t.requirements()
	t.list(commandTexts(t.c))
	t.list("What would help", suggestions(c))
	t.sensitivity()
	return t.end(w)
}

// end writes what stands below every check, and all of it to w.
func (t *table) end(w io.Writer) error {
	c := t.c
	t.list("Assumed", c.Assumptions)
	t.list("Warnings", warnings(c))
	t.list("Not estimated", unavailable(c))
	t.derivations()
	if c.Result.Verify != "" {
		t.title("Check it on the real machine")
		t.b.WriteString("  " + c.Result.Verify + "\n") // one line: it is there to be copied
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type table struct {
	b strings.Builder
	s Style
	c *report.Check
}

func (t *table) title(text string) {
	t.b.WriteString("\n" + t.s.paint(bold, strings.TrimSuffix(t.s.wrap("", "", text), "\n")) + "\n")
}

// Head describes the question in one line of parts.
func headParts(c *report.Check) (what, where string) {
	r := &c.Result
	if r.Pipeline != nil {
		return strings.Join(pipelineParts(c), " · "), "on " + r.Machine.Name
	}
	parts := []string{r.Model.Name, r.Model.WeightFormat}
	if n := r.Deployment.Context; n > 0 {
		parts = append(parts, "context "+units.Thousands(int64(n)))
	}
	if kv := kvTypes(c); kv != "" {
		parts = append(parts, "KV cache "+kv)
	}
	run := r.Engine.Name
	if r.Engine.Backend != "" {
		run += " (" + r.Engine.Backend + ")"
	}
	parts = append(parts, run)
	if c.Inputs.Batch > 1 {
		parts = append(parts, units.Thousands(int64(c.Inputs.Batch))+" sequences")
	} else {
		parts = append(parts, "one sequence")
	}
	parts = append(parts, shownParts(c)...)
	where = "on " + r.Machine.Name
	return strings.Join(parts, " · "), where
}

func kvTypes(c *report.Check) string {
	k, v := c.Result.Deployment.KVTypeK, c.Result.Deployment.KVTypeV
	if k == v {
		return k
	}
	return k + "/" + v
}

func (t *table) head() {
	what, where := headParts(t.c)
	t.b.WriteString(t.s.wrap("", "  ", what))
	t.b.WriteString(t.s.wrap("", "  ", where))
}

func (t *table) verdict() {
	v, ok := verdictWords[t.c.Result.Verdict]
	if !ok {
		v.word = string(t.c.Result.Verdict)
	}
	text := t.s.wrap(v.word, "  ", "  "+t.c.Result.Reason)
	if t.c.Result.Reason != "" {
		text = t.s.wrap(v.word+": ", "  ", t.c.Result.Reason)
	}
	t.b.WriteString("\n" + strings.Replace(text, v.word, t.s.paint(bold+";"+v.color, v.word), 1))
}

func (t *table) memories() {
	ledgers := used(t.c.Result.Memories)
	if len(ledgers) == 0 {
		return
	}
	t.title("Memory, in GiB")
	for _, g := range alike(ledgers) {
		l := g.ledger
		name := l.Name
		if g.count > 1 {
			name = fmt.Sprintf("%s and %d more alike", l.Name, g.count-1)
		}
		fill := fmt.Sprintf("%s of %s", units.GiB(float64(l.Need)), units.GiB(float64(l.Usable)))
		if l.High != l.Need || l.Low != l.Need {
			fill = fmt.Sprintf("%s (%s) of %s", units.GiB(float64(l.Need)), t.gibRange(l.Low, l.High), units.GiB(float64(l.Usable)))
		}
		t.b.WriteString(t.s.wrap("  ", "    ", name+": "+fill+" usable"))
		t.b.WriteString("  [" + t.s.bar(&l, t.s.barWidth()) + "]\n")
		t.lines(&l)
	}
	t.b.WriteString(t.s.wrap("  ", "  ", t.s.legend(ledgers)))
}

func (s Style) barWidth() int { return max(min(s.Width-4, 64), 10) }

// lines lists the components of one memory.
func (t *table) lines(l *report.Ledger) {
	row := func(name string, value, low, high int64, note string) {
		rng := "exact"
		if low != high {
			rng = t.gibRange(low, high)
		}
		text := fmt.Sprintf("    %s %s  %s", pad(name, 11), pad(units.GiB(float64(value)), -7), rng)
		if note != "" && t.s.Width >= 72 {
			text = fmt.Sprintf("    %s %s  %s  %s", pad(name, 11), pad(units.GiB(float64(value)), -7), pad(rng, 15), t.s.plain(note))
		}
		t.b.WriteString(strings.TrimRight(t.s.cut(t.s.plain(text), t.s.Width), " ") + "\n")
	}
	names := map[string]string{"kv_cache": "KV cache", "recurrent_state": "state"}
	for _, line := range l.Lines {
		if line.Bytes == 0 && line.High == 0 {
			continue
		}
		if t.c.Result.Pipeline != nil && line.High < trifling {
			continue
		}
		name := line.Component
		if n, ok := names[name]; ok {
			name = n
		}
		row(name, line.Bytes, line.Low, line.High, strings.TrimPrefix(line.Note, line.Component+": "))
	}
	if l.PoolTokens > 0 {
		row("cache pool", l.PoolBytes, l.PoolBytes, l.PoolBytes, units.Thousands(l.PoolTokens)+" tokens")
	}
	if l.Reserved > 0 {
		row("reserved", l.Reserved, l.Reserved, l.Reserved, l.ReservedWhy)
	}
}

// trifling is a size that no line of a pipeline is spent on.
const trifling = 1 << 20

func (t *table) gibRange(low, high int64) string {
	return t.s.plain(units.GiB(float64(low)) + " – " + units.GiB(float64(high)))
}

// used drops the memories that hold nothing.
func used(ledgers []report.Ledger) []report.Ledger {
	var out []report.Ledger
	for _, l := range ledgers {
		if l.Need > 0 || l.PoolBytes > 0 {
			out = append(out, l)
		}
	}
	return out
}

type group struct {
	ledger report.Ledger
	count  int
}

// alike joins neighbouring memories that hold the same.
func alike(ledgers []report.Ledger) []group {
	var out []group
	for _, l := range ledgers {
		if n := len(out); n > 0 {
			p := &out[n-1].ledger
			if p.Need == l.Need && p.High == l.High && p.Capacity == l.Capacity && p.Reserved == l.Reserved {
				out[n-1].count++
				continue
			}
		}
		out = append(out, group{l, 1})
	}
	return out
}

// speedRow is one figure of time with its plain name.
type speedRow struct {
	name string
	fig  *estimator.Figure
}

func speedRows(c *report.Check) []speedRow {
	sp := &c.Result.Speed
	rows := []speedRow{
		{"prefill (" + units.Thousands(int64(c.Inputs.InputTokens+seenTokens(c))) + " tokens)", sp.PrefillTokS},
		{"decode, per sequence", sp.DecodeTokS},
	}
	if c.Inputs.Batch > 1 {
		rows = append(rows, speedRow{"output, all sequences", sp.OutputTokS})
	}
	if sp.EncodeMs != nil {
		rows = append(rows, speedRow{"encoding what is shown", sp.EncodeMs})
	}
	rows = append(rows, speedRow{"time to first token", sp.TTFTMs}, speedRow{"time per output token", sp.TPOTMs})
	if c.Inputs.Batch > 1 {
		rows = append(rows, speedRow{"requests", sp.RequestsS})
	}
	return rows
}

// humanFigure turns milliseconds into seconds where that reads better.
func humanFigure(f *estimator.Figure) (value, rng, unit string) {
	scale, unit := 1.0, f.Unit
	if unit == "ms" && f.Value >= 10000 {
		scale, unit = 1e-3, "s"
	}
	return units.Number(f.Value * scale), units.Number(f.Low*scale) + " – " + units.Number(f.High*scale), unit
}

func (t *table) speeds() {
	title := "Speed, with the range that should hold 80% of measurements"
	if t.c.Result.Verdict == estimator.DoesNotFit {
		title = "Speed, if the memory were there (range for 80% of measurements)"
	}
	t.title(title)
	for _, r := range speedRows(t.c) {
		if r.fig == nil {
			continue
		}
		value, rng, unit := humanFigure(r.fig)
		if t.s.Width < 60 {
			t.b.WriteString(t.s.cut("  "+r.name, t.s.Width) + "\n")
			t.b.WriteString(t.s.plain(fmt.Sprintf("    %s %s  (%s)", value, unit, rng)) + "\n")
			continue
		}
		t.b.WriteString(t.s.plain(fmt.Sprintf("  %s %s %s  %s", pad(r.name, 24), pad(value, -8), pad(unit, 10), rng)) + "\n")
	}
	for _, u := range t.c.Unavailable {
		if strings.HasSuffix(u.Figure, "_s") && !isLoading(u.Figure) || strings.HasSuffix(u.Figure, "_ms") {
			t.b.WriteString("  (see below for what could not be estimated)\n")
			break
		}
	}
}

func limitText(l report.Limit) string {
	return fmt.Sprintf("%s is limited by %s (%.0f%% of its time)", l.Phase, l.Bound, l.Share*100)
}

func (t *table) limits() {
	var items []string
	for _, l := range t.c.Result.Limits {
		if l.Bound != "" {
			items = append(items, limitText(l))
		}
	}
	t.list("What limits it", items)
}

// answerTexts says what follows the verdict.
func answerTexts(c *report.Check) []string {
	a := c.Result.Answers
	if a == nil {
		return nil
	}
	out := []string{}
	if a.MaxContext > 0 {
		out = append(out, "longest context that fits: "+units.Thousands(int64(a.MaxContext))+" tokens")
	} else {
		out = append(out, "no context fits")
	}
	if a.BestFormat != "" {
		out = append(out, "best weight format that fits: "+a.BestFormat)
	} else {
		out = append(out, "no weight format fits")
	}
	if a.MaxSequences > 0 {
		out = append(out, "sequences at this context: "+units.Thousands(int64(a.MaxSequences)))
	}
	return out
}

func (t *table) answers() { t.list("What fits", answerTexts(t.c)) }

// Outcome words for requirements.
var outcomeWords = map[report.Outcome]struct{ word, color string }{
	report.Pass: {"PASS", green}, report.Fail: {"FAIL", red}, report.Unsure: {"UNSURE", yellow},
}

func requirementText(r report.Requirement) string {
	value, rng, unit := humanFigure(&r.Figure)
	if r.Figure.Unit == "B" || r.Figure.Unit == "bytes" {
		return fmt.Sprintf("%s: %s GiB (%s – %s)", r.Text, units.GiB(r.Figure.Value), units.GiB(r.Figure.Low), units.GiB(r.Figure.High))
	}
	return fmt.Sprintf("%s: %s %s (%s)", r.Text, value, unit, rng)
}

func (t *table) requirements() {
	if len(t.c.Requirements) == 0 {
		return
	}
	t.title("Requirements")
	for _, r := range t.c.Requirements {
		o := outcomeWords[r.Outcome]
		text := t.s.wrap("  "+pad(o.word, 7), "         ", requirementText(r))
		t.b.WriteString(strings.Replace(text, o.word, t.s.paint(o.color, o.word), 1))
	}
}

func (t *table) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	t.title(title)
	for _, item := range items {
		t.b.WriteString(t.s.wrap("  - ", "    ", item))
	}
}

func suggestions(c *report.Check) []string {
	var out []string
	for _, s := range c.Result.Suggestions {
		text := s.Change
		if s.Effect != "" {
			text += ": " + s.Effect
		}
		if s.Flags != "" {
			text += " (" + s.Flags + ")"
		}
		out = append(out, text)
	}
	return out
}

func warnings(c *report.Check) []string {
	var out []string
	for _, w := range c.Warnings {
		out = append(out, w.Message)
	}
	return out
}

// unavailable groups figures by their reason.
func unavailable(c *report.Check) []string {
	var order []string
	by := map[string][]string{}
	for _, u := range c.Unavailable {
		if unasked(c.Prices, u.Figure) || isLoading(u.Figure) {
			continue
		}
		if by[u.Reason] == nil {
			order = append(order, u.Reason)
		}
		if name := costName(u.Figure); !slices.Contains(by[u.Reason], name) {
			by[u.Reason] = append(by[u.Reason], name)
		}
	}
	for i, reason := range order {
		order[i] = strings.Join(by[reason], ", ") + ": " + reason
	}
	return order
}

func (t *table) derivations() {
	if len(t.c.Derivations) == 0 {
		return
	}
	t.title("How each figure came about")
	for _, d := range t.c.Derivations {
		t.derivation(d.Figure, d.Formula, d.Facts, d.Source)
	}
}

func (t *table) derivation(figure, formula, facts, source string) {
	t.b.WriteString(t.s.wrap("  ", "    ", figure+" = "+formula))
	if facts != "" {
		t.b.WriteString(t.s.wrap("      ", "      ", "facts: "+facts))
	}
	if source != "" {
		t.b.WriteString(t.s.wrap("      ", "      ", "source: "+source))
	}
}
