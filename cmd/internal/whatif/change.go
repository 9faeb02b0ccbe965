package whatif

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
)

// Change is one parsed PATH=VALUE.
type Change struct {
	Text string // as it was written, without blanks
	Path string // what is changed, prefix included
	kind kind
	by   float64
	unit string // lower case, as written
}

type kind uint8

const (
	to    kind = iota // the value itself
	plus              // a difference
	times             // a factor
)

// maxText bounds one change.
const maxText = 200

// Parse reads one change:
//
//	PATH=936     the value, with a unit where one helps (24GiB, 1.8TB/s)
//	PATH=+8GB    a difference; -2 likewise
//	PATH=+10%    a difference in hundredths
//	PATH=x2      a factor
func Parse(text string) (Change, error) {
	wrong := func(what, remedy string) (Change, error) {
		return Change{}, problem.Wrong(problem.BadValue, what, fmt.Sprintf("--set %.80q", text), remedy)
	}
	c := Change{Text: strings.ReplaceAll(text, " ", "")}
	if len(text) > maxText {
		return wrong("the change is too long", "write PATH=VALUE")
	}
	path, value, ok := strings.Cut(c.Text, "=")
	if !ok || path == "" || value == "" {
		return wrong("a change needs a path and a value", "write it as hardware.bandwidth_gb_s=+10%")
	}
	c.Path = strings.ToLower(strings.ReplaceAll(path, "-", "_"))
	switch first := value[0]; {
	case first == '+' || first == '-':
		c.kind = plus
	case first == 'x' || first == 'X' || first == '*':
		c.kind, value = times, value[1:]
	case strings.HasPrefix(value, "×"):
		c.kind, value = times, strings.TrimPrefix(value, "×")
	}
	end := strings.LastIndexAny(value, "0123456789.") + 1
	number, unit := value[:end], strings.ToLower(value[end:])
	by, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsInf(by, 0) || math.IsNaN(by) {
		return wrong(fmt.Sprintf("%.40q is not a number", value), "write a value (936), a difference (+8GB, -10%) or a factor (x2)")
	}
	c.by = by
	switch {
	case unit == "%" && c.kind == plus:
		c.kind, c.by, unit = times, 1+by/100, ""
	case unit == "%" && c.kind == to:
		c.kind, c.by, unit = times, by/100, ""
	case unit != "" && c.kind == times:
		return wrong("a factor has no unit", "write x2")
	}
	c.unit = unit
	if c.kind == times && c.by < 0 {
		return wrong("the change makes the value negative", "take away less than 100%")
	}
	return c, nil
}

// scales are the factors of units to the unit of a key, by the key's ending.
// A memory size of a machine is in GiB, and a marketed "GB" is read as that
// (profiles/hardware/README.md).
var scales = []struct {
	ending string
	units  map[string]float64
}{
	{"_gb_s", map[string]float64{"gb/s": 1, "gbps": 1, "gb_s": 1, "tb/s": 1000, "mb/s": 1e-3}},
	{"_gb_s_per_direction", map[string]float64{"gb/s": 1, "gb_s": 1, "tb/s": 1000}},
	{"_gb", map[string]float64{"gb": 1, "gib": 1, "g": 1, "tb": 1024, "tib": 1024, "mb": 1.0 / 1024, "mib": 1.0 / 1024}},
	{"_w", map[string]float64{"w": 1, "kw": 1000}},
	{"_us", map[string]float64{"us": 1, "µs": 1, "ms": 1000}},
	{"_gflops", map[string]float64{"gflops": 1, "tflops": 1000}},
	{"_gops", map[string]float64{"gops": 1, "tops": 1000}},
	{"", map[string]float64{"k": 1 << 10, "m": 1 << 20}},
}

// Of says what a number of the key becomes. most is the largest that makes
// sense, 0 for no bound of the caller's.
func (c *Change) Of(old float64, key, of string, most float64) (float64, error) {
	scale := 1.0
	if c.unit != "" {
		found := false
		for _, s := range scales {
			if f, ok := s.units[c.unit]; ok && strings.HasSuffix(key, s.ending) {
				scale, found = f, true
				break
			}
		}
		if isRate(key) && (c.unit == "tflops" || c.unit == "tops") {
			found = true
		}
		if !found {
			return 0, c.wrong(fmt.Sprintf("%s is not measured in %.20q", key, c.unit), "leave the unit out")
		}
	}
	value := c.by * scale
	if c.kind != to && old == 0 {
		return 0, c.wrong(fmt.Sprintf("%s of %s is not known, or nothing", key, of), "write a value instead of a change")
	}
	switch c.kind {
	case plus:
		value += old
	case times:
		value = old * c.by
	}
	switch {
	case value < 0:
		return 0, c.wrong(fmt.Sprintf("%s of %s would be negative (it is %s)", key, of, number(old)), "take away less")
	case math.IsInf(value, 0) || most > 0 && value > most:
		return 0, c.wrong(fmt.Sprintf("%s of %s would be above %s", key, of, number(most)), "use a smaller value")
	}
	return value, nil
}

// isRate says whether a key is one of a device's peak rates.
func isRate(key string) bool {
	switch key {
	case "fp32", "fp16", "fp16_acc32", "bf16", "fp8", "int8", "fp4":
		return true
	}
	return false
}

func (c *Change) wrong(what, remedy string) error {
	return problem.Wrong(problem.BadValue, what, "--set "+c.Text, remedy)
}

// number writes a value for a message, without digits that mean nothing.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 7, 64) }

// note says what a change did.
func (c *Change) note(key, of string, old, value float64) string {
	return fmt.Sprintf("changed by --set %s: %s of %s is %s instead of %s", c.Text, key, of, number(value), number(old))
}
