package scaling

import (
	"errors"
	"math"
	"sort"
)

// Curve is the compute-optimal size by the budget: straight lines in
// logarithms through Points, in ascending order, and beyond the outermost a
// power of C with Exponent. One point and an exponent are a power law.
type Curve struct {
	Points   []Point
	Exponent float64
	// Low and High are the published 80% interval of Exponent; 0: none.
	Low, High float64
}

// Point is a compute-optimal model.
type Point struct{ FLOPs, Params float64 }

// PowerLaw is N = params·(C/flops)^exponent.
func PowerLaw(flops, params, exponent float64) Curve {
	return Curve{Points: []Point{{flops, params}}, Exponent: exponent}
}

// TokensPerParameter is the curve on which D = ratio·N: with C = 6ND, N is
// (C / (6·ratio))^½.
func TokensPerParameter(ratio float64) Curve { return PowerLaw(6*ratio, 1, 0.5) }

// Params is the optimal N of a budget in FLOPs.
func (c *Curve) Params(flops float64) float64 {
	p, slope := c.line(func(p Point) bool { return p.FLOPs > flops })
	return p.Params * math.Pow(flops/p.FLOPs, slope)
}

// FLOPsOfParams is the budget for which N is optimal.
func (c *Curve) FLOPsOfParams(params float64) float64 {
	p, slope := c.line(func(p Point) bool { return p.Params > params })
	return p.FLOPs * math.Pow(params/p.Params, 1/slope)
}

// FLOPsOfTokens is the budget for which D is optimal. On a line of slope s, D
// = C/(6N) goes with the power 1−s of C.
func (c *Curve) FLOPsOfTokens(tokens float64) float64 {
	p, slope := c.line(func(p Point) bool { return p.tokens() > tokens })
	return p.FLOPs * math.Pow(tokens/p.tokens(), 1/(1-slope))
}

func (p Point) tokens() float64 { return p.FLOPs / 6 / p.Params }

// line returns a point and the slope of the line that a value lies on, told
// from its neighbours by which points are past it.
func (c *Curve) line(past func(Point) bool) (Point, float64) {
	i := sort.Search(len(c.Points), func(i int) bool { return past(c.Points[i]) })
	if i == 0 || i == len(c.Points) {
		return c.Points[min(i, len(c.Points)-1)], c.Exponent
	}
	a, b := c.Points[i-1], c.Points[i]
	return a, math.Log(b.Params/a.Params) / math.Log(b.FLOPs/a.FLOPs)
}

// turned is the curve with its exponents changed, turned about a budget.
func (c *Curve) turned(by, about float64) Curve {
	out := Curve{Points: make([]Point, len(c.Points)), Exponent: c.Exponent + by}
	for i, p := range c.Points {
		out.Points[i] = Point{p.FLOPs, p.Params * math.Pow(p.FLOPs/about, by)}
	}
	return out
}

var errCurve = errors.New("the points of the optimal size want positive numbers, and N and D that both grow with the budget")

// check demands that N and D grow with C everywhere: exponents between 0 and 1.
func (c *Curve) check() error {
	ok := len(c.Points) > 0 && c.Exponent > 0 && c.Exponent < 1
	for i, p := range c.Points {
		ok = ok && finite(p.FLOPs) && finite(p.Params)
		if ok && i > 0 {
			before := c.Points[i-1]
			ok = p.FLOPs > before.FLOPs && p.Params > before.Params && p.tokens() > before.tokens()
		}
	}
	if c.Low != 0 || c.High != 0 {
		ok = ok && c.Low > 0 && c.Low <= c.Exponent && c.Exponent <= c.High && c.High < 1
	}
	if !ok {
		return errCurve
	}
	return nil
}
