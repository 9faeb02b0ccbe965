package gguf

import (
	"fmt"
	"math"
)

// Int returns an integer or boolean value as int64, false for other types and
// for values beyond int64. Floats with a whole value count as integers.
func (v Value) Int() (int64, bool) {
	switch v.Type {
	case Array, String:
		return 0, false
	}
	return toInt(v.Type, v.bits)
}

func toInt(t ValueType, b uint64) (int64, bool) {
	switch t {
	case Uint8, Uint16, Uint32, Bool:
		return int64(b), true
	case Uint64:
		return int64(b), b <= math.MaxInt64
	case Int8:
		return int64(int8(b)), true
	case Int16:
		return int64(int16(b)), true
	case Int32:
		return int64(int32(b)), true
	case Int64:
		return int64(b), true
	case Float32, Float64:
		f := float64(math.Float32frombits(uint32(b)))
		if t == Float64 {
			f = math.Float64frombits(b)
		}
		if f != math.Trunc(f) || math.Abs(f) > 1<<53 { // false for NaN too
			return 0, false
		}
		return int64(f), true
	}
	return 0, false
}

// Ints returns a short numeric array, or a scalar as an array of one; false
// for other types, for arrays that were too long to keep, and where an element
// is not an integer.
func (v Value) Ints() ([]int64, bool) {
	if v.Type != Array {
		n, ok := v.Int()
		return []int64{n}, ok
	}
	if uint64(len(v.arr)) != v.Len {
		return nil, false
	}
	out := make([]int64, len(v.arr))
	for i, b := range v.arr {
		n, ok := toInt(v.Elem, b)
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

// Str returns a string value, false for other types and for strings that were
// too long to keep.
func (v Value) Str() (string, bool) {
	return v.str, v.Type == String && uint64(len(v.str)) == v.Len
}

// IsArray tells arrays from scalars.
func (v Value) IsArray() bool { return v.Type == Array }

// String renders the value for messages, short.
func (v Value) String() string {
	switch v.Type {
	case String:
		return fmt.Sprintf("%.80q", v.str)
	case Array:
		return fmt.Sprintf("an array of %d", v.Len)
	case Float32:
		return fmt.Sprint(math.Float32frombits(uint32(v.bits)))
	case Float64:
		return fmt.Sprint(math.Float64frombits(v.bits))
	}
	n, _ := toInt(v.Type, v.bits)
	return fmt.Sprint(n)
}
