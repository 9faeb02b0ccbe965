package model

import "fmt"

// buildLayer adds the mixer and the feed-forward part of one layer.
func (b *builder) buildLayer(t LayerType) error {
	switch t {
	case TypeFull, TypeFullOnly, TypeWindow, TypeWindowOnly, TypeCompressed, TypeHardCompressed:
		if err := b.attention(t); err != nil {
			return err
		}
	case TypeRecurrent, TypeRecurrentOnly:
		if err := b.recurrent(); err != nil {
			return err
		}
	case TypeParallel:
		if err := b.attention(TypeFull); err != nil {
			return err
		}
		if err := b.recurrent(); err != nil {
			return err
		}
	case TypeCross:
		b.crossAttention()
	}
	switch t {
	case TypeFullOnly, TypeWindowOnly, TypeRecurrentOnly:
		b.norm("attn_norm", b.embd)
	case TypeMLP, TypeExperts:
		b.norm("attn_norm", b.embd)
		return b.feedForward(t)
	case TypeNone:
		b.norm("ffn_norm", b.embd)
		return b.feedForward(t)
	default:
		b.norms()
		return b.feedForward(t)
	}
	return nil
}

// norms adds the norms of a layer with a mixer and a feed-forward part. Norms
// before or behind a part (OLMo 2, BERT) count the same and differ in name.
func (b *builder) norms() {
	b.norm("attn_norm", b.embd)
	if !b.t.Has(OneNorm) {
		b.norm("ffn_norm", b.embd)
	}
	if b.t.Has(PostNorms) {
		b.norm("post_attention_norm", b.embd)
		b.norm("post_ffw_norm", b.embd)
	}
	if b.t.Has(LayerScale) {
		b.vec("layer_output_scale.weight", Norm, PartSmall, 1)
	}
	if b.t.Has(HyperConn) { // 4 streams mixed before attention and before the experts
		b.mat("hc_attn_fn.weight", Kept, PartSmall, 4*b.embd, 24)
		b.mat("hc_ffn_fn.weight", Kept, PartSmall, 4*b.embd, 24)
	}
	if b.t.Has(PerLayerInput) && b.a.PerLayerDim > 0 {
		d := int64(b.a.PerLayerDim)
		b.mat("inp_gate.weight", Other, PartDenseFFN, b.embd, d)
		b.mat("proj.weight", Other, PartDenseFFN, d, b.embd)
		b.vec("post_norm.weight", Norm, PartSmall, b.embd)
	}
	if b.t.Has(AltUp) {
		b.vec("altup_correct_coef.weight", Norm, PartSmall, 16)
		b.vec("altup_correct_scale.weight", Norm, PartSmall, b.embd)
		b.vec("altup_predict_coef.weight", Norm, PartSmall, 64)
		b.mat("altup_router.weight", Kept, PartSmall, b.embd, 4)
		b.vec("altup_router_norm.weight", Norm, PartSmall, b.embd)
		b.mat("laurel_l.weight", Kept, PartSmall, b.embd, 64)
		b.mat("laurel_r.weight", Kept, PartSmall, 64, b.embd)
		b.vec("laurel_post_norm.weight", Norm, PartSmall, b.embd)
	}
}

