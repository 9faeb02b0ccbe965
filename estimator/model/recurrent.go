package model

import "fmt"

// recurrentKinds maps SSM.Kind.
func recurrentKind(s string) RecurrentKind {
	switch s {
	case "mamba1":
		return Mamba1
	case "mamba2":
		return Mamba2
	case "gated-deltanet":
		return GatedDeltaNet
	case "kimi-delta-attention":
		return KimiDelta
	case "short-conv":
		return ShortConv
	case "rwkv7":
		return RWKV
	case "lightning", "lightning-attention":
		return Lightning
	}
	return NoRecurrence
}

// recurrent adds the recurrent mixer of one layer with its state per sequence,
// counted as llama.cpp stores it (llama-hparams.cpp, n_embd_r and n_embd_s).
func (b *builder) recurrent() error {
	s, l, p := b.a.SSM, b.l, PartRecurrent
	if s == nil {
		return fmt.Errorf("the layer pattern has recurrent layers, but ssm is missing")
	}
	l.Recurrent = recurrentKind(s.Kind)
	e, inner, state := b.embd, int64(s.DInner), int64(s.DState)
	conv := int64(max(s.DConv, 1))
	l.ConvState = (conv - 1) * (inner + 2*int64(s.NGroups)*state)
	l.RecurrentState = state * inner
	switch l.Recurrent {
	case Mamba1:
		b.mat("ssm_in.weight", SSMIn, p, e, 2*inner)
		b.small("ssm_conv1d.weight", SSMConv, conv*inner)
		b.bias("ssm_conv1d", inner)
		rank := int64(s.DTRank)
		b.mat("ssm_x.weight", SSMIn, p, inner, rank+2*state)
		b.mat("ssm_dt.weight", SSMIn, p, rank, inner)
		b.bias("ssm_dt", inner)
		b.small("ssm_a", SSMSmall, state*inner)
		b.small("ssm_d", SSMSmall, inner)
		b.mat("ssm_out.weight", SSMOut, p, inner, e)
		if b.t.Has(DTNorms) {
			b.vec("ssm_norms.weight", Norm, PartSmall, rank+2*state)
		}
	case Mamba2:
		wide, heads := inner+2*int64(s.NGroups)*state, int64(s.Heads)
		b.mat("ssm_in.weight", SSMIn, p, e, inner+wide+heads)
		b.small("ssm_conv1d.weight", SSMConv, conv*wide)
		b.bias("ssm_conv1d", wide)
		b.small("ssm_dt_a_d", SSMSmall, 3*heads)
		if !b.t.Has(NoSSMNorm) {
			b.vec("ssm_norm.weight", Norm, PartSmall, inner)
		}
		b.mat("ssm_out.weight", SSMOut, p, inner, e)
	case GatedDeltaNet:
		key, heads := int64(s.NGroups)*state, int64(s.Heads)
		if s.HeadDimK > 0 {
			key = int64(s.NGroups) * int64(s.HeadDimK)
			l.ConvState = (conv - 1) * (inner + 2*key)
			l.RecurrentState = int64(s.HeadDimK) * inner
		}
		b.mat("attn_qkv.weight", AttnQKV, p, e, 2*key+inner)
		b.mat("attn_gate.weight", AttnGate, p, e, inner)
		b.small("ssm_conv1d.weight", SSMConv, conv*(2*key+inner))
		b.mat("ssm_ba.weight", SSMIn, p, e, 2*heads)
		b.small("ssm_dt_a", SSMSmall, 2*heads)
		b.vec("ssm_norm.weight", Norm, PartSmall, inner/max(heads, 1))
		b.mat("ssm_out.weight", SSMOut, p, inner, e)
	case KimiDelta:
		heads := max(int64(s.Heads), 1)
		d := inner / heads
		l.ConvState, l.RecurrentState = 3*(conv-1)*inner, d*inner
		b.mat("attn_q.weight", AttnQ, p, e, inner)
		b.mat("attn_k.weight", AttnK, p, e, inner)
		b.mat("attn_v.weight", AttnV, p, e, inner)
		b.small("ssm_conv1d_qkv.weight", SSMConv, 3*conv*inner)
		b.mat("ssm_f_a.weight", SSMIn, p, e, d)
		b.mat("ssm_f_b.weight", SSMIn, p, d, inner)
		b.small("ssm_a_dt", SSMSmall, heads+inner)
		b.mat("ssm_beta.weight", SSMIn, p, e, heads)
		if b.t.Has(FullRankGate) {
			b.mat("ssm_g.weight", AttnGate, p, e, inner)
		} else {
			b.mat("ssm_g_a.weight", SSMIn, p, e, d)
			b.mat("ssm_g_b.weight", SSMIn, p, d, inner)
		}
		b.vec("ssm_norm.weight", Norm, PartSmall, d)
		b.mat("attn_output.weight", AttnOutput, p, inner, e)
	case ShortConv:
		l.ConvState, l.RecurrentState = (conv-1)*e, 0
		b.mat("shortconv.in_proj.weight", ShortConvIn, p, e, 3*e)
		b.small("shortconv.conv.weight", SSMConv, conv*e)
		b.mat("shortconv.out_proj.weight", ShortConvOut, p, e, e)
	case RWKV:
		l.ConvState, l.RecurrentState = 2*e, e*int64(max(s.HeadDimK, 1))
		for i, n := range []string{"w", "a", "v", "g"} {
			if n == "v" && b.layer == 0 { // the first layer has no earlier value to mix in
				continue
			}
			r := int64(s.Ranks[i])
			b.mat("time_mix_"+n+"1.weight", SSMSmall, p, e, r)
			b.mat("time_mix_"+n+"2.weight", SSMSmall, p, r, e)
			if n != "g" {
				b.vec("time_mix_"+n+"0.weight", Norm, PartSmall, e)
			}
		}
		b.vec("time_mix_lerp_fused.weight", Norm, PartSmall, 6*e)
		b.vec("time_mix_k_r.weight", Norm, PartSmall, 3*e)
		b.norm("time_mix_ln", e)
		for _, n := range []string{"receptance", "key", "value", "output"} {
			b.mat("time_mix_"+n+".weight", SSMIn, p, e, e)
		}
	case Lightning:
		l.ConvState, l.RecurrentState = 0, state*inner
		b.mat("attn_qkv.weight", AttnQKV, p, e, 3*inner)
		b.mat("attn_gate.weight", AttnGate, p, e, inner)
		b.vec("ssm_norm.weight", Norm, PartSmall, inner)
		b.mat("attn_output.weight", AttnOutput, p, inner, e)
	default:
		return fmt.Errorf("ssm.kind %q is unknown: use mamba1, mamba2, gated-deltanet, kimi-delta-attention, short-conv, rwkv7 or lightning", s.Kind)
	}
	return nil
}

// small adds a matrix of the recurrent mixer that files keep in F32.
func (b *builder) small(name string, role Role, n int64) {
	b.add(Tensor{Name: name, Role: role, Part: PartRecurrent, Row: n, Elements: n, Dims: 2})
}
