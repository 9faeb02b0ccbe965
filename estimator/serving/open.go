package serving

import "math"

// open is the steady state at a rate of arrivals per second whose times apart
// have the given coefficient of variation.
func (m *model) open(rate, burst float64) (*SteadyState, error) {
	full := m.at(m.slots)
	if err := m.sane(&full); err != nil {
		return nil, err
	}
	if rate >= full.rate {
		st := m.state(&full, m.slots)
		inf := math.Inf(1)
		st.Capacity, st.Utilisation = full.rate, rate/full.rate
		st.Unstable, st.Bound = true, m.bound
		st.TTFT, st.EndToEnd, st.Queue, st.Waiting = inf, inf, inf, inf
		return st, nil
	}
	if m.s.Policy == Static {
		return m.batches(rate, &full)
	}
	m.rate = rate
	c := m.crowd(rate, &full)
	// A request meets the mean number and is one more itself.
	seen := max(1, min(c.running+1, m.slots))
	f := m.at(seen)
	if err := m.sane(&f); err != nil {
		return nil, err
	}
	m.first(&f, rate)
	f.rate = rate
	f.within = c.running / rate
	if m.m.rounds == 0 {
		// Prompts alone are served like M/G/1 customers: the wait of a
		// birth–death process, scaled to how steps vary, holds the rest of the
		// step met.
		own := m.at(1).within
		f.within = own + max(0, f.within-own)*(1+m.m.workVar)/2
		f.ttft = f.within
	}
	if m.s.Policy == Mixed {
		// Each token after the first takes a step: near capacity no more is left
		// to wait for the first in.
		near := min(1, max(0, 10*rate/full.rate-9))
		f.ttft = min(f.ttft, max(f.mixed, f.within-m.m.rounds*(f.decode+near*(f.steps-f.decode))))
	}
	f.ttft = min(f.ttft, f.within)
	f.active *= c.running / seen
	m.finish(&f, c.running)
	st := m.state(&f, c.running)
	st.Capacity, st.Utilisation = full.rate, rate/full.rate
	st.Preemptions = m.again * c.full
	// Places: the queue of a birth–death process is M/M/c's; other arrivals and
	// other services scale it by the mean of their squared variations (Allen and
	// Cunneen's approximation).
	st.Queue = c.queued / rate * (burst*burst + m.m.lifeVar) / 2
	st.Waiting = rate * st.Queue
	// The rest of the step that an arrival meets.
	busy := 1 - c.empty
	if m.m.rounds == 0 {
		busy = 0
	}
	rest := busy * (f.share*f.mixed*f.mixed + (1-f.share)*f.decode*f.decode) / (2 * f.steps)
	st.Queue += rest
	st.TTFT += st.Queue
	st.EndToEnd += st.Queue
	return st, nil
}

// crowd is how many are in the engine and in its queue at a rate.
type crowd struct {
	running, queued float64 // mean sequences
	empty           float64 // probability that there is none
	full            float64 // probability that all places are taken
}

// crowd solves the engine as a birth–death process: requests come at the rate,
// and with n running they end at the closed form's rate for n. As sequences
// share the engine, the distribution of n does not depend on how lengths are
// spread, only on their means (the insensitivity of processor sharing); beyond
// all places it falls like that of a single server.
func (m *model) crowd(rate float64, full *flow) crowd {
	// The time that a request spends with n running, at powers of two.
	const most = 24
	var at, time [most]float64
	k := 0
	for n := 1.0; n < m.slots && k < most-1; n *= 2 {
		f := m.at(n)
		at[k], time[k] = n, f.within
		k++
	}
	at[k], time[k] = m.slots, full.within
	ends := func(n float64) float64 {
		i := min(max(0, int(math.Log2(n))), k)
		if i < k && n >= at[i+1] {
			i++
		}
		if i == k {
			return n / time[k]
		}
		w := (n - at[i]) / (at[i+1] - at[i])
		return n / (time[i] + w*(time[i+1]-time[i]))
	}
	// Begin where the process is drawn to, and go both ways.
	lo, hi := 0.0, math.Ceil(m.slots)
	for hi-lo > 1 {
		if n := math.Floor((lo + hi) / 2); ends(min(n, m.slots)) > rate {
			hi = n
		} else {
			lo = n
		}
	}
	last := math.Ceil(m.slots)
	mode := hi
	var sum, mean, top, empty float64
	const tiny = 1e-10
	for n, p := mode, 1.0; n <= last && p > tiny; n++ {
		sum += p
		mean += p * min(n, m.slots)
		if n == last {
			top = p
		}
		p *= rate / ends(min(n+1, m.slots))
	}
	for n, p := mode, 1.0; n > 0 && p > tiny; n-- {
		p *= ends(min(n, m.slots)) / rate
		sum += p
		mean += p * (n - 1)
		if n == 1 {
			empty = p
		}
	}
	// Beyond all places.
	rho := rate / full.rate
	tail := top * rho / (1 - rho)
	queued := tail / (1 - rho)
	sum += tail
	mean += tail * m.slots
	return crowd{running: mean / sum, queued: queued / sum, empty: empty / sum, full: (top + tail) / sum}
}

// first sets the time from getting a place to the first token at a rate: the
// steps of the prompt, and those of the prompts before it.
func (m *model) first(f *flow, rate float64) {
	if m.load.ready && m.m.work <= 1 {
		return
	}
	own := f.mixed
	var busy float64
	if m.s.Policy == Mixed && (m.s.Chunked || m.m.work <= m.room) {
		each := f.share * f.mixed / (f.rate * f.steps)
		own = max(own, each)
		busy = min(0.999, rate*each)
	} else {
		own, _ = m.prefill(1)
		busy = min(0.999, rate*own)
	}
	// Prompts wait for each other like customers of an M/G/1 queue where each
	// needs whole steps; small ones go together.
	alike := min(1, m.m.work/m.room)
	f.ttft = own + alike*busy/(1-busy)*own*(1+m.m.workVar)/2
}

// batches is the steady state of a static scheduler at a rate below capacity.
func (m *model) batches(rate float64, full *flow) (*SteadyState, error) {
	lo, hi := 1.0, m.slots
	for range 8 {
		n := math.Sqrt(lo * hi)
		// A batch holds what came while the last one ran.
		if f := m.at(n); rate > f.rate {
			lo = n
		} else {
			hi = n
		}
	}
	f := m.at(hi)
	if err := m.sane(&f); err != nil {
		return nil, err
	}
	length := hi / f.rate
	busy := min(1, rate/f.rate)
	f.rate = rate
	n := min(rate*f.within, m.slots)
	st := m.state(&f, n)
	st.Capacity, st.Utilisation = full.rate, rate/full.rate
	// Half of the batch that an arrival meets, longer than others in the mean,
	// and what does not fit into the next one.
	u := rate / full.rate
	st.Queue = busy*length/2*(1+m.m.lifeVar/4) + u*u/(2*(1-u))/full.rate
	st.Waiting = rate * st.Queue
	st.TTFT += st.Queue
	st.EndToEnd += st.Queue
	return st, nil
}
