package render

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// scalingDocs is an answer to every question, with everything that can be absent.
func scalingDocs() []*report.Scaling {
	figure := func(v float64, unit string) *estimator.Figure {
		return &estimator.Figure{Value: v, Low: v / 1.3, High: v * 1.3, Unit: unit}
	}
	model := report.ScalingModel{Name: "a | <model>", Params: 671e9, ActiveParams: 37e9, Tokens: 14.8e12, Source: "a paper"}
	laws := []report.ScalingLaw{{ID: "a-law", Name: "A law", Year: 2022, Exponent: 0.5, SaysLoss: true, LossOn: "text", MaxParams: 1e9, MinParams: 1e6, Interval: "80% by something", IntervalKnown: true, Note: "a note", Source: "a source"},
		{ID: "another-law", Name: "Another law", Year: 2020, Exponent: 0.73, Interval: "no interval", Source: "a source"}}
	doc := func(in report.ScalingInputs, r report.ScalingResult) *report.Scaling {
		in.Model, r.Laws = &model, laws
		return &report.Scaling{Inputs: in, Result: r, Assumptions: []string{"assumed | that"}, Warnings: []estimator.Warning{{Code: "w", Message: "beware of <this>"}},
			Unavailable: []estimator.Unavailable{{Figure: "another-law loss", Reason: "nobody knows"}},
			Derivations: []estimator.Derivation{{Figure: "a-law loss", Formula: "1 + 1 = 2", Facts: "a fact", Source: "a source"}}}
	}
	option := func(name string, reason string) report.ScalingOption {
		o := report.ScalingOption{Name: name, Params: figure(7e9, "parameters"), Reason: reason}
		if reason == "" {
			o.Tokens, o.TokensPerParam, o.TrainFLOPs, o.ServeFLOPs, o.FLOPs = figure(1e12, "tokens"), figure(143, ""), figure(4e22, "FLOPs"), figure(1e22, "FLOPs"), figure(5e22, "FLOPs")
			o.TrainUSD, o.ServeUSD, o.USD, o.Ratio = figure(1e5, "USD"), figure(5e7, "USD"), figure(5e7, "USD"), 1
		}
		return o
	}
	return []*report.Scaling{
		doc(report.ScalingInputs{Ask: report.AskOverview}, report.ScalingResult{Models: []report.ScalingPublished{{ScalingModel: model, ID: "m", Year: 2024, TokensPerParam: 400, TrainFLOPs: 3.3e24, PublishedFLOPs: 3.3e24},
			{ScalingModel: report.ScalingModel{Name: "n", Params: 1e9, ActiveParams: 1e9}, ID: "n", PublishedFLOPs: 1e21, LowFLOPs: 5e20, HighFLOPs: 2e21, ImpliedTokens: 1e11, Note: "an estimate"}}}),
		doc(report.ScalingInputs{Ask: report.AskOptimum}, report.ScalingResult{Optima: []report.ScalingOptimum{
			{Law: "a-law", FLOPs: figure(1e23, "FLOPs"), Params: figure(7e9, "parameters"), Tokens: figure(2e12, "tokens"), TokensPerParam: figure(20, ""), Loss: figure(2, "nats/token"), Beyond: 12},
			{Law: "another-law", FLOPs: figure(1e23, "FLOPs"), Params: figure(7e9, "parameters"), Tokens: figure(2e12, "tokens"), TokensPerParam: figure(0.1, "")}}}),
		doc(report.ScalingInputs{Ask: report.AskLoss, Tokens: 1e12}, report.ScalingResult{Losses: []report.ScalingLoss{{Law: "a-law", FLOPs: 1e23, Loss: figure(2, "nats/token"), Best: figure(1.9, "nats/token"), Terms: []report.ScalingTerm{{Name: "L(N)", Nats: 1.5}}, Beyond: 2e6}}}),
		doc(report.ScalingInputs{Ask: report.AskLifetime, By: "cost", Tokens: 1e12}, report.ScalingResult{Prices: &report.ScalingPrices{Train: 1e-18, Serve: 2e-18, How: []string{"training: so"}},
			Lives: []report.ScalingLife{{Law: "a-law", Loss: figure(2, "nats/token"), Served: 1e13, Options: []report.ScalingOption{option("least over the life", ""), option("1B", "too small")},
				Evens: []report.ScalingBreakEven{{Smaller: "7B", Larger: "70B", Served: figure(1e12, "tokens")}, {Smaller: "1B", Larger: "7B", Reason: "it does not"}}}}}),
		doc(report.ScalingInputs{Ask: report.AskTrain, Tokens: 1e12, Machine: &report.ScalingMachine{MFU: 0.4, MFULow: 0.3, MFUHigh: 0.5}}, report.ScalingResult{Training: &report.ScalingTraining{
			Model: model, FLOPs: 1e24, Machine: "2x(8x a-card)", Devices: 16, PeakTFLOPS: 989, Rate: "bf16", Days: figure(54, "days"), DeviceHours: figure(1e6, "h"), TokensS: figure(1e6, "tok/s"), USD: figure(3e6, "USD"), StateBytes: 1e13, MemoryBytes: 1e12}}),
	}
}

