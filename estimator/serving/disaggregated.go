package serving

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Disaggregated is a deployment that processes prompts on some replicas and
// answers on others; caches move from the former to the latter.
type Disaggregated struct {
	Prefill, Decode           Scheduler
	PrefillPacer, DecodePacer Pacer
	// PrefillReplicas and DecodeReplicas share the load evenly.
	PrefillReplicas, DecodeReplicas int
	// TransferSeconds tells how long the cache of so many tokens takes to move;
	// nil takes no time.
	TransferSeconds func(tokens float64) float64
}

// Validate reports what is missing, in one line.
func (d *Disaggregated) Validate() error {
	switch {
	case d.PrefillPacer == nil || d.DecodePacer == nil:
		return errors.New("disaggregated: PrefillPacer and DecodePacer must be given; one of them is nil")
	case d.PrefillReplicas < 1 || d.DecodeReplicas < 1 || d.PrefillReplicas > maxSeqs || d.DecodeReplicas > maxSeqs:
		return fmt.Errorf("disaggregated: %d prefill and %d decode replicas; give 1 to %d of each", d.PrefillReplicas, d.DecodeReplicas, maxSeqs)
	}
	return nil
}

// transfer returns the seconds that a cache of n tokens takes to move.
func (d *Disaggregated) transfer(n float64) (float64, error) {
	if d.TransferSeconds == nil {
		return 0, nil
	}
	t := d.TransferSeconds(n)
	if !(t >= 0) || math.IsInf(t, 1) {
		return 0, fmt.Errorf("disaggregated: TransferSeconds gives %v s for %v tokens; it must be finite and not negative", t, n)
	}
	return t, nil
}

// sides returns the loads of one prefill and of one decode replica.
func (d *Disaggregated) sides(l *Load) (prefill, decode Load) {
	prefill, decode = *l, *l
	prefill.Output, prefill.TokensPerStep = Fixed(1), 1
	decode.ready, decode.PrefixHit = true, 0
	if l.Rate > 0 {
		prefill.Rate = l.Rate / float64(d.PrefillReplicas)
		decode.Rate = l.Rate / float64(d.DecodeReplicas)
	}
	return prefill, decode
}

// rateOnly refuses loads that do not come at a rate.
func (d *Disaggregated) rateOnly(l *Load) error {
	if l == nil {
		return errors.New("disaggregated: the load must be given; it is nil")
	}
	if err := d.Validate(); err != nil {
		return err
	}
	if l.mode() != modeRate || !(l.Rate > 0) {
		return errors.New("disaggregated: the load must come at a finite Rate; a closed loop or a trace has none")
	}
	return nil
}

// Capacity returns the saturated throughput of both pools together, in requests
// per second: the lesser of the two.
func (d *Disaggregated) Capacity(l *Load) (float64, error) {
	if err := d.rateOnly(l); err != nil {
		return 0, err
	}
	prefill, decode := d.sides(l)
	a, err := Capacity(&d.Prefill, &prefill, d.PrefillPacer)
	if err != nil {
		return 0, err
	}
	b, err := Capacity(&d.Decode, &decode, d.DecodePacer)
	if err != nil {
		return 0, err
	}
	return min(a*float64(d.PrefillReplicas), b*float64(d.DecodeReplicas)), nil
}

