package hf

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
)

func parseFloat(v any) (float64, error) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, errors.New("not a number")
	}
	return n.Float64()
}

// extras reads what only some models have: biases, prediction layers,
// per-layer embeddings, shared caches, a vision tower.
func (r *reader) extras() {
	a := &r.a
	has := func(word string) bool { return strings.Contains(" "+a.Traits+" ", " "+word+" ") }
	add := func(word string) {
		if !has(word) {
			a.Traits = strings.TrimSpace(a.Traits + " " + word)
		}
	}
	if r.Flag("attention_bias") || r.Flag("qkv_bias") || r.Flag("add_qkv_bias") || r.Flag("use_qkv_bias") {
		add("qkvbias")
	}
	if r.Flag("attention_bias") && a.Arch == "llama" {
		add("outbias")
	}
	if r.Flag("use_qk_norm") && !has("qknormfull") && a.Arch != "llama4" { // Llama 4 norms without weights
		add("qknorm")
	}
	if r.Flag("attn_output_gate") && strings.HasPrefix(a.Arch, "qwen") {
		add("doubleq")
	}
	a.MTPLayers = r.Int("num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_modules")
	if a.PerLayerDim = r.Int("hidden_size_per_layer_input"); a.PerLayerDim > 0 {
		add("perlayer")
	}
	if r.Flag("use_double_wide_mlp") {
		add("doublewide")
	}
	if n := r.Int("num_kv_shared_layers"); n > 0 && n < a.LayerCount {
		a.KVOwners = a.LayerCount - n
	}
	if a.MLP == "gated" && r.Str("mlp_hidden_act") == "relu2" {
		a.MLP = "plain"
	}
	if a.IntermediateSize == 0 && a.MoE != nil {
		a.IntermediateSize = a.MoE.IntermediateSize
	}
	r.vision()
}

// vision sizes the tower by the usual transformer formula, which leaves out
// its position table and projector details: stated as an assumption.
func (r *reader) vision() {
	o := r.top.Obj("vision_config")
	if o == nil {
		o = r.top.Obj("thinker_config").Obj("vision_config")
	}
	if o == nil {
		if r.top.Obj("img_processor") != nil { // Phi-3 vision: its type alone tells the tower
			r.a.Vision, r.a.Class = &model.Vision{Type: r.top.Str("model_type")}, "multimodal"
			r.assume("the vision tower is not counted: its widths are not in the config")
		}
		return
	}
	f := jsonfile.Fields{Object: o}
	v := &model.Vision{
		Type:   r.top.Str("model_type"),
		Layers: f.Int("num_hidden_layers", "depth", "vt_num_hidden_layers", "num_layers"),
		Hidden: f.Int("hidden_size", "vt_hidden_size", "embed_dim", "width"),
		Patch:  f.Int("patch_size", "spatial_patch_size"), Merge: f.Int("spatial_merge_size"),
	}
	ffn := f.Int("intermediate_size", "vt_intermediate_size")
	if ffn == 0 {
		ffn = 4 * v.Hidden
	}
	const limit = 1 << 20
	if f.Err != nil || v.Layers == 0 || v.Layers > 4096 || v.Hidden > limit || ffn > limit || v.Patch > limit || v.Merge > 64 {
		r.assume("the vision tower is not counted: its config is not complete")
		return
	}
	h, out := int64(v.Hidden), int64(r.a.HiddenSize)
	merged := h * int64(max(v.Merge*v.Merge, 1))
	v.Params = int64(v.Layers)*(4*h*h+2*h*int64(ffn)) + 3*int64(v.Patch*v.Patch)*h + merged*merged + merged*out
	v.ParamsFrom = "formula (4h² + 2hf per layer, patch embedding, two projector matrices)"
	r.assume("vision tower of %.2f billion parameters computed from its widths", float64(v.Params)/1e9)
	r.a.Vision, r.a.Class = v, "multimodal"
}
