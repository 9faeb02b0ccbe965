package compare

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

// fig is a figure whose interval is a factor wide on either side.
func fig(v, factor float64) *estimator.Figure {
	return &estimator.Figure{Value: v, Low: v / factor, High: v * factor, Unit: "tok/s"}
}

// row is one of a machine and a format.
func row(on, quant string, v estimator.Verdict, decode, spare *estimator.Figure) (scenario.Scenario, report.CompareRow) {
	s := scenario.New()
	s.Model, s.On, s.Quant, s.Engine = "llama-3.1-8b", on, quant, "llama.cpp"
	r := report.CompareRow{Verdict: v, Devices: 1, Figures: report.CompareFigures{DecodeTokS: decode, HeadroomBytes: spare},
		Machine: report.Machine{ID: on, Name: "Machine " + on}, Engine: report.Engine{ID: "llama.cpp", Name: "llama.cpp"},
		Model: report.Model{ID: "llama-3.1-8b", Name: "Llama 3.1 8B", WeightFormat: quant}}
	return s, r
}

// add appends what row returned.
func add(doc *report.Compare, s scenario.Scenario, r report.CompareRow) {
	doc.Inputs.Scenarios, doc.Rows = append(doc.Inputs.Scenarios, s), append(doc.Rows, r)
}

func failed() report.CompareRow {
	return report.FailedCompareRow(problem.Wrong(problem.UnknownHW, "unknown", "", ""))
}

func TestMarks(t *testing.T) {
	decode := report.CompareColumnOf("decode_tok_s")
	for _, c := range []struct {
		name     string
		verdicts []estimator.Verdict
		figures  []*estimator.Figure
		less     bool
		want     []report.Mark
	}{
		{"the best, one within, one beyond", nil, []*estimator.Figure{fig(100, 1.1), fig(90, 1.1), fig(50, 1.1)}, false, []report.Mark{report.Best, report.Within, ""}},
		{"less is better", nil, []*estimator.Figure{fig(100, 1.1), fig(90, 1.1), fig(50, 1.1)}, true, []report.Mark{"", "", report.Best}},
		{"two share the best", nil, []*estimator.Figure{fig(100, 1), fig(100, 1), fig(99, 1)}, false, []report.Mark{report.Best, report.Best, ""}},
		{"all equal: there is no best", nil, []*estimator.Figure{fig(100, 1), fig(100, 1)}, false, []report.Mark{"", ""}},
		{"one figure alone has no rival", nil, []*estimator.Figure{fig(100, 1), nil}, false, []report.Mark{"", ""}},
		{"intervals that touch overlap", nil, []*estimator.Figure{{Value: 10, Low: 8, High: 12}, {Value: 7, Low: 6, High: 8}}, false, []report.Mark{report.Best, report.Within}},
		{"an unknown figure has no mark", nil, []*estimator.Figure{fig(1, 1), nil, fig(2, 1)}, false, []report.Mark{"", "", report.Best}},
		{"what does not fit is the best of nothing", []estimator.Verdict{estimator.DoesNotFit, estimator.Fits, estimator.Tight},
			[]*estimator.Figure{fig(1000, 1), fig(2, 1.01), fig(1, 1.01)}, false, []report.Mark{"", report.Best, ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := make([]report.CompareRow, len(c.figures))
			for i := range rows {
				_, rows[i] = row(fmt.Sprint(i), "Q8_0", estimator.Fits, c.figures[i], nil)
				if c.verdicts != nil {
					rows[i].Verdict = c.verdicts[i]
				}
				rows[i].Marks = map[string]report.Mark{}
			}
			column := *decode
			column.Less = c.less
			mark(rows, &column)
			for i := range rows {
				if got := rows[i].Marks["decode_tok_s"]; got != c.want[i] {
					t.Errorf("row %d: %q, want %q", i, got, c.want[i])
				}
			}
		})
	}
}

func TestFront(t *testing.T) {
	type r struct {
		speed, spare float64
		verdict      estimator.Verdict
		want         bool
	}
	for name, rows := range map[string][]r{
		"a trade-off":                {{10, 1, "", true}, {5, 5, "", true}, {1, 10, "", true}},
		"one beats another":          {{10, 10, "", true}, {5, 10, "", false}, {10, 5, "", false}},
		"equals do not beat another": {{10, 10, "", true}, {10, 10, "", true}},
		"inside the front":           {{10, 1, "", true}, {1, 10, "", true}, {1, 1, "", false}, {9, 0.5, "", false}},
		"what does not fit is out":   {{10, 10, estimator.DoesNotFit, false}, {1, 1, "", true}},
		"an unknown figure is out":   {{0, 10, "", false}, {1, 1, "", true}},
	} {
		t.Run(name, func(t *testing.T) {
			doc := &report.Compare{}
			for i, c := range rows {
				verdict := estimator.Fits
				if c.verdict != "" {
					verdict = c.verdict
				}
				speed := fig(c.speed, 1.5)
				if c.speed == 0 {
					speed = nil
				}
				s, r := row(fmt.Sprint(i), "Q8_0", verdict, speed, fig(c.spare, 1))
				add(doc, s, r)
			}
			if err := Finish(doc); err != nil {
				t.Fatal(err)
			}
			for i, c := range rows {
				if doc.Rows[i].Pareto != c.want {
					t.Errorf("row %d: on the front %v, want %v", i, doc.Rows[i].Pareto, c.want)
				}
			}
			if doc.Front.X != "decode_tok_s" || doc.Front.Y != "headroom_bytes" {
				t.Errorf("front of %+v", doc.Front)
			}
		})
	}
}

