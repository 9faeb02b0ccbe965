package accuracy

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll/plimsoll/estimator"
)

// Errors say how far off a group is, in percent, and nothing else; null ones
// are explained in unavailable.
type Errors struct {
	// MedianError and P90Error are of the absolute error, Bias is the median of
	// the signed one.
	MedianError *float64                `json:"median_error_percent"`
	P90Error    *float64                `json:"p90_error_percent"`
	Bias        *float64                `json:"bias_percent"`
	Unavailable []estimator.Unavailable `json:"unavailable"`
}

// errorsOf sums up signed errors, with quantiles as at finds them.
func errorsOf(signed []float64, at func(values []float64, q float64) float64) Errors {
	n := len(signed)
	absolute := make([]float64, n)
	for i, e := range signed {
		absolute[i] = math.Abs(e)
	}
	s := Summary{Rows: n, Unavailable: []estimator.Unavailable{}}
	return Errors{
		MedianError: s.figure("median_error_percent", n, 1, func() float64 { return at(absolute, 0.5) }),
		P90Error:    s.figure("p90_error_percent", n, few, func() float64 { return at(absolute, 0.9) }),
		Bias:        s.figure("bias_percent", n, 1, func() float64 { return at(signed, 0.5) }),
		Unavailable: s.Unavailable,
	}
}

// Weighted sums up the rows of servers of one class of load and of metric, each
// row by its weight: few sources have thousands of rows, and would speak alone.
type Weighted struct {
	Load   string `json:"load"`
	Metric string `json:"metric" jsonschema:"enum=tpot,enum=ttft,enum=throughput"`
	Rows   int    `json:"rows"`
	Errors
}

// WeightedMethod says in words what the weights are.
const WeightedMethod = "servers, weighted: a row counts by its weight in the collection, so that a source of thousands of rows speaks " +
	"for the models and devices that it spans, not for its rows"

// weighted sums up the rows of servers among the cases; nothing where there
// are none.
func weighted(cases []*Case) []Weighted {
	type group struct{ load, class string }
	signed, weights := map[group][]float64{}, map[group][]float64{}
	for _, c := range cases {
		if r := c.example.Serving; r != nil {
			g := group{r.Class, c.class()}
			signed[g], weights[g] = append(signed[g], percent(c.Log)), append(weights[g], r.Weight)
		}
	}
	var out []Weighted
	for _, load := range loads {
		for _, class := range Classes {
			g := group{load, class}
			if n := len(signed[g]); n > 0 {
				out = append(out, Weighted{load, class, n, errorsOf(signed[g], func(values []float64, q float64) float64 {
					return weightedQuantile(values, weights[g], q)
				})})
			}
		}
	}
	return out
}

// weightedQuantile returns the value up to which a share q of the weight lies,
// and where one value ends there and the next begins, the mean of both; NaN of
// none. It does not interpolate as quantile does: a value of half of the weight
// is the median whatever the next one is.
func weightedQuantile(values, weights []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	order, sum := make([]int, len(values)), 0.0
	for i, w := range weights {
		order[i] = i
		sum += w
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	before, last := 0.0, len(order)-1
	for i, o := range order[:last] {
		switch after := before + weights[o]; {
		case math.Abs(after-q*sum) <= 1e-9*sum: // but for the last bits of the sum
			return (values[o] + values[order[i+1]]) / 2
		case after > q*sum:
			return values[o]
		default:
			before = after
		}
	}
	return values[order[last]]
}
