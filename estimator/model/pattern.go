package model

import (
	"fmt"
	"strconv"
	"strings"
)

// LayerType is one letter of a layer pattern.
type LayerType byte

// Layer types. A lower-case mixer is followed by a feed-forward (or expert)
// part, an upper-case one stands alone, as in Nemotron-H and Mamba.
const (
	TypeFull           LayerType = 'f' // full attention; latent attention where the model has MLA
	TypeFullOnly       LayerType = 'F'
	TypeWindow         LayerType = 'w' // sliding-window or chunked attention
	TypeWindowOnly     LayerType = 'W'
	TypeRecurrent      LayerType = 'r' // the recurrent mixer of SSM.Kind
	TypeRecurrentOnly  LayerType = 'R'
	TypeParallel       LayerType = 'p' // attention and recurrent mixer side by side (Falcon-H1)
	TypeCross          LayerType = 'x' // cross-attention to an image: no growing cache (Llama 3.2 Vision)
	TypeNone           LayerType = 'n' // feed-forward only, in a model whose other layers attend (pruned models)
	TypeMLP            LayerType = 'm' // dense feed-forward only (Nemotron-H)
	TypeExperts        LayerType = 'e' // experts only (Nemotron 3)
	TypeCompressed     LayerType = 'k' // window plus compressed cache, first ratio (DeepSeek V4)
	TypeHardCompressed LayerType = 'h' // the same, second ratio
)

const layerLetters = "fFwWrRpxnmekh"

// maxLayers bounds what a pattern may ask for; the deepest known model has
// fewer than 200 layers.
const maxLayers = 4096

// ParseLayerTypes expands a compact layer pattern to n layers. A number
// repeats the letter or the bracketed group behind it, blanks are ignored, and
// the whole is repeated or cut to n layers: "5wf" is five windowed layers and
// one full one, over and over; "2w20(kh)k" names 43 layers. An empty pattern
// means full attention everywhere.
func ParseLayerTypes(pattern string, n int) ([]LayerType, error) {
	if n < 0 || n > maxLayers {
		return nil, fmt.Errorf("layer count %d is out of range: give 1 to %d", n, maxLayers)
	}
	out := make([]LayerType, 0, n)
	if strings.TrimSpace(pattern) == "" {
		for range n {
			out = append(out, TypeFull)
		}
		return out, nil
	}
	p := patternParser{s: pattern, limit: n}
	unit, err := p.group(0)
	if err != nil {
		return nil, err
	}
	if len(unit) == 0 {
		return nil, fmt.Errorf("layer pattern %q names no layers", pattern)
	}
	for len(out) < n {
		out = append(out, unit[:min(len(unit), n-len(out))]...)
	}
	return out, nil
}

type patternParser struct {
	s     string
	at    int
	limit int // layers wanted: more are never made
}

func (p *patternParser) group(depth int) ([]LayerType, error) {
	if depth > 8 {
		return nil, fmt.Errorf("layer pattern %q is nested too deeply: at most 8 brackets", p.s)
	}
	var out []LayerType
	count := 0
	for p.at < len(p.s) {
		c := p.s[p.at]
		p.at++
		var unit []LayerType
		switch {
		case c == ' ':
			continue
		case c >= '0' && c <= '9':
			if count = count*10 + int(c-'0'); count > maxLayers {
				return nil, fmt.Errorf("layer pattern %q repeats more than %d times", p.s, maxLayers)
			}
			continue
		case c == '(':
			inner, err := p.group(depth + 1)
			if err != nil {
				return nil, err
			}
			if p.at == 0 || p.s[p.at-1] != ')' {
				return nil, fmt.Errorf("layer pattern %q lacks a closing bracket", p.s)
			}
			unit = inner
		case c == ')':
			if depth == 0 {
				return nil, fmt.Errorf("layer pattern %q has a closing bracket too many", p.s)
			}
			return out, nil
		case strings.IndexByte(layerLetters, c) >= 0:
			unit = []LayerType{LayerType(c)}
		default:
			return nil, fmt.Errorf("layer pattern %q: %q is no layer type, use one of %s", p.s, c, layerLetters)
		}
		for i := max(count, 1); i > 0 && len(out) < p.limit; i-- {
			out = append(out, unit[:min(len(unit), p.limit-len(out))]...)
		}
		count = 0
	}
	if depth > 0 {
		return nil, fmt.Errorf("layer pattern %q lacks a closing bracket", p.s)
	}
	return out, nil
}

// parseWidths expands "14336 5x28672" to one width per layer.
func parseWidths(s string, n int) ([]int, error) {
	out := make([]int, 0, n)
	for _, word := range strings.Fields(s) {
		count, width := 1, 0
		if a, b, ok := strings.Cut(word, "x"); ok {
			var err error
			if count, err = strconv.Atoi(a); err != nil || count < 1 || count > maxLayers {
				return nil, fmt.Errorf("ffn_widths: %q is no count and width such as 5x28672", word)
			}
			word = b
		}
		var err error
		if width, err = strconv.Atoi(word); err != nil || width < 0 || width > 1<<24 {
			return nil, fmt.Errorf("ffn_widths: %q is no width", word)
		}
		for range count {
			if len(out) == n {
				return nil, fmt.Errorf("ffn_widths names more than the model's %d layers", n)
			}
			out = append(out, width)
		}
	}
	if len(out) != n {
		return nil, fmt.Errorf("ffn_widths names %d layers, the model has %d", len(out), n)
	}
	return out, nil
}
