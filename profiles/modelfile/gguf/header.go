package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
)

// Limits on one file. They are far above what real models need (the largest
// hold some thousands of tensors and a hundred keys) and make memory bounded
// by construction.
const (
	maxKeys       = 1 << 14
	maxTensors    = 1 << 17
	maxNames      = 16 << 20 // bytes of all tensor names
	maxKept       = 4 << 20  // bytes of all kept values
	maxName       = 1 << 10
	maxKey        = 1 << 16
	maxString     = 4 << 10 // longer strings are skipped, their length kept
	maxArray      = 1 << 12 // longer arrays are skipped, their length kept
	maxArrayDepth = 4
	maxDims       = 8
)

// ValueType is the type code of a metadata value.
type ValueType uint32

// Value types of the format.
const (
	Uint8 ValueType = iota
	Int8
	Uint16
	Int16
	Uint32
	Int32
	Float32
	Bool
	String
	Array
	Uint64
	Int64
	Float64
)

// width returns the bytes of a scalar, 0 for strings and arrays and -1 for
// codes that do not exist.
func (t ValueType) width() int {
	switch t {
	case Uint8, Int8, Bool:
		return 1
	case Uint16, Int16:
		return 2
	case Uint32, Int32, Float32:
		return 4
	case Uint64, Int64, Float64:
		return 8
	case String, Array:
		return 0
	}
	return -1
}

// Value is one metadata value. Of long strings and arrays only Len is kept.
type Value struct {
	Type ValueType
	Elem ValueType // element type of an array
	Len  uint64    // length of a string (bytes) or an array (elements)
	bits uint64    // scalar, as read
	str  string
	arr  []uint64 // raw bits of a short numeric array
}

// Tensor is one row of the tensor table.
type Tensor struct {
	Name     string
	Dims     []int64 // innermost first; Dims[0] is the row
	Elements int64
	Type     TypeInfo // Name is "type_N" and sizes are 0 for an unknown type
	Offset   int64    // within the data section of its part
	Bytes    int64
}

// File is the header of one GGUF file, or of all parts of a split one.
type File struct {
	Version   int
	BigEndian bool
	KV        map[string]Value
	Tensors   []Tensor
	Alignment int64
	// DataOffset is where the first part's tensor data begins, Size the bytes
	// of all parts, Parts their number.
	DataOffset int64
	Size       int64
	Parts      int
	// Notes say what the reader had to work around.
	Notes []string
}

// Read parses the header of a GGUF file of size bytes. Errors say what is
// wrong in words and do not name the file.
func Read(src io.ReaderAt, size int64) (*File, error) {
	r := newReader(src, size)
	f := &File{KV: map[string]Value{}, Size: size, Parts: 1, Alignment: 32}
	tensors, keys, err := r.preamble(f)
	if err != nil {
		return nil, err
	}
	kept := 0
	for i := uint64(0); i < keys; i++ {
		key, err := r.str(maxKey)
		if err != nil {
			return nil, fmt.Errorf("metadata key %d of %d: %w", i+1, keys, clarify(err, size))
		}
		v, err := r.value()
		if err != nil {
			return nil, fmt.Errorf("metadata %.80q: %w", key, clarify(err, size))
		}
		if _, twice := f.KV[key]; twice {
			return nil, fmt.Errorf("metadata key %.80q appears twice", key)
		}
		if kept += len(key) + len(v.str) + 8*len(v.arr); kept > maxKept {
			return nil, fmt.Errorf("more than %d MiB of metadata beside the tokenizer", maxKept>>20)
		}
		f.KV[key] = v
	}
	if v, ok := f.KV["general.alignment"]; ok {
		a, ok := v.Int()
		if !ok || a < 1 || a > 1<<20 || a&(a-1) != 0 {
			return nil, fmt.Errorf("general.alignment is %v, which is not a power of two", v)
		}
		f.Alignment = a
	}
	if err := r.table(f, tensors); err != nil {
		return nil, err
	}
	f.DataOffset = (r.offset() + f.Alignment - 1) / f.Alignment * f.Alignment
	if err := f.layout(size); err != nil {
		return nil, err
	}
	return f, nil
}

