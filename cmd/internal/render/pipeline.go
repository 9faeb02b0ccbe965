package render

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// pipeline writes a check of an image, video, speech or embedding model.
func (t *table) pipeline(w io.Writer) error {
	c := t.c
	t.head()
	t.verdict()
	t.memories()
	t.phases()
	t.times()
	t.stages()
	t.loading()
	t.costs()
	t.requirements()
	t.list("What would help", suggestions(c))
	return t.end(w)
}

// pipelineParts describe the question, as headParts do of a language model.
func pipelineParts(c *report.Check) []string {
	r, p := &c.Result, c.Result.Pipeline
	parts := append([]string{r.Model.Name, r.Model.WeightFormat}, jobParts(p.Class, &p.Job)...)
	run := r.Engine.Name
	if r.Engine.Backend != "" {
		run += " (" + r.Engine.Backend + ")"
	}
	parts = append(parts, run)
	if p.Job.Batch > 1 && p.Class != pipeline.Embedding {
		parts = append(parts, units.Thousands(int64(p.Job.Batch))+" "+batchWords[p.Class]+" at once")
	}
	if n := p.Setup.Devices(); n > 1 {
		parts = append(parts, units.Thousands(int64(n))+" devices")
	}
	return parts
}

// batchWords are what a batch is of.
var batchWords = map[pipeline.Class]string{
	pipeline.TextToImage: "images", pipeline.TextToVideo: "videos", pipeline.Recognition: "windows",
	pipeline.Synthesis: "texts", pipeline.Denoising: "clips", pipeline.Embedding: "documents",
}

// jobParts say what is asked of a pipeline.
func jobParts(class pipeline.Class, j *pipeline.Job) []string {
	var parts []string
	count := func(n int, one, several string) {
		switch {
		case n == 1:
			parts = append(parts, one)
		case n > 1:
			parts = append(parts, units.Thousands(int64(n))+" "+several)
		}
	}
	switch class {
	case pipeline.TextToImage, pipeline.TextToVideo:
		if j.Width > 0 && j.Height > 0 {
			parts = append(parts, fmt.Sprintf("%d × %d", j.Width, j.Height))
		}
		if class == pipeline.TextToVideo {
			count(j.Frames, "one frame", "frames")
			if j.FPS > 0 {
				parts = append(parts, short(j.FPS)+" frames/s")
			}
		}
		count(j.Steps, "one step", "steps")
		if j.Passes > 1 {
			count(j.Passes, "", "passes a step")
		}
	case pipeline.Recognition, pipeline.Synthesis, pipeline.Denoising:
		if class == pipeline.Synthesis && j.Characters > 0 {
			count(j.Characters, "one character", "characters")
		} else if j.AudioSeconds > 0 {
			parts = append(parts, short(j.AudioSeconds)+" s of audio")
		}
		if j.Beam > 1 {
			parts = append(parts, fmt.Sprintf("beam %d", j.Beam))
		}
		if j.ChunkSeconds > 0 {
			parts = append(parts, "chunks of "+short(j.ChunkSeconds)+" s")
		}
		if class == pipeline.Synthesis {
			count(j.Steps, "one step", "steps")
		}
	case pipeline.Embedding:
		count(max(j.Documents, j.Batch, 1), "one document", "documents")
		each := "tokens each"
		if max(j.Documents, j.Batch, 1) == 1 {
			each = "tokens"
		}
		count(j.SequenceTokens, "one token", each)
	}
	return parts
}

