package gguftest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf"
)

// KV is one metadata entry. Value is a bool, string, any sized integer, a
// float32 or float64, a slice of those, or [][]int32 for a nested array. int
// is written as uint32.
type KV struct {
	Key   string
	Value any
}

// Tensor is one row of the tensor table; Dims are innermost first, Type a name
// such as "Q4_K".
type Tensor struct {
	Name string
	Dims []int64
	Type string
}

// File is what to write.
type File struct {
	Version   uint32 // 0 = 3
	BigEndian bool
	KV        []KV
	Tensors   []Tensor
}

// Tokenizer returns the metadata of a BPE tokenizer with n tokens and merges,
// as large as those of real models.
func Tokenizer(n, merges int) []KV {
	tokens, types, ms := make([]string, n), make([]int32, n), make([]string, merges)
	for i := range tokens {
		tokens[i], types[i] = fmt.Sprintf("tok%06d", i), 1
	}
	for i := range ms {
		ms[i] = fmt.Sprintf("a%05d b%05d", i, i)
	}
	return []KV{
		{"tokenizer.ggml.model", "gpt2"},
		{"tokenizer.ggml.tokens", tokens},
		{"tokenizer.ggml.token_type", types},
		{"tokenizer.ggml.merges", ms},
	}
}

// Header returns the bytes of the header and the size that the whole file
// would have.
func (f *File) Header() ([]byte, int64, error) {
	w := &writer{order: binary.LittleEndian}
	if f.BigEndian {
		w.order = binary.BigEndian
	}
	version := f.Version
	if version == 0 {
		version = 3
	}
	w.WriteString("GGUF")
	w.u32(version)
	w.u64(uint64(len(f.Tensors)))
	w.u64(uint64(len(f.KV)))
	align := int64(32)
	for _, kv := range f.KV {
		w.str(kv.Key)
		if err := w.value(kv.Value); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", kv.Key, err)
		}
		if a, ok := kv.Value.(uint32); ok && kv.Key == "general.alignment" && a > 0 {
			align = int64(a)
		}
	}
	off := int64(0)
	for _, t := range f.Tensors {
		info, ok := gguf.TypeByName(t.Type)
		if !ok {
			return nil, 0, fmt.Errorf("%s: no block type %q", t.Name, t.Type)
		}
		w.str(t.Name)
		w.u32(uint32(len(t.Dims)))
		elements, row := int64(1), int64(1)
		for i, d := range t.Dims {
			w.u64(uint64(d))
			elements *= d
			if i == 0 {
				row = d
			}
		}
		w.u32(info.ID)
		w.u64(uint64(off))
		bytes, ok := info.Bytes(elements, row)
		if !ok {
			return nil, 0, fmt.Errorf("%s: rows of %d do not divide into %s blocks", t.Name, row, t.Type)
		}
		off += (bytes + align - 1) / align * align
	}
	size := (int64(w.Len()) + align - 1) / align * align
	return w.Bytes(), size + off, nil
}

// Write writes the file to path, its tensor data a hole.
func (f *File) Write(path string) error {
	head, size, err := f.Header()
	if err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err = out.Write(head); err == nil {
		err = out.Truncate(size)
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	return err
}

// WriteSplit writes the file as parts parts into dir, named name-0000i-of-…,
// and returns the path of the first.
func (f *File) WriteSplit(dir, name string, parts int) (string, error) {
	per := (len(f.Tensors) + parts - 1) / parts
	first := ""
	for i := range parts {
		p := &File{Version: f.Version, BigEndian: f.BigEndian}
		if i == 0 {
			p.KV = append(p.KV, f.KV...)
		}
		p.KV = append(p.KV,
			KV{"split.no", uint16(i)}, KV{"split.count", uint16(parts)},
			KV{"split.tensors.count", int32(len(f.Tensors))})
		from := min(i*per, len(f.Tensors))
		p.Tensors = f.Tensors[from:min(from+per, len(f.Tensors))]
		path := filepath.Join(dir, fmt.Sprintf("%s-%05d-of-%05d.gguf", name, i+1, parts))
		if err := p.Write(path); err != nil {
			return "", err
		}
		if i == 0 {
			first = path
		}
	}
	return first, nil
}

type writer struct {
	bytes.Buffer
	order binary.ByteOrder
}

func (w *writer) u32(v uint32) { _ = binary.Write(&w.Buffer, w.order, v) }
func (w *writer) u64(v uint64) { _ = binary.Write(&w.Buffer, w.order, v) }
func (w *writer) str(s string) { w.u64(uint64(len(s))); w.WriteString(s) }

func (w *writer) value(v any) error {
	t, err := typeOf(v)
	if err != nil {
		return err
	}
	w.u32(uint32(t))
	return w.raw(v)
}

func (w *writer) raw(v any) error {
	switch x := v.(type) {
	case int:
		w.u32(uint32(x))
	case string:
		w.str(x)
	case []string:
		w.u32(uint32(gguf.String))
		w.u64(uint64(len(x)))
		for _, s := range x {
			w.str(s)
		}
	case [][]int32:
		w.u32(uint32(gguf.Array))
		w.u64(uint64(len(x)))
		for _, s := range x {
			w.u32(uint32(gguf.Int32))
			w.u64(uint64(len(s)))
			_ = binary.Write(&w.Buffer, w.order, s)
		}
	case []bool, []uint8, []int8, []uint16, []int16, []uint32, []int32, []float32, []uint64, []int64, []float64:
		et, n := elemOf(x)
		w.u32(uint32(et))
		w.u64(uint64(n))
		return binary.Write(&w.Buffer, w.order, x)
	default:
		return binary.Write(&w.Buffer, w.order, x)
	}
	return nil
}

func typeOf(v any) (gguf.ValueType, error) {
	switch x := v.(type) {
	case uint8:
		return gguf.Uint8, nil
	case int8:
		return gguf.Int8, nil
	case uint16:
		return gguf.Uint16, nil
	case int16:
		return gguf.Int16, nil
	case uint32:
		return gguf.Uint32, nil
	case int32:
		return gguf.Int32, nil
	case int:
		if x < 0 || x > math.MaxUint32 {
			return 0, fmt.Errorf("%d does not fit a uint32", x)
		}
		return gguf.Uint32, nil
	case float32:
		return gguf.Float32, nil
	case bool:
		return gguf.Bool, nil
	case string:
		return gguf.String, nil
	case uint64:
		return gguf.Uint64, nil
	case int64:
		return gguf.Int64, nil
	case float64:
		return gguf.Float64, nil
	case []string, [][]int32, []bool, []uint8, []int8, []uint16, []int16, []uint32, []int32, []float32, []uint64, []int64, []float64:
		return gguf.Array, nil
	}
	return 0, fmt.Errorf("no GGUF type for %T", v)
}

func elemOf(v any) (gguf.ValueType, int) {
	switch x := v.(type) {
	case []bool:
		return gguf.Bool, len(x)
	case []uint8:
		return gguf.Uint8, len(x)
	case []int8:
		return gguf.Int8, len(x)
	case []uint16:
		return gguf.Uint16, len(x)
	case []int16:
		return gguf.Int16, len(x)
	case []uint32:
		return gguf.Uint32, len(x)
	case []int32:
		return gguf.Int32, len(x)
	case []float32:
		return gguf.Float32, len(x)
	case []uint64:
		return gguf.Uint64, len(x)
	case []int64:
		return gguf.Int64, len(x)
	case []float64:
		return gguf.Float64, len(x)
	}
	return 0, 0
}