// preamble reads magic, version and counts and settles the byte order.
func (r *reader) preamble(f *File) (tensors, keys uint64, err error) {
	if r.size < 4 {
		return 0, 0, fmt.Errorf("the file holds %d bytes, too few for a GGUF header: is the download complete?", r.size)
	}
	if err := r.need(4); err != nil {
		return 0, 0, err
	}
	magic := string(r.buf[:4])
	r.pos = 4
	switch magic {
	case "GGUF":
	case "FUGG":
		return 0, 0, errors.New("the magic number is byte-swapped: convert the file with gguf_convert_endian.py")
	case "ggml", "lmgg", "ggmf", "fmgg", "ggjt", "tjgg", "ggla", "algg":
		return 0, 0, errors.New("an old GGML file from before GGUF: convert it with llama.cpp's convert_llama_ggml_to_gguf.py, or download a GGUF")
	default:
		return 0, 0, fmt.Errorf("not a GGUF file: it begins with %q", magic)
	}
	v, err := r.u32()
	if err != nil {
		return 0, 0, clarify(err, r.size)
	}
	if v&0xffff == 0 && v != 0 { // a small number with its bytes in the other order
		r.order, r.big, f.BigEndian = binary.BigEndian, true, true
		v = v>>24 | v>>8&0xff00
	}
	f.Version = int(v)
	switch {
	case v == 1:
		return 0, 0, errors.New("GGUF version 1, which no current engine reads: download the model again or convert it anew (version 3)")
	case v < 2 || v > 3:
		return 0, 0, fmt.Errorf("GGUF version %d is not known (2 and 3 are): update plimsoll, or check the file", v)
	}
	if tensors, err = r.u64(); err == nil {
		keys, err = r.u64()
	}
	if err != nil {
		return 0, 0, clarify(err, r.size)
	}
	// A key takes at least 8 + 4 + 1 bytes, a tensor 8 + 4 + 4 + 8.
	if keys > maxKeys || keys > uint64(r.left())/13 {
		return 0, 0, fmt.Errorf("it claims %d metadata keys in %d bytes: the file is damaged", keys, r.size)
	}
	if tensors > maxTensors || tensors > uint64(r.left())/24 {
		return 0, 0, fmt.Errorf("it claims %d tensors in %d bytes: the file is damaged", tensors, r.size)
	}
	return tensors, keys, nil
}

func (r *reader) value() (Value, error) {
	t, err := r.u32()
	if err != nil {
		return Value{}, err
	}
	v := Value{Type: ValueType(t)}
	switch w := v.Type.width(); {
	case w < 0:
		return v, fmt.Errorf("value type %d does not exist", t)
	case w > 0:
		v.bits, err = r.scalar(w)
		return v, err
	case v.Type == Array:
		return r.array()
	}
	if v.Len, err = r.u64(); err != nil {
		return v, err
	}
	if v.Len > uint64(r.left()) {
		return v, fmt.Errorf("a string of %d bytes with %d bytes left in the file", v.Len, r.left())
	}
	if v.Len > maxString {
		return v, r.skip(v.Len)
	}
	if err := r.need(int(v.Len)); err != nil {
		return v, err
	}
	v.str = string(r.buf[r.pos : r.pos+int(v.Len)])
	r.pos += int(v.Len)
	return v, nil
}

func (r *reader) scalar(width int) (uint64, error) {
	switch width {
	case 1:
		b, err := r.u8()
		return uint64(b), err
	case 2:
		b, err := r.u16()
		return uint64(b), err
	case 4:
		b, err := r.u32()
		return uint64(b), err
	}
	return r.u64()
}

// array reads a short numeric array and skips everything else.
func (r *reader) array() (Value, error) {
	v := Value{Type: Array}
	et, n, err := r.arrayHead()
	if err != nil {
		return v, err
	}
	v.Elem, v.Len = et, n
	w := et.width()
	if w > 0 && n <= maxArray {
		v.arr = make([]uint64, n)
		for i := range v.arr {
			if v.arr[i], err = r.scalar(w); err != nil {
				return v, err
			}
		}
		return v, nil
	}
	return v, r.skipArray(et, n, 1)
}

func (r *reader) arrayHead() (ValueType, uint64, error) {
	t, err := r.u32()
	if err != nil {
		return 0, 0, err
	}
	n, err := r.u64()
	if err != nil {
		return 0, 0, err
	}
	et := ValueType(t)
	least := et.width()
	switch {
	case least < 0:
		return 0, 0, fmt.Errorf("array element type %d does not exist", t)
	case et == String:
		least = 8
	case et == Array:
		least = 12
	}
	if n > uint64(r.left())/uint64(least) {
		return 0, 0, fmt.Errorf("an array of %d elements with %d bytes left in the file", n, r.left())
	}
	return et, n, nil
}

