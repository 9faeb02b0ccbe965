package report

import (
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/estimator"
)

func TestOutcomeOf(t *testing.T) {
	pass, fail, unsure := Requirement{Outcome: Pass}, Requirement{Outcome: Fail}, Requirement{Outcome: Unsure}
	for _, c := range []struct {
		verdict estimator.Verdict
		gates   []Requirement
		want    Outcome
	}{
		{estimator.Fits, nil, Pass},
		{estimator.FitsOffload, []Requirement{pass}, Pass},
		{estimator.Tight, []Requirement{pass}, Unsure},
		{estimator.Tight, []Requirement{unsure, fail}, Fail},
		{estimator.Fits, []Requirement{unsure, pass}, Unsure},
		{estimator.DoesNotFit, []Requirement{pass}, Fail},
	} {
		if got := OutcomeOf(c.verdict, c.gates); got != c.want {
			t.Errorf("%s with %v: %s, want %s", c.verdict, c.gates, got, c.want)
		}
	}
}

func TestProblemsAndExit(t *testing.T) {
	gate := func(o Outcome) Requirement {
		return Requirement{Text: "decode_tok_s >= 20", Outcome: o, Figure: estimator.Figure{Value: 19, Low: 15, High: 24, Unit: "tok/s"}}
	}
	for _, c := range []struct {
		name  string
		give  Case
		rules []Rule
		exits map[FailOn]int // those that are not 0
	}{
		{"passes", Case{Outcome: Pass, Verdict: estimator.Fits}, nil, nil},
		{"no fit", Case{Outcome: Fail, Verdict: estimator.DoesNotFit}, []Rule{NoFit}, map[FailOn]int{FailNo: 1, FailTight: 1, FailUnsure: 1}},
		{"tight", Case{Outcome: Unsure, Verdict: estimator.Tight}, []Rule{TightFit}, map[FailOn]int{FailTight: 1, FailUnsure: 1}},
		{"gate fails", Case{Outcome: Fail, Verdict: estimator.Fits, Requirements: []Requirement{gate(Fail)}}, []Rule{RequirementFailed},
			map[FailOn]int{FailNever: 1, FailNo: 1, FailTight: 1, FailUnsure: 1}},
		{"gate unsure", Case{Outcome: Unsure, Verdict: estimator.Fits, Requirements: []Requirement{gate(Unsure), gate(Pass)}}, []Rule{Inconclusive}, map[FailOn]int{FailUnsure: 1}},
		{"tight and gate", Case{Outcome: Fail, Verdict: estimator.Tight, Requirements: []Requirement{gate(Fail)}}, []Rule{TightFit, RequirementFailed},
			map[FailOn]int{FailNever: 1, FailNo: 1, FailTight: 1, FailUnsure: 1}},
		{"error", Case{Outcome: Error}, []Rule{NotEstimated}, map[FailOn]int{FailNever: 2, FailNo: 2, FailTight: 2, FailUnsure: 2}},
		{"error of a tight fit", Case{Outcome: Error, Verdict: estimator.Tight}, []Rule{NotEstimated}, map[FailOn]int{FailNever: 2, FailNo: 2, FailTight: 2, FailUnsure: 2}},
		{"load", Case{Outcome: Fail, Verdict: estimator.Fits, Rule: RequirementFailed}, []Rule{RequirementFailed}, map[FailOn]int{FailNever: 1, FailNo: 1, FailTight: 1, FailUnsure: 1}},
		{"worse", Case{Outcome: Fail, Rule: Worsened}, []Rule{Worsened}, map[FailOn]int{FailNo: 1, FailTight: 1, FailUnsure: 1}},
	} {
		var rules []Rule
		for _, p := range c.give.Problems() {
			rules = append(rules, p.Rule)
		}
		if len(rules) != len(c.rules) {
			t.Errorf("%s: rules %v, want %v", c.name, rules, c.rules)
			continue
		}
		for i := range rules {
			if rules[i] != c.rules[i] {
				t.Errorf("%s: rules %v, want %v", c.name, rules, c.rules)
			}
		}
		for _, f := range []FailOn{FailNever, FailNo, FailTight, FailUnsure} {
			if got := f.Exit([]Case{c.give}); got != c.exits[f] {
				t.Errorf("%s: --fail-on %s exits with %d, want %d", c.name, f, got, c.exits[f])
			}
		}
	}
	if got := FailNo.Exit([]Case{{Outcome: Error}, {Outcome: Fail, Verdict: estimator.DoesNotFit}}); got != problem.ExitUsage {
		t.Errorf("2 wins over 1, not %d", got)
	}
	r := gate(Unsure)
	if got := r.Words(); got != "decode_tok_s >= 20: it is 19.0 tok/s (15.0 tok/s to 24.0 tok/s)" {
		t.Errorf("words %q", got)
	}
}

func TestCounts(t *testing.T) {
	for want, cases := range map[string][]Case{
		"no cases":        nil,
		"1 case: 1 fails": {{Outcome: Fail}},
		"4 cases: 2 pass, 1 is unsure, 1 could not be judged": {{Outcome: Pass}, {Outcome: Error}, {Outcome: Unsure}, {Outcome: Pass}},
	} {
		if got := Count(cases).Words(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestUniqueNames(t *testing.T) {
	got := unique([]Case{{Name: "a"}, {Name: "a"}, {Name: "a #2"}, {Name: "a"}, {Group: "g", Name: "a"}})
	want := []string{"a", "a #3", "a #2", "a #4", "a"}
	for i := range want {
		if got[i].Name != want[i] {
			t.Errorf("name %d is %q, want %q", i, got[i].Name, want[i])
		}
	}
}

func TestFigureText(t *testing.T) {
	for _, c := range []struct {
		unit string
		v    float64
		want string
	}{
		{"tok/s", 152.34, "152 tok/s"}, {"ms", 54.37, "54.4 ms"}, {"ms", 25000, "25.0 s"}, {"B", 5 << 30, "5.00 GiB"},
		{"USD/request", 0.00008912, "0.0000891 USD/request"}, {"USD/h", 0.34, "0.340 USD/h"}, {"", 7, "7.00"}, {"machines", 3, "3 machines"}, {"machines", 2.5, "2.50 machines"}, {"ms", 0, "0 ms"}, {"ms", -0.5, "-0.500 ms"},
	} {
		f := &estimator.Figure{Value: c.v, Unit: c.unit}
		if got := FigureText(f, c.v); got != c.want {
			t.Errorf("%v %s: %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}

// TestBetter: every figure of a comparison knows its better way, and agrees
// with the comparison's own.
func TestBetter(t *testing.T) {
	for _, c := range CompareColumns() {
		if want := map[bool]int{true: -1, false: 1}[c.Less]; Better(c.Name) != want {
			t.Errorf("%s: %d, want %d", c.Name, Better(c.Name), want)
		}
	}
	for name, want := range map[string]int{"ttft_p99_ms": -1, "capacity_requests_s": 1, "max_context": 1, "usd_per_month": -1, "weights_bytes": 0, "gpu_layers": 0} {
		if Better(name) != want {
			t.Errorf("%s: %d, want %d", name, Better(name), want)
		}
	}
}
