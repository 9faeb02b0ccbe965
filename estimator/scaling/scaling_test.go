package scaling

import (
	"math"
	"strings"
	"testing"
)

// fitted is what Hoffmann et al. 2022 trained (arXiv:2203.15556, section 3).
var fitted = Range{MinParams: 7e7, MaxParams: 1.6e10, MinTokens: 5e9, MaxTokens: 5e11}

func parametricLaw(p Parametric) *Law {
	s := NewParametric(p, fitted)
	return &Law{ID: "parametric", Fitted: fitted, Surface: s, Curve: s.Curve()}
}

// hoffmann is approach 3 (arXiv:2203.15556, eq. 10), replication its refit
// (arXiv:2404.10102, Table 1), without and with its standard errors.
func hoffmann() *Law {
	return parametricLaw(Parametric{E: 1.69, A: 406.4, B: 410.7, Alpha: 0.34, Beta: 0.28})
}

func replication() *Law {
	return parametricLaw(Parametric{E: 1.8172, A: 482.01, B: 2085.43, Alpha: 0.3478, Beta: 0.3658, SEAlpha: 0.02, SEBeta: 0.02})
}

// kaplan2020 is arXiv:2001.08361, eq. 1.1 to 1.5 and Appendix A.
func kaplan2020() *Law {
	return &Law{ID: "kaplan", NonEmbedding: true, Curve: PowerLaw(PFDay, 1.3e9, 0.73),
		Surface: &Kaplan{AlphaN: 0.076, Nc: 8.8e13, AlphaD: 0.095, Dc: 5.4e13, AlphaC: 0.050, Cc: 3.1e8 * PFDay}}
}

// isoflop has points, a slope beyond them and a doubt (arXiv:2203.15556,
// Tables 2 and A3).
func isoflop() *Law {
	return &Law{ID: "curve", Fitted: Range{MinFLOPs: 6e18, MaxFLOPs: 3e21}, Curve: Curve{Exponent: 0.49, Low: 0.462, High: 0.534,
		Points: []Point{{1.84e19, 400e6}, {1.20e20, 1e9}, {1.32e22, 10e9}, {6.88e23, 67e9}, {1.75e28, 10e12}}}}
}

func allLaws() []*Law {
	return []*Law{hoffmann(), replication(), kaplan2020(), isoflop(), {ID: "ratio", Curve: TokensPerParameter(20)}}
}

func within(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s: %.6g, want %.6g within %.3g%%", what, got, want, tolerance*100)
	}
}

func TestLawsAreSound(t *testing.T) {
	for _, l := range allLaws() {
		if err := l.Check(); err != nil {
			t.Error(err)
		}
	}
	for name, bad := range map[string]*Law{
		"no points":         {ID: "x", Curve: Curve{Exponent: 0.5}},
		"a slope of one":    {ID: "x", Curve: PowerLaw(1, 1, 1)},
		"falling points":    {ID: "x", Curve: Curve{Exponent: 0.5, Points: []Point{{1, 2}, {2, 1}}}},
		"falling tokens":    {ID: "x", Curve: Curve{Exponent: 0.5, Points: []Point{{1, 1}, {2, 3}}}},
		"a doubt elsewhere": {ID: "x", Curve: Curve{Exponent: 0.5, Low: 0.6, High: 0.7, Points: []Point{{1, 1}}}},
		"no exponent":       parametricLaw(Parametric{E: 1, A: 1, B: 1, Beta: 1}),
		"not a number":      parametricLaw(Parametric{E: math.NaN(), A: 1, B: 1, Alpha: 1, Beta: 1}),
		"a doubt too large": parametricLaw(Parametric{E: 1, A: 1, B: 1, Alpha: 1, Beta: 1, SEAlpha: 1}),
		"no power":          {ID: "x", Curve: PowerLaw(1, 1, 0.5), Surface: &Kaplan{}},
	} {
		if bad.Check() == nil {
			t.Errorf("%s passed", name)
		}
	}
}

// The closed form of arXiv:2203.15556, eq. 4, by hand: a = 0.28/0.62, G =
// (0.34·406.4/(0.28·410.7))^(1/0.62) = 1.3447.
func TestClosedForm(t *testing.T) {
	o, err := hoffmann().Optimum(Budget{FLOPs: 5.76e23})
	if err != nil {
		t.Fatal(err)
	}
	g := math.Pow(0.34*406.4/(0.28*410.7), 1/0.62)
	within(t, "G", g, 1.3447, 1e-3)
	within(t, "N", o.Params.Value, g*math.Pow(0.96e23, 0.28/0.62), 1e-12)
	within(t, "D", o.Tokens.Value, math.Pow(0.96e23, 0.34/0.62)/g, 1e-12)
	within(t, "N", o.Params.Value, 32.2e9, 2e-3)
	if o.Params.Low != o.Params.High || !strings.Contains(o.Params.Basis, "none is published") || o.FLOPs.Basis != "given" {
		t.Errorf("%+v", o)
	}
}

