package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Dimension says what a quantity measures.
type Dimension string

// Dimensions of the figures that are reported.
const (
	Bytes Dimension = "bytes"
	Time  Dimension = "time"  // canonical unit: ms
	Rate  Dimension = "rate"  // per second; written bare or as tok/s, req/s
	Count Dimension = "count" // tokens, sequences, layers
)

// unit is a suffix with its dimension and its factor to the canonical unit.
type unit struct {
	dim    Dimension
	factor float64
}

// suffixes by lower-case spelling.
var suffixes = map[string]unit{
	"b": {Bytes, 1}, "kib": {Bytes, 1 << 10}, "mib": {Bytes, 1 << 20}, "gib": {Bytes, 1 << 30}, "tib": {Bytes, 1 << 40},
	"kb": {Bytes, 1e3}, "mb": {Bytes, 1e6}, "gb": {Bytes, 1e9}, "tb": {Bytes, 1e12},
	"us": {Time, 1e-3}, "µs": {Time, 1e-3}, "ms": {Time, 1}, "s": {Time, 1e3}, "min": {Time, 6e4},
	"tok/s": {Rate, 1}, "tokens/s": {Rate, 1}, "req/s": {Rate, 1}, "it/s": {Rate, 1}, "docs/s": {Rate, 1}, "documents/s": {Rate, 1}, "/s": {Rate, 1}, "t/s": {Rate, 1},
	"k": {Count, 1e3}, "ki": {Count, 1 << 10}, "m": {Count, 1e6}, "mi": {Count, 1 << 20}, "tokens": {Count, 1},
}

// Parse reads a number with an optional unit and returns it in the canonical
// unit of its dimension; dim is empty when no unit was written. Counts with
// k or M (thousands, millions) fit figures of any dimension and come back
// with an empty dim.
func Parse(s string) (value float64, dim Dimension, err error) {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' || s[end] == '+' || s[end] == '-' && end == 0 ||
		(s[end] == 'e' || s[end] == 'E') && end+1 < len(s) && end > 0 && isExponent(s[end+1:])) {
		if s[end] == 'e' || s[end] == 'E' {
			end++ // take the exponent's sign with it
		}
		end++
	}
	number, suffix := s[:end], strings.ToLower(strings.TrimSpace(s[end:]))
	value, err = strconv.ParseFloat(number, 64)
	if err != nil || math.IsInf(value, 0) || math.IsNaN(value) {
		return 0, "", fmt.Errorf("%q is not a number", clip(s))
	}
	if suffix == "" {
		return value, "", nil
	}
	u, ok := suffixes[suffix]
	if !ok {
		return 0, "", fmt.Errorf("%q has an unknown unit %q: use GiB, GB, MiB, ms, s, tok/s or k", clip(s), clip(suffix))
	}
	if u.dim == Count {
		return value * u.factor, "", nil
	}
	return value * u.factor, u.dim, nil
}

// isExponent says whether s begins as the rest of a number's exponent does.
func isExponent(s string) bool {
	if s[0] == '-' || s[0] == '+' {
		s = s[1:]
	}
	return s != "" && s[0] >= '0' && s[0] <= '9'
}

// ParseBytes reads an amount of memory. A bare number below 4096 would be a
// few bytes, which nobody means: it is refused rather than guessed.
func ParseBytes(s string) (int64, error) {
	v, dim, err := Parse(s)
	switch {
	case err != nil:
		return 0, err
	case dim != "" && dim != Bytes:
		return 0, fmt.Errorf("%q is not an amount of memory: write 64GiB", clip(s))
	case dim == "" && v < 4096:
		return 0, fmt.Errorf("%q has no unit: write 64GiB", clip(s))
	case v <= 0 || v > 1<<50:
		return 0, fmt.Errorf("%q is out of range: use up to 1024TiB", clip(s))
	}
	return int64(v), nil
}

// ParseTokens reads a count of tokens; k means 1024 here, as 32k means 32768
// to everyone who sets a context.
func ParseTokens(s string) (int, error) {
	factor := 1.0
	trimmed := strings.TrimSpace(s)
	if n := len(trimmed); n > 1 {
		switch trimmed[n-1] {
		case 'k', 'K':
			factor, trimmed = 1<<10, trimmed[:n-1]
		case 'm', 'M':
			factor, trimmed = 1<<20, trimmed[:n-1]
		}
	}
	v, err := strconv.ParseFloat(trimmed, 64)
	if err != nil || v*factor != math.Trunc(v*factor) || math.Abs(v*factor) > 1<<40 {
		return 0, fmt.Errorf("%q is not a whole number of tokens: write 8192 or 8k", clip(s))
	}
	return int(v * factor), nil
}

func clip(s string) string {
	const limit = 80
	if len(s) > limit {
		return s[:limit] + "…"
	}
	return s
}

// GiB prints bytes in GiB with the precision a reader needs: two decimals
// below 10, one below 1000.
func GiB(b float64) string { return Number(b / (1 << 30)) }

// Number prints a value with about three significant digits and thousands
// separators, never in scientific notation.
func Number(v float64) string {
	a := math.Abs(v)
	switch {
	case a == 0:
		return "0"
	case a < 0.01:
		return strconv.FormatFloat(v, 'f', 4, 64)
	case a < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return Thousands(int64(math.Round(v)))
}

// Thousands prints an integer with separators: 131,072.
func Thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}
