package serving

import (
	"errors"
	"fmt"
	"math"
)

// seq is one request inside the engine.
type seq struct {
	arrive float64 // seconds
	queued float64 // when it was first scheduled, seconds; negative before
	first  float64 // when its first token came, seconds; negative before
	index  int     // place in the order of arrival

	input, output int32
	done          int32 // answer tokens when its decoding began, or when it was preempted
	prompt        int32 // tokens in its cache when its decoding begins
	before, left  int32 // prompt tokens in the cache, and still to process

	start      int64 // token clock when its decoding began
	charge     int64 // pages it holds, as long as it is not growing
	growing    bool  // its pages follow its tokens
	decoding   bool
	slot       int32 // place in the heap
	prev, next int32 // running sequences by admission
}

// engine is the state of a simulation.
//
// All decoding sequences gain tokens at the same pace, so one clock that counts
// tokens tells how far each of them is: what happens to a sequence is known by
// a reading of that clock, kept in a heap, and a step costs the same however
// many sequences run. Pages work the same way: a sequence crosses into a new
// page whenever the clock has one remainder by the page size, so counting
// sequences by that remainder gives the pages that a step needs.
type engine struct {
	sched Scheduler
	load  *Load
	pacer Pacer
	src   *source
	rec   *recorder

	page, pool, used int64 // tokens, pages, pages
	perStep          float64
	hit              float64

	now    float64 // seconds
	clock  int64   // tokens per sequence since the start
	rounds int64   // decode steps since the start

	seqs       []seq
	idle       []int32 // places of seqs that are free
	waiting    ring
	prefill    ring // running, prompt not yet processed
	head, tail int32
	running    int
	heap       []entry

	decoding int
	cached   int64   // tokens in the caches of decoding sequences
	crossing []int32 // growing sequences by the clock's remainder at which they cross
	growing  int64

	completed int
	step      Step
	finishing int // sequences at the front of prefill whose prompt ends in this step
	turns     int
}

var errTurns = errors.New("simulate: the load takes more than 3e8 decisions; ask for fewer requests or shorter answers")

// newEngine readies a simulation; scheduler and load are valid.
func newEngine(s *Scheduler, l *Load, p Pacer, extra int) *engine {
	e := &engine{sched: *s, load: l, pacer: p, src: newSource(l, extra), head: -1, tail: -1}
	e.page = s.block()
	e.pool = math.MaxInt64 / 4
	if s.CacheTokens > 0 {
		e.pool = s.CacheTokens / e.page
	}
	e.sched.Reserve = s.reserve()
	e.perStep, e.hit = l.perStep(), l.PrefixHit
	e.crossing = make([]int32, e.page)
	n, w := l.counts()
	e.rec = newRecorder(n, w)
	return e
}

// run simulates until every request that was issued has ended.
func (e *engine) run() error {
	for {
		e.pull()
		if e.running == 0 && e.waiting.size == 0 {
			if math.IsInf(e.src.next, 1) {
				return nil
			}
			e.rec.pass(e, e.src.next-e.now, 0)
			e.now = e.src.next
			continue
		}
		if e.turns++; e.turns > maxTurns {
			return errTurns
		}
		if err := e.turn(); err != nil {
			return err
		}
		e.settle()
		e.rec.settled(e)
	}
}

// pull moves arrivals up to now into the queue.
func (e *engine) pull() {
	for e.src.next <= e.now {
		at := e.src.next
		input, output := e.src.take()
		var id int32
		if n := len(e.idle); n > 0 {
			id = e.idle[n-1]
			e.idle = e.idle[:n-1]
		} else {
			id = int32(len(e.seqs))
			e.seqs = append(e.seqs, seq{})
		}
		e.seqs[id] = seq{arrive: at, queued: -1, first: -1, index: e.src.issued - 1, input: int32(input), output: int32(output), prompt: int32(input)}
		e.waiting.pushBack(id)
		e.rec.arrived(e, at, input, output)
	}
}

// seconds asks the pacer for the time of the step.
func (e *engine) seconds() (float64, error) {
	t := e.pacer.Seconds(&e.step)
	if !(t > 0) || math.IsInf(t, 1) {
		return 0, fmt.Errorf("simulate: the pacer gives %v s for a step of %v decodes and %v prompt tokens; it must be positive and finite", t, e.step.Decodes, e.step.Prompt)
	}
	return t, nil
}

