package networks

import (
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
)

// A window of Whisper's is 30 seconds of audio in frames of 10 ms, of which the
// second convolution takes every other (Radford et al. 2022, arXiv:2212.04356).
const (
	whisperWindow    = 30
	whisperPositions = 1500
)

// WhisperShape is the numbers that a Whisper model is built by.
type WhisperShape struct {
	Vocab, Mels                       int
	AudioContext, AudioWidth          int
	AudioHeads, AudioLayers, AudioFFN int
	TextContext, TextWidth            int
	TextHeads, TextLayers, TextFFN    int
}

// IsWhisper tells the config of a Whisper model.
func IsWhisper(o jsonfile.Object) bool {
	return o.Str("model_type") == "whisper" || ClassOf(o) == "WhisperForConditionalGeneration"
}

// Whisper reads the config of a Whisper model.
func Whisper(o jsonfile.Object) (WhisperShape, error) {
	r := &reader{Fields: jsonfile.Fields{Object: o}, class: "Whisper model"}
	d := int(r.width(0, "d_model"))
	s := WhisperShape{
		Vocab: int(r.bounded(51865, maxVocab, "vocab_size")), Mels: int(r.width(80, "num_mel_bins")),
		AudioContext: int(r.width(whisperPositions, "max_source_positions")), AudioWidth: d,
		AudioHeads: int(r.layers(0, "encoder_attention_heads")), AudioLayers: int(r.layers(0, "encoder_layers")), AudioFFN: int(r.width(0, "encoder_ffn_dim")),
		TextContext: int(r.width(448, "max_target_positions")), TextWidth: d,
		TextHeads: int(r.layers(0, "decoder_attention_heads")), TextLayers: int(r.layers(0, "decoder_layers")), TextFFN: int(r.width(0, "decoder_ffn_dim")),
	}
	return s, r.Err
}

// Components counts the encoder and the decoder. The keys' projections have no
// bias, and the output projection is the embedding table.
func (s *WhisperShape) Components() (encoder, decoder pipeline.Component, err error) {
	r := &reader{class: "Whisper model"}
	attention := func(d float64) float64 { return 3*linear(d, d) + d*d }
	d, f, mels := float64(s.AudioWidth), float64(s.AudioFFN), float64(s.Mels)
	encoder = pipeline.Component{
		Name: "encoder", Role: pipeline.Encoder, Kind: pipeline.Transformer, Layers: s.AudioLayers, Hidden: s.AudioWidth, Heads: s.AudioHeads, FFN: s.AudioFFN,
		Positions: s.AudioContext, WindowSeconds: whisperWindow * float64(s.AudioContext) / whisperPositions, MelBins: s.Mels,
	}
	r.count(&encoder, conv(mels, d, 3)+conv(d, d, 3)+float64(s.AudioContext)*d+float64(s.AudioLayers)*(attention(d)+twoLayers(d, f, d)+2*norm(d))+norm(d))
	d, f = float64(s.TextWidth), float64(s.TextFFN)
	decoder = pipeline.Component{
		Name: "decoder", Role: pipeline.Decoder, Kind: pipeline.CrossDecoder, Layers: s.TextLayers, Hidden: s.TextWidth, Heads: s.TextHeads, FFN: s.TextFFN,
		Vocab: s.Vocab, MaxTokens: s.TextContext,
	}
	r.count(&decoder, float64(s.Vocab+s.TextContext)*d+float64(s.TextLayers)*(2*attention(d)+twoLayers(d, f, d)+3*norm(d))+norm(d))
	return encoder, decoder, r.Err
}
