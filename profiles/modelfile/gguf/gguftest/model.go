package gguftest

import (
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf"
)

// FromModel writes a model's inventory as a GGUF file would hold it: vectors
// in F32, matrices in block type where their rows divide into its blocks, else
// in F16. A tensor that has its own Type keeps it.
func FromModel(m *model.Model, block string) *File {
	a := &m.Arch
	arch := a.Arch
	if arch == "" {
		arch = "llama"
	}
	f := &File{KV: []KV{{"general.architecture", arch}, {"general.name", a.Name}}}
	n := len(m.Layers)
	heads, kv, swa := make([]int32, n), make([]int32, n), make([]bool, n)
	rope, window := a.RotaryDim, false
	for i := range m.Layers {
		l := &m.Layers[i]
		if l.Attention != model.NoAttention {
			heads[i], kv[i] = int32(l.Heads), int32(l.KVHeads)
		}
		swa[i] = l.Attention == model.WindowAttention
		window = window || swa[i]
	}
	put := func(key string, v int) {
		if v != 0 {
			f.KV = append(f.KV, KV{arch + "." + key, v})
		}
	}
	put("block_count", n)
	put("embedding_length", a.HiddenSize)
	put("feed_forward_length", a.IntermediateSize)
	put("context_length", a.MaxContext)
	if a.MLA != nil {
		rope = a.MLA.RopeDim
		put("attention.kv_lora_rank", a.MLA.KVLoraRank)
		put("attention.q_lora_rank", a.MLA.QLoraRank)
		put("attention.key_length", a.MLA.KVLoraRank+rope)
		put("attention.value_length", a.MLA.KVLoraRank)
		put("attention.indexer.key_length", a.MLA.IndexerDim)
		put("attention.indexer.head_count", a.MLA.IndexerHeads)
		put("attention.key_length_mla", a.MLA.NopeDim+rope)
		put("attention.value_length_mla", a.MLA.VHeadDim)
		for i := range kv {
			kv[i] = 1
		}
	} else {
		value := a.VHeadDim
		if value == 0 {
			value = a.HeadDim
		}
		if g := a.Global; g != nil && g.HeadDim > 0 {
			put("attention.key_length", g.HeadDim)
			put("attention.value_length", g.HeadDim)
			put("attention.key_length_swa", a.HeadDim)
			put("attention.value_length_swa", value)
		} else {
			put("attention.key_length", a.HeadDim)
			put("attention.value_length", value)
		}
	}
	put("rope.dimension_count", rope)
	if a.Heads > 0 {
		f.KV = append(f.KV, KV{arch + ".attention.head_count", heads}, KV{arch + ".attention.head_count_kv", kv})
	}
	if window {
		put("attention.sliding_window", a.SlidingWindow)
		f.KV = append(f.KV, KV{arch + ".attention.sliding_window_pattern", swa})
	}
	if a.KVOwners > 0 {
		put("attention.shared_kv_layers", n-a.KVOwners)
	}
	if e := a.MoE; e != nil {
		put("expert_count", e.Experts)
		put("expert_used_count", e.ExpertsPerToken)
		put("expert_shared_count", e.SharedExperts)
		put("expert_feed_forward_length", e.IntermediateSize)
		put("leading_dense_block_count", e.FirstDense)
	}
	if s := a.SSM; s != nil {
		switch s.Kind {
		case "short-conv":
			put("shortconv.l_cache", s.DConv)
		case "rwkv7":
			put("wkv.head_size", s.HeadDimK)
		case "kimi-delta-attention":
			put("kda.head_dim", s.DState)
			put("ssm.conv_kernel", s.DConv)
		default:
			put("ssm.inner_size", s.DInner)
			put("ssm.state_size", s.DState)
			put("ssm.conv_kernel", s.DConv)
			put("ssm.group_count", s.NGroups)
			put("ssm.time_step_rank", max(s.Heads, s.DTRank))
		}
	}
	for i := range m.Tensors {
		f.Tensors = append(f.Tensors, tensor(&m.Tensors[i], block))
	}
	return f
}

func tensor(t *model.Tensor, block string) Tensor {
	out := Tensor{Name: t.Name, Type: t.Type, Dims: []int64{t.Row}}
	if t.Dims > 1 {
		per := t.Elements / t.Row
		if t.Experts > 0 {
			out.Dims = append(out.Dims, per/int64(t.Experts), int64(t.Experts))
		} else {
			out.Dims = append(out.Dims, per)
		}
	}
	if out.Type != "" {
		return out
	}
	out.Type = "F32"
	if t.Dims > 1 {
		out.Type = "F16"
		if b, ok := gguf.TypeByName(block); ok && t.Row%b.BlockElems == 0 {
			out.Type = block
		}
	}
	return out
}
