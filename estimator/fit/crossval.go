package fit

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/calibration"
)

// Judgement is what an observation that was left out of the fit was estimated
// at.
type Judgement struct {
	Log   float64 // ln(predicted ÷ measured time)
	Level calibration.Level
	// Set is the engine/backend whose parameters led, Traits what makes the
	// time harder to tell than most: what its spread depends on.
	Set    string
	Traits calibration.Trait
}

// LeaveOut predicts every observation with parameters that were fitted without
// the group it belongs to: judged[i] is predicted by a fit without any
// observation whose group is that of obs[i]. Groups share at most folds fits:
// the largest have one of their own, the others are left out several at a
// time, which only makes it harder. Fits run on workers goroutines; the result
// does not depend on their number. start is where the searches begin (FitFrom).
func LeaveOut(prior, start *calibration.Table, obs, judged []*Observation, group func(*Observation) string, folds, workers int, cfg *Config) ([]Judgement, error) {
	fold := assign(obs, group, folds)
	out := make([]Judgement, len(obs))
	errs := make([]error, folds)
	queue := make(chan int)
	var wg sync.WaitGroup
	for range max(1, workers) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for f := range queue {
				errs[f] = leaveOut(prior, start, obs, judged, fold, f, cfg, out)
			}
		}()
	}
	for f := range folds {
		queue <- f
	}
	close(queue)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// LeaveOutFold makes one of LeaveOut's fits, the f-th, and calls yield with
// the index and judgement of each observation that it leaves out.
func LeaveOutFold(prior, start *calibration.Table, obs, judged []*Observation, group func(*Observation) string, folds, f int, cfg *Config, yield func(int, Judgement)) error {
	out := make([]Judgement, len(obs))
	fold := assign(obs, group, folds)
	if err := leaveOut(prior, start, obs, judged, fold, f, cfg, out); err != nil {
		return err
	}
	for i := range out {
		if fold[i] == f {
			yield(i, out[i])
		}
	}
	return nil
}

// assign gives each observation a fold: groups in order of their size, each
// to the fold that has least.
func assign(obs []*Observation, group func(*Observation) string, folds int) []int {
	size := map[string]int{}
	for _, o := range obs {
		size[group(o)]++
	}
	names := make([]string, 0, len(size))
	for n := range size {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(size[b], size[a]), cmp.Compare(a, b))
	})
	of := map[string]int{}
	load := make([]int, folds)
	for _, n := range names {
		least := 0
		for f := range load {
			if load[f] < load[least] {
				least = f
			}
		}
		of[n] = least
		load[least] += size[n]
	}
	fold := make([]int, len(obs))
	for i, o := range obs {
		fold[i] = of[group(o)]
	}
	return fold
}

func leaveOut(prior, start *calibration.Table, obs, judged []*Observation, fold []int, f int, cfg *Config, out []Judgement) error {
	var in, test []*Observation
	var at []int
	for i := range obs {
		if fold[i] == f {
			test, at = append(test, judged[i]), append(at, i)
		} else {
			in = append(in, obs[i])
		}
	}
	t, err := FitFrom(prior, start, in, cfg)
	if err != nil {
		return err
	}
	return Judge(t, test, func(k int, j Judgement) { out[at[k]] = j })
}

// Judge predicts observations with a table and calls yield for each.
func Judge(t *calibration.Table, obs []*Observation, yield func(int, Judgement)) error {
	p, err := newProblem(t, obs)
	if err != nil {
		return err
	}
	for i, o := range obs {
		in := p.input(i)
		seconds, traits := o.time(&in)
		j := Judgement{Log: math.Log(seconds / o.Seconds), Level: calibration.LevelAssumed, Traits: traits}
		lead := in.Host
		if device, _ := o.uses(); device && in.Device != nil {
			lead = in.Device
		}
		if lead != nil {
			j.Level, j.Set = lead.Level, lead.Set
		}
		yield(i, j)
	}
	return nil
}
