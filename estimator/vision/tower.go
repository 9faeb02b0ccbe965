package vision

import "math"

// Tower is an encoder with its projector: a stack of equal transformer layers.
// Widths are elements.
type Tower struct {
	Layers int `json:"layers"`
	Hidden int `json:"hidden"`
	FFN    int `json:"ffn"`
	// Gated is true where the feed-forward has three matrices instead of two.
	Gated bool `json:"gated,omitempty"`
	// Attention is the width of all heads together, 0 for Hidden.
	Attention int `json:"attention,omitempty"`
	// Window is how many positions one attends to in all but FullLayers layers; 0
	// where all attend to all.
	Window     int `json:"window,omitempty"`
	FullLayers int `json:"full_layers,omitempty"`
	// Projector says how what comes out becomes tokens, and Projectors how many
	// there are, 0 standing for one.
	Projector  Projector `json:"projector,omitempty"`
	Projectors int       `json:"projectors,omitempty"`
	Source     string    `json:"source,omitempty"`
	Assumed    string    `json:"assumed,omitempty"`
}

// Projector is the shape of a projector, from merged patches of m elements
// (patches of d) to the width o of the language model.
type Projector string

// Projectors.
const (
	Linear      Projector = "linear"        // d×o
	MLP         Projector = "mlp"           // d×o, o×o
	Merged      Projector = "merged"        // m×m, m×o
	MergedMLP   Projector = "merged_mlp"    // m×o, o×o
	MergedFlat  Projector = "merged_linear" // m×o
	MergedThen  Projector = "merge_mlp"     // m×d, d×o, o×o
	NoProjector Projector = ""
)

// headWidth is the usual width of an encoder's heads, in elements: 72 in SigLIP
// so400m, 64 in CLIP ViT-L, 80 in Qwen2-VL.
const headWidth = 72

// Load is the work of an encoder on some views.
type Load struct {
	// LinearFLOPs is that of weights, AttentionFLOPs of scores and their sums; a
	// multiply-add counts as two.
	LinearFLOPs, AttentionFLOPs float64
	// Params are the weights that each call reads, Rows the positions that share
	// one read, Layers the layer visits.
	Params, Rows, Layers float64
	Calls                float64
	// Activation is the elements that pass between the operations of all layers.
	Activation float64
	// Peak is the elements of activations that live at once where all positions of
	// a call are worked on together.
	Peak float64
	// Scores is the elements of the attention scores of one head, all layers, of
	// which there are Heads.
	Scores, Heads float64
}

// body is the parameters of the layers.
func (t *Tower) body() float64 {
	d, a, f := float64(t.Hidden), float64(t.attention()), float64(t.FFN)
	n := 2.0
	if t.Gated {
		n = 3
	}
	return float64(t.Layers) * (4*d*a + n*d*f)
}

func (t *Tower) attention() int {
	if t.Attention > 0 {
		return t.Attention
	}
	return t.Hidden
}

// projector is the parameters that each token passes through.
func (t *Tower) projector(merge, out int) float64 {
	d, o := float64(t.Hidden), float64(out)
	m := d * float64(merge*merge)
	n := 0.0
	switch t.Projector {
	case Linear:
		n = d * o
	case MLP:
		n = d*o + o*o
	case Merged:
		n = m*m + m*o
	case MergedMLP:
		n = m*o + o*o
	case MergedFlat:
		n = m * o
	case MergedThen:
		n = m*d + d*o + o*o
	}
	return n * float64(max(t.Projectors, 1))
}

// Params returns the parameters of the encoder with its projector into a model
// of width out: layers of 4·d² and their feed-forward, patch embedding and
// projector. Position tables and norms, a percent or so, are left out.
func (t *Tower) Params(patch, merge, out int) int64 {
	return int64(t.body() + 3*float64(patch*patch)*float64(t.Hidden) + t.projector(max(merge, 1), out))
}

// Of returns the work on a view. Each position takes two operations a
// parameter, each pair of positions that look at each other four an element of
// the heads' width.
func (t *Tower) Of(v View, patch, merge, out int) Load {
	n, d := float64(v.Patches), float64(t.Hidden)
	calls := float64(max(v.Calls, 1))
	full, windowed := float64(t.Layers), 0.0
	if t.Window > 0 {
		full = float64(min(t.FullLayers, t.Layers))
		windowed = float64(t.Layers) - full
	}
	local := min(n*float64(t.Window), v.Pairs)
	pairs := full*v.Pairs + windowed*local
	tokens := float64(max(v.Tokens, v.States))
	body := t.body() + 3*float64(patch*patch)*d
	proj := t.projector(max(merge, 1), out)
	return Load{
		LinearFLOPs:    2 * (n*body + tokens*proj),
		AttentionFLOPs: 4 * float64(t.attention()) * pairs,
		Params:         body + proj, Rows: n / calls, Layers: float64(t.Layers) * calls, Calls: calls,
		Activation: n * float64(t.Layers) * (6*d + 2*float64(t.FFN)),
		Peak:       n / calls * (6*d + 2*float64(t.FFN)),
		Scores:     pairs, Heads: math.Ceil(float64(t.attention()) / headWidth),
	}
}
