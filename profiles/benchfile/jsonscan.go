package benchfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// maxWasted bounds the bytes looked at in vain: lines of a log may begin like
// JSON, and each is tried from its beginning.
const maxWasted = 16 << 20

// costOfTry is what a try costs beyond its bytes, in bytes.
const costOfTry = 128

// scanJSON finds the JSON values in data, those of arrays one by one, and
// gives each object to the reader of its format. Between values any lines of
// a log may stand.
func (r *reader) scanJSON(data []byte) {
	data = nullNonFinite(data)
	s := jsonScanner{r: r, data: data, line: 1}
	s.scan()
	r.history.end(r)
}

type jsonScanner struct {
	r      *reader
	data   []byte
	pos    int
	line   int // of pos
	wasted int
}

func (s *jsonScanner) advance(to int) {
	s.line += bytes.Count(s.data[s.pos:to], []byte("\n"))
	s.pos = to
}

func (s *jsonScanner) scan() {
	for s.pos < len(s.data) && !s.r.full {
		rest := bytes.TrimLeft(s.data[s.pos:], " \t\r\n,")
		s.advance(len(s.data) - len(rest))
		if len(rest) == 0 {
			return
		}
		if rest[0] == '{' || rest[0] == '[' {
			start, line := s.pos, s.line
			read, err := s.value(rest)
			s.advance(start + read)
			switch {
			case err == nil:
				continue
			case errors.Is(err, io.ErrUnexpectedEOF):
				// a bracket in a log is no JSON
				if next := firstOf(rest[1:]); read > 0 || rest[0] == '{' && next == '"' || rest[0] == '[' && next == '{' {
					s.r.skip(line, "", "the JSON that begins here breaks off")
				}
				return
			case read > 0:
				s.r.skip(s.line, "", "the JSON is damaged here")
			}
			s.wasted += lookedAt(err, len(rest)) - read + costOfTry
			if s.wasted > maxWasted {
				s.r.skip(s.line, "", "too much here that only looks like JSON; the rest was not read")
				return
			}
		}
		end := bytes.IndexByte(s.data[s.pos:], '\n')
		if end < 0 {
			return
		}
		s.advance(s.pos + end + 1)
	}
}

// lookedAt gives the bytes that a failed try has read, at most all.
func lookedAt(err error, all int) int {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Offset >= 0 && syntax.Offset < int64(all) {
		return int(syntax.Offset)
	}
	return all
}

// value reads the object or array at the beginning of data. It returns the
// bytes up to the end of the last whole object, and io.ErrUnexpectedEOF where
// the data end inside.
func (s *jsonScanner) value(data []byte) (read int, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	line, at := s.line, 0
	object := func() error {
		for dec.More() {
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return err
			}
			end := int(dec.InputOffset())
			begin := max(at, end-len(raw))
			line += bytes.Count(data[at:begin], []byte("\n"))
			s.r.object(line, raw)
			line += bytes.Count(data[begin:end], []byte("\n"))
			at, read = end, end
			if data[0] == '{' || s.r.full {
				return nil
			}
		}
		return nil
	}
	if data[0] == '[' {
		if _, err = dec.Token(); err == nil {
			err = object()
		}
		if err == nil && !s.r.full {
			_, err = dec.Token()
			if err == nil {
				read = int(dec.InputOffset())
			}
		}
	} else {
		err = object()
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return read, err
}

// present is true for a key that is there.
type present bool

func (p *present) UnmarshalJSON([]byte) error { *p = true; return nil }