// attention adds the attention of one layer and its cache geometry.
func (b *builder) attention(t LayerType) error {
	a, l := b.a, b.l
	l.Heads, l.KVHeads, l.HeadDimK, l.HeadDimV = a.Heads, a.KVHeads, a.HeadDim, a.HeadDim
	if l.KVHeads == 0 {
		l.KVHeads = l.Heads
	}
	if l.HeadDimK == 0 && l.Heads > 0 {
		l.HeadDimK, l.HeadDimV = a.HiddenSize/l.Heads, a.HiddenSize/l.Heads
	}
	if a.VHeadDim > 0 {
		l.HeadDimV = a.VHeadDim
	}
	full := t == TypeFull || t == TypeFullOnly
	if g := a.Global; g != nil && full {
		if g.Heads > 0 {
			l.Heads = g.Heads
		}
		if g.KVHeads > 0 {
			l.KVHeads = g.KVHeads
		}
		if g.HeadDim > 0 {
			l.HeadDimK, l.HeadDimV = g.HeadDim, g.HeadDim
		}
	}
	l.Attention = FullAttention
	if t == TypeWindow || t == TypeWindowOnly {
		l.Attention, l.Window = WindowAttention, a.SlidingWindow
		if l.Window == 0 {
			return fmt.Errorf("sliding_window is missing: the layer pattern has windowed layers")
		}
	}
	l.OwnsCache = !b.t.Has(PlainEncoder)
	if a.KVOwners > 0 && b.layer >= a.KVOwners {
		l.OwnsCache = false
	}
	if b.t.Has(SharedCLA) && b.layer%2 == 1 {
		l.OwnsCache = false
	}
	if a.MLA != nil {
		return b.latentAttention()
	}
	if l.Heads <= 0 || l.HeadDimK <= 0 {
		return fmt.Errorf("heads is missing: give it to estimate this model")
	}
	if a.OutputRank > 0 {
		b.compressedAttention(t)
		return nil
	}
	part := PartAttention
	q, k, v := int64(l.Heads)*int64(l.HeadDimK), int64(l.KVHeads)*int64(l.HeadDimK), int64(l.KVHeads)*int64(l.HeadDimV)
	out := int64(l.Heads) * int64(l.HeadDimV)
	shared := b.t.Has(SharedCLA) && b.layer%2 == 1
	keyIsValue := a.Global != nil && a.Global.KeyEqualsVal && full
	switch {
	case b.t.Has(FusedQKV):
		b.mat("attn_qkv.weight", AttnQKV, part, b.embd, q+k+v)
		if b.t.Has(QKVBias) {
			b.bias("attn_qkv", q+k+v)
		}
	default:
		wide := q
		if b.t.Has(DoubleQ) {
			wide *= 2
		}
		b.mat("attn_q.weight", AttnQ, part, b.embd, wide)
		if b.t.Has(QKVBias) {
			b.bias("attn_q", wide)
		}
		if shared {
			break
		}
		b.mat("attn_k.weight", AttnK, part, b.embd, k)
		if !keyIsValue {
			b.mat("attn_v.weight", AttnV, part, b.embd, v)
		}
		if b.t.Has(QKVBias) {
			if !b.t.Has(NoBiasK) {
				b.bias("attn_k", k)
			}
			b.bias("attn_v", v)
		}
	}
	b.mat("attn_output.weight", AttnOutput, part, out, b.embd)
	if b.t.Has(OutBias) {
		b.bias("attn_output", b.embd)
	}
	switch {
	case b.t.Has(QKNorm):
		b.vec("attn_q_norm.weight", Norm, PartSmall, int64(l.HeadDimK))
		b.vec("attn_k_norm.weight", Norm, PartSmall, int64(l.HeadDimK))
	case b.t.Has(QKNormFull):
		b.vec("attn_q_norm.weight", Norm, PartSmall, q)
		b.vec("attn_k_norm.weight", Norm, PartSmall, k)
	}
	if b.t.Has(SubNorms) {
		b.vec("attn_sub_norm.weight", Norm, PartSmall, b.embd)
	}
	if b.t.Has(Sinks) && (a.Arch != "mimo2" || !full) {
		b.vec("attn_sinks.weight", Bias, PartSmall, int64(l.Heads))
	}
	if b.t.Has(AttnGateFull) {
		b.mat("attn_gate.weight", AttnGate, part, b.embd, out)
	}
	if b.t.Has(AttnGateHead) {
		b.mat("attn_gate.weight", AttnGate, part, b.embd, int64(l.Heads))
	}
	if b.t.Has(ClassicHeads) {
		b.mat("attn_rel.weight", Other, part, b.embd, b.embd)
	}
	return nil
}

// latentAttention adds multi-head latent attention (DeepSeek-V2 report, section 2.1).
func (b *builder) latentAttention() error {
	a, l, p := b.a, b.l, PartAttention
	m := a.MLA
	if a.Heads <= 0 {
		return fmt.Errorf("heads is missing: give it to estimate this model")
	}
	h, lora := int64(a.Heads), int64(m.KVLoraRank)
	qk := int64(m.NopeDim + m.RopeDim)
	l.Attention, l.LatentDim, l.RopeDim = LatentAttention, m.KVLoraRank, m.RopeDim
	l.Heads, l.KVHeads, l.HeadDimK, l.HeadDimV = a.Heads, a.Heads, m.NopeDim+m.RopeDim, m.VHeadDim
	if m.QLoraRank > 0 {
		b.mat("attn_q_a.weight", AttnQA, p, b.embd, int64(m.QLoraRank))
		b.vec("attn_q_a_norm.weight", Norm, PartSmall, int64(m.QLoraRank))
		b.mat("attn_q_b.weight", AttnQB, p, int64(m.QLoraRank), h*qk)
	} else {
		b.mat("attn_q.weight", AttnQ, p, b.embd, h*qk)
	}
	b.mat("attn_kv_a_mqa.weight", AttnKVA, p, b.embd, lora+int64(m.RopeDim))
	b.vec("attn_kv_a_norm.weight", Norm, PartSmall, lora)
	if b.t.Has(MLASplit) {
		b.mat("attn_k_b.weight", AttnKB, p, int64(m.NopeDim), lora*h)
		b.mat("attn_v_b.weight", AttnVB, p, lora, int64(m.VHeadDim)*h)
	} else {
		b.mat("attn_kv_b.weight", AttnKVB, p, lora, int64(m.NopeDim+m.VHeadDim)*h)
	}
	b.mat("attn_output.weight", AttnOutput, p, int64(m.VHeadDim)*h, b.embd)
	if b.t.Has(AttnGateFull) {
		b.mat("attn_gate.weight", AttnGate, p, b.embd, int64(m.VHeadDim)*h)
	}
	if m.IndexerDim > 0 && (m.IndexerEvery == 0 || b.layer < 3 || (b.layer-2)%m.IndexerEvery == 0) {
		l.IndexerDim = m.IndexerDim
		b.indexer(int64(m.QLoraRank), int64(m.IndexerDim), int64(m.IndexerHeads))
		b.mat("indexer.attn_k.weight", Indexer, p, b.embd, int64(m.IndexerDim))
		b.vec("indexer.k_norm.weight", Norm, PartSmall, 2*int64(m.IndexerDim))
	}
	return nil
}