// With several sequences in flight the front is of users against devices.
func TestFrontUnderLoad(t *testing.T) {
	doc := &report.Compare{}
	for i, n := range []float64{100, 50} {
		s, r := row(fmt.Sprint(i), "Q8_0", estimator.Fits, fig(n, 1), nil)
		s.Batch = 8
		r.Figures.OutputTokSPerDevice = fig(200-n, 1)
		add(doc, s, r)
	}
	if err := Finish(doc); err != nil {
		t.Fatal(err)
	}
	if doc.Front.Y != "output_tok_s_per_device" || !doc.Rows[0].Pareto || !doc.Rows[1].Pareto {
		t.Errorf("%+v %v %v", doc.Front, doc.Rows[0].Pareto, doc.Rows[1].Pareto)
	}
}

// Every row off the front is beaten by one on it, and none on it is beaten.
func TestFrontIsWhatNothingBeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := &report.Compare{}
		for i := range rapid.IntRange(1, 20).Draw(t, "rows") {
			f := func(name string) *estimator.Figure { return fig(float64(rapid.IntRange(1, 6).Draw(t, name)), 1) }
			s, r := row(fmt.Sprint(i), "Q8_0", estimator.Fits, f("speed"), f("spare"))
			add(doc, s, r)
		}
		if err := Finish(doc); err != nil {
			t.Fatal(err)
		}
		x, y := report.CompareColumnOf(doc.Front.X), report.CompareColumnOf(doc.Front.Y)
		for i := range doc.Rows {
			byFront := slices.ContainsFunc(doc.Rows, func(r report.CompareRow) bool { return r.Pareto && dominates(&r, &doc.Rows[i], x, y) })
			if byFront == doc.Rows[i].Pareto {
				t.Fatalf("row %d: on the front %v, beaten by the front %v", i, doc.Rows[i].Pareto, byFront)
			}
		}
	})
}

func TestOrder(t *testing.T) {
	names := func(sort string) (string, error) {
		doc := &report.Compare{}
		for _, c := range []struct {
			on      string
			verdict estimator.Verdict
			decode  *estimator.Figure
		}{{"slow", estimator.Fits, fig(1, 1)}, {"big", estimator.DoesNotFit, fig(99, 1)}, {"none", estimator.Tight, nil}, {"fast", estimator.FitsOffload, fig(9, 1)}} {
			s, r := row(c.on, "Q8_0", c.verdict, c.decode, nil)
			add(doc, s, r)
		}
		s, _ := row("bad", "Q8_0", "", nil, nil)
		add(doc, s, failed())
		doc.Inputs.Sort = sort
		err := Finish(doc)
		var out []string
		for i := range doc.Rows {
			if doc.Rows[i].Name != doc.Inputs.Scenarios[i].On {
				t.Errorf("row %q stands beside the scenario of %q", doc.Rows[i].Name, doc.Inputs.Scenarios[i].On)
			}
			out = append(out, doc.Rows[i].Name)
		}
		return strings.Join(out, " "), err
	}
	for sort, want := range map[string]string{
		"":              "slow big none fast bad",
		"decode_tok_s":  "fast slow big none bad",
		"Decode":        "fast slow big none bad",
		"decode tok s":  "fast slow big none bad",
		"-decode":       "slow fast big none bad",
		"verdict":       "slow none fast big bad",
		"name":          "big fast none slow bad",
		"-name":         "slow none fast big bad",
		"headroom":      "slow big none fast bad", // of none is it known
		"total_bytes":   "slow big none fast bad",
		"-usd_per_hour": "slow big none fast bad",
	} {
		got, err := names(sort)
		if err != nil || got != want {
			t.Errorf("sorted by %q: %s (%v), want %s", sort, got, err, want)
		}
	}
	for _, sort := range []string{"colour", "-", "decode,ttft"} {
		if _, err := names(sort); err == nil {
			t.Errorf("sort %q was taken", sort)
		}
	}
}

