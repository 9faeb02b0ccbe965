package hf

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
)

// recurrent reads the recurrent mixer of hybrid and recurrent models.
func (r *reader) recurrent() {
	a := &r.a
	lin := jsonfile.Fields{Object: r.Obj("linear_attn_config")}
	switch {
	case r.Has("linear_num_value_heads"):
		s := &model.SSM{Kind: "gated-deltanet", DConv: r.Int("linear_conv_kernel_dim"), NGroups: r.Int("linear_num_key_heads"),
			Heads: r.Int("linear_num_value_heads"), HeadDimK: r.Int("linear_key_head_dim"), HeadDimV: r.Int("linear_value_head_dim")}
		s.DState, s.DInner = s.HeadDimK, product(s.Heads, s.HeadDimV)
		a.SSM = s
	case len(lin.Object) > 0:
		s := &model.SSM{Kind: "kimi-delta-attention", Heads: lin.Int("num_heads"), DState: lin.Int("head_dim"), DConv: lin.Int("short_conv_kernel_size")}
		s.DInner = product(s.Heads, s.DState)
		a.SSM = s
		if lin.Flag("use_full_rank_gate") {
			a.Traits += " fullrankgate"
		}
		if r.Flag("mla_use_output_gate") && !strings.Contains(a.Traits, "attngate") {
			a.Traits += " attngate"
		}
	case r.Has("conv_L_cache"):
		a.SSM = &model.SSM{Kind: "short-conv", DConv: r.Int("conv_L_cache"), DInner: a.HiddenSize}
	case strings.HasPrefix(r.kind, "rwkv"):
		d := r.Int("head_size", "head_dim")
		if d == 0 {
			d = 64
		}
		a.SSM = &model.SSM{Kind: "rwkv7", DInner: a.HiddenSize, DState: d, HeadDimK: d, HeadDimV: d, Heads: a.HiddenSize / d}
		a.Heads, a.KVHeads, a.HeadDim = 0, 0, 0
		if r.kind != "rwkv7" {
			r.assume("%s is counted as RWKV-7 without its low-rank parts", r.kind)
		}
		if a.IntermediateSize == 0 || r.kind == "rwkv5" {
			a.IntermediateSize = int(3.5*float64(a.HiddenSize)) / 32 * 32
		}
		a.Attention, a.LayerTypes = "none", "r"
	case r.Has("attn_type_list"):
		a.SSM = &model.SSM{Kind: "lightning", Heads: a.Heads, DState: a.HeadDim, DInner: product(a.Heads, a.HeadDim)}
	case r.Has("ssm_state_size"), r.Has("mamba_d_state"), r.Has("state_size"):
		r.mamba()
	}
	if lin.Err != nil && r.Err == nil {
		r.Err = lin.Err
	}
}

func (r *reader) mamba() {
	a := &r.a
	heads := r.Int("mamba_num_heads", "mamba_n_heads")
	if heads == 0 && r.kind == "mamba2" {
		heads = r.Int("num_heads")
	}
	s := &model.SSM{Kind: "mamba2", Heads: heads, DState: r.Int("ssm_state_size", "mamba_d_state", "state_size"),
		DConv: r.Int("conv_kernel", "mamba_d_conv", "d_conv"), NGroups: r.Int("mamba_n_groups", "n_groups")}
	expand := max(r.Int("mamba_expand", "expand"), 1)
	s.DInner = r.Int("mamba_d_ssm")
	dim, known := jsonfile.Whole(r.Object["mamba_head_dim"])
	if !known {
		dim, known = jsonfile.Whole(r.Object["mamba_d_head"])
	}
	if s.DInner == 0 && known && dim > 0 && heads > 0 {
		s.DInner = product(heads, dim)
	}
	if s.DInner == 0 {
		if s.DInner = r.Int("mamba_intermediate_size"); s.DInner == 0 {
			s.DInner = product(expand, a.HiddenSize)
		}
	}
	if heads == 0 {
		s.Kind, s.NGroups = "mamba1", 0
		rank, ok := jsonfile.Whole(r.Object["mamba_dt_rank"])
		if !ok {
			rank, ok = jsonfile.Whole(r.Object["time_step_rank"])
		}
		if !ok || rank <= 0 {
			rank = (a.HiddenSize + 15) / 16
		}
		s.DTRank = rank
	}
	a.SSM = s
	if r.kind == "mamba" || r.kind == "mamba2" || r.kind == "falcon_mamba" {
		a.Heads, a.KVHeads, a.HeadDim, a.Attention, a.LayerTypes = 0, 0, 0, "none", "R"
	}
}

