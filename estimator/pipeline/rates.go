package pipeline

import (
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
)

// Rates are the calibrated rates of engines and hardware: logarithms that add
// up. An efficiency is the exponential of the sum of all parameters whose key
// holds of the engine, the work, the format and the hardware, so that what was
// never measured rests on what is like it.
type Rates struct {
	// Values are the parameters by key, such as "compute|engine:diffusers".
	Values map[string]float64 `json:"values"`
	// Rows says how many measurements moved a parameter.
	Rows map[string]int `json:"rows"`
	// SD are the standard deviations of the logarithm of what is predicted, by
	// class and Level ("text-to-image/device"), from devices left out.
	SD map[string]float64 `json:"sd"`
	// Corner is the power of the norm that joins what a device computes and
	// what its host launches, which run side by side.
	Corner float64 `json:"corner"`
	// Reference is the month that rates without a date are of, DriftYears the
	// most years for which engines are taken to have become faster.
	Reference  string  `json:"reference"`
	DriftYears float64 `json:"drift_years"`
	// Flops are the peaks that a format's arithmetic runs at, tried in order.
	Peaks map[string][]Peak `json:"peaks"`
	// Ceilings are the rates that a format's arithmetic may run at by whatever
	// way a program computes (accumulating in 16 bits, rounding FP32 to TF32):
	// the largest is the most that a device can do.
	Ceilings map[string][]Peak `json:"ceilings,omitempty"`
	Source   string            `json:"source"`
}

// Peak is a rate of a device (hardware.Rates by name) and a factor on it, for
// what runs at a multiple of a rate that is known.
type Peak struct {
	Rate string  `json:"rate"`
	X    float64 `json:"x,omitempty"` // 0 stands for 1
}

// Level says how near to what is estimated there are measurements.
type Level int

// Levels, the nearest first.
const (
	LevelDevice Level = iota // this device with this engine's family of work
	LevelFamily              // devices of its family
	LevelEngine              // the engine on other devices
	LevelWork                // the work with other engines
	levels
)

var levelNames = [levels]string{"device", "family", "engine", "work"}

func (l Level) String() string { return levelNames[l] }

