package scaling

import (
	"errors"
	"fmt"
	"math"
)

// Kaplan is the power laws of Kaplan et al. 2020 (arXiv:2001.08361): L(N) =
// (N_c/N)^α_N with data enough, L(D) = (D_c/D)^α_D with size enough, L(C) =
// (C_c/C)^α_C at the optimum, and L(N,D) = [(N_c/N)^(α_N/α_D) + D_c/D]^α_D for
// training to convergence. N counts no embeddings, C_c is in FLOPs.
type Kaplan struct {
	AlphaN, Nc, AlphaD, Dc, AlphaC, Cc float64
}

// Loss is L(N,D).
func (k *Kaplan) Loss(params, tokens float64) float64 {
	return math.Pow(math.Pow(k.Nc/params, k.AlphaN/k.AlphaD)+k.Dc/tokens, k.AlphaD)
}

// Optimal is L(C), the loss of a budget spent best.
func (k *Kaplan) Optimal(flops float64) float64 { return math.Pow(k.Cc/flops, k.AlphaC) }

// OfSize is L(N), with data enough.
func (k *Kaplan) OfSize(params float64) float64 { return math.Pow(k.Nc/params, k.AlphaN) }

// OfData is L(D), with size enough.
func (k *Kaplan) OfData(tokens float64) float64 { return math.Pow(k.Dc/tokens, k.AlphaD) }

// Terms are the limits that L(N,D) lies above: L(N) with data enough, L(D) with
// size enough.
func (k *Kaplan) Terms(params, tokens float64) []Term {
	return []Term{{"L(N)", k.OfSize(params)}, {"L(D)", k.OfData(tokens)}}
}

func (k *Kaplan) explain(params, tokens float64) string {
	return fmt.Sprintf("[(%g/%s)^(%g/%g) + %g/%s]^%g = %.4f nats/token", k.Nc, num(params), k.AlphaN, k.AlphaD, k.Dc, num(tokens), k.AlphaD, k.Loss(params, tokens))
}

func (k *Kaplan) check() error {
	for _, v := range [...]float64{k.AlphaN, k.Nc, k.AlphaD, k.Dc, k.AlphaC, k.Cc} {
		if !finite(v) {
			return errors.New("the coefficients of the power laws want positive numbers")
		}
	}
	return nil
}