// L = 1.993 for Gopher and 1.936 for Chinchilla: the sums 1.69 + 0.052 + 0.251
// and 1.69 + 0.083 + 0.163, as worked out in nostalgebraist 2022, "chinchilla's
// wild implications".
func TestPublishedLosses(t *testing.T) {
	for _, c := range []struct{ n, d, size, data, loss float64 }{{280e9, 300e9, 0.052, 0.251, 1.993}, {70e9, 1.4e12, 0.083, 0.163, 1.936}} {
		l := hoffmann().Loss(c.n, c.d)
		within(t, "loss", l.Loss.Value, c.loss, 0.001)
		within(t, "size", l.Terms[1].Nats, c.size, 0.01)
		within(t, "data", l.Terms[2].Nats, c.data, 0.01)
	}
}

// The worked examples of Sardana et al. 2023 (arXiv:2401.00448, section 2),
// who take alpha 0.336 and beta 0.283: for the quality of Chinchilla at 30B and
// 1e13 served tokens, 13.6B on 2.84 times the data take 28% less compute; for
// that at 13B and 2e12, 7B on 2.1 times the data take 17% or 1.7e22 less.
func TestSardanaExamples(t *testing.T) {
	l := parametricLaw(Parametric{E: 1.69, A: 406.4, B: 410.7, Alpha: 0.336, Beta: 0.283})
	for _, c := range []struct{ n, served, params, data, saved float64 }{{30e9, 1e13, 13.6e9, 2.84, 0.28}, {13e9, 2e12, 7e9, 2.1, 0.17}} {
		o, err := l.Optimum(Budget{Params: c.n})
		if err != nil {
			t.Fatal(err)
		}
		life, why := l.Lifetime(Quality{Params: c.n, Tokens: o.Tokens.Value}, Service{Tokens: c.served, Train: 1, Serve: 1}, []Size{{"7B", 7e9}}, false)
		if why != "" {
			t.Fatal(why)
		}
		best, ref, small := life.Options[0], life.Options[2], life.Options[3]
		within(t, "N", best.Params.Value, c.params, 0.006)
		within(t, "D", best.Tokens.Value/ref.Tokens.Value, c.data, 0.032) // 2.1 is 2.15, cut
		within(t, "saved", 1-best.FLOPs.Value/ref.FLOPs.Value, c.saved, 0.03)
		if c.n == 13e9 {
			within(t, "7B, D", small.Tokens.Value/ref.Tokens.Value, 2.1, 0.03)
			within(t, "7B, saved", ref.FLOPs.Value-small.FLOPs.Value, 1.7e22, 0.01)
		}
	}
}

// LLaMA (arXiv:2302.13971, section 1): Hoffmann et al. recommend 10B on 200B
// tokens, yet 7B goes on improving beyond 1T. At equal loss 7B takes more
// tokens and more training, and pays once enough is served.
func TestSmallerTrainedLonger(t *testing.T) {
	for _, l := range []*Law{hoffmann(), replication()} {
		life, why := l.Lifetime(Quality{Params: 10e9, Tokens: 205.1e9}, Service{Tokens: 1e12, Train: 1, Serve: 1}, []Size{{"7B", 7e9}}, false)
		if why != "" {
			t.Fatal(why)
		}
		ref, small, even := life.Options[2], life.Options[3], life.Evens[0]
		if small.Tokens.Value < 205.1e9 || small.Tokens.Value > 1e12 || even.Small != "7B" || even.Large != Reference {
			t.Errorf("7B takes %.4g tokens: %+v", small.Tokens.Value, even)
		}
		if even.Tokens == nil { // approach 3 wants a model still smaller: 7B trains for less
			if small.TrainFLOPs.Value > ref.TrainFLOPs.Value {
				t.Error(even.Why)
			}
			continue
		}
		s := Service{Tokens: even.Tokens.Value, Train: 1, Serve: 1}
		within(t, "the costs at the break-even", s.cost(7e9, small.Tokens.Value), s.cost(10e9, 205.1e9), 1e-9)
	}
}

