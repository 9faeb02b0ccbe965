package modelfile

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
)

//go:embed windows.csv
var windowsCSV string

// windowRule returns how an architecture alternates windows where its files do
// not say; ok is false when it has no windows in llama.cpp.
func windowRule(arch string) (period int, first bool, window int, ok bool) {
	for line := range strings.Lines(windowsCSV) {
		f := strings.Split(strings.TrimSpace(line), ",")
		if len(f) == 4 && f[0] == arch {
			period, _ = strconv.Atoi(f[1])
			window, _ = strconv.Atoi(f[3])
			return period, f[2] == "first", window, period > 0
		}
	}
	return 0, false, 0, false
}

// present is what the tensor table shows of one layer.
type present struct {
	attention, latent, split, recurrent, indexer bool
	keys, cross                                  bool  // has a key projection; attends to an image
	keyOut                                       int64 // rows of the key projection
}

// ggufLayers fills the layers from the metadata and from the tensors that each
// layer has; where they differ the tensors are right.
func ggufLayers(m *model.Model, k *meta) error {
	seen := make([]present, len(m.Layers))
	for i := range m.Tensors {
		t := &m.Tensors[i]
		if t.Layer < 0 {
			continue
		}
		p, l := &seen[t.Layer], &m.Layers[t.Layer]
		p.cross = p.cross || strings.Contains(t.Name, ".cross_attn")
		switch t.Role {
		case model.AttnQ, model.AttnQA, model.AttnQB:
			p.attention = true
		case model.AttnQKV:
			p.attention, p.keys = true, true
		case model.AttnK:
			if p.keys = true; t.Row > 0 {
				p.keyOut = t.Elements / t.Row
			}
		case model.AttnKVA:
			p.latent, p.attention = true, true
		case model.AttnKB:
			p.split = true
		case model.Indexer:
			p.indexer = true
		case model.FFNDown:
			l.DenseFFNWidth = clampInt(t.Row)
		case model.FFNDownExps:
			l.ExpertFFNWidth, l.Experts = clampInt(t.Row), max(l.Experts, t.Experts)
		}
		if t.Part == model.PartRecurrent {
			p.recurrent = true
		}
	}
	a := &m.Arch
	if err := k.layerLists(a); err != nil {
		return err
	}
	letters := make([]byte, len(m.Layers))
	for i := range m.Layers {
		ggufLayer(m, k, i, &seen[i])
		letters[i] = letter(&m.Layers[i])
	}
	a.LayerTypes = squeeze(letters)
	if a.MLA != nil && !k.has("attention.key_length_mla") && len(m.Layers) > 0 {
		m.Assumptions = append(m.Assumptions, "the file is from before llama.cpp's latent attention: its engine keeps the full keys and values")
	}
	countKinds(m)
	return k.err
}

// layerLists checks that lists by layer are as long as the layers.
func (k *meta) layerLists(a *model.Architecture) error {
	for _, key := range []string{"attention.head_count", "attention.head_count_kv", "feed_forward_length", "attention.sliding_window_pattern"} {
		if n := len(k.list(key)); n > 1 && n < a.LayerCount {
			return fmt.Errorf("metadata %s.%s lists %d layers, the model has %d: the file is damaged", k.arch, key, n, a.LayerCount)
		}
	}
	return k.err
}

func ggufLayer(m *model.Model, k *meta, i int, p *present) {
	a, l := &m.Arch, &m.Layers[i]
	if l.ExpertParams > 0 && a.MoE != nil {
		l.Experts = max(l.Experts, 1)
		if l.Experts == 1 { // stored one by one
			l.Experts = a.MoE.Experts
		}
		l.ExpertsPerTok = min(a.MoE.ExpertsPerToken, l.Experts)
		if l.SharedParams > 0 {
			l.SharedExperts = max(a.MoE.SharedExperts, 1)
		}
	}
	if p.recurrent && a.SSM != nil {
		ggufRecurrent(a, l)
		// The projections of these mixers have the names of attention's.
		if l.Recurrent == model.GatedDeltaNet || l.Recurrent == model.KimiDelta && !p.latent {
			l.RecurrentParams += l.AttentionParams
			l.AttentionParams = 0
			return
		}
	}
	if !p.attention {
		return
	}
	if p.cross { // keys and values come from the image: nothing grows
		l.Heads, l.KVHeads, l.HeadDimK, l.HeadDimV = a.Heads, a.KVHeads, a.HeadDim, a.HeadDim
		return
	}
	l.Attention = model.FullAttention
	l.Heads, l.KVHeads = at(k.list("attention.head_count"), i), at(k.list("attention.head_count_kv"), i)
	if l.Heads == 0 {
		if l.Heads = a.Heads; l.Heads == 0 && k.err == nil {
			k.err = fmt.Errorf("metadata %s.attention.head_count is missing, but layer %d attends: the file is damaged", k.arch, i)
		}
	}
	l.HeadDimK = a.HeadDim
	if l.HeadDimV = a.VHeadDim; l.HeadDimV == 0 {
		l.HeadDimV = a.HeadDim
	}
	l.OwnsCache = (a.KVOwners == 0 || i < a.KVOwners) && !strings.Contains(a.Traits, "encoder")
	if p.latent && a.MLA != nil {
		l.KVHeads = l.Heads
		l.HeadDimK, l.HeadDimV = a.MLA.NopeDim+a.MLA.RopeDim, a.MLA.VHeadDim
		if p.split || k.has("attention.key_length_mla") {
			l.Attention, l.LatentDim, l.RopeDim = model.LatentAttention, a.MLA.KVLoraRank, a.MLA.RopeDim
		}
		if p.indexer {
			l.IndexerDim = a.MLA.IndexerDim
		}
		return
	}
	l.OwnsCache = l.OwnsCache && p.keys
	if g := a.Global; g != nil && !windowed(k, i) {
		l.HeadDimK, l.HeadDimV = g.HeadDim, g.HeadDim
	}
	if windowed(k, i) {
		w := a.SlidingWindow
		if _, _, d, ok := windowRule(k.arch); ok && w == 0 {
			w = d
		}
		if w > 0 {
			l.Attention, l.Window = model.WindowAttention, w
		}
	}
	if l.KVHeads == 0 {
		l.KVHeads = l.Heads
		if len(k.list("attention.head_count_kv")) > 0 && p.keyOut > 0 && l.HeadDimK > 0 {
			l.KVHeads = clampInt(p.keyOut / int64(l.HeadDimK))
		}
	}
}