func (r *reader) skipArray(et ValueType, n uint64, depth int) error {
	switch {
	case et == String:
		return r.skipStrings(n)
	case et != Array:
		return r.skip(n * uint64(et.width()))
	case depth >= maxArrayDepth:
		return fmt.Errorf("arrays nested deeper than %d", maxArrayDepth)
	}
	for ; n > 0; n-- {
		t, m, err := r.arrayHead()
		if err != nil {
			return err
		}
		if err := r.skipArray(t, m, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// table reads the tensor table.
func (r *reader) table(f *File, count uint64) error {
	f.Tensors = make([]Tensor, 0, min(count, 4096))
	seen := make(map[string]struct{}, min(count, 4096))
	dims := make([]int64, 0, min(count, 4096)*2) // one backing array for all shapes
	names := 0
	for i := uint64(0); i < count; i++ {
		name, err := r.str(maxName)
		if err != nil {
			return fmt.Errorf("tensor %d of %d: %w", i+1, count, clarify(err, r.size))
		}
		if names += len(name); names > maxNames {
			return fmt.Errorf("tensor names of more than %d MiB", maxNames>>20)
		}
		if _, twice := seen[name]; twice {
			return fmt.Errorf("tensor %.80q appears twice", name)
		}
		seen[name] = struct{}{}
		t := Tensor{Name: name, Elements: 1}
		nd, err := r.u32()
		if err != nil {
			return fmt.Errorf("tensor %.80q: %w", name, clarify(err, r.size))
		}
		if nd > maxDims {
			return fmt.Errorf("tensor %.80q claims %d dimensions (at most %d)", name, nd, maxDims)
		}
		from := len(dims)
		for range nd {
			d, err := r.u64()
			if err != nil {
				return fmt.Errorf("tensor %.80q: %w", name, clarify(err, r.size))
			}
			if d == 0 || d > math.MaxInt64 || t.Elements > math.MaxInt64/int64(d) {
				return fmt.Errorf("tensor %.80q has an impossible dimension %d", name, d)
			}
			t.Elements *= int64(d)
			dims = append(dims, int64(d))
		}
		t.Dims = dims[from:len(dims):len(dims)]
		id, err := r.u32()
		if err != nil {
			return fmt.Errorf("tensor %.80q: %w", name, clarify(err, r.size))
		}
		off, err := r.u64()
		if err != nil {
			return fmt.Errorf("tensor %.80q: %w", name, clarify(err, r.size))
		}
		if off > uint64(r.size) {
			return fmt.Errorf("tensor %.80q begins at byte %d of a file of %d: the download is not complete, or the file is damaged", name, off, r.size)
		}
		t.Offset = int64(off)
		if err := t.size(id); err != nil {
			return err
		}
		f.Tensors = append(f.Tensors, t)
	}
	return nil
}

func (t *Tensor) size(id uint32) error {
	info, ok := TypeByID(id)
	if !ok {
		t.Type = TypeInfo{ID: id, Name: fmt.Sprintf("type_%d", id)}
		return nil // layout takes its size from the offsets
	}
	t.Type = info
	row := int64(1)
	if len(t.Dims) > 0 {
		row = t.Dims[0]
	}
	bytes, ok := info.Bytes(t.Elements, row)
	if !ok {
		return fmt.Errorf("tensor %.80q: rows of %d elements cannot be stored as %s (blocks of %d)", t.Name, row, info.Name, info.BlockElems)
	}
	t.Bytes = bytes
	return nil
}

// layout checks that the tensors lie within the file and apart from each
// other, and sizes those of unknown type by the gap to the next one.
func (f *File) layout(size int64) error {
	if len(f.Tensors) == 0 {
		return nil
	}
	order := make([]int, len(f.Tensors))
	for i := range order {
		order[i] = i
	}
	inOrder := sort.SliceIsSorted(f.Tensors, func(a, b int) bool { return f.Tensors[a].Offset < f.Tensors[b].Offset })
	if !inOrder {
		sort.Slice(order, func(a, b int) bool { return f.Tensors[order[a]].Offset < f.Tensors[order[b]].Offset })
	}
	data := size - f.DataOffset
	unknown := map[string]bool{}
	for k, i := range order {
		t := &f.Tensors[i]
		end := data
		if k+1 < len(order) {
			end = f.Tensors[order[k+1]].Offset
		}
		if t.Type.BlockBytes == 0 {
			t.Bytes = end - t.Offset
			if t.Bytes < 0 {
				return fmt.Errorf("tensor %.80q lies beyond the end of the file: the download is not complete", t.Name)
			}
			if !unknown[t.Type.Name] {
				unknown[t.Type.Name] = true
				f.Notes = append(f.Notes, fmt.Sprintf("block type %d is not known: sizes of its tensors are taken from their offsets", t.Type.ID))
			}
			continue
		}
		if t.Offset > data || t.Bytes > data-t.Offset {
			return fmt.Errorf("tensor %.80q ends at byte %d of a file of %d: the download is not complete", t.Name, satAdd(f.DataOffset, t.Offset, t.Bytes), size)
		}
		if k+1 < len(order) && t.Offset+t.Bytes > end {
			return fmt.Errorf("tensors %.80q and %.80q overlap: the file is damaged", t.Name, f.Tensors[order[k+1]].Name)
		}
	}
	return nil
}

func satAdd(vs ...int64) int64 {
	var s int64
	for _, v := range vs {
		if v > math.MaxInt64-s {
			return math.MaxInt64
		}
		s += v
	}
	return s
}

// clarify turns the end of the file into words.
func clarify(err error, size int64) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("the file ends after %d bytes, inside its header: the download is not complete", size)
	}
	return err
}
