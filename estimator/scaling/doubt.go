package scaling

import (
	"fmt"
	"math"
)

// z80 is how many standard errors an 80% interval reaches to each side, if
// errors are normal.
const z80 = 1.2815515655446004

// Doubt says what the intervals of the law's figures rest on. known is false
// where the paper publishes none that holds for the law as it stands.
func (l *Law) Doubt() (text string, known bool) {
	if p, ok := l.Surface.(*Parametric); ok {
		if p.SEAlpha == 0 && p.SEBeta == 0 {
			return "no interval: none is published for its constants", false
		}
		return fmt.Sprintf("80%% by the published standard errors of alpha (%g) and beta (%g), as if independent, with the loss and its slopes held in the middle of the fitted range; covariances are not published",
			p.SEAlpha, p.SEBeta), true
	}
	if l.Curve.Low > 0 {
		return fmt.Sprintf("80%% by the published interval of the exponent (%g to %g), about the middle of the fitted range; that of the factor is not published", l.Curve.Low, l.Curve.High), true
	}
	return "no interval: none is published", false
}

// doubts are the law with one doubtful coefficient at a time at both ends of
// its 80% interval.
func (l *Law) doubts() [][2]*Law {
	var out [][2]*Law
	if p, ok := l.Surface.(*Parametric); ok {
		pair := func(alpha, beta float64) {
			if alpha+beta > 0 {
				out = append(out, [2]*Law{l.over(p.with(-alpha, -beta)), l.over(p.with(alpha, beta))})
			}
		}
		pair(z80*p.SEAlpha, 0)
		pair(0, z80*p.SEBeta)
		return out
	}
	if l.Curve.Low > 0 {
		_, _, about := l.Fitted.middles()
		var pair [2]*Law
		for i, exponent := range [...]float64{l.Curve.Low, l.Curve.High} {
			v := *l
			v.Curve = l.Curve.turned(exponent-l.Curve.Exponent, about)
			pair[i] = &v
		}
		out = append(out, pair)
	}
	return out
}

// over is the law with another surface.
func (l *Law) over(p *Parametric) *Law {
	v := *l
	v.Surface, v.Curve = p, p.Curve()
	return &v
}

// figure is what f makes of the law, with the interval of the law's doubts:
// the deviations in logarithms on each side, added in quadrature. Where a
// doubtful coefficient leaves no value (a loss that is out of reach) there is
// no bound, and none is given. ok is false where there is no value at all.
func (l *Law) figure(unit string, f func(*Law) (float64, bool)) (fig Figure, ok bool) {
	v, ok := f(l)
	if !ok || !finite(v) {
		return Figure{}, false
	}
	basis, known := l.Doubt()
	fig = Figure{Value: v, Low: v, High: v, Unit: unit, Basis: basis}
	if !known {
		return fig, true
	}
	var down, up float64
	for _, pair := range l.doubts() {
		low, high := 0.0, 0.0
		for _, w := range pair {
			moved, ok := f(w)
			if !ok || !finite(moved) {
				fig.Basis = "no interval: within the doubts of the law it has no bound"
				return fig, true
			}
			d := math.Log(moved / v)
			low, high = min(low, d), max(high, d)
		}
		down, up = math.Hypot(down, low), math.Hypot(up, high)
	}
	fig.Low, fig.High = v*math.Exp(-down), v*math.Exp(up)
	if !finite(fig.Low) || !finite(fig.High) {
		fig.Low, fig.High, fig.Basis = v, v, "no interval: within the doubts of the law it has no bound"
	}
	return fig, true
}

// always lifts a function that has a value for every law.
func always(f func(*Law) float64) func(*Law) (float64, bool) {
	return func(l *Law) (float64, bool) { return f(l), true }
}
