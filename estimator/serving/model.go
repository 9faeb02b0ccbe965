package serving

import "math"

// model is a scheduler, a load and a pacer seen through their means.
type model struct {
	s     *Scheduler
	load  *Load
	p     Pacer
	m     moments
	tau   float64
	room  float64 // token budget of a step
	slots float64 // most sequences that run at once
	bound string  // what limits slots
	redo  float64 // prompt tokens processed again per request, after preemption
	again float64 // preemptions per request
	group float64 // requests that end together, with preemption
	stay  float64 // decode steps from the first admission to the end, with preemption
	rate  float64 // of arrivals per second, below capacity; 0 in a closed loop
	// random says that prompts come and answers end independently of each
	// other; otherwise equal requests move in cohorts.
	random bool
	step   Step

	table  quantileTable  // lengths by quantile; zero for a trace
	parts  [parts]float64 // quantiles of prompt tokens processed ÷ their mean; 0 if not known
	packed float64        // mean prompts that go whole into a step's budget; 0 if not known
}

// flow is the state of the engine with a given number of sequences running.
type flow struct {
	rate   float64 // requests per second
	ttft   float64 // from when the sequence gets its place, seconds
	tpot   float64 // seconds per answer token
	period float64 // mean time between two decode steps of a sequence, seconds
	decode float64 // time of a step without prompts, seconds
	mixed  float64 // time of a step with prompts, seconds
	share  float64 // of steps that carry prompts
	steps  float64 // mean step, seconds
	active float64 // sequences that decode
	held   float64 // sequences that have a place: those that decode or are processed
	within float64 // from getting a place to the end, seconds
}

// pace returns the time of a step of d decodes with n prompt tokens in pieces
// of about the given size.
func (m *model) pace(d, n, piece float64) float64 {
	s := &m.step
	*s = Step{Decodes: d, Cache: d * m.m.context}
	if n > 0 {
		piece = min(piece, m.m.work)
		s.Prompt = n
		s.PromptSeqs = max(1, n/piece)
		// Pieces of one prompt see on average half of what it leaves to others.
		s.PromptCache = s.PromptSeqs * (m.m.hit + (m.m.work-piece)/2)
		s.PromptPairs = n * m.m.pairs
	}
	return m.p.Seconds(s)
}

// at returns the flow with n sequences in the engine.
func (m *model) at(n float64) flow {
	if m.again > 0 && n >= m.slots {
		return m.turns(n)
	}
	// With fewer running than the pool holds nothing is preempted.
	return m.once(n)
}

// turns is the flow when requests are preempted: every turn between two
// preemptions is like a shorter request, whose prompt holds what was answered.
func (m *model) turns(n float64) flow {
	saved, k := m.m, 1+m.again
	if m.s.Policy == PrefillFirst {
		// Whenever some end, what is admitted in their place is processed at once.
		m.m.work += m.redo
		total, mean := m.prefill(m.group)
		if !m.random {
			// All that start together wait for each other's prompts.
			_, mean = m.prefill(n)
		}
		m.m = saved
		f := flow{active: n, held: n, decode: m.pace(n, 0, 0), ttft: mean, mixed: total}
		rounds := m.m.rounds / n
		f.rate = 1 / (rounds*f.decode + total/m.group)
		f.period = 1 / (rounds * f.rate)
		f.within = n / f.rate
		f.share = 1 / (1 + rounds*m.group)
		f.steps = f.period * (1 - f.share)
		f.tpot = f.period * m.m.perToken
		return f
	}
	m.m.rounds /= k
	m.m.work = (m.m.work + m.redo) / k
	f := m.once(n)
	m.m = saved
	f.rate /= k
	f.within *= k
	f.tpot = f.period * m.m.perToken
	return f
}

// once is the flow without preemption.
func (m *model) once(n float64) flow {
	switch {
	case m.load.ready && m.m.work <= 1 && m.s.Policy != Static:
		return m.decodes(n)
	case m.s.Policy == Static:
		return m.static(n)
	case m.m.rounds == 0:
		return m.prompts(n)
	case m.s.Policy == PrefillFirst || !m.s.Chunked && m.m.work > m.room:
		return m.prefillFirst(n)
	}
	return m.mixed(n)
}

// finish fills in what follows from the rest: by Little's law n sequences at
// `rate` per second stay n/rate seconds.
func (m *model) finish(f *flow, n float64) {
	f.within = n / f.rate
	f.ttft = min(f.ttft, f.within)
	f.tpot = (f.within - f.ttft) * m.m.perToken / max(m.m.rounds, 1e-300)
}

