package serving

import "math"

// mixed is the flow of a scheduler that puts prompts beside decodes.
//
// It is solved in steps, before any time is known. A prompt of q tokens takes
// s = q/c steps of the c tokens that d decodes leave of the budget; a request
// stays w steps until its first token and R after it, so n of them start a =
// n/(R+w) prompts per step and d = a·R. When prompts fill every step, a = 1/s.
func (m *model) mixed(n float64) flow {
	a, c := m.starts(n)
	f := flow{active: a * m.m.rounds}
	// The budget is given to one prompt after another, and who gets none of it
	// has no place yet.
	f.held = min(n, f.active+max(1, a))
	m.pieces(&f, n, a, m.m.work, c)
	f.steps = f.share*f.mixed + (1-f.share)*f.decode
	f.period = f.steps
	f.rate = a / f.steps
	f.within = n / f.rate
	f.ttft = max(f.mixed, f.within-m.m.rounds*f.steps)
	m.finish(&f, n)
	return f
}

// starts returns the prompts a that begin per step and the capacity of a step
// for prompt tokens, with n sequences.
func (m *model) starts(n float64) (a, capacity float64) {
	q, r := m.m.work, m.m.rounds
	var per float64
	// Decodes leave less budget, and less budget fewer decodes: bisect.
	lo, hi := 0.0, n
	for range 40 {
		d := (lo + hi) / 2
		capacity = m.capacity(d)
		s := q / capacity
		per = max(1, math.Ceil(s-1e-9))
		if m.random {
			per = max(1, s+0.5)
			// Prompts queue for the budget like M/G/1 customers, whose mean wait
			// is s·ρ·(1+cv²)/2/(1−ρ) (Pollaczek–Khinchine), ρ = a·s; with
			// a·(R+w) = n that is a quadratic in ρ.
			k := (1 + m.m.workVar) / 2 * min(1, s)
			x := quadratic(k-(r+per)/s, (r+per)/s+n, -n)
			a = x / s
		} else {
			a = min(1/s, n/(r+per))
		}
		if a*r > d {
			lo = d
		} else {
			hi = d
		}
	}
	return a, capacity
}

// pieces sets the share and the times of steps with and without prompts, when a
// prompts of q tokens start per step and a step takes up to c tokens of them.
func (m *model) pieces(f *flow, n, a, q, c float64) {
	if whole := m.whole(q, c); whole >= 1 || m.random && q > c/2 {
		// Long prompts fill steps, and what remains of each takes one more, which
		// is filled up by the next prompt when prompts are many.
		full := min(1, a*whole)
		left := max(0, a*q-full*c)
		rest := a
		if m.random {
			// It is the next prompt's in proportion to how busy the budget is.
			rest *= 1 - a*q/c
		} else {
			// Equal prompts that start together follow each other without a gap.
			full = min(1, a*math.Floor(n*q/c+1e-9)/n)
			left = max(0, a*q-full*c)
			rest = a / n
		}
		rest = min(1-full, max(rest, left/c))
		if left < 1e-9*q {
			rest = 0
		}
		f.share = full + rest
		d := m.beside(f, n)
		f.mixed = 0
		if full > 0 {
			f.mixed = full * m.pace(d, c, c)
		}
		if rest > 0 {
			f.mixed += rest * m.pace(d, left/rest, left/rest)
		}
		f.mixed /= f.share
		return
	}
	if !m.random {
		cohort := math.Floor(max(1, min(n, (m.room-n*m.tau)/max(q-m.tau, 1))))
		if n*q <= c || !m.s.Chunked || cohort*q >= 0.98*c {
			f.share = min(1, max(a/cohort, a*q/c))
			f.mixed = m.pace(m.beside(f, n), a*q/f.share, c)
			return
		}
		// Prompts that came together fill steps to the brim, and stay so where
		// the next are waiting; simulations find about three in four there.
		full := 0.75 * a * q / c
		rest := min(1-full, max(0.25*a/cohort, 0.25*a*q/c))
		f.share = full + rest
		d := m.beside(f, n)
		f.mixed = (full*m.pace(d, c, c) + rest*m.pace(d, 0.25*a*q/rest, c)) / f.share
		return
	}
	f.share = max(some(a, n), a*q/c)
	d := m.beside(f, n)
	// Of n sequences each sends a prompt with probability a/n, so the number of
	// prompts in a step, given that there are any, is spread like a binomial
	// number, and their tokens also as their lengths differ. The mean is taken
	// at two points.
	k := a / f.share
	spread := math.Sqrt(max(0, k*(1+a-a/max(n, 1)+m.m.workVar)-k*k))
	spread = min(spread, 0.9*k, max(0, c/q-k))
	f.mixed = m.pace(d, q*(k-spread), c)
	if spread > 0.02*k {
		f.mixed = (f.mixed + m.pace(d, q*(k+spread), c)) / 2
	}
}

