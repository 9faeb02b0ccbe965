package modelfile

import (
	"bytes"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/modelfile/brokentest"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf/gguftest"
)

// FuzzGGUFModel goes from bytes to the worked-out model: whatever a header
// says, the layers stay sane.
func FuzzGGUFModel(f *testing.F) {
	tiny := brokentest.Llama()
	hybrid := brokentest.Llama()
	hybrid.KV = append(hybrid.KV, gguftest.KV{Key: "llama.ssm.inner_size", Value: 512}, gguftest.KV{Key: "llama.ssm.state_size", Value: 16}, gguftest.KV{Key: "llama.ssm.conv_kernel", Value: 4})
	hybrid.Tensors = append(hybrid.Tensors, gguftest.Tensor{Name: "blk.0.ssm_in.weight", Dims: []int64{256, 512}, Type: "F16"})
	latent := brokentest.Llama()
	latent.KV = append(latent.KV, gguftest.KV{Key: "llama.attention.kv_lora_rank", Value: 64}, gguftest.KV{Key: "llama.attention.key_length_mla", Value: 48}, gguftest.KV{Key: "llama.expert_count", Value: 4}, gguftest.KV{Key: "llama.expert_used_count", Value: 2})
	latent.Tensors = append(latent.Tensors, gguftest.Tensor{Name: "blk.1.ffn_down_exps.weight", Dims: []int64{256, 256, 4}, Type: "Q4_K"}, gguftest.Tensor{Name: "blk.1.attn_kv_a_mqa.weight", Dims: []int64{256, 80}, Type: "F16"})
	for _, file := range []*gguftest.File{tiny, hybrid, latent} {
		head, _, err := file.Header()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(head)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := gguf.Read(padded{bytes.NewReader(b)}, 1<<24)
		if err != nil {
			return
		}
		m, err := fromGGUF(h)
		if err != nil {
			return
		}
		for i := range m.Layers {
			l := &m.Layers[i]
			if l.Heads < 0 || l.KVHeads < 0 || l.HeadDimK < 0 || l.HeadDimV < 0 || l.Window < 0 || l.ConvState < 0 || l.RecurrentState < 0 || l.Experts < 0 || l.ExpertsPerTok > l.Experts || l.Params() < 0 {
				t.Errorf("layer %d: %+v", i, l)
			}
		}
		for i := range m.Tensors {
			if ts := &m.Tensors[i]; ts.Layer >= len(m.Layers) || ts.Bytes < 0 || ts.Row < 0 {
				t.Errorf("tensor %+v", ts)
			}
		}
	})
}

// padded is a reader over the bytes followed by zeros.
type padded struct{ head *bytes.Reader }

func (p padded) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	if off < p.head.Size() {
		n, _ = p.head.ReadAt(b, off)
	}
	clear(b[n:])
	return len(b), nil
}
