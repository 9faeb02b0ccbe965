package capacity

import "math"

// Grown is the factor on a load that grows by a share each month, after so many
// months: (1 + share)^months.
func Grown(share float64, months int) float64 { return math.Pow(1+share, float64(months)) }

// Monthly is the growth in a month of what grows by a share in a year.
func Monthly(yearly float64) float64 { return math.Pow(1+yearly, 1.0/12) - 1 }

// carrySteps is how often the carried share is halved: to 1/128.
const carrySteps = 7

// Carry finds the largest share of a load, up to all of it, for which there is
// an assignment, and that. of makes the problem of a share; nil where it has
// none. Where not even a small part can be carried the solution is nil.
func Carry(of func(share float64) *Problem) (share float64, best *Solution, p *Problem) {
	try := func(x float64) bool {
		q := of(x)
		if q == nil {
			return false
		}
		s, _, err := Solve(q)
		if err != nil || s == nil {
			return false
		}
		share, best, p = x, s, q
		return true
	}
	if try(1) {
		return share, best, p
	}
	lo, hi := 0.0, 1.0
	for range carrySteps {
		if mid := (lo + hi) / 2; try(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return share, best, p
}

// Last finds the last of the months up to most in which a condition holds that
// held at first, -1 if it never does, by doubling and halving: it must not hold
// again once it has ceased to.
func Last(most int, holds func(month int) bool) int {
	if most < 0 || !holds(0) {
		return -1
	}
	lo, step := 0, 1
	for lo+step <= most && holds(lo+step) {
		lo += step
		step *= 2
	}
	hi := min(lo+step, most+1)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; holds(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}
