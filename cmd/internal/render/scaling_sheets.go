package render

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// scalingTitle repeats the question.
func scalingTitle(d *report.Scaling) string {
	in := &d.Inputs
	switch in.Ask {
	case report.AskOptimum:
		switch {
		case in.Model != nil:
			return "Compute-optimal with " + sizeText(in.Model) + " (C = 6ND)"
		case in.Tokens > 0:
			return "Compute-optimal on " + units.Amount(in.Tokens) + " tokens (C = 6ND)"
		}
		return "Compute-optimal for " + units.Power(in.FLOPs) + " FLOPs (C = 6ND)"
	case report.AskLoss:
		return sizeText(in.Model) + " on " + units.Amount(in.Tokens) + " tokens: loss in nats per token"
	case report.AskLifetime:
		like := "a loss of " + nats(in.Loss) + " nats per token"
		if in.Model != nil {
			like = "the loss of " + sizeText(in.Model) + " on " + units.Amount(in.Tokens) + " tokens"
		}
		return "Models of equal loss over a life, by " + in.By + ": " + like
	case report.AskTrain:
		return "Training " + sizeText(in.Model) + " on " + units.Amount(in.Tokens) + " tokens"
	}
	return "Scaling laws: C = 6ND training FLOPs, N parameters, D tokens"
}

func sizeText(m *report.ScalingModel) string {
	text := units.Amount(m.Params) + " parameters"
	if m.ActiveParams < m.Params {
		text += ", " + units.Amount(m.ActiveParams) + " active"
	}
	if m.Name != units.Amount(m.Params) {
		text = m.Name + " (" + text + ")"
	}
	return text
}

// scalingSheets are the tables of an answer.
func scalingSheets(d *report.Scaling) []*sheet {
	switch d.Inputs.Ask {
	case report.AskOptimum:
		return []*sheet{optimumSheet(d)}
	case report.AskLoss:
		return []*sheet{lossSheet(d)}
	case report.AskLifetime:
		var out []*sheet
		for i := range d.Result.Lives {
			out = append(out, lifeSheet(d, &d.Result.Lives[i]))
		}
		return out
	case report.AskTrain:
		return []*sheet{trainSheet(d)}
	}
	return []*sheet{lawSheet(d), modelSheet(d)}
}

func optimumSheet(d *report.Scaling) *sheet {
	t := &sheet{columns: []sheetColumn{{title: "law", words: true}, {title: "parameters"}, {title: "80% range", rank: 3}, {title: "tokens"}, {title: "80% range", rank: 4},
		{title: "tokens/param", rank: 1}, {title: "FLOPs", rank: 2}, {title: "80% range", rank: 5}, {title: "loss", rank: 1}, {title: "80% range", rank: 4}, {title: "extrapolated", rank: 2}}}
	for i := range d.Result.Optima {
		o := &d.Result.Optima[i]
		t.rows = append(t.rows, []string{o.Law, value(o.Params, units.Amount), rangeOf(o.Params, units.Amount), value(o.Tokens, units.Amount), rangeOf(o.Tokens, units.Amount),
			value(o.TokensPerParam, units.Number), value(o.FLOPs, units.Power), rangeOf(o.FLOPs, units.Power), value(o.Loss, nats), rangeOf(o.Loss, nats), times(o.Beyond)})
	}
	return t
}

func lossSheet(d *report.Scaling) *sheet {
	t := &sheet{columns: []sheetColumn{{title: "law", words: true}, {title: "loss"}, {title: "80% range", rank: 2}, {title: "made of", words: true, rank: 3},
		{title: "same FLOPs at best", rank: 1}, {title: "least FLOPs for it", rank: 1}, {title: "spent", rank: 2}, {title: "extrapolated", rank: 2}}}
	for i := range d.Result.Losses {
		o := &d.Result.Losses[i]
		var terms []string
		for _, term := range o.Terms {
			terms = append(terms, nats(term.Nats)+" "+term.Name)
		}
		join := " + "
		if len(o.Terms) < 3 { // limits, not parts
			join = ", "
		}
		t.rows = append(t.rows, []string{o.Law, value(o.Loss, nats), rangeOf(o.Loss, nats), strings.Join(terms, join), value(o.Best, nats), value(o.Same, units.Power), units.Power(o.FLOPs), times(o.Beyond)})
	}
	return t
}

