package accuracy

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/plimsoll/plimsoll/estimator"
)

// few is the number of rows below which a tail or a share says nothing.
const few = 5

// Summary says how a group of cases came out. Errors are those of rates, in
// percent of the measured one; null ones are explained in unavailable.
type Summary struct {
	Rows    int `json:"rows"`
	Devices int `json:"devices"` // how many different ones
	Models  int `json:"models"`
	// MedianError and P90Error are of the absolute error |estimate ÷ measurement − 1|.
	MedianError *float64 `json:"median_error_percent"`
	P90Error    *float64 `json:"p90_error_percent"`
	// Bias is the median of the signed error; positive: we say faster than measured.
	Bias *float64 `json:"bias_percent"`
	// Coverage is the share of the 80% intervals that hold the measurement.
	Coverage *float64 `json:"coverage_percent"`
	// Width is the median of the intervals' high end ÷ low end.
	Width *float64 `json:"interval_ratio"`
	// Naive… are those of a rule of thumb, over the NaiveRows it has an answer to.
	NaiveRows   int                     `json:"naive_rows"`
	NaiveMedian *float64                `json:"naive_median_error_percent"`
	NaiveP90    *float64                `json:"naive_p90_error_percent"`
	Unavailable []estimator.Unavailable `json:"unavailable"`
}

// Summarise sums up cases. Quantiles interpolate linearly between the two
// nearest values.
func Summarise[C judged](cases []C) Summary {
	s := Summary{Rows: len(cases), Unavailable: []estimator.Unavailable{}}
	var errors, signed, widths, naive []float64
	inside := 0
	devices, models := map[string]bool{}, map[string]bool{}
	for _, one := range cases {
		c := one.verdict()
		e := percent(c.Log)
		errors, signed, widths = append(errors, math.Abs(e)), append(signed, e), append(widths, math.Exp(c.High-c.Low))
		if c.Inside() {
			inside++
		}
		if c.NaiveOK {
			naive = append(naive, math.Abs(percent(c.Naive)))
		}
		devices[one.tag("device")], models[one.tag("model")] = true, true
	}
	s.Devices, s.Models, s.NaiveRows = len(devices), len(models), len(naive)
	of := func(values []float64, q float64) func() float64 {
		return func() float64 { return quantile(values, q) }
	}
	n := len(cases)
	s.MedianError = s.figure("median_error_percent", n, 1, of(errors, 0.5))
	s.P90Error = s.figure("p90_error_percent", n, few, of(errors, 0.9))
	s.Bias = s.figure("bias_percent", n, 1, of(signed, 0.5))
	s.Coverage = s.figure("coverage_percent", n, few, func() float64 { return 100 * float64(inside) / float64(n) })
	s.Width = s.figure("interval_ratio", n, 1, of(widths, 0.5))
	s.NaiveMedian = s.figure("naive_median_error_percent", len(naive), 1, of(naive, 0.5))
	s.NaiveP90 = s.figure("naive_p90_error_percent", len(naive), few, of(naive, 0.9))
	return s
}

// figure works out a figure of n rows, or gives nil with the reason where they
// are fewer than it takes.
func (s *Summary) figure(name string, n, atLeast int, value func() float64) *float64 {
	reason := ""
	switch {
	case n == 0 && s.Rows > 0:
		reason = "the rule of thumb lacks a fact about this hardware"
	case n == 0:
		reason = "no rows"
	case n < atLeast:
		reason = fmt.Sprintf("fewer than %d rows", atLeast)
	}
	if reason != "" {
		s.Unavailable = append(s.Unavailable, estimator.Unavailable{Figure: name, Reason: reason})
		return nil
	}
	v := tidy(value())
	return &v
}

// quantile returns the q-quantile of values, which it sorts, interpolating
// linearly between neighbours; NaN of none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	at := q * float64(len(values)-1)
	i := int(at)
	if i+1 >= len(values) {
		return values[len(values)-1]
	}
	return values[i] + (at-float64(i))*(values[i+1]-values[i])
}

// tidy rounds to four significant digits, so that the last bits of a sum do
// not show.
func tidy(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		return v
	}
	return r
}
