package estimator

import (
	"errors"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/estimator/serving"
)

// pace tells a scheduler how long its steps take, by the one path that times
// everything else: a step of mixed work, its operations, their roofline.
type pace struct {
	in    phase.Input
	rates roofline.Input
	ph    phase.Phase
	scale float64 // of the time: 1, or an end of the interval
	// encode is the seconds of the encoders that come with each prompt token,
	// where prompts have images or sound.
	encode float64
}

// Seconds returns the time of one step.
func (p *pace) Seconds(s *serving.Step) float64 {
	t := p.time(s)
	return (t.Seconds + s.Prompt*p.encode) * p.scale
}

func (p *pace) time(s *serving.Step) roofline.Time {
	depth := 0.0
	if s.Decodes > 0 {
		depth = s.Cache / s.Decodes
	}
	prompts := phase.Prompts{Tokens: s.Prompt, Seqs: s.PromptSeqs}
	if s.PromptSeqs > 0 {
		prompts.Cached = s.PromptCache / s.PromptSeqs
	}
	phase.Mixed(&p.in, s.Decodes, depth, prompts, &p.ph)
	return roofline.Run(&p.ph, &p.rates)
}

// paceOf returns the pace of one turn of one replica.
func paceOf(req *Request, e *Result) (*pace, error) {
	c, s := req.Cache, &e.Settings
	rin, err := c.rates(req.Calibration, s, req.Machine.Primary())
	if err != nil {
		return nil, err
	}
	rin.Class, rin.Format, rin.Flash = req.Weights.Class, req.Weights.Format, s.FlashOn
	encode := 0.0
	if n := req.Workload.InputTokens; n > 0 {
		encode = e.Encode.Seconds / float64(n)
	}
	return &pace{encode: encode, rates: rin, scale: 1, in: phase.Input{Model: req.Model, Weights: req.Weights, Shape: c.shape(req.Model, req.Weights),
		Placement: &e.Placement, Settings: s}}, nil
}

// turns is how many schedulers of their own a deployment counts as: one for
// each data-parallel group, and for each stage of a pipeline, since every
// stage works on a part of the sequences at a time.
func turns(s *engine.Settings) int { return max(s.DP, 1) * max(s.PP, 1) }

// wholeBatch is a budget of tokens that no batch of prompts exceeds.
const wholeBatch = 1 << 30

// schedulerOf returns the scheduler of one turn.
func schedulerOf(e *Result) (*serving.Scheduler, error) {
	s := &e.Settings
	r := &s.Rules.Serve
	stages := max(s.PP, 1)
	out := &serving.Scheduler{MaxSeqs: s.MaxNumSeqs / stages, MaxTokens: s.MaxNumBatchedTokens, Chunked: r.Chunked,
		BlockTokens: r.BlockTokens, Reserve: r.ReserveShare}
	switch r.Schedule {
	case engine.PrefillFirst:
		out.Policy = serving.PrefillFirst
	case engine.Mixed:
	case engine.Static:
		// All prompts of a batch at once, then all answers.
		out.Policy, out.MaxSeqs, out.MaxTokens = serving.Static, s.Slots, wholeBatch
		return out, nil
	default:
		// Engines whose slots are given: llama.cpp mixes prompts and answers in
		// logical batches.
		out.MaxSeqs, out.MaxTokens, out.Chunked = s.Slots, max(s.Batch, 1), true
		out.CacheTokens = int64(s.Cells)
		return out, nil
	}
	for i := range e.Ledgers {
		if n := e.Ledgers[i].PoolSeqs; n > 0 && n < s.PerGroup() {
			out.MaxSeqs = min(out.MaxSeqs, n/stages)
		}
	}
	out.MaxSeqs = max(out.MaxSeqs, 1)
	pool := poolTokens(e)
	if pool <= 0 {
		return nil, errors.New("no memory is left for a cache")
	}
	out.CacheTokens = pool / int64(stages)
	return out, nil
}
