package inventory

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/plimsoll/plimsoll/hardware"
)

// guard bounds what a decoder reads in all, and how much of it is of one node
// (from start on) or waits to be taken as one value.
type guard struct {
	r     io.Reader
	dec   *jsontext.Decoder
	read  int64
	start int64 // where the node begins that is being read; 0: none is
}

// stream is a decoder with its guard.
type stream struct {
	*jsontext.Decoder
	guard *guard
}

func newStream(r io.Reader) stream {
	g := &guard{r: r}
	// Sources repeat names and write odd bytes at times; neither matters here.
	g.dec = jsontext.NewDecoder(g, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return stream{g.dec, g}
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	g.read += int64(n)
	from := g.start
	if from == 0 {
		from = g.dec.InputOffset()
	}
	switch {
	case g.read > maxInput:
		return 0, fmt.Errorf("more than %d GiB", maxInput/hardware.GiB)
	case g.read-from > maxValue:
		return 0, fmt.Errorf("one node takes more than %d MiB", maxValue/hardware.MiB)
	}
	return n, err
}

// nodes decodes the elements of a list of nodes that comes next.
func nodes[T any](s stream, take func(*T) error) error {
	defer func() { s.guard.start = 0 }()
	s.guard.start = s.InputOffset() + 1
	return elements(s.Decoder, func(v *T) error {
		err := take(v)
		s.guard.start = s.InputOffset()
		return err
	})
}

// jsonError says in one line what is wrong with JSON, and where.
func jsonError(dec *jsontext.Decoder, err error) error {
	var syntax *jsontext.SyntacticError
	var wrong *json.SemanticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("ends within a value (byte %d): it is cut off", dec.InputOffset())
	case errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON at byte %d: %w", syntax.ByteOffset, syntax.Err)
	case errors.As(err, &wrong):
		return fmt.Errorf("at %s (byte %d): a %s is not expected there", or(string(wrong.JSONPointer), "the top"), wrong.ByteOffset, wrong.JSONKind)
	}
	return err
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// elements decodes the elements of an array that comes next, one by one.
func elements[T any](dec *jsontext.Decoder, take func(*T) error) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		var v T
		if err := json.UnmarshalDecode(dec, &v); err != nil {
			return err
		}
		if err := take(&v); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// decode reads one value that is held already.
func decode(raw jsontext.Value, v any) error {
	return json.Unmarshal(raw, v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// word is text that some versions of a source write as a number or a bool.
type word string

func (w *word) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case '[', '{':
		*w = ""
		return dec.SkipValue()
	}
	t, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if *w = word(t.String()); t.Kind() == 'n' {
		*w = ""
	}
	return nil
}

// amount is a number that some versions write as text, or as Slurm does:
// {"set": true, "infinite": false, "number": 5}. What is none of these, not
// finite or negative is 0.
type amount float64

func (a *amount) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*a = 0
	switch dec.PeekKind() {
	case '{':
		var v struct {
			Set      *bool  `json:"set"`
			Infinite bool   `json:"infinite"`
			Number   amount `json:"number"`
		}
		if err := json.UnmarshalDecode(dec, &v); err != nil {
			return err
		}
		if !v.Infinite && (v.Set == nil || *v.Set) {
			*a = v.Number
		}
		return nil
	case '[':
		return dec.SkipValue()
	}
	t, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if k := t.Kind(); k == '0' || k == '"' {
		f, err := strconv.ParseFloat(strings.TrimSpace(t.String()), 64)
		if err == nil && f >= 0 && !math.IsInf(f, 0) {
			*a = amount(f)
		}
	}
	return nil
}

// times returns the amount in units, as a whole number that cannot overflow.
func (a amount) times(unit int64) int64 {
	f := float64(a) * float64(unit)
	if !(f < 1<<62) {
		return 0
	}
	return int64(math.Round(f))
}

func (a amount) count() int64 { return a.times(1) }

// words is a list that some versions write as text joined by commas.
type words []string

func (w *words) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*w = nil
	switch dec.PeekKind() {
	case '[':
		return elements(dec, func(s *word) error {
			*w = append(*w, string(*s))
			return nil
		})
	case '"':
		t, err := dec.ReadToken()
		if err != nil {
			return err
		}
		*w = commas(t.String())
		return nil
	}
	return dec.SkipValue()
}

// commas splits a list, without empty entries.
func commas(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" && part != "(null)" {
			out = append(out, part)
		}
	}
	return out
}
