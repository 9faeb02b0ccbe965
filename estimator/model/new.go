package model

import (
	"fmt"
	"strconv"
)

// New works an architecture out into layers and the tensors that llama.cpp's
// converter would write for it. It fails, in one line, where the architecture
// lacks what its kind of model needs or holds absurd values.
func New(a Architecture) (*Model, error) {
	if a.Unusable != "" {
		return nil, fmt.Errorf("model %s cannot be estimated: %s", a.ID, a.Unusable)
	}
	if err := check(&a); err != nil {
		return nil, fmt.Errorf("model %s: %w", a.ID, err)
	}
	traits, err := ParseTraits(a.Traits)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", a.ID, err)
	}
	types, err := ParseLayerTypes(a.LayerTypes, a.LayerCount)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", a.ID, err)
	}
	m := &Model{Arch: a, Traits: traits, Layers: make([]Layer, a.LayerCount)}
	for field, reason := range a.Assumed {
		m.Assumptions = append(m.Assumptions, field+": "+reason)
	}
	sortStrings(m.Assumptions)
	b := &builder{a: &m.Arch, t: traits, m: m, types: types, layer: -1, embd: int64(a.HiddenSize), name: make([]byte, 0, 64)}
	if a.FFNWidths != "" {
		if b.widths, err = parseWidths(a.FFNWidths, a.LayerCount); err != nil {
			return nil, fmt.Errorf("model %s: %w", a.ID, err)
		}
	}
	m.Tensors = make([]Tensor, 0, 8+a.LayerCount*tensorsPerLayer(&m.Arch))
	b.globals()
	for i, t := range types {
		b.startLayer(i)
		if err := b.buildLayer(t); err != nil {
			return nil, fmt.Errorf("model %s, layer %d: %w", a.ID, i, err)
		}
	}
	b.layer, b.l = -1, nil
	if b.tooLarge {
		return nil, fmt.Errorf("model %s: its tensors hold more than %d elements: check the geometry", a.ID, int64(maxElements))
	}
	if a.Vision != nil && a.Vision.Params > 0 && a.Vision.Params < maxElements {
		m.VisionParams = a.Vision.Params
	}
	m.MTPParams = b.mtpParams()
	return m, nil
}

// maxElements bounds a model, so that no sum of bytes overflows; the largest
// known model has 3·10¹².
const maxElements = 1 << 48

// tensorsPerLayer guesses the room that the inventory needs.
func tensorsPerLayer(a *Architecture) int {
	n := 12
	if a.MoE != nil {
		n += 4
	}
	if a.MLA != nil || a.SSM != nil || a.PerLayerDim > 0 {
		n += 8
	}
	return n
}

