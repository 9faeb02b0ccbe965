package html

import (
	"bytes"
	"html"
	"math"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/cmd/internal/ci"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

const hostile = `<img src=x onerror=alert(1)></title></style></svg><script>alert(2)</script>"'>&`

func figure(v, low, high float64, unit string) *estimator.Figure {
	return &estimator.Figure{Value: v, Low: low, High: high, Unit: unit, Basis: hostile}
}

// documents are one of every kind, full of foreign text.
func documents() map[string]report.Cased {
	check := &report.Check{Schema: report.CheckSchema, Inputs: scenario.Scenario{Model: hostile, On: hostile, Batch: 4}}
	r := &check.Result
	r.Verdict, r.Reason, r.Verify = estimator.Tight, hostile, hostile
	r.Speed.DecodeTokS, r.Speed.TTFTMs = figure(20, 10, 40, "tok/s"), figure(3000, 2000, 5000, "ms")
	r.Loading = &report.Loading{ColdS: figure(7, 5, 9, "s")}
	r.Memories = []report.Ledger{{Name: hostile, Capacity: 24 << 30, Usable: 22 << 30, Need: 23 << 30, Reserved: 2 << 30,
		Lines: []report.Line{{Component: "weights", Bytes: 20 << 30}, {Component: "kv_cache", Bytes: 3 << 30}}}}
	r.Limits = []report.Limit{{Phase: "decode", Bound: hostile, Share: 0.5}}
	r.UnderLoad = &estimator.UnderLoad{Stable: true, Timeline: []estimator.Moment{{AtS: 0, Running: 1}, {AtS: 5, Running: 7, Waiting: 2}}}
	check.Requirements = []report.Requirement{{Text: hostile, Figure: *figure(20, 10, 40, "tok/s"), Outcome: report.Unsure}}
	check.Warnings = []estimator.Warning{{Message: hostile}}
	check.Assumptions = []string{hostile}
	check.Unavailable = []estimator.Unavailable{{Figure: hostile, Reason: hostile}}
	check.Derivations = []estimator.Derivation{{Figure: hostile, Formula: hostile, Facts: hostile, Source: hostile}}

	compare := &report.Compare{Schema: report.CompareSchema, Front: report.CompareFront{X: "decode_tok_s", Y: "headroom_bytes", Words: hostile}}
	for i := range 5 {
		row := report.CompareRow{Name: hostile + string(rune('a'+i)), Verdict: estimator.Fits, Pareto: i == 2,
			Memories: []report.CompareMemory{{Name: "gpu0", Fullest: true, Capacity: 24 << 30, Usable: 22 << 30, Weights: int64(i) << 30}}}
		v := float64(i + 1)
		row.Figures.DecodeTokS = figure(10*v, 8*v, 12*v, "tok/s")
		row.Figures.HeadroomBytes = figure(-v*1e9, -v*1.2e9, v*1e9, "B")
		compare.Rows = append(compare.Rows, row)
		compare.Inputs.Scenarios = append(compare.Inputs.Scenarios, scenario.Scenario{Model: hostile, On: hostile})
	}
	old, next := figure(20, 18, 22, hostile), figure(30, 28, 33, hostile)
	up := 0.5
	diff := &report.Diff{Schema: report.DiffSchema, Inputs: report.DiffInputs{Base: report.DiffSide{File: hostile}, New: report.DiffSide{File: hostile}},
		Result: report.DiffResult{Inputs: []report.FieldChange{{Field: hostile, Old: hostile, New: 3.0}}, Cases: []report.CaseDiff{
			{Name: hostile, Was: hostile, Change: report.Changed, Worse: true, OldVerdict: estimator.Fits, NewVerdict: estimator.DoesNotFit, NewMessage: hostile,
				Requirements: []report.RequirementChange{{Text: hostile, Old: report.Pass, New: report.Fail}},
				Figures:      []report.FigureChange{{Name: hostile, Old: old, New: next, Relative: &up, Direction: "worse", Certainty: report.Clear}, {Name: "x", New: next, Direction: "neither"}},
				Inputs:       []report.FieldChange{{Field: hostile, New: hostile}}, Cost: &report.CostChange{Old: 1, New: 3, Change: 2}},
			{Name: hostile, Change: report.Added, NewMessage: hostile}, {Name: hostile, Change: report.Removed, OldMessage: hostile}}}}
	months := 3
	plan := &report.CapacityPlan{Schema: report.CapacitySchema, Source: report.CapacitySource{File: hostile}, Result: report.CapacityResult{Verdict: report.DoesNotHold, Reason: hostile,
		Hardware: []report.CapacityHardware{{Name: hostile, Machines: 2, Spare: 1, Devices: 8, DevicesUsed: 4, USDPerMonth: figure(500, 500, 500, "USD/month"),
			Layouts: []report.CapacityLayout{{Machines: 1, Places: []report.CapacityPlace{{Devices: 2, Workloads: []string{hostile}}, {Devices: 2, Workloads: []string{hostile}}}}}}},
		Workloads:   []report.CapacityWorkload{{Name: hostile, Line: 3, Verdict: report.DoesNotHold, Reason: hostile, BindingWords: hostile}},
		Months:      []report.CapacityMonth{{Month: 0, Machines: 2}, {Month: 1, Machines: 3}, {Month: 2, Machines: 5}},
		Changes:     []report.CapacityChange{{Change: hostile, Verdict: report.Holds, Machines: &months}},
		Relaxations: []report.CapacityRelaxation{{Words: hostile}}}}
	row := report.RecommendRow{Rank: 1, Name: hostile, Verdict: estimator.Fits, Reason: hostile, Why: hostile}
	row.Figures.DecodeTokS = figure(20, 10, 40, "tok/s")
	recommend := &report.Recommend{Schema: report.RecommendSchema, Subject: hostile, Rule: report.RecommendRule{Words: hostile, Terms: []string{hostile}},
		Groups:   []report.RecommendGroup{{Use: hostile, Words: hostile, Rows: []report.RecommendRow{row}}},
		Hardware: &report.RecommendHardware{Lists: []report.RecommendList{{Goal: hostile, Words: hostile, Rows: []report.RecommendRow{row}}}}}
	return map[string]report.Cased{"check": check, "compare": compare, "diff": diff, "sweep": &report.Sweep{}, "plan": plan, "recommend": recommend}
}

func written(t *testing.T, doc report.Cased) string {
	t.Helper()
	var b bytes.Buffer
	head := report.HeadOf(doc)
	head.ToolVersion, head.DataVersion = hostile, hostile
	if err := Write(&b, doc, ci.Options{Head: head, FailOn: report.FailNo}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// tag is the beginning of an element.
var tag = regexp.MustCompile(`<([a-zA-Z][a-zA-Z0-9]*)((?:[^>"]|"[^"]*")*)>`)

// TestPageStandsAlone: nothing is asked of the network, nothing runs, and foreign
// text makes no element.
func TestPageStandsAlone(t *testing.T) {
	allowed := map[string]bool{}
	for _, name := range strings.Fields("html head meta link title style body header main footer section figure figcaption h1 h2 h3 p br strong span " +
		"div details summary ul li table caption thead tbody tr th td code pre a svg g rect circle line polyline text") {
		allowed[name] = true
	}
	for kind, doc := range documents() {
		text := written(t, doc)
		if text != written(t, doc) {
			t.Errorf("%s: two runs differ", kind)
		}
		body := text
		for _, m := range tag.FindAllStringSubmatch(body, -1) {
			name, attributes := m[1], m[2]
			if !allowed[name] {
				t.Errorf("%s: element %s", kind, name)
			}
			if regexp.MustCompile(`\s(src|srcset|on[a-z]+|style|action|data|poster)=`).MatchString(attributes) {
				t.Errorf("%s: <%s%s>", kind, name, attributes)
			}
			if h := regexp.MustCompile(`href="([^"]*)"`).FindStringSubmatch(attributes); h != nil && !strings.HasPrefix(h[1], "#case-") && h[1] != "data:," {
				t.Errorf("%s: a link to %q", kind, h[1])
			}
		}
		for _, bad := range []string{"<script", "<img", "url(", "@import", "javascript:", "NaN", "Inf", "ZgotmplZ", "http:", "https:"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: %q in the page", kind, bad)
			}
		}
		if !strings.Contains(text, `content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`) {
			t.Errorf("%s: no policy", kind)
		}
		opened, closed := strings.Count(text, "<details"), strings.Count(text, "</details>")
		if opened != closed || strings.Count(text, "<svg") != strings.Count(text, "</svg>") || strings.Count(text, "<table>") != strings.Count(text, "</table>") {
			t.Errorf("%s: elements stay open", kind)
		}
	}
}

// TestPageHolds: what a reader needs is there, for those who see charts and for
// those who do not.
func TestPageHolds(t *testing.T) {
	docs := documents()
	for kind, wants := range map[string][]string{
		"check":     {"Unsure", "20.0 tok/s", "3,000 ms", "loading from storage", "7.00 s", "Memory", "23.0 of 22.0 GiB", "Sequences over time", "Check it on the real machine", "How each figure came about"},
		"compare":   {"5 cases: 5 pass", "Pareto front", "Figures with their intervals", `role="img"`, `aria-label="decode of each case with its interval"`},
		"diff":      {"worse", "+50%", "clear: the intervals do not meet", "+$2.00 a month", "Inputs that changed"},
		"sweep":     {"no cases"},
		"plan":      {"Does not hold", "1 × (2 × ", "4 of 8", "Machines over the months ahead", "What would change it", "Each by itself would make it hold"},
		"recommend": {"How it is ranked", "20.0 tok/s", ">why<"},
	} {
		text := html.UnescapeString(written(t, docs[kind]))
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q", kind, want)
			}
		}
	}
}

