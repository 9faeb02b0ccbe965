package scaling

import (
	"errors"
	"fmt"
	"math"
)

// Budget says of which optimum one asks: exactly one field is set.
type Budget struct{ FLOPs, Params, Tokens float64 }

// Optimum is a compute-optimal model: what is asked for is exact, the rest
// follows by the law. Loss is nil for laws that do not say it. In every law
// 6·Params·Tokens is FLOPs.
type Optimum struct {
	FLOPs, Params, Tokens, TokensPerParam Figure
	Loss                                  *Figure
	Outside                               []Beyond
}

var errBudget = errors.New("want one of compute, parameters and tokens, a number above 0")

// flops is the budget that the law spends on b.
func (l *Law) flops(b Budget) float64 {
	switch {
	case b.FLOPs > 0:
		return b.FLOPs
	case b.Params > 0:
		return l.Curve.FLOPsOfParams(b.Params)
	}
	return l.Curve.FLOPsOfTokens(b.Tokens)
}

// Optimum is the compute-optimal model of a budget, or that of which N or D is
// given.
func (l *Law) Optimum(b Budget) (*Optimum, error) {
	set := 0
	for _, v := range [...]float64{b.FLOPs, b.Params, b.Tokens} {
		if v != 0 {
			set++
		}
		if v != 0 && !finite(v) {
			return nil, errBudget
		}
	}
	if set != 1 {
		return nil, errBudget
	}
	o := &Optimum{}
	for _, q := range [...]struct {
		to    *Figure
		given float64
		unit  string
		of    func(*Law) float64
	}{
		{&o.FLOPs, b.FLOPs, UnitFLOPs, func(l *Law) float64 { return l.flops(b) }},
		{&o.Params, b.Params, UnitParams, func(l *Law) float64 { return l.Curve.Params(l.flops(b)) }},
		{&o.Tokens, b.Tokens, UnitTokens, func(l *Law) float64 { return l.tokens(b) }},
		{&o.TokensPerParam, 0, UnitPerParam, func(l *Law) float64 { return l.tokens(b) / l.Curve.Params(l.flops(b)) }},
	} {
		if q.given > 0 {
			*q.to = given(q.given, q.unit)
			continue
		}
		var ok bool
		if *q.to, ok = l.figure(q.unit, always(q.of)); !ok {
			return nil, fmt.Errorf("%s: the optimum is beyond all numbers", l.ID)
		}
	}
	if l.Surface != nil {
		loss, ok := l.figure(UnitLoss, always(func(l *Law) float64 { return l.Surface.Optimal(l.flops(b)) }))
		if ok {
			o.Loss = &loss
		}
	}
	o.Outside = l.Fitted.Outside(o.Params.Value, o.Tokens.Value, o.FLOPs.Value)
	return o, nil
}

func (l *Law) tokens(b Budget) float64 {
	c := l.flops(b)
	return c / 6 / l.Curve.Params(c)
}

// Loss is what a law says of a model of given size and training.
type Loss struct {
	Loss  Figure
	Terms []Term
	// Optimal is the loss that the same compute reaches when spent best, and
	// Same the least compute that reaches this loss; nil where the law does
	// not say.
	Optimal, Same *Figure
	Outside       []Beyond
}

// Loss says what loss N parameters reach that were trained on D tokens. It is
// nil for laws without a surface.
func (l *Law) Loss(params, tokens float64) *Loss {
	if l.Surface == nil || !finite(params) || !finite(tokens) {
		return nil
	}
	c := TrainingFLOPs(params, tokens)
	loss, ok := l.figure(UnitLoss, always(func(l *Law) float64 { return l.Surface.Loss(params, tokens) }))
	if !ok {
		return nil
	}
	out := &Loss{Loss: loss, Terms: l.Surface.Terms(params, tokens), Outside: l.Fitted.Outside(params, tokens, c)}
	if best, ok := l.figure(UnitLoss, always(func(l *Law) float64 { return l.Surface.Optimal(c) })); ok {
		out.Optimal = &best
	}
	same, ok := l.figure(UnitFLOPs, func(l *Law) (float64, bool) {
		p, ok := l.Surface.(*Parametric)
		if !ok {
			return 0, false
		}
		n, d, ok := p.CheapestTraining(p.Loss(params, tokens))
		return TrainingFLOPs(n, d), ok
	})
	if ok {
		out.Same = &same
	}
	return out
}

// num writes a number as short as it can be read.
func num(v float64) string {
	if v != 0 && (math.Abs(v) >= 1e6 || math.Abs(v) < 1e-3) {
		return fmt.Sprintf("%.4g", v)
	}
	return fmt.Sprintf("%.6g", v)
}
