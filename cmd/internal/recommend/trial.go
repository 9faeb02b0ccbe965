package recommend

import (
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/ranking"
)

// kind says what became of a model.
type kind uint8

const (
	notEstimated kind = iota
	recommended
	belowFloors
	tooLarge
	tooSmall
)

// trial is the best that was found of one candidate.
type trial struct {
	kind      kind
	candidate *Candidate
	format    string
	score     report.RecommendScore
	distance  float64 // by which it misses, as a factor
}

// nearer says whether a trial that missed came nearer than another: what fits
// is nearer than what does not, then the smaller miss.
func (t *trial) nearer(than *trial) bool {
	if t.kind != than.kind {
		return t.kind == belowFloors
	}
	return t.distance < than.distance
}

// best tries a model in every format that makes sense of the engine's, or in
// those asked for.
func (w *worker) best(q *modelQuestion, c *Candidate) trial {
	var best trial
	m, err := w.resolver.Model(c.Entry.ID)
	if err != nil {
		return best
	}
	if least := q.use.LeastBillions; least > 0 && ranking.Size(m) < math.Log2(least) {
		best.kind = tooSmall
		return best
	}
	table, err := w.facts.Formats()
	if err != nil {
		return best
	}
	native, keeps := nativeOf(table, q.engine, m)
	own, err := table.Weights(m, native)
	if err != nil {
		return best
	}
	names := q.in.Formats
	if len(names) == 0 {
		names = w.formats(q, m, table, own, native, keeps)
	}
	tried := map[string]bool{}
	for _, name := range names {
		s := q.base
		s.Model, s.Quant = c.Entry.ID, name
		var p scenario.Prepared
		if err := w.resolver.Resolve(w.ctx, &s, &p); err != nil {
			continue
		}
		weights := p.Request.Weights
		if tried[weights.Format] {
			continue
		}
		tried[weights.Format] = true
		divideBoxes(&p)
		p.Request.Answers, p.Request.Cache = q.needsMore, &w.cache
		e, err := w.estimate(&p.Request)
		if err != nil {
			continue
		}
		t := trial{format: weights.Format}
		w.judge(q, c, &p, e, &t, own)
		if better(&t, &best) {
			best = t
		}
	}
	return best
}

// better says whether one format of a model is to be preferred to another.
func better(t, than *trial) bool {
	switch {
	case t.kind == notEstimated || than.kind == notEstimated:
		return t.kind != notEstimated
	case t.kind == recommended || than.kind == recommended:
		if t.kind != than.kind {
			return t.kind == recommended
		}
		return t.score.Total > than.score.Total
	}
	return t.nearer(than)
}

// judge scores a model in a format, beside the one it was published in, and
// says whether it is recommended.
func (w *worker) judge(q *modelQuestion, c *Candidate, p *scenario.Prepared, e *estimator.Result, t *trial, own *format.Weights) {
	m := p.Request.Model
	speed, comfort := answerSpeed(&e.Speed, q.asked.OutputTokens, q.asked.Sequences), q.use.ComfortTokS
	if q.asked.OutputTokens == 0 {
		comfort = q.use.ComfortPrefill
	}
	if speed == nil {
		return
	}
	t.score = report.RecommendScore{Size: ranking.Size(m), Generation: w.ranker.Generation(c.Entry.ID),
		Format: w.ranker.Format(m, p.Request.Weights, own), Speed: w.ranker.Speed(q.in.Prefer, speed.Low, comfort)}
	t.score.Total = t.score.Size + t.score.Generation + t.score.Format + t.score.Speed
	if e.Verdict.Rank() > q.in.Accept.Rank() {
		t.kind, t.distance = tooLarge, excess(e)
		return
	}
	t.kind = recommended
	if !met(judged(p, e, q.gates).Requirements) {
		t.kind, t.distance = belowFloors, q.missedBy(e)
	}
}

// excess is the need of the fullest memory over what it may give, at the
// pessimistic end.
func excess(e *estimator.Result) float64 {
	worst := 0.0
	for i := range e.Ledgers {
		l := &e.Ledgers[i]
		if l.Need > 0 {
			worst = math.Max(worst, float64(l.High)/float64(max(l.Usable(), 1)))
		}
	}
	return worst
}

// missedBy is the largest factor by which a floor is missed; infinite where a
// requirement without a floor is.
func (q *modelQuestion) missedBy(e *estimator.Result) float64 {
	by := 1.0
	if f := e.Speed.DecodeTokS; q.asked.MinDecodeTokS > 0 && f != nil && f.Low > 0 {
		by = math.Max(by, q.asked.MinDecodeTokS/f.Low)
	}
	if f := e.Speed.TTFTMs; q.asked.MaxTTFTMs > 0 && f != nil {
		by = math.Max(by, f.High/q.asked.MaxTTFTMs)
	}
	if by == 1 {
		return math.Inf(1)
	}
	return by
}

// answerSpeed is how fast an answer comes, from the question to its last token:
// the tokens of one sequence over the whole time. Where nothing is generated it
// is the speed of the prompt.
func answerSpeed(e *estimator.Speed, output, sequences int) *estimator.Figure {
	if output == 0 {
		return e.PrefillTokS
	}
	f := e.RequestsS
	if f == nil {
		return e.DecodeTokS
	}
	k := float64(output) / float64(max(sequences, 1))
	return &estimator.Figure{Value: f.Value * k, Low: f.Low * k, High: f.High * k, Unit: "tok/s", Basis: f.Basis}
}
