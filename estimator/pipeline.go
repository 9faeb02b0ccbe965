package estimator

import (
	"fmt"

	"github.com/plimsoll/plimsoll/estimator/memory"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// estimatePipeline answers a request for a pipeline: where its components
// lie, how full each memory gets in each phase, and how long the job takes.
func estimatePipeline(req *Request) (*Result, error) {
	p := *req.Pipeline
	p.Machine = req.Machine
	if p.Machine == nil || p.Machine.Primary() == nil {
		return nil, fmt.Errorf("the machine has no node")
	}
	if err := sized(p.Machine.Primary()); err != nil {
		return nil, err
	}
	fit, err := pipeline.Place(&p)
	if err != nil {
		return nil, err
	}
	e := &Result{Fit: fit, Ledgers: ledgersOfFit(fit)}
	switch {
	case fit.Fits && fit.Offloaded:
		e.Verdict = FitsOffload
	case fit.Fits:
		e.Verdict = Fits
	case fit.Tight:
		e.Verdict = Tight
	default:
		e.Verdict = DoesNotFit
	}
	if len(e.Ledgers) == 0 {
		return nil, fmt.Errorf("%s: nothing is placed anywhere", p.Model.ID)
	}
	f := fullest(e.Ledgers)
	e.FullestName = e.Ledgers[f].Name
	e.All, e.Fullest = components(e.Ledgers), components(e.Ledgers[f:f+1])
	out, err := pipeline.Time(&p, fit)
	if err != nil {
		return nil, err
	}
	out.Class = p.Model.Class
	e.Pipeline = out
	for _, u := range out.Unavailable {
		e.Unavailable = append(e.Unavailable, Unavailable{Figure: u.Figure, Reason: u.Reason})
	}
	e.Assumptions = append(append(e.Assumptions, fit.Assumptions...), out.Assumptions...)
	if req.Explain {
		explainPipeline(req, e)
	}
	if req.Terms != nil {
		pipelineCosts(req, e)
	}
	if req.Answers {
		e.Reason = reasonOfFit(e)
		for _, s := range pipeline.Suggest(&p, fit) {
			e.Suggestions = append(e.Suggestions, Suggestion{Change: s.Change, Effect: s.Effect, Flags: s.Flags})
		}
		e.Verify = p.Engine.VerifyCommand(p.Model, out)
	}
	return e, nil
}

// ledgersOfFit takes each memory in the phase that needs most.
func ledgersOfFit(fit *pipeline.Fit) []memory.Ledger {
	out := make([]memory.Ledger, 0, len(fit.Ledgers))
	for i := range fit.Ledgers {
		from := &fit.Ledgers[i]
		l := memory.Ledger{Name: from.Name, Capacity: from.Capacity, Reserved: max(from.Capacity-from.Usable, 0), ReservedWhy: from.ReservedWhy}
		if from.Peak < len(from.Phases) {
			for _, line := range from.Phases[from.Peak].Lines {
				kind := memory.Runtime
				switch line.Kind {
				case "weights":
					kind = memory.Weights
				case "activations":
					kind = memory.Compute
				}
				l.Lines = append(l.Lines, memory.Line{Component: kind, Bytes: line.Bytes, Low: line.Low, High: line.High,
					Formula: line.Formula, Source: line.Source, Note: line.Name})
			}
		}
		l.Sum()
		out = append(out, l)
	}
	return out
}

// reasonOfFit puts the verdict into words.
func reasonOfFit(e *Result) string {
	f := fullest(e.Ledgers)
	l := &e.Ledgers[f]
	phase := ""
	if from := &e.Fit.Ledgers[f]; from.Peak < len(from.Phases) {
		phase = " during " + from.Phases[from.Peak].Name
	}
	need := fmt.Sprintf("%s needs %s%s; %s may be used", l.Name, gib(l.Need), phase, gib(max(l.Usable(), 0)))
	switch e.Verdict {
	case Tight:
		return need + fmt.Sprintf(", and up to %s may be needed", gib(l.High))
	case FitsOffload:
		return need + ", with " + e.Fit.Setup.Words()
	}
	return need
}
