package report

import (
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// verdictPhrases say a verdict in a sentence.
var verdictPhrases = map[estimator.Verdict]string{
	estimator.Fits: "fits", estimator.Tight: "tight", estimator.FitsOffload: "fits partly on the host", estimator.DoesNotFit: "does not fit",
}

// VerdictWords says a verdict with its reason on one line.
func VerdictWords(v estimator.Verdict, reason string) string {
	word, ok := verdictPhrases[v]
	if !ok {
		word = string(v)
	}
	if reason == "" {
		return word
	}
	return word + ": " + reason
}

var _ Cased = (*Check)(nil)

// Title names the document.
func (c *Check) Title() string { return "plimsoll check" }

// Cases is the one case of a check.
func (c *Check) Cases() []Case {
	r := &c.Result
	one := Case{Group: "check", Name: checkName(c), Verdict: r.Verdict, Message: VerdictWords(r.Verdict, r.Reason),
		Figures: checkFigures(c), Requirements: append([]Requirement{}, c.Requirements...),
		Labels: labelsOf(c.Inputs.Model, r.Model.WeightFormat, c.Inputs.On, r.Engine.ID)}
	if u := r.UnderLoad; u != nil {
		one.Requirements = append(one.Requirements, objectives(u)...)
	}
	one.Outcome = OutcomeOf(r.Verdict, one.Requirements)
	if !carried(c) {
		one.Outcome, one.Rule = Fail, RequirementFailed
		one.Message = "the load is not carried: the queue grows for ever; " + one.Message
	}
	for _, s := range r.Suggestions {
		line := s.Change
		if s.Effect != "" {
			line += ": " + s.Effect
		}
		if s.Flags != "" {
			line += " (" + s.Flags + ")"
		}
		one.Detail = append(one.Detail, line)
	}
	for _, w := range c.Warnings {
		one.Detail = append(one.Detail, w.Message)
	}
	return []Case{one}
}

// carried says whether the load that was asked for is.
func carried(c *Check) bool {
	if u := c.Result.UnderLoad; u != nil && !u.Stable {
		return false
	}
	return c.Result.Pools == nil || c.Load == nil || c.Result.Pools.Stable
}

// checkName says what was asked: "llama-3.1-8b Q4_K_M on rtx-4090-24gb".
func checkName(c *Check) string {
	parts := []string{c.Inputs.Model}
	if f := c.Result.Model.WeightFormat; f != "" {
		parts = append(parts, f)
	}
	return strings.Join(append(parts, "on", c.Inputs.On), " ")
}

// labelsOf lists what is known of a case.
func labelsOf(model, quant, on, engine string) []Label {
	var out []Label
	for _, l := range [...]Label{{"model", model}, {"quant", quant}, {"on", on}, {"engine", engine}} {
		if l.Value != "" {
			out = append(out, l)
		}
	}
	return out
}

// checkFigures lists the figures of a check, speeds first.
func checkFigures(c *Check) []NamedFigure {
	r := &c.Result
	var out []NamedFigure
	if p := r.Pipeline; p != nil {
		for _, col := range pipelineColumns {
			out = append(out, NamedFigure{col.Name, col.Get(&p.PipelineFigures)})
		}
	}
	out = append(out, []NamedFigure{{"prefill_tok_s", r.Speed.PrefillTokS}, {"decode_tok_s", r.Speed.DecodeTokS}, {"ttft_ms", r.Speed.TTFTMs}, {"tpot_ms", r.Speed.TPOTMs}}...)
	if c.Inputs.Batch > 1 && r.Pipeline == nil { // of one sequence they say what decode says
		out = append(out, NamedFigure{"output_tok_s", r.Speed.OutputTokS}, NamedFigure{"requests_s", r.Speed.RequestsS})
	}
	if f := r.Speed.ImageTokens; f != nil {
		out = append(out, NamedFigure{"encode_ms", r.Speed.EncodeMs}, NamedFigure{"image_tokens", f})
	}
	if l := r.Loading; l != nil {
		out = append(out, NamedFigure{"load_cold_s", l.ColdS}, NamedFigure{"load_warm_s", l.WarmS})
	}
	if u := r.UnderLoad; u != nil {
		for _, l := range []struct {
			name string
			p    *estimator.Percentiles
		}{{"ttft", &u.TTFTMs}, {"tpot", &u.TPOTMs}, {"e2e", &u.E2EMs}} {
			if u.Stable || l.name == "tpot" { // the others grow as long as the load lasts
				out = append(out, NamedFigure{l.name + "_p50_ms", &l.p.P50}, NamedFigure{l.name + "_p95_ms", &l.p.P95}, NamedFigure{l.name + "_p99_ms", &l.p.P99})
			}
		}
		out = append(out, NamedFigure{"capacity_requests_s", &u.CapacityRequestsS}, NamedFigure{"max_requests_s", u.MaxRequestsS})
	}
	m := &r.Memory
	cache := &m.KVCacheBytes
	if r.Pipeline != nil { // which has none
		cache = nil
	}
	out = append(out, NamedFigure{"weights_bytes", &m.WeightsBytes}, NamedFigure{"kv_cache_bytes", cache},
		NamedFigure{"compute_bytes", &m.ComputeBytes}, NamedFigure{"overhead_bytes", &m.OverheadBytes}, NamedFigure{"total_bytes", &m.TotalBytes},
		NamedFigure{"fullest_device_bytes", &m.Fullest.TotalBytes})
	if r.Costs != nil {
		for _, f := range r.Costs.Figures() {
			out = append(out, NamedFigure{f.Name, *f.Figure})
		}
	}
	return present(out)
}

// present drops the figures that are not known.
func present(figures []NamedFigure) []NamedFigure {
	out := figures[:0]
	for _, f := range figures {
		if f.Figure != nil {
			out = append(out, f)
		}
	}
	return out
}

// objectives turns what users are promised into requirements.
func objectives(u *estimator.UnderLoad) []Requirement {
	var out []Requirement
	for i := range u.Objectives {
		m := &u.Objectives[i]
		r := Requirement{Text: m.Objective, Figure: m.Value, Outcome: Pass}
		if at := strings.LastIndexAny(m.Objective, "<>="); at >= 0 {
			if v, _, err := units.Parse(m.Objective[at+1:]); err == nil {
				r.Limit = v
			}
		}
		switch {
		case !m.Met:
			r.Outcome = Fail
		case m.Unsure:
			r.Outcome = Unsure
		}
		out = append(out, r)
	}
	return out
}
