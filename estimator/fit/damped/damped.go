// Package damped takes a step of a least-squares search, damped after Levenberg
// and Marquardt (Marquardt 1963, doi:10.1137/0111030).
package damped

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Step solves h·dx = g with the diagonal of h raised by the share lambda. It is
// an error if h is not positive definite even so.
func Step(h *mat.SymDense, g []float64, lambda float64) ([]float64, error) {
	n := len(g)
	damped := mat.NewSymDense(n, nil)
	damped.CopySym(h)
	for i := range n {
		damped.SetSym(i, i, h.At(i, i)*(1+lambda)+1e-9)
	}
	var c mat.Cholesky
	if !c.Factorize(damped) {
		return nil, fmt.Errorf("the normal equations of %d parameters cannot be solved; look for parameters without a prior", n)
	}
	dx := mat.NewVecDense(n, nil)
	if err := c.SolveVecTo(dx, mat.NewVecDense(n, g)); err != nil {
		return nil, fmt.Errorf("normal equations: %w", err)
	}
	return dx.RawVector().Data, nil
}
