package benchfile

import (
	"path"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/profiles"
)

// baseName is the last part of a path of any system.
func baseName(s string) string {
	if s == "" {
		return ""
	}
	return path.Base(strings.ReplaceAll(s, `\`, "/"))
}

// formatInName finds weight formats in the names of files and tags.
var formatInName = lazy(`(?i)(?:^|[-_.:])((?:UD-)?(?:I?Q[1-8]_[0-9A-Z]+(?:_[0-9A-Z]+)*|TQ[12]_0|BF16|F16|F32|FP16|MXFP4(?:_MOE)?))(?:[-.]|$)`)

// formats is the catalogue, nil if it is broken, which its own tests tell.
var formats = sync.OnceValue(func() *format.Table {
	t, err := profiles.Formats()
	if err != nil {
		return nil
	}
	return t
})

// weightsInName returns the catalogue's name of the GGUF weight format in the
// name of a file or tag, and the text it was read from, "" for none.
func weightsInName(name string) (weights, text string) {
	all := formatInName.FindAllStringSubmatch(strings.TrimSuffix(clean(name), ".gguf"), -1)
	t := formats()
	if t == nil {
		return "", ""
	}
	// the last one: "f16" may be part of a model's own name
	for i := len(all) - 1; i >= 0; i-- {
		if s, ok := t.Spec(all[i][1]); ok {
			if gguf := t.GGUF(all[i][1]); gguf != "" {
				return gguf, all[i][1]
			}
			return s.Name, all[i][1]
		}
	}
	return "", ""
}

var (
	shard = lazy(`-\d{5}-of-\d{5}$`)
	cache = lazy(`(?i)^.+[-_]GGUF_`) // files that llama.cpp downloaded carry the repository before the name
)

// modelName returns the part of a file's name or an id that names the model:
// without directories, ending, shard and weight format. It may still name no
// entry of the catalogue.
func modelName(s string) string {
	s = clean(s)
	if strings.HasSuffix(strings.ToLower(s), ".gguf") {
		s = baseName(s)
		s = cache.ReplaceAllString(s[:len(s)-len(".gguf")], "")
		s = shard.ReplaceAllString(s, "")
	}
	if _, text := weightsInName(s); text != "" {
		if i := strings.LastIndex(s, text); i > 0 {
			s = strings.TrimRight(s[:i], "-_.:")
		}
	}
	return s
}

// typeWords are llama.cpp's descriptions that are no name of a format.
var typeWords = map[string]string{
	"all F32":       "F32",
	"MXFP4 MoE":     "MXFP4_MOE",
	"Q2_K - Small":  "Q2_K_S",
	"Q2_K - Medium": "Q2_K",
	"Q3_K - Small":  "Q3_K_S",
	"Q3_K - Medium": "Q3_K_M",
	"Q3_K - Large":  "Q3_K_L",
	"Q4_K - Small":  "Q4_K_S",
	"Q4_K - Medium": "Q4_K_M",
	"Q5_K - Small":  "Q5_K_S",
	"Q5_K - Medium": "Q5_K_M",
	"IQ3_S mix":     "IQ3_M",
	"TQ1_0 ternary": "TQ1_0",
	"TQ2_0 ternary": "TQ2_0",
	"Q4_0_4_4":      "Q4_0",
	"Q4_0_4_8":      "Q4_0",
	"Q4_0_8_8":      "Q4_0",
}

var bitsPerWeight = lazy(` - [0-9.]+ bpw`)

// weightsInType reads the weight format at the end of llama.cpp's description
// of a model, "llama 8B Q4_K - Medium", or of its file type alone. The rest is
// the model's architecture and size.
func weightsInType(s string) (weights, rest string) {
	s = strings.TrimSpace(strings.TrimSuffix(clean(s), "(guessed)"))
	s = bitsPerWeight.ReplaceAllString(s, "")
	for text, name := range typeWords {
		if s == text || strings.HasSuffix(s, " "+text) {
			return name, strings.TrimSpace(strings.TrimSuffix(s, text))
		}
	}
	i := strings.LastIndexByte(s, ' ') + 1
	weights, text := weightsInName(s[i:])
	if text == "" || text != s[i:] {
		return "", s
	}
	return weights, strings.TrimSpace(s[:i])
}

// ggufWeights settles the weight format from both sources. llama.cpp's own
// word is what the file declares; but mixes that only their makers name
// (UD-Q4_K_XL) declare the nearest common one, so there the file's name wins.
func ggufWeights(file, kind string) string {
	named, _ := weightsInName(baseName(file))
	declared, _ := weightsInType(kind)
	if declared == "" {
		return named
	}
	special := strings.HasPrefix(named, "UD-") || strings.HasSuffix(named, "_XL") || strings.HasSuffix(named, "_P") ||
		strings.HasSuffix(named, "_L") && named != "Q3_K_L"
	if special && bitsIn(named) == bitsIn(declared) {
		return named
	}
	return declared
}

// bitsIn is the digit in a format's name, which stands for its bits.
func bitsIn(s string) byte {
	if i := strings.IndexAny(s, "12345678"); i >= 0 {
		return s[i]
	}
	return 0
}

// backendNames maps how llama.cpp calls its backends to the rows' names.
var backendNames = map[string]string{
	"cuda": "cuda", "cublas": "cuda", "rocm": "rocm", "hip": "rocm", "hipblas": "rocm", "metal": "metal", "mtl": "metal",
	"vulkan": "vulkan", "sycl": "sycl", "opencl": "opencl", "cann": "cann", "musa": "musa", "kompute": "kompute", "webgpu": "webgpu",
	"hexagon": "hexagon", "htp": "hexagon",
}

// backendsIn lists the accelerators' backends in a list such as "CUDA,BLAS" or
// "CUDA0/CUDA1"; the CPU's and the network's are left out.
func backendsIn(s string) []string {
	var out []string
	for _, word := range strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == '/' || c == '+' || c == ' ' }) {
		name, ok := backendNames[strings.ToLower(strings.TrimRight(word, "0123456789"))]
		if ok && (len(out) == 0 || out[len(out)-1] != name) {
			out = append(out, name)
		}
	}
	return out
}
