package recommend

import (
	"cmp"
	"context"
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/require"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/profiles"
)

// ModelsFor fills in the groups of a document about a machine: the best models
// for each use and class, in the weight format that ranks best of those that
// fit and meet every floor.
func (a *Advisor) ModelsFor(ctx context.Context, doc *report.Recommend) error {
	in := &doc.Inputs
	w := a.worker(ctx)
	m, err := w.resolver.Machine(ctx, &in.Scenario)
	if err != nil {
		return err
	}
	doc.Subject = m.Name
	server := a.serves(m)
	a.engineOf(&in.Scenario, m, in.Formats)
	if in.Scenario.Engine == "" {
		// What check would take: any model shows it.
		if in.Scenario.Engine, err = w.usualEngine(&in.Scenario); err != nil {
			return err
		}
		in.Scenario.EngineAssumed = true
	}
	e, err := a.facts.Engine(in.Scenario.Engine)
	if err != nil {
		return problem.From(problem.UnknownEngine, err)
	}
	in.Scenario.Engine = e.ID
	if in.Scenario.EngineAssumed {
		doc.Assumptions = append(doc.Assumptions, "engine not given: "+e.Name+" assumed")
	}
	classes := in.Classes
	if len(classes) == 0 {
		classes = []string{""}
	}
	for _, id := range in.Uses {
		use := a.uses.Use(id)
		if use == nil {
			return problem.Wrong(problem.BadValue, "unknown use "+id, "--use", "use one of "+a.UseIDs())
		}
		for _, class := range classes {
			q := &modelQuestion{use: use, class: class, engine: e, in: in, ladder: a.ladder(e, m, in.Scenario.GPULayers == 0)}
			q.settle(&a.rule.Servers, server)
			group, err := a.group(ctx, q)
			if err != nil {
				return err
			}
			doc.Groups = append(doc.Groups, *group)
		}
	}
	if server && in.Scenario.Batch <= 1 {
		doc.Assumptions = append(doc.Assumptions, assumedSequences(a.rule.Servers.Sequences))
	}
	return nil
}

// UseIDs lists the uses, for messages.
func (a *Advisor) UseIDs() string {
	var ids []string
	for i := range a.uses.Uses {
		ids = append(ids, a.uses.Uses[i].ID)
	}
	return joined(ids)
}

// AllUses lists the uses for which models of words are, in their order.
func (a *Advisor) AllUses() []string {
	var ids []string
	for i := range a.uses.Uses {
		ids = append(ids, a.uses.Uses[i].ID)
	}
	return ids
}

// modelQuestion is one group: what it is for, and the work that it is judged by.
type modelQuestion struct {
	use       *profiles.Use
	class     string
	engine    *engine.Engine
	in        *report.RecommendInputs
	base      scenario.Scenario
	asked     report.RecommendAsked
	gates     []*require.Requirement
	needsMore bool // some gate is on what follows the verdict
	ladder    []string
}

// settle fills in the work: what was given, and else that of the use.
func (q *modelQuestion) settle(servers *profiles.ServerRule, server bool) {
	s := q.in.Scenario
	q.asked = report.RecommendAsked{InputTokens: q.use.InputTokens, OutputTokens: q.use.OutputTokens, Context: q.use.Context, Sequences: s.Batch,
		MinDecodeTokS: q.use.MinDecodeTokS, ComfortTokS: q.use.ComfortTokS, MaxTTFTMs: q.in.MaxTTFTMs, Require: q.in.Require}
	if server && s.Batch <= 1 {
		q.asked.Sequences = servers.Sequences
	}
	if q.in.MinDecodeTokS > 0 {
		q.asked.MinDecodeTokS = q.in.MinDecodeTokS
	}
	if !s.PromptAssumed {
		q.asked.InputTokens = s.InputTokens
	}
	if s.OutputTokens != scenario.DefaultOutputTokens {
		q.asked.OutputTokens = s.OutputTokens
	}
	if s.Context > 0 {
		q.asked.Context = s.Context
	}
	if need := q.asked.InputTokens + q.asked.OutputTokens + s.Depth; s.Context == 0 && need > q.asked.Context {
		q.asked.Context = engine.Pad(need, 256)
	}
	s.InputTokens, s.OutputTokens, s.Batch = q.asked.InputTokens, q.asked.OutputTokens, q.asked.Sequences
	s.Context, s.ContextAssumed, s.PromptAssumed = contextOf(q.engine, q.asked.Context, s.Batch), false, false
	q.base = s
}

// group ranks the models of one use.
func (a *Advisor) group(ctx context.Context, q *modelQuestion) (*report.RecommendGroup, error) {
	var err error
	if q.gates, err = floors(q.asked.MinDecodeTokS, q.asked.MaxTTFTMs, q.in.Require); err != nil {
		return nil, err
	}
	q.needsMore = len(q.in.Require) > 0
	g := &report.RecommendGroup{Use: q.use.ID, Words: q.use.Words, Class: q.class, Asked: q.asked, Rows: []report.RecommendRow{}}
	candidates, short := a.Candidates(q.use.ID, q.class, q.asked.Context)
	if candidates, err = Named(candidates, q.in.Models); err != nil {
		return nil, problem.Wrong(problem.UnknownModel, err.Error(), "--model", "see plimsoll models list, or name another --use")
	}
	g.Coverage.ShortContext = short
	found := make([]trial, len(candidates))
	if err := a.each(ctx, len(candidates), func(w *worker, i int) { found[i] = w.best(q, &candidates[i]) }); err != nil {
		return nil, err
	}
	var good []*trial
	var near *trial
	for i := range found {
		t := &found[i]
		g.Coverage.Considered += 1 + len(candidates[i].Same)
		g.Coverage.SameShape += len(candidates[i].Same)
		t.candidate = &candidates[i]
		switch t.kind {
		case recommended:
			good = append(good, t)
			g.Coverage.Recommended++
		case belowFloors:
			g.Coverage.TooSlow++
		case tooLarge:
			g.Coverage.TooLarge++
		case tooSmall:
			g.Coverage.TooSmall++
			continue
		default:
			g.Coverage.NotEstimated++
			continue
		}
		if t.kind != recommended && (near == nil || t.nearer(near)) {
			near = t
		}
	}
	g.Coverage.Considered += short
	slices.SortStableFunc(good, func(x, y *trial) int {
		return cmp.Or(cmp.Compare(y.score.Total, x.score.Total), cmp.Compare(x.candidate.Entry.ID, y.candidate.Entry.ID))
	})
	good = good[:min(len(good), q.in.Top)]
	g.Rows = make([]report.RecommendRow, len(good))
	if err := a.each(ctx, len(good), func(w *worker, i int) {
		g.Rows[i] = w.row(q, good[i])
		g.Rows[i].Rank = i + 1
	}); err != nil {
		return nil, err
	}
	if len(good) == 0 && near != nil {
		row := a.worker(ctx).row(q, near)
		g.Nearest = &row
	}
	return g, nil
}
