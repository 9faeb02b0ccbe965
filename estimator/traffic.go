package estimator

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/serving"
)

// Traffic is how a server's time divides into steps under a load: what its
// scheduler does, told apart from how long each step takes. It is what the
// speed model is fitted on where servers were measured.
type Traffic struct {
	// Plain is a step in which sequences decode, Mixed one in which prompts are
	// worked on, with or without decoding; both of one turn of the deployment.
	Plain, Mixed phase.Phase
	// A token after the first takes PlainPerToken and MixedPerToken of them, the
	// first one MixedToFirst and what a request costs beside.
	PlainPerToken, MixedPerToken, MixedToFirst float64
	// Decoding is the sequences that decode in one turn, Running all in it,
	// Turns the turns that a deployment counts as; Together is the prompts, or
	// the part of one, in a mixed step.
	Decoding, Running, Turns, Together float64
}

// TrafficOf returns the steady state of a load on the deployment that e
// describes. The mix of steps depends on the rates of the request's
// calibration only as far as it takes to say how many sequences wait for their
// first token. Errors say why there is no steady state.
func TrafficOf(req *Request, e *Result, load *serving.Load) (*Traffic, error) {
	one, err := singleOf(req, e)
	if err != nil {
		return nil, err
	}
	sched, p := one.sched, one.pace
	t := &Traffic{Turns: float64(turns(&e.Settings))}
	part, _ := partOf(load, turns(&e.Settings))
	st, err := one.Steady(part)
	if err != nil {
		return nil, err
	}
	if st.Unstable {
		return nil, fmt.Errorf("the load is not carried")
	}
	t.Decoding, t.Running = st.Decoding, st.Running
	input, output := part.Input.Mean(), part.Output.Mean()
	depth := input + output/2
	phase.Mixed(&p.in, st.Decoding, depth, phase.Prompts{}, &t.Plain)
	share := math.Min(math.Max(st.PromptShare, 0), 1)
	work := math.Max(1, input*(1-part.PrefixHit)) // tokens of a prompt to work on
	perSecond := st.RequestsPerSecond * work
	tokens, steps := work, 1.0
	if share > 0 {
		tokens = perSecond * st.StepSeconds / share
		// What the closed form counts as one may be several full steps.
		steps = math.Max(1, tokens/float64(sched.MaxTokens))
		tokens /= steps
	}
	prompts := phase.Prompts{Tokens: tokens, Seqs: math.Max(1, tokens/work)}
	if work > tokens { // a chunk: half of the others are before it
		prompts.Cached = (work - tokens) / 2
	}
	prompts.Cached += input - work
	t.Together = tokens / work
	decodes := st.Decoding
	if sched.Policy != serving.Mixed {
		decodes = 0
	}
	phase.Mixed(&p.in, decodes, depth, prompts, &t.Mixed)
	// So many of each that a token takes its mean time: who began together does
	// not disturb each other's answers, so it is not their share of all steps.
	step := st.MixedStep / steps
	perToken := st.TPOT * math.Max(1, part.TokensPerStep)
	t.PlainPerToken = 1
	switch {
	case sched.Policy != serving.Mixed && step > 0:
		t.MixedPerToken = math.Max(0, perToken-st.DecodeStep) / step
	case step > st.DecodeStep:
		t.MixedPerToken = math.Min(1, math.Max(0, perToken-st.DecodeStep)/(step-st.DecodeStep))
		t.PlainPerToken -= t.MixedPerToken
	}
	if step > 0 {
		t.MixedToFirst = (st.TTFT + startWait(st, part)) / step
	}
	return t, nil
}

// startWait returns by how many seconds the mean first token of a benchmark's
// closed loop comes later than in the steady state since all users begin at
// once: so many prompts are before one's own, in one round of those that count.
func startWait(st *serving.SteadyState, load *serving.Load) float64 {
	if load.Rounds <= 0 || st.PromptShare <= 0 || st.RequestsPerSecond <= 0 {
		return 0
	}
	perPrompt := st.PromptShare * st.MixedStep / st.StepSeconds / st.RequestsPerSecond
	return math.Max(0, st.Running-1) / 2 * perPrompt / float64(load.Rounds)
}

// BatchTraffic is the Traffic of a batch that runs by itself from its prompts,
// worked on all at once, to its last tokens.
func BatchTraffic(req *Request, e *Result, batch, input, output int) *Traffic {
	s := &e.Settings
	t := &Traffic{PlainPerToken: 1, MixedToFirst: 1, Turns: float64(turns(s))}
	t.Running = math.Max(1, float64(batch)/t.Turns)
	t.Decoding = t.Running
	in := phase.Input{Model: req.Model, Weights: req.Weights, Placement: &e.Placement, Settings: s}
	phase.Mixed(&in, t.Running, float64(input)+float64(output)/2, phase.Prompts{}, &t.Plain)
	phase.Mixed(&in, 0, 0, phase.Prompts{Tokens: t.Running * float64(input), Seqs: t.Running}, &t.Mixed)
	return t
}
