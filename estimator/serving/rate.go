package serving

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseRate reads a rate of requests such as "20/s", "300/min" or "9000/hour",
// in requests per second; a bare number is per second, and "inf" all at once.
func ParseRate(text string) (perSecond float64, err error) {
	number, unit, _ := strings.Cut(text, "/")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(v > 0) {
		return 0, fmt.Errorf("rate %.40q: want a number above 0, as in 20/s", text)
	}
	switch strings.TrimSpace(unit) {
	case "", "s", "sec", "second":
	case "m", "min", "minute":
		v /= 60
	case "h", "hour":
		v /= 3600
	case "d", "day":
		v /= 86400
	default:
		return 0, fmt.Errorf("rate %.40q: want requests per s, min, hour or day, as in 20/s", text)
	}
	if v == 0 || math.IsNaN(v) {
		return 0, fmt.Errorf("rate %.40q is too small", text)
	}
	return v, nil
}
