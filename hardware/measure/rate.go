package measure

import (
	"math"
	"slices"

	"github.com/plimsoll/plimsoll/hardware"
)

// rateOf sums up repetitions, in the unit of the numbers; none gives zeros.
func rateOf(reps []float64, unit float64) hardware.Rate {
	var logs []float64
	for _, v := range reps {
		if v > 0 {
			logs = append(logs, math.Log(v/unit))
		}
	}
	n := len(logs)
	if n == 0 {
		return hardware.Rate{}
	}
	slices.Sort(logs)
	mean, square := 0.0, 0.0
	for _, l := range logs {
		mean += l / float64(n)
	}
	for _, l := range logs {
		square += (l - mean) * (l - mean)
	}
	return hardware.Rate{
		Best:   digits(math.Exp(logs[n-1])),
		Median: digits(math.Exp((logs[(n-1)/2] + logs[n/2]) / 2)),
		Spread: digits(math.Sqrt(square / float64(max(n-1, 1)))),
	}
}

// digits rounds to four significant digits: more than measurements repeat in.
func digits(v float64) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-3)
	if unit < 1 {
		inverse := math.Round(1 / unit)
		return math.Round(v*inverse) / inverse
	}
	return math.Round(v/unit) * unit
}
