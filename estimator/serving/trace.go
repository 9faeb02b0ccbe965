package serving

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds on a trace that is read.
const (
	maxRows = 5_000_000
	maxLine = 64 << 10
)

// names are the columns that are understood, in lower case.
var names = [3][]string{
	{"at", "timestamp", "time", "arrival", "arrived_at", "arrival_time"},
	{"input", "input_tokens", "prompt_tokens", "input_length", "contexttokens", "context_tokens"},
	{"output", "output_tokens", "completion_tokens", "generated_tokens", "output_length", "generatedtokens"},
}

// field returns which of time, input and output the name stands for, or -1.
func field(name string) int {
	name = strings.ToLower(strings.TrimSpace(name))
	for i := range names {
		if slices.Contains(names[i], name) {
			return i
		}
	}
	return -1
}

// ReadTrace reads requests, one a line, either as CSV whose first line names
// the columns or as JSON objects: when the request came ("at" or "timestamp",
// in seconds or as RFC 3339), its prompt tokens ("input", "input_tokens",
// "prompt_tokens") and its answer tokens ("output", "output_tokens",
// "completion_tokens"). The requests are sorted, and the first is at 0. At most
// 5 million lines of at most 64 KiB are read.
func ReadTrace(r io.Reader) ([]Arrival, error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 4096), maxLine)
	var out []Arrival
	var columns []int
	line := 0
	clock := 0 // 1 for seconds, 2 for RFC 3339
	for in.Scan() {
		line++
		text := strings.TrimSpace(in.Text())
		if line == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		if text == "" {
			continue
		}
		if len(out) == maxRows {
			return nil, fmt.Errorf("trace line %d: more than %d requests; cut the trace", line, maxRows)
		}
		var values [3]string
		var err error
		switch {
		case strings.HasPrefix(text, "{") && columns == nil:
			values, err = objectValues(text)
		case columns == nil && len(out) == 0:
			if columns, err = header(text); err == nil {
				continue
			}
		case columns == nil:
			err = errors.New("not a JSON object like the lines above; keep to one format")
		default:
			values, err = rowValues(text, columns)
		}
		if err != nil {
			return nil, fmt.Errorf("trace line %d: %w", line, err)
		}
		a, kind, err := arrival(values)
		if err == nil && clock != 0 && kind != clock {
			err = errors.New("the time is not written like those above; keep to seconds or to RFC 3339")
		}
		if err != nil {
			return nil, fmt.Errorf("trace line %d: %w", line, err)
		}
		clock = kind
		out = append(out, a)
	}
	if err := in.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("trace line %d: longer than %d bytes; give one request a line", line+1, maxLine)
	} else if err != nil {
		return nil, fmt.Errorf("trace line %d: %w", line+1, err)
	}
	if len(out) == 0 {
		return nil, errors.New("trace: no requests in it; give CSV with a header at,input,output or JSON lines with these keys")
	}
	slices.SortStableFunc(out, func(a, b Arrival) int {
		switch {
		case a.At < b.At:
			return -1
		case a.At > b.At:
			return 1
		}
		return 0
	})
	first := out[0].At
	for i := range out {
		out[i].At -= first
	}
	if span := out[len(out)-1].At; span > 1e12 {
		return nil, fmt.Errorf("trace: spans %.3g s; keep below 1e12", span)
	}
	return out, nil
}

// header reads a CSV header into the field that each column holds.
func header(text string) ([]int, error) {
	cells, err := split(text)
	if err != nil {
		return nil, err
	}
	columns := make([]int, len(cells))
	var seen [3]int
	for i, c := range cells {
		columns[i] = field(c)
		if columns[i] >= 0 {
			seen[columns[i]]++
		}
	}
	for i, n := range seen {
		if n != 1 {
			return nil, fmt.Errorf("the header names %d columns like %q; name exactly one", n, names[i][0])
		}
	}
	return columns, nil
}

// split reads the cells of one CSV line.
func split(text string) ([]string, error) {
	if !strings.Contains(text, `"`) {
		return strings.Split(text, ","), nil
	}
	cells, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return nil, errors.New("the quotes do not match; write cells without them")
	}
	return cells, nil
}

// rowValues picks time, input and output from a CSV line.
func rowValues(text string, columns []int) (values [3]string, err error) {
	cells, err := split(text)
	if err != nil {
		return values, err
	}
	if len(cells) != len(columns) {
		return values, fmt.Errorf("%d cells under a header of %d; give as many", len(cells), len(columns))
	}
	for i, c := range cells {
		if columns[i] >= 0 {
			values[columns[i]] = strings.TrimSpace(c)
		}
	}
	return values, nil
}

// objectValues picks time, input and output from a JSON object.
func objectValues(text string) (values [3]string, err error) {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &object) != nil {
		return values, errors.New("not a JSON object; give one a line")
	}
	for key, raw := range object {
		i := field(key)
		if i < 0 {
			continue
		}
		if values[i] != "" {
			return values, fmt.Errorf("two keys like %q; give one", names[i][0])
		}
		values[i] = string(raw)
		var s string
		if json.Unmarshal(raw, &s) == nil {
			values[i] = s
		}
	}
	return values, nil
}

// arrival turns the texts into a request; kind tells how its time is written.
func arrival(values [3]string) (a Arrival, kind int, err error) {
	for i, v := range values {
		if v == "" {
			return a, 0, fmt.Errorf("no %q; give a value", names[i][0])
		}
	}
	kind = 1
	if a.At, err = strconv.ParseFloat(values[0], 64); err != nil {
		t, err := time.Parse(time.RFC3339Nano, values[0])
		if err != nil {
			return a, 0, fmt.Errorf("time %.40q is neither seconds nor RFC 3339", values[0])
		}
		kind = 2
		a.At = float64(t.Unix()) + float64(t.Nanosecond())*1e-9
	}
	if math.IsNaN(a.At) || math.Abs(a.At) > 1e15 {
		return a, 0, fmt.Errorf("time %v is out of range; give seconds", a.At)
	}
	for i, to := range []*int{&a.Input, &a.Output} {
		n, err := strconv.ParseFloat(values[i+1], 64)
		if err != nil || n != math.Trunc(n) || n < 1 || n > maxLength {
			return a, 0, fmt.Errorf("%s %.40q is out of range; give a whole number from 1 to %d", names[i+1][0], values[i+1], maxLength)
		}
		*to = int(n)
	}
	return a, kind, nil
}