// some returns the probability that of n sequences, each of which does so with
// probability a/n, at least one sends a prompt.
func some(a, n float64) float64 {
	if a >= n {
		return 1
	}
	return -math.Expm1(max(n, 1) * math.Log1p(-a/max(n, 1)))
}

// beside sets the time of a step without prompts and returns the decodes of a
// step with prompts: fewer, as some of the n sequences are in it as prompts.
func (m *model) beside(f *flow, n float64) float64 {
	if f.share >= 1 {
		f.decode = m.pace(f.active, 0, 0)
		return f.active
	}
	f.decode = m.pace(n, 0, 0)
	return max(0, (f.active-(1-f.share)*n)/f.share)
}

// capacity returns the prompt tokens that fit beside d decodes.
func (m *model) capacity(d float64) float64 {
	free := max(1e-6*m.m.work, m.room-d*m.tau)
	if m.s.Chunked {
		return free
	}
	// Decodes are few enough for one whole prompt: see places.
	q := m.m.work
	if m.m.fixed {
		return max(1, math.Floor(free/q)) * q
	}
	// A prompt that does not fit leaves half of itself empty in the mean.
	return max(q, free-q*(1+m.m.workVar)/2)
}

// quadratic returns the root of a·x²+b·x+c in 0..1, where c < 0 ≤ a+b+c.
func quadratic(a, b, c float64) float64 {
	d := math.Sqrt(max(0, b*b-4*a*c))
	if x := -2 * c / (b + d); x > 0 && x <= 1 {
		return x
	}
	return 1
}

// parts is the number of quantiles kept of the prompts.
const parts = 16

// sizes takes down how the prompts differ.
func (m *model) sizes() {
	l := m.load
	if m.m.fixed || len(l.Trace) > 0 {
		return
	}
	work := func(u float64) float64 {
		n := m.table.input[int(u*grid)]
		return max(1, n-math.Floor(l.PrefixHit*n))
	}
	for i := range m.parts {
		m.parts[i] = work((float64(i)+0.5)/parts) / m.m.work
	}
	if m.s.Chunked {
		return
	}
	// Whole prompts, first come, go into a step until one does not fit. Multiples
	// of the golden ratio give lengths in an order without pattern.
	const draws = 128
	steps, free := 0.0, 0.0
	for i := range draws {
		_, u := math.Modf(float64(i) * 0.6180339887498949)
		n := work(u)
		if n > free {
			steps++
			free = m.room
		}
		free -= n
	}
	m.packed = draws / steps
}

// whole returns the steps that a prompt of mean q tokens fills, c tokens each.
func (m *model) whole(q, c float64) float64 {
	if m.parts[0] == 0 {
		return math.Floor(q/c + 1e-9)
	}
	sum := 0.0
	for _, p := range m.parts {
		sum += math.Floor(p * q / c)
	}
	return sum / parts
}
