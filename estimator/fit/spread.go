package fit

import (
	"math"
	"slices"

	"github.com/plimsoll/plimsoll/estimator/calibration"
)

// z80 is the normal quantile that bounds the middle 80%.
const z80 = 1.2816

// Case is one judgement with what its spread may depend on.
type Case struct {
	Judgement
	Decoding bool
	Device   string
	// Pool keeps apart what is not alike in how well it is known: what a set
	// lacks of its own is taken from the cases of its pool.
	Pool string
}

// Spreads are standard deviations of the log error: by engine/backend and
// level, times the traits' factors. They are taken from the 80% quantile of
// absolute errors, so that the interval holds what it says whatever the tails.
type Spreads struct {
	Traits calibration.Traits
	set    map[spreadKey]float64
	all    map[spreadKey]float64 // of any set, by pool
	pool   map[string]string     // of a set
}

type spreadKey struct {
	set    string
	decode bool
	level  calibration.Level
}

// shrink is how many cases of its own a set or trait needs to count as much
// as what is known of all.
const shrink = 25

// levels beyond the device are pooled by how coarse they are: the share of
// the spread that each adds is taken from all sets together.
func coarse(l calibration.Level) calibration.Level {
	if l == calibration.LevelDevice {
		return l
	}
	return calibration.LevelFamily
}

// NewSpreads fits spreads to the cases that keep allows.
func NewSpreads(cases []Case, keep func(*Case) bool) *Spreads {
	s := &Spreads{set: map[spreadKey]float64{}, all: map[spreadKey]float64{}, pool: map[string]string{}}
	for i := range cases {
		s.pool[cases[i].Set] = cases[i].Pool
	}
	for i := range calibration.TraitNames {
		s.Traits.Decode[i], s.Traits.Prefill[i] = 1, 1
	}
	for range 6 {
		s.bySet(cases, keep)
		for _, decode := range [...]bool{true, false} {
			s.byTrait(cases, keep, decode)
		}
	}
	s.bySet(cases, keep)
	return s
}

func quantile80(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	x := 0.8 * float64(len(v)-1)
	i := int(x)
	if i+1 >= len(v) {
		return v[i]
	}
	return v[i] + (x-float64(i))*(v[i+1]-v[i])
}

func (s *Spreads) bySet(cases []Case, keep func(*Case) bool) {
	own, all := map[spreadKey][]float64{}, map[spreadKey][]float64{}
	for i := range cases {
		c := &cases[i]
		if !keep(c) {
			continue
		}
		u := math.Abs(c.Log) / z80 / s.Traits.Spread(c.Decoding, c.Traits)
		k := spreadKey{c.Set, c.Decoding, coarse(c.Level)}
		own[k] = append(own[k], u)
		k.set = c.Pool
		all[k] = append(all[k], u)
	}
	for k, v := range all {
		s.all[k] = quantile80(v)
	}
	clear(s.set)
	for k, v := range own {
		n := float64(len(v))
		s.set[k] = math.Exp((n*math.Log(math.Max(quantile80(v), 0.01)) + shrink*math.Log(math.Max(s.all[spreadKey{s.pool[k.set], k.decode, k.level}], 0.01))) / (n + shrink))
	}
}

func (s *Spreads) byTrait(cases []Case, keep func(*Case) bool, decode bool) {
	f := &s.Traits.Prefill
	if decode {
		f = &s.Traits.Decode
	}
	for t := range calibration.TraitNames {
		var v []float64
		for i := range cases {
			c := &cases[i]
			if c.Decoding == decode && c.Traits&(1<<t) != 0 && keep(c) {
				v = append(v, math.Abs(c.Log)/z80/s.SD(c.Set, c.Level, decode, c.Traits))
			}
		}
		n := float64(len(v))
		if n < 8 {
			continue
		}
		f[t] *= math.Pow(math.Max(quantile80(v), 0.2), n/(n+shrink))
		f[t] = math.Max(0.6, math.Min(2.5, f[t]))
	}
}

// beyond is by how much levels past the family widen, where too few cases
// tell: an assumption.
var beyond = [...]float64{calibration.LevelDevice: 1, calibration.LevelFamily: 1, calibration.LevelVendor: 1.1, calibration.LevelKind: 1.2, calibration.LevelAssumed: 1.5}

// SD returns the standard deviation of the log error of a case.
func (s *Spreads) SD(set string, level calibration.Level, decode bool, traits calibration.Trait) float64 {
	return s.Level(set, level, decode) * s.Traits.Spread(decode, traits)
}

// Level returns it without the traits.
func (s *Spreads) Level(set string, level calibration.Level, decode bool) float64 {
	v, ok := s.set[spreadKey{set, decode, coarse(level)}]
	if !ok {
		v = s.all[spreadKey{s.pool[set], decode, coarse(level)}]
	}
	if level == calibration.LevelDevice {
		return v
	}
	// Never more sure of a device not measured than of one that was.
	return math.Max(v, s.Level(set, calibration.LevelDevice, decode)) * beyond[level]
}

// Apply writes the spreads into a table.
func (s *Spreads) Apply(t *calibration.Table) {
	t.Traits = s.Traits
	for i := range t.Sets {
		set := &t.Sets[i]
		name := set.Engine + "/" + set.Backend
		for l := range set.SDDecode {
			level := calibration.Level(l)
			if set.Base != nil {
				set.Base.SDDecode[l], set.Base.SDPrefill[l] = s.Level(name, level, true), s.Level(name, level, false)
				continue
			}
			set.SDDecode[l], set.SDPrefill[l] = 0, 0
			if _, ok := s.set[spreadKey{name, true, calibration.LevelFamily}]; ok {
				set.SDDecode[l] = s.Level(name, level, true)
			}
			if _, ok := s.set[spreadKey{name, false, calibration.LevelFamily}]; ok {
				set.SDPrefill[l] = s.Level(name, level, false)
			}
		}
	}
	for k, g := range t.Groups {
		g.SDDecode, g.SDPrefill = 0, 0
		t.Groups[k] = g
	}
}