// prefill returns the time of processing k prompts in steps of their own, and
// the time until the mean of them has its first token.
func (m *model) prefill(k float64) (total, mean float64) {
	q := m.m.work
	if m.load.ready && q <= 1 {
		return 0, 0
	}
	perStep := m.room
	if !m.s.Chunked {
		perStep = max(1, math.Floor(m.room/q)) * q
		if m.packed > 0 {
			perStep = m.packed * q
		}
	}
	work := k * q
	var full, rest, t, u float64
	if !m.m.fixed {
		// The number of steps is whole, so half a step more in the mean than the
		// tokens need, where they need more than one; whole prompts are counted
		// by how they pack.
		steps := max(1, work/perStep)
		if m.s.Chunked {
			steps = max(1, work/perStep+0.5)
		}
		total = steps * m.pace(0, work/steps, work/steps)
		return total, total * (steps + 1) / (2 * steps)
	}
	full = math.Floor(work/perStep + 1e-9)
	rest = work - full*perStep
	if full > 0 {
		t = m.pace(0, perStep, perStep)
	}
	if rest > 1e-6*q {
		u = m.pace(0, rest, perStep)
	}
	total = full*t + u
	// First tokens come at the ends of steps, in proportion to their tokens.
	if total > 0 && work > 0 {
		mean = (full*perStep*(full+1)/2*t + rest*total) / work
	}
	if q > perStep {
		// A prompt of several steps has its token at its own last step.
		mean = total * (k + 1) / (2 * k)
	}
	return total, mean
}

// prefillFirst is the flow of a scheduler that lets prompts interrupt decodes.
func (m *model) prefillFirst(n float64) flow {
	r := m.m.rounds
	f := flow{active: n, held: n}
	f.decode = m.pace(n, 0, 0)
	if !m.random {
		// Equal requests are processed together before any of them decodes, so
		// they stay together: n prompts, then R steps.
		total, mean := m.prefill(n)
		cycle := total + r*f.decode
		f.ttft, f.rate = mean, n/cycle
		steps := math.Ceil(n * m.m.work / m.room)
		f.share, f.steps = steps/(steps+r), cycle/(steps+r)
		f.mixed, f.period = total/steps, cycle/r
		m.finish(&f, n)
		return f
	}
	f = m.replaced(n, f)
	if m.rate > 0 {
		// Prompts come as others end, or at the rate: whichever is more.
		if g := m.interrupted(n, f); g.rate < f.rate {
			return g
		}
	}
	return f
}

// replaced is prefillFirst's flow when a prompt comes for each answer that ends.
func (m *model) replaced(n float64, f flow) flow {
	r := m.m.rounds
	// n/R answers end between two decode steps, and the prompts that take their
	// places are processed together.
	a := n / r
	p := some(a, n)
	// That number is taken at two points, as in pieces.
	k := a / p
	spread := min(math.Sqrt(max(0, k*(1+a-a/max(n, 1))-k*k)), max(0, k-1))
	total, mean := m.prefill(k - spread)
	if spread > 0.02*k {
		// Most prompts come where many do.
		more, later := m.prefill(k + spread)
		mean = (mean*(k-spread) + later*(k+spread)) / (2 * k)
		total = (total + more) / 2
	}
	f.mixed = total
	f.period = f.decode + p*total
	f.rate = a / f.period
	f.ttft = mean
	f.share, f.steps = p/(1+p), f.period/(1+p)
	m.finish(&f, n)
	return f
}

// interrupted is prefillFirst's flow when prompts come at a rate, also while
// others are processed: each step of prompts is followed by another with the
// probability that some came meanwhile, before anything decodes.
func (m *model) interrupted(n float64, f flow) flow {
	k, total, mean, turns := 1.0, 0.0, 0.0, 0.0
	for range 3 {
		total, mean = m.prefill(k)
		turns = -math.Expm1(-m.rate*f.decode) / max(math.Exp(-m.rate*total), 1e-3)
		k = max(1, m.rate*(f.decode+turns*total)/turns)
	}
	f.mixed = total
	f.period = f.decode + turns*total
	f.rate = n / (m.m.rounds*f.period + total)
	f.ttft = mean
	f.share, f.steps = turns/(1+turns), f.period/(1+turns)
	m.finish(&f, n)
	return f
}

// decodes is the flow when prompts arrive processed.
func (m *model) decodes(n float64) flow {
	f := flow{active: n, held: n, decode: m.pace(n, 0, 0)}
	f.steps, f.period = f.decode, f.decode
	// Answers of one token are out already, and cost nothing here.
	f.rate = n / max(m.m.rounds*f.decode, 1e-9)
	m.finish(&f, n)
	return f
}

// prompts is the flow of answers of one token: only prompts are processed.
func (m *model) prompts(n float64) flow {
	perStep := m.capacity(0)
	if m.m.work > m.room && !m.s.Chunked {
		perStep = m.m.work
	}
	if n*m.m.work < perStep {
		perStep = n * m.m.work
	}
	t := m.pace(0, perStep, perStep)
	f := flow{held: n, share: 1, mixed: t, decode: t, steps: t, period: t, rate: perStep / m.m.work / t}
	f.within = n / f.rate
	f.ttft = f.within
	return f
}
