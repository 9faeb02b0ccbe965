package brokentest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf/gguftest"
)

// Case is one broken input.
type Case struct {
	Name string
	Path string // what to give as the model
	Want string // words that the error must hold
}

// Llama returns a small whole model, which the broken ones are made from.
func Llama() *gguftest.File {
	f := &gguftest.File{KV: []gguftest.KV{
		{Key: "general.architecture", Value: "llama"}, {Key: "general.name", Value: "Tiny"}, {Key: "general.file_type", Value: 15},
		{Key: "llama.block_count", Value: 2}, {Key: "llama.embedding_length", Value: 256}, {Key: "llama.feed_forward_length", Value: 512},
		{Key: "llama.attention.head_count", Value: 4}, {Key: "llama.attention.head_count_kv", Value: 2}, {Key: "llama.context_length", Value: 2048},
		{Key: "tokenizer.ggml.tokens", Value: []string{"a", "b", "c"}},
	}}
	add := func(name, typ string, dims ...int64) {
		f.Tensors = append(f.Tensors, gguftest.Tensor{Name: name, Dims: dims, Type: typ})
	}
	add("token_embd.weight", "Q4_K", 256, 1000)
	add("output_norm.weight", "F32", 256)
	add("output.weight", "Q6_K", 256, 1000)
	for i := range 2 {
		p := fmt.Sprintf("blk.%d.", i)
		add(p+"attn_norm.weight", "F32", 256)
		add(p+"attn_q.weight", "Q4_K", 256, 256)
		add(p+"attn_k.weight", "Q4_K", 256, 128)
		add(p+"attn_v.weight", "Q6_K", 256, 128)
		add(p+"attn_output.weight", "Q4_K", 256, 256)
		add(p+"ffn_norm.weight", "F32", 256)
		add(p+"ffn_gate.weight", "Q4_K", 256, 512)
		add(p+"ffn_up.weight", "Q4_K", 256, 512)
		add(p+"ffn_down.weight", "Q6_K", 512, 256)
	}
	return f
}

// set returns the model with one metadata value replaced.
func set(key string, value any) *gguftest.File {
	f := Llama()
	for i := range f.KV {
		if f.KV[i].Key == key {
			f.KV[i].Value = value
			return f
		}
	}
	f.KV = append(f.KV, gguftest.KV{Key: key, Value: value})
	return f
}

// Config is a small whole config.json.
const Config = `{"model_type":"llama","architectures":["LlamaForCausalLM"],"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":128,"vocab_size":100,"torch_dtype":"bfloat16"}`

type maker struct {
	dir   string
	cases []Case
	err   error
}

func (m *maker) file(name, want string, data []byte) {
	path := filepath.Join(m.dir, name)
	m.err = errors.Join(m.err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644))
	m.cases = append(m.cases, Case{name, path, want})
}

func (m *maker) config(name, want, old, new string) {
	m.file(name+"/config.json", want, []byte(strings.Replace(Config, old, new, 1)))
}

func (m *maker) gguf(name, want string, f *gguftest.File) {
	path := filepath.Join(m.dir, name)
	m.err = errors.Join(m.err, f.Write(path))
	m.cases = append(m.cases, Case{name, path, want})
}

// Write makes all broken inputs in dir.
func Write(dir string) ([]Case, error) {
	m := &maker{dir: dir}
	m.ggufBytes()
	m.ggufValues()
	m.splits()
	m.tensors()
	m.configs()
	m.paths()
	return m.cases, m.err
}

func (m *maker) ggufBytes() {
	head, _, err := Llama().Header()
	m.err = errors.Join(m.err, err)
	for _, n := range []int{1, 3, 4, 7, 12, 23, 24, 40, len(head) / 3, len(head) / 2, len(head) - 1} {
		m.file(fmt.Sprintf("cut-%d.gguf", n), "", head[:n])
	}
	m.file("cut-data.gguf", "not complete", head)
	patch := func(at int, v ...byte) []byte {
		b := bytes.Clone(head)
		copy(b[at:], v)
		return b
	}
	huge := binary.LittleEndian.AppendUint64(nil, 1<<62)
	m.file("magic.gguf", "not a GGUF file", patch(0, 'X', 'X'))
	m.file("version-1.gguf", "version 1", patch(4, 1))
	m.file("version-9.gguf", "version 9", patch(4, 9))
	m.file("huge-tensors.gguf", "tensors", patch(8, huge...))
	m.file("huge-keys.gguf", "keys", patch(16, huge...))
	m.file("huge-key.gguf", "string", patch(24, huge...))
	m.file("value-type.gguf", "value type", patch(24+8+len("general.architecture"), 99))
	m.file("ggml.bin", "old GGML", []byte("lmgg\x01\x00\x00\x00"))
	m.file("empty.gguf", "empty", nil)
	deep := []byte("GGUF\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00a\x09\x00\x00\x00")
	for range 1000 {
		deep = append(deep, "\x09\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"...)
	}
	m.file("nested.gguf", "nested", deep)
}

