package networks

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
)

// encoderTypes are the model types whose configs hold an encoder over text that
// is used for embedding, classifying or ranking.
var encoderTypes = map[string]func(r *reader, c *pipeline.Component) float64{
	"bert": bert, "roberta": bert, "xlm-roberta": bert, "camembert": bert, "mpnet": bert, "electra": bert,
	"distilbert": distilBERT, "albert": albert, "modernbert": modernBERT, "nomic_bert": nomicBERT, "t5": embedT5, "mt5": embedT5,
}

// encoderType names the kind of encoder that a config holds, "" where it is
// something else.
func encoderType(o jsonfile.Object) string {
	kind := o.Str("model_type")
	if kind == "" && o.Has("type_vocab_size") && o.Has("num_hidden_layers") {
		kind = "bert" // the first configs of BERT name no type
	}
	if _, known := encoderTypes[kind]; !known {
		return ""
	}
	class := ClassOf(o)
	switch {
	case kind == "t5" || kind == "mt5":
		if !strings.HasSuffix(class, "EncoderModel") {
			return "" // whole: an encoder and a decoder
		}
	case o.Flag("is_decoder"), strings.HasSuffix(class, "LMHeadModel"), strings.HasSuffix(class, "ForCausalLM"):
		return ""
	}
	return kind
}

// IsEncoder tells the config of an encoder over text.
func IsEncoder(o jsonfile.Object) bool { return encoderType(o) != "" }

// Encoder reads the config of an encoder over text; head reports that it has a
// head that classifies or ranks, so that it gives a score for a pair of texts.
func Encoder(o jsonfile.Object) (c pipeline.Component, head bool, err error) {
	kind := encoderType(o)
	if kind == "" {
		return c, false, fmt.Errorf("model_type: %.40q is no encoder that is read: bert, roberta, distilbert, mpnet, electra, albert, modernbert and nomic_bert are", o.Str("model_type"))
	}
	r := &reader{Fields: jsonfile.Fields{Object: o}, class: kind + " model"}
	c = pipeline.Component{Name: "encoder", Role: pipeline.Encoder, Kind: pipeline.Transformer}
	n := encoderTypes[kind](r, &c)
	head = strings.HasSuffix(ClassOf(o), "ForSequenceClassification")
	if head {
		d := float64(c.Hidden)
		labels := float64(len(o.Obj("id2label")))
		if labels == 0 {
			labels = r.width(2, "num_labels")
		}
		n += linear(d, labels)
		switch kind {
		case "roberta", "xlm-roberta", "camembert", "electra", "distilbert", "mpnet":
			n += linear(d, d)
		case "modernbert":
			n += d*d + d
		}
	}
	r.count(&c, n)
	return c, head, r.Err
}

// pooled reports whether the layer that pools the first token is part of the
// model: classes with a head of their own leave it out, but for BERT's.
func (r *reader) pooled() bool {
	class := ClassOf(r.Object)
	switch {
	case strings.HasSuffix(class, "ForMaskedLM"), strings.HasSuffix(class, "ForTokenClassification"), strings.HasSuffix(class, "ForQuestionAnswering"):
		return false
	case strings.HasSuffix(class, "ForSequenceClassification"):
		return strings.HasPrefix(class, "Bert")
	}
	return true
}

// bert counts modeling_bert.py and those built like it: positions learned, two
// norms a layer after its parts, biases everywhere.
func bert(r *reader, c *pipeline.Component) float64 {
	d, l, f := r.stack(c, 768, 12, 12, 3072)
	vocab, tokens := r.bounded(30522, maxVocab, "vocab_size"), r.width(512, "max_position_embeddings")
	kind := r.Str("model_type")
	types := r.optional(2, "type_vocab_size")
	if kind == "mpnet" {
		types = 0
	}
	c.Vocab, c.MaxTokens = int(vocab), int(tokens)
	if kind == "roberta" || kind == "xlm-roberta" || kind == "camembert" || kind == "mpnet" {
		c.MaxTokens = max(c.MaxTokens-2, 1) // two rows stand for padding
	}
	embed := d
	if kind == "electra" {
		embed = r.width(128, "embedding_size")
	}
	n := (vocab+tokens+types)*embed + norm(embed) + l*plainLayer(d, f)
	if embed != d {
		n += linear(embed, d)
	}
	if kind == "mpnet" {
		n += r.width(32, "relative_attention_num_buckets") * float64(c.Heads)
	}
	if kind != "electra" && r.pooled() {
		n += linear(d, d)
	}
	return n
}

