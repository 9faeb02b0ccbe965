package serving

import "math"

// turn decides what the engine does next, and does it.
func (e *engine) turn() error {
	e.step = Step{}
	preempted := false
	if e.sched.Policy == Mixed {
		preempted = e.makeRoom()
	}
	alone := false
	switch budget := int64(e.sched.MaxTokens); e.sched.Policy {
	case Mixed:
		budget -= int64(math.Ceil(float64(e.decoding) * e.perStep))
		alone = e.chunks(budget, !preempted)
	case PrefillFirst:
		e.chunks(budget, true)
	case Static:
		e.chunks(budget, e.running == e.prefill.size)
	}
	if e.step.PromptSeqs == 0 {
		if e.decoding == 0 {
			// What was admitted came with its prompt processed and ended at once.
			return nil
		}
		if e.sched.Policy != Mixed {
			e.makeRoom()
		}
		return e.decode()
	}
	decodes := 0
	if e.sched.Policy == Mixed && !alone {
		decodes = e.decoding
		e.step.Decodes = float64(decodes)
		e.step.Cache = float64(e.cached + int64(decodes))
	}
	t, err := e.seconds()
	if err != nil {
		return err
	}
	e.rec.pass(e, t, 1)
	e.now += t
	if decodes > 0 {
		e.advance(1)
	}
	return nil
}

// chunks fills the step with prompt tokens up to the budget: first what is
// partly processed, then, if it may, from the queue. It reports whether the
// step belongs to one prompt longer than a whole budget.
func (e *engine) chunks(budget int64, admit bool) (alone bool) {
	e.finishing = 0
	for i := 0; i < e.prefill.size && budget > 0; i++ {
		q := &e.seqs[e.prefill.at(i)]
		n := int64(q.left)
		if n > budget {
			if !e.sched.Chunked {
				if alone = n > int64(e.sched.MaxTokens) && i == 0; !alone {
					return false
				}
				budget = n
			} else {
				n = budget
			}
		}
		e.chunk(q, n)
		budget -= n
	}
	for admit && !alone && budget > 0 && e.waiting.size > 0 && e.fits() {
		q := &e.seqs[e.waiting.at(0)]
		n := int64(e.work(q))
		if n > budget && !e.sched.Chunked && e.sched.Policy != Static {
			if alone = n > int64(e.sched.MaxTokens) && e.step.PromptSeqs == 0; !alone {
				return false
			}
			budget = n
		}
		if !e.admit(e.waiting.popFront()) {
			continue
		}
		if n > budget {
			if !e.sched.Chunked {
				// A static batch is admitted as a whole and processed step by step.
				if e.step.PromptSeqs > 0 || n <= int64(e.sched.MaxTokens) {
					budget = 0
					break
				}
				budget = n
			}
			n = min(n, budget)
		}
		e.chunk(q, n)
		budget -= n
	}
	if e.sched.Policy == Static && admit {
		for e.waiting.size > 0 && e.fits() {
			e.admit(e.waiting.popFront())
		}
	}
	return alone
}

// work returns the prompt tokens that a waiting sequence has to process.
func (e *engine) work(q *seq) int32 {
	if e.load.ready {
		// Only what was preempted is processed here, and nothing of it is left.
		return q.prompt
	}
	return max(1, q.prompt-int32(e.hit*float64(q.input)))
}

// reserved returns the pages that admission takes for a waiting sequence.
func (e *engine) reserved(q *seq) int64 {
	rest := int64(math.Ceil(e.sched.Reserve * float64(q.output-q.done)))
	if e.sched.Reserve == 1 {
		// The last step may gain more than is left to answer.
		rest += int64(math.Ceil(e.perStep)) - 1
	}
	return blocks(int64(q.prompt)+rest, e.page)
}

// fits says whether the head of the queue may be admitted.
func (e *engine) fits() bool {
	return e.running < e.sched.MaxSeqs && e.used+e.reserved(&e.seqs[e.waiting.at(0)]) <= e.pool
}

// admit lets a sequence run. It reports whether its prompt is to be processed;
// if not, the sequence may have ended, and its place be another's.
func (e *engine) admit(id int32) bool {
	q := &e.seqs[id]
	q.charge = e.reserved(q)
	e.used += q.charge
	q.prev, q.next = e.tail, -1
	if e.tail >= 0 {
		e.seqs[e.tail].next = id
	} else {
		e.head = id
	}
	e.tail = id
	e.running++
	if q.queued < 0 {
		q.queued = e.now
	}
	if e.load.ready && q.done == 0 {
		q.first = q.arrive
		if q.done = 1; q.output == 1 {
			e.finish(id)
		} else {
			e.activate(id)
		}
		return false
	}
	q.left = e.work(q)
	q.before = q.prompt - q.left
	e.prefill.pushBack(id)
	return true
}