// product multiplies two sizes; what is absurd stays absurd and is refused
// when the model is built.
func product(a, b int) int {
	if a > 0 && b > math.MaxInt32/a {
		return math.MaxInt32
	}
	return a * b
}

// layers works out the pattern of layer kinds.
func (r *reader) layers() {
	a := &r.a
	if r.Err != nil || a.LayerTypes != "" {
		r.count()
		return
	}
	n := min(a.LayerCount, 4096)
	var p []byte
	switch {
	case r.kind == "falcon_h1":
		p = []byte("p")
	case r.Str("hybrid_override_pattern") != "":
		p = []byte(strings.NewReplacer("M", "R", "*", "F", "-", "m", "E", "e", "|", "").Replace(r.Str("hybrid_override_pattern")))
	case len(r.List("block_configs")) > 0:
		p = r.pruned(n)
	case len(r.List("compress_ratios")) > 0:
		p = r.compressed()
	case len(r.List("layer_types")) > 0:
		p = r.named(r.List("layer_types"))
	case len(r.List("layers_block_type")) > 0:
		p = r.named(r.List("layers_block_type"))
	case len(r.List("hybrid_layer_pattern")) > 0:
		p = flags(r.List("hybrid_layer_pattern"), 'f', 'w')
	case len(r.List("attn_type_list")) > 0:
		p = flags(r.List("attn_type_list"), 'r', 'f')
	case len(r.List("full_attn_idxs")) > 0:
		p = listed(r.List("full_attn_idxs"), 0, n, 'f', 'r')
	case r.Obj("linear_attn_config") != nil:
		p = listed(r.Obj("linear_attn_config").List("full_attn_layers"), 1, n, 'f', 'r')
	case len(r.List("cross_attention_layers")) > 0:
		p = listed(r.List("cross_attention_layers"), 0, n, 'x', 'f')
	case r.Int("full_attention_interval") > 1:
		p = fmt.Appendf(nil, "%drf", r.Int("full_attention_interval")-1)
	case r.Int("attn_layer_period") > 0:
		period, at := min(r.Int("attn_layer_period"), 4096), r.Int("attn_layer_offset")
		for i := range period {
			p = append(p, "rf"[b2i(i == at)])
		}
	case a.SSM != nil && r.kind == "granitemoehybrid":
		r.assume("layer_types is absent: one attention layer in ten assumed")
		p = []byte("5rf4r")
	case a.Arch == "llama4":
		p = []byte("3wf")
		if len(r.List("no_rope_layers")) == a.LayerCount {
			p = flags(r.List("no_rope_layers"), 'f', 'w')
		}
	case a.SlidingWindow == 0:
		return
	case r.Int("sliding_window_pattern", "_sliding_window_pattern") > 1:
		p = fmt.Appendf(nil, "%dwf", r.Int("sliding_window_pattern", "_sliding_window_pattern")-1)
	case a.Arch == "gemma2":
		p = []byte("wf")
	case a.Arch == "llama" || a.Arch == "phi3" || a.Arch == "starcoder2":
		p = []byte("w")
	default:
		r.assume("sliding_window without a layer pattern: full attention assumed")
	}
	a.LayerTypes = string(p)
	if a.SlidingWindow == 0 && strings.Contains(a.LayerTypes, "w") {
		if chunk := r.Int("attention_chunk_size"); chunk > 0 {
			a.SlidingWindow = chunk
		} else {
			a.LayerTypes = strings.ReplaceAll(a.LayerTypes, "w", "f") // windows as long as the context
		}
	}
	r.count()
}