// distilBERT counts modeling_distilbert.py.
func distilBERT(r *reader, c *pipeline.Component) float64 {
	d, l, f := r.width(768, "dim"), r.layers(6, "n_layers"), r.width(3072, "hidden_dim")
	vocab, tokens := r.bounded(30522, maxVocab, "vocab_size"), r.width(512, "max_position_embeddings")
	c.Hidden, c.Layers, c.FFN, c.Heads = int(d), int(l), int(f), int(r.layers(12, "n_heads"))
	c.Vocab, c.MaxTokens = int(vocab), int(tokens)
	return (vocab+tokens)*d + norm(d) + l*plainLayer(d, f)
}

// albert counts modeling_albert.py, whose layers share their weights.
func albert(r *reader, c *pipeline.Component) float64 {
	d, _, f := r.stack(c, 4096, 12, 64, 16384)
	vocab, tokens, embed := r.bounded(30000, maxVocab, "vocab_size"), r.width(512, "max_position_embeddings"), r.width(128, "embedding_size")
	c.Vocab, c.MaxTokens = int(vocab), int(tokens)
	own := r.layers(1, "num_hidden_groups") * r.layers(1, "inner_group_num")
	n := (vocab+tokens+r.optional(2, "type_vocab_size"))*embed + norm(embed) + linear(embed, d) + own*plainLayer(d, f)
	if r.pooled() || strings.HasSuffix(ClassOf(r.Object), "ForSequenceClassification") {
		n += linear(d, d)
	}
	return n
}

// modernBERT counts modeling_modernbert.py: no biases, gated feed-forward parts.
func modernBERT(r *reader, c *pipeline.Component) float64 {
	d, l, f := r.stack(c, 768, 22, 12, 1152)
	vocab := r.bounded(50368, maxVocab, "vocab_size")
	c.Vocab, c.MaxTokens, c.Gated = int(vocab), int(r.width(8192, "max_position_embeddings")), true
	return vocab*d + d + l*(4*d*d+3*d*f+2*d) - d + d // the first layer's norm is the embedding's, one stands at the end
}

// nomicBERT counts nomic-ai/nomic-bert-2048 modeling_hf_nomic_bert.py.
func nomicBERT(r *reader, c *pipeline.Component) float64 {
	d, l := r.width(768, "n_embd"), r.layers(12, "n_layer")
	f := r.width(int(min(4*d, maxWidth)), "n_inner")
	vocab := r.bounded(30528, maxVocab, "vocab_size")
	c.Hidden, c.Layers, c.FFN, c.Heads = int(d), int(l), int(f), int(r.layers(12, "n_head"))
	c.Vocab, c.MaxTokens = int(vocab), int(r.width(2048, "n_positions"))
	c.Gated = strings.HasSuffix(r.Str("activation_function"), "glu")
	matrices, bias := 2.0, 0.0
	if c.Gated {
		matrices = 3
	}
	if r.yes("qkv_proj_bias", true) {
		bias += 4 * d
	}
	if r.yes("mlp_fc1_bias", true) {
		bias += f * (matrices - 1)
	}
	if r.yes("mlp_fc2_bias", true) {
		bias += d
	}
	return (vocab+r.optional(2, "type_vocab_size"))*d + norm(d) + l*(4*d*d+matrices*d*f+bias+2*norm(d))
}

// embedT5 counts the encoder of a T5 that embeds.
func embedT5(r *reader, c *pipeline.Component) float64 {
	n := r.t5(c, false)
	c.MaxTokens = int(math.Min(512, r.width(512, "n_positions")))
	return n
}
