package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxAmount bounds counts of parameters, tokens and operations: far above
// anything that is, far below what would overflow in a product of three.
const maxAmount = 1e40

// amountSuffixes are what people write behind counts of parameters, tokens and
// operations, lower case, longest first where one ends in another.
var amountSuffixes = []struct {
	suffix string
	factor float64
}{
	{"trillion", 1e12}, {"billion", 1e9}, {"million", 1e6}, {"thousand", 1e3},
	{"bn", 1e9}, {"k", 1e3}, {"m", 1e6}, {"b", 1e9}, {"g", 1e9}, {"t", 1e12},
}

// flopSuffixes are those of operations only.
var flopSuffixes = []struct {
	suffix string
	factor float64
}{
	{"y", 1e24}, {"z", 1e21}, {"e", 1e18}, {"p", 1e15}, {"t", 1e12}, {"g", 1e9}, {"m", 1e6}, {"k", 1e3},
}

// pfDays are spellings of a petaflop/s-day, 8.64e19 operations.
var pfDays = []string{"petaflop/s-days", "petaflop/s-day", "pf-days", "pf-day", "pfdays", "pfday", "pfd"}

// ParseAmount reads a count of parameters or tokens: 70B, 1.4T, 300 billion,
// 5.76e23. What it counts may stand behind it. The count is above 0, or 0 where
// zero is true.
func ParseAmount(s string, zero bool) (float64, error) {
	text := tidy(s)
	for _, noun := range []string{"tokens", "token", "tok", "parameters", "params"} {
		text = strings.TrimSpace(strings.TrimSuffix(text, noun))
	}
	factor := 1.0
	for _, u := range amountSuffixes {
		if head, ok := strings.CutSuffix(text, u.suffix); ok {
			text, factor = strings.TrimSpace(head), u.factor
			break
		}
	}
	return amount(s, text, factor, zero, "write it as 70B, 1.4T or 3e11")
}

// ParseFLOPs reads a number of operations: 5.76e23, 576 ZFLOPs, 3640 PF-days.
func ParseFLOPs(s string) (float64, error) {
	text, factor := tidy(s), 1.0
	for _, unit := range pfDays {
		if head, ok := strings.CutSuffix(text, unit); ok {
			return amount(s, strings.TrimSpace(head), 86400e15, false, "write it as 3640 PF-days")
		}
	}
	for _, noun := range []string{"flops", "flop"} {
		head, ok := strings.CutSuffix(text, noun)
		if !ok {
			continue
		}
		text = strings.TrimSpace(head)
		for _, u := range flopSuffixes {
			if head, ok := strings.CutSuffix(text, u.suffix); ok {
				text, factor = strings.TrimSpace(head), u.factor
				break
			}
		}
		break
	}
	return amount(s, text, factor, false, "write it as 5.76e23 or 576 ZFLOPs")
}

// tidy lowers the letters and drops what only separates.
func tidy(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	return strings.NewReplacer("_", "", ",", "").Replace(s)
}

func amount(whole, number string, factor float64, zero bool, remedy string) (float64, error) {
	v, err := strconv.ParseFloat(number, 64)
	if v *= factor; err != nil || math.IsNaN(v) || v < 0 || v == 0 && !zero || v > maxAmount || v > 0 && v < 1/maxAmount || strings.ContainsAny(number, "xp") {
		return 0, fmt.Errorf("%q is no such number: %s", clip(whole), remedy)
	}
	return v, nil
}

// Amount prints a count of parameters or tokens with three digits: 70B, 1.43T,
// 5.76e23.
func Amount(v float64) string {
	for _, u := range []struct {
		suffix string
		factor float64
	}{{"T", 1e12}, {"B", 1e9}, {"M", 1e6}, {"K", 1e3}} {
		// 999.6M reads as 1B, and what has more than four digits before the point
		// as a power of ten.
		if v >= u.factor*0.9995 && v < 99999.5*u.factor {
			return digits3(v/u.factor) + u.suffix
		}
	}
	if v >= 1 && v < 1000 || v == 0 {
		return digits3(v)
	}
	return Power(v)
}

// digits3 writes three significant digits, and all those before the point.
func digits3(v float64) string {
	if v >= 1000 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	s := strconv.FormatFloat(v, 'g', 3, 64)
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// Power prints a number as digits and a power of ten: 5.76e23.
func Power(v float64) string {
	if v == 0 {
		return "0"
	}
	s := strconv.FormatFloat(v, 'e', 2, 64)
	return strings.Replace(strings.Replace(s, "e+0", "e", 1), "e+", "e", 1)
}
