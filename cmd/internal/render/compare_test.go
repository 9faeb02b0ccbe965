package render

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/plimsoll/plimsoll/cmd/internal/compare"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

// compared is a comparison with everything in it that a row can be.
func compared(t *testing.T, baseline string) *report.Compare {
	t.Helper()
	doc := &report.Compare{Inputs: report.CompareInputs{Baseline: baseline}}
	figure := func(v float64, unit string) *estimator.Figure {
		return &estimator.Figure{Value: v, Low: v / 1.3, High: v * 1.3, Unit: unit}
	}
	for i, verdict := range []estimator.Verdict{estimator.Fits, estimator.Tight, estimator.FitsOffload, estimator.DoesNotFit, ""} {
		s := scenario.New()
		s.Model, s.On, s.Quant, s.Engine = "llama-3.1-8b", fmt.Sprintf("accelerator-of-maker-%d", i), "Q8_0", "llama.cpp"
		r := report.FailedCompareRow(problem.Wrong(problem.UnknownHW, "unknown | <hardware>", "", ""))
		if verdict != "" {
			v := float64(i + 1)
			r = report.CompareRow{Verdict: verdict, Reason: "a reason", Devices: 1, Model: report.Model{Name: "Llama | 3.1", WeightFormat: "Q8_0"},
				Engine: report.Engine{Name: "llama.cpp"}, Assumptions: []string{"assumed of all", fmt.Sprint("assumed of ", i)},
				Unavailable: []estimator.Unavailable{{Figure: "requests_s", Reason: "nobody knows"}, {Figure: "usd_per_hour", Reason: "no offer"}},
				Figures: report.CompareFigures{FullestBytes: figure(v*gib, "bytes"), TotalBytes: figure(v*gib, "bytes"), HeadroomBytes: figure(gib, "bytes"),
					PrefillTokS: figure(1000*v, "tok/s"), DecodeTokS: figure(10*v*v, "tok/s"), OutputTokS: figure(10*v*v, "tok/s"), TTFTMs: figure(100/v, "ms"), TPOTMs: figure(100/v, "ms")},
				Memories: []report.CompareMemory{{Name: "gpu0", Count: 1, Fullest: true, Usable: 8 * gib}}}
		}
		doc.Inputs.Scenarios, doc.Rows = append(doc.Inputs.Scenarios, s), append(doc.Rows, r)
	}
	if err := compare.Finish(doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

const gib = 1 << 30

func drawn(t *testing.T, doc *report.Compare, width int, utf8, color, intervals bool) string {
	t.Helper()
	var b bytes.Buffer
	notes := width
	if width == 0 {
		notes = 90
	}
	s := CompareStyle{Style: Style{Width: notes, UTF8: utf8, Color: color}, Table: width, Intervals: intervals}
	if err := Compare(&b, doc, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Whatever the width, no line is wider, and what was left out is named.
func TestCompareWidths(t *testing.T) {
	for _, baseline := range []string{"", "accelerator-of-maker-1"} {
		doc := compared(t, baseline)
		whole := drawn(t, doc, 0, true, false, true)
		for width := 40; width <= 260; width += 5 {
			text := drawn(t, doc, width, true, false, true)
			for _, line := range strings.Split(text, "\n") {
				if n := utf8.RuneCountInString(line); n > max(width, 40) {
					t.Errorf("%d columns where there are %d: %q", n, width, line)
				}
			}
			short := strings.Contains(text, "Left out for want of width")
			if short == strings.Contains(text, "TPOT ") && strings.Contains(text, "in all ") == short {
				t.Errorf("at %d columns: left out %v\n%s", width, short, text)
			}
			if !strings.Contains(text, "decode") {
				t.Errorf("at %d columns decode is gone", width)
			}
		}
		if strings.Contains(whole, "Left out") {
			t.Error("an unbounded table left something out")
		}
	}
}

func TestCompareTable(t *testing.T) {
	text := drawn(t, compared(t, "accelerator-of-maker-1"), 0, true, false, false)
	for _, want := range []string{
		"Llama | 3.1 · Q8_0 · llama.cpp · one sequence",
		"base", "≈", "◆", "1.00/8.00*", "(160)", "if the memory were there",
		"Does not fit", "accelerator-of-maker-3: a reason", "error", "accelerator-of-maker-4: unknown | <hardware>",
		"assumed of all", "4 more of single rows", "nobody knows",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, no := range []string{"\x1b", "no offer", "NaN"} {
		if strings.Contains(text, no) {
			t.Errorf("%q in\n%s", no, text)
		}
	}
	if !strings.Contains(drawn(t, compared(t, ""), 0, true, true, false), "\x1b[1m") {
		t.Error("the best is not bold")
	}
	ascii := drawn(t, compared(t, ""), 0, false, false, true)
	if i := strings.IndexFunc(ascii, func(r rune) bool { return r > 127 }); i >= 0 {
		t.Errorf("not ASCII: %q", ascii[i:])
	}
}

// Digits stand below digits: the marks of a column are in one place.
func TestCompareAligned(t *testing.T) {
	text := drawn(t, compared(t, "accelerator-of-maker-1"), 0, false, false, true)
	lines := strings.Split(text, "\n")
	head := -1
	for i, l := range lines {
		if strings.Contains(l, "machine") {
			head = i
		}
	}
	end := strings.Index(lines[head], "decode") + len("decode")
	for _, l := range lines[head+2 : head+5] {
		if l[end-1] == ' ' || l[end] != ' ' && l[end] != '*' && l[end] != '~' {
			t.Errorf("no figure of decode ends below its title: %q", l)
		}
	}
}

func TestCompareMarkdownAndCSV(t *testing.T) {
	doc := compared(t, "accelerator-of-maker-1")
	var b bytes.Buffer
	if err := CompareMarkdown(&b, doc, true); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if !strings.HasPrefix(text, "### plimsoll compare: ") {
		t.Error("the headline does not come first")
	}
	columns := 0
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		n := strings.Count(line, "|") - strings.Count(line, `\|`)
		if columns == 0 {
			columns = n
		}
		if n != columns {
			t.Errorf("%d cells where there are %d: %s", n, columns, line)
		}
	}
	if columns == 0 || !strings.Contains(text, "&lt;hardware&gt;") || !strings.Contains(text, "**") {
		t.Error(text)
	}
	b.Reset()
	if err := report.WriteCompareCSV(&b, doc); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll() // it checks that all rows are as long
	if err != nil || len(rows) != 1+len(doc.Rows) {
		t.Fatal(len(rows), err)
	}
	for i, name := range rows[0] {
		if name == "" || strings.ContainsAny(name, " ·") {
			t.Errorf("column %d is called %q", i, name)
		}
	}
	last := rows[len(rows)-1]
	if last[len(last)-1] == "" || last[8] != "" {
		t.Errorf("the row that failed: %q", last)
	}
}
