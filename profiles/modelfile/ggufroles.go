package modelfile

import (
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf"
)

// ggufRoles maps tensor names within a layer whose role is not their name.
var ggufRoles = map[string]struct {
	role model.Role
	part model.Part
}{
	"attn_q": {model.AttnQ, model.PartAttention}, "attn_k": {model.AttnK, model.PartAttention}, "attn_v": {model.AttnV, model.PartAttention},
	"attn_qkv": {model.AttnQKV, model.PartAttention}, "attn_output": {model.AttnOutput, model.PartAttention},
	"attn_q_a": {model.AttnQA, model.PartAttention}, "attn_q_b": {model.AttnQB, model.PartAttention},
	"attn_kv_a_mqa": {model.AttnKVA, model.PartAttention}, "attn_kv_b": {model.AttnKVB, model.PartAttention},
	"attn_k_b": {model.AttnKB, model.PartAttention}, "attn_v_b": {model.AttnVB, model.PartAttention}, "attn_gate": {model.AttnGate, model.PartAttention},
	"attn_kv": {model.AttnK, model.PartAttention}, "attn_output_a": {model.AttnOutput, model.PartAttention}, "attn_output_b": {model.AttnOutput, model.PartAttention},
	"cross_attn_q_proj": {model.AttnQ, model.PartAttention}, "cross_attn_k_proj": {model.AttnK, model.PartAttention},
	"cross_attn_v_proj": {model.AttnV, model.PartAttention}, "cross_attn_o_proj": {model.AttnOutput, model.PartAttention},
	"ffn_up": {model.FFNUp, model.PartDenseFFN}, "ffn_gate": {model.FFNGate, model.PartDenseFFN}, "ffn_down": {model.FFNDown, model.PartDenseFFN},
	"ffn_up_exps": {model.FFNUpExps, model.PartExperts}, "ffn_gate_exps": {model.FFNGateExps, model.PartExperts},
	"ffn_down_exps": {model.FFNDownExps, model.PartExperts}, "ffn_gate_up_exps": {model.FFNUpExps, model.PartExperts},
	"ffn_up_shexp": {model.FFNUpShexp, model.PartShared}, "ffn_gate_shexp": {model.FFNGateShexp, model.PartShared}, "ffn_down_shexp": {model.FFNDownShexp, model.PartShared},
	"ffn_latent_down": {model.Other, model.PartShared}, "ffn_latent_up": {model.Other, model.PartShared},
	"ffn_gate_inp": {model.Router, model.PartSmall}, "ffn_gate_inp_shexp": {model.Router, model.PartSmall},
	"ssm_in": {model.SSMIn, model.PartRecurrent}, "ssm_out": {model.SSMOut, model.PartRecurrent}, "ssm_conv1d": {model.SSMConv, model.PartRecurrent},
	"ssm_ba": {model.SSMIn, model.PartRecurrent}, "ssm_x": {model.SSMIn, model.PartRecurrent},
	"shortconv.in_proj": {model.ShortConvIn, model.PartRecurrent}, "shortconv.out_proj": {model.ShortConvOut, model.PartRecurrent}, "shortconv.conv": {model.SSMConv, model.PartRecurrent},
	"channel_mix_key": {model.FFNUp, model.PartDenseFFN}, "channel_mix_value": {model.FFNDown, model.PartDenseFFN}, "channel_mix_receptance": {model.FFNGate, model.PartDenseFFN},
	"inp_gate": {model.Other, model.PartDenseFFN}, "proj": {model.Other, model.PartDenseFFN},
}

var ggufGlobals = map[string]model.Role{
	"token_embd": model.TokenEmbedding, "output": model.Output, "position_embd": model.PositionEmbd, "token_types": model.PositionEmbd,
	"per_layer_token_embd": model.PerLayerEmbd, "per_layer_model_proj": model.Kept, "altup_proj": model.Kept, "altup_unembd_proj": model.Kept,
}

// ggufTensors turns the tensor table into the model's terms.
func ggufTensors(f *gguf.File) []model.Tensor {
	out := make([]model.Tensor, len(f.Tensors))
	for i := range f.Tensors {
		s := &f.Tensors[i]
		t := &out[i]
		*t = model.Tensor{Name: s.Name, Layer: -1, Elements: s.Elements, Dims: len(s.Dims), Row: 1, Type: s.Type.Name, Bytes: s.Bytes, Part: model.PartGlobal}
		if len(s.Dims) > 0 {
			t.Row = s.Dims[0]
		}
		for len(s.Dims) > 1 && t.Dims > 1 && s.Dims[t.Dims-1] == 1 {
			t.Dims-- // a trailing 1 does not make a matrix
		}
		ggufRole(t)
		if t.Part == model.PartExperts && len(s.Dims) == 3 && t.Dims == 3 && s.Dims[2] <= 1<<16 {
			t.Experts = int(s.Dims[2])
		}
	}
	return out
}

