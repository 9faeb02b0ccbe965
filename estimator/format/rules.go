package format

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
)

// Conditions of a rule on the model.
type modelFlag uint16

const (
	gqa4 modelFlag = 1 << iota
	experts4
	experts8
	class70b
	falcon
	imatrix
	mla
	hybrid
)

// condition is one word of Rule.When.
type condition struct {
	flag   modelFlag
	kind   uint8
	n      int
	negate bool
}

const (
	onFlag         uint8 = iota
	onFirst              // index below layers/n
	onIndex              // index below n
	onCounterFirst       // running number of the tensor below layers/n
	onMoreBits           // llama.cpp's use_more_bits
	onMiddle             // the middle six eighths of the layers
	onIndivisible        // the row does not divide by the base type's block
)

type compiled struct {
	when  []condition
	block *Block
}

var flagWords = []struct {
	word string
	flag modelFlag
}{{"gqa>=4", gqa4}, {"experts>=4", experts4}, {"experts=8", experts8}, {"70b", class70b}, {"falcon", falcon}, {"imatrix", imatrix}, {"mla", mla}, {"hybrid", hybrid}}

func parseCondition(word string) (condition, error) {
	var c condition
	rest, negate := strings.CutPrefix(word, "!")
	c.negate = negate
	for _, f := range flagWords {
		if rest == f.word {
			c.flag = f.flag
			return c, nil
		}
	}
	number := func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n <= 0 {
			return 0, fmt.Errorf("condition %q has no number", word)
		}
		return n, nil
	}
	var err error
	switch {
	case rest == "more_bits":
		c.kind = onMoreBits
	case rest == "middle":
		c.kind = onMiddle
	case rest == "row_indivisible":
		c.kind = onIndivisible
	case strings.HasPrefix(rest, "first:"):
		c.kind = onFirst
		c.n, err = number(rest[len("first:"):])
	case strings.HasPrefix(rest, "counter_first:"):
		c.kind = onCounterFirst
		c.n, err = number(rest[len("counter_first:"):])
	case strings.HasPrefix(rest, "index<"):
		c.kind = onIndex
		c.n, err = number(rest[len("index<"):])
	default:
		err = fmt.Errorf("condition %q is unknown", word)
	}
	return c, err
}

// roleGroups are names for several roles in the data.
var roleGroups = map[string][]model.Role{
	"ffn_down_any": {model.FFNDown, model.FFNDownExps, model.FFNDownShexp},
	"ffn_gate_any": {model.FFNGate, model.FFNGateExps, model.FFNGateShexp},
	"ffn_up_any":   {model.FFNUp, model.FFNUpExps, model.FFNUpShexp},
	"experts":      {model.FFNUpExps, model.FFNGateExps, model.FFNDownExps},
	"shared":       {model.FFNUpShexp, model.FFNGateShexp, model.FFNDownShexp},
	"attention": {model.AttnQ, model.AttnK, model.AttnV, model.AttnQKV, model.AttnOutput, model.AttnQA, model.AttnQB,
		model.AttnKVA, model.AttnKVB, model.AttnKB, model.AttnVB, model.AttnGate, model.Indexer},
	"ssm":       {model.SSMIn, model.SSMOut, model.ShortConvIn, model.ShortConvOut},
	"dense_ffn": {model.FFNUp, model.FFNGate, model.FFNDown},
}

// headRole stands for the output head, or the embedding where it is tied.
const headRole model.Role = "head"

// compile resolves the rules of a format once.
func (t *Table) compile(s *Spec) error {
	s.once.Do(func() {
		if s.rules == nil {
			s.err = t.compileRules(s)
		}
	})
	return s.err
}

