package serving

import (
	"fmt"
	"math"
)

// Arrival is one request of a trace.
type Arrival struct {
	// At is when the request arrives, in seconds.
	At float64
	// Input and Output are the tokens of its prompt and of its answer.
	Input, Output int
}

// Load is what users ask of the engine. Exactly one of Rate, Concurrency and
// Trace says when requests come.
type Load struct {
	// Rate is the mean arrivals in requests per second; +Inf means all
	// Requests at once, at time 0.
	Rate float64
	// Burst is the coefficient of variation of the times between arrivals,
	// which follow a gamma distribution; 0 and 1 are Poisson arrivals.
	Burst float64
	// Concurrency is the number of users of a closed loop: all start at 0, and
	// each sends the next request when the last one ended.
	Concurrency int
	// Trace lists the requests one by one, by rising time.
	Trace []Arrival
	// Input and Output are the lengths of prompts and answers in tokens; a
	// trace brings its own.
	Input, Output Lengths
	// PrefixHit is the share of prompt tokens found in the prefix cache, 0..1:
	// they cost no prefill work but count as cache. At least one token of a
	// prompt is always processed.
	PrefixHit float64
	// TokensPerStep is the mean tokens a sequence gains per decode step, ≥ 1
	// (see Speculate); 0 is 1.
	TokensPerStep float64
	// Requests is the number of requests measured. 0 chooses: ten rounds of a
	// closed loop's users and at least 500, rounded up to whole rounds; 2000
	// at a rate or at once; the whole trace.
	Requests int
	// Warmup is the number of requests at the start that are not measured. 0
	// chooses: four rounds of a closed loop's users, a fifth of Requests at a
	// rate, none at once or of a trace; -1 is none.
	Warmup int
	// Rounds is, of a benchmark's closed loop, how many requests each user sends
	// in all, the first of which come at once; 0 is a load that goes on. Neither
	// Steady nor Simulate knows of it: see estimator.TrafficOf.
	Rounds int
	// Seed starts the random numbers.
	Seed uint64

	// ready says that prompts arrive processed, with their first token out: the
	// decode side of a disaggregated deployment.
	ready bool
}

// Speculate returns the mean tokens gained per step with k drafted tokens that
// are each accepted with the given probability: (1−a^(k+1))/(1−a), equation 1
// of Leviathan et al. 2023, "Fast Inference from Transformers via Speculative
// Decoding". Arguments out of range are taken to its ends.
func Speculate(k int, acceptance float64) float64 {
	if k < 1 || !(acceptance > 0) {
		return 1
	}
	if acceptance >= 1 {
		return float64(k) + 1
	}
	// Close to 1 the quotient loses digits; expm1 keeps them.
	return math.Expm1(float64(k+1)*math.Log(acceptance)) / (acceptance - 1)
}

// mode is how requests come.
type mode uint8

const (
	modeRate mode = iota
	modeClosed
	modeOnce
	modeTrace
)

// mode tells how requests come; the load must be valid.
func (l *Load) mode() mode {
	switch {
	case len(l.Trace) > 0:
		return modeTrace
	case l.Concurrency > 0:
		return modeClosed
	case math.IsInf(l.Rate, 1):
		return modeOnce
	}
	return modeRate
}

// perStep returns the tokens gained per decode step.
func (l *Load) perStep() float64 {
	if l.TokensPerStep == 0 {
		return 1
	}
	return l.TokensPerStep
}

// burst returns the coefficient of variation of the times between arrivals.
func (l *Load) burst() float64 {
	if l.Burst == 0 {
		return 1
	}
	return l.Burst
}

// counts returns how many requests are measured and how many come before them.
func (l *Load) counts() (measured, warmup int) {
	measured, warmup = l.Requests, l.Warmup
	switch l.mode() {
	case modeClosed:
		c := l.Concurrency
		if measured == 0 {
			measured = (max(10*c, 500) + c - 1) / c * c
		}
		if warmup == 0 {
			warmup = 4 * c
		}
	case modeRate:
		if measured == 0 {
			measured = 2000
		}
		if warmup == 0 {
			warmup = measured / 5
		}
	case modeOnce:
		if measured == 0 {
			measured = 2000
		}
	case modeTrace:
		warmup = min(max(warmup, 0), len(l.Trace)-1)
		if measured == 0 || measured > len(l.Trace)-warmup {
			measured = len(l.Trace) - warmup
		}
	}
	return measured, max(warmup, 0)
}

