package fit

import (
	"math"
	"sort"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// Case is a judgement with what its spread depends on.
type Case struct {
	Class pipeline.Class
	Level pipeline.Level
	Log   float64
}

// enough is how many cases tell a spread.
const enough = 8

// Spreads are standard deviations of the log error by class and level
// ("text-to-image/device") and by level alone ("*/device"), from the 80% quantile
// of absolute errors, so that the interval holds what it says whatever the tails.
// What is farther from measurements is never taken to be known better.
func Spreads(cases []Case) map[string]float64 {
	groups := map[string][]float64{}
	classes := map[pipeline.Class]bool{}
	for _, c := range cases {
		e := math.Abs(c.Log)
		for _, k := range [...]string{string(c.Class), "*"} {
			groups[k+"/"+c.Level.String()] = append(groups[k+"/"+c.Level.String()], e)
		}
		classes[c.Class] = true
	}
	out := map[string]float64{}
	spread := func(key string) float64 {
		v := groups[key]
		if len(v) < enough {
			return 0
		}
		sort.Float64s(v)
		at := 0.8 * float64(len(v)-1)
		i := int(at)
		q := v[i]
		if i+1 < len(v) {
			q += (at - float64(i)) * (v[i+1] - v[i])
		}
		return math.Round(q/pipeline.Z80*1e4) / 1e4
	}
	names := []string{"*"}
	for c := range classes {
		names = append(names, string(c))
	}
	for _, name := range names {
		last := 0.0
		for l := pipeline.LevelDevice; l <= pipeline.LevelWork; l++ {
			if sd := spread(name + "/" + l.String()); sd > 0 {
				last = math.Max(last, sd)
				out[name+"/"+l.String()] = last
			}
		}
	}
	return out
}
