package estimator

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/serving"
)

// AtLoad is what users see of a replica under a load in closed form: means, with
// intervals from the ends of a step's interval. Where the slow end does not
// carry the load its figure has no high end but the central value's.
type AtLoad struct {
	TTFTMs, TPOTMs, E2EMs Figure
	OutputTokS            Figure
	// Running is sequences in all parts together, Busy the share of the time in
	// which a device works: that any of its part's sequences is there, were they
	// independent of each other (1 − e^−running), which is the most.
	Running, Busy float64
	Carried       bool // by the central value
}

// At returns the closed form's means under so many requests per second or users.
func (r *Replica) At(load *serving.Load, amount, slowdown float64) (*AtLoad, error) {
	part := r.part(load, amount)
	var st [3]*serving.SteadyState
	for i, end := range [...]End{Central, Fast, Slow} {
		err := r.at(end, slowdown, func() (err error) {
			st[i], err = r.steady(load, amount)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	basis := r.one.pace.basis()
	figure := func(unit string, of func(*serving.SteadyState) float64) Figure {
		f := Figure{Value: of(st[0]), Unit: unit, Basis: basis}
		f.Low, f.High = f.Value, f.Value
		for _, s := range st[1:] {
			if v := of(s); !math.IsInf(v, 0) && !math.IsNaN(v) {
				f.Low, f.High = math.Min(f.Low, v), math.Max(f.High, v)
			}
		}
		return f
	}
	n := float64(r.whole)
	if c := load.Concurrency; c > 0 {
		n = amount / float64(part.Concurrency)
	}
	out := &AtLoad{Carried: !st[0].Unstable, Running: n * st[0].Running, Busy: -math.Expm1(-st[0].Running)}
	out.TTFTMs = figure("ms", func(s *serving.SteadyState) float64 { return 1e3 * r.mean(s, "ttft") })
	out.TPOTMs = figure("ms", func(s *serving.SteadyState) float64 { return 1e3 * r.mean(s, "tpot") })
	out.E2EMs = figure("ms", func(s *serving.SteadyState) float64 { return 1e3 * r.mean(s, "e2e") })
	out.OutputTokS = figure("tok/s", func(s *serving.SteadyState) float64 { return n * s.OutputTokensPerSecond })
	return out, nil
}

// Busy is AtLoad.Busy alone, of the central values.
func (r *Replica) Busy(load *serving.Load, amount float64) (float64, error) {
	st, err := r.steady(load, amount)
	if err != nil {
		return 0, err
	}
	return -math.Expm1(-st.Running), nil
}

// Simulate plays so many requests per second or users against the replica, with
// every step slowed down, and judges the objectives. The intervals come from
// simulations at the ends of a step's interval. The load's own Requests say how
// many are measured.
func (r *Replica) Simulate(load *serving.Load, amount, slowdown float64, objectives []serving.Objective) (*UnderLoad, error) {
	part := r.part(load, amount)
	var reports [3]*serving.Report
	for _, end := range [...]End{Slow, Central, Fast} {
		err := r.at(end, slowdown, func() (err error) {
			reports[end], err = r.one.Simulate(part)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	c := reports[Central]
	n := float64(r.whole)
	if load.Concurrency > 0 {
		n = amount / float64(part.Concurrency)
	}
	basis := r.one.pace.basis()
	figure := func(unit string, of func(*serving.Report) float64) Figure {
		f := Figure{Value: of(c), Unit: unit, Basis: basis}
		a, b := of(reports[Slow]), of(reports[Fast])
		f.Low, f.High = math.Min(f.Value, math.Min(a, b)), math.Max(f.Value, math.Max(a, b))
		return f
	}
	latency := func(of func(*serving.Report) *serving.Quantiles, once float64) Percentiles {
		at := func(p float64) Figure {
			return figure("ms", func(r *serving.Report) float64 { return 1e3 * (of(r).At(p) + once) })
		}
		return Percentiles{at(0), at(50), at(90), at(95), at(99)}
	}
	u := &UnderLoad{Replicas: r.whole, Stable: c.Stable, Running: c.MeanRunning * n, Waiting: c.MeanWaiting * n,
		Occupancy: c.MeanOccupancy, PeakOccupy: c.PeakOccupancy, Timeline: []Moment{}}
	u.TTFTMs = latency(func(r *serving.Report) *serving.Quantiles { return &r.TTFT }, r.once)
	u.TPOTMs = latency(func(r *serving.Report) *serving.Quantiles { return &r.TPOT }, 0)
	u.E2EMs = latency(func(r *serving.Report) *serving.Quantiles { return &r.EndToEnd }, r.once)
	u.RequestsS = figure("requests/s", func(r *serving.Report) float64 { return n * r.RequestsPerSecond })
	u.InputTokS = figure("tok/s", func(r *serving.Report) float64 { return n * r.InputTokensPerSecond })
	u.OutputTokS = figure("tok/s", func(r *serving.Report) float64 { return n * r.OutputTokensPerSecond })
	for _, o := range objectives {
		value := figure("ms", func(rep *serving.Report) float64 { return 1e3 * (o.Value(rep) + onceFor(&o, r.once)) })
		met := Met{Objective: o.String(), Value: value, Met: value.Value <= 1e3*o.Limit && c.Stable}
		slow := value.High <= 1e3*o.Limit && reports[Slow].Stable
		met.Unsure = met.Met && !slow || !met.Met && value.Low <= 1e3*o.Limit
		u.Objectives = append(u.Objectives, met)
	}
	return u, nil
}

// tries is how often a simulated load is halved in the search for one that
// meets its objectives.
const tries = 6

// MostSimulated is Most by simulation, of a load of at most so many requests
// per second or users: to 1/64 of it. 0 where no load meets the objectives.
func (r *Replica) MostSimulated(load *serving.Load, upTo, slowdown float64, objectives []serving.Objective, end End) (most float64, err error) {
	err = r.at(end, slowdown, func() error {
		lo, hi := 0.0, upTo
		for range tries {
			mid := (lo + hi) / 2
			if load.Concurrency > 0 {
				if mid = math.Floor(mid); mid <= lo {
					break
				}
			}
			ok, err := r.meets(load, mid, objectives)
			if err != nil {
				return err
			}
			if ok {
				lo = mid
			} else {
				hi = mid
			}
		}
		most = lo
		return nil
	})
	return most, err
}

// Slice is what a replica takes of devices that it shares with other models'.
type Slice struct {
	// Sequences is how many it is set up to run at once: those of the load, with
	// three standard deviations of a Poisson number above the mean.
	Sequences int
	// Memory is the share of what may be used of the fullest memory that it
	// needs, at the high end: its weights, buffers, and the cache of its own
	// sequences. Busy is the share of the time in which it works.
	Memory, Busy float64
	NeedBytes    int64
	// Slowdown is how much longer its steps take while the others have the rest
	// of the time that the devices may be busy: 1 ÷ (1 − that rest), the mean
	// stretch under processor sharing.
	Slowdown float64
}

// Slice returns what the replica takes of shared devices under a load, where all
// on them together may keep them busy for the share room of the time. The
// error says why it cannot share: *Missed where an objective would be missed
// while the others work.
func (r *Replica) Slice(load *serving.Load, amount, room float64, objectives []serving.Objective, end End) (*Slice, error) {
	part := r.part(load, amount)
	s := new(Slice)
	if err := r.at(end, 1, func() error {
		st, err := r.steady(load, amount)
		if err != nil {
			return err
		}
		running := st.Running
		if st.Unstable {
			running = math.Inf(1)
		}
		s.Busy = -math.Expm1(-running)
		return nil
	}); err != nil {
		return nil, err
	}
	if s.Busy > room {
		return nil, &Crowded{Busy: s.Busy, Room: room}
	}
	s.Slowdown = 1 / (1 - math.Min(room-s.Busy, 0.999))
	running := 0.0
	if err := r.at(end, s.Slowdown, func() error {
		st, err := r.steady(load, amount)
		if err != nil {
			return err
		}
		running = st.Running
		if m := r.missed(st, objectives); m != "" || st.Unstable {
			if m == "" {
				m = st.Bound
			}
			return &Missed{Metric: m}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	each := math.Ceil(running + 3*math.Sqrt(running))
	if c := part.Concurrency; c > 0 {
		each = float64(c)
	}
	s.Sequences = max(int(each)*r.whole, 1)
	return s, r.slice(s)
}

// slice fills in the memory of a slice.
func (r *Replica) slice(s *Slice) error {
	v, e := r.Request, new(Result)
	v.Cache = new(Cache) // the request's own is that of who made the replica
	if v.Engine.Serves() {
		groups := max(r.Result.Settings.DP, 1)
		v.Deployment.MaxNumSeqs = (s.Sequences + groups - 1) / groups
		v.Workload.Batch = s.Sequences
	}
	if err := allocate(&v, e); err != nil {
		return err
	}
	for i := range e.Ledgers {
		l := &e.Ledgers[i]
		usable := l.Usable()
		if l.Need == 0 {
			continue
		}
		if usable <= 0 || l.High > usable {
			return &NoRoom{Need: l.High, Usable: max(usable, 0)}
		}
		if m := float64(l.High) / float64(usable); m > s.Memory {
			s.Memory, s.NeedBytes = m, l.High
		}
	}
	return nil
}

// Crowded is the error of a replica that alone keeps devices busier than may be.
type Crowded struct{ Busy, Room float64 }

func (e *Crowded) Error() string {
	return "it keeps the devices too busy to share them"
}

// Meets says by simulation whether so many requests per second or users are
// carried within the objectives at an end.
func (r *Replica) Meets(load *serving.Load, amount, slowdown float64, objectives []serving.Objective, end End) (ok bool, err error) {
	err = r.at(end, slowdown, func() error {
		ok, err = r.meets(load, amount, objectives)
		return err
	})
	return ok, err
}

// meets simulates at the scale that is set.
func (r *Replica) meets(load *serving.Load, amount float64, objectives []serving.Objective) (bool, error) {
	rep, err := r.one.Simulate(r.part(load, amount))
	if err != nil {
		return false, err
	}
	for i := range objectives {
		if o := &objectives[i]; o.Value(rep)+onceFor(o, r.once) > o.Limit {
			return false, nil
		}
	}
	return rep.Stable, nil
}