// Validate reports the first field that makes no sense, in one line.
func (l *Load) Validate() error {
	ways := 0
	for _, given := range []bool{l.Rate != 0, l.Concurrency != 0, len(l.Trace) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return fmt.Errorf("load: %d of Rate, Concurrency and Trace are given; give exactly one", ways)
	case math.IsNaN(l.Rate) || l.Rate < 0 || l.Rate > 0 && l.Rate < 1e-9 || l.Rate > 1e9 && !math.IsInf(l.Rate, 1):
		return fmt.Errorf("load: Rate is %v; give 1e-9 to 1e9 requests per second, or +Inf for all at once", l.Rate)
	case l.Concurrency < 0 || l.Concurrency > maxSeqs:
		return fmt.Errorf("load: Concurrency is %d; give 1 to %d", l.Concurrency, maxSeqs)
	case !(l.Burst >= 0 && l.Burst <= 100) || l.Burst > 0 && l.Burst < 0.01:
		return fmt.Errorf("load: Burst is %v; give a coefficient of variation from 0.01 to 100", l.Burst)
	case !(l.PrefixHit >= 0 && l.PrefixHit <= 1):
		return fmt.Errorf("load: PrefixHit is %v; give a share from 0 to 1", l.PrefixHit)
	case l.TokensPerStep != 0 && !(l.TokensPerStep >= 1 && l.TokensPerStep <= 1024):
		return fmt.Errorf("load: TokensPerStep is %v; give 1 to 1024", l.TokensPerStep)
	case l.Requests < 0 || l.Requests > maxRequests:
		return fmt.Errorf("load: Requests is %d; give 1 to %d", l.Requests, maxRequests)
	case l.Warmup < -1 || l.Warmup > maxRequests:
		return fmt.Errorf("load: Warmup is %d; give 0 to %d, or -1 for none", l.Warmup, maxRequests)
	}
	if len(l.Trace) > 0 {
		return l.validateTrace()
	}
	if err := l.Input.Validate(); err != nil {
		return fmt.Errorf("load: input %w", err)
	}
	if err := l.Output.Validate(); err != nil {
		return fmt.Errorf("load: output %w", err)
	}
	n, w := l.counts()
	if total := float64(n+w) * (l.Input.Mean() + l.Output.Mean()); total > maxTotal {
		return fmt.Errorf("load: %d requests are %.3g tokens; keep below %.0e", n+w, total, maxTotal)
	}
	return nil
}

// validateTrace reports the first request of the trace that makes no sense.
func (l *Load) validateTrace() error {
	if len(l.Trace) > maxRequests {
		return fmt.Errorf("load: the trace has %d requests; give at most %d", len(l.Trace), maxRequests)
	}
	last, total := 0.0, 0.0
	for i, a := range l.Trace {
		switch {
		case !(a.At >= 0 && a.At <= 1e12):
			return fmt.Errorf("load: request %d of the trace arrives at %v s; give 0 to 1e12", i+1, a.At)
		case a.At < last:
			return fmt.Errorf("load: request %d of the trace arrives before the one above it; sort the trace by time", i+1)
		case a.Input < 1 || a.Input > maxLength || a.Output < 1 || a.Output > maxLength:
			return fmt.Errorf("load: request %d of the trace has %d prompt and %d answer tokens; give 1 to %d", i+1, a.Input, a.Output, maxLength)
		}
		last = a.At
		total += float64(a.Input) + float64(a.Output)
	}
	if total > maxTotal {
		return fmt.Errorf("load: the trace holds %.3g tokens; keep below %.0e", total, maxTotal)
	}
	return nil
}

// check validates the load and that the scheduler's pool can hold it.
func (l *Load) check(s *Scheduler) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if err := l.Validate(); err != nil {
		return err
	}
	if len(l.Trace) == 0 {
		return s.checkFit(l.Input.max(), l.Output.max(), l.perStep())
	}
	for _, a := range l.Trace {
		if err := s.checkFit(a.Input, a.Output, l.perStep()); err != nil {
			return err
		}
	}
	return nil
}