func (t *Table) compileRules(s *Spec) error {
	rules := map[model.Role][]compiled{}
	lists := [][]Rule{s.Rules}
	for _, u := range s.Use {
		list, ok := t.shared[u]
		if !ok {
			return fmt.Errorf("weight format %s: shared rules %q are unknown", s.Name, u)
		}
		lists = append(lists, list)
	}
	for _, list := range lists {
		for _, r := range list {
			c := compiled{block: t.blocks[fold(r.Type)]}
			if c.block == nil {
				return fmt.Errorf("weight format %s: type %q is unknown", s.Name, r.Type)
			}
			for _, w := range r.When {
				cond, err := parseCondition(w)
				if err != nil {
					return fmt.Errorf("weight format %s: %w", s.Name, err)
				}
				if cond.flag == imatrix && cond.kind == onFlag {
					s.usesI = true
				}
				c.when = append(c.when, cond)
			}
			for _, role := range r.Roles {
				if group, ok := roleGroups[role]; ok {
					for _, g := range group {
						rules[g] = append(rules[g], c)
					}
					continue
				}
				rules[model.Role(role)] = append(rules[model.Role(role)], c)
			}
		}
	}
	s.rules = rules
	return nil
}

// mixer walks the tensors of a model as llama.cpp's quantiser does
// (src/llama-quant.cpp, llama_tensor_get_type).
type mixer struct {
	spec     *Spec
	flags    modelFlag
	layers   int  // as the file counts them
	nWV      int  // tensors counted as attention values
	routed   bool // more than one expert: feed-forward rules go by the true layer
	wv       int  // running numbers
	down     int
	gate, up int
}

func newMixer(s *Spec, m *model.Model) mixer {
	a := &m.Arch
	x := mixer{spec: s, layers: a.LayerCount}
	if m.Traits.Has(model.MTPCounted) {
		x.layers += a.MTPLayers
	}
	heads, kv := 0, 0
	if len(m.Layers) > 0 {
		heads, kv = m.Layers[0].Heads, m.Layers[0].KVHeads
		if m.Layers[0].Attention == model.NoAttention && !m.Traits.Has(model.ZeroGQA) {
			heads, kv = a.Heads, a.KVHeads
		}
		if a.MLA != nil && m.Traits.Has(model.MLASplit) {
			kv = 1
		}
	}
	if kv > 0 && heads/kv >= 4 {
		x.flags |= gqa4
	}
	if a.MoE != nil {
		x.routed = a.MoE.Experts > 1
		if a.MoE.Experts >= 4 {
			x.flags |= experts4
		}
		if a.MoE.Experts == 8 {
			x.flags |= experts8
		}
	}
	if x.layers == 80 && (m.Traits.Has(model.Class70B) || m.Traits.Has(model.Class70BGQA) && heads != kv) {
		x.flags |= class70b
	}
	if m.Traits.Has(model.FalconRules) {
		x.flags |= falcon
	}
	if a.MLA != nil {
		x.flags |= mla
	}
	if a.SSM != nil {
		x.flags |= hybrid
	}
	for i := range m.Tensors {
		switch m.Tensors[i].Role {
		case model.AttnV, model.AttnQKV, model.AttnKVB:
			x.nWV++
		}
	}
	return x
}

// pick returns the type of one tensor before the fallback for odd rows.
func (x *mixer) pick(t *model.Tensor, role model.Role) *Block {
	index, counter, n := t.Layer, t.Layer, x.layers
	switch role {
	case model.AttnV:
		index, n = x.wv, x.nWV
		counter = index
		x.wv++
	case model.FFNDown, model.FFNDownExps, model.FFNDownShexp:
		counter = x.down
		x.down++
	case model.FFNGate, model.FFNGateExps, model.FFNGateShexp:
		counter = x.gate
		x.gate++
	case model.FFNUp, model.FFNUpExps, model.FFNUpShexp:
		counter = x.up
		x.up++
	}
	if !x.routed {
		index = counter
	}
	for _, r := range x.spec.rules[role] {
		if x.holds(r.when, t, index, counter, n) {
			return r.block
		}
	}
	return x.spec.base
}

func (x *mixer) holds(when []condition, t *model.Tensor, index, counter, n int) bool {
	for _, c := range when {
		var ok bool
		switch c.kind {
		case onFlag:
			ok = x.flags&c.flag != 0
		case onFirst:
			ok = index < n/c.n
		case onIndex:
			ok = index < c.n
		case onCounterFirst:
			ok = counter < n/c.n
		case onMoreBits:
			ok = index < n/8 || index >= 7*n/8 || (index-n/8)%3 == 2
		case onMiddle:
			ok = index >= n/8 && index < 7*n/8
		case onIndivisible:
			ok = t.Row%x.spec.base.Elements != 0
		}
		if ok == c.negate {
			return false
		}
	}
	return true
}
