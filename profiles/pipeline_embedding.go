package profiles

import (
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// embeddingTokens is the length of a document where none is said.
const embeddingTokens = 256

// pipelineOf makes an embedding model of the language-model catalogue a
// pipeline of one encoder.
func pipelineOf(a *model.Architecture) *pipeline.Model {
	m := &pipeline.Model{
		ID: a.ID, Aliases: a.Aliases, Name: a.Name, Class: pipeline.Embedding,
		HFRepo: a.HFRepo, Released: a.Released, License: a.License,
		Defaults: pipeline.Job{Batch: 1, SequenceTokens: embeddingTokens},
		Source:   strings.Join(a.Source, "; "), Notes: a.Note,
		Assumed: map[string]string{"defaults": "documents of 256 tokens: general knowledge, the length of a chunk of text in common use"},
	}
	for k, v := range a.Assumed {
		m.Assumed[k] = v
	}
	if a.MaxContext > 0 {
		m.Defaults.SequenceTokens = min(embeddingTokens, a.MaxContext)
	}
	c := pipeline.Component{
		Name: a.Name, Role: pipeline.Encoder, Kind: pipeline.Transformer,
		Params: a.ParamsTotal, ModelRef: a.ID,
		Layers: a.LayerCount, Hidden: a.HiddenSize, Heads: a.Heads, KVHeads: a.KVHeads,
		FFN: a.IntermediateSize, Gated: a.MLP == "gated", Vocab: a.VocabSize, MaxTokens: a.MaxContext,
	}
	// Multiply-adds of a token in a layer: queries and output, keys and values,
	// and the feed-forward part.
	if h := float64(a.HiddenSize); h > 0 {
		matrices := 2.0
		if c.Gated {
			matrices = 3
		}
		heads := float64(a.Heads * a.HeadDim)
		kv := float64(a.KVHeads * a.HeadDim)
		c.LinearD2 = (2*heads + 2*kv + matrices*float64(a.IntermediateSize)) / h
	}
	m.Components = []pipeline.Component{c}
	return m
}