func TestLifetimeOutOfReach(t *testing.T) {
	s := Service{Tokens: 1e12, Train: 1, Serve: 1}
	if _, why := hoffmann().Lifetime(Quality{Loss: 1.69}, s, nil, false); !strings.Contains(why, "irreducible loss is 1.69") {
		t.Error(why)
	}
	for _, l := range []*Law{kaplan2020(), isoflop()} {
		if _, why := l.Lifetime(Quality{Loss: 2}, s, nil, false); why == "" {
			t.Errorf("%s has a lifetime", l.ID)
		}
	}
	life, why := hoffmann().Lifetime(Quality{Loss: 1.9}, s, []Size{{"1B", 1e9}, {"200B", 200e9}}, false)
	if why != "" {
		t.Fatal(why)
	}
	if o := life.Options[2]; o.Tokens != nil || o.Why == "" || o.Params.Value != 1e9 {
		t.Errorf("1B reaches 1.9: %+v", o)
	}
	if len(life.Evens) != 1 || life.Evens[0].Tokens != nil || life.Evens[0].Why == "" {
		t.Errorf("%+v", life.Evens)
	}
	// With its errors, the replication may not reach a loss near its E.
	r, why := replication().Lifetime(Quality{Loss: 1.83}, s, nil, false)
	if why != "" || r.Options[0].Params.Low != r.Options[0].Params.High || !strings.Contains(r.Options[0].Params.Basis, "no bound") {
		t.Errorf("%s %+v", why, r)
	}
}

// Money: a life whose served FLOPs cost twice is one that serves twice.
func TestLifetimeMoney(t *testing.T) {
	q := Quality{Params: 70e9, Tokens: 1.4e12}
	twice, _ := replication().Lifetime(q, Service{Tokens: 1e12, Train: 1e-18, Serve: 2e-18}, nil, true)
	double, _ := replication().Lifetime(q, Service{Tokens: 2e12, Train: 1, Serve: 1}, nil, false)
	within(t, "N", twice.Options[0].Params.Value, double.Options[0].Params.Value, 1e-9)
	within(t, "USD", twice.Options[0].USD.Value, double.Options[0].FLOPs.Value*1e-18, 1e-9)
	if double.Options[0].USD != nil {
		t.Error("a price without one")
	}
	within(t, "a served FLOP", USDPerServedFLOP(0.14, 70e9), 1e-18, 1e-12)
	within(t, "a training FLOP", USDPerFLOP(3.6, 1e15, 0.5), 2e-18, 1e-12)
}

// DeepSeek-V3 (arXiv:2412.19437, Table 1): 2.664M hours of H800, at 2 USD
// 5.328M USD, for 37B active parameters on 14.8T tokens; with its MFU of 34.6%.
// LLaMA 65B (arXiv:2302.13971, section 2.3): 1.4T tokens at 380 a second on each
// of 2048 A100, about 21 days.
func TestTraining(t *testing.T) {
	d := Cluster{Devices: 2048, PeakFLOPs: 989e12}
	r, err := d.Train(37e9, 14.8e12, Exact(0.346), Hourly{USD: &Level{2 * 2048, 2 * 2048, 2 * 2048}, KWh: &Level{1000, 900, 1200}})
	if err != nil {
		t.Fatal(err)
	}
	within(t, "device hours", r.DeviceHours.Value, 2.664e6, 0.005)
	within(t, "USD", r.USD.Value, 5.328e6, 0.005)
	within(t, "kWh", r.KWh.Value, r.Days.Value*24*1000, 1e-12)
	within(t, "kWh, low", r.KWh.Low, r.KWh.Value*0.9, 1e-12)
	if r.USD.Low != r.USD.Value || r.Grams != nil {
		t.Errorf("%+v", r)
	}
	within(t, "hours", r.Days.Value*24*2048, r.DeviceHours.Value, 1e-12)
	within(t, "MFU", MFUOf(37e9, 14.8e12, 2.664e6, 989e12), 0.346, 0.005)

	a := Cluster{Devices: 2048, PeakFLOPs: 312e12}
	r, err = a.Train(65.2e9, 1.4e12, Level{0.477, 0.3, 0.5}, Hourly{KWh: &Level{1000, 900, 1200}})
	if err != nil {
		t.Fatal(err)
	}
	within(t, "days", r.Days.Value, 21, 0.02)
	within(t, "tokens a second and device", r.TokensS.Value/2048, 380, 0.005)
	if k := r.KWh; k.Low/k.Value >= r.Days.Low/r.Days.Value || k.High/k.Value <= r.Days.High/r.Days.Value {
		t.Errorf("an interval without that of the power: %+v", k)
	}
	if r.USD != nil || r.Days.Low >= r.Days.Value || r.Days.High <= r.Days.Value || r.TokensS.Low >= r.TokensS.Value {
		t.Errorf("%+v", r)
	}
	for name, bad := range map[string]func() error{
		"no devices": func() error { _, err := Cluster{PeakFLOPs: 1}.Train(1, 1, Exact(0.4), Hourly{}); return err },
		"no peak":    func() error { _, err := Cluster{Devices: 1}.Train(1, 1, Exact(0.4), Hourly{}); return err },
		"no tokens":  func() error { _, err := a.Train(1, 0, Exact(0.4), Hourly{}); return err },
		"no MFU":     func() error { _, err := a.Train(1, 1, Level{}, Hourly{}); return err },
		"MFU of 40":  func() error { _, err := a.Train(1, 1, Exact(40), Hourly{}); return err },
		"backwards":  func() error { _, err := a.Train(1, 1, Level{0.4, 0.5, 0.3}, Hourly{}); return err },
	} {
		if bad() == nil {
			t.Errorf("%s passed", name)
		}
	}
}

