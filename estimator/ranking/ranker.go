package ranking

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
)

// Ranker applies the rule of a catalogue's models.
type Ranker struct {
	rule   *Rule
	loss   map[string]float64 // nats of perplexity by format
	widths []width            // measured formats by their bits, widest first
	unit   float64            // nats of perplexity of one doubling
	// months of release since year 0 by id, and of the newest.
	months map[string]float64
	newest float64
	// unknown is the month for which a model without one counts.
	unknown float64
}

// Release is when a model of a family came out.
type Release struct {
	ID, Family string
	Released   string // 2026-08 or 2026; empty: not known
}

type width struct{ bits, loss float64 }

// New returns the ranker of some models.
func New(rule *Rule, models []Release) *Ranker {
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
	y, month := YearMonth(rule.Generation.Unknown)
	r.unknown = float64(y*12 + max(month, 1) - 1)
	r.date(models)
	return r
}

// date fills in the months of release. Of a release known by its year alone it
// takes the least: January, or the newest of its family in that year.
func (r *Ranker) date(models []Release) {
	r.months = make(map[string]float64, len(models))
	type year struct {
		family string
		year   int
	}
	families := map[year]float64{}
	var open []*Release
	for i := range models {
		m := &models[i]
		y, month := YearMonth(m.Released)
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
		if y, _ := YearMonth(m.Released); y > 0 {
			r.months[m.ID] = math.Max(float64(y*12), families[year{m.Family, y}])
		}
	}
}

// YearMonth reads a release; 0 for what is not known.
func YearMonth(released string) (year, month int) {
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

// Size is the term of a model's size: log2 of the geometric mean of its layers'
// parameters and of those that one token uses, in billions.
func Size(m *model.Model) float64 {
	total, active := Working(m)
	return math.Log2(math.Sqrt(float64(max(total, 1))*float64(max(active, 1))) / 1e9)
}

// Month counts the months of a model's release since year 0; 0 where that is not
// known.
func (r *Ranker) Month(id string) float64 { return r.months[id] }

// Generation is the term of a release date.
func (r *Ranker) Generation(id string) float64 {
	at, ok := r.months[id]
	if !ok {
		at = r.unknown
	}
	return (at - r.newest) / r.rule.Generation.DoublingMonths
}

// Format is the term of a weight format: what the model's own format lost in
// training, and what another loses beside that.
func (r *Ranker) Format(m *model.Model, w, native *format.Weights) float64 {
	own := -math.Log2(1 - math.Exp(-Bits(m, native)/r.rule.Format.Native.GammaBits))
	if w.Format == native.Format {
		return -own
	}
	return -own - r.nats(m, w)/r.unit
}

// Unit is what a doubling of size takes from the logarithm of a perplexity.
func (r *Ranker) Unit() float64 { return r.unit }

// Loses is how many doublings of size a format loses against 16 bit, where that
// is known.
func (r *Ranker) Loses(format string) (doublings float64, known bool) {
	nats, known := r.loss[format]
	return nats / r.unit, known
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

// Speed is the term of a speed in tok/s beside a comfortable one.
func (r *Ranker) Speed(prefer string, low, comfort float64) float64 {
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