// Steady returns the closed form for a load at a rate. The first token comes
// from the prefill pool: TTFT is its queue and its steps. The cache's transfer
// and the decode pool's queue lie between the first and the second token, and
// so in TPOT, which otherwise is that of decode steps alone. Of the rest,
// Running, Waiting and the steps are sums or those of one decode replica.
func (d *Disaggregated) Steady(l *Load) (*SteadyState, error) {
	if err := d.rateOnly(l); err != nil {
		return nil, err
	}
	prefill, decode := d.sides(l)
	p, err := Steady(&d.Prefill, &prefill, d.PrefillPacer)
	if err != nil {
		return nil, err
	}
	q, err := Steady(&d.Decode, &decode, d.DecodePacer)
	if err != nil {
		return nil, err
	}
	move, err := d.transfer(l.Input.Mean())
	if err != nil {
		return nil, err
	}
	pn, dn := float64(d.PrefillReplicas), float64(d.DecodeReplicas)
	st := *q
	st.Capacity = min(p.Capacity*pn, q.Capacity*dn)
	st.Utilisation = l.Rate / st.Capacity
	st.Unstable = p.Unstable || q.Unstable
	st.RequestsPerSecond = min(l.Rate, st.Capacity)
	st.InputTokensPerSecond = st.RequestsPerSecond * l.Input.Mean()
	st.OutputTokensPerSecond = st.RequestsPerSecond * l.Output.Mean()
	st.TTFT = p.TTFT
	st.Queue = p.Queue
	st.EndToEnd = p.EndToEnd + move + q.EndToEnd
	m := newMoments(l, new(quantileTable))
	st.TPOT = q.TPOT + (move+q.Queue)*m.inverse
	st.Running = p.Running*pn + q.Running*dn
	st.Waiting = p.Waiting*pn + q.Waiting*dn
	if p.Utilisation > q.Utilisation {
		st.Bound = "prefill"
	}
	return &st, nil
}

// Simulate plays the load against one replica of either pool in tandem and
// reports the request's view: TTFT and Queue from the prefill side, TPOT and
// EndToEnd over both, and the counters of the decode replica. Every replica is
// taken to see its own share of the arrivals, so the decode replica gets the
// prefill replica's departures, thinned or packed to its share of the rate.
func (d *Disaggregated) Simulate(l *Load) (*Report, error) {
	if err := d.rateOnly(l); err != nil {
		return nil, err
	}
	prefill, decode := d.sides(l)
	first, err := simulate(&d.Prefill, &prefill, d.PrefillPacer)
	if err != nil {
		return nil, err
	}
	if err := decode.Output.Validate(); err != nil {
		return nil, fmt.Errorf("load: output %w", err)
	}
	n, w := l.counts()
	// The same lengths as any simulation of this load, in order of arrival.
	src := newSource(&prefill, 0)
	out := newSource(l, 0)
	scale := prefill.Rate / decode.Rate
	type handover struct {
		Arrival
		sent, ttft float64
	}
	all := make([]handover, 0, n)
	for i := range n + w {
		at := src.next
		in, _ := src.take()
		_, o := out.take()
		if i < w {
			continue
		}
		move, err := d.transfer(float64(in))
		if err != nil {
			return nil, err
		}
		ttft := first.rec.ttft[i-w]
		all = append(all, handover{Arrival{At: (at+ttft)*scale + move, Input: in, Output: o}, at, ttft})
	}
	slices.SortStableFunc(all, func(a, b handover) int { return cmp.Compare(a.At, b.At) })
	decode.Trace = make([]Arrival, len(all))
	start := all[0].At
	for i := range all {
		decode.Trace[i] = all[i].Arrival
		decode.Trace[i].At -= start
	}
	decode.Rate, decode.Requests, decode.Warmup = 0, 0, 0
	second, err := simulate(&d.Decode, &decode, d.DecodePacer)
	if err != nil {
		return nil, err
	}
	for i, h := range all {
		move, err := d.transfer(float64(h.Input))
		if err != nil {
			return nil, err
		}
		after := move + second.rec.total[i]
		second.rec.ttft[i] = h.ttft
		second.rec.total[i] = h.ttft + after
		if h.Output > 1 {
			second.rec.tpot[i] = after / float64(h.Output-1)
		}
	}
	copy(second.rec.queue, first.rec.queue)
	stable := first.rec.report(first).Stable
	r := second.rec.report(second)
	r.Stable = r.Stable && stable
	if r.Capacity, err = d.Capacity(l); err != nil {
		return nil, err
	}
	r.Stable = r.Stable && l.Rate < 1.05*r.Capacity
	return r, nil
}
