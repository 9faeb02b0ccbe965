package modelfile_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf/gguftest"
)

// table is the tensors of a file to be written, shapes outermost first.
type table struct {
	names  []string
	shapes [][]int64
	dtype  map[string]string // where it is not BF16
}

func (t *table) add(name string, shape ...int64) {
	t.names, t.shapes = append(t.names, name), append(t.shapes, shape)
}

// linear adds a matrix from in to out with its bias.
func (t *table) linear(name string, out, in int64) {
	t.add(name+".weight", out, in)
	t.add(name+".bias", out)
}

// safetensors writes the table with 16-bit weights, the data a hole.
func (t *table) safetensors(tb testing.TB, path string) {
	tb.Helper()
	type entry struct {
		DType   string   `json:"dtype"`
		Shape   []int64  `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	head, off := map[string]entry{}, int64(0)
	for i, name := range t.names {
		dtype, n := "BF16", int64(2)
		if d := t.dtype[name]; d != "" {
			dtype, n = d, map[string]int64{"U8": 1, "F32": 4}[d]
		}
		for _, d := range t.shapes[i] {
			n *= d
		}
		head[name] = entry{dtype, t.shapes[i], [2]int64{off, off + n}}
		off += n
	}
	b, err := json.Marshal(head)
	if err != nil {
		tb.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := f.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(b))), b...)); err != nil {
		tb.Fatal(err)
	}
	if err := f.Truncate(int64(8+len(b)) + off); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

// gguf writes the table in a block type where rows divide into blocks.
func (t *table) gguf(tb testing.TB, path, arch string) {
	tb.Helper()
	f := &gguftest.File{}
	if arch != "" {
		f.KV = append(f.KV, gguftest.KV{Key: "general.architecture", Value: arch})
	}
	for i, name := range t.names {
		x := gguftest.Tensor{Name: name, Type: "F32"}
		for k := len(t.shapes[i]) - 1; k >= 0; k-- {
			x.Dims = append(x.Dims, t.shapes[i][k])
		}
		if len(x.Dims) > 1 {
			if x.Type = "F16"; x.Dims[0]%32 == 0 {
				x.Type = "Q8_0"
			}
		}
		f.Tensors = append(f.Tensors, x)
	}
	if err := f.Write(path); err != nil {
		tb.Fatal(err)
	}
}

// flux is the tensors of FLUX.1 in its authors' names.
func flux(guidance bool) *table {
	t, d := &table{}, int64(3072)
	two := func(name string, in int64) { t.linear(name+".in_layer", d, in); t.linear(name+".out_layer", d, d) }
	t.linear("img_in", d, 64)
	t.linear("txt_in", d, 4096)
	two("time_in", 256)
	two("vector_in", 768)
	if guidance {
		two("guidance_in", 256)
	}
	for i := range 19 {
		for _, side := range []string{"img", "txt"} {
			p := fmt.Sprintf("double_blocks.%d.%s_", i, side)
			t.linear(p+"attn.qkv", 3*d, d)
			t.linear(p+"attn.proj", d, d)
			t.add(p+"attn.norm.query_norm.scale", 128)
			t.add(p+"attn.norm.key_norm.scale", 128)
			t.linear(p+"mlp.0", 4*d, d)
			t.linear(p+"mlp.2", d, 4*d)
			t.linear(p+"mod.lin", 6*d, d)
		}
	}
	for i := range 38 {
		p := fmt.Sprintf("single_blocks.%d.", i)
		t.linear(p+"linear1", 7*d, d)
		t.linear(p+"linear2", d, 5*d)
		t.linear(p+"modulation.lin", 3*d, d)
		t.add(p+"norm.query_norm.scale", 128)
		t.add(p+"norm.key_norm.scale", 128)
	}
	t.linear("final_layer.adaLN_modulation.1", 2*d, d)
	t.linear("final_layer.linear", 64, d)
	return t
}

// wan is the tensors of Wan 2.1 1.3B that tell its shape.
func wan() *table {
	t, d := &table{}, int64(1536)
	t.add("patch_embedding.weight", d, 16, 1, 2, 2)
	for i := range 30 {
		p := fmt.Sprintf("blocks.%d.", i)
		for _, n := range []string{"self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "cross_attn.q", "cross_attn.k", "cross_attn.v", "cross_attn.o"} {
			t.linear(p+n, d, d)
		}
		t.linear(p+"ffn.0", 8960, d)
		t.linear(p+"ffn.2", d, 8960)
	}
	return t
}

// sdxl is a whole checkpoint of SDXL by the tensors that tell its shape.
func sdxl() *table {
	t := &table{}
	u := "model.diffusion_model."
	t.add(u+"input_blocks.0.0.weight", 320, 4, 3, 3)
	t.linear(u+"label_emb.0.0", 1280, 2816)
	res := func(i int, out, in int64) {
		t.add(fmt.Sprintf("%sinput_blocks.%d.0.in_layers.2.weight", u, i), out, in, 3, 3)
	}
	attn := func(i int, w int64, depth int) {
		for k := range depth {
			p := fmt.Sprintf("%sinput_blocks.%d.1.transformer_blocks.%d.", u, i, k)
			t.add(p+"attn2.to_k.weight", w, 2048)
		}
	}
	res(1, 320, 320)
	res(2, 320, 320)
	t.linear(u+"input_blocks.3.0.op", 320, 320)
	res(4, 640, 320)
	attn(4, 640, 2)
	res(5, 640, 640)
	attn(5, 640, 2)
	t.linear(u+"input_blocks.6.0.op", 640, 640)
	res(7, 1280, 640)
	attn(7, 1280, 10)
	res(8, 1280, 1280)
	attn(8, 1280, 10)
	l := "conditioner.embedders.0.transformer.text_model."
	t.add(l+"embeddings.token_embedding.weight", 49408, 768)
	t.add(l+"embeddings.position_embedding.weight", 77, 768)
	for i := range 12 {
		t.linear(fmt.Sprintf("%sencoder.layers.%d.mlp.fc1", l, i), 3072, 768)
	}
	g := "conditioner.embedders.1.model."
	t.add(g+"token_embedding.weight", 49408, 1280)
	t.add(g+"positional_embedding", 77, 1280)
	for i := range 32 {
		t.linear(fmt.Sprintf("%stransformer.resblocks.%d.mlp.c_fc", g, i), 5120, 1280)
	}
	v := "first_stage_model."
	t.add(v+"decoder.conv_in.weight", 512, 4, 3, 3)
	for i, w := range []int64{128, 256, 512, 512} {
		t.add(fmt.Sprintf("%sdecoder.up.%d.block.0.conv1.weight", v, i), w, w, 3, 3)
	}
	t.add(v+"encoder.conv_in.weight", 128, 3, 3, 3)
	t.add(v+"encoder.rest", 83653863-5477760)
	t.add("alphas_cumprod", 1000)
	return t
}
