package recommend

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles"
)

// Ranker applies the rule of a catalogue's models.
type Ranker struct {
	rule   *profiles.RankingRule
	loss   map[string]float64 // nats of perplexity by format
	widths []width            // measured formats by their bits, widest first
	unit   float64            // nats of perplexity of one doubling
	// months of release since year 0 by id, and of the newest.
	months map[string]float64
	newest float64
}

type width struct{ bits, loss float64 }

// NewRanker returns the ranker of the catalogue's models.
func NewRanker(rule *profiles.RankingRule, models []profiles.ModelEntry) *Ranker {
	f := &rule.Format
	r := &Ranker{rule: rule, loss: map[string]float64{},
		unit: math.Log(f.Unit.SmallPerplexity/f.Unit.LargePerplexity) / math.Log2(f.Unit.LargeParams/f.Unit.SmallParams)}
	for _, m := range f.Measured {
		nats := math.Log(m.Perplexity / f.ReferencePerplexity)
		r.loss[m.Name] = nats
		r.widths = append(r.widths, width{m.GiB * (8 << 30) / f.ReferenceParams, nats})
	}
	for _, m := range f.Others {
		reference := m.Reference
		if reference == 0 {
			reference = f.ReferencePerplexity
		}
		r.loss[m.Name] = math.Log(m.Perplexity / reference)
	}
	for _, l := range f.Like {
		for _, n := range l.Names {
			r.loss[n] = r.loss[l.As]
		}
	}
	slices.SortStableFunc(r.widths, func(a, b width) int { return int(math.Copysign(1, b.bits-a.bits)) })
	r.date(models)
	return r
}

// date fills in the months of release. Of a release known by its year alone it
// takes the least: January, or the newest of its family in that year.
func (r *Ranker) date(models []profiles.ModelEntry) {
	r.months = make(map[string]float64, len(models))
	type year struct {
		family string
		year   int
	}
	families := map[year]float64{}
	var open []*profiles.ModelEntry
	for i := range models {
		m := &models[i]
		y, month := yearMonth(m.Released)
		if y == 0 || month == 0 {
			open = append(open, m)
			continue
		}
		at := float64(y*12 + month - 1)
		r.months[m.ID], r.newest = at, math.Max(r.newest, at)
		key := year{m.Family, y}
		families[key] = math.Max(families[key], at)
	}
	for _, m := range open {
		if y, _ := yearMonth(m.Released); y > 0 {
			r.months[m.ID] = math.Max(float64(y*12), families[year{m.Family, y}])
		}
	}
}

// yearMonth reads a release; 0 for what is not known.
func yearMonth(released string) (year, month int) {
	y, m, _ := strings.Cut(released, "-")
	year, _ = strconv.Atoi(y)
	month, _ = strconv.Atoi(m)
	return year, month
}

// Working counts the parameters of a model's layers, and those of them that
// one token uses.
func Working(m *model.Model) (total, active int64) {
	for i := range m.Layers {
		total += m.Layers[i].Params()
		active += m.Layers[i].ActiveParams()
	}
	return total, active
}

// size is the term of a model's size.
func size(m *model.Model) float64 {
	total, active := Working(m)
	return math.Log2(math.Sqrt(float64(max(total, 1))*float64(max(active, 1))) / 1e9)
}

// firstRelease counts for a model of unknown date: the rule rewards only what
// is known.
const firstRelease = 2018 * 12

// generation is the term of a release date.
func (r *Ranker) generation(m *profiles.ModelEntry) float64 {
	at, ok := r.months[m.ID]
	if !ok {
		at = firstRelease
	}
	return (at - r.newest) / r.rule.Generation.DoublingMonths
}

// format is the term of a weight format: what the model's own format lost in
// training, and what another loses beside that.
func (r *Ranker) format(m *model.Model, w, native *format.Weights) float64 {
	own := -math.Log2(1 - math.Exp(-Bits(m, native)/r.rule.Format.Native.GammaBits))
	if w.Format == native.Format {
		return -own
	}
	return -own - r.nats(m, w)/r.unit
}

// nats is the loss of a format against 16 bit. One that was not measured
// counts as the best measured one that is no wider.
func (r *Ranker) nats(m *model.Model, w *format.Weights) float64 {
	if loss, ok := r.loss[w.Format]; ok {
		return loss
	}
	bits, least := Bits(m, w), math.Inf(1)
	for _, known := range r.widths {
		if known.bits <= bits {
			least = math.Min(least, known.loss)
		}
	}
	if math.IsInf(least, 1) { // narrower than any
		return r.widths[len(r.widths)-1].loss
	}
	return least
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

// speed is the term of a speed beside a comfortable one.
func (r *Ranker) speed(prefer string, low, comfort float64) float64 {
	if !(low > 0) || !(comfort > 0) {
		return 0
	}
	w, doublings := r.rule.Speed.Weights[prefer], math.Log2(low/comfort)
	if doublings < 0 {
		return w.Below * doublings
	}
	return w.Beyond * doublings
}

// Bits is the mean number of bits of a model's weights in a format, towers
// left out.
func Bits(m *model.Model, w *format.Weights) float64 {
	params := m.EmbeddingParams + m.OutputParams + m.OtherParams
	for i := range m.Layers {
		params += m.Layers[i].Params()
	}
	return float64(w.Total) * 8 / float64(max(params, 1))
}
