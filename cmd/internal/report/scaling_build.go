package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/scaling"
	"github.com/plimsoll/plimsoll/profiles"
)

// NewScaling begins the document of an answer to a question.
func NewScaling(in ScalingInputs, v Versions) *Scaling {
	return &Scaling{Schema: ScalingSchema, SchemaVersion: SchemaVersion, ToolVersion: v.Tool, DataVersion: v.Data, Inputs: in,
		Assumptions: []string{}, Warnings: []estimator.Warning{}, Unavailable: []estimator.Unavailable{}}
}

// scaled rounds a figure of the scaling step; nil stays nil.
func scaled(f *scaling.Figure) *estimator.Figure { return tidy((*estimator.Figure)(f)) }

// Uses describes the laws that an answer rests on, and says what to be wary of.
func (s *Scaling) Uses(laws []*scaling.Law) {
	for _, l := range laws {
		interval, known := l.Doubt()
		r := &l.Fitted
		s.Result.Laws = append(s.Result.Laws, ScalingLaw{ID: l.ID, Name: l.Name, Year: l.Year, Exponent: significant(l.Curve.Exponent), NonEmbedding: l.NonEmbedding,
			SaysLoss: l.Surface != nil, LossOn: l.Comparable, MinParams: r.MinParams, MaxParams: r.MaxParams, MinTokens: r.MinTokens, MaxTokens: r.MaxTokens,
			MinFLOPs: r.MinFLOPs, MaxFLOPs: r.MaxFLOPs, Interval: interval, IntervalKnown: known, Note: l.Note, Source: l.Source})
		if l.Caution != "" {
			s.Warn("law", l.ID+": "+l.Caution)
		}
	}
}

// Warn adds a warning once.
func (s *Scaling) Warn(code, message string) {
	w := estimator.Warning{Code: code, Message: message}
	if !slices.Contains(s.Warnings, w) {
		s.Warnings = append(s.Warnings, w)
	}
}

// Assume adds an assumption once.
func (s *Scaling) Assume(text string) {
	if !slices.Contains(s.Assumptions, text) {
		s.Assumptions = append(s.Assumptions, text)
	}
}

// Missing says why figures are absent.
func (s *Scaling) Missing(reason string, figures ...string) {
	for _, f := range figures {
		u := estimator.Unavailable{Figure: f, Reason: reason}
		if !slices.Contains(s.Unavailable, u) {
			s.Unavailable = append(s.Unavailable, u)
		}
	}
}

// Derive adds derivations.
func (s *Scaling) Derive(list []scaling.Derivation) {
	for _, d := range list {
		s.Derivations = append(s.Derivations, estimator.Derivation(d))
	}
}

// beyond is the largest factor by which an answer leaves what a law was fitted
// on; 0: it does not.
func beyond(out []scaling.Beyond) float64 {
	factor := 0.0
	for _, b := range out {
		factor = max(factor, b.Factor)
	}
	return significant(factor)
}

// Extrapolates warns of the farthest that answers leave the range that a law
// was fitted on.
func (s *Scaling) Extrapolates(l *scaling.Law, all ...[]scaling.Beyond) {
	worst := map[string]scaling.Beyond{}
	for _, out := range all {
		for _, b := range out {
			if b.Factor > worst[b.Quantity].Factor {
				worst[b.Quantity] = b
			}
		}
	}
	var parts []string
	for _, quantity := range []string{scaling.UnitParams, scaling.UnitTokens, scaling.UnitFLOPs} {
		if b, ok := worst[quantity]; ok {
			side := "at most"
			if b.Value < b.Limit {
				side = "at least"
			}
			parts = append(parts, fmt.Sprintf("%s %s, fitted on %s %s", quantityText(quantity, b.Value), quantity, side, quantityText(quantity, b.Limit)))
		}
	}
	if len(parts) > 0 {
		s.Warn("extrapolated", l.ID+" is extrapolated: "+strings.Join(parts, "; "))
	}
}

func quantityText(quantity string, v float64) string {
	if quantity == scaling.UnitFLOPs {
		return units.Power(v)
	}
	return units.Amount(v)
}

// Optimum adds the optimum of a law.
func (s *Scaling) Optimum(l *scaling.Law, o *scaling.Optimum) {
	s.Result.Optima = append(s.Result.Optima, ScalingOptimum{Law: l.ID, FLOPs: scaled(&o.FLOPs), Params: scaled(&o.Params), Tokens: scaled(&o.Tokens),
		TokensPerParam: scaled(&o.TokensPerParam), Loss: scaled(o.Loss), Beyond: beyond(o.Outside)})
	if o.Loss == nil {
		s.Missing("it says which size is optimal, not what loss it reaches", l.ID+" loss")
	}
	s.Extrapolates(l, o.Outside)
}

