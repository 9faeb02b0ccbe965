package gguf

import (
	_ "embed"
	"math"
	"strconv"
	"strings"
	"sync"
)

// TypeInfo is the storage of one GGML block type.
type TypeInfo struct {
	ID         uint32
	Name       string // as ggml prints it, upper case: "Q4_K"
	BlockElems int64  // elements per block, along the row
	BlockBytes int64
	RowBytes   int64 // bytes that every row carries beside its blocks
}

//go:embed types.csv
var typesCSV string

var types = sync.OnceValue(func() map[uint32]TypeInfo {
	m := make(map[uint32]TypeInfo, 64)
	for line := range strings.Lines(typesCSV) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSpace(line), ",")
		if len(f) < 5 {
			continue
		}
		n := func(s string) int64 { v, _ := strconv.ParseInt(s, 10, 64); return v }
		id := uint32(n(f[0]))
		m[id] = TypeInfo{ID: id, Name: f[1], BlockElems: n(f[2]), BlockBytes: n(f[3]), RowBytes: n(f[4])}
	}
	return m
})

// TypeByID returns the storage of block type id, false when it is unknown.
func TypeByID(id uint32) (TypeInfo, bool) {
	t, ok := types()[id]
	return t, ok
}

// TypeByName returns the storage of the block type of that name.
func TypeByName(name string) (TypeInfo, bool) {
	for _, t := range types() {
		if strings.EqualFold(t.Name, name) {
			return t, true
		}
	}
	return TypeInfo{}, false
}

// Bytes returns the stored size of a tensor of elements elements in rows of
// row elements, false when the row does not divide into blocks or the size
// does not fit an int64.
func (t TypeInfo) Bytes(elements, row int64) (int64, bool) {
	if row <= 0 || row%t.BlockElems != 0 || elements%row != 0 {
		return 0, elements == 0
	}
	perRow := row / t.BlockElems
	if perRow > (math.MaxInt64-t.RowBytes)/t.BlockBytes {
		return 0, false
	}
	perRow = perRow*t.BlockBytes + t.RowBytes
	rows := elements / row
	if rows > math.MaxInt64/perRow {
		return 0, false
	}
	return rows * perRow, true
}
