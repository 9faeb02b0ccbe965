package serving

import "math"

// moments are what the closed form keeps of the lengths.
type moments struct {
	input, output float64 // mean tokens
	rounds        float64 // mean decode steps of a request
	perToken      float64 // mean of decode steps ÷ (output−1), over outputs above 1
	inverse       float64 // mean of 1 ÷ (output−1), over outputs above 1
	context       float64 // mean tokens in the cache of a decoding sequence, with the one it feeds
	work          float64 // mean prompt tokens processed
	workVar       float64 // squared coefficient of variation of those
	lifeVar       float64 // squared coefficient of variation of decode steps
	hit           float64 // mean prompt tokens found in the prefix cache
	pairs         float64 // mean pairs of query and key per prompt token processed
	fixed         bool
}

// grid is the number of quantiles that stand for a distribution.
const grid = 64

// quantileTable is the lengths, in tokens, at the middles of the grid.
type quantileTable struct{ input, output [grid]float64 }

// decodeSteps returns the mean decode steps that gain m tokens at tau per step,
// over all phases of the accumulated fraction: ∫ ⌈(m−u)/tau⌉ du for u in 0..1.
func decodeSteps(m, tau float64) float64 {
	if tau == 1 || m <= 0 {
		return max(m, 0)
	}
	n := math.Ceil(m / tau)
	return n - max(0, (n-1)*tau-(m-1))
}

// newMoments sums the load's lengths up.
func newMoments(l *Load, table *quantileTable) moments {
	var m moments
	tau := l.perStep()
	if len(l.Trace) > 0 {
		m.addTrace(l)
		return m
	}
	m.fixed = l.Input.fixed() && l.Output.fixed()
	n := grid
	if m.fixed {
		n = 1
	}
	var a accumulator
	for i := range n {
		u := (float64(i) + 0.5) / float64(n)
		in, out := float64(l.Input.Quantile(u)), float64(l.Output.Quantile(u))
		table.input[i], table.output[i] = in, out
		a.input(in, l.PrefixHit)
		a.output(out, tau)
	}
	a.moments(&m, tau)
	return m
}

// addTrace takes the moments of a trace.
func (m *moments) addTrace(l *Load) {
	var a accumulator
	tau := l.perStep()
	m.fixed = true
	for _, r := range l.Trace {
		a.input(float64(r.Input), l.PrefixHit)
		a.output(float64(r.Output), tau)
		m.fixed = m.fixed && r.Input == l.Trace[0].Input && r.Output == l.Trace[0].Output
	}
	a.moments(m, tau)
}

// accumulator sums powers of lengths.
type accumulator struct {
	n, in, out, work, work2, hit, pairs, rounds, rounds2, ratio, inverse, ratios float64
}

func (a *accumulator) input(tokens, share float64) {
	hit := math.Floor(share * tokens)
	work := max(1, tokens-hit)
	hit = tokens - work
	a.n++
	a.in += tokens
	a.work += work
	a.work2 += work * work
	a.hit += hit
	a.pairs += work * (hit + work/2)
}

func (a *accumulator) output(tokens, tau float64) {
	r := decodeSteps(tokens-1, tau)
	a.out += tokens
	a.rounds += r
	a.rounds2 += r * r
	if tokens > 1 {
		a.ratio += r / (tokens - 1)
		a.inverse += 1 / (tokens - 1)
		a.ratios++
	}
}

func (a *accumulator) moments(m *moments, tau float64) {
	m.input, m.output = a.in/a.n, a.out/a.n
	m.work, m.hit = a.work/a.n, a.hit/a.n
	m.rounds = a.rounds / a.n
	m.pairs = a.pairs / a.work
	m.workVar = max(0, a.work2*a.n/(a.work*a.work)-1)
	m.context = m.input + 1
	if a.rounds > 0 {
		// Long answers are seen more often, and in the mean at their middle.
		m.context += tau * (a.rounds2/a.rounds - 1) / 2
		m.lifeVar = max(0, a.rounds2*a.n/(a.rounds*a.rounds)-1)
		m.perToken, m.inverse = a.ratio/a.ratios, a.inverse/a.ratios
	}
}
