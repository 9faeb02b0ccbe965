package pipeline

import (
	"math"
	"strings"
	"testing"
)

func whisper(id string, encLayers, decLayers, d, heads, mel, vocab int, enc, dec int64) *Model {
	return &Model{ID: id, Class: Recognition, Defaults: Job{AudioSeconds: 30}, Components: []Component{
		{Name: "encoder", Role: Encoder, Kind: Transformer, Params: enc, Layers: encLayers, Hidden: d, Heads: heads, FFN: 4 * d, Positions: 1500, WindowSeconds: 30, MelBins: mel},
		{Name: "decoder", Role: Decoder, Kind: CrossDecoder, Params: dec, Layers: decLayers, Hidden: d, Heads: heads, FFN: 4 * d, MaxTokens: 448, Vocab: vocab, TokensPerSecond: 3.5},
	}}
}

var (
	whisperSmall = whisper("whisper-small", 12, 12, 768, 12, 80, 51865, 88154112, 153580800)
	whisperLarge = whisper("whisper-large-v2", 32, 32, 1280, 20, 80, 51865, 636784640, 906520320)
)

// GFLOPs of a window of 30 s and of a token, counted from the published shapes
// (Radford et al. 2022, arXiv:2212.04356; openai/whisper model.py): a token's
// leave out attention over the caches.
func TestWhisperWork(t *testing.T) {
	for _, c := range []struct {
		m             *Model
		window, token float64
	}{
		{whisper("tiny", 4, 4, 384, 6, 80, 51865, 8208384, 29552256), 36.9, 0.0563},
		{whisper("base", 6, 6, 512, 8, 80, 51865, 20590592, 52003328), 87.4, 0.0971},
		{whisperSmall, 344.2, 0.2778},
		{whisper("medium", 24, 24, 1024, 16, 80, 51865, 307216384, 456641536), 1138.1, 0.8109},
		{whisperLarge, 2272.7, 1.6008},
		{whisper("large-v3", 32, 32, 1280, 20, 128, 51866, 636968960, 906521600), 2273.8, 1.6008},
		{whisper("large-v3-turbo", 32, 4, 1280, 20, 128, 51866, 636968960, 171909120), 2273.8, 0.3163},
		{whisper("distil-large-v3", 32, 2, 1280, 20, 128, 51866, 636968960, 119436800), 2273.8, 0.2245},
	} {
		enc, dec := stageOf(t, c.m, Job{}, "audio encoding"), stageOf(t, c.m, Job{}, "decoding text")
		within(t, c.m.ID+" encoder", (enc.FLOPs+enc.Attention)/1e9, c.window, 0.01)
		within(t, c.m.ID+" decoder", dec.FLOPs/1e9, c.token, 0.02)
		if dec.Weights != float64(c.m.Components[1].Params) || dec.Calls != 105 {
			t.Errorf("%s: decoder %+v", c.m.ID, dec)
		}
	}
}

// A second of audio costs a whole window, and so does each short chunk.
func TestWhisperWindows(t *testing.T) {
	full := stageOf(t, whisperSmall, Job{AudioSeconds: 30}, "audio encoding")
	for _, c := range []struct {
		audio, chunk float64
		batch        int
		calls, side  float64
	}{{1, 0, 1, 1, 1}, {30, 0, 1, 1, 1}, {31, 0, 1, 2, 1}, {780, 0, 8, 4, 6.5}, {10, 2, 1, 5, 1}, {60, 45, 1, 2, 1}} {
		st := stageOf(t, whisperSmall, Job{AudioSeconds: c.audio, ChunkSeconds: c.chunk, Batch: c.batch}, "audio encoding")
		if st.Calls != c.calls || math.Abs(st.FLOPs-c.side*full.FLOPs) > 1 {
			t.Errorf("%+v: %g calls of %g windows", c, st.Calls, st.FLOPs/full.FLOPs)
		}
	}
}

// Beams and windows side by side make one call do more, and read their caches;
// windows side by side make fewer calls of the same tokens.
func TestWhisperSideBySide(t *testing.T) {
	one := stageOf(t, whisperLarge, Job{AudioSeconds: 240}, "decoding text")
	beam := stageOf(t, whisperLarge, Job{AudioSeconds: 240, Beam: 5}, "decoding text")
	batch := stageOf(t, whisperLarge, Job{AudioSeconds: 240, Batch: 8}, "decoding text")
	within(t, "beams", beam.FLOPs, 5*one.FLOPs, 1e-9)
	if beam.Calls != one.Calls || beam.Weights != one.Weights {
		t.Errorf("beams: %+v", beam)
	}
	within(t, "windows", batch.FLOPs*batch.Calls, one.FLOPs*one.Calls, 1e-9)
	within(t, "calls", batch.Calls, one.Calls/8, 1e-9)
	// The cross-attention cache of a window is 2·32·1500·1280 elements (245.76 MB
	// in FP16), read for each token.
	if one.Moved < 2*32*1500*1280 {
		t.Errorf("%g elements moved, less than the cross-attention cache", one.Moved)
	}
	said := stageOf(t, whisperLarge, Job{AudioSeconds: 240, OutputTokens: 100}, "decoding text")
	if said.Calls != 100 {
		t.Errorf("%g calls for 100 tokens", said.Calls)
	}
}

