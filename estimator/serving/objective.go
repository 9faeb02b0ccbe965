package serving

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Objective is a limit on a latency: a service-level objective.
type Objective struct {
	// Metric is "ttft", "tpot", "e2e" or "queue".
	Metric string
	// Percentile is 50, 90, 95 or 99; 0 is the mean.
	Percentile float64
	// Limit is the most that is allowed, in seconds.
	Limit float64
}

// String returns the text that ParseObjective reads.
func (o Objective) String() string {
	p := ""
	if o.Percentile != 0 {
		p = "_p" + strconv.FormatFloat(o.Percentile, 'g', -1, 64)
	}
	if ms := math.Round(o.Limit * 1e3); o.Limit < 1 && ms/1e3 == o.Limit {
		return o.Metric + p + "<=" + strconv.FormatFloat(ms, 'g', -1, 64) + "ms"
	}
	return o.Metric + p + "<=" + strconv.FormatFloat(o.Limit, 'g', -1, 64) + "s"
}

// ParseObjective reads an objective such as "ttft_p95<=800ms", "tpot<50ms" (the
// mean) or "e2e_p99<=12s". Units are us, ms and s; < and <= are the same.
func ParseObjective(text string) (Objective, error) {
	s := strings.ToLower(strings.Join(strings.Fields(text), ""))
	bad := func(what string) (Objective, error) {
		if len(s) > 40 {
			s = s[:40] + "…"
		}
		return Objective{}, fmt.Errorf("objective %q: %s; write for example ttft_p95<=800ms", s, what)
	}
	name, value, ok := strings.Cut(s, "<")
	if !ok {
		return bad("no < in it")
	}
	value = strings.TrimPrefix(value, "=")
	o := Objective{Metric: name}
	if metric, p, ok := strings.Cut(name, "_"); ok {
		o.Metric = metric
		if p != "mean" {
			n, err := strconv.ParseFloat(strings.TrimPrefix(p, "p"), 64)
			if err != nil || !strings.HasPrefix(p, "p") || n == 0 {
				return bad("the percentile is p50, p90, p95, p99 or mean")
			}
			o.Percentile = n
		}
	}
	unit := 1.0
	switch {
	case strings.HasSuffix(value, "us"), strings.HasSuffix(value, "ms"):
		unit = 1e-3
		if value[len(value)-2] == 'u' {
			unit = 1e-6
		}
		value = value[:len(value)-2]
	case strings.HasSuffix(value, "s"):
		value = value[:len(value)-1]
	default:
		return bad("the limit has no unit, us, ms or s")
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return bad("the limit is not a number")
	}
	o.Limit = n * unit
	if err := o.Validate(); err != nil {
		return bad(strings.TrimPrefix(err.Error(), "objective: "))
	}
	return o, nil
}

// Validate reports what makes no sense, in one line.
func (o *Objective) Validate() error {
	switch o.Metric {
	case "ttft", "tpot", "e2e", "queue":
	default:
		return errors.New("objective: the metric is ttft, tpot, e2e or queue")
	}
	switch o.Percentile {
	case 0, 50, 90, 95, 99:
	default:
		return errors.New("objective: the percentile is p50, p90, p95, p99 or mean")
	}
	if !(o.Limit > 0 && o.Limit <= 1e9) {
		return errors.New("objective: the limit is out of range, above 0 and up to 1e9 s")
	}
	return nil
}

// Value returns the report's value of the objective's metric, in seconds.
func (o *Objective) Value(r *Report) float64 {
	switch o.Metric {
	case "ttft":
		return r.TTFT.At(o.Percentile)
	case "tpot":
		return r.TPOT.At(o.Percentile)
	case "queue":
		return r.Queue.At(o.Percentile)
	}
	return r.EndToEnd.At(o.Percentile)
}

// meets says whether the report is stable and within all objectives.
func meets(r *Report, objectives []Objective) bool {
	for i := range objectives {
		if objectives[i].Value(r) > objectives[i].Limit {
			return false
		}
	}
	return r.Stable
}

// MaxRate returns the largest Poisson rate (requests per second) that one
// replica carries, stably and within all objectives, and the simulation there.
//
// It bisects to 1% between simulations of the same requests: their arrivals
// are those of one random process, compressed. The load brings lengths, Burst,
// Requests and Seed; its Rate, Concurrency and Trace are not used. The rate is
// 0, with the report of a nearly empty engine, when not even that meets the
// objectives.
func MaxRate(s *Scheduler, l *Load, p Pacer, objectives []Objective) (rate float64, at *Report, err error) {
	if l == nil {
		return 0, nil, errors.New("max rate: the load must be given; it is nil")
	}
	for i := range objectives {
		if err := objectives[i].Validate(); err != nil {
			return 0, nil, err
		}
	}
	load := *l
	load.Concurrency, load.Trace, load.Rate = 0, nil, 1
	top, err := Capacity(s, &load, p)
	if err != nil {
		return 0, nil, err
	}
	try := func(rate float64) (*Report, error) {
		load.Rate = rate
		r, err := Simulate(s, &load, p)
		return r, err
	}
	// The closed form may be a little low, so look slightly above it.
	hi := math.Min(1.02*top, 1e9)
	r, err := try(hi)
	if err != nil {
		return 0, nil, err
	}
	if meets(r, objectives) {
		return hi, r, nil
	}
	// Descend by halves until the objectives are met, at most to one request in
	// a thousand times what the engine could do.
	lo := hi
	var best *Report
	for best == nil {
		if lo /= 2; lo < hi/4096 || lo < 1e-9 {
			return 0, r, nil
		}
		if r, err = try(lo); err != nil {
			return 0, nil, err
		}
		if meets(r, objectives) {
			best = r
		}
	}
	hi = 2 * lo
	for hi > 1.01*lo {
		mid := (lo + hi) / 2
		if r, err = try(mid); err != nil {
			return 0, nil, err
		}
		if meets(r, objectives) {
			lo, best = mid, r
		} else {
			hi = mid
		}
	}
	return lo, best, nil
}

// Replicas returns how many replicas carry the rate, if one carries maxRate
// (both in requests per second) and the load is spread evenly; 0 when no number
// does, or when there is no load.
func Replicas(rate, maxRate float64) int {
	n := math.Ceil(rate/maxRate - 1e-9)
	if !(maxRate > 0) || !(n > 0) || n > math.MaxInt32 {
		return 0
	}
	return int(n)
}
