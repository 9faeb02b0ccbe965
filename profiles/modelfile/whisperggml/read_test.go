package whisperggml_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/modelfile/whisperggml"
)

// tiny is a file as whisper.cpp writes it, of two layers and few tensors.
func tiny() []byte {
	var b bytes.Buffer
	put := func(v ...any) {
		for _, x := range v {
			_ = binary.Write(&b, binary.LittleEndian, x)
		}
	}
	b.WriteString("lmgg")
	put([]int32{5, 1500, 32, 2, 2, 448, 32, 2, 2, 80, 7})
	put(int32(2), int32(3), make([]float32, 6)) // mel filters
	put(int32(2), int32(1), []byte("a"), int32(3), []byte("bcd"))
	tensor := func(name string, typ int32, bytes int, dims ...int32) {
		put(int32(len(dims)), int32(len(name)), typ, dims)
		b.WriteString(name)
		b.Write(make([]byte, bytes))
	}
	tensor("encoder.conv1.bias", 0, 4*32, 1, 32)
	tensor("encoder.blocks.0.attn.query.weight", 8, 32*34, 32, 32)
	tensor("decoder.token_embedding.weight", 8, 5*34, 32, 5)
	return b.Bytes()
}

func TestRead(t *testing.T) {
	b := tiny()
	w, err := whisperggml.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	s := w.Shape
	if s.Vocab != 5 || s.AudioContext != 1500 || s.AudioWidth != 32 || s.AudioFFN != 128 || s.TextLayers != 2 || s.Mels != 80 {
		t.Errorf("%+v", s)
	}
	if w.Encoder.Elements != 32+32*32 || w.Encoder.Bytes != 128+32*34 || w.Decoder.Elements != 160 || w.Decoder.Bytes != 170 || w.Encoder.ByType["Q8_0"] != 32*34 {
		t.Errorf("%+v %+v", w.Encoder, w.Decoder)
	}
	path := filepath.Join(t.TempDir(), "ggml-tiny.bin")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if !whisperggml.Is(path) {
		t.Error("it is not recognised")
	}
	if _, err := whisperggml.Open(path); err != nil {
		t.Error(err)
	}
}

func TestReadBroken(t *testing.T) {
	b := tiny()
	at := func(i int, v uint32) []byte {
		c := bytes.Clone(b)
		binary.LittleEndian.PutUint32(c[i:], v)
		return c
	}
	const filters, words, row = 48, 80, 96
	for name, tc := range map[string]struct {
		in   []byte
		want string
	}{
		"empty":      {nil, "too early"},
		"no magic":   {at(0, 7), "head"},
		"width":      {at(12, 1<<31), "head"},
		"filters":    {at(filters, 1<<30), "mel filters"},
		"vocabulary": {at(words, 1<<31-1), "vocabulary"},
		"word":       {at(words+4, 1<<30), "word"},
		"dimensions": {at(row, 99), "dimensions"},
		"type":       {at(row+8, 999), "type 999"},
		"dimension":  {at(row+12, 0), "dimension of 0"},
		"huge":       {at(row+12, 1<<31-1), "too early"},
		"cut":        {b[:len(b)-1], "too early"},
		"no tensors": {b[:row], "no tensors"},
	} {
		_, err := whisperggml.Read(bytes.NewReader(tc.in), int64(len(tc.in)))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q in it", name, err, tc.want)
		}
	}
}

func FuzzWhisperGGML(f *testing.F) {
	b := tiny()
	f.Add(b)
	f.Add(b[:96])
	f.Add([]byte("lmgg"))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := whisperggml.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		if n := w.Encoder.Bytes + w.Decoder.Bytes; n > int64(len(b)) || w.Encoder.Elements < 1 || w.Decoder.Elements < 1 {
			t.Errorf("%d bytes of tensors in a file of %d", n, len(b))
		}
		if _, _, err := w.Shape.Components(); err != nil {
			t.Error(err)
		}
	})
}
