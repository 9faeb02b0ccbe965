package cost_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/estimator/cost"
)

// A draw of a figure above nothing, with an interval.
func figure(unit string, low, high float64) *rapid.Generator[*cost.Figure] {
	return rapid.Custom(func(t *rapid.T) *cost.Figure {
		v := rapid.Float64Range(low, high).Draw(t, "value")
		return fig(v, v*rapid.Float64Range(0.2, 1).Draw(t, "low"), v*rapid.Float64Range(1, 5).Draw(t, "high"), unit)
	})
}

type scene struct {
	o    cost.Owned
	busy *cost.Figure
	w    cost.Work
}

var scenes = rapid.Custom(func(t *rapid.T) scene {
	f := func(name string, low, high float64) float64 { return rapid.Float64Range(low, high).Draw(t, name) }
	s := scene{
		o: cost.Owned{USD: fact(f("price", 1, 1e6)), LifetimeYears: f("years", 0.1, 20), ResidualShare: f("residual", 0, 1),
			Utilisation: f("utilisation", 0.001, 1), Idle: figure("W", 1, 1e4).Draw(t, "idle"),
			Site: cost.Site{PUE: fact(f("pue", 1, 3)), Electricity: fact(f("electricity", 0, 2)), Carbon: fact(f("carbon", 0, 1500))}},
		busy: figure("W", 1, 1e5).Draw(t, "busy"),
		w: cost.Work{InputTokens: float64(rapid.IntRange(0, 100000).Draw(t, "input")), OutputTokens: float64(rapid.IntRange(1, 100000).Draw(t, "output")),
			Prefill: figure("tok/s", 0.1, 1e6).Draw(t, "prefill"), Output: figure("tok/s", 0.1, 1e6).Draw(t, "decode")},
	}
	if rapid.Bool().Draw(t, "served") {
		s.w.Requests = figure("requests/s", 1e-4, 1e3).Draw(t, "requests")
	}
	return s
})

func (s *scene) hour(t *rapid.T) *cost.Figure {
	h := s.o.Hour(s.busy)
	if h.Total == nil {
		t.Fatalf("no total: %+v", h.Unavailable)
	}
	return h.Total
}

func (s *scene) spent(t *rapid.T) cost.Spent {
	h := s.hour(t)
	return cost.Spend(cost.Flow{Input: h, Output: h}, s.w)
}

// dearer tells whether a costs more than b, at any end, beyond rounding.
func dearer(a, b *cost.Figure) bool {
	const eps = 1 + 1e-9
	return a != nil && b != nil && (a.Value > b.Value*eps || a.Low > b.Low*eps || a.High > b.High*eps)
}

func figures(s *cost.Spent) map[string]*cost.Figure {
	return map[string]*cost.Figure{"per_m_input_tokens": s.PerMInput, "per_m_output_tokens": s.PerMOutput,
		"per_m_output_tokens_all_in": s.PerMOutputAll, "per_m_tokens": s.PerMTotal, "per_request": s.Request}
}

// What is in every way better never costs more, per hour or per token.
func TestBetterIsNeverDearer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := scenes.Draw(t, "scene")
		b := a
		less, more := rapid.Float64Range(0.01, 1).Draw(t, "less"), rapid.Float64Range(1, 100).Draw(t, "more")
		switch rapid.SampledFrom([]string{"price", "electricity", "pue", "lifetime", "utilisation", "speed"}).Draw(t, "better") {
		case "price":
			b.o.USD = fact(a.o.USD.Value * less)
		case "electricity":
			b.o.Site.Electricity = fact(a.o.Site.Electricity.Value * less)
		case "pue":
			b.o.Site.PUE = fact(max(1, a.o.Site.PUE.Value*less))
		case "lifetime":
			b.o.LifetimeYears *= more
		case "utilisation":
			b.o.Utilisation = min(1, b.o.Utilisation*more)
		case "speed":
			for _, rate := range []**cost.Figure{&b.w.Prefill, &b.w.Output, &b.w.Requests} {
				if *rate != nil {
					f := (*rate).Times(more, (*rate).Unit)
					*rate = &f
				}
			}
		}
		if dearer(b.hour(t), a.hour(t)) {
			t.Fatalf("the better hour costs %+v, the other %+v", b.hour(t), a.hour(t))
		}
		sa, sb := a.spent(t), b.spent(t)
		for name, f := range figures(&sb) {
			if dearer(f, figures(&sa)[name]) {
				t.Fatalf("%s: better %+v, other %+v", name, f, figures(&sa)[name])
			}
		}
	})
}

