package serving

import (
	"errors"
	"math"
)

// Point is one moment of a simulation.
type Point struct {
	// At is the time in seconds.
	At float64
	// Running and Waiting are the sequences in the engine and in its queue.
	Running, Waiting int
	// Occupancy is the share of the KV pool in use; 0 if it has no bound.
	Occupancy float64
}

// Report is what a simulation saw. Latencies are of the measured requests;
// rates and means over time are of the window from the end of the last request
// of the warm-up to the end of as many requests as are measured.
type Report struct {
	// TTFT is from arrival to first token, TPOT (end − first token) ÷
	// (output − 1), EndToEnd from arrival to last token, Queue from arrival to
	// when the request is first scheduled; all in seconds.
	TTFT, TPOT, EndToEnd, Queue Quantiles

	// RequestsPerSecond is what ends in the window over its length. In a closed
	// loop, where requests may end in clumps, it is half of the measured
	// requests over the mean time in which as many in a row end.
	RequestsPerSecond     float64
	InputTokensPerSecond  float64
	OutputTokensPerSecond float64

	// MeanRunning and MeanWaiting are sequences, averaged over time.
	MeanRunning, MeanWaiting float64
	// MeanStep is the mean time of a step in seconds.
	MeanStep float64
	// Busy is the share of time in which the engine works.
	Busy float64
	// Window is the length of the measured window in seconds.
	Window float64

	// Steps and Preemptions count over the whole simulation.
	Steps       int64
	Preemptions int

	// PeakOccupancy and MeanOccupancy are shares of the KV pool; 0 if it has no
	// bound. PeakCache and MeanCache are the same in tokens of whole pages.
	PeakOccupancy, MeanOccupancy float64
	PeakCache, MeanCache         float64

	Timeline []Point

	// Stable says that the load was carried: that over the window the queue
	// grew by no more than 2% of the requests that ended in it and three times
	// the square root of their number (times Burst), and that the rate is
	// below 1.05 of the closed form's capacity. A closed loop and requests all
	// at once are always carried.
	Stable bool
	// Capacity is the closed form's saturated throughput in requests per
	// second, for a load at a rate; else 0.
	Capacity float64

	// Requests is the number that were simulated, warm-up and what kept the
	// load up at the end included; InputTokens and OutputTokens are what they
	// brought and got, AskedTokens the answers' tokens that were asked for.
	Requests                               int
	InputTokens, OutputTokens, AskedTokens int64
}

// Simulate plays the load against one replica of the engine. The result
// depends on nothing but the arguments.
func Simulate(s *Scheduler, l *Load, p Pacer) (*Report, error) {
	e, err := simulate(s, l, p)
	if err != nil {
		return nil, err
	}
	r := e.rec.report(e)
	if l.mode() == modeRate {
		if r.Capacity, err = Capacity(s, l, p); err != nil {
			return nil, err
		}
		r.Stable = r.Stable && l.Rate < 1.05*r.Capacity
	}
	return r, nil
}

// simulate checks the arguments and runs the engine.
func simulate(s *Scheduler, l *Load, p Pacer) (*engine, error) {
	if s == nil || l == nil || p == nil {
		return nil, errors.New("simulate: scheduler, load and pacer must be given; one of them is nil")
	}
	if err := l.check(s); err != nil {
		return nil, err
	}
	n, w := l.counts()
	// At a rate above capacity the tail could be endless; as many again is enough.
	e := newEngine(s, l, p, n+w+l.Concurrency)
	if err := e.run(); err != nil {
		return nil, err
	}
	return e, nil
}

// report sums the recorder up; it spoils the order of the samples.
func (r *recorder) report(e *engine) *Report {
	if !r.closed {
		r.to = r.mark(e)
	}
	out := &Report{
		TTFT: quantiles(r.ttft), TPOT: quantiles(r.tpot), EndToEnd: quantiles(r.total), Queue: quantiles(r.queue),
		Steps: r.steps, Preemptions: r.preemptions,
		Requests: r.arrivals, InputTokens: r.tokensIn, OutputTokens: r.tokensOut, AskedTokens: r.askedOut,
		PeakCache: float64(r.peakUsed * e.page),
		Timeline:  append([]Point(nil), r.points[:r.count]...),
		Stable:    true,
	}
	a, b := &r.from, &r.to
	t := b.at - a.at
	ended := float64(b.completed - a.completed)
	if t > 0 {
		out.Window = t
		out.RequestsPerSecond = ended / t
		if p := r.pace(); p > 0 && e.src.mode == modeClosed {
			out.RequestsPerSecond = p
			t = ended / p
		}
		out.OutputTokensPerSecond = float64(b.out-a.out) / t
		out.InputTokensPerSecond = float64(b.in-a.in) / t
		t = out.Window
		out.MeanRunning = (b.running - a.running) / t
		out.MeanWaiting = (b.waiting - a.waiting) / t
		out.MeanCache = (b.used - a.used) / t * float64(e.page)
		out.Busy = min(1, (b.busy-a.busy)/t)
	}
	if n := b.steps - a.steps; n > 0 {
		out.MeanStep = (b.busy - a.busy) / float64(n)
	}
	if e.sched.CacheTokens > 0 {
		pool := float64(e.pool * e.page)
		out.MeanOccupancy, out.PeakOccupancy = min(1, out.MeanCache/pool), out.PeakCache/pool
	}
	if m := e.src.mode; m == modeRate || m == modeTrace {
		noise := 3 * math.Sqrt(ended)
		if m == modeRate {
			noise *= max(1, e.load.burst())
		}
		out.Stable = float64(b.queued-a.queued) <= 0.02*ended+noise
	}
	return out
}
