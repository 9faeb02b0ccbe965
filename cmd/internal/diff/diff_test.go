package diff

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

func figure(v, low, high float64) *estimator.Figure {
	return &estimator.Figure{Value: v, Low: low, High: high, Unit: "tok/s"}
}

// document is one of given cases.
type document struct {
	cases  []report.Case
	inputs []any // of each
	whole  any
}

func (d *document) Title() string        { return "plimsoll plan" }
func (d *document) Cases() []report.Case { return d.cases }
func (d *document) AskedOf(i int) any {
	if i < len(d.inputs) {
		return d.inputs[i]
	}
	return nil
}
func (d *document) AskedOfAll() any { return d.whole }

func side(cases ...report.Case) Side {
	return Side{Doc: &document{cases: cases}, Head: report.Head{Schema: "urn:plimsoll:plan", ToolVersion: "v1", DataVersion: "d1"}}
}

// one is a case with a decode speed.
func one(name string, f *estimator.Figure) report.Case {
	return report.Case{Group: "g", Name: name, Outcome: report.Pass, Verdict: estimator.Fits, Message: "fits", Figures: []report.NamedFigure{{Name: "decode_tok_s", Figure: f}}}
}

// TestCertainty: what a change of a figure means by where the intervals lie.
func TestCertainty(t *testing.T) {
	base := figure(100, 80, 125)
	for _, c := range []struct {
		name          string
		new           *estimator.Figure
		threshold     float64
		listed        bool
		certainty     report.Certainty
		direction     string
		relative      float64
		worse, better bool
	}{
		{"far below", figure(50, 40, 62), 0, true, report.Clear, "worse", -0.5, true, false},
		{"far above", figure(200, 160, 250), 0, true, report.Clear, "better", 1, false, true},
		{"the intervals touch", figure(64, 51, 80), 0, true, report.Likely, "worse", -0.36, false, false},
		{"one centre outside", figure(130, 90, 160), 0, true, report.Likely, "better", 0.3, false, false},
		{"both centres inside", figure(110, 88, 137), 0, true, report.Noise, "better", 0.1, false, false},
		{"only the interval", figure(100, 70, 125), 0, true, report.Noise, "neither", 0, false, false},
		{"below the threshold", figure(103, 82, 128), 0.05, false, "", "", 0, false, false},
		{"at the threshold", figure(105, 84, 131), 0.05, true, report.Noise, "better", 0.05, false, false},
		{"the same", figure(100, 80, 125), 0, false, "", "", 0, false, false},
	} {
		d := Documents(side(one("a", base)), side(one("a", c.new)), Options{Threshold: c.threshold})
		if !c.listed {
			if d.Changed() && len(d.Result.Cases[0].Figures) > 0 {
				t.Errorf("%s: listed as %+v", c.name, d.Result.Cases[0])
			}
			continue
		}
		got := d.Result.Cases[0]
		f := got.Figures[0]
		if f.Certainty != c.certainty || f.Direction != c.direction || *f.Relative != c.relative || got.Worse != c.worse || got.Better != c.better {
			t.Errorf("%s: %s %s %v, worse %v, better %v", c.name, f.Certainty, f.Direction, *f.Relative, got.Worse, got.Better)
		}
	}
}

func TestFiguresThatComeAndGo(t *testing.T) {
	none := one("a", nil)
	d := Documents(side(one("a", figure(1, 1, 1))), side(none), Options{})
	if f := d.Result.Cases[0].Figures[0]; f.Old == nil || f.New != nil || f.Relative != nil || f.Certainty != "" || f.Direction != "neither" {
		t.Errorf("gone: %+v", f)
	}
	d = Documents(side(none), side(one("a", figure(1, 1, 1))), Options{})
	if f := d.Result.Cases[0].Figures[0]; f.Old != nil || f.New == nil {
		t.Errorf("come: %+v", f)
	}
	// A figure of 0 has no share to change by; another unit is no change of degree.
	d = Documents(side(one("a", figure(0, 0, 0))), side(one("a", figure(5, 4, 6))), Options{})
	if f := d.Result.Cases[0].Figures[0]; f.Relative != nil || f.Certainty != report.Clear {
		t.Errorf("from 0: %+v", f)
	}
	other := figure(5, 4, 6)
	other.Unit = "req/s"
	d = Documents(side(one("a", figure(5, 4, 6))), side(one("a", other)), Options{})
	if f := d.Result.Cases[0].Figures[0]; f.Relative != nil || f.Certainty != "" {
		t.Errorf("another unit: %+v", f)
	}
}

