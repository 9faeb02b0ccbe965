package serving

import "math"

// twoPoint is half the distance between the points of Gauss's quadrature with
// two points, over an interval of length 1.
const twoPoint = 0.28867513459481287

// together returns the mean time of a decode step of n sequences that began
// together: their caches grow in step, so the mean over the caches' growth is
// taken at two points.
func (m *model) together(n float64) float64 {
	span := m.tau * (m.m.rounds - 1) * twoPoint
	if span <= 0 {
		return m.pace(n, 0, 0)
	}
	mid := m.m.context
	m.m.context = mid - span
	t := m.pace(n, 0, 0)
	m.m.context = mid + span
	t += m.pace(n, 0, 0)
	m.m.context = mid
	return t / 2
}

// static is the flow of batches of n sequences, one after the other.
func (m *model) static(n float64) flow {
	total, mean := m.prefill(n)
	f := flow{active: n, held: n, ttft: mean}
	steps := max(1, math.Ceil(n*m.m.work/m.room))
	f.mixed = total / steps
	var longest, spent, perToken float64 // rounds; seconds; seconds per token
	if m.m.fixed || n <= 1 {
		f.decode = 0
		if m.m.rounds > 0 {
			f.decode = m.together(n)
		}
		longest, spent = m.m.rounds, m.m.rounds*f.decode
		perToken = f.decode * m.m.perToken
		f.within = total + spent
	} else {
		longest, spent, f.within, perToken = m.thin(n)
		f.within += total
		if longest > 0 {
			f.decode = spent / longest
		}
		f.active = n * m.m.rounds / max(longest, 1)
	}
	f.rate = n / (total + spent)
	f.share = steps / (steps + longest)
	f.steps = (total + spent) / (steps + longest)
	f.period = f.decode
	f.tpot = perToken
	if m.m.output > 1 {
		// Until all prompts are processed nothing decodes.
		f.tpot += (total - mean) * m.m.inverse
	}
	return f
}

// thin returns the rounds and seconds that a batch of n decodes, the mean
// seconds until one of its sequences ends, and its mean seconds per token. The
// batch thins out as answers end, here in a dozen groups, finer towards the
// longest answers.
func (m *model) thin(n float64) (rounds, spent, mean, perToken float64) {
	const groups = 12
	alive := n
	mid := m.m.context
	for i := range groups {
		var ends float64
		if left := float64(groups - i); alive <= left {
			// The fraction of a sequence goes first, so that the longest is one.
			ends = alive - math.Ceil(alive) + 1
		} else {
			ends = max(1, alive*(1-math.Pow(1/alive, 1/left)))
		}
		if i == groups-1 || alive-ends < 1e-9 {
			ends = alive
		}
		until := max(rounds, m.ends(n, alive-ends/2+0.5))
		m.m.context = m.m.input + 1 + m.tau*(rounds+until)/2
		if until > rounds {
			spent += (until - rounds) * m.pace(alive, 0, 0)
		}
		rounds = until
		mean += ends / n * spent
		if rounds > 0 {
			perToken += ends / n * spent / rounds * m.m.perToken
		}
		alive -= ends
		if alive <= 0 {
			break
		}
	}
	m.m.context = mid
	return rounds, spent, mean, perToken
}

// ends returns the mean rounds after which the k-th longest of n answers ends.
//
// The share of answers that are longer follows a beta distribution, G/(G+H) of
// two gamma variables of shapes k and n−k+1. The mean is over the sixths 1, 3
// and 5 of G, by the cube of a normal of Wilson and Hilferty 1931, "The
// distribution of chi-square", with H at its mean.
func (m *model) ends(n, k float64) float64 {
	sum := 0.0
	for _, z := range [3]float64{-0.967, 0, 0.967} {
		c := max(0, 1-1/(9*k)+z/(3*math.Sqrt(k)))
		g := k * c * c * c
		sum += m.roundsAt(1 - g/(g+n-k+1))
	}
	return sum / 3
}

// roundsAt returns the decode steps of an answer at the quantile u.
func (m *model) roundsAt(u float64) float64 {
	if len(m.load.Trace) > 0 {
		// The trace's answers are not sorted: spread them as an exponential.
		return -m.m.rounds * math.Log1p(-min(u, 0.9999))
	}
	// Between the middles of the grid the table serves; the ends are asked for.
	x := u*grid - 0.5
	i := int(x)
	if x < 0 || i >= grid-1 {
		return decodeSteps(float64(m.load.Output.Quantile(u)-1), m.tau)
	}
	w := x - float64(i)
	return decodeSteps((1-w)*m.table.output[i]+w*m.table.output[i+1]-1, m.tau)
}