// Faster generation alone is never dearer at a fixed price either, nor are
// more requests in the same time.
func TestFasterIsNeverDearer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := scenes.Draw(t, "scene")
		b := a
		more := rapid.Float64Range(1, 100).Draw(t, "more")
		rate := &b.w.Output
		if b.w.Requests != nil {
			rate = &b.w.Requests
		}
		f := (*rate).Times(more, (*rate).Unit)
		*rate = &f
		sa, sb := a.spent(t), b.spent(t)
		if dearer(sb.Request, sa.Request) || dearer(sb.PerMOutputAll, sa.PerMOutputAll) || dearer(sb.PerMOutput, sa.PerMOutput) {
			t.Fatalf("faster %+v, slower %+v", sb.Request, sa.Request)
		}
	})
}

// Parts add up to their wholes, at the centre and at both ends, and every
// figure lies in its interval or is absent with one reason.
func TestSumsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenes.Draw(t, "scene")
		h := s.o.Hour(s.busy)
		same := func(what string, a, b float64) {
			if math.Abs(a-b) > 1e-9*math.Max(math.Abs(a), math.Abs(b)) {
				t.Fatalf("%s: %g is not %g", what, a, b)
			}
		}
		same("hour", h.Total.Value, h.Capital.Value+h.Energy.Value)
		same("low end of an hour", h.Total.Low, h.Capital.Low+h.Energy.Low)
		same("high end of an hour", h.Total.High, h.Capital.High+h.Energy.High)
		// Over its life a machine costs its price, less what it still fetches.
		same("life", h.Capital.Value*s.o.WorkHours(), s.o.USD.Value*(1-s.o.ResidualShare))

		other := figure("USD/h", 0.01, 1e3).Draw(t, "prompts")
		spent := cost.Spend(cost.Flow{Input: other, Output: h.Total}, s.w)
		for name, f := range figures(&spent) {
			reasons := 0
			for _, u := range spent.Unavailable {
				if u.Figure == name {
					reasons++
				}
			}
			switch {
			case f == nil && reasons != 1, f != nil && reasons != 0:
				t.Fatalf("%s: %+v with %d reasons", name, f, reasons)
			case f != nil && !(0 <= f.Low && f.Low <= f.Value*(1+1e-12) && f.Value <= f.High*(1+1e-12)):
				t.Fatalf("%s: %+v is out of order", name, f)
			}
		}
		if spent.Request == nil {
			t.Fatal("a request has no cost")
		}
		all := s.w.InputTokens + s.w.OutputTokens
		same("all tokens", spent.PerMTotal.Value*all/1e6, spent.Request.Value)
		same("answers", spent.PerMOutputAll.Value*s.w.OutputTokens/1e6, spent.Request.Value)
		if s.w.InputTokens > 0 && spent.PerMInput != nil {
			for _, end := range []func(*cost.Figure) float64{
				func(f *cost.Figure) float64 { return f.Value }, func(f *cost.Figure) float64 { return f.Low }, func(f *cost.Figure) float64 { return f.High },
			} {
				same("request", end(spent.Request), (end(spent.PerMInput)*s.w.InputTokens+end(spent.PerMOutput)*s.w.OutputTokens)/1e6)
			}
		}
	})
}

// At the break-even both ways cost the same, and a cheaper rent comes later.
func TestBreakEvenIsWhereCostsMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenes.Draw(t, "scene")
		rent := figure("USD/h", 0.01, 1e4).Draw(t, "rent")
		p := s.o.Against(rent, s.busy)
		if (p.Amount == nil) != (len(p.Unavailable) > 0) || (p.Amount == nil) != (p.Months == nil) {
			t.Fatalf("%+v", p)
		}
		if p.Amount == nil {
			return
		}
		running, _ := s.o.Running(s.busy)
		h := p.Amount.Value
		if bought, rented := s.o.USD.Value+running.Value*h, rent.Value*h; math.Abs(bought-rented) > 1e-6*rented {
			t.Fatalf("after %g hours %g and %g", h, bought, rented)
		}
		cheaper := rent.Times(rapid.Float64Range(0.01, 1).Draw(t, "less"), rent.Unit)
		if q := s.o.Against(&cheaper, s.busy); q.Amount != nil && dearer(p.Amount, q.Amount) {
			t.Fatalf("a cheaper rent pays back earlier: %+v before %+v", q.Amount, p.Amount)
		}
	})
}

