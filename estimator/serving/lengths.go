package serving

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// lengthKind tells the distributions of lengths apart.
type lengthKind uint8

const (
	kindNone lengthKind = iota
	kindFixed
	kindUniform
	kindLogNormal
	kindList
)

// Lengths is a distribution of lengths in tokens. Build it with Fixed,
// Uniform, LogNormal, Empirical or ParseLengths; the zero value is invalid.
type Lengths struct {
	kind   lengthKind
	lo, hi int
	// mu and sigma are those of the logarithm; mean and cv what the user gave.
	mu, sigma, mean, cv float64
	list                []int
	// open says that the user gave no limit to clip at.
	open bool
}

// Fixed is n tokens, always.
func Fixed(n int) Lengths { return Lengths{kind: kindFixed, lo: n, hi: n} }

// Uniform is lo to hi tokens, both included, all as likely.
func Uniform(lo, hi int) Lengths { return Lengths{kind: kindUniform, lo: lo, hi: hi} }

// LogNormal has the mean (tokens) and the coefficient of variation cv before it
// is rounded and clipped to 1..limit tokens; limit 0 clips at the 99.99th
// percentile. The parameters of the logarithm are σ² = ln(1+cv²) and
// μ = ln(mean) − σ²/2, from the moments of the log-normal distribution.
func LogNormal(mean, cv float64, limit int) Lengths {
	s2 := math.Log1p(cv * cv)
	l := Lengths{kind: kindLogNormal, lo: 1, hi: limit, mu: math.Log(mean) - s2/2, sigma: math.Sqrt(s2), mean: mean, cv: cv}
	if limit == 0 {
		l.open = true
		// 3.719 standard deviations above the mean lie 0.01% of a normal.
		l.hi = int(min(math.Ceil(math.Exp(l.mu+3.719*l.sigma)), maxLength))
	}
	return l
}

// Empirical draws from the values (tokens), each as likely.
func Empirical(values []int) Lengths {
	list := slices.Clone(values)
	slices.Sort(list)
	l := Lengths{kind: kindList, list: list}
	if len(list) > 0 {
		l.lo, l.hi = list[0], list[len(list)-1]
	}
	return l
}

// Validate reports what makes no sense, in one line.
func (l *Lengths) Validate() error {
	switch {
	case l.kind == kindNone:
		return fmt.Errorf("lengths: none given; use 512, 256..1024 or lognormal(512,0.8)")
	case l.kind == kindList && len(l.list) == 0:
		return fmt.Errorf("lengths: the list is empty; give at least one value")
	case l.lo < 1 || l.hi < l.lo || l.hi > maxLength:
		return fmt.Errorf("lengths: %d to %d tokens is out of range; give 1 to %d, the smaller first", l.lo, l.hi, maxLength)
	case l.kind == kindLogNormal && !(l.mean >= 1 && l.mean <= float64(l.hi) && l.cv >= 0 && l.cv <= 10):
		return fmt.Errorf("lengths: lognormal(%v,%v) is out of range; give a mean from 1 to %d and a cv from 0 to 10", l.mean, l.cv, l.hi)
	}
	return nil
}

// Quantile returns the length in tokens below which the share u lies (0 ≤ u < 1).
func (l *Lengths) Quantile(u float64) int {
	switch l.kind {
	case kindUniform:
		return min(l.lo+int(u*float64(l.hi-l.lo+1)), l.hi)
	case kindLogNormal:
		// The inverse of the normal distribution is √2·erfinv(2u−1).
		x := math.Exp(l.mu + l.sigma*math.Sqrt2*math.Erfinv(2*u-1))
		if !(x < float64(l.hi)) {
			if u < 0.5 {
				return l.lo
			}
			return l.hi
		}
		return max(l.lo, int(x+0.5))
	case kindList:
		return l.list[min(int(u*float64(len(l.list))), len(l.list)-1)]
	}
	return l.lo
}

// fixed says that every length is the same.
func (l *Lengths) fixed() bool { return l.lo == l.hi || l.kind == kindLogNormal && l.sigma == 0 }

