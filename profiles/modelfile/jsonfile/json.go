package jsonfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

const (
	maxConfig = 16 << 20 // the largest configs (per-layer tables) take 200 KB
	maxDepth  = 64
)

// Object is a JSON object with lenient, checked access to its fields.
type Object map[string]any

// Parse decodes one JSON object with bounded nesting. Python writes bare
// NaN and Infinity into configs; they read as null.
func Parse(data []byte) (Object, error) {
	if len(data) > maxConfig {
		return nil, fmt.Errorf("%d bytes are too many for a config (at most %d)", len(data), maxConfig)
	}
	data, err := sanitise(data)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var o Object
	if err := dec.Decode(&o); err != nil {
		var ute *json.UnmarshalTypeError
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, errors.New("the JSON ends too early: is the file complete?")
		case errors.As(err, &ute):
			return nil, fmt.Errorf("it holds a JSON %s where an object is expected", ute.Value)
		}
		return nil, fmt.Errorf("not valid JSON: %w", err)
	}
	if o == nil {
		return nil, errors.New("it holds null where an object is expected")
	}
	return o, nil
}

// sanitise checks the nesting and blanks bare NaN and Infinity.
func sanitise(data []byte) ([]byte, error) {
	depth, copied := 0, false
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			if depth++; depth > maxDepth {
				return nil, fmt.Errorf("JSON nested deeper than %d", maxDepth)
			}
		case '}', ']':
			depth--
		case 'N', 'I', '-':
			for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
				if bytes.HasPrefix(data[i:], []byte(word)) {
					if !copied {
						data, copied = bytes.Clone(data), true
					}
					// "null" is longer than NaN: 0 stands for it.
					for k := range len(word) {
						data[i+k] = ' '
					}
					data[i] = '0'
					i += len(word) - 1
					break
				}
			}
		}
	}
	return data, nil
}

// Read reads a JSON object from a regular file.
func Read(path string) (Object, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	if st.Size() > maxConfig {
		return nil, fmt.Errorf("%s: %d bytes are too many for a config (at most %d)", path, st.Size(), maxConfig)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	o, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return o, nil
}

// Has reports whether a field is present and not null.
func (o Object) Has(key string) bool { return o[key] != nil }

func (o Object) Obj(key string) Object {
	switch v := o[key].(type) {
	case map[string]any:
		return v
	case Object:
		return v
	}
	return nil
}

func (o Object) Str(keys ...string) string {
	for _, k := range keys {
		if s, ok := o[k].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

func (o Object) Flag(key string) bool { b, _ := o[key].(bool); return b }

func (o Object) List(key string) []any { l, _ := o[key].([]any); return l }

// Whole returns v as an int, false when it is not a whole number of
// reasonable size.
func Whole(v any) (int, bool) {
	var f float64
	switch n := v.(type) {
	case json.Number:
		var err error
		if f, err = n.Float64(); err != nil {
			return 0, false
		}
	case int:
		return n, true
	default:
		return 0, false
	}
	if f != math.Trunc(f) || math.Abs(f) > 1<<40 {
		return 0, false
	}
	return int(f), true
}

// Fields collects the first error while a config is read.
type Fields struct {
	Object
	Err error
}

// Int returns the first of keys that is present, 0 when none is. A negative
// value, a fraction or a wrong type is an error.
func (f *Fields) Int(keys ...string) int {
	for _, k := range keys {
		v, ok := f.Object[k]
		if !ok || v == nil {
			continue
		}
		n, ok := Whole(v)
		if !ok {
			// Some fields hold a list by layer; the first entry stands for it.
			if l, isList := v.([]any); isList && len(l) > 0 {
				if n, ok = Whole(l[0]); ok && n >= 0 {
					return n
				}
			}
		}
		if !ok || n < 0 {
			if f.Err == nil {
				f.Err = fmt.Errorf("field %q is %s: a whole number from 0 is expected", k, Brief(v))
			}
			return 0
		}
		return n
	}
	return 0
}

func Brief(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("a %T", v)
	}
	if len(b) > 40 {
		return string(b[:40]) + "…"
	}
	return string(b)
}
