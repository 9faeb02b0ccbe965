package model

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// FromSize makes up a model from a bare size: "3B", "0.5b", "350M", "70B", or
// "30B-A3B" for a mixture of experts of which 3B are active. Its geometry
// follows a stated rule of thumb, which Assumptions repeats; the total meets
// the size within 1% or so. An error says how a size is written.
func FromSize(spec string) (*Model, error) {
	total, active, err := parseSize(spec)
	if err != nil {
		return nil, err
	}
	var a Architecture
	if active == 0 {
		a = denseOfSize(total)
	} else if a, err = moeOfSize(total, active); err != nil {
		return nil, err
	}
	a.ID = strings.ToLower(strings.TrimSpace(spec))
	a.Name = "a model of " + strings.ToUpper(strings.TrimSpace(spec)) + " parameters"
	a.MLP, a.Attention, a.NativeDType, a.Arch, a.MaxContext = "gated", "gqa", "bf16", "llama", 131072
	m, err := New(a)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("geometry assumed from the size alone: %d layers of width %d, %d query and %d key/value heads of %d, a vocabulary of %d, full attention",
		a.LayerCount, a.HiddenSize, a.Heads, a.KVHeads, a.HeadDim, a.VocabSize)
	if a.MoE != nil {
		text += fmt.Sprintf(", %d experts of width %d with %d per token", a.MoE.Experts, a.MoE.IntermediateSize, a.MoE.ExpertsPerToken)
	} else {
		text += fmt.Sprintf(", feed-forward width %d", a.IntermediateSize)
	}
	m.Assumptions = append(m.Assumptions, text)
	return m, nil
}

// IsSize reports whether the word reads as a bare size.
func IsSize(spec string) bool {
	_, _, err := parseSize(spec)
	return err == nil
}

func parseSize(spec string) (total, active float64, err error) {
	s := strings.ToLower(strings.TrimSpace(spec))
	bad := func() (float64, float64, error) {
		if len(spec) > 40 {
			spec = spec[:40] + "…"
		}
		return 0, 0, fmt.Errorf("size %q is not understood: write 3B, 350M or, for a mixture of experts, 30B-A3B", spec)
	}
	head, tail, moe := strings.Cut(s, "-a")
	if total = sizeWord(head); total == 0 {
		return bad()
	}
	if moe {
		if active = sizeWord(tail); active == 0 || active > total {
			return bad()
		}
	}
	if total < 1e7 || total > 1e13 {
		return 0, 0, fmt.Errorf("size %q is out of range: between 10M and 10T parameters can be assumed", spec)
	}
	return total, active, nil
}

func sizeWord(s string) float64 {
	unit := 0.0
	switch {
	case strings.HasSuffix(s, "b"):
		unit = 1e9
	case strings.HasSuffix(s, "m"):
		unit = 1e6
	case strings.HasSuffix(s, "t"):
		unit = 1e12
	default:
		return 0
	}
	s = s[:len(s)-1]
	if s == "" || len(s) > 12 || strings.Trim(s, "0123456789.") != "" {
		return 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f <= 0 {
		return 0
	}
	return f * unit
}

func roundTo(f float64, step int) int { return max(step, int(math.Round(f/float64(step)))*step) }

// frame sets what both kinds share: depth by a power law through open models
// of 1B to 405B (20·N^0.31 layers, N in billions), heads of 128 (64 below 1B),
// 8 key/value heads at most, a vocabulary of 128,256 (49,152 below
// 0.6B), tied below 4B.
func frame(scale, total float64) Architecture {
	a := Architecture{Class: "llm", Family: "assumed", VocabSize: 128256, HeadDim: 128, KVHeads: 8}
	a.LayerCount = min(max(roundTo(20*math.Pow(scale/1e9, 0.31), 2), 4), 200)
	a.TiedEmbeddings = total < 4e9
	if total < 1e9 {
		a.HeadDim = 64
	}
	if total < 6e8 {
		a.VocabSize = 49152
	}
	return a
}

func setWidth(a *Architecture, hidden float64) {
	a.Heads = max(1, int(math.Round(hidden/float64(a.HeadDim))))
	for a.KVHeads > 1 && a.Heads%a.KVHeads != 0 {
		if a.Heads > a.KVHeads*2 {
			a.Heads++
		} else {
			a.KVHeads /= 2
		}
	}
	a.HiddenSize = a.Heads * a.HeadDim
}

func denseOfSize(total float64) Architecture {
	a := frame(total, total)
	copies := 2.0
	if a.TiedEmbeddings {
		copies = 1
	}
	l, v := float64(a.LayerCount), copies*float64(a.VocabSize)
	// per layer 2.5 h² of attention and 3·3.5 h² of feed-forward
	quad := l * 13
	setWidth(&a, (-v+math.Sqrt(v*v+4*quad*total))/(2*quad))
	h, kv := float64(a.HiddenSize), float64(a.KVHeads*a.HeadDim)
	rest := total - v*h - l*(2*h*h+2*h*kv)
	step := 64
	if total < 3e8 {
		step = 8
	}
	a.IntermediateSize = roundTo(rest/(3*l*h), step)
	return a
}

func moeOfSize(total, active float64) (Architecture, error) {
	a := frame(math.Sqrt(total*active), total)
	a.Class = "moe"
	a.TiedEmbeddings = false
	l, v := float64(a.LayerCount), 2*float64(a.VocabSize)
	best := math.Inf(1)
	for _, shape := range [][2]float64{{128, 8}, {256, 8}, {384, 8}, {512, 10}, {128, 4}, {64, 8}, {64, 4}, {16, 2}, {8, 2}} {
		n, k := shape[0], shape[1]
		product := (total - active) / (l * 3 * (n - k)) // width times expert width
		rest := active - l*3*k*product
		quad := l * 2.2
		h := (-v + math.Sqrt(v*v+4*quad*max(rest, 0))) / (2 * quad)
		if rest <= 0 || h < 256 {
			continue
		}
		// open models lie between 0.1 and 3.5 times the width, most near a third
		if off := math.Abs(math.Log(product / h / h / 0.35)); off < best {
			best = off
			a.HiddenSize = roundTo(h, 128)
			a.Heads, a.KVHeads = roundTo(h/float64(a.HeadDim), 4), 4
			a.MoE = &MoE{Experts: int(n), ExpertsPerToken: int(k), IntermediateSize: roundTo(product/float64(a.HiddenSize), 32)}
		}
	}
	if a.MoE == nil {
		return a, fmt.Errorf("size of %.4gB with %.4gB active fits no usual mixture of experts: name a model instead", total/1e9, active/1e9)
	}
	return a, nil
}
