package capacity

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/require"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	assign "github.com/plimsoll/plimsoll/estimator/capacity"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/serving"
	"github.com/plimsoll/plimsoll/profiles"
)

// workload is a model with its users.
type workload struct {
	in    *profiles.PlanWorkload
	index int
	key   string
	// load has what requests are like, and which way they come.
	load       serving.Load
	now        float64 // requests per second or users
	growth     float64 // share of a month
	average    float64
	objectives []serving.Objective
	percentile bool // one of them is of a percentile
	gates      []*require.Requirement
	base       scenario.Scenario // without hardware
	division   engine.Deployment // what was said of tp, pp, dp and ep
	devices    int               // that those need; 0 where none was given
	notes      []string

	ways   []*way   // by kind
	offers []*offer // of all kinds, in order
	// refused says why a kind has no offer; excluded, that on leaves it out.
	refused  []refusal
	excluded []bool
}

// refusal says why hardware cannot carry a workload: in full, and in words that
// are the same for all of the sort. limit names what is missed, where one thing is.
type refusal struct{ full, sort, limit string }

// way is a workload on a kind of hardware, resolved.
type way struct {
	w        *workload
	k        *kind
	prepared *scenario.Prepared
	// fewer says why smaller numbers of devices are of no use, by their number.
	fewer map[int]refusal
}

// mostLoad bounds loads: far above any that there is.
const mostLoad = 1e9

// A simulation measures 2000 requests, unless their answers are so long that
// fewer are a lot of tokens.
const (
	usualRequests  = 2000
	usualTokens    = 2e6
	fewestRequests = 300
)

func key(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// users says whether the load is users of a closed loop.
func (w *workload) users() bool { return w.load.Concurrency > 0 }

// amount is the load in a month ahead.
func (w *workload) amount(month int) float64 {
	v := math.Min(w.now*assign.Grown(w.growth, month), math.MaxFloat32)
	if w.users() {
		v = math.Ceil(v - 1e-9)
	}
	return v
}

// peak is the month up to a horizon with the most load.
func (w *workload) peak(months int) int {
	if w.growth > 0 {
		return months
	}
	return 0
}

// resolve makes requests of all workloads on all kinds of hardware.
func (p *planner) resolve() error {
	resolver := scenario.NewResolver(p.store)
	resolver.Languages = "plimsoll plan"
	for i := range p.plan.Workloads {
		w := &workload{in: &p.plan.Workloads[i], index: i, key: key("workloads", i)}
		if err := p.describe(w); err != nil {
			return err
		}
		p.workloads = append(p.workloads, w)
		if err := p.onAll(resolver, w); err != nil {
			return err
		}
	}
	return nil
}

// describe reads what a workload says of itself.
func (p *planner) describe(w *workload) error {
	t := &w.in.Traffic
	input, err1 := t.InputLengths()
	output, err2 := t.OutputLengths()
	rate, err3 := t.PerSecond()
	growth, err4 := t.Monthly()
	average, err5 := t.Mean()
	perStep, err6 := t.TokensPerStep()
	for _, err := range []error{err1, err2, err3, err4, err5, err6} {
		if err != nil { // the reader has checked them
			return p.at(w.key+".traffic", err)
		}
	}
	w.load = serving.Load{Rate: rate, Concurrency: t.Concurrency, Input: input, Output: output, Burst: t.Burst, PrefixHit: t.PrefixHit, TokensPerStep: perStep, Seed: 1}
	if err := w.load.Validate(); err != nil {
		return p.at(w.key+".traffic", problem.Wrong(problem.BadValue, err.Error(), "", ""))
	}
	w.now, w.growth, w.average = rate, growth, average
	if w.users() {
		w.now = float64(t.Concurrency)
	}
	if peak := w.amount(w.peak(p.plan.Months)); !(peak <= mostLoad) {
		return p.at(w.key+".traffic", problem.Wrong(problem.BadValue, fmt.Sprintf("its load grows to %.3g", peak), "", "give less growth, or fewer months"))
	}
	if mean := output.Mean(); !w.users() && mean*usualRequests > usualTokens { // long answers need no more of them
		w.load.Requests = max(int(usualTokens/mean), fewestRequests)
	}
	for _, text := range w.in.SLO {
		o, err := serving.ParseObjective(text)
		if err != nil {
			return p.at(w.key+".slo", err)
		}
		w.objectives = append(w.objectives, o)
		w.percentile = w.percentile || o.Percentile != 0
	}
	for i, list := range [][]string{w.in.Require, p.plan.Require} {
		for _, text := range list {
			g, err := require.Parse(text)
			if err != nil {
				return p.at([]string{w.key + ".require", "require"}[i], err)
			}
			w.gates = append(w.gates, g)
		}
	}
	return p.settings(w)
}

// settings fills in the scenario of a workload.
func (p *planner) settings(w *workload) error {
	all := w.in.PlanSettings
	if d := p.plan.Defaults; d != nil {
		to, from := reflect.ValueOf(&all).Elem(), reflect.ValueOf(d).Elem()
		for i := range to.NumField() {
			if to.Field(i).IsZero() {
				to.Field(i).Set(from.Field(i))
			}
		}
	}
	s := &w.base
	*s = scenario.New()
	s.PromptAssumed = false
	values := reflect.ValueOf(all)
	for i := range values.NumField() {
		if values.Field(i).IsZero() {
			continue
		}
		name, _, _ := strings.Cut(values.Type().Field(i).Tag.Get("json"), ",")
		if err := set(s, name, values.Field(i).Interface()); err != nil {
			at := w.key + "." + name
			if p.plan.Line(at) == 0 {
				at = "defaults." + name
			}
			return p.at(at, err)
		}
	}
	if s.Model = p.located(s.Model); !exists(s.Model) {
		s.Model = all.Model
	}
	s.InputTokens = int(math.Round(w.load.Input.Mean()))
	if s.OutputTokens = int(math.Round(w.load.Output.Mean())); w.in.Traffic.Output == "0" {
		s.OutputTokens = 0
	}
	// The longest request has to find room in the context.
	if longest := w.load.Input.Quantile(0.9999) + w.load.Output.Quantile(0.9999) + s.Depth; s.Context == 0 && s.ContextRule == "" && longest > scenario.DefaultContext {
		s.Context = engine.Pad(longest, 256)
		w.notes = append(w.notes, fmt.Sprintf("context not given: %d tokens hold the longest request", s.Context))
	}
	w.division = engine.Deployment{TP: s.TP, PP: s.PP, DP: s.DP, EP: s.EP}
	if max(s.TP, s.PP, s.DP, s.EP) > 0 {
		w.devices = max(s.TP, 1) * max(s.PP, 1) * max(s.DP, 1)
	}
	s.TP, s.PP, s.DP, s.EP = 0, 0, 0, 0 // not to change the machine
	return nil
}

// set puts one setting into a scenario, as a line of sweep does; counts may be
// written as 8k.
func set(s *scenario.Scenario, name string, v any) error {
	if text, ok := v.(string); ok && counts[name] {
		n, err := units.ParseTokens(text)
		if err != nil {
			return problem.Wrong(problem.BadValue, name+": "+err.Error(), "", "")
		}
		v = n
	}
	line, err := json.Marshal(map[string]any{name: v})
	if err != nil {
		return problem.Failed(err.Error())
	}
	d := scenario.NewDecoder()
	d.Base = *s
	return d.Decode(line, s)
}

// counts are the fields of a scenario that are whole numbers.
var counts = func() map[string]bool {
	out := map[string]bool{}
	t := reflect.TypeFor[scenario.Scenario]()
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); t.Field(i).Type.Kind() == reflect.Int {
			out[name] = true
		}
	}
	return out
}()