// Mean returns the mean in tokens: exact for all but the log-normal, whose
// clipped mean is a sum over 64 quantiles.
func (l *Lengths) Mean() float64 {
	switch l.kind {
	case kindUniform:
		return (float64(l.lo) + float64(l.hi)) / 2
	case kindLogNormal:
		if l.sigma == 0 {
			return float64(l.Quantile(0.5))
		}
		const n = grid
		sum := 0.0
		for i := range n {
			sum += float64(l.Quantile((float64(i) + 0.5) / n))
		}
		return sum / n
	case kindList:
		sum := 0.0
		for _, v := range l.list {
			sum += float64(v)
		}
		return sum / float64(len(l.list))
	}
	return float64(l.lo)
}

// max returns the longest that can be drawn.
func (l *Lengths) max() int { return l.hi }

// String returns the text that ParseLengths reads; a long list is cut.
func (l Lengths) String() string {
	switch l.kind {
	case kindFixed:
		return strconv.Itoa(l.lo)
	case kindUniform:
		return fmt.Sprintf("%d..%d", l.lo, l.hi)
	case kindLogNormal:
		if l.open {
			return fmt.Sprintf("lognormal(%v,%v)", l.mean, l.cv)
		}
		return fmt.Sprintf("lognormal(%v,%v,%d)", l.mean, l.cv, l.hi)
	case kindList:
		var b strings.Builder
		for i, v := range l.list {
			if i > 0 {
				b.WriteByte(',')
			}
			if i == 16 {
				b.WriteString("…")
				break
			}
			b.WriteString(strconv.Itoa(v))
		}
		return b.String()
	}
	return "none"
}

// ParseLengths reads a distribution of lengths in tokens: "512" is fixed,
// "256..1024" uniform, "lognormal(512,0.8)" log-normal with mean and
// coefficient of variation ("lognormal(512,0.8,4096)" clips at 4096), and
// "128,256,512" a list of values as likely as each other.
func ParseLengths(text string) (Lengths, error) {
	var l Lengths
	s := strings.TrimSpace(text)
	if len(s) > 64<<10 {
		return l, fmt.Errorf("lengths: %d characters are too many; give at most 65536", len(s))
	}
	bad := func(what string) error {
		if len(s) > 40 {
			s = s[:40] + "…"
		}
		return fmt.Errorf("lengths %q: %s; use 512, 256..1024, lognormal(512,0.8) or 128,256,512", s, what)
	}
	switch lo, hi, ranged := strings.Cut(s, ".."); {
	case s == "":
		return l, bad("empty")
	case strings.HasPrefix(s, "lognormal("):
		inner, ok := strings.CutSuffix(s[len("lognormal("):], ")")
		parts := strings.Split(inner, ",")
		if !ok || len(parts) < 2 || len(parts) > 3 {
			return l, bad("lognormal takes a mean, a cv and perhaps a limit")
		}
		mean, err1 := strconv.ParseFloat(strings.TrimSpace(parts[0]), 64)
		cv, err2 := strconv.ParseFloat(strings.TrimSpace(parts[1]), 64)
		limit := 0
		var err3 error
		if len(parts) == 3 {
			limit, err3 = strconv.Atoi(strings.TrimSpace(parts[2]))
		}
		if err1 != nil || err2 != nil || err3 != nil || len(parts) == 3 && limit < 1 {
			return l, bad("not a number")
		}
		l = LogNormal(mean, cv, limit)
	case ranged:
		a, err1 := strconv.Atoi(strings.TrimSpace(lo))
		b, err2 := strconv.Atoi(strings.TrimSpace(hi))
		if err1 != nil || err2 != nil {
			return l, bad("not whole numbers")
		}
		l = Uniform(a, b)
	default:
		var list []int
		for part := range strings.SplitSeq(s, ",") {
			v, err := strconv.Atoi(strings.TrimSpace(part))
			if err != nil {
				return l, bad("not a whole number")
			}
			list = append(list, v)
		}
		if len(list) == 1 {
			l = Fixed(list[0])
		} else {
			l = Empirical(list)
		}
	}
	if l.Validate() != nil {
		return Lengths{}, bad("out of range")
	}
	return l, nil
}