// TestScaleLaws: every value lies within the axis, larger ones further along,
// and marks are on it.
func TestScaleLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e12, 1e12), 1, 8).Draw(t, "values")
		if rapid.Bool().Draw(t, "positive") {
			for i := range values {
				values[i] = math.Abs(values[i]) + 1e-6
			}
		}
		s, ok := newScale(values, 100, 500)
		if !ok {
			t.Fatalf("nothing to draw of %v", values)
		}
		for _, a := range values {
			if x := s.at(a); x < 99.999 || x > 500.001 || math.IsNaN(x) {
				t.Fatalf("%v lies at %v", a, x)
			}
			for _, b := range values {
				if a < b && s.at(a) > s.at(b)+1e-9 {
					t.Fatalf("%v lies beyond %v", a, b)
				}
			}
		}
		marks := s.ticks(rapid.SampledFrom([]float64{1, 1 << 30}).Draw(t, "divide"))
		if len(marks) > 3*maxTicks {
			t.Fatalf("%d marks", len(marks))
		}
	})
}

func TestNothingToDraw(t *testing.T) {
	for _, values := range [][]float64{{}, {math.NaN()}, {math.Inf(1)}, {1e200}} {
		if _, ok := newScale(values, 0, 1); ok {
			t.Errorf("an axis for %v", values)
		}
	}
	if s, ok := newScale([]float64{0, 0}, 0, 10); !ok || s.at(0) != 0 {
		t.Error("zeros have no axis")
	}
}