// indexer adds the query side of a sparse-attention indexer (DeepSeek-V3.2).
func (b *builder) indexer(rank, dim, heads int64) {
	b.mat("indexer.attn_q_b.weight", Indexer, PartAttention, rank, dim*heads)
	b.mat("indexer.proj.weight", Indexer, PartAttention, b.embd, heads)
}

// compressedAttention adds DeepSeek V4's attention: one shared KV head, a
// low-rank query and a grouped low-rank output, a window of raw entries and,
// in most layers, a cache compressed 4 or 128 times.
func (b *builder) compressedAttention(t LayerType) {
	a, l, p := b.a, b.l, PartAttention
	d, h := int64(l.HeadDimK), int64(l.Heads)
	b.mat("attn_q_a.weight", AttnQA, p, b.embd, int64(a.QueryRank))
	b.vec("attn_q_a_norm.weight", Norm, PartSmall, int64(a.QueryRank))
	b.mat("attn_q_b.weight", AttnQB, p, int64(a.QueryRank), h*d)
	b.mat("attn_kv.weight", AttnK, p, b.embd, d)
	b.vec("attn_kv_norm.weight", Norm, PartSmall, d)
	groups := int64(max(a.OutputGroups, 1))
	b.mat("attn_output_a.weight", AttnOutput, p, h*d/groups, groups*int64(a.OutputRank))
	b.mat("attn_output_b.weight", AttnOutput, p, groups*int64(a.OutputRank), b.embd)
	b.vec("attn_sinks.weight", Bias, PartSmall, h)
	l.HeadDimV = 0 // key and value are the same cached entry
	if t != TypeCompressed && t != TypeHardCompressed {
		return
	}
	l.Attention, l.Window = FullAttention, a.SlidingWindow
	wide := d
	if t == TypeCompressed {
		l.KVCompression, wide = a.KVCompression[0], 2*d // overlapping blocks
		if m := a.Indexer; m != nil {
			l.IndexerDim = m.Dim
			b.indexer(int64(a.QueryRank), int64(m.Dim), int64(m.Heads))
			b.mat("indexer.compressor_kv.weight", Indexer, p, b.embd, 2*int64(m.Dim))
			b.mat("indexer.compressor_gate.weight", Indexer, p, b.embd, 2*int64(m.Dim))
		}
	} else {
		l.KVCompression = a.KVCompression[1]
	}
	b.mat("attn_compressor_kv.weight", AttnK, p, b.embd, wide)
	b.mat("attn_compressor_gate.weight", AttnGate, p, b.embd, wide)
	b.vec("attn_compressor_ape.weight", Bias, PartSmall, wide*int64(l.KVCompression))
	b.vec("attn_compressor_norm.weight", Norm, PartSmall, d)
}

// crossAttention adds a layer that attends to image features (Llama 3.2 Vision).
func (b *builder) crossAttention() {
	a, l, p := b.a, b.l, PartAttention
	l.Heads, l.KVHeads, l.HeadDimK, l.HeadDimV = a.Heads, a.KVHeads, a.HeadDim, a.HeadDim
	q, k := int64(a.Heads)*int64(a.HeadDim), int64(a.KVHeads)*int64(a.HeadDim)
	b.mat("cross_attn_q_proj.weight", AttnQ, p, b.embd, q)
	b.mat("cross_attn_k_proj.weight", AttnK, p, b.embd, k)
	b.mat("cross_attn_v_proj.weight", AttnV, p, b.embd, k)
	b.mat("cross_attn_o_proj.weight", AttnOutput, p, q, b.embd)
	b.vec("cross_attn_q_norm.weight", Norm, PartSmall, int64(a.HeadDim))
	b.vec("cross_attn_k_norm.weight", Norm, PartSmall, int64(a.HeadDim))
	b.vec("cross_attn_gates.weight", Norm, PartSmall, 2)
}
