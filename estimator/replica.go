package estimator

import (
	"errors"
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/estimator/serving"
)

// End is the end of the interval of a step's time at which a load is judged.
type End int

// Ends.
const (
	Slow    End = iota // every step as slow as its interval allows: the pessimistic end
	Central            // every step takes its central time
	Fast               // every step as fast as its interval allows
)

// Replica is one deployment of a model on a number of devices, ready to say
// what it carries: by the closed form of its scheduler, or by simulating it. It
// is not safe for concurrent use; different ones are.
type Replica struct {
	// Request has the division, and the slots of engines that are given them.
	Request Request
	// Result is allocated, not timed: settings, ledgers and verdict.
	Result *Result

	one    *single
	form   *serving.Form // of one part, at rates
	whole  int           // parts that serve requests of their own (turns)
	spread float64       // ratio between the ends of a step's interval and its middle
	once   float64       // seconds that a request costs beside its steps
}

// NewReplica makes a replica of the request's own deployment on all devices of
// its machine. load says what the requests are like. Errors say why it cannot be.
func NewReplica(req *Request, load *serving.Load) (*Replica, error) {
	r := &Replica{Request: *req, Result: new(Result)}
	r.Request.Explain, r.Request.Answers = false, false
	if r.Request.Cache == nil {
		r.Request.Cache = new(Cache)
	}
	if err := allocate(&r.Request, r.Result); err != nil {
		return nil, err
	}
	if r.Result.Verdict == DoesNotFit {
		f := &r.Result.Ledgers[fullest(r.Result.Ledgers)]
		return nil, &NoRoom{Need: f.Need, Usable: max(f.Usable(), 0)}
	}
	if !timeable(r.Result, r.Request.Machine.Primary()) {
		return nil, errors.New(r.Result.Unavailable[0].Reason)
	}
	var err error
	if r.Request.Workload.Sees() {
		if err = Look(&r.Request); err == nil {
			_, err = encode(&r.Request, r.Result, nil)
		}
		if err != nil {
			return nil, err
		}
	}
	if r.one, err = singleOf(&r.Request, r.Result); err != nil {
		return nil, err
	}
	r.whole, r.once = turns(&r.Result.Settings), r.one.pace.rates.PerRequest()
	if r.form, err = serving.NewForm(r.one.sched, load, r.one.pace); err != nil {
		return nil, err
	}
	most, _, err := r.form.Saturated()
	if err != nil {
		return nil, err
	}
	st, err := r.form.Steady(math.Max(most/2, 1e-9))
	if err != nil {
		return nil, err
	}
	half := *load
	half.Trace = nil
	if r.spread = r.one.pace.spread(st, &half); !(r.spread >= 1) || math.IsInf(r.spread, 1) {
		return nil, errors.New("a rate of this hardware is not known: give memory bandwidth and compute in a hardware profile")
	}
	return r, nil
}

// NoRoom is the error of a deployment that does not fit. Sizes are bytes of the
// fullest memory.
type NoRoom struct{ Need, Usable int64 }

func (e *NoRoom) Error() string {
	return fmt.Sprintf("does not fit: needs %s, and %s may be used", gib(e.Need), gib(e.Usable))
}

// scale is the factor on every step's time at an end.
func (r *Replica) scale(end End) float64 {
	switch end {
	case Slow:
		return r.spread
	case Fast:
		return 1 / r.spread
	}
	return 1
}

// at runs f with every step scaled to an end, and slowed down beside that.
func (r *Replica) at(end End, slowdown float64, f func() error) error {
	r.one.pace.scale = r.scale(end) * math.Max(slowdown, 1)
	defer func() { r.one.pace.scale = 1 }()
	return f()
}

// Load of one part of the replica, with the given rate or users of the whole.
func (r *Replica) part(load *serving.Load, amount float64) *serving.Load {
	part := *load
	part.Trace = nil
	if load.Concurrency > 0 {
		part.Rate, part.Concurrency = 0, max(1, int(math.Ceil(amount/float64(r.whole)-1e-9)))
		return &part
	}
	part.Concurrency, part.Rate = 0, amount/float64(r.whole)
	return &part
}

