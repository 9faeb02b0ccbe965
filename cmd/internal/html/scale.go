package html

import (
	"math"
	"slices"
	"strconv"

	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// scale maps values to pixels, linear or logarithmic.
type scale struct {
	low, high float64
	from, to  float64 // pixels
	log       bool
}

// newScale holds all values; it is linear from 0 unless they are spread over
// more than a factor of 50. ok is false where there is nothing to draw.
func newScale(values []float64, from, to float64) (s scale, ok bool) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if math.IsNaN(v) || math.Abs(v) > 1e100 {
			return s, false
		}
		low, high = math.Min(low, v), math.Max(high, v)
	}
	if math.IsInf(low, 0) {
		return s, false
	}
	s = scale{from: from, to: to, low: math.Min(low, 0), high: math.Max(high, 0)}
	if low > 0 && high/low > 50 {
		s.log = true
		s.low, s.high = low/1.2, high*1.2
	}
	if s.high <= s.low {
		s.high = s.low + 1
	}
	return s, true
}

// linear makes the scale linear from 0.
func (s *scale) linear(values []float64) {
	if !s.log {
		return
	}
	s.log, s.low, s.high = false, 0, slices.Max(values)
}

func (s *scale) at(v float64) float64 {
	share := (v - s.low) / (s.high - s.low)
	if s.log {
		share = (math.Log(math.Max(v, s.low)) - math.Log(s.low)) / (math.Log(s.high) - math.Log(s.low))
	}
	return s.from + share*(s.to-s.from)
}

// tick is a mark on an axis.
type tick struct {
	At   string
	Text string
}

// maxTicks is how many marks an axis has at most.
const maxTicks = 7

// ticks are at round values of what is written: the value over divide.
func (s *scale) ticks(divide float64) []tick {
	if s.log {
		return s.logTicks(divide)
	}
	span := (s.high - s.low) / divide
	step := math.Pow(10, math.Floor(math.Log10(span)))
	for _, f := range []float64{0.2, 0.5, 1, 2} {
		if span/(step*f) <= maxTicks-1 {
			step *= f
			break
		}
	}
	var out []tick
	for i := math.Ceil(s.low / divide / step); i*step <= s.high/divide*1.0001 && len(out) <= maxTicks; i++ {
		out = append(out, tick{decimal(s.at(i * step * divide)), round(i * step)})
	}
	return out
}

// logTicks are at 1, 2 and 5 times the powers of ten, or at fewer of them where
// those are too many.
func (s *scale) logTicks(divide float64) []tick {
	first := math.Floor(math.Log10(s.low / divide))
	for _, factors := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
		var out []tick
		for exp := first; exp < first+400; exp++ {
			base := math.Pow(10, exp)
			if base*divide > s.high {
				break
			}
			for _, f := range factors {
				if v := base * f * divide; v >= s.low && v <= s.high {
					out = append(out, tick{decimal(s.at(v)), round(base * f)})
				}
			}
		}
		if len(out) <= maxTicks+2 || len(factors) == 1 {
			return out[:min(len(out), 3*maxTicks)]
		}
	}
	return nil
}

// round writes a round number without needless digits.
func round(v float64) string {
	if math.Abs(v) >= 1000 && math.Abs(v) < 1e15 {
		return units.Thousands(int64(math.Round(v)))
	}
	if v == 0 {
		return "0" // not -0
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// decimal writes a number with at most one decimal, for coordinates.
func decimal(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// divisor turns a figure's values into those that are written, and names their unit.
func divisor(unit string) (divide float64, name string) {
	switch unit {
	case "B", "bytes":
		return 1 << 30, "GiB"
	}
	return 1, unit
}
