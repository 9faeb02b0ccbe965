package scaling

import (
	"errors"
	"fmt"
	"math"
)

// Parametric is L(N,D) = E + A/N^α + B/D^β (Hoffmann et al. 2022,
// arXiv:2203.15556, eq. 2): the entropy of text, what a finite model adds, and
// what finite data add. Standard errors are 0 where not published; those of E,
// A and B follow from the exponents', see with.
type Parametric struct {
	E, A, B, Alpha, Beta     float64
	SEAlpha, SEBeta          float64 // standard errors
	pivotParams, pivotTokens float64 // about which doubtful exponents turn
}

// NewParametric returns the law's surface; exponents that are in doubt turn
// about the middle of the range on which it was fitted.
func NewParametric(p Parametric, fitted Range) *Parametric {
	p.pivotParams, p.pivotTokens, _ = fitted.middles()
	return &p
}

// Loss is E + A/N^α + B/D^β.
func (p *Parametric) Loss(params, tokens float64) float64 {
	return p.E + p.size(params) + p.data(tokens)
}

func (p *Parametric) size(params float64) float64 { return p.A * math.Pow(params, -p.Alpha) }
func (p *Parametric) data(tokens float64) float64 { return p.B * math.Pow(tokens, -p.Beta) }

// Optimal is the loss at N_opt and D_opt.
func (p *Parametric) Optimal(flops float64) float64 {
	c := p.Curve()
	n := c.Params(flops)
	return p.Loss(n, flops/6/n)
}

// Curve is the compute-optimal size in closed form (arXiv:2203.15556, eq. 4):
// N_opt = G·(C/6)^a, D_opt = (1/G)·(C/6)^b with a = β/(α+β), b = α/(α+β) and
// G = (αA/(βB))^(1/(α+β)).
func (p *Parametric) Curve() Curve {
	g := math.Pow(p.Alpha*p.A/(p.Beta*p.B), 1/(p.Alpha+p.Beta))
	return PowerLaw(6, g, p.Beta/(p.Alpha+p.Beta))
}

// Terms are the irreducible loss and what size and data add to it.
func (p *Parametric) Terms(params, tokens float64) []Term {
	return []Term{{"irreducible", p.E}, {"finite size", p.size(params)}, {"finite data", p.data(tokens)}}
}

func (p *Parametric) explain(params, tokens float64) string {
	return fmt.Sprintf("%g + %g/(%s)^%g + %g/(%s)^%g = %.4f + %.4f + %.4f = %.4f nats/token", p.E, p.A, num(params), p.Alpha, p.B, num(tokens), p.Beta,
		p.E, p.size(params), p.data(tokens), p.Loss(params, tokens))
}

// TokensFor is how many tokens N parameters take to a loss: D = (B / (L − E −
// A/N^α))^(1/β). ok is false where no number of tokens takes them there.
func (p *Parametric) TokensFor(loss, params float64) (tokens float64, ok bool) {
	left := loss - p.E - p.size(params)
	if left <= 0 {
		return 0, false
	}
	tokens = math.Pow(p.B/left, 1/p.Beta)
	return tokens, finite(tokens)
}

// CheapestTraining is the model that reaches a loss with the least training:
// there α·A/N^α = β·B/D^β, so that A/N^α is the share β/(α+β) of L − E. ok is
// false for a loss that nothing reaches.
func (p *Parametric) CheapestTraining(loss float64) (params, tokens float64, ok bool) {
	left := (loss - p.E) / (p.Alpha + p.Beta)
	if left <= 0 {
		return 0, 0, false
	}
	params, tokens = math.Pow(p.A/(left*p.Beta), 1/p.Alpha), math.Pow(p.B/(left*p.Alpha), 1/p.Beta)
	return params, tokens, finite(params) && finite(tokens)
}

// with returns a copy whose exponents differ. Measured losses fix the loss and
// its slopes in the middle of what was fitted on; how the slopes change from
// there is what the exponents say. So A, B and E follow: α·A/N^α, β·B/D^β and
// the loss stay what they were at the pivot. (The standard error that E gets
// from those of the replication's exponents this way is 0.024; it prints 0.03.)
func (p *Parametric) with(alpha, beta float64) *Parametric {
	q := *p
	q.Alpha += alpha
	q.A *= p.Alpha / q.Alpha * math.Pow(p.pivotParams, alpha)
	q.Beta += beta
	q.B *= p.Beta / q.Beta * math.Pow(p.pivotTokens, beta)
	q.E += p.Loss(p.pivotParams, p.pivotTokens) - q.Loss(p.pivotParams, p.pivotTokens)
	return &q
}

func (p *Parametric) check() error {
	for _, v := range [...]float64{p.E, p.A, p.B, p.Alpha, p.Beta} {
		if !finite(v) {
			return errors.New("the coefficients E, A, B, alpha and beta want positive numbers")
		}
	}
	if p.SEAlpha < 0 || p.SEBeta < 0 || p.SEAlpha*z80 >= p.Alpha || p.SEBeta*z80 >= p.Beta {
		return errors.New("the standard errors want to be smaller than their exponents")
	}
	if p.SEAlpha+p.SEBeta > 0 && (p.pivotParams <= 0 || p.pivotTokens <= 0) {
		return errors.New("standard errors want the range that the law was fitted on")
	}
	return nil
}
