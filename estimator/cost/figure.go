package cost

import (
	"fmt"
	"math"
)

// Figure is a value with the interval that should hold 80% of real
// measurements, in Unit. Basis says what it rests on. It has the shape of
// estimator.Figure, so that one converts to the other.
type Figure struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Unit  string  `json:"unit"`
	Basis string  `json:"basis,omitempty"`
}

// Unavailable names a figure that could not be estimated, and why.
type Unavailable struct {
	Figure string `json:"figure"`
	Reason string `json:"reason"`
}

// Exact is a figure without doubt.
func Exact(v float64, unit, basis string) Figure {
	return Figure{Value: v, Low: v, High: v, Unit: unit, Basis: basis}
}

// Times scales a figure by an exact factor of 0 or more, which turns its unit
// into the given one.
func (f Figure) Times(k float64, unit string) Figure {
	return Figure{Value: f.Value * k, Low: f.Low * k, High: f.High * k, Unit: unit, Basis: f.Basis}
}

// sound tells whether a figure can be reckoned with: finite, in order and not
// below nothing.
func (f *Figure) sound() bool {
	return f != nil && f.Low >= 0 && f.Low <= f.Value && f.Value <= f.High && !math.IsInf(f.High, 0)
}

// add is the sum of two figures that err together (the same machine, the same
// hour): low ends add up, and high ends.
func add(a, b Figure) Figure {
	return Figure{Value: a.Value + b.Value, Low: a.Low + b.Low, High: a.High + b.High, Unit: a.Unit, Basis: join(a.Basis, b.Basis)}
}

// product multiplies two figures that err independently: the logarithms of
// their half-widths add in quadrature, on each side.
func product(a, b Figure, unit string) Figure {
	v := a.Value * b.Value
	if v == 0 { // it has no logarithm
		return Figure{Low: a.Low * b.Low, High: a.High * b.High, Unit: unit, Basis: join(a.Basis, b.Basis)}
	}
	return Figure{
		Value: v,
		Low:   v * shrink(ratio(a.Low, a.Value), ratio(b.Low, b.Value)),
		High:  v / shrink(ratio(a.Value, a.High), ratio(b.Value, b.High)),
		Unit:  unit, Basis: join(a.Basis, b.Basis),
	}
}

// over divides a by b, which must be above 0 at its low end and err
// independently of a.
func over(a, b Figure, unit string) Figure {
	return product(a, Figure{Value: 1 / b.Value, Low: 1 / b.High, High: 1 / b.Low, Basis: b.Basis}, unit)
}

// ratio is a part of a whole, 1 where there is none.
func ratio(part, whole float64) float64 {
	if whole == 0 {
		return 1
	}
	return part / whole
}

// shrink combines two factors between 0 and 1 in quadrature of their logarithms.
func shrink(p, q float64) float64 {
	if p <= 0 || q <= 0 {
		return 0
	}
	return math.Exp(-math.Hypot(math.Log(p), math.Log(q)))
}

func join(a, b string) string {
	switch {
	case a == "" || a == b:
		return b
	case b == "":
		return a
	}
	return a + "; " + b
}

// Fact is a number that somebody stated, with where and when.
type Fact struct {
	Value   float64
	Source  string
	Date    string // ISO 8601, or a part of it; empty: not known
	Stale   bool   // too old to be relied on, by the judgement of whoever looked it up
	Assumed bool   // nobody stated it for this case
}

// basis describes a fact in a few words.
func (f *Fact) basis(what string) string {
	if f.Assumed {
		return what + " assumed"
	}
	s := what + " of"
	if f.Date == "" {
		s += " unknown date"
	} else {
		s += " " + f.Date
	}
	if f.Stale {
		s += ", stale"
	}
	return s
}

// known says why a fact cannot be used, "" when it can.
func (f *Fact) known(what, remedy string) string {
	switch {
	case f == nil:
		return what + " is not known; " + remedy
	case !(f.Value >= 0) || math.IsInf(f.Value, 0):
		return fmt.Sprintf("%s is %g; want a number from 0 up", what, f.Value)
	}
	return ""
}
