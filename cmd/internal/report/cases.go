package report

import "github.com/plimsoll/plimsoll/estimator"

// Error is the outcome of what could not be judged: it could not be estimated,
// or the request was wrong.
const Error Outcome = "error"

// Case is one judged thing of a document, as a CI system sees it: a test case,
// an alert, an annotation.
type Case struct {
	// Group and Name together are unique within a document.
	Group, Name string
	Outcome     Outcome // Pass, Fail, Unsure or Error
	// Verdict on the memory; empty where none was given.
	Verdict estimator.Verdict
	// Message is one line: the verdict in plain words, or the error.
	Message string
	// Rule is the problem that a case has which is neither its verdict nor a
	// requirement; empty: RequirementFailed, Inconclusive or NotEstimated by
	// its outcome.
	Rule Rule
	// Detail are further lines.
	Detail []string
	// Figures in a fixed order; nil ones are left out by all writers.
	Figures      []NamedFigure
	Requirements []Requirement
	// Labels say what was judged (model, quant, on, engine …), in a fixed order.
	Labels []Label
	// File and Line are where it was asked, a plan file; empty and 0 if not known.
	File string
	Line int
}

// NamedFigure is a figure with the name it has in JSON, unit included
// ("decode_tok_s", "total_bytes").
type NamedFigure struct {
	Name   string
	Figure *estimator.Figure
}

// Label is a name with a value.
type Label struct{ Name, Value string }

// Cased is a document that CI can judge.
type Cased interface {
	// Title is a headline of a few words, without the result.
	Title() string
	// Cases in the order of the document; the same for the same document.
	Cases() []Case
}

// OutcomeOf joins a verdict on the memory and requirements: what fails wins over
// what is unsure. A tight fit is unsure, for it holds at the central value only.
func OutcomeOf(v estimator.Verdict, requirements []Requirement) Outcome {
	out := Pass
	switch v {
	case estimator.DoesNotFit:
		return Fail
	case estimator.Tight:
		out = Unsure
	}
	for i := range requirements {
		switch requirements[i].Outcome {
		case Fail:
			return Fail
		case Unsure:
			out = Unsure
		}
	}
	return out
}
