package recommend

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/require"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/ranking"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// Facts are what recommendations look up.
type Facts interface {
	scenario.Facts
	Models() ([]profiles.ModelEntry, error)
	Devices() ([]*hardware.Device, error)
	CPUs() ([]*hardware.CPU, error)
	Nodes() ([]*hardware.Machine, error)
}

// Estimate is estimator.Estimate.
type Estimate func(*estimator.Request) (*estimator.Result, error)

// Advisor makes recommendations. It may be used by several goroutines.
type Advisor struct {
	facts    Facts
	estimate Estimate
	store    *scenario.Store
	rule     *profiles.RankingRule
	uses     *profiles.ModelUses
	models   []profiles.ModelEntry
	ranker   *ranking.Ranker
}

// NewAdvisor reads the rule and the catalogue of models.
func NewAdvisor(f Facts, estimate Estimate) (*Advisor, error) {
	a := &Advisor{facts: f, estimate: estimate, store: scenario.NewStore(f)}
	var err error
	if a.rule, err = profiles.Ranking(); err == nil {
		if a.uses, err = profiles.Uses(); err == nil {
			a.models, err = f.Models()
		}
	}
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	releases := make([]ranking.Release, len(a.models))
	for i := range a.models {
		m := &a.models[i]
		releases[i] = ranking.Release{ID: m.ID, Family: m.Family, Released: m.Released}
	}
	a.ranker = ranking.New(&a.rule.Rule, releases)
	return a, nil
}

// worker estimates one scenario after the other.
type worker struct {
	*Advisor
	ctx      context.Context
	resolver *scenario.Resolver
	cache    estimator.Cache
}

func (a *Advisor) worker(ctx context.Context) *worker {
	w := &worker{Advisor: a, ctx: ctx, resolver: scenario.NewResolver(a.store)}
	w.resolver.Languages = "plimsoll recommend"
	return w
}

// each calls f for every index below n, on all cores, each with a worker of
// its core. It stops early when the context ends.
func (a *Advisor) each(ctx context.Context, n int, f func(w *worker, i int)) error {
	var next atomic.Int64
	var workers sync.WaitGroup
	var panicked atomic.Pointer[problem.Error]
	for range max(min(runtime.GOMAXPROCS(0), n), 1) {
		workers.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					panicked.Store(problem.Failed(fmt.Sprintf("panic: %v", p)))
				}
			}()
			w := a.worker(ctx)
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				f(w, i)
			}
		})
	}
	workers.Wait()
	if p := panicked.Load(); p != nil {
		return p
	}
	return ctx.Err()
}

// check estimates a scenario and makes the document of it, gates judged. A
// gate on a figure that is not known is one that fails.
func (w *worker) check(p *scenario.Prepared, gates []*require.Requirement) (*report.Check, error) {
	p.Request.Cache = &w.cache
	e, err := w.estimate(&p.Request)
	if err != nil {
		return nil, err
	}
	return judged(p, e, gates), nil
}

func judged(p *scenario.Prepared, e *estimator.Result, gates []*require.Requirement) *report.Check {
	c := report.NewCheck(p, e, report.Versions{})
	for _, g := range gates {
		r, err := g.Judge(c)
		if err != nil {
			r = report.Requirement{Text: g.Text, Outcome: report.Fail}
		}
		c.Requirements = append(c.Requirements, r)
	}
	return c
}

// met says whether every requirement passes, at the pessimistic end.
func met(list []report.Requirement) bool {
	for i := range list {
		if list[i].Outcome != report.Pass {
			return false
		}
	}
	return true
}

// floors are the gates of a question: its own floors, then what was required.
func floors(minDecode, maxTTFT float64, texts []string) ([]*require.Requirement, error) {
	var all []string
	if minDecode > 0 {
		all = append(all, "decode_tok_s >= "+strconv.FormatFloat(minDecode, 'g', -1, 64))
	}
	if maxTTFT > 0 {
		all = append(all, "ttft_ms <= "+strconv.FormatFloat(maxTTFT, 'g', -1, 64))
	}
	var out []*require.Requirement
	for _, text := range append(all, texts...) {
		g, err := require.Parse(text)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

// serves says whether a machine is taken to serve many users, by the rule.
func (a *Advisor) serves(m *hardware.Machine) bool {
	node := m.Primary()
	if node == nil || len(node.Devices) == 0 || profiles.AtHome(m) {
		return false
	}
	r := &a.rule.Servers
	e, err := a.facts.Engine(r.Engine)
	if err != nil {
		return false
	}
	d := node.Devices[0]
	switch d.Vendor {
	case "NVIDIA":
		compute, err := strconv.ParseFloat(d.Compute, 64)
		return err == nil && compute >= r.NVIDIACompute
	case "AMD":
		for _, target := range r.AMDTargets {
			if d.Compute == target {
				return true
			}
		}
		return false
	}
	return e.DefaultBackend(d.Vendor) != nil
}

// engineOf settles the engine of a scenario on a machine: the one asked for,
// or a server's where the machine serves, or else check's. Who asks for a format
// of GGUF files asks for an engine that reads them.
func (a *Advisor) engineOf(s *scenario.Scenario, m *hardware.Machine, formats []string) {
	if s.Engine != "" || a.ofFiles(formats) || !a.serves(m) {
		return
	}
	s.Engine, s.EngineAssumed = a.rule.Servers.Engine, true
}

// ofFiles says whether the formats asked for are those of GGUF files.
func (a *Advisor) ofFiles(formats []string) bool {
	t, err := a.facts.Formats()
	if err != nil || len(formats) == 0 {
		return false
	}
	spec, ok := t.Spec(formats[0])
	return ok && spec.Kind == "mix"
}

// usualEngine is the engine that check takes for a scenario.
func (w *worker) usualEngine(s *scenario.Scenario) (string, error) {
	any := *s
	any.Set = nil
	var first error
	for i := range w.models { // the engine does not depend on the model: the first that can be had
		any.Model = w.models[i].ID
		var p scenario.Prepared
		err := w.resolver.Resolve(w.ctx, &any, &p)
		if err == nil {
			return p.Inputs.Engine, nil
		}
		if first == nil {
			first = err
		}
		if i > 8 {
			break
		}
	}
	return "", first
}

// contextOf is each sequence's context, as the engine wants to be told of all together.
func contextOf(e *engine.Engine, each, sequences int) int {
	if e.SharedContext() {
		return each * max(sequences, 1)
	}
	return each
}