// Whatever is asked and however narrow it is: no line is wider, what is left
// out is named, and plain terminals get plain characters.
func TestScalingWidths(t *testing.T) {
	for _, d := range scalingDocs() {
		for _, width := range []int{40, 60, 80, 110} {
			var b bytes.Buffer
			if err := Scaling(&b, d, Style{Width: width}, width); err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(b.String(), "\n") {
				if utf8.RuneCountInString(line) > width {
					t.Errorf("%s: wider than %d: %q", d.Inputs.Ask, width, line)
				}
			}
			if i := strings.IndexFunc(b.String(), func(r rune) bool { return r > 126 }); i >= 0 {
				t.Errorf("%s: %.20q is not plain", d.Inputs.Ask, b.String()[i:])
			}
		}
		var wide, narrow bytes.Buffer
		if Scaling(&wide, d, Style{Width: 90, UTF8: true, Color: true}, 0) != nil || Scaling(&narrow, d, Style{Width: 60, UTF8: true}, 60) != nil {
			t.Fatal("not written")
		}
		if strings.Contains(wide.String(), "Left out") || !strings.Contains(wide.String(), "\x1b[1m") || strings.Contains(narrow.String(), "\x1b[") {
			t.Errorf("%s: %q", d.Inputs.Ask, wide.String())
		}
		if cut := strings.Contains(narrow.String(), "Left out for want of width"); cut != (d.Inputs.Ask != report.AskTrain) {
			t.Errorf("%s: left out %v: %s", d.Inputs.Ask, cut, narrow.String())
		}
		for _, want := range []string{"beware of <this>", "nobody knows", "1 + 1 = 2"} {
			if !strings.Contains(wide.String(), want) {
				t.Errorf("%s: nothing of %q", d.Inputs.Ask, want)
			}
		}
	}
}

// Names cannot break a table, in markdown or in a sheet: every row has as many
// cells as its header.
func TestScalingCells(t *testing.T) {
	for _, d := range scalingDocs() {
		var b bytes.Buffer
		if err := ScalingMarkdown(&b, d); err != nil {
			t.Fatal(err)
		}
		cells := 0
		for _, line := range strings.Split(b.String(), "\n") {
			if !strings.HasPrefix(line, "|") {
				cells = 0
				continue
			}
			n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
			if cells == 0 {
				cells = n
			}
			if n != cells {
				t.Errorf("%s: %d cells, want %d: %s", d.Inputs.Ask, n, cells, line)
			}
		}
		if strings.Contains(b.String(), "<this>") || strings.Contains(b.String(), "<model>") {
			t.Errorf("%s: markup passed: %s", d.Inputs.Ask, b.String())
		}
		b.Reset()
		if err := report.WriteScalingCSV(&b, d); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil || len(rows) < 2 {
			t.Errorf("%s: %d rows, %v", d.Inputs.Ask, len(rows), err)
		}
	}
}
