package modelfile

import (
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles/modelfile/safetensors"
)

const maxGroups = 1 << 16

// collector gathers the tensors of a checkpoint: scales and zero points join
// the weight they belong to, the experts of a layer become one stack.
type collector struct {
	tensors []model.Tensor
	at      map[string]int
	bits    int64 // bits per weight of packed tensors
}

// packedBits returns the bits of one packed weight of a format.
func packedBits(format string) int64 {
	switch {
	case strings.Contains(format, "INT8"), strings.Contains(format, "8bit"):
		return 8
	case strings.Contains(format, "3bit"), strings.HasPrefix(format, "3."):
		return 3
	case strings.Contains(format, "2bit"), strings.HasPrefix(format, "2."):
		return 2
	case strings.Contains(format, "6bit"):
		return 6
	case strings.Contains(format, "5bit"):
		return 5
	}
	return 4
}

// auxiliary suffixes of tensors that belong to a weight and are no parameters.
var auxiliary = []string{
	".qzeros", ".scales", ".g_idx", ".weight_scale", ".weight_scale_inv", ".weight_scale_2", ".input_scale", ".weight_shape", ".weight_zero_point",
	".weight_global_scale", ".input_global_scale", ".biases", ".weight.absmax", ".weight.quant_map", ".weight.nested_absmax", ".weight.nested_quant_map",
	".weight.quant_state.bitsandbytes__nf4", ".weight.quant_state.bitsandbytes__fp4", ".SCB", ".weight_format", ".k_scale", ".v_scale", ".scale_inv", "_scales", "_scale", ".weight_g_idx",
}

var primary = []string{".weight_packed", ".qweight", ".weight", "_blocks"}

func (c *collector) add(t *safetensors.Tensor) {
	base, elements, isBias, aux := t.Name, t.Elements(), false, false
	for _, s := range auxiliary {
		if b, ok := strings.CutSuffix(base, s); ok {
			base, elements, aux = b, 0, true
			break
		}
	}
	if !aux {
		for _, s := range []string{".bias", "_bias"} {
			if b, ok := strings.CutSuffix(base, s); ok {
				base, isBias = b, true
				break
			}
		}
		for _, s := range primary {
			if b, ok := strings.CutSuffix(base, s); ok {
				base = b
				break
			}
		}
	}
	factor := c.bits // bits of one stored element over bits of one weight
	if !aux && !isBias && len(t.Shape) > 1 {
		switch t.DType {
		case "I32", "U32":
			factor = 32
		case "U8":
			factor = max(c.bits, 8)
			if c.bits > 4 {
				factor = c.bits
			}
		default:
			factor = c.bits
		}
		elements = elements * factor / c.bits
	}
	out := model.Tensor{Layer: -1, Part: model.PartGlobal, Dims: len(t.Shape), Type: storage(t.DType), Row: 1}
	if n := len(t.Shape); n > 0 {
		out.Row = t.Shape[n-1] * factor / c.bits
	}
	base, expert := hfRole(base, isBias, &out)
	if isBias {
		base += ".bias"
	}
	i, seen := c.at[base]
	if !seen {
		i = len(c.tensors)
		c.at[base] = i
		out.Name = base
		c.tensors = append(c.tensors, out)
	}
	g := &c.tensors[i]
	g.Bytes += t.Bytes
	g.Elements += elements
	if !aux {
		g.Type, g.Row, g.Dims = out.Type, out.Row, out.Dims
		if expert >= 0 {
			g.Experts++
			g.Dims = 3
		} else if out.Part == model.PartExperts && len(t.Shape) >= 3 && t.Shape[0] <= 1<<16 {
			g.Experts = int(t.Shape[0])
		}
	}
}

// storage names the data type as package format does.
func storage(dtype string) string {
	switch dtype {
	case "F8_E4M3", "F8_E5M2", "F8_E4M3FN":
		return "FP8"
	}
	return dtype
}

// layerOf finds the layer number in a checkpoint's tensor name.
func layerOf(name string) (layer int, rest string, ok bool) {
	parts := strings.Split(name, ".")
	for i := 0; i+1 < len(parts); i++ {
		switch parts[i] {
		case "layers", "h", "blocks", "layer", "block":
			if n, err := strconv.Atoi(parts[i+1]); err == nil && n >= 0 {
				return n, strings.Join(parts[i+2:], "."), true
			}
		}
	}
	return 0, "", false
}