// count fills the numbers of layers by kind.
func (r *reader) count() {
	a := &r.a
	types, err := model.ParseLayerTypes(a.LayerTypes, a.LayerCount)
	if err != nil {
		if r.Err == nil {
			r.Err = err
		}
		return
	}
	full, rec, att := 0, 0, 0
	for _, t := range types {
		switch t {
		case model.TypeFull, model.TypeFullOnly:
			full++
			att++
		case model.TypeRecurrent, model.TypeRecurrentOnly:
			rec++
		case model.TypeParallel:
			rec++
			att++
		case model.TypeWindow, model.TypeWindowOnly, model.TypeCompressed, model.TypeHardCompressed:
			att++
		}
	}
	if a.Global != nil {
		a.Global.Layers = full
	}
	if a.SSM != nil {
		a.SSM.RecurrentLayers, a.SSM.AttentionLayers = rec, att
		if att > 0 {
			a.Attention = "hybrid"
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// flags maps a list of 0 and 1 to letters.
func flags(l []any, zero, one byte) []byte {
	var p []byte
	for _, v := range l {
		n, _ := jsonfile.Whole(v)
		if n == 0 {
			p = append(p, zero)
		} else {
			p = append(p, one)
		}
	}
	return p
}

// listed maps a list of layer numbers to letters, counting from first.
func listed(l []any, first, n int, in, out byte) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = out
	}
	for _, v := range l {
		if i, ok := jsonfile.Whole(v); ok && i-first >= 0 && i-first < n {
			p[i-first] = in
		}
	}
	return p
}

// named maps the words of layer_types.
func (r *reader) named(l []any) []byte {
	var p []byte
	unknown := ""
	for _, v := range l {
		switch word, _ := v.(string); word {
		case "full_attention", "attention", "global_attention", "global", "full", "hybrid":
			p = append(p, 'f')
		case "sliding_attention", "chunked_attention", "local_attention", "local", "sliding":
			p = append(p, 'w')
		case "linear_attention", "mamba", "mamba2", "conv", "short_conv", "recurrent", "linear", "kda":
			p = append(p, 'r')
		default:
			p, unknown = append(p, 'f'), word
		}
	}
	if unknown != "" {
		r.assume("layer type %.40q is not known: full attention assumed", unknown)
	}
	return p
}

// pruned reads the block list of pruned models (Llama-Nemotron), whose layers
// lack attention here and there and vary in feed-forward width.
func (r *reader) pruned(n int) []byte {
	a := &r.a
	var p []byte
	var widths []string
	groups := 0
	for _, v := range r.List("block_configs") {
		o, _ := v.(map[string]any)
		b := jsonfile.Object(o)
		att, ffn := b.Obj("attention"), b.Obj("ffn")
		letter := byte('f')
		if att.Flag("no_op") || att.Flag("replace_with_linear") {
			letter = 'n'
		} else if g, ok := jsonfile.Whole(att["n_heads_in_group"]); ok && g > 0 {
			if groups != 0 && groups != g {
				r.assume("heads per group vary by layer: %d of the first layer taken", groups)
			} else {
				groups = g
			}
		}
		width, ok := jsonfile.Whole(ffn["intermediate_size"])
		if !ok {
			// ffn_mult counts in 2/3 of the hidden width, rounded up to 256.
			mult, err := parseFloat(ffn["ffn_mult"])
			if err != nil || mult < 0 || mult > 64 {
				mult = 0
			}
			width = (int(2*mult*float64(a.HiddenSize)/3) + 255) / 256 * 256
		}
		if ffn.Flag("no_op") {
			width = 0
			if letter == 'f' {
				letter = 'F'
			}
		}
		if letter == 'n' && width <= 0 {
			width = 1
			r.assume("a layer without attention and feed-forward is counted as one of width 1")
		}
		p, widths = append(p, letter), append(widths, fmt.Sprint(width))
	}
	if len(widths) == n {
		a.FFNWidths = strings.Join(widths, " ")
	} else {
		r.Err = fmt.Errorf("block_configs lists %d layers, num_hidden_layers says %d", len(widths), n)
	}
	if groups > 0 && a.Heads%groups == 0 {
		a.KVHeads, a.Attention = a.Heads/groups, "gqa"
	}
	return p
}

// compressed reads the cache ratios of DeepSeek V4's layers.
func (r *reader) compressed() []byte {
	var p []byte
	c := &r.a.KVCompression
	for _, v := range r.List("compress_ratios") {
		n, _ := jsonfile.Whole(v)
		switch {
		case n <= 1:
			p = append(p, 'w')
		case c[0] == 0 || n == c[0]:
			c[0] = n
			p = append(p, 'k')
		default:
			c[1] = n
			p = append(p, 'h')
		}
	}
	if c[1] > 0 && c[1] < c[0] { // the smaller ratio is the one with an indexer
		c[0], c[1] = c[1], c[0]
		p = []byte(strings.NewReplacer("k", "h", "h", "k").Replace(string(p)))
	}
	return p
}