// steady is the closed form under so many requests per second or users, of one
// part.
func (r *Replica) steady(load *serving.Load, amount float64) (*serving.SteadyState, error) {
	if load.Concurrency > 0 {
		return r.one.Steady(r.part(load, amount))
	}
	return r.form.Steady(amount / float64(r.whole))
}

// Most is the largest load that the replica carries within the objectives, in
// closed form: requests per second, or users of a closed loop where the load
// has them. The closed form knows means, and a percentile is taken to be missed
// where the mean is. Users are carried while none of them waits for room.
//
// limit names what more would run into: ttft, tpot, e2e or queue, an objective;
// else what bounds the sequences that run (serving.SteadyState.Bound). Most is
// 0, with the objective, when one request alone misses it.
func (r *Replica) Most(load *serving.Load, objectives []serving.Objective, end End, slowdown float64) (most float64, limit string, err error) {
	err = r.at(end, slowdown, func() error {
		if load.Concurrency > 0 {
			most, limit, err = r.mostUsers(load, objectives)
		} else {
			most, limit, err = r.mostRate(load, objectives)
		}
		return err
	})
	return most, limit, err
}

// The largest rate within objectives is searched to this share of itself, down
// to this share of capacity.
const (
	finest = 1.0 / 64
	lowest = 1.0 / 1024
)

func (r *Replica) mostRate(load *serving.Load, objectives []serving.Objective) (float64, string, error) {
	full, bound, err := r.form.Saturated()
	if err != nil {
		return 0, "", err
	}
	full *= float64(r.whole)
	if len(objectives) == 0 {
		return full, bound, nil
	}
	try := func(share float64) (string, error) { return r.fails(load, share*full, objectives) }
	lo, hi := lowest, 1-finest/2
	limit, err := try(hi)
	if err != nil || limit == "" {
		return full * hi, bound, err
	}
	if first, err := try(lo); err != nil || first != "" {
		return 0, first, err
	}
	for hi-lo > finest*lo {
		mid := (lo + hi) / 2
		missed, err := try(mid)
		if err != nil {
			return 0, "", err
		}
		if missed == "" {
			lo = mid
		} else {
			hi, limit = mid, missed
		}
	}
	return full * lo, limit, nil
}

// fails names the objective that a load is the first to miss, in the mean; of
// users also what they wait for.
func (r *Replica) fails(load *serving.Load, amount float64, objectives []serving.Objective) (string, error) {
	st, err := r.steady(load, amount)
	if err != nil {
		return "", err
	}
	if st.Unstable || load.Concurrency > 0 && r.waits(st, amount) {
		return st.Bound, nil
	}
	return r.missed(st, objectives), nil
}

// waits says whether some of so many users wait for a place: where as many may
// run as there are, none does.
func (r *Replica) waits(st *serving.SteadyState, users float64) bool {
	return st.Bound != "load" && (st.Bound != "slots" || math.Ceil(users/float64(r.whole)-1e-9) > float64(r.one.sched.MaxSeqs))
}

func (r *Replica) mostUsers(load *serving.Load, objectives []serving.Objective) (float64, string, error) {
	try := func(users int) (string, error) { return r.fails(load, float64(users*r.whole), objectives) }
	limit, err := try(1)
	if err != nil || limit != "" {
		return 0, limit, err
	}
	lo, hi := 1, r.one.sched.MaxSeqs+1 // of one part; as many places are never exceeded without waiting
	limit = "slots"
	for hi-lo > 1 && hi-lo > lo/256 {
		mid := min(2*lo, (lo+hi)/2)
		missed, err := try(mid)
		if err != nil {
			return 0, "", err
		}
		if missed == "" {
			lo = mid
		} else {
			hi, limit = mid, missed
		}
	}
	return float64(lo * r.whole), limit, nil
}

// missed names the first objective that a steady state misses in the mean.
func (r *Replica) missed(st *serving.SteadyState, objectives []serving.Objective) string {
	for i := range objectives {
		if o := &objectives[i]; r.mean(st, o.Metric) > o.Limit {
			return o.Metric
		}
	}
	return ""
}

// mean is a metric's mean in seconds.
func (r *Replica) mean(st *serving.SteadyState, metric string) float64 {
	switch metric {
	case "ttft":
		return st.TTFT + r.once
	case "tpot":
		return st.TPOT
	case "queue":
		return st.Queue
	}
	return st.EndToEnd + r.once
}
