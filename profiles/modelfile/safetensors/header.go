package safetensors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sort"
)

// Limits on one header. The format itself allows 100 MB; a checkpoint with a
// thousand experts in a hundred layers holds some 300,000 tensors.
const (
	maxHeader  = 100 << 20
	maxTensors = 1 << 20
	maxName    = 1 << 10
	maxDims    = 16
)

// Tensor is one entry of a header.
type Tensor struct {
	Name  string
	DType string // as written: "BF16", "F8_E4M3"
	Shape []int64
	Bytes int64
}

// Elements returns the number of stored elements.
func (t *Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// bits is the width of the data types of the format.
func bits(dtype string) int64 {
	switch dtype {
	case "F64", "I64", "U64", "C64":
		return 64
	case "F32", "I32", "U32":
		return 32
	case "F16", "BF16", "I16", "U16":
		return 16
	case "F8_E4M3", "F8_E5M2", "F8_E4M3FN", "F8_E5M2FN", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "E8M0", "I8", "U8", "BOOL":
		return 8
	case "F6_E2M3", "F6_E3M2":
		return 6
	case "F4", "F4_E2M1", "I4", "U4":
		return 4
	}
	return 0
}

// Open reads the header of the safetensors file at path and calls each for
// every tensor, in file order of the header. Errors name the file.
func Open(path string, each func(Tensor) error) error {
	// Stat before Open: opening a pipe would wait for a writer.
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := Read(f, st.Size(), each); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

type span struct {
	from, to int64
	name     string
}

// Read parses the header of a safetensors file of size bytes.
func Read(r io.Reader, size int64, each func(Tensor) error) error {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return fmt.Errorf("the file holds %d bytes, too few for a safetensors header: is the download complete?", size)
	}
	n := binary.LittleEndian.Uint64(head[:])
	switch {
	case n > uint64(size-8):
		return fmt.Errorf("its header claims %d bytes of a file of %d: not a safetensors file, or the download is not complete", n, size)
	case n > maxHeader:
		return fmt.Errorf("its header claims %d bytes (the format allows %d)", n, maxHeader)
	case n < 2:
		return fmt.Errorf("its header claims %d bytes: not a safetensors file", n)
	}
	data := size - 8 - int64(n)
	dec := json.NewDecoder(bufio.NewReaderSize(io.LimitReader(r, int64(n)), 64<<10))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("its header is not a JSON object: %w", orNot(err))
	}
	var spans []span
	seen := map[string]struct{}{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return fmt.Errorf("its header is not valid JSON: %w", err)
		}
		name, _ := key.(string)
		if name == "__metadata__" {
			if err := skipValue(dec); err != nil {
				return fmt.Errorf("__metadata__: %w", err)
			}
			continue
		}
		if len(name) > maxName {
			return fmt.Errorf("a tensor name of %d bytes (at most %d)", len(name), maxName)
		}
		if _, twice := seen[name]; twice {
			return fmt.Errorf("tensor %.80q appears twice", name)
		}
		if len(seen) >= maxTensors {
			return fmt.Errorf("more than %d tensors", maxTensors)
		}
		seen[name] = struct{}{}
		t, sp, err := entry(dec, name, data)
		if err != nil {
			return fmt.Errorf("tensor %.80q: %w", name, err)
		}
		if sp.to > sp.from {
			spans = append(spans, sp)
		}
		if err := each(t); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("its header is not valid JSON: %w", orNot(err))
	}
	sort.Slice(spans, func(a, b int) bool { return spans[a].from < spans[b].from })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return fmt.Errorf("tensors %.80q and %.80q overlap: the file is damaged", spans[i-1].name, spans[i].name)
		}
	}
	return nil
}

func entry(dec *json.Decoder, name string, data int64) (Tensor, span, error) {
	var e struct {
		DType   string         `json:"dtype"`
		Shape   []int64        `json:"shape"`
		Offsets [2]json.Number `json:"data_offsets"`
	}
	if err := dec.Decode(&e); err != nil {
		return Tensor{}, span{}, inWords(err)
	}
	t := Tensor{Name: name, DType: e.DType, Shape: e.Shape}
	if len(e.Shape) > maxDims {
		return t, span{}, fmt.Errorf("%d dimensions (at most %d)", len(e.Shape), maxDims)
	}
	elements := int64(1)
	for _, d := range e.Shape {
		if d < 0 || d > 0 && elements > math.MaxInt64/64/d {
			return t, span{}, fmt.Errorf("an impossible dimension %d", d)
		}
		elements *= d
	}
	from, err1 := e.Offsets[0].Int64()
	to, err2 := e.Offsets[1].Int64()
	if err1 != nil || err2 != nil || from < 0 || to < from {
		return t, span{}, errors.New("its data_offsets are not two rising whole numbers")
	}
	if to > data {
		return t, span{}, fmt.Errorf("it ends at byte %d of %d bytes of data: the download is not complete", to, data)
	}
	t.Bytes = to - from
	w := bits(e.DType)
	if w == 0 {
		return t, span{}, fmt.Errorf("data type %.20q is not known", e.DType)
	}
	if (elements*w+7)/8 != t.Bytes {
		return t, span{}, fmt.Errorf("%d elements of %s take %d bytes, its offsets span %d", elements, e.DType, (elements*w+7)/8, t.Bytes)
	}
	return t, span{from, to, name}, nil
}

// skipValue reads over one JSON value without keeping it.
func skipValue(dec *json.Decoder) error {
	for depth := 0; ; {
		t, err := dec.Token()
		if err != nil {
			return inWords(err)
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
		if depth > 64 {
			return errors.New("JSON nested deeper than 64")
		}
	}
}

func orNot(err error) error {
	if err == nil {
		return errors.New("it begins with something else")
	}
	return inWords(err)
}

func inWords(err error) error {
	var ute *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("the JSON ends too early")
	case errors.As(err, &ute):
		return fmt.Errorf("field %q holds %s", ute.Field, ute.Value)
	}
	return err
}