func ggufRole(t *model.Tensor) {
	name, isBias := strings.CutSuffix(t.Name, ".bias")
	name = strings.TrimSuffix(name, ".weight")
	rest, inLayer := strings.CutPrefix(name, "blk.")
	if !inLayer {
		role, ok := ggufGlobals[name]
		switch {
		case ok && !isBias:
			t.Role = role
		case strings.HasPrefix(name, "v."), strings.HasPrefix(name, "mm."), strings.HasPrefix(name, "a."):
			t.Role = model.VisionTower
		case strings.HasSuffix(name, "norm"):
			t.Role = model.Norm
		default:
			t.Role = model.Other
		}
		return
	}
	num, rest, ok := strings.Cut(rest, ".")
	n, err := strconv.Atoi(num)
	if !ok || err != nil || n < 0 {
		t.Role = model.Other
		return
	}
	t.Layer = n
	known, ok := ggufRoles[rest]
	switch {
	case strings.HasPrefix(rest, "nextn"):
		t.Role, t.Part, t.Layer = model.MTP, model.PartGlobal, -1
	case isBias:
		t.Role, t.Part = model.Bias, model.PartSmall
	case ok:
		t.Role, t.Part = known.role, known.part
	case strings.HasPrefix(rest, "indexer") && t.Dims > 1:
		t.Role, t.Part = model.Indexer, model.PartAttention
	case strings.HasPrefix(rest, "ssm_"), strings.HasPrefix(rest, "shortconv"):
		t.Role, t.Part = model.SSMSmall, model.PartRecurrent
		if t.Dims > 1 && !strings.Contains(rest, "conv") && !strings.Contains(rest, "ssm_a") {
			t.Role = model.SSMIn
		}
	case strings.HasPrefix(rest, "time_mix"):
		t.Role, t.Part = model.SSMSmall, model.PartRecurrent
		switch rest {
		case "time_mix_key", "time_mix_value", "time_mix_receptance", "time_mix_output", "time_mix_gate":
			t.Role = model.SSMIn
		}
	case perExpert(rest):
		t.Role, t.Part = map[byte]model.Role{'u': model.FFNUpExps, 'g': model.FFNGateExps, 'd': model.FFNDownExps}[rest[4]], model.PartExperts
		t.Experts = 1
	case strings.HasSuffix(rest, "norm"), strings.Contains(rest, "norm_"):
		t.Role, t.Part = model.Norm, model.PartSmall
	case t.Dims <= 1:
		t.Role, t.Part = model.Bias, model.PartSmall
	default:
		t.Role, t.Part = model.Other, model.PartSmall
	}
}

// perExpert recognises the experts of files from before they were stacked:
// "ffn_up.3".
func perExpert(rest string) bool {
	for _, p := range []string{"ffn_up.", "ffn_gate.", "ffn_down."} {
		if n, ok := strings.CutPrefix(rest, p); ok {
			_, err := strconv.Atoi(n)
			return err == nil
		}
	}
	return false
}

// fillTensors gives the model its file's tensors and counts parameters anew
// from them. Layers from the model's layer count on are prediction layers.
func fillTensors(m *model.Model, tensors []model.Tensor, blocks int) {
	m.Tensors = tensors
	m.EmbeddingParams, m.OutputParams, m.VisionParams, m.MTPParams, m.OtherParams = 0, 0, 0, 0, 0
	for i := range m.Layers {
		l := &m.Layers[i]
		l.AttentionParams, l.RecurrentParams, l.DenseFFNParams, l.ExpertParams, l.SharedParams, l.RouterParams, l.NormParams = 0, 0, 0, 0, 0, 0, 0
	}
	m.Arch.TiedEmbeddings = true
	for i := range tensors {
		t := &tensors[i]
		if t.Layer >= len(m.Layers) {
			if t.Layer < blocks {
				t.Role = model.MTP
			} else {
				t.Role = model.Other
			}
			t.Layer, t.Part = -1, model.PartGlobal
		}
		if t.Layer < 0 {
			switch t.Role {
			case model.TokenEmbedding:
				m.EmbeddingParams += t.Elements
			case model.Output:
				m.OutputParams += t.Elements
				m.Arch.TiedEmbeddings = false
			case model.VisionTower:
				m.VisionParams += t.Elements
			case model.MTP:
				m.MTPParams += t.Elements
			default:
				m.OtherParams += t.Elements
			}
			continue
		}
		l := &m.Layers[t.Layer]
		switch t.Part {
		case model.PartAttention:
			l.AttentionParams += t.Elements
		case model.PartRecurrent:
			l.RecurrentParams += t.Elements
		case model.PartDenseFFN:
			l.DenseFFNParams += t.Elements
		case model.PartExperts:
			l.ExpertParams += t.Elements
		case model.PartShared:
			l.SharedParams += t.Elements
		default:
			if t.Role == model.Router {
				l.RouterParams += t.Elements
			} else {
				l.NormParams += t.Elements
			}
		}
	}
}

// totalParams counts all parameters without prediction layers.
func totalParams(m *model.Model) int64 {
	n := m.EmbeddingParams + m.OutputParams + m.VisionParams + m.OtherParams
	for i := range m.Layers {
		n += m.Layers[i].Params()
	}
	return n
}
