package hf

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
)

// weightFormat returns the canonical name of the weight format that a config
// declares, and what had to be assumed. side are the objects of the files
// beside it (hf_quant_config.json, quantize_config.json), nil when absent.
func weightFormat(top, text jsonfile.Object, side jsonfile.Object) (name, assumed string) {
	for _, o := range []jsonfile.Object{top, text} {
		if q := o.Obj("quantization_config"); q != nil {
			name, assumed = quantised(q)
		} else if q := o.Obj("quantization"); q != nil {
			name, assumed = quantised(q) // MLX
		}
		if name != "" || assumed != "" {
			if text.Str("expert_dtype") == "fp4" && strings.HasPrefix(name, "FP8") {
				return "MXFP4-FP8", ""
			}
			return name, assumed
		}
	}
	if q := side.Obj("quantization"); q != nil {
		return modelopt(q.Str("quant_algo"), q)
	}
	if side.Has("bits") {
		return grouped("GPTQ", side)
	}
	for _, o := range []jsonfile.Object{top, text} {
		switch strings.TrimPrefix(o.Str("torch_dtype", "dtype"), "torch.") {
		case "bfloat16":
			return "BF16", ""
		case "float16", "half":
			return "F16", ""
		case "float32", "float":
			return "F32", ""
		case "float8_e4m3fn", "float8_e5m2":
			return "FP8", ""
		}
	}
	return "BF16", "no data type declared: BF16 assumed"
}

func quantised(q jsonfile.Object) (name, assumed string) {
	method := strings.ToLower(q.Str("quant_method", "quant_type"))
	switch method {
	case "gptq", "gptqmodel", "marlin", "auto-round", "auto_round", "autoround", "intel/auto-round":
		return grouped("GPTQ", q)
	case "awq":
		return grouped("AWQ", q)
	case "fp8", "fbgemm_fp8", "deepseek_fp8", "finegrained_fp8":
		return fp8(q.List("weight_block_size"))
	case "compressed-tensors", "compressed_tensors":
		return compressed(q)
	case "bitsandbytes", "bnb":
		if q.Flag("load_in_8bit") || q.Flag("_load_in_8bit") {
			return "INT8-W8A8", ""
		}
		return "NF4", ""
	case "mxfp4":
		return "MXFP4", ""
	case "nvfp4":
		return nvfp4(q), ""
	case "modelopt", "modelopt_fp4", "modelopt_fp8":
		algo := q.Str("quant_algo")
		if algo == "" {
			algo = q.Obj("quantization").Str("quant_algo")
		}
		if algo == "" && strings.HasSuffix(method, "fp4") {
			algo = "NVFP4"
		}
		return modelopt(algo, q)
	case "":
		if q.Str("quant_algo") != "" {
			return modelopt(q.Str("quant_algo"), q)
		}
		if mode := q.Str("mode"); mode == "mxfp4" || mode == "nvfp4" {
			return "MLX-" + mode, ""
		}
		if bits, ok := jsonfile.Whole(q["bits"]); ok && bits > 0 && bits <= 16 {
			name = fmt.Sprintf("MLX-%dbit", bits)
			if g, ok := jsonfile.Whole(q["group_size"]); ok && g != 64 && g > 0 {
				assumed = fmt.Sprintf("groups of %d: counted as groups of 64", g)
			}
			return name, assumed
		}
		return "", ""
	}
	if bits, ok := jsonfile.Whole(q["bits"]); ok && bits > 0 && bits <= 8 {
		name, _ = grouped("GPTQ", q)
		return name, fmt.Sprintf("quantisation %.40q is not known: counted as %d-bit groups", method, bits)
	}
	return "", fmt.Sprintf("quantisation %q is not known", method)
}

// grouped names an integer format of bits and group_size; 128 is the usual
// group and goes unnamed, -1 is one scale per channel.
func grouped(family string, q jsonfile.Object) (name, assumed string) {
	bits, ok := jsonfile.Whole(q["bits"])
	if !ok {
		bits, ok = jsonfile.Whole(q["w_bit"])
	}
	if !ok || bits < 1 || bits > 16 {
		bits, assumed = 4, "the number of bits is not declared: 4 assumed"
	}
	group, ok := jsonfile.Whole(q["group_size"])
	if !ok {
		group, ok = jsonfile.Whole(q["q_group_size"])
	}
	if !ok || group == 0 || group > 1<<20 {
		group = 128
	}
	if bits != 4 && bits != 8 {
		// A scale in 16 bits and a zero point for each group.
		size := float64(bits)
		if group > 0 {
			size += float64(16+bits) / float64(group)
		}
		return strconv.FormatFloat(size, 'f', 2, 64) + "bpw", fmt.Sprintf("%s with %d bits is counted by its bits alone", family, bits)
	}
	switch {
	case group == 32 && bits == 4:
		return family + "-INT4-g32", assumed
	case group != 128 && group > 0:
		assumed = fmt.Sprintf("groups of %d: counted as groups of 128", group)
	case group < 0:
		assumed = "one scale per channel: counted as groups of 128"
	}
	if bits == 8 {
		return "GPTQ-INT8", assumed
	}
	return family + "-INT4", assumed
}