// Power stays between the least and the most that its parts can draw, whatever
// the phase, and more devices draw more.
func TestPowerStaysWithinItsParts(t *testing.T) {
	level := rapid.Custom(func(t *rapid.T) cost.Level {
		f := figure("W", 1, 1000).Draw(t, "watts")
		return cost.Level{Value: f.Value, Low: f.Low, High: f.High, Measured: rapid.Bool().Draw(t, "measured")}
	})
	rapid.Check(t, func(t *rapid.T) {
		var l cost.Levels
		least, most := math.Inf(1), 0.0
		for s := range l {
			l[s] = level.Draw(t, "level")
			least, most = min(least, l[s].Value), max(most, l[s].Value)
		}
		second := func(name string) float64 { return rapid.Float64Range(0, 10).Draw(t, name) }
		parts := cost.Parts{Bandwidth: second("bandwidth"), Compute: second("compute"), Overhead: second("overhead"), Communication: second("communication"),
			Transfer: second("transfer"), HostBandwidth: second("host bandwidth"), HostCompute: second("host compute")}
		n := rapid.IntRange(1, 16).Draw(t, "devices")
		p := cost.Power{Devices: []cost.Unit{{Count: n, Watts: l}}, Hosts: []cost.Unit{{Watts: l}}}
		working := rapid.Float64Range(0, 20).Draw(t, "working")
		f := p.Draw(parts, working)
		units := float64(n + 1)
		if f.Value < units*least*(1-1e-9) || f.Value > units*most*(1+1e-9) || f.Low > f.Value || f.High < f.Value {
			t.Fatalf("%+v of %g units between %g and %g W", f, units, least, most)
		}
		lossy := p
		lossy.Supply = cost.Level{Value: 0.9, Low: 0.8, High: 0.95}
		if g := lossy.Draw(parts, working); g.Value <= f.Value || g.Low <= f.Low || g.High <= f.High {
			t.Fatalf("a supply that loses power draws %+v for %+v", g, f)
		}
		p.Devices[0].Count++
		if g := p.Draw(parts, 0); g.Value <= f.Value*(1-1e-9) && working == 0 {
			t.Fatalf("one device more draws %+v, not more than %+v", g, f)
		}
	})
}

// Whatever numbers come in, what goes out is a figure in order or a reason.
func TestNothingIsNeitherFigureNorReason(t *testing.T) {
	wild := rapid.SampledFrom([]float64{0, -1, 1e-308, 1e308, math.MaxFloat64, math.Inf(1), math.NaN(), 1, 0.5})
	rapid.Check(t, func(t *rapid.T) {
		f := func(name string) float64 { return wild.Draw(t, name) }
		any := func(name string) *cost.Figure {
			if rapid.Bool().Draw(t, name+" is not known") {
				return nil
			}
			return fig(f(name), f(name+" low"), f(name+" high"), "x/h")
		}
		o := cost.Owned{USD: fact(f("price")), LifetimeYears: f("years"), ResidualShare: f("residual"), Utilisation: f("utilisation"), Idle: any("idle"),
			Site: cost.Site{PUE: fact(f("pue")), Electricity: fact(f("electricity")), Carbon: fact(f("carbon"))}}
		check := func(what string, f *cost.Figure, reasons int) {
			switch {
			case f == nil && reasons == 0:
				t.Fatalf("%s has no reason", what)
			case f != nil && (math.IsNaN(f.Value) || math.IsInf(f.High, 0) || f.Low < 0 || f.Low > f.Value || f.Value > f.High):
				t.Fatalf("%s is %+v", what, f)
			}
		}
		busy := any("busy")
		h := o.Hour(busy)
		check("hour", h.Total, len(h.Unavailable))
		r := cost.Rental{USDPerHour: fact(f("rent")), Devices: rapid.IntRange(-1, 8).Draw(t, "each"), Utilisation: f("rented")}
		rent := r.Hour(rapid.IntRange(-1, 100).Draw(t, "devices"))
		check("rent", rent.Total, len(rent.Unavailable))
		pay := o.Against(any("rent"), busy)
		check("break-even", pay.Amount, len(pay.Unavailable))
		w := cost.Work{InputTokens: f("input"), OutputTokens: f("output"), Prefill: any("prefill"), Output: any("decode"), Requests: any("requests")}
		flow := cost.Flow{Input: any("in"), Output: any("out")}
		s := cost.Spend(flow, w)
		for name, f := range figures(&s) {
			check(name, f, len(s.Unavailable))
		}
		s.Explain(flow, w)
		o.Explain(busy)
		per, why := cost.Per(any("flow"), any("rate"), 60, "min")
		check("per minute", per, len(why))
		g, why := o.Site.Emissions(busy)
		check("emissions", g, len(why))
	})
}
