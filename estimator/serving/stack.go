package serving

import "math"

// stack is the steady state, in decode steps and per request that ends, of a
// pool in which admission looks at prompts and growth preempts.
//
// First come, first served, with the last admitted preempted first, means that
// those who run are always the oldest that fit. Take the moment at which one
// ends: all younger ones move up a place, and the room that it leaves takes in
// what fits of the queue. Until the next one ends all that run grow, and the
// youngest are dropped one by one: the i-th when the i oldest alone fill the
// pool. What one has reached by then it keeps, as prompt of its next turn. The
// stack is that cycle, repeated until its means settle; no time is known or
// needed.
type stack struct {
	pool, most  float64 // tokens; sequences
	pace, aside float64 // tokens per step; share of an answer set aside
	apart       float64 // tokens between two first admissions; negative: spread evenly
	m           *model
	page        float64 // tokens lost in a sequence's last page
	drawn       int

	line [maxStack + 1]member

	// The means: sequences that run, preemptions and tokens processed again per
	// request, steps from the first admission to the end.
	running, again, redo, stay float64
	group                      float64 // requests that end together
}

// member is a place in the line of those who run or wait.
type member struct {
	in, grow, age float64 // tokens: of the prompt, of the answer in the end and now
	fall          float64 // tokens gained until it is dropped
	kept          bool    // it runs since the last cycle
	begun         bool    // it ran once
}

// maxStack bounds the sequences that a stack follows; with more in the pool one
// stands for several.
const maxStack = 64

// draw returns the next request. Lengths are the distribution's quantiles at
// multiples of irrational numbers, which fill it evenly without chance.
func (k *stack) draw() member {
	m := k.m
	if m.m.fixed || len(m.load.Trace) > 0 {
		return member{in: m.m.input + k.page, grow: max(m.m.rounds*m.tau, 1)}
	}
	k.drawn++
	_, u := math.Modf(float64(k.drawn) * 0.6180339887498949)
	_, v := math.Modf(float64(k.drawn) * 0.41421356237309515)
	return member{in: m.table.input[int(u*grid)] + k.page, grow: max(m.table.output[int(v*grid)]-1, 1)}
}

// run repeats the cycle and takes the means over the second half.
func (k *stack) run() {
	m := k.m
	in := m.m.input + k.page
	grow := m.m.rounds * m.tau
	fit := min(k.pool/(in+k.aside*grow), k.most)
	together := fit / maxStack
	if k.apart < 0 {
		// In the long run most of those that fit are long under way.
		together = min(k.most, k.pool/(in+grow/2)) * 1.3 / maxStack
	}
	together = max(1, together)
	k.pool /= together
	k.most = max(1, k.most/together)
	core := min(k.most, max(1, k.pool/(in+grow/2)))
	turns := maxStack + 64
	if k.apart < 0 {
		turns = int(2*core) + 32
	}
	k.apart *= together
	for i := range k.line {
		x := &k.line[i]
		*x = k.draw()
		if k.apart < 0 {
			x.age = max(0, x.grow*(1-(float64(i)+1)/core))
		} else {
			x.age = max(0, min(x.grow, k.apart*fit/together)-k.apart*float64(i))
		}
	}
	var time, ended, running, begun, cycles float64
	for turn := range turns {
		if turn == turns/2 {
			time, ended, running, begun, cycles, k.again, k.redo = 0, 0, 0, 0, 0, 0, 0
		}
		cycle, in := k.admit()
		time += cycle
		cycles++
		n := 0
		for i := range k.line {
			x := &k.line[i]
			if i < in {
				t := min(cycle, x.fall)
				running += t
				x.age += t
				if x.kept = t >= cycle; !x.kept {
					k.again++
				}
			}
			if x.begun {
				begun += cycle
			} else if i >= in {
				// From here on all wait for their first turn.
				n += copy(k.line[n:], k.line[i:])
				break
			}
			// Equal requests end together.
			if x.kept && x.age >= x.grow*(1-1e-9) {
				ended++
				k.redo -= x.in
				continue
			}
			if n < i {
				k.line[n] = *x
			}
			n++
		}
		for ; n < len(k.line); n++ {
			k.line[n] = k.draw()
		}
	}
	if time > 0 {
		k.running = running / time * together
	}
	ended = max(ended, 1)
	k.group = ended / cycles * together
	k.again /= ended
	k.redo = max(0, k.redo/ended)
	k.stay = begun / ended / k.pace
}

// admit lets those run that fit and finds how long each does, until the first
// of them ends. It returns that time, in tokens gained, and their number.
func (k *stack) admit() (cycle float64, n int) {
	cycle = math.Inf(1)
	sum := 0.0
	growing := 0.0
	for i := range min(maxStack, int(k.most+0.5)) {
		x := &k.line[i]
		held := x.in + max(x.age, k.aside*x.grow)
		if !x.kept && x.begun {
			// The token that came last was not yet in its cache.
			held++
		}
		if i > 0 && sum+held > k.pool {
			break
		}
		sum += held
		if !x.kept {
			k.redo += x.in + x.age
		}
		x.begun = true
		n++
		// One below what is set aside does not grow; one that passes it counts
		// for what it has left.
		rest := x.grow - x.age
		if free := k.aside*x.grow - x.age; free <= 0 {
			growing++
		} else if rest > 0 {
			growing += max(0, (rest-free)/rest)
		}
		x.fall = math.Inf(1)
		if i > 0 && growing > 0 {
			x.fall = max(0, (k.pool-sum)/growing)
		}
		if rest <= x.fall {
			cycle = min(cycle, rest)
		}
	}
	return max(cycle, 0), n
}

// preempting limits the model by a pool of so many tokens in which, at most,
// `most` sequences run.
func (m *model) preempting(pool, most float64) {
	k := stack{m: m, pool: pool, most: most, pace: m.tau, aside: m.s.Reserve, page: float64(m.s.block()-1) / 2, apart: -1}
	if !m.random {
		// Equal requests that start together stay together.
		k.apart = 0
		if m.s.Policy == Mixed {
			k.apart = m.m.work / m.room * m.tau
		}
	}
	k.run()
	m.slots, m.bound = max(1, k.running), "cache"
	m.again, m.redo = k.again, k.redo*m.m.work/m.m.input
	if m.load.ready {
		m.redo = k.redo
	}
	m.group = k.group
	m.stay = max(k.stay, m.m.rounds)
}
