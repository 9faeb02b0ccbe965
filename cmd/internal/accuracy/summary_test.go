package accuracy

import (
	"math"
	"slices"
	"testing"
)

// cases makes cases from ratios of estimate and measurement, with intervals of
// the given ratio to either side.
func ratios(side float64, values ...float64) []*Case {
	out := make([]*Case, len(values))
	for i, v := range values {
		l := math.Log(v)
		out[i] = &Case{Verdict: Verdict{Log: l, Low: l - math.Log(side), High: l + math.Log(side)}}
	}
	return out
}

func same(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	switch {
	case got == nil:
		t.Errorf("%s is absent, want %g", what, want)
	case math.Abs(*got-want) > 1e-9:
		t.Errorf("%s = %g, want %g", what, *got, want)
	}
}

func TestSummarise(t *testing.T) {
	c := ratios(1.2, 1.1, 0.8, 1, 2, 0.9)
	for i, naive := range []float64{3, 1, 0.5} {
		c[i].Naive, c[i].NaiveOK = math.Log(naive), true
	}
	device := slices.IndexFunc(dimensions[:], func(d dimension) bool { return d.name == "device" })
	c[0].tags[device], c[1].tags[device] = "a", "b" // the others' device is ""
	s := Summarise(c)
	// Absolute errors 0, 10, 10, 20, 100; the 90th percentile lies 0.6 of the
	// way from the fourth to the fifth. Signed: −20, −10, 0, 10, 100.
	same(t, "median", s.MedianError, 10)
	same(t, "p90", s.P90Error, 68)
	same(t, "bias", s.Bias, 0)
	// 0.8 and 2 are outside.
	same(t, "coverage", s.Coverage, 60)
	same(t, "width", s.Width, 1.44)
	// 200, 0 and 50 percent.
	same(t, "naive", s.NaiveMedian, 50)
	if s.NaiveP90 != nil || s.NaiveRows != 3 {
		t.Errorf("naive p90 of %d rows: %v", s.NaiveRows, s.NaiveP90)
	}
	if len(s.Unavailable) != 1 || s.Unavailable[0].Figure != "naive_p90_error_percent" || s.Unavailable[0].Reason != "fewer than 5 rows" {
		t.Errorf("unavailable: %+v", s.Unavailable)
	}
	if s.Rows != 5 || s.Devices != 3 || s.Models != 1 {
		t.Errorf("%d rows, %d devices, %d models", s.Rows, s.Devices, s.Models)
	}
}

func TestSummariseFew(t *testing.T) {
	s := Summarise(ratios(1.5, 0.75))
	same(t, "median", s.MedianError, 25)
	same(t, "bias", s.Bias, -25)
	same(t, "width", s.Width, 2.25)
	if s.P90Error != nil || s.Coverage != nil || s.NaiveMedian != nil || len(s.Unavailable) != 4 {
		t.Errorf("of one row: %+v", s)
	}
	if s = Summarise[*Case](nil); s.Rows != 0 || len(s.Unavailable) != 7 {
		t.Errorf("of none: %+v", s)
	}
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values  []float64
		q, want float64
	}{
		{[]float64{3}, 0.9, 3},
		{[]float64{4, 2}, 0.5, 3},
		{[]float64{1, 2, 3, 4}, 0, 1},
		{[]float64{1, 2, 3, 4}, 1, 4},
		{[]float64{4, 1, 3, 2}, 0.9, 3.7},
	} {
		if got := quantile(c.values, c.q); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("quantile(%v, %g) = %g, want %g", c.values, c.q, got, c.want)
		}
	}
	if !math.IsNaN(quantile(nil, 0.5)) {
		t.Error("a quantile of nothing")
	}
}

func TestTidy(t *testing.T) {
	for v, want := range map[float64]float64{12.3456: 12.35, -0.00123456: -0.001235, 123456: 123500, 0: 0, math.Inf(1): 0, math.NaN(): 0, 1e-310: 1e-310} {
		if got := tidy(v); got != want {
			t.Errorf("tidy(%g) = %g, want %g", v, got, want)
		}
	}
}