func (m *maker) ggufValues() {
	m.gguf("no-architecture.gguf", "general.architecture", &gguftest.File{Tensors: Llama().Tensors})
	m.gguf("no-tensors.gguf", "vocab-only", &gguftest.File{KV: Llama().KV})
	m.gguf("mmproj.gguf", "projector", set("general.architecture", "clip"))
	m.gguf("zero-layers.gguf", "block_count", set("llama.block_count", 0))
	m.gguf("billion-layers.gguf", "block_count", set("llama.block_count", 1_000_000_000))
	m.gguf("negative-layers.gguf", "block_count", set("llama.block_count", int32(-1)))
	m.gguf("zero-heads.gguf", "head_count", set("llama.attention.head_count", 0))
	m.gguf("negative-heads.gguf", "head_count", set("llama.attention.head_count", int32(-8)))
	m.gguf("text-heads.gguf", "head_count", set("llama.attention.head_count", "NaN"))
	m.gguf("short-heads.gguf", "head_count", set("llama.attention.head_count", []int32{}))
	m.gguf("huge-width.gguf", "embedding_length", set("llama.embedding_length", uint64(1<<62)))
	m.gguf("alignment.gguf", "alignment", set("general.alignment", 33))
	twice := Llama()
	twice.Tensors = append(twice.Tensors, twice.Tensors[0])
	m.gguf("tensor-twice.gguf", "twice", twice)
	key := Llama()
	key.KV = append(key.KV, key.KV[0])
	m.gguf("key-twice.gguf", "twice", key)
}

func (m *maker) splits() {
	make := func(dir string) string {
		d := filepath.Join(m.dir, dir)
		m.err = errors.Join(m.err, os.MkdirAll(d, 0o755))
		first, err := Llama().WriteSplit(d, "m", 3)
		m.err = errors.Join(m.err, err)
		return first
	}
	missing := make("split-missing")
	m.err = errors.Join(m.err, os.Remove(filepath.Join(filepath.Dir(missing), "m-00002-of-00003.gguf")))
	m.cases = append(m.cases, Case{"split part missing", missing, "part 2 of 3 is missing"})
	renamed := make("split-renamed")
	d := filepath.Dir(renamed)
	two, err := os.ReadFile(filepath.Join(d, "m-00002-of-00003.gguf"))
	m.err = errors.Join(m.err, err, os.WriteFile(filepath.Join(d, "m-00003-of-00003.gguf"), two, 0o644))
	m.cases = append(m.cases, Case{"split part renamed", renamed, "renamed"})
	lies := Llama()
	lies.KV = append(lies.KV, gguftest.KV{Key: "split.count", Value: uint16(5)}, gguftest.KV{Key: "split.no", Value: uint16(0)})
	m.gguf("lies-00001-of-00003.gguf", "declares 5", lies)
	count := Llama()
	count.KV = append(count.KV, gguftest.KV{Key: "split.count", Value: uint16(60000)})
	m.gguf("many-parts.gguf", "60000 parts", count)
}

