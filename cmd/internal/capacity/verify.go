package capacity

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/estimator"
)

// seen is what a simulation saw of a deployment.
type seen struct {
	load *estimator.UnderLoad
	// fails says what it misses at the end it was verified at; "" nothing.
	fails string
}

// seenKey is a deployment under a load, slowed down.
type seenKey struct {
	o              *offer
	each, slowdown float64
}

// slowdown is how much a deployment is slowed by those it shares devices with.
func (u *used) slowdown() float64 {
	if u.option.slice == nil {
		return 1
	}
	return u.option.slice.Slowdown
}

// verify simulates every deployment of an answer that was not yet, and cuts what
// the offers carry where objectives on percentiles or requirements are missed.
// It returns how many were cut.
func (p *planner) verify(a *answer, known map[seenKey]*seen) (cuts int, err error) {
	var todo []used
	for _, u := range a.parts() {
		at := seenKey{u.option.o, u.each, u.slowdown()}
		if known[at] == nil {
			known[at] = &seen{}
			todo = append(todo, u)
		}
	}
	cut := make([]bool, len(todo))
	err = p.each(len(todo), func(i int, _ *estimator.Cache) error {
		u := &todo[i]
		s := known[seenKey{u.option.o, u.each, u.slowdown()}]
		return p.simulate(u, a.end, a.utilisation, s, &cut[i])
	})
	for _, c := range cut {
		if c {
			cuts++
		}
	}
	return cuts, err
}

// simulate plays a deployment's load, and where it misses objectives cuts what the
// offer carries. Percentiles, of which the closed form knows nothing, are to be
// met by the load that it is loaded to a share of.
func (p *planner) simulate(u *used, end estimator.End, utilisation float64, s *seen, cut *bool) (err error) {
	o, w := u.option.o, u.w
	if len(w.objectives) > 0 {
		full, share := u.each, utilisation
		if w.percentile {
			full, share = math.Max(math.Min(u.each/utilisation, o.carries(end)), u.each), 1
			if w.users() {
				full = math.Max(math.Floor(full), u.each)
			}
		}
		ok, err := o.replica.Meets(&w.load, full, u.slowdown(), w.objectives, end)
		if err != nil {
			return err
		}
		if !ok {
			most, err := o.replica.MostSimulated(&w.load, full, u.slowdown(), w.objectives, end)
			if err != nil {
				return err
			}
			s.fails, *cut = "objectives in the simulation", true
			o.cutTo(end, most/share, s.fails)
			return nil
		}
	}
	if s.load, err = o.replica.Simulate(&w.load, u.each, u.slowdown(), w.objectives); err != nil {
		return err
	}
	if len(w.gates) == 0 {
		return nil
	}
	text, err := p.gatesFail(o, u.each, end, s.load)
	if err != nil || text == "" {
		return err
	}
	s.fails = "requirement " + text
	*cut = true
	lo, hi := 0.0, u.each
	for range gateSteps {
		mid := (lo + hi) / 2
		if w.users() {
			if mid = math.Floor(mid); mid <= lo {
				break
			}
		}
		load, err := o.replica.Simulate(&w.load, mid, u.slowdown(), w.objectives)
		if err != nil {
			return err
		}
		failed, err := p.gatesFail(o, mid, end, load)
		if err != nil {
			return err
		}
		if failed == "" {
			lo = mid
		} else {
			hi = mid
		}
	}
	o.cutTo(end, lo/utilisation, s.fails)
	return nil
}

// cutTo lowers what an offer carries at an end, and at the slow one at most to
// what it does at the central one.
func (o *offer) cutTo(end estimator.End, most float64, why string) {
	if most < o.cut[end] {
		o.cut[end], o.why[end] = most, why
	}
	if o.cut[estimator.Slow] > o.cut[estimator.Central] {
		o.cut[estimator.Slow], o.why[estimator.Slow] = o.cut[estimator.Central], why
	}
}

// mostRounds bounds how often an assignment is verified and made again.
const mostRounds = 12

// settled is the last answer of the rounds of solving and verifying.
type settled struct {
	*answer
	rounds   int
	verified bool // nothing was cut in the last round
	seen     map[seenKey]*seen
}

// settle solves a question and verifies the answer until nothing is cut. Without
// an answer it is nil, and proven says whether there is none.
func (p *planner) settle(q question) (out *settled, proven bool, err error) {
	out = &settled{seen: map[seenKey]*seen{}}
	for out.rounds = 1; ; out.rounds++ {
		a, proven, err := p.solve(q)
		if err != nil || a == nil {
			return nil, proven, err
		}
		out.answer = a
		if !p.Simulate {
			return out, true, nil
		}
		cuts, err := p.verify(a, out.seen)
		if err != nil {
			return nil, false, fmt.Errorf("simulating: %w", err)
		}
		out.verified = cuts == 0
		if out.verified || out.rounds == mostRounds {
			return out, true, nil
		}
	}
}
