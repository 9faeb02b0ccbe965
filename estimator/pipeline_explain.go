package estimator

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// explainPipeline adds how the times of the stages and the sizes of the
// fullest phases came about, and which ways were passed over.
func explainPipeline(req *Request, e *Result) {
	m := req.Pipeline.Model
	for i := range e.Pipeline.Stages {
		st := &e.Pipeline.Stages[i]
		facts := []string{m.Components[st.Component].Name}
		if st.Tokens > 0 {
			facts = append(facts, fmt.Sprintf("%s positions of width %s", digits(st.Tokens), digits(st.Width)))
		}
		if st.Weights > 0 {
			facts = append(facts, digits(st.Weights)+" weights a call")
		}
		e.Derivations = append(e.Derivations, Derivation{Figure: "seconds of " + st.Name,
			Formula: stageFormula(st), Facts: strings.Join(facts, ", "), Source: st.Seconds.Basis})
	}
	for _, t := range e.Fit.Tried {
		e.Derivations = append(e.Derivations, Derivation{Figure: "what does not fit", Formula: t.Words + ": " + gib(t.Need) + " in the fullest memory", Source: "the engine's ways, the least slow first"})
	}
	for i := range e.Fit.Ledgers {
		l := &e.Fit.Ledgers[i]
		if l.Peak >= len(l.Phases) {
			continue
		}
		p := &l.Phases[l.Peak]
		for _, line := range p.Lines {
			if line.Formula == "" {
				continue
			}
			e.Derivations = append(e.Derivations, Derivation{Figure: l.Name + ": " + line.Name + ", while " + p.Name,
				Formula: fmt.Sprintf("%s = %s", line.Formula, gib(line.Bytes)), Source: line.Source})
		}
	}
}

// stageFormula writes a stage's work and its time.
func stageFormula(st *pipeline.StageTime) string {
	work := []string{flops(st.FLOPs)}
	if st.Attention > 0 {
		work = append(work, flops(st.Attention)+" of attention")
	}
	if st.Kernels > 0 {
		work = append(work, digits(st.Kernels)+" operations launched")
	}
	return fmt.Sprintf("%s calls x (%s), limited by %s = %s s", digits(st.Calls), strings.Join(work, " + "), st.Bound, digits(st.Seconds.Value))
}

// flops writes an amount of arithmetic.
func flops(v float64) string {
	for _, u := range [...]struct {
		from float64
		name string
	}{{1e15, "PFLOP"}, {1e12, "TFLOP"}, {1e9, "GFLOP"}} {
		if v >= u.from {
			return digits(v/u.from) + " " + u.name
		}
	}
	return digits(v/1e6) + " MFLOP"
}

func digits(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
