package cmdline

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const (
	markExperts = ".experts"
	markFile    = ".file"
)

// expertTensors are the routed experts' tensors of one layer in a GGUF file.
var expertTensors = [3]string{"blk.%d.ffn_gate_exps.weight", "blk.%d.ffn_up_exps.weight", "blk.%d.ffn_down_exps.weight"}

// otherTensors stand for all that is not an expert: a pattern that catches
// one of them moves more than experts.
var otherTensors = [...]string{"blk.%d.attn_q.weight", "blk.%d.attn_output.weight", "blk.%d.attn_kv_b.weight", "blk.%d.ffn_norm.weight",
	"blk.%d.ffn_gate.weight", "blk.%d.ffn_down.weight", "blk.%d.ffn_gate_shexp.weight"}

// someLayers are tried where the model was not found: more than models have.
const someLayers = 128

// Bounds of patterns: llama.cpp's own fitting prints one for each layer.
const (
	maxPattern  = 256
	maxPatterns = 128
)

// hostExperts works out of how many layers the experts stay on the host,
// where -ot says so by patterns of tensors' names; why not otherwise.
func hostExperts(values []string, layers int) (n int, why string) {
	type rule struct {
		pattern *regexp.Regexp
		host    bool
	}
	var rules []rule
	for _, v := range values {
		for _, one := range splitOverrides(v) {
			pattern, buffer, ok := cutLast(one, "=")
			if !ok {
				return 0, "it has no buffer: want pattern=CPU"
			}
			if len(pattern) > maxPattern || len(rules) >= maxPatterns {
				return 0, "it has too many patterns, or too long ones"
			}
			re, err := regexp.Compile(pattern)
			if err != nil {
				return 0, "its pattern is not understood here"
			}
			rules = append(rules, rule{re, strings.EqualFold(buffer, "CPU")})
		}
	}
	onHost := func(name string) bool { // the first pattern that matches decides
		for _, r := range rules {
			if r.pattern.MatchString(name) {
				return r.host
			}
		}
		return false
	}
	count := layers
	if count <= 0 {
		count = someLayers
	}
	for i := range count {
		moved := 0
		for _, t := range expertTensors {
			if onHost(fmt.Sprintf(t, i)) {
				moved++
			}
		}
		for _, t := range otherTensors {
			if onHost(fmt.Sprintf(t, i)) {
				return 0, "it moves more than experts"
			}
		}
		switch moved {
		case len(expertTensors):
			n++
		case 0:
		default:
			return 0, "it moves a part of the experts of a layer"
		}
	}
	if layers <= 0 && n != 0 && n != count {
		return 0, "of how many layers depends on the model, which was not found"
	}
	if layers <= 0 && n > 0 {
		n = allLayers
	}
	return n, ""
}

// allLayers is more layers than any model has, as people write -ngl 999.
const allLayers = 999

// splitOverrides splits a list of pattern=buffer at its commas and semicolons,
// but not at those inside a pattern.
func splitOverrides(v string) []string {
	var out []string
	start, depth := 0, 0
	for i := range len(v) {
		switch v[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ',', ';':
			if depth <= 0 && strings.Contains(v[start:i], "=") {
				out = append(out, v[start:i])
				start = i + 1
			}
		}
	}
	return append(out, v[start:])
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// placeExperts turns -ot into the number of layers, once the model is known.
func (p *parser) placeExperts() {
	if len(p.experts) == 0 {
		return
	}
	flag := p.origin[markExperts]
	n, why := hostExperts(p.experts, p.model.layers)
	if why != "" {
		p.left(flag, "only whole experts of layers are moved to the host: "+why)
		return
	}
	if n == 0 {
		p.left(flag, "it moves no experts to the host: where devices lie is not modelled")
		return
	}
	p.read(flag, "cpu_moe", strconv.Itoa(n), "layers whose experts stay on the host")
}
