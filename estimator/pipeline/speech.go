package pipeline

import (
	"fmt"
	"math"
)

// synthesisStages make a waveform of a text: token by token with a language
// model, step by step with a denoiser, or all at once, and a vocoder after the
// first two.
func (m *Model) synthesisStages(j *Job) ([]Stage, error) {
	out := make([]Stage, 0, len(m.Components))
	out = m.textStages(out, j)
	generates := false
	for i := range m.Components {
		c := &m.Components[i]
		switch c.Role {
		case LanguageModel:
			st, err := m.generateStage(i, c, j)
			if err != nil {
				return nil, err
			}
			out, generates = append(out, st), true
		case Denoiser:
			if c.Kind == Unknown && c.FramesPerSecond > 0 || c.Kind == Convolutional {
				st, err := m.framewise(i, c, j, "synthesis", WorkSpeech)
				if err != nil {
					return nil, err
				}
				st.Calls *= float64(max(j.Steps, 1)) * float64(j.Passes)
				out, generates = append(out, st), true
				continue
			}
			if err := m.need("steps", float64(j.Steps)); err != nil {
				return nil, err
			}
			st, err := m.ditStage(c, j)
			if err != nil {
				return nil, err
			}
			st.Component, st.Calls = i, float64(j.Steps)*float64(j.Passes)
			out, generates = append(out, st), true
		}
	}
	for i := range m.Components {
		c := &m.Components[i]
		switch c.Role {
		case Encoder, Decoder, Vocoder, VAE:
			// What follows a generator may be small and unknown; what makes the
			// speech alone may not.
			if generates && (c.Params <= 0 || c.FramesPerSecond <= 0) {
				out = append(out, Stage{Name: "vocoder", Component: i, Work: WorkSpeech, Calls: 1, Weights: c.uses(),
					Assumed: "its work a second is not known: left out"})
				continue
			}
			st, err := m.framewise(i, c, j, "synthesis", WorkSpeech)
			if err != nil {
				return nil, err
			}
			if generates {
				st.Name = "vocoder"
			}
			out = append(out, st)
		}
	}
	return out, nil
}

// generateStage writes audio tokens with a language model; each call reads all
// its weights and what earlier tokens left in its cache.
func (m *Model) generateStage(i int, c *Component, j *Job) (Stage, error) {
	tokens := float64(j.OutputTokens)
	if tokens <= 0 {
		if c.TokensPerSecond <= 0 {
			return Stage{}, fmt.Errorf("%s: how many tokens %q writes for a second of audio is not known (tokens_per_s): give the output tokens", m.ID, c.Name)
		}
		tokens = math.Ceil(j.AudioSeconds * c.TokensPerSecond)
	}
	batch, n, assumed := m.abreast(j), count{}, ""
	width := float64(c.Hidden)
	switch {
	case c.Layers > 0 && c.Hidden > 0:
		var l block
		l, assumed = c.block()
		one := count{}
		one.layer(&l, batch, 1, tokens/2, 0)
		n.add(&one, float64(c.Layers))
		n.linear(width, float64(c.Vocab), batch)
	case c.uses() > 0:
		one := count{}
		width = one.bySize(c, 1)
		one.times(batch)
		one.attention = 0
		n, assumed = one, "only its size is known: each weight is used once a token"
	default:
		return Stage{}, fmt.Errorf("%s: neither the size nor the layers of %q are known: give params", m.ID, c.Name)
	}
	if w := c.uses(); w > 0 {
		n.params = w
	}
	st := n.stage("generating audio tokens", i, WorkSpeechTokens, tokens*m.Clips(j)/batch)
	st.Tokens, st.Width, st.Assumed = batch, width, assumed
	return st, nil
}

// enhanceStages clean audio.
func (m *Model) enhanceStages(j *Job) ([]Stage, error) {
	out := make([]Stage, 0, len(m.Components))
	for i := range m.Components {
		st, err := m.framewise(i, &m.Components[i], j, "denoising of speech", WorkEnhance)
		if err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	return out, nil
}

// framewise is a network of which the size and the frames a second are known:
// 2·Params·FramesPerSecond FLOPs a second of audio. A recurrent one is called
// once a frame, any other once a chunk, or once for all.
func (m *Model) framewise(i int, c *Component, j *Job, name string, work Work) (Stage, error) {
	if c.Params <= 0 {
		return Stage{}, fmt.Errorf("%s: the size of %q is not known (params)", m.ID, c.Name)
	}
	if c.FramesPerSecond <= 0 {
		return Stage{}, fmt.Errorf("%s: how many frames a second %q works on is not known (frames_per_s)", m.ID, c.Name)
	}
	frames := j.AudioSeconds * c.FramesPerSecond
	calls, full := 1.0, frames // of a call, all but the last
	switch {
	case c.Kind == Recurrent:
		calls, full = math.Max(1, math.Ceil(frames)), 1
	case j.ChunkSeconds > 0:
		calls, full = math.Max(1, math.Ceil(j.AudioSeconds/j.ChunkSeconds)), j.ChunkSeconds*c.FramesPerSecond
	}
	n := count{}
	rows := frames / calls * float64(j.Batch)
	width := n.bySize(c, rows)
	n.attention = 0
	st := n.stage(name, i, work, calls)
	st.Tokens, st.Width = math.Min(frames, full)*float64(j.Batch), width
	st.Assumed = fmt.Sprintf("each of its weights is used %.4g times a second of audio", c.FramesPerSecond)
	return st, nil
}
