package serving

import (
	"math"
	"strings"
	"testing"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]float64{"4": 4, "20/s": 20, "300/min": 5, " 9000 / hour": 2.5, "864/day": 0.01, "1.5/sec": 1.5, "inf": math.Inf(1)} {
		if got, err := ParseRate(text); err != nil || math.Abs(got-want) > 1e-12 && got != want {
			t.Errorf("%q: %g, %v, want %g", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "0", "-1/s", "nan", "4/week", "1e-400/s", "5e-324/day"} {
		if got, err := ParseRate(text); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q passes as %g (%v)", text, got, err)
		}
	}
}