// object gives a JSON object to the reader of its format.
func (r *reader) object(line int, raw json.RawMessage) {
	const shortest = 20 // of the objects that hold a figure
	if len(raw) < shortest || raw[0] != '{' {
		return
	}
	var has struct {
		NPrompt    present `json:"n_prompt"`
		NGen       present `json:"n_gen"`
		AvgTS      present `json:"avg_ts"`
		Timings    present `json:"timings"`
		EvalCount  present `json:"eval_count"`
		PromptEval present `json:"prompt_eval_count"`
		Done       present `json:"done"`
		Created    present `json:"created_at"`
		OutputRate present `json:"output_throughput"`
		MeanTTFT   present `json:"mean_ttft_ms"`
		AvgLatency present `json:"avg_latency"`
		Latencies  present `json:"latencies"`
		Elapsed    present `json:"elapsed_time"`
		TotalTok   present `json:"total_num_tokens"`
		Benchmarks present `json:"benchmarks"`
	}
	if decode(raw, &has) != nil {
		return
	}
	switch {
	case bool(has.AvgTS && (has.NPrompt || has.NGen)):
		var t benchTest
		if decode(raw, &t) == nil {
			r.bench(line, t)
		}
	case bool(has.Benchmarks):
		r.guidellm(line, raw)
	case bool(has.OutputRate || has.MeanTTFT):
		r.vllmServe(line, raw)
	case bool(has.AvgLatency && has.Latencies):
		r.tools[VLLMLatency] = true
		r.skip(line, "vllm bench latency", "the lengths and the batch are not in the file; use vllm bench serve --save-result")
	case bool(has.Elapsed && has.TotalTok):
		r.tools[VLLMThroughput] = true
		r.skip(line, "vllm bench throughput",
			"only the sum of prompt and generated tokens is in the file, not the lengths; use vllm bench serve --save-result")
	case bool(has.EvalCount || has.PromptEval || has.Done && has.Created):
		r.ollamaReply(line, raw)
	case bool(has.Timings):
		r.serverReply(line, raw)
	}
}

// decode reads raw leniently: a value of an unexpected type is left unset.
func decode(raw []byte, to any) error {
	err := json.Unmarshal(raw, to)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return nil
	}
	return err
}

// scalar is a JSON string, number or truth value as text; "" for all else.
type scalar string

func (t *scalar) UnmarshalJSON(b []byte) error {
	*t = ""
	switch {
	case len(b) == 0 || b[0] == '{' || b[0] == '[' || string(b) == "null":
	case b[0] == '"':
		var s string
		if json.Unmarshal(b, &s) == nil {
			*t = scalar(s)
		}
	default:
		*t = scalar(b)
	}
	return nil
}

// count reads a whole number, also when it is written as 12.0; 0 for others.
func (t scalar) count() int {
	v, err := strconv.ParseFloat(strings.TrimSpace(string(t)), 64)
	if err != nil || !(v >= -1 && v <= 1<<53) || v != float64(int64(v)) {
		return 0
	}
	return int(v)
}

func (t scalar) number() float64 { return number(string(t)) }

// nullNonFinite writes null for the bare NaN and Infinity of Python's json
// module, which are not JSON.
func nullNonFinite(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	out := make([]byte, 0, len(data)+len(data)/8)
	for i := 0; i < len(data); {
		n := 0
		switch rest := data[i:]; {
		case bytes.HasPrefix(rest, []byte("NaN")):
			n = 3
		case bytes.HasPrefix(rest, []byte("Infinity")):
			n = 8
		case bytes.HasPrefix(rest, []byte("-Infinity")):
			n = 9
		}
		// within text the neighbours differ, and a change there does no harm
		if n > 0 && strings.IndexByte(":[,", lastOf(out)) >= 0 && strings.IndexByte(",]}", firstOf(data[i+n:])) >= 0 {
			out = append(out, "null"...)
			i += n
			continue
		}
		out = append(out, data[i])
		i++
	}
	return out
}

const blanks = " \t\r\n"

func lastOf(b []byte) byte {
	if b = bytes.TrimRight(b[max(0, len(b)-64):], blanks); len(b) > 0 {
		return b[len(b)-1]
	}
	return 0
}

func firstOf(b []byte) byte {
	if b = bytes.TrimLeft(b[:min(len(b), 64)], blanks); len(b) > 0 {
		return b[0]
	}
	return 0
}
