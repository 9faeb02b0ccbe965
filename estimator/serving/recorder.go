package serving

import (
	"math"
	"slices"
)

// recorder gathers what a simulation reports.
type recorder struct {
	measured, warmup int
	left             int // measured requests that have not ended

	ends                     []float64 // when the measured requests ended, in that order, seconds
	ttft, tpot, total, queue []float64 // seconds by request; NaN where there is none

	preemptions int
	steps       int64
	busy        float64 // seconds of steps
	arrivals    int
	tokensIn    int64
	tokensOut   int64
	askedOut    int64
	endedIn     int64

	// Integrals over time.
	running, waiting, used float64
	peakUsed               int64

	from, to mark // the measured window
	opened   bool
	closed   bool

	points [maxPoints]Point
	count  int
	gap    float64
	due    float64
}

// mark is the state of the counters at one end of the window.
type mark struct {
	at, running, waiting, used, busy float64
	completed, queued                int
	in, out                          int64
	steps                            int64
}

const maxPoints = 200

func newRecorder(measured, warmup int) *recorder {
	r := &recorder{measured: measured, warmup: warmup, left: measured}
	r.ends = make([]float64, 0, measured)
	all := make([]float64, 4*measured)
	for i := range all {
		all[i] = math.NaN()
	}
	r.ttft, r.tpot = all[:measured:measured], all[measured:2*measured:2*measured]
	r.total, r.queue = all[2*measured:3*measured:3*measured], all[3*measured:]
	return r
}

// pass lets t seconds go by in which k steps are taken.
func (r *recorder) pass(e *engine, t float64, k int64) {
	if r.count == 0 || e.now >= r.due {
		r.point(e)
	}
	r.running += t * float64(e.running)
	r.waiting += t * float64(e.waiting.size)
	// Within a run of decode steps pages rise evenly.
	r.peak(e)
	used := float64(e.used)
	if k > 0 && e.step.Decodes > 0 && e.growing > 0 {
		used += float64(e.need(e.after(k))) / 2
	}
	r.used += t * used
	if k > 0 {
		r.steps += k
		r.busy += t
	}
}

// peak keeps the most pages that were in use.
func (r *recorder) peak(e *engine) { r.peakUsed = max(r.peakUsed, min(e.used, e.pool)) }

// arrived counts a request into the queue; it may have come within the step
// that just ended.
func (r *recorder) arrived(e *engine, at float64, input, output int) {
	if r.arrivals == 0 && r.warmup == 0 {
		r.open(e)
		r.from.at = at
	}
	r.arrivals++
	r.waiting += e.now - at
	r.tokensIn += int64(input)
	r.askedOut += int64(output)
}

// ended takes down a request's times.
func (r *recorder) ended(e *engine, q *seq) {
	r.tokensOut += int64(q.output)
	r.endedIn += int64(q.input)
	if e.completed > r.warmup && len(r.ends) < r.measured {
		r.ends = append(r.ends, e.now)
	}
	if i := q.index - r.warmup; i >= 0 && i < r.measured {
		r.left--
		r.ttft[i] = q.first - q.arrive
		r.total[i] = e.now - q.arrive
		r.queue[i] = q.queued - q.arrive
		if q.output > 1 {
			r.tpot[i] = (e.now - q.first) / float64(q.output-1)
		}
	}
}

// mark returns the counters as they stand.
func (r *recorder) mark(e *engine) mark {
	return mark{at: e.now, running: r.running, waiting: r.waiting, used: r.used, busy: r.busy, completed: e.completed, queued: e.waiting.size, in: r.endedIn, out: r.tokensOut, steps: r.steps}
}

// open begins the measured window.
func (r *recorder) open(e *engine) {
	r.from = r.mark(e)
	r.opened = true
}

// settled opens and closes the window, once everything that ended at the same
// moment is counted: a window from one such moment to another holds whole rounds.
func (r *recorder) settled(e *engine) {
	if !r.opened && e.completed >= r.warmup {
		r.open(e)
	}
	if !r.closed && e.completed >= r.warmup+r.measured {
		r.to = r.mark(e)
		r.closed = true
	}
}

// point adds to the timeline; when it is full every second point goes.
func (r *recorder) point(e *engine) {
	if r.count == maxPoints {
		for i := range maxPoints / 2 {
			r.points[i] = r.points[2*i]
		}
		r.count = maxPoints / 2
		r.gap = max(2*r.gap, (e.now-r.points[0].At)/maxPoints)
	}
	p := Point{At: e.now, Running: e.running, Waiting: e.waiting.size}
	if e.sched.CacheTokens > 0 {
		p.Occupancy = min(1, float64(e.used)/float64(e.pool))
	}
	r.points[r.count] = p
	r.count++
	r.due = e.now + r.gap
}

// pace returns the requests that end per second: half of those measured over
// the mean time that as many in a row take. Requests that end in groups would
// make the time between just two of them depend on where in a group they are.
func (r *recorder) pace() float64 {
	h := len(r.ends) / 2
	sum, n := 0.0, 0
	for i := h; i < len(r.ends); i++ {
		sum += r.ends[i] - r.ends[i-h]
		n++
	}
	if sum <= 0 {
		return 0
	}
	return float64(h) * float64(n) / sum
}

// Quantiles are the mean and percentiles of a time over requests, in seconds.
// A percentile is the smallest value that at least that share does not exceed.
type Quantiles struct {
	Mean, P50, P90, P95, P99 float64
	// Count is the number of requests that have the time.
	Count int
}

// At returns the percentile p (50, 90, 95 or 99), or the mean for 0.
func (q *Quantiles) At(p float64) float64 {
	switch p {
	case 50:
		return q.P50
	case 90:
		return q.P90
	case 95:
		return q.P95
	case 99:
		return q.P99
	}
	return q.Mean
}

// quantiles sorts the samples, without those that are NaN, and sums them up.
func quantiles(samples []float64) Quantiles {
	n := 0
	sum := 0.0
	for _, v := range samples {
		if !math.IsNaN(v) {
			samples[n] = v
			n++
			sum += v
		}
	}
	if n == 0 {
		return Quantiles{}
	}
	s := samples[:n]
	slices.Sort(s)
	rank := func(p float64) float64 { return s[min(n-1, max(0, int(math.Ceil(p*float64(n)))-1))] }
	return Quantiles{Mean: sum / float64(n), P50: rank(0.5), P90: rank(0.9), P95: rank(0.95), P99: rank(0.99), Count: n}
}