func TestFramewise(t *testing.T) {
	m := &Model{ID: "sensevoice", Class: Recognition, Components: []Component{{Name: "encoder", Role: Encoder, Params: 234e6, FramesPerSecond: 16.7}}}
	st := stageOf(t, m, Job{AudioSeconds: 10}, "audio encoding")
	within(t, "encoder alone", st.FLOPs*st.Calls, 2*234e6*16.7*10, 1e-9)
	if chunks := stageOf(t, m, Job{AudioSeconds: 10, ChunkSeconds: 2}, "audio encoding"); chunks.Calls != 5 || math.Abs(chunks.FLOPs*5/st.FLOPs-1) > 1e-9 {
		t.Errorf("chunks: %+v", chunks)
	}
	m.Components[0].FramesPerSecond = 0
	if _, err := Stages(m, Job{AudioSeconds: 10}); err == nil || !strings.Contains(err.Error(), "frames_per_s") {
		t.Errorf("no frames: %v", err)
	}
	clean := &Model{ID: "deepfilternet", Class: Denoising, Defaults: Job{AudioSeconds: 10}, Components: []Component{{Name: "net", Role: Encoder, Kind: Recurrent, Params: 2e6, FramesPerSecond: 100}}}
	st = stageOf(t, clean, Job{}, "denoising of speech")
	if st.Calls != 1000 || math.Abs(st.FLOPs-4e6) > 1 {
		t.Errorf("frame by frame: %+v", st)
	}
	within(t, "transducer", stageOf(t, &Model{ID: "parakeet", Class: Recognition, Components: []Component{
		{Name: "encoder", Role: Encoder, Params: 6e8, FramesPerSecond: 12.5}, {Name: "prediction network", Role: Decoder, Params: 7e6}}}, Job{AudioSeconds: 10}, "decoding text").Calls, 125, 1e-9)
}

var piper = &Model{ID: "piper", Class: Synthesis, Defaults: Job{AudioSeconds: 10}, Components: []Component{
	{Name: "VITS", Role: Decoder, Kind: Convolutional, Params: 15990784, FramesPerSecond: 86, CharactersPerSecond: 15}}}

func TestSynthesis(t *testing.T) {
	st := stageOf(t, piper, Job{}, "synthesis")
	within(t, "seconds", st.FLOPs, 2*15990784*86*10, 1e-9)
	within(t, "characters", stageOf(t, piper, Job{Characters: 300}, "synthesis").FLOPs, 2*st.FLOPs, 1e-9)
	if j, err := piper.Resolve(Job{Characters: 300}); err != nil || j.AudioSeconds != 20 {
		t.Errorf("%+v, %v", j, err)
	}

	lm := &Model{ID: "orpheus", Class: Synthesis, Defaults: Job{AudioSeconds: 10}, Components: []Component{
		{Name: "backbone", Role: LanguageModel, Params: 3e9, TokensPerSecond: 83}, {Name: "vocoder", Role: Vocoder, Params: 2e7, FramesPerSecond: 12}}}
	st = stageOf(t, lm, Job{}, "generating audio tokens")
	if st.Calls != 830 || st.Weights != 3e9 {
		t.Errorf("generation: %+v", st)
	}
	within(t, "token", st.FLOPs, 6e9, 1e-9)
	within(t, "vocoder", stageOf(t, lm, Job{}, "vocoder").FLOPs, 2*2e7*120, 1e-9)

	flow := &Model{ID: "f5", Class: Synthesis, Defaults: Job{AudioSeconds: 10, Steps: 16, Passes: 2}, Components: []Component{
		{Name: "DiT", Role: Denoiser, Kind: SingleDiT, Params: 336e6, Layers: 22, Hidden: 1024, Heads: 16, FFN: 2048, TokensPerSecond: 93.75}, {Name: "Vocos", Role: Vocoder}}}
	st = stageOf(t, flow, Job{}, "denoising")
	if st.Calls != 32 || st.Tokens != 938 {
		t.Errorf("flow matching: %+v", st)
	}
	within(t, "flow matching", st.FLOPs, 2*938*22*8*1024*1024, 1e-9)
	if v := stageOf(t, flow, Job{}, "vocoder"); v.Assumed == "" || v.FLOPs != 0 {
		t.Errorf("a vocoder of unknown size: %+v", v)
	}
}