// hfRole settles role, part and layer, and takes the number out of the names
// of single experts; expert is -1 for everything else.
func hfRole(name string, isBias bool, t *model.Tensor) (base string, expert int) {
	for _, w := range []string{"vision", "visual", "vit.", "vpm", "audio", "mm_projector", "multi_modal_projector", "image_newline", "embed_vision", "resampler", "mlp1."} {
		if strings.Contains(name, w) {
			t.Role = model.VisionTower
			return name, -1
		}
	}
	layer, rest, ok := layerOf(name)
	if strings.HasPrefix(name, "mtp.") || strings.Contains(name, ".mtp.") {
		t.Role = model.MTP
		return name, -1
	}
	if !ok {
		last := name[strings.LastIndexByte(name, '.')+1:]
		switch last {
		case "embed_tokens", "wte", "word_embeddings", "embed_in", "tok_embeddings", "embeddings", "embedding", "embed":
			t.Role = model.TokenEmbedding
		case "lm_head", "output", "embed_out", "output_layer", "head":
			t.Role = model.Output
		case "wpe", "position_embeddings", "embed_positions", "token_type_embeddings":
			t.Role = model.PositionEmbd
		case "embed_tokens_per_layer":
			t.Role = model.PerLayerEmbd
		default:
			if t.Role = model.Other; strings.Contains(last, "norm") {
				t.Role = model.Norm
			}
		}
		return name, -1
	}
	t.Layer = layer
	expert = -1
	if head, tail, found := strings.Cut(rest, "experts."); found && !strings.HasSuffix(head, "shared_") {
		num, after, _ := strings.Cut(tail, ".")
		if n, err := strconv.Atoi(num); err == nil {
			expert = n
			rest = head + "experts." + after
			name = "layers." + strconv.Itoa(layer) + "." + rest
		}
	}
	t.Role, t.Part = layerRole(rest, isBias, t.Dims)
	return name, expert
}

func layerRole(rest string, isBias bool, dims int) (model.Role, model.Part) {
	last := rest[strings.LastIndexByte(rest, '.')+1:]
	in := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(rest, w) {
				return true
			}
		}
		return false
	}
	if isBias {
		return model.Bias, model.PartSmall
	}
	recurrent := in("linear_attn", "mamba", "ssm", "time_mix", "short_conv") || strings.HasPrefix(rest, "conv.") ||
		strings.HasPrefix(rest, "mixer.") && (in("in_proj", "out_proj", "conv1d", "A_log", "dt_bias", "x_proj", "dt_proj") || last == "D")
	switch {
	case in("shared_expert_gate"):
		return model.Router, model.PartSmall
	case in("shared_expert", "share_expert"):
		return pick(last, model.FFNGateShexp, model.FFNUpShexp, model.FFNDownShexp), model.PartShared
	case in("experts"):
		return pick(last, model.FFNGateExps, model.FFNUpExps, model.FFNDownExps), model.PartExperts
	case last == "gate" || last == "router" || in("router", "gate.e_score") || last == "wg":
		if dims <= 1 {
			return model.Bias, model.PartSmall
		}
		return model.Router, model.PartSmall
	case dims <= 1 && in("norm", "ln_"):
		return model.Norm, model.PartSmall
	case recurrent && (in("in_proj") || last == "x_proj" || last == "dt_proj"):
		return model.SSMIn, model.PartRecurrent
	case recurrent && in("out_proj"):
		return model.SSMOut, model.PartRecurrent
	case recurrent && in("conv"):
		return model.SSMConv, model.PartRecurrent
	case recurrent:
		return model.SSMSmall, model.PartRecurrent
	case in("indexer"):
		return model.Indexer, model.PartAttention
	case dims <= 1:
		return model.Bias, model.PartSmall
	}
	switch last {
	case "q_proj", "wq", "query":
		return model.AttnQ, model.PartAttention
	case "k_proj", "wk", "key":
		return model.AttnK, model.PartAttention
	case "v_proj", "wv", "value":
		return model.AttnV, model.PartAttention
	case "qkv_proj", "query_key_value", "c_attn", "Wqkv", "qkv", "W_pack", "wqkv", "att_proj":
		return model.AttnQKV, model.PartAttention
	case "q_a_proj":
		return model.AttnQA, model.PartAttention
	case "q_b_proj":
		return model.AttnQB, model.PartAttention
	case "kv_a_proj_with_mqa":
		return model.AttnKVA, model.PartAttention
	case "kv_b_proj":
		return model.AttnKVB, model.PartAttention
	}
	if in("attn", "attention") || last == "o_proj" || last == "wo" || last == "attn_out" {
		return model.AttnOutput, model.PartAttention
	}
	if r := ffnRole(last); r != "" {
		return r, model.PartDenseFFN
	}
	return model.Other, model.PartSmall
}

func ffnRole(last string) model.Role {
	switch last {
	case "gate_proj", "w1":
		return model.FFNGate
	case "up_proj", "w3", "c_fc", "fc1", "dense_h_to_4h", "fc_in", "gate_up_proj", "ff_proj":
		return model.FFNUp
	case "down_proj", "w2", "c_proj", "fc2", "dense_4h_to_h", "fc_out", "ff_out":
		return model.FFNDown
	}
	return ""
}

// pick chooses among the three roles of a gated feed-forward.
func pick(last string, gate, up, down model.Role) model.Role {
	switch ffnRole(last) {
	case model.FFNGate:
		return gate
	case model.FFNDown:
		return down
	}
	return up
}
