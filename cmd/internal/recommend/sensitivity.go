package recommend

import (
	"context"
	"fmt"
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// change is one thing that could be different.
type change struct {
	words, flags string
	scenario     scenario.Scenario
	divide       bool // the devices are others: they share the model anew
}

// Sensitivity estimates a scenario again with one thing changed at a time:
// what more bandwidth, compute, memory or devices, another weight format or
// another context would buy. It tries only what the machine can have.
func (a *Advisor) Sensitivity(ctx context.Context, name string, s scenario.Scenario) (*report.Sensitivity, error) {
	w := a.worker(ctx)
	var p scenario.Prepared
	if err := w.resolver.Resolve(ctx, &s, &p); err != nil {
		return nil, err
	}
	base, e, err := w.outcome(&p)
	if err != nil {
		return nil, problem.From(problem.BadValue, err)
	}
	out := &report.Sensitivity{Name: name, Base: *base, Limits: report.NewCheck(&p, e, report.Versions{}).Result.Limits}
	changes := w.changes(&p, e)
	out.Rows = make([]report.SensitivityRow, len(changes))
	err = a.each(ctx, len(changes), func(w *worker, i int) {
		row := w.changed(&changes[i])
		row.Change, row.Flags = changes[i].words, changes[i].flags
		row.DecodeRatio, row.TTFTRatio = ratio(row.DecodeTokS, base.DecodeTokS), ratio(row.TTFTMs, base.TTFTMs)
		out.Rows[i] = row
	})
	out.Rows = slices.DeleteFunc(out.Rows, func(r report.SensitivityRow) bool { return r.Error != "" })
	return out, err
}

func ratio(a, b *estimator.Figure) float64 {
	if a == nil || b == nil || !(b.Value > 0) {
		return 0
	}
	return report.Significant(a.Value / b.Value)
}

// changed estimates a change; one that cannot be has an error.
func (w *worker) changed(c *change) report.SensitivityRow {
	var p scenario.Prepared
	if err := w.resolver.Resolve(w.ctx, &c.scenario, &p); err != nil {
		return report.SensitivityRow{Error: problem.OneLine(err.Error())}
	}
	if c.divide {
		p.Request.Cache = &w.cache
		divide(&p)
	}
	row, _, err := w.outcome(&p)
	if err != nil {
		return report.SensitivityRow{Error: problem.OneLine(err.Error())}
	}
	return *row
}

// outcome is what is told of one variant.
func (w *worker) outcome(p *scenario.Prepared) (*report.SensitivityRow, *estimator.Result, error) {
	p.Request.Answers, p.Request.Cache = true, &w.cache
	e, err := w.estimate(&p.Request)
	if err != nil {
		return nil, nil, err
	}
	r := newRow(judged(p, e, nil), p)
	return &report.SensitivityRow{Verdict: r.Verdict, DecodeTokS: r.Figures.DecodeTokS, TTFTMs: r.Figures.TTFTMs,
		Headroom: r.Figures.HeadroomBytes, MaxContext: r.MaxContext}, e, nil
}

// changes lists what is worth trying.
func (w *worker) changes(p *scenario.Prepared, e *estimator.Result) []change {
	s, m := p.Inputs, p.Request.Machine
	var out []change
	set := func(words, path string) {
		v := s
		v.Set = append(slices.Clone(s.Set), path)
		out = append(out, change{words: words, flags: "--set " + path, scenario: v})
	}
	node := m.Primary()
	each := ""
	if len(node.Devices) > 1 {
		each = " each"
	}
	set("10% more memory bandwidth", "hardware.bandwidth_gb_s=+10%")
	set("10% more compute", "hardware.tflops=+10%")
	set("8 GB more memory"+each, "hardware.memory_gb=+8GB")
	if len(node.Devices) > 0 && !node.Devices[0].Unified && e.Placement.Offloaded {
		set("10% more bandwidth of main memory", "hardware.host.cpu.bandwidth_gb_s=+10%")
	}
	out = append(out, w.more(&s, m, p.Request.Engine)...)
	out = append(out, w.otherFormats(p)...)
	return append(out, contexts(p)...)
}

// more is a machine with more accelerators: one more, or the next power of two
// where a server divides the model evenly.
func (w *worker) more(s *scenario.Scenario, m *hardware.Machine, e *engine.Engine) []change {
	node := m.Primary()
	n := len(node.Devices)
	if n == 0 || m.Local || len(m.Nodes) != 1 || max(node.Count, 1) > 1 || node.Box > 0 || node.Devices[0].Unified || profiles.Laptop(m) {
		return nil
	}
	d := node.Devices[0]
	for _, other := range node.Devices {
		if other.ID != d.ID {
			return nil
		}
	}
	next, words := n+1, "one more device"
	if e.Serves() {
		for next = 1; next <= n; next *= 2 {
		}
		words = fmt.Sprintf("%d devices", next)
	}
	v := *s
	v.On, v.Devices, v.TP, v.PP, v.DP, v.EP, v.Split = several(next, d.ID), 0, 0, 0, 0, 0, ""
	return []change{{words: words, flags: fmt.Sprintf("--on %q", v.On), scenario: v, divide: true}}
}

// otherFormats are the next wider and the next narrower weight format of the
// engine's ladder.
func (w *worker) otherFormats(p *scenario.Prepared) []change {
	if p.Request.Model.FromFile {
		return nil
	}
	now := p.Request.Weights.Total
	var up, down string
	var upBytes, downBytes int64
	for _, f := range p.Request.Engine.FormatLadder {
		weights, err := p.Request.Formats.Weights(p.Request.Model, f)
		switch {
		case err != nil || weights.Format == p.Request.Weights.Format:
		case weights.Total > now && (up == "" || weights.Total < upBytes):
			up, upBytes = f, weights.Total
		case weights.Total < now && (down == "" || weights.Total > downBytes):
			down, downBytes = f, weights.Total
		}
	}
	var out []change
	for _, f := range []string{up, down} {
		if f == "" {
			continue
		}
		v := p.Inputs
		v.Quant, v.QuantAssumed = f, false
		out = append(out, change{words: "weights in " + f, flags: "--quant " + f, scenario: v})
	}
	return out
}

// contexts are half and twice the context, as far as the work and the model go.
func contexts(p *scenario.Prepared) []change {
	s := p.Inputs
	sequences := 1
	if p.Request.Engine.SharedContext() {
		sequences = max(s.Batch, s.Parallel, 1)
	}
	now := s.Context / sequences
	var out []change
	for _, c := range []int{now / 2, 2 * now} {
		limit := p.Request.Model.Arch.MaxContext
		if c < s.InputTokens+s.OutputTokens+s.Depth || limit > 0 && c > limit {
			continue
		}
		v := s
		v.Context, v.ContextAssumed = c*sequences, false
		out = append(out, change{words: "a context of " + units.Thousands(int64(c)), flags: fmt.Sprintf("--context %d", v.Context), scenario: v})
	}
	return out
}