// check refuses what cannot be worked out: missing or absurd geometry.
func check(a *Architecture) error {
	const maxWidth, maxSmall = 1 << 24, 1 << 16 // products of four stay in 64 bits
	need := func(name string, v, limit int) error {
		if v <= 0 {
			return fmt.Errorf("%s is missing: give it to estimate this model", name)
		}
		if v > limit {
			return fmt.Errorf("%s is %d, above %d: check the value", name, v, limit)
		}
		return nil
	}
	for _, f := range []struct {
		name     string
		v, limit int
	}{{"layers", a.LayerCount, maxLayers}, {"hidden_size", a.HiddenSize, maxWidth}, {"vocab_size", a.VocabSize, 1 << 28}} {
		if err := need(f.name, f.v, f.limit); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		name string
		v    int
	}{
		{"intermediate_size", a.IntermediateSize}, {"heads", a.Heads}, {"kv_heads", a.KVHeads}, {"head_dim", a.HeadDim},
		{"v_head_dim", a.VHeadDim}, {"sliding_window", a.SlidingWindow}, {"positions", a.Positions}, {"per_layer_dim", a.PerLayerDim},
		{"max_context", a.MaxContext}, {"rotary_dim", a.RotaryDim}, {"mtp_layers", a.MTPLayers}, {"kv_owners", a.KVOwners},
		{"output_rank", a.OutputRank}, {"output_groups", a.OutputGroups}, {"query_rank", a.QueryRank},
	} {
		if f.v < 0 || f.v > 1<<28 {
			return fmt.Errorf("%s is %d: check the value", f.name, f.v)
		}
	}
	if m := a.MoE; m != nil {
		if m.Experts <= 0 || m.Experts > 1<<16 || m.ExpertsPerToken <= 0 || m.ExpertsPerToken > m.Experts {
			return fmt.Errorf("moe: %d of %d experts per token: check experts and experts_per_token", m.ExpertsPerToken, m.Experts)
		}
		if err := need("moe_intermediate_size", m.IntermediateSize, maxWidth); err != nil {
			return err
		}
		if m.SharedExperts < 0 || m.SharedSize < 0 || m.FirstDense < 0 || m.LayerStep < 0 || m.LatentSize < 0 || m.SharedSize > maxWidth || m.LatentSize > maxWidth {
			return fmt.Errorf("moe has a negative or absurd field: check it")
		}
	}
	if m := a.MLA; m != nil {
		for _, v := range []int{m.KVLoraRank, m.RopeDim, m.NopeDim, m.VHeadDim, m.QLoraRank, m.IndexerDim, m.IndexerHeads, m.IndexerEvery} {
			if v < 0 || v > maxSmall {
				return fmt.Errorf("mla has a field of %d: check it", v)
			}
		}
		if err := need("mla.kv_lora_rank", m.KVLoraRank, maxWidth); err != nil {
			return err
		}
	}
	if s := a.SSM; s != nil {
		for _, v := range []int{s.DState, s.DConv, s.DInner >> 8, s.NGroups, s.Heads, s.HeadDimK, s.HeadDimV, s.DTRank, s.Ranks[0], s.Ranks[1], s.Ranks[2], s.Ranks[3]} {
			if v < 0 || v > maxSmall {
				return fmt.Errorf("ssm has a field of %d: check it", v)
			}
		}
	}
	if g := a.Global; g != nil && (g.Heads < 0 || g.KVHeads < 0 || g.HeadDim < 0 || g.Heads > maxSmall || g.KVHeads > maxSmall || g.HeadDim > maxSmall) {
		return fmt.Errorf("global_attention has a negative or absurd field: check it")
	}
	if a.Heads > maxSmall || a.HeadDim > maxSmall || a.KVHeads > maxSmall || a.VHeadDim > maxSmall || a.IntermediateSize > maxWidth || a.PerLayerDim > maxSmall ||
		a.OutputRank > maxSmall || a.OutputGroups > maxSmall || a.QueryRank > maxSmall || a.MTPLayers > 64 || a.MTPParams < 0 || a.MTPParams > maxElements {
		return fmt.Errorf("heads, head_dim or intermediate_size is absurd: check the values")
	}
	return nil
}