func lifeSheet(d *report.Scaling, l *report.ScalingLife) *sheet {
	t := &sheet{title: fmt.Sprintf("%s: loss %s, %s tokens served", l.Law, nats(l.Loss.Value), units.Amount(l.Served)),
		columns: []sheetColumn{{title: "model", words: true}, {title: "parameters"}, {title: "80% range", rank: 4}, {title: "tokens"}, {title: "80% range", rank: 5}, {title: "tokens/param", rank: 3},
			{title: "training FLOPs", rank: 2}, {title: "serving FLOPs", rank: 2}, {title: "all FLOPs", rank: 1}}}
	cost := d.Inputs.By == "cost"
	if cost {
		t.columns = append(t.columns, sheetColumn{title: "training USD", rank: 2}, sheetColumn{title: "serving USD", rank: 2}, sheetColumn{title: "all USD"})
	}
	t.columns = append(t.columns, sheetColumn{title: "times the least"})
	for i := range l.Options {
		o := &l.Options[i]
		row := []string{o.Name, value(o.Params, units.Amount), rangeOf(o.Params, units.Amount), value(o.Tokens, units.Amount), rangeOf(o.Tokens, units.Amount), value(o.TokensPerParam, units.Number),
			value(o.TrainFLOPs, units.Power), value(o.ServeFLOPs, units.Power), value(o.FLOPs, units.Power)}
		if cost {
			row = append(row, value(o.TrainUSD, large), value(o.ServeUSD, large), value(o.USD, large))
		}
		if o.Reason != "" {
			t.rows = append(t.rows, append(row, "out of reach"))
			continue
		}
		t.rows = append(t.rows, append(row, strconv.FormatFloat(o.Ratio, 'f', 2, 64)))
	}
	return t
}

func trainSheet(d *report.Scaling) *sheet {
	r := d.Result.Training
	t := &sheet{columns: []sheetColumn{{title: "figure", words: true}, {title: "value"}, {title: "unit", words: true}, {title: "80% range", words: true}}}
	row := func(name, value, unit, interval string) {
		t.rows = append(t.rows, []string{name, value, unit, interval})
	}
	fig := func(name, unit string, f *estimator.Figure, text func(float64) string) {
		if f == nil {
			row(name, "–", unit, "not estimated")
			return
		}
		row(name, text(f.Value), unit, rangeOf(f, text))
	}
	m := d.Inputs.Machine
	row("training compute (6ND)", units.Power(r.FLOPs), "FLOPs", "")
	row("devices", units.Thousands(int64(r.Devices)), "of "+r.Machine, "")
	row("peak of each, dense", units.Number(r.PeakTFLOPS), "TFLOP/s ("+r.Rate+")", "")
	mfu := &estimator.Figure{Value: 100 * m.MFU, Low: 100 * m.MFULow, High: 100 * m.MFUHigh}
	fig("MFU", "%", mfu, units.Number)
	unit, days := "days", units.Number
	switch {
	case r.Days.Value < 1:
		unit, days = "hours", func(v float64) string { return units.Number(24 * v) }
	case r.Days.Value >= 2*365:
		unit, days = "years", func(v float64) string { return large(v / 365) }
	}
	fig("time", unit, r.Days, days)
	fig("device hours", "h", r.DeviceHours, units.Number)
	fig("tokens a second", "tok/s", r.TokensS, units.Number)
	fig("cost", "USD", r.USD, large)
	fig("an hour of the cluster", "USD/h", r.USDPerHour, units.Number)
	fig("energy at the wall", "kWh", r.KWh, large)
	if r.Grams != nil {
		fig("carbon", "t CO2e", r.Grams, func(v float64) string { return units.Number(v / 1e6) })
	}
	row("weights and optimiser", units.GiB(r.StateBytes), "GiB", "")
	row("memory of all devices", units.GiB(r.MemoryBytes), "GiB", "")
	return t
}

