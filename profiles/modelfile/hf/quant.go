package hf

import (
	"fmt"
	"strings"
)

// weightFormat returns the canonical name of the weight format that a config
// declares, and what had to be assumed. side are the objects of the files
// beside it (hf_quant_config.json, quantize_config.json), nil when absent.
func weightFormat(top, text object, side object) (name, assumed string) {
	for _, o := range []object{top, text} {
		if q := o.obj("quantization_config"); q != nil {
			name, assumed = quantised(q)
		} else if q := o.obj("quantization"); q != nil {
			name, assumed = quantised(q) // MLX
		}
		if name != "" || assumed != "" {
			if text.str("expert_dtype") == "fp4" && strings.HasPrefix(name, "FP8") {
				return "MXFP4", "experts are FP4, the rest " + name + ": counted as MXFP4"
			}
			return name, assumed
		}
	}
	if q := side.obj("quantization"); q != nil {
		return modelopt(q.str("quant_algo"))
	}
	if side.has("bits") {
		return grouped("GPTQ", side), ""
	}
	for _, o := range []object{top, text} {
		switch strings.TrimPrefix(o.str("torch_dtype", "dtype"), "torch.") {
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

func quantised(q object) (name, assumed string) {
	method := strings.ToLower(q.str("quant_method", "quant_type"))
	switch method {
	case "gptq", "gptqmodel", "marlin", "auto-round", "auto_round", "autoround", "intel/auto-round":
		return grouped("GPTQ", q), ""
	case "awq":
		return grouped("AWQ", q), ""
	case "fp8", "fbgemm_fp8", "deepseek_fp8", "finegrained_fp8":
		return fp8(q.list("weight_block_size"))
	case "compressed-tensors", "compressed_tensors":
		return compressed(q)
	case "bitsandbytes", "bnb":
		if q.flag("load_in_8bit") || q.flag("_load_in_8bit") {
			return "BNB-INT8", ""
		}
		return "BNB-NF4", ""
	case "mxfp4":
		return "MXFP4", ""
	case "nvfp4":
		return "NVFP4", ""
	case "modelopt", "modelopt_fp4", "modelopt_fp8":
		algo := q.str("quant_algo")
		if algo == "" {
			algo = q.obj("quantization").str("quant_algo")
		}
		if algo == "" && strings.HasSuffix(method, "fp4") {
			algo = "NVFP4"
		}
		return modelopt(algo)
	case "":
		if q.str("quant_algo") != "" {
			return modelopt(q.str("quant_algo"))
		}
		if mode := q.str("mode"); mode == "mxfp4" || mode == "nvfp4" {
			return strings.ToUpper(mode), ""
		}
		if bits, ok := whole(q["bits"]); ok && bits > 0 && bits <= 16 {
			name = fmt.Sprintf("MLX-%dbit", bits)
			if g, ok := whole(q["group_size"]); ok && g != 64 && g > 0 {
				name += fmt.Sprintf("-g%d", g)
			}
			return name, ""
		}
		return "", ""
	}
	if bits, ok := whole(q["bits"]); ok && bits > 0 && bits <= 8 {
		return grouped("GPTQ", q), fmt.Sprintf("quantisation %q is not known: counted as %d-bit groups", method, bits)
	}
	return "", fmt.Sprintf("quantisation %q is not known", method)
}

// grouped names an integer format of bits and group_size; 128 is the usual
// group and goes unnamed, -1 is one scale per channel.
func grouped(family string, q object) string {
	bits, ok := whole(q["bits"])
	if !ok {
		bits, ok = whole(q["w_bit"])
	}
	if !ok || bits < 1 || bits > 16 {
		bits = 4
	}
	name := fmt.Sprintf("%s-INT%d", family, bits)
	g, ok := whole(q["group_size"])
	if !ok {
		g, ok = whole(q["q_group_size"])
	}
	switch {
	case !ok || g == 128 || g == 0 || g > 1<<20:
	case g < 0:
		name += "-channel"
	default:
		name += fmt.Sprintf("-g%d", g)
	}
	return name
}

func fp8(block []any) (string, string) {
	if len(block) == 0 {
		return "FP8", ""
	}
	if n, _ := whole(block[0]); n == 128 && len(block) == 2 {
		return "FP8-block128", ""
	}
	return "FP8", fmt.Sprintf("FP8 scales of blocks %s: counted as FP8", brief(block))
}

func modelopt(algo string) (string, string) {
	switch a := strings.ToUpper(algo); {
	case strings.Contains(a, "NVFP4"):
		return "NVFP4", ""
	case strings.Contains(a, "MXFP4"):
		return "MXFP4", ""
	case strings.Contains(a, "AWQ"):
		return "AWQ-INT4", ""
	case strings.Contains(a, "FP8_PB"), strings.Contains(a, "BLOCK"):
		return "FP8-block128", ""
	case strings.Contains(a, "FP8"):
		return "FP8", ""
	case strings.Contains(a, "W8A8"), strings.Contains(a, "INT8"):
		return "W8A8", ""
	case a == "MIXED_PRECISION":
		return "NVFP4", "mixed precision: counted as NVFP4"
	}
	return "", fmt.Sprintf("quantisation %q is not known", algo)
}

// compressed reads compressed-tensors: the group that targets Linear, else the
// first, decides.
func compressed(q object) (string, string) {
	groups := q.obj("config_groups")
	var g object
	for i := range 16 {
		name := fmt.Sprintf("group_%d", i)
		if o := groups.obj(name); o != nil {
			if g == nil {
				g = o
			}
			for _, t := range o.list("targets") {
				if t == "Linear" {
					g = o
				}
			}
		}
	}
	format := q.str("format")
	if g == nil {
		for k := range groups { // named otherwise: a single group is taken as it is
			if len(groups) == 1 {
				g = groups.obj(k)
			}
		}
	}
	if f := g.str("format"); f != "" && (format == "" || format == "mixed-precision") {
		format = f
	}
	w, in := g.obj("weights"), g.obj("input_activations")
	bits, _ := whole(w["num_bits"])
	size, grp := whole(w["group_size"])
	switch {
	case strings.HasPrefix(format, "nvfp4"):
		return "NVFP4", ""
	case strings.HasPrefix(format, "mxfp4"):
		return "MXFP4", ""
	case w.str("type") == "float" && bits == 4:
		if grp && size == 32 {
			return "MXFP4", ""
		}
		return "NVFP4", ""
	case w.str("type") == "float" && bits == 8, format == "float-quantized":
		return fp8(w.list("block_structure"))
	case bits == 8 && in != nil, format == "int-quantized":
		return "W8A8", ""
	case bits > 0 && bits <= 8:
		o := object{"bits": bits}
		if grp {
			o["group_size"] = size
		} else if w.str("strategy") == "channel" {
			o["group_size"] = -1
		}
		return grouped("GPTQ", o), ""
	}
	return "", fmt.Sprintf("compressed-tensors format %q is not known", format)
}
