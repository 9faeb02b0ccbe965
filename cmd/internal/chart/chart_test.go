package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

const gibibyte = 1 << 30

// docOf makes a comparison of rows that decode at so many tok/s and have so
// many GiB to spare.
func docOf(rows ...[2]float64) *report.Compare {
	doc := &report.Compare{Front: report.CompareFront{X: "decode_tok_s", Y: "headroom_bytes", Words: "speed against room"}}
	for i, v := range rows {
		doc.Rows = append(doc.Rows, report.CompareRow{Name: fmt.Sprintf("row <%d> & more", i), Verdict: estimator.Fits, Pareto: i%2 == 0,
			Figures: report.CompareFigures{
				DecodeTokS:    &estimator.Figure{Value: v[0], Low: v[0] / 2, High: v[0] * 2, Unit: "tok/s"},
				HeadroomBytes: &estimator.Figure{Value: v[1] * gibibyte, Low: (v[1] - 1) * gibibyte, High: (v[1] + 1) * gibibyte, Unit: "bytes"},
			},
			Memories: []report.CompareMemory{
				{Name: "gpu0", Count: 8, Fullest: true, Capacity: 24 * gibibyte, Usable: 22 * gibibyte, Reserved: 2 * gibibyte, Weights: 20 * gibibyte, KVCache: 4 * gibibyte, Low: 23 * gibibyte, High: 25 * gibibyte},
				{Name: "host", Count: 1, Capacity: 512 * gibibyte, Usable: 512 * gibibyte, Overhead: gibibyte, Low: gibibyte, High: gibibyte}},
			Work: &report.CompareWork{Processor: "gpu", BandwidthGBps: 1000, PeakTFLOPS: 100 * float64(i+1),
				Prefill: &report.PhaseWork{GFLOP: 8000, GB: 10, Seconds: &estimator.Figure{Value: 0.1, Low: 0.08, High: 0.12, Unit: "s"}},
				Decode:  &report.PhaseWork{GFLOP: 16, GB: 8, Seconds: &estimator.Figure{Value: 0.01, Low: 0.008, High: 0.012, Unit: "s"}}},
		})
	}
	return doc
}

// wellFormed returns the text of an SVG.
func wellFormed(t *testing.T, svg []byte) string {
	t.Helper()
	var text strings.Builder
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return text.String()
		}
		if err != nil {
			t.Fatalf("not well formed: %v", err)
		}
		if c, ok := token.(xml.CharData); ok {
			text.Write(c)
		}
	}
}

func TestPictures(t *testing.T) {
	for _, rows := range [][][2]float64{{{10, 5}}, {{10, 5}, {20, 2}, {2000, 0.5}}, {{1e-3, -3}, {1e6, 100}}} {
		for _, kind := range Kinds {
			svg, err := Draw(kind, "svg", docOf(rows...))
			if err != nil {
				t.Fatalf("%s of %v: %v", kind, rows, err)
			}
			if text := wellFormed(t, svg); !strings.Contains(text, "row <0> & more") {
				t.Errorf("%s does not name its rows", kind)
			}
			if bytes.Contains(svg, []byte("NaN")) || bytes.Contains(svg, []byte("Inf")) {
				t.Errorf("%s of %v draws what is no number", kind, rows)
			}
			again, err := Draw(kind, "svg", docOf(rows...))
			if err != nil || !bytes.Equal(svg, again) {
				t.Errorf("%s is drawn in other bytes the second time", kind)
			}
			raster, err := Draw(kind, "png", docOf(rows...))
			if err != nil {
				t.Fatal(err)
			}
			if picture, err := png.Decode(bytes.NewReader(raster)); err != nil || picture.Bounds().Dx() < 1000 {
				t.Errorf("%s is no picture: %v", kind, err)
			}
		}
	}
}

func TestNothingToDraw(t *testing.T) {
	doc := docOf()
	doc.Rows = []report.CompareRow{report.FailedCompareRow(problem.Wrong(problem.UnknownHW, "unknown", "", ""))}
	for _, kind := range append([]string{"doodle"}, Kinds...) {
		if _, err := Draw(kind, "svg", doc); err == nil {
			t.Errorf("%s of nothing was drawn", kind)
		}
	}
	if _, err := Draw("pareto", "gif", docOf([2]float64{1, 1})); err == nil {
		t.Error("a format that is not known was drawn")
	}
}

// A key of very many rows is cut, and the picture stays a picture.
func TestManyRows(t *testing.T) {
	var rows [][2]float64
	for i := range 500 {
		rows = append(rows, [2]float64{float64(1 + i), float64(500 - i)})
	}
	svg, err := Draw("pareto", "svg", docOf(rows...))
	if err != nil {
		t.Fatal(err)
	}
	if text := wellFormed(t, svg); !strings.Contains(text, "and 4") || strings.Contains(text, "row <400>") {
		t.Error("the key lists all rows")
	}
}

func TestMemoriesDrawn(t *testing.T) {
	r := docOf([2]float64{1, 1}).Rows[0]
	if got := telling(&r); len(got) != 1 || got[0].Name != "gpu0" {
		t.Errorf("a host without a part of the model is drawn: %d memories", len(got))
	}
	r.Memories[1].Weights = 40 * gibibyte
	if got := telling(&r); len(got) != 2 {
		t.Error("a host with a fifth of the model is not drawn")
	}
}

func TestAxes(t *testing.T) {
	for _, c := range []struct{ low, high, wantLow, wantHigh float64 }{
		{1.2, 80, 1, 100}, {0.03, 9, 0.02, 10}, {1, 1000, 1, 1000}, {5.5, 199, 5, 200},
	} {
		a := plot.New().X
		a.Min, a.Max = c.low, c.high
		scale(&a)
		if math.Abs(a.Min/c.wantLow-1) > 1e-9 || math.Abs(a.Max/c.wantHigh-1) > 1e-9 {
			t.Errorf("%g to %g is drawn from %g to %g, want %g to %g", c.low, c.high, a.Min, a.Max, c.wantLow, c.wantHigh)
		}
	}
	a := plot.New().X
	a.Min, a.Max = 5, 20
	scale(&a)
	if a.Min != 0 || a.Max < 20 {
		t.Errorf("values close together are drawn from %g to %g", a.Min, a.Max)
	}
}

// Terminals get the same marks: every point by its number, every memory as a
// bar, nothing wider than the screen.
func TestText(t *testing.T) {
	doc := docOf([2]float64{100, 1}, [2]float64{10, 20}, [2]float64{1, 5})
	for _, kind := range Kinds {
		for _, width := range []int{40, 90, 110} {
			text, err := Text(kind, doc, width)
			if err != nil {
				t.Fatal(err)
			}
			drawn := text
			if kind != "memory" {
				drawn, _, _ = strings.Cut(text, "\n  ·") // the key repeats the numbers
				for _, label := range []string{"1", "2", "3"} {
					if !strings.Contains(drawn, label) {
						t.Errorf("%s in %d columns lacks point %s:\n%s", kind, width, label, text)
					}
				}
			} else if n := strings.Count(text, "█") - 1; n < 3 || !strings.Contains(text, "24.0 of 22.0") || !strings.Contains(text, "┃") {
				t.Errorf("%d cells of weights in:\n%s", n, text)
			}
			for _, line := range strings.Split(drawn, "\n")[2:] {
				if n := len([]rune(line)); n > max(width+12, 72) {
					t.Errorf("%s in %d columns: a line of %d: %s", kind, width, n, line)
				}
			}
		}
	}
	if _, err := Text("pareto", &report.Compare{}, 80); err == nil {
		t.Error("nothing was drawn")
	}
}
