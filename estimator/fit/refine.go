package fit

import (
	"math"
	"slices"

	"github.com/plimsoll/plimsoll/estimator/calibration"
)

// Refined is what own measurements changed.
type Refined struct {
	Table  *calibration.Table // the refined parameters
	Groups []string           // keys of the groups that changed, sorted
	// Before and After are the judgements of each observation by the
	// parameters before and after.
	Before, After []Judgement
}

// ownSpread is how much further a device's own deviation may move when
// somebody measured that very machine, relative to a fit of many machines.
const ownSpread = 2

// Refine draws only the deviations of the processors that were measured, under
// the engine they were measured with, to the observations; all else stays.
// The spreads of those groups become those of the observations around the
// refined estimate, as far as their number warrants.
func Refine(table *calibration.Table, obs []*Observation, cfg *Config) (*Refined, error) {
	out := &Refined{Table: table.Clone()}
	collect := func(dst *[]Judgement) func(int, Judgement) {
		return func(_ int, j Judgement) { *dst = append(*dst, j) }
	}
	if err := Judge(table, obs, collect(&out.Before)); err != nil {
		return nil, err
	}
	p, err := newProblem(out.Table, obs)
	if err != nil {
		return nil, err
	}
	r := &regression{problem: p, cfg: cfg, index: map[string]int{}}
	touches := map[string][]int{}
	for i := range obs {
		_, groups := p.sources(i)
		for _, g := range unique(groups) {
			if engine, _, level, _ := split(g); engine != calibration.Any && level == calibration.LevelDevice.String() {
				touches[g] = append(touches[g], i)
			}
		}
	}
	for g := range touches {
		out.Groups = append(out.Groups, g)
	}
	slices.Sort(out.Groups)
	for _, g := range out.Groups {
		if _, ok := out.Table.Groups[g]; !ok {
			out.Table.Groups[g] = calibration.Group{}
		}
		for f := range calibration.FactorFields {
			ref := groupRef(g, f)
			n := r.add(ref, touches[g])
			r.draw(ownSpread*pick(cfg.Own["device"], calibration.FactorFields[f].Name), ref.load(out.Table), n, 1)
		}
	}
	if err := p.resolve(); err != nil {
		return nil, err
	}
	if err := r.solve(); err != nil {
		return nil, err
	}
	if err := Judge(out.Table, obs, collect(&out.After)); err != nil {
		return nil, err
	}
	for _, g := range out.Groups {
		out.spread(g, obs, touches[g], p)
	}
	return out, nil
}

// spread sets a group's spreads: n own residuals against the worth of few
// measurements of the spread that the estimate had.
func (r *Refined) spread(group string, obs []*Observation, touches []int, p *problem) {
	const worth = 4
	g := r.Table.Groups[group]
	g.Rows, g.Own = len(touches), true
	for _, decoding := range [...]bool{true, false} {
		n, sum, before := 0.0, 0.0, 0.0
		for _, i := range touches {
			if obs[i].Decoding != decoding {
				continue
			}
			in := p.input(i)
			lead := in.Host
			if device, _ := obs[i].uses(); device && in.Device != nil {
				lead = in.Device
			}
			if before = lead.SDPrefill; decoding {
				before = lead.SDDecode
			}
			n++
			sum += r.After[i].Log * r.After[i].Log
		}
		if n == 0 {
			continue
		}
		// Each fitted deviation uses up some of the freedom of the residuals.
		own := sum / math.Max(1, n-1)
		sd := math.Sqrt((n*own + worth*before*before) / (n + worth))
		if decoding {
			g.SDDecode = sd
		} else {
			g.SDPrefill = sd
		}
	}
	r.Table.Groups[group] = g
}