// What moves with the exponents: at the pivot the loss and its slopes stay, and
// E, A and B get errors of the size that arXiv:2404.10102, Table 1,
// prints for them (0.03, 124.58 and 1293.23), which went in nowhere.
func TestDoubtOfTheReplication(t *testing.T) {
	p := replication().surface()
	a, b := p.with(0.02, 0), p.with(0, 0.02)
	slope := func(p *Parametric) float64 { return p.Alpha * p.size(p.pivotParams) }
	within(t, "loss", a.Loss(p.pivotParams, p.pivotTokens), p.Loss(p.pivotParams, p.pivotTokens), 1e-12)
	within(t, "slope", slope(a), slope(p), 1e-12)
	within(t, "E", math.Hypot(a.E-p.E, b.E-p.E), 0.03, 0.25)
	within(t, "A", math.Log(a.A/p.A), math.Log(1+124.58/482.01), 0.6)
	within(t, "B", math.Log(b.B/p.B), math.Log(1+1293.23/2085.43), 0.6)
}

func TestSpread(t *testing.T) {
	if got := Spread([]float64{0.5, 0.1, 0.3, 0.2, 0.4}); math.Abs(got.Value-0.3)+math.Abs(got.Low-0.14)+math.Abs(got.High-0.46) > 1e-12 {
		t.Errorf("%+v", got)
	}
	if got := Spread([]float64{0.4}); got != Exact(0.4) {
		t.Errorf("of one: %+v", got)
	}
	if got := Spread(nil); got != (Level{}) || CheckMFU(got) == nil {
		t.Errorf("of none: %+v", got)
	}
}

func TestOutside(t *testing.T) {
	if out := fitted.Outside(16e9, 5e11, 1e30); len(out) != 0 {
		t.Errorf("the edge is outside: %+v", out)
	}
	out := fitted.Outside(35e6, 1e12, 0)
	if len(out) != 2 || out[0].Factor != 2 || out[0].Limit != 7e7 || out[1].Factor != 2 || out[1].Quantity != UnitTokens {
		t.Errorf("%+v", out)
	}
}

func TestWrongBudgets(t *testing.T) {
	for _, b := range []Budget{{}, {FLOPs: 1, Params: 1}, {FLOPs: -1}, {Tokens: math.NaN()}, {Params: math.Inf(1)}} {
		if o, err := hoffmann().Optimum(b); err == nil {
			t.Errorf("%+v has the optimum %+v", b, o)
		}
	}
	if hoffmann().Loss(0, 1) != nil || isoflop().Loss(1e9, 1e9) != nil {
		t.Error("a loss of nothing")
	}
}

func TestExplain(t *testing.T) {
	l := hoffmann()
	o, _ := l.Optimum(Budget{FLOPs: 5.76e23})
	life, _ := l.Lifetime(Quality{Params: 70e9, Tokens: 1.4e12}, Service{Tokens: 1e12, Train: 1e-18, Serve: 1e-18}, nil, true)
	c := Cluster{Devices: 8, PeakFLOPs: 1e15}
	tr, _ := c.Train(1e9, 1e9, Exact(0.4), Hourly{})
	k := kaplan2020()
	ko, _ := k.Optimum(Budget{FLOPs: PFDay})
	for want, list := range map[string][]Derivation{
		"1.34471 x (5.76e+23 / 6)^0.4516 = 3.219e+10 parameters":     {l.ExplainOptimum(o)[0]},
		"5.76e+23 / (6 x 3.219e+10) = 2.982e+12 tokens":              {l.ExplainOptimum(o)[1]},
		"= 1.6900 + 0.0835 + 0.1632 = 1.9366 nats/token":             l.ExplainLoss(70e9, 1.4e12),
		"6 x 7e+10 x 1.4e+12 + 2 x 7e+10 x 1e+12 = 7.28e+23 FLOPs":   {l.ExplainLife(life, Service{Tokens: 1e12})[7]},
		"(2.678e+28 / 8.64e+19)^0.05 = 2.6581 nats/token":            {k.ExplainOptimum(ko)[2]},
		"6 x 1e+09 x 1e+09 FLOPs / (8 x 1e+15 FLOP/s x 0.4) / 86400": ExplainTraining(tr, c, 1e9, 1e9, Exact(0.4)),
	} {
		if len(list) != 1 || !strings.Contains(list[0].Formula, want) {
			t.Errorf("%+v, want %q", list, want)
		}
	}
}
