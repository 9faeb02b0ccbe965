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
	if s.Tiling {
		out = append(out, "decoding in tiles")
	}
	if s.Slicing {
		out = append(out, "decoding one by one")
	}
	return strings.Join(out, ", ")
}

// VerifyCommand fills the engine's template: {model}, {width}, {height},
// {frames}, {steps}, {batch}, {format}, {audio_seconds} and {sequence_tokens}.
func (e *Engine) VerifyCommand(m *Model, o *Outcome) string {
	j := &o.Job
	name := m.HFRepo
	if name == "" {
		name = m.ID
	}
	n := func(v int) string { return fmt.Sprint(v) }
	return strings.NewReplacer("{model}", name, "{width}", n(j.Width), "{height}", n(j.Height), "{frames}", n(j.Frames), "{steps}", n(j.Steps),
		"{batch}", n(j.Batch), "{format}", o.Setup.Format, "{audio_seconds}", fmt.Sprintf("%g", j.AudioSeconds), "{sequence_tokens}", n(j.SequenceTokens)).Replace(e.Verify)
}