// spares reports whether the declaration leaves self-attention in 16 bit.
func spares(q jsonfile.Object) bool {
	for _, key := range []string{"ignore", "exclude_modules", "modules_to_not_convert"} {
		for _, v := range q.List(key) {
			if s, _ := v.(string); strings.Contains(s, "self_attn") && !strings.Contains(s, "vision") {
				return true
			}
		}
	}
	return false
}

func nvfp4(q jsonfile.Object) string {
	if spares(q) {
		return "NVFP4-experts"
	}
	return "NVFP4"
}

func mxfp4(q jsonfile.Object) string {
	if spares(q) {
		return "MXFP4"
	}
	return "MXFP4-all"
}

func fp8(block []any) (string, string) {
	if len(block) == 0 {
		return "FP8", ""
	}
	if n, _ := jsonfile.Whole(block[0]); n == 128 && len(block) == 2 {
		return "FP8-block128", ""
	}
	return "FP8", fmt.Sprintf("FP8 scales of blocks %s: counted as FP8", jsonfile.Brief(block))
}

func modelopt(algo string, q jsonfile.Object) (string, string) {
	switch a := strings.ToUpper(algo); {
	case strings.Contains(a, "NVFP4"):
		return nvfp4(q), ""
	case strings.Contains(a, "MXFP4"):
		return mxfp4(q), ""
	case strings.Contains(a, "AWQ"):
		return "AWQ-INT4", ""
	case strings.Contains(a, "FP8_PB"), strings.Contains(a, "BLOCK"):
		return "FP8-block128", ""
	case strings.Contains(a, "FP8"):
		return "FP8", ""
	case strings.Contains(a, "W8A8"), strings.Contains(a, "INT8"):
		return "INT8-W8A8", ""
	case a == "MIXED_PRECISION":
		return "NVFP4", "mixed precision: counted as NVFP4"
	}
	return "", fmt.Sprintf("quantisation %q is not known", algo)
}

// compressed reads compressed-tensors: the group that targets Linear, else the
// first, decides.
func compressed(q jsonfile.Object) (string, string) {
	groups := q.Obj("config_groups")
	var g jsonfile.Object
	for i := range 16 {
		name := fmt.Sprintf("group_%d", i)
		if o := groups.Obj(name); o != nil {
			if g == nil {
				g = o
			}
			for _, t := range o.List("targets") {
				if t == "Linear" {
					g = o
				}
			}
		}
	}
	format := q.Str("format")
	if g == nil {
		for k := range groups { // named otherwise: a single group is taken as it is
			if len(groups) == 1 {
				g = groups.Obj(k)
			}
		}
	}
	if f := g.Str("format"); f != "" && (format == "" || format == "mixed-precision") {
		format = f
	}
	w, in := g.Obj("weights"), g.Obj("input_activations")
	bits, _ := jsonfile.Whole(w["num_bits"])
	size, grp := jsonfile.Whole(w["group_size"])
	switch {
	case strings.HasPrefix(format, "nvfp4"):
		return nvfp4(q), ""
	case strings.HasPrefix(format, "mxfp4"):
		return mxfp4(q), ""
	case w.Str("type") == "float" && bits == 4:
		if grp && size == 32 {
			return mxfp4(q), ""
		}
		return nvfp4(q), ""
	case w.Str("type") == "float" && bits == 8, format == "float-quantized":
		return fp8(w.List("block_structure"))
	case bits == 8 && in != nil, format == "int-quantized":
		return "INT8-W8A8", ""
	case bits == 8:
		return "INT8-W8A16", ""
	case bits == 4 && grp && size == 32 && spares(q):
		return "INT4-experts-g32", ""
	case bits == 4 && grp && size == 32:
		return "INT4-W4A16-g32", ""
	case bits > 0 && bits < 8:
		o := jsonfile.Object{"bits": bits}
		if grp {
			o["group_size"] = size
		} else if w.Str("strategy") == "channel" {
			o["group_size"] = -1
		}
		name, assumed := grouped("GPTQ", o)
		if bits == 4 {
			name = "INT4-W4A16"
		}
		return name, assumed
	}
	return "", fmt.Sprintf("compressed-tensors format %q is not known", format)
}
