package recommend

import (
	"context"
	"fmt"
	"strconv"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// Finish adds to a document what its rows do not say: the rule in words, what
// was assumed, and what changes would buy for the first row.
func (a *Advisor) Finish(ctx context.Context, doc *report.Recommend) error {
	if doc.Hardware != nil {
		doc.Rule = report.RecommendRule{Words: "machines that fit and meet everything asked at the pessimistic end of their intervals, of each kind of hardware the number that serves the goal best"}
		doc.Assumptions = append(doc.Assumptions, a.hardwareAssumed(doc)...)
	} else {
		doc.Rule = a.words(doc.Inputs.Prefer)
	}
	doc.Rule.Assumed, doc.Rule.Sources = orEmpty(doc.Rule.Assumed), orEmpty(doc.Rule.Sources)
	if doc.Assumptions == nil {
		doc.Assumptions = []string{}
	}
	if doc.Warnings == nil {
		doc.Warnings = []estimator.Warning{}
	}
	first := doc.First()
	if first == nil || doc.Inputs.NoSensitivity {
		return nil
	}
	name := first.Name
	if doc.Hardware == nil {
		name = fmt.Sprintf("%s on %s", first.Name, first.Machine.Name)
	}
	var err error
	doc.Sensitivity, err = a.Sensitivity(ctx, name, first.Scenario)
	return err
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// words writes the rule out.
func (a *Advisor) words(prefer string) report.RecommendRule {
	r := a.rule
	w := r.Speed.Weights[prefer]
	g := func(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
	return report.RecommendRule{
		Words: "score = size + generation + format + speed, each in doublings of a model's size: a term of 1 counts as much as twice the parameters. No benchmark scores are known here.",
		Terms: []string{
			"size: " + r.Size.About,
			fmt.Sprintf("generation: %s (%s)", r.Generation.About, g(r.Generation.DoublingMonths)),
			fmt.Sprintf("format: %s (%.3g)", r.Format.About, a.ranker.Unit()),
			fmt.Sprintf("speed: %s (%s: %s below comfort, %s beyond)", r.Speed.About, prefer, g(w.Below), g(w.Beyond)),
		},
		Assumed: []string{r.Size.Assumed, r.Generation.Assumed, r.Speed.Assumed, r.Format.Otherwise, r.Format.Native.Assumed},
		Sources: []string{r.Size.Source, r.Generation.Source, r.Format.Unit.Source, r.Format.Source, r.Format.Native.Source, r.Servers.Source},
	}
}

// hardwareAssumed says what is assumed of all machines.
func (a *Advisor) hardwareAssumed(doc *report.Recommend) []string {
	var out []string
	in := &doc.Inputs
	if len(in.Formats) == 0 {
		out = append(out, "weight format not given: of each machine the usual one of its engine (--quant compares like with like)")
	}
	if in.Scenario.Engine == "" {
		out = append(out, "engine not given: "+a.rule.Servers.Engine+" in data centres, else what plimsoll check takes")
	}
	if in.Scenario.ContextAssumed {
		out = append(out, fmt.Sprintf("context not given: %d tokens for each sequence assumed", in.Scenario.Context))
	}
	return out
}