func lawSheet(d *report.Scaling) *sheet {
	t := &sheet{title: "Laws", columns: []sheetColumn{{title: "law", words: true}, {title: "year", rank: 2}, {title: "N goes with"}, {title: "loss of", words: true, rank: 1}, {title: "fitted on parameters", words: true, rank: 1},
		{title: "tokens", words: true, rank: 1}, {title: "interval", words: true, rank: 2}, {title: "name", words: true, rank: 3}}}
	for i := range d.Result.Laws {
		l := &d.Result.Laws[i]
		loss, interval := "–", "published"
		if l.SaysLoss {
			loss = l.LossOn
		}
		if !l.IntervalKnown {
			interval = "none published"
		}
		t.rows = append(t.rows, []string{l.ID, strconv.Itoa(l.Year), "C^" + strconv.FormatFloat(l.Exponent, 'g', 3, 64), loss, between(l.MinParams, l.MaxParams), between(l.MinTokens, l.MaxTokens), interval, l.Name})
	}
	return t
}

func modelSheet(d *report.Scaling) *sheet {
	t := &sheet{title: "Published models", columns: []sheetColumn{{title: "model", words: true}, {title: "year", rank: 2}, {title: "parameters"}, {title: "active", rank: 3}, {title: "tokens"}, {title: "tokens/param", rank: 1}, {title: "6ND"}, {title: "published", rank: 1}, {title: "6ND/published", rank: 2}}}
	for i := range d.Result.Models {
		m := &d.Result.Models[i]
		active, tokens, ratio, sum, published, share := "", "–", "–", "–", "–", "–"
		if m.ActiveParams < m.Params {
			active = units.Amount(m.ActiveParams)
		}
		if m.Tokens > 0 {
			tokens, ratio, sum = units.Amount(m.Tokens), units.Number(m.TokensPerParam), units.Power(m.TrainFLOPs)
		}
		if m.PublishedFLOPs > 0 {
			published = units.Power(m.PublishedFLOPs)
			if m.LowFLOPs > 0 {
				published = "~" + published
			}
			if m.TrainFLOPs > 0 {
				share = strconv.FormatFloat(m.TrainFLOPs/m.PublishedFLOPs, 'f', 3, 64)
			}
		}
		t.rows = append(t.rows, []string{m.ID, strconv.Itoa(m.Year), units.Amount(m.Params), active, tokens, ratio, sum, published, share})
	}
	return t
}

func between(low, high float64) string {
	if high <= 0 {
		return "not published"
	}
	return units.Amount(low) + "–" + units.Amount(high)
}

// value writes a figure, or a dash where it is not known.
func value(f *estimator.Figure, text func(float64) string) string {
	if f == nil {
		return "–"
	}
	return text(f.Value)
}

// rangeOf writes an interval; nothing where there is none.
func rangeOf(f *estimator.Figure, text func(float64) string) string {
	if f == nil || f.Low == f.High {
		return ""
	}
	return text(f.Low) + "–" + text(f.High)
}

func nats(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }

// times writes how many times beyond its range a law is asked.
func times(v float64) string {
	switch {
	case v == 0:
		return ""
	case v >= 1e6:
		return units.Power(v) + "x"
	case v < 10:
		return strconv.FormatFloat(v, 'f', 1, 64) + "x"
	}
	return units.Thousands(int64(math.Round(v))) + "x"
}

// large writes a figure that may be large: 1,234 or 5.33M.
func large(v float64) string {
	if v >= 1e6 && v < 1e15 {
		return units.Amount(v)
	}
	if v >= 1e15 {
		return units.Power(v)
	}
	return units.Number(v)
}
