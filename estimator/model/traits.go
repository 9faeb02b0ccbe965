package model

import (
	"fmt"
	"strings"
)

// Trait is one word of Architecture.Traits: a way in which the tensors of an
// architecture differ from Llama's (RMS norms before attention and
// feed-forward, separate biasless projections, gated feed-forward). Shapes
// follow the tensors that llama.cpp's converter writes.
type Trait uint64

// Traits, by the word that stands for each in the data.
const (
	LayerNorm     Trait = 1 << iota // layernorm: norms have a bias
	NoNormWeights                   // nonorm: norms have no weights (OLMo 1)
	OneNorm                         // onenorm: attention and feed-forward share one norm
	PostNorms                       // postnorms: two more norms behind attention and feed-forward
	SubNorms                        // subnorms: norms inside attention and feed-forward (BitNet)
	EmbeddingNorm                   // embdnorm: the embedding is normed
	NoFinalNorm                     // nofinalnorm
	QKNorm                          // qknorm: query and key norms of one head's width
	QKNormFull                      // qknormfull: query and key norms of full width
	QKVBias                         // qkvbias
	OutBias                         // outbias: bias of the attention output
	FFNBias                         // ffnbias
	HeadBias                        // headbias: bias of the output head
	FusedQKV                        // fusedqkv: one matrix for query, key and value
	FusedFFN                        // fusedffn: gate and up in one matrix
	Sinks                           // sinks: one attention sink per head
	DoubleQ                         // doubleq: the query projection also makes an output gate
	AttnGateFull                    // attngate: a separate output gate as wide as the query
	AttnGateHead                    // attngatehead: an output gate of one value per head
	RopeFreqs                       // ropefreqs: a table of rotary frequencies
	RopeFactors                     // ropefactors: long and short rotary factors
	ExpertBias                      // expbias: selection bias per expert
	MoEBias                         // moebias: biases in router and experts (gpt-oss)
	SharedGate                      // sharedgate: the shared expert has a gate vector
	MLASplit                        // mlasplit: kv_b is stored as k_b and v_b
	BertParts                       // bert: token types, pooler, norms behind each part
	Pooler                          // pooler
	NoHead                          // nohead: no output head, embedding model
	NoSSMNorm                       // nossmnorm: Mamba-2 without its inner norm
	DTNorms                         // dtnorms: Mamba-1 with norms of dt, B and C (Jamba)
	FullRankGate                    // fullrankgate: KDA with a full-rank output gate
	AltUp                           // altup: Gemma 3n's AltUp and Laurel parts
	PerLayerInput                   // perlayer: per-layer embeddings (Gemma 3n, 4 E)
	LayerScale                      // layerscale: a scalar per layer (Gemma 4)
	FalconRules                     // falcon: the quantiser's rules for Falcon apply
	Class70B                        // class70b: 80 layers count as the quantiser's 70B class
	Class70BGQA                     // class70bgqa: the same, with grouped queries only
	ZeroGQA                         // zerogqa: head counts are stored by layer, the first layer has no KV heads
	NativeMXFP4                     // mxfp4experts: experts are published in MXFP4 and stay so
	HeadCopy                        // headcopy: the GGUF file stores a tied head again
	MTPCounted                      // mtpcounted: GGUF files count prediction layers as layers
	MTPInFile                       // mtpinfile: GGUF files hold the prediction layers
	DoubleWideMLP                   // doublewide: feed-forward twice as wide where the cache is shared (Gemma 4 E2B)
	PlainEncoder                    // encoder: attention runs both ways, no cache
	SharedCLA                       // cla: pairs of layers share one cache (Hunyuan Large)
	ClassicHeads                    // relpos: a relative-position projection per layer (Gopher, Chinchilla)
	NoBiasK                         // nokbias: the key projection has no bias
	HyperConn                       // hyperconn: hyper-connection streams (DeepSeek V4)
	ExpertNorms                     // expertnorms: extra norms around dense and expert parts (Gemma 4 MoE)
	ParallelNorms                   // finalonly: no norms in the layers
)

var traitWords = [...]string{
	"layernorm", "nonorm", "onenorm", "postnorms", "subnorms", "embdnorm", "nofinalnorm", "qknorm", "qknormfull",
	"qkvbias", "outbias", "ffnbias", "headbias", "fusedqkv", "fusedffn", "sinks", "doubleq", "attngate",
	"attngatehead", "ropefreqs", "ropefactors", "expbias", "moebias", "sharedgate", "mlasplit", "bert", "pooler",
	"nohead", "nossmnorm", "dtnorms", "fullrankgate", "altup", "perlayer", "layerscale", "falcon", "class70b",
	"class70bgqa", "zerogqa", "mxfp4experts", "headcopy", "mtpcounted", "mtpinfile", "doublewide", "encoder", "cla",
	"relpos", "nokbias", "hyperconn", "expertnorms",
}

// ParseTraits reads the words of Architecture.Traits.
func ParseTraits(s string) (Trait, error) {
	var t Trait
	for len(s) > 0 {
		var word string
		word, s, _ = strings.Cut(s, " ")
		if word == "" || word == "-" { // "-": no traits, said on purpose
			continue
		}
		bit := -1
		for i := range traitWords {
			if traitWords[i] == word {
				bit = i
				break
			}
		}
		if bit < 0 {
			return 0, fmt.Errorf("traits: %q is unknown, use words of %s", word, strings.Join(traitWords[:], " "))
		}
		t |= 1 << bit
	}
	return t, nil
}

// Has reports whether all of u are set.
func (t Trait) Has(u Trait) bool { return t&u == u }
