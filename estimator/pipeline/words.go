package pipeline

import (
	"fmt"
	"strings"
)

// Words says in plain words how the components are kept, "" where all stay on
// their devices.
func (s *Setup) Words() string {
	var out []string
	switch s.Offload {
	case OffloadModel:
		out = append(out, "one component at a time on the device")
	case OffloadBlocks:
		out = append(out, fmt.Sprintf("%d of the denoiser's layers in main memory", s.Blocks))
	case OffloadGroup:
		out = append(out, "a few layers at a time on the device")
	case OffloadSequential:
		out = append(out, "one layer at a time on the device")
	}
	if s.TextOnCPU {
		out = append(out, "the text encoders on the host")
	}
	if s.FlashAttention {
		out = append(out, "attention fused")
	}
	if s.Tiling {
		out = append(out, "decoding in tiles")
	}
	if s.Slicing {
		out = append(out, "decoding one by one")
	}
	return strings.Join(out, ", ")
}

// VerifyCommand fills the engine's template: {model}, {width}, {height},
// {frames}, {steps}, {batch}, {backend}, {format}, {audio_seconds} and
// {sequence_tokens}, and {placed}, {tiled} and {fused}, what its VerifyWords say
// of the offload, the tiles and fused attention; a class may have a template of
// its own among them.
func (e *Engine) VerifyCommand(m *Model, o *Outcome) string {
	j := &o.Job
	name := m.HFRepo
	if name == "" {
		name = m.ID
	}
	n := func(v int) string { return fmt.Sprint(v) }
	return strings.NewReplacer("{model}", name, "{width}", n(j.Width), "{height}", n(j.Height), "{frames}", n(j.Frames), "{steps}", n(j.Steps),
		"{batch}", n(j.Batch), "{backend}", o.Setup.Backend, "{format}", e.word("format:"+o.Setup.Format, o.Setup.Format),
		"{placed}", e.word("placed:"+string(o.Setup.Offload), e.VerifyWords["placed:none"]), "{tiled}", e.when(o.Setup.Tiling, "tiled"), "{fused}", e.when(o.Setup.FlashAttention, "fused"), "{audio_seconds}", fmt.Sprintf("%g", j.AudioSeconds), "{sequence_tokens}", n(j.SequenceTokens)).Replace(e.word("class:"+string(m.Class), e.Verify))
}

// word is the engine's own word for something, or the usual one.
func (e *Engine) word(key, usual string) string {
	if w, ok := e.VerifyWords[key]; ok {
		return w
	}
	return usual
}

// when is the engine's word for something where it is on.
func (e *Engine) when(on bool, key string) string {
	if on {
		return e.VerifyWords[key]
	}
	return ""
}
