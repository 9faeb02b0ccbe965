package report

import (
	"fmt"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/estimator"
)

// Rule names a kind of problem, for SARIF, JUnit and annotations.
type Rule string

// Rules. Their names are stable: alerts are matched by them.
const (
	NoFit             Rule = "does-not-fit"
	TightFit          Rule = "tight"
	RequirementFailed Rule = "requirement-failed"
	Inconclusive      Rule = "unsure"
	NotEstimated      Rule = "not-estimated"
	Worsened          Rule = "worse-than-base"
)

// RuleWords says what each rule means, in a fixed order.
var RuleWords = []struct {
	Rule        Rule
	Title, Help string
}{
	{NoFit, "The model does not fit", "The memory that the model needs is more than the machine may use. Use a smaller weight format, a shorter context, fewer sequences or more memory."},
	{TightFit, "The model fits at the central value only", "The high end of the memory estimate's interval is more than the machine may use. Leave more room, or accept the risk with --fail-on no."},
	{RequirementFailed, "A requirement is not met", "The whole interval of the figure lies on the wrong side of the limit. Change the deployment or the machine, or the requirement."},
	{Inconclusive, "A requirement cannot be decided", "The limit lies inside the figure's interval. Measure on the real machine, leave more room, or judge the central value with NAME@central."},
	{NotEstimated, "It could not be estimated", "The request is wrong, or a figure that a requirement names cannot be estimated: the message says why."},
	{Worsened, "It is worse than the saved result", "A verdict or requirement has become worse, or a figure beyond the intervals of both estimates."},
}

// Problem is one thing that is not as it should be with a case.
type Problem struct {
	Rule    Rule
	Outcome Outcome // Fail, Unsure or Error
	Message string
	// Key tells problems of one case and rule apart, and does not change with
	// the figures: the requirement's text, or empty.
	Key string
}

// Problems lists what keeps the case from passing, the verdict first. A case
// that passes has none.
func (c *Case) Problems() []Problem {
	if c.Outcome == Pass {
		return nil
	}
	var out []Problem
	fallback := RequirementFailed
	switch c.Outcome {
	case Error:
		fallback = NotEstimated
	case Unsure:
		fallback = Inconclusive
	}
	switch {
	case c.Verdict == estimator.DoesNotFit:
		out = append(out, Problem{Rule: NoFit, Outcome: Fail, Message: c.Message})
	case c.Verdict == estimator.Tight && c.Outcome != Error:
		out = append(out, Problem{Rule: TightFit, Outcome: Unsure, Message: c.Message})
	}
	for i := range c.Requirements {
		switch r := &c.Requirements[i]; r.Outcome {
		case Fail:
			out = append(out, Problem{RequirementFailed, Fail, r.Words(), r.Text})
		case Unsure:
			out = append(out, Problem{Inconclusive, Unsure, r.Words(), r.Text})
		}
	}
	worst := Pass
	for _, p := range out {
		worst = worse(worst, p.Outcome)
	}
	if worst != c.Outcome { // what is wrong is neither
		if c.Rule != "" {
			fallback = c.Rule
		}
		out = append([]Problem{{Rule: fallback, Outcome: c.Outcome, Message: c.Message}}, out...)
	}
	return out
}

// Words says a requirement and the figure it was judged by.
func (r *Requirement) Words() string {
	f := &r.Figure
	if f.Unit == "" {
		return r.Text
	}
	if f.Low == f.High {
		return fmt.Sprintf("%s: it is %s", r.Text, FigureText(f, f.Value))
	}
	return fmt.Sprintf("%s: it is %s (%s to %s)", r.Text, FigureText(f, f.Value), FigureText(f, f.Low), FigureText(f, f.High))
}

// severity orders outcomes.
var severity = map[Outcome]int{Pass: 0, Unsure: 1, Fail: 2, Error: 3}

// worse is the worse of two outcomes.
func worse(a, b Outcome) Outcome {
	if severity[b] > severity[a] {
		return b
	}
	return a
}

// Worse says whether outcome b is worse than a.
func Worse(a, b Outcome) bool { return severity[b] > severity[a] }

// FailOn says what makes the answer no: never (only a requirement that fails),
// no, tight or unsure, each with all that those before it do. What could not be
// estimated always does.
type FailOn string

// Choices of FailOn.
const (
	FailNever  FailOn = "never"
	FailNo     FailOn = "no"
	FailTight  FailOn = "tight"
	FailUnsure FailOn = "unsure"
)

// Level is how loudly a problem is told: Fail as an error, Unsure as a warning.
// What could not be estimated and what fails are errors whatever the exit code.
func (f FailOn) Level(p *Problem) Outcome {
	if p.Outcome == Unsure && !f.Fails(p) {
		return Unsure
	}
	return Fail
}

// Fails says whether a problem makes the answer no.
func (f FailOn) Fails(p *Problem) bool {
	switch {
	case p.Outcome == Error:
		return true
	case f == FailNever:
		return p.Outcome == Fail && p.Rule == RequirementFailed
	case p.Outcome == Fail:
		return true
	case p.Rule == TightFit:
		return f == FailTight || f == FailUnsure
	}
	return f == FailUnsure
}

// Exit is the exit code of all cases together.
func (f FailOn) Exit(cases []Case) int {
	exit := problem.ExitYes
	for i := range cases {
		for _, p := range cases[i].Problems() {
			switch {
			case p.Outcome == Error:
				exit = problem.Worse(exit, problem.ExitUsage)
			case f.Fails(&p):
				exit = problem.Worse(exit, problem.ExitNo)
			}
		}
	}
	return exit
}

// Counts are the cases by outcome.
type Counts struct{ Total, Pass, Fail, Unsure, Error int }

// Count counts the cases by outcome.
func Count(cases []Case) Counts {
	n := Counts{Total: len(cases)}
	for i := range cases {
		switch cases[i].Outcome {
		case Pass:
			n.Pass++
		case Fail:
			n.Fail++
		case Unsure:
			n.Unsure++
		default:
			n.Error++
		}
	}
	return n
}

// Outcome of all cases together: the worst of them.
func (n Counts) Outcome() Outcome {
	switch {
	case n.Error > 0:
		return Error
	case n.Fail > 0:
		return Fail
	case n.Unsure > 0:
		return Unsure
	}
	return Pass
}

// Words says the counts as a headline: "4 cases: 2 pass, 1 fails, 1 unsure".
func (n Counts) Words() string {
	head := fmt.Sprintf("%d cases: ", n.Total)
	if n.Total == 1 {
		head = "1 case: "
	}
	sep := ""
	for _, part := range []struct {
		n         int
		one, more string
	}{{n.Pass, "passes", "pass"}, {n.Fail, "fails", "fail"}, {n.Unsure, "is unsure", "are unsure"}, {n.Error, "could not be judged", "could not be judged"}} {
		if part.n == 0 {
			continue
		}
		word := part.more
		if part.n == 1 {
			word = part.one
		}
		head += fmt.Sprintf("%s%d %s", sep, part.n, word)
		sep = ", "
	}
	if n.Total == 0 {
		return "no cases"
	}
	return head
}
