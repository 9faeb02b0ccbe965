package networks_test

import (
	"testing"

	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
	"github.com/plimsoll/plimsoll/profiles/modelfile/networks"
)

func object(t *testing.T, s string) jsonfile.Object {
	t.Helper()
	o, err := jsonfile.Parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Totals of the published checkpoints, without heads for language modelling.
func TestEncoderCounts(t *testing.T) {
	for _, tc := range []struct {
		name, config string
		want         int64
		head         bool
	}{
		{"bert-base-uncased", `{"model_type":"bert"}`, 109482240, false},
		{"bert-large-uncased", `{"hidden_size":1024,"intermediate_size":4096,"num_attention_heads":16,"num_hidden_layers":24,"type_vocab_size":2,"vocab_size":30522}`, 335141888, false},
		{"all-MiniLM-L6-v2", `{"model_type":"bert","architectures":["BertModel"],"hidden_size":384,"intermediate_size":1536,"num_hidden_layers":6}`, 22713216, false},
		{"ms-marco-MiniLM-L6-v2", `{"model_type":"bert","architectures":["BertForSequenceClassification"],"hidden_size":384,"intermediate_size":1536,"num_hidden_layers":6,"id2label":{"0":"LABEL_0"}}`, 22713601, true},
		{"roberta-base", `{"model_type":"roberta","vocab_size":50265,"max_position_embeddings":514,"type_vocab_size":1}`, 124645632, false},
		{"xlm-roberta-large", `{"model_type":"xlm-roberta","hidden_size":1024,"intermediate_size":4096,"num_attention_heads":16,"num_hidden_layers":24,"vocab_size":250002,"max_position_embeddings":514,"type_vocab_size":1}`, 559890432, false},
		{"bge-reranker-base", `{"model_type":"xlm-roberta","architectures":["XLMRobertaForSequenceClassification"],"vocab_size":250002,"max_position_embeddings":514,"type_vocab_size":1,"id2label":{"0":"LABEL_0"}}`, 278044417, true},
		{"distilbert-base-uncased", `{"model_type":"distilbert"}`, 66362880, false},
		{"mpnet-base", `{"model_type":"mpnet","vocab_size":30527,"max_position_embeddings":514}`, 109486464, false},
		{"electra-base-discriminator", `{"model_type":"electra","embedding_size":768}`, 108891648, false},
		{"albert-base-v2", `{"model_type":"albert","hidden_size":768,"intermediate_size":3072,"num_attention_heads":12}`, 11683584, false},
		{"ModernBERT-base", `{"model_type":"modernbert"}`, 149014272, false},
		{"nomic-embed-text-v1", `{"model_type":"nomic_bert","n_embd":768,"n_layer":12,"n_head":12,"n_inner":3072,"activation_function":"swiglu","qkv_proj_bias":false,"mlp_fc1_bias":false,"mlp_fc2_bias":false,"vocab_size":30528}`, 136731648, false},
	} {
		c, head, err := networks.Encoder(object(t, tc.config))
		if err != nil || c.Params != tc.want || head != tc.head {
			t.Errorf("%s: %d weights (head %v, %v), %d published", tc.name, c.Params, head, err, tc.want)
		}
	}
	for _, other := range []string{`{"model_type":"llama"}`, `{"model_type":"bert","is_decoder":true}`, `{"model_type":"t5","architectures":["T5ForConditionalGeneration"]}`, `{}`} {
		if networks.IsEncoder(object(t, other)) {
			t.Errorf("%s is taken for an encoder", other)
		}
	}
}

// Totals of openai/whisper's checkpoints: README.md gives 39, 74, 244, 769,
// 1550 and 809 million; the sums are those of their tensors.
func TestWhisperCounts(t *testing.T) {
	for _, tc := range []struct {
		name, config     string
		encoder, decoder int64
	}{
		{"tiny", `{"d_model":384,"encoder_layers":4,"decoder_layers":4,"encoder_attention_heads":6,"decoder_attention_heads":6,"encoder_ffn_dim":1536,"decoder_ffn_dim":1536}`, 8208384, 29552256},
		{"small", `{"d_model":768,"encoder_layers":12,"decoder_layers":12,"encoder_attention_heads":12,"decoder_attention_heads":12,"encoder_ffn_dim":3072,"decoder_ffn_dim":3072}`, 88154112, 153580800},
		{"large-v3", `{"d_model":1280,"encoder_layers":32,"decoder_layers":32,"encoder_attention_heads":20,"decoder_attention_heads":20,"encoder_ffn_dim":5120,"decoder_ffn_dim":5120,"num_mel_bins":128,"vocab_size":51866}`, 636968960, 906521600},
		{"large-v3-turbo", `{"d_model":1280,"encoder_layers":32,"decoder_layers":4,"encoder_attention_heads":20,"decoder_attention_heads":20,"encoder_ffn_dim":5120,"decoder_ffn_dim":5120,"num_mel_bins":128,"vocab_size":51866}`, 636968960, 171909120},
	} {
		s, err := networks.Whisper(object(t, tc.config))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		e, d, err := s.Components()
		if err != nil || e.Params != tc.encoder || d.Params != tc.decoder || e.WindowSeconds != 30 {
			t.Errorf("%s: %d and %d weights, %g s (%v); %d and %d published", tc.name, e.Params, d.Params, e.WindowSeconds, err, tc.encoder, tc.decoder)
		}
	}
}

func FuzzNetwork(f *testing.F) {
	for _, s := range []string{
		sd15, sdxl, vae4, wan13, `{"_class_name":"UNet2DConditionModel","block_out_channels":[1e300]}`, `{"_class_name":"AutoencoderKL","block_out_channels":[]}`,
		`{"_class_name":"AutoencoderKLWan","dim_mult":[1],"temperal_downsample":[]}`, `{"_class_name":"FluxTransformer2DModel","num_layers":-1}`, `{"_class_name":"ZImageTransformer2DModel","all_patch_size":[2]}`,
		`{"architectures":["CLIPVisionModel"],"image_size":1,"patch_size":1024}`, `{"model_type":"bert","hidden_size":0}`, `{"model_type":"whisper","d_model":384}`, `{"architectures":["T5EncoderModel"],"d_model":1e9}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := jsonfile.Parse(data)
		if err != nil {
			return
		}
		if n, err := networks.Read(o); err == nil && (n.Params < 0 || n.DecoderParams < 0 || n.Hidden < 0 || n.Spatial < 0) {
			t.Errorf("%+v", n)
		}
		if c, _, err := networks.Encoder(o); err == nil && c.Params < 1 {
			t.Errorf("%+v", c)
		}
		if s, err := networks.Whisper(o); err == nil {
			if e, d, err := s.Components(); err == nil && (e.Params < 1 || d.Params < 1) {
				t.Errorf("%+v %+v", e, d)
			}
		}
	})
}
