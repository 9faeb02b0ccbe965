package scaling

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// amount draws a number evenly in its logarithm.
func amount(t *rapid.T, name string, from, to float64) float64 {
	return math.Exp(rapid.Float64Range(math.Log(from), math.Log(to)).Draw(t, name))
}

// drawn is a parametric law near the published ones.
func drawn(t *rapid.T) *Law {
	f := func(name string, from, to float64) float64 { return rapid.Float64Range(from, to).Draw(t, name) }
	return parametricLaw(Parametric{E: f("E", 1, 2.5), A: amount(t, "A", 50, 5000), B: amount(t, "B", 50, 5000), Alpha: f("alpha", 0.2, 0.6), Beta: f("beta", 0.2, 0.6),
		SEAlpha: f("se_alpha", 0, 0.03), SEBeta: f("se_beta", 0, 0.03)})
}

func anyLaw(t *rapid.T) *Law {
	return rapid.SampledFrom(append(allLaws(), drawn(t))).Draw(t, "law")
}

func optimum(t *rapid.T, l *Law, b Budget) *Optimum {
	t.Helper()
	o, err := l.Optimum(b)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// An optimum spends its budget, and is found again by its parameters and by
// its tokens.
func TestOptimumSpendsItsBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, c := anyLaw(t), amount(t, "C", 1e15, 1e32)
		o := optimum(t, l, Budget{FLOPs: c})
		if spent := TrainingFLOPs(o.Params.Value, o.Tokens.Value); math.Abs(spent/c-1) > 1e-9 {
			t.Fatalf("spends %g of %g", spent, c)
		}
		for _, b := range []Budget{{Params: o.Params.Value}, {Tokens: o.Tokens.Value}} {
			if again := optimum(t, l, b); math.Abs(again.FLOPs.Value/c-1) > 1e-6 {
				t.Fatalf("%+v leads to %g, not %g", b, again.FLOPs.Value, c)
			}
		}
	})
}

// More compute never raises the optimal loss, nor lowers N or D.
func TestMoreComputeIsNoWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, c, k := anyLaw(t), amount(t, "C", 1e15, 1e30), amount(t, "more", 1, 1e3)
		a, b := optimum(t, l, Budget{FLOPs: c}), optimum(t, l, Budget{FLOPs: c * k})
		const hair = 1 + 1e-9
		if a.Params.Value > b.Params.Value*hair || a.Tokens.Value > b.Tokens.Value*hair {
			t.Fatalf("N %g then %g, D %g then %g", a.Params.Value, b.Params.Value, a.Tokens.Value, b.Tokens.Value)
		}
		if a.Loss != nil && b.Loss.Value > a.Loss.Value*hair {
			t.Fatalf("loss %g then %g", a.Loss.Value, b.Loss.Value)
		}
	})
}

// No other division of the budget reaches a lower loss.
func TestOptimumIsOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, c, k := drawn(t), amount(t, "C", 1e17, 1e28), amount(t, "aside", 0.01, 100)
		o := optimum(t, l, Budget{FLOPs: c})
		aside := l.Loss(o.Params.Value*k, o.Tokens.Value/k)
		if aside.Loss.Value < o.Loss.Value*(1-1e-12) {
			t.Fatalf("%g times the size reaches %g, the optimum %g", k, aside.Loss.Value, o.Loss.Value)
		}
		if aside.Same.Value > c*(1+1e-9) {
			t.Fatalf("the same loss wants %g at least, and %g reached it", aside.Same.Value, c)
		}
		if math.Abs(aside.Optimal.Value-o.Loss.Value) > 1e-12 {
			t.Fatalf("optimal %g, %g", aside.Optimal.Value, o.Loss.Value)
		}
	})
}

// life draws a quality and a service.
func life(t *rapid.T, l *Law) (float64, Service) {
	p := l.surface()
	loss := p.Loss(amount(t, "N", 1e7, 1e13), amount(t, "D", 1e9, 1e14))
	return loss, Service{Tokens: amount(t, "served", 1e6, 1e18), Train: amount(t, "train", 1e-20, 1e-15), Serve: amount(t, "serve", 1e-20, 1e-15)}
}