// windowed reports whether layer i attends within a window: by the file's
// pattern, else by the rule of its architecture.
func windowed(k *meta, i int) bool {
	period, first, window, ruled := windowRule(k.arch)
	if k.int("attention.sliding_window") == 0 && k.int("attention.chunk_size") == 0 && window == 0 {
		return false
	}
	if k.has("attention.sliding_window_pattern") {
		l := k.list("attention.sliding_window_pattern")
		if len(l) > 1 {
			return i < len(l) && l[i] != 0
		}
		period, first, ruled = at(l, 0), false, true
	}
	switch {
	case !ruled || period <= 1:
		return false
	case first:
		return i%period != 0
	}
	return i%period < period-1
}

// ggufRecurrent fills the state that one sequence keeps
// (ggml-org/llama.cpp:src/llama-hparams.cpp, n_embd_r and n_embd_s).
func ggufRecurrent(a *model.Architecture, l *model.Layer) {
	s := a.SSM
	inner, state, conv := int64(s.DInner), int64(s.DState), int64(max(s.DConv, 1))-1
	l.ConvState, l.RecurrentState = conv*(inner+2*int64(s.NGroups)*state), state*inner
	switch s.Kind {
	case "mamba1":
		l.Recurrent, l.ConvState = model.Mamba1, conv*inner
	case "mamba2":
		l.Recurrent = model.Mamba2
	case "gated-deltanet":
		l.Recurrent = model.GatedDeltaNet
	case "kimi-delta-attention":
		l.Recurrent, l.ConvState = model.KimiDelta, 3*conv*inner
	case "short-conv":
		l.Recurrent, l.ConvState, l.RecurrentState = model.ShortConv, conv*int64(a.HiddenSize), 0
	case "rwkv7":
		l.Recurrent, l.ConvState, l.RecurrentState = model.RWKV, 2*int64(a.HiddenSize), int64(a.HiddenSize)*state
	}
}

// letter is the layer's kind in the terms of model.ParseLayerTypes.
func letter(l *model.Layer) byte {
	ffn := l.DenseFFNParams+l.ExpertParams > 0
	upper := byte(0)
	if !ffn {
		upper = 'a' - 'A'
	}
	switch {
	case l.Recurrent != model.NoRecurrence && l.Attention != model.NoAttention:
		return 'p'
	case l.Recurrent != model.NoRecurrence:
		return 'r' - upper
	case l.Attention == model.WindowAttention:
		return 'w' - upper
	case l.Attention != model.NoAttention:
		return 'f' - upper
	case l.ExpertParams > 0:
		return 'e'
	}
	return 'n'
}

// squeeze writes letters as counts: "5wf5wf".
func squeeze(p []byte) string {
	var b strings.Builder
	for i := 0; i < len(p); {
		j := i
		for j < len(p) && p[j] == p[i] {
			j++
		}
		if j-i > 1 {
			fmt.Fprint(&b, j-i)
		}
		b.WriteByte(p[i])
		i = j
	}
	return b.String()
}

func countKinds(m *model.Model) {
	rec, att := 0, 0
	for i := range m.Layers {
		if m.Layers[i].Recurrent != model.NoRecurrence {
			rec++
		}
		if m.Layers[i].Attention != model.NoAttention {
			att++
		}
	}
	a := &m.Arch
	if a.SSM != nil {
		a.SSM.RecurrentLayers, a.SSM.AttentionLayers = rec, att
	}
	switch {
	case rec > 0 && att > 0:
		a.Attention = "hybrid"
	case att == 0:
		a.Attention = "none"
	case a.Attention == "" && a.KVHeads == a.Heads:
		a.Attention = "mha"
	case a.Attention == "":
		a.Attention = "gqa"
	}
}

func clampInt(n int64) int {
	if n < 0 || n > 1<<31-1 {
		return 1<<31 - 1
	}
	return int(n)
}
