package model

import "fmt"

// feedForward adds the dense, routed and shared feed-forward parts of a layer.
func (b *builder) feedForward(t LayerType) error {
	a, l := b.a, b.l
	routed := a.MoE != nil && b.layer >= a.MoE.FirstDense && t != TypeMLP
	if routed && t != TypeExperts && a.MoE.LayerStep > 1 {
		routed = (b.layer+1)%a.MoE.LayerStep == 0
	}
	if t == TypeExperts && a.MoE == nil {
		return fmt.Errorf("the layer pattern has experts, but moe is missing")
	}
	if routed {
		b.experts()
	}
	if routed && !a.MoE.DenseBeside {
		return nil
	}
	width := a.IntermediateSize
	if b.widths != nil {
		width = b.widths[b.layer]
	}
	if b.t.Has(DoubleWideMLP) && !l.OwnsCache {
		width *= 2
	}
	if width <= 0 {
		return fmt.Errorf("intermediate_size is missing: give it to estimate this model")
	}
	if l.Recurrent == RWKV {
		b.channelMix(int64(width))
		return nil
	}
	l.DenseFFNWidth = width
	b.gated("ffn_gate.weight", "ffn_up.weight", "ffn_down.weight", FFNGate, FFNUp, FFNDown, PartDenseFFN, b.embd, int64(width))
	if b.t.Has(FFNBias) {
		if a.MLP != "plain" {
			b.bias("ffn_gate", int64(width))
		}
		b.bias("ffn_up", int64(width))
		b.bias("ffn_down", b.embd)
	}
	if b.t.Has(SubNorms) {
		b.vec("ffn_sub_norm.weight", Norm, PartSmall, int64(width))
	}
	return nil
}

func (b *builder) gated(gateName, upName, downName string, gate, up, down Role, part Part, in, width int64) {
	switch {
	case b.a.MLP == "plain":
		b.mat(upName, up, part, in, width)
	case b.t.Has(FusedFFN) && part == PartDenseFFN:
		b.mat(upName, up, part, in, 2*width)
	default:
		b.mat(gateName, gate, part, in, width)
		b.mat(upName, up, part, in, width)
	}
	b.mat(downName, down, part, width, in)
}

func (b *builder) experts() {
	m, l := b.a.MoE, b.l
	n, width := int64(m.Experts), int64(m.IntermediateSize)
	l.Experts, l.ExpertsPerTok, l.SharedExperts, l.ExpertFFNWidth = m.Experts, m.ExpertsPerToken, m.SharedExperts, m.IntermediateSize
	b.mat("ffn_gate_inp.weight", Router, PartSmall, b.embd, n)
	if b.t.Has(ExpertBias) {
		b.bias("exp_probs_b", n)
	}
	in := b.embd
	if m.LatentSize > 0 {
		in = int64(m.LatentSize)
		b.mat("ffn_latent_down.weight", Other, PartShared, b.embd, in)
		b.mat("ffn_latent_up.weight", Other, PartShared, in, b.embd)
	}
	if b.a.MLP != "plain" {
		b.exps("ffn_gate_exps.weight", FFNGateExps, in, width)
	}
	b.exps("ffn_up_exps.weight", FFNUpExps, in, width)
	b.exps("ffn_down_exps.weight", FFNDownExps, width, in)
	if b.t.Has(MoEBias) {
		b.bias("ffn_gate_inp", n)
		b.vec("ffn_gate_exps.bias", Bias, PartSmall, n*width)
		b.vec("ffn_up_exps.bias", Bias, PartSmall, n*width)
		b.vec("ffn_down_exps.bias", Bias, PartSmall, n*in)
	}
	if b.t.Has(ExpertNorms) {
		b.vec("ffn_norms.weight", Norm, PartSmall, 3*b.embd)
		b.vec("ffn_gate_inp.scale", Norm, PartSmall, b.embd+n)
	}
	if m.SharedExperts > 0 {
		shared := int64(m.SharedSize)
		if shared == 0 {
			shared = int64(m.SharedExperts) * width
		}
		b.gated("ffn_gate_shexp.weight", "ffn_up_shexp.weight", "ffn_down_shexp.weight", FFNGateShexp, FFNUpShexp, FFNDownShexp, PartShared, b.embd, shared)
		if b.t.Has(SharedGate) {
			b.vec("ffn_gate_inp_shexp.weight", Router, PartSmall, b.embd)
		}
	}
}

// channelMix adds the feed-forward part of RWKV-7.
func (b *builder) channelMix(width int64) {
	b.l.DenseFFNWidth = int(width)
	b.vec("channel_mix_lerp_k.weight", Norm, PartSmall, b.embd)
	b.mat("channel_mix_key.weight", FFNUp, PartDenseFFN, b.embd, width)
	b.mat("channel_mix_value.weight", FFNDown, PartDenseFFN, width, b.embd)
}