func sortStrings(s []string) {
	for i := 1; i < len(s); i++ {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
}

// builder adds tensors to a model, one layer at a time.
type builder struct {
	a      *Architecture
	t      Trait
	m      *Model
	types  []LayerType
	widths []int
	l      *Layer // nil outside the layers
	layer  int
	embd   int64
	name   []byte
	prefix int // length of "blk.N." in name
	total  int64
	// tooLarge is set once the elements exceed maxElements.
	tooLarge bool
}

func (b *builder) startLayer(i int) {
	b.layer, b.l = i, &b.m.Layers[i]
	b.name = append(b.name[:0], "blk."...)
	b.name = strconv.AppendInt(b.name, int64(i), 10)
	b.name = append(b.name, '.')
	b.prefix = len(b.name)
}

func (b *builder) fullName(name string) string {
	if b.l == nil {
		return name
	}
	b.name = append(b.name[:b.prefix], name...)
	return string(b.name)
}

func (b *builder) add(t Tensor) {
	if t.Elements <= 0 {
		return
	}
	if t.Elements > maxElements || b.total > maxElements-t.Elements {
		b.tooLarge = true
		return
	}
	b.total += t.Elements
	t.Name, t.Layer = b.fullName(t.Name), b.layer
	b.m.Tensors = append(b.m.Tensors, t)
	n := t.Elements
	if b.l == nil {
		switch t.Role {
		case TokenEmbedding:
			b.m.EmbeddingParams += n
		case Output:
			b.m.OutputParams += n
		default:
			b.m.OtherParams += n
		}
		return
	}
	switch t.Part {
	case PartAttention:
		b.l.AttentionParams += n
	case PartRecurrent:
		b.l.RecurrentParams += n
	case PartDenseFFN:
		b.l.DenseFFNParams += n
	case PartExperts:
		b.l.ExpertParams += n
	case PartShared:
		b.l.SharedParams += n
	default:
		if t.Role == Router {
			b.l.RouterParams += n
		} else {
			b.l.NormParams += n
		}
	}
}

// mat adds a matrix of cols rows of length row (ggml's ne0 and ne1).
func (b *builder) mat(name string, role Role, part Part, row, cols int64) {
	b.add(Tensor{Name: name, Role: role, Part: part, Row: row, Elements: row * cols, Dims: 2})
}

// exps adds a stack of expert matrices.
func (b *builder) exps(name string, role Role, row, cols int64) {
	n := b.a.MoE.Experts
	if row > maxElements/int64(n)/max(cols, 1) {
		b.tooLarge = true
		return
	}
	b.add(Tensor{Name: name, Role: role, Part: PartExperts, Row: row, Elements: row * cols * int64(n), Experts: n, Dims: 3})
}

// vec adds a vector kept in F32.
func (b *builder) vec(name string, role Role, part Part, n int64) {
	b.add(Tensor{Name: name, Role: role, Part: part, Row: n, Elements: n, Dims: 1})
}

// norm adds a norm over n elements, with its bias where the architecture has one.
func (b *builder) norm(name string, n int64) {
	if b.t.Has(NoNormWeights) {
		return
	}
	b.vec(name+".weight", Norm, PartSmall, n)
	if b.t.Has(LayerNorm) {
		b.vec(name+".bias", Bias, PartSmall, n)
	}
}

// bias adds a bias vector.
func (b *builder) bias(name string, n int64) { b.vec(name+".bias", Bias, PartSmall, n) }

// globals adds what lies outside the layers.
func (b *builder) globals() {
	a := b.a
	vocab := int64(a.VocabSize)
	b.mat("token_embd.weight", TokenEmbedding, PartGlobal, b.embd, vocab)
	if a.Positions > 0 {
		b.mat("position_embd.weight", PositionEmbd, PartGlobal, b.embd, int64(a.Positions))
	}
	if b.t.Has(BertParts) {
		b.mat("token_types.weight", PositionEmbd, PartGlobal, b.embd, 2)
	}
	if b.t.Has(EmbeddingNorm) {
		b.norm("token_embd_norm", b.embd)
	}
	if b.t.Has(PerLayerInput) && a.PerLayerDim > 0 {
		width := int64(a.PerLayerDim) * int64(a.LayerCount)
		rows := vocab
		if b.t.Has(AltUp) { // Gemma 3n: the audio and image tokens have no per-layer embedding
			rows = min(rows, 262144)
		}
		b.mat("per_layer_token_embd.weight", PerLayerEmbd, PartGlobal, width, rows)
		b.mat("per_layer_model_proj.weight", Kept, PartGlobal, b.embd, width)
		b.vec("per_layer_proj_norm.weight", Norm, PartGlobal, int64(a.PerLayerDim))
	}
	if b.t.Has(AltUp) {
		b.mat("altup_proj.weight", Kept, PartGlobal, b.embd, 3*b.embd)
		b.mat("altup_unembd_proj.weight", Kept, PartGlobal, b.embd, 3*b.embd)
	}
	if b.t.Has(RopeFreqs) {
		b.vec("rope_freqs.weight", Other, PartGlobal, int64(b.rotary())/2)
	}
	if b.t.Has(RopeFactors) {
		b.vec("rope_factors_long.weight", Other, PartGlobal, int64(b.rotary())/2)
		b.vec("rope_factors_short.weight", Other, PartGlobal, int64(b.rotary())/2)
	}
	if !b.t.Has(NoFinalNorm) {
		b.norm("output_norm", b.embd)
	}
	if b.t.Has(HyperConn) {
		b.mat("output_hc_fn.weight", Kept, PartGlobal, 4*b.embd, 4)
	}
	if b.t.Has(Pooler) {
		b.mat("cls.weight", Other, PartGlobal, b.embd, b.embd)
		b.vec("cls.bias", Other, PartGlobal, b.embd)
	}
	if !a.TiedEmbeddings && !b.t.Has(NoHead) {
		b.mat("output.weight", Output, PartGlobal, b.embd, vocab)
		if b.t.Has(HeadBias) {
			b.vec("output.bias", Other, PartGlobal, vocab)
		}
	}
}

func (b *builder) rotary() int {
	if b.a.RotaryDim > 0 {
		return b.a.RotaryDim
	}
	if b.a.MLA != nil {
		return b.a.MLA.RopeDim
	}
	return b.a.HeadDim
}

// mtpParams returns the elements of the multi-token-prediction layers: the
// published figure, or one layer like the last with two projections of the
// hidden width and three norms each (DeepSeek-V3 report, section 2.2).
func (b *builder) mtpParams() int64 {
	if b.a.MTPParams > 0 || b.a.MTPLayers == 0 {
		return b.a.MTPParams
	}
	last := &b.m.Layers[len(b.m.Layers)-1]
	return int64(b.a.MTPLayers) * (last.Params() + 2*b.embd*b.embd + 3*b.embd)
}