// TestVerdictsFirst: the gravest come first, whatever the order of the documents.
func TestVerdictsFirst(t *testing.T) {
	gate := func(c report.Case, o report.Outcome) report.Case {
		c.Requirements = []report.Requirement{{Text: "decode_tok_s >= 20", Outcome: o}}
		c.Outcome = o
		return c
	}
	verdict := func(c report.Case, v estimator.Verdict) report.Case {
		c.Verdict, c.Outcome = v, report.OutcomeOf(v, nil)
		return c
	}
	base := side(one("noise", figure(100, 80, 125)), one("slower", figure(100, 80, 125)), one("same", figure(1, 1, 1)), one("gone", nil),
		verdict(one("cured", nil), estimator.DoesNotFit), gate(one("gate", nil), report.Pass), one("grown", nil))
	next := side(one("noise", figure(110, 88, 137)), one("slower", figure(50, 40, 62)), one("same", figure(1, 1, 1)), one("come", nil),
		one("cured", nil), gate(one("gate", nil), report.Fail), verdict(one("grown", nil), estimator.DoesNotFit))
	d := Documents(base, next, Options{})
	want := []string{"gate", "grown", "cured", "gone", "come", "slower", "noise"}
	var got []string
	for _, c := range d.Result.Cases {
		got = append(got, c.Name)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("order %v, want %v", got, want)
	}
	if n := d.Result.Counts; n != (report.DiffCounts{Base: 7, New: 7, Added: 1, Removed: 1, Changed: 5, Same: 1, Worse: 3, Better: 1}) {
		t.Errorf("counts %+v", n)
	}
	if r := d.Result.Cases[0].Requirements[0]; r != (report.RequirementChange{Text: "decode_tok_s >= 20", Old: report.Pass, New: report.Fail}) {
		t.Errorf("requirement %+v", r)
	}
}

// TestMatching: by name, then by what was asked, then the only ones.
func TestMatching(t *testing.T) {
	asked := func(model string) any { return scenario.Scenario{Model: model} }
	docs := func(names []string, inputs ...any) Side {
		d := &document{inputs: inputs}
		for _, n := range names {
			d.cases = append(d.cases, one(n, figure(1, 1, 1)))
		}
		return Side{Doc: d}
	}
	for _, c := range []struct {
		name                    string
		base, new               Side
		added, removed, changed int
		was                     string
	}{
		{"renamed, same question", docs([]string{"a", "b"}, asked("m"), asked("n")), docs([]string{"b", "c"}, asked("n"), asked("m")), 0, 0, 1, "a"},
		{"another question of the same name", docs([]string{"a"}, asked("m")), docs([]string{"a"}, asked("n")), 0, 0, 1, ""},
		{"the only ones", docs([]string{"m on a"}, asked("m")), docs([]string{"n on a"}, asked("n")), 0, 0, 1, "m on a"},
		{"two, neither known", docs([]string{"a", "b"}), docs([]string{"b", "c"}), 1, 1, 0, ""},
	} {
		d := Documents(c.base, c.new, Options{})
		n := d.Result.Counts
		if n.Added != c.added || n.Removed != c.removed || n.Changed != c.changed {
			t.Errorf("%s: %+v", c.name, n)
			continue
		}
		if c.changed > 0 && d.Result.Cases[0].Was != c.was {
			t.Errorf("%s: was %q", c.name, d.Result.Cases[0].Was)
		}
	}
}

func TestInputsAndCosts(t *testing.T) {
	costs := func(usd float64) report.Case {
		c := one("a", nil)
		c.Figures = []report.NamedFigure{{Name: "usd_per_hour", Figure: &estimator.Figure{Value: usd, Low: usd, High: usd, Unit: "USD/h"}}}
		return c
	}
	base := Side{Doc: &document{cases: []report.Case{costs(2)}, inputs: []any{map[string]any{"context": 4096, "load": map[string]any{"rate": "5/s"}, "tags": []string{"x", "y"}}}, whole: map[string]any{"budget": 100}}}
	next := Side{Doc: &document{cases: []report.Case{costs(2.5)}, inputs: []any{map[string]any{"context": 8192, "load": map[string]any{}, "tags": []string{"x", "z"}}}, whole: map[string]any{"budget": 200}}}
	d := Documents(base, next, Options{})
	want := `[{"field":"context","old":4096,"new":8192},{"field":"load.rate","old":"5/s","new":null},{"field":"tags","old":"x, y","new":"x, z"}]`
	if got, _ := json.Marshal(d.Result.Cases[0].Inputs); string(got) != want {
		t.Errorf("inputs %s", got)
	}
	if got, _ := json.Marshal(d.Result.Inputs); string(got) != `[{"field":"budget","old":100,"new":200}]` {
		t.Errorf("inputs of all %s", got)
	}
	// A month has 730 hours.
	if c := d.Result.Cases[0]; !c.Worse || c.Cost.Words() != "+$365 a month ($1,460 -> $1,825)" {
		t.Errorf("case %+v", c)
	}
	if d.Result.Cost != nil {
		t.Errorf("a sum of what nobody said belongs together: %+v", d.Result.Cost)
	}
	// What one side does not know has no difference.
	next.Doc.(*document).cases = []report.Case{one("a", nil)}
	if c := Documents(base, next, Options{}).Result.Cases[0]; c.Cost != nil {
		t.Errorf("cost %+v", c.Cost)
	}
}