// chunk adds n prompt tokens of the sequence to the step.
func (e *engine) chunk(q *seq, n int64) {
	s, f, b := &e.step, float64(n), float64(q.before)
	s.Prompt += f
	s.PromptSeqs++
	s.PromptCache += b
	s.PromptPairs += f * (b + f/2)
	q.before += int32(n)
	q.left -= int32(n)
	if q.left == 0 {
		e.finishing++
	}
}

// need returns the pages that growing sequences take while the clock moves
// from now to the given reading.
func (e *engine) need(to int64) int64 {
	n := to - e.clock
	pages := n / e.page * e.growing
	for i := e.clock + n/e.page*e.page; i < to; i++ {
		pages += int64(e.crossing[i%e.page])
	}
	return pages
}

// makeRoom preempts until the next decode step's pages are free.
func (e *engine) makeRoom() (preempted bool) {
	// A sequence alone in the pool fits, as the load was checked.
	for e.decoding > 0 && e.running > 1 && e.used+e.need(e.after(1)) > e.pool {
		e.preempt()
		preempted = true
	}
	return preempted
}

// advance takes k decode steps: tokens, pages and the clock move on.
func (e *engine) advance(k int64) {
	to := e.after(k)
	e.used += e.need(to)
	e.cached += (to - e.clock) * int64(e.decoding)
	e.rounds += k
	e.clock = to
	e.rec.peak(e)
}

// decode takes as many decode steps in a row as nothing interrupts.
//
// The caches grow by the same tokens in every step, so the time of a step is
// close to linear over the run: it is asked at the first, the last and the
// middle step, and the run is halved until the middle lies on the line within
// 0.05% and the ends within 5% of each other. As a pacer rises with work, what
// is left of the error is well below 0.1%.
func (e *engine) decode() error {
	k := max(1, e.stepsTo(e.heap[0].key))
	if e.growing > 0 && e.sched.CacheTokens > 0 {
		for k > 1 && e.used+e.need(e.after(k)) > e.pool {
			// Pages rise nearly evenly, so aim at what is free; the last steps
			// before the pool is full go one by one.
			k = max(1, min(k-1, (e.pool-e.used)/e.growing*e.page/int64(math.Ceil(e.perStep))))
		}
	}
	first, err := e.at(0)
	if err != nil {
		return err
	}
	// An arrival cuts the run short only if it can be admitted at once.
	until := math.Inf(1)
	if e.waiting.size == 0 && e.sched.Policy != Static && e.running < e.sched.MaxSeqs {
		until = e.src.next
		if steps := (until - e.now) / first; steps < float64(k) {
			k = max(1, int64(math.Ceil(steps)))
		}
	}
	last := first
	for k > 1 {
		if last, err = e.at(k - 1); err != nil {
			return err
		}
		if k == 2 {
			break
		}
		mid, err := e.at((k - 1) / 2)
		if err != nil {
			return err
		}
		line := first + (last-first)*float64((k-1)/2)/float64(k-1)
		if math.Abs(mid-line) <= 0.0005*first && last-first <= 0.05*first {
			break
		}
		k = (k + 1) / 2
	}
	slope := 0.0
	if k > 1 {
		slope = (last - first) / float64(k-1)
	}
	took := func(j int64) float64 { return float64(j)*first + slope*float64(j)*float64(j-1)/2 }
	if e.now+took(k-1) >= until {
		// Steps only get longer, so the estimate by the last is too few.
		j := min(k-1, max(1, int64((until-e.now)/last)))
		for j < k && e.now+took(j) < until {
			j++
		}
		k = j
	}
	t := took(k)
	e.rec.pass(e, t, k)
	e.now += t
	e.advance(k)
	return nil
}

// at returns the seconds of the decode step that comes after j others.
func (e *engine) at(j int64) (float64, error) {
	n := int64(e.decoding)
	e.step.Decodes = float64(n)
	e.step.Cache = float64(e.cached + n*(e.after(j)-e.clock+1))
	return e.seconds()
}
