package serving

import (
	"math"
	"math/rand/v2"
)

// source hands out the requests of a load one by one. Times and lengths come
// from random streams of their own, drawn by index: two loads that differ only
// in rate have the same requests, closer together or further apart.
type source struct {
	load   *Load
	mode   mode
	times  *rand.Rand
	inputs *rand.Rand
	output *rand.Rand
	shape  float64 // of the gamma distribution between arrivals; 0 is exponential
	next   float64 // arrival of the next request, seconds; +Inf when none is left
	issued int
	limit  int // most requests to issue
}

// newSource starts the load's requests. Up to `extra` more than are measured
// keep the load up until the last of those ends.
func newSource(l *Load, extra int) *source {
	stream := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(l.Seed, n)) }
	s := &source{load: l, mode: l.mode(), times: stream(1), inputs: stream(2), output: stream(3)}
	n, w := l.counts()
	s.limit = n + w + extra
	switch s.mode {
	case modeRate:
		if b := l.burst(); b != 1 {
			s.shape = 1 / (b * b)
		}
		s.next = s.gap()
	case modeClosed:
		s.limit = max(s.limit, l.Concurrency)
	case modeOnce:
		s.limit = n + w
	case modeTrace:
		s.limit = len(l.Trace)
		s.next = l.Trace[0].At
	}
	return s
}

// gap draws the time to the next arrival in seconds.
func (s *source) gap() float64 {
	if s.shape == 0 {
		return s.times.ExpFloat64() / s.load.Rate
	}
	return gamma(s.times, s.shape) / (s.shape * s.load.Rate)
}

// gamma draws from the gamma distribution of the given shape and scale 1, by
// the rejection of Marsaglia and Tsang 2000, "A simple method for generating
// gamma variables"; below shape 1 by their power of a uniform number.
func gamma(r *rand.Rand, shape float64) float64 {
	boost := 1.0
	if shape < 1 {
		boost = math.Pow(1-r.Float64(), 1/shape)
		shape++
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if u := 1 - r.Float64(); math.Log(u) < x*x/2+d*(1-v+math.Log(v)) {
			return boost * d * v
		}
	}
}

// take draws the lengths of the next request and moves on to the one after.
func (s *source) take() (input, output int) {
	i := s.issued
	s.issued++
	if s.mode == modeTrace {
		a := s.load.Trace[i]
		s.next = math.Inf(1)
		if s.issued < s.limit {
			s.next = s.load.Trace[s.issued].At
		}
		return a.Input, a.Output
	}
	input = s.load.Input.Quantile(s.inputs.Float64())
	output = s.load.Output.Quantile(s.output.Float64())
	switch {
	case s.issued >= s.limit:
		s.next = math.Inf(1)
	case s.mode == modeRate:
		s.next += s.gap()
	case s.mode == modeClosed && s.issued >= s.load.Concurrency:
		// From now on a request comes when one ends.
		s.next = math.Inf(1)
	}
	return input, output
}

// ended lets a closed loop's user send the next request at time now.
func (s *source) ended(now float64) {
	if s.mode == modeClosed && s.issued < s.limit {
		s.next = now
	}
}

// stop ends the load.
func (s *source) stop() {
	s.limit = s.issued
	s.next = math.Inf(1)
}
