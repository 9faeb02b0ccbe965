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
	o, err := readObject(path)
	if err != nil {
		return nil, err
	}
	var side object
	for _, name := range []string{"hf_quant_config.json", "quantize_config.json"} {
		s, err := readObject(filepath.Join(filepath.Dir(path), name))
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
	o, err := parseObject(data)
	if err != nil {
		return nil, err
	}
	return convert(o, nil)
}

// idOf names the model by its folder, which is what people call it.
func idOf(path string, o object) string {
	if abs, err := filepath.Abs(path); err == nil {
		if dir := filepath.Base(filepath.Dir(abs)); dir != "." && dir != string(filepath.Separator) {
			return dir
		}
	}
	return o.str("_name_or_path", "model_type")
}

// reader turns one config into an architecture.
type reader struct {
	fields
	top   object
	kind  string // model_type of the text part
	a     model.Architecture
	notes []string
}

func (r *reader) assume(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func convert(top, side object) (*Config, error) {
	if err := refuse(top); err != nil {
		return nil, err
	}
	text := top
	for _, key := range []string{"text_config", "llm_config", "language_config", "thinker_config"} {
		if t := text.obj(key); t != nil {
			if inner := t.obj("text_config"); inner != nil {
				t = inner
			}
			text = t
			break
		}
	}
	r := &reader{fields: fields{object: text}, top: top}
	r.kind = text.str("model_type")
	if r.kind == "" {
		r.kind = top.str("model_type")
	}
	if r.kind == "" && top.has("type_vocab_size") {
		r.kind = "bert"
	}
	r.identify()
	r.dimensions()
	r.attention()
	r.experts()
	r.recurrent()
	r.layers()
	r.extras()
	if r.err != nil {
		return nil, r.err
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
	for _, name := range []string{r.kind, other, strings.TrimSuffix(r.kind, "_text"), r.top.str("model_type")} {
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
	for _, o := range []object{r.object, r.top} {
		if b, is := o["tie_word_embeddings"].(bool); is {
			r.a.TiedEmbeddings = b
			break
		}
	}
	if b, is := r.object["weight_tying"].(bool); is {
		r.a.TiedEmbeddings = b
	}
	if strings.Contains(traits, "nohead") {
		r.a.Class, r.a.TiedEmbeddings = "embedding", true
	}
	// Copy before adding: the caller's object stays as it was read.
	full := make(object, len(r.object)+4)
	for k, v := range r.object {
		full[k] = v
	}
	for word := range strings.FieldsSeq(defaults) {
		k, v, _ := strings.Cut(word, "=")
		n, err := strconv.Atoi(v)
		if err != nil || full.has(k) || k == "vocab_size" && full.has("padded_vocab_size") {
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
	r.object = full
}

// dimensions reads the widths that every decoder has.
func (r *reader) dimensions() {
	a := &r.a
	a.LayerCount = r.int("num_hidden_layers", "n_layer", "num_layers", "n_layers")
	a.HiddenSize = r.int("hidden_size", "n_embd", "d_model", "dim")
	a.VocabSize = r.int("vocab_size", "padded_vocab_size", "embedding_size")
	a.MaxContext = r.int("max_position_embeddings", "n_positions", "seq_length", "context_length", "max_seq_len", "max_sequence_length", "n_ctx", "model_max_length")
	a.Heads = r.int("num_attention_heads", "n_head", "num_heads", "n_heads")
	a.HeadDim = r.int("head_dim", "attention_head_dim", "kv_channels", "d_head")
	a.IntermediateSize = r.int("intermediate_size_mlp", "intermediate_size", "ffn_hidden_size", "n_inner", "d_ff", "ffn_dim", "hidden_dim", "ffn_intermediate_size")
	if r.err != nil {
		return
	}
	for _, need := range []struct {
		name string
		v    int
	}{{"num_hidden_layers", a.LayerCount}, {"hidden_size", a.HiddenSize}, {"vocab_size", a.VocabSize}} {
		if need.v == 0 {
			r.err = fmt.Errorf("%s is missing: this is not the config.json of a language model, or it is not complete", need.name)
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
	a.KVHeads = r.int("num_key_value_heads", "num_kv_heads", "n_head_kv", "n_kv_heads", "multi_query_group_num", "num_query_groups")
	if c := r.obj("attn_config"); a.KVHeads == 0 && c != nil {
		f := fields{object: c}
		a.KVHeads = f.int("kv_n_heads")
	}
	if r.flag("multi_query") && !r.flag("new_decoder_architecture") {
		a.KVHeads = 1
	}
	if a.KVHeads == 0 {
		a.KVHeads = a.Heads
	}
	if a.HeadDim == 0 && a.Heads > 0 {
		a.HeadDim = a.HiddenSize / a.Heads
	}
	a.VHeadDim = r.int("v_head_dim")
	if f, ok := r.object["partial_rotary_factor"]; ok {
		if n, err := strconv.ParseFloat(fmt.Sprint(f), 64); err == nil && n > 0 && n < 1 {
			a.RotaryDim = int(n * float64(a.HeadDim))
		}
	}
	if rank := r.int("kv_lora_rank"); rank > 0 {
		a.MLA = &model.MLA{
			KVLoraRank: rank, QLoraRank: r.int("q_lora_rank"), RopeDim: r.int("qk_rope_head_dim"), NopeDim: r.int("qk_nope_head_dim"),
			VHeadDim: a.VHeadDim, IndexerDim: r.int("index_head_dim"), IndexerHeads: r.int("index_n_heads"), IndexerEvery: r.int("index_topk_freq"),
		}
		a.VHeadDim, a.HeadDim = 0, a.MLA.NopeDim+a.MLA.RopeDim
		a.Attention = "mla"
	}
	if a.OutputRank = r.int("o_lora_rank"); a.OutputRank > 0 {
		a.OutputGroups, a.QueryRank = r.int("o_groups"), r.int("q_lora_rank")
		if d := r.int("index_head_dim"); d > 0 {
			a.Indexer = &model.IndexerShape{Heads: r.int("index_n_heads"), Dim: d}
		}
	}
	a.SlidingWindow = r.int("sliding_window", "window_size", "attention_chunk_size")
	if on, is := r.object["use_sliding_window"].(bool); is && !on || a.MaxContext > 0 && a.SlidingWindow >= a.MaxContext {
		a.SlidingWindow = 0
	}
	if n := r.int("global_head_dim"); n > 0 {
		a.Global = &model.GlobalAttention{HeadDim: n, KVHeads: r.int("num_global_key_value_heads"), KeyEqualsVal: r.flag("attention_k_eq_v")}
	}
	if n := r.int("swa_num_key_value_heads"); n > 0 {
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
	n := r.int("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
	used := r.int("num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_topk", "moe_top_k", "moe_k", "experts_per_token")
	width := r.int("moe_intermediate_size", "moe_ffn_hidden_size", "expert_intermediate_size")
	if f := r.obj("ffn_config"); f != nil && n == 0 {
		ff := fields{object: f}
		n, used, width = ff.int("moe_num_experts"), ff.int("moe_top_k"), ff.int("ffn_hidden_size")
	}
	if n <= 1 || r.err != nil {
		return
	}
	if width == 0 {
		width = r.int("intermediate_size")
	}
	m := &model.MoE{
		Experts: n, ExpertsPerToken: used, IntermediateSize: width,
		SharedExperts: r.int("n_shared_experts", "num_shared_experts", "moe_num_shared_experts"),
		SharedSize:    r.int("shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "share_expert_dim", "shared_intermediate_size"),
		FirstDense:    r.int("first_k_dense_replace", "num_dense_layers", "moe_layer_start_index"),
		LayerStep:     r.int("decoder_sparse_step", "interleave_moe_layer_step", "expert_layer_period"),
		LatentSize:    r.int("moe_latent_size", "routed_expert_hidden_size"),
		DenseBeside:   r.flag("enable_moe_block"),
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
	for _, v := range r.list("moe_layer_freq") {
		n, _ := whole(v)
		dense = append(dense, n == 0)
	}
	for _, v := range r.list("mlp_layer_types") {
		dense = append(dense, v == "dense")
	}
	if only := r.list("mlp_only_layers"); len(only) > 0 && dense == nil && r.a.LayerCount <= 4096 {
		dense = make([]bool, r.a.LayerCount)
		for _, v := range only {
			if i, ok := whole(v); ok && i >= 0 && i < len(dense) {
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
