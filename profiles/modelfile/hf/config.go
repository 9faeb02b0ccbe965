package hf

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
)

// Config is what a checkpoint's configuration says.
type Config struct {
	Arch model.Architecture
	// Format is the canonical weight format that is declared, "" when the
	// declared one is not known.
	Format string
	// Assumptions lists in plain words what had to be assumed.
	Assumptions []string
}

// Read reads the config.json at path, with hf_quant_config.json and
// quantize_config.json beside it where present. Errors name the file.
func Read(path string) (*Config, error) {
	o, err := jsonfile.Read(path)
	if err != nil {
		return nil, err
	}
	var side jsonfile.Object
	for _, name := range []string{"hf_quant_config.json", "quantize_config.json"} {
		s, err := jsonfile.Read(filepath.Join(filepath.Dir(path), name))
		if err == nil {
			side = s
			break
		}
		if !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	c, err := convert(o, side)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if c.Arch.ID = idOf(path, o); c.Arch.Name == "" {
		c.Arch.Name = c.Arch.ID
	}
	return c, nil
}

// Parse reads a config.json given as bytes.
func Parse(data []byte) (*Config, error) {
	o, err := jsonfile.Parse(data)
	if err != nil {
		return nil, err
	}
	return convert(o, nil)
}

// idOf names the model by its folder, which is what people call it.
func idOf(path string, o jsonfile.Object) string {
	if abs, err := filepath.Abs(path); err == nil {
		if dir := filepath.Base(filepath.Dir(abs)); dir != "." && dir != string(filepath.Separator) {
			return dir
		}
	}
	return o.Str("_name_or_path", "model_type")
}

// reader turns one config into an architecture.
type reader struct {
	jsonfile.Fields
	top   jsonfile.Object
	kind  string // model_type of the text part
	a     model.Architecture
	notes []string
}

func (r *reader) assume(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func convert(top, side jsonfile.Object) (*Config, error) {
	if err := refuse(top); err != nil {
		return nil, err
	}
	text := top
	for _, key := range []string{"text_config", "llm_config", "language_config", "thinker_config"} {
		if t := text.Obj(key); t != nil {
			if inner := t.Obj("text_config"); inner != nil {
				t = inner
			}
			text = t
			break
		}
	}
	r := &reader{Fields: jsonfile.Fields{Object: text}, top: top}
	r.kind = text.Str("model_type")
	if r.kind == "" {
		r.kind = top.Str("model_type")
	}
	if r.kind == "" && top.Has("type_vocab_size") {
		r.kind = "bert"
	}
	r.identify()
	r.dimensions()
	r.attention()
	r.experts()
	r.recurrent()
	r.layers()
	r.extras()
	if r.Err != nil {
		return nil, r.Err
	}
	name, assumed := weightFormat(top, text, side)
	if assumed != "" {
		r.assume("%s", assumed)
	}
	r.a.NativeDType = strings.ToLower(name)
	return &Config{Arch: r.a, Format: name, Assumptions: r.notes}, nil
}

//go:embed defaults.csv
var defaultsCSV string

// defaultsOf returns the row of defaults.csv for a model_type.
func defaultsOf(kind string) (arch string, tied, plain bool, fields string) {
	for line := range strings.Lines(defaultsCSV) {
		rest, ok := strings.CutPrefix(line, kind+",")
		if !ok || kind == "" {
			continue
		}
		f := strings.SplitN(strings.TrimSpace(rest), ",", 4)
		if len(f) == 4 {
			return f[0], f[1] == "tied", f[2] == "plain", f[3]
		}
	}
	return "", false, false, ""
}

// identify settles architecture, traits and the defaults of the model_type.
func (r *reader) identify() {
	other, tied, plain, defaults := defaultsOf(r.kind)
	arch, traits, ok := "", "", false
	for _, name := range []string{r.kind, other, strings.TrimSuffix(r.kind, "_text"), r.top.Str("model_type")} {
		if arch, traits, ok = profiles.ArchitectureOf(name); ok && name != "" {
			break
		}
		ok = false
	}
	if !ok {
		arch, traits = r.kind, ""
		r.assume("model_type %.40q is not known: counted as a decoder built like Llama", r.kind)
	}
	r.a.Arch, r.a.Traits, r.a.Family, r.a.Class = arch, traits, arch, "llm"
	r.a.MLP = "gated"
	if plain {
		r.a.MLP = "plain"
	}
	r.a.TiedEmbeddings = tied
	for _, o := range []jsonfile.Object{r.Object, r.top} {
		if b, is := o["tie_word_embeddings"].(bool); is {
			r.a.TiedEmbeddings = b
			break
		}
	}
	if b, is := r.Object["weight_tying"].(bool); is {
		r.a.TiedEmbeddings = b
	}
	if strings.Contains(traits, "nohead") {
		r.a.Class, r.a.TiedEmbeddings = "embedding", true
	}
	// Copy before adding: the caller's object stays as it was read.
	full := make(jsonfile.Object, len(r.Object)+4)
	for k, v := range r.Object {
		full[k] = v
	}
	for word := range strings.FieldsSeq(defaults) {
		k, v, _ := strings.Cut(word, "=")
		n, err := strconv.Atoi(v)
		if err != nil || full.Has(k) || k == "vocab_size" && full.Has("padded_vocab_size") {
			continue
		}
		if k == "head_dim" || k == "sliding_window" || strings.HasPrefix(k, "mamba") || strings.HasPrefix(k, "num_key") {
			if _, present := full[k]; present {
				continue // null is an answer here
			}
		}
		full[k] = n
		r.assume("%s is absent: %s taken from the defaults of %s", k, v, r.kind)
	}
	r.Object = full
}

// dimensions reads the widths that every decoder has.
func (r *reader) dimensions() {
	a := &r.a
	a.LayerCount = r.Int("num_hidden_layers", "n_layer", "num_layers", "n_layers")
	a.HiddenSize = r.Int("hidden_size", "n_embd", "d_model", "dim")
	a.VocabSize = r.Int("vocab_size", "padded_vocab_size", "embedding_size")
	a.MaxContext = r.Int("max_position_embeddings", "n_positions", "seq_length", "context_length", "max_seq_len", "max_sequence_length", "n_ctx", "model_max_length")
	a.Heads = r.Int("num_attention_heads", "n_head", "num_heads", "n_heads")
	a.HeadDim = r.Int("head_dim", "attention_head_dim", "kv_channels", "d_head")
	a.IntermediateSize = r.Int("intermediate_size_mlp", "intermediate_size", "ffn_hidden_size", "n_inner", "d_ff", "ffn_dim", "hidden_dim", "ffn_intermediate_size")
	if r.Err != nil {
		return
	}
	for _, need := range []struct {
		name string
		v    int
	}{{"num_hidden_layers", a.LayerCount}, {"hidden_size", a.HiddenSize}, {"vocab_size", a.VocabSize}} {
		if need.v == 0 {
			r.Err = fmt.Errorf("%s is missing: this is not the config.json of a language model, or it is not complete", need.name)
			return
		}
	}
	if a.IntermediateSize == 0 && a.MLP == "plain" {
		a.IntermediateSize = 4 * a.HiddenSize
	}
	if r.kind == "molmo" || r.kind == "qwen" {
		a.IntermediateSize /= 2 // the field holds gate and up together
	}
	switch a.Arch {
	case "gpt2", "gptneo", "bert":
		a.Positions = a.MaxContext
	case "opt":
		a.Positions = a.MaxContext + 2
	}
}

// attention reads heads, latent attention and windows.
func (r *reader) attention() {
	a := &r.a
	a.KVHeads = r.Int("num_key_value_heads", "num_kv_heads", "n_head_kv", "n_kv_heads", "multi_query_group_num", "num_query_groups")
	if c := r.Obj("attn_config"); a.KVHeads == 0 && c != nil {
		f := jsonfile.Fields{Object: c}
		a.KVHeads = f.Int("kv_n_heads")
	}
	if r.Flag("multi_query") && !r.Flag("new_decoder_architecture") {
		a.KVHeads = 1
	}
	if a.KVHeads == 0 {
		a.KVHeads = a.Heads
	}
	if a.HeadDim == 0 && a.Heads > 0 {
		a.HeadDim = a.HiddenSize / a.Heads
	}
	a.VHeadDim = r.Int("v_head_dim")
	if f, ok := r.Object["partial_rotary_factor"]; ok {
		if n, err := strconv.ParseFloat(fmt.Sprint(f), 64); err == nil && n > 0 && n < 1 {
			a.RotaryDim = int(n * float64(a.HeadDim))
		}
	}
	if rank := r.Int("kv_lora_rank"); rank > 0 {
		a.MLA = &model.MLA{
			KVLoraRank: rank, QLoraRank: r.Int("q_lora_rank"), RopeDim: r.Int("qk_rope_head_dim"), NopeDim: r.Int("qk_nope_head_dim"),
			VHeadDim: a.VHeadDim, IndexerDim: r.Int("index_head_dim"), IndexerHeads: r.Int("index_n_heads"), IndexerEvery: r.Int("index_topk_freq"),
		}
		a.VHeadDim, a.HeadDim = 0, a.MLA.NopeDim+a.MLA.RopeDim
		a.Attention = "mla"
	}
	if a.OutputRank = r.Int("o_lora_rank"); a.OutputRank > 0 {
		a.OutputGroups, a.QueryRank = r.Int("o_groups"), r.Int("q_lora_rank")
		if d := r.Int("index_head_dim"); d > 0 {
			a.Indexer = &model.IndexerShape{Heads: r.Int("index_n_heads"), Dim: d}
		}
	}
	a.SlidingWindow = r.Int("sliding_window", "window_size", "attention_chunk_size")
	if on, is := r.Object["use_sliding_window"].(bool); is && !on || a.MaxContext > 0 && a.SlidingWindow >= a.MaxContext {
		a.SlidingWindow = 0
	}
	if n := r.Int("global_head_dim"); n > 0 {
		a.Global = &model.GlobalAttention{HeadDim: n, KVHeads: r.Int("num_global_key_value_heads"), KeyEqualsVal: r.Flag("attention_k_eq_v")}
	}
	if n := r.Int("swa_num_key_value_heads"); n > 0 {
		a.Global = &model.GlobalAttention{KVHeads: a.KVHeads}
		a.KVHeads = n
	}
	if a.Attention == "" {
		a.Attention = "gqa"
		if a.KVHeads == a.Heads {
			a.Attention = "mha"
		}
	}
}

// experts reads the mixture of experts.
func (r *reader) experts() {
	a := &r.a
	n := r.Int("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
	used := r.Int("num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_topk", "moe_top_k", "moe_k", "experts_per_token")
	width := r.Int("moe_intermediate_size", "moe_ffn_hidden_size", "expert_intermediate_size")
	if f := r.Obj("ffn_config"); f != nil && n == 0 {
		ff := jsonfile.Fields{Object: f}
		n, used, width = ff.Int("moe_num_experts"), ff.Int("moe_top_k"), ff.Int("ffn_hidden_size")
	}
	if n <= 1 || r.Err != nil {
		return
	}
	if width == 0 {
		width = r.Int("intermediate_size")
	}
	m := &model.MoE{
		Experts: n, ExpertsPerToken: used, IntermediateSize: width,
		SharedExperts: r.Int("n_shared_experts", "num_shared_experts", "moe_num_shared_experts"),
		SharedSize:    r.Int("shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "share_expert_dim", "shared_intermediate_size"),
		FirstDense:    r.Int("first_k_dense_replace", "num_dense_layers", "moe_layer_start_index"),
		LayerStep:     r.Int("decoder_sparse_step", "interleave_moe_layer_step", "expert_layer_period"),
		LatentSize:    r.Int("moe_latent_size", "routed_expert_hidden_size"),
		DenseBeside:   r.Flag("enable_moe_block"),
	}
	if r.a.Arch == "llama4" {
		m.SharedExperts, m.SharedSize = 1, width
	}
	if m.SharedSize > 0 && m.SharedExperts == 0 {
		m.SharedExperts = 1
	}
	r.denseLayers(m)
	a.MoE, a.Class = m, "moe"
	if a.Arch == "gemma4" {
		a.Traits += " expertnorms"
	}
	if a.Arch == "nemotron_h" {
		a.Arch = "nemotron_h_moe"
		if t, ok := profiles.Traits(a.Arch); ok {
			a.Traits = t
		}
	}
}

// denseLayers reads the lists that some configs keep of dense layers.
func (r *reader) denseLayers(m *model.MoE) {
	var dense []bool
	for _, v := range r.List("moe_layer_freq") {
		n, _ := jsonfile.Whole(v)
		dense = append(dense, n == 0)
	}
	for _, v := range r.List("mlp_layer_types") {
		dense = append(dense, v == "dense")
	}
	if only := r.List("mlp_only_layers"); len(only) > 0 && dense == nil && r.a.LayerCount <= 4096 {
		dense = make([]bool, r.a.LayerCount)
		for _, v := range only {
			if i, ok := jsonfile.Whole(v); ok && i >= 0 && i < len(dense) {
				dense[i] = true
			}
		}
	}
	if dense == nil {
		return
	}
	m.FirstDense = 0
	for m.FirstDense < len(dense) && dense[m.FirstDense] {
		m.FirstDense++
	}
	for i := m.FirstDense; i < len(dense); i++ {
		if dense[i] && m.LayerStep <= 1 {
			r.assume("dense layers lie between the expert layers: counted as expert layers")
			return
		}
	}
}
