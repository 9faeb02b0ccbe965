package accuracy

import (
	"math"
	"slices"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/measured"
)

func TestWeighted(t *testing.T) {
	weigh := func(weight float64) func(*measured.ServingRow) {
		return func(r *measured.ServingRow) { r.Weight = weight }
	}
	saturated := func(r *measured.ServingRow) { r.Class = measured.Saturated }
	first := func(r *measured.ServingRow) { r.Metric = measured.TTFT }
	var cases []*Case
	for range 9 { // a sweep of nine, all half as fast again, and one row that is worth more than it
		cases = append(cases, served(1, 1.5, weigh(0.1)))
	}
	local := newCase(made(measured.Row{Metric: measured.Decode, Value: 1}, 1), "")
	cases = append(cases, served(1, 0.9, weigh(2)), served(2, 0.5, saturated), served(2, 1, first), &local)
	got := weighted(cases)
	if len(got) != 3 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []struct {
		load, metric string
		rows         int
		bias         float64
	}{{measured.ClosedLoop, TTFT, 1, 0}, {measured.ClosedLoop, Throughput, 10, -10}, {measured.Saturated, Throughput, 1, -50}} {
		w := &got[i]
		if w.Load != want.load || w.Metric != want.metric || w.Rows != want.rows || (w.P90Error == nil) != (want.rows < few) {
			t.Errorf("%+v, want %+v", w, want)
		}
		same(t, w.Load+" "+w.Metric, w.Bias, want.bias)
	}
	same(t, "median", got[1].MedianError, 10)
	same(t, "p90", got[1].P90Error, 50)
	if got := weighted([]*Case{&local}); got != nil {
		t.Errorf("of one machine: %+v", got)
	}
}

func TestWeightedQuantile(t *testing.T) {
	for _, values := range [][]float64{{3}, {4, 2}, {4, 1, 3, 2}, {5, 5, 1, 9, -2}} {
		alike := slices.Repeat([]float64{0.3}, len(values))
		if got, want := weightedQuantile(values, alike, 0.5), quantile(slices.Clone(values), 0.5); math.Abs(got-want) > 1e-12 {
			t.Errorf("median of %v: %g, of equal weights %g", values, got, want)
		}
	}
	values, weights := []float64{30, 10, 20}, []float64{4, 1, 3} // 10 up to 1 of 8, 20 up to 4, 30 up to 8
	for q, want := range map[float64]float64{0: 10, 0.1: 10, 0.125: 15, 0.3: 20, 0.5: 25, 0.6: 30, 1: 30} {
		if got := weightedQuantile(values, weights, q); got != want {
			t.Errorf("at %g: %g, want %g", q, got, want)
		}
	}
	if !slices.Equal(values, []float64{30, 10, 20}) {
		t.Error("the values were moved away from their weights")
	}
	if !math.IsNaN(weightedQuantile(nil, nil, 0.5)) {
		t.Error("a quantile of nothing")
	}
}