// TestCostOfAll: a check is one thing to pay for, a plan says its total, rows of
// a comparison are alternatives.
func TestCostOfAll(t *testing.T) {
	usd := func(v float64) *estimator.Figure { return &estimator.Figure{Value: v, Low: v, High: v, Unit: "USD/h"} }
	check := func(v float64) Side {
		c := &report.Check{}
		c.Result.Verdict = estimator.Fits
		c.Result.Costs = &estimator.Costs{USDPerHour: usd(v)}
		return Side{Doc: c}
	}
	if c := Documents(check(1), check(2), Options{}).Result.Cost; c == nil || *c != (report.CostChange{Old: 730, New: 1460, Change: 730}) {
		t.Errorf("checks: %+v", c)
	}
	plan := func(v *estimator.Figure) Side {
		c := &report.CapacityPlan{}
		c.Result.Totals.USDPerMonth = v
		return Side{Doc: c}
	}
	if c := Documents(plan(usd(500)), plan(usd(400)), Options{}).Result.Cost; c == nil || *c != (report.CostChange{Old: 500, New: 400, Change: -100}) {
		t.Errorf("plans: %+v", c)
	}
	if c := Documents(plan(usd(500)), plan(nil), Options{}).Result.Cost; c != nil {
		t.Errorf("plans, one without: %+v", c)
	}
	row := report.CompareRow{Name: "a", Verdict: estimator.Fits}
	row.Figures.USDPerHour = usd(1)
	compare := Side{Doc: &report.Compare{Rows: []report.CompareRow{row}}}
	if d := Documents(compare, compare, Options{}); d.Result.Cost != nil || d.Changed() {
		t.Errorf("a comparison: %+v", d.Result)
	}
}

func TestVersions(t *testing.T) {
	base, next := side(one("a", nil)), side(one("a", nil))
	next.Head.DataVersion, next.Head.ToolVersion = "d2", "v2"
	d := Documents(base, next, Options{})
	if len(d.Warnings) != 2 || d.Changed() {
		t.Errorf("warnings %v, changed %v", d.Warnings, d.Changed())
	}
}

// TestLaws: a document does not differ from itself; turned around, what was
// worse is better, what was added is removed, and nothing else changes.
func TestLaws(t *testing.T) {
	verdicts := []estimator.Verdict{estimator.Fits, estimator.Tight, estimator.FitsOffload, estimator.DoesNotFit}
	draw := func(t *rapid.T, label string) Side {
		var cases []report.Case
		for _, name := range []string{"a", "b", "c", "d"} {
			if rapid.Bool().Draw(t, label+name) {
				continue
			}
			v := rapid.Float64Range(1, 10).Draw(t, label+"value")
			c := one(name, figure(v, v*0.8, v*1.2))
			c.Verdict = rapid.SampledFrom(verdicts).Draw(t, label+"verdict")
			c.Outcome = report.OutcomeOf(c.Verdict, nil)
			cases = append(cases, c)
		}
		return side(cases...)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "a"), draw(t, "b")
		if d := Documents(a, a, Options{}); d.Changed() || d.Result.Counts.Same != len(a.Doc.Cases()) {
			t.Fatalf("it differs from itself: %+v", d.Result)
		}
		there, back := Documents(a, b, Options{}).Result, Documents(b, a, Options{}).Result
		x, y := there.Counts, back.Counts
		if x.Added != y.Removed || x.Removed != y.Added || x.Changed != y.Changed || x.Same != y.Same || x.Base != x.Removed+x.Changed+x.Same || x.New != x.Added+x.Changed+x.Same {
			t.Fatalf("counts %+v and %+v", x, y)
		}
		worse := map[string]bool{}
		for _, c := range there.Cases {
			if c.Change == report.Changed {
				worse[c.Name] = c.Worse
			}
		}
		for _, c := range back.Cases {
			name := c.Name // there it is of the new side, here of the base
			if c.Was != "" {
				name = c.Was
			}
			if c.Change == report.Changed && c.Better != worse[name] {
				t.Fatalf("%s: worse %v there, better %v back", name, worse[name], c.Better)
			}
		}
	})
}