// tokens returns what a decoding sequence has in its cache.
func (e *engine) tokens(q *seq) int64 { return int64(q.prompt) + e.clock - q.start }

// after returns the clock's reading after k more decode steps.
func (e *engine) after(k int64) int64 {
	if e.perStep == 1 {
		return e.rounds + k
	}
	return int64(float64(e.rounds+k) * e.perStep)
}

// stepsTo returns the decode steps until the clock reads key.
func (e *engine) stepsTo(key int64) int64 {
	if e.perStep == 1 {
		return key - e.rounds
	}
	k := int64(math.Ceil(float64(key)/e.perStep)) - e.rounds
	for k > 1 && e.after(k-1) >= key {
		k--
	}
	for e.after(k) < key {
		k++
	}
	return k
}

// activate lets a sequence whose prompt is processed begin to decode; done
// counts the token that the last chunk gave.
func (e *engine) activate(id int32) {
	q := &e.seqs[id]
	q.start = e.clock
	q.decoding = true
	e.decoding++
	e.cached += int64(q.prompt)
	end := e.clock + int64(q.output-q.done)
	// It grows from its last reserved page on.
	if from := e.clock + (q.charge-1)*e.page + 1 - int64(q.prompt); from > e.clock && from < end {
		e.push(id, from)
		return
	} else if from <= e.clock {
		e.grow(q)
	}
	e.push(id, end)
}

// grow makes the sequence's pages follow its tokens.
func (e *engine) grow(q *seq) {
	q.growing = true
	held := blocks(e.tokens(q), e.page)
	e.used += held - q.charge
	e.crossing[e.remainder(q)]++
	e.growing++
}

// remainder returns the clock's remainder at which the sequence needs a page.
func (e *engine) remainder(q *seq) int64 {
	r := (q.start - int64(q.prompt)) % e.page
	if r < 0 {
		r += e.page
	}
	return r
}

// release takes a running sequence out of the engine's lists and pool.
func (e *engine) release(id int32) {
	q := &e.seqs[id]
	if q.decoding {
		e.decoding--
		e.cached -= e.tokens(q)
		if q.growing {
			e.used -= blocks(e.tokens(q), e.page)
			e.crossing[e.remainder(q)]--
			e.growing--
		} else {
			e.used -= q.charge
		}
	} else {
		e.used -= q.charge
	}
	if q.prev >= 0 {
		e.seqs[q.prev].next = q.next
	} else {
		e.head = q.next
	}
	if q.next >= 0 {
		e.seqs[q.next].prev = q.prev
	} else {
		e.tail = q.prev
	}
	e.running--
	q.decoding, q.growing = false, false
}

// settle ends what has reached its last token and starts what got its first.
func (e *engine) settle() {
	for len(e.heap) > 0 && e.heap[0].key <= e.clock {
		id := e.heap[0].id
		q := &e.seqs[id]
		e.remove(id)
		end := q.start + int64(q.output-q.done)
		if end > e.clock {
			e.grow(q)
			e.push(id, end)
			continue
		}
		e.finish(id)
	}
	for ; e.finishing > 0; e.finishing-- {
		id := e.prefill.popFront()
		q := &e.seqs[id]
		q.done++
		if q.first < 0 {
			q.first = e.now
		}
		if q.done >= q.output {
			e.finish(id)
		} else {
			e.activate(id)
		}
	}
}

// finish ends a request.
func (e *engine) finish(id int32) {
	e.release(id)
	e.completed++
	e.rec.ended(e, &e.seqs[id])
	e.idle = append(e.idle, id)
	// Requests end out of order: load is kept up until all measured ones ended.
	if e.rec.left == 0 && e.src.mode != modeTrace {
		e.src.stop()
	}
	e.src.ended(e.now)
	e.pull()
}

// preempt drops the sequence admitted last and puts it at the queue's front;
// it will be processed again, its answer so far included.
func (e *engine) preempt() {
	id := e.tail
	q := &e.seqs[id]
	if q.decoding {
		q.done += int32(e.clock - q.start)
		e.remove(id)
	} else if e.prefill.size > 0 {
		e.prefill.popBack()
	}
	e.release(id)
	q.prompt = q.input + q.done
	e.waiting.pushFront(id)
	e.rec.preemptions++
}
