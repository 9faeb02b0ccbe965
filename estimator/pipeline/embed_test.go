package pipeline

import (
	"strings"
	"testing"
)

// bge is bge-large: 24 layers of 1024 (BERT large; Devlin et al. 2019,
// arXiv:1810.04805).
var bge = &Model{ID: "bge-large", Class: Embedding, Defaults: Job{SequenceTokens: 512}, Components: []Component{
	{Name: "encoder", Role: Encoder, Kind: Transformer, Params: 335141888, Layers: 24, Hidden: 1024, Heads: 16, FFN: 4096, Vocab: 30522}}}

// FLOPs a token are 24·L·d² (0.60398 GFLOPs) and 4·L·S·d of attention.
func TestEmbeddingWork(t *testing.T) {
	st := stageOf(t, bge, Job{}, "embedding")
	within(t, "linear", st.FLOPs/512, 0.60398e9, 1e-4)
	within(t, "attention", st.Attention/512, 4*24*512*1024, 1e-9)
	many := stageOf(t, bge, Job{Documents: 1000, Batch: 32}, "embedding")
	if many.Calls != 32 {
		t.Errorf("%g calls", many.Calls)
	}
	within(t, "a thousand documents", many.Calls*many.FLOPs, 1000*st.FLOPs, 1e-9)
	by := &Model{ID: "albert", Class: Embedding, Components: []Component{{Name: "encoder", Role: Encoder, Params: 11e6}}}
	st = stageOf(t, by, Job{SequenceTokens: 100}, "embedding")
	within(t, "by size", st.FLOPs, 2*11e6*100, 1e-9)
	if st.Assumed == "" {
		t.Error("an unknown shape is not said")
	}
	if _, err := Stages(by, Job{}); err == nil || !strings.Contains(err.Error(), "sequence tokens") {
		t.Errorf("no sequence length: %v", err)
	}
}
