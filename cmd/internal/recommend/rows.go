package recommend

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/ranking"
)

// row estimates a trial again, with all that follows a verdict.
func (w *worker) row(q *modelQuestion, t *trial) report.RecommendRow {
	s := q.base
	s.Model, s.Quant = t.candidate.Entry.ID, t.format
	var p scenario.Prepared
	if err := w.resolver.Resolve(w.ctx, &s, &p); err != nil {
		return report.RecommendRow{Name: s.Model, Reason: err.Error()} // it was resolved before
	}
	divideBoxes(&p)
	p.Request.Answers = true
	c, err := w.check(&p, q.gates)
	if err != nil {
		return report.RecommendRow{Name: s.Model, Reason: err.Error()}
	}
	row := newRow(c, &p)
	row.Name = t.candidate.Entry.ID + " " + c.Result.Model.WeightFormat
	row.Released, row.SameShape = t.candidate.Entry.Released, t.candidate.Same
	row.Score = rounded(&t.score)
	row.Why = why(p.Request.Model, row.Released, c.Result.Model.WeightFormat, row.Score, answerSpeed(&c.Result.Speed, q.asked.OutputTokens, q.asked.Sequences))
	if t.kind != recommended {
		row.Suggestions = nearer(q, t, c)
	}
	return row
}

// newRow makes a row of a finished check, so that both say the same.
func newRow(c *report.Check, p *scenario.Prepared) report.RecommendRow {
	devices := 0
	if node := p.Request.Machine.Primary(); node != nil {
		devices = len(node.Devices)
	}
	r := report.NewCompareRow(c, devices)
	out := report.RecommendRow{Scenario: c.Inputs, Verdict: r.Verdict, Reason: r.Reason, Model: r.Model, Machine: r.Machine, Engine: r.Engine,
		Devices: devices, Figures: r.Figures, Memories: r.Memories, Limits: r.Limits, Price: r.Price,
		Requirements: r.Requirements, Unavailable: r.Unavailable}
	if a := c.Result.Answers; a != nil {
		out.MaxContext, out.MaxSequences = a.MaxContext, a.MaxSequences
	}
	return out
}

// rounded keeps two digits of every term, and a total that is their sum.
func rounded(s *report.RecommendScore) *report.RecommendScore {
	two := func(v float64) float64 { return math.Round(v*100) / 100 }
	out := &report.RecommendScore{Size: two(s.Size), Generation: two(s.Generation), Format: two(s.Format), Speed: two(s.Speed)}
	out.Total = two(out.Size + out.Generation + out.Format + out.Speed)
	return out
}

// why says in words what the terms of a score are of.
func why(m *model.Model, released, quant string, s *report.RecommendScore, speed *estimator.Figure) string {
	total, active := ranking.Working(m)
	of := billions(total) + " in its layers"
	if active < total {
		of = fmt.Sprintf("%s in its layers, %s at work", billions(total), billions(active))
	}
	parts := []string{of + term(s.Size), "of " + released + term(s.Generation), quant + term(s.Format)}
	if speed != nil {
		parts = append(parts, fmt.Sprintf("an answer at %s %s or more", units.Number(speed.Low), speed.Unit)+term(s.Speed))
	}
	return strings.Join(parts, "; ")
}

func billions(n int64) string {
	return strconv.FormatFloat(float64(n)/1e9, 'f', max(0, 2-int(math.Floor(math.Log10(math.Max(float64(n), 1)/1e9)+1))), 64) + "B"
}

func term(v float64) string { return fmt.Sprintf(" (%+.2f)", v) }

// nearer says what would let in what came nearest.
func nearer(q *modelQuestion, t *trial, c *report.Check) []estimator.Suggestion {
	var out []estimator.Suggestion
	if t.kind == belowFloors {
		for _, r := range c.Requirements {
			if r.Outcome == report.Pass {
				continue
			}
			switch f := r.Figure; {
			case strings.HasPrefix(r.Text, "decode_tok_s >= ") && f.Low > 0:
				out = append(out, estimator.Suggestion{Change: "a floor of " + units.Number(f.Low) + " tok/s", Effect: "is met",
					Flags: "--min-decode " + strconv.FormatFloat(math.Floor(f.Low*100)/100, 'g', 4, 64)})
			case strings.HasPrefix(r.Text, "ttft_ms <= "):
				out = append(out, estimator.Suggestion{Change: "a time to first token of " + units.Number(f.High) + " ms", Effect: "is met",
					Flags: "--max-ttft " + strconv.FormatFloat(math.Ceil(f.High), 'f', 0, 64) + "ms"})
			}
		}
		return out
	}
	switch {
	case c.Result.Verdict == estimator.Tight:
		out = append(out, estimator.Suggestion{Change: "taking what fits only just", Effect: "fits, but only just", Flags: "--accept tight"})
	case c.Result.Verdict == estimator.FitsOffload:
		out = append(out, estimator.Suggestion{Change: "keeping part of it in main memory", Effect: "fits with offload", Flags: "--accept offload"})
	}
	if a := c.Result.Answers; a != nil && a.MaxContext > 0 && a.MaxContext < q.asked.Context {
		out = append(out, estimator.Suggestion{Change: "a context of " + units.Thousands(int64(a.MaxContext)) + " tokens", Effect: "fits", Flags: fmt.Sprintf("--context %d", a.MaxContext)})
	}
	return append(out, c.Result.Suggestions...)
}

// limitWords says what holds a machine back.
func limitWords(limits []report.Limit) string {
	var parts []string
	for _, l := range limits {
		if l.Bound != "" {
			parts = append(parts, l.Phase+" waits for "+l.Bound)
		}
	}
	return strings.Join(parts, ", ")
}

func joined(list []string) string { return strings.Join(list, ", ") }

func assumedSequences(n int) string {
	return fmt.Sprintf("sequences in flight not given: %d assumed, for accelerators of data centres serve many users (--batch)", n)
}
