package serving

import (
	"errors"
	"fmt"
	"math"
)

// Form is the closed form of Steady for many rates of one load: what neither the
// rate nor the pacer's times change is worked out once. It is safe for
// concurrent use as far as its pacer is.
type Form struct {
	m    *model
	load Load
}

// NewForm prepares the closed form of requests like the load's, whatever its way
// of coming says: they come at a rate. Errors are those of Steady.
func NewForm(s *Scheduler, l *Load, p Pacer) (*Form, error) {
	if l == nil {
		return nil, errors.New("form: the load must be given; it is nil")
	}
	f := &Form{load: *l}
	f.load.Rate, f.load.Concurrency, f.load.Trace = 1, 0, nil
	var err error
	f.m, err = newModel(s, &f.load, p)
	return f, err
}

// Steady is the steady state at a rate in requests per second.
func (f *Form) Steady(rate float64) (*SteadyState, error) {
	if !(rate >= 1e-9 && rate <= 1e9) {
		return nil, fmt.Errorf("form: the rate is %v; give 1e-9 to 1e9 requests per second", rate)
	}
	m, load := *f.m, f.load
	load.Rate, m.load, m.rate = rate, &load, 0
	return m.open(rate, load.burst())
}

// Saturated is the throughput in requests per second when requests always wait,
// and what limits the sequences that run then.
func (f *Form) Saturated() (rate float64, bound string, err error) {
	m := *f.m
	m.rate = 0
	full := m.at(m.slots)
	if err := m.sane(&full); err != nil {
		return 0, "", err
	}
	return math.Min(full.rate, 1e9), m.bound, nil
}