// short writes a number with as many digits as it needs, up to six.
func short(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// phases says how full each memory gets in each phase. Memories that go
// through the same phases are told of once.
func (t *table) phases() {
	g := phaseGrid(t.c.Result.Pipeline, t.s)
	if len(g.rows) == 0 {
		return
	}
	t.title("Memory by phase, in GiB")
	g.width = t.s.Width
	g.write(&t.b)
}

// phaseGrid is a table of the phases; it has no rows where no memory goes
// through several.
func phaseGrid(p *report.Pipeline, s Style) *grid {
	g := &grid{s: s, shortest: least, early: true, heads: []gridHead{{title: "memory", rank: 2}, {title: "phase"}, {title: "needs", right: true}, {title: "range", rank: 1}, {title: "mostly", rank: 3}}}
	type memory struct {
		name   string
		phases []report.PipelinePhase
	}
	var all []memory
	for _, one := range p.Phases {
		if n := len(all); n == 0 || all[n-1].name != one.Memory {
			all = append(all, memory{name: one.Memory})
		}
		last := &all[len(all)-1]
		last.phases = append(last.phases, one)
	}
	told := map[string]bool{}
	for _, m := range all {
		key := ""
		for _, one := range m.phases {
			key += fmt.Sprint(one.Phase, one.Need, one.High, " ")
		}
		if len(m.phases) < 2 || told[key] {
			continue
		}
		told[key] = true
		for _, one := range m.phases {
			if one.Need == 0 && one.High == 0 {
				continue
			}
			row := gridRow{cells: []string{m.name, one.Phase, units.GiB(float64(one.Need)), gibSpan(one.Low, one.High), largest(&one)}}
			if one.Fullest {
				row.cells[1] += " (fullest)"
				row.colors = []string{"", bold, bold, "", ""}
			}
			g.rows = append(g.rows, row)
		}
	}
	return g
}

func gibSpan(low, high int64) string {
	if low == high {
		return "exact"
	}
	return units.GiB(float64(low)) + " – " + units.GiB(float64(high))
}

// largest names the largest item of a phase.
func largest(p *report.PipelinePhase) string {
	best := -1
	for i := range p.Lines {
		if best < 0 || p.Lines[i].Bytes > p.Lines[best].Bytes {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	return strings.TrimPrefix(p.Lines[best].Note, p.Lines[best].Component+": ")
}

// timeRows are the figures of time of a pipeline's class, with plain names.
func timeRows(c *report.Check) []speedRow {
	p := c.Result.Pipeline
	if p == nil {
		return nil
	}
	var rows []speedRow
	for _, col := range report.PipelineColumns() {
		if f := col.Get(&p.PipelineFigures); f != nil {
			rows = append(rows, speedRow{col.Title, f})
		}
	}
	return rows
}

// pipelineValue writes a figure with three digits also below 1.
func pipelineValue(f *estimator.Figure) (value, rng, unit string) {
	scale, unit := 1.0, f.Unit
	if unit == "ms" && f.Value >= 10000 {
		scale, unit = 1e-3, "s"
	}
	return digits3(f.Value * scale), digits3(f.Low*scale) + " – " + digits3(f.High*scale), unit
}

// digits3 writes a number with three significant digits also below 1.
func digits3(v float64) string {
	if v > 1e-12 && v < 0.9995 {
		return strconv.FormatFloat(v, 'f', 2-int(math.Floor(math.Log10(v))), 64)
	}
	return units.Number(v)
}

func (t *table) times() {
	rows := timeRows(t.c)
	title := "Time, with the range that should hold 80% of measurements"
	if t.c.Result.Verdict == estimator.DoesNotFit {
		title = "Time, if the memory were there (range for 80% of measurements)"
	}
	t.title(title)
	widest := 10
	for _, r := range rows {
		widest = max(widest, utf8.RuneCountInString(r.fig.Unit))
	}
	for _, r := range rows {
		value, rng, unit := pipelineValue(r.fig)
		if t.s.Width < 60 {
			t.b.WriteString(t.s.cut("  "+r.name, t.s.Width) + "\n")
			t.b.WriteString(t.s.plain(fmt.Sprintf("    %s %s  (%s)", value, unit, rng)) + "\n")
			continue
		}
		t.b.WriteString(t.s.plain(fmt.Sprintf("  %s %s %s  %s", pad(r.name, 24), pad(value, -8), pad(unit, widest), rng)) + "\n")
	}
	if len(rows) == 0 {
		t.b.WriteString("  (see below for what could not be estimated)\n")
	}
}

// stageGrid is a table of where the time goes.
func stageGrid(p *report.Pipeline, s Style) *grid {
	g := &grid{s: s, shortest: least, early: true, heads: []gridHead{{title: "stage"}, {title: "component", rank: 5}, {title: "calls", right: true, rank: 4}, {title: "seconds", right: true},
		{title: "range", right: true, rank: 3}, {title: "share", right: true, rank: 1}, {title: "limited by", rank: 2}, {title: "on", rank: 6}}}
	several := false // places
	for i := range p.Stages {
		several = several || p.Stages[i].Where != p.Stages[0].Where
	}
	if !several {
		g.heads = g.heads[:len(g.heads)-1]
	}
	for i := range p.Stages {
		st := &p.Stages[i]
		value, rng, _ := pipelineValue(&st.Seconds)
		g.rows = append(g.rows, gridRow{cells: []string{st.Name, st.Component, callsText(st.Calls), value, rng, fmt.Sprintf("%.0f%%", 100*st.Share), st.Bound, st.Where}[:len(g.heads)]})
	}
	return g
}

func callsText(v float64) string {
	if v == float64(int64(v)) {
		return units.Thousands(int64(v))
	}
	return units.Number(v)
}

func (t *table) stages() {
	if len(t.c.Result.Pipeline.Stages) == 0 {
		return
	}
	t.title("Where the time goes")
	g := stageGrid(t.c.Result.Pipeline, t.s)
	g.width = t.s.Width
	g.write(&t.b)
}

// markdownPipeline writes the figures, stages and phases of a pipeline.
func markdownPipeline(b *strings.Builder, c *report.Check) {
	p := c.Result.Pipeline
	b.WriteString("\n| time | value | 80% range |\n|---|--:|---|\n")
	for _, r := range timeRows(c) {
		value, rng, unit := pipelineValue(r.fig)
		fmt.Fprintf(b, "| %s | %s %s | %s |\n", r.name, value, md(unit), rng)
	}
	plain := Style{UTF8: true}
	for _, g := range []*grid{stageGrid(p, plain), phaseGrid(p, plain)} {
		if len(g.rows) > 0 {
			b.WriteString("\n")
			g.markdown(b)
		}
	}
}
