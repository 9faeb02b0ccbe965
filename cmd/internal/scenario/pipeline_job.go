package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// job is what is asked of a pipeline; zero fields are the model's defaults.
func (s *Scenario) job(c pipeline.Class) pipeline.Job {
	j := pipeline.Job{Batch: s.Batch, Width: s.Width, Height: s.Height, Frames: s.Frames, FPS: s.FPS, Steps: s.Steps, Passes: s.GuidancePasses,
		TextTokens: s.TextTokens, AudioSeconds: s.AudioSeconds, Characters: s.Characters, Beam: s.Beam, ChunkSeconds: s.ChunkSeconds,
		SequenceTokens: s.SequenceTokens, Documents: s.Documents}
	if c == pipeline.Recognition {
		j.OutputTokens = s.OutputTokens
	}
	return j
}

// languageNeutral clears the defaults of a language model's work.
func (s *Scenario) languageNeutral(c pipeline.Class) {
	s.InputTokens, s.PromptAssumed = 0, false
	if c != pipeline.Recognition || s.OutputTokens == DefaultOutputTokens {
		s.OutputTokens = 0
	}
}

// setup is how the components are to be run; zero fields are the engine's.
func (s *Scenario) setup(e *pipeline.Engine, formats []pipeline.Format, stored string, p *Prepared) (pipeline.Setup, error) {
	out := pipeline.Setup{Backend: s.Backend, Offload: pipeline.Offload(s.Offload), Blocks: s.BlocksSwapped, TextOnCPU: s.TextOnCPU,
		Tiling: s.VAETiling, Slicing: s.VAESlicing, Sequence: max(s.Ulysses, 1) * max(s.Ring, 1), Ring: s.Ring > 1, Guidance: s.CFGDevices, Data: s.DP,
		FlashAttention: s.FlashAttention != nil && *s.FlashAttention, Sharded: s.Sharded, Threads: s.Threads, Date: s.EngineDate}
	if out.Sequence == 1 {
		out.Sequence = s.Ulysses // as it was given
	}
	if s.Ulysses > 1 && s.Ring > 1 {
		p.Assumptions = append(p.Assumptions, "ulysses and ring together: their exchange is taken for that of ring attention")
	}
	if s.BlocksSwapped > 0 {
		out.Offload = pipeline.OffloadBlocks
	}
	if s.QuantAssumed {
		s.Quant = ""
	}
	if s.Quant == "" && stored != "" {
		if _, err := formatOf(stored, "quant", e, formats); err != nil {
			p.Assumptions = append(p.Assumptions, "the file holds "+stored+", which "+e.Name+" does not run: its usual format assumed")
		} else {
			s.Quant = stored
		}
	}
	var err error
	if out.Format, err = formatOf(s.Quant, "quant", e, formats); err != nil {
		return out, err
	}
	if out.TextFormat, err = formatOf(s.TextQuant, "text_quant", e, formats); err != nil {
		return out, err
	}
	s.Quant, s.TextQuant = out.Format, out.TextFormat
	switch n := out.Devices(); {
	case out.Offload != "" && out.Offload != pipeline.OffloadNone && !slices.Contains(e.Offloads, out.Offload):
		return out, contradiction(e.Name+" does not know offload "+string(out.Offload), offloadRemedy(e))
	case out.Tiling && !e.Tiling && !e.Tiled:
		return out, contradiction("vae_tiling does not apply to "+e.Name, "leave it out, or use another engine")
	case s.FlashAttention != nil && e.ScoreBytes <= 0:
		return out, contradiction("flash_attention does not apply to "+e.Name, "leave it out: it fuses attention by itself, or runs models without any to speak of")
	case n/max(s.DP, 1) > max(e.Parallel, 1):
		return out, contradiction(fmt.Sprintf("%s divides a job over %d devices at most, and %d are asked for", e.Name, max(e.Parallel, 1), n/max(s.DP, 1)),
			"lower ulysses, ring or cfg_devices, or use another engine")
	}
	return out, nil
}

func offloadRemedy(e *pipeline.Engine) string {
	have := []string{string(pipeline.OffloadNone)}
	for _, o := range e.Offloads {
		if o != pipeline.OffloadNone {
			have = append(have, string(o))
		}
	}
	return "use " + strings.Join(have, ", ")
}

// formatOf finds a weight format that the engine runs; "" for "".
func formatOf(name, field string, e *pipeline.Engine, formats []pipeline.Format) (string, error) {
	if name == "" {
		return "", nil
	}
	for i := range formats {
		f := &formats[i]
		if !strings.EqualFold(f.Name, name) && !slices.ContainsFunc(f.Aliases, func(a string) bool { return strings.EqualFold(a, name) }) {
			continue
		}
		if len(e.Formats) > 0 && !slices.Contains(e.Formats, f.Name) {
			return "", contradiction(e.Name+" does not run "+field+" "+f.Name, "use one of "+strings.Join(e.Formats, ", "))
		}
		return f.Name, nil
	}
	return "", problem.Wrong(problem.UnknownFormat, "unknown weight format "+quoted(name), field, "use one of "+strings.Join(e.Formats, ", "))
}

// jobAssumed says which of the numbers that a job's time hangs on were not
// given.
func (p *Prepared) jobAssumed(m *pipeline.Model) {
	in, d := &p.Inputs, &m.Defaults
	say := func(given bool, what, value string) {
		if !given && value != "" {
			p.Assumptions = append(p.Assumptions, what+" not given: "+value+" assumed, as is usual for the model")
		}
	}
	count := func(n int, unit string) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n) + " " + unit
	}
	seconds := func(v float64) string {
		if v == 0 {
			return ""
		}
		return strconv.FormatFloat(v, 'g', 6, 64) + " seconds"
	}
	switch m.Class {
	case pipeline.TextToImage, pipeline.TextToVideo:
		switch {
		case in.Width == 0 && in.Height == 0 && d.Width > 0:
			say(false, "size", fmt.Sprintf("%d × %d pixels", d.Width, d.Height))
		case in.Width == 0:
			say(false, "width", count(d.Width, "pixels"))
		case in.Height == 0:
			say(false, "height", count(d.Height, "pixels"))
		}
		if m.Class == pipeline.TextToVideo {
			say(in.Frames > 0, "frames", count(d.Frames, "frames"))
		}
		say(in.Steps > 0, "steps", count(d.Steps, "steps"))
		if d.Passes > 1 {
			say(in.GuidancePasses > 0, "guidance", count(d.Passes, "passes of the denoiser a step"))
		}
	case pipeline.Synthesis:
		say(in.AudioSeconds > 0 || in.Characters > 0, "length", seconds(d.AudioSeconds)+ofAudio(d.AudioSeconds))
	case pipeline.Recognition, pipeline.Denoising:
		say(in.AudioSeconds > 0, "length", seconds(d.AudioSeconds)+ofAudio(d.AudioSeconds))
	case pipeline.Embedding:
		say(in.SequenceTokens > 0, "length of a document", count(d.SequenceTokens, "tokens"))
	}
}

func ofAudio(v float64) string {
	if v == 0 {
		return ""
	}
	return " of audio"
}