func (m *maker) tensors() {
	st := func(name, want string, length uint64, header string, data int) {
		b := binary.LittleEndian.AppendUint64(nil, length)
		b = append(append(b, header...), make([]byte, data)...)
		dir := "st-" + strings.TrimSuffix(name, ".safetensors")
		m.file(dir+"/"+name, want, b)
		m.err = errors.Join(m.err, os.WriteFile(filepath.Join(m.dir, dir, "config.json"), []byte(Config), 0o644))
	}
	whole := func(name, want, header string, data int) { st(name, want, uint64(len(header)), header, data) }
	st("length.safetensors", "claims", 1<<50, `{"a":{}}`, 0)
	st("cut.safetensors", "claims", 900, `{"a":{"dtype":"F32"`, 0)
	whole("json.safetensors", "JSON", `{"a":{"dtype":"F32"`, 0)
	whole("overlap.safetensors", "overlap", `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12)
	whole("beyond.safetensors", "not complete", `{"a":{"dtype":"F32","shape":[200],"data_offsets":[0,800]}}`, 12)
	whole("negative.safetensors", "impossible", `{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 12)
	whole("overflow.safetensors", "impossible", `{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,8]}}`, 12)
	whole("deep.safetensors", "deep", `{"__metadata__":`+strings.Repeat(`[`, 5000), 0)
	whole("bare.safetensors", "no tensors", `{}`, 0)
	m.file("index-escape/model.safetensors.index.json", "beside the index", []byte(`{"weight_map":{"a":"../../x.safetensors"}}`))
	m.file("index-empty/model.safetensors.index.json", "weight_map", []byte(`{"metadata":{}}`))
	m.file("index-alone/model.safetensors.index.json", "config.json", []byte(`{"metadata":{"total_size":8},"weight_map":{"a":"x.safetensors"}}`))
}

func (m *maker) configs() {
	m.config("negative-heads", "num_attention_heads", `heads":4`, `heads":-4`)
	m.config("zero-heads", "heads", `heads":4`, `heads":0`)
	m.config("billion-layers", "layers", `layers":2`, `layers":1000000000`)
	m.config("huge-number", "hidden_size", `:64`, `:1e400`)
	m.config("nan-string", "hidden_size", `:64`, `:"NaN"`)
	m.config("bare-nan", "hidden_size", `:64`, `:NaN`)
	m.config("wrong-type", "hidden_size", `:64`, `:{"a":[]}`)
	m.file("no-vocab/config.json", "vocab_size", []byte(`{"model_type":"qwen2","hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4}`))
	m.file("deep/config.json", "nested", []byte(strings.Repeat(`{"a":`, 10000)))
	m.file("cut/config.json", "too early", []byte(Config[:len(Config)/2]))
	m.file("array/config.json", "", []byte(`[1,2,3]`))
	m.file("empty/config.json", "empty", nil)
	m.file("diffusers/config.json", "not a decoder-only", []byte(`{"_class_name":"NobodyKnowsModel"}`))
	m.file("whisper/config.json", "not a decoder-only", []byte(`{"architectures":["WhisperForConditionalGeneration"],"model_type":"whisper"}`))
}

func (m *maker) paths() {
	m.file("text.txt", "not a model file", []byte("hello"))
	m.file("pickle.bin", "PyTorch", []byte("PK\x03\x04rest"))
	m.file("lfs.bin", "git lfs pull", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"))
	m.cases = append(m.cases, Case{"nothing there", filepath.Join(m.dir, "absent.gguf"), "no such file"})
	folder := filepath.Join(m.dir, "folder-without-model")
	m.err = errors.Join(m.err, os.MkdirAll(folder, 0o755))
	m.cases = append(m.cases, Case{"folder without a model", folder, "no model in this folder"})
	loop := filepath.Join(m.dir, "loop.gguf")
	if os.Symlink(loop, loop) == nil { // not every system allows links
		m.cases = append(m.cases, Case{"link to itself", loop, "leads back to itself"})
	}
	pipe := filepath.Join(m.dir, "pipe.gguf")
	if mkfifo(pipe) == nil {
		m.cases = append(m.cases, Case{"pipe", pipe, "not a regular file"})
	}
	if _, err := os.Stat("/dev/zero"); err == nil {
		m.cases = append(m.cases, Case{"endless device", "/dev/zero", "not a regular file"})
	}
	// A hole of a terabyte behind a header that promises much.
	big := filepath.Join(m.dir, "terabyte.gguf")
	f, err := os.Create(big)
	if err != nil {
		m.err = errors.Join(m.err, err)
		return
	}
	_, err = f.Write([]byte("GGUF\x03\x00\x00\x00\xff\xff\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00a\x09\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00"))
	if terr := f.Truncate(1 << 40); terr == nil && err == nil {
		m.cases = append(m.cases, Case{"a terabyte of nothing", big, "MiB"})
	}
	m.err = errors.Join(m.err, f.Close())
}