// Loss adds the loss of a model by a law, which may not say it.
func (s *Scaling) Loss(l *scaling.Law, flops float64, o *scaling.Loss) {
	if o == nil {
		s.Missing("it says which size is optimal, not what loss another reaches", l.ID+" loss")
		return
	}
	row := ScalingLoss{Law: l.ID, FLOPs: significant(flops), Loss: scaled(&o.Loss), Best: scaled(o.Optimal), Same: scaled(o.Same), Beyond: beyond(o.Outside)}
	for _, t := range o.Terms {
		row.Terms = append(row.Terms, ScalingTerm{Name: t.Name, Nats: significant(t.Nats)})
	}
	s.Result.Losses = append(s.Result.Losses, row)
	if o.Same == nil {
		s.Missing("its L(N,D) is of training until the loss no longer falls, not of one pass over D tokens", l.ID+" least_flops_of_same_loss")
	}
	s.Extrapolates(l, o.Outside)
}

// Life adds a life by a law.
func (s *Scaling) Life(l *scaling.Law, life *scaling.Life) {
	row := ScalingLife{Law: l.ID, Loss: scaled(&life.Loss), Served: life.Served, Evens: []ScalingBreakEven{}}
	var outside [][]scaling.Beyond
	for i := range life.Options {
		o := &life.Options[i]
		row.Options = append(row.Options, ScalingOption{Name: s.optionName(o.Name), Params: scaled(&o.Params), Tokens: scaled(o.Tokens), TokensPerParam: scaled(o.TokensPerParam),
			TrainFLOPs: scaled(o.TrainFLOPs), ServeFLOPs: scaled(o.ServeFLOPs), FLOPs: scaled(o.FLOPs), TrainUSD: scaled(o.TrainUSD), ServeUSD: scaled(o.ServeUSD),
			USD: scaled(o.USD), Beyond: beyond(o.Outside), Reason: o.Why})
		outside = append(outside, o.Outside)
	}
	least := row.Options[0]
	for i := range row.Options {
		o := &row.Options[i]
		switch {
		case o.USD != nil && least.USD != nil:
			o.Ratio = significant(o.USD.Value / least.USD.Value)
		case o.FLOPs != nil && least.FLOPs != nil:
			o.Ratio = significant(o.FLOPs.Value / least.FLOPs.Value)
		}
	}
	for _, e := range life.Evens {
		row.Evens = append(row.Evens, ScalingBreakEven{Smaller: s.optionName(e.Small), Larger: s.optionName(e.Large), Served: scaled(e.Tokens), Reason: e.Why})
	}
	s.Result.Lives = append(s.Result.Lives, row)
	s.Extrapolates(l, outside...)
}

// optionName names the model that stands for the quality.
func (s *Scaling) optionName(name string) string {
	if m := s.Inputs.Model; m != nil && name == scaling.Reference {
		return m.Name + " on " + units.Amount(s.Inputs.Tokens)
	}
	return name
}

// Published adds the published models.
func (s *Scaling) Published(models []profiles.TrainedModel) {
	for i := range models {
		m := &models[i]
		row := ScalingPublished{ID: m.ID, Year: m.Year, Checked: m.Checked, Note: m.Note, PublishedFLOPs: m.FLOPs,
			ScalingModel: ScalingModel{Name: m.Name, Params: m.Params, ActiveParams: m.ActiveParams, Tokens: m.Tokens, Source: m.Source}}
		if m.FLOPsLow != m.FLOPs {
			row.LowFLOPs, row.HighFLOPs = m.FLOPsLow, m.FLOPsHigh
		}
		if m.Tokens > 0 {
			row.TrainFLOPs, row.TokensPerParam = significant(scaling.TrainingFLOPs(m.ActiveParams, m.Tokens)), significant(m.Tokens/m.ActiveParams)
		} else if m.FLOPs > 0 {
			row.ImpliedTokens = significant(m.FLOPs / scaling.TrainingFLOPs(m.ActiveParams, 1))
		}
		s.Result.Models = append(s.Result.Models, row)
	}
}

// Trains adds what training takes.
func (s *Scaling) Trains(out *ScalingTraining, t *scaling.Training) {
	out.FLOPs = significant(t.FLOPs)
	out.Days, out.DeviceHours, out.TokensS = scaled(&t.Days), scaled(&t.DeviceHours), scaled(&t.TokensS)
	out.USD, out.KWh, out.Grams = scaled(t.USD), scaled(t.KWh), scaled(t.Grams)
	s.Result.Training = out
	if out.StateBytes > out.MemoryBytes && out.MemoryBytes > 0 {
		s.Warn("states_do_not_fit", fmt.Sprintf("weights, gradients and the optimiser's state take %s GiB, the devices have %s GiB together: training does not fit without offload",
			units.GiB(out.StateBytes), units.GiB(out.MemoryBytes)))
	}
}