// With nothing served the cheapest life is the cheapest training, which is the
// compute-optimal model of its own budget.
func TestNothingServedIsTheTrainingOptimum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawn(t)
		loss, s := life(t, l)
		s.Tokens = 0
		n, d, ok := l.surface().CheapestLife(loss, s)
		if !ok {
			t.Fatal("out of reach")
		}
		o := optimum(t, l, Budget{FLOPs: TrainingFLOPs(n, d)})
		if math.Abs(o.Params.Value/n-1) > 1e-6 || math.Abs(o.Loss.Value/loss-1) > 1e-9 {
			t.Fatalf("N %g and loss %g, the optimum of its budget has %g and %g", n, loss, o.Params.Value, o.Loss.Value)
		}
	})
}

// More served tokens never raise N nor lower D; the loss stays what it was.
func TestMoreServedNeverRaisesTheSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawn(t)
		loss, s := life(t, l)
		n, d, ok := l.surface().CheapestLife(loss, s)
		more := s
		more.Tokens *= amount(t, "more", 1, 1e4)
		m, e, ok2 := l.surface().CheapestLife(loss, more)
		if !ok || !ok2 {
			t.Fatal("out of reach")
		}
		if m > n*(1+1e-9) || e < d*(1-1e-6) {
			t.Fatalf("N %g then %g, D %g then %g", n, m, d, e)
		}
		for _, p := range [][2]float64{{n, d}, {m, e}} {
			if got := l.surface().Loss(p[0], p[1]); math.Abs(got/loss-1) > 1e-9 {
				t.Fatalf("loss %g, want %g", got, loss)
			}
		}
	})
}

// No other size of equal loss costs less over the life, and on the curve the
// loss is what it was.
func TestCheapestLifeIsCheapest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawn(t)
		loss, s := life(t, l)
		n, d, ok := l.surface().CheapestLife(loss, s)
		if !ok {
			t.Fatal("out of reach")
		}
		other := n * amount(t, "aside", 0.1, 10)
		e, ok := l.surface().TokensFor(loss, other)
		if !ok {
			return // too small for any data
		}
		if got := l.surface().Loss(other, e); math.Abs(got/loss-1) > 1e-9 {
			t.Fatalf("loss %g, want %g", got, loss)
		}
		if s.cost(other, e) < s.cost(n, d)*(1-1e-9) {
			t.Fatalf("N %g costs %g, N %g only %g", n, s.cost(n, d), other, s.cost(other, e))
		}
	})
}

// At the break-even two models cost the same; beyond it the smaller is cheaper.
func TestBreakEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawn(t)
		loss, s := life(t, l)
		large, most, _ := l.surface().CheapestTraining(loss)
		small := large * rapid.Float64Range(0.3, 0.9).Draw(t, "smaller")
		d, ok := l.surface().TokensFor(loss, small)
		if !ok {
			return
		}
		s.Tokens = Even(small, d, large, most, s)
		if s.Tokens <= 0 {
			t.Fatalf("the smaller takes less training than the least: %g", s.Tokens)
		}
		if a, b := s.cost(small, d), s.cost(large, most); math.Abs(a/b-1) > 1e-9 {
			t.Fatalf("%g and %g", a, b)
		}
		if s.Tokens *= 2; s.cost(small, d) >= s.cost(large, most) {
			t.Fatal("the smaller costs more with more served")
		}
	})
}

// Intervals hold their value, are finite, and vanish with the doubt.
func TestIntervals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLaw(t)
		o := optimum(t, l, Budget{FLOPs: amount(t, "C", 1e17, 1e28)})
		_, known := l.Doubt()
		for _, f := range []*Figure{&o.FLOPs, &o.Params, &o.Tokens, &o.TokensPerParam, o.Loss} {
			if f == nil {
				continue
			}
			if !finite(f.Low) || !finite(f.High) || f.Low > f.Value || f.High < f.Value || !known && f.Low != f.High {
				t.Fatalf("%+v, doubt known: %v", f, known)
			}
		}
	})
}
