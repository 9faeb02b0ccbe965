package fit

import (
	"math"
	"sort"
	"strconv"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// Log is ln(predicted ÷ measured) of an observation at given rates.
func Log(o *Observation, r *pipeline.Rates) float64 {
	total := 0.0
	for _, l := range o.Loads {
		t, _ := l.Seconds(r.Corner, func(k string) float64 { return r.Values[k] })
		total += t
	}
	return math.Log(total / o.Seconds)
}

// Judgement is what an observation was predicted at by rates that were fitted
// without its group.
type Judgement struct {
	Log   float64
	Rates *pipeline.Rates // that predicted it
}

// LeaveOut judges every observation with rates fitted without the group that it
// belongs to, on workers goroutines; the result does not depend on their number.
// Groups share at most folds fits: the largest have one of their own, the others
// are left out several at a time, which only makes it harder. start is where the
// searches begin (FitFrom).
func LeaveOut(obs []*Observation, start *pipeline.Rates, group func(*Observation) string, folds, workers int, cfg *Config) ([]Judgement, error) {
	group = folded(obs, group, folds)
	groups := map[string][]int{}
	for i, o := range obs {
		groups[group(o)] = append(groups[group(o)], i)
	}
	names := make([]string, 0, len(groups))
	for g := range groups {
		names = append(names, g)
	}
	sort.Strings(names)
	out := make([]Judgement, len(obs))
	errs := make([]error, len(names))
	next := make(chan int)
	var all sync.WaitGroup
	for range max(workers, 1) {
		all.Go(func() {
			for n := range next {
				var rest []*Observation
				for _, o := range obs {
					if group(o) != names[n] {
						rest = append(rest, o)
					}
				}
				rates, err := FitFrom(rest, start, cfg)
				if err != nil {
					errs[n] = err
					continue
				}
				for _, i := range groups[names[n]] {
					out[i] = Judgement{Log(obs[i], rates), rates}
				}
			}
		})
	}
	for n := range names {
		next <- n
	}
	close(next)
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// folded joins the groups into folds, the largest alone.
func folded(obs []*Observation, group func(*Observation) string, folds int) func(*Observation) string {
	size := map[string]int{}
	for _, o := range obs {
		size[group(o)]++
	}
	names := make([]string, 0, len(size))
	for g := range size {
		names = append(names, g)
	}
	sort.Slice(names, func(i, j int) bool {
		if a, b := size[names[i]], size[names[j]]; a != b {
			return a > b
		}
		return names[i] < names[j]
	})
	fold := map[string]string{}
	count := make([]int, max(folds, 1))
	for _, g := range names {
		least := 0
		for k := range count {
			if count[k] < count[least] {
				least = k
			}
		}
		fold[g] = strconv.Itoa(least)
		count[least] += size[g]
	}
	return func(o *Observation) string { return fold[group(o)] }
}
