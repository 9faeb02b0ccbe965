package gguf_test

import (
	"path/filepath"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf/gguftest"
)

func TestArchitecture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	for want, kv := range map[string][]gguftest.KV{
		"flux": append(gguftest.Tokenizer(1000, 1000), gguftest.KV{Key: "general.architecture", Value: "flux"}),
		"clip": {{Key: "general.architecture", Value: "clip"}},
		"":     {{Key: "general.name", Value: "x"}},
	} {
		f := &gguftest.File{KV: kv, Tensors: []gguftest.Tensor{{Name: "a", Dims: []int64{4}, Type: "F32"}}}
		if err := f.Write(path); err != nil {
			t.Fatal(err)
		}
		if got, err := gguf.Architecture(path); err != nil || got != want {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
	if _, err := gguf.Architecture(t.TempDir()); err == nil {
		t.Error("a folder has an architecture")
	}
}
