package gguf_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf/gguftest"
)

func small() *gguftest.File {
	return &gguftest.File{
		KV: []gguftest.KV{
			{Key: "general.architecture", Value: "llama"},
			{Key: "llama.block_count", Value: 2},
			{Key: "llama.attention.head_count", Value: []int32{4, 8}},
			{Key: "a.float", Value: 1.5}, {Key: "a.true", Value: true}, {Key: "a.neg", Value: int8(-3)},
			{Key: "a.nested", Value: [][]int32{{1, 2}, {3}}},
			{Key: "a.long", Value: strings.Repeat("x", 1<<20)},
			{Key: "tokenizer.ggml.tokens", Value: []string{"a", "bb", ""}},
		},
		Tensors: []gguftest.Tensor{
			{Name: "token_embd.weight", Dims: []int64{256, 100}, Type: "Q4_K"},
			{Name: "blk.0.attn_norm.weight", Dims: []int64{256}, Type: "F32"},
			{Name: "blk.0.ffn_up_exps.weight", Dims: []int64{256, 512, 8}, Type: "Q6_K"},
		},
	}
}

// The sizes are those of the block types: 144 bytes per 256 elements of Q4_K,
// 210 of Q6_K (ggml-org/llama.cpp:ggml/src/ggml-common.h).
func TestReadBack(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*gguftest.File)
	}{
		{"v3", func(*gguftest.File) {}},
		{"v2", func(f *gguftest.File) { f.Version = 2 }},
		{"big-endian", func(f *gguftest.File) { f.BigEndian = true }},
		{"alignment", func(f *gguftest.File) {
			f.KV = append(f.KV, gguftest.KV{Key: "general.alignment", Value: uint32(4096)})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src := small()
			tc.edit(src)
			path := filepath.Join(t.TempDir(), "m.gguf")
			if err := src.Write(path); err != nil {
				t.Fatal(err)
			}
			f, err := gguf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Tensors) != 3 || f.Tensors[0].Bytes != 100*144 || f.Tensors[1].Bytes != 1024 || f.Tensors[2].Bytes != 512*8*210 {
				t.Errorf("tensors %+v", f.Tensors)
			}
			if n, ok := f.KV["a.neg"].Int(); !ok || n != -3 {
				t.Errorf("a.neg = %v", f.KV["a.neg"])
			}
			if ns, ok := f.KV["llama.attention.head_count"].Ints(); !ok || len(ns) != 2 || ns[1] != 8 {
				t.Errorf("head_count = %v", ns)
			}
			if v := f.KV["a.long"]; v.Len != 1<<20 {
				t.Errorf("a.long has length %d", v.Len)
			}
			if _, ok := f.KV["a.long"].Str(); ok {
				t.Error("a long string was kept")
			}
			if v := f.KV["tokenizer.ggml.tokens"]; v.Len != 3 {
				t.Errorf("tokens: %v", v)
			}
			if s, _ := f.KV["general.architecture"].Str(); s != "llama" {
				t.Errorf("architecture %q", s)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	dir := t.TempDir()
	first, err := small().WriteSplit(dir, "m", 2)
	if err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(dir, "m-00002-of-00002.gguf")
	for _, path := range []string{first, second} {
		f, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if f.Parts != 2 || len(f.Tensors) != 3 || len(f.KV) != len(small().KV)+3 {
			t.Errorf("%s: %d parts, %d tensors, %d keys", path, f.Parts, len(f.Tensors), len(f.KV))
		}
	}
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	_, err = gguf.Open(first)
	if err == nil || !strings.Contains(err.Error(), "part 2 of 2 is missing") {
		t.Errorf("missing part: %v", err)
	}
}

// Cutting the file anywhere in the header or the data is an error in words.
func TestTruncated(t *testing.T) {
	head, size, err := small().Header()
	if err != nil {
		t.Fatal(err)
	}
	whole := append(head, make([]byte, size-int64(len(head)))...)
	if _, err := gguf.Read(bytes.NewReader(whole), size); err != nil {
		t.Fatal(err)
	}
	for n := int64(0); n < size; n += 1 + n/50 {
		if _, err := gguf.Read(bytes.NewReader(whole[:n]), n); err == nil {
			t.Fatalf("cut after %d of %d bytes: no error", n, size)
		}
	}
}

func TestSplitName(t *testing.T) {
	p, no, total, ok := gguf.SplitName("d/x-00003-of-00010.gguf")
	if !ok || p != "d/x" || no != 3 || total != 10 {
		t.Error(p, no, total, ok)
	}
	for _, bad := range []string{"x.gguf", "x-00000-of-00002.gguf", "x-00003-of-00002.gguf", "x-0000a-of-00002.gguf", "-00001-of-00002.gguf"} {
		if _, _, _, ok := gguf.SplitName(bad); ok {
			t.Errorf("%s taken for a split", bad)
		}
	}
}

func FuzzGGUF(f *testing.F) {
	for _, file := range []*gguftest.File{small(), {Version: 2}, {BigEndian: true, KV: small().KV[:3]}} {
		head, _, err := file.Header()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(head)
		f.Add(head[:len(head)/2])
	}
	f.Add([]byte("GGUF\x03\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		// The hole after the header is as long as a real file's data.
		h, err := gguf.Read(sparse{bytes.NewReader(b), 1 << 40}, 1<<40)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		for _, ts := range h.Tensors {
			if ts.Bytes < 0 || ts.Elements < 0 || ts.Offset < 0 {
				t.Errorf("negative sizes: %+v", ts)
			}
		}
	})
}

// sparse is a reader over head followed by zeros up to size.
type sparse struct {
	head *bytes.Reader
	size int64
}

func (s sparse) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < s.head.Size() {
		n, _ = s.head.ReadAt(p, off)
	}
	clear(p[n:])
	return len(p), nil
}

// An 8B model's header: 291 tensors and a tokenizer of 128k tokens and 280k
// merges (Llama 3).
func BenchmarkRead(b *testing.B) {
	f := &gguftest.File{KV: append([]gguftest.KV{{Key: "general.architecture", Value: "llama"}}, gguftest.Tokenizer(128256, 280147)...)}
	for i := range 291 {
		f.Tensors = append(f.Tensors, gguftest.Tensor{Name: "blk." + string(rune('a'+i/26)) + string(rune('a'+i%26)) + ".weight", Dims: []int64{4096, 4096}, Type: "Q4_K"})
	}
	path := filepath.Join(b.TempDir(), "m.gguf")
	if err := f.Write(path); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := gguf.Open(path); err != nil {
			b.Fatal(err)
		}
	}
}
