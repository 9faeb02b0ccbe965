package modelfile

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf"
)

// openGGUF reads a GGUF file into a model.
func openGGUF(path string) (*model.Model, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := fromGGUF(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// meta reads the metadata of one architecture and keeps the first error.
type meta struct {
	f    *gguf.File
	arch string
	err  error
}

func (k *meta) str(key string) string { s, _ := k.f.KV[key].Str(); return s }

func (k *meta) has(key string) bool { _, ok := k.f.KV[k.arch+"."+key]; return ok }

// list returns a value that may be given once or by layer.
func (k *meta) list(key string) []int64 {
	v, ok := k.f.KV[k.arch+"."+key]
	if !ok {
		return nil
	}
	ns, ok := v.Ints()
	if !ok && k.err == nil {
		k.err = fmt.Errorf("metadata %s.%s is %v: whole numbers are expected", k.arch, key, v)
	}
	for _, n := range ns {
		if (n < 0 || n > 1<<40) && k.err == nil {
			k.err = fmt.Errorf("metadata %s.%s is %d: the file is damaged", k.arch, key, n)
		}
	}
	if k.err != nil {
		return nil
	}
	return ns
}

// int returns the largest of a value that may be given by layer, 0 when absent.
func (k *meta) int(key string) int {
	best := int64(0)
	for _, n := range k.list(key) {
		best = max(best, n)
	}
	return int(best)
}

// at picks the value of layer i from a list given once or by layer.
func at(l []int64, i int) int {
	switch {
	case len(l) == 0:
		return 0
	case len(l) == 1:
		return int(l[0])
	case i < len(l):
		return int(l[i])
	}
	return int(l[len(l)-1])
}

// maxLayers bounds block_count before anything is allocated for the layers.
const maxLayers = 4096

func fromGGUF(f *gguf.File) (*model.Model, error) {
	k := &meta{f: f}
	k.arch = k.str("general.architecture")
	if err := refuseGGUF(f, k); err != nil {
		return nil, err
	}
	blocks := k.int("block_count")
	if k.err != nil {
		return nil, k.err
	}
	if blocks < 1 || blocks > maxLayers {
		return nil, fmt.Errorf("metadata %s.block_count is %d: from 1 to %d layers are expected", k.arch, blocks, maxLayers)
	}
	a, err := ggufArchitecture(k, blocks)
	if err != nil {
		return nil, err
	}
	m := &model.Model{Arch: *a, FromFile: true, FileFormat: ggufFormat(f), Assumptions: f.Notes}
	if t, err := model.ParseTraits(a.Traits); err == nil {
		m.Traits = t
	}
	if _, _, known := profiles.ArchitectureOf(k.arch); !known {
		m.Assumptions = append(m.Assumptions, fmt.Sprintf("architecture %.40q is not known: the general metadata keys and the tensors were read", k.arch))
	}
	m.Layers = make([]model.Layer, a.LayerCount)
	fillTensors(m, ggufTensors(f), blocks)
	if err := ggufLayers(m, k); err != nil {
		return nil, err
	}
	m.Arch.ParamsTotal = totalParams(m)
	return m, nil
}

// imageArchs are the architectures that GGUF files of image and video models
// name.
var imageArchs = map[string]bool{
	"flux": true, "sd1": true, "sd2": true, "sd3": true, "sdxl": true, "wan": true, "wan2": true, "hyvid": true, "hunyuan_video": true, "ltxv": true, "ltx2": true,
	"aura": true, "cosmos": true, "hidream": true, "lumina2": true, "qwen_image": true, "pig": true, "z_image": true,
}

// refuseGGUF says what a GGUF file is that holds no language model.
func refuseGGUF(f *gguf.File, k *meta) error {
	switch kind := k.str("general.type"); {
	case k.arch == "":
		return fmt.Errorf("metadata general.architecture is missing: not a model, or the file is damaged")
	case k.arch == "clip", kind == "mmproj", kind == "projector":
		return fmt.Errorf("a vision or audio projector (mmproj), not a language model: name the model's own GGUF file")
	case kind == "adapter":
		return fmt.Errorf("a LoRA adapter, not a model: name the base model's GGUF file")
	case kind == "imatrix" || k.arch == "imatrix":
		return fmt.Errorf("an importance matrix, not a model: name the model's GGUF file")
	}
	if imageArchs[k.arch] {
		return fmt.Errorf("the denoiser of an image or video pipeline (%s), not a language model: name one", k.arch)
	}
	switch k.arch {
	case "t5", "t5encoder":
		return fmt.Errorf("an encoder-decoder model or its encoder (%s), which is not handled yet: name a decoder model", k.arch)
	case "whisper", "wavtokenizer-dec", "tts-cpp", "outetts", "orpheus-snac":
		return fmt.Errorf("a speech model (%s), which is not handled yet: name a language model", k.arch)
	}
	if len(f.Tensors) == 0 {
		return fmt.Errorf("a tokenizer only (vocab-only GGUF, no tensors): name the file that holds the model's weights")
	}
	return nil
}

// ggufArchitecture reads the metadata into an architecture.
func ggufArchitecture(k *meta, blocks int) (*model.Architecture, error) {
	_, traits, _ := profiles.ArchitectureOf(k.arch)
	a := &model.Architecture{
		Name: k.str("general.name"), Arch: k.arch, Family: k.arch, Traits: traits, Class: "llm", License: k.str("general.license"),
		HiddenSize: k.int("embedding_length"), IntermediateSize: k.int("feed_forward_length"), Heads: k.int("attention.head_count"),
		KVHeads: k.int("attention.head_count_kv"), HeadDim: k.int("attention.key_length"), VHeadDim: k.int("attention.value_length"),
		MaxContext: k.int("context_length"), SlidingWindow: k.int("attention.sliding_window"), RotaryDim: k.int("rope.dimension_count"),
		MTPLayers: k.int("nextn_predict_layers"), VocabSize: k.int("vocab_size"), PerLayerDim: k.int("embedding_length_per_layer_input"), MLP: "gated",
	}
	if a.SlidingWindow == 0 {
		a.SlidingWindow = k.int("attention.chunk_size")
	}
	if k.err != nil {
		return nil, k.err
	}
	if a.HiddenSize < 1 || a.HiddenSize > 1<<24 {
		return nil, fmt.Errorf("metadata %s.embedding_length is %d: the file is damaged", k.arch, a.HiddenSize)
	}
	if len(k.list("attention.head_count")) > 0 && a.Heads == 0 && k.int("ssm.state_size") == 0 && k.int("wkv.head_size") == 0 {
		return nil, fmt.Errorf("metadata %s.attention.head_count is 0: the file is damaged", k.arch)
	}
	if a.Heads > 1<<20 || a.KVHeads > 1<<20 || a.HeadDim > 1<<20 || a.VHeadDim > 1<<20 || a.IntermediateSize > 1<<26 || a.RotaryDim > 1<<20 {
		return nil, fmt.Errorf("metadata of %s holds an absurd number of heads or widths: the file is damaged", k.arch)
	}
	if a.MTPLayers >= blocks {
		return nil, fmt.Errorf("metadata %s.nextn_predict_layers is %d of %d layers: the file is damaged", k.arch, a.MTPLayers, blocks)
	}
	a.LayerCount = blocks - a.MTPLayers
	if a.KVHeads == 0 {
		a.KVHeads = a.Heads
	}
	if a.HeadDim == 0 && a.Heads > 0 {
		a.HeadDim = a.HiddenSize / a.Heads
	}
	if a.VHeadDim == 0 || a.VHeadDim == a.HeadDim {
		a.VHeadDim = 0
	}
	// The general keys are those of full attention where windows differ.
	if n := k.int("attention.key_length_swa"); n > 0 && n <= 1<<20 && n != a.HeadDim {
		a.Global = &model.GlobalAttention{HeadDim: a.HeadDim}
		a.HeadDim, a.VHeadDim = n, 0
		if v := k.int("attention.value_length_swa"); v != n && v <= 1<<20 {
			a.VHeadDim = v
		}
	}
	for _, t := range k.f.Tensors {
		if t.Name == "token_embd.weight" && len(t.Dims) == 2 && t.Dims[1] <= 1<<28 {
			a.VocabSize = int(t.Dims[1])
		}
	}
	if rank := k.int("attention.kv_lora_rank"); rank > 0 && rank <= 1<<20 {
		a.Attention = "mla"
		mla := &model.MLA{KVLoraRank: rank, QLoraRank: k.int("attention.q_lora_rank"), RopeDim: a.RotaryDim, IndexerDim: k.int("attention.indexer.key_length"), IndexerHeads: k.int("attention.indexer.head_count")}
		qk, v := k.int("attention.key_length_mla"), k.int("attention.value_length_mla")
		if qk == 0 { // files from before key_length_mla give the full head here
			qk, v = k.int("attention.key_length"), k.int("attention.value_length")
		}
		mla.NopeDim, mla.VHeadDim = max(qk-a.RotaryDim, 0), v
		a.HeadDim, a.VHeadDim, a.KVHeads, a.MLA = qk, 0, a.Heads, mla
	}
	if n := k.int("expert_count"); n > 0 {
		a.Class = "moe"
		a.MoE = &model.MoE{Experts: n, ExpertsPerToken: k.int("expert_used_count"), SharedExperts: k.int("expert_shared_count"),
			IntermediateSize: k.int("expert_feed_forward_length"), SharedSize: k.int("expert_shared_feed_forward_length"), FirstDense: k.int("leading_dense_block_count")}
		if a.MoE.IntermediateSize == 0 {
			a.MoE.IntermediateSize = a.IntermediateSize
		}
		if n > 1<<16 || a.MoE.ExpertsPerToken < 1 || a.MoE.ExpertsPerToken > n {
			return nil, fmt.Errorf("metadata of %s uses %d of %d experts: the file is damaged", k.arch, a.MoE.ExpertsPerToken, n)
		}
	}
	if n := k.int("attention.shared_kv_layers"); n > 0 && n < a.LayerCount {
		a.KVOwners = a.LayerCount - n
	}
	a.SSM = ggufSSM(k, a)
	return a, k.err
}

func ggufSSM(k *meta, a *model.Architecture) *model.SSM {
	inner, state := k.int("ssm.inner_size"), k.int("ssm.state_size")
	const limit = 1 << 24
	switch {
	case inner > limit || state > limit || k.int("wkv.head_size") > limit || k.int("shortconv.l_cache") > limit || k.int("ssm.conv_kernel") > limit || k.int("ssm.group_count") > limit || k.int("ssm.time_step_rank") > limit || k.int("kda.head_dim") > limit:
		if k.err == nil {
			k.err = fmt.Errorf("metadata of %s holds absurd sizes of its recurrent layers: the file is damaged", k.arch)
		}
		return nil
	case k.int("shortconv.l_cache") > 0:
		return &model.SSM{Kind: "short-conv", DConv: k.int("shortconv.l_cache"), DInner: a.HiddenSize}
	case k.int("wkv.head_size") > 0:
		d := k.int("wkv.head_size")
		return &model.SSM{Kind: "rwkv7", DInner: a.HiddenSize, DState: d, HeadDimK: d, HeadDimV: d, Heads: a.HiddenSize / d}
	case k.int("kda.head_dim") > 0:
		d := k.int("kda.head_dim")
		return &model.SSM{Kind: "kimi-delta-attention", DInner: d * a.Heads, DState: d, Heads: a.Heads, DConv: k.int("ssm.conv_kernel")}
	case inner == 0 || state == 0:
		return nil
	}
	s := &model.SSM{DInner: inner, DState: state, DConv: k.int("ssm.conv_kernel"), NGroups: k.int("ssm.group_count"), Heads: k.int("ssm.time_step_rank")}
	switch {
	case strings.HasPrefix(k.arch, "qwen3"), strings.Contains(k.arch, "deltanet"):
		s.Kind, s.HeadDimK = "gated-deltanet", state
	case s.NGroups > 0:
		s.Kind = "mamba2"
	default:
		s.Kind, s.DTRank, s.Heads = "mamba1", s.Heads, 0
	}
	return s
}

// ggufFormat names the weight format: the declared file type, unless most
// bytes are of a type that the declaration does not fit.
func ggufFormat(f *gguf.File) string {
	bytes, most, best := map[string]int64{}, int64(0), ""
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if len(t.Dims) < 2 {
			continue
		}
		if bytes[t.Type.Name] += t.Bytes; bytes[t.Type.Name] > most {
			most, best = bytes[t.Type.Name], t.Type.Name
		}
	}
	if best == "MXFP4" || best == "NVFP4" {
		return best
	}
	if v, present := f.KV["general.file_type"]; present {
		if n, ok := v.Int(); ok {
			if name := fileTypeName(n &^ 1024); name != "" { // bit 10: "guessed"
				return name
			}
		}
	}
	if name, ok := typeMix[best]; ok {
		return name
	}
	return best
}
