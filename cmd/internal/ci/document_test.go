package ci

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// document is one of given cases.
type document struct {
	title string
	cases []report.Case
}

func (s document) Title() string        { return s.title }
func (s document) Cases() []report.Case { return s.cases }

// hostile holds what each form must escape.
const hostile = "a|b <script>alert(1)</script> \"q\" 'p' & `x` ]]> ${{ x }}, c:d\n::error::pwned\r%0A @maintainers #12 é\x1b[31m\x00 -->"

func figure(v, low, high float64, unit string) *estimator.Figure {
	return &estimator.Figure{Value: v, Low: low, High: high, Unit: unit, Basis: "test"}
}

// all has a case of every outcome.
func all() document {
	speed := report.NamedFigure{Name: "decode_tok_s", Figure: figure(152, 105, 220, "tok/s")}
	wait := report.NamedFigure{Name: "ttft_ms", Figure: figure(50, 40, 80, "ms")}
	cost := report.NamedFigure{Name: "usd_per_hour", Figure: figure(2.5, 2.5, 2.5, "USD/h")}
	return document{"plimsoll plan", []report.Case{
		{Group: "plan", Name: "chat", Outcome: report.Pass, Verdict: estimator.Fits, Message: "fits: 5 of 20 GiB",
			Figures: []report.NamedFigure{speed, wait, cost, {Name: "requests_s"}}, Labels: []report.Label{{Name: "model", Value: "llama-3.1-8b"}, {Name: "on", Value: "rtx-4090"}},
			Requirements: []report.Requirement{{Text: "decode_tok_s >= 100", Figure: *speed.Figure, Limit: 100, Outcome: report.Pass}}},
		{Group: "plan", Name: "video", Outcome: report.Fail, Verdict: estimator.DoesNotFit, Message: "does not fit: 60 of 46 GiB", Detail: []string{"use 8-bit weights"},
			File: "plans/capacity plan.yaml", Line: 12,
			Requirements: []report.Requirement{{Text: "ttft_ms <= 30", Figure: *wait.Figure, Limit: 30, Outcome: report.Fail}}},
		{Group: "plan", Name: "tight", Outcome: report.Unsure, Verdict: estimator.Tight, Message: "tight: 22 of 22.5 GiB", Figures: []report.NamedFigure{speed}},
		{Group: "plan", Name: "speech", Outcome: report.Unsure, Verdict: estimator.Fits, Message: "fits", Figures: []report.NamedFigure{speed},
			Requirements: []report.Requirement{{Text: "decode_tok_s >= 150", Figure: *speed.Figure, Limit: 150, Outcome: report.Unsure}}},
		{Group: "plan", Name: "broken", Outcome: report.Error, Message: `unknown model "x": --model: use one of a, b`},
		{Group: "other", Name: hostile, Outcome: report.Fail, Message: hostile, Detail: []string{hostile}, File: hostile, Line: 3,
			Figures: []report.NamedFigure{{Name: "odd figure" + hostile, Figure: figure(1, 1, 1, hostile)}},
			Labels:  []report.Label{{Name: "model", Value: hostile}, {Name: "9bad name", Value: "x"}, {Name: "bound", Value: "taken"}}},
	}}
}

// many has n cases that fail, and n that are unsure.
func many(n int) document {
	s := document{title: "plimsoll sweep"}
	for i := range n {
		s.cases = append(s.cases, report.Case{Group: "sweep", Name: fmt.Sprintf("fails-%05d", i), Outcome: report.Fail, Verdict: estimator.DoesNotFit, Message: "does not fit"},
			report.Case{Group: "sweep", Name: fmt.Sprintf("tight-%05d", i), Outcome: report.Unsure, Verdict: estimator.Tight, Message: "tight", Detail: []string{"some advice"}})
	}
	return s
}

var options = Options{Head: report.Head{Schema: "urn:plimsoll:plan", ToolVersion: "v1", DataVersion: "d1", Assumptions: []string{hostile},
	Warnings: []estimator.Warning{{Code: "x", Message: hostile}}}, FailOn: report.FailNo}

// write runs a writer.
func write(t *testing.T, w Writer, doc report.Cased, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := w(&b, doc, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// writers are all forms.
var writers = map[string]Writer{"junit": JUnit, "sarif": SARIF, "github": GitHub, "outputs": Outputs, "csv": CSV, "jsonl": JSONLines,
	"prometheus": Prometheus, "markdown": Markdown}

func TestSameBytes(t *testing.T) {
	for name, w := range writers {
		if a, b := write(t, w, all(), options), write(t, w, all(), options); a != b || a == "" {
			t.Errorf("%s: two runs differ, or are empty", name)
		}
		if write(t, w, document{title: "nothing"}, options) == "" && name != "jsonl" {
			t.Errorf("%s: nothing is written of no cases", name)
		}
	}
}