func TestBaseline(t *testing.T) {
	build := func(baseline string) (*report.Compare, error) {
		doc := &report.Compare{}
		for _, on := range []string{"rtx-4090-24gb", "8x h100-sxm5-80gb"} {
			for _, quant := range []string{"Q4_K_M", "Q8_0"} {
				s, r := row(on, quant, estimator.Fits, fig(float64(len(on)+len(quant)), 1), nil)
				add(doc, s, r)
			}
		}
		s, _ := row("bad", "Q8_0", "", nil, nil)
		add(doc, s, failed())
		doc.Inputs.Baseline = baseline
		return doc, Finish(doc)
	}
	for query, want := range map[string]string{
		"rtx-4090-24gb · Q8_0":        "rtx-4090-24gb · Q8_0",
		"rtx-4090 q8_0":               "rtx-4090-24gb · Q8_0",
		"RTX 4090 Q8_0":               "rtx-4090-24gb · Q8_0",
		"Q8_0, rtx4090":               "rtx-4090-24gb · Q8_0",
		"q4_k_m 8x h100-sxm5-80gb":    "8x h100-sxm5-80gb · Q4_K_M",
		"Llama 3.1 8B rtx4090 Q4_K_M": "rtx-4090-24gb · Q4_K_M",
		"":                            "",
	} {
		doc, err := build(query)
		if err != nil || doc.Baseline != want {
			t.Errorf("baseline %q: %q (%v), want %q", query, doc.Baseline, err, want)
		}
	}
	for query, want := range map[string]string{
		"rtx-4090": "fits 2 rows", "Q8_0": "fits 2 rows", "llama-3.1-8b": "fits 4 rows", "rtx-3090": "no row is called that",
		"rtx-4090 Q5_K_M": "no row is called that", "bad": "could not be estimated", strings.Repeat("x ", 500): "no row is called that",
	} {
		_, err := build(query)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("baseline %q: %v, want %q", query, err, want)
		}
	}
}

func TestRatios(t *testing.T) {
	doc := &report.Compare{}
	for _, c := range []struct {
		on      string
		verdict estimator.Verdict
		decode  *estimator.Figure
	}{{"base", estimator.Fits, fig(10, 1.1)}, {"near", estimator.Fits, fig(11, 1.1)}, {"far", estimator.Fits, fig(30, 1.1)},
		{"same", estimator.Fits, fig(10, 1.1)}, {"big", estimator.DoesNotFit, fig(20, 1)}, {"none", estimator.Fits, nil}} {
		s, r := row(c.on, "Q8_0", c.verdict, c.decode, nil)
		add(doc, s, r)
	}
	doc.Inputs.Baseline = "base"
	if err := Finish(doc); err != nil {
		t.Fatal(err)
	}
	for i, want := range []*report.Ratio{nil, {Ratio: 1.1, Within: true}, {Ratio: 3}, {Ratio: 1}, nil, nil} {
		got, ok := doc.Rows[i].Ratios["decode_tok_s"]
		if ok != (want != nil) || ok && got != *want {
			t.Errorf("%s: %+v %v, want %+v", doc.Rows[i].Name, got, ok, want)
		}
	}
}

func TestLabels(t *testing.T) {
	doc := &report.Compare{}
	for _, batch := range []int{1, 8} {
		for _, ctx := range []int{4096, 8192} {
			s, r := row("rtx-4090", "Q8_0", estimator.Fits, nil, nil)
			s.Batch, s.Context = batch, ctx
			add(doc, s, r)
		}
	}
	if err := Finish(doc); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(doc.Varies, " "), "batch context"; got != want {
		t.Errorf("varies in %s, want %s", got, want)
	}
	if got, want := doc.Rows[3].Name, "batch 8 · context 8192"; got != want {
		t.Errorf("called %q, want %q", got, want)
	}

	// A context that nobody asked for names nothing, nor does what a failed
	// scenario lacks; rows that nothing tells apart are counted.
	doc = &report.Compare{}
	for _, batch := range []int{1, 8, 8} {
		s, r := row("rtx-4090", "Q8_0", estimator.Fits, nil, nil)
		s.Batch, s.Context, s.ContextAssumed = batch, 4096*batch, true
		add(doc, s, r)
	}
	s := scenario.New()
	s.Model, s.On, s.Batch = "llama-3.1-8b", "rtx-4090", 16
	add(doc, s, failed())
	if err := Finish(doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range doc.Rows {
		got = append(got, doc.Rows[i].Name)
	}
	if want := []string{"batch 1", "batch 8", "batch 8 (2)", "batch 16"}; !slices.Equal(got, want) {
		t.Errorf("called %q, want %q", got, want)
	}
	if doc.Coverage != (report.Coverage{Asked: 4, Estimated: 3}) {
		t.Errorf("coverage %+v", doc.Coverage)
	}
}

func TestSharedAssumptions(t *testing.T) {
	doc := &report.Compare{}
	for i, list := range [][]string{{"a", "b"}, {"b", "c"}} {
		s, r := row(fmt.Sprint(i), "Q8_0", estimator.Fits, nil, nil)
		r.Assumptions = list
		add(doc, s, r)
	}
	s, _ := row("bad", "Q8_0", "", nil, nil)
	add(doc, s, failed())
	if err := Finish(doc); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(doc.Assumptions, []string{"b"}) || !slices.Equal(doc.Rows[0].Assumptions, []string{"a"}) || !slices.Equal(doc.Rows[1].Assumptions, []string{"c"}) {
		t.Errorf("%q, %q, %q", doc.Assumptions, doc.Rows[0].Assumptions, doc.Rows[1].Assumptions)
	}
}