// onAll resolves a workload on every kind of hardware. What is wrong with the
// workload itself is an error; what is wrong with the pair refuses it.
func (p *planner) onAll(r *scenario.Resolver, w *workload) error {
	n := len(p.kinds)
	w.ways, w.refused, w.excluded = make([]*way, n), make([]refusal, n), make([]bool, n)
	var first error
	good := 0
	for i, k := range p.kinds {
		if len(w.in.On) > 0 && !slices.Contains(w.in.On, k.in.Name) {
			w.excluded[i] = true
			continue
		}
		if k.refused != "" {
			w.refused[i] = refusal{k.refused, k.refused, "price"}
			continue
		}
		v := &way{w: w, k: k, prepared: new(scenario.Prepared), fewer: map[int]refusal{}}
		s := w.base
		s.On, s.Host, s.RAM = p.located(k.in.On), k.in.Host, k.in.RAM
		if err := r.Resolve(p.ctx, &s, v.prepared); err != nil {
			e := problem.From(problem.BadValue, err)
			if e.Exit != problem.ExitUsage {
				return e
			}
			w.refused[i] = refusal{full: e.Error(), sort: e.Error()}
			if first == nil {
				first = err
			}
			continue
		}
		good++
		v.prepared.Inputs.On = k.in.On
		if len(v.prepared.Request.Machine.Nodes) > 1 || v.prepared.Request.Machine.Primary().Count > 1 {
			why := v.prepared.Request.Engine.Name + " runs on one computer: name one, and a count"
			w.refused[i] = refusal{full: why, sort: why}
			continue
		}
		w.ways[i] = v
		for _, d := range k.sizes { // made here, for workers share them
			k.part(v.prepared.Request.Machine, d)
		}
	}
	if good == 0 && first != nil && ofItself(w, first) {
		return p.at(w.key, first)
	}
	return nil
}

// ofItself says whether a workload is refused everywhere for the same thing,
// which then is not the hardware's.
func ofItself(w *workload, first error) bool {
	switch problem.From(problem.BadValue, first).Code {
	case problem.UnknownModel, problem.UnknownEngine, problem.UnknownFormat, problem.BadFile, problem.BadScenario:
		return true
	}
	for i, why := range w.refused {
		if !w.excluded[i] && why.full != problem.From(problem.BadValue, first).Error() {
			return false
		}
	}
	return true
}