// ParseRates reads rates, as [Rates.Format] writes them. The parameters, a
// thousand lines, are cut by hand: every run of a command reads them.
func ParseRates(data []byte) (*Rates, error) {
	head, rest, ok := strings.Cut(string(data), valuesHead)
	values, rows, more := strings.Cut(rest, rowsHead)
	rows, whole := strings.CutSuffix(rows, "}}\n")
	if !ok || !more || !whole {
		return nil, fmt.Errorf("rates of pipelines: they are not laid out as they were written; write them again with plimsoll calibrate")
	}
	r := &Rates{}
	err := json.Unmarshal([]byte(head+"}"), r)
	if err == nil {
		r.Values, err = parameters(values, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	}
	if err == nil {
		r.Rows, err = parameters(rows, strconv.Atoi)
	}
	if err != nil {
		return nil, fmt.Errorf("rates of pipelines: %w", err)
	}
	return r, nil
}

// parameters reads lines of "key":value, parted by commas.
func parameters[V any](lines string, read func(string) (V, error)) (map[string]V, error) {
	out := make(map[string]V, 1+strings.Count(lines, "\n"))
	for line := range strings.Lines(lines) {
		line = strings.Trim(line, " ,\n")
		if line == "" {
			continue
		}
		i := strings.LastIndexByte(line, ':')
		if i < 2 || line[0] != '"' || line[i-1] != '"' {
			return nil, fmt.Errorf("%.60q is no parameter with its value", line)
		}
		key := line[1 : i-1]
		if strings.ContainsRune(key, '\\') {
			if err := json.Unmarshal([]byte(line[:i]), &key); err != nil {
				return nil, fmt.Errorf("%.60q: %w", line, err)
			}
		}
		v, err := read(line[i+1:])
		if err != nil {
			return nil, fmt.Errorf("%.60q: %w", line, err)
		}
		out[key] = v
	}
	return out, nil
}

// What stands before the parameters, and before how often each was measured.
const (
	valuesHead = ",\n\"values\":{"
	rowsHead   = "},\n\"rows\":{"
)

// Format writes the rates, one parameter a line, in order.
func (r *Rates) Format() []byte {
	var b strings.Builder
	text := func(v any) string { out, _ := json.Marshal(v); return string(out) } // strings, numbers and lists of them
	fmt.Fprintf(&b, "{\"source\":%s,\n\"corner\":%g,\n\"reference\":%s,\n\"drift_years\":%g,\n\"peaks\":%s,\n\"ceilings\":%s,\n\"sd\":{", text(r.Source), r.Corner, text(r.Reference), r.DriftYears, text(r.Peaks), text(r.Ceilings))
	write := func(keys []string, value func(string) string) {
		for i, k := range keys {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "\n %s:%s", text(k), value(k))
		}
	}
	write(sorted(r.SD), func(k string) string { return fmt.Sprintf("%.4g", r.SD[k]) })
	b.WriteString("}" + valuesHead)
	write(sorted(r.Values), func(k string) string { return fmt.Sprintf("%.5g", r.Values[k]) })
	b.WriteString(rowsHead)
	write(sorted(r.Rows), func(k string) string { return fmt.Sprint(r.Rows[k]) })
	b.WriteString("}}\n")
	return []byte(b.String())
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// Term is a parameter that bears on a rate, times X.
type Term struct {
	Key string
	X   float64
}

// Load is what a call of a stage asks for, in seconds at nominal rates, and the
// parameters of each: the logarithm of a rate's efficiency is the sum of its
// terms.
type Load struct {
	Calls                              float64
	Compute, Attention, Memory, Launch float64
	Transfer                           float64 // beside the rest, where Overlap; else after it
	Overlap                            bool
	// Least are the seconds of compute and attention at the most that the device
	// can do, whatever its calibrated share of the nominal rates.
	Least [2]float64
	Terms [4][]Term // of compute, attention, memory and launch
}

// Kinds of rates, as indices into Load.Terms.
const (
	RateCompute = iota
	RateAttention
	RateMemory
	RateLaunch
)

// Seconds is the time of all calls. value gives a parameter's value.
//
//	call = ((compute + attention + memory)^p + launch^p)^(1/p)
//
// since a device's work and the launching of it overlap, but for the corner.
func (l *Load) Seconds(corner float64, value func(string) float64) (seconds float64, parts [4]float64) {
	for k, unit := range [4]float64{l.Compute, l.Attention, l.Memory, l.Launch} {
		if unit <= 0 {
			continue
		}
		sum := 0.0
		for _, t := range l.Terms[k] {
			sum += t.X * value(t.Key)
		}
		parts[k] = unit * math.Exp(-sum)
		if k < len(l.Least) {
			parts[k], _ = AtLeast(parts[k], l.Least[k])
		}
	}
	call := join(parts[0]+parts[1]+parts[2], parts[3], corner)
	if l.Overlap {
		call = math.Max(call, l.Transfer)
	} else {
		call += l.Transfer
	}
	return l.Calls * call, parts
}

// hardness is how near a time may come to the least that is possible before it
// is drawn away from it: at 1.4 times the least it moves by 0.2%.
const hardness = 12

// AtLeast draws a time t away from the least that is possible, and tells by how
// much its result moves with t, both in logarithms.
//
//	(t^12 + least^12)^(1/12)
func AtLeast(t, least float64) (bounded, slope float64) {
	if least <= 0 || t <= 0 {
		return t, 1
	}
	v := join(t, least, hardness)
	return v, math.Pow(t/v, hardness)
}

func join(a, b, p float64) float64 {
	if a <= 0 || b <= 0 {
		return a + b
	}
	m := math.Max(a, b)
	return m * math.Pow(math.Pow(a/m, p)+math.Pow(b/m, p), 1/p)
}
